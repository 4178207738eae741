#include "lua/transaction.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "guard/auth.h"
#include "lua/data.h"
#include "lua/hook.h"
#include "lua/identity.h"
#include "lua/used.h"

struct tx *tx_of(lua_State *L)
{
    struct unit *u = unit_of(L);
    if (u->role != UNIT_TRANSACTIONS || !u->tx)
        api_only_while(L, "a transaction runs");
    return u->tx;
}

static void tx_free(struct call_write *cw)
{
    struct tx *t = (struct tx *)cw;
    buf_end(&t->args);
    buf_end(&t->result);
    buf_end(&t->why);
    buf_end(&t->answer);
    buf_end(&t->events);
    buf_end(&t->scratch);
    buf_end(&t->detail);
    free(t);
}

/* --- on the writer --- */

/* The bottom of a transaction's thread. */
static int l_transact(lua_State *L)
{
    struct tx *t = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->unit->table_ref);
    lua_pushlstring(L, t->name.p, t->name.n);
    if (lua_rawget(L, -2) != LUA_TFUNCTION)
        return luaL_error(L, "transactions.lua has no function '%s'", t->name.p);
    if (data_unpack(L, buf_slice(&t->args)))
        return luaL_error(L, "the arguments did not arrive whole");
    lua_call(L, 1, 1);
    if (!t->refused && data_pack(L, -1, DATA_MAX, &t->result, &t->why)) {
        lua_pushlstring(L, t->why.p, t->why.n);
        buf_clear(&t->why);
        return luaL_error(L, "the transaction '%s' returned what is no plain data: %s",
                          t->name.p, lua_tostring(L, -1));
    }
    return 0;
}

static int charge(void *ctx, int n)
{
    struct budget *b = ctx;
    b->instructions -= n;
    return b->instructions < 0;
}

static enum vm_end run_script(struct tx *t, struct db *db)
{
    struct budget budget = {BUDGET_TRANSACTION, 0};
    int n;
    lua_State *co = vm_thread(t->unit->vm);
    lua_pushcfunction(co, l_transact);
    lua_pushlightuserdata(co, t);
    t->db = db;
    t->unit->tx = t;
    db_fence(db, &t->unit->plugin->fence);
    db_budget(db, charge, &budget);
    enum vm_end end = vm_run(t->unit->vm, co, 1, &budget, &n, &t->why);
    unit_close(t->unit);
    t->left = budget.instructions;
    db_budget(db, NULL, NULL);
    db_fence(db, NULL);
    t->unit->tx = NULL;
    t->db = NULL;
    vm_thread_end(t->unit->vm, co, end != VM_DONE);
    return end;
}

static void begin_again(struct tx *t)
{
    buf_clear(&t->result);
    buf_clear(&t->why);
    buf_clear(&t->answer);
    buf_clear(&t->events);
    t->answer_status = 0;
    t->refused = false;
    t->fatal = 0;
    t->rows = 0;
    t->sql_steps = 0;
    t->left = BUDGET_TRANSACTION;
}

static int tx_run(struct write *w, struct db *db)
{
    static const int errors[] = {[VM_DONE] = 0,
                                 [VM_YIELD] = ERR_INVALID,
                                 [VM_ERROR] = ERR_INVALID,
                                 [VM_BUDGET] = ERR_BUDGET,
                                 [VM_MEMORY] = ERR_NOMEM};
    struct tx *t = (struct tx *)w;
    begin_again(t);
    if (identity_again(t->cw.call, t->wall_ms) != AUTH_OK)
        return ERR_ENDED;
    enum vm_end end = run_script(t, db);
    t->refused = t->refused && !t->fatal && end != VM_BUDGET && end != VM_MEMORY;
    if (t->fatal)
        return t->fatal;
    if (t->refused)
        return ERR_CONSTRAINT;
    if (end != VM_DONE)
        return errors[end];
    if (t->idem && t->answer_status)
        return idem_store(db, t->idem, t->answer_status, buf_slice(&t->answer),
                          t->wall_ms);
    return 0;
}

/* --- back on the worker --- */

void transaction_fails(struct call *c, int err)
{
    static const struct {
        int err, status;
        const char *code, *detail;
    } table[] = {
        {ERR_BUSY, 503, "busy", "Too many writes are waiting. Try again in a second."},
        {ERR_CLOSED, 503, "shutting_down",
         "The server is stopping. Try again shortly."},
        {ERR_FULL, 503, "storage_unavailable",
         "The server's storage is full; nothing was changed. Tell the operator the "
         "request id %s."},
        {ERR_IO, 503, "storage_unavailable",
         "The server's storage failed; nothing was changed. Tell the operator the "
         "request "
         "id %s."},
        {ERR_NOMEM, 503, "out_of_memory",
         "The write took more memory than one may; nothing was changed. Request id "
         "%s."},
        {ERR_BUDGET, 503, "over_budget",
         "The write took more computing than one may; nothing was changed. Request id "
         "%s."},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].err == err)
            call_fails(c, table[i].status, table[i].code, table[i].detail);
    if (err == ERR_ENDED)
        identity_fails(c);
}

static int failed(struct call *c, struct tx *t, lua_State *L)
{
    int err = t->cw.w.result;
    transaction_fails(c, err);
    if (err == ERR_BUDGET || err == ERR_NOMEM) /* whatever the handler makes of it */
        quarantine_kill(c->unit->plugin->quarantine,
                        err == ERR_NOMEM ? KILL_MEMORY : KILL_BUDGET, c->now.boot_ms,
                        c->host->log);
    lua_pushfstring(L, "transaction '%s': %s: ", t->name.p, err_name(err));
    lua_pushlstring(L, t->why.p, t->why.n);
    lua_concat(L, 2);
    return err;
}

static int tx_resume(struct call_write *cw, lua_State *L, int *n_results)
{
    struct tx *t = (struct tx *)cw;
    struct call *c = cw->call;
    bool refused = t->refused && cw->w.result == ERR_CONSTRAINT;
    used_by_transaction(c, t);
    if (cw->w.result && !refused)
        return failed(c, t, L);
    if (!refused)
        hook_tell(c, t);
    c->stored = c->stored || (t->idem && t->answer_status && !refused);
    *n_results = 1;
    if (data_unpack(L, buf_slice(&t->result)))
        return luaL_error(L, "the result did not arrive whole");
    return 0;
}

int transaction_wait(lua_State *L)
{
    struct call *c = call_of(L);
    size_t n;
    const char *name = luaL_checklstring(L, 1, &n);
    luaL_checktype(L, 2, LUA_TTABLE);
    buf_clear(&c->scratch);
    buf_clear(&c->why);
    if (data_pack(L, 2, DATA_MAX, &c->scratch, &c->why)) {
        lua_pushlstring(L, c->why.p, c->why.n);
        return luaL_error(L, "transaction '%s': %s", name, lua_tostring(L, -1));
    }
    struct tx *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    t->cw.w.run = tx_run;
    t->cw.resume = tx_resume;
    t->cw.free = tx_free;
    t->unit = c->unit->writer;
    t->name = arena_str(c->arena, (struct str){name, n});
    t->idem = c->idem;
    t->actor = identity_actor(c);
    t->organization_id = c->org ? str_of(c->org->id) : STR("");
    t->wall_ms = c->now.wall_ms;
    buf_str(&t->args, buf_slice(&c->scratch));
    return call_wait(L, &t->cw);
}
