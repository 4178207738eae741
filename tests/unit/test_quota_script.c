#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "quota_world.h"

static void limits_are_whole_numbers_in_range(void **state)
{
    static const char *const wrong[] = {"0",   "-1",    "1000001", "1.5", "'x'",
                                        "0/0", "1e300", "{}",      "'5'", "true"};
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
    assert_int_equal(quota_new(&x->quota, &x->s.folder, x->zones, NULL, x->ring, 1,
                               false, &x->s.faults),
                     ERR_INVALID);
    folder_told(&x->s, "quota.lua", "is missing");
}

#define LIMITS "limits = function() return { " NUMBERS " } end"

/* What is misspelled would be missing, and nobody would know. */
static void words_that_are_nearly_ours_are_told(void **state)
{
    struct fixture *x = *state;
    fails(x, "return { read = { 'plan' }, " LIMITS " }",
          "'read' is not known here; did you mean 'reads'?");
    fails(x, "return { mdoe = 'shadow', " LIMITS " }", "did you mean 'mode'?");
    fails(x, "return { costs = {}, test = {}, " LIMITS " }", "did you mean 'cost'?");
    folder_told(&x->s, "quota.lua", "did you mean 'tests'?");
    fails(x, "return { tests = 'none', " LIMITS " }", "tests: must be a table");
    fails(x,
          "return { reads = { 'plan', 'plan', 'plan', 'plan', 'plan', 'plan', 'plan',"
          " 'plan', 'moon' }, " LIMITS " }",
          "reads: has more than 8 names");
    assert_int_equal(load(x, 1, "return { small = 5, [1] = 2, " LIMITS " }"), 0);
}

static void what_is_read_is_named(void **state)
{
    struct fixture *x = *state;
    add(x, "", ENV_NONE);
    fails(x,
          "return { reads = { 'environment' }, limits = function(key)"
          " return key.plan == 'large' and {} or { " NUMBERS " } end }",
          "key.plan is read, and 'reads' does not name it");
    fails(x,
          "return { limits = function(key) return key.plam and {} or { " NUMBERS
          " } end }",
          "a key has no 'plam' here; it has plan environment");
    fails(x, "return { limits = function(key) return key[1] and {} or {} end }",
          "a key has no 'number' here");
    assert_int_equal(load(x, 1,
                          "return { reads = { 'plan', 'tags' }, limits = function(key)"
                          " assert(key.plan == nil and key.tags.a == nil)"
                          " return { " NUMBERS " } end }"),
                     0);
}

/* --- what it answers --- */

static const struct quota_class *answer(struct fixture *x, const char *more)
{
    char text[512];
    struct key *k = add(x, "", ENV_NONE);
    snprintf(text, sizeof(text),
             "return { limits = function() return { " NUMBERS ", %s } end }", more);
    assert_int_equal(load(x, (uint32_t)x->keys, text), 0);
    return quota_class(x->quota, k);
}

static void a_class_may_be_watched_only(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(answer(x, "")->mode, QUOTA_ENFORCE);
    assert_int_equal(answer(x, "mode = 'shadow'")->mode, QUOTA_SHADOW);
    assert_int_equal(answer(x, "mode = 'warn'")->mode, QUOTA_WARN);
    assert_int_equal(load(x, 9,
                          "return { mode = 'shadow', limits = function()"
                          " return { " NUMBERS " } end }"),
                     0);
    assert_int_equal(quota_class(x->quota, add(x, "", ENV_NONE))->mode, QUOTA_SHADOW);
    fails(x, "return { mode = 'off', limits = 1 }", "mode: must be enforce");
}

static void a_class_may_be_held_to_scopes(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(answer(x, "read_only = false")->scopes, SCOPE_ALL);
    assert_int_equal(answer(x, "read_only = true")->scopes,
                     SCOPE_BOOKINGS_READ | SCOPE_AVAILABILITY_READ |
                         SCOPE_SERVICES_READ | SCOPE_ORGANIZATION_READ);
    assert_int_equal(
        answer(x, "scopes = { 'bookings:read', 'bookings:write' }")->scopes,
        SCOPE_BOOKINGS_READ | SCOPE_BOOKINGS_WRITE);
    assert_int_equal(
        answer(x, "read_only = true, scopes = { 'bookings:write' }")->scopes, 0);
}

static void an_answer_that_is_none_is_said(void **state)
{
    static const struct {
        const char *more, *what;
    } wrong[] = {
        {"mode = 'off'", "'mode' must be enforce, shadow or warn"},
        {"mode = 1", "'mode' must be enforce, shadow or warn"},
        {"read_only = 1", "'read_only' must be true or false"},
        {"scopes = 'x'", "'scopes' must be a list of scopes"},
        {"scopes = { 'x' }", "'x' is none"},
        {"readonly = true", "'readonly', which is not known here; did you mean "
                            "'read_only'?"},
        {"7", "which is not known here"},
    };
    struct fixture *x = *state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "return { limits = function() return { " NUMBERS ", %s } end }",
                 wrong[i].more);
        fails(x, text, wrong[i].what);
    }
}

/* --- costs --- */

static int costs(struct fixture *x, const char *cost, struct quota_route r[2])
{
    char text[512];
    const struct quota_route routes[] = {
        {.method = STR("GET"),
         .path = STR("/a"),
         .label = STR("GET /a"),
         .plugin = STR("p"),
         .scope = STR("services:read")},
        {.method = STR("POST"), .path = STR("/a"), .label = STR("POST /a")}};
    memcpy(r, routes, sizeof(routes));
    snprintf(text, sizeof(text),
             "return { cost = %s, limits = function() return { " NUMBERS " } end }",
             cost);
    assert_int_equal(load(x, 1, text), 0);
    return quota_costs(x->quota, r, 2, &x->s.faults);
}

static void a_route_costs_what_the_file_says(void **state)
{
    struct fixture *x = *state;
    struct quota_route r[2];
    assert_int_equal(costs(x, "nil", r), 0);
    assert_int_equal(r[0].cost, 1);
    assert_int_equal(costs(x, "{ ['POST /a'] = 5 }", r), 0);
    assert_int_equal(r[0].cost, 1);
    assert_int_equal(r[1].cost, 5);
    assert_int_equal(costs(x,
                           "function(r) return r.plugin == 'p' and r.path == '/a' and"
                           " r.scope == 'services:read' and 1000 or"
                           " r.method == 'POST' and 2 end",
                           r),
                     0);
    assert_int_equal(r[0].cost, 1000);
    assert_int_equal(r[1].cost, 2);
}

static void a_cost_that_is_none_is_said(void **state)
{
    static const struct {
        const char *cost, *what;
    } wrong[] = {
        {"7", "cost: must be a table of routes"},
        {"{ ['GET /a'] = 0 }", "cost: 'GET /a' must be a whole number from 1 to 1000"},
        {"{ ['GET /a'] = 1001 }", "from 1 to 1000"},
        {"{ ['GET /b'] = 2 }", "'GET /b' is no route of this server"},
        {"function() while true do end end", "the instruction budget"},
        {"function() error('no') end", "quota.lua:1: no"},
    };
    struct fixture *x = *state;
    struct quota_route r[2];
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        buf_clear(&x->s.faults);
        assert_int_equal(costs(x, wrong[i].cost, r), ERR_INVALID);
        folder_told(&x->s, "quota.lua", wrong[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(limits_are_whole_numbers_in_range),
        TEST(what_is_no_quota_is_said),
        TEST(a_class_may_be_watched_only),
        TEST(a_class_may_be_held_to_scopes),
        TEST(an_answer_that_is_none_is_said),
        TEST(a_route_costs_what_the_file_says),
        TEST(a_cost_that_is_none_is_said),
        TEST(words_that_are_nearly_ours_are_told),
        TEST(what_is_read_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
