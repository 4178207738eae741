#ifndef KORDLESS_CHANGE_H
#define KORDLESS_CHANGE_H

/* What one generation changes for callers, beside another: files, routes, limits. */

#include "sources.h"

struct keyring;

/* Members of a JSON object, into one that is open at the end of `out`:
 * "files":{changed, added, removed}, "routes":{changed, kept, added, removed},
 * "limits":{"keys", "tighter", "looser"}. A route is changed when any file of its
 * plugin is, or of one that the plugin uses. */
void change_put(struct buf *out, const struct generation *from,
                const struct generation *to, const struct keyring *ring,
                int64_t wall_ms);

#endif
