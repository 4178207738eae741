#ifndef KORDLESS_LUA_DECLARE_H
#define KORDLESS_LUA_DECLARE_H

/* What a route of plugin.lua says of its requests and replies, in one place for all
 * who use it: requests are checked before the handler runs, replies in tests, and
 * /openapi.json and /docs show it. */

#include "lua/schema.h"

struct declared_reply {
    int status;
    struct schema body;
};

struct declared {
    struct schema *query, *body; /* NULL: not declared */
    struct declared_reply *replies;
    int n_replies;
    struct str example_body, example_reply; /* JSON; no p: none */
};

/* Of the route on top: query, body, replies, example. */
void declare_read(struct fields *f, struct declared *out);
/* Does `body` hold a schema, and not true or false? */
bool declare_body(struct fields *f);

/* The request on top, {query =, body =}: checked, converted, defaults filled in. False
 * when there are faults; then `faults` is the sentence for the caller. May raise. */
bool declare_request(lua_State *L, const struct declared *d, struct zones *zones,
                     struct buf *faults);
/* The reply at `idx`: nil, a value, or JSON text. False with faults, as above. Time
 * zones are not looked up: a list of slots has thousands. */
bool declare_reply(lua_State *L, int idx, int status, const struct declared *d,
                   struct buf *faults);

#endif
