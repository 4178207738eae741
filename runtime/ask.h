#ifndef KORDLESS_ASK_H
#define KORDLESS_ASK_H

/* What every command needs to ask the platform routes and to tell a person the outcome.
 * Exit codes: 0 done, 1 refused with a sentence on stderr, 2 usage. */

#include "client.h"
#include "options.h"

int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* 2 */
int refused(const struct answer *a); /* prints the API's sentence; 1 */
int open_client(struct client **c, const struct options *o);

/* One request; anything but status `good` is told and is 1. `a` is the caller's to end,
 * whatever comes back. */
int ask(struct client *c, const char *method, const char *path, struct str body,
        int good, struct answer *a);
/* The id of the organization with this slug, with a NUL, in `id`. */
int organization_id(struct client *c, const char *slug, struct buf *id);
void put_member(struct buf *b, const char *name,
                const char *value); /* "name":"value" */

#endif
