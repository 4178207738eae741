/* kordless.members and kordless.passwords, for the one plugin that manages people. */

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "lua/identity.h"
#include "lua/lib.h"
#include "lua/lib_people.h"
#include "lua/transaction.h"

enum { LIST_MAX = 100 };

/* --- jobs --- */

static int run(struct write *w, struct db *db)
{
    struct people_job *j = (struct people_job *)w;
    if (identity_again(j->cw.call, j->by.now_ms) != AUTH_OK)
        return ERR_ENDED;
    return j->act(j, db);
}

static void free_job(struct call_write *cw)
{
    struct people_job *j = (struct people_job *)cw;
    explicit_bzero(j->text, sizeof(j->text));
    free(j);
}

struct people_job *
people_job(struct call *c, int (*act)(struct people_job *j, struct db *db),
           void (*settled)(struct call_write *cw),
           int (*resume)(struct call_write *cw, lua_State *L, int *n))
{
    struct people_job *j = calloc(1, sizeof(*j));
    if (!j)
        abort();
    j->cw.w.run = run;
    j->cw.settled = settled;
    j->cw.resume = resume;
    j->cw.free = free_job;
    j->act = act;
    j->by = (struct deed){c->actor, c->now.wall_ms};
    j->pepper = c->host->pepper;
    return j;
}

int people_job_failed(struct people_job *j, lua_State *L, int *n)
{
    int err = j->cw.w.result;
    const char *word = err == ERR_EXISTS      ? "exists"
                       : err == ERR_NOT_FOUND ? "not_found"
                       : err == ERR_DENIED    ? "denied"
                                              : NULL;
    if (word)
        return platform_refused(L, word, n);
    transaction_fails(j->cw.call, err);
    lua_pushfstring(L, "the store refused: %s", err_name(err));
    return err;
}

void people_job_seat(struct call_write *cw)
{
    struct people_job *j = (struct people_job *)cw;
    sessions_seat(cw->call->host->sessions, &j->seat);
}

/* --- values --- */

struct str people_text(lua_State *L, struct call *c, int arg)
{
    size_t n;
    if (lua_isnoneornil(L, arg))
        return (struct str){NULL, 0};
    const char *p = luaL_checklstring(L, arg, &n);
    return arena_str(c->arena, (struct str){p, n});
}

/* With `password` only where it is to be checked. */
static void push_member(lua_State *L, const struct member_row *m, bool password)
{
    lua_createtable(L, 0, 12);
    platform_set_str(L, "id", m->id);
    platform_set_str(L, "organization_id", m->organization_id);
    platform_set_str(L, "email", m->email);
    platform_set_str(L, "name", m->name);
    platform_set_str(L, "role", str_of(role_name(m->role)));
    platform_set_str(L, "status", m->status);
    platform_set_str(L, "created_by", m->created_by);
    platform_set_ms(L, "created_at", m->created_ms);
    platform_set_ms(L, "link_expires_at", m->link_expires_ms);
    lua_pushinteger(L, m->version);
    lua_setfield(L, -2, "version");
    if (password)
        platform_set_str(L, "password", m->password);
}

static int push_found(lua_State *L, int err, const struct member_row *m, bool password)
{
    if (err == ERR_NOT_FOUND)
        lua_pushnil(L);
    else if (err)
        return luaL_error(L, "the store cannot be read: %s", err_name(err));
    else
        push_member(L, m, password);
    return 1;
}

/* --- looking --- */

int lib_people_get(lua_State *L)
{
    struct call *c = call_of(L);
    struct member_row m;
    struct str id = people_text(L, c, 1);
    int err = people_get(platform_read(L, c), id, c->arena, &m);
    if (!err && str_eq(m.status, STR("removed")))
        err = ERR_NOT_FOUND;
    return push_found(L, err, &m, false);
}

int lib_people_by_email(lua_State *L)
{
    struct call *c = call_of(L);
    struct member_row m;
    struct str email = people_text(L, c, 1);
    return push_found(L, people_by_email(platform_read(L, c), email, c->arena, &m), &m,
                      true);
}

int lib_people_by_link(lua_State *L)
{
    struct call *c = call_of(L);
    struct member_row m;
    unsigned char digest[DIGEST_BYTES];
    struct str text = people_text(L, c, 1);
    int err = ERR_NOT_FOUND;
    if (key_is(text, TEXT_LINK)) {
        secret_digest(c->host->pepper, text, digest);
        err = people_by_link(platform_read(L, c), digest, c->now.wall_ms, c->arena, &m);
    }
    return push_found(L, err, &m, false);
}

int lib_people_list(lua_State *L)
{
    struct call *c = call_of(L);
    struct member_row *rows;
    struct str org = people_text(L, c, 1), cursor = people_text(L, c, 2);
    lua_Integer most = luaL_optinteger(L, 3, LIST_MAX);
    int n = 0;
    luaL_argcheck(L, most >= 1 && most <= LIST_MAX, 3, "1 to 100");
    int err =
        people_list(platform_read(L, c), org, cursor, (int)most, c->arena, &rows, &n);
    if (err)
        return luaL_error(L, "the members cannot be read: %s", err_name(err));
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        push_member(L, &rows[i], false);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* --- changing --- */

/* The member as the write left it, and the link if one was made. */
static int changed(struct call_write *cw, lua_State *L, int *n)
{
    struct people_job *j = (struct people_job *)cw;
    struct member_row m;
    if (cw->w.result)
        return people_job_failed(j, L, n);
    int err =
        people_get(platform_read(L, cw->call), str_of(j->seat.id), cw->call->arena, &m);
    if (err) {
        lua_pushfstring(L, "the member cannot be read: %s", err_name(err));
        return err;
    }
    push_member(L, &m, false);
    if (j->link.expires_ms) {
        platform_set_str(L, "link", str_of(j->text));
        platform_set_ms(L, "link_expires_at", j->link.expires_ms);
    }
    *n = 1;
    return 0;
}

static void make_link(struct people_job *j, int64_t seconds)
{
    key_make(TEXT_LINK, j->text);
    secret_digest(j->pepper, str_of(j->text), j->link.digest);
    j->link.expires_ms = j->by.now_ms + seconds * 1000;
}

static int add(struct people_job *j, struct db *db)
{
    return people_add(db, &j->row, &j->link, &j->by, &j->seat);
}

int lib_people_create(lua_State *L)
{
    struct call *c = call_of(L);
    lua_Integer seconds = luaL_checkinteger(L, 2);
    char id[ID_MAX];
    luaL_checktype(L, 1, LUA_TTABLE);
    struct member_row m = {.organization_id =
                               platform_str(L, 1, c, "organization_id", NULL),
                           .email = platform_str(L, 1, c, "email", NULL),
                           .name = platform_str(L, 1, c, "name", NULL),
                           .role = role_of(platform_str(L, 1, c, "role", NULL))};
    luaL_argcheck(L, m.role && m.email.n && m.email.n <= EMAIL_MAX, 1, "no member");
    id_make(c->host->ids, "mem_", c->now.wall_ms, id);
    m.id = arena_str(c->arena, str_of(id));
    struct people_job *j = people_job(c, add, people_job_seat, changed);
    j->row = m;
    make_link(j, seconds);
    return call_wait(L, &j->cw);
}

static int change(struct people_job *j, struct db *db)
{
    return people_change(db, j->row.id, j->row.role, j->row.name, &j->by, &j->seat);
}

int lib_people_change(lua_State *L)
{
    struct call *c = call_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    struct member_row m = {.id = platform_str(L, 1, c, "id", NULL),
                           .name = platform_str(L, 1, c, "name", NULL),
                           .role = role_of(platform_str(L, 1, c, "role", NULL))};
    struct people_job *j = people_job(c, change, people_job_seat, changed);
    j->row = m;
    return call_wait(L, &j->cw);
}

static int take_away(struct people_job *j, struct db *db)
{
    return people_remove(db, j->row.id, &j->by, &j->seat);
}

int lib_people_remove(lua_State *L)
{
    struct call *c = call_of(L);
    struct str id = people_text(L, c, 1);
    struct people_job *j = people_job(c, take_away, people_job_seat, changed);
    j->row.id = id;
    return call_wait(L, &j->cw);
}

static int invite(struct people_job *j, struct db *db)
{
    return people_link(db, j->row.id, &j->link, &j->by, &j->seat);
}

int lib_people_link(lua_State *L)
{
    struct call *c = call_of(L);
    struct str id = people_text(L, c, 1);
    lua_Integer seconds = luaL_checkinteger(L, 2);
    struct people_job *j = people_job(c, invite, people_job_seat, changed);
    j->row.id = id;
    make_link(j, seconds);
    return call_wait(L, &j->cw);
}

/* --- passwords --- */

static int hashed(lua_State *L, int status, lua_KContext ctx)
{
    struct hashing *h = (struct hashing *)ctx;
    (void)status;
    if (h->result) {
        password_wipe(h);
        return luaL_error(L, "a password cannot be hashed: out of memory");
    }
    if (h->check)
        lua_pushboolean(L, h->good);
    else
        lua_pushstring(L, h->hash);
    password_wipe(h);
    return 1;
}

static int hash(lua_State *L, struct str password, struct str known, bool check)
{
    struct call *c = call_of(L);
    call_may_wait(L);
    struct hashing *h = arena_alloc(c->arena, sizeof(*h));
    password_set(h, password, known, check);
    int err = c->host->hash ? c->host->hash(c->host->ctx, c, h) : ERR_FULL;
    explicit_bzero(h->password, sizeof(h->password)); /* the host has its own */
    if (err) {
        lua_pushnil(L);
        lua_pushliteral(L, "busy");
        return 2;
    }
    c->asleep = true;
    return lua_yieldk(L, 0, (lua_KContext)h, hashed);
}

int lib_people_hash(lua_State *L)
{
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n <= PASSWORD_MAX, 1, "128 bytes at most");
    return hash(L, (struct str){p, n}, STR(""), false);
}

/* Without a hash the answer is no, as late as with one. */
int lib_people_check(lua_State *L)
{
    size_t n, known = 0;
    const char *p = luaL_checklstring(L, 1, &n);
    const char *h = luaL_optlstring(L, 2, "", &known);
    return hash(L, (struct str){p, n}, (struct str){h, known}, true);
}
