#include "test_limit.h"

#include <pthread.h>

#include "guard/limit_ring.h"

/* ---- one ring alone ---- */

struct alone {
    struct world w; /* only its folder */
    struct limit_file f;
    struct limit_ring r;
};

static void alone_start(struct alone *a, uint32_t head)
{
    struct buf why;
    buf_init(&why);
    world_start(&a->w);
    limits_close(a->w.l);
    unlink(a->w.path);
    assert_int_equal(limit_file_open(&a->f, a->w.path, &why), 0);
    assert_int_equal(limit_file_settle(&a->f), 0);
    limit_file_start(&a->f, &a->w.boot, 0);
    assert_int_equal(limit_file_add_chunk(&a->f, 0), 0);
    struct limit_slot *s = limit_file_chunk(&a->f, 0);
    atomic_store(&s->head, head);
    atomic_store(&s->tail, head);
    s->len = 1;
    limit_ring_init(&a->r, s);
    a->r.head = a->r.seen[0] = a->r.seen[1] = head;
}

static void alone_end(struct alone *a)
{
    limit_file_close(&a->f);
    world_open(&a->w, a->w.path);
    world_end(&a->w);
}

static void add(struct alone *a, int64_t t, uint32_t n)
{
    limit_ring_count(&a->r, LIMIT_HOUR, t);
    assert_int_equal(limit_ring_room(&a->f, &a->r, LIMIT_HOUR, n), 0);
    limit_ring_push(&a->f, &a->r, LIMIT_HOUR, t, n);
}

/* Where the counters wrap as well, and at any distance between two questions. */
static void counts_as_one_by_one_would(void **state)
{
    (void)state;
    struct alone a;
    alone_start(&a, UINT32_MAX - 5000);
    uint64_t seed = 17;
    static int64_t t[20000];
    int64_t now = 0;
    for (int n = 0; n < 20000; n++) {
        now += below(&seed, 300) ? below(&seed, 500) : below(&seed, 90 * MINUTE);
        add(&a, t[n] = now, 1);
        if (below(&seed, 20))
            continue;
        now += below(&seed, 3) ? 0 : below(&seed, 2 * MINUTE);
        for (int w = 0; w < LIMIT_DAY; w++) {
            int i = n;
            while (i >= 0 && now - t[i] < limit_window_ms[w])
                i--;
            uint32_t seen = limit_ring_count(&a.r, (enum limit_window)w, now);
            assert_int_equal(seen, n - i);
            if (seen)
                assert_int_equal(limit_ring_leaves(&a.r, (enum limit_window)w, seen),
                                 t[i + 1] + limit_window_ms[w]);
        }
    }
    alone_end(&a);
}

static uint64_t region(const struct alone *a)
{
    return atomic_load(&a->r.slot->region);
}

static void grows_by_moving_and_keeps_the_old_until_it_is_durable(void **state)
{
    (void)state;
    struct alone a;
    alone_start(&a, 0);
    add(&a, 0, 32);
    uint64_t first = region(&a);
    assert_int_equal(limit_file_bits(first), 5);
    assert_false(first & LIMIT_OLD);
    add(&a, 1, 1);
    assert_true((region(&a) & LIMIT_OLD) && a.r.slot->old == first);
    assert_int_equal(a.r.slot->split, 32);
    assert_int_equal(limit_file_bits(region(&a)), 6);
    add(&a, 2, 100); /* again before the sync: the old one is still the first */
    assert_true((region(&a) & LIMIT_OLD) && a.r.slot->old == first);
    uint64_t word;
    limit_ring_sync(&a.f);
    assert_false(region(&a) & LIMIT_OLD);
    assert_int_equal(limit_file_alloc(&a.f, 5, &word), 0);
    assert_int_not_equal(word, first); /* the disk may name it */
    limit_ring_sync(&a.f);
    assert_int_equal(limit_file_alloc(&a.f, 5, &word), 0);
    assert_int_equal(word, first);
    assert_int_equal(limit_ring_count(&a.r, LIMIT_HOUR, 3), 133);
    alone_end(&a);
}

static void a_sweep_shrinks_and_frees(void **state)
{
    (void)state;
    struct alone a;
    alone_start(&a, 0);
    add(&a, 0, 5000);
    add(&a, HOUR, 10);
    limit_ring_sweep(&a.f, &a.r, HOUR);
    assert_int_equal(limit_file_bits(region(&a)), 5);
    assert_int_equal(limit_ring_count(&a.r, LIMIT_HOUR, HOUR), 10);
    limit_ring_sweep(&a.f, &a.r, HOUR + DAY - 1);
    assert_int_not_equal(region(&a), 0);
    limit_ring_sweep(&a.f, &a.r, HOUR + DAY);
    assert_int_equal(region(&a), 0);
    assert_int_equal(limit_ring_count(&a.r, LIMIT_HOUR, HOUR + DAY), 0);
    add(&a, HOUR + DAY, 3);
    assert_int_equal(limit_ring_count(&a.r, LIMIT_HOUR, HOUR + DAY), 3);
    alone_end(&a);
}

static void coming_and_going_does_not_grow_the_file(void **state)
{
    (void)state;
    struct alone a;
    alone_start(&a, 0);
    uint64_t used = 0;
    for (int64_t day = 0; day < 200; day++) {
        add(&a, day * 2 * DAY, 3000);
        limit_ring_sync(&a.f);
        limit_ring_sweep(&a.f, &a.r, day * 2 * DAY + DAY);
        limit_ring_sync(&a.f);
        limit_ring_sync(&a.f);
        if (day == 10)
            used = atomic_load(&a.f.head->used);
    }
    assert_int_equal(atomic_load(&a.f.head->used), used);
    alone_end(&a);
}

/* ---- threads ---- */

enum { THREADS = 6, TRIES = 20000 };

struct worker {
    pthread_t thread;
    struct world *w;
    struct limit_rule rule;
    int key, org, admitted;
    _Atomic bool *stop;
};

static void *work(void *arg)
{
    struct worker *me = arg;
    struct limit_verdict v;
    struct now now = me->w->boot.now;
    for (int i = 0; i < TRIES; i++) {
        int err = limits_take(me->w->l, me->w->key[me->key], me->w->org[me->org],
                              &me->rule, &now, 1, &v);
        me->admitted += !err && v.admitted;
        now.boot_ms = me->w->boot.now.boot_ms - i % 3; /* clocks are read apart */
    }
    return NULL;
}

static void *keep_up(void *arg)
{
    struct worker *me = arg;
    char id[32];
    uint32_t ring;
    for (int i = 0; !atomic_load(me->stop); i++) {
        limits_sync(me->w->l);
        limits_sweep(me->w->l, &me->w->boot.now);
        snprintf(id, sizeof(id), "new_%d", i);
        me->admitted |= limits_ring(me->w->l, str_of(id), &ring);
    }
    return NULL;
}

static int run(struct world *w, struct worker worker[THREADS])
{
    _Atomic bool stop = false;
    struct worker upkeep = {.w = w, .stop = &stop};
    int sum = 0;
    assert_int_equal(pthread_create(&upkeep.thread, NULL, keep_up, &upkeep), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&worker[i].thread, NULL, work, &worker[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(worker[i].thread, NULL);
        sum += worker[i].admitted;
    }
    atomic_store(&stop, true);
    pthread_join(upkeep.thread, NULL);
    assert_int_equal(upkeep.admitted, 0);
    return sum;
}

static void threads_share_an_organization_exactly(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct worker worker[THREADS];
    uint32_t all = THREADS * TRIES;
    for (int i = 0; i < THREADS; i++)
        worker[i] = (struct worker){
            .w = &w, .rule = rule(all, all, 50000), .key = i % KEYS, .org = 0};
    assert_int_equal(run(&w, worker), 50000);
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), 50000);
    uint32_t sum = 0;
    for (int k = 0; k < KEYS; k++)
        sum += used(&w, k, 0, LIMIT_HOUR);
    assert_int_equal(sum, 50000); /* refused by the day, counted in no hour */
    world_end(&w);
}

static void threads_share_a_key_exactly(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct worker worker[THREADS];
    for (int i = 0; i < THREADS; i++)
        worker[i] =
            (struct worker){.w = &w, .rule = rule(777, 5000, 5000), .key = 0, .org = 0};
    assert_int_equal(run(&w, worker), 777);
    world_end(&w);
}

static void threads_of_two_organizations_do_not_meet(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct worker worker[THREADS];
    for (int i = 0; i < THREADS; i++)
        worker[i] = (struct worker){
            .w = &w, .rule = rule(100000, 100000, 4000), .key = i % 2, .org = i % 2};
    assert_int_equal(run(&w, worker), 8000);
    world_reopen(&w);
    for (int o = 0; o < ORGS; o++)
        assert_int_equal(used(&w, o, o, LIMIT_DAY), 4000);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_as_one_by_one_would),
        cmocka_unit_test(grows_by_moving_and_keeps_the_old_until_it_is_durable),
        cmocka_unit_test(a_sweep_shrinks_and_frees),
        cmocka_unit_test(coming_and_going_does_not_grow_the_file),
        cmocka_unit_test(threads_share_an_organization_exactly),
        cmocka_unit_test(threads_share_a_key_exactly),
        cmocka_unit_test(threads_of_two_organizations_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
