#ifndef KORDLESS_LUA_OPENAPI_H
#define KORDLESS_LUA_OPENAPI_H

/* GET /openapi.json: OpenAPI 3.1, made once per generation from what the loaded
 * plugins declare, so it cannot lag behind what runs. Pure. */

#include "lua/manifest.h"

/* A route that is shown, and whose: a plugin's, or "server" for the runtime's own. */
struct openapi_route {
    const struct route *route;
    struct str owner;
    const struct manifest *manifest; /* NULL unless the plugin is in Lua */
};

struct openapi_owner { /* a plugin, in Lua or C */
    struct str name, version;
};

struct openapi {
    struct openapi_route *routes; /* in the order of their owners */
    int n_routes;
    const struct openapi_owner *owners;
    int n_owners;
    struct str url, contact; /* where clients reach the server, whom they ask; or "" */
};

/* Puts the runtime's own behind the others: there is room for builtin_routes more. */
void openapi_own(struct openapi *o);
/* The whole document. */
void openapi_put(const struct openapi *o, struct buf *out);

/* "bookings_create"; a handler that serves several routes gets "_2", "_3" … */
void openapi_id(const struct openapi_route *all, int i, struct buf *out);
/* What a caller needs, and what the server does for the route, in sentences. */
void openapi_access(const struct route *r, struct buf *out);

#endif
