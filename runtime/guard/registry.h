#ifndef KORDLESS_GUARD_REGISTRY_H
#define KORDLESS_GUARD_REGISTRY_H

/* The rows behind the keyring: organizations, keys and the audit of what was done to
 * them. Everything here runs inside a transaction of the writer (or at start) and leaves
 * the ring alone; who queued the transaction changes the ring when it is durable, and
 * for a revocation before it begins. No key text is ever stored or logged. */

#include "base/arena.h"
#include "guard/keyring.h"

struct db;

/* ERR_DENIED: the pepper is not the one these keys were made with. Writes the check
 * value when there is none yet. */
int registry_check_pepper(struct db *db, const struct pepper *p) MUST_CHECK;

struct limits;
int registry_load(struct db *db, struct keyring *r, struct limits *l) MUST_CHECK;

/* ERR_EXISTS: the slug is taken. Ids and times are the caller's. */
int registry_add_org(struct db *db, const struct org *row, int64_t now_ms,
                     struct str actor) MUST_CHECK;
/* ERR_EXISTS: digest or last4 within the organization is taken: make another key. */
int registry_add_key(struct db *db, const struct key *row, int64_t now_ms,
                     struct str actor) MUST_CHECK;
/* Final; twice is fine and changes nothing. `at_ms` gets the first time. */
int registry_revoke(struct db *db, struct str key_id, struct str reason, int64_t now_ms,
                    struct str actor, int64_t *at_ms) MUST_CHECK;
/* last_used of every key that changed since what is known to be durable. When the
 * transaction is, registry_used_flushed says so; both on the writer's thread. */
int registry_flush_used(struct db *db, struct keyring *r) MUST_CHECK;
void registry_used_flushed(struct keyring *r);

struct key_row { /* what the list shows: everything but the digest */
    struct str id, label, last4, created_by, revoked_by, revoke_reason, note;
    int environment;
    uint32_t scopes;
    int64_t created_ms, revoked_ms, not_before_ms, expires_ms, last_used_ms; /* 0: none */
    bool revoked;
};
/* Newest first, those after `cursor` (an id; empty: from the start), at most `max`. */
int registry_list_keys(struct db *db, struct str org_id, struct str cursor, int max,
                       struct arena *a, struct key_row **rows, int *n) MUST_CHECK;

#endif
