#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "net/reach.h"

static const char *refusal(const char *text)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        memcpy(&s, &in, sizeof(in));
    else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        memcpy(&s, &in6, sizeof(in6));
    else
        fail_msg("no address: %s", text);
    return reach_refusal((const struct sockaddr *)&s);
}

static void the_public_is_reached(void **state)
{
    static const char *const list[] = {
        "1.1.1.1",         "9.255.255.255",   "11.0.0.0",         "100.63.255.255",
        "100.128.0.0",     "126.255.255.255", "128.0.0.0",        "169.253.255.255",
        "169.255.0.0",     "172.15.255.255",  "172.32.0.0",       "192.0.1.0",
        "192.167.255.255", "192.169.0.0",     "198.17.255.255",   "198.20.0.0",
        "203.0.112.255",   "203.0.114.0",     "223.255.255.255",  "2606:4700::1111",
        "2001:4860::8888", "2002:101:101::1", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1",
        "2001:db7::1",     "2001:db9::1",     "3ffe::1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (refusal(list[i]))
            fail_msg("%s is refused as %s", list[i], refusal(list[i]));
}

static void nothing_else_is(void **state)
{
    static const char *const list[][2] = {
        {"0.0.0.0", "unspecified"},
        {"0.255.255.255", "unspecified"},
        {"10.0.0.0", "private"},
        {"10.255.255.255", "private"},
        {"100.64.0.0", "shared"},
        {"100.127.255.255", "shared"},
        {"127.0.0.1", "loopback"},
        {"127.255.255.255", "loopback"},
        {"169.254.169.254", "link-local"},
        {"172.16.0.0", "private"},
        {"172.31.255.255", "private"},
        {"192.0.0.8", "special"},
        {"192.0.2.1", "documentation"},
        {"192.168.255.255", "private"},
        {"198.18.0.0", "benchmarking"},
        {"198.19.255.255", "benchmarking"},
        {"224.0.0.1", "multicast"},
        {"239.255.255.255", "multicast"},
        {"240.0.0.0", "reserved"},
        {"255.255.255.255", "reserved"},
        {"::", "reserved"},
        {"::1", "loopback"},
        {"::7f00:1", "reserved"},
        {"::ffff:127.0.0.1", "loopback"},
        {"::ffff:10.1.2.3", "private"},
        {"::ffff:169.254.169.254", "link-local"},
        {"64:ff9b::10.0.0.1", "private"},
        {"64:ff9b::7f00:1", "loopback"},
        {"64:ff9b:1::1.1.1.1", "reserved"},
        {"2002:a00:1::1", "private"},
        {"2002:7f00:1::", "loopback"},
        {"2002:c0a8:101::1", "private"},
        {"2001::1", "special"},
        {"2001:1ff:ffff::", "special"},
        {"2001:db8::1", "documentation"},
        {"3fff::1", "documentation"},
        {"4000::1", "reserved"},
        {"fc00::1", "private"},
        {"fdff::1", "private"},
        {"fe80::1", "link-local"},
        {"fec0::1", "reserved"},
        {"ff02::1", "multicast"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        const char *word = refusal(list[i][0]);
        if (!word || strcmp(word, list[i][1]) != 0)
            fail_msg("%s: %s, not %s", list[i][0], word ? word : "reached", list[i][1]);
    }
}

static void only_loopback_is_loopback(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_un_like {
        sa_family_t family;
        char path[30];
    } other = {.family = AF_UNIX};
    (void)state;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(reach_is_loopback((const struct sockaddr *)&in));
    in.sin_addr.s_addr = htonl(0x0a000001);
    assert_false(reach_is_loopback((const struct sockaddr *)&in));
    in.sin_addr.s_addr = htonl(0x01010101);
    assert_false(reach_is_loopback((const struct sockaddr *)&in));
    assert_non_null(reach_refusal((const struct sockaddr *)&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_is_reached),
        cmocka_unit_test(nothing_else_is),
        cmocka_unit_test(only_loopback_is_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
