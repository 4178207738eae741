#include "test_limit.h"

#include <signal.h>
#include <sys/wait.h>

#include "guard/limit_file.h"

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

/* ---- power loss ---- */

enum { MANY = 24, EVENTS = 20000, SECTOR = 512 };

/* What the disk holds for certain, and what it might if the power went in the middle of
 * a sync: sector by sector what it had, or what has been written since. */
static struct {
    bool on;
    unsigned char *sure, *torn;
    size_t n_sure, n_torn;
    uint64_t seed;
    void (*during)(void *ctx); /* what else happens while a sync is on its way */
    void *ctx;
} disk = {.seed = 1};

static void keep(unsigned char **p, size_t *n, unsigned char *q, size_t m)
{
    free(*p);
    *p = q;
    *n = m;
}

static void tear(unsigned char *now, size_t n)
{
    int64_t bias = below(&disk.seed, 4) + 2;
    for (size_t at = 0; at < disk.n_sure && at < n; at += SECTOR)
        if (below(&disk.seed, bias))
            memcpy(now + at, disk.sure + at, SECTOR);
    keep(&disk.torn, &disk.n_torn, now, n);
}

static unsigned char *read_fd(int fd, size_t *n)
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return read_all(link, n);
}

/* In place of the C library's, for this program. */
int fdatasync(int fd)
{
    if (disk.on) {
        size_t n;
        unsigned char *now = read_fd(fd, &n);
        tear(now, n);
        now = read_fd(fd, &n);
        keep(&disk.sure, &disk.n_sure, now, n);
        if (disk.during)
            disk.during(disk.ctx);
        return 0;
    }
    return fsync(fd);
}

struct log {
    int64_t at[EVENTS];
    int key[EVENTS];
    int n, synced;
};

static void many_open(struct world *w, const char *path, uint32_t ring[MANY + 1])
{
    world_open(w, path);
    for (int i = 0; i <= MANY; i++) {
        char id[32];
        snprintf(id, sizeof(id), "many_%d", i);
        assert_int_equal(limits_ring(w->l, str_of(id), &ring[i]), 0);
    }
}

/* At least everything of the last sync that is still in a window. */
static void holds_what_was_synced(struct world *w, const struct log *g, int64_t now)
{
    uint32_t ring[MANY + 1];
    many_open(w, w->copy, ring);
    for (int k = 0; k < MANY; k++) {
        limits_peek(w->l, ring[k], ring[MANY], &plenty, &w->boot.now, &w->v);
        for (int x = 0; x < LIMIT_WINDOWS; x++) {
            uint32_t n = 0;
            for (int i = 0; i < g->synced; i++)
                n += (g->key[i] == k || x == LIMIT_DAY) &&
                     now - g->at[i] < limit_window_ms[x];
            assert_true(w->v.windows[x].used >= n);
        }
    }
}

static unsigned char *copy_of(const unsigned char *p, size_t n)
{
    unsigned char *q = malloc(n);
    assert_non_null(q);
    memcpy(q, p, n);
    return q;
}

/* One death: kill -9, which leaves all that was written but the disk where it was, or
 * the power, now or, if it is not the first, in the middle of the last sync. */
static void die(struct world *w, unsigned char *now, size_t n, int nth)
{
    if (below(&disk.seed, 3) == 0) {
        write_all(w->copy, now, n);
        free(now);
        return;
    }
    if (nth == 0 || below(&disk.seed, 2))
        tear(now, n);
    else
        free(now);
    write_all(w->copy, disk.torn, disk.n_torn);
    keep(&disk.sure, &disk.n_sure, copy_of(disk.torn, disk.n_torn), disk.n_torn);
    snprintf(w->boot.id, sizeof(w->boot.id), "after-%d", nth);
    w->boot.now.boot_ms = 100 * nth;
}

/* Some deaths in a row, with a little life between them. */
static void die_some_times(struct world *w, const struct log *g)
{
    struct world other = *w;
    int64_t off = 3000 + below(&disk.seed, 3) * MINUTE, now = w->boot.now.boot_ms + off;
    size_t n, n_sure = disk.n_sure;
    unsigned char *sure = copy_of(disk.sure, n_sure), *bytes = read_all(w->path, &n);
    world_pass(&other, off);
    for (int nth = 0; nth < 4; nth++) {
        die(&other, bytes, n, nth);
        holds_what_was_synced(&other, g, now);
        for (int k = 0; k < KEYS; k++)
            burst(&other, k, 0, plenty, (int)below(&disk.seed, 100));
        if (below(&disk.seed, 3) == 0)
            limits_sync(other.l);
        bytes = read_all(w->copy, &n);
        disk.on = false;
        limits_close(other.l);
        disk.on = true;
    }
    free(bytes);
    keep(&disk.sure, &disk.n_sure, sure, n_sure);
}

static void go_on(struct world *w, struct log *g)
{
    uint64_t *seed = &disk.seed;
    world_pass(w, below(seed, 40) ? below(seed, 200) : below(seed, 10 * MINUTE));
    if (below(seed, 3000) == 0)
        world_pass(w, 25 * HOUR);
    if (below(seed, 100) == 0)
        limits_sweep(w->l, &w->boot.now);
    if (below(seed, 150) == 0)
        die_some_times(w, g);
    if (below(seed, 60) == 0) {
        limits_sync(w->l);
        g->synced = g->n;
    }
}

static void power_loss_loses_nothing_that_was_synced(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    uint32_t ring[MANY + 1];
    static struct log g;
    limits_close(w.l);
    many_open(&w, w.path, ring);
    disk.on = true;
    limits_sync(w.l);
    while (g.n < EVENTS) {
        int key = (int)below(&disk.seed, 1 + below(&disk.seed, MANY));
        int err =
            limits_take(w.l, ring[key], ring[MANY], &plenty, &w.boot.now, 1, &w.v);
        assert_true(!err && w.v.admitted);
        g.at[g.n] = w.boot.now.boot_ms;
        g.key[g.n++] = key;
        go_on(&w, &g);
    }
    disk.on = false;
    keep(&disk.sure, &disk.n_sure, NULL, 0);
    keep(&disk.torn, &disk.n_torn, NULL, 0);
    world_end(&w);
}

static void move_again(void *ctx)
{
    disk.during = NULL;
    burst(ctx, 0, 0, plenty, 100);
}

static void a_ring_that_moves_during_a_sync_keeps_what_was_synced(void **state)
{
    (void)state;
    struct world w, other;
    world_start(&w);
    world_pass(&w, 7 * DAY); /* what was never written reads as time 0 */
    burst(&w, 0, 0, plenty, 32);
    limits_sync(w.l);
    burst(&w, 0, 0, plenty, 1);
    disk.on = true;
    disk.during = move_again;
    disk.ctx = &w;
    limits_sync(w.l);
    for (int i = 0; i < 50; i++) {
        size_t n;
        unsigned char *now = read_all(w.path, &n);
        tear(now, n);
        write_all(w.copy, disk.torn, disk.n_torn);
        disk.on = false;
        other = w;
        snprintf(other.boot.id, sizeof(other.boot.id), "another");
        world_pass(&other, 3000);
        world_open(&other, other.copy);
        assert_true(used(&other, 0, 0, LIMIT_HOUR) >= 33);
        assert_true(used(&other, 0, 0, LIMIT_DAY) >= 33);
        limits_close(other.l);
        disk.on = true;
    }
    disk.on = false;
    keep(&disk.sure, &disk.n_sure, NULL, 0);
    keep(&disk.torn, &disk.n_torn, NULL, 0);
    world_end(&w);
}

/* Never written, and what stood there looks like a time days ahead. */
static void an_entry_in_the_future_blocks_for_a_window_and_forgives_nobody(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    size_t n;
    burst(&w, 0, 0, three, 3);
    world_pass(&w, 1000);
    burst(&w, 1, 1, three, 3);
    limits_close(w.l);
    unsigned char *p = read_all(w.path, &n);
    struct limit_slot *s =
        (void *)(p + atomic_load(&((struct limit_head *)(void *)p)->chunk[0]));
    uint32_t *entries = (void *)(p + (atomic_load(&s->region) >> 8));
    entries[2] += 20u * DAY;
    write_all(w.path, p, n);
    free(p);
    world_pass(&w, 5000);
    snprintf(w.boot.id, sizeof(w.boot.id), "another");
    w.boot.now.boot_ms = 0;
    world_open(&w, w.path);
    assert_int_equal(burst(&w, 0, 0, three, 3), 0);
    assert_int_equal(burst(&w, 1, 1, three, 3), 0);
    assert_in_range(w.v.wait_ms, MINUTE - 5000, MINUTE - 5000 + 200);
    world_pass(&w, MINUTE);
    assert_int_equal(burst(&w, 0, 0, three, 3), 3);
    world_end(&w);
}

static void a_copy_of_the_last_sync_holds_exactly_that(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    size_t n;
    burst(&w, 0, 0, plenty, 777);
    limits_sync(w.l);
    unsigned char *p = read_all(w.path, &n);
    burst(&w, 0, 0, plenty, 5000);
    world_pass(&w, 1000);
    limits_sweep(w.l, &w.boot.now);
    write_all(w.copy, p, n);
    free(p);
    limits_close(w.l);
    snprintf(w.boot.id, sizeof(w.boot.id), "another");
    w.boot.now.boot_ms = 0;
    world_open(&w, w.copy);
    assert_int_equal(used(&w, 0, 0, LIMIT_MINUTE), 777);
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), 777);
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
        cmocka_unit_test(power_loss_loses_nothing_that_was_synced),
        cmocka_unit_test(a_ring_that_moves_during_a_sync_keeps_what_was_synced),
        cmocka_unit_test(
            an_entry_in_the_future_blocks_for_a_window_and_forgives_nobody),
        cmocka_unit_test(a_copy_of_the_last_sync_holds_exactly_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
