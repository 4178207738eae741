#ifndef KORDLESS_NET_CONN_H
#define KORDLESS_NET_CONN_H

/* A connection: bytes in, whole requests to a handler, answers out in order. It owns
 * framing, deadlines and caps, and knows nothing of what is asked: the handler is a
 * function pointer. One request is open at a time; the next pipelined one starts when
 * the answer before it stands; answers that are ready leave in one send. Errors of
 * framing are answered here and close.
 *
 * Deadlines are totals, not gaps: a head must be whole in head_ms after its first byte,
 * a body arrive and an answer leave at body_rate at least, an idle connection ends
 * after idle_ms. Idle connections hold no buffers. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/now.h"
#include "http/forwarded.h"
#include "http/parse.h"
#include "http/reply.h"
#include "http/request.h"

struct loop;
struct net; /* all connections of one worker */
struct conn;

struct net_caps {
    struct http_caps http;
    int head_ms;     /* 10,000 */
    int idle_ms;     /* 75,000, between requests */
    int body_rate;   /* bytes per second at least, after 5 s of grace: 1,024 */
    size_t out_high; /* 256 KiB unsent: stop reading */
    size_t held_max; /* 256 MiB of unfinished requests on all connections: then 503 */
    int per_address; /* 256 connections; IPv6 by /64 */
    int total;       /* 8,192 */
};
extern const struct net_caps net_caps_default;

struct peer {
    struct in6_addr address; /* IPv4 as mapped; zero for a Unix socket */
    bool local_admin;        /* came through the administrator's socket */
};

/* One request and the answer to it. Embedded in the connection. */
struct exchange {
    struct http_request
        *req;            /* valid until the handler returns, whatever it has done */
    struct arena *arena; /* dies with the answer */
    struct reply *reply; /* to be filled */
    const struct peer *peer;
    struct now now;      /* one reading of the clock per request */
    char request_id[72]; /* the caller's if it is 1–64 of [A-Za-z0-9_-], else ours */
    bool gone;           /* the peer left; the answer will be dropped */
    void *user;          /* the handler's */
    struct conn *conn;
};

struct net_handler {
    void *ctx;
    /* Called with head and body whole. Must call exchange_done exactly once, now or at
     * a later turn of the same loop. */
    void (*request)(void *ctx, struct exchange *x);
    /* The peer left while an answer is owed; exchange_done is still called later. */
    void (*gone)(void *ctx, struct exchange *x);
    /* The peer has shut its side while an answer is owed: most have left for good, some
     * still listen. May be told more than once. May be NULL. */
    void (*shut)(void *ctx, struct exchange *x);
};

int net_new(struct net **out, struct loop *l, const struct net_caps *caps,
            const struct net_handler *handler, struct clock *clock,
            struct log *log) MUST_CHECK;
/* Takes over `fd`. Over a cap: closed at once. */
void net_accept(struct net *n, int fd, bool local_admin);
/* Proxies hold as many connections as there may be: the cap is for clients. The list is
 * the caller's and is read until the next call. */
void net_trust(struct net *n, const struct network *list, int count);
/* Stops reading new requests; idle connections close, open ones get their answer with
 * Connection: close. `drained` is called (once, on the loop) when none is left or
 * after `ms`. */
void net_drain(struct net *n, int64_t ms, void (*drained)(void *ctx), void *ctx);
int net_open(const struct net *n); /* connections */

struct net_counts { /* read on any thread, as long as the net lives */
    struct counter accepted, closed, shed_address, shed_total;
    struct counter malformed; /* requests refused here, with those that came too late */
};
const struct net_counts *net_counts(const struct net *n);
/* Closes all, before loop_free. No exchange_done after this for those still open. */
void net_free(struct net *n);

/* The reply is complete: write it as soon as the order allows. */
void exchange_done(struct exchange *x);

#endif
