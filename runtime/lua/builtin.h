#ifndef KORDLESS_LUA_BUILTIN_H
#define KORDLESS_LUA_BUILTIN_H

/* The routes that the runtime answers itself, in one table: it is what generations
 * route by and what /openapi.json shows. Constant. */

#include "lua/manifest.h"

/* All of them, `n` in number; the last is PUT /test/clock, which only a server with a
 * clock for tests has and which is never shown. */
const struct route *builtin_routes(int *n);

#endif
