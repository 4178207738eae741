/* kordless.audit, what was done by whom, and kordless.record, by which a plugin's
 * transaction adds what it did. Who did it and when is never a plugin's to say. */

#include <lauxlib.h>
#include <string.h>

#include "guard/audit.h"
#include "lua/lib.h"
#include "lua/lib_people.h"
#include "lua/transaction.h"

enum { LIST_MAX = 100 };

static void push_audit(lua_State *L, const struct audit_row *r)
{
    lua_createtable(L, 0, 7);
    lua_pushinteger(L, r->id);
    lua_setfield(L, -2, "id");
    platform_set_ms(L, "at", r->at_ms);
    platform_set_str(L, "actor", r->actor);
    platform_set_str(L, "action", r->action);
    platform_set_str(L, "organization_id", r->organization_id);
    platform_set_str(L, "object", r->object);
    platform_set_str(L, "detail", r->detail);
}

/* list({organization_id, action, object}, before, most) */
int lib_audit_list(lua_State *L)
{
    struct call *c = call_of(L);
    struct audit_row *rows;
    int n = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    struct audit_query q = {.organization_id =
                                platform_str(L, 1, c, "organization_id", NULL),
                            .action = platform_str(L, 1, c, "action", NULL),
                            .object = platform_str(L, 1, c, "object", NULL),
                            .before = luaL_optinteger(L, 2, 0),
                            .max = (int)luaL_optinteger(L, 3, LIST_MAX)};
    luaL_argcheck(L, q.max >= 1 && q.max <= LIST_MAX, 3, "1 to 100");
    int err = audit_list(platform_read(L, c), &q, c->arena, &rows, &n);
    if (err)
        return luaL_error(L, "the audit cannot be read: %s", err_name(err));
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        push_audit(L, &rows[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* --- a row of a plugin --- */

enum { ACTION_MAX = 64, OBJECT_MAX = 128, DETAIL_MAX = 4096, ROWS_MAX = 32 };

/* "host.deleted": two words. Behind the plugin's name that makes three, so that no row
 * of a plugin can be taken for one of the runtime, which have two. */
static struct str check_action(lua_State *L, struct tx *t)
{
    struct str action, object, verb;
    action.p = luaL_checklstring(L, 1, &action.n);
    bool fine = action.n <= ACTION_MAX && str_cut(action, '.', &object, &verb) &&
                str_is_word(object) && str_is_word(verb);
    luaL_argcheck(L, fine, 1, "two words, such as \"host.deleted\"");
    buf_clear(&t->scratch);
    buf_str(&t->scratch, t->unit->plugin->manifest.name);
    buf_char(&t->scratch, '.');
    buf_str(&t->scratch, action);
    return buf_slice(&t->scratch);
}

static struct str check_object(lua_State *L, int idx)
{
    struct str object;
    object.p = luaL_optlstring(L, idx, NULL, &object.n);
    luaL_argcheck(L, object.n <= OBJECT_MAX, idx, "at most 128 bytes");
    return object;
}

/* The caller's organization; where nobody has one (a customer, an operator), the one
 * that the plugin names. */
static struct str check_organization(lua_State *L, struct tx *t)
{
    struct str named = check_object(L, 4);
    bool fine = !t->organization_id.n || !named.p || str_eq(named, t->organization_id);
    luaL_argcheck(L, fine, 4, "the caller is of another organization");
    return t->organization_id.n ? t->organization_id : named;
}

/* Leaves JSON on the stack, for which the row points there. */
static struct str check_detail(lua_State *L, struct tx *t)
{
    struct str detail = {NULL, 0};
    if (lua_isnoneornil(L, 3))
        return detail;
    luaL_checktype(L, 3, LUA_TTABLE);
    struct buf *json = &t->detail;
    buf_clear(json);
    buf_clear(&t->why);
    buf_lit(&t->why, "detail");
    if (json_encode(L, 3, json, &t->why)) {
        lua_pushlstring(L, t->why.p, t->why.n);
        buf_clear(&t->why);
        luaL_error(L, "record: %s", lua_tostring(L, -1));
    }
    buf_clear(&t->why);
    if (json->n > DETAIL_MAX)
        luaL_error(L, "record: the detail has %d bytes as JSON; 4,096 at most",
                   (int)json->n);
    return buf_slice(json);
}

int lib_audit_record(lua_State *L)
{
    struct tx *t = tx_of(L);
    struct audit_row row = {.at_ms = t->wall_ms, .actor = t->actor};
    lua_settop(L, 4);
    row.object = check_object(L, 2);
    row.organization_id = check_organization(L, t);
    row.detail = check_detail(L, t);
    row.action = check_action(L, t);
    if (++t->rows > ROWS_MAX)
        return luaL_error(L, "record: more than %d rows in one transaction", ROWS_MAX);
    if (t->fatal || !db_in_transaction(t->db))
        return luaL_error(L, "the transaction is gone; nothing more can be done in it");
    vm_charge(L, 100 + (int64_t)row.detail.n / 8);
    unit_close(t->unit);
    db_fence(t->db, NULL);
    int err = audit_add(t->db, &row);
    db_fence(t->db, &t->unit->plugin->fence);
    if (err)
        t->fatal = err;
    return err ? luaL_error(L, "record: %s", db_message(t->db)) : 0;
}
