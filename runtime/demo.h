#ifndef KORDLESS_DEMO_H
#define KORDLESS_DEMO_H

/* The demo organization with its catalogue and a key, printed; for `demo` and
 * `serve --demo`. */

#include "client.h"
#include "options.h"

/* `base` is where clients will reach the server. An exit code; 1 when it is there
 * already, with how to make another key. */
int demo_make(struct client *c, const struct options *o, const char *base);

#endif
