#ifndef KORDLESS_ORGS_H
#define KORDLESS_ORGS_H

/* The commands org …: the platform's routes of organizations, for a terminal. Each
 * returns its exit code. */

#include "options.h"

int orgs_create(const struct options *o);
int orgs_list(const struct options *o);
int orgs_show(const struct options *o);
int orgs_set(const struct options *o);
int orgs_suspend(const struct options *o);
int orgs_resume(const struct options *o);

#endif
