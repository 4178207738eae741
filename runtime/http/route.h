#ifndef KORDLESS_HTTP_ROUTE_H
#define KORDLESS_HTTP_ROUTE_H

/* Which handler is meant: a table of paths such as `/hosts/{id}` built once per
 * generation and only read afterwards, by any thread. A literal segment beats a
 * parameter; a parameter may have a fixed suffix (`{token}.ics`) and matches at least
 * one byte; no slash inside. A trailing slash is another path. Cost: one hash look-up
 * for a literal path, else one step per segment. */

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/request.h"

enum { ROUTE_PARAMS_MAX = 8, ROUTE_SEGMENTS_MAX = 16 };

struct routes;

struct route_match {
    void *target;   /* what route_add was given; NULL: the path is known, not the
                       method */
    unsigned allow; /* bit 1 << method for each method the path knows */
    int n_params;
    struct str names[ROUTE_PARAMS_MAX];
    struct str values[ROUTE_PARAMS_MAX]; /* still percent-encoded */
};

struct routes *routes_new(void);
void routes_free(struct routes *r);

/* Pattern and target are kept by pointer; they outlive `r`. GET also serves HEAD.
 * ERR_EXISTS: this method and an equal shape stand already (`*clash` is the target);
 * ERR_INVALID: not a pattern (no leading slash, empty segment, bad or repeated name,
 * too many). */
int route_add(struct routes *r, enum http_method method, struct str pattern,
              void *target, void **clash) MUST_CHECK;

/* False: no such path (404). True with a NULL target: 405 with `allow`. */
bool route_find(const struct routes *r, enum http_method method, struct str path,
                struct route_match *out);

/* "GET, HEAD, POST, OPTIONS": the value of Allow; OPTIONS is always in it. */
void route_allow(unsigned allow, struct buf *out);

#endif
