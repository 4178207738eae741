#ifndef KORDLESS_GUARD_TOKEN_H
#define KORDLESS_GUARD_TOKEN_H

/* The rows of the operators' tokens. What writes runs inside a transaction of the
 * writer and leaves the memory (guard/session.h) alone. */

#include "guard/people.h"

struct token_row {
    struct str id, label, created_by, revoked_by;
    int64_t created_ms, expires_ms, revoked_ms; /* 0: none */
};

int token_load(struct db *db, struct sessions *s) MUST_CHECK;
int token_any(struct db *db) MUST_CHECK; /* 1: there is or was one; 0: never */
int token_add(struct db *db, const struct token *t, const struct deed *by) MUST_CHECK;
/* Final; twice is fine and changes nothing. ERR_NOT_FOUND. */
int token_revoke(struct db *db, struct str id, const struct deed *by) MUST_CHECK;
int token_list(struct db *db, struct str cursor, int max, struct arena *a,
               struct token_row **rows, int *n) MUST_CHECK; /* newest first */
int token_get(struct db *db, struct str id, struct arena *a,
              struct token_row *out) MUST_CHECK; /* ERR_NOT_FOUND */

/* The first one: made once, when there never was any, into DIR/operator-token (0600),
 * so that nobody has to be let in by a default. `t` is empty when there was one. `why`
 * says what to do about a file that cannot be written. At start, in its transaction. */
int token_first(struct db *db, const char *dir, const struct pepper *p,
                struct id_source *ids, int64_t now_ms, struct token *t,
                struct buf *why) MUST_CHECK;

#endif
