#ifndef KORDLESS_LASTGOOD_H
#define KORDLESS_LASTGOOD_H

/* DATA/last-good: the sources that last went live, and those before them, as files:
 *
 *   <hash>/scripts/… <hash>/plugins/<name>/…   as they were read
 *   <hash>/hashes                              for `b2sum -l 256 -c hashes`
 *   good, before                               links to such folders
 *   pinned                                     a start takes `good`, not the disk
 *
 * A folder appears whole (written aside, synced, renamed) and is never changed. Main's
 * alone. */

#include "sources.h"

enum lastgood { LASTGOOD_GOOD, LASTGOOD_BEFORE };

/* These sources are `good` from now on; what was good is `before`. Nothing happens if
 * they are good already. ERR_IO with `why`. */
int lastgood_keep(const char *data, const struct source_list *l,
                  struct buf *why) MUST_CHECK;
/* Where generation_read finds kept ones: `out` is `now` with other folders, in `a`.
 * ERR_NOT_FOUND: none are kept. */
int lastgood_options(struct arena *a, const char *data, enum lastgood which,
                     const struct generation_options *now,
                     struct generation_options *out) MUST_CHECK;
/* Is this what was kept? ERR_CORRUPT with a line in `faults`. */
int lastgood_verify(const char *data, enum lastgood which, const struct source_list *l,
                    struct buf *faults) MUST_CHECK;
bool lastgood_pinned(const char *data);
int lastgood_pin(const char *data, bool pinned) MUST_CHECK;

#endif
