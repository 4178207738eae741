#include "lua/call.h"

#include <lauxlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "guard/auth.h"
#include "lua/job.h"
#include "lua/lib.h"

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

static void set_pair(lua_State *L, const char *key, struct str value)
{
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, key);
}

static void push_params(lua_State *L, const struct call *c)
{
    lua_createtable(L, 0, c->match->n_params);
    for (int i = 0; i < c->match->n_params; i++) {
        lua_pushlstring(L, c->match->names[i].p, c->match->names[i].n);
        lua_pushlstring(L, c->match->values[i].p, c->match->values[i].n);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "params");
}

static void push_query(lua_State *L, const struct call *c)
{
    lua_createtable(L, 0, c->n_query);
    for (int i = 0; i < c->n_query; i++) {
        lua_pushlstring(L, c->query[i].name.p, c->query[i].name.n);
        lua_pushlstring(L, c->query[i].value.p, c->query[i].value.n);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "query");
}

static void push_identity(lua_State *L, const struct key *k)
{
    static const char *const environments[] = {NULL, "production", "development"};
    lua_createtable(L, 0, 4);
    set_pair(L, "id", str_of(k->id));
    set_pair(L, "label", k->label);
    set_pair(L, "last4", str_of(k->last4));
    if (environments[k->environment])
        set_pair(L, "environment", str_of(environments[k->environment]));
    lua_setfield(L, -2, "key");
    lua_createtable(L, 0, 3);
    set_pair(L, "id", str_of(k->org->id));
    set_pair(L, "slug", k->org->slug);
    set_pair(L, "name", k->org->name);
    lua_setfield(L, -2, "organization");
}

/* The key header never reaches a script: whoever lists the others, does not list it. */
static bool is_secret(struct str name)
{
    return str_eq_nocase(name, STR("x-kordless-key")) ||
           str_eq_nocase(name, STR("authorization")) ||
           str_eq_nocase(name, STR("cookie"));
}

static void push_raw(lua_State *L, const struct call *c)
{
    int n = 0;
    lua_createtable(L, c->req->n_fields, 0);
    for (int i = 0; i < c->req->n_fields; i++) {
        if (is_secret(c->req->fields[i].name))
            continue;
        lua_createtable(L, 0, 2);
        set_pair(L, "name", c->req->fields[i].name);
        set_pair(L, "value", c->req->fields[i].value);
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "headers");
    set_pair(L, "raw_body", c->req->body);
}

/* False, with the reply made, when the body is no JSON. */
static bool push_body(lua_State *L, struct call *c)
{
    if (!c->route->body || c->req->body.n == 0)
        return true;
    buf_clear(&c->why);
    c->json_fault = json_decode(L, c->req->body, &c->why) != 0;
    if (c->json_fault)
        reply_problem(c->reply, 400, "invalid_json", buf_slice(&c->why));
    else
        lua_setfield(L, -2, "body");
    return !c->json_fault;
}

/* False, with the reply made, when the request is not what the route declares. */
static bool fits(lua_State *L, struct call *c)
{
    buf_clear(&c->why);
    if (declare_request(L, &c->route->declared, c->unit->zones, &c->why))
        return true;
    reply_problem(c->reply, 400, "validation_error", buf_slice(&c->why));
    return false;
}

static bool push_request(lua_State *L, struct call *c)
{
    lua_createtable(L, 0, 9);
    set_pair(L, "method", str_of(http_method_name(c->req->method)));
    set_pair(L, "path", c->req->path);
    set_pair(L, "request_id", str_of(c->request_id));
    set_pair(L, "public_url", c->public_url);
    push_params(L, c);
    push_query(L, c);
    if (c->key)
        push_identity(L, c->key);
    if (c->route->raw)
        push_raw(L, c);
    return push_body(L, c) && fits(L, c);
}

/* --- the answer --- */

/* What every problem has, and from where: not a script's members. */
static bool is_problem(const char *name)
{
    static const char *const names[] = {"detail", "status", "type", "code"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static int add_members(lua_State *L, int idx, struct call *c)
{
    struct buf *members = &c->scratch;
    int err = 0;
    lua_pushnil(L);
    while (!err && lua_next(L, idx)) {
        size_t n;
        if (lua_type(L, -2) == LUA_TSTRING) {
            const char *name = lua_tolstring(L, -2, &n);
            if (!is_problem(name)) {
                buf_char(members, ',');
                err = json_put_string(members, (struct str){name, n});
                buf_char(members, ':');
                err = err ? err : json_encode(L, lua_gettop(L), members, &c->why);
            }
        }
        lua_pop(L, 1);
    }
    return err;
}

static struct str detail_of(lua_State *L, const struct error_spec *e)
{
    size_t n;
    const char *p = NULL;
    if (lua_istable(L, 3)) {
        lua_pushliteral(L, "detail");
        if (lua_rawget(L, 3) == LUA_TSTRING)
            p = lua_tolstring(L, -1, &n);
    }
    return p ? (struct str){p, n} : e->detail;
}

/* return nil, "name"[, {detail =, …}] */
static int finish_error(lua_State *L, struct call *c)
{
    size_t n;
    const char *name = lua_tolstring(L, 2, &n);
    const struct error_spec *e =
        name ? manifest_error(&c->unit->plugin->manifest, (struct str){name, n}) : NULL;
    if (!e)
        return luaL_error(
            L,
            "the handler '%s' returned the error '%s', which its manifest "
            "does not declare",
            c->route->handler.p, name ? name : "nil");
    buf_clear(&c->scratch);
    buf_clear(&c->why);
    if (lua_istable(L, 3) && add_members(L, 3, c)) {
        lua_pushlstring(L, c->why.p, c->why.n);
        return luaL_error(L, "members of the error '%s' are no JSON: %s", name,
                          lua_tostring(L, -1));
    }
    reply_problem_with(c->reply, e->status, e->name.p, detail_of(L, e),
                       buf_slice(&c->scratch));
    return 0;
}

static void finish_fields(lua_State *L, struct call *c)
{
    lua_pushnil(L);
    while (lua_next(L, 3)) {
        size_t nk, nv;
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
            luaL_error(L, "a header's name and value must be strings");
        const char *k = lua_tolstring(L, -2, &nk);
        const char *v = lua_tolstring(L, -1, &nv);
        struct str name = {k, nk}, value = {v, nv};
        if (str_eq_nocase(name, STR("Content-Type")) && nv < 256 && !strpbrk(v, "\r\n"))
            c->reply->content_type = arena_cstr(c->arena, value);
        else if (reply_field(c->reply, name, value))
            luaL_error(L, "'%s' is no header a handler may set", k);
        if (str_eq_nocase(name, STR("Cache-Control")))
            c->reply->cacheable = true;
        lua_pop(L, 1);
    }
}

/* In tests a reply that is not what its route declares is the handler's fault. */
static void hold_reply(lua_State *L, struct call *c)
{
    int64_t left = c->budget.instructions; /* looking is not the handler's to pay */
    c->budget.instructions = BUDGET_INSTRUCTIONS;
    buf_clear(&c->why);
    bool ok = c->reply->content_type ||
              declare_reply(L, 2, c->reply->status, &c->route->declared, &c->why);
    c->budget.instructions = left;
    if (ok)
        return;
    lua_pushlstring(L, c->why.p, c->why.n);
    luaL_error(L, "the handler '%s' broke its manifest: %s", c->route->handler.p,
               lua_tostring(L, -1));
}

/* The stack is what the handler returned: status, body, headers. */
static int finish(lua_State *L)
{
    struct call *c = call_of(L);
    int exact;
    lua_settop(L, 3);
    if (lua_isnil(L, 1))
        return finish_error(L, c);
    lua_Integer status = lua_tointegerx(L, 1, &exact);
    if (!exact || status < 200 || status > 599)
        return luaL_error(L,
                          "the handler '%s' must return a status from 200 to 599, or "
                          "nil and an error's name",
                          c->route->handler.p);
    c->reply->status = (int)status;
    buf_clear(&c->reply->body);
    if (lua_istable(L, 3))
        finish_fields(L, c);
    if (lua_type(L, 2) == LUA_TSTRING) {
        size_t n;
        const char *p = lua_tolstring(L, 2, &n);
        buf_add(&c->reply->body, p, n);
    } else if (!lua_isnil(L, 2)) {
        buf_clear(&c->why);
        if (json_encode(L, 2, &c->reply->body, &c->why)) {
            lua_pushlstring(L, c->why.p, c->why.n);
            return luaL_error(L, "the handler '%s' returned a body that is no JSON: %s",
                              c->route->handler.p, lua_tostring(L, -1));
        }
    }
    if (c->strict)
        hold_reply(L, c);
    return 0;
}

static int finish_k(lua_State *L, int status, lua_KContext base)
{
    (void)status;
    (void)base;
    return finish(L);
}

/* The bottom of a handler's thread: builds the request, calls, encodes, all of it
 * inside the budget and the memory cap. */
static int l_handle(lua_State *L)
{
    struct call *c = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->unit->handler_refs[c->route->handler_ref]);
    if (!push_request(L, c))
        return 0;
    lua_callk(L, 1, 3, 0, finish_k);
    return finish(L);
}

/* --- running --- */

static void answer_problem(struct call *c, int status, const char *code,
                           struct str detail)
{
    if (status == 401 && reply_field(c->reply, STR("WWW-Authenticate"),
                                     STR("ApiKey realm=\"kordless\"")))
        status = 500;
    if (!strcmp(code, "busy") || !strcmp(code, "shutting_down"))
        reply_field_u64(c->reply, STR("Retry-After"), 1);
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
    if (how != VM_DONE)
        fail(c, how == VM_YIELD ? VM_ERROR : how, buf_slice(&why));
    buf_end(&why);
    end(c, how != VM_DONE);
}

static void refuse_quarantined(struct call *c)
{
    reply_problem(c->reply, 503, "plugin_quarantined",
                  arena_fmt(c->arena,
                            "This part of the server failed too often and is switched "
                            "off until its operator resumes it. Request id %s.",
                            c->request_id));
    c->finished(c);
}

void call_start(struct call *c)
{
    if (!c->is_job && quarantine_on(c->unit->plugin->quarantine)) {
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
        luaL_error(L, "this may only be used while a handler runs");
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

void call_may_wait(lua_State *L)
{
    if (!lua_isyieldable(L))
        luaL_error(L,
                   "a handler cannot wait inside a sort, a pattern's function, a "
                   "metamethod of one or a file being required; do it before or after");
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
    enum auth a = c->key ? auth_again(c->key, c->now.wall_ms) : AUTH_OK;
    if (a == AUTH_OK) {
        run(c, 0);
        return;
    }
    buf_clear(&c->why);
    auth_detail(a, c->key, STR(""), &c->why);
    answer_problem(c, auth_status(a), auth_code(a), buf_slice(&c->why));
    end(c, true);
}
