#ifndef KORDLESS_GUARD_VAULT_H
#define KORDLESS_GUARD_VAULT_H

/* Secrets that plugins need and operators set: an API token of another service, say. In
 * the store as crypto_secretbox under the pepper, in memory in clear, in no log and in
 * no answer. A secret is called "plugin.name". Any thread. */

#include "base/arena.h"
#include "guard/secret.h"
#include "store/db.h"

enum { VAULT_NAME_MAX = 128, VAULT_VALUE_MAX = 8192, VAULT_MAX = 1000 };

struct vault;

struct vault *vault_new(void);
void vault_free(struct vault *v); /* wipes */
/* All rows into memory. ERR_CORRUPT: a box that this pepper does not open. */
int vault_load(struct vault *v, struct db *db, const struct pepper *p) MUST_CHECK;

bool vault_name_ok(struct str name); /* "mailer.api_token": words of a-z, 0-9 and _ */

/* The rows; inside a transaction of the writer, with their audit. `drop`:
 * ERR_NOT_FOUND; `put`: ERR_TOO_LARGE beyond VAULT_MAX. */
int vault_row_put(struct db *db, struct str name, struct str box, int64_t now_ms,
                  struct str actor) MUST_CHECK;
int vault_row_drop(struct db *db, struct str name, int64_t now_ms,
                   struct str actor) MUST_CHECK;

/* The memory, once the row is durable. A value without bytes is one that was dropped.
 */
void vault_set(struct vault *v, struct str name, struct str value, int64_t now_ms);
bool vault_get(struct vault *v, struct str name, struct buf *out);

struct vault_entry {
    struct str name;
    int64_t at_ms;
};
/* Sorted by name; copies in `a`. */
struct vault_entry *vault_list(struct vault *v, struct arena *a, int *n);

#endif
