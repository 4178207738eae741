#ifndef KORDLESS_GUARD_USAGE_NAME_H
#define KORDLESS_GUARD_USAGE_NAME_H

/* Ids and labels as numbers, in the table usage_name; shared by the files that count.
 */

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct db;

/* The number of a name, made if it has none. Inside a transaction of the writer. */
int usage_name_make(struct db *db, struct str name, int64_t *number) MUST_CHECK;
/* ERR_NOT_FOUND: nothing of that name was ever counted. */
int usage_name_find(struct db *db, struct str name, int64_t *number) MUST_CHECK;

#endif
