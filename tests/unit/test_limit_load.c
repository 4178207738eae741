#include "test_limit.h"

#include <signal.h>
#include <sys/wait.h>

static const struct limit_rule plenty = {{1000000, 1000000, 1000000}};

static void everything_is_there_after_reopening(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    uint64_t seed = 3;
    uint32_t n[KEYS] = {0};
    for (int i = 0; i < 3000; i++) {
        int key = (int)below(&seed, KEYS);
        n[key] += take(&w, key, key % ORGS, plenty, 1);
        world_pass(&w, below(&seed, 3));
        if (below(&seed, 100) == 0)
            world_reopen(&w);
        assert_int_equal(used(&w, key, key % ORGS, LIMIT_MINUTE), n[key]);
    }
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), n[0] + n[2]);
    world_end(&w);
}

/* ---- kill -9 ---- */

static void take_until_killed(struct world *w, int told, uint64_t seed)
{
    world_open(w, w->path);
    for (;;) {
        int key = (int)below(&seed, KEYS);
        char byte = (char)key;
        if (!take(w, key, key % ORGS, plenty, 1) || write(told, &byte, 1) != 1)
            _exit(1);
        if (below(&seed, 300) == 0)
            limits_sync(w->l);
        if (below(&seed, 300) == 0)
            limits_sweep(w->l, &w->boot.now);
        if (below(&seed, 300) == 0)
            world_pass(w, 1);
    }
}

/* Adds up what the child said was admitted, kills it after `enough`, reads the rest. */
static void kill_after(pid_t child, int told, int enough, uint32_t n[KEYS])
{
    char said[512];
    ssize_t got;
    int status;
    while ((got = read(told, said, sizeof(said))) > 0) {
        for (ssize_t i = 0; i < got; i++)
            n[(int)said[i]]++;
        enough -= (int)got;
        if (enough <= 0)
            kill(child, SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void kill_9_loses_nothing(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    uint64_t seed = 11;
    uint32_t n[KEYS] = {0}, org[ORGS];
    for (int round = 0; round < 25; round++) {
        limits_close(w.l);
        int told[2];
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        if (child == 0)
            take_until_killed(&w, told[1], dice(&seed));
        close(told[1]);
        kill_after(child, told[0], (int)below(&seed, 2000), n);
        close(told[0]);
        world_open(&w, w.path);
        memset(org, 0, sizeof(org));
        int untold = 0;
        for (int k = 0; k < KEYS; k++) { /* at most the one that was under way */
            uint32_t have = used(&w, k, k % ORGS, LIMIT_HOUR);
            assert_true(have == n[k] || have == n[k] + 1);
            untold += have != n[k];
            n[k] = have;
            org[k % ORGS] += have;
        }
        assert_true(untold <= 1);
        for (int o = 0; o < ORGS; o++) {
            uint32_t have = used(&w, o, o, LIMIT_DAY);
            assert_true(have == org[o] || have + 1 == org[o]);
        }
        dice(&seed);
    }
    world_end(&w);
}

/* ---- reboot ---- */

static const struct limit_rule three = {{3, 100, 1000}};

static void a_reboot_carries_time_over(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    assert_int_equal(burst(&w, 0, 0, three, 9), 3);
    world_reboot(&w, 20 * 1000);
    assert_int_equal(burst(&w, 0, 0, three, 9), 0);
    assert_in_range(w.v.wait_ms, MINUTE - 20 * 1000, MINUTE - 20 * 1000 + 200);
    world_pass(&w, w.v.wait_ms);
    assert_int_equal(burst(&w, 0, 0, three, 9), 3);
    world_reboot(&w, MINUTE + 200);
    assert_int_equal(burst(&w, 0, 0, three, 9), 3);
    assert_int_equal(used(&w, 0, 0, LIMIT_HOUR), 9);
    world_reboot(&w, 30LL * DAY);
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), 0);
    world_end(&w);
}

static void a_wall_clock_set_back_blocks_for_a_window_at_most(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    for (int64_t years = 0; years < 60; years += 12) {
        assert_int_equal(burst(&w, 0, 0, three, 9), 3);
        world_reboot(&w, -years * 365 * DAY - 5000);
        assert_int_equal(burst(&w, 0, 0, three, 9), 0); /* and forgives nothing */
        assert_in_range(w.v.wait_ms, 1, MINUTE);
        world_pass(&w, w.v.wait_ms);
        assert_int_equal(burst(&w, 0, 0, three, 9), 3);
        world_pass(&w, HOUR);
    }
    world_end(&w);
}

/* Forward while it was off looks like a long time off. But what comes then, the clock
 * being put right and another reboot, neither blocks nor forgives. */
static void a_wall_clock_set_forward_is_put_right_again(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    assert_int_equal(burst(&w, 0, 0, three, 9), 3);
    world_reboot(&w, 300LL * DAY);
    assert_int_equal(burst(&w, 0, 0, three, 9), 3);
    w.boot.now.wall_ms -= 300LL * DAY;
    world_pass(&w, 1000);
    assert_int_equal(burst(&w, 0, 0, three, 9), 0);
    assert_int_equal(w.v.wait_ms, MINUTE - 1000);
    world_reboot(&w, 10 * 1000);
    assert_int_equal(burst(&w, 0, 0, three, 9), 0);
    assert_in_range(w.v.wait_ms, MINUTE - 11 * 1000, MINUTE - 11 * 1000 + 200);
    world_end(&w);
}

static void a_wall_clock_set_while_running_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    static const int64_t steps[] = {2 * HOUR, -2 * HOUR, 400LL * DAY, -400LL * DAY};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_int_equal(burst(&w, 0, 0, three, 9), 3);
        w.boot.now.wall_ms += steps[i];
        world_pass(&w, 1000);
        peek(&w, 0, 0, three);
        assert_int_equal(w.v.wait_ms, MINUTE - 1000);
        world_reboot(&w, 10 * 1000);
        assert_int_equal(burst(&w, 0, 0, three, 9), 0);
        assert_in_range(w.v.wait_ms, MINUTE - 11 * 1000, MINUTE - 11 * 1000 + 200);
        world_pass(&w, MINUTE);
    }
    world_end(&w);
}

static void a_boot_id_with_a_lying_clock_is_another_boot(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    assert_int_equal(burst(&w, 0, 0, three, 9), 3);
    limits_close(w.l);
    w.boot.now.boot_ms = 12;
    w.boot.now.wall_ms += 5000;
    world_open(&w, w.path);
    assert_int_equal(burst(&w, 0, 0, three, 9), 0);
    assert_in_range(w.v.wait_ms, MINUTE - 5000, MINUTE - 5000 + 200);
    world_end(&w);
}

static void any_row_of_reboots_blocks_for_a_window_at_most(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    uint64_t seed = 21;
    struct limit_rule r = rule(3, 5, 7);
    for (int i = 0; i < 300; i++) {
        burst(&w, 0, 0, r, 3);
        int64_t wall = below(&seed, 3) ? below(&seed, 2 * DAY) - DAY
                                       : below(&seed, 200LL * DAY) - 100LL * DAY;
        if (below(&seed, 3))
            world_reboot(&w, wall);
        else
            w.boot.now.wall_ms += wall;
        peek(&w, 0, 0, r);
        for (int k = 0; k < LIMIT_WINDOWS; k++)
            assert_in_range(w.v.windows[k].wait_ms, 0, limit_window_ms[k]);
        world_pass(&w, below(&seed, 2 * HOUR));
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_there_after_reopening),
        cmocka_unit_test(kill_9_loses_nothing),
        cmocka_unit_test(a_reboot_carries_time_over),
        cmocka_unit_test(a_wall_clock_set_back_blocks_for_a_window_at_most),
        cmocka_unit_test(a_wall_clock_set_forward_is_put_right_again),
        cmocka_unit_test(a_wall_clock_set_while_running_changes_nothing),
        cmocka_unit_test(a_boot_id_with_a_lying_clock_is_another_boot),
        cmocka_unit_test(any_row_of_reboots_blocks_for_a_window_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
