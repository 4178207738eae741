#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "quota_world.h"

#define COUNTING                                                                \
    "local n = 0\n"                                                             \
    "return { reads = { 'plan' }, limits = function(key) n = n + 1\n"           \
    "  return { per_minute = n, per_hour = key.plan == 'large' and 200 or 100," \
    " per_day = rawget(key, 'environment') and 7 or 8 } end }"

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

static void change_tags(struct fixture *x, struct key *k, int64_t version,
                        const char *tags)
{
    keyring_change_key(x->ring, k,
                       &(struct key_facts){.label = STR("l"),
                                           .tags = str_of(tags),
                                           .version = version});
}

static void tags_are_a_set_and_part_of_the_class(void **state)
{
    struct fixture *x = *state;
    struct key *k = add(x, "", ENV_NONE), *other = add(x, "", ENV_NONE);
    struct buf told;
    assert_int_equal(
        load(x, 1,
             "return { reads = { 'tags' }, limits = function(key) local n = 1"
             " for tag, there in pairs(key.tags) do assert(there == true and"
             " #tag > 0) n = n * 2 end"
             " if key.tags['beta-2'] then n = n + 100 end"
             " return { per_minute = n, per_hour = n, per_day = n } end }"),
        0);
    assert_int_equal(minute(x, k), 1);
    assert_int_equal(quota_classes(x->quota), 1);
    change_tags(x, k, 1, "beta-2 partner");
    assert_int_equal(minute(x, k), 104);
    assert_int_equal(minute(x, other), 1);
    change_tags(x, other, 2, "beta-2 partner");
    assert_ptr_equal(quota_class(x->quota, k), quota_class(x->quota, other));
    assert_int_equal(quota_classes(x->quota), 2);
    change_tags(x, other, 3, "");
    assert_int_equal(minute(x, other), 1);
    buf_init(&told);
    buf_char(&told, '{');
    quota_put_inputs(x->quota, k, &told);
    assert_true(str_eq(buf_slice(&told), STR("{\"tags\":[\"beta-2\",\"partner\"]")));
    buf_clear(&told);
    buf_char(&told, '{');
    quota_put_inputs(x->quota, other, &told);
    assert_true(str_eq(buf_slice(&told), STR("{\"tags\":[]")));
    buf_end(&told);
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
                               x->ring, 0, &x->s.arena, &c, hash, &x->s.faults),
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
    assert_int_equal(quota_try(x->quota, STR("return {"), x->ring, 0, &x->s.arena, &c,
                               hash, &x->s.faults),
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
    assert_int_equal(
        load(x, 1,
             "return { mode = 'shadow', limits = function() return { " NUMBERS
             " } end }"),
        0);
    assert_int_equal(
        quota_try(x->quota,
                  STR("return { mode = 'shadow', limits = function() return"
                      " { " NUMBERS ", read_only = true } end }"),
                  x->ring, 0, &x->s.arena, &c, hash, &x->s.faults),
        0);
    assert_int_equal(c.tighter, 1);
    assert_int_equal(
        quota_try(x->quota,
                  STR("return { limits = function() return"
                      " { per_minute = 100, per_hour = 100, per_day = 100 }"
                      " end }"),
                  x->ring, 0, &x->s.arena, &c, hash, &x->s.faults),
        0);
    assert_int_equal(c.tighter, 1); /* it begins to refuse */
    assert_int_equal(c.looser, 0);
}

static struct key *scoped(struct fixture *x, uint32_t scopes)
{
    struct key *k = add(x, "", ENV_NONE);
    keyring_change_key(x->ring, k, &(struct key_facts){.version = 1, .scopes = scopes});
    return k;
}

static int try_costs(struct fixture *x, const char *cost, int limit,
                     struct quota_change *c)
{
    char text[256], hash[17];
    snprintf(text, sizeof(text),
             "return { cost = %s, limits = function() return { per_minute = %d,"
             " per_hour = 10, per_day = 10 } end }",
             cost, limit);
    return quota_try(x->quota, str_of(text), x->ring, 0, &x->s.arena, c, hash,
                     &x->s.faults);
}

static void what_requests_cost_is_compared_too(void **state)
{
    struct fixture *x = *state;
    struct quota_change c;
    struct quota_route r[] = {{.label = STR("GET /a"), .scope = STR("services:read")},
                              {.label = STR("POST /a")}};
    struct key *all = scoped(x, SCOPE_ALL), *few = scoped(x, SCOPE_BOOKINGS_READ);
    assert_int_equal(
        load(x, 1,
             "return { cost = function() return 5 end, limits = function() return"
             " { per_minute = 10, per_hour = 10, per_day = 10 } end }"),
        0);
    assert_int_equal(quota_costs(x->quota, r, 2, &x->s.faults), 0);
    assert_int_equal(try_costs(x, "{ ['GET /a'] = 7, ['POST /a'] = 2 }", 10, &c), 0);
    assert_int_equal(c.n_costs, 2);
    assert_true(str_eq(c.costs[0].label, STR("GET /a")));
    assert_int_equal(c.costs[0].from, 5);
    assert_int_equal(c.costs[0].to, 7);
    assert_int_equal(c.tighter, 1);
    assert_int_equal(c.looser, 1);
    assert_ptr_equal(c.listed[0].key, all);
    assert_true(c.listed[0].tighter);
    assert_int_equal(c.listed[0].dearer, 1);
    assert_int_equal(c.listed[0].cheaper, 1);
    assert_ptr_equal(c.listed[1].key, few); /* which may not GET /a */
    assert_int_equal(c.listed[1].dearer, 0);
    assert_int_equal(try_costs(x, "function() return 5 end", 10, &c), 0);
    assert_int_equal(c.n_costs + c.n_listed, 0);
    assert_int_equal(r[0].cost, 5); /* the live ones */
}

static void a_cost_beyond_the_smallest_window_makes_no_difference(void **state)
{
    struct fixture *x = *state;
    struct quota_change c;
    struct quota_route r = {.label = STR("GET /a")};
    scoped(x, SCOPE_ALL);
    assert_int_equal(load(x, 1,
                          "return { cost = function() return 5 end, limits = function()"
                          " return { per_minute = 3, per_hour = 10, per_day = 10 }"
                          " end }"),
                     0);
    assert_int_equal(quota_costs(x->quota, &r, 1, &x->s.faults), 0);
    assert_int_equal(try_costs(x, "{ ['GET /a'] = 7 }", 3, &c), 0);
    assert_int_equal(c.n_costs, 1);
    assert_int_equal(c.tighter + c.looser, 0);
    assert_int_equal(try_costs(x, "{ ['GET /a'] = 4 }", 3, &c), 0);
    assert_int_equal(c.tighter + c.looser, 0);
    assert_int_equal(try_costs(x, "{ ['GET /a'] = 2 }", 3, &c), 0);
    assert_int_equal(c.looser, 1);
    assert_int_equal(c.listed[0].cheaper, 1);
    assert_int_equal(try_costs(x, "{ ['GET /a'] = 7 }", 6, &c), 0);
    assert_int_equal(c.tighter, 1); /* the window takes more, and a request costs 6 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_class_is_asked_once),
        TEST(without_reads_all_keys_are_one_class),
        TEST(names_that_run_together_are_not_confused),
        TEST(a_new_epoch_asks_again),
        TEST(a_class_that_fails_late_has_the_defaults),
        TEST(a_class_that_fails_early_is_a_fault),
        TEST(a_change_of_what_it_reads_is_asked_again),
        TEST(what_it_does_not_read_makes_no_class),
        TEST(tags_are_a_set_and_part_of_the_class),
        TEST(an_override_stands_above_it),
        TEST(what_another_text_would_change_is_listed),
        TEST(scopes_and_modes_are_compared_too),
        TEST(what_requests_cost_is_compared_too),
        TEST(a_cost_beyond_the_smallest_window_makes_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
