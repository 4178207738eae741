/* kordless.policy: a handler asks the operator's scripts. Each answer that refuses or
 * changes something, each failure, and one of so many that allow, is a line of the
 * decision log (decision.h). */

#include <lauxlib.h>
#include <string.h>

#include "lua/call.h"
#include "lua/data.h"
#include "lua/decision.h"
#include "lua/lib.h"
#include "lua/policy.h"
#include "lua/settings.h"
#include "lua/trail.h"
#include "lua/unit.h"

int lib_policy_has(lua_State *L)
{
    size_t nf, nn;
    const char *file = luaL_checklstring(L, 1, &nf);
    const char *name = luaL_checklstring(L, 2, &nn);
    lua_pushboolean(L, policies_has(unit_of(L)->policies, (struct str){file, nf},
                                    (struct str){name, nn}));
    return 1;
}

int lib_policy_hash(lua_State *L)
{
    size_t n;
    const char *file = luaL_checklstring(L, 1, &n);
    lua_pushstring(L, policies_hash(unit_of(L)->policies, (struct str){file, n}).p);
    return 1;
}

enum { POLICY_ARGS_MAX = 4 << 20 };

static int policy_failed(lua_State *L, struct call *c, const char *file,
                         const char *name)
{
    call_fails(
        c, 503, "policy_failed",
        "The operator's booking rules could not be evaluated, so nothing was done. "
        "Tell the operator the request id %s.");
    lua_pushlstring(L, c->why.p, c->why.n);
    return luaL_error(L, "policy %s.%s: %s", file, name, lua_tostring(L, -1));
}

/* Fails closed: what decides who may book is not left out because it is broken. */
static bool policies_off(struct call *c)
{
    const struct ward *w = quarantine_ward(c->unit->plugin->quarantine);
    if (!quarantine_on(w->policies))
        return false;
    buf_lit(&c->why, "it was killed too often and is quarantined: `kordless plugin "
                     "resume policy`, or a reload");
    return true;
}

static void note_policy_end(struct call *c, int err)
{
    const struct ward *w = quarantine_ward(c->unit->plugin->quarantine);
    if (err == ERR_BUDGET || err == ERR_NOMEM)
        quarantine_kill(w->policies, err == ERR_NOMEM ? KILL_MEMORY : KILL_BUDGET,
                        c->now.boot_ms, c->host->log);
}

/* --- asking, and noting what was said --- */

struct question {
    const char *file, *name;
    enum decision_kind says; /* what an answer that is one means */
    struct trail *trail;     /* NULL: it is not asked which line decides */
    int64_t began, micros, cost;
};

/* nil, false and an empty table let things be. */
static bool is_answer(lua_State *L, int idx)
{
    if (!lua_istable(L, idx))
        return lua_toboolean(L, idx);
    lua_pushnil(L);
    if (!lua_next(L, idx))
        return false;
    lua_pop(L, 2);
    return true;
}

/* The arguments are at 3, the result on top; `why` has what went wrong. */
static void note(lua_State *L, struct call *c, const struct question *q,
                 enum decision_kind kind)
{
    int every =
        c->unit->plugin->settings ? c->unit->plugin->settings->decision_sample : 0;
    struct decision d = {.kind = kind,
                         .file = q->file,
                         .rule = q->name,
                         .hash = policies_hash(c->unit->policies, str_of(q->file)),
                         .plugin = c->unit->plugin->manifest.name,
                         .organization = c->key ? str_of(c->key->org->id) : STR(""),
                         .request_id = c->request_id,
                         .wall_ms = c->now.wall_ms,
                         .micros = q->micros,
                         .instructions = q->cost,
                         .sampled = kind == DECISION_ALLOWED ? every : 1,
                         .why = buf_slice(&c->why)};
    if (!c->host->decided ||
        (kind == DECISION_ALLOWED && !policies_sample(c->unit->policies, every)))
        return;
    buf_clear(&c->scratch);
    decision_put(L, 3, lua_gettop(L), &d, &c->scratch);
    c->host->decided(c->host->ctx, buf_slice(&c->scratch));
    vm_charge(L, (int64_t)(c->scratch.n / 8));
}

static int ask(lua_State *L, struct call *c, struct question *q)
{
    struct buf *args = &c->scratch, *result = &c->result;
    buf_clear(args);
    buf_clear(result);
    buf_clear(&c->why);
    if (policies_off(c))
        return ERR_BUDGET;
    int err = data_pack(L, 3, POLICY_ARGS_MAX, args, &c->why);
    vm_charge(L, (int64_t)(args->n / 8));
    if (err)
        return err;
    q->began = c->host->micros ? c->host->micros(c->host->ctx) : 0;
    err = q->trail ? policies_trace(c->unit->policies, str_of(q->file), str_of(q->name),
                                    buf_slice(args), result, q->trail, &c->why)
                   : policies_call(c->unit->policies, str_of(q->file), str_of(q->name),
                                   buf_slice(args), result, &c->why);
    q->micros = c->host->micros ? c->host->micros(c->host->ctx) - q->began : 0;
    q->cost = policies_cost(c->unit->policies);
    note_policy_end(c, err);
    vm_charge(L, q->cost); /* asking is no way out of it */
    return err ? err : data_unpack(L, buf_slice(result));
}

int lib_policy_call(lua_State *L)
{
    static const char *const meanings[] = {"refused", "changed", NULL};
    struct call *c = call_of(L);
    struct question q = {.file = luaL_checkstring(L, 1),
                         .name = luaL_checkstring(L, 2)};
    q.says = luaL_checkoption(L, 4, "refused", meanings) ? DECISION_CHANGED
                                                         : DECISION_REFUSED;
    lua_settop(L, 3);
    if (ask(L, c, &q)) {
        note(L, c, &q, DECISION_FAILED);
        return policy_failed(L, c, q.file, q.name);
    }
    note(L, c, &q, is_answer(L, lua_gettop(L)) ? q.says : DECISION_ALLOWED);
    return 1;
}

/* Asks as lib_policy_call does. Nothing is decided by it: no line in the decision log.
 */
int lib_policy_trace(lua_State *L)
{
    struct call *c = call_of(L);
    struct trail trail;
    struct question q = {.file = luaL_checkstring(L, 1),
                         .name = luaL_checkstring(L, 2),
                         .trail = &trail};
    lua_settop(L, 3);
    if (ask(L, c, &q))
        return policy_failed(L, c, q.file, q.name);
    if (!trail.source)
        return 1;
    /* Where the operator keeps the folder is nobody else's business. */
    const char *slash = strrchr(trail.source, '/');
    const char *name = slash ? slash + 1 : trail.source + (*trail.source == '@');
    lua_pushfstring(L, "scripts/%s:%d", name, trail.line);
    return 2;
}

/* What came back is no answer: for whoever asked, and in the decision log, the same as
 * a script that failed. */
int lib_policy_fail(lua_State *L)
{
    struct call *c = call_of(L);
    const struct question q = {.file = luaL_checkstring(L, 1),
                               .name = luaL_checkstring(L, 2)};
    buf_clear(&c->why);
    buf_str(&c->why, str_of(luaL_checkstring(L, 3)));
    lua_settop(L, 4);
    lua_remove(L, 3); /* what it was asked with is where `note` looks */
    note(L, c, &q, DECISION_FAILED);
    return policy_failed(L, c, q.file, q.name);
}
