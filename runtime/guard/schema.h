#ifndef KORDLESS_GUARD_SCHEMA_H
#define KORDLESS_GUARD_SCHEMA_H

/* The runtime's own tables, as steps that run in order at start. A step that has been
 * released is never edited: what changes a table is the next one, at the end. */

#include "store/migrate.h"

extern const struct migration schema_migrations[];
extern const size_t schema_migrations_n;

#endif
