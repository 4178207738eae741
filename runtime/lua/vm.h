#ifndef KORDLESS_LUA_VM_H
#define KORDLESS_LUA_VM_H

/* One Lua state that cannot harm the process: memory capped by its allocator, run time
 * by an instruction budget, the library reduced to what data and rules need. It is used
 * by one thread at a time, whichever.
 *
 * The budget belongs to a call, not to a resume: it lives on while the call waits. Our
 * C functions charge it too (vm_charge), so no library call is free. Once it is used up
 * the hook is re-armed at every instruction: `while true do pcall(f) end` ends as well.
 * A thread that was killed is never used again. */

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct vm;

struct budget {
    int64_t instructions; /* left; VM instructions and what C charged */
    int yields;           /* left */
};
enum {
    BUDGET_INSTRUCTIONS = 10000000,
    BUDGET_TRANSACTION = 200000,
    BUDGET_YIELDS = 1000
};

struct vm_options {
    const char *name;  /* of the plugin, for messages */
    size_t memory_max; /* bytes; 0: 64 MiB */
    bool exact;        /* counts in tens, at a price; else in thousands */
    void *owner;       /* whoever hosts it, back with vm_owner */
};

int vm_new(struct vm **out, const struct vm_options *o) MUST_CHECK; /* ERR_NOMEM */
void vm_free(struct vm *vm);
lua_State *vm_main(struct vm *vm);
struct vm *vm_of(lua_State *L); /* any thread of it; O(1) */
void *vm_owner(struct vm *vm);
size_t vm_memory(const struct vm *vm);
size_t vm_memory_max(const struct vm *vm);

/* Compiles `text` (never bytecode) as "@name" with its own environment table: an empty
 * one with `bare`, else the sandbox's globals. Pushes the function. ERR_INVALID: `why`
 * has file:line. */
int vm_load(struct vm *vm, struct str text, const char *name, bool bare,
            struct buf *why) MUST_CHECK;

/* Runs or resumes `co` (a thread of this vm, or its main state) under `b`. The function
 * and `n_args` are on its stack, or the arguments of the resume. */
enum vm_end { VM_DONE, VM_YIELD, VM_ERROR, VM_BUDGET, VM_MEMORY };
/* `why` gets the message with a traceback, file:line first. `n_results` are on the
 * stack of `co` for DONE and YIELD. After ERROR, BUDGET, MEMORY the thread is dead. */
enum vm_end vm_run(struct vm *vm, lua_State *co, int n_args, struct budget *b,
                   int *n_results, struct buf *why);

/* Tells `watch` of each line that begins (LUA_HOOKLINE) and each function that returns
 * (LUA_HOOKRET) in the runs from now on, at a price; NULL ends it. It may push a few
 * values, and must not raise. */
void vm_watch(struct vm *vm, void (*watch)(lua_State *L, lua_Debug *ar, void *ctx),
              void *ctx);

/* For libraries: raises when the budget of the running call is used up. */
void vm_charge(lua_State *L, int64_t n);
/* The same where nothing may be raised: false when it is used up. */
bool vm_pay(struct vm *vm, int64_t n) MUST_CHECK;
struct budget *vm_budget(lua_State *L); /* of the running call */
/* Memory held outside Lua on behalf of an object of this state counts against its cap
 * and paces its collector: `bytes` more, or less when negative. Raises a memory error
 * when that is over the cap; they are counted then, until the object's __gc takes them
 * back. */
void vm_account(lua_State *L, ptrdiff_t bytes);
/* The same of one value, which held `*counted` and holds `now`; 0 when it is gone. */
void vm_recount(lua_State *L, size_t *counted, size_t now);

/* Threads for handlers, pooled. vm_thread_end clears and keeps it; with `dead` it is
 * dropped. References keep it from the collector. */
lua_State *vm_thread(struct vm *vm);
void vm_thread_end(struct vm *vm, lua_State *co, bool dead);

/* The sandbox's globals as one table: what a loaded chunk sees through its _ENV. A
 * module is called by `require(name)`; `find` pushes the module's value or returns
 * false. */
void vm_set_require(struct vm *vm,
                    bool (*find)(lua_State *L, struct str name, void *ctx), void *ctx);
/* Sets `kordless.<name>` in the sandbox to the value on top of the main stack (popped).
 */
void vm_set_library(struct vm *vm, const char *name);

#endif
