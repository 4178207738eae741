#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* Reads all of `text` and writes down what came, one letter an event: { } [ ] n t f, i
 * and r for numbers, s and m for strings and names. The copy has no byte behind it, so
 * that ASan sees a read too far. */
static int read_all(struct str text, char *trace, size_t cap, struct json_reader *r)
{
    static const char letters[] = "ntfirsm{}[].";
    struct buf scratch;
    buf_init(&scratch);
    char *exact = malloc(text.n ? text.n : 1);
    if (text.n)
        memcpy(exact, text.p, text.n);
    json_reader_init(r, (struct str){exact, text.n}, &scratch);
    struct json_event e = {.kind = JSON_NULL};
    size_t n = 0;
    int rc = 0;
    while (e.kind != JSON_END && (rc = json_next(r, &e)) == 0)
        if (n + 1 < cap)
            trace[n++] = letters[e.kind];
    trace[n] = '\0';
    size_t at = r->at;
    assert_int_equal(json_next(r, &e), rc); /* both ends are final */
    assert_int_equal(r->at, at);
    buf_end(&scratch);
    free(exact);
    return rc;
}

static void assert_trace(const char *text, const char *expected)
{
    char trace[128];
    struct json_reader r;
    if (read_all(str_of(text), trace, sizeof(trace), &r) < 0)
        fail_msg("%s: %s at %zu", text, r.why, r.at);
    assert_string_equal(trace, expected);
}

static void assert_refused_n(struct str text, size_t at, const char *why)
{
    char trace[128];
    struct json_reader r;
    if (read_all(text, trace, sizeof(trace), &r) == 0)
        fail_msg("accepted: %.*s", (int)text.n, text.p);
    if (r.at != at || !strstr(r.why, why))
        fail_msg("%.*s: %s at %zu", (int)text.n, text.p, r.why, r.at);
}

static void assert_refused(const char *text, size_t at, const char *why)
{
    assert_refused_n(str_of(text), at, why);
}

static void events_come_in_order(void **state)
{
    (void)state;
    assert_trace("{}", "{}.");
    assert_trace(" [ ] ", "[].");
    assert_trace("null", "n.");
    assert_trace("\t\r\n true \n", "t.");
    assert_trace("[false,0,0.5,\"x\"]", "[firs].");
    assert_trace("{\"a\":{\"b\":[{},[],1]},\"\":null}", "{m{m[{}[]i]}mn}.");
    assert_trace("{\"a\" : 1 , \"a\" : 2}", "{mimi}.");
}

static void first_event(const char *text, struct json_event *e, struct buf *scratch)
{
    struct json_reader r;
    json_reader_init(&r, str_of(text), scratch);
    if (json_next(&r, e) < 0)
        fail_msg("%s: %s", text, r.why);
}

static void assert_int(const char *text, int64_t v)
{
    struct buf scratch;
    struct json_event e;
    buf_init(&scratch);
    first_event(text, &e, &scratch);
    assert_int_equal(e.kind, JSON_INT);
    assert_true(e.integer == v);
    buf_end(&scratch);
}

static void assert_real(const char *text, double v)
{
    struct buf scratch;
    struct json_event e;
    buf_init(&scratch);
    first_event(text, &e, &scratch);
    assert_int_equal(e.kind, JSON_REAL);
    assert_memory_equal(&e.real, &v, sizeof(v));
    buf_end(&scratch);
}

static void integers_are_exact_and_others_are_doubles(void **state)
{
    (void)state;
    assert_int("0", 0);
    assert_int("-0", 0);
    assert_int("9223372036854775807", INT64_MAX);
    assert_int("-9223372036854775808", INT64_MIN);
    assert_real("9223372036854775808", 0x1p63);
    assert_real("-9223372036854775809", -0x1p63);
    assert_real("123456789012345678901234567890", 123456789012345678901234567890.0);
    assert_real("45.5", 45.5);
    assert_real("-0.0", -0.0);
    assert_real("1e2", 100);
    assert_real("1E+2", 100);
    assert_real("25e-1", 2.5);
    assert_real("1.7976931348623157e308", DBL_MAX);
    assert_real("5e-324", 0x1p-1074);
    assert_real("1e-400", 0);
}

static void long_numbers_are_read_to_the_end(void **state)
{
    (void)state;
    char text[1000];
    memset(text, '0', sizeof(text));
    memcpy(text, "0.", 2);
    strcpy(text + 900, "25e900");
    assert_real(text, 25);
    memset(text, '9', 400);
    text[400] = '\0';
    assert_refused(text, 0, "too large");
}

static void numbers_keep_to_the_grammar(void **state)
{
    (void)state;
    assert_refused("[01]", 2, "comma");
    assert_refused("[-]", 2, "digit");
    assert_refused("[+1]", 1, "value");
    assert_refused("[.5]", 1, "value");
    assert_refused("[1.]", 3, "digit");
    assert_refused("[1.e1]", 3, "digit");
    assert_refused("[1e]", 3, "digit");
    assert_refused("[1e+]", 4, "digit");
    assert_refused("[-a]", 2, "digit");
    assert_refused("[0x1]", 2, "comma");
    assert_refused("[1e309]", 1, "too large");
    assert_refused("[-1e309]", 1, "too large");
    assert_refused("[NaN]", 1, "value");
    assert_refused("[Infinity]", 1, "value");
    assert_refused("[1 2]", 3, "comma");
}

static void structure_is_strict(void **state)
{
    (void)state;
    assert_refused("", 0, "too early");
    assert_refused("  ", 2, "too early");
    assert_refused("[1,]", 3, "value");
    assert_refused("[,1]", 1, "value");
    assert_refused("[1}", 2, "comma or ]");
    assert_refused("{\"a\":1]", 6, "comma or }");
    assert_refused("{\"a\":1,}", 7, "name");
    assert_refused("{,}", 1, "name");
    assert_refused("{a:1}", 1, "name");
    assert_refused("{\"a\" 1}", 5, "colon");
    assert_refused("{\"a\":}", 5, "value");
    assert_refused("{1:1}", 1, "name");
    assert_refused("]", 0, "value");
    assert_refused("{} x", 3, "after the value");
    assert_refused("1 1", 2, "after the value");
    assert_refused("nul", 3, "too early");
    assert_refused("nulL", 3, "no JSON value");
    assert_refused("True", 0, "value");
    assert_refused("[1] // no", 4, "after");
    assert_refused("\xEF\xBB\xBF{}", 0, "value");
    assert_refused("\f{}", 0, "value");
    assert_refused_n((struct str){"{}\0", 3}, 2, "after");
    assert_refused("['a']", 1, "value");
}

static void depth_ends_at_64(void **state)
{
    (void)state;
    char text[200], trace[200];
    struct json_reader r;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_int_equal(read_all((struct str){text, 128}, trace, sizeof(trace), &r), 0);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_refused_n((struct str){text, 130}, 64, "deep");
}

static void assert_text(const char *json, struct str expected)
{
    struct buf scratch;
    struct json_event e;
    buf_init(&scratch);
    first_event(json, &e, &scratch);
    assert_int_equal(e.kind, JSON_STRING);
    assert_true(str_eq(e.text, expected));
    buf_end(&scratch);
}

static void strings_are_decoded(void **state)
{
    (void)state;
    assert_text("\"\"", STR(""));
    assert_text("\"plain and long enough for words\"",
                STR("plain and long enough for words"));
    assert_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", STR("\"\\/\b\f\n\r\t"));
    assert_text("\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"",
                STR("A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
    assert_text("\"\\u007f\\u0080\\u07ff\\u0800\\uffff\\ud800\\udc00\\udbff\\udfff\"",
                STR("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80"
                    "\xF4\x8F\xBF\xBF"));
    assert_text("\"\xC3\xA9 caf\xC3\xA9 \\n \xE2\x82\xAC\"",
                STR("\xC3\xA9 caf\xC3\xA9 \n \xE2\x82\xAC"));
    assert_text("\"\x7F\"", STR("\x7F"));
}

static void strings_without_escapes_are_not_copied(void **state)
{
    (void)state;
    const char *json = "{\"name\":\"value\"}";
    struct buf scratch;
    struct json_reader r;
    struct json_event e;
    buf_init(&scratch);
    json_reader_init(&r, str_of(json), &scratch);
    assert_int_equal(json_next(&r, &e), 0);
    assert_int_equal(json_next(&r, &e), 0);
    assert_ptr_equal(e.text.p, json + 2);
    assert_int_equal(json_next(&r, &e), 0);
    assert_ptr_equal(e.text.p, json + 9);
    assert_null(scratch.p);
}

static void bad_strings_are_refused_where_they_are_bad(void **state)
{
    (void)state;
    assert_refused("\"a\nb\"", 2, "control");
    assert_refused("\"12345678\tb\"", 9, "control");
    assert_refused_n((struct str){"\"a\0b\"", 5}, 2, "control");
    assert_refused("\"\\u0000\"", 1, "U+0000");
    assert_refused("\"\\x\"", 2, "escape");
    assert_refused("\"\\U0041\"", 2, "escape");
    assert_refused("\"\\u12G4\"", 5, "hexadecimal");
    assert_refused("\"\\u\"", 3, "hexadecimal");
    assert_refused("\"\\ud800\"", 7, "surrogate");
    assert_refused("\"\\ud800x\"", 7, "surrogate");
    assert_refused("\"\\ud800\\n\"", 7, "surrogate");
    assert_refused("\"\\ud800\\u0041\"", 7, "surrogate");
    assert_refused("\"\\ud800\\ud801\"", 7, "surrogate");
    assert_refused("\"\\udc00\\ud800\"", 1, "surrogate");
    assert_refused("\"abc", 4, "too early");
    assert_refused("\"abc\\", 5, "too early");
    assert_refused("\"ab\xFF\"", 3, "UTF-8");
    assert_refused("\"ab\xC3\xA9\xC3\"", 5, "UTF-8");
    assert_refused("\"\xC3\\u00a9\"", 1, "UTF-8");
    assert_refused("\"\\u00c3\xA9\"", 7, "UTF-8");
    assert_refused("\"\xED\xA0\x80\"", 1, "UTF-8");
    assert_refused("\"\xC0\x80\"", 1, "UTF-8");
    assert_refused("\"\xF4\x90\x80\x80\"", 1, "UTF-8");
    assert_refused("{\"\xE2\x82\":1}", 2, "UTF-8");
}

/* A special byte at each place of a word, behind each length of plain run. */
static void runs_end_at_every_offset(void **state)
{
    (void)state;
    char text[64];
    static const char special[] = {'\x01', '\x1F', '\n'};
    for (size_t n = 0; n < 40; n++)
        for (size_t i = 0; i < sizeof(special); i++) {
            memset(text, 'a' + (int)i, sizeof(text));
            text[0] = '"';
            text[n + 1] = special[i];
            assert_refused_n((struct str){text, 60}, n + 1, "control");
            text[n + 1] = '"';
            assert_refused_n((struct str){text, n + 3}, n + 2, "after");
        }
}

static const char whole[] =
    "{\"a\":[1,-2.5e+3,true,false,null,\"x\\u00e9\\ud83d\\ude00\\n\"],"
    "\"caf\xC3\xA9\":{\"b\":[[],{}]}}";

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        char trace[128];
        struct json_reader r;
        assert_int_equal(read_all((struct str){whole, n}, trace, sizeof(trace), &r),
                         ERR_INVALID);
        assert_true(r.at <= n);
        assert_non_null(r.why);
    }
    assert_trace(whole, "{m[irtfns]m{m[[]{}]}}.");
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void damaged_texts_never_crash(void **state)
{
    (void)state;
    static const char bytes[] = "{}[],:\"\\u0123eE+-. tfn\n\x80\xC3\xFF";
    uint64_t seed = 42;
    for (int i = 0; i < 50000; i++) {
        char text[sizeof(whole)], trace[128];
        struct json_reader r;
        memcpy(text, whole, sizeof(whole));
        for (int k = 0; k < 3; k++)
            text[next_random(&seed) % (sizeof(whole) - 1)] =
                bytes[next_random(&seed) % sizeof(bytes)];
        struct str s = {text, sizeof(whole) - 1};
        if (read_all(s, trace, sizeof(trace), &r) < 0)
            assert_true(r.at <= s.n && r.why);
    }
}

/* What the suite asks for and RFC 8259 only allows: we refuse NUL. */
static int may_differ(const char *name)
{
    return strcmp(name, "y_string_null_escape.json") == 0 ||
           strcmp(name, "y_object_escaped_null_in_key.json") == 0;
}

static void check_oracle_file(const char *dir, const char *name)
{
    char path[8192], trace[128];
    static char text[1 << 20];
    assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) <
                sizeof(path));
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    struct json_reader r;
    int rc = read_all((struct str){text, n}, trace, sizeof(trace), &r);
    if (name[0] == 'y' && rc != 0 && !may_differ(name))
        fail_msg("%s: refused: %s at %zu", name, r.why, r.at);
    if (name[0] == 'n' && rc == 0)
        fail_msg("%s: accepted", name);
    if (rc == 0)
        assert_true(str_utf8((struct str){text, n}));
}

static void the_test_suite_agrees(void **state)
{
    (void)state;
    const char *oracles = getenv("KORDLESS_ORACLES");
    if (!oracles)
        skip();
    char path[4096];
    assert_true(strlen(oracles) < 4000);
    snprintf(path, sizeof(path), "%s/JSONTestSuite/test_parsing", oracles);
    DIR *dir = opendir(path);
    if (!dir)
        skip();
    int seen = 0;
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            check_oracle_file(path, e->d_name);
            seen++;
        }
    closedir(dir);
    assert_true(seen > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order),
        cmocka_unit_test(integers_are_exact_and_others_are_doubles),
        cmocka_unit_test(long_numbers_are_read_to_the_end),
        cmocka_unit_test(numbers_keep_to_the_grammar),
        cmocka_unit_test(structure_is_strict),
        cmocka_unit_test(depth_ends_at_64),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(strings_without_escapes_are_not_copied),
        cmocka_unit_test(bad_strings_are_refused_where_they_are_bad),
        cmocka_unit_test(runs_end_at_every_offset),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(damaged_texts_never_crash),
        cmocka_unit_test(the_test_suite_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
