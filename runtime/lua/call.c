#include "lua/call_inside.h"

#include <lauxlib.h>
#include <string.h>

#include "base/log.h"
#include "guard/auth.h"
#include "lua/identity.h"
#include "lua/job.h"
#include "lua/lib.h"
#include "lua/used.h"

/* What goes wrong inside a script, as the caller hears it. */
static const struct {
    int status;
    const char *code, *detail;
} failures[] = {
    [VM_ERROR] = {500, "internal_error",
                  "The server failed on this request; its log says why. If it goes on, "
                  "tell the operator the request id %s."},
    [VM_BUDGET] =
        {503, "over_budget",
         "This request took more computing than one request may. Ask for less "
         "at once, or tell the operator the request id %s."},
    [VM_MEMORY] =
        {503, "out_of_memory",
         "This request took more memory than one request may. Ask for less at "
         "once, or tell the operator the request id %s."},
};

static int finish_k(lua_State *L, int status, lua_KContext base)
{
    (void)status;
    (void)base;
    return call_reply(L);
}

/* The bottom of a handler's thread: builds the request, calls, encodes, all of it
 * inside the budget and the memory cap. */
static int l_handle(lua_State *L)
{
    struct call *c = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->unit->handler_refs[c->route->handler_ref]);
    if (!call_push_request(L, c))
        return 0;
    lua_callk(L, 1, 3, 0, finish_k);
    return call_reply(L);
}

/* --- running --- */

static void answer_problem(struct call *c, int status, const char *code,
                           struct str detail)
{
    call_problem_fields(c, status, code);
    reply_problem(c->reply, status, code, detail);
}

static void fail(struct call *c, enum vm_end end, struct str why)
{
    int status = failures[end].status;
    const char *code = failures[end].code;
    struct str detail = arena_fmt(c->arena, failures[end].detail, c->request_id);
    if (end == VM_BUDGET || end == VM_MEMORY) {
        quarantine_kill(c->unit->plugin->quarantine,
                        end == VM_MEMORY ? KILL_MEMORY : KILL_BUDGET, c->now.boot_ms,
                        c->host->log);
    }
    if (c->failed_status && end == VM_ERROR) {
        status = c->failed_status;
        code = c->failed_code;
        detail = c->failed_detail;
    }
    LOG(c->host->log, LOG_ERROR, "handler_failed",
        LOG_T("plugin", c->unit->plugin->manifest.name),
        LOG_T("route", c->route->label), LOG_C("code", code),
        LOG_C("request_id", c->request_id),
        LOG_N("instructions", BUDGET_INSTRUCTIONS - c->budget.instructions),
        LOG_T("why", why));
    c->reply->fields.n = c->own_fields; /* none of an answer that came to nothing */
    c->reply->cacheable = false;
    answer_problem(c, status, code, detail);
}

void call_fails(struct call *c, int status, const char *code, const char *detail)
{
    c->failed_status = status;
    c->failed_code = code;
    c->failed_detail = arena_fmt(c->arena, detail, c->request_id);
}

static void drop_held(struct call *c)
{
    if (c->held)
        c->held->free(c->held);
    c->held = NULL;
}

static void drop_all(struct call *c)
{
    drop_held(c);
    lib_fetch_drop(c);
    buf_end(&c->scratch);
    buf_end(&c->result);
    buf_end(&c->why);
}

static void end(struct call *c, bool dead)
{
    used_by_call(c);
    vm_thread_end(c->unit->vm, c->co, dead);
    c->co = NULL;
    drop_all(c);
    c->finished(c);
}

void call_abandon(struct call *c)
{
    if (c->waiting)
        c->waiting->free(c->waiting);
    c->waiting = NULL;
    drop_all(c);
}

/* What slept for a caller that left has done nothing that it would leave half done. */
static void cancel(struct call *c)
{
    c->asleep = false;
    c->host->cancel(c->host->ctx, c);
    c->reply->fields.n = c->own_fields;
    answer_problem(c, 503, "caller_left",
                   STR("The caller closed its side before the answer was ready."));
    end(c, true);
}

void call_leave(struct call *c)
{
    c->left = true;
    if (c->asleep && !c->detached)
        cancel(c);
}

static void run(struct call *c, int n_args)
{
    struct buf why;
    int n;
    buf_init(&why);
    c->unit->call = c;
    enum vm_end how = vm_run(c->unit->vm, c->co, n_args, &c->budget, &n, &why);
    c->unit->call = NULL;
    unit_close(c->unit);
    c->req = NULL;
    if (how == VM_YIELD && (c->waiting || c->asleep)) {
        buf_end(&why);
        if (c->left)
            call_leave(c);
        return;
    }
    if (how != VM_DONE && !(how == VM_ERROR && c->problem))
        fail(c, how == VM_YIELD ? VM_ERROR : how, buf_slice(&why));
    buf_end(&why);
    end(c, how != VM_DONE);
}

static void refuse_quarantined(struct call *c)
{
    if (c->is_job)
        job_refused(c);
    reply_problem(c->reply, 503, "plugin_quarantined",
                  arena_fmt(c->arena,
                            "This part of the server failed too often and is switched "
                            "off until its operator resumes it. Request id %s.",
                            c->request_id));
    c->finished(c);
}

void call_start(struct call *c)
{
    if (quarantine_on(c->unit->plugin->quarantine)) {
        refuse_quarantined(c);
        return;
    }
    c->budget = (struct budget){BUDGET_INSTRUCTIONS, BUDGET_YIELDS};
    c->own_fields = c->reply->fields.n;
    c->co = vm_thread(c->unit->vm);
    lua_pushcfunction(c->co, c->is_job ? job_run : l_handle);
    lua_pushlightuserdata(c->co, c);
    run(c, 1);
}

struct call *call_of(lua_State *L)
{
    struct unit *u = unit_of(L);
    if (u->role != UNIT_HANDLERS || !u->call)
        api_only_while(L, "a handler runs");
    return u->call;
}

static int waited(lua_State *L, int status, lua_KContext base)
{
    struct call *c = call_of(L);
    struct call_write *cw = c->waiting;
    int n = 0;
    (void)status;
    (void)base;
    c->waiting = NULL;
    c->held = cw; /* if `resume` raises, `end` frees it */
    int err = cw->resume(cw, L, &n);
    drop_held(c);
    return err ? lua_error(L) : n;
}

static void cannot_wait(lua_State *L)
{
    const struct api_row *r = api_running(L);
    luaL_error(
        L,
        "kordless.%s waits, and a handler cannot wait inside a sort, a pattern's "
        "function, a metamethod of one or a file being required; call it before "
        "or after, in the handler itself",
        r ? r->name : "?");
}

void call_may_wait(lua_State *L)
{
    if (!lua_isyieldable(L))
        cannot_wait(L);
    if (call_of(L)->problem)
        luaL_error(
            L, "this request is answered with a problem; nothing more is done in it");
    if (vm_budget(L)->yields > 0)
        return;
    call_fails(call_of(L), failures[VM_BUDGET].status, failures[VM_BUDGET].code,
               failures[VM_BUDGET].detail);
    luaL_error(L, "the handler waited more than %d times", BUDGET_YIELDS);
}

int call_wait(lua_State *L, struct call_write *cw)
{
    struct call *c = call_of(L);
    cw->call = c;
    drop_held(c); /* of a wait that raised and was caught */
    c->held = cw;
    call_may_wait(L);
    c->held = NULL;
    c->waiting = cw;
    int err = c->host->write(c->host->ctx, cw);
    if (err) {
        cw->w.result = err;
        return waited(L, LUA_OK, 0);
    }
    return lua_yieldk(L, 0, 0, waited);
}

void call_written(struct call_write *cw)
{
    struct call *c = cw->call;
    c->now = c->host->now(c->host->ctx);
    run(c, 0);
}

/* Asleep nothing was done here and nothing told, so a key that was revoked meanwhile is
 * turned away as at the door. After a write the answer is told: it is durable. */
void call_wake(struct call *c)
{
    c->asleep = c->detached = false;
    c->now = c->host->now(c->host->ctx);
    enum auth a = identity_again(c, c->now.wall_ms);
    if (a == AUTH_OK) {
        run(c, 0);
        return;
    }
    buf_clear(&c->why);
    auth_detail(a, c->key, STR(""), &c->why);
    answer_problem(c, auth_status(a), auth_code(a), buf_slice(&c->why));
    end(c, true);
}
