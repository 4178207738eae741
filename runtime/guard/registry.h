#ifndef KORDLESS_GUARD_REGISTRY_H
#define KORDLESS_GUARD_REGISTRY_H

/* The keyring as the store has it, at start. Its rows are guard/org_rows.h and
 * guard/key_rows.h. */

#include "guard/keyring.h"

struct db;

/* ERR_DENIED: the pepper is not the one these keys were made with. Writes the check
 * value when there is none yet. */
int registry_check_pepper(struct db *db, const struct pepper *p) MUST_CHECK;

/* All organizations and keys, with their rings. `l` may be NULL in tests. */
int registry_load(struct db *db, struct keyring *r, struct limits *l) MUST_CHECK;

#endif
