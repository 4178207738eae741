#ifndef KORDLESS_COMMAND_H
#define KORDLESS_COMMAND_H

/* The commands besides serve. Each returns its exit code: 0 done, 1 refused (the reason on
 * stderr), 2 usage. */

#include "client.h"
#include "options.h"

int command_check(const struct options *o);
int command_org_create(const struct options *o);
int command_key_create(const struct options *o);
int command_key_list(const struct options *o);
int command_key_revoke(const struct options *o);
int command_demo(const struct options *o);
int command_version(const struct options *o);

/* The demo organization with its catalogue and a key, printed; for `demo` and
 * `serve --demo`. `base` is where clients will reach the server. 1: it is there already. */
int demo_make(struct client *c, const struct options *o, const char *base);

int refused(const struct answer *a); /* prints the API's sentence; 1 */
int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* 2 */
/* The id of the organization with this slug in `id`; else the exit code. */
int organization_id(struct client *c, const char *slug, struct buf *id);
void put_member(struct buf *b, const char *name, const char *value); /* "name":"value" */

#endif
