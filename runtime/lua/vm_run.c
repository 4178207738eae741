#include "lua/vm_inside.h"

#include <lauxlib.h>
#include <string.h>

#include "lua/meter.h"

/* How a budget is kept. The count hook fires at every `step`-th instruction, or sooner
 * when less is left, and takes what it was armed for off the budget; C functions take
 * theirs off at once. Below zero the run is killed: the hook is re-armed at 1, so that
 * each further instruction raises again, and `end` is set, so that our pcall passes the
 * error on instead of catching it. The same holds when memory ran out, for every
 * further allocation would cost a full collection.
 *
 * Nothing in a failing run may need Lua memory: positions and tracebacks are written
 * into `obituary`, where the cause is met, since unwinding erases them. */

enum { FRAMES_SHOWN = 12, PCALLS_MAX = 100 };

/* A tick costs a tenth of the budget, within these bounds: a handler has half a second
 * at worst, a question to a policy a tenth, a transaction some 50 ms. On a machine that
 * is slow and crowded the longest honest answers need a good part of that. */
enum { TICK_LEAST = 25000, TICK_MOST = 100000 };

/* --- why a run ended --- */

static bool add_position(lua_State *L, int level, struct buf *out)
{
    lua_Debug ar;
    for (; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0) {
            buf_fmt(out, "%s:%d: ", ar.short_src, ar.currentline);
            return true;
        }
    }
    return false;
}

static void add_traceback(lua_State *L, int level, struct buf *out)
{
    lua_Debug ar;
    int shown = 0;
    for (; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sln", &ar);
        if (*ar.what == 'C' && !ar.name)
            continue;
        if (shown++ == FRAMES_SHOWN) {
            buf_lit(out, "\n  ...");
            return;
        }
        buf_lit(out, "\n  ");
        if (ar.currentline > 0)
            buf_fmt(out, "%s:%d: ", ar.short_src, ar.currentline);
        if (ar.name)
            buf_fmt(out, "in %s '%s'", ar.namewhat, ar.name);
        else
            buf_fmt(out, "in %s", *ar.what == 'm' ? "the file itself" : "a function");
    }
}

/* An error value in words. Runs no metamethod: that would be Lua outside any budget. */
static void add_error_value(lua_State *L, int idx, struct buf *out)
{
    size_t n;
    if (lua_type(L, idx) == LUA_TSTRING) {
        const char *p = lua_tolstring(L, idx, &n);
        buf_add(out, p, n);
    } else if (lua_isinteger(L, idx)) {
        buf_i64(out, lua_tointeger(L, idx));
    } else if (lua_type(L, idx) == LUA_TNUMBER) {
        buf_fmt(out, "%.14g", lua_tonumber(L, idx));
    } else {
        buf_fmt(out, "(an error that is a %s)", luaL_typename(L, idx));
    }
}

/* The `message` of a table raised as an error. By lua_next, for pushing a key to look
 * up might need memory. */
static bool add_member_message(lua_State *L, int idx, struct buf *out)
{
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING &&
            strcmp(lua_tostring(L, -2), "message") == 0) {
            add_error_value(L, -1, out);
            lua_pop(L, 2);
            return true;
        }
        lua_pop(L, 1);
    }
    return false;
}

/* Strings carry their position already. */
void vm_add_error(lua_State *L, int idx, int level, struct buf *out)
{
    idx = lua_absindex(L, idx);
    if (lua_type(L, idx) != LUA_TSTRING)
        add_position(L, level, out);
    if (!lua_istable(L, idx) || !add_member_message(L, idx, out))
        add_error_value(L, idx, out);
}

/* The first cause counts; what follows are its echoes. */
static void note_end(struct vm *vm, lua_State *L, enum vm_end end, int level)
{
    if (vm->run.end != VM_DONE)
        return;
    vm->run.end = end;
    buf_clear(&vm->obituary);
    add_position(L, level, &vm->obituary);
    if (end == VM_BUDGET)
        buf_lit(&vm->obituary, "the instruction budget is used up");
    else
        buf_fmt(&vm->obituary, "%s is out of memory (%zu KiB)", vm->name,
                vm->max >> 10);
    add_traceback(L, level, &vm->obituary);
}

/* --- the budget --- */

static void on_count(lua_State *L, lua_Debug *ar);

static void arm(struct vm *vm, lua_State *L)
{
    int64_t left = vm->run.budget->instructions;
    vm->run.armed = left < 0 ? 1 : left < vm->step ? (int)left + 1 : vm->step;
    lua_sethook(L, on_count,
                LUA_MASKCOUNT | (vm->watch ? LUA_MASKLINE | LUA_MASKRET : 0),
                vm->run.armed);
}

void vm_watch(struct vm *vm, void (*watch)(lua_State *L, lua_Debug *ar, void *ctx),
              void *ctx)
{
    vm->watch = watch;
    vm->watch_ctx = ctx;
}

/* `level` is the function to be named: 0 inside a hook, 1 inside a C function. */
static int kill_run(struct vm *vm, lua_State *L, int level)
{
    note_end(vm, L, VM_BUDGET, level);
    arm(vm, L);
    lua_pushliteral(L, "the instruction budget is used up");
    return lua_error(L);
}

static bool take(struct budget *b, int64_t n)
{
    b->instructions = n > b->instructions ? -1 : b->instructions - n;
    return b->instructions >= 0;
}

/* What was counted since the last look is paid already. */
static void charge_ticks(struct run *r)
{
    int ticks = r->ticks;
    int64_t counted = r->mark - r->budget->instructions;
    int64_t owed = (ticks - r->seen) * r->tick_costs - counted;
    if (owed > 0)
        (void)take(r->budget, owed);
    r->seen = ticks;
    r->mark = r->budget->instructions;
}

/* Only a run that has not come to the hook for a whole tick is disturbed. */
void vm_tick(struct vm *vm)
{
    if (++vm->run.ticks > vm->run.seen + 1)
        lua_sethook(vm->run.co, on_count, LUA_MASKCOUNT, 1);
}

static void on_count(lua_State *L, lua_Debug *ar)
{
    struct vm *vm = vm_of(L);
    if (!vm->run.budget)
        return;
    if (ar->event != LUA_HOOKCOUNT) {
        if (vm->watch)
            vm->watch(L, ar, vm->watch_ctx);
        return;
    }
    if (vm->run.ticks > vm->run.seen) {
        charge_ticks(&vm->run);
        arm(vm, L);
    }
    if (vm->run.end != VM_DONE || !take(vm->run.budget, vm->run.armed))
        kill_run(vm, L, 0);
    else if (vm->run.budget->instructions < vm->step)
        arm(vm, L);
}

bool vm_pay(struct vm *vm, int64_t n)
{
    if (!vm->run.budget)
        return true;
    if (vm->run.ticks > vm->run.seen) {
        charge_ticks(&vm->run);
        arm(vm, vm->run.co); /* a tick may have left the hook at every instruction */
    }
    return take(vm->run.budget, n);
}

void vm_charge(lua_State *L, int64_t n)
{
    struct vm *vm = vm_of(L);
    if (!vm_pay(vm, n))
        kill_run(vm, L, 1);
}

void vm_charge_later(struct vm *vm, size_t n)
{
    if (vm->run.budget && !take(vm->run.budget, (int64_t)n))
        arm(vm, vm->run.co);
}

/* --- runs --- */

/* Catching an error makes Lua walk all frames below to shrink the stack: in a deep
 * recursion a loop around a failing pcall would take minutes for some 10,000
 * instructions. */
static void charge_depth(lua_State *L)
{
    lua_Debug ar;
    int depth = 16;
    while (lua_getstack(L, depth, &ar))
        depth *= 2;
    vm_charge(L, depth);
}

static int pcall_ends(lua_State *L, int status, lua_KContext ctx)
{
    struct vm *vm = vm_of(L);
    (void)ctx;
    vm_strand(L)->pcalls--;
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L);
    if (status == LUA_ERRMEM)
        note_end(vm, L, VM_MEMORY, 0);
    if (vm->run.end != VM_DONE)
        return lua_error(L);
    charge_depth(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

/* lua_pcallk, so that what it calls may yield. The nesting is bounded, for an error
 * that no pcall may keep is thrown anew by each of them, and each of them walks the
 * frames. */
int vm_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    if (vm_strand(L)->pcalls >= PCALLS_MAX)
        return luaL_error(L, "pcall is nested more than %d times", PCALLS_MAX);
    vm_strand(L)->pcalls++;
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return pcall_ends(
        L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, pcall_ends), 0);
}

static int l_witness(lua_State *L)
{
    struct vm *vm = vm_of(L);
    if (vm->run.end == VM_DONE) {
        buf_clear(&vm->obituary);
        vm_add_error(L, 1, 1, &vm->obituary);
        add_traceback(L, 1, &vm->obituary);
    }
    return 1;
}

static int call_main(lua_State *L, int n_args, int *n_results)
{
    int base = lua_gettop(L) - n_args;
    lua_pushcfunction(L, l_witness);
    lua_insert(L, base);
    int status = lua_pcall(L, n_args, LUA_MULTRET, base);
    lua_remove(L, base);
    if (status == LUA_OK)
        *n_results = lua_gettop(L) - base + 1;
    return status;
}

/* A wait leaves the rest of what the hook was armed for unknown; it counts as used. */
static enum vm_end after_yield(struct vm *vm, lua_State *co)
{
    struct budget *b = vm->run.budget;
    take(b, vm->run.armed - 1);
    if (b->yields-- > 0)
        return VM_YIELD;
    vm->run.end = VM_BUDGET;
    buf_clear(&vm->obituary);
    add_position(co, 0, &vm->obituary);
    buf_lit(&vm->obituary, "it waited too many times");
    add_traceback(co, 0, &vm->obituary);
    return VM_BUDGET;
}

static enum vm_end judge(struct vm *vm, lua_State *co, int status)
{
    if (status == LUA_ERRMEM)
        note_end(vm, co, VM_MEMORY, 0);
    if (vm->run.end != VM_DONE)
        return vm->run.end;
    if (status == LUA_OK)
        return VM_DONE;
    if (status == LUA_YIELD)
        return after_yield(vm, co);
    if (co != vm->main)
        buf_clear(&vm->obituary); /* of a run inside this one */
    if (vm->obituary.n == 0) { /* the stack still stands where the error was raised */
        vm_add_error(co, -1, 0, &vm->obituary);
        add_traceback(co, 0, &vm->obituary);
    }
    return VM_ERROR;
}

static void clear_main(struct vm *vm, int status, int n_results)
{
    lua_sethook(vm->main, NULL, 0, 0);
    lua_pop(vm->main, status == LUA_OK ? n_results : 1);
    vm_relieve(vm);
}

static int64_t tick_costs(const struct budget *b)
{
    int64_t tenth = b->instructions / 10;
    return tenth < TICK_LEAST ? TICK_LEAST : tenth < TICK_MOST ? tenth : TICK_MOST;
}

enum vm_end vm_run(struct vm *vm, lua_State *co, int n_args, struct budget *b,
                   int *n_results, struct buf *why)
{
    struct vm *watched = meter_enter(NULL);
    struct run outer = vm->run;
    vm->run = (struct run){.budget = b, .co = co, .mark = b->instructions};
    vm->run.tick_costs = tick_costs(b);
    vm->run.seen = lua_status(co) != LUA_YIELD; /* the first was partly another's */
    buf_clear(&vm->obituary);
    *n_results = 0;
    arm(vm, co);
    meter_enter(vm);
    int status = co == vm->main ? call_main(co, n_args, n_results)
                                : lua_resume(co, outer.co, n_args, n_results);
    meter_enter(NULL);
    enum vm_end end = judge(vm, co, status);
    vm->run = outer;
    meter_leave(watched);
    if (end == VM_DONE || end == VM_YIELD)
        return end;
    buf_str(why, buf_slice(&vm->obituary));
    if (co == vm->main)
        clear_main(vm, status, *n_results);
    *n_results = 0;
    return end;
}
