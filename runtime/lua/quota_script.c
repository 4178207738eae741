#include "lua/quota_inside.h"

#include <lauxlib.h>
#include <string.h>

#include "base/date.h"
#include "guard/tags.h"
#include "lua/entry.h"
#include "lua/lib.h"
#include "lua/nearest.h"

#define INPUT_NAMES "plan environment label metadata created_day tags"

enum { READS_MAX = 8, LIMIT_MOST = 1000000, COST_MOST = 1000 };

const char *const quota_input_names[INPUTS] = {"plan",     "environment", "label",
                                               "metadata", "created_day", "tags"};
static const char *const limit_names[LIMIT_WINDOWS] = {"per_minute", "per_hour",
                                                       "per_day"};
static const char *const mode_names[] = {"enforce", "shadow", "warn"};

const char *quota_mode_name(enum quota_mode m)
{
    return mode_names[m];
}

/* --- what it reads --- */

struct str quota_input(const struct key *k, enum quota_input i, char scratch[32])
{
    switch (i) {
    case INPUT_PLAN:
        return keyring_plan(k->org);
    case INPUT_LABEL:
        return keyring_label(k);
    case INPUT_METADATA:
        return keyring_text(keyring_now(k->org->metadata));
    case INPUT_CREATED_DAY:
        time_format(k->created_ms / 1000, scratch);
        return (struct str){scratch, sizeof("2026-03-08") - 1};
    case INPUT_TAGS:
        return keyring_tags(k);
    case INPUT_ENVIRONMENT:
    case INPUTS:
        break;
    }
    return k->environment == ENV_NONE ? STR("")
                                      : str_of(environment_name(k->environment));
}

static void push_metadata(lua_State *L, struct str json)
{
    struct buf why = {0};
    if (json_decode(L, json, &why)) /* our own text: it is JSON */
        lua_newtable(L);
    buf_end(&why);
}

/* A set: key.tags.partner is true, or nothing. */
static void push_tags(lua_State *L, struct str tags)
{
    struct str word;
    lua_newtable(L);
    while (tags_next(&tags, &word)) {
        lua_pushlstring(L, word.p, word.n);
        lua_pushboolean(L, true);
        lua_rawset(L, -3);
    }
}

static void push_input(lua_State *L, enum quota_input i, struct str v)
{
    if (i == INPUT_METADATA)
        push_metadata(L, v.n ? v : STR("{}"));
    else if (i == INPUT_TAGS)
        push_tags(L, v);
    else
        lua_pushlstring(L, v.p, v.n);
}

static int input_of(const char *name)
{
    int i = 0;
    while (i < INPUTS && !(name && strcmp(name, quota_input_names[i]) == 0))
        i++;
    return i;
}

/* Asked of what is not there: where `reads` does not name it, it would be missing of
 * every key, and nobody would know. */
static int l_not_read(lua_State *L)
{
    const struct quota *q = lua_touserdata(L, lua_upvalueindex(1));
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
    int i = input_of(name);
    if (i == INPUTS)
        return luaL_error(L, "a key has no '%s' here; it has " INPUT_NAMES,
                          name ? name : luaL_typename(L, 2));
    if (!(q->reads & 1u << i))
        return luaL_error(L, "key.%s is read, and 'reads' does not name it", name);
    return 0;
}

static void push_inputs(lua_State *L, struct quota *q, const struct key *k)
{
    char scratch[32];
    lua_createtable(L, 0, INPUTS);
    lua_createtable(L, 0, 2);
    lua_pushlightuserdata(L, q);
    lua_pushcclosure(L, l_not_read, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    for (int i = 0; i < INPUTS; i++) {
        struct str v = quota_input(k, (enum quota_input)i, scratch);
        bool table = i == INPUT_METADATA || i == INPUT_TAGS;
        if (!(q->reads & 1u << i) || (v.n == 0 && !table))
            continue;
        push_input(L, (enum quota_input)i, v);
        lua_setfield(L, -2, quota_input_names[i]);
    }
}

/* --- what it answers --- */

struct asking {
    struct quota *q;
    const struct key *key;
    struct quota_class made;
};

static uint32_t limit_at(lua_State *L, const char *name)
{
    int exact;
    lua_pushstring(L, name);
    int type = lua_rawget(L, -2);
    if (type == LUA_TNIL)
        luaL_error(L, "limits returned no '%s'", name);
    lua_Integer v = lua_tointegerx(L, -1, &exact);
    if (type != LUA_TNUMBER || !exact || v < 1 || v > LIMIT_MOST)
        luaL_error(L, "limits: '%s' must be a whole number from 1 to 1000000", name);
    lua_pop(L, 1);
    return (uint32_t)v;
}

static bool mode_of(const char *name, enum quota_mode *out)
{
    for (int m = QUOTA_ENFORCE; name && m <= QUOTA_WARN; m++)
        if (strcmp(name, mode_names[m]) == 0) {
            *out = (enum quota_mode)m;
            return true;
        }
    return false;
}

static void read_mode(lua_State *L, struct asking *a)
{
    lua_pushliteral(L, "mode");
    a->made.mode = a->q->mode;
    if (lua_rawget(L, -2) != LUA_TNIL &&
        !mode_of(lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL,
                 &a->made.mode))
        luaL_error(L, "limits: 'mode' must be enforce, shadow or warn");
    lua_pop(L, 1);
}

static uint32_t reading_scopes(void)
{
    uint32_t out = 0;
    for (uint32_t bit = 1; bit & SCOPE_ALL; bit <<= 1) {
        struct str name = str_of(scope_name(bit)), kind, what;
        if (str_cut(name, ':', &kind, &what) && str_eq(what, STR("read")))
            out |= bit;
    }
    return out;
}

static uint32_t listed_scopes(lua_State *L)
{
    uint32_t out = 0;
    if (lua_type(L, -1) != LUA_TTABLE)
        luaL_error(L, "limits: 'scopes' must be a list of scopes");
    for (int i = 1; i <= (int)lua_rawlen(L, -1); i++) {
        int type = lua_rawgeti(L, -1, i);
        uint32_t bit = type == LUA_TSTRING ? scope_bit(str_of(lua_tostring(L, -1))) : 0;
        if (!bit)
            luaL_error(L, "limits: 'scopes' must be a list of scopes; '%s' is none",
                       type == LUA_TSTRING ? lua_tostring(L, -1)
                                           : luaL_typename(L, -1));
        out |= bit;
        lua_pop(L, 1);
    }
    return out;
}

static void read_scopes(lua_State *L, struct asking *a)
{
    a->made.scopes = SCOPE_ALL;
    lua_pushliteral(L, "read_only");
    int type = lua_rawget(L, -2);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN)
        luaL_error(L, "limits: 'read_only' must be true or false");
    if (lua_toboolean(L, -1))
        a->made.scopes = reading_scopes();
    lua_pop(L, 1);
    lua_pushliteral(L, "scopes");
    if (lua_rawget(L, -2) != LUA_TNIL)
        a->made.scopes &= listed_scopes(L);
    lua_pop(L, 1);
}

/* A rule that is misspelled would be no rule, and nobody would know. */
static void check_names(lua_State *L)
{
    static const char *const known[] = {"per_minute", "per_hour", "per_day", "mode",
                                        "read_only",  "scopes",   NULL};
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        bool found = false;
        for (int i = 0; name && known[i]; i++)
            found = found || strcmp(name, known[i]) == 0;
        if (!found) {
            const char *near = name ? nearest(str_of(name), known) : NULL;
            luaL_error(L, "limits returned '%s', which is not known here%s%s%s",
                       name ? name : luaL_typename(L, -2),
                       near ? "; did you mean '" : "", near ? near : "",
                       near ? "'?" : "");
        }
        lua_pop(L, 1);
    }
}

static int l_ask(lua_State *L)
{
    struct asking *a = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->q->table_ref);
    lua_pushliteral(L, "limits");
    if (lua_rawget(L, -2) != LUA_TFUNCTION)
        return luaL_error(L, "quota.lua has no function 'limits'");
    push_inputs(L, a->q, a->key);
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "limits must return a table");
    for (int w = 0; w < LIMIT_WINDOWS; w++)
        a->made.rule.limit[w] = limit_at(L, limit_names[w]);
    read_mode(L, a);
    read_scopes(L, a);
    check_names(L);
    return 0;
}

static bool run(struct quota *q, lua_CFunction f, void *ctx, struct buf *why)
{
    struct budget budget = {BUDGET_TRANSACTION, 0};
    int n;
    lua_State *co = vm_thread(q->unit->vm);
    lua_pushcfunction(co, f);
    lua_pushlightuserdata(co, ctx);
    enum vm_end end = vm_run(q->unit->vm, co, 1, &budget, &n, why);
    vm_thread_end(q->unit->vm, co, end != VM_DONE);
    return end == VM_DONE;
}

bool quota_script_ask(struct quota *q, const struct key *k, struct quota_class *out,
                      struct buf *why)
{
    struct asking a = {.q = q, .key = k};
    if (!run(q, l_ask, &a, why))
        return false;
    *out = a.made;
    return true;
}

/* --- what a request costs --- */

struct costing {
    struct quota *q;
    struct quota_route *route; /* the one at hand */
    int n;                     /* of all, from `route` on, in check_routes */
};

static void push_route(lua_State *L, const struct quota_route *r)
{
    const struct {
        const char *name;
        struct str v;
    } members[] = {{"method", r->method},
                   {"path", r->path},
                   {"plugin", r->plugin},
                   {"scope", r->scope}};
    lua_createtable(L, 0, 4);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (members[i].v.n == 0)
            continue;
        lua_pushlstring(L, members[i].v.p, members[i].v.n);
        lua_setfield(L, -2, members[i].name);
    }
}

static void push_cost_table(lua_State *L, const struct quota *q)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, q->table_ref);
    lua_pushliteral(L, "cost");
    lua_rawget(L, -2);
}

static int l_cost(lua_State *L)
{
    struct costing *c = lua_touserdata(L, 1);
    int exact = 1;
    push_cost_table(L, c->q);
    if (lua_isfunction(L, -1)) {
        push_route(L, c->route);
        lua_call(L, 1, 1);
    } else if (lua_istable(L, -1)) {
        lua_pushlstring(L, c->route->label.p, c->route->label.n);
        lua_rawget(L, -2);
    } else if (!lua_isnil(L, -1)) {
        return luaL_error(L, "must be a table of routes or a function of one");
    }
    lua_Integer v = lua_isnil(L, -1) ? 1 : lua_tointegerx(L, -1, &exact);
    if (!exact || v < 1 || v > COST_MOST)
        return luaL_error(L, "'%s' must be a whole number from 1 to 1000",
                          c->route->label.p);
    c->route->cost = (uint32_t)v;
    return 0;
}

/* A route that is not there would cost what nobody sees. */
static int l_names(lua_State *L)
{
    struct costing *c = lua_touserdata(L, 1);
    push_cost_table(L, c->q);
    if (!lua_istable(L, -1))
        return 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        size_t n = 0;
        const char *name =
            lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &n) : "";
        bool found = false;
        for (int i = 0; i < c->n; i++)
            found = found || str_eq(c->route[i].label, (struct str){name, n});
        if (!found)
            return luaL_error(L, "'%s' is no route of this server; write \"GET /path\"",
                              name);
        lua_pop(L, 1);
    }
    return 0;
}

int quota_costs(struct quota *q, struct quota_route *routes, int n, struct buf *faults)
{
    struct buf why;
    bool ok = true;
    q->routes = routes;
    q->n_routes = n;
    buf_init(&why);
    pthread_mutex_lock(&q->lock);
    for (int i = 0; i < n && ok; i++)
        ok = run(q, l_cost, &(struct costing){.q = q, .route = &routes[i]}, &why);
    if (ok)
        ok = run(q, l_names, &(struct costing){.q = q, .route = routes, .n = n}, &why);
    pthread_mutex_unlock(&q->lock);
    if (!ok) {
        buf_fmt(faults, "%s: cost: ", q->file);
        entry_fault(faults, buf_slice(&why));
    }
    buf_end(&why);
    return ok ? 0 : ERR_INVALID;
}

/* --- the file --- */

struct look {
    struct quota *q;
    struct buf *faults;
};

static int read_input(struct look *l, const char *name)
{
    int i = input_of(name);
    if (i < INPUTS) {
        l->q->reads |= 1u << i;
        return 0;
    }
    buf_fmt(l->faults, "%s: reads: '%s' is none of " INPUT_NAMES "\n", l->q->file,
            name ? name : "(no string)");
    return ERR_INVALID;
}

static int read_reads(lua_State *L, struct look *l)
{
    int err = 0, n = 0;
    lua_pushliteral(L, "reads");
    int type = lua_rawget(L, -2);
    if (type == LUA_TTABLE)
        n = (int)lua_rawlen(L, -1);
    if (type != LUA_TNIL &&
        (type != LUA_TTABLE || !json_only_positions(L, lua_gettop(L), n))) {
        buf_fmt(l->faults, "%s: reads: must be a list\n", l->q->file);
        err = ERR_INVALID;
    } else if (n > READS_MAX) {
        buf_fmt(l->faults, "%s: reads: has more than %d names\n", l->q->file,
                READS_MAX);
        err = ERR_INVALID;
    }
    for (int i = 1; i <= n && i <= READS_MAX; i++) {
        int t = lua_rawgeti(L, -1, i);
        int e = read_input(l, t == LUA_TSTRING ? lua_tostring(L, -1) : NULL);
        err = err ? err : e;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return err;
}

static int read_file_mode(lua_State *L, struct look *l)
{
    lua_pushliteral(L, "mode");
    int type = lua_rawget(L, -2);
    bool ok = type == LUA_TNIL ||
              mode_of(type == LUA_TSTRING ? lua_tostring(L, -1) : NULL, &l->q->mode);
    if (!ok)
        buf_fmt(l->faults, "%s: mode: must be enforce, shadow or warn\n", l->q->file);
    lua_pop(L, 1);
    return ok ? 0 : ERR_INVALID;
}

/* A helper may stand there, too; what is a letter away from a name of ours is none. */
static int check_words(lua_State *L, struct look *l)
{
    static const char *const ours[] = {"reads", "mode", "cost", "limits", "tests"};
    int err = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        const char *meant = NULL;
        for (size_t i = 0; name && i < sizeof(ours) / sizeof(ours[0]); i++) {
            int far = nearest_distance(str_of(name), str_of(ours[i]), 1);
            meant = far == 1 ? ours[i] : meant;
            if (far == 0)
                name = NULL;
        }
        if (name && meant) {
            buf_fmt(l->faults, "%s: '%s' is not known here; did you mean '%s'?\n",
                    l->q->file, name, meant);
            err = ERR_INVALID;
        }
        lua_pop(L, 1);
    }
    return err;
}

static int look(lua_State *L, void *ctx)
{
    struct look *l = ctx;
    int err = read_reads(L, l);
    int e = read_file_mode(L, l);
    err = err ? err : e;
    e = check_words(L, l);
    err = err ? err : e;
    e = entry_tests(L, l->q->file, l->faults);
    err = err ? err : e;
    l->q->table_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return err;
}

int quota_script_load(struct quota *q, const struct source *s, struct buf *faults)
{
    struct look l = {q, faults};
    struct entry e = {.source = s, .instructions = 1000000, .look = look, .ctx = &l};
    q->file = s->name.p;
    return entry_run(q->unit->vm, &e, faults);
}
