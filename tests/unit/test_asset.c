#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "http/asset.h"

static const struct asset page = {
    .plugin = STR("p"),
    .path = STR(""),
    .type = "text/html; charset=utf-8",
    .etag = STR("W/\"abc\""),
    .plain = STR("plain text"),
    .packed = STR("packed"),
};

/* What is answered to a request with this one field. */
static struct reply ask(const struct asset *a, const char *name, const char *value)
{
    struct http_request req = {.n_fields = name ? 1 : 0};
    struct reply r;
    req.fields[0] = (struct http_field){str_of(name), str_of(value)};
    reply_init(&r);
    asset_answer(a, &req, &r);
    return r;
}

static bool has(const struct reply *r, const char *line)
{
    size_t n = strlen(line);
    for (size_t i = 0; i + n <= r->fields.n; i++)
        if (memcmp(r->fields.p + i, line, n) == 0)
            return true;
    return false;
}

static void packs_for_who_takes_it(void **state)
{
    (void)state;
    static const struct {
        const char *accepts;
        bool packed;
    } all[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZip", true},
        {"br, gzip, zstd", true},
        {"gzip;q=0.5", true},
        {"gzip; q=0.001", true},
        {"gzip ; Q=1", true},
        {"gzip;q=0", false},
        {"gzip; q=0.000", false},
        {"identity", false},
        {"xgzip, gzipped", false},
        {"*", true},
        {"*;q=0", false},
        {"*, gzip;q=0", false},
        {"*;q=0, gzip", true},
        {",,;q=1,", false},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct reply r =
            ask(&page, all[i].accepts ? "Accept-Encoding" : NULL, all[i].accepts);
        assert_int_equal(r.status, 200);
        assert_int_equal(has(&r, "Content-Encoding: gzip\r\n"), all[i].packed);
        assert_true(
            str_eq(buf_slice(&r.body), all[i].packed ? page.packed : page.plain));
        assert_true(has(&r, "Vary: Accept-Encoding\r\n"));
        reply_end(&r);
    }
}

static void sends_what_did_not_shrink_as_it_is(void **state)
{
    (void)state;
    struct asset a = page;
    a.packed = (struct str){NULL, 0};
    struct reply r = ask(&a, "Accept-Encoding", "gzip");
    assert_false(has(&r, "Content-Encoding"));
    assert_true(str_eq(buf_slice(&r.body), a.plain));
    reply_end(&r);
}

static void says_304_to_who_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *etags;
        int status;
    } all[] = {
        {"W/\"abc\"", 304}, {"W/\"x\", W/\"abc\"", 304}, {"*", 304},
        {"\"abc\"", 200},   {"W/\"abcd\"", 200},         {"", 200},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct reply r = ask(&page, "If-None-Match", all[i].etags);
        assert_int_equal(r.status, all[i].status);
        assert_int_equal(r.body.n, all[i].status == 304 ? 0 : page.plain.n);
        assert_true(has(&r, "ETag: W/\"abc\"\r\n"));
        reply_end(&r);
    }
}

static void keeps_only_what_is_named_after_its_content(void **state)
{
    (void)state;
    struct asset a = page;
    struct reply r = ask(&a, NULL, NULL);
    assert_true(r.cacheable);
    assert_true(has(&r, "Cache-Control: no-cache\r\n"));
    reply_end(&r);
    a.fixed = true;
    r = ask(&a, NULL, NULL);
    assert_true(has(&r, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    reply_end(&r);
}

static void holds_the_dashboard(void **state)
{
    (void)state;
    int n, indexes = 0;
    const struct asset *all = asset_all(&n);
    assert_true(n > 10);
    for (int i = 0; i < n; i++) {
        const struct asset *a = &all[i];
        assert_true(a->plain.n > 0 && a->packed.n < a->plain.n && a->type);
        assert_true(a->packed.n == 0 || memcmp(a->packed.p, "\x1f\x8b", 2) == 0);
        assert_int_equal(a->fixed, a->path.n > 0);
        assert_int_equal(a->fixed, str_starts(a->path, STR("assets/")));
        assert_null(memchr(a->path.p, '{', a->path.n));
        indexes += !a->fixed;
    }
    assert_int_equal(indexes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_for_who_takes_it),
        cmocka_unit_test(sends_what_did_not_shrink_as_it_is),
        cmocka_unit_test(says_304_to_who_has_it),
        cmocka_unit_test(keeps_only_what_is_named_after_its_content),
        cmocka_unit_test(holds_the_dashboard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
