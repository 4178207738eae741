#ifndef KORDLESS_ASK_H
#define KORDLESS_ASK_H

/* What every command needs to ask the platform routes and to tell a person the outcome.
 * Exit codes: 0 done, 1 refused with a sentence on stderr, 2 usage. */

#include "client.h"
#include "options.h"

int ask_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* 2 */
int ask_refused(const struct answer *a); /* prints the API's sentence; 1 */
int ask_open(struct client **c, const struct options *o);

/* One request; anything but status `good` is told and is 1. `a` is the caller's to end,
 * whatever comes back. */
int ask_platform(struct client *c, const char *method, const char *path,
                 struct str body, int good, struct answer *a);
/* The id of the organization with this slug, with a NUL, in `id`. */
int ask_organization(struct client *c, const char *slug, struct buf *id);
void ask_put_member(struct buf *b, const char *name,
                    const char *value); /* "name":"value" */
/* The same, and "none" is null; a number as a number; the override of all its flags. */
void ask_put_setting(struct buf *b, const char *name, const char *value);
void ask_put_number(struct buf *b, const char *name, const char *value);
/* True: flags that say two things at once; told. */
bool ask_limits_fault(const struct options *o);
void ask_put_limits(struct buf *b, const struct options *o);
/* &name=value, escaped; nothing for NULL. */
void ask_put_query(struct buf *path, const char *name, const char *value);

void ask_print_raw(const struct answer *a, const char *path);
void ask_print_field(const struct answer *a, const char *label, const char *path);
/* All pages of a list whose path ends in a query: `line` prints entry i, or with --json
 * they are one JSON list. */
int ask_pages(struct client *c, const struct options *o, const char *path,
              const char *plural, void (*line)(const struct answer *a, int i));

#endif
