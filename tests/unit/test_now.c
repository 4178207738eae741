#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "base/now.h"

static void a_running_clock_goes_forward(void **state)
{
    (void)state;
    struct clock *c = clock_new();
    assert_false(clock_frozen(c));
    struct now before = clock_read(c), now = clock_read(c);
    assert_true(now.boot_ms >= before.boot_ms);
    assert_true(now.wall_ms > 1700000000000); /* milliseconds, and not those of 1970 */
    clock_free(c);
    clock_free(NULL);
}

static void a_frozen_clock_stands_still(void **state)
{
    (void)state;
    struct clock *c = clock_new();
    clock_set(c, 1772953200000);
    assert_true(clock_frozen(c));
    struct now first = clock_read(c);
    assert_int_equal(first.wall_ms, 1772953200000);
    for (int i = 0; i < 1000; i++) {
        struct now again = clock_read(c);
        assert_true(again.wall_ms == first.wall_ms && again.boot_ms == first.boot_ms);
    }
    clock_free(c);
}

/* Sockets must not time out because a test moved the calendar. */
static void the_steady_clock_is_never_frozen_nor_moved_along(void **state)
{
    (void)state;
    struct clock *c = clock_new();
    int64_t before = clock_read(c).steady_ms;
    clock_set(c, 4000000000000);
    clock_advance(c, 86400000);
    int64_t after = clock_read(c).steady_ms;
    assert_true(after >= before && after < before + 3600000);
    clock_skip(c, 7200000);
    assert_true(clock_read(c).steady_ms >= before + 7200000);
    clock_free(c);
}

static void only_forward_moves_take_the_limit_clock_along(void **state)
{
    (void)state;
    struct clock *c = clock_new();
    clock_set(c, 4000000000000);
    struct now start = clock_read(c), now;
    clock_advance(c, 1500);
    now = clock_read(c);
    assert_int_equal(now.wall_ms, 4000000001500);
    assert_int_equal(now.boot_ms, start.boot_ms + 1500);
    clock_set(c, 4000000000000);
    now = clock_read(c);
    assert_int_equal(now.wall_ms, 4000000000000);
    assert_int_equal(now.boot_ms, start.boot_ms + 1500);
    clock_advance(c, -700);
    clock_advance(c, 0);
    now = clock_read(c);
    assert_int_equal(now.wall_ms, 3999999999300);
    assert_int_equal(now.boot_ms, start.boot_ms + 1500);
    clock_set(c, 3999999999400);
    now = clock_read(c);
    assert_int_equal(now.boot_ms, start.boot_ms + 1600);
    clock_free(c);
}

static void advancing_freezes(void **state)
{
    (void)state;
    struct clock *c = clock_new();
    struct now before = clock_read(c);
    clock_advance(c, 60000);
    assert_true(clock_frozen(c));
    assert_true(clock_read(c).boot_ms >= before.boot_ms + 60000);
    clock_free(c);
}

/* Both times of one reading belong together, also while another thread moves the clock.
 */
static void *read_many(void *arg)
{
    struct now first = clock_read(arg), last = first;
    for (int i = 0; i < 20000; i++) {
        struct now now = clock_read(arg);
        if (now.wall_ms - first.wall_ms != now.boot_ms - first.boot_ms ||
            now.wall_ms < last.wall_ms)
            return arg;
        last = now;
    }
    return NULL;
}

static void readings_are_whole(void **state)
{
    (void)state;
    struct clock *c = clock_new();
    pthread_t thread;
    void *failed;
    clock_set(c, 0);
    assert_int_equal(pthread_create(&thread, NULL, read_many, c), 0);
    for (int i = 0; i < 20000; i++)
        clock_advance(c, 1);
    pthread_join(thread, &failed);
    assert_null(failed);
    clock_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_clock_goes_forward),
        cmocka_unit_test(a_frozen_clock_stands_still),
        cmocka_unit_test(the_steady_clock_is_never_frozen_nor_moved_along),
        cmocka_unit_test(only_forward_moves_take_the_limit_clock_along),
        cmocka_unit_test(advancing_freezes),
        cmocka_unit_test(readings_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
