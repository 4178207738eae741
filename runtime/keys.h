#ifndef KORDLESS_KEYS_H
#define KORDLESS_KEYS_H

/* The commands key … and quota explain: the platform's routes of API keys, for a
 * terminal. A key is named by its id, or with --org by its last 4. Each returns its
 * exit code. */

#include "options.h"

int keys_create(const struct options *o);
int keys_list(const struct options *o);
int keys_show(const struct options *o);
int keys_set(const struct options *o);
int keys_rotate(const struct options *o);
int keys_revoke(const struct options *o);
int keys_quota(const struct options *o);

#endif
