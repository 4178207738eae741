#ifndef KORDLESS_LUA_TRAIL_H
#define KORDLESS_LUA_TRAIL_H

/* Which line of a script decided. A run is watched line by line; when a function
 * returns a table with something at [1], the line counts that put it there; when it
 * returns something else that is true, the line of its return; and when it lets things
 * be (nil, false, an empty table), the line where the function begins. What counts is
 * the function that returns last, the one that was called. Needs no memory of Lua's. */

#include "lua/vm.h"

enum { TRAIL_NOTES = 64 };

struct trail {
    const char *source; /* of the line that decided, "@scripts/booking.lua"; lives as
                           long as the script. NULL: nothing has returned */
    int line;
    /* trail.c's own */
    const char *last_source; /* the line that ran last */
    int last_line;
    struct trail_note { /* tables whose [1] was seen, and after which line first */
        const void *table, *first;
        const char *source;
        int line;
    } notes[TRAIL_NOTES];
    int n_notes;
};

/* Watches what runs on `vm` from now on, until trail_end. `t` must live until then. */
void trail_begin(struct trail *t, struct vm *vm);
void trail_end(struct vm *vm);

#endif
