#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

#include "guard/secret.h"
#include "script.h"

static struct script s;

static int begin(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), 0);
    script_begin(&s, 0);
    script_api(&s, API_HANDLER, NEED_CRYPTO, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    return 0;
}

static void hashes_are_blake2b_256(void **state)
{
    (void)state;
    script_true(&s,
                "return kordless.crypto.hash('') == "
                "'0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8'");
    script_true(&s,
                "return kordless.crypto.hash('abc') == "
                "'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319'");
}

static void tokens_are_random_base62(void **state)
{
    (void)state;
    script_true(
        &s, "local seen = {} for i = 1, 1000 do local t = kordless.crypto.token(22) "
            "if seen[t] or not t:find('^%w+$') or #t ~= 22 then return false end "
            "seen[t] = true end return true");
    script_true(
        &s,
        "return #kordless.crypto.token(1) == 1 and #kordless.crypto.token(64) == 64");
    /* every character comes up, and none by far too often */
    script_true(&s,
                "local n, kinds = {}, 0 for i = 1, 500 do for c in "
                "kordless.crypto.token(62):gmatch('.') do if not n[c] then n[c] = 0 "
                "kinds = kinds + 1 end n[c] = n[c] + 1 end end for _, v in pairs(n) do "
                "if v < 300 or v > 700 then return false end end return kinds == 62");
    script_fails(&s, "kordless.crypto.token(0)", "1 to 64");
    script_fails(&s, "kordless.crypto.token(65)", "1 to 64");
}

static void comparisons(void **state)
{
    (void)state;
    script_true(
        &s, "local e = kordless.crypto.equal return e('', '') and e('abc', 'abc') and "
            "not e('abc', 'abd') and not e('abc', 'ab') and not e('', 'a')");
    script_fails(&s, "kordless.crypto.equal('a')", "string expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hashes_are_blake2b_256, begin, end),
        cmocka_unit_test_setup_teardown(tokens_are_random_base62, begin, end),
        cmocka_unit_test_setup_teardown(comparisons, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
