#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/zone.h"
#include "lua/quota.h"
#include "lua_scratch.h"

struct fixture {
    struct folder_scratch s;
    struct keyring *ring;
    struct zones *zones;
    struct quota *quota;
    int keys;
};

static int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));
    folder_begin(&x->s);
    x->ring = keyring_new();
    x->zones = zones_new(NULL);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    quota_free(x->quota);
    keyring_free(x->ring);
    zones_free(x->zones);
    folder_end(&x->s);
    free(x);
    return 0;
}

static struct key *add(struct fixture *x, const char *plan, int environment)
{
    struct str text = str_of(plan);
    struct org org = {.name = &STR("n"), .plan = &text}, *o;
    struct key key = {.environment = environment, .label = &STR("l")}, *k;
    int n = ++x->keys;
    snprintf(org.id, sizeof(org.id), "org_%022d", n);
    org.slug = str_of(org.id);
    snprintf(key.id, sizeof(key.id), "key_%022d", n);
    memcpy(key.digest, &n, sizeof(n));
    assert_int_equal(keyring_add_org(x->ring, &org, &o), 0);
    key.org = o;
    assert_int_equal(keyring_add_key(x->ring, &key, &k), 0);
    return k;
}

static int load(struct fixture *x, uint32_t epoch, const char *text)
{
    quota_free(x->quota);
    x->quota = NULL;
    folder_one(&x->s, "quota.lua", text);
    return quota_new(&x->quota, &x->s.folder, x->zones, NULL, x->ring, epoch,
                     &x->s.faults);
}

static void fails(struct fixture *x, const char *text, const char *what)
{
    assert_int_equal(load(x, 1, text), ERR_INVALID);
    assert_null(x->quota);
    folder_told(&x->s, "quota.lua", what);
}

static uint32_t minute(struct fixture *x, struct key *k)
{
    return quota_rule(x->quota, k)->limit[0];
}

#define COUNTING                                                                \
    "local n = 0\n"                                                             \
    "return { reads = { 'plan' }, limits = function(key) n = n + 1\n"           \
    "  return { per_minute = n, per_hour = key.plan == 'large' and 200 or 100," \
    " per_day = key.environment and 7 or 8 } end }"

static void a_class_is_asked_once(void **state)
{
    struct fixture *x = *state;
    struct key *small = add(x, "", ENV_PRODUCTION), *large = add(x, "large", ENV_NONE);
    struct key *too = add(x, "large", ENV_DEVELOPMENT);
    assert_int_equal(load(x, 1, COUNTING), 0);
    assert_int_equal(quota_classes(x->quota), 2);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(minute(x, small), 1);
        assert_int_equal(minute(x, large), 2);
        assert_int_equal(minute(x, too), 2);
    }
    assert_int_equal(quota_rule(x->quota, large)->limit[1], 200);
    assert_int_equal(quota_rule(x->quota, too)->limit[2],
                     8); /* it does not read that */
    struct key *late = add(x, "other", ENV_NONE);
    assert_int_equal(minute(x, late), 3);
    assert_int_equal(minute(x, late), 3);
    assert_int_equal(quota_classes(x->quota), 3);
}

static void without_reads_all_keys_are_one_class(void **state)
{
    struct fixture *x = *state;
    struct key *a = add(x, "a", ENV_PRODUCTION), *b = add(x, "b", ENV_DEVELOPMENT);
    assert_int_equal(
        load(x, 1,
             "return { limits = function(key) assert(not next(key))"
             " return { per_minute = 5, per_hour = 6, per_day = 7 } end }"),
        0);
    assert_int_equal(quota_classes(x->quota), 1);
    assert_ptr_equal(quota_rule(x->quota, a), quota_rule(x->quota, b));
}

static void names_that_run_together_are_not_confused(void **state)
{
    struct fixture *x = *state;
    struct key *a = add(x, "production", ENV_NONE), *b = add(x, "", ENV_PRODUCTION);
    assert_int_equal(
        load(x, 1,
             "local n = 0 return { reads = { 'environment', 'plan' }, limits ="
             " function() n = n + 1 return { per_minute = n, per_hour = 1,"
             " per_day = 1 } end }"),
        0);
    assert_int_not_equal(minute(x, a), minute(x, b));
}

static void a_new_epoch_asks_again(void **state)
{
    struct fixture *x = *state;
    struct key *k = add(x, "", ENV_NONE);
    struct quota *old;
    assert_int_equal(
        load(x, 1,
             "return { limits = function() return { per_minute = 1, per_hour"
             " = 1, per_day = 1 } end }"),
        0);
    assert_int_equal(minute(x, k), 1);
    old = x->quota;
    x->quota = NULL;
    assert_int_equal(
        load(x, 2,
             "return { limits = function() return { per_minute = 2, per_hour"
             " = 1, per_day = 1 } end }"),
        0);
    for (int i = 0; i < 3;
         i++) { /* two generations live beside each other for a while */
        assert_int_equal(minute(x, k), 2);
        assert_int_equal(quota_rule(old, k)->limit[0], 1);
    }
    quota_free(old);
}

static void a_class_that_fails_late_has_the_defaults(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(load(x, 1,
                          "return { reads = { 'plan' }, limits = function(key)"
                          " if key.plan == 'loop' then while true do end end"
                          " return { per_minute = 5, per_hour = key.plan and 0 or 6,"
                          " per_day = 7 } end }"),
                     0);
    struct key *zero = add(x, "zero", ENV_NONE), *loop = add(x, "loop", ENV_NONE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(minute(x, zero), 100);
        assert_int_equal(quota_rule(x->quota, loop)->limit[1], 1000);
        assert_int_equal(quota_rule(x->quota, loop)->limit[2], 10000);
    }
    assert_int_equal(minute(x, add(x, "", ENV_NONE)), 5);
}

static void a_class_that_fails_early_is_a_fault(void **state)
{
    struct fixture *x = *state;
    add(x, "large", ENV_NONE);
    fails(x,
          "return { reads = { 'plan' }, limits = function(key) if key.plan then "
          "error('no') end"
          " return { per_minute = 1, per_hour = 1, per_day = 1 } end }",
          "quota.lua:1: no");
    assert_int_equal(folder_fault_lines(&x->s), 1);
}

static void limits_are_whole_numbers_in_range(void **state)
{
    static const char *const wrong[] = {"0",   "-1",  "1000001", "1.5",
                                        "'x'", "0/0", "1e300",   "{}"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 "return { limits = function() return { per_minute = 1, per_hour = %s, "
                 "per_day"
                 " = 1 } end }",
                 wrong[i]);
        fails(*state, text, "'per_hour' must be a whole number from 1 to 1000000");
    }
    fails(*state,
          "return { limits = function() return { per_minute = 1, per_hour = 1 } end }",
          "no 'per_day'");
    assert_int_equal(
        load(*state, 1,
             "return { limits = function() return { per_minute = 1, per_hour ="
             " 1000000, per_day = 2.0 } end }"),
        0);
}

static void what_is_no_quota_is_said(void **state)
{
    struct fixture *x = *state;
    fails(x, "return {", "quota.lua:1: ");
    fails(x, "return 7", "must return a table");
    fails(x, "return {}", "no function 'limits'");
    fails(x, "return { limits = function() end }", "must return a table");
    fails(x, "return { limits = function() while true do end end }",
          "the instruction budget");
    fails(x, "return { reads = 'plan', limits = 1 }", "reads: must be a list");
    fails(x, "return { reads = { plan = true }, limits = 1 }", "reads: must be a list");
    fails(x, "return { reads = { 'plan', 'moon', 7 } }",
          "reads: 'moon' is none of plan environment");
    folder_told(&x->s, "quota.lua", "reads: '(no string)' is none of");
    fails(x,
          "return { tests = { ['it holds'] = function() error('it does not') end } }",
          "tests: 'it holds': ");
    folder_told(&x->s, "quota.lua", "it does not");
    unlink(x->s.folder.files[0].name.p);
    assert_int_equal(folder_read(&x->s), 0);
    assert_int_equal(
        quota_new(&x->quota, &x->s.folder, x->zones, NULL, x->ring, 1, &x->s.faults),
        ERR_INVALID);
    folder_told(&x->s, "quota.lua", "is missing");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_class_is_asked_once),
        TEST(without_reads_all_keys_are_one_class),
        TEST(names_that_run_together_are_not_confused),
        TEST(a_new_epoch_asks_again),
        TEST(a_class_that_fails_late_has_the_defaults),
        TEST(a_class_that_fails_early_is_a_fault),
        TEST(limits_are_whole_numbers_in_range),
        TEST(what_is_no_quota_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
