#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void assert_holds(const struct buf *b, const char *text)
{
    assert_true(str_eq(buf_slice(b), str_of(text)));
}

static void everything_is_added_at_the_end(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    assert_int_equal(buf_slice(&b).n, 0);
    buf_add(&b, NULL, 0);
    assert_null(b.p);
    buf_lit(&b, "a");
    buf_char(&b, '-');
    buf_str(&b, STR("bc"));
    buf_u64(&b, 0);
    buf_char(&b, ' ');
    buf_u64(&b, UINT64_MAX);
    buf_char(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_i64(&b, 7);
    buf_fmt(&b, "[%s %d]", "x", -1);
    assert_holds(&b, "a-bc0 18446744073709551615 -92233720368547758087[x -1]");
    buf_clear(&b);
    assert_holds(&b, "");
    buf_end(&b);
    assert_null(b.p);
}

static void it_grows_over_every_size(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < 5000; i++) {
        memset(buf_reserve(&b, 1 + i % 300), 'x', 1 + i % 300);
        assert_int_equal(b.n, i);
        buf_char(&b, (char)('a' + i % 26));
    }
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(b.p[i], 'a' + i % 26);
    buf_end(&b);
}

static void formatting_may_be_long(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_fmt(&b, "%1000d", 5);
    assert_int_equal(b.n, 1000);
    buf_fmt(&b, "%s", "");
    assert_int_equal(b.n, 1000);
    assert_int_equal(b.p[999], '5');
    buf_end(&b);
}

static void dropping_takes_from_the_front(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_drop(&b, 3);
    buf_lit(&b, "abcdef");
    buf_drop(&b, 0);
    buf_drop(&b, 2);
    assert_holds(&b, "cdef");
    buf_drop(&b, 4);
    assert_holds(&b, "");
    buf_lit(&b, "xy");
    buf_drop(&b, 100);
    assert_holds(&b, "");
    buf_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_added_at_the_end),
        cmocka_unit_test(it_grows_over_every_size),
        cmocka_unit_test(formatting_may_be_long),
        cmocka_unit_test(dropping_takes_from_the_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
