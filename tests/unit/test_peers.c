#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/peers.h"

static const uint32_t limits[PEER_COUNTS] = {60, 120, 10, 5, 300};

static uint64_t random_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void sixty_failures_and_no_more(void **state)
{
    (void)state;
    struct peers *p = peers_new(100, limits);
    struct str who = STR("somebody");
    for (int i = 0; i < 60; i++) {
        assert_int_equal(peers_wait(p, who, PEER_AUTH_FAILURE, 1000 + i), 0);
        peers_add(p, who, PEER_AUTH_FAILURE, 1000 + i);
    }
    assert_int_equal(peers_wait(p, who, PEER_AUTH_FAILURE, 1059), 59941);
    assert_int_equal(peers_wait(p, who, PEER_AUTH_FAILURE, 60999), 1);
    assert_int_equal(peers_wait(p, who, PEER_AUTH_FAILURE, 61000), 0);
    peers_add(p, who, PEER_AUTH_FAILURE, 61000);
    assert_int_equal(peers_wait(p, who, PEER_AUTH_FAILURE, 61000), 1);
    assert_int_equal(peers_wait(p, who, PEER_CONTACT_REQUEST, 61000), 0);
    assert_int_equal(peers_wait(p, STR("another"), PEER_AUTH_FAILURE, 61000), 0);
    peers_free(p);
    peers_free(NULL);
}

static void a_backward_clock_stands_still(void **state)
{
    (void)state;
    struct peers *p = peers_new(100, limits);
    struct str who = STR("x");
    for (int i = 0; i < 10; i++)
        peers_add(p, who, PEER_CONTACT_FAILURE, 5000 - i);
    assert_int_equal(peers_wait(p, who, PEER_CONTACT_FAILURE, 4000), 60000);
    assert_int_equal(peers_wait(p, who, PEER_CONTACT_FAILURE, 5000), 60000);
    assert_int_equal(peers_wait(p, who, PEER_CONTACT_FAILURE, 65000), 0);
    for (int i = 0; i < 10; i++)
        peers_add(p, who, PEER_CONTACT_FAILURE, 4000);
    assert_int_equal(peers_wait(p, who, PEER_CONTACT_FAILURE, 64500), 500);
    peers_free(p);
}

static void a_limit_of_none_admits_none(void **state)
{
    (void)state;
    static const uint32_t none[PEER_COUNTS] = {0, 1, 3};
    struct peers *p = peers_new(0, none);
    assert_int_equal(peers_wait(p, STR("x"), PEER_AUTH_FAILURE, 5), 60000);
    peers_add(p, STR("x"), PEER_AUTH_FAILURE, 5);
    assert_int_equal(peers_wait(p, STR("x"), PEER_AUTH_FAILURE, 70000), 60000);
    peers_add(p, STR("x"), PEER_CONTACT_REQUEST, 5);
    assert_int_equal(peers_wait(p, STR("x"), PEER_CONTACT_REQUEST, 6), 59999);
    peers_free(p);
}

/* Against a list of all times ever: the wait is until fewer than `limit` of them are
 * younger than a minute. */
enum { NAMES = 3, STEPS = 3000 };

struct history {
    int64_t at[STEPS];
    int n;
};

static int64_t wait_by_force(const struct history *h, uint32_t limit, int64_t now)
{
    if (h->n < (int)limit)
        return 0;
    int64_t wait = h->at[h->n - (int)limit] + 60000 - now;
    return wait > 0 ? wait : 0;
}

static void waits_equal_brute_force(void **state)
{
    (void)state;
    static const char *const names[NAMES] = {"a", "b", "kord"};
    static struct history all[NAMES][PEER_COUNTS];
    for (uint64_t seed = 1, round = 0; round < 20; round++) {
        struct peers *p = peers_new(50, limits);
        memset(all, 0, sizeof(all));
        int64_t now = (int64_t)random_next(&seed);
        for (int step = 0; step < STEPS; step++) {
            now += (int64_t)(random_next(&seed) % (round % 2 ? 400 : 4000));
            size_t name = random_next(&seed) % NAMES,
                   what = random_next(&seed) % PEER_COUNTS;
            struct history *h = &all[name][what];
            assert_int_equal(
                peers_wait(p, str_of(names[name]), (enum peer_count)what, now),
                wait_by_force(h, limits[what], now));
            if (random_next(&seed) % 4 == 0)
                continue;
            peers_add(p, str_of(names[name]), (enum peer_count)what, now);
            h->at[h->n++] = now;
        }
        peers_free(p);
    }
}

static void add_ten(struct peers *p, int who, int64_t now)
{
    for (int i = 0; i < 10; i++)
        peers_add(p, (struct str){(const char *)&who, sizeof(who)},
                  PEER_CONTACT_FAILURE, now);
}

static bool remembered(struct peers *p, int who, int64_t now)
{
    struct str name = {(const char *)&who, sizeof(who)};
    return peers_wait(p, name, PEER_CONTACT_FAILURE, now) > 0;
}

static void the_longest_quiet_makes_room(void **state)
{
    (void)state;
    struct peers *p = peers_new(4, limits);
    for (int who = 1; who <= 4; who++)
        add_ten(p, who, 1000);
    add_ten(p, 1, 1001); /* now 2 is the longest quiet */
    assert_true(remembered(p, 2, 1001));
    add_ten(p, 5, 1002);
    assert_false(remembered(p, 2, 1002));
    assert_true(remembered(p, 1, 1002));
    assert_true(remembered(p, 3, 1002));
    assert_true(remembered(p, 4, 1002));
    assert_true(remembered(p, 5, 1002));
    for (int who = 6; who < 3000; who++) {
        add_ten(p, who, 1002);
        assert_true(remembered(p, who, 1002));
        assert_true(remembered(p, who - 3 >= 5 ? who - 3 : 5, 1002));
        assert_false(remembered(p, who - 4 >= 5 ? who - 4 : 2, 1002));
    }
    peers_free(p);
}

static void names_may_be_long(void **state)
{
    (void)state;
    struct peers *p = peers_new(100, limits);
    char text[200];
    memset(text, 'n', sizeof(text));
    for (size_t n = 0; n <= sizeof(text); n++) {
        struct str name = {text, n};
        assert_int_equal(peers_wait(p, name, PEER_CONTACT_FAILURE, 0), 0);
        for (int i = 0; i < 10; i++)
            peers_add(p, name, PEER_CONTACT_FAILURE, 0);
        assert_int_equal(peers_wait(p, name, PEER_CONTACT_FAILURE, 0), 60000);
    }
    text[150] = 'm'; /* differs far behind */
    assert_int_equal(
        peers_wait(p, (struct str){text, sizeof(text)}, PEER_CONTACT_FAILURE, 0), 0);
    peers_free(p);
}

static struct str name_of(const char *text, char out[17])
{
    struct in6_addr a;
    assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
    return peers_name(&a, out);
}

static void ipv6_counts_by_64(void **state)
{
    (void)state;
    char a[17], b[17];
    assert_true(
        str_eq(name_of("2001:db8:1:2::1", a), name_of("2001:db8:1:2:ffff::9", b)));
    assert_false(str_eq(name_of("2001:db8:1:2::1", a), name_of("2001:db8:1:3::1", b)));
    assert_int_equal(name_of("2001:db8::", a).n, 8);
    assert_false(str_eq(name_of("::ffff:10.0.0.1", a), name_of("::ffff:10.0.0.2", b)));
    assert_true(str_eq(name_of("::ffff:10.0.0.1", a), name_of("::ffff:10.0.0.1", b)));
    assert_int_equal(name_of("::ffff:10.0.0.1", a).n, 16);
    assert_int_equal(name_of("::1", a).n, 8);
}

struct crowd {
    struct peers *p;
    atomic_int turn;
};

static void *press(void *arg)
{
    struct crowd *c = arg;
    for (int i; (i = atomic_fetch_add(&c->turn, 1)) < 20000;) {
        add_ten(c->p, i % 97, i);
        remembered(c->p, i % 89, i);
    }
    return NULL;
}

static void many_threads_share_it(void **state)
{
    (void)state;
    struct crowd c = {.p = peers_new(50, limits)};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, press, &c), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    add_ten(c.p, 1, 20000);
    assert_true(remembered(c.p, 1, 20000));
    peers_free(c.p);
}

/* As the server has them: 65,536 names, whatever comes. Ten million in `make torture`.
 */
static void addresses_without_end_take_what_was_set_aside(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its allocator does not say what is in use */
#else
    enum { MAX = 65536 };
    static const uint32_t as_served[PEER_COUNTS] = {60, 120, 10, 5, 0};
    const char *torture = getenv("KORDLESS_TORTURE");
    int all = 1000000 * (torture ? atoi(torture) : 1);
    struct peers *p = peers_new(MAX, as_served);
    size_t empty = mallinfo2().uordblks, half = 0;
    for (int i = 0; i < all; i++) {
        peers_add(p, (struct str){(const char *)&i, sizeof(i)}, PEER_AUTH_FAILURE, i);
        if (i == all / 2)
            half = mallinfo2().uordblks;
    }
    size_t used = mallinfo2().uordblks - empty;
    assert_int_equal(used, half - empty); /* not a byte more for the second half */
    assert_true(used < (size_t)16 << 20);
    for (int i = all - MAX; i < all; i++) /* the worst: each has all it may have */
        for (int k = 0; k < 120; k++)
            for (int what = 0; what < PEER_COUNTS; what++)
                peers_add(p, (struct str){(const char *)&i, sizeof(i)},
                          (enum peer_count)what, all);
    assert_true(mallinfo2().uordblks - empty < (size_t)120 << 20);
    print_message("note: %d addresses keep %zu MiB, at the worst %zu\n", all,
                  used >> 20, (mallinfo2().uordblks - empty) >> 20);
    peers_free(p);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixty_failures_and_no_more),
        cmocka_unit_test(a_backward_clock_stands_still),
        cmocka_unit_test(a_limit_of_none_admits_none),
        cmocka_unit_test(waits_equal_brute_force),
        cmocka_unit_test(the_longest_quiet_makes_room),
        cmocka_unit_test(names_may_be_long),
        cmocka_unit_test(ipv6_counts_by_64),
        cmocka_unit_test(many_threads_share_it),
        cmocka_unit_test(addresses_without_end_take_what_was_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
