#ifndef KORDLESS_LUA_DOCS_H
#define KORDLESS_LUA_DOCS_H

/* GET /docs: one page for people, from the same declarations as /openapi.json. No
 * scripts, nothing fetched, one style sheet named by its hash. Pure. */

#include "lua/openapi.h"

/* The value of Content-Security-Policy that goes with the page. */
extern const char docs_policy[];
void docs_put(const struct openapi *o, struct buf *out);

/* For other pages of that kind: how they begin (`intro` is HTML) and end, and text that
 * stands for itself. */
void docs_begin(struct buf *out, const char *title, const char *intro);
void docs_text(struct buf *out, struct str s);
void docs_end(struct buf *out);

#endif
