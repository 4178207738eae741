#ifndef KORDLESS_RATELIMIT_H
#define KORDLESS_RATELIMIT_H

/* What a caller is told of its limits: X-RateLimit-*, the IETF RateLimit fields
 * (draft-ietf-httpapi-ratelimit-headers-11), Retry-After, and the body of a 429. */

#include "guard/keyring.h"
#include "guard/limit.h"
#include "http/reply.h"

/* The one that decides: admitted, with the smallest share left; refused, with the
 * longest wait. */
enum limit_window ratelimit_window(const struct limit_verdict *v);
/* `scratch` is the worker's: a refusal is the one answer that must stay cheap. */
void ratelimit_fields(struct reply *r, const struct limit_verdict *v, int64_t wall_ms,
                      bool ietf);
void ratelimit_refuse(struct reply *r, const struct limit_verdict *v,
                      const struct key *k, uint32_t cost, struct str support_contact,
                      struct buf scratch[2]);
/* 429 for a caller without a key: `what` completes "Too many …". */
void ratelimit_refuse_stranger(struct reply *r, int64_t wait_ms, const char *what,
                               struct buf scratch[2]);
/* {"limits": [...]}: the caller's windows. */
void ratelimit_show(struct reply *r, const struct limit_verdict *v);

/* The same for who is signed in: one window, of the session. */
void ratelimit_show_session(struct reply *r, uint32_t used, uint32_t limit,
                            int64_t reset_ms);

#endif
