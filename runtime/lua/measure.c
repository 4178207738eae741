#include "lua/measure.h"

#include <lauxlib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prom.h"
#include "lua/call.h"
#include "lua/fields.h"
#include "lua/lib.h"
#include "lua/nearest.h"

enum { MEASURES_MAX = 32 };

struct measures {
    pthread_mutex_t lock;
    struct measure_cell *first;
};

struct measures *measures_new(void)
{
    struct measures *all = calloc(1, sizeof(*all));
    if (!all || pthread_mutex_init(&all->lock, NULL) != 0)
        abort();
    return all;
}

void measures_free(struct measures *all)
{
    if (!all)
        return;
    while (all->first) {
        struct measure_cell *c = all->first;
        all->first = c->next;
        free(c->name);
        free(c);
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}

/* --- the manifest --- */

static bool is_name(struct str s)
{
    return str_is_word(s) && s.n <= 64;
}

static bool ends_in_total(struct str s)
{
    return s.n > 6 && memcmp(s.p + s.n - 6, "_total", 6) == 0;
}

static struct str name_at_1(struct fields *f)
{
    size_t n = 0;
    const char *p = NULL;
    if (lua_rawgeti(f->L, -1, 1) == LUA_TSTRING)
        p = lua_tolstring(f->L, -1, &n);
    struct str name = p ? arena_str(f->arena, (struct str){p, n}) : STR("");
    lua_pop(f->L, 1);
    return name;
}

/* { "kept_total", type = "counter", help = "Notes that were kept." } */
static void read_one(struct fields *f, struct measure *out)
{
    static const char *const known[] = {"type", "help", NULL};
    static const char *const types[] = {"counter", "gauge", NULL};
    fields_only_behind(f, 1, known);
    out->name = name_at_1(f);
    out->help = fields_str(f, "help", REQUIRED);
    struct str type = fields_str(f, "type", REQUIRED);
    out->type = str_eq(type, STR("gauge")) ? MEASURE_GAUGE : MEASURE_COUNTER;
    if (type.p && !str_eq(type, STR("gauge")) && !str_eq(type, STR("counter")))
        fields_wrong(f, "type", type, "is neither counter nor gauge", types);
    if (!is_name(out->name))
        fields_fault(f, "", "must begin with its name: a-z, 0-9 and _, at most 64");
    else if (ends_in_total(out->name) != (out->type == MEASURE_COUNTER))
        fields_fault(f, "",
                     "'%s': a counter's name ends in _total, and no gauge's does",
                     out->name.p);
}

void measure_read(struct fields *f, struct manifest *out)
{
    if (!fields_enter(f, "metrics", OPTIONAL))
        return;
    int n = fields_n(f);
    if (n > MEASURES_MAX || !fields_is_list(f))
        fields_fault(f, "", "must be a list of at most %d", MEASURES_MAX);
    out->measures = arena_zero(f->arena, sizeof(*out->measures) * (size_t)(n + 1));
    for (int i = 1; i <= n && i <= MEASURES_MAX; i++) {
        if (!fields_item(f, i))
            continue;
        struct measure *m = &out->measures[out->n_measures++];
        read_one(f, m);
        for (int k = 0; k < out->n_measures - 1; k++)
            if (str_eq(out->measures[k].name, m->name))
                fields_fault(f, "", "'%s' stands twice", m->name.p);
        fields_leave(f);
    }
    fields_leave(f);
}

/* --- cells --- */

static struct measure_cell *find(struct measures *all, const char *name)
{
    struct measure_cell *c = all->first;
    while (c && strcmp(c->name, name) != 0)
        c = c->next;
    if (c)
        return c;
    c = calloc(1, sizeof(*c));
    if (!c || !(c->name = strdup(name)))
        abort();
    c->next = all->first;
    all->first = c;
    return c;
}

void measure_bind(struct measures *all, struct manifest *m)
{
    char name[256];
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    for (int i = 0; i < m->n_measures; i++) {
        snprintf(name, sizeof(name), "kordless_plugin_%s_%s", m->name.p,
                 m->measures[i].name.p);
        m->measures[i].cell = find(all, name);
    }
    pthread_mutex_unlock(&all->lock);
}

void measure_put(const struct manifest *m, struct buf *b)
{
    for (int i = 0; i < m->n_measures; i++) {
        const struct measure *one = &m->measures[i];
        if (!one->cell)
            continue;
        prom_head(b, one->cell->name,
                  one->type == MEASURE_GAUGE ? PROM_GAUGE : PROM_COUNTER, one->help.p);
        buf_fmt(b, "%s %lld\n", one->cell->name,
                (long long)atomic_load(&one->cell->value));
    }
}

/* --- kordless.metrics --- */

static const struct measure *measure_at_1(lua_State *L)
{
    const struct manifest *m = &call_of(L)->unit->plugin->manifest;
    const char *known[MEASURES_MAX + 1] = {NULL}, *near;
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    for (int i = 0; i < m->n_measures; i++) {
        if (str_eq(m->measures[i].name, (struct str){name, n}))
            return &m->measures[i];
        known[i] = m->measures[i].name.p;
    }
    near = nearest(str_of(name), known);
    luaL_error(L, "plugin.lua lists no '%s' under metrics%s%s%s", name,
               near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}

int lib_measure_add(lua_State *L)
{
    const struct measure *m = measure_at_1(L);
    lua_Integer n = luaL_optinteger(L, 2, 1);
    luaL_argcheck(L, n >= 0 || m->type == MEASURE_GAUGE, 2, "a counter only grows");
    if (m->cell)
        atomic_fetch_add_explicit(&m->cell->value, n, memory_order_relaxed);
    return 0;
}

int lib_measure_set(lua_State *L)
{
    const struct measure *m = measure_at_1(L);
    lua_Integer v = luaL_checkinteger(L, 2);
    luaL_argcheck(L, m->type == MEASURE_GAUGE, 1, "a counter cannot be set");
    if (m->cell)
        atomic_store_explicit(&m->cell->value, v, memory_order_relaxed);
    return 0;
}
