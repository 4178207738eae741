#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/parse.h"

static const struct http_caps small = {
    .line_max = 64, .head_max = 32, .fields_max = 4, .body_max = 40};

struct decoder {
    struct http_chunks chunks;
    struct buf body;
    enum http_parsed got;
    int status;
    size_t used;
};

static void begin(struct decoder *d)
{
    *d = (struct decoder){.got = HTTP_MORE};
    http_chunks_init(&d->chunks);
}

/* Decodes a piece in place, in memory that ends where the piece ends. */
static void feed(struct decoder *d, const char *p, size_t n)
{
    struct http_refusal why = {0, NULL};
    size_t used = 0, put = 0;
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    d->got = http_chunks_feed(&d->chunks, &small, (struct str){copy, n}, &used, copy,
                              &put, &why);
    if (d->got == HTTP_MORE)
        assert_int_equal(used, n);
    if (d->got != HTTP_REFUSED)
        buf_add(&d->body, copy, put);
    d->used += used;
    d->status = why.status;
    free(copy);
}

/* In pieces that end at `cut`; 0: of one byte each. */
static void decode(struct decoder *d, struct str in, size_t cut)
{
    begin(d);
    for (size_t at = 0; at < in.n && d->got == HTTP_MORE;) {
        size_t n = cut == 0 ? 1 : at < cut ? cut - at : in.n - at;
        n = n > in.n - at ? in.n - at : n;
        feed(d, in.p + at, n);
        at += n;
    }
}

static void same(const struct decoder *a, const struct decoder *b)
{
    assert_int_equal(a->got, b->got);
    assert_int_equal(a->status, b->status);
    if (a->got == HTTP_REFUSED)
        return;
    assert_int_equal(a->used, b->used);
    assert_true(str_eq(buf_slice(&a->body), buf_slice(&b->body)));
}

/* Whole, byte by byte and cut everywhere give the same; `out` is the whole. */
static void walk(struct str in, struct decoder *out)
{
    struct decoder d;
    decode(out, in, in.n);
    for (size_t cut = 0; cut < in.n; cut++) {
        decode(&d, in, cut);
        same(out, &d);
        buf_end(&d.body);
    }
}

static void decodes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *body, *rest;
    } rows[] = {
        {"0\r\n\r\n", "", ""},
        {"5\r\nhello\r\n0\r\n\r\nGET /", "hello", "GET /"},
        {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", ""},
        {"A\r\n0123456789\r\n00000000\r\n\r\n", "0123456789", ""},
        {"0000000a\r\n0\r\n\r\n56789\r\n0\r\n\r\n", "0\r\n\r\n56789", ""},
        {"1;a\r\nx\r\n0\r\n\r\n", "x", ""},
        {"1;a=b;c=\"d\\\";e\"\r\nx\r\n0;z\r\n\r\n", "x", ""},
        {"0\r\nX-T: v\r\nY:\r\n\r\nrest", "", "rest"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoder d;
        struct str in = str_of(rows[i].in);
        walk(in, &d);
        assert_int_equal(d.got, HTTP_DONE);
        assert_true(str_eq(buf_slice(&d.body), str_of(rows[i].body)));
        assert_string_equal(rows[i].in + d.used, rows[i].rest);
        buf_end(&d.body);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int status;
    } rows[] = {
        {"\r\n", 400},
        {"x\r\n", 400},
        {" 5\r\nhello\r\n", 400},
        {"5 \r\nhello\r\n", 400},
        {"5\nhello\r\n", 400},
        {"5\rhello\r\n", 400},
        {"5\r\nhello\n", 400},
        {"5\r\nhello!", 400},
        {"5\r\nhello0\r\n", 400},
        {"0x5\r\nhello\r\n", 400},
        {"+5\r\n", 400},
        {"-1\r\n", 400},
        {"1_0\r\n", 400},
        {"000000005\r\n", 400},
        {"FFFFFFFFFFFFFFFF0\r\n", 400},
        {"FFFFFFFF\r\n", 413},
        {"29\r\n", 413},
        {"28\r\n0123456789012345678901234567890123456789\r\n1\r\n", 413},
        {"5;\r\n", 400},
        {"5; a\r\n", 400},
        {"5;a=\r\n", 400},
        {"5;=x\r\n", 400},
        {"5;a==x\r\n", 400},
        {"5;a[=x\r\n", 400},
        {"5;a\nX\r\n", 400},
        {"5;a=\"x\r\n", 400},
        {"5;a=\"x\"y\r\n", 400},
        {"5;a=\"\\\r\"\r\n", 400},
        {"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 400},
        {"1;aaaaaaaaaaaaaa\r\nx\r\n1;aaaaaaaaaaaaaaaaa\r\nx\r\n", 400},
        {"0\r\n\n", 400},
        {"0\r\nX\r\n", 400},
        {"0\r\n X: a\r\n", 400},
        {"0\r\n: a\r\n", 400},
        {"0\r\nX: a\nY: b\r\n", 400},
        {"0\r\nX: a\rb\r\n", 400},
        {"0\r\nX: \x01\r\n", 400},
        {"0\r\nX: 456789012345678901234567890123456\r\n", 431},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoder d;
        walk(str_of(rows[i].in), &d);
        if (d.got != HTTP_REFUSED || d.status != rows[i].status)
            fail_msg("%d %d, not %d: %s", d.got, d.status, rows[i].status, rows[i].in);
        buf_end(&d.body);
    }
}

static void asks_for_more(void **state)
{
    (void)state;
    const char *in = "5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n";
    for (size_t n = 0; n < strlen(in); n++) {
        struct decoder d;
        decode(&d, (struct str){in, n}, 0);
        assert_int_equal(d.got, HTTP_MORE);
        buf_end(&d.body);
    }
}

static uint32_t dice(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)*seed * n) >> 32);
}

static void gives_back_what_was_coded(void **state)
{
    (void)state;
    uint32_t seed = 3;
    for (int round = 0; round < 300; round++) {
        struct buf plain, coded;
        buf_init(&plain);
        buf_init(&coded);
        for (uint32_t left = dice(&seed, 41); left > 0;) {
            uint32_t n = 1 + dice(&seed, left);
            buf_fmt(&coded, dice(&seed, 2) ? "%x\r\n" : "%04X\r\n", n);
            for (uint32_t i = 0; i < n; i++) {
                char c = "\r\n05;aX"[dice(&seed, 7)];
                buf_char(&plain, c);
                buf_char(&coded, c);
            }
            buf_lit(&coded, "\r\n");
            left -= n;
        }
        buf_lit(&coded, "0\r\n\r\n");
        struct decoder d;
        walk(buf_slice(&coded), &d);
        assert_int_equal(d.got, HTTP_DONE);
        assert_int_equal(d.used, coded.n);
        assert_true(str_eq(buf_slice(&d.body), buf_slice(&plain)));
        buf_end(&d.body);
        buf_end(&plain);
        buf_end(&coded);
    }
}

static void noise_is_cut_alike(void **state)
{
    (void)state;
    static const char bytes[] = "0123aF;=\"\\\r\n\r\n\r\n: xX\x01";
    uint32_t seed = 11;
    for (int round = 0; round < 3000; round++) {
        char in[24];
        for (size_t i = 0; i < sizeof(in); i++)
            in[i] = bytes[dice(&seed, sizeof(bytes) - 1)];
        struct decoder d;
        walk((struct str){in, sizeof(in)}, &d);
        buf_end(&d.body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(asks_for_more),
        cmocka_unit_test(gives_back_what_was_coded),
        cmocka_unit_test(noise_is_cut_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
