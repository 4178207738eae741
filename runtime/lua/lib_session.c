/* kordless.sessions: signing in and out. A session is in memory when its row is
 * durable; when it ends, the memory forgets it first and the row goes before that is
 * answered. */

#include <lauxlib.h>
#include <string.h>

#include "guard/peers.h"
#include "lua/lib.h"
#include "lua/lib_people.h"

/* --- how often one may be wrong --- */

static struct str account(struct call *c, struct str email)
{
    return arena_fmt(c->arena, "account %.*s", (int)email.n, email.n ? email.p : "");
}

/* Counted before it is known to have failed, so that many at once are no more tries.
 * attempt(email): seconds to wait, or nil; and whether it is the last one for now.
 * Without an email the address alone counts. */
int lib_session_attempt(lua_State *L)
{
    struct call *c = call_of(L);
    struct peers *p = c->host->strangers;
    struct str email = people_text(L, c, 1), who = account(c, email);
    int64_t now = c->now.boot_ms, wait = peers_take(p, c->peer, PEER_SIGN_IN, now);
    if (!wait && email.p && (wait = peers_take(p, who, PEER_SIGN_IN, now)) > 0)
        peers_undo(p, c->peer, PEER_SIGN_IN);
    if (wait)
        lua_pushinteger(L, (wait + 999) / 1000);
    else
        lua_pushnil(L);
    lua_pushboolean(L, !wait && email.p && peers_wait(p, who, PEER_SIGN_IN, now) > 0);
    return 2;
}

int lib_session_forgive(lua_State *L)
{
    struct call *c = call_of(L);
    struct str email = people_text(L, c, 1);
    peers_undo(c->host->strangers, c->peer, PEER_SIGN_IN);
    if (email.p)
        peers_undo(c->host->strangers, account(c, email), PEER_SIGN_IN);
    return 0;
}

/* --- begin --- */

static int done(struct call_write *cw, lua_State *L, int *n)
{
    if (cw->w.result)
        return people_job_failed((struct people_job *)cw, L, n);
    lua_pushboolean(L, true);
    *n = 1;
    return 0;
}

static int enter(struct people_job *j, struct db *db)
{
    return people_enter(db, j->row.id, j->row.version, j->digest, j->by.now_ms);
}

static void entered(struct call_write *cw)
{
    struct people_job *j = (struct people_job *)cw;
    sessions_open(cw->call->host->sessions, j->digest, j->row.id, j->by.now_ms,
                  j->by.now_ms);
}

static int show_session(struct call_write *cw, lua_State *L, int *n)
{
    struct people_job *j = (struct people_job *)cw;
    char csrf[CSRF_TEXT + 1];
    if (cw->w.result)
        return people_job_failed(j, L, n);
    session_csrf(j->pepper, str_of(j->text), csrf);
    lua_createtable(L, 0, 3);
    platform_set_str(L, "token", str_of(j->text));
    platform_set_str(L, "csrf", str_of(csrf));
    platform_set_ms(L, "expires_at", j->by.now_ms + SESSION_LIFE_MS);
    *n = 1;
    return 0;
}

/* begin(member_id, version): {token, csrf, expires_at}, or nil and "denied" */
int lib_session_begin(lua_State *L)
{
    struct call *c = call_of(L);
    struct str id = people_text(L, c, 1);
    lua_Integer version = luaL_checkinteger(L, 2);
    struct people_job *j = people_job(c, enter, entered, show_session);
    j->row.id = id;
    j->row.version = version;
    secret_token(j->text);
    secret_digest(j->pepper, str_of(j->text), j->digest);
    return call_wait(L, &j->cw);
}

/* --- end --- */

static int leave(struct people_job *j, struct db *db)
{
    return people_leave(db, j->digest, &j->by);
}

static int left(struct call_write *cw, lua_State *L, int *n)
{
    int err = cw->w.result;
    if (!err)
        return done(cw, L, n);
    call_fails(
        cw->call, 500, "sign_out_not_durable",
        "You are signed out, but the store did not take it, and a restart would "
        "forget it. Sign in later, and change your password: that ends all other "
        "sessions. Request id %s.");
    lua_pushfstring(L, "the store refused a sign-out: %s", err_name(err));
    return err;
}

/* The session that asks; afterwards it is nobody's, so nobody is asked again. */
int lib_session_finish(lua_State *L)
{
    struct call *c = call_of(L);
    luaL_argcheck(L, c->caller && c->caller->kind == CALLER_MEMBER, 1,
                  "no session asks");
    struct people_job *j = people_job(c, leave, NULL, left);
    memcpy(j->digest, c->caller->digest, DIGEST_BYTES);
    call_may_wait(L);
    c->caller = NULL;
    sessions_end(c->host->sessions, j->digest);
    return call_wait(L, &j->cw);
}

static int leave_all(struct people_job *j, struct db *db)
{
    return people_leave_all(db, j->row.id, &j->by);
}

static void left_all(struct call_write *cw)
{
    sessions_end_all(cw->call->host->sessions, ((struct people_job *)cw)->row.id, NULL);
}

int lib_session_finish_all(lua_State *L)
{
    struct call *c = call_of(L);
    struct str id = people_text(L, c, 1);
    struct people_job *j = people_job(c, leave_all, left_all, done);
    j->row.id = id;
    return call_wait(L, &j->cw);
}

/* --- passwords --- */

static int set_up(struct people_job *j, struct db *db)
{
    return people_set_up(db, j->digest, j->row.password, j->row.name, j->by.now_ms,
                         &j->seat);
}

static void was_set_up(struct call_write *cw)
{
    struct people_job *j = (struct people_job *)cw;
    sessions_end_all(cw->call->host->sessions, str_of(j->seat.id), NULL);
    people_job_seat(cw);
}

/* What a session can begin with. */
static int show_seat(struct call_write *cw, lua_State *L, int *n)
{
    struct people_job *j = (struct people_job *)cw;
    if (cw->w.result)
        return people_job_failed(j, L, n);
    lua_createtable(L, 0, 2);
    platform_set_str(L, "id", str_of(j->seat.id));
    lua_pushinteger(L, j->seat.version);
    lua_setfield(L, -2, "version");
    *n = 1;
    return 0;
}

/* set_up(link, hash, name): whoever holds the link, once */
int lib_session_set_up(lua_State *L)
{
    struct call *c = call_of(L);
    struct str link = people_text(L, c, 1), hash = people_text(L, c, 2);
    struct str name = people_text(L, c, 3);
    luaL_argcheck(L, hash.n > 0, 2, "a hash");
    struct people_job *j = people_job(c, set_up, was_set_up, show_seat);
    secret_digest(j->pepper, link, j->digest);
    j->row.password = hash;
    j->row.name = name;
    return call_wait(L, &j->cw);
}

static int change_password(struct people_job *j, struct db *db)
{
    return people_password(db, j->row.id, j->row.version, j->row.password, j->digest,
                           &j->by, &j->seat);
}

static void changed_password(struct call_write *cw)
{
    struct people_job *j = (struct people_job *)cw;
    sessions_end_all(cw->call->host->sessions, str_of(j->seat.id), j->digest);
    people_job_seat(cw);
}

/* password(member_id, version, hash): ends all sessions but the one that asks */
int lib_session_password(lua_State *L)
{
    struct call *c = call_of(L);
    struct str id = people_text(L, c, 1), hash = people_text(L, c, 3);
    lua_Integer version = luaL_checkinteger(L, 2);
    luaL_argcheck(L, hash.n > 0 && c->caller, 3, "a hash, from a session");
    struct people_job *j = people_job(c, change_password, changed_password, show_seat);
    memcpy(j->digest, c->caller->digest, DIGEST_BYTES);
    j->row.id = id;
    j->row.version = version;
    j->row.password = hash;
    return call_wait(L, &j->cw);
}

static int refused(struct people_job *j, struct db *db)
{
    return people_refused(db, j->row.id, &j->by);
}

/* refused(member_id): a line in the audit, for whoever looks after the account */
int lib_session_refused(lua_State *L)
{
    struct call *c = call_of(L);
    struct str id = people_text(L, c, 1);
    struct people_job *j = people_job(c, refused, NULL, done);
    j->row.id = id;
    j->by.actor = STR("stranger");
    return call_wait(L, &j->cw);
}

int lib_session_csrf(lua_State *L)
{
    struct call *c = call_of(L);
    if (c->caller && c->caller->csrf[0])
        lua_pushstring(L, c->caller->csrf);
    else
        lua_pushnil(L);
    return 1;
}
