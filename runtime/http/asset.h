#ifndef KORDLESS_HTTP_ASSET_H
#define KORDLESS_HTTP_ASSET_H

/* Files for browsers that were built into the server: what lay in a plugin's folder
 * assets/ at build, plain and packed (runtime/http/embed.lua writes the table). All but
 * an index stand under a path that names the content of the whole set, so a page never
 * mixes two versions, and whoever has a file need not ask for it again. Constant. */

#include <stdbool.h>

#include "base/str.h"
#include "http/reply.h"
#include "http/request.h"

struct asset {
    struct str plugin;        /* whose */
    struct str path;          /* below where its plugin serves: "" the index, else
                                 "assets/HASH/app.js" */
    const char *type;         /* media type */
    struct str etag;          /* of its content */
    bool fixed;               /* the path names the content */
    struct str plain, packed; /* packed: gzip */
};

/* All of them, `n` in number. */
const struct asset *asset_all(int *n);

/* 200, or 304 to who has it. A page may only load what this server serves, run no code
 * that stands in it, and be framed by nobody. */
void asset_answer(const struct asset *a, const struct http_request *req,
                  struct reply *r);

#endif
