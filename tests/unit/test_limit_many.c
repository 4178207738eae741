/* Keys without end: what each costs on disk and in memory, stated and held to. A
 * million of them in `make torture`. */

#include "test_limit.h"

enum {
    SLOT = 64,       /* of a key, for ever: rows of keys stay, too */
    REGION = 32 * 4, /* of one that asked within the hour: room for 32 times */
    ENTRY = 2 * 4,   /* of each request in the organization's day, at the worst */
    MEMORY = 160,    /* of a key's lock and name, where tables have just doubled */
    ONCE = 8 << 20   /* what there is without any key */
};

static const struct limit_rule plenty = {{1000000, 1000000, 1000000}};

/* Each of them asks twice, in an organization for ten thousand of them. */
static void ask(struct world *w, int64_t from, int64_t n)
{
    uint32_t org = 0;
    for (int64_t i = from; i < from + n; i++) {
        char id[32];
        if (i % 10000 == 0) {
            snprintf(id, sizeof(id), "org_%026lld", (long long)i);
            assert_int_equal(limits_ring(w->l, str_of(id), &org), 0);
        }
        snprintf(id, sizeof(id), "key_%026lld", (long long)i);
        assert_int_equal(limits_ring(w->l, str_of(id), &w->key[0]), 0);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(
                limits_take(w->l, w->key[0], org, &plenty, &w->boot.now, 1, &w->v), 0);
            assert_true(w->v.admitted);
        }
    }
}

/* What this process holds by itself; files that are mapped do not count. */
static int64_t memory(void)
{
    char line[128];
    long long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");
    assert_non_null(f);
    while (kib < 0 && fgets(line, sizeof(line), f))
        if (sscanf(line, "RssAnon: %lld kB", &kib) != 1)
            kib = -1;
    fclose(f);
    assert_true(kib > 0);
    return kib * 1024;
}

static int64_t bytes(struct world *w)
{
    uint64_t n, rings;
    limits_size(w->l, &n, &rings);
    return (int64_t)n;
}

static void rest(struct world *w)
{
    world_pass(w, 2 * DAY);
    limits_sweep(w->l, &w->boot.now);
    limits_sync(w->l);
    limits_sync(w->l);
}

static void keys_without_end_cost_what_is_stated(void **state)
{
    (void)state;
    struct world w;
    int64_t n = scale(100000);
    world_start(&w);
    int64_t held = memory();
    ask(&w, 0, n);
    int64_t first = bytes(&w), grown = memory() - held;
    /* the file grows by doubling, up to so much beyond what is in use */
    assert_true(first <= n * (SLOT + REGION + 2 * ENTRY) * 3 / 2 + ONCE);
#ifndef __SANITIZE_ADDRESS__ /* it keeps what is freed */
    assert_true(grown <= n * MEMORY + ONCE);
#endif
    print_message("note: %lld keys: %lld bytes each in the file, %lld in memory\n",
                  (long long)n, (long long)(first / n), (long long)(grown / n));
    for (int day = 0; day < 6; day++) { /* the same again take nothing more */
        rest(&w);
        ask(&w, 0, n);
        if (day == 1)
            first = bytes(&w);
    }
    assert_int_equal(bytes(&w), first);
    rest(&w);
    ask(&w, n, n); /* others, while those are at rest: their names alone */
    assert_true(bytes(&w) - first <= n * SLOT * 2 + ONCE);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_without_end_cost_what_is_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
