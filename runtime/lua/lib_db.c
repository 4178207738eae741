/* kordless.db: SQL behind the plugin's fence and inside the call's budget. Results come
 * back whole, so no cursor lives across a yield; that also leaves room for an engine at
 * the other end of a socket. An error may jump out of any line here that touches Lua:
 * the statement at hand is noted in the unit first, and given back by whoever comes
 * next. */

#include <lauxlib.h>

#include "base/taken.h"
#include "lua/lib.h"
#include "lua/transaction.h"
#include "lua/unit.h"

static int charge(void *ctx, int n)
{
    struct budget *b = ctx;
    b->instructions -= n;
    return b->instructions < 0;
}

/* The store as this unit may see it now: the worker's snapshot, or the writer's
 * connection inside its transaction. */
static struct db *db_here(lua_State *L, struct unit *u)
{
    struct db *db;
    if (u->role == UNIT_TRANSACTIONS) {
        struct tx *t = tx_of(L);
        if (t->fatal || !db_in_transaction(t->db))
            luaL_error(L, "the transaction is gone; nothing more can be done in it");
        return t->db;
    }
    struct call *c = call_of(L);
    if (c->host->read(c->host->ctx, &db)) {
        call_fails(c, 503, "storage_unavailable",
                   "The server's storage cannot be read. Tell the operator the request "
                   "id %s.");
        luaL_error(L, "the store cannot be read");
    }
    db_fence(db, &u->plugin->fence);
    db_budget(db, charge, vm_budget(L));
    return db;
}

/* Raises. What a script may handle is a table {code =, message =}; what it may not hide
 * is noted where pcall does not reach. */
static int raise_db(lua_State *L, struct unit *u, struct db *db, int err)
{
    unit_close(u);
    if (err == ERR_BUDGET)
        vm_charge(L, 1);
    bool mild = err == ERR_EXISTS || err == ERR_CONSTRAINT;
    bool usage = err == ERR_INVALID || err == ERR_DENIED;
    if (u->role == UNIT_TRANSACTIONS && !usage &&
        (!mild || !db_in_transaction(tx_of(L)->db)))
        tx_of(L)->fatal = err;
    if (!mild)
        return luaL_error(L, "db: %s", db_message(db));
    lua_createtable(L, 0, 2);
    lua_pushstring(L, err == ERR_EXISTS ? "exists" : "constraint");
    lua_setfield(L, -2, "code");
    lua_pushstring(L, db_message(db));
    lua_setfield(L, -2, "message");
    return lua_error(L);
}

/* What the statement at hand took, noted for whoever asks. */
static void count_steps(struct unit *u)
{
    uint32_t took = stmt_steps(u->open) - u->steps;
    if (u->tx)
        u->tx->sql_steps += took;
    else
        u->call->sql_steps += took;
}

static void bind(lua_State *L, struct stmt *s, int i, int idx)
{
    size_t n;
    const char *p;
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
        stmt_null(s, i);
        return;
    case LUA_TBOOLEAN:
        stmt_int(s, i, lua_toboolean(L, idx));
        return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx))
            stmt_int(s, i, lua_tointeger(L, idx));
        else
            stmt_real(s, i, lua_tonumber(L, idx));
        return;
    case LUA_TSTRING:
        p = lua_tolstring(L, idx, &n);
        stmt_text(s, i, (struct str){p, n});
        return;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, idx) == NULL) {
            stmt_null(s, i); /* json.null */
            return;
        }
    }
    luaL_error(L, "db: parameter %d is a %s", i, luaL_typename(L, idx));
}

static struct stmt *prepare_by(lua_State *L, struct unit *u, struct db **db,
                               int (*how)(struct db *db, struct str sql,
                                          struct stmt **out))
{
    size_t n;
    const char *sql = luaL_checklstring(L, 1, &n);
    unit_close(u);
    *db = db_here(L, u);
    int err = how(*db, (struct str){sql, n}, &u->open);
    if (err) {
        u->open = NULL;
        raise_db(L, u, *db, err);
    }
    u->steps = stmt_steps(u->open);
    int given = lua_gettop(L) - 1, wanted = stmt_params(u->open);
    if (given > wanted)
        luaL_error(L, "db: %d parameters for a statement with %d", given, wanted);
    for (int i = 1; i <= given; i++)
        bind(L, u->open, i, i + 1);
    for (int i = given + 1; i <= wanted; i++)
        stmt_null(u->open, i); /* trailing nils are not passed by Lua */
    return u->open;
}

static struct stmt *prepare(lua_State *L, struct unit *u, struct db **db)
{
    return prepare_by(L, u, db, db_prepare);
}

static void push_row(lua_State *L, struct stmt *s)
{
    int n = stmt_columns(s);
    lua_createtable(L, 0, n);
    for (int i = 0; i < n; i++) {
        switch (stmt_type(s, i)) {
        case COL_NULL:
            continue;
        case COL_INT:
            lua_pushinteger(L, stmt_get_int(s, i));
            break;
        case COL_REAL:
            lua_pushnumber(L, stmt_get_real(s, i));
            break;
        case COL_TEXT:
        case COL_BLOB:
            lua_pushlstring(L, stmt_get(s, i).p, stmt_get(s, i).n);
        }
        lua_setfield(L, -2, stmt_name(s, i));
    }
}

int lib_db_query(lua_State *L)
{
    struct unit *u = unit_of(L);
    struct db *db;
    struct stmt *s = prepare(L, u, &db);
    int n = 0, more;
    lua_newtable(L);
    while ((more = stmt_step(s)) == 1) {
        vm_charge(L, 5 + 2 * stmt_columns(s));
        push_row(L, s);
        lua_rawseti(L, -2, ++n);
    }
    count_steps(u);
    if (more < 0)
        return raise_db(L, u, db, more);
    unit_close(u);
    return 1;
}

enum { ROW_COSTS = 5 };

struct taking {
    struct taken *taken;
    struct vm *vm;
    size_t most; /* bytes: as much as the whole state may hold */
    bool odd;    /* a row is none */
};

/* subject, a, b[, blocks, at, units]. Nothing may be raised past the engine, so what is
 * too much is noticed here, and raised behind it. */
static int take_row(void *ctx, const struct row *r)
{
    struct taking *t = ctx;
    struct str name;
    struct gathering g = {.units = 0};
    int64_t blocks = 0;
    bool more = row_columns(r) == 6;
    t->odd = !row_text(r, 0, &name) || !row_int(r, 1, &g.a) || !row_int(r, 2, &g.b);
    if (t->odd)
        return ERR_INVALID;
    bool gathers = more && row_int(r, 4, &g.at);
    if (more)
        (void)(gathers ? row_int(r, 5, &g.units) : row_int(r, 3, &blocks));
    if (gathers)
        taken_gather(t->taken, name, g);
    else if (blocks)
        taken_block(t->taken, name, g.a, g.b);
    else
        taken_busy(t->taken, name, g.a, g.b);
    if (taken_bytes(t->taken) > t->most)
        return ERR_NOMEM;
    return vm_pay(t->vm, ROW_COSTS) ? 0 : ERR_BUDGET;
}

int lib_db_taken(lua_State *L)
{
    struct unit *u = unit_of(L);
    struct db *db;
    struct stmt *s = prepare_by(L, u, &db, db_prepare_fold);
    int n = stmt_columns(s);
    if (n != 3 && n != 6)
        luaL_error(L, "db.taken: rows have three columns, or six");
    struct taking t = {
        .taken = taken_push(L), .vm = vm_of(L), .most = vm_memory_max(vm_of(L))};
    int err = stmt_fold(s, take_row, &t);
    count_steps(u);
    taken_settle(L, -1);
    if (t.odd)
        luaL_error(L, "db.taken: a row is a subject, and integers");
    if (err)
        return raise_db(L, u, db, err);
    unit_close(u);
    return 1;
}

int lib_db_one(lua_State *L)
{
    struct unit *u = unit_of(L);
    struct db *db;
    struct stmt *s = prepare(L, u, &db);
    int more = stmt_step(s);
    count_steps(u);
    if (more < 0)
        return raise_db(L, u, db, more);
    if (more)
        push_row(L, s);
    else
        lua_pushnil(L);
    unit_close(u);
    return 1;
}

int lib_db_exec(lua_State *L)
{
    struct unit *u = unit_of(L);
    struct db *db;
    struct stmt *s = prepare(L, u, &db);
    int more;
    while ((more = stmt_step(s)) == 1)
        vm_charge(L, 5);
    count_steps(u);
    if (more < 0)
        return raise_db(L, u, db, more);
    lua_pushinteger(L, db_changes(db));
    unit_close(u);
    return 1;
}
