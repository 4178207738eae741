#include "test_limit.h"

#include "guard/limit_file.h"

static const struct limit_rule plenty = {{1000000, 1000000, 1000000}};
static const struct limit_rule three = {{3, 100, 1000}};

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
    bool fails; /* the next sync */
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
    if (disk.fails) {
        disk.fails = false;
        return -1;
    }
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

static void live_and_die(void)
{
    struct world w;
    world_start(&w);
    uint32_t ring[MANY + 1];
    static struct log g;
    g.n = g.synced = 0;
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

static void power_loss_loses_nothing_that_was_synced(void **state)
{
    (void)state;
    for (int64_t i = 0; i < scale(1); i++)
        live_and_die();
}

static void move_again(void *ctx)
{
    disk.during = NULL;
    burst(ctx, 0, 0, plenty, 100);
}

static void move_again_on_a_bad_disk(void *ctx)
{
    disk.fails = true;
    move_again(ctx);
}

/* 32 and a sync, one more, which moves both rings, and a sync in which they move on. */
static void move_during_a_sync(void (*during)(void *), uint32_t at_least)
{
    struct world w;
    world_start(&w);
    world_pass(&w, 7 * DAY); /* what was never written reads as time 0 */
    burst(&w, 0, 0, plenty, 32);
    limits_sync(w.l);
    burst(&w, 0, 0, plenty, 1);
    disk.on = true;
    disk.during = during;
    disk.ctx = &w;
    limits_sync(w.l);
    for (int i = 0; i < 50; i++) {
        size_t n;
        unsigned char *now = read_all(w.path, &n);
        tear(now, n);
        write_all(w.copy, disk.torn, disk.n_torn);
        disk.on = false;
        struct world other = w;
        snprintf(other.boot.id, sizeof(other.boot.id), "another");
        world_pass(&other, 3000);
        world_open(&other, other.copy);
        assert_true(used(&other, 0, 0, LIMIT_HOUR) >= at_least);
        assert_true(used(&other, 0, 0, LIMIT_DAY) >= at_least);
        limits_close(other.l);
        disk.on = true;
    }
    disk.on = false;
    keep(&disk.sure, &disk.n_sure, NULL, 0);
    keep(&disk.torn, &disk.n_torn, NULL, 0);
    world_end(&w);
}

static void a_ring_that_moves_during_a_sync_keeps_what_was_synced(void **state)
{
    (void)state;
    move_during_a_sync(move_again, 33);
    move_during_a_sync(move_again_on_a_bad_disk, 32);
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
        cmocka_unit_test(power_loss_loses_nothing_that_was_synced),
        cmocka_unit_test(a_ring_that_moves_during_a_sync_keeps_what_was_synced),
        cmocka_unit_test(
            an_entry_in_the_future_blocks_for_a_window_and_forgives_nobody),
        cmocka_unit_test(a_copy_of_the_last_sync_holds_exactly_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
