#ifndef KORDLESS_LUA_REFERENCE_H
#define KORDLESS_LUA_REFERENCE_H

/* What /openapi.json, /docs and /docs/lua say of a generation, written once, when all
 * of it has been read and is good. */

#include "lua/generation.h"

void reference_write(struct generation *g);

#endif
