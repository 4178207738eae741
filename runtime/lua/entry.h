#ifndef KORDLESS_LUA_ENTRY_H
#define KORDLESS_LUA_ENTRY_H

/* A file that returns a table: run, and looked at, all under one protection. What a
 * script returned may have filled its state to the cap, so even looking can fail, and
 * that must cost a fault and never the process. */

#include "lua/source.h"
#include "lua/vm.h"

struct entry {
    const struct source *source;
    bool bare;            /* in an empty environment: data files */
    int64_t instructions; /* at most, of the file itself */
    /* With the table on top; may raise, may use luaL_ref. 0, or a negative enum err
     * with lines in `faults`. */
    int (*look)(lua_State *L, void *ctx);
    void *ctx;
};

/* On the main state of `vm`. What went wrong is in `faults`, a line each: ERR_INVALID.
 * Of a source that is `broken` its fault has been told already. */
int entry_run(struct vm *vm, const struct entry *e, struct buf *faults) MUST_CHECK;
/* One fault is one line, for logs and for `check --json`: appends `why` as such. */
void entry_fault(struct buf *faults, struct str why);
/* For `look`: runs every function of the table's `tests`, the promises a script makes
 * of itself. Each that raises is a fault. */
int entry_tests(lua_State *L, const char *file, struct buf *faults) MUST_CHECK;
/* Compiles the file and runs nothing; sets `broken`. */
int entry_check(struct vm *vm, struct source *s, struct buf *faults) MUST_CHECK;

#endif
