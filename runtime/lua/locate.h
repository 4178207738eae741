#ifndef KORDLESS_LUA_LOCATE_H
#define KORDLESS_LUA_LOCATE_H

/* Where in a data file a value was written. Lua forgets it, so the text is read again:
 * the table behind the last `return` is walked along a path such as
 * "routes[2].handler". Pure; knows strings, comments and nesting, and no more of Lua.
 */

#include "base/str.h"

/* The line, from 1, of the path's last step, or of the innermost one found: of a key
 * that is missing, the line of the table that lacks it. Where the walk ends in
 * something that is no table in the text (a variable), its line. 0: nothing to walk. */
int locate(struct str text, const char *path);

#endif
