#include "lua/spec.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

/* The modules' texts are files of their own, so that they are read and checked as Lua.
 */
#define TEXT(name, file)                                         \
    __asm__(".pushsection .rodata\n"                             \
            ".globl spec_" #name "\n.globl spec_" #name "_end\n" \
            "spec_" #name ": .incbin \"" file "\"\n"             \
            "spec_" #name "_end: .byte 0\n"                      \
            ".popsection\n");                                    \
    extern const char spec_##name[], spec_##name##_end[]
TEXT(module, "runtime/lua/spec.lua");
TEXT(outside, "runtime/lua/spec_outside.lua");
TEXT(report, "runtime/lua/spec_report.lua");

/* --- what goes out --- */

/* What a stub raised; told where the request that caused it returns. */
static const char stub_key = 0;

static void note_stub_error(lua_State *L)
{
    luaL_tolstring(L, -1, NULL);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &stub_key);
    lua_pop(L, 1);
}

static void take_answer(lua_State *L, struct spec_fetch *f)
{
    size_t n;
    const char *p = lua_tolstring(L, -3, &n);
    if (p) {
        buf_add(&f->answer, p, n);
        return;
    }
    const char *code = lua_tostring(L, -2);
    snprintf(f->code, sizeof(f->code), "%s", code ? code : "stub_failed");
    p = lua_tolstring(L, -1, &n);
    if (p)
        buf_add(&f->why, p, n);
}

/* spec_outside.lua's `answer(url, request)`: bytes, or nil, code, why. */
static void answer(void *lua, struct spec_fetch *f)
{
    lua_State *L = lua;
    int top = lua_gettop(L);
    bool usual = f->port == (f->tls ? 443u : 80u), six = strchr(f->host, ':') != NULL;
    lua_getfield(L, LUA_REGISTRYINDEX, "kordless.answer");
    lua_pushfstring(L, "%s://%s%s%s", f->tls ? "https" : "http", six ? "[" : "",
                    f->host, six ? "]" : "");
    if (!usual) {
        lua_pushfstring(L, ":%d", (int)f->port);
        lua_concat(L, 2);
    }
    lua_pushlstring(L, f->request.p, f->request.n);
    if (lua_pcall(L, 2, 3, 0) == LUA_OK) {
        take_answer(L, f);
    } else {
        snprintf(f->code, sizeof(f->code), "stub_failed");
        note_stub_error(L);
    }
    lua_settop(L, top);
}

/* --- the verbs --- */

static const struct spec_host *host_of(lua_State *L)
{
    const struct spec_host *h = lua_touserdata(L, lua_upvalueindex(1));
    h->listen(h->ctx, answer, L); /* in the coroutine that asks */
    return h;
}

/* Raises what went wrong, in the server or in a stub. `why` is ended. */
static void hold(lua_State *L, int err, struct buf *why)
{
    if (err)
        lua_pushlstring(L, why->n ? why->p : "", why->n);
    buf_end(why);
    if (err)
        luaL_error(L, "%s", lua_tostring(L, -1));
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &stub_key) == LUA_TSTRING) {
        lua_pushnil(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &stub_key);
        lua_error(L);
    }
    lua_pop(L, 1);
}

static void set_number(lua_State *L, const char *name, int64_t n)
{
    lua_pushinteger(L, n);
    lua_setfield(L, -2, name);
}

static void push_used(lua_State *L, const struct spec_used *u)
{
    lua_newtable(L);
    set_number(L, "instructions", u->instructions);
    set_number(L, "sql_steps", u->sql_steps);
    set_number(L, "waits", u->waits);
    lua_newtable(L);
    for (int i = 0; i < u->n; i++) {
        lua_newtable(L);
        lua_pushstring(L, u->writes[i].name);
        lua_setfield(L, -2, "name");
        set_number(L, "instructions", u->writes[i].instructions);
        set_number(L, "sql_steps", u->writes[i].sql_steps);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "writes");
}

static int l_ask(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    struct buf response, why;
    struct spec_used used;
    buf_init(&response);
    buf_init(&why);
    int err = h->ask(h->ctx, (struct str){p, n}, &response, &used, &why);
    lua_pushlstring(L, response.n ? response.p : "", response.n);
    buf_end(&response);
    hold(L, err, &why);
    push_used(L, &used);
    return 2;
}

static int l_set_clock(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    int64_t now = 0;
    struct buf why;
    buf_init(&why);
    hold(L, h->set_clock(h->ctx, (struct str){p, n}, &now, &why), &why);
    lua_pushinteger(L, now);
    return 1;
}

static int l_advance(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    lua_Number seconds = luaL_checknumber(L, 1);
    int64_t now = 0;
    struct buf why;
    luaL_argcheck(L, seconds >= 0 && seconds <= 1e9, 1, "seconds, forward");
    buf_init(&why);
    hold(L, h->advance(h->ctx, (int64_t)(seconds * 1000), &now, &why), &why);
    lua_pushinteger(L, now);
    return 1;
}

static int l_renew(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    struct buf why;
    buf_init(&why);
    hold(L, h->renew(h->ctx, &why), &why);
    return 0;
}

static int l_enter(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    h->enter(h->whose, luaL_checkstring(L, 1));
    return 0;
}

/* promises(file): a list of {index, line, name}, or nil when it is no script. */
static int l_promises(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    const char *file = luaL_checkstring(L, 1);
    int n = 0, count = promises_count(h->promises);
    lua_newtable(L);
    for (int i = 0; i < count; i++) {
        struct promise p = promises_at(h->promises, i);
        if (strcmp(p.file, file) != 0)
            continue;
        lua_newtable(L);
        set_number(L, "index", i);
        set_number(L, "line", p.line);
        lua_pushstring(L, p.name);
        lua_setfield(L, -2, "name");
        lua_rawseti(L, -2, ++n);
    }
    return n > 0;
}

static int l_try(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    lua_Integer i = luaL_checkinteger(L, 1);
    struct buf why;
    luaL_argcheck(L, i >= 0 && i < promises_count(h->promises), 1, "no such promise");
    buf_init(&why);
    int err = promises_try(h->promises, (int)i, &why);
    if (err)
        lua_pushlstring(L, why.n ? why.p : "", why.n);
    buf_end(&why);
    return err ? 1 : 0;
}

/* --- modules --- */

/* The text of a module (upvalues 2 and 3), called with the verbs. */
static int l_module(lua_State *L)
{
    static const luaL_Reg verbs[] = {
        {"ask", l_ask},           {"set_clock", l_set_clock},
        {"advance", l_advance},   {"renew", l_renew},
        {"enter", l_enter},       {"try", l_try},
        {"promises", l_promises}, {NULL, NULL}};
    const char *name = lua_tostring(L, lua_upvalueindex(2));
    size_t n;
    const char *text = lua_tolstring(L, lua_upvalueindex(3), &n);
    if (luaL_loadbufferx(L, text, n, name, "t") != LUA_OK)
        return lua_error(L);
    luaL_newlibtable(L, verbs);
    lua_pushvalue(L, lua_upvalueindex(1));
    luaL_setfuncs(L, verbs, 1);
    lua_call(L, 1, 1);
    return 1;
}

static void preload(lua_State *L, const struct spec_host *h, const char *module,
                    const char *text, size_t n)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushlightuserdata(L, (void *)(uintptr_t)h);
    lua_pushfstring(L, "=%s", module);
    lua_pushlstring(L, text, n);
    lua_pushcclosure(L, l_module, 3);
    lua_setfield(L, -2, module);
    lua_pop(L, 1);
}

static void open_modules(lua_State *L, const struct spec_host *h)
{
    preload(L, h, "kordless.test", spec_module,
            (size_t)(spec_module_end - spec_module));
    preload(L, h, "kordless.outside", spec_outside,
            (size_t)(spec_outside_end - spec_outside));
    preload(L, h, "kordless.report", spec_report,
            (size_t)(spec_report_end - spec_report));
    lua_getglobal(L, "require");
    lua_pushliteral(L, "kordless.outside");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "ask");
    lua_setfield(L, LUA_REGISTRYINDEX, "kordless.answer");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "kordless.report");
    lua_call(L, 1, 0); /* puts its parts where busted looks for them */
    lua_pop(L, 1);
}

/* busted ends by os.exit; here its code is caught and the process goes on. */
static int l_exit(lua_State *L)
{
    bool good = lua_isnoneornil(L, 1) || (lua_isboolean(L, 1) && lua_toboolean(L, 1));
    int code = good ? 0 : lua_isinteger(L, 1) ? (int)lua_tointeger(L, 1) : 1;
    lua_pushinteger(L, code);
    lua_setfield(L, LUA_REGISTRYINDEX, "kordless.exit");
    return luaL_error(L, "exit");
}

struct run {
    const struct spec_host *host;
    const char *const *files;
    int n;
    const char *form;
    bool found; /* busted is there */
};

static void push_words(lua_State *L, const struct run *r)
{
    const char *const words[] = {"--output", r->form ? r->form : "kordless.lines",
                                 "--loaders=kordless,lua", "--helper=kordless.places",
                                 "--pattern="};
    lua_newtable(L);
    lua_pushliteral(L, "kordless test");
    lua_rawseti(L, -2, 0);
    int n = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        lua_pushstring(L, words[i]);
        lua_rawseti(L, -2, ++n);
    }
    for (int i = 0; i < r->n; i++) {
        lua_pushstring(L, r->files[i]);
        lua_rawseti(L, -2, ++n);
    }
}

static int l_run(lua_State *L)
{
    struct run *r = lua_touserdata(L, 1);
    luaL_openlibs(L);
    lua_getglobal(L, "os");
    lua_pushcfunction(L, l_exit);
    lua_setfield(L, -2, "exit");
    push_words(L, r);
    lua_setglobal(L, "arg");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "busted.runner");
    lua_call(L, 1, 1);
    r->found = true;
    open_modules(L, r->host);
    lua_newtable(L);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "standalone");
    lua_call(L, 1, 0);
    return 0;
}

static int outcome(lua_State *L, const struct run *r, int *code, struct buf *why)
{
    if (lua_getfield(L, LUA_REGISTRYINDEX, "kordless.exit") == LUA_TNUMBER) {
        *code = (int)lua_tointeger(L, -1);
        return 0;
    }
    lua_pop(L, 1);
    if (!r->found) {
        buf_lit(why, "specs need busted: install Debian's package lua-busted");
        return ERR_NOT_FOUND;
    }
    buf_str(why,
            str_of(lua_isstring(L, -1) ? lua_tostring(L, -1) : "busted broke off"));
    return ERR_INVALID;
}

int spec_run(const struct spec_host *h, const char *const *files, int n,
             const char *form, int *code, struct buf *why)
{
    struct run r = {h, files, n, form, false};
    lua_State *L = luaL_newstate();
    if (!L)
        return ERR_NOMEM;
    lua_pushcfunction(L, l_run);
    lua_pushlightuserdata(L, &r);
    *code = 0;
    int err = lua_pcall(L, 1, 0, 0) == LUA_OK ? 0 : outcome(L, &r, code, why);
    lua_close(L);
    return err;
}
