#include "lua/trail.h"

#include <string.h>

enum { LOCALS_LOOKED_AT = 100 };

/* What stands at [1] of the table on top, by its address; NULL for nil and false. */
static const void *first_of(lua_State *L)
{
    static const char plain; /* true, or a number */
    const void *first = NULL;
    lua_rawgeti(L, -1, 1);
    if (lua_toboolean(L, -1)) {
        first = lua_topointer(L, -1);
        first = first ? first : &plain;
    }
    lua_pop(L, 1);
    return first;
}

/* The note of a table; `fresh`: a new one, the oldest's place if there is no other. */
static struct trail_note *note_of(struct trail *t, const void *table, bool fresh)
{
    int n = t->n_notes < TRAIL_NOTES ? t->n_notes : TRAIL_NOTES;
    for (int i = 0; i < n; i++)
        if (t->notes[i].table == table)
            return &t->notes[i];
    return fresh ? &t->notes[t->n_notes++ % TRAIL_NOTES] : NULL;
}

/* The table on top was seen after the line that ran last. */
static void note_table(struct trail *t, lua_State *L)
{
    const void *first = first_of(L), *table = lua_topointer(L, -1);
    struct trail_note *known = note_of(t, table, first != NULL);
    if (known && (known->table != table || known->first != first))
        *known = (struct trail_note){table, first, t->last_source, t->last_line};
}

static void note_locals(struct trail *t, lua_State *L, lua_Debug *ar)
{
    for (int i = 1; i <= LOCALS_LOOKED_AT && lua_getlocal(L, ar, i); i++) {
        if (lua_istable(L, -1))
            note_table(t, L);
        lua_pop(L, 1);
    }
}

static void decides(struct trail *t, const char *source, int line)
{
    t->source = source;
    t->line = line;
}

static bool is_empty(lua_State *L)
{
    lua_pushnil(L);
    if (!lua_next(L, -2))
        return true;
    lua_pop(L, 2);
    return false;
}

/* The value that a function returns is on top. */
static void judge(struct trail *t, lua_State *L, const lua_Debug *ar)
{
    bool table = lua_istable(L, -1);
    const void *first = table ? first_of(L) : NULL;
    const struct trail_note *known =
        first ? note_of(t, lua_topointer(L, -1), false) : NULL;
    if (known && known->first == first)
        decides(t, known->source, known->line);
    else if (table ? !is_empty(L) : lua_toboolean(L, -1))
        decides(t, t->last_source, t->last_line);
    else
        decides(t, ar->source, ar->linedefined);
}

static void on_return(struct trail *t, lua_State *L, lua_Debug *ar)
{
    lua_getinfo(L, "Sr", ar);
    if (strcmp(ar->what, "Lua") != 0)
        return;
    note_locals(t, L, ar);
    if (ar->ntransfer == 0 || !lua_getlocal(L, ar, ar->ftransfer))
        lua_pushnil(L);
    judge(t, L, ar);
    lua_pop(L, 1);
}

static void on_event(lua_State *L, lua_Debug *ar, void *ctx)
{
    struct trail *t = ctx;
    if (ar->event == LUA_HOOKRET) {
        on_return(t, L, ar);
    } else if (ar->event == LUA_HOOKLINE) {
        note_locals(t, L, ar);
        lua_getinfo(L, "S", ar);
        t->last_source = ar->source;
        t->last_line = ar->currentline;
    }
}

void trail_begin(struct trail *t, struct vm *vm)
{
    memset(t, 0, sizeof(*t));
    vm_watch(vm, on_event, t);
}

void trail_end(struct vm *vm)
{
    vm_watch(vm, NULL, NULL);
}
