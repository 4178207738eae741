#ifndef KORDLESS_WATCH_H
#define KORDLESS_WATCH_H

/* `serve --dev`: notices edits in folders (inotify), for main's loop. */

#include <stdbool.h>

#include "base/err.h"

struct watch;

int watch_new(struct watch **out) MUST_CHECK; /* ERR_IO: the kernel gives none */
void watch_free(struct watch *w);             /* NULL is fine */
/* Begins to watch a folder; again is fine, and so is one that is not there. */
void watch_folder(struct watch *w, const char *path);
int watch_fd(const struct watch *w); /* readable after an edit; -1 of NULL */
/* Takes what was told; true when one of it was about a *.lua, *.sql or a folder. */
bool watch_edited(struct watch *w);

#endif
