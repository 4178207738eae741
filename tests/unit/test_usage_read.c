#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "usage_world.h"

static void each_way_of_looking_has_the_same_sum(void **state)
{
    struct scene *s = *state;
    struct usage_row *r;
    const int64_t t0 = 20000 * DAY;
    count(s, 0, 0, OUTCOME_2XX, t0, 5);
    count(s, 0, 1, OUTCOME_4XX, t0 + 59999, 2);
    count(s, 2, 0, OUTCOME_REFUSED, t0 + MINUTE, 3);
    count(s, 1, 0, OUTCOME_2XX, t0, 100); /* another organization's */
    flush(s);
    count(s, 0, 0, OUTCOME_2XX, t0, 1);
    flush(s);
    sums_are(s, 111);
    struct usage_query q = query(USAGE_MINUTE, t0, t0 + HOUR, USAGE_BY_KEY);
    assert_int_equal(looked(s, &q, &r), 2);
    is_row(&r[0], t0, "key_00", 8, 0);
    is_row(&r[1], t0 + MINUTE, "key_02", 3, 3);
    q.by = USAGE_BY_ROUTE;
    q.totals = true;
    assert_int_equal(looked(s, &q, &r), 2);
    is_row(&r[0], 0, "GET /a", 9, 3);
    is_row(&r[1], 0, "POST /a", 2, 0);
    q.by = USAGE_BY_OUTCOME;
    assert_int_equal(looked(s, &q, &r), 3);
    assert_int_equal(r[0].outcome, OUTCOME_REFUSED);
    is_row(&r[0], 0, "", 3, 3);
    assert_int_equal(r[1].outcome, OUTCOME_2XX);
    is_row(&r[1], 0, "", 6, 0);
    is_row(&r[2], 0, "", 2, 0);
    q.key = STR("key_02");
    assert_int_equal(looked(s, &q, &r), 1);
    q.step = USAGE_DAY;
    q.from_ms = t0 + 5; /* to whole steps */
    q.to_ms = t0 + 6;
    assert_int_equal(looked(s, &q, &r), 1);
    is_row(&r[0], 0, "", 3, 3);
}

static void a_look_is_bounded(void **state)
{
    struct scene *s = *state;
    struct usage_row *r;
    size_t n;
    for (int i = 0; i < 10; i++)
        count(s, 0, 0, OUTCOME_2XX, i * MINUTE, 1);
    flush(s);
    struct usage_query q = query(USAGE_MINUTE, 0, HOUR, USAGE_BY_KEY);
    q.most = 10;
    assert_int_equal(looked(s, &q, &r), 10);
    q.most = 9;
    assert_int_equal(usage_read(s->db, &q, &s->a, &r, &n), ERR_TOO_LARGE);
    q.to_ms = 0;
    assert_int_equal(looked(s, &q, &r), 0);
    q = query(USAGE_MINUTE, 3 * MINUTE, 5 * MINUTE, USAGE_BY_KEY);
    assert_int_equal(looked(s, &q, &r), 2);
    q.organization = STR("org_9");
    assert_int_equal(looked(s, &q, &r), 0);
    q.organization = STR("org_0");
    q.key = STR("key_01"); /* not of this organization */
    assert_int_equal(looked(s, &q, &r), 0);
}

static void of_many_sums_those_that_were_charged_most_are_told(void **state)
{
    struct scene *s = *state;
    struct usage_row *r;
    for (int i = 0; i < 10; i += 2)
        count(s, i, 0, OUTCOME_2XX, i * MINUTE, i == 4 ? 9 : (uint64_t)i + 1);
    flush(s);
    struct usage_query q = query(USAGE_MINUTE, 0, HOUR, USAGE_BY_KEY);
    q.totals = true;
    q.most = 2;
    assert_int_equal(looked(s, &q, &r), 2);
    is_row(&r[0], 0, "key_04", 9, 0);
    is_row(&r[1], 0, "key_08", 9, 0);
}

static void a_rotated_key_goes_on_for_its_ancestor(void **state)
{
    struct scene *s = *state;
    struct usage_row *r;
    struct str root;
    static const char *const sql =
        "INSERT INTO api_key (id, organization_id, digest, last4, created_at,"
        " rotated_from, family) VALUES"
        " ('key_r2', 'org_0', randomblob(32), 'aaaa', 0, 'key_00', 'key_00'),"
        " ('key_r4', 'org_0', randomblob(32), 'bbbb', 0, 'key_r2', 'key_00')";
    assert_int_equal(db_exec(s->db, sql), 0);
    snprintf(s->key[2].id, ID_MAX, "key_r2");
    snprintf(s->key[4].id, ID_MAX, "key_r4");
    count(s, 4, 0, OUTCOME_2XX, 0, 1);
    flush(s);
    count(s, 2, 0, OUTCOME_2XX, 0, 2);
    count(s, 0, 0, OUTCOME_2XX, 0, 4);
    flush(s);
    struct usage_query q = query(USAGE_DAY, 0, DAY, USAGE_BY_KEY);
    assert_int_equal(looked(s, &q, &r), 1);
    is_row(&r[0], 0, "key_00", 7, 0);
    assert_int_equal(usage_root(s->db, STR("key_r4"), &s->a, &root), 0);
    assert_true(str_eq(root, STR("key_00")));
    assert_int_equal(usage_root(s->db, STR("key_06"), &s->a, &root), 0);
    assert_true(str_eq(root, STR("key_06")));
}

static void a_month_of_rest_is_noted(void **state)
{
    struct scene *s = *state;
    struct usage_again *r;
    size_t n;
    count(s, 0, 0, OUTCOME_2XX, 5 * MINUTE, 1);
    count(s, 2, 0, OUTCOME_2XX, 5 * MINUTE, 1);
    flush(s);
    count(s, 0, 0, OUTCOME_REFUSED, 10 * DAY, 1); /* being refused is no use */
    count(s, 0, 0, OUTCOME_4XX, 30 * DAY + 5 * MINUTE, 1);
    count(s, 0, 0, OUTCOME_2XX, 30 * DAY + 6 * MINUTE, 1); /* goes on */
    count(s, 2, 0, OUTCOME_2XX, 30 * DAY + 4 * MINUTE, 1); /* a minute early */
    flush(s);
    assert_int_equal(usage_again(s->db, STR("org_0"), 0, 10, &s->a, &r, &n), 0);
    assert_int_equal(n, 1);
    assert_true(str_eq(r[0].key, STR("key_00")));
    assert_int_equal(r[0].before_ms, 5 * MINUTE);
    assert_int_equal(r[0].again_ms, 30 * DAY + 5 * MINUTE);
    assert_int_equal(usage_again(s->db, STR("org_0"), 31 * DAY, 10, &s->a, &r, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(usage_again(s->db, STR("org_7"), 0, 10, &s->a, &r, &n), 0);
    assert_int_equal(n, 0);
}

static void those_refused_often_come_first(void **state)
{
    struct scene *s = *state;
    struct usage_refused *r;
    size_t n;
    count(s, 0, 0, OUTCOME_REFUSED, 5 * HOUR, 20);
    count(s, 0, 1, OUTCOME_REFUSED, 6 * HOUR, 5);
    count(s, 2, 0, OUTCOME_REFUSED, 6 * HOUR, 30);
    count(s, 4, 0, OUTCOME_REFUSED, 6 * HOUR, 19);
    count(s, 6, 0, OUTCOME_REFUSED, 4 * HOUR + 59 * MINUTE, 90); /* before */
    count(s, 8, 0, OUTCOME_2XX, 6 * HOUR, 90);
    count(s, 1, 0, OUTCOME_REFUSED, 6 * HOUR, 90); /* another organization's */
    flush(s);
    assert_int_equal(usage_refused(s->db, STR("org_0"), 5 * HOUR + 7 * MINUTE, 20, 10,
                                   &s->a, &r, &n),
                     0);
    assert_int_equal(n, 2);
    assert_true(str_eq(r[0].key, STR("key_02")));
    assert_int_equal(r[0].n, 30);
    assert_true(str_eq(r[1].key, STR("key_00")));
    assert_int_equal(r[1].n, 25);
    assert_int_equal(usage_refused(s->db, STR("org_0"), 5 * HOUR, 20, 1, &s->a, &r, &n),
                     0);
    assert_int_equal(n, 1);
    assert_int_equal(
        usage_refused(s->db, STR("org_7"), 5 * HOUR, 20, 10, &s->a, &r, &n), 0);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(each_way_of_looking_has_the_same_sum),
        SCENE(a_look_is_bounded),
        SCENE(of_many_sums_those_that_were_charged_most_are_told),
        SCENE(a_rotated_key_goes_on_for_its_ancestor),
        SCENE(a_month_of_rest_is_noted),
        SCENE(those_refused_often_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
