#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "net/address.h"

static struct in6_addr address(const char *text)
{
    struct in6_addr a;
    assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
    return a;
}

static void counts_each_address(void **state)
{
    (void)state;
    struct addresses *a = addresses_new(8);
    struct in6_addr one = address("::ffff:192.0.2.1"),
                    two = address("::ffff:192.0.2.2");
    assert_true(addresses_take(a, &one, 2));
    assert_true(addresses_take(a, &one, 2));
    assert_false(addresses_take(a, &one, 2));
    assert_true(addresses_take(a, &two, 2));
    addresses_drop(a, &one);
    assert_true(addresses_take(a, &one, 2));
    assert_false(addresses_take(a, &one, 2));
    addresses_free(a);
    addresses_free(NULL);
}

static void a_network_of_64_bits_is_one(void **state)
{
    (void)state;
    struct addresses *a = addresses_new(8);
    struct in6_addr one = address("2001:db8:0:1::1"),
                    same = address("2001:db8:0:1:f::9"),
                    other = address("2001:db8:0:2::1");
    assert_true(addresses_take(a, &one, 1));
    assert_false(addresses_take(a, &same, 1));
    assert_true(addresses_take(a, &other, 1));
    addresses_drop(a, &same);
    assert_true(addresses_take(a, &one, 1));
    addresses_free(a);
}

/* Against plain counters: dropping must not lose what lies further along a chain. */
static void never_miscounts(void **state)
{
    (void)state;
    enum { N = 60, MOST = 64 };
    int count[N] = {0}, all = 0;
    uint32_t seed = 9;
    struct addresses *a = addresses_new(MOST);
    for (int round = 0; round < 100000; round++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t i = (seed >> 8) % N;
        struct in6_addr who = address("::ffff:10.0.0.0");
        who.s6_addr[14] = (unsigned char)(i >> 3);
        who.s6_addr[15] = (unsigned char)i;
        if (seed >> 31 && count[i]) {
            addresses_drop(a, &who);
            count[i]--;
            all--;
        } else if (all < MOST) {
            assert_int_equal(addresses_take(a, &who, 2), count[i] < 2);
            all += count[i] < 2;
            count[i] += count[i] < 2;
        }
    }
    addresses_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_each_address),
        cmocka_unit_test(a_network_of_64_bits_is_one),
        cmocka_unit_test(never_miscounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
