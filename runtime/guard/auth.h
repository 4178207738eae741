#ifndef KORDLESS_GUARD_AUTH_H
#define KORDLESS_GUARD_AUTH_H

/* Who asks: from the text of a key to its record, or to the reason why not. */

#include "guard/keyring.h"

enum auth {
    AUTH_OK,
    AUTH_MISSING,
    AUTH_MALFORMED,
    AUTH_UNKNOWN,
    AUTH_REVOKED,
    AUTH_EXPIRED,
    AUTH_NOT_YET,
    AUTH_SUSPENDED, /* the organization; 403, the others 401 */
    AUTH_ENDED      /* a session or a token of an operator; no key's */
};

/* `*out` is set for every verdict that knows the key (REVOKED, EXPIRED, NOT_YET,
 * SUSPENDED too); else NULL. */
enum auth auth_identify(const struct keyring *r, const struct pepper *p,
                        struct str text, int64_t wall_ms, struct key **out);
/* The same question for a key already identified: after a yield, before a commit. */
enum auth auth_again(const struct key *k, int64_t wall_ms);
/* Does this header prove who asks? Then no plugin sees it, nor whoever lists the
 * others. */
bool auth_is_proof(struct str header);

int auth_status(enum auth a);       /* 401 or 403 */
const char *auth_code(enum auth a); /* "revoked_api_key" */
/* What the caller should do, as one sentence; names the key by label and last 4 where
 * it is known. `text` is only looked at for its form and never repeated. */
void auth_detail(enum auth a, const struct key *k, struct str text, struct buf *out);

#endif
