#ifndef KORDLESS_LUA_SLOTS_H
#define KORDLESS_LUA_SLOTS_H

/* What libraries and packers know of kordless.slots: lists of slots, columns of them
 * for a policy, and lists that are shown. All live in C: a table for each slot would
 * cost more than finding it. */

#include <lua.h>

#include "base/buf.h"
#include "base/slots.h"

extern const char slots_type[];
struct slots *slots_check(lua_State *L, int idx); /* sorted; raises if it is none */

/* One value of each slot, in their order; minutes and weekdays by the grid's zone:
 * lib_slots_column.c. */
enum column_kind { COLUMN_STARTS, COLUMN_MINUTES, COLUMN_WEEKDAYS, COLUMN_NAMES };
struct column {
    enum column_kind kind;
    const struct slots *of; /* its first user value keeps them, its second the names */
};
struct column *column_of(lua_State *L, int idx); /* NULL: it is none */
/* Of a column that is no COLUMN_NAMES. `i` from 0 on. */
int64_t column_value(const struct column *c, size_t i);
/* Pushes the i-th value, from 0 on: an integer, or a string (nil if it has none now).
 */
void column_push(lua_State *L, int idx, const struct column *c, size_t i);

/* What slots:show gave, as JSON: lib_slots_show.c. Appends at most `most` bytes.
 * ERR_NOT_FOUND: the value is none; ERR_TOO_LARGE; ERR_INVALID: its list has grown
 * since. May raise: budget. */
int slots_put_json(lua_State *L, int idx, struct buf *out, size_t most) MUST_CHECK;
void slots_show_share(lua_State *L);
void slots_column_share(lua_State *L);

#endif
