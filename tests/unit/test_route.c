#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "http/route.h"

#define assert_str(s, text) assert_true(str_eq((s), str_of(text)))

static int add(struct routes *r, enum http_method m, const char *pattern)
{
    void *clash = NULL;
    union {
        const char *in;
        void *out;
    } target = {pattern};
    return route_add(r, m, str_of(pattern), target.out, &clash);
}

static struct route_match find(struct routes *r, enum http_method m, const char *path)
{
    struct route_match out;
    memset(&out, 0xEE, sizeof(out));
    if (!route_find(r, m, str_of(path), &out))
        out = (struct route_match){.n_params = -1};
    return out;
}

static void leads(struct routes *r, enum http_method m, const char *path,
                  const char *pattern)
{
    struct route_match got = find(r, m, path);
    const char *target = got.n_params < 0 ? "nowhere" : got.target;
    assert_non_null(target);
    assert_string_equal(target, pattern);
}

static void finds_the_most_literal(void **state)
{
    (void)state;
    struct routes *r = routes_new();
    static const char *const patterns[] = {"/",
                                           "/hosts",
                                           "/hosts/{id}",
                                           "/hosts/{id}/x",
                                           "/bookings/new",
                                           "/{any}",
                                           "/{a}/new",
                                           "/bookings/{t}.ics",
                                           "/bookings/{t}",
                                           "/bookings/{t}/cancel",
                                           "/x/{a}/y",
                                           "/x/{a}/z",
                                           "/x/lit/{b}/deep",
                                           "/x/{a}/{b}/w",
                                           "/s/{a}.c",
                                           "/s/{a}.b.c"};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        assert_int_equal(add(r, HTTP_GET, patterns[i]), 0);
    leads(r, HTTP_GET, "/", "/");
    leads(r, HTTP_GET, "/hosts", "/hosts");
    leads(r, HTTP_GET, "/other", "/{any}");
    leads(r, HTTP_GET, "/hosts/7", "/hosts/{id}");
    leads(r, HTTP_GET, "/hosts/new", "/hosts/{id}"); /* the first segment decides */
    leads(r, HTTP_GET, "/bookings/new", "/bookings/new");
    leads(r, HTTP_GET, "/bookings/new/cancel", "/bookings/{t}/cancel"); /* comes back */
    leads(r, HTTP_GET, "/bookings/a.ics", "/bookings/{t}.ics");
    leads(r, HTTP_GET, "/bookings/.ics", "/bookings/{t}"); /* at least one byte */
    leads(r, HTTP_GET, "/x/lit/q/deep", "/x/lit/{b}/deep");
    leads(r, HTTP_GET, "/x/lit/q/w", "/x/{a}/{b}/w");
    leads(r, HTTP_GET, "/x/lit/y", "/x/{a}/y");
    leads(r, HTTP_GET, "/s/q.b.c", "/s/{a}.b.c"); /* the longer suffix */
    leads(r, HTTP_GET, "/s/q.c", "/s/{a}.c");
    static const char *const none[] = {
        "",          "hosts", "*",  "/hosts/",    "/hosts/7/", "//",
        "/hosts//x", "/x/a",  "/x", "/hosts/7/y", "h:443"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (strcmp(none[i], "/x") != 0)
            assert_int_equal(find(r, HTTP_GET, none[i]).n_params, -1);
    leads(r, HTTP_GET, "/x", "/{any}");
    routes_free(r);
}

static void names_what_it_found(void **state)
{
    (void)state;
    struct routes *r = routes_new();
    assert_int_equal(add(r, HTTP_GET, "/o/{org}/s/{service_2}.json"), 0);
    assert_int_equal(add(r, HTTP_PUT, "/o/{other}/s/{name}.json"), 0);
    struct route_match m = find(r, HTTP_GET, "/o/a%2Fb/s/x.json.json");
    assert_int_equal(m.n_params, 2);
    assert_str(m.names[0], "org");
    assert_str(m.values[0], "a%2Fb");
    assert_str(m.names[1], "service_2");
    assert_str(m.values[1], "x.json");
    assert_str(find(r, HTTP_PUT, "/o/a/s/x.json").names[0], "other");
    assert_int_equal(add(r, HTTP_GET, "/x/{a}.c/p"), 0);
    assert_int_equal(add(r, HTTP_GET, "/x/{b}/q"), 0);
    assert_str(find(r, HTTP_GET, "/x/1.c/q").values[0], "1.c"); /* came back */
    assert_int_equal(add(r, HTTP_GET, "/l/{x}/p"), 0);
    assert_int_equal(add(r, HTTP_GET, "/{y}/m/q"), 0);
    assert_str(find(r, HTTP_GET, "/l/m/q").values[0], "l");
    routes_free(r);
}

static void tells_405_from_404(void **state)
{
    (void)state;
    struct routes *r = routes_new();
    struct buf text;
    buf_init(&text);
    assert_int_equal(add(r, HTTP_GET, "/a"), 0);
    assert_int_equal(add(r, HTTP_POST, "/a"), 0);
    assert_int_equal(add(r, HTTP_DELETE, "/{x}"), 0);
    leads(r, HTTP_HEAD, "/a", "/a");
    struct route_match m = find(r, HTTP_DELETE, "/a"); /* not the parameter's */
    assert_null(m.target);
    assert_int_equal(m.n_params, 0);
    assert_int_equal(m.allow, 1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_POST);
    assert_null(find(r, HTTP_OTHER, "/a").target);
    assert_null(find(r, HTTP_HEAD, "/b").target);
    route_allow(m.allow, &text);
    assert_str(buf_slice(&text), "GET, HEAD, POST, OPTIONS");
    buf_clear(&text);
    route_allow(0, &text);
    assert_str(buf_slice(&text), "OPTIONS");
    buf_end(&text);
    routes_free(r);
}

static void refuses_patterns(void **state)
{
    (void)state;
    struct routes *r = routes_new();
    static const char *const bad[] = {"",
                                      "a",
                                      "//",
                                      "/a/",
                                      "/a//b",
                                      "/{",
                                      "/{}",
                                      "/{A}",
                                      "/{1a}",
                                      "/{a",
                                      "/a}",
                                      "/x{a}",
                                      "/{a}{b}",
                                      "/{a}/{a}",
                                      "/a b",
                                      "/a?b",
                                      "/{a-b}",
                                      "/a#",
                                      "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}",
                                      "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (add(r, HTTP_GET, bad[i]) != ERR_INVALID)
            fail_msg("%s", bad[i]);
    assert_int_equal(add(r, HTTP_OTHER, "/a"), ERR_INVALID);
    assert_int_equal(find(r, HTTP_GET, "/a").n_params, -1);
    routes_free(r);
}

static void names_the_clash(void **state)
{
    (void)state;
    struct routes *r = routes_new();
    int one, two;
    void *clash = NULL;
    assert_int_equal(route_add(r, HTTP_GET, STR("/a/{x}"), &one, &clash), 0);
    assert_int_equal(route_add(r, HTTP_GET, STR("/a/{y}"), &two, &clash), ERR_EXISTS);
    assert_ptr_equal(clash, &one);
    assert_int_equal(route_add(r, HTTP_HEAD, STR("/a/{y}"), &two, &clash), 0);
    assert_ptr_equal(find(r, HTTP_HEAD, "/a/1").target, &two);
    routes_free(r);
}

/* ------------------------------------------------- held against a plain search */

enum { SEGMENTS = 3 };
static const char *const parts[] = {"a", "b", "{p}", "{p}.c", "{p}a"};

static bool matches(int part, struct str s)
{
    if (part < 2)
        return str_eq(s, str_of(parts[part]));
    struct str suffix = str_of(parts[part] + 3);
    return s.n > suffix.n &&
           str_eq((struct str){s.p + s.n - suffix.n, suffix.n}, suffix);
}

/* Which is the better match of two for the same path: the one whose first differing
 * segment is the literal, then the longer suffix. */
static int rank(int part)
{
    return part < 2 ? 9 : (int)strlen(parts[part]);
}

static void equals_a_plain_search(void **state)
{
    (void)state;
    uint32_t seed = 5;
    static const char *const pieces[] = {"a", "b", "x", "x.c", ".c", "xa", "aa"};
    for (int round = 0; round < 200; round++) {
        struct routes *r = routes_new();
        char patterns[12][32];
        int codes[12][SEGMENTS], n = 0;
        for (int i = 0; i < 12; i++) {
            patterns[n][0] = '\0';
            for (int s = 0; s < SEGMENTS; s++) {
                seed = seed * 1664525u + 1013904223u;
                codes[n][s] = (int)((seed >> 16) % 5);
                const char *p = parts[codes[n][s]];
                char *end = patterns[n] + strlen(patterns[n]);
                snprintf(end, 10, *p == '{' ? "/{%c%s" : "/%.0d%s",
                         *p == '{' ? 'p' + s : 0, *p == '{' ? p + 2 : p);
            }
            int err = add(r, HTTP_GET, patterns[n]);
            assert_true(err == 0 || err == ERR_EXISTS);
            n += err == 0;
        }
        for (int a = 0; a < 7; a++)
            for (int b = 0; b < 7; b++)
                for (int c = 0; c < 7; c++) {
                    char path[32];
                    int best = -1;
                    snprintf(path, sizeof(path), "/%s/%s/%s", pieces[a], pieces[b],
                             pieces[c]);
                    const char *of[SEGMENTS] = {pieces[a], pieces[b], pieces[c]};
                    for (int i = 0; i < n; i++) {
                        int s = 0;
                        while (s < SEGMENTS && matches(codes[i][s], str_of(of[s])))
                            s++;
                        if (s < SEGMENTS)
                            continue;
                        for (s = 0; best >= 0 && s < SEGMENTS &&
                                    rank(codes[i][s]) == rank(codes[best][s]);)
                            s++;
                        if (best < 0 ||
                            (s < SEGMENTS && rank(codes[i][s]) > rank(codes[best][s])))
                            best = i;
                    }
                    struct route_match m = find(r, HTTP_GET, path);
                    if (best < 0)
                        assert_int_equal(m.n_params, -1);
                    else
                        assert_string_equal(m.n_params < 0 ? "none" : m.target,
                                            patterns[best]);
                }
        routes_free(r);
    }
}

static void holds_many(void **state)
{
    (void)state;
    static char patterns[3000][24];
    struct routes *r = routes_new();
    for (int i = 0; i < 3000; i++) {
        snprintf(patterns[i], sizeof(patterns[i]), i % 2 ? "/r%d/x" : "/r%d/{id}", i);
        assert_int_equal(add(r, HTTP_GET, patterns[i]), 0);
    }
    for (int i = 0; i < 3000; i++) {
        char path[24];
        snprintf(path, sizeof(path), "/r%d/x", i);
        leads(r, HTTP_GET, path, patterns[i]);
    }
    routes_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_most_literal),
        cmocka_unit_test(names_what_it_found),
        cmocka_unit_test(tells_405_from_404),
        cmocka_unit_test(refuses_patterns),
        cmocka_unit_test(names_the_clash),
        cmocka_unit_test(equals_a_plain_search),
        cmocka_unit_test(holds_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
