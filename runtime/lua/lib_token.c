/* kordless.tokens, the operators' own keys. */

#include <lauxlib.h>
#include <string.h>

#include "guard/token.h"
#include "lua/lib.h"
#include "lua/lib_people.h"

enum { LIST_MAX = 100 };

/* --- tokens --- */

static void push_token(lua_State *L, const struct token_row *t)
{
    lua_createtable(L, 0, 8);
    platform_set_str(L, "id", t->id);
    platform_set_str(L, "label", t->label);
    platform_set_str(L, "created_by", t->created_by);
    platform_set_str(L, "revoked_by", t->revoked_by);
    platform_set_ms(L, "created_at", t->created_ms);
    platform_set_ms(L, "expires_at", t->expires_ms);
    platform_set_ms(L, "revoked_at", t->revoked_ms);
}

static int show_token(struct call_write *cw, lua_State *L, int *n)
{
    struct people_job *j = (struct people_job *)cw;
    struct token_row t;
    if (cw->w.result)
        return people_job_failed(j, L, n);
    int err =
        token_get(platform_read(L, cw->call), str_of(j->token.id), cw->call->arena, &t);
    if (err) {
        lua_pushfstring(L, "the token cannot be read: %s", err_name(err));
        return err;
    }
    push_token(L, &t);
    platform_set_str(L, "token", str_of(j->text));
    *n = 1;
    return 0;
}

static int add(struct people_job *j, struct db *db)
{
    return token_add(db, &j->token, &j->by);
}

static void added(struct call_write *cw)
{
    sessions_token(cw->call->host->sessions, &((struct people_job *)cw)->token);
}

/* create(label, expires_at) */
int lib_token_create(lua_State *L)
{
    struct call *c = call_of(L);
    struct str label = people_text(L, c, 1);
    lua_Integer expires = luaL_optinteger(L, 2, 0);
    struct people_job *j = people_job(c, add, added, show_token);
    id_make(c->host->ids, "tok_", c->now.wall_ms, j->token.id);
    j->token.label = label;
    j->token.expires_ms = expires * 1000;
    key_make(TEXT_TOKEN, j->text);
    secret_digest(j->pepper, str_of(j->text), j->token.digest);
    return call_wait(L, &j->cw);
}

static int revoke(struct people_job *j, struct db *db)
{
    return token_revoke(db, str_of(j->token.id), &j->by);
}

/* Over in memory whatever came of it. */
static int revoked(struct call_write *cw, lua_State *L, int *n)
{
    int err = cw->w.result;
    if (!err || err == ERR_NOT_FOUND)
        return show_token(cw, L, n);
    call_fails(cw->call, 500, "revocation_not_durable",
               "This token is refused from now on, but the store did not take it, and "
               "a restart would forget it. Revoke it again. Request id %s.");
    lua_pushfstring(L, "the store refused a revocation: %s", err_name(err));
    return err;
}

/* What is over in memory must end in the store: nobody is asked again. A token may
 * revoke itself, too. */
int lib_token_revoke(lua_State *L)
{
    struct call *c = call_of(L);
    struct str id = people_text(L, c, 1);
    luaL_argcheck(L, id.n < ID_MAX, 1, "no id");
    struct people_job *j = people_job(c, revoke, NULL, revoked);
    memcpy(j->token.id, id.p, id.n);
    call_may_wait(L);
    c->caller = NULL;
    sessions_token_end(c->host->sessions, id); /* at once, whatever the disk says */
    return call_wait(L, &j->cw);
}

int lib_token_list(lua_State *L)
{
    struct call *c = call_of(L);
    struct token_row *rows;
    struct str cursor = people_text(L, c, 1);
    lua_Integer most = luaL_optinteger(L, 2, LIST_MAX);
    int n = 0;
    luaL_argcheck(L, most >= 1 && most <= LIST_MAX, 2, "1 to 100");
    int err = token_list(platform_read(L, c), cursor, (int)most, c->arena, &rows, &n);
    if (err)
        return luaL_error(L, "the tokens cannot be read: %s", err_name(err));
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        push_token(L, &rows[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}
