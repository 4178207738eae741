#include "lua/spec.h"

#include <lauxlib.h>
#include <lualib.h>

/* The module's text is a file of its own, so that it is read and checked as Lua. */
__asm__(".pushsection .rodata\n"
        ".globl spec_module\n"
        ".globl spec_module_end\n"
        "spec_module: .incbin \"runtime/lua/spec.lua\"\n"
        "spec_module_end: .byte 0\n"
        ".popsection\n");
extern const char spec_module[], spec_module_end[];

static const struct spec_host *host_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int l_ask(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    struct buf response;
    buf_init(&response);
    int err = h->ask(h->ctx, (struct str){p, n}, &response);
    if (!err)
        lua_pushlstring(L, response.p ? response.p : "", response.n);
    buf_end(&response);
    return err ? luaL_error(L, "the server does not answer: %s", err_name(err)) : 1;
}

static int l_set_clock(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    int64_t now;
    if (h->set_clock(h->ctx, (struct str){p, n}, &now))
        return luaL_error(L, "'%s' is no time; 2027-03-01T09:00:00Z is one", p);
    lua_pushinteger(L, now);
    return 1;
}

static int l_advance(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    lua_pushinteger(L, h->advance(h->ctx, luaL_checkinteger(L, 1)));
    return 1;
}

static int l_renew(lua_State *L)
{
    const struct spec_host *h = host_of(L);
    int err = h->renew(h->ctx);
    return err ? luaL_error(L, "no server can be started: %s", err_name(err)) : 0;
}

/* package.preload["kordless.test"]: the text of spec.lua, called with the verbs. */
static int l_module(lua_State *L)
{
    static const luaL_Reg verbs[] = {{"ask", l_ask},
                                     {"set_clock", l_set_clock},
                                     {"advance", l_advance},
                                     {"renew", l_renew},
                                     {NULL, NULL}};
    size_t n = (size_t)(spec_module_end - spec_module);
    if (luaL_loadbufferx(L, spec_module, n, "=kordless.test", "t") != LUA_OK)
        return lua_error(L);
    luaL_newlibtable(L, verbs);
    lua_pushvalue(L, lua_upvalueindex(1));
    luaL_setfuncs(L, verbs, 1);
    lua_call(L, 1, 1);
    return 1;
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
    bool found; /* busted is there */
};

static void push_words(lua_State *L, const struct run *r)
{
    static const char *const words[] = {"-o", "plainTerminal", "--pattern="};
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
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushlightuserdata(L, (void *)(uintptr_t)r->host);
    lua_pushcclosure(L, l_module, 1);
    lua_setfield(L, -2, "kordless.test");
    push_words(L, r);
    lua_setglobal(L, "arg");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "busted.runner");
    lua_call(L, 1, 1);
    r->found = true;
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

int spec_run(const struct spec_host *h, const char *const *files, int n, int *code,
             struct buf *why)
{
    struct run r = {h, files, n, false};
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
