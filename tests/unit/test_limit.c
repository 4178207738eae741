#include "test_limit.h"

/* ---- the reference: everything ever admitted, looked at one by one ---- */

struct past {
    struct entry {
        int64_t t;
        int key, org;
    } * at;
    size_t n, cap;
    int64_t key_asked[KEYS], org_asked[ORGS];
    int64_t grain; /* what a cutting clock adds */
};

static void past_add(struct past *p, int64_t t, int key, int org)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 1024;
        p->at = realloc(p->at, p->cap * sizeof(*p->at));
        assert_non_null(p->at);
    }
    p->at[p->n++] = (struct entry){t, key, org};
}

static bool in_ring(const struct entry *e, int key, int org, int w)
{
    return w == LIMIT_DAY ? e->org == org : e->key == key;
}

/* Ends after two days; entries of one ring stand in order. */
static uint32_t past_count(const struct past *p, int key, int org, int w, int64_t t)
{
    uint32_t n = 0;
    for (size_t i = p->n; i > 0 && p->at[i - 1].t > t - 2 * DAY; i--)
        n += in_ring(&p->at[i - 1], key, org, w) &&
             p->at[i - 1].t > t - limit_window_ms[w];
    return n;
}

/* Time never runs backwards for a key or an organization: asked at is answered at. */
static int64_t past_time(struct past *p, int key, int org, int64_t now)
{
    int64_t k = p->key_asked[key], o = p->org_asked[org];
    int64_t t = now > k && now > o ? now : k > o ? k : o;
    return p->key_asked[key] = p->org_asked[org] = t;
}

/* Steps through the moments at which something leaves, oldest first. */
static int64_t past_leaves(const struct past *p, int key, int org, int w, int64_t t,
                           uint32_t must_leave)
{
    uint32_t gone = 0;
    size_t first = p->n;
    while (first > 0 && p->at[first - 1].t > t - 2 * DAY)
        first--;
    for (size_t i = first; i < p->n; i++)
        if (in_ring(&p->at[i], key, org, w) && p->at[i].t > t - limit_window_ms[w] &&
            ++gone == must_leave)
            return p->at[i].t + limit_window_ms[w];
    fail();
    return 0;
}

static void expect(struct past *p, int key, int org, const struct limit_rule *r,
                   int64_t now, uint32_t cost, bool record, struct limit_verdict *out)
{
    int64_t t = past_time(p, key, org, now);
    out->wait_ms = 0;
    for (int w = 0; w < LIMIT_WINDOWS; w++) {
        uint32_t n = past_count(p, key, org, w, t), limit = r->limit[w];
        int64_t wait = 0;
        if (cost > limit)
            wait = limit_window_ms[w];
        else if (n + cost > limit)
            wait = past_leaves(p, key, org, w, t, n + cost - limit) - now;
        out->windows[w].wait_ms = wait;
        if (wait > out->wait_ms)
            out->wait_ms = wait;
    }
    out->admitted = out->wait_ms == 0;
    for (uint32_t i = 0; record && out->admitted && i < cost; i++)
        past_add(p, t + p->grain, key, org);
    for (int w = 0; w < LIMIT_WINDOWS; w++) {
        uint32_t n = past_count(p, key, org, w, t), limit = r->limit[w];
        out->windows[w].limit = limit;
        out->windows[w].used = n;
        out->windows[w].reset_ms = 0;
        if (n)
            out->windows[w].reset_ms =
                past_leaves(p, key, org, w, t, n > limit ? n - limit + 1 : 1) - now;
    }
}

static void assert_same(const struct limit_verdict *a, const struct limit_verdict *b)
{
    assert_int_equal(a->admitted, b->admitted);
    assert_int_equal(a->wait_ms, b->wait_ms);
    for (int w = 0; w < LIMIT_WINDOWS; w++) {
        assert_int_equal(a->windows[w].limit, b->windows[w].limit);
        assert_int_equal(a->windows[w].used, b->windows[w].used);
        assert_int_equal(a->windows[w].wait_ms, b->windows[w].wait_ms);
        assert_int_equal(a->windows[w].reset_ms, b->windows[w].reset_ms);
    }
}

static int64_t some_gap(uint64_t *seed, int64_t wait)
{
    switch (below(seed, 12)) {
    case 0:
        return wait < MINUTE * 2 ? wait : 1;
    case 1:
        return wait > 0 && wait < MINUTE * 2 ? wait - 1 : 0;
    case 2:
        return below(seed, 30 * 1000);
    case 3:
        return below(seed, 400) == 0 ? below(seed, 30 * HOUR) : below(seed, 3 * MINUTE);
    case 4:
        return -below(seed, 3);
    default:
        return below(seed, 4) == 0 ? below(seed, 3000) : 0;
    }
}

static void upkeep(struct world *w, uint64_t *seed)
{
    if (below(seed, 500) == 0)
        limits_sync(w->l);
    if (below(seed, 200) == 0) {
        limits_sweep(w->l, &w->boot.now);
        world_pass(w,
                   3); /* to what it freed time does not go back, others do not know */
    }
    if (below(seed, 5000) == 0) {
        world_pass(w, 3); /* what was asked is not kept, only what was answered */
        world_reopen(w);
    }
    if (below(seed, 300) == 0) /* somebody sets the wall clock */
        w->boot.now.wall_ms += below(seed, 2) ? HOUR : -HOUR;
}

/* Slow: days pass, so that the 32 bits of a stored time come round. */
static int64_t slow_gap(uint64_t *seed)
{
    switch (below(seed, 4)) {
    case 0:
        return below(seed, 30 * (int64_t)HOUR);
    case 1:
        return below(seed, 2 * HOUR);
    default:
        return below(seed, MINUTE);
    }
}

static void compare(bool cut, bool slow, int64_t many)
{
    struct world w;
    world_start(&w);
    w.boot.cut = cut;
    world_reopen(&w);
    struct past p = {.grain = cut};
    struct limit_verdict want;
    struct limit_rule rules[] = {rule(10, 40, 90), rule(3, 40, 200), rule(20, 20, 60),
                                 rule(50, 100, 90), rule(1, 1, 1)};
    uint64_t seed = 88172645463325252;
    int64_t start = w.boot.now.boot_ms, admitted = 0;
    for (int64_t i = 0; i < many; i++) {
        int key = (int)below(&seed, KEYS), org = key % ORGS;
        struct limit_rule *r = &rules[below(&seed, 50) ? key : below(&seed, 5)];
        uint32_t cost = below(&seed, 8) ? 1 : (uint32_t)below(&seed, 6) + 1;
        int64_t now = w.boot.now.boot_ms;
        if (below(&seed, 5) == 0) {
            expect(&p, key, org, r, now, 1, false, &want);
            peek(&w, key, org, *r);
        } else {
            expect(&p, key, org, r, now, cost, true, &want);
            admitted += take(&w, key, org, *r, cost);
        }
        assert_same(&w.v, &want);
        upkeep(&w, &seed);
        world_pass(&w, slow ? slow_gap(&seed) : some_gap(&seed, want.wait_ms));
    }
    assert_true(admitted > many / 50);
    assert_true(w.boot.now.boot_ms - start > (slow ? 400 : 2) * (int64_t)DAY);
    free(p.at);
    world_end(&w);
}

static void equals_brute_force(void **state)
{
    (void)state;
    compare(false, false, scale(100000));
    compare(true, false, scale(20000));
}

static void stays_exact_when_its_clock_wraps(void **state)
{
    (void)state;
    compare(false, true, 5000);
    compare(true, true, 5000);
}

/* ---- the sentences of the contract, one by one ---- */

static void waiting_admits_and_a_millisecond_less_does_not(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct limit_rule r = rule(5, 12, 30);
    uint64_t seed = 7;
    int hit[LIMIT_WINDOWS] = {0};
    for (int i = 0; i < 2000; i++) {
        world_pass(&w, below(&seed, 20) ? below(&seed, 2000) : below(&seed, 2 * HOUR));
        if (take(&w, 0, 0, r, 1))
            continue;
        int64_t wait = w.v.wait_ms;
        for (int k = 0; k < LIMIT_WINDOWS; k++)
            hit[k] += w.v.windows[k].wait_ms == wait;
        world_pass(&w, wait - 1);
        assert_false(take(&w, 0, 0, r, 1));
        assert_int_equal(w.v.wait_ms, 1);
        world_pass(&w, 1);
        assert_true(take(&w, 0, 0, r, 1));
    }
    for (int k = 0; k < LIMIT_WINDOWS; k++)
        assert_true(hit[k] > 10);
    world_end(&w);
}

static void no_window_is_ever_over_its_limit(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct limit_rule r = rule(10, 25, 60);
    uint64_t seed = 99;
    static int64_t t[20000];
    size_t n = 0;
    for (int i = 0; i < 20000; i++) { /* bursts just before and after every edge */
        if (take(&w, 0, 0, r, 1))
            t[n++] = w.boot.now.boot_ms;
        int64_t edge = w.v.windows[below(&seed, LIMIT_WINDOWS)].reset_ms;
        if (below(&seed, 15) == 0 && edge > 0)
            world_pass(&w, edge - 1 + below(&seed, 3));
    }
    assert_true(n > 200);
    for (int k = 0; k < LIMIT_WINDOWS; k++)
        for (size_t i = r.limit[k]; i < n; i++)
            assert_true(t[i] - t[i - r.limit[k]] >= limit_window_ms[k]);
    world_end(&w);
}

static void a_refusal_takes_from_no_window(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct limit_rule r = rule(3, 10, 10);
    assert_int_equal(burst(&w, 0, 0, r, 50), 3);
    for (int k = 0; k < LIMIT_WINDOWS; k++)
        assert_int_equal(w.v.windows[k].used, 3);
    assert_int_equal(w.v.windows[LIMIT_MINUTE].wait_ms, MINUTE);
    assert_int_equal(w.v.windows[LIMIT_HOUR].wait_ms, 0);
    for (int i = 0; i < 50; i++)
        peek(&w, 0, 0, r);
    world_pass(&w, MINUTE);
    assert_int_equal(burst(&w, 0, 0, r, 50), 3);
    assert_int_equal(used(&w, 0, 0, LIMIT_DAY), 6);
    /* the other key has its own minute and hour but shares the day */
    assert_int_equal(burst(&w, 1, 0, rule(100, 100, 10), 50), 4);
    assert_int_equal(used(&w, 1, 0, LIMIT_MINUTE), 4);
    assert_int_equal(used(&w, 1, 1, LIMIT_DAY), 0);
    world_end(&w);
}

static void the_longest_wait_decides(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    assert_int_equal(burst(&w, 0, 0, rule(5, 5, 5), 9), 5);
    assert_int_equal(w.v.wait_ms, DAY);
    peek(&w, 0, 0, rule(5, 5, 6));
    assert_int_equal(w.v.wait_ms, HOUR);
    peek(&w, 0, 0, rule(5, 6, 6));
    assert_int_equal(w.v.wait_ms, MINUTE);
    peek(&w, 0, 0, rule(6, 6, 6));
    assert_true(w.v.admitted && w.v.wait_ms == 0);
    world_end(&w);
}

static void reset_is_when_remaining_grows(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    peek(&w, 0, 0, rule(5, 5, 5));
    assert_int_equal(w.v.windows[0].reset_ms, 0);
    take(&w, 0, 0, rule(5, 5, 5), 1);
    assert_int_equal(w.v.windows[0].reset_ms, MINUTE);
    for (int i = 0; i < 4; i++) {
        world_pass(&w, 1000);
        take(&w, 0, 0, rule(5, 5, 5), 1);
    }
    assert_int_equal(w.v.windows[0].reset_ms, MINUTE - 4000);
    peek(&w, 0, 0, rule(2, 5, 5)); /* over a lowered limit: when only one is left */
    assert_int_equal(w.v.windows[0].used, 5);
    assert_int_equal(w.v.windows[0].reset_ms, MINUTE - 1000);
    world_end(&w);
}

static void lowering_and_raising_a_limit_admits_no_more(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    uint32_t big = 1000000;
    assert_int_equal(burst(&w, 0, 0, rule(big, 1000, big), 995), 995);
    world_pass(&w, 10 * MINUTE);
    assert_int_equal(burst(&w, 0, 0, rule(big, 5, big), 500), 0);
    limits_sweep(w.l, &w.boot.now);
    world_reopen(&w);
    assert_int_equal(burst(&w, 0, 0, rule(big, 1000, big), 2000), 5);
    world_pass(&w, 50 * MINUTE);
    assert_int_equal(burst(&w, 0, 0, rule(big, 1000, big), 2000), 995);
    world_end(&w);
}

static void a_cost_counts_as_that_many(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct limit_rule r = rule(10, 100, 1000);
    assert_true(take(&w, 0, 0, r, 4));
    world_pass(&w, 1000);
    assert_true(take(&w, 0, 0, r, 4));
    assert_int_equal(w.v.windows[0].used, 8);
    assert_false(take(&w, 0, 0, r, 4));
    assert_int_equal(w.v.wait_ms, MINUTE - 1000);
    assert_true(take(&w, 0, 0, r, 2));
    assert_false(take(&w, 0, 0, r, 11)); /* never fits */
    assert_int_equal(w.v.wait_ms, MINUTE);
    world_pass(&w, HOUR);
    assert_false(take(&w, 0, 0, r, 11));
    assert_true(take(&w, 0, 0, rule(1000, 1000, 1010), 1000));
    assert_int_equal(w.v.windows[LIMIT_DAY].used, 1010);
    assert_false(take(&w, 0, 0, rule(2000, 2000, 1010), 1));
    world_end(&w);
}

/* A high limit is as exact as a low one. */
static void the_highest_limit_is_exact(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct limit_rule r = rule(1000000, 1000000, 1000000);
    int64_t start = w.boot.now.boot_ms;
    for (int i = 0; i < 1000; i++) {
        assert_true(take(&w, 0, 0, r, 999));
        assert_true(take(&w, 0, 0, r, 1));
        world_pass(&w, 59);
    }
    assert_false(take(&w, 0, 0, r, 1));
    assert_int_equal(w.v.windows[0].used, 1000000);
    assert_int_equal(w.v.windows[0].wait_ms, start + MINUTE - w.boot.now.boot_ms);
    world_reopen(&w);
    world_pass(&w, start + HOUR - w.boot.now.boot_ms);
    r.limit[LIMIT_DAY] = 999999;
    assert_false(take(&w, 0, 0, r, 1));
    assert_int_equal(w.v.windows[LIMIT_HOUR].used, 999000);
    assert_int_equal(w.v.windows[LIMIT_DAY].wait_ms, DAY - HOUR + 59 - 59);
    world_pass(&w, w.v.wait_ms);
    assert_true(take(&w, 0, 0, r, 999));
    assert_false(take(&w, 0, 0, r, 1));
    assert_int_equal(w.v.wait_ms, 59);
    world_end(&w);
}

static void a_clock_that_goes_back_stands_still(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct limit_rule r = rule(2, 100, 100);
    assert_true(take(&w, 0, 0, r, 1));
    world_pass(&w, -5); /* another thread read its clock a little before */
    assert_true(take(&w, 0, 0, r, 1));
    assert_false(take(&w, 0, 0, r, 1));
    assert_int_equal(w.v.wait_ms, MINUTE + 5);
    world_pass(&w, MINUTE + 4);
    assert_false(take(&w, 0, 0, r, 1));
    world_pass(&w, 1);
    assert_int_equal(burst(&w, 0, 0, r, 9), 2);
    world_end(&w);
}

/* The real clock shows whole milliseconds of a finer time. In that time, too, no window
 * is over. */
static void a_clock_that_cuts_is_never_lenient(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    w.boot.cut = true;
    world_reopen(&w);
    struct limit_rule r = rule(3, 1000000, 1000000);
    uint64_t seed = 5;
    int64_t us = w.boot.now.boot_ms * 1000, admitted[4] = {0};
    for (int i = 0, n = 0; i < 100000; i++) {
        world_pass(&w, us / 1000 - w.boot.now.boot_ms);
        if (take(&w, 0, 0, r, 1)) {
            admitted[n++ % 4] = us;
            if (n >= 4)
                assert_true(us - admitted[n % 4] >= 60000000);
        } else if (below(&seed, 3) == 0) {
            us += w.v.wait_ms * 1000 - below(&seed, 2000);
        }
        us += below(&seed, 1500);
    }
    world_end(&w);
}

static void names_are_of_1_to_31_bytes(void **state)
{
    (void)state;
    struct world w;
    uint32_t a, b;
    world_start(&w);
    struct str longest = STR("0123456789012345678901234567890");
    assert_int_equal(limits_ring(w.l, STR(""), &a), ERR_INVALID);
    assert_int_equal(limits_ring(w.l, STR("01234567890123456789012345678901"), &a),
                     ERR_TOO_LARGE);
    assert_int_equal(limits_ring(w.l, longest, &a), 0);
    assert_int_equal(limits_ring(w.l, longest, &b), 0);
    assert_int_equal(a, b);
    assert_int_equal(limits_ring(w.l, STR("0"), &b), 0);
    assert_int_not_equal(a, b);
    world_end(&w);
}

static void many_rings_keep_their_names(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct world w;
    world_start(&w);
    static uint32_t first[MANY];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            char id[32];
            uint32_t ring;
            snprintf(id, sizeof(id), "key_%d", i * 7919 + 1000);
            assert_int_equal(limits_ring(w.l, str_of(id), &ring), 0);
            if (round == 0)
                first[i] = ring;
            assert_int_equal(ring, first[i]);
            w.key[0] = ring;
            assert_int_equal(take(&w, 0, 0, rule(2, 2, 100000), 1), round < 2);
        }
        world_reopen(&w);
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_brute_force),
        cmocka_unit_test(stays_exact_when_its_clock_wraps),
        cmocka_unit_test(waiting_admits_and_a_millisecond_less_does_not),
        cmocka_unit_test(no_window_is_ever_over_its_limit),
        cmocka_unit_test(a_refusal_takes_from_no_window),
        cmocka_unit_test(the_longest_wait_decides),
        cmocka_unit_test(reset_is_when_remaining_grows),
        cmocka_unit_test(lowering_and_raising_a_limit_admits_no_more),
        cmocka_unit_test(a_cost_counts_as_that_many),
        cmocka_unit_test(the_highest_limit_is_exact),
        cmocka_unit_test(a_clock_that_goes_back_stands_still),
        cmocka_unit_test(a_clock_that_cuts_is_never_lenient),
        cmocka_unit_test(names_are_of_1_to_31_bytes),
        cmocka_unit_test(many_rings_keep_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
