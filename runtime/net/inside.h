#ifndef KORDLESS_NET_INSIDE_H
#define KORDLESS_NET_INSIDE_H

/* What net.c, conn.c, ending.c and wire.c share and nobody else sees. Every way in from
 * the event loop stands between net_enter and net_leave: in between, connections that
 * close stay in memory, `now` stands still, and answers gather in `out`, which belongs
 * to the one connection at work and is empty when it is left. */

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/id.h"
#include "net/address.h"
#include "net/conn.h"
#include "net/loop.h"

enum conn_state {
    CONN_IDLE, /* idle timer; no bytes held */
    CONN_HEAD, /* head timer; `in` holds part of a head */
    CONN_BODY, /* body timer; `in` holds a head and part of its body, decoded */
    CONN_WAIT, /* no timer; `in` waits for our next turn, or for `out` to drain */
    CONN_OPEN, /* no timer; the handler has the request, `in` what came behind it */
    CONN_LAST, /* no timer but that of `out`; nothing is read any more, `in` is empty */
    CONN_LINGER, /* linger timer; our side is shut, what comes is dropped */
    CONN_GONE,   /* no timer; closed, but the handler still owes exchange_done */
    CONN_DEAD    /* closed; freed by net_leave */
};
/* Beside these the output timer runs whenever `out` holds unsent bytes. */

/* What an answer is made in; passed from connection to connection. */
struct work {
    struct work *next;
    struct arena arena;
    struct reply reply;
};

struct conn {
    struct net *net;
    struct conn *next, *prev; /* in net->all; `next` also in spare and dead */
    struct conn *queued_next; /* in net->ready or net->later */
    int fd;
    enum conn_state state;
    bool reading, writing; /* the events are armed */
    bool eof;              /* the peer has shut its side */
    bool counted;          /* by address */
    bool queued;
    bool in_handler, answered;
    struct event read_event, write_event;

    struct buf in; /* from `in_at`; no memory when empty */
    size_t in_at;
    size_t in_held; /* of it, counted in net->held */
    struct buf out; /* unsent, from `out_at`; no memory when empty */
    size_t out_at;
    int64_t since;      /* of the state */
    int64_t out_since;  /* that `out` is not empty */
    uint64_t out_moved; /* sent since then */

    /* Of the request in CONN_BODY and CONN_OPEN. */
    size_t head_n, body_n; /* body_n: of the whole body; decoded so far when chunked */
    struct http_chunks chunks;
    bool chunked, keep_alive, head;
    int minor;

    size_t dropped; /* in CONN_LINGER */
    struct work *work;
    struct peer peer;
    struct exchange x;
};

struct net {
    const struct network *proxies; /* net_trust */
    int n_proxies;
    struct loop *loop;
    struct net_caps caps;
    struct net_handler handler;
    struct clock *clock;
    struct log *log;
    struct id_source ids;
    struct addresses *addresses;

    struct now now;
    char date[32];
    int64_t date_second;

    struct conn *all, *spare, *dead;
    struct conn *ready; /* answered from within another's turn */
    struct conn *later; /* their turn was over */
    struct work *works; /* free ones */
    struct work *big;   /* the one of them, if any, that keeps a large buffer */
    int open, n_spare;
    struct net_counts counts;
    size_t held; /* memory of all `in` */
    bool busy;   /* between net_enter and net_leave */

    bool draining;
    void (*drained)(void *ctx);
    void *drained_ctx;
    struct loop_timer *tick, *later_timer, *drain_timer;
    bool ticking;

    struct reply refusal;
    struct buf out;
    struct http_request req;
    char scratch[64 * 1024];
};

void net_enter(struct net *n);
void net_leave(struct net *n);
struct str net_date(struct net *n);
struct work *net_work(struct net *n);
void net_work_done(struct net *n, struct work *w);
void net_release(struct conn *c); /* closed: out of the list, freed by net_leave */

void conn_enter(struct conn *c, enum conn_state state); /* the one that changes it */
void conn_start(struct conn *c, int fd);
void conn_go_on(struct conn *c);  /* after CONN_WAIT */
void conn_resume(struct conn *c); /* after exchange_done */
void conn_settle(struct conn *c); /* after anything: sends, lingers, arms events */
size_t conn_body_have(const struct conn *c);

/* ending.c. Nothing after a refusal can be trusted to be the beginning of a request, so
 * it is the last answer. `req` is what was read of the head, NULL if that is not at
 * hand. */
void conn_refuse(struct conn *c, const struct http_refusal *why,
                 const struct http_request *req);
void conn_time_out(struct conn *c); /* 408 */
void conn_name_request(struct conn *c, const struct http_request *req);
void conn_linger(struct conn *c);
void conn_lost(struct conn *c); /* the peer cannot be reached any more */
void conn_close(struct conn *c);
void conn_drop_input(struct conn *c);
void conn_count_input(struct conn *c); /* its memory has changed */
void conn_drop_work(struct conn *c);

/* The stream under a connection; TLS is to be a second one. */
enum { WIRE_AGAIN = ERR_BUSY, WIRE_LOST = ERR_CLOSED };
ssize_t wire_recv(struct conn *c, void *p, size_t n); /* 0: end of file */
void wire_shut(struct conn *c);
/* Puts it behind net->out. What is large is sent at once with all before it, without a
 * copy; that the peer is lost the next flush finds out. */
void wire_add(struct conn *c, struct str bytes);
/* Sends net->out, or puts it behind what is unsent already. ERR_CLOSED: lost. */
int wire_flush(struct conn *c) MUST_CHECK;
int wire_drain(struct conn *c) MUST_CHECK; /* sends what was unsent */
static inline size_t wire_unsent(const struct conn *c)
{
    return c->out.n - c->out_at;
}

#endif
