#ifndef KORDLESS_COMMAND_QUOTA_H
#define KORDLESS_COMMAND_QUOTA_H

/* quota diff: how the live keys would fare under another quota.lua. Exit codes as
 * command.h says. */

#include "options.h"

int command_quota_diff(const struct options *o);

#endif
