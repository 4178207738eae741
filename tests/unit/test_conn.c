/* From bytes to answers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net_world.h"

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
        "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\nGET /2 HTTP/1.1\r\n" NAMED
        "\r\n",
        "POST /1 HTTP/1.1\r\n" NAMED
        "Content-Length: 0\r\n\r\nBAD\r\n\r\nGET / HTTP/1.1\r\n",
        "POST /1 HTTP/1.1\r\n" NAMED
        "Connection: close\r\n\r\nGET /2 HTTP/1.1\r\n" NAMED,
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
    say(&w, 0,
        "GET /wait?1 HTTP/1.1\r\n" NAMED "\r\nGET /b HTTP/1.1\r\n" NAMED
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

static void says_continue(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    say(&w, 0,
        "POST /1 HTTP/1.1\r\n" NAMED
        "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    hears(&w, 0, "HTTP/1.1 100 Continue\r\n\r\n");
    say(&w, 0, "hello");
    hears(&w, 0, "POST /1 hello");
    say(&w, 0,
        "POST /2 HTTP/1.1\r\n" NAMED
        "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nh");
    hears(&w, 0, ""); /* it has begun */
    say(&w, 0,
        "iPOST /3 HTTP/1.1\r\n" NAMED "Expect: 100-continue\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    hears(&w, 0, "POST /2 hiHTTP/1.1 100 Continue\r\n\r\n");
    say(&w, 0, "0\r\n\r\n");
    hears(&w, 0, "POST /3 ");
    say(&w, 0,
        "POST /4 HTTP/1.0\r\n" HOST
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
        cmocka_unit_test(says_continue),
        cmocka_unit_test(large_bodies_come_whole),
        cmocka_unit_test(a_late_answer_does_not_overtake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
