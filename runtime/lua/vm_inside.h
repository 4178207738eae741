#ifndef KORDLESS_LUA_VM_INSIDE_H
#define KORDLESS_LUA_VM_INSIDE_H

/* What vm.c (the state and its memory) and vm_run.c (runs and their budget) share. */

#include <signal.h>
#include <string.h>

#include "lua/pool.h"
#include "lua/vm.h"

enum { VM_IDLE_MAX = 64 };

struct run {
    struct budget *budget; /* NULL: the host's own code, uncounted */
    lua_State *co;
    int armed;
    enum vm_end end;             /* BUDGET or MEMORY once the run is killed */
    volatile sig_atomic_t ticks; /* of processor time (lua/meter.h) */
    int seen;                    /* of them, by the hook */
    int64_t mark, tick_costs;    /* left when it looked last; a tick's price */
};

/* What the extra space of each thread points to. */
struct strand {
    struct vm *vm;
    int pcalls; /* nested now */
};

struct vm {
    struct pool pool;
    struct strand first; /* of the main state */
    lua_State *main;
    struct run run;
    size_t used, max, headroom;
    int step;    /* instructions between two looks at the budget */
    size_t owed; /* outside memory the collector was not told of yet */
    char name[48];
    void *owner;
    struct buf obituary;
    void (*watch)(lua_State *L, lua_Debug *ar, void *ctx); /* NULL: nobody does */
    void *watch_ctx;
    bool (*find)(lua_State *L, struct str name, void *ctx);
    void *find_ctx;
    lua_State *idle[VM_IDLE_MAX];
    int n_idle;
};

static inline struct strand *vm_strand(lua_State *L)
{
    struct strand *s;
    memcpy(&s, lua_getextraspace(L), sizeof(s));
    return s;
}

/* vm_run.c. From inside the allocator nothing may be raised: the next instruction will.
 */
void vm_charge_later(struct vm *vm, size_t n);
/* The message of the error at `idx`, with its position; `level` is where to look for
 * one when the message has none. Runs no Lua code and needs no memory of Lua's. */
void vm_add_error(lua_State *L, int idx, int level, struct buf *out);
int vm_pcall(lua_State *L);  /* the scripts' pcall */
void vm_tick(struct vm *vm); /* in a signal: the run has worked for another tick */

/* vm.c: a full collection if the state is more than half full. */
void vm_relieve(struct vm *vm);

#endif
