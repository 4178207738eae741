#include "lua/promise.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "lua/entry.h"
#include "lua/unit.h"

enum { PROMISES_MAX = 1000, BUDGET_OF_FILE = 1000000 };

struct script { /* each in a state of its own, as quota.lua is */
    const char *file;
    struct unit *unit;
    struct budget budget; /* of all its tests together, as when it goes live */
    struct buf faults;    /* it cannot even be read */
};

struct entry_of {
    struct promise told;
    struct script *script;
    int ref;
};

struct promises {
    struct arena arena;
    struct script *scripts;
    int n_scripts, n;
    struct entry_of all[PROMISES_MAX];
};

struct look {
    struct promises *p;
    struct script *script;
};

static void add(struct promises *p, struct script *s, const char *name, int line,
                int ref)
{
    if (p->n == PROMISES_MAX)
        return;
    const char *kept = arena_cstr(&p->arena, str_of(name));
    p->all[p->n++] = (struct entry_of){{s->file, kept, line}, s, ref};
}

/* With the table on top. What is no function is a promise too: a broken one. */
static int look(lua_State *L, void *ctx)
{
    const struct look *l = ctx;
    lua_Debug ar;
    lua_pushliteral(L, "tests");
    bool any = lua_rawget(L, -2) == LUA_TTABLE;
    if (any)
        lua_pushnil(L);
    while (any && lua_next(L, -2)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        ar.linedefined = 1;
        if (lua_isfunction(L, -1)) {
            lua_pushvalue(L, -1);
            lua_getinfo(L, ">S", &ar);
        }
        int line = ar.linedefined > 0 ? ar.linedefined : 1;
        add(l->p, l->script, name, line, luaL_ref(L, LUA_REGISTRYINDEX));
    }
    lua_pop(L, 2);
    return 0;
}

static int by_line(const void *a, const void *b)
{
    const struct entry_of *x = a, *y = b;
    if (x->script != y->script)
        return x->script < y->script ? -1 : 1;
    return x->told.line != y->told.line ? (x->told.line < y->told.line ? -1 : 1)
                                        : strcmp(x->told.name, y->told.name);
}

static int line_of_fault(struct str fault)
{
    struct str part, rest = fault;
    uint64_t line;
    while (str_cut(rest, ':', &part, &rest))
        if (!str_u64(part, 1000000, &line) && line > 0)
            return (int)line;
    return 1;
}

static void load(struct promises *p, struct script *s, const struct folder *scripts,
                 const struct source *file, struct zones *zones)
{
    const struct unit_options o = {
        .role = UNIT_POLICY, .scripts = scripts, .zones = zones};
    struct look l = {p, s};
    struct entry e = {
        .source = file, .instructions = BUDGET_OF_FILE, .look = look, .ctx = &l};
    s->file = arena_cstr(&p->arena, file->name);
    s->budget = (struct budget){BUDGET_OF_FILE, 0};
    buf_init(&s->faults);
    int err = unit_new(&s->unit, &o, &s->faults);
    if (!err)
        err = entry_run(s->unit->vm, &e, &s->faults);
    if (err)
        add(p, s, "can be read", line_of_fault(buf_slice(&s->faults)), LUA_NOREF);
}

struct promises *promises_new(const struct folder *scripts, struct zones *zones)
{
    struct promises *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    arena_init(&p->arena);
    p->scripts =
        arena_zero(&p->arena, sizeof(*p->scripts) * ((size_t)scripts->n_files + 1));
    for (int i = 0; i < scripts->n_files; i++)
        if (!str_eq(scripts->files[i].module, STR("kordless")))
            load(p, &p->scripts[p->n_scripts++], scripts, &scripts->files[i], zones);
    qsort(p->all, (size_t)p->n, sizeof(p->all[0]), by_line);
    return p;
}

void promises_free(struct promises *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->n_scripts; i++) {
        unit_free(p->scripts[i].unit);
        buf_end(&p->scripts[i].faults);
    }
    arena_end(&p->arena);
    free(p);
}

int promises_count(const struct promises *p)
{
    return p ? p->n : 0;
}

struct promise promises_at(const struct promises *p, int i)
{
    return p->all[i].told;
}

static int l_try(lua_State *L)
{
    const struct entry_of *e = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->ref);
    lua_call(L, 0, 0);
    return 0;
}

int promises_try(struct promises *p, int i, struct buf *why)
{
    struct entry_of *e = &p->all[i];
    struct script *s = e->script;
    int n;
    if (e->ref == LUA_NOREF) {
        buf_str(why, buf_slice(&s->faults));
        while (why->n && why->p[why->n - 1] == '\n')
            why->n--;
        return ERR_INVALID;
    }
    if (s->budget.instructions < 0) /* another's fault, which has been told */
        s->budget.instructions = BUDGET_OF_FILE;
    lua_State *co = vm_thread(s->unit->vm);
    lua_pushcfunction(co, l_try);
    lua_pushlightuserdata(co, e);
    enum vm_end end = vm_run(s->unit->vm, co, 1, &s->budget, &n, why);
    vm_thread_end(s->unit->vm, co, end != VM_DONE);
    return end == VM_DONE ? 0 : ERR_INVALID;
}
