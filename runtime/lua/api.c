#include "lua/api.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "lua/api_row.h"
#include "lua/nearest.h"
#include "lua/sandbox.h"
#include "lua/unit.h"

static_assert(API_HANDLER == 1 << UNIT_HANDLERS &&
                  API_TRANSACTION == 1 << UNIT_TRANSACTIONS &&
                  API_POLICY == 1 << UNIT_POLICY,
              "a phase is the bit of its role");

const char *const api_needs[] = {
    "db",      "transaction", "time",   "zone",  "span",  "crypto", "id",
    "policy",  "sleep",       "keys",   "fetch", "after", "emit",   "secret",
    "secrets", "metrics",     "record", "slots", NULL};
static_assert(1 << (sizeof(api_needs) / sizeof(api_needs[0]) - 1) == NEED_END,
              "each NEED_ bit has its word");

/* --- the table --- */

const struct api_row *api_first(void)
{
    return api_data;
}

const struct api_row *api_next(const struct api_row *r)
{
    r++;
    return r->name ? r : r->next;
}

bool api_is_member(const struct api_row *r, const struct api_row *library)
{
    size_t n = strlen(library->name);
    return r && r->name && r != library && strncmp(r->name, library->name, n) == 0 &&
           (r->name[n] == '.' || r->name[n] == ':' ||
            (r->name[n] == '\0' && r->kind == API_CLASS));
}

const char *api_member(const struct api_row *r)
{
    const char *dot = strpbrk(r->name, ".:");
    return dot ? dot + 1 : r->name;
}

const char *api_need_word(unsigned need)
{
    for (int i = 0; api_needs[i]; i++)
        if (need == 1u << i)
            return api_needs[i];
    return NULL;
}

const char *api_where(unsigned phases)
{
    static const char *const places[] = {
        [API_HANDLER] = "a handler",
        [API_TRANSACTION] = "a transaction",
        [API_HANDLER | API_TRANSACTION] = "a handler or a transaction",
        [API_POLICY] = "a policy",
        [API_HANDLER | API_POLICY] = "a handler or a policy",
        [API_TRANSACTION | API_POLICY] = "a transaction or a policy",
        [API_ANYWHERE] = "a handler, a transaction or a policy"};
    return places[phases];
}

/* --- what is not there --- */

static int elsewhere(lua_State *L, const struct api_row *r)
{
    return luaL_error(L, "kordless.%s may only be used in %s%s%s", r->name,
                      api_where(r->phases), r->elsewhere ? ": " : "",
                      r->elsewhere ? r->elsewhere : "");
}

static int l_elsewhere(lua_State *L)
{
    return elsewhere(L, lua_touserdata(L, lua_upvalueindex(1)));
}

static bool is_outer(const struct api_row *r)
{
    return r->kind != API_CLASS && r->kind != API_GLOBAL && !strpbrk(r->name, ".:");
}

static const char *nearest_outer(const char *name)
{
    const char *known[100] = {NULL};
    size_t n = 0;
    for (const struct api_row *r = api_first(); r; r = api_next(r))
        if (is_outer(r) && n + 1 < sizeof(known) / sizeof(known[0]))
            known[n++] = r->name;
    return nearest(str_of(name), known);
}

/* A name that this state's `kordless` has not: the upvalue is its grant. */
static int l_missing(lua_State *L)
{
    const struct api_grant *g = lua_touserdata(L, lua_upvalueindex(1));
    const char *name = luaL_tolstring(L, 2, NULL);
    const struct api_row *r = api_first();
    while (r && (!is_outer(r) || strcmp(r->name, name) != 0))
        r = api_next(r);
    if (r && !(r->phases & g->phase))
        return elsewhere(L, r);
    if (r)
        return luaL_error(L, "kordless.%s needs needs = {\"%s\"} in %s", name,
                          api_need_word(r->need), g->file);
    const char *known = nearest_outer(name);
    return luaL_error(L, "kordless.%s is not there%s%s%s", name,
                      known ? ": did you mean kordless." : "", known ? known : "",
                      known ? "?" : "");
}

static void set_missing(const struct api_grant *g)
{
    lua_State *L = vm_main(g->vm);
    sandbox_push_kordless(L);
    lua_getmetatable(L, -1);
    lua_pushlightuserdata(L, (void *)(uintptr_t)g);
    lua_pushcclosure(L, l_missing, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
}

/* --- what is --- */

/* With `shared` upvalues from `at` on. */
static void push_function(lua_State *L, const struct api_row *r,
                          const struct api_grant *g, int at, int shared)
{
    if (!(r->phases & g->phase)) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)r);
        lua_pushcclosure(L, l_elsewhere, 1);
        return;
    }
    for (int i = 0; i < shared; i++)
        lua_pushvalue(L, at + i);
    lua_pushcclosure(L, r->call, shared);
}

/* Into the class's table of methods, which its library has made. */
static void set_method(lua_State *L, const struct api_row *r)
{
    char type[64];
    snprintf(type, sizeof(type), "kordless.%.*s", (int)strcspn(r->name, ":"), r->name);
    luaL_getmetatable(L, type);
    lua_getfield(L, -1, "__index");
    lua_pushcfunction(L, r->call);
    lua_setfield(L, -2, api_member(r));
    lua_pop(L, 2);
}

static void open_library(const struct api_grant *g, const struct api_row *library)
{
    lua_State *L = vm_main(g->vm);
    const struct api_row *r;
    int n = 0;
    for (r = library + 1; api_is_member(r, library); r++)
        n += r->kind == API_FUNCTION || r->kind == API_VALUE;
    lua_createtable(L, 0, n);
    int at = lua_gettop(L);
    int shared = library->open ? library->open(L, g) : 0;
    for (r = library + 1; api_is_member(r, library); r++) {
        if (r->kind == API_METHOD)
            set_method(L, r);
        if (r->kind == API_FUNCTION)
            push_function(L, r, g, at + 1, shared);
        else if (r->kind == API_VALUE)
            r->open(L, g);
        else
            continue;
        lua_setfield(L, at, api_member(r));
    }
    lua_settop(L, at);
    vm_set_library(g->vm, library->name);
}

void api_open(const struct api_grant *g)
{
    lua_State *L = vm_main(g->vm);
    for (const struct api_row *r = api_first(); r; r = api_next(r)) {
        bool here = r->phases & g->phase;
        if (!is_outer(r) || (r->need & ~g->needs))
            continue;
        if (r->kind == API_LIBRARY && here) {
            open_library(g, r);
        } else if (r->kind == API_FUNCTION) {
            push_function(L, r, g, 0, 0);
            vm_set_library(g->vm, r->name);
        } else if (r->kind == API_VALUE && here) {
            r->open(L, g);
            vm_set_library(g->vm, r->name);
        }
    }
    set_missing(g);
}

/* --- for errors --- */

const struct api_row *api_running(lua_State *L)
{
    lua_Debug ar;
    if (!lua_getstack(L, 0, &ar) || !lua_getinfo(L, "f", &ar))
        return NULL;
    lua_CFunction f = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    const struct api_row *r = api_first();
    while (r && (!f || r->call != f))
        r = api_next(r);
    return r;
}

int api_only_while(lua_State *L, const char *what)
{
    const struct api_row *r = api_running(L);
    return luaL_error(L, "%s%s may only be used while %s", r ? "kordless." : "this",
                      r ? r->name : "", what);
}
