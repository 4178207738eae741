#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/outgoing.h"

static void url_is(const char *url, bool tls, const char *host, int port,
                   const char *target)
{
    struct outgoing o;
    struct str t;
    outgoing_init(&o);
    if (outgoing_url(&o, str_of(url), &t))
        fail_msg("refused: %s", url);
    assert_int_equal(o.tls, tls);
    assert_string_equal(o.host, host);
    assert_int_equal(o.port, port);
    assert_true(str_eq(t, str_of(target)));
    outgoing_end(&o);
}

static void urls_are_read(void **state)
{
    (void)state;
    url_is("https://api.example.com", true, "api.example.com", 443, "");
    url_is("HTTP://API.Example.com/a?b=c", false, "api.example.com", 80, "/a?b=c");
    url_is("https://a.example:8443?q", true, "a.example", 8443, "?q");
    url_is("http://[2001:DB8::1]:81/", false, "2001:db8::1", 81, "/");
    url_is("http://127.0.0.1:65535/x", false, "127.0.0.1", 65535, "/x");
}

static void other_urls_are_refused(void **state)
{
    static const char *const urls[] = {
        "",
        "api.example.com/",
        "/a",
        "ftp://a.example/",
        "https:/a.example/",
        "https://",
        "https:///a",
        "https://user@a.example/",
        "https://a.example:user@b.example/",
        "https://a.example:/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:8o/",
        "https://a.example/a b",
        "https://a.example/a#b",
        "https://a.example/a\r\nX: y",
        "https://a.example\r\n/",
        "https://a.example\\@b.example/",
        "https://a.ex%61mple/",
        "https://[::1/",
        "https://[]/",
        "https://[::1]x/",
        "https://[v1.a]/",
    };
    struct outgoing o;
    struct str t;
    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        outgoing_init(&o);
        if (outgoing_url(&o, str_of(urls[i]), &t) != ERR_INVALID)
            fail_msg("accepted: %s", urls[i]);
        outgoing_end(&o);
    }
}

static void a_request_is_written(void **state)
{
    struct outgoing o;
    struct str t;
    (void)state;
    outgoing_init(&o);
    assert_int_equal(outgoing_url(&o, STR("http://a.example:81?q=1"), &t), 0);
    assert_int_equal(outgoing_begin(&o, STR("POST"), t), 0);
    assert_int_equal(outgoing_field(&o, STR("Accept"), STR("text/plain")), 0);
    outgoing_finish(&o, STR("hello"), true);
    assert_true(str_eq(buf_slice(&o.bytes),
                       STR("POST /?q=1 HTTP/1.1\r\nHost: a.example:81\r\n"
                           "Connection: close\r\nUser-Agent: kordless\r\n"
                           "Accept: text/plain\r\nContent-Length: 5\r\n\r\nhello")));
    outgoing_end(&o);
}

static void an_address_keeps_its_brackets(void **state)
{
    struct outgoing o;
    struct str t;
    (void)state;
    outgoing_init(&o);
    assert_int_equal(outgoing_url(&o, STR("https://[2001:db8::1]/"), &t), 0);
    assert_int_equal(outgoing_begin(&o, STR("HEAD"), t), 0);
    assert_true(o.to_head);
    assert_true(str_starts(buf_slice(&o.bytes),
                           STR("HEAD / HTTP/1.1\r\nHost: [2001:db8::1]\r\n")));
    outgoing_end(&o);
}

static void what_ends_a_line_is_refused(void **state)
{
    struct outgoing o;
    (void)state;
    outgoing_init(&o);
    assert_int_equal(outgoing_begin(&o, STR("GE T"), STR("/")), ERR_INVALID);
    assert_int_equal(outgoing_begin(&o, STR(""), STR("/")), ERR_INVALID);
    assert_int_equal(outgoing_field(&o, STR("A"), STR("b\r\nC: d")), ERR_INVALID);
    assert_int_equal(outgoing_field(&o, STR("A"), STR("b\0c")), ERR_INVALID);
    assert_int_equal(outgoing_field(&o, STR("A:"), STR("b")), ERR_INVALID);
    assert_int_equal(outgoing_field(&o, STR(""), STR("b")), ERR_INVALID);
    assert_int_equal(outgoing_field(&o, STR("HOST"), STR("b")), ERR_DENIED);
    assert_int_equal(outgoing_field(&o, STR("transfer-Encoding"), STR("chunked")),
                     ERR_DENIED);
    assert_int_equal(o.bytes.n, 0);
    outgoing_end(&o);
}

static bool allowed(const char *entry, const char *url)
{
    struct outgoing o;
    struct str t;
    outgoing_init(&o);
    assert_int_equal(outgoing_url(&o, str_of(url), &t), 0);
    bool yes = outgoing_matches(&o, str_of(entry));
    outgoing_end(&o);
    return yes;
}

static void entries_name_one_host(void **state)
{
    (void)state;
    assert_true(allowed("a.example", "https://A.EXAMPLE/"));
    assert_true(allowed("a.example", "http://a.example/"));
    assert_true(allowed("a.example:8443", "https://a.example:8443/"));
    assert_true(allowed("[2001:db8::1]", "https://[2001:db8::1]/"));
    assert_false(allowed("a.example", "https://a.example:8443/"));
    assert_false(allowed("a.example:8443", "https://a.example/"));
    assert_false(allowed("a.example", "https://b.a.example/"));
    assert_false(allowed("a.example", "https://a.example.b/"));
    assert_false(allowed("a.example", "https://a.example./"));
    assert_true(outgoing_entry_ok(STR("a.example")));
    assert_true(outgoing_entry_ok(STR("[::1]:81")));
    assert_false(outgoing_entry_ok(STR("A.example")));
    assert_false(outgoing_entry_ok(STR("https://a.example")));
    assert_false(outgoing_entry_ok(STR("*.example")));
    assert_false(outgoing_entry_ok(STR("a.example:")));
    assert_false(outgoing_entry_ok(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read),
        cmocka_unit_test(other_urls_are_refused),
        cmocka_unit_test(a_request_is_written),
        cmocka_unit_test(an_address_keeps_its_brackets),
        cmocka_unit_test(what_ends_a_line_is_refused),
        cmocka_unit_test(entries_name_one_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
