#ifndef KORDLESS_GUARD_KEY_ROWS_H
#define KORDLESS_GUARD_KEY_ROWS_H

/* The rows behind the keys, and the audit of what was done to them. What writes runs
 * inside a transaction of the writer and leaves the ring alone; who queued it changes the
 * ring when it is durable, and for a revocation before it begins. No key text is ever
 * stored or logged. */

#include "base/arena.h"
#include "guard/keyring.h"

struct db;

struct key_row { /* everything but the digest; 0 or empty: none */
    struct str id, organization_id, label, last4, created_by, revoked_by, revoke_reason,
        note, last_used_ip, rotated_from, rotated_to, family;
    struct str limits; /* JSON, see guard/override.h */
    int environment;
    uint32_t scopes;
    int64_t created_ms, revoked_ms, not_before_ms, expires_ms, last_used_ms;
    bool revoked;
    int64_t version; /* of the change that made it so; set by what changes */
};

/* All keys into the ring; limits may be NULL in tests. ERR_CORRUPT. */
int key_rows_load(struct db *db, struct keyring *r, struct limits *l) MUST_CHECK;

/* ERR_NOT_FOUND. Texts end in `a`. */
int key_rows_get(struct db *db, struct str id, struct arena *a,
                 struct key_row *out) MUST_CHECK;

/* Newest first. `q`: the last 4 as they are, or a part of the label in any ASCII case. */
struct key_filter {
    struct str organization_id, q, created_by;
    struct str cursor; /* an id; those after it */
    int max;
};
int key_rows_list(struct db *db, const struct key_filter *f, struct arena *a,
                  struct key_row **rows, int *n) MUST_CHECK;

/* ERR_EXISTS: digest or last4 within the organization is taken: make another key. */
int key_rows_add(struct db *db, const struct key *row, struct str note, int64_t now_ms,
                 struct str actor) MUST_CHECK;

/* Final; twice is fine and changes nothing. `at_ms` gets the first time. */
int key_rows_revoke(struct db *db, struct str id, struct str reason, int64_t now_ms,
                    struct str actor, int64_t *at_ms) MUST_CHECK;

enum {
    KEY_SET_LABEL = 1 << 0,
    KEY_SET_NOTE = 1 << 1,
    KEY_SET_SCOPES = 1 << 2,
    KEY_SET_EXPIRES = 1 << 3,
    KEY_SET_LIMITS = 1 << 4
};
struct key_change {
    unsigned set;
    struct str label, note;
    uint32_t scopes;
    int64_t expires_ms; /* 0: none */
    struct str limits;  /* a JSON object merged into what there is (RFC 7396), or "null" */
    struct str patch;   /* for the audit: what was asked, a JSON object */
};
/* ERR_NOT_FOUND; ERR_DENIED: a rotated key would live longer than its grace. */
int key_rows_change(struct db *db, struct str id, const struct key_change *c,
                    int64_t now_ms, struct str actor, struct arena *a,
                    struct key_row *out) MUST_CHECK;

/* The successor, with the old key's label, environment, scopes, dates, note and limits;
 * the old one ends with its grace, or when it would have anyway. `next` has id, digest
 * and last4. ERR_EXISTS: these are taken, make others; ERR_BUSY: it has a successor;
 * ERR_DENIED: it is revoked or expired; ERR_NOT_FOUND. */
int key_rows_rotate(struct db *db, struct str id, const struct key *next,
                    int64_t grace_ms, int64_t now_ms, struct str actor, struct arena *a,
                    struct key_row *old, struct key_row *made) MUST_CHECK;

/* last_used of every key that changed since what is known to be durable. When the
 * transaction is, the second says so; both on the writer's thread. */
int key_rows_flush_used(struct db *db, struct keyring *r) MUST_CHECK;
void key_rows_used_flushed(struct keyring *r);

/* Where it was last used from, as people write it; empty: nowhere yet. In `out`. */
enum { KEY_IP_TEXT = 46 };
struct str key_rows_ip(const struct key *k, char out[KEY_IP_TEXT]);

/* For the ring, of a row that is durable. The override points into `scratch`. */
struct key_published {
    struct str label;
    struct override limits;
    struct buf scratch;
};
void key_rows_publish(struct keyring *r, struct key *k, const struct key_row *row);
/* As a record to be added: all but digest, ring and organization. `p` is ended by
 * key_rows_unstage. */
void key_rows_stage(const struct key_row *row, struct key_published *p, struct key *out);
void key_rows_unstage(struct key_published *p);

#endif
