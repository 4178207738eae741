#ifndef KORDLESS_GUARD_PEOPLE_H
#define KORDLESS_GUARD_PEOPLE_H

/* The rows behind guard/session.h: members and their sessions, each change with its
 * audit row. Everything that writes runs inside a transaction of the writer and leaves
 * the memory alone; who queued it tells the memory when it is durable. */

#include "guard/session.h"
#include "store/db.h"

int people_load(struct db *db, struct sessions *s, int64_t now_ms) MUST_CHECK;

struct member_row {
    struct str id, organization_id, email, name, status, created_by;
    struct str password; /* its hash; empty until it is set up */
    enum role role;
    int64_t version, created_ms, link_expires_ms; /* 0: no link */
};
/* By any one of them; ERR_NOT_FOUND. Removed members are found by id alone. A link that
 * has expired is none. */
int people_get(struct db *db, struct str id, struct arena *a,
               struct member_row *out) MUST_CHECK;
int people_by_email(struct db *db, struct str email, struct arena *a,
                    struct member_row *out) MUST_CHECK;
int people_by_link(struct db *db, const unsigned char digest[DIGEST_BYTES],
                   int64_t now_ms, struct arena *a, struct member_row *out) MUST_CHECK;
/* Of an organization, or with an empty id the operators; without those removed. */
int people_list(struct db *db, struct str organization_id, struct str cursor, int max,
                struct arena *a, struct member_row **rows, int *n) MUST_CHECK;

struct deed { /* who does it, and when */
    struct str actor;
    int64_t now_ms;
};
struct link { /* one use, and only until then */
    unsigned char digest[DIGEST_BYTES];
    int64_t expires_ms;
};

/* Each fills `out` with the member as it then is. ERR_NOT_FOUND: unknown or removed.
 * ERR_EXISTS: another member has this email. */
int people_add(struct db *db, const struct member_row *m, const struct link *l,
               const struct deed *by, struct seat *out) MUST_CHECK;
/* A role and a name, ROLE_NONE and no p keep. ERR_DENIED: the last owner. */
int people_change(struct db *db, struct str id, enum role role, struct str name,
                  const struct deed *by, struct seat *out) MUST_CHECK;
int people_remove(struct db *db, struct str id, const struct deed *by,
                  struct seat *out) MUST_CHECK;
int people_link(struct db *db, struct str id, const struct link *l,
                const struct deed *by, struct seat *out) MUST_CHECK;
/* The password of whoever holds this link; ends all sessions. No p keeps the name. */
int people_set_up(struct db *db, const unsigned char link[DIGEST_BYTES],
                  struct str password, struct str name, int64_t now_ms,
                  struct seat *out) MUST_CHECK;
/* Ends all sessions but `keep`. ERR_DENIED: changed since `version`. */
int people_password(struct db *db, struct str id, int64_t version, struct str password,
                    const unsigned char keep[DIGEST_BYTES], const struct deed *by,
                    struct seat *out) MUST_CHECK;

/* A session begins. ERR_DENIED: the member changed since `version`. */
int people_enter(struct db *db, struct str id, int64_t version,
                 const unsigned char digest[DIGEST_BYTES], int64_t now_ms) MUST_CHECK;
int people_leave(struct db *db, const unsigned char digest[DIGEST_BYTES],
                 const struct deed *by) MUST_CHECK; /* twice is fine */
int people_leave_all(struct db *db, struct str id, const struct deed *by) MUST_CHECK;
/* Sign-ins of this account failed until it was locked for a while. */
int people_refused(struct db *db, struct str id, const struct deed *by) MUST_CHECK;

int people_seen(struct db *db, const unsigned char digest[DIGEST_BYTES],
                int64_t seen_ms) MUST_CHECK;
int people_sweep(struct db *db, int64_t now_ms) MUST_CHECK; /* sessions long over */

#endif
