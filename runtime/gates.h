#ifndef KORDLESS_GATES_H
#define KORDLESS_GATES_H

/* The gates of a request, in their order. Each lets it through (true) or has made the
 * reply (false). None yields, none takes a lock but the organization's own. */

#include "lua/call.h"
#include "worker.h"

enum { QUERY_MAX = 64 };

struct flight { /* one request under way; in the exchange's arena */
    struct call call;
    struct exchange *x;
    int64_t began; /* clock_micros */
    struct worker *worker;
    struct generation *generation;
    const struct route *route;
    struct route_match match;
    struct call_pair *query;
    int n_query;
    const char *query_fault; /* found while reading, told at its turn */
    struct key *key;
    struct key *counted;       /* whose use this is: `key`, or one that was refused */
    uint32_t cost;             /* taken from its limits */
    bool refused;              /* by its limits, or because it is no good any more */
    struct quota_class *class; /* of the key, once gate_often looked */
    struct caller
        *caller;      /* who asks without a key: a session, a token, the operator */
    struct org *org;  /* of the key or the session */
    struct str actor; /* as the audit names who asks */
    enum denial_rule denied; /* why, for those who look at the key's refusals */
    struct limit_state window;
    struct idem_key idem;
    bool idem_marked;
    char etag[64];      /* "…": 32 digits, and from when on it is stale */
    char peer[17];      /* the address, as guard/peers.h names it */
    struct write store; /* of a 422 beside its Idempotency-Key */
};

bool gate_route(struct flight *f); /* 404, 405, 204 for OPTIONS */
bool gate_who(
    struct flight *f); /* 400, 401, 403 suspended or CSRF, 429 for strangers */
bool gate_often(struct flight *f); /* 429; from here on the limit fields are on */
bool gate_whose(struct flight *f); /* x-organization-id: 400, 403 */
bool gate_may(struct flight *f);   /* scope, role: 403 */
bool gate_takes(struct flight *f); /* 415 */
bool gate_once(struct flight *f);  /* Idempotency-Key: 400, 409, 422, or the replay */
bool gate_asks(struct flight *f);  /* query: 400; If-None-Match: 304 */

/* For the gates: a refusal with its sentence; a header given once, or often but equal
 * (false: with different values). */
bool gate_refuse(struct flight *f, int status, const char *code, const char *detail);
bool gate_one_value(const struct http_request *req, struct str name, struct str *out);

/* A failed authentication: counted, and 429 once the address had too many. */
bool gate_refuse_stranger(struct flight *f, int status, const char *code,
                          struct str detail);
/* gates_people.c: what gate_who asks about people. */
bool gate_session_sent(const struct flight *f, struct str *token);
bool gate_by_session(struct flight *f, struct str token);
bool gate_platform(struct flight *f);

/* GET /rate-limit of a session: its own window. */
void gate_show_session(struct flight *f);

/* After the handler: for how long its answer may be kept. */
void gate_keep_until(struct flight *f, int64_t until);

/* After the handler: a contact or a sign-in that failed is counted; so is each use of a
 * key. */
void gate_count_failure(struct flight *f);
void gate_count_use(struct flight *f);
/* A stranger was refused: a line a minute tells of it, not each. */
void gate_hush(struct flight *f, const char *code);

#endif
