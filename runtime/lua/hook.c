#include "lua/hook.h"

#include <lauxlib.h>
#include <string.h>

#include "lua/data.h"
#include "lua/fields.h"
#include "lua/nearest.h"

enum { EVENTS_MAX = 32, HOOKS_MAX = 64, EMITTED_MAX = 64 * 1024 };

/* --- the manifest --- */

static void read_events(struct fields *f, struct manifest *m)
{
    struct str names[EVENTS_MAX];
    char key[24];
    m->n_events = fields_list(f, "events", names, EVENTS_MAX);
    m->events = arena_zero(f->arena, sizeof(struct str) * (size_t)(m->n_events + 1));
    memcpy(m->events, names, sizeof(struct str) * (size_t)m->n_events);
    for (int i = 0; i < m->n_events; i++) {
        snprintf(key, sizeof(key), "events[%d]", i + 1);
        if (!str_is_word(names[i]))
            fields_fault(f, key, "must be a word of a-z, 0-9 and _");
    }
}

/* hooks = { ["bookings.created"] = "on_created" } */
static void read_hooks(struct fields *f, struct manifest *m)
{
    m->hooks = arena_zero(f->arena, sizeof(*m->hooks) * HOOKS_MAX);
    if (!fields_enter(f, "hooks", OPTIONAL))
        return;
    lua_pushnil(f->L);
    while (lua_next(f->L, -2)) {
        size_t n = 0, nv = 0;
        const char *event =
            lua_type(f->L, -2) == LUA_TSTRING ? lua_tolstring(f->L, -2, &n) : NULL;
        const char *handler =
            lua_type(f->L, -1) == LUA_TSTRING ? lua_tolstring(f->L, -1, &nv) : NULL;
        if (!event || !handler || m->n_hooks == HOOKS_MAX)
            fields_fault(
                f, event ? event : "",
                "must be [\"plugin.event\"] = \"function of handlers.lua\", %d "
                "at most",
                HOOKS_MAX);
        else
            m->hooks[m->n_hooks++] =
                (struct hook){arena_str(f->arena, (struct str){event, n}),
                              arena_str(f->arena, (struct str){handler, nv})};
        lua_pop(f->L, 1);
    }
    fields_leave(f);
}

void hook_read(struct fields *f, struct manifest *out)
{
    read_events(f, out);
    read_hooks(f, out);
}

/* --- who hears whom --- */

static int event_index(const struct manifest *m, struct str name)
{
    for (int i = 0; i < m->n_events; i++)
        if (str_eq(m->events[i], name))
            return i;
    return -1;
}

/* False: there is no such event. */
static bool mark(struct plugin *plugins, int n, struct str event)
{
    struct str owner, name;
    if (!str_cut(event, '.', &owner, &name))
        return false;
    for (int i = 0; i < n; i++) {
        struct plugin *p = &plugins[i];
        int at = str_eq(p->folder.name, owner) ? event_index(&p->manifest, name) : -1;
        if (at >= 0)
            p->heard |= 1ul << at;
        if (at >= 0 || (str_eq(p->folder.name, owner) && p->faulty))
            return true; /* of a faulty one nothing is known */
    }
    return false;
}

static void no_event(struct arena *a, const struct plugin *plugins, int n,
                     const struct plugin *p, const struct hook *h, struct buf *faults)
{
    enum { KNOWN_MAX = 256 };
    const char *known[KNOWN_MAX + 1] = {NULL}, *near;
    char key[96];
    int k = 0;
    for (int i = 0; i < n; i++)
        for (int e = 0; e < plugins[i].manifest.n_events && k < KNOWN_MAX; e++)
            known[k++] = arena_fmt(a, "%s.%s", plugins[i].folder.name.p,
                                   plugins[i].manifest.events[e].p)
                             .p;
    near = nearest(h->event, known);
    snprintf(key, sizeof(key), "hooks.%s", h->event.p);
    manifest_fault(&p->folder, faults, key, "no plugin has this event%s%s%s",
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int hook_bind(struct arena *a, struct plugin *plugins, int n, struct buf *faults)
{
    int err = 0;
    for (int i = 0; i < n; i++) {
        const struct manifest *m = &plugins[i].manifest;
        for (int h = 0; h < m->n_hooks && !plugins[i].faulty; h++) {
            if (mark(plugins, n, m->hooks[h].event))
                continue;
            no_event(a, plugins, n, &plugins[i], &m->hooks[h], faults);
            err = ERR_INVALID;
        }
    }
    return err;
}

/* --- in a transaction --- */

static int unknown_event(lua_State *L, const struct manifest *m, const char *name)
{
    const char *known[EVENTS_MAX + 1] = {NULL}, *near;
    for (int i = 0; i < m->n_events; i++)
        known[i] = m->events[i].p;
    near = nearest(str_of(name), known);
    return luaL_error(L, "emit: plugin.lua lists no event '%s' under events%s%s%s",
                      name, near ? "; did you mean '" : "", near ? near : "",
                      near ? "'?" : "");
}

static void put_length(struct buf *b, size_t n)
{
    uint32_t v = (uint32_t)n;
    buf_add(b, &v, sizeof(v));
}

/* One event: the index of its name, the length of the data, the data. */
int hook_emit(lua_State *L)
{
    struct tx *t = tx_of(L);
    const struct plugin *p = t->unit->plugin;
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    int at = event_index(&p->manifest, (struct str){name, n});
    if (at < 0)
        return unknown_event(L, &p->manifest, name);
    lua_settop(L, 2);
    lua_createtable(L, 0, 2);
    lua_pushfstring(L, "%s.%s", p->manifest.name.p, name);
    lua_setfield(L, 3, "event");
    lua_pushvalue(L, 2);
    lua_setfield(L, 3, "data");
    buf_clear(&t->scratch);
    buf_clear(&t->why);
    if (data_pack(L, 3, DATA_MAX, &t->scratch, &t->why)) {
        lua_pushlstring(L, t->why.p, t->why.n);
        buf_clear(&t->why);
        return luaL_error(L, "emit: %s", lua_tostring(L, -1));
    }
    if (!(p->heard & 1ul << at))
        return 0;
    if (t->events.n + t->scratch.n > EMITTED_MAX)
        return luaL_error(L, "emit: the events of a transaction have more than 64 KiB");
    put_length(&t->events, (size_t)at);
    put_length(&t->events, t->scratch.n);
    buf_str(&t->events, buf_slice(&t->scratch));
    return 0;
}

/* --- after it --- */

static uint32_t take_length(struct str *rest)
{
    uint32_t v;
    memcpy(&v, rest->p, sizeof(v));
    *rest = (struct str){rest->p + sizeof(v), rest->n - sizeof(v)};
    return v;
}

void hook_tell(struct call *c, const struct tx *t)
{
    const struct plugin *p = t->unit->plugin;
    struct str rest = buf_slice(&t->events);
    while (rest.n && c->host->emit) {
        uint32_t at = take_length(&rest), n = take_length(&rest);
        struct str event =
            arena_fmt(c->arena, "%s.%s", p->manifest.name.p, p->manifest.events[at].p);
        c->host->emit(c->host->ctx, event, (struct str){rest.p, n});
        rest = (struct str){rest.p + n, rest.n - n};
    }
}
