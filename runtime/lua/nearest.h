#ifndef KORDLESS_LUA_NEAREST_H
#define KORDLESS_LUA_NEAREST_H

/* "Did you mean …?": the known name that a mistyped one is closest to. Edits are
 * Damerau's: a letter more, less or other, or two neighbours swapped. */

#include "base/str.h"

/* Edits between two words of at most 64 bytes, or a number over `most`. */
int nearest_distance(struct str a, struct str b, int most);
/* Of a NULL-terminated list: the closest within two edits, and within half of the
 * word; NULL when none is. Of equals the first. */
const char *nearest(struct str word, const char *const *known);

#endif
