/* The part of `kordless` that reaches the host: time, ids, log, transactions. */

#include <lauxlib.h>
#include <string.h>

#include "base/log.h"
#include "lua/api.h"
#include "lua/call_inside.h"
#include "lua/data.h"
#include "lua/lib.h"
#include "lua/option.h"
#include "lua/transaction.h"
#include "lua/unit.h"

enum { LOG_FIELDS_MAX = 16, SLEEP_MAX = 60 };

/* --- log --- */

static struct log_field field_of(lua_State *L, const char *key)
{
    size_t n;
    if (lua_isinteger(L, -1))
        return LOG_N(key, lua_tointeger(L, -1));
    const char *p =
        luaL_tolstring(L, -1, &n); /* stays on the stack: the caller clears */
    return LOG_T(key, ((struct str){p, n > 1024 ? 1024 : n}));
}

static bool is_word(const char *s)
{
    return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

static int write_log(lua_State *L, enum log_level level)
{
    struct unit *u = unit_of(L);
    struct log_field fields[LOG_FIELDS_MAX + 2];
    size_t n = 0;
    const char *event = luaL_checkstring(L, 1);
    luaL_argcheck(L, is_word(event) && strlen(event) <= 64, 1,
                  "an event is one lower-case word");
    vm_charge(L, 200);
    fields[n++] = LOG_C("plugin", u->plugin ? u->plugin->manifest.name.p : "policy");
    if (lua_istable(L, 2)) {
        luaL_checkstack(L, 3 * LOG_FIELDS_MAX, NULL);
        lua_pushnil(L);
        while (n < LOG_FIELDS_MAX && lua_next(L, 2)) {
            luaL_argcheck(
                L, lua_type(L, -2) == LUA_TSTRING && is_word(lua_tostring(L, -2)), 2,
                "a field's name is one lower-case word");
            const char *key = lua_tostring(L, -2);
            int top = lua_gettop(L);
            fields[n++] = field_of(L, key);
            lua_pushvalue(L,
                          top - 1); /* the key again, for lua_next; values stay below */
        }
    }
    log_event(u->log, level, event, fields, n);
    return 0;
}

int lib_host_info(lua_State *L)
{
    return write_log(L, LOG_INFO);
}

int lib_host_warn(lua_State *L)
{
    return write_log(L, LOG_WARN);
}

int lib_host_error(lua_State *L)
{
    return write_log(L, LOG_ERROR);
}

/* --- options --- */

int lib_host_options(lua_State *L, const struct api_grant *g)
{
    if (g->manifest)
        option_push(L, g->manifest);
    else
        lua_newtable(L);
    return 1;
}

/* --- handlers --- */

int lib_host_now(lua_State *L)
{
    lua_pushinteger(L, call_of(L)->now.wall_ms / 1000);
    return 1;
}

int lib_host_fresh(lua_State *L)
{
    struct call *c = call_of(L);
    lua_Integer until = luaL_checkinteger(L, 1);
    if (!c->fresh_until || until < c->fresh_until)
        c->fresh_until = until;
    return 0;
}

int lib_host_id(lua_State *L)
{
    struct call *c = call_of(L);
    char id[ID_MAX];
    size_t n;
    const char *prefix = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n <= 5, 1, "a prefix has at most 5 characters");
    id_make(c->host->ids, prefix, c->now.wall_ms, id);
    lua_pushstring(L, id);
    return 1;
}

static int slept(lua_State *L, int status, lua_KContext base)
{
    (void)L;
    (void)status;
    (void)base;
    return 0;
}

int lib_host_sleep(lua_State *L)
{
    struct call *c = call_of(L);
    lua_Number seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= SLEEP_MAX, 1, "0 to 60 seconds");
    call_may_wait(L);
    if (c->host->sleep(c->host->ctx, c, (int64_t)(seconds * 1000)))
        return luaL_error(L, "sleep: too many timers");
    c->asleep = true;
    return lua_yieldk(L, 0, 0, slept);
}

/* As `return nil, name, members` from wherever the handler is by then. */
int lib_host_problem(lua_State *L)
{
    struct call *c = call_of(L);
    if (c->is_job)
        return luaL_error(L, "problem: there is no request to answer");
    if (c->problem)
        return luaL_error(L, "problem: there is one already");
    luaL_checkstring(L, 1);
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_insert(L, 1);
    call_reply(L);
    c->problem = true;
    return luaL_error(L, "problem");
}

/* --- transactions --- */

int lib_host_refuse(lua_State *L)
{
    struct tx *t = tx_of(L);
    lua_settop(L, 1);
    buf_clear(&t->result);
    buf_clear(&t->why);
    if (data_pack(L, 1, DATA_MAX, &t->result, &t->why)) {
        t->fatal = ERR_INVALID; /* what asked to be undone is never kept */
        lua_pushlstring(L, t->why.p, t->why.n);
        buf_clear(&t->why);
        return luaL_error(L, "refuse: %s", lua_tostring(L, -1));
    }
    t->refused = true;
    return luaL_error(L, "refused"); /* a pcall around it does not unmake the refusal */
}

int lib_host_answer(lua_State *L)
{
    struct tx *t = tx_of(L);
    lua_Integer status = luaL_checkinteger(L, 1);
    luaL_argcheck(L, status >= 200 && status <= 299, 1, "a status from 200 to 299");
    buf_clear(&t->answer);
    buf_clear(&t->why);
    if (json_encode(L, 2, &t->answer, &t->why)) {
        lua_pushlstring(L, t->why.p, t->why.n);
        buf_clear(&t->why);
        return luaL_error(L, "answer: %s", lua_tostring(L, -1));
    }
    if (t->answer.n > DATA_MAX)
        return luaL_error(L, "answer: the body has more than 64 KiB");
    t->answer_status = (int)status;
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, status);
    lua_setfield(L, -2, "status");
    lua_pushlstring(L, t->answer.p, t->answer.n);
    lua_setfield(L, -2, "body");
    return 1;
}
