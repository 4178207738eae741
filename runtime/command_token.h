#ifndef KORDLESS_COMMAND_TOKEN_H
#define KORDLESS_COMMAND_TOKEN_H

/* token create, list, revoke: what an operator's programs ask with. Exit codes as
 * command.h says. */

#include "options.h"

int command_token_create(const struct options *o);
int command_token_list(const struct options *o);
int command_token_revoke(const struct options *o);

#endif
