#include "lua/entry.h"

#include <lauxlib.h>

struct visit {
    const struct entry *entry;
    int err;
};

static int l_visit(lua_State *L)
{
    struct visit *v = lua_touserdata(L, 2);
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "%s: must return a table", v->entry->source->name.p);
    v->err = v->entry->look(L, v->entry->ctx);
    return 0;
}

void entry_fault(struct buf *faults, struct str why)
{
    for (size_t i = 0; i < why.n; i++) {
        if (why.p[i] != '\n')
            buf_char(faults, why.p[i]);
        else if (i + 1 < why.n)
            buf_lit(faults, " |");
    }
    buf_char(faults, '\n');
}

static int load(struct vm *vm, const struct source *s, bool bare, struct buf *faults)
{
    struct buf why;
    buf_init(&why);
    int err = vm_load(vm, s->text, s->name.p, bare, &why);
    if (err && !str_starts(buf_slice(&why), s->name))
        buf_fmt(faults, "%s: ", s->name.p); /* bytecode, or a name too long for Lua */
    if (err)
        entry_fault(faults, buf_slice(&why));
    buf_end(&why);
    return err;
}

int entry_run(struct vm *vm, const struct entry *e, struct buf *faults)
{
    struct budget budget = {e->instructions, 0};
    struct visit v = {.entry = e};
    struct buf why;
    int n;
    if (e->source->broken || load(vm, e->source, e->bare, faults))
        return ERR_INVALID;
    lua_State *L = vm_main(vm);
    lua_pushcfunction(L, l_visit);
    lua_insert(L, -2);
    lua_pushlightuserdata(L, &v);
    buf_init(&why);
    if (vm_run(vm, L, 2, &budget, &n, &why) != VM_DONE) {
        entry_fault(faults, buf_slice(&why));
        v.err = ERR_INVALID;
    }
    buf_end(&why);
    return v.err;
}

/* Its name is at -2, the message at -1. */
static void add_broken(lua_State *L, const char *file, struct buf *faults)
{
    size_t n;
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    const char *why = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    buf_fmt(faults, "%s: tests: '%s': ", file, name);
    entry_fault(faults, why ? (struct str){why, n} : STR("it failed"));
}

int entry_tests(lua_State *L, const char *file, struct buf *faults)
{
    int err = 0;
    lua_pushliteral(L, "tests");
    int type = lua_rawget(L, -2);
    bool any = type == LUA_TTABLE;
    if (!any && type != LUA_TNIL) {
        buf_fmt(faults, "%s: tests: must be a table of functions\n", file);
        err = ERR_INVALID;
    }
    if (any)
        lua_pushnil(L);
    while (any && lua_next(L, -2)) {
        if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
            add_broken(L, file, faults);
            lua_pop(L, 1);
            err = ERR_INVALID;
            any = vm_budget(L)->instructions >= 0; /* else no other can run */
            if (!any)
                lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return err;
}

int entry_check(struct vm *vm, struct source *s, struct buf *faults)
{
    s->broken = load(vm, s, true, faults) != 0;
    if (s->broken)
        return ERR_INVALID;
    lua_pop(vm_main(vm), 1);
    return 0;
}
