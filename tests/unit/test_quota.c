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
    return quota_class(x->quota, k)->rule.limit[0];
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
    assert_int_equal(quota_class(x->quota, large)->rule.limit[1], 200);
    assert_int_equal(quota_class(x->quota, too)->rule.limit[2],
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
    assert_ptr_equal(quota_class(x->quota, a), quota_class(x->quota, b));
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
        assert_int_equal(quota_class(old, k)->rule.limit[0], 1);
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
        assert_int_equal(quota_class(x->quota, loop)->rule.limit[1], 1000);
        assert_int_equal(quota_class(x->quota, loop)->rule.limit[2], 10000);
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

/* --- what it reads --- */

static void change_label(struct fixture *x, struct key *k, int64_t version,
                         const char *label)
{
    keyring_change_key(x->ring, k,
                       &(struct key_facts){.label = str_of(label), .version = version});
}

static void change_org(struct fixture *x, struct key *k, int64_t version,
                       const char *plan, const char *metadata)
{
    keyring_change_org(x->ring, k->org,
                       &(struct org_facts){.plan = str_of(plan),
                                           .metadata = str_of(metadata),
                                           .version = version});
}

static void a_change_of_what_it_reads_is_asked_again(void **state)
{
    struct fixture *x = *state;
    struct key *k = add(x, "", ENV_NONE), *other = add(x, "", ENV_NONE);
    assert_int_equal(
        load(x, 1,
             "return { reads = { 'label', 'plan', 'metadata', 'created_day' }, limits ="
             " function(key) assert(key.created_day == '1970-01-01')"
             " local n = key.plan == 'large' and 9 or key.label == 'batch' and 2 or"
             " key.metadata.n or 5"
             " return { per_minute = n, per_hour = n, per_day = n } end }"),
        0);
    assert_int_equal(minute(x, k), 5);
    change_label(x, k, 1, "batch");
    assert_int_equal(minute(x, k), 2);
    change_label(x, k, 2, "l");
    assert_int_equal(minute(x, k), 5);
    change_org(x, k, 3, "", "{\"n\":7,\"deep\":{\"list\":[1]}}");
    assert_int_equal(minute(x, k), 7);
    change_org(x, k, 4, "large", "{\"n\":7}");
    assert_int_equal(minute(x, k), 9);
    assert_int_equal(minute(x, other), 5);
}

static void what_it_does_not_read_makes_no_class(void **state)
{
    struct fixture *x = *state;
    struct key *k = add(x, "", ENV_NONE);
    assert_int_equal(load(x, 1, COUNTING), 0);
    assert_int_equal(minute(x, k), 1);
    change_label(x, k, 1, "another");
    assert_int_equal(minute(x, k), 1);
    assert_int_equal(quota_classes(x->quota), 1);
}

/* --- what it answers --- */

#define NUMBERS "per_minute = 1, per_hour = 2, per_day = 3"

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
    assert_int_equal(answer(x, "scopes = { 'bookings:read', 'bookings:write' }")->scopes,
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

/* --- overrides --- */

static void an_override_stands_above_it(void **state)
{
    struct fixture *x = *state;
    struct key *k = add(x, "", ENV_NONE);
    const struct override key = {.limit = {50, 0, 0}, .until_ms = 1000};
    const struct override org = {.limit = {0, 0, 70}};
    struct limit_rule rule;
    assert_int_equal(load(x, 1, COUNTING), 0);
    keyring_change_key(x->ring, k, &(struct key_facts){.version = 1, .limits = &key});
    keyring_change_org(x->ring, k->org,
                       &(struct org_facts){.version = 2, .limits = &org});
    quota_terms(x->quota, k, 999, &rule);
    assert_int_equal(rule.limit[LIMIT_MINUTE], 50);
    assert_int_equal(rule.limit[LIMIT_HOUR], 100);
    assert_int_equal(rule.limit[LIMIT_DAY], 70);
    quota_terms(x->quota, k, 1000, &rule);
    assert_int_equal(rule.limit[LIMIT_MINUTE], 1);
    assert_int_equal(rule.limit[LIMIT_DAY], 70);
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

/* --- comparing --- */

static void what_another_text_would_change_is_listed(void **state)
{
    struct fixture *x = *state;
    struct quota_change c;
    char hash[17];
    struct key *large = add(x, "large", ENV_NONE);
    add(x, "", ENV_NONE);
    struct key *gone = add(x, "large", ENV_NONE);
    keyring_revoke(gone);
    assert_int_equal(load(x, 1,
                          "return { limits = function() return { per_minute = 10,"
                          " per_hour = 10, per_day = 10 } end }"),
                     0);
    uint64_t mark = atomic_load(&large->quota);
    assert_int_equal(quota_try(x->quota,
                               STR("return { reads = { 'plan' }, limits = function(k)"
                                   " return { per_minute = k.plan and 5 or 20,"
                                   " per_hour = 10, per_day = 10 } end }"),
                               x->ring, 0, &c, hash, &x->s.faults),
                     0);
    assert_int_equal(c.keys, 2);
    assert_int_equal(c.tighter, 1);
    assert_int_equal(c.looser, 1);
    assert_int_equal(c.n_listed, 2);
    assert_ptr_equal(c.listed[0].key, large);
    assert_true(c.listed[0].tighter);
    assert_int_equal(c.listed[0].to.limit[0], 5);
    assert_int_equal(strlen(hash), 16);
    assert_int_equal(atomic_load(&large->quota), mark);
    assert_int_equal(minute(x, large), 10);
    assert_int_equal(quota_try(x->quota, STR("return {"), x->ring, 0, &c, hash,
                               &x->s.faults),
                     ERR_INVALID);
    folder_told(&x->s, "quota.lua", "quota.lua:1: ");
}

static void scopes_and_modes_are_compared_too(void **state)
{
    struct fixture *x = *state;
    struct quota_change c;
    char hash[17];
    struct key *k = add(x, "", ENV_NONE);
    keyring_change_key(x->ring, k,
                       &(struct key_facts){.version = 1, .scopes = SCOPE_ALL});
    assert_int_equal(load(x, 1,
                          "return { mode = 'shadow', limits = function() return { " NUMBERS
                          " } end }"),
                     0);
    assert_int_equal(quota_try(x->quota,
                               STR("return { mode = 'shadow', limits = function() return"
                                   " { " NUMBERS ", read_only = true } end }"),
                               x->ring, 0, &c, hash, &x->s.faults),
                     0);
    assert_int_equal(c.tighter, 1);
    assert_int_equal(quota_try(x->quota,
                               STR("return { limits = function() return"
                                   " { per_minute = 100, per_hour = 100, per_day = 100 }"
                                   " end }"),
                               x->ring, 0, &c, hash, &x->s.faults),
                     0);
    assert_int_equal(c.tighter, 1); /* it begins to refuse */
    assert_int_equal(c.looser, 0);
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
        TEST(a_change_of_what_it_reads_is_asked_again),
        TEST(what_it_does_not_read_makes_no_class),
        TEST(a_class_may_be_watched_only),
        TEST(a_class_may_be_held_to_scopes),
        TEST(an_answer_that_is_none_is_said),
        TEST(an_override_stands_above_it),
        TEST(a_route_costs_what_the_file_says),
        TEST(a_cost_that_is_none_is_said),
        TEST(what_another_text_would_change_is_listed),
        TEST(scopes_and_modes_are_compared_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
