#ifndef KORDLESS_LUA_OPENAPI_H
#define KORDLESS_LUA_OPENAPI_H

/* GET /openapi.json: OpenAPI 3.1, made once per generation from what the loaded
 * plugins declare, so it cannot lag behind what runs. Pure. */

#include "lua/unit.h"

/* A route that is shown, and whose: a plugin's, or "server" for the runtime's own. */
struct openapi_route {
    const struct route *route;
    struct str owner;
};

/* All that are shown, in the order of the plugins; in `a`. */
const struct openapi_route *
openapi_routes(struct arena *a, const struct plugin *plugins, int n_plugins, int *n);
/* "bookings_create"; a handler that serves several routes gets "_2", "_3" … */
void openapi_id(const struct openapi_route *all, int i, struct buf *out);
/* The whole document; `url` is where clients reach the server, or empty. */
void openapi_put(const struct openapi_route *all, int n, const struct plugin *plugins,
                 int n_plugins, struct str url, struct buf *out);

#endif
