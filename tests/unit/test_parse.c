/* Every head is parsed at every length it has on its way in, each in memory that ends
 * where it ends: the verdict must be "more" up to one point and the same from there on.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/bytes.h"
#include "http/parse.h"

#define HOST "Host: a.example:8080\r\n"
#define END  "\r\n"

struct outcome {
    enum http_parsed got;
    int status;
    const char *detail;
    size_t used;
};

static struct outcome parse(struct str in, const struct http_caps *caps,
                            struct http_request *r)
{
    struct http_refusal why = {0, NULL};
    struct outcome o = {.used = 0};
    o.got = http_parse_head(in, caps, r, &o.used, &why);
    o.status = why.status;
    o.detail = why.detail;
    return o;
}

static struct outcome parse_copy(struct str in, size_t n, const struct http_caps *caps)
{
    static struct http_request r;
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, in.p, n);
    struct outcome o = parse((struct str){copy, n}, caps, &r);
    free(copy);
    return o;
}

static void same(struct outcome a, struct outcome b)
{
    assert_int_equal(a.got, b.got);
    assert_int_equal(a.status, b.status);
    assert_ptr_equal(a.detail, b.detail);
    assert_int_equal(a.used, b.used);
}

/* The verdict on the whole, after having seen that the way there does not change it. */
static struct outcome walk(struct str in, const struct http_caps *caps)
{
    struct outcome whole = parse_copy(in, in.n, caps);
    bool settled = false;
    for (size_t n = 0; n < in.n; n++) {
        struct outcome o = parse_copy(in, n, caps);
        if (o.got == HTTP_MORE && settled)
            fail_msg("asks for more at %zu after it was settled", n);
        if (o.got == HTTP_MORE)
            continue;
        settled = true;
        same(o, whole);
    }
    return whole;
}

static void expect(const char *text, int status)
{
    struct outcome o = walk(str_of(text), &http_caps_default);
    if (status == 200 ? o.got != HTTP_DONE
                      : o.got != HTTP_REFUSED || o.status != status)
        fail_msg("%d %d (%s), not %d:\n%s", o.got, o.status, o.detail, status, text);
}

static struct http_request *accepted(const char *text)
{
    static struct http_request r;
    struct outcome o = parse(str_of(text), &http_caps_default, &r);
    expect(text, 200);
    assert_int_equal(o.got, HTTP_DONE);
    return &r;
}

#define assert_str(s, text) assert_true(str_eq((s), str_of(text)))

static void reads_what_was_sent(void **state)
{
    (void)state;
    struct http_request *r = accepted("\r\nPOST /a/b%20c?x=1&y HTTP/1.1\r\n"
                                      "hOsT: \t a.example:8080 \r\n"
                                      "Empty:\r\n"
                                      "X: one\r\nx:  two  words\t\r\n"
                                      "Content-Length: 12\r\n"
                                      "Expect: 100-Continue\r\n\r\nrest");
    assert_int_equal(r->method, HTTP_POST);
    assert_str(r->target, "/a/b%20c?x=1&y");
    assert_str(r->path, "/a/b%20c");
    assert_str(r->query, "x=1&y");
    assert_str(r->host, "a.example:8080");
    assert_int_equal(r->content_length, 12);
    assert_int_equal(r->minor, 1);
    assert_true(r->keep_alive && r->expect_continue && !r->chunked);
    assert_int_equal(r->n_fields, 6);
    assert_str(http_field_get(r, STR("EMPTY")), "");
    assert_non_null(http_field_get(r, STR("empty")).p);
    assert_null(http_field_get(r, STR("absent")).p);
    assert_str(http_field_get(r, STR("x")), "one");
    assert_int_equal(http_field_count(r, STR("X")), 2);
    assert_str(r->fields[3].value, "two  words");
}

static void knows_methods_and_others(void **state)
{
    (void)state;
    assert_int_equal(accepted("PATCH / HTTP/1.1\r\n" HOST END)->method, HTTP_PATCH);
    assert_int_equal(accepted("get / HTTP/1.1\r\n" HOST END)->method, HTTP_OTHER);
    assert_int_equal(accepted("PROPFIND / HTTP/1.1\r\n" HOST END)->method, HTTP_OTHER);
    for (enum http_method m = HTTP_GET; m < HTTP_OTHER; m++) {
        char line[128];
        snprintf(line, sizeof(line), "%s %s HTTP/1.1\r\n" HOST END, http_method_name(m),
                 m == HTTP_CONNECT ? "h:1" : "/");
        assert_int_equal(accepted(line)->method, m);
    }
    expect(" / HTTP/1.1\r\n" HOST END, 400);
    expect("GE(T / HTTP/1.1\r\n" HOST END, 400);
    expect(
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / "
        "HTTP/1.1\r\n" HOST END,
        400);
}

static void takes_the_four_forms(void **state)
{
    (void)state;
    struct http_request *r = accepted("OPTIONS * HTTP/1.1\r\n" HOST END);
    assert_str(r->path, "*");
    r = accepted("GET HTTP://Other.example:1/p?q HTTP/1.1\r\n" HOST END);
    assert_str(r->host, "Other.example:1");
    assert_str(r->path, "/p");
    assert_str(r->query, "q");
    r = accepted("GET https://h?q HTTP/1.1\r\n" HOST END);
    assert_str(r->host, "h");
    assert_str(r->path, "/");
    assert_str(r->query, "q");
    assert_str(accepted("CONNECT h:443 HTTP/1.1\r\n" HOST END)->path, "h:443");
    assert_str(accepted("GET //x//y HTTP/1.1\r\n" HOST END)->path, "//x//y");
    static const char *const bad[] = {
        "*",        "x",           "h:443",      "http://", "http:///p",
        "ftp://h/", "http://u@h/", "http:/h",    "/a#b",    "#",
        "/\x7f",    "/\xc3\xa9",   "http://h:/", "",        " /"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char line[128];
        snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\n" HOST END, bad[i]);
        expect(line, 400);
    }
    expect("POST * HTTP/1.1\r\n" HOST END, 400);
    expect("CONNECT / HTTP/1.1\r\n" HOST END, 400);
    expect("CONNECT h HTTP/1.1\r\n" HOST END, 400);
    expect("GET /\r\n", 400);
    expect("GET\t/ HTTP/1.1\r\n" HOST END, 400);
}

static void tells_versions(void **state)
{
    (void)state;
    struct http_request *r =
        accepted("GET / HTTP/1.0\r\n" HOST "Expect: 100-continue\r\n" END);
    assert_int_equal(r->minor, 0);
    assert_false(r->expect_continue);
    static const char *const bad[] = {"HTTP/1",    "http/1.1",  "HTTP/1.1 ",
                                      "HTTP/ 1.1", "HTTP/01.1", "HTTP/1.10",
                                      "HTTQ/1.1",  "HTTP/x.1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char line[128];
        snprintf(line, sizeof(line), "GET / %s\r\n" HOST END, bad[i]);
        expect(line, 400);
    }
    expect("GET / HTTP/2.0\r\n", 505);
    expect("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    expect("GET / HTTP/1.2\r\n" HOST END, 505);
    expect("GET / HTTP/0.9\r\n" HOST END, 505);
}

static void keeps_or_closes(void **state)
{
    (void)state;
    static const struct {
        const char *version, *fields;
        bool keep;
    } rows[] = {
        {"1.1", "", true},
        {"1.0", "", false},
        {"1.1", "Connection: close\r\n", false},
        {"1.1", "Connection: x , CLOSE\r\n", false},
        {"1.0", "Connection: Keep-Alive\r\n", true},
        {"1.0", "Connection: keep-alive\r\nconnection: close\r\n", false},
        {"1.1", "Connection: closed\r\n", true},
        {"1.1", "Connection: ,,\r\n", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "GET / HTTP/%s\r\n" HOST "%s" END, rows[i].version,
                 rows[i].fields);
        assert_int_equal(accepted(text)->keep_alive, rows[i].keep);
    }
}

static void refuses_bad_framing(void **state)
{
    (void)state;
    static const struct {
        const char *version, *fields;
        int status;
    } rows[] = {
        {"1.1", HOST "Content-Length: 5\r\n", 200},
        {"1.1", HOST "Content-Length: 0\r\n", 200},
        {"1.1", HOST "Content-Length: 05\r\n", 400},
        {"1.1", HOST "Content-Length: +5\r\n", 400},
        {"1.1", HOST "Content-Length: \r\n", 400},
        {"1.1", HOST "Content-Length: 5, 5\r\n", 400},
        {"1.1", HOST "Content-Length: 0x5\r\n", 400},
        {"1.1", HOST "Content-Length: 5\r\nContent-Length: 5\r\n", 400},
        {"1.1", HOST "Content-Length: 1048576\r\n", 200},
        {"1.1", HOST "Content-Length: 1048577\r\n", 413},
        {"1.1", HOST "Content-Length: 18446744073709551615\r\n", 413},
        {"1.1", HOST "Content-Length: 18446744073709551616\r\n", 400},
        {"1.1", HOST "Transfer-Encoding: chunked\r\n", 200},
        {"1.1", HOST "Transfer-Encoding: Chunked\r\n", 400},
        {"1.1", HOST "Transfer-Encoding: chunked, chunked\r\n", 400},
        {"1.1", HOST "Transfer-Encoding: gzip, chunked\r\n", 400},
        {"1.1", HOST "Transfer-Encoding: ,chunked\r\n", 400},
        {"1.1", HOST "Transfer-Encoding:\r\n", 400},
        {"1.1", HOST "Transfer-Encoding: gzip\r\n", 501},
        {"1.1", HOST "Transfer-Encoding: identity\r\n", 501},
        {"1.1", HOST "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", 400},
        {"1.1", HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
        {"1.1", HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
        {"1.1", HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
         400},
        {"1.0", HOST "Transfer-Encoding: chunked\r\n", 400},
        {"1.1", "", 400},
        {"1.0", "", 400},
        {"1.1", HOST HOST, 400},
        {"1.1", "Host:\r\n", 400},
        {"1.1", "Host: a,b\r\n", 400},
        {"1.1", "Host: a/b\r\n", 400},
        {"1.1", "Host: u@a\r\n", 400},
        {"1.1", "Host: a:\r\n", 400},
        {"1.1", "Host: a:65536\r\n", 400},
        {"1.1", "Host: a:000080\r\n", 400},
        {"1.1", "Host: :80\r\n", 400},
        {"1.1", "Host: [::1]:80\r\n", 200},
        {"1.1", "Host: [::1]\r\n", 200},
        {"1.1", "Host: [::1\r\n", 400},
        {"1.1", "Host: []\r\n", 400},
        {"1.1", "Host: [::1]x\r\n", 400},
        {"1.1", HOST "Expect: 200-ok\r\n", 417},
        {"1.0", HOST "Expect: 200-ok\r\n", 200},
        {"1.1", HOST " folded\r\n", 400},
        {"1.1", HOST "X: a\r\n b\r\n", 400},
        {"1.1", HOST "X : a\r\n", 400},
        {"1.1", HOST ": a\r\n", 400},
        {"1.1", HOST "no colon\r\n", 400},
        {"1.1", HOST "X: a\nY: b\r\n", 400},
        {"1.1", HOST "X: a\rY: b\r\n", 400},
        {"1.1", HOST "X: \x01\r\n", 400},
        {"1.1", HOST "X: \x7f\r\n", 400},
        {"1.1", HOST "X\xc3: a\r\n", 400},
        {"1.1", HOST "X: \xc3\xa9\r\n", 200},
        {"1.1", HOST "X: a\tb\r\n", 200},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "POST / HTTP/%s\r\n%s" END, rows[i].version,
                 rows[i].fields);
        expect(text, rows[i].status);
    }
}

static void refuses_stray_line_ends(void **state)
{
    (void)state;
    expect("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST END, 200);
    expect("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST END, 400);
    expect("\nGET / HTTP/1.1\r\n" HOST END, 400);
    expect("\rGET / HTTP/1.1\r\n" HOST END, 400);
    expect("GET / HTTP/1.1\n" HOST END, 400);
    expect("GET / HTTP/1.1\r" HOST END, 400);
    expect("GET / HTTP/1.1\r\n" HOST "\n", 400);
    expect("GET / HTTP/1.1\r\n" HOST "\rx", 400);
    struct outcome o =
        parse_copy(STR("GET /a\0b HTTP/1.1\r\n"), 20, &http_caps_default);
    assert_int_equal(o.status, 400);
}

static void holds_its_caps(void **state)
{
    (void)state;
    struct http_caps caps = {
        .line_max = 24, .head_max = 40, .fields_max = 3, .body_max = 9};
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET /01234567890 HTTP/1.1\r\n", 414},             /* 25 */
        {"GET /0123456789 HTTP/1.1\r\nHost: h\r\n\r\n", 0}, /* 24 */
        {"GET /012345678901234567890123456", 414},          /* no end yet */
        {"GET / HTTP/1.1\r\nHost: h\r\nX: 34567890123456789012345678\r\n\r\n",
         0}, /* 40 */
        {"GET / HTTP/1.1\r\nHost: h\r\nX: 345678901234567890123456789\r\n\r\n",
         431}, /* 41 */
        {"GET / HTTP/1.1\r\nHost: h\r\nX: 3456789012345678901234567890123456", 431},
        {"GET / HTTP/1.1\r\nHost: h\r\na:\r\nb:\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: h\r\na:\r\nb:\r\nc:\r\n\r\n", 431},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n", 413},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome o = walk(str_of(rows[i].text), &caps);
        if (o.status != rows[i].status)
            fail_msg("%d, not %d: %s", o.status, rows[i].status, rows[i].text);
    }
}

static uint32_t dice(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)*seed * n) >> 32);
}

/* Valid heads with a few bytes changed, dropped or doubled. */
static void never_minds_how_it_is_cut(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "GET /a?b=c HTTP/1.1\r\nHost: h:1\r\nX-Y: z\r\n\r\nGET / HTTP/1.1\r\n",
        "\r\nPOST http://h/ HTTP/1.0\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nA:b\r\n\r\n5\r\n",
    };
    static const char odd[] = "\r\n \t:/*#[],0aZ\x01\x7f\x80\xff";
    struct http_caps caps = {
        .line_max = 40, .head_max = 60, .fields_max = 4, .body_max = 9};
    uint32_t seed = 7;
    for (int round = 0; round < 1500; round++) {
        char text[128];
        size_t n = strlen(strcpy(text, heads[dice(&seed, 3)]));
        for (uint32_t k = dice(&seed, 4); k > 0; k--) {
            size_t at = dice(&seed, (uint32_t)n);
            if (dice(&seed, 2))
                text[at] = odd[dice(&seed, sizeof(odd))];
            else if (dice(&seed, 2))
                memmove(text + at, text + at + 1, --n - at);
            else
                memmove(text + at + 1, text + at, n++ - at);
        }
        walk((struct str){text, n}, &caps);
    }
}

static void the_table_is_the_grammar(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool letter = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
        bool digit = i >= '0' && i <= '9', visible = i > 0x20 && i < 0x7F;
        assert_int_equal(byte_is(c, BYTE_TOKEN),
                         letter || digit || (i && strchr("!#$%&'*+-.^_`|~", i)));
        assert_int_equal(byte_is(c, BYTE_TARGET), visible && i != '#');
        assert_int_equal(byte_is(c, BYTE_VALUE),
                         visible || i == ' ' || i == '\t' || i >= 0x80);
        assert_int_equal(byte_is(c, BYTE_HOST),
                         letter || digit || (i && strchr("-._~", i)));
    }
}

static void unescapes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: refused */
        bool plus;
    } rows[] = {
        {"abc", "abc", false},   {"a%20b", "a b", false}, {"a+b", "a+b", false},
        {"a+b", "a b", true},    {"%2b+", "+ ", true},    {"%C3%a9", "\xc3\xa9", false},
        {"", "", false},         {"%", NULL, false},      {"%4", NULL, false},
        {"%4g", NULL, false},    {"%00", NULL, false},    {"%ff", NULL, false},
        {"%c3", NULL, false},    {"%25%32", "%2", false}, {"%%", NULL, false},
        {"%C0%AF", NULL, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[32];
        size_t n = 99;
        int err = http_unescape(str_of(rows[i].in), rows[i].plus, out, &n);
        assert_int_equal(err, rows[i].out ? 0 : ERR_INVALID);
        if (rows[i].out)
            assert_str(((struct str){out, n}), rows[i].out);
    }
}

static void walks_queries(void **state)
{
    (void)state;
    struct str q = STR("a=1&&b&c==x&=y&"), name, value;
    static const char *const want[][2] = {
        {"a", "1"}, {"b", ""}, {"c", "=x"}, {"", "y"}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(http_query_next(&q, &name, &value));
        assert_str(name, want[i][0]);
        assert_str(value, want[i][1]);
    }
    assert_false(http_query_next(&q, &name, &value));
    assert_false(http_query_next(&q, &name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_sent),
        cmocka_unit_test(knows_methods_and_others),
        cmocka_unit_test(takes_the_four_forms),
        cmocka_unit_test(tells_versions),
        cmocka_unit_test(keeps_or_closes),
        cmocka_unit_test(refuses_bad_framing),
        cmocka_unit_test(refuses_stray_line_ends),
        cmocka_unit_test(holds_its_caps),
        cmocka_unit_test(never_minds_how_it_is_cut),
        cmocka_unit_test(the_table_is_the_grammar),
        cmocka_unit_test(unescapes),
        cmocka_unit_test(walks_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
