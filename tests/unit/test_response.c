/* Every response is fed whole, byte by byte and cut at each position, in memory that
 * ends where the piece ends; the verdicts and what stands at the end must agree. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "http/response.h"

static const struct http_caps small = {
    .line_max = 0, .head_max = 160, .fields_max = 4, .body_max = 20};

struct outcome {
    enum http_parsed got;
    int status; /* of the refusal */
    struct response r;
};

static void feed(struct outcome *o, const char *p, size_t n)
{
    struct http_refusal why = {0, NULL};
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    o->got = response_feed(&o->r, (struct str){copy, n}, &why);
    o->status = why.status;
    free(copy);
}

/* In pieces that end at `cut`; 0: of one byte each. Then the peer closes. */
static void read_all(struct outcome *o, struct str in, size_t cut, bool to_head)
{
    struct http_refusal why = {0, NULL};
    *o = (struct outcome){.got = HTTP_MORE};
    response_init(&o->r, &small, to_head);
    for (size_t at = 0; at < in.n && o->got == HTTP_MORE;) {
        size_t n = cut == 0 ? 1 : at < cut ? cut - at : in.n - at;
        n = n > in.n - at ? in.n - at : n;
        feed(o, in.p + at, n);
        at += n;
    }
    if (o->got != HTTP_MORE)
        return;
    o->got = response_close(&o->r, &why);
    o->status = why.status;
}

static void same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->got, b->got);
    assert_int_equal(a->status, b->status);
    if (a->got == HTTP_REFUSED)
        return;
    assert_int_equal(a->r.status, b->r.status);
    assert_true(str_eq(buf_slice(&a->r.body), buf_slice(&b->r.body)));
    assert_int_equal(response_fields(&a->r), response_fields(&b->r));
    for (int i = 0; i < response_fields(&a->r); i++) {
        struct http_field x = response_field(&a->r, i), y = response_field(&b->r, i);
        assert_true(str_eq(x.name, y.name) && str_eq(x.value, y.value));
    }
}

static void walk(struct outcome *whole, const char *text, bool to_head)
{
    struct str in = str_of(text);
    struct outcome o;
    read_all(whole, in, in.n, to_head);
    for (size_t cut = 0; cut < in.n; cut++) {
        read_all(&o, in, cut, to_head);
        same(whole, &o);
        response_end(&o.r);
    }
}

static void body_is(const char *text, int status, const char *body)
{
    struct outcome o;
    walk(&o, text, false);
    if (o.got != HTTP_DONE)
        fail_msg("refused with %d: %s", o.status, text);
    assert_int_equal(o.r.status, status);
    assert_true(str_eq(buf_slice(&o.r.body), str_of(body)));
    response_end(&o.r);
}

static void refused(const char *text, int status)
{
    struct outcome o;
    walk(&o, text, false);
    if (o.got != HTTP_REFUSED || o.status != status)
        fail_msg("%d %d, not %d: %s", o.got, o.status, status, text);
    response_end(&o.r);
}

#define OK   "HTTP/1.1 200 OK\r\n"
#define CODE OK "Transfer-Encoding: chunked\r\n"

static void bodies_end_where_they_say(void **state)
{
    (void)state;
    body_is(OK "Content-Length: 5\r\n\r\nhello", 200, "hello");
    body_is(OK "Content-Length: 5\r\n\r\nhello, and more", 200, "hello");
    body_is(OK "Content-Length: 0\r\n\r\n", 200, "");
    body_is(OK "\r\nuntil the close", 200, "until the close");
    body_is("HTTP/1.0 404 Not Found\r\n\r\n", 404, "");
    body_is("HTTP/1.1 200 \r\ncontent-length:1\r\n\r\nx", 200, "x");
    body_is(CODE "\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n", 200, "abcde");
    body_is("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", 204, "");
    body_is("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "");
}

static void a_head_has_no_body(void **state)
{
    struct outcome o;
    (void)state;
    walk(&o, OK "Content-Length: 5\r\n\r\n", true);
    assert_int_equal(o.got, HTTP_DONE);
    assert_int_equal(o.r.body.n, 0);
    response_end(&o.r);
}

static void interim_responses_are_skipped(void **state)
{
    struct outcome o;
    (void)state;
    walk(&o,
         "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX: 1\r\n\r\n"
         "HTTP/1.1 100 Continue\r\n\r\n" OK "A: b \r\nContent-Length: 1\r\n\r\nz",
         false);
    assert_int_equal(o.got, HTTP_DONE);
    assert_int_equal(o.r.status, 200);
    assert_int_equal(response_fields(&o.r), 2);
    struct http_field f = response_field(&o.r, 0);
    assert_true(str_eq(f.name, STR("A")) && str_eq(f.value, STR("b")));
    assert_true(str_eq(buf_slice(&o.r.body), STR("z")));
    response_end(&o.r);
    refused("HTTP/1.1 101 Switching Protocols\r\n\r\n", 400);
    refused("HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\n", 400);
}

static void malformed_heads_are_refused(void **state)
{
    static const char *const heads[] = {
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 600 OK\r\n\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n",
        "HTTP/1.1 200 OK\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        OK "A: b\n\r\n",
        OK "A : b\r\n\r\n",
        OK ": b\r\n\r\n",
        OK "A\r\n\r\n",
        OK "A: b\r\n folded\r\n\r\n",
        OK "A: b\x7f\r\n\r\n",
        OK "A: b\rc\r\n\r\n",
        "",
        "HTTP/1.1 2",
        OK "A: b\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        refused(heads[i], 400);
}

static void ambiguous_framing_is_refused(void **state)
{
    (void)state;
    refused(OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400);
    refused(OK "Content-Length: 1, 1\r\n\r\nx", 400);
    refused(OK "Content-Length: +1\r\n\r\nx", 400);
    refused(OK "Content-Length: 01\r\n\r\nx", 400);
    refused(OK "Content-Length: \r\n\r\nx", 400);
    refused(OK "Content-Length: 18446744073709551616\r\n\r\nx", 400);
    refused(CODE "Content-Length: 3\r\n\r\n0\r\n\r\n", 400);
    refused(CODE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
    refused(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400);
    refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

static void broken_bodies_are_refused(void **state)
{
    (void)state;
    refused(OK "Content-Length: 5\r\n\r\nhell", 400);
    refused(CODE "\r\n5\r\nhello\r\n", 400);
    refused(CODE "\r\n5\r\nhello0\r\n\r\n", 400);
    refused(CODE "\r\nzz\r\n", 400);
    refused(CODE "\r\n-1\r\n", 400);
}

static void caps_hold(void **state)
{
    char many[400] = OK, big[400] = OK "A: ";
    (void)state;
    refused(OK "Content-Length: 21\r\n\r\n", 413);
    refused(OK "Content-Length: 99999999999999999\r\n\r\n", 413);
    refused(OK "\r\n012345678901234567890", 413);
    refused(CODE "\r\n15\r\n", 413);
    refused(CODE "\r\nffffffff\r\n", 413);
    body_is(OK "Content-Length: 20\r\n\r\n01234567890123456789", 200,
            "01234567890123456789");
    for (int i = 0; i < 5; i++)
        strcat(many, "A: b\r\n");
    refused(strcat(many, "\r\n"), 431);
    memset(big + strlen(big), 'x', 200);
    refused(big, 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_end_where_they_say),
        cmocka_unit_test(a_head_has_no_body),
        cmocka_unit_test(interim_responses_are_skipped),
        cmocka_unit_test(malformed_heads_are_refused),
        cmocka_unit_test(ambiguous_framing_is_refused),
        cmocka_unit_test(broken_bodies_are_refused),
        cmocka_unit_test(caps_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
