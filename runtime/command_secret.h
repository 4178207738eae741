#ifndef KORDLESS_COMMAND_SECRET_H
#define KORDLESS_COMMAND_SECRET_H

/* kordless secret set, list, drop. A value comes from standard input, never from the
 * command line, where every user of the machine could read it. */

#include "options.h"

int command_secret_set(const struct options *o);
int command_secret_list(const struct options *o);
int command_secret_drop(const struct options *o);

#endif
