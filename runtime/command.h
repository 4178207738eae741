#ifndef KORDLESS_COMMAND_H
#define KORDLESS_COMMAND_H

/* The commands besides serve. Each returns its exit code: 0 done, 1 refused (the reason
 * on stderr), 2 usage. */

#include "options.h"

int command_plugin_resume(const struct options *o);
int command_demo(const struct options *o);
int command_api(const struct options *o);
int command_version(const struct options *o);

#endif
