#ifndef KORDLESS_GUARD_KEY_ROWS_H
#define KORDLESS_GUARD_KEY_ROWS_H

/* The rows behind the keys, as they are read, and as they go into the ring.
 * guard/key_write.h writes them. */

#include "base/arena.h"
#include "guard/keyring.h"

struct db;

struct key_row { /* everything but the digest; 0 or empty: none */
    struct str id, organization_id, label, last4, created_by, revoked_by, revoke_reason,
        note, last_used_ip, rotated_from, rotated_to, family;
    struct str tags;   /* guard/tags.h */
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

/* Newest first. `q`: the last 4 as they are, or a part of the label in any ASCII case.
 */
struct key_filter {
    struct str organization_id, q, created_by;
    struct str cursor; /* an id; those after it */
    int max;
};
int key_rows_list(struct db *db, const struct key_filter *f, struct arena *a,
                  struct key_row **rows, int *n) MUST_CHECK;

/* The key that goes on for a line of rotations, named by its first. ERR_NOT_FOUND. */
int key_rows_newest(struct db *db, struct str line, struct arena *a,
                    struct key_row *out) MUST_CHECK;
/* Those of an organization that are good at `now_ms`, for production or for nothing in
 * particular, and were made until `made_ms`: the oldest first, at most `max`. */
int key_rows_old(struct db *db, struct str organization_id, int64_t made_ms,
                 int64_t now_ms, int max, struct arena *a, struct key_row **rows,
                 int *n) MUST_CHECK;

/* For the ring, of a row that is durable. The override points into `scratch`. */
struct key_published {
    struct str label, tags;
    struct override limits;
    struct buf scratch;
};
void key_rows_publish(struct keyring *r, struct key *k, const struct key_row *row);
/* As a record to be added: all but digest, ring and organization. `p` is ended by
 * key_rows_unstage. */
void key_rows_stage(const struct key_row *row, struct key_published *p,
                    struct key *out);
void key_rows_unstage(struct key_published *p);

#endif
