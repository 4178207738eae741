#ifndef KORDLESS_GUARD_AUDIT_H
#define KORDLESS_GUARD_AUDIT_H

/* What was done, by whom, to what: rows that only ever come to be, in the transaction
 * of the change itself. None holds a key, a password or a token. */

#include "base/arena.h"
#include "store/db.h"

struct audit_row {
    int64_t id, at_ms;
    struct str actor, action, organization_id, object;
    struct str detail; /* a JSON object; no p: none */
};

int audit_add(struct db *db, const struct audit_row *row) MUST_CHECK;

struct audit_query { /* what is empty does not matter */
    struct str organization_id, action, object;
    int64_t before; /* an id: rows older than this; 0: from the newest */
    int max;
};
/* Newest first; everything in `a`. */
int audit_list(struct db *db, const struct audit_query *q, struct arena *a,
               struct audit_row **rows, int *n) MUST_CHECK;

#endif
