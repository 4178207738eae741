#ifndef KORDLESS_GUARD_KEY_WRITE_H
#define KORDLESS_GUARD_KEY_WRITE_H

/* What is done to keys, each with its audit row. All of it runs inside a transaction of
 * the writer and leaves the ring alone; who queued it changes the ring when it is
 * durable, and for a revocation before it begins. No key text is ever stored or logged.
 */

#include "guard/key_rows.h"

/* ERR_EXISTS: digest or last4 within the organization is taken: make another key. */
int key_write_add(struct db *db, const struct key *row, struct str note, int64_t now_ms,
                  struct str actor) MUST_CHECK;

/* Final; twice is fine and changes nothing. `at_ms` gets the first time. */
int key_write_revoke(struct db *db, struct str id, struct str reason, int64_t now_ms,
                     struct str actor, int64_t *at_ms) MUST_CHECK;

enum {
    KEY_SET_LABEL = 1 << 0,
    KEY_SET_NOTE = 1 << 1,
    KEY_SET_SCOPES = 1 << 2,
    KEY_SET_EXPIRES = 1 << 3,
    KEY_SET_LIMITS = 1 << 4,
    KEY_SET_TAGS = 1 << 5
};
struct key_change {
    unsigned set;
    struct str label, note, tags;
    uint32_t scopes;
    int64_t expires_ms; /* 0: none */
    struct str
        limits; /* a JSON object merged into what there is (RFC 7396), or "null" */
    struct str patch; /* for the audit: what was asked, a JSON object */
};
/* ERR_NOT_FOUND; ERR_DENIED: a rotated key would live longer than its grace. */
int key_write_change(struct db *db, struct str id, const struct key_change *c,
                     int64_t now_ms, struct str actor, struct arena *a,
                     struct key_row *out) MUST_CHECK;

/* The successor, with the old key's label, environment, scopes, dates, note, tags and
 * limits; the old one ends with its grace, or when it would have anyway. `next` has id,
 * digest and last4. ERR_EXISTS: these are taken, make others; ERR_BUSY: it has a
 * successor; ERR_DENIED: it is revoked or expired; ERR_NOT_FOUND. */
int key_write_rotate(struct db *db, struct str id, const struct key *next,
                     int64_t grace_ms, int64_t now_ms, struct str actor,
                     struct arena *a, struct key_row *old,
                     struct key_row *made) MUST_CHECK;

#endif
