#ifndef KORDLESS_GUARD_TAGS_H
#define KORDLESS_GUARD_TAGS_H

/* Words that people put on a key, for themselves and for quota policies. Kept in order
 * and with blanks between, so that the same words are the same text however they came.
 */

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum { TAGS_MAX = 16, TAGS_WORD = 32, TAGS_TEXT = TAGS_MAX * (TAGS_WORD + 1) };

bool tags_is(struct str word); /* [a-z0-9][a-z0-9_-]{0,31} */

struct tags {
    struct str at[TAGS_MAX]; /* points to what was added */
    int n;
};
/* Twice is once. ERR_INVALID: it is no such word; ERR_FULL: there are 16 others. */
int tags_add(struct tags *t, struct str word) MUST_CHECK;
struct str tags_text(const struct tags *t, char out[TAGS_TEXT]);

/* The first word of a text of them, which goes on behind it; false: there is none. */
bool tags_next(struct str *text, struct str *word);

#endif
