#ifndef KORDLESS_LUA_MATCH_H
#define KORDLESS_LUA_MATCH_H

/* The matcher behind string.find and its kin: one try of a pattern at one place of a
 * subject. Counts its steps against the budget of the running call; raises what the
 * manual calls a malformed pattern. See match.c. */

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    MATCH_CAPTURES = 32,
    MATCH_CHOICES = 256,
    MATCH_UNCLOSED = -1,
    MATCH_POSITION = -2
};

struct match_choice {
    int kind;         /* enum choice_kind of match.c */
    int capture;      /* CLOSED: which */
    ptrdiff_t taken;  /* GREEDY: how many more may be given back */
    const char *at;   /* in the subject */
    const char *item; /* LAZY: the class; its end is `next` */
    const char *next; /* in the pattern */
};

struct matcher {
    lua_State *L;
    const char *subject, *subject_end;
    const char *pattern, *pattern_end;
    const char *s, *p; /* where it stands now */
    int64_t steps;     /* not charged yet */
    int level, depth;  /* captures and choices in use */
    struct {
        const char *at;
        ptrdiff_t n; /* or MATCH_UNCLOSED, MATCH_POSITION */
    } captures[MATCH_CAPTURES];
    struct match_choice choices[MATCH_CHOICES];
};

void match_init(struct matcher *m, lua_State *L, struct str subject,
                struct str pattern);
bool match_anchor(struct matcher *m); /* drops a `^` in front of the pattern */

/* Matches at `s` exactly: the match's end, or NULL. Captures stand until the next try.
 */
const char *match_at(struct matcher *m, const char *s);

void match_charge(struct matcher *m, int64_t n); /* n steps more */
void match_settle(struct matcher *m);            /* charges what is left */

#endif
