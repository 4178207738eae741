#ifndef KORDLESS_LIVE_H
#define KORDLESS_LIVE_H

/* Commands for a server that runs: reload, rollback, status. Exit codes as everywhere;
 * without a server they are refused. */

#include "options.h"

int live_reload(const struct options *o);
int live_rollback(const struct options *o);
int live_status(const struct options *o);

#endif
