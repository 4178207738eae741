#ifndef KORDLESS_LUA_JSONSCHEMA_H
#define KORDLESS_LUA_JSONSCHEMA_H

/* A declared shape in the words of JSON Schema 2020-12, as OpenAPI 3.1 takes it. What a
 * manifest leaves open is bounded all the same by where the value travels, and that is
 * said too. Pure. */

#include "lua/schema.h"

enum jsonschema_place {
    PLACE_QUERY, /* the path as well: within a request line of 8 KiB */
    PLACE_BODY,  /* 1 MiB */
    PLACE_REPLY  /* 16 MiB of JSON */
};

void jsonschema_put(struct buf *b, const struct schema *s, enum jsonschema_place place);
/* `s` as a JSON string; what is no UTF-8 is "?". */
void jsonschema_text(struct buf *b, struct str s);

#endif
