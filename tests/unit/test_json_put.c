#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void assert_put(struct str s, const char *expected)
{
    struct buf b;
    buf_init(&b);
    buf_lit(&b, "x");
    assert_int_equal(json_put_string(&b, s), 0);
    buf_char(&b, '\0');
    assert_string_equal(b.p + 1, expected);
    buf_end(&b);
}

static void written_strings_are_escaped(void **state)
{
    (void)state;
    assert_put((struct str){NULL, 0}, "\"\"");
    assert_put(STR("plain and long enough for words"),
               "\"plain and long enough for words\"");
    assert_put(STR("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    assert_put(STR("\0\x01\x1F\x7F"), "\"\\u0000\\u0001\\u001f\x7F\"");
    assert_put(STR("caf\xC3\xA9 \xF0\x9F\x98\x80"), "\"caf\xC3\xA9 \xF0\x9F\x98\x80\"");
}

static void what_is_no_utf8_is_not_written(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_lit(&b, "kept");
    assert_int_equal(json_put_string(&b, STR("good \n then \xC3")), ERR_INVALID);
    assert_int_equal(json_put_string(&b, STR("\xED\xA0\x80")), ERR_INVALID);
    assert_int_equal(b.n, 4);
    buf_end(&b);
}

/* All but NUL, which may be written and not be read. */
static void written_strings_are_read_back(void **state)
{
    (void)state;
    static const struct str parts[] = {{"a", 1},
                                       {"\"", 1},
                                       {"\\", 1},
                                       {"\n", 1},
                                       {"\x1F", 1},
                                       {"\xC3\xA9", 2},
                                       {"\xF0\x9F\x98\x80", 4},
                                       {"twelve bytes", 12},
                                       {"\x7F", 1}};
    uint64_t seed = 7;
    struct buf in, out, scratch;
    buf_init(&in), buf_init(&out), buf_init(&scratch);
    for (int i = 0; i < 20000; i++) {
        buf_clear(&in), buf_clear(&out);
        for (uint64_t n = next_random(&seed) % 12; n > 0; n--)
            buf_str(&in, parts[next_random(&seed) % (sizeof(parts) / sizeof(*parts))]);
        assert_int_equal(json_put_string(&out, buf_slice(&in)), 0);
        struct json_reader r;
        struct json_event e;
        json_reader_init(&r, buf_slice(&out), &scratch);
        assert_int_equal(json_next(&r, &e), 0);
        assert_true(str_eq(e.text, buf_slice(&in)));
    }
    buf_end(&in), buf_end(&out), buf_end(&scratch);
}

static void real_text(double v, char out[64])
{
    struct buf b;
    buf_init(&b);
    assert_int_equal(json_put_real(&b, v), 0);
    assert_int_equal(str_cstr(buf_slice(&b), out, 64), 0);
    buf_end(&b);
}

static void reals_are_short(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {45, "45"},
        {-45, "-45"},
        {45.5, "45.5"},
        {-0.25, "-0.25"},
        {0.1, "0.1"},
        {19.99, "19.99"},
        {0.001, "0.001"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e300, "1e+300"},
        {9007199254740991.0, "9007199254740991"},
        {1e-7, "1e-07"},
        {-9007199254740991.0, "-9007199254740991"},
        {9007199254740992.0, "9007199254740992"},
        {999999999999.999, "999999999999.999"},
        {1000000000000.125, "1000000000000.125"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {1.0 / 3, "0.3333333333333333"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[64];
        real_text(cases[i].v, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void reals_without_a_number_are_refused(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    assert_int_equal(json_put_real(&b, (double)NAN), ERR_INVALID);
    assert_int_equal(json_put_real(&b, (double)INFINITY), ERR_INVALID);
    assert_int_equal(json_put_real(&b, (double)-INFINITY), ERR_INVALID);
    assert_int_equal(b.n, 0);
    buf_end(&b);
}

static void assert_shortest(double v)
{
    char text[64], shorter[64];
    real_text(v, text);
    if (strtod(text, NULL) != v)
        fail_msg("%.17g became %s", v, text);
    if (fabs(v) < 0x1p53 && v == floor(v)) {
        assert_null(strpbrk(text, ".e"));
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(shorter, sizeof(shorter), "%.*g", digits, v);
        if (strtod(shorter, NULL) == v)
            break;
    }
    assert_string_equal(text, shorter);
}

static void reals_read_back_as_themselves(void **state)
{
    (void)state;
    uint64_t seed = 99;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&seed);
        double v;
        memcpy(&v, &bits, sizeof(v));
        if (isfinite(v))
            assert_shortest(v);
        assert_shortest((double)(int64_t)(bits >> (bits & 31)) / 100);
        assert_shortest((double)(int32_t)bits / 1000);
        assert_shortest((double)(int32_t)bits / 4096);
    }
    for (int e = -1074; e < 1024; e++)
        assert_shortest(ldexp(1, e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_strings_are_escaped),
        cmocka_unit_test(what_is_no_utf8_is_not_written),
        cmocka_unit_test(written_strings_are_read_back),
        cmocka_unit_test(reals_are_short),
        cmocka_unit_test(reals_without_a_number_are_refused),
        cmocka_unit_test(reals_read_back_as_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
