#ifndef KORDLESS_AUTHOR_H
#define KORDLESS_AUTHOR_H

/* What authors of plugins use: `kordless test` and `kordless plugin new`. Exit codes as
 * everywhere: 0, 1 refused or failed, 2 usage. */

#include "options.h"

/* Runs the *_spec.lua under spec/ of the plugin folders given, each folder against a
 * server of its own on an empty store, and the tests that the scripts given carry; or
 * all of the plugins that kordless.lua lists, and all scripts'. */
int author_test(const struct options *o);
/* Writes plugins/NAME with a route, a rule and a spec that passes. */
int author_new(const struct options *o);

#endif
