#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const struct str nothing = {NULL, 0};

static void slices_compare_by_bytes(void **state)
{
    (void)state;
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_eq(nothing, STR("")));
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_true(str_cmp(STR("\x80"), STR("a")) > 0);
    assert_int_equal(str_cmp(nothing, STR("")), 0);
    assert_true(str_cmp(nothing, STR("a")) < 0);
    assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), nothing));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_int_equal(str_of(NULL).n, 0);
    assert_int_equal(str_of("abc").n, 3);
}

static void only_ascii_letters_fold(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("["), STR("{")));
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_false(str_eq_nocase(STR("\xC3\x89"), STR("\xC3\xA9")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

static void cutting_and_trimming(void **state)
{
    (void)state;
    struct str head, rest;
    assert_true(str_cut(STR("a=b=c"), '=', &head, &rest));
    assert_true(str_eq(head, STR("a")) && str_eq(rest, STR("b=c")));
    assert_true(str_cut(STR("="), '=', &head, &rest));
    assert_true(head.n == 0 && rest.n == 0);
    assert_false(str_cut(STR("abc"), '=', &head, &rest));
    assert_true(str_eq(head, STR("abc")) && rest.n == 0);
    assert_true(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
    assert_true(str_eq(str_trim(STR(" \r\n ")), STR("\r\n")));
    assert_int_equal(str_trim(STR("   ")).n, 0);
    assert_int_equal(str_trim(nothing).n, 0);
}

static void numbers_are_digits_and_bounded(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_int_equal(str_u64(STR("0"), 0, &v), 0);
    assert_int_equal(v, 0);
    assert_int_equal(str_u64(STR("00042"), 42, &v), 0);
    assert_int_equal(v, 42);
    assert_int_equal(str_u64(STR("18446744073709551615"), UINT64_MAX, &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(str_u64(STR("18446744073709551616"), UINT64_MAX, &v),
                     ERR_TOO_LARGE);
    assert_int_equal(str_u64(STR("43"), 42, &v), ERR_TOO_LARGE);
    static const char *const bad[] = {"",    "-1", "+1", " 1", "1 ",
                                      "0x1", "1.", "a",  "1e1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(str_u64(str_of(bad[i]), UINT64_MAX, &v), ERR_INVALID);
    assert_true(v == UINT64_MAX); /* a refusal changes nothing */
}

static void c_strings_need_room_and_no_nul(void **state)
{
    (void)state;
    char out[4];
    assert_int_equal(str_cstr(STR("abc"), out, sizeof(out)), 0);
    assert_string_equal(out, "abc");
    assert_int_equal(str_cstr(STR("abcd"), out, sizeof(out)), ERR_TOO_LARGE);
    assert_int_equal(str_cstr(STR("a\0b"), out, sizeof(out)), ERR_INVALID);
    assert_int_equal(str_cstr(nothing, out, sizeof(out)), 0);
    assert_string_equal(out, "");
}

/* The tables of RFC 3629, section 4, the other way round: all code points written out.
 */
static size_t encode(uint32_t c, char out[4])
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 63));
    out[0] = (char)(n == 1 ? c : (0xF00u >> n & 0xFF) | c);
    return n;
}

static void every_code_point_is_utf8(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x120000; c++) {
        char text[4];
        size_t n = encode(c, text);
        bool valid = c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
        if (str_utf8((struct str){text, n}) != valid)
            fail_msg("U+%04X", (unsigned)c);
        if (n > 1 && c % 97 == 0)
            for (size_t cut = 1; cut < n; cut++)
                assert_false(str_utf8((struct str){text, cut}));
    }
}

/* A sequence of two or three bytes is valid just when a code point encodes to it. */
static void nothing_else_is_utf8(void **state)
{
    (void)state;
    uint8_t *valid = calloc(1, 1 << 24);
    assert_non_null(valid);
    for (uint32_t c = 0x80; c < 0x10000; c++) {
        char t[4] = {0};
        size_t n = encode(c, t);
        if (c < 0xD800 || c > 0xDFFF)
            valid[(uint8_t)t[0] << 16 | (uint8_t)t[1] << 8 |
                  (n == 3 ? (uint8_t)t[2] : 'a')] = 1;
    }
    for (uint32_t v = 0x800000; v < 1 << 24; v += 1 + (v & 0x3F) / 63 * 2) {
        const char t[3] = {(char)(v >> 16), (char)(v >> 8), (char)v};
        if ((v & 0xFF) == 'a' || (v & 0x80))
            if (str_utf8((struct str){t, 3}) != valid[v])
                fail_msg("%06X", (unsigned)v);
    }
    free(valid);
}

static void words_are_small_letters_digits_and_underscores(void **state)
{
    (void)state;
    assert_true(str_is_word(STR("kept_total")) && str_is_word(STR("a1")));
    static const char *const bad[] = {"", "A", "a b", "a-b", "a.b", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(str_is_word(str_of(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_compare_by_bytes),
        cmocka_unit_test(only_ascii_letters_fold),
        cmocka_unit_test(cutting_and_trimming),
        cmocka_unit_test(numbers_are_digits_and_bounded),
        cmocka_unit_test(c_strings_need_room_and_no_nul),
        cmocka_unit_test(every_code_point_is_utf8),
        cmocka_unit_test(nothing_else_is_utf8),
        cmocka_unit_test(words_are_small_letters_digits_and_underscores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
