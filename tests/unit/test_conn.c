/* Conversations over real sockets with a frozen clock. The loop is turned by hand, so
 * nothing here depends on how long anything takes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn.h"
#include "net/loop.h"

#define HOST  "Host: h\r\n"
#define NAMED HOST "X-Request-Id: me\r\n"

enum { CLIENTS = 4 };

struct world {
    struct loop *loop;
    struct net *net;
    struct clock *clock;
    struct net_caps caps;
    int client[CLIENTS];
    struct exchange *open[CLIENTS]; /* asked for "/wait", by the number in the query */
    int handled, gone, drained;
    struct loop_task nudge;
    struct loop_timer *bell;
};

/* "/wait?1" is answered later, "/big" with 100,000 bytes, "/done?1" answers another's
 * too, all else with method, target and body. */
static void handle(void *ctx, struct exchange *x)
{
    struct world *w = ctx;
    struct http_request *q = x->req;
    struct buf *b = &x->reply->body;
    int n = q->query.n ? q->query.p[0] - '0' : 0;
    w->handled++;
    if (str_eq(q->path, STR("/wait"))) {
        w->open[n] = x;
        return;
    }
    if (str_eq(q->path, STR("/done"))) {
        buf_lit(&w->open[n]->reply->body, "late");
        exchange_done(w->open[n]);
    }
    if (str_eq(q->path, STR("/big"))) {
        memset(buf_reserve(b, 100000), 'x', 100000);
        b->n += 100000;
    }
    x->reply->close = str_eq(q->path, STR("/close"));
    x->reply->content_type = "text/plain";
    buf_str(b, q->method_text);
    buf_char(b, ' ');
    buf_str(b, arena_str(x->arena, q->target));
    buf_char(b, ' ');
    buf_str(b, q->body);
    exchange_done(x);
}

static void note_gone(void *ctx, struct exchange *x)
{
    assert_true(x->gone);
    ((struct world *)ctx)->gone++;
}

static void nothing(struct loop_task *t)
{
    (void)t;
}

static void one_turn(void *ctx)
{
    loop_stop(((struct world *)ctx)->loop);
}

static void turn(struct world *w, int n)
{
    for (int i = 0; i < n; i++) {
        loop_post(w->loop, &w->nudge);
        loop_run(w->loop, one_turn, w);
    }
}

static void rung(void *ctx)
{
    loop_stop(((struct world *)ctx)->loop);
}

/* Moves the clock and lets the deadlines be looked at. */
static void pass(struct world *w, int64_t ms)
{
    clock_advance(w->clock, ms);
    loop_timer_set(w->bell, 300); /* longer than the tick of net.c */
    loop_run(w->loop, NULL, NULL);
}

static void connect_one(struct world *w, int i)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    w->client[i] = pair[0];
    net_accept(w->net, pair[1], false);
}

static void begin(struct world *w, int clients)
{
    struct net_handler h = {.ctx = w, .request = handle, .gone = note_gone};
    *w = (struct world){.caps = net_caps_default, .nudge = {.run = nothing}};
    w->caps.out_high = 64 * 1024;
    w->clock = clock_new();
    clock_set(w->clock, 784111777000);
    assert_int_equal(loop_new(&w->loop), 0);
    assert_int_equal(loop_timer_new(&w->bell, w->loop, rung, w), 0);
    assert_int_equal(net_new(&w->net, w->loop, &w->caps, &h, w->clock, NULL), 0);
    for (int i = 0; i < CLIENTS; i++)
        w->client[i] = -1;
    for (int i = 0; i < clients; i++)
        connect_one(w, i);
}

static void end(struct world *w)
{
    for (int i = 0; i < CLIENTS; i++)
        if (w->client[i] >= 0)
            close(w->client[i]);
    net_free(w->net);
    loop_timer_free(w->bell);
    loop_free(w->loop);
    clock_free(w->clock);
}

static void say_bytes(struct world *w, int i, struct str s)
{
    while (s.n) {
        ssize_t n = send(w->client[i], s.p, s.n, MSG_NOSIGNAL);
        if (n > 0)
            s = (struct str){s.p + n, s.n - (size_t)n};
        else
            assert_int_equal(errno, EAGAIN);
        turn(w, 1);
    }
}

static void say(struct world *w, int i, const char *text)
{
    say_bytes(w, i, str_of(text));
    turn(w, 2);
}

/* Adds what has come; true at the end of the stream. */
static bool hear(struct world *w, int i, struct buf *out)
{
    for (;;) {
        ssize_t n = recv(w->client[i], buf_reserve(out, 65536), 65536, 0);
        if (n == 0)
            return true;
        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            return false;
        }
        out->n += (size_t)n;
        turn(w, 1);
    }
}

static void expect_end(struct world *w, int i, const char *what, bool ended)
{
    struct buf got;
    buf_init(&got);
    bool over = hear(w, i, &got);
    buf_char(&got, '\0');
    if (*what ? !strstr(got.p, what) : got.n != 1)
        fail_msg("not %s:\n%s", what, got.p);
    if (over != ended)
        fail_msg("%s:\n%s", over ? "ended" : "did not end", got.p);
    buf_end(&got);
}

static void hears(struct world *w, int i, const char *what)
{
    expect_end(w, i, what, false);
}

static void hears_last(struct world *w, int i, const char *what)
{
    expect_end(w, i, what, true);
}

static int count(struct buf *b, const char *what)
{
    int n = 0;
    buf_char(b, '\0');
    for (const char *p = b->p; (p = strstr(p, what)); p++)
        n++;
    b->n--;
    return n;
}

/* ------------------------------------------------------------------ answers */

#define ANSWER(length, body)                                                             \
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: me\r\n"     \
    "Content-Type: text/plain\r\nContent-Length: " length                                \
    "\r\nCache-Control: no-store\r\n\r\n" body

static void answers_and_keeps(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    say(&w, 0, "GET /a?b HTTP/1.1\r\n" NAMED "\r\n");
    hears(&w, 0, ANSWER("9", "GET /a?b "));
    say(&w, 0, "HEAD /a HTTP/1.1\r\n" NAMED "\r\n");
    hears(&w, 0, ANSWER("8", ""));
    say(&w, 0, "GET /a HTTP/1.1\r\n" HOST "X-Request-Id: b\x7f\x7f\r\n\r\n");
    hears_last(&w, 0, "400 Bad Request");
    assert_int_equal(w.handled, 2);
    end(&w);
}

static void closes_when_asked(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n",
        "GET / HTTP/1.0\r\n" HOST "\r\n",
        "GET /close HTTP/1.1\r\n" HOST "\r\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world w;
        begin(&w, 2);
        say(&w, 0, texts[i]);
        hears_last(&w, 0, "Connection: close\r\n");
        assert_int_equal(net_open(w.net), 2); /* lingers until the peer has gone too */
        close(w.client[0]);
        w.client[0] = -1;
        turn(&w, 1);
        assert_int_equal(net_open(w.net), 1);
        say(&w, 1, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n" HOST "\r\n");
        hears(&w, 1, "Connection: keep-alive\r\n");
        end(&w);
    }
}

/* The conversation, in two pieces, with the loop turned in between. */
static void transcript(struct str text, size_t cut, struct buf *out)
{
    struct world w;
    begin(&w, 1);
    if (cut == 0)
        for (size_t i = 0; i < text.n; i++)
            say_bytes(&w, 0, (struct str){text.p + i, 1});
    else
        say_bytes(&w, 0, (struct str){text.p, cut});
    if (cut)
        say_bytes(&w, 0, (struct str){text.p + cut, text.n - cut});
    turn(&w, 1);
    shutdown(w.client[0], SHUT_WR);
    turn(&w, 2);
    assert_true(hear(&w, 0, out));
    assert_int_equal(net_open(w.net), 0);
    end(&w);
}

static void does_not_mind_how_it_is_cut(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "GET /1 HTTP/1.1\r\n" NAMED "\r\nPOST /2 HTTP/1.1\r\n" NAMED
        "Content-Length: 5\r\n\r\nhelloGET /3 HTTP/1.1\r\n" NAMED "\r\n",
        "\r\nPOST /1 HTTP/1.1\r\n" NAMED "Transfer-Encoding: chunked\r\n\r\n"
        "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\nGET /2 HTTP/1.1\r\n" NAMED "\r\n",
        "POST /1 HTTP/1.1\r\n" NAMED "Content-Length: 0\r\n\r\nBAD\r\n\r\nGET / HTTP/1.1\r\n",
        "POST /1 HTTP/1.1\r\n" NAMED "Connection: close\r\n\r\nGET /2 HTTP/1.1\r\n" NAMED,
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct str text = str_of(texts[i]);
        struct buf whole, cut;
        buf_init(&whole);
        buf_init(&cut);
        transcript(text, text.n, &whole);
        assert_true(count(&whole, "200 OK") >= 1);
        for (size_t at = 0; at < text.n; at++) {
            buf_clear(&cut);
            transcript(text, at, &cut);
            /* A refusal before the id was read has an id of its own. */
            if (i != 2 && !str_eq(buf_slice(&whole), buf_slice(&cut)))
                fail_msg("cut at %zu: %.*s", at, (int)cut.n, cut.p);
            assert_int_equal(whole.n, cut.n);
        }
        buf_end(&whole);
        buf_end(&cut);
    }
}

static void serves_deep_pipelines_in_order(void **state)
{
    (void)state;
    enum { DEEP = 10000 };
    struct world w;
    struct buf in, out;
    begin(&w, 2);
    buf_init(&in);
    buf_init(&out);
    for (int i = 0; i < DEEP; i++)
        buf_fmt(&in, "GET /%d HTTP/1.1\r\n" NAMED "\r\n", i);
    struct str rest = buf_slice(&in);
    bool other = false;
    for (int quiet = 0; quiet < 20; quiet = w.handled < DEEP ? 0 : quiet + 1) {
        ssize_t n = rest.n ? send(w.client[0], rest.p, rest.n, MSG_NOSIGNAL) : 0;
        if (n > 0)
            rest = (struct str){rest.p + n, rest.n - (size_t)n};
        if (!other) { /* has its turn in the midst of it */
            other = true;
            turn(&w, 1);
            assert_int_equal(w.handled, 64);
            say(&w, 1, "GET /other HTTP/1.1\r\n" HOST "\r\n");
            assert_true(w.handled < DEEP / 2);
            hears(&w, 1, "GET /other ");
        }
        turn(&w, 1);
        assert_false(hear(&w, 0, &out));
    }
    assert_int_equal(count(&out, "200 OK"), DEEP);
    const char *p = out.p;
    for (int i = 0; i < DEEP; i++) {
        char want[32];
        snprintf(want, sizeof(want), "GET /%d ", i);
        p = strstr(p, want);
        assert_non_null(p);
    }
    buf_end(&in);
    buf_end(&out);
    end(&w);
}

static void answers_later(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    say(&w, 0, "GET /wait?1 HTTP/1.1\r\n" NAMED "\r\nGET /b HTTP/1.1\r\n" NAMED
               "\r\nGET /c HTT");
    hears(&w, 0, "");
    assert_int_equal(w.handled, 1);
    assert_null(w.open[1]->req);
    say(&w, 0, "P/1.1\r\n" NAMED "\r\n");
    hears(&w, 0, "");
    say(&w, 1, "GET / HTTP/1.1\r\n" HOST "\r\n"); /* others go on */
    hears(&w, 1, "200 OK");
    buf_lit(&w.open[1]->reply->body, "late");
    exchange_done(w.open[1]);
    hears(&w, 0, "late" ANSWER("7", "GET /b ") ANSWER("7", "GET /c "));
    /* From within another's request. */
    say(&w, 0, "GET /wait?1 HTTP/1.1\r\n" NAMED "\r\nGET /d HTTP/1.1\r\n" NAMED "\r\n");
    say(&w, 1, "GET /done?1 HTTP/1.1\r\n" NAMED "\r\n");
    hears(&w, 1, ANSWER("12", "GET /done?1 "));
    hears(&w, 0, "late" ANSWER("7", "GET /d "));
    end(&w);
}

static void reads_on_only_so_far(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    begin(&w, 1);
    buf_init(&out);
    say(&w, 0, "GET /wait?1 HTTP/1.1\r\n" NAMED "\r\n");
    size_t sent = 0;
    static const char more[] = "GET /x HTTP/1.1\r\n" HOST "\r\n";
    for (int quiet = 0; quiet < 20; turn(&w, 1)) {
        size_t at = sent % (sizeof(more) - 1);
        ssize_t n = send(w.client[0], more + at, sizeof(more) - 1 - at, MSG_NOSIGNAL);
        quiet = n > 0 ? 0 : quiet + 1;
        sent += n > 0 ? (size_t)n : 0;
        assert_true(sent < 4 << 20);
    }
    exchange_done(w.open[1]);
    turn(&w, 1);
    for (int quiet = 0; quiet < 20; quiet++) {
        int before = w.handled;
        hear(&w, 0, &out);
        turn(&w, 5);
        quiet = w.handled > before ? 0 : quiet;
    }
    assert_int_equal(count(&out, "GET /x "), sent / (sizeof(more) - 1));
    buf_end(&out);
    end(&w);
}

static void stops_for_a_peer_that_does_not_read(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    begin(&w, 1);
    buf_init(&out);
    for (int i = 0; i < 100; i++) {
        static const char ask[] = "GET /big HTTP/1.1\r\n" HOST "\r\n";
        assert_int_equal(send(w.client[0], ask, sizeof(ask) - 1, 0), sizeof(ask) - 1);
        turn(&w, 2);
    }
    assert_true(w.handled < 20);
    for (int i = 0; i < 2000 && out.n < 100 * 100000; i++) {
        assert_false(hear(&w, 0, &out));
        turn(&w, 2);
    }
    hear(&w, 0, &out);
    assert_int_equal(w.handled, 100);
    assert_int_equal(count(&out, "GET /big "), 100);
    buf_end(&out);
    end(&w);
}

/* ------------------------------------------------------------------ endings */

static void a_half_closed_peer_is_answered(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    say_bytes(&w, 0, STR("GET /wait?1 HTTP/1.1\r\n" NAMED "\r\nGET /b HTTP/1.1\r\n" NAMED
                         "\r\n"));
    shutdown(w.client[0], SHUT_WR);
    turn(&w, 3);
    hears(&w, 0, "");
    exchange_done(w.open[1]);
    turn(&w, 1);
    hears_last(&w, 0, ANSWER("7", "GET /b "));
    assert_int_equal(net_open(w.net), 1);
    say_bytes(&w, 1, STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nhell"));
    shutdown(w.client[1], SHUT_WR);
    turn(&w, 2);
    hears_last(&w, 1, "The request ended before it was whole.");
    assert_int_equal(net_open(w.net), 0);
    end(&w);
}

static void a_peer_that_left_is_told_of(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3);
    for (int i = 0; i < 2; i++) {
        char text[64];
        snprintf(text, sizeof(text), "GET /wait?%d HTTP/1.1\r\n" HOST "\r\n", i);
        say(&w, i, text);
    }
    /* It can be seen only by sending: an end of its stream may be half of a close. */
    say(&w, 2, "GET /big HTTP/1.1\r\n" HOST "\r\nGET /big HTTP/1.1\r\n" HOST
               "\r\nGET /wait?2 HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(w.handled, 5);
    close(w.client[2]);
    w.client[2] = -1;
    turn(&w, 3);
    assert_int_equal(w.gone, 1);
    assert_true(w.open[2]->gone);
    assert_int_equal(net_open(w.net), 3);
    exchange_done(w.open[2]);
    assert_int_equal(net_open(w.net), 2);
    close(w.client[0]);
    w.client[0] = -1;
    turn(&w, 2);
    exchange_done(w.open[0]); /* into the void */
    turn(&w, 2);
    assert_int_equal(net_open(w.net), 1);
    end(&w); /* with one still open */
}

static void refuses_and_lingers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
         "\"status\":400,\"type\":\"request_error\",\"code\":\"bad_request\""},
        {"POST / HTTP/1.1\r\n" NAMED "Transfer-Encoding: gzip\r\n\r\n", "X-Request-Id: me\r\n"},
        {"POST / HTTP/1.1\r\n" NAMED "Content-Length: 1048577\r\n\r\n", "body_too_large"},
        {"POST / HTTP/1.1\r\n" NAMED "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!",
         "X-Request-Id: me\r\n"},
        {"GET / HTTP/2.0\r\n", "unknown_version"},
        {"GET / HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n", "417 Expectation Failed"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        begin(&w, 1);
        say(&w, 0, rows[i].text);
        hears_last(&w, 0, rows[i].want);
        assert_int_equal(w.handled, 0);
        /* What still comes is read and dropped, for a while. */
        assert_true(send(w.client[0], "more", 4, MSG_NOSIGNAL) == 4);
        turn(&w, 2);
        assert_int_equal(net_open(w.net), 1);
        static const char lots[400 * 1024];
        for (int k = 0; k < 40 && net_open(w.net); k++) {
            ssize_t n = send(w.client[0], lots, sizeof(lots), MSG_NOSIGNAL);
            assert_true(n > 0 || errno == EAGAIN || errno == EPIPE);
            turn(&w, 2);
        }
        assert_int_equal(net_open(w.net), 0);
        end(&w);
    }
}

static void deadlines(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 4);
    say(&w, 0, "GET / HTTP/1.1\r\n"); /* a head that does not end */
    say(&w, 1, "POST / HTTP/1.1\r\n" NAMED "Content-Length: 9\r\n\r\nh");
    say(&w, 3, "GET /wait?3 HTTP/1.1\r\n" HOST "\r\n");
    pass(&w, 4900);
    say(&w, 0, "X: "); /* moves no deadline */
    for (int i = 0; i < 4; i++)
        hears(&w, i, "");
    pass(&w, 200);
    hears_last(&w, 1, "408 Request Timeout");
    pass(&w, 4900);
    hears_last(&w, 0, "\"code\":\"request_timeout\"");
    assert_int_equal(net_open(w.net), 3); /* one lingers */
    pass(&w, 2000);
    assert_int_equal(net_open(w.net), 2);
    pass(&w, 75000);
    hears_last(&w, 2, ""); /* idle: no answer to nothing */
    hears(&w, 3, "");      /* the handler's time is not the peer's */
    exchange_done(w.open[3]);
    hears(&w, 3, "200 OK");
    pass(&w, 74000);
    hears(&w, 3, ""); /* idle since its answer */
    pass(&w, 1000);
    hears_last(&w, 3, "");
    assert_int_equal(net_open(w.net), 0);
    end(&w);
}

static void slow_readers_and_writers(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    begin(&w, 2);
    buf_init(&out);
    /* 4 KiB earn it 4 s beyond the grace of 5. */
    say(&w, 0, "POST / HTTP/1.1\r\n" NAMED "Content-Length: 9999\r\n\r\n");
    char body[4096];
    memset(body, 'b', sizeof(body));
    say_bytes(&w, 0, (struct str){body, sizeof(body)});
    for (int i = 0; i < 10; i++)
        say_bytes(&w, 1, STR("GET /big HTTP/1.1\r\n" HOST "\r\n"));
    pass(&w, 4900);
    for (int i = 0; i < 50; i++) { /* a part of it, which earns some minutes */
        ssize_t n = recv(w.client[1], buf_reserve(&out, 8192), 8192, 0);
        assert_true(n > 0);
        turn(&w, 1);
    }
    pass(&w, 4000);
    hears(&w, 0, "");
    pass(&w, 200);
    hears_last(&w, 0, "408 Request Timeout");
    close(w.client[0]);
    w.client[0] = -1;
    turn(&w, 1);
    assert_int_equal(net_open(w.net), 1);
    for (int i = 0; i < 10; i++)
        say_bytes(&w, 1, STR("GET /big HTTP/1.1\r\n" HOST "\r\n"));
    pass(&w, 3000 * 1000);
    assert_int_equal(net_open(w.net), 0);
    buf_end(&out);
    end(&w);
}

static void says_continue(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    say(&w, 0, "POST /1 HTTP/1.1\r\n" NAMED "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    hears(&w, 0, "HTTP/1.1 100 Continue\r\n\r\n");
    say(&w, 0, "hello");
    hears(&w, 0, "POST /1 hello");
    say(&w, 0, "POST /2 HTTP/1.1\r\n" NAMED "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nh");
    hears(&w, 0, ""); /* it has begun */
    say(&w, 0, "iPOST /3 HTTP/1.1\r\n" NAMED "Expect: 100-continue\r\n"
               "Transfer-Encoding: chunked\r\n\r\n");
    hears(&w, 0, "POST /2 hiHTTP/1.1 100 Continue\r\n\r\n");
    say(&w, 0, "0\r\n\r\n");
    hears(&w, 0, "POST /3 ");
    say(&w, 0, "POST /4 HTTP/1.0\r\n" HOST
               "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    hears(&w, 0, "");
    say(&w, 0, "x");
    hears_last(&w, 0, "POST /4 x");
    end(&w);
}

static void large_bodies_come_whole(void **state)
{
    (void)state;
    struct world w;
    struct buf in, out;
    begin(&w, 1);
    buf_init(&in);
    buf_init(&out);
    buf_fmt(&in, "POST /a HTTP/1.1\r\n" NAMED "Content-Length: %d\r\n\r\n", 1 << 20);
    for (int i = 0; i < 1 << 20; i++)
        buf_char(&in, (char)('a' + i % 23));
    buf_lit(&in, "POST /b HTTP/1.1\r\n" NAMED "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 1 << 20; i += 1 << 14) {
        buf_fmt(&in, "%x\r\n", 1 << 14);
        for (int k = i; k < i + (1 << 14); k++)
            buf_char(&in, (char)('a' + k % 23));
        buf_lit(&in, "\r\n");
    }
    buf_lit(&in, "0\r\n\r\n");
    struct str rest = buf_slice(&in);
    for (int i = 0; i < 5000 && (rest.n || out.n < 2u << 20); i++) {
        ssize_t n = rest.n ? send(w.client[0], rest.p, rest.n, MSG_NOSIGNAL) : 0;
        if (n > 0)
            rest = (struct str){rest.p + n, rest.n - (size_t)n};
        turn(&w, 1);
        assert_false(hear(&w, 0, &out));
    }
    buf_char(&out, '\0');
    const char *a = strstr(out.p, "POST /a "), *b = strstr(out.p, "POST /b ");
    assert_non_null(a);
    assert_non_null(b);
    assert_memory_equal(a + 8, b + 8, 1 << 20);
    for (int i = 0; i < 1 << 20; i++)
        if (a[8 + i] != 'a' + i % 23)
            fail_msg("byte %d", i);
    buf_end(&in);
    buf_end(&out);
    end(&w);
}

/* --------------------------------------------------------------- the whole */

static void tcp_pair(int *mine, int *theirs)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int l = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(l, 1), 0);
    assert_int_equal(getsockname(l, (struct sockaddr *)&a, &n), 0);
    *mine = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*mine, (struct sockaddr *)&a, sizeof(a)), 0);
    *theirs = accept(l, NULL, NULL);
    assert_true(*theirs >= 0);
    close(l);
}

/* A net with other caps, nobody connected. */
static void renew(struct world *w)
{
    struct net_handler h = {.ctx = w, .request = handle};
    net_free(w->net);
    assert_int_equal(net_new(&w->net, w->loop, &w->caps, &h, w->clock, NULL), 0);
}

static void holds_its_caps(void **state)
{
    (void)state;
    struct world w;
    int mine[5], theirs, two[2];
    char byte;
    begin(&w, 0);
    w.caps.per_address = 2;
    w.caps.total = 3;
    renew(&w);
    for (int i = 0; i < 3; i++) {
        tcp_pair(&mine[i], &theirs);
        net_accept(w.net, theirs, false);
    }
    assert_int_equal(net_open(w.net), 2);
    assert_int_equal(recv(mine[2], &byte, 1, 0), 0); /* the third of one address */
    close(mine[0]);
    while (net_open(w.net) == 2)
        turn(&w, 1);
    tcp_pair(&mine[3], &theirs);
    net_accept(w.net, theirs, false);
    connect_one(&w, 0); /* Unix sockets have no address */
    assert_int_equal(net_open(w.net), 3);
    connect_one(&w, 1); /* the fourth of all */
    hears_last(&w, 1, "");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, two), 0);
    net_accept(w.net, two[1], true); /* the administrator comes in */
    assert_int_equal(net_open(w.net), 4);
    close(two[0]);
    for (int i = 1; i < 4; i++)
        close(mine[i]);
    end(&w);
}

static void holds_only_so_much(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    w.caps.held_max = 3000;
    renew(&w);
    for (int i = 0; i < 3; i++)
        connect_one(&w, i);
    char part[1500];
    memset(part, 'b', sizeof(part));
    for (int i = 0; i < 2; i++) {
        say(&w, i, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2000\r\n\r\n");
        say_bytes(&w, i, (struct str){part, sizeof(part)});
    }
    turn(&w, 2);
    hears_last(&w, 1, "\"status\":503,\"type\":\"server_error\",\"code\":\"overloaded\"");
    say(&w, 2, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    hears(&w, 2, "200 OK"); /* whole in one piece: nothing is held */
    say_bytes(&w, 0, (struct str){part, 500});
    hears(&w, 0, "200 OK");
    end(&w);
}

static void a_late_answer_does_not_overtake(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    begin(&w, 0);
    buf_init(&out);
    w.caps.out_high = 8 << 20;
    renew(&w);
    connect_one(&w, 0);
    for (int i = 0; i < 10; i++)
        say_bytes(&w, 0, STR("GET /big HTTP/1.1\r\n" HOST "\r\n"));
    say(&w, 0, "GET /wait?0 HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(w.open[0]);
    ssize_t n;
    while ((n = recv(w.client[0], buf_reserve(&out, 65536), 65536, 0)) > 0)
        out.n += (size_t)n; /* there is room now, and the loop has not seen it */
    buf_lit(&w.open[0]->reply->body, "late");
    exchange_done(w.open[0]);
    for (int i = 0; i < 50; i++) {
        hear(&w, 0, &out);
        turn(&w, 1);
    }
    assert_int_equal(count(&out, "GET /big "), 10);
    assert_true(out.n > 4 && memcmp(out.p + out.n - 4, "late", 4) == 0);
    buf_end(&out);
    end(&w);
}

static void knows_its_peer(struct exchange *x)
{
    static const unsigned char loopback[] = {0, 0, 0, 0, 0,    0,    0,   0,
                                             0, 0, 0xFF, 0xFF, 127, 0, 0, 1};
    assert_memory_equal(&x->peer->address, loopback, 16);
    assert_false(x->peer->local_admin);
}

static void names_the_peer(void **state)
{
    (void)state;
    struct world w;
    int theirs;
    begin(&w, 0);
    tcp_pair(&w.client[0], &theirs);
    net_accept(w.net, theirs, false);
    say(&w, 0, "GET /wait?0 HTTP/1.1\r\n" HOST "\r\n");
    while (!w.open[0])
        turn(&w, 1);
    knows_its_peer(w.open[0]);
    assert_true(str_starts(str_of(w.open[0]->request_id), STR("req_")));
    assert_int_equal(w.open[0]->now.wall_ms, 784111777000);
    exchange_done(w.open[0]);
    end(&w);
}

static void note_drained(void *ctx)
{
    ((struct world *)ctx)->drained++;
}

static void drains(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3);
    say(&w, 1, "GET /wait?1 HTTP/1.1\r\n" HOST "\r\nGET /never HTTP/1.1\r\n" HOST "\r\n");
    say(&w, 2, "GET /c HTTP/1.1\r\n");
    net_drain(w.net, 600 * 1000, note_drained, &w);
    hears_last(&w, 0, "");
    connect_one(&w, 3);
    hears_last(&w, 3, "");
    say(&w, 2, HOST "\r\n"); /* had begun */
    hears_last(&w, 2, "Connection: close\r\n");
    close(w.client[2]);
    w.client[2] = -1;
    turn(&w, 2);
    assert_int_equal(w.drained, 0);
    exchange_done(w.open[1]);
    hears_last(&w, 1, "Connection: close\r\n");
    assert_int_equal(w.handled, 2);
    close(w.client[1]);
    w.client[1] = -1;
    turn(&w, 4);
    assert_int_equal(w.drained, 1);
    end(&w);
}

static void drains_no_longer_than_that(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    say(&w, 0, "GET /wait?0 HTTP/1.1\r\n" HOST "\r\n");
    say(&w, 1, "GET /");
    net_drain(w.net, 20, note_drained, &w);
    pass(&w, 0);
    assert_int_equal(w.drained, 1);
    hears_last(&w, 1, "");
    assert_int_equal(w.gone, 1);
    exchange_done(w.open[0]);
    turn(&w, 2);
    assert_int_equal(net_open(w.net), 0);
    assert_int_equal(w.drained, 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_keeps),
        cmocka_unit_test(closes_when_asked),
        cmocka_unit_test(does_not_mind_how_it_is_cut),
        cmocka_unit_test(serves_deep_pipelines_in_order),
        cmocka_unit_test(answers_later),
        cmocka_unit_test(reads_on_only_so_far),
        cmocka_unit_test(stops_for_a_peer_that_does_not_read),
        cmocka_unit_test(a_half_closed_peer_is_answered),
        cmocka_unit_test(a_peer_that_left_is_told_of),
        cmocka_unit_test(refuses_and_lingers),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(slow_readers_and_writers),
        cmocka_unit_test(says_continue),
        cmocka_unit_test(large_bodies_come_whole),
        cmocka_unit_test(holds_its_caps),
        cmocka_unit_test(a_late_answer_does_not_overtake),
        cmocka_unit_test(holds_only_so_much),
        cmocka_unit_test(names_the_peer),
        cmocka_unit_test(drains),
        cmocka_unit_test(drains_no_longer_than_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
