#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "http/forwarded.h"

static void networks_are_read(void **state)
{
    static const struct {
        const char *text;
        int bits;
    } good[] = {{"10.0.0.0/8", 104}, {"127.0.0.1", 128},
                {"0.0.0.0/0", 96},   {"192.168.1.128/25", 121},
                {"::1", 128},        {"2001:db8::/32", 32},
                {"::/0", 0},         {"fd00::/8", 8}};
    static const char *const bad[] = {
        "",          "10.0.0.0/33", "10.0.0.1/8",  "10.0.0/8",
        "::/129",    "10.0.0.0/",   "10.0.0.0/x",  "fe80::1%lo",
        "localhost", "10.0.0.0/8 ", "10.0.0.0/-1", "10.0.0.0/0008"};
    struct network n;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(network_parse(str_of(good[i].text), &n), 0);
        assert_int_equal(n.bits, good[i].bits);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(network_parse(str_of(bad[i]), &n), ERR_INVALID);
}

static struct in6_addr address(const char *text)
{
    struct network n;
    assert_int_equal(network_parse(str_of(text), &n), 0);
    return n.address;
}

/* The client's address in words, of a peer and up to two fields. */
static const char *client(const char *peer, const char *first, const char *second)
{
    static char text[INET6_ADDRSTRLEN];
    struct network trusted[2];
    static struct http_request req;
    struct in6_addr from = address(peer);
    assert_int_equal(network_parse(STR("10.0.0.0/8"), &trusted[0]), 0);
    assert_int_equal(network_parse(STR("fd00::/8"), &trusted[1]), 0);
    req.n_fields = 0;
    req.fields[req.n_fields++] =
        (struct http_field){STR("X-Real-IP"), STR("192.0.2.99")};
    if (first)
        req.fields[req.n_fields++] =
            (struct http_field){STR("X-Forwarded-For"), str_of(first)};
    if (second)
        req.fields[req.n_fields++] =
            (struct http_field){STR("x-forwarded-for"), str_of(second)};
    struct in6_addr got = forwarded_client(&req, &from, trusted, 2);
    inet_ntop(AF_INET6, &got, text, sizeof(text));
    return strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text;
}

static void only_trusted_proxies_are_believed(void **state)
{
    (void)state;
    assert_string_equal(client("10.0.0.1", NULL, NULL), "10.0.0.1");
    assert_string_equal(client("10.0.0.1", "192.0.2.7", NULL), "192.0.2.7");
    assert_string_equal(client("192.0.2.1", "192.0.2.7", NULL), "192.0.2.1");
    assert_string_equal(client("fd00::1", "2001:db8::7", NULL), "2001:db8::7");
}

static void the_walk_ends_at_the_first_stranger(void **state)
{
    (void)state;
    assert_string_equal(client("10.0.0.1", "1.2.3.4, 192.0.2.7, 10.0.0.2", NULL),
                        "192.0.2.7");
    assert_string_equal(client("10.0.0.1", "1.2.3.4", "192.0.2.7 ,10.9.9.9"),
                        "192.0.2.7");
    assert_string_equal(client("10.0.0.1", "1.2.3.4, 10.0.0.3", "10.0.0.2"), "1.2.3.4");
    assert_string_equal(client("10.0.0.1", "10.0.0.3,10.0.0.2", NULL), "10.0.0.3");
}

static void what_is_no_address_ends_it(void **state)
{
    (void)state;
    assert_string_equal(client("10.0.0.1", "unknown", NULL), "10.0.0.1");
    assert_string_equal(client("10.0.0.1", "1.2.3.4, _hidden, 10.0.0.2", NULL),
                        "10.0.0.2");
    assert_string_equal(client("10.0.0.1", "1.2.3.4,", NULL), "10.0.0.1");
    assert_string_equal(client("10.0.0.1", ",", NULL), "10.0.0.1");
    assert_string_equal(client("10.0.0.1", "", NULL), "10.0.0.1");
    assert_string_equal(client("10.0.0.1", "[1.2.3.4]", NULL), "10.0.0.1");
    assert_string_equal(client("10.0.0.1", "[2001:db8::1", NULL), "10.0.0.1");
}

static void ports_are_left_out(void **state)
{
    (void)state;
    assert_string_equal(client("10.0.0.1", "192.0.2.7:4711", NULL), "192.0.2.7");
    assert_string_equal(client("10.0.0.1", "[2001:db8::7]:4711", NULL), "2001:db8::7");
    assert_string_equal(client("10.0.0.1", "[2001:db8::7]", NULL), "2001:db8::7");
}

static void a_list_without_end_ends(void **state)
{
    char list[4000] = "";
    (void)state;
    for (int i = 0; i < 300; i++)
        strcat(list, i ? ",10.0.0.2" : "192.0.2.7");
    assert_string_equal(client("10.0.0.1", list, NULL), "10.0.0.2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_read),
        cmocka_unit_test(only_trusted_proxies_are_believed),
        cmocka_unit_test(the_walk_ends_at_the_first_stranger),
        cmocka_unit_test(what_is_no_address_ends_it),
        cmocka_unit_test(ports_are_left_out),
        cmocka_unit_test(a_list_without_end_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
