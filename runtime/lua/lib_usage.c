/* kordless.usage: how often keys ask, what is left to them and why they were refused;
 * of guard/usage.h, guard/limit.h and guard/denials.h. */

#include <arpa/inet.h>
#include <string.h>

#include "guard/denials.h"
#include "guard/keyring.h"
#include "guard/limit.h"
#include "guard/usage.h"
#include "lua/lib.h"
#include "lua/platform.h"
#include "lua/quota.h"

enum { ROWS_MAX = 10000, LINES_MAX = 100 };

static const char *const outcomes[] = {[OUTCOME_REFUSED] = "refused",
                                       [OUTCOME_2XX] = "2xx",
                                       [OUTCOME_3XX] = "3xx",
                                       [OUTCOME_4XX] = "4xx",
                                       [OUTCOME_5XX] = "5xx"};

static void set_int(lua_State *L, const char *name, int64_t v)
{
    lua_pushinteger(L, v);
    lua_setfield(L, -2, name);
}

/* --- sums --- */

/* Which of `words` the member is; the default when it is not there. */
static int arg_word(lua_State *L, struct call *c, const char *name,
                    const char *const words[], int preset)
{
    struct str word = platform_str(L, 1, c, name, NULL);
    if (word.n == 0)
        return preset;
    for (int i = 0; words[i]; i++)
        if (str_eq(word, str_of(words[i])))
            return i;
    return luaL_error(L, "'%s' may not be '%s'", name, word.p);
}

static void push_row(lua_State *L, struct call *c, const struct usage_query *q,
                     const struct usage_row *r)
{
    lua_createtable(L, 0, 7);
    if (!q->totals)
        set_int(L, "at", r->at_ms / 1000);
    platform_set_str(
        L, "name", q->by == USAGE_BY_OUTCOME ? str_of(outcomes[r->outcome]) : r->name);
    set_int(L, "requests", r->n);
    set_int(L, "refused", r->refused);
    set_int(L, "charged", r->cost);
    const struct key *k =
        q->by == USAGE_BY_KEY ? keyring_key(c->host->keyring, r->name) : NULL;
    if (!k)
        return;
    platform_set_str(L, "label", keyring_label(k));
    platform_set_str(L, "last4", str_of(k->last4));
}

int lib_usage_rows(lua_State *L)
{
    static const char *const steps[] = {"", "minute", "hour", "day", NULL};
    static const char *const bys[] = {"key", "route", "status", NULL};
    struct call *c = call_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    struct usage_query q = {
        .organization = platform_str(L, 1, c, "organization_id", NULL),
        .key = platform_str(L, 1, c, "key_id", NULL),
        .step = (enum usage_step)arg_word(L, c, "step", steps, USAGE_HOUR),
        .by = (enum usage_by)arg_word(L, c, "by", bys, USAGE_BY_KEY),
        .from_ms = platform_ms(L, 1, "from", NULL),
        .to_ms = platform_ms(L, 1, "to", NULL),
        .totals = platform_has(L, 1, "totals"),
        .most = ROWS_MAX};
    struct usage_row *rows;
    size_t n;
    struct db *db = platform_read(L, c);
    int err = q.key.n ? usage_root(db, q.key, c->arena, &q.key) : 0;
    if (!err)
        err = usage_read(db, &q, c->arena, &rows, &n);
    if (err == ERR_TOO_LARGE) {
        lua_pushnil(L);
        lua_pushliteral(L, "too_many");
        return 2;
    }
    if (err)
        return luaL_error(L, "the usage cannot be read: %s", err_name(err));
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        push_row(L, c, &q, &rows[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

int lib_usage_again(lua_State *L)
{
    struct call *c = call_of(L);
    size_t no;
    const char *org = luaL_checklstring(L, 1, &no);
    int64_t since_ms = luaL_checkinteger(L, 2) * 1000;
    struct usage_again *rows;
    size_t n;
    int err = usage_again(platform_read(L, c), (struct str){org, no}, since_ms,
                          LINES_MAX, c->arena, &rows, &n);
    if (err)
        return luaL_error(L, "the usage cannot be read: %s", err_name(err));
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_createtable(L, 0, 3);
        platform_set_str(L, "key_id", rows[i].key);
        set_int(L, "before", rows[i].before_ms / 1000);
        set_int(L, "again", rows[i].again_ms / 1000);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

int lib_usage_refused(lua_State *L)
{
    struct call *c = call_of(L);
    size_t no, n;
    const char *org = luaL_checklstring(L, 1, &no);
    int64_t since_ms = luaL_checkinteger(L, 2) * 1000, least = luaL_checkinteger(L, 3);
    struct usage_refused *rows;
    int err = usage_refused(platform_read(L, c), (struct str){org, no}, since_ms, least,
                            LINES_MAX, c->arena, &rows, &n);
    if (err)
        return luaL_error(L, "the usage cannot be read: %s", err_name(err));
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_createtable(L, 0, 2);
        platform_set_str(L, "key_id", rows[i].key);
        set_int(L, "refused", rows[i].n);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* --- what is left --- */

static int64_t ceil_seconds(int64_t ms)
{
    return ms <= 0 ? 0 : (ms + 999) / 1000;
}

int lib_usage_windows(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n;
    const char *id = luaL_checklstring(L, 1, &n);
    struct key *k = keyring_key(c->host->keyring, (struct str){id, n});
    struct limit_verdict v;
    struct limit_rule rule;
    if (!k) {
        lua_pushnil(L);
        return 1;
    }
    quota_terms(c->quota, k, c->now.wall_ms, &rule);
    limits_peek(c->host->limits, k->ring, k->org->ring, &rule, &c->now, &v);
    lua_createtable(L, LIMIT_WINDOWS, 0);
    for (int i = 0; i < LIMIT_WINDOWS; i++) {
        const struct limit_state *w = &v.windows[i];
        lua_createtable(L, 0, 6);
        platform_set_str(L, "name", str_of(limit_window_name[i]));
        set_int(L, "limit", w->limit);
        set_int(L, "used", w->used);
        set_int(L, "remaining", w->used < w->limit ? w->limit - w->used : 0);
        set_int(L, "reset_after", ceil_seconds(w->reset_ms));
        set_int(L, "retry_after", ceil_seconds(w->wait_ms));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* --- why not --- */

static void set_address(lua_State *L, const struct in6_addr *a)
{
    char text[INET6_ADDRSTRLEN];
    bool v4 = IN6_IS_ADDR_V4MAPPED(a);
    platform_set_str(
        L, "address",
        str_of(inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? &a->s6_addr[12] : a->s6_addr,
                         text, sizeof(text))));
}

static void push_denial(lua_State *L, const struct denial_row *r)
{
    const struct denial *d = &r->d;
    lua_createtable(L, 0, 9);
    set_int(L, "at", d->at_ms / 1000);
    platform_set_str(L, "rule", str_of(denial_code((enum denial_rule)d->rule)));
    if (d->limit) {
        set_int(L, "used", d->used);
        set_int(L, "limit", d->limit);
        set_int(L, "wait", ceil_seconds(d->wait_ms));
    }
    if (d->scope)
        platform_set_str(L, "scope", str_of(scope_name(d->scope)));
    platform_set_str(L, "route", r->route);
    platform_set_str(L, "request_id", str_of(d->request_id));
    set_address(L, &d->address);
}

int lib_usage_denials(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n;
    const char *id = luaL_checklstring(L, 1, &n);
    const struct key *k = keyring_key(c->host->keyring, (struct str){id, n});
    struct denial_row *rows;
    int found = 0;
    if (!k) {
        lua_pushnil(L);
        return 1;
    }
    int err =
        denials_read(c->host->denials, platform_read(L, c), k, c->arena, &rows, &found);
    if (err)
        return luaL_error(L, "the refusals cannot be read: %s", err_name(err));
    lua_createtable(L, found, 0);
    for (int i = 0; i < found; i++) {
        push_denial(L, &rows[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}
