#ifndef KORDLESS_SERVE_H
#define KORDLESS_SERVE_H

/* `kordless serve`: the server until a signal. SIGINT and SIGTERM drain and end with 0,
 * SIGHUP reloads scripts and plugins. */

#include "options.h"

int serve(const struct options *o);

#endif
