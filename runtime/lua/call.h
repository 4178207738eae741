#ifndef KORDLESS_LUA_CALL_H
#define KORDLESS_LUA_CALL_H

/* One run of a handler: from a request that passed every gate to a reply. It may wait
 * in the middle (for a write, a sleep); the worker lends it the verbs for that and
 * wakes it. Whatever the script does, the reply ends up with a status: an error in it
 * is a 500 with the request id, a used-up budget or memory a 503. */

#include "base/arena.h"
#include "base/now.h"
#include "guard/idem.h"
#include "guard/keyring.h"
#include "guard/password.h"
#include "guard/session.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/route.h"
#include "lua/unit.h"
#include "store/writer.h"

struct denials;
struct limits;
struct vault;
struct quota;
struct peers;
struct outgoing;
struct call;

/* A write a call waits for. The worker queues `w`, and when its fate is known calls
 * call_written on the call's own thread. Embedded at the front of the job it belongs
 * to. */
struct call_write {
    struct write w; /* `run` is set; the host sets `done` */
    struct call *call;
    bool aside; /* no write: `run` gets no store, and a thread of its own. ERR_BUSY */
    void *host; /* the host's own */
    /* On the writer's thread, in the order of commits, when it is durable; or NULL.
     * What all workers must see before the answer leaves is told to the memory here. */
    void (*settled)(struct call_write *cw);
    /* On the worker: pushes the results of the yield; 0, or an error to raise, whose
     * message is pushed instead. May raise. */
    int (*resume)(struct call_write *cw, lua_State *co, int *n_results);
    void (*free)(struct call_write *cw); /* by call.c, whatever came of it */
};

/* What a handler (`name` is empty) or one run of a transaction of its cost. */
struct call_used {
    struct str name;
    int64_t instructions, sql_steps;
    int waits;
};

struct call_host {
    void *ctx;
    int (*read)(void *ctx, struct db **out);        /* a snapshot of now */
    int (*write)(void *ctx, struct call_write *cw); /* ERR_BUSY: the queue is full */
    /* These wake the call with call_wake, unless it is cancelled before. ERR_FULL. */
    int (*sleep)(void *ctx, struct call *c, int64_t ms);
    int (*fetch)(void *ctx, struct call *c, struct outgoing *o);
    int (*hash)(void *ctx, struct call *c, struct hashing *h); /* the call's own */
    void (*cancel)(void *ctx, struct call *c);
    /* Later runs `name` of the plugin's handlers.lua; copies. ERR_FULL. */
    int (*after)(void *ctx, struct call *c, int64_t ms, struct str name,
                 struct str args);
    /* Runs every hook of this event soon; copies. */
    void (*emit)(void *ctx, struct str event, struct str args);
    void (*used)(void *ctx, const struct call *c,
                 const struct call_used *u); /* NULL: nobody asks */
    struct now (*now)(void *ctx);
    int64_t (*micros)(void *ctx);                /* a clock to measure with */
    void (*decided)(void *ctx, struct str line); /* a line of the decision log */
    struct id_source *ids;
    struct keyring *keyring;
    const struct pepper *pepper;
    struct limits *limits;
    struct denials *denials;
    struct vault *vault;
    struct sessions *sessions;
    struct peers *strangers;
    struct log *log;
};

struct call_pair {
    struct str name, value; /* decoded */
};

struct call {
    const struct call_host *host;
    struct unit *unit;
    struct quota *quota; /* of its generation */
    const struct route *route;
    const struct route_match *match; /* parameters, decoded in place */
    const struct http_request *req;  /* NULL after the first yield */
    struct call_pair *query;
    int n_query;
    struct arena *arena;
    struct reply *reply;
    struct key *key;             /* NULL without one */
    const struct caller *caller; /* who asks without a key; NULL: nobody known */
    struct org *org;             /* of the key or the session; NULL without */
    struct str actor;            /* who asks, for the audit: "operator" */
    struct str peer;             /* the address as a stranger's name: guard/peers.h */
    struct now now;
    const char *request_id;
    struct str public_url;
    int64_t fresh_until;   /* of a cached answer, UTC seconds; 0: as its minute says */
    bool strict;           /* replies are held to what the route declares */
    struct idem_key *idem; /* NULL without Idempotency-Key */
    bool is_job; /* of kordless.after: no request, no route, nobody hears the answer */
    struct str job_name, job_args;
    void *pending; /* the host's own, of a sleep or a fetch */
    void *user;
    void (*finished)(struct call *c); /* the reply stands; may run inside call_start */

    /* call.c's own */
    lua_State *co;
    struct budget budget;
    int64_t sql_steps;          /* of its own, whatever was charged for them */
    struct call_write *waiting; /* the writer has it */
    struct call_write *held;    /* to be freed: back, or never queued */
    size_t own_fields;          /* of the reply: bytes that the gates wrote */
    struct outgoing *outgoing;  /* of a fetch; the host has it while asleep */
    bool asleep;                /* for a time, or a fetch */
    bool detached;              /* … and goes on even if the caller leaves */
    bool left;                  /* the caller */
    bool json_fault;
    bool stored; /* the answer stands beside its Idempotency-Key already */
    bool
        problem; /* kordless.problem: the reply stands, whatever the handler does now */
    /* Set by a library that raises: what the caller hears instead of 500. */
    int failed_status;
    const char *failed_code;
    struct str failed_detail;
    struct buf scratch, result,
        why; /* here, and not on the C stack, since an error jumps past */
};

void call_start(struct call *c);
void call_written(struct call_write *cw); /* by the host, on the worker */
void call_wake(struct call *c);           /* after a sleep or a fetch */
/* The caller is gone: what only waits for its sake ends, now or at its next sleep or
 * fetch; a write that is queued runs, and what it was part of goes on. */
void call_leave(struct call *c);
/* Frees what a call holds that will never go on: its worker has ended. */
void call_abandon(struct call *c);

/* For libraries, as `return call_wait(…)`: yields until the write's fate is known. */
int call_wait(lua_State *L, struct call_write *cw);
/* Raises where the running call may not wait: in a sort, in a pattern's function, after
 * too many waits. Whoever starts what will wake the call asks first. */
void call_may_wait(lua_State *L);
struct call *call_of(lua_State *L); /* of a handler's unit; raises elsewhere */
/* Notes how the call is to be answered if the error about to be raised ends it. */
void call_fails(struct call *c, int status, const char *code, const char *detail);

#endif
