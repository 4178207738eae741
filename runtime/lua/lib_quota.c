/* kordless.quotas: what limits a key has and from where, and how the keys would fare
 * under another policy. */

#include <string.h>

#include "lua/lib.h"
#include "lua/platform.h"
#include "lua/quota.h"

/* --- one key --- */

static void set_int(lua_State *L, const char *name, int64_t v)
{
    lua_pushinteger(L, v);
    lua_setfield(L, -2, name);
}

static void push_scopes(lua_State *L, const char *name, uint32_t scopes)
{
    int n = 0;
    lua_newtable(L);
    json_mark(L);
    for (uint32_t bit = 1; bit & SCOPE_ALL; bit <<= 1) {
        if (!(scopes & bit))
            continue;
        lua_pushstring(L, scope_name(bit));
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, name);
}

/* Whose number it is: an override that holds, or the policy's, or the server's. */
static void push_from(lua_State *L, const struct quota_class *c,
                      const struct override *o, int w, int64_t wall_ms)
{
    bool over = o && o->limit[w] && (!o->until_ms || wall_ms < o->until_ms);
    lua_pushstring(L, over ? "override" : c->failed ? "default" : "policy");
    lua_setfield(L, -2, "from");
    if (!over && c->failed)
        platform_set_str(L, "reason",
                         STR("quota.lua fails for this key; the log says why, as "
                             "quota_failed"));
    if (!over)
        return;
    lua_pushnil(L);
    lua_setfield(L, -2, "reason");
    platform_set_str(L, "reason", o->reason);
    platform_set_ms(L, "until", o->until_ms);
}

static void push_windows(lua_State *L, struct call *c, struct key *k)
{
    struct limit_rule rule;
    struct limit_verdict v;
    int64_t wall_ms = c->now.wall_ms;
    const struct quota_class *class = quota_terms(c->quota, k, wall_ms, &rule);
    limits_peek(c->host->limits, k->ring, k->org->ring, &rule, &c->now, &v);
    lua_createtable(L, LIMIT_WINDOWS, 0);
    for (int w = 0; w < LIMIT_WINDOWS; w++) {
        const struct limit_state *s = &v.windows[w];
        lua_createtable(L, 0, 8);
        platform_set_str(L, "name", str_of(limit_window_name[w]));
        set_int(L, "limit", s->limit);
        set_int(L, "used", s->used);
        set_int(L, "remaining", s->used < s->limit ? s->limit - s->used : 0);
        set_int(L, "reset_after", (s->reset_ms + 999) / 1000);
        set_int(L, "retry_after", (s->wait_ms + 999) / 1000);
        push_from(L, class, keyring_now(k->limits), w, wall_ms);
        if (w == LIMIT_DAY)
            push_from(L, class, keyring_now(k->org->limits), w, wall_ms);
        lua_rawseti(L, -2, w + 1);
    }
    lua_setfield(L, -2, "limits");
}

int lib_quota_explain(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n;
    const char *id = luaL_checklstring(L, 1, &n);
    struct key *k = keyring_key(c->host->keyring, (struct str){id, n});
    if (!k) {
        lua_pushnil(L);
        return 1;
    }
    const struct quota_class *class = quota_class(c->quota, k);
    lua_createtable(L, 0, 8);
    push_windows(L, c, k);
    platform_set_str(L, "mode", str_of(quota_mode_name(class->mode)));
    platform_set_str(L, "hash", str_of(quota_hash(c->quota)));
    set_int(L, "over", (int64_t)atomic_load(&class->over));
    push_scopes(L, "scopes", keyring_now(k->scopes) & class->scopes);
    push_scopes(L, "withheld", keyring_now(k->scopes) & ~class->scopes);
    buf_clear(&c->result);
    buf_char(&c->result, '{');
    quota_put_inputs(c->quota, k, &c->result);
    buf_char(&c->result, '}');
    platform_set_json(L, "reads", buf_slice(&c->result));
    return 1;
}

/* --- all keys --- */

struct trial {
    struct platform_write p; /* first */
    struct quota *live;
    struct keyring *ring;
    struct str source;
    char hash[17];
    struct quota_change change;
    struct buf faults;
};

static void free_trial(struct call_write *cw)
{
    buf_end(&((struct trial *)cw)->faults);
    platform_write_free(cw);
}

static int try_source(struct platform_write *w, struct db *db)
{
    struct trial *t = (struct trial *)w;
    (void)db;
    return quota_try(t->live, t->source, t->ring, t->p.now_ms, &t->p.arena, &t->change,
                     t->hash, &t->faults);
}

static void push_rule(lua_State *L, const char *name, const struct limit_rule *r,
                      enum quota_mode mode)
{
    lua_createtable(L, 0, 4);
    for (int w = 0; w < LIMIT_WINDOWS; w++)
        set_int(L, override_names[w], r->limit[w]);
    platform_set_str(L, "mode", str_of(quota_mode_name(mode)));
    lua_setfield(L, -2, name);
}

static void push_listed(lua_State *L, const struct quota_listed *l)
{
    lua_createtable(L, 0, 10);
    platform_set_str(L, "id", str_of(l->key->id));
    platform_set_str(L, "label", keyring_label(l->key));
    platform_set_str(L, "last4", str_of(l->key->last4));
    platform_set_str(L, "organization", l->key->org->slug);
    platform_set_str(L, "becomes", str_of(l->tighter ? "tighter" : "looser"));
    push_rule(L, "from", &l->from, l->mode_from);
    push_rule(L, "to", &l->to, l->mode_to);
    push_scopes(L, "withheld", l->lost);
    set_int(L, "dearer", l->dearer);
    set_int(L, "cheaper", l->cheaper);
}

static void push_costs(lua_State *L, const struct quota_change *c)
{
    lua_createtable(L, c->n_costs, 0);
    json_mark(L);
    for (int i = 0; i < c->n_costs; i++) {
        lua_createtable(L, 0, 3);
        platform_set_str(L, "route", c->costs[i].label);
        set_int(L, "from", c->costs[i].from);
        set_int(L, "to", c->costs[i].to);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "costs");
}

static int tried(struct call_write *cw, lua_State *L, int *n)
{
    struct trial *t = (struct trial *)cw;
    if (cw->w.result == ERR_INVALID) {
        lua_pushnil(L);
        lua_pushlstring(L, t->faults.p, t->faults.n);
        *n = 2;
        return 0;
    }
    if (cw->w.result)
        return platform_failed(&t->p, L);
    lua_createtable(L, 0, 6);
    push_costs(L, &t->change);
    platform_set_str(L, "hash", str_of(t->hash));
    set_int(L, "keys", (int64_t)t->change.keys);
    set_int(L, "tighter", (int64_t)t->change.tighter);
    set_int(L, "looser", (int64_t)t->change.looser);
    lua_createtable(L, t->change.n_listed, 0);
    json_mark(L);
    for (int i = 0; i < t->change.n_listed; i++) {
        push_listed(L, &t->change.listed[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "first");
    *n = 1;
    return 0;
}

/* A million keys take a second: not on the worker. */
int lib_quota_diff(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n;
    const char *source = luaL_checklstring(L, 1, &n);
    struct trial *t = platform_write_new(c, sizeof(*t), try_source, tried);
    t->p.cw.free = free_trial;
    t->p.cw.aside = true;
    t->live = c->quota;
    t->ring = c->host->keyring;
    t->source = arena_str(c->arena, (struct str){source, n});
    return call_wait(L, &t->p.cw);
}
