#include <lauxlib.h>

#include "guard/secret.h"
#include "lua/lib.h"
#include "lua/vm.h"

/* What scripts need of cryptography: a hash for names of things, tokens to give out,
 * and a comparison that does not tell where it failed. Keys and peppers stay in guard/.
 */

enum { TOKEN_MAX = 64, BYTES_PER_CHARGE = 16 };

static struct str check_str(lua_State *L, int idx)
{
    struct str s;
    s.p = luaL_checklstring(L, idx, &s.n);
    return s;
}

int lib_crypto_hash(lua_State *L)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[DIGEST_BYTES];
    char text[2 * DIGEST_BYTES];
    struct str s = check_str(L, 1);
    vm_charge(L, 100 + (int64_t)(s.n / BYTES_PER_CHARGE));
    secret_hash(s, digest);
    for (int i = 0; i < DIGEST_BYTES; i++) {
        text[2 * i] = hex[digest[i] >> 4];
        text[2 * i + 1] = hex[digest[i] & 15];
    }
    lua_pushlstring(L, text, sizeof(text));
    return 1;
}

/* Bytes of 248 and more are thrown away: 256 is no multiple of 62. */
int lib_crypto_token(lua_State *L)
{
    static const char base62[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    unsigned char random[TOKEN_MAX];
    char text[TOKEN_MAX];
    lua_Integer n = luaL_checkinteger(L, 1), have = 0;
    luaL_argcheck(L, n >= 1 && n <= TOKEN_MAX, 1, "1 to 64 characters");
    vm_charge(L, 100);
    while (have < n) {
        secret_random(random, sizeof(random));
        for (size_t i = 0; i < sizeof(random) && have < n; i++)
            if (random[i] < 248)
                text[have++] = base62[random[i] % 62];
    }
    lua_pushlstring(L, text, (size_t)n);
    return 1;
}

int lib_crypto_equal(lua_State *L)
{
    struct str a = check_str(L, 1), b = check_str(L, 2);
    vm_charge(L, (int64_t)(a.n / BYTES_PER_CHARGE));
    lua_pushboolean(L, a.n == b.n && secret_equal(a.p, b.p, a.n));
    return 1;
}
