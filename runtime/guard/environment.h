#ifndef KORDLESS_GUARD_ENVIRONMENT_H
#define KORDLESS_GUARD_ENVIRONMENT_H

/* What a key is for, as people label it: nothing but a prefix, and an input of
 * policies. */

#include "base/str.h"

enum environment { ENV_NONE, ENV_PRODUCTION, ENV_DEVELOPMENT };

const char *environment_name(int e); /* "production"; NULL: none */
int environment_of(struct str name); /* ENV_NONE for all that is not one */

#endif
