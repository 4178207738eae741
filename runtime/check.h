#ifndef KORDLESS_CHECK_H
#define KORDLESS_CHECK_H

/* `kordless check`: everything a start or a reload would look at, short of going live
 * and without touching the data. */

#include "options.h"

int command_check(const struct options *o); /* an exit code: 0 or 1 */

#endif
