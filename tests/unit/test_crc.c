#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc.h"

/* The definition, a bit at a time. */
static uint32_t plainly(const unsigned char *p, size_t n)
{
    uint32_t c = 0xFFFFFFFFu;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
    }
    return c ^ 0xFFFFFFFFu;
}

static void the_check_value_of_the_standard(void **state)
{
    (void)state;
    assert_int_equal(crc32_ieee(STR("123456789")), 0xCBF43926u);
    assert_int_equal(crc32_ieee(STR("")), 0);
}

/* Each byte in each place of a step, and every length around one. */
static void equals_its_definition(void **state)
{
    (void)state;
    unsigned char text[64];
    uint32_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        size_t n = (size_t)round % 64;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            text[i] = (unsigned char)(seed >> 24);
        }
        struct str s = {(const char *)text, n};
        assert_int_equal(crc32_ieee(s), plainly(text, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_value_of_the_standard),
        cmocka_unit_test(equals_its_definition),
    };
    return cmocka_run_group_tests_name("crc", tests, NULL, NULL);
}
