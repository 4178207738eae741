#include "lua/vm_inside.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/sandbox.h"

/* The state: its memory, its threads, its modules. Runs are in vm_run.c. */

enum {
    MEMORY_DEFAULT = 64 << 20,
    HEADROOM = 256 << 10,  /* for what the host itself needs, unprotected */
    BIG = 1024,            /* allocations from here on are charged … */
    BYTES_PER_CHARGE = 32, /* … for the copying they come with */
    COLLECT_PER_CHARGE = 16,
    OUTSIDE_STEP = 64 << 10
};

static const char loaded_key = 'm', loading = 'l';

struct vm *vm_of(lua_State *L)
{
    return vm_strand(L)->vm;
}

lua_State *vm_main(struct vm *vm)
{
    return vm->main;
}

void *vm_owner(struct vm *vm)
{
    return vm->owner;
}

size_t vm_memory(const struct vm *vm)
{
    return vm->used;
}

size_t vm_memory_max(const struct vm *vm)
{
    return vm->max;
}

struct budget *vm_budget(lua_State *L)
{
    return vm_of(L)->run.budget;
}

/* --- memory --- */

static void *refuse(struct vm *vm)
{
    vm_charge_later(vm,
                    vm->used / COLLECT_PER_CHARGE); /* Lua collects, then asks again */
    return NULL;
}

static void *allocate(void *ud, void *p, size_t had, size_t n)
{
    struct vm *vm = ud;
    if (!p)
        had = 0; /* a type tag, then */
    if (n == 0) {
        pool_resize(&vm->pool, p, had, 0);
        vm->used -= had;
        return NULL;
    }
    if (n > had && vm->used - had + n > vm->max + vm->headroom)
        return refuse(vm);
    void *q = pool_resize(&vm->pool, p, had, n);
    if (!q && n > had)
        return NULL;
    if (!q)
        q = p; /* Lua relies on shrinking to work */
    vm->used = vm->used - had + n;
    if (n >= BIG) /* as large as it was, too: a table rehashed reads all of it */
        vm_charge_later(vm, n / BYTES_PER_CHARGE);
    return q;
}

/* The host's own small needs are met past the cap, so that they cannot raise where
 * nobody would catch it. */
static void host_begins(struct vm *vm)
{
    vm->headroom = HEADROOM;
}

static void host_ends(struct vm *vm)
{
    vm->headroom = 0;
}

/* Finalizers are all ours, and give back what lies outside of Lua; but calling one may
 * take a little memory, and Lua never calls again one that failed for want of it. So
 * the collections that are ours run past any cap. */
static void collect(struct vm *vm, lua_State *L, int what, int kib)
{
    size_t before = vm->headroom;
    vm->headroom = SIZE_MAX / 4;
    lua_gc(L, what, kib);
    vm->headroom = before;
}

void vm_relieve(struct vm *vm)
{
    if (vm->used > vm->max / 2)
        collect(vm, vm->main, LUA_GCCOLLECT, 0);
}

void vm_account(lua_State *L, ptrdiff_t bytes)
{
    struct vm *vm = vm_of(L);
    vm->used += (size_t)bytes;
    if (bytes <= 0)
        return;
    vm->owed += (size_t)bytes;
    vm_charge_later(vm, (size_t)bytes / BYTES_PER_CHARGE);
    if (vm->used > vm->max) {
        vm_charge_later(vm, vm->used / COLLECT_PER_CHARGE);
        vm->owed = 0;
        collect(vm, L, LUA_GCCOLLECT, 0);
    } else if (vm->owed >= OUTSIDE_STEP) {
        int kib = (int)(vm->owed >> 10);
        vm->owed = 0;
        collect(vm, L, LUA_GCSTEP, kib);
    }
    if (vm->used > vm->max) {
        lua_newuserdatauv(L, 1, 0); /* over the cap: raises the memory error */
        lua_pop(L, 1);
    }
}

/* Noted first: vm_account may raise. */
void vm_recount(lua_State *L, size_t *counted, size_t now)
{
    size_t before = *counted;
    *counted = now;
    vm_account(L, (ptrdiff_t)now - (ptrdiff_t)before);
}

/* --- threads --- */

static void set_strand(lua_State *L, struct strand *s, struct vm *vm)
{
    *s = (struct strand){vm, 0};
    memcpy(lua_getextraspace(L), &s, sizeof(s));
}

/* The strand is Lua's memory and holds its thread; the registry holds the strand. */
lua_State *vm_thread(struct vm *vm)
{
    lua_State *L = vm->main;
    if (vm->n_idle)
        return vm->idle[--vm->n_idle];
    host_begins(vm);
    struct strand *s = lua_newuserdatauv(L, sizeof(*s), 1);
    lua_State *co = lua_newthread(L);
    set_strand(co, s, vm);
    lua_setiuservalue(L, -2, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, co);
    host_ends(vm);
    return co;
}

void vm_thread_end(struct vm *vm, lua_State *co, bool dead)
{
    if (!dead && lua_status(co) == LUA_OK && vm->n_idle < VM_IDLE_MAX) {
        lua_settop(co, 0);
        vm->idle[vm->n_idle++] = co;
        return;
    }
    lua_pushnil(vm->main);
    lua_rawsetp(vm->main, LUA_REGISTRYINDEX, co);
    vm_relieve(vm);
}

/* --- modules --- */

static int l_require(lua_State *L)
{
    struct vm *vm = vm_of(L);
    struct str name;
    name.p = luaL_checklstring(L, 1, &name.n);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) == LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) == &loading)
        return luaL_error(L, "require: '%s' requires itself, or failed before", name.p);
    if (!lua_isnil(L, -1))
        return 1;
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&loading);
    lua_rawset(L, 2);
    bool found = vm->find && vm->find(L, name, vm->find_ctx);
    if (!found)
        lua_pushnil(L);
    else if (lua_isnil(L, -1))
        lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    return found ? 1 : luaL_error(L, "require: there is no module '%s' here", name.p);
}

void vm_set_require(struct vm *vm,
                    bool (*find)(lua_State *L, struct str name, void *ctx), void *ctx)
{
    vm->find = find;
    vm->find_ctx = ctx;
}

void vm_set_library(struct vm *vm, const char *name)
{
    host_begins(vm);
    if (lua_istable(vm->main, -1))
        sandbox_freeze(vm->main, name);
    sandbox_push_kordless(vm->main);
    lua_insert(vm->main, -2);
    lua_setfield(vm->main, -2, name);
    lua_pop(vm->main, 1);
    host_ends(vm);
}

int vm_load(struct vm *vm, struct str text, const char *name, bool bare,
            struct buf *why)
{
    lua_State *L = vm->main;
    struct buf chunk;
    buf_init(&chunk);
    buf_fmt(&chunk, "@%s", name);
    buf_char(&chunk, '\0');
    int status = luaL_loadbufferx(L, text.p, text.n, chunk.p, "t");
    buf_end(&chunk);
    if (status != LUA_OK) {
        if (status == LUA_ERRMEM)
            buf_fmt(why, "%s:1: ", name);
        vm_add_error(L, -1, 0, why);
        lua_pop(L, 1);
        return ERR_INVALID;
    }
    host_begins(vm);
    if (bare)
        lua_newtable(L);
    else
        sandbox_push_env(L);
    lua_setupvalue(L, -2, 1);
    host_ends(vm);
    return 0;
}

/* --- birth and death --- */

static int l_open(lua_State *L)
{
    sandbox_open(L);
    sandbox_push_globals(L);
    lua_pushcfunction(L, vm_pcall);
    lua_setfield(L, -2, "pcall");
    lua_pushcfunction(L, l_require);
    lua_setfield(L, -2, "require");
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
    return 0;
}

static int panic(lua_State *L)
{
    fprintf(stderr, "%s: unprotected Lua error: %s\n", vm_of(L)->name,
            lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?");
    return 0; /* Lua aborts */
}

int vm_new(struct vm **out, const struct vm_options *o)
{
    struct vm *vm = calloc(1, sizeof(*vm));
    if (!vm)
        abort();
    vm->max = o->memory_max ? o->memory_max : MEMORY_DEFAULT;
    vm->step = o->exact ? 10 : 1000;
    vm->owner = o->owner;
    snprintf(vm->name, sizeof(vm->name), "%s", o->name ? o->name : "a script");
    buf_init(&vm->obituary);
    pool_init(&vm->pool);
    vm->main = lua_newstate(allocate, vm);
    if (vm->main) {
        set_strand(vm->main, &vm->first, vm);
        lua_atpanic(vm->main, panic);
        lua_pushcfunction(vm->main, l_open);
    }
    if (!vm->main || lua_pcall(vm->main, 0, 0, 0) != LUA_OK) {
        vm_free(vm);
        return ERR_NOMEM;
    }
    *out = vm;
    return 0;
}

void vm_free(struct vm *vm)
{
    if (!vm)
        return;
    vm->headroom = SIZE_MAX / 4; /* as in collect */
    if (vm->main)
        lua_close(vm->main);
    buf_end(&vm->obituary);
    pool_end(&vm->pool);
    free(vm);
}
