#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/taken.h"

static struct str name_of(char out[32], int i)
{
    int n = snprintf(out, 32, "host_%d", i);
    return (struct str){out, (size_t)n};
}

static void everybody_is_found_again(void **state)
{
    (void)state;
    struct taken *t = taken_new();
    char text[32];
    size_t before = taken_bytes(t);
    assert_null(taken_find(t, STR("host_1")));
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 500; i++)
            taken_busy(t, name_of(text, i), 100 * round, 100 * round + i);
    for (int i = 0; i < 500; i++) {
        const struct taken_of *of = taken_find(t, name_of(text, i));
        assert_non_null(of);
        assert_true(str_eq(of->name, name_of(text, i)));
        assert_int_equal(of->busy.n, i == 0 ? 0 : i < 100 ? 3 : 1);
        assert_int_equal(spans_total(&of->busy), i == 0    ? 0
                                                 : i < 100 ? 3 * i
                                                           : 200 + i);
    }
    assert_null(taken_find(t, STR("host_500")));
    assert_null(taken_find(t, STR("")));
    assert_true(taken_bytes(t) > before + 500 * sizeof(struct taken_of));
    taken_free(t);
    taken_free(NULL);
}

static void what_blocks_is_busy_too(void **state)
{
    (void)state;
    struct taken *t = taken_new();
    taken_busy(t, STR("ada"), 50, 60);
    taken_block(t, STR("ada"), 10, 20);
    const struct taken_of *of = taken_find(t, STR("ada"));
    assert_int_equal(of->busy.n, 2);
    assert_int_equal(of->blocked.n, 1);
    assert_int_equal(of->n, 0);
    taken_free(t);
}

static void gatherings_are_kept_in_order(void **state)
{
    (void)state;
    static const int64_t at[] = {30, 10, 50, 20, 40, 10};
    struct taken *t = taken_new();
    for (size_t i = 0; i < 6; i++)
        taken_gather(t, STR("ada"),
                     (struct gathering){at[i], at[i] - 1, at[i] + 5, (int64_t)i});
    const struct taken_of *of = taken_find(t, STR("ada"));
    assert_int_equal(of->n, 5);
    for (size_t i = 0; i < of->n; i++)
        assert_int_equal(of->gatherings[i].at, 10 * (int64_t)(i + 1));
    assert_int_equal(of->gatherings[0].units, 5); /* the later of two */
    assert_int_equal(of->busy.n, 5);
    assert_int_equal(of->blocked.n, 0);
    taken_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_found_again),
        cmocka_unit_test(what_blocks_is_busy_too),
        cmocka_unit_test(gatherings_are_kept_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
