#ifndef KORDLESS_TEST_NET_WORLD_H
#define KORDLESS_TEST_NET_WORLD_H

/* A worker's loop and net, a handler, and clients over real sockets, with a frozen
 * clock. The loop is turned by hand, so nothing depends on how long anything takes.
 * Include cmocka.h first. */

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
    int handled, gone, shut, drained;
    struct loop_task nudge;
    struct loop_timer *bell;
};

/* "/wait?1" is answered later, "/big" with 100,000 bytes, "/done?1" answers another's
 * too, all else with method, target and body. */
static inline void handle(void *ctx, struct exchange *x)
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

static inline void note_gone(void *ctx, struct exchange *x)
{
    assert_true(x->gone);
    ((struct world *)ctx)->gone++;
}

static inline void note_shut(void *ctx, struct exchange *x)
{
    assert_false(x->gone);
    ((struct world *)ctx)->shut++;
}

static inline void nothing(struct loop_task *t)
{
    (void)t;
}

static inline void one_turn(void *ctx)
{
    loop_stop(((struct world *)ctx)->loop);
}

static inline void turn(struct world *w, int n)
{
    for (int i = 0; i < n; i++) {
        loop_post(w->loop, &w->nudge);
        loop_run(w->loop, one_turn, w);
    }
}

static inline void rung(void *ctx)
{
    loop_stop(((struct world *)ctx)->loop);
}

/* Moves the clock and lets the deadlines be looked at. */
static inline void pass(struct world *w, int64_t ms)
{
    clock_skip(w->clock, ms);
    loop_timer_set(w->bell, 300); /* longer than the tick of net.c */
    loop_run(w->loop, NULL, NULL);
}

static inline void connect_one(struct world *w, int i)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    w->client[i] = pair[0];
    net_accept(w->net, pair[1], false);
}

static inline void begin(struct world *w, int clients)
{
    struct net_handler h = {
        .ctx = w, .request = handle, .gone = note_gone, .shut = note_shut};
    *w = (struct world){.caps = net_caps_default, .nudge = {.run = nothing}};
    w->caps.out_high = 64 * 1024;
    w->clock = clock_new();
    clock_set(w->clock, 784111777000);
    clock_skip(w->clock, 0);
    assert_int_equal(loop_new(&w->loop), 0);
    assert_int_equal(loop_timer_new(&w->bell, w->loop, rung, w), 0);
    assert_int_equal(net_new(&w->net, w->loop, &w->caps, &h, w->clock, NULL), 0);
    for (int i = 0; i < CLIENTS; i++)
        w->client[i] = -1;
    for (int i = 0; i < clients; i++)
        connect_one(w, i);
}

static inline void end(struct world *w)
{
    for (int i = 0; i < CLIENTS; i++)
        if (w->client[i] >= 0)
            close(w->client[i]);
    net_free(w->net);
    loop_timer_free(w->bell);
    loop_free(w->loop);
    clock_free(w->clock);
}

/* A net with other caps, nobody connected. */
static inline void renew(struct world *w)
{
    struct net_handler h = {.ctx = w, .request = handle};
    net_free(w->net);
    assert_int_equal(net_new(&w->net, w->loop, &w->caps, &h, w->clock, NULL), 0);
}

static inline void say_bytes(struct world *w, int i, struct str s)
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

static inline void say(struct world *w, int i, const char *text)
{
    say_bytes(w, i, str_of(text));
    turn(w, 2);
}

/* Adds what has come; true at the end of the stream. */
static inline bool hear(struct world *w, int i, struct buf *out)
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

static inline void expect_end(struct world *w, int i, const char *what, bool ended)
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

static inline void hears(struct world *w, int i, const char *what)
{
    expect_end(w, i, what, false);
}

static inline void hears_last(struct world *w, int i, const char *what)
{
    expect_end(w, i, what, true);
}

static inline int count(struct buf *b, const char *what)
{
    int n = 0;
    buf_char(b, '\0');
    for (const char *p = b->p; (p = strstr(p, what)); p++)
        n++;
    b->n--;
    return n;
}

#define ANSWER(length, body)                                                         \
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: me\r\n" \
    "Content-Type: text/plain\r\nContent-Length: " length                            \
    "\r\nCache-Control: no-store\r\n\r\n" body

#endif
