#ifndef KORDLESS_LUA_OPTION_H
#define KORDLESS_LUA_OPTION_H

/* What an operator may set of a plugin. The plugin declares it in plugin.lua:
 *
 *   options = { { "per_page", type = "integer", min = 1, max = 100, default = 50,
 *                 doc = "Bookings on a page." } }
 *
 * and the operator sets it in scripts/kordless.lua: { "name", options = { per_page = 20
 * } }. The plugin reads kordless.options.per_page. */

#include "lua/manifest.h"
#include "lua/settings.h"

/* Of the manifest on top: the declarations, as properties of an object. */
void option_read(struct fields *f, struct schema *out);
/* Checks what the operator set against what `m` declares and keeps the whole, defaults
 * and all, in m->option_values. `chosen` is the plugin's entry in the settings, NULL
 * without one. ERR_INVALID. */
int option_bind(struct arena *a, struct manifest *m, const struct chosen *chosen,
                const struct source *settings, struct buf *faults) MUST_CHECK;
/* Pushes them as a table that cannot be written. May raise. */
void option_push(lua_State *L, const struct manifest *m);

#endif
