#include "test_limit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "guard/limit_file.h"

static const struct limit_rule plenty = {{1000000, 1000000, 1000000}};

/* ---- what is refused ---- */

static void assert_refused(struct world *w, const char *path, int want,
                           const char *words)
{
    struct buf why;
    int err = world_try_open(w, path, &why);
    assert_int_equal(err, want);
    buf_char(&why, 0);
    assert_non_null(strstr(why.p, path));
    assert_non_null(strstr(why.p, words));
    buf_end(&why);
}

/* Opens the world's file with `n` bytes changed at `at`; the file itself stays. */
static void assert_changed_refused(struct world *w, size_t at, const void *bytes,
                                   size_t n, const char *words)
{
    size_t size;
    unsigned char *p = read_all(w->path, &size);
    assert_true(at + n <= size);
    memcpy(p + at, bytes, n);
    write_all(w->copy, p, size);
    assert_refused(w, w->copy, ERR_CORRUPT, words);
    unsigned char *after = read_all(w->copy, &size);
    assert_memory_equal(after, p, size); /* a refusal changes nothing */
    free(after);
    free(p);
}

static void what_is_no_file_of_limits_is_refused(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    burst(&w, 0, 0, plenty, 100);
    limits_close(w.l);
    assert_changed_refused(&w, 0, "SQLite f", 8, "no file of limits");
    uint32_t version = 2;
    assert_changed_refused(&w, offsetof(struct limit_head, version), &version, 4,
                           "another version");
    write_all(w.copy, "hello", 5);
    assert_refused(&w, w.copy, ERR_CORRUPT, "no file of limits; move it away");
    assert_refused(&w, w.dir, ERR_IO, "directory");
    assert_refused(&w, "/nowhere/at/all", ERR_IO, "No such");
    world_open(&w, w.path);
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), 100);
    world_end(&w);
}

static void a_file_that_was_cut_short_is_refused(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    burst(&w, 0, 0, plenty, 60000);
    limits_close(w.l);
    size_t size;
    unsigned char *p = read_all(w.path, &size);
    uint64_t used_bytes = atomic_load(&((struct limit_head *)(void *)p)->used);
    assert_true(used_bytes <= size);
    write_all(w.copy, p, used_bytes - 1);
    assert_refused(&w, w.copy, ERR_CORRUPT, "cut short");
    write_all(w.copy, p, 4096);
    assert_refused(&w, w.copy, ERR_CORRUPT, "cut short");
    write_all(w.copy, p, 4095);
    assert_refused(&w, w.copy, ERR_CORRUPT, "no file of limits");
    free(p);
    world_open(&w, w.path);
    world_end(&w);
}

static void a_file_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    burst(&w, 0, 0, plenty, 100);
    burst(&w, 1, 0, plenty, 100);
    limits_close(w.l);
    size_t size;
    unsigned char *p = read_all(w.path, &size);
    size_t slots = atomic_load(&((struct limit_head *)(void *)p)->chunk[0]);
    struct limit_slot *s = (void *)(p + slots);
    size_t region = slots + offsetof(struct limit_slot, region);
    uint64_t outside = ((uint64_t)size + 4096) << 8 | 7,
             other = atomic_load(&s[1].region);
    uint64_t tiny = atomic_load(&s[0].region) & ~(uint64_t)0x1F;
    uint64_t chunk = (uint64_t)1 << 40;
    uint32_t head = 5000;
    unsigned char len = 200;
    free(p);
    assert_changed_refused(&w, region, &outside, 8, "does not hold");
    assert_changed_refused(&w, region, &other, 8, "does not hold");
    assert_changed_refused(&w, region, &tiny, 8, "does not hold");
    assert_changed_refused(&w, slots + offsetof(struct limit_slot, head), &head, 4,
                           "does not hold");
    assert_changed_refused(&w, slots, &len, 1, "does not hold");
    assert_changed_refused(&w, offsetof(struct limit_head, chunk), &chunk, 8,
                           "outside");
    world_open(&w, w.path);
    world_end(&w);
}

/* Bytes changed at random: refused or read, never a fault. */
static void any_bytes_are_survived(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    burst(&w, 0, 0, plenty, 3000);
    limits_close(w.l);
    size_t size;
    unsigned char *p = read_all(w.path, &size);
    uint64_t seed = 13;
    size_t slots = atomic_load(&((struct limit_head *)(void *)p)->chunk[0]);
    for (int64_t i = 0, n = scale(300); i < n; i++) {
        unsigned char *q = malloc(size);
        assert_non_null(q);
        memcpy(q, p, size);
        for (int64_t k = below(&seed, 4); k >= 0; k--) {
            size_t at = below(&seed, 2) ? (size_t)below(&seed, 400)
                                        : slots + (size_t)below(&seed, 6 * 64);
            q[at] = (unsigned char)(below(&seed, 2) ? q[at] ^ 1 << below(&seed, 8)
                                                    : below(&seed, 256));
        }
        write_all(w.copy, q, size);
        free(q);
        struct buf why;
        if (world_try_open(&w, w.copy, &why) == 0) {
            limits_close(w.l);
            world_open(&w, w.copy);
            burst(&w, 0, 0, plenty, 100);
            limits_sync(w.l);
            limits_close(w.l);
        }
        buf_end(&why);
    }
    free(p);
    world_open(&w, w.path);
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), 3000);
    world_end(&w);
}

static void an_empty_file_is_a_new_one(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    limits_close(w.l);
    static const char zeros[64 * 1024]; /* power went before the header was written */
    for (size_t n = 0; n <= sizeof(zeros); n += sizeof(zeros)) {
        write_all(w.path, zeros, n);
        world_open(&w, w.path);
        assert_int_equal(burst(&w, 0, 0, plenty, 10), 10);
        limits_close(w.l);
    }
    world_open(&w, w.path);
    struct stat st;
    assert_int_equal(stat(w.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    world_end(&w);
}

static void two_processes_do_not_share_it(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct world other = w;
    assert_refused(&other, w.path, ERR_BUSY, "another process");
    burst(&w, 0, 0, plenty, 10);
    world_reopen(&w);
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), 10);
    world_end(&w);
}

/* ---- a full disk ---- */

static void cap_files(rlim_t n)
{
    struct rlimit r;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void a_full_disk_refuses_and_counts_nothing(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct stat st;
    int n = 0, err = 0;
    assert_int_equal(stat(w.path, &st), 0);
    cap_files((rlim_t)st.st_size);
    while (!err) {
        err = limits_take(w.l, w.key[0], w.org[0], &plenty, &w.boot.now, 1, &w.v);
        n += w.v.admitted;
        assert_true(n < 1000000);
    }
    assert_int_equal(err, ERR_FULL);
    assert_false(w.v.admitted);
    assert_int_equal(w.v.wait_ms, 1000);
    assert_int_equal(w.v.windows[LIMIT_DAY].used, n);
    assert_int_equal(used(&w, 0, 0, LIMIT_HOUR), n);
    assert_true(take(&w, 1, 1, plenty, 1)); /* who has room goes on */
    limits_sync(w.l);
    char id[32];
    uint32_t ring;
    for (int i = 0; err == 0 || i == 0; i++) {
        snprintf(id, sizeof(id), "ring_%d", i);
        err = limits_ring(w.l, str_of(id), &ring);
    }
    assert_int_equal(err, ERR_FULL);
    world_reopen(&w);
    cap_files(RLIM_INFINITY);
    assert_int_equal(used(&w, 0, 0, LIMIT_HOUR), n);
    assert_int_equal(burst(&w, 0, 0, plenty, 5000), 5000);
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), n + 5000);
    world_end(&w);
}

/* ---- regions ---- */

static void regions_never_overlap(void **state)
{
    (void)state;
    enum { HELD = 300 };
    struct world w;
    struct limit_file f;
    struct buf why;
    buf_init(&why);
    world_start(&w);
    limits_close(w.l);
    unlink(w.path);
    uint64_t seed = 77, held[HELD] = {0};
    for (int round = 0; round < 20; round++) { /* each time what is not held is free */
        assert_int_equal(limit_file_open(&f, w.path, &why), 0);
        for (int i = 0; i < HELD; i++)
            assert_true(!held[i] || limit_file_claim(&f, held[i]));
        assert_int_equal(limit_file_settle(&f), 0);
        for (int i = 0; i < 2000; i++) {
            uint64_t *h = &held[below(&seed, HELD)];
            unsigned bits = LIMIT_BITS_MIN + (unsigned)below(&seed, 6);
            if (*h)
                limit_file_free(&f, *h);
            *h = 0;
            if (below(&seed, 3))
                assert_int_equal(limit_file_alloc(&f, bits, h), 0);
            if (*h)
                memset(limit_file_entries(&f, *h), 0xFF, (size_t)4 << bits);
        }
        limit_file_close(&f);
    }
    assert_int_equal(stat(w.path, &(struct stat){0}), 0);
    unlink(w.path);
    world_open(&w, w.path);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_file_of_limits_is_refused),
        cmocka_unit_test(a_file_that_was_cut_short_is_refused),
        cmocka_unit_test(a_file_that_contradicts_itself_is_refused),
        cmocka_unit_test(any_bytes_are_survived),
        cmocka_unit_test(an_empty_file_is_a_new_one),
        cmocka_unit_test(two_processes_do_not_share_it),
        cmocka_unit_test(a_full_disk_refuses_and_counts_nothing),
        cmocka_unit_test(regions_never_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
