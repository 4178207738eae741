#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "guard/hush.h"
#include "guard/peers.h"

static void add(struct hush *h, const char *address, const char *code, int64_t at)
{
    struct in6_addr a;
    char name[17];
    assert_int_equal(inet_pton(AF_INET6, address, &a), 1);
    hush_add(h, peers_name(&a, name), code, at);
}

static void is_line(struct hush *h, int64_t at, const char *address, uint64_t n)
{
    struct hush_line l;
    assert_true(hush_next(h, at, false, &l));
    assert_string_equal(l.address, address);
    assert_int_equal(l.n, n);
}

static void a_line_an_address_and_minute(void **state)
{
    (void)state;
    struct hush *h = hush_new(10);
    struct hush_line l;
    for (int i = 0; i < 1000; i++) {
        add(h, "::ffff:10.0.0.1", "unknown_api_key", 1000 + i);
        add(h, "2001:db8:1:2::7", "missing_api_key", 1000 + i);
        add(h, i % 2 ? "2001:db8:1:2:ff::9" : "::ffff:10.0.0.2", "rate_limited",
            2000 + i);
    }
    assert_int_equal(hush_count(h), 3);
    assert_false(hush_next(h, 60999, false, &l));
    is_line(h, 61000, "10.0.0.1", 1000);
    assert_true(hush_next(h, 61000, false, &l)); /* by /64, and the codes apart */
    assert_string_equal(l.address, "2001:db8:1:2::/64");
    assert_int_equal(l.n, 1500);
    assert_int_equal(l.n_codes, 2);
    assert_string_equal(l.codes[0].code, "missing_api_key");
    assert_int_equal(l.codes[0].n, 1000);
    assert_string_equal(l.codes[1].code, "rate_limited");
    assert_int_equal(l.codes[1].n, 500);
    assert_false(hush_next(h, 61000, false, &l));
    add(h, "::ffff:10.0.0.1", "unknown_api_key", 61000); /* the next minute's */
    is_line(h, 62000, "10.0.0.2", 500);
    assert_false(hush_next(h, 120999, false, &l));
    assert_true(hush_next(h, 62000, true, &l)); /* at the end: all */
    assert_int_equal(l.n, 1);
    assert_false(hush_next(h, 62000, true, &l));
    hush_free(h);
    hush_free(NULL);
}

static void further_addresses_are_others(void **state)
{
    (void)state;
    struct hush *h = hush_new(3);
    char address[40];
    for (int i = 0; i < 1000; i++) {
        snprintf(address, sizeof(address), "::ffff:10.0.%d.%d", i / 250, i % 250);
        add(h, address, "unknown_api_key", i);
        add(h, "::ffff:10.0.0.1", "unknown_api_key", i);
    }
    assert_int_equal(hush_count(h), 3);
    is_line(h, 60000, "10.0.0.0", 1);
    is_line(h, 60000, "10.0.0.1", 1001);
    struct hush_line l;
    assert_true(hush_next(h, 60002, false, &l));
    assert_false(hush_next(h, 60002, false, &l));
    is_line(h, 60003, "others", 997);
    assert_false(hush_next(h, 200000, true, &l));
    add(h, "::ffff:10.0.0.9", "x", 70000);
    is_line(h, 130000, "10.0.0.9", 1);
    hush_free(h);
}

static void kinds_of_codes_are_bounded(void **state)
{
    (void)state;
    static const char *const codes[] = {"a", "b", "c", "d", "e",
                                        "f", "g", "h", "i", "j"};
    struct hush *h = hush_new(3);
    struct hush_line l;
    for (int i = 0; i < 10; i++)
        add(h, "::1", codes[i], 0);
    assert_true(hush_next(h, 0, true, &l));
    assert_int_equal(l.n, 10);
    assert_int_equal(l.n_codes, HUSH_CODES);
    assert_string_equal(l.codes[HUSH_CODES - 1].code, "other");
    assert_int_equal(l.codes[HUSH_CODES - 1].n, 3);
    hush_free(h);
}

static void *press(void *arg)
{
    char address[40];
    for (int i = 0; i < 20000; i++) {
        snprintf(address, sizeof(address), "::ffff:10.0.0.%d", i % 250);
        add(arg, address, "x", i);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    struct hush *h = hush_new(100);
    struct hush_line l;
    pthread_t threads[3];
    uint64_t n = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, press, h), 0);
    for (int i = 0; i < 500; i++)
        if (hush_next(h, 100000, false, &l))
            n += l.n;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    while (hush_next(h, 0, true, &l))
        n += l.n;
    assert_int_equal(n, 60000);
    hush_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_an_address_and_minute),
        cmocka_unit_test(further_addresses_are_others),
        cmocka_unit_test(kinds_of_codes_are_bounded),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
