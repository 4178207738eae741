#ifndef KORDLESS_LUA_ATTACH_H
#define KORDLESS_LUA_ATTACH_H

/* Routes of a generation that no Lua answers: files that were built into the server,
 * and those of native plugins. */

#include "lua/generation.h"

struct plugin;

/* What its manifest says under `assets`. A fault is a line in `faults`. */
int attach_assets(struct generation *g, struct plugin *p,
                  struct buf *faults) MUST_CHECK;
/* Loads what the settings list; a NULL `set` loads nothing. */
int attach_natives(struct generation *g, struct natives *set,
                   struct buf *faults) MUST_CHECK;

#endif
