#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/prom.h"

static struct buf b;

static void says(const char *text)
{
    buf_char(&b, '\0');
    assert_string_equal(b.p, text);
    buf_end(&b);
    buf_init(&b);
}

static void a_family_has_its_head(void **state)
{
    (void)state;
    prom_one(&b, "a_total", PROM_COUNTER, "What\nis \\ counted \"here\".", 7);
    says("# HELP a_total What\\nis \\\\ counted \"here\".\n# TYPE a_total counter\n"
         "a_total 7\n");
    prom_head(&b, "b", PROM_HISTOGRAM, "B.");
    prom_head(&b, "c", PROM_SUMMARY, "C.");
    prom_head(&b, "d", PROM_GAUGE, "D.");
    says("# HELP b B.\n# TYPE b histogram\n# HELP c C.\n# TYPE c summary\n"
         "# HELP d D.\n# TYPE d gauge\n");
}

static void labels_cannot_break_out(void **state)
{
    (void)state;
    const struct prom_label l[] = {{"route", STR("/a\"} 1\nforged 2")},
                                   {"status", STR("\\")}};
    prom_u64(&b, "x", "_bucket", l, 2, UINT64_MAX);
    says("x_bucket{route=\"/a\\\"} 1\\nforged 2\",status=\"\\\\\"} "
         "18446744073709551615\n");
    prom_u64(&b, "x", "", &(struct prom_label){"l", STR("\xff")}, 1, 0);
    says("x{l=\"?\"} 0\n");
}

static void microseconds_are_shown_in_seconds(void **state)
{
    (void)state;
    prom_micros(&b, "s", "_sum", NULL, 0, 1);
    prom_micros(&b, "s", "", NULL, 0, 61000000);
    says("s_sum 0.000001\ns 61.000000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_has_its_head),
        cmocka_unit_test(labels_cannot_break_out),
        cmocka_unit_test(microseconds_are_shown_in_seconds),
    };
    buf_init(&b);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
