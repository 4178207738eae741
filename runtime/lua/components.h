#ifndef KORDLESS_LUA_COMPONENTS_H
#define KORDLESS_LUA_COMPONENTS_H

/* The `components` of /openapi.json: what operations refer to. Whoever refers marks it,
 * and only what was marked is shown, so no document has a part that it does not use. */

#include <stdbool.h>

#include "base/buf.h"

enum component {
    COMPONENT_LIMIT, /* headers */
    COMPONENT_REMAINING,
    COMPONENT_RESET,
    COMPONENT_RETRY_AFTER,
    COMPONENT_ORGANIZATION, /* parameters */
    COMPONENT_ORGANIZATION_OPTIONAL,
    COMPONENT_IDEMPOTENCY_KEY,
    COMPONENT_IF_MATCH,
    COMPONENT_CSRF,
    COMPONENTS
};
enum { COMPONENTS_PROBLEMS = 12 };

struct sheet { /* a document in the making */
    struct buf *b;
    bool shared[COMPONENTS], problems[COMPONENTS_PROBLEMS]; /* referred to */
};

void components_refer(struct sheet *w, enum component i);
/* ,"headers":{…} of a response: the limit fields, Retry-After; nothing for neither. */
void components_headers(struct sheet *w, bool limits, bool retry);

/* The errors, i = 0 …: the status, 0 past the last; and ,"404":{…} among responses. */
int components_problem(int i);
void components_refer_problem(struct sheet *w, int i);
const char *components_meaning(int status); /* a sentence */

/* "components":{…}, behind all that refers. */
void components_put(struct sheet *w);

#endif
