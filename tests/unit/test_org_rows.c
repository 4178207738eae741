#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard_scene.h"

static int change(struct scene *s, const struct org_change *c, struct org_row *row)
{
    return org_rows_change(s->db, STR("org_a"), c, 3000, STR("bob"), &s->arena, row);
}

static const char *told(struct scene *s)
{
    return value(s, "SELECT action || ' ' || actor || ' ' || object || ' ' || detail"
                    " FROM audit ORDER BY id DESC LIMIT 1");
}

/* The slugs' first letters, in the order they are found. */
static void finds(struct scene *s, const char *q, const char *cursor, int max,
                  const char *letters)
{
    struct org_row *rows;
    char seen[20];
    int n;
    assert_int_equal(
        org_rows_list(s->db, str_of(q), str_of(cursor), max, &s->arena, &rows, &n), 0);
    for (int i = 0; i < n; i++)
        seen[i] = rows[i].slug.p[0];
    seen[n] = '\0';
    assert_string_equal(seen, letters);
}

static void one_is_got_by_id_or_slug(void **state)
{
    static const char *const names[] = {"org_a", "a", "acme"};
    struct scene *s = *state;
    struct org_row row;
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_org(s, "org_b", "beta"), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(org_rows_get(s->db, str_of(names[i]), &s->arena, &row), 0);
        assert_true(str_eq(row.id, STR("org_a")));
        assert_true(str_eq(row.name, STR("Ac\"me")));
        assert_int_equal(row.created_ms, 1000);
        assert_int_equal(row.plan.n + row.metadata.n + row.limits.n + row.tagline.n, 0);
    }
    assert_int_equal(org_rows_get(s->db, STR("Acme"), &s->arena, &row), ERR_NOT_FOUND);
    assert_int_equal(org_rows_get(s->db, STR(""), &s->arena, &row), ERR_NOT_FOUND);
}

static void they_are_found_by_a_part_of_name_or_slug(void **state)
{
    struct scene *s = *state;
    assert_int_equal(add_org(s, "org_1", "acme"), 0);
    assert_int_equal(add_org(s, "org_2", "beta-salon"), 0);
    assert_int_equal(add_org(s, "org_3", "crown"), 0);
    finds(s, NULL, NULL, 10, "cba");
    finds(s, "SALON", NULL, 10, "b");
    finds(s, "ac\"", NULL, 10, "cba"); /* all of them are called so */
    finds(s, "%", NULL, 10, "");
    finds(s, NULL, "org_3", 10, "ba");
    finds(s, "a", "org_3", 1, "b");
    finds(s, NULL, NULL, 2, "cb");
    finds(s, NULL, NULL, -1, "");
}

static void one_is_made_with_all_it_has(void **state)
{
    struct scene *s = *state;
    struct org_row row;
    const struct str name = STR("Acme"), plan = STR("gold"),
                     metadata = STR("{\"a\":1}");
    struct org org = {.id = "org_a",
                      .slug = STR("acme"),
                      .name = &name,
                      .plan = &plan,
                      .metadata = &metadata,
                      .suspended = ORG_SUSPENDED};
    assert_int_equal(org_rows_add(s->db, &org, 5, STR("mia")), 0);
    assert_string_equal(told(s), "organization.create mia org_a"
                                 " {\"name\":\"Acme\",\"slug\":\"acme\"}");
    assert_int_equal(org_rows_get(s->db, STR("acme"), &s->arena, &row), 0);
    assert_true(str_eq(row.plan, plan));
    assert_true(str_eq(row.metadata, metadata));
    assert_true(row.suspended);
    assert_int_equal(org_rows_add(s->db, &org, 5, STR("mia")), ERR_EXISTS);
    snprintf(org.id, sizeof(org.id), "org_b");
    assert_int_equal(org_rows_add(s->db, &org, 5, STR("mia")),
                     ERR_EXISTS); /* the slug */
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), "1");
}

/* ---- changing ---- */

static void objects_are_merged_and_null_clears(void **state)
{
    struct scene *s = *state;
    struct org_row row;
    const unsigned objects = ORG_SET_METADATA | ORG_SET_LIMITS | ORG_SET_BRANDING;
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(
        change(s,
               &(struct org_change){
                   .set = objects | ORG_SET_NAME | ORG_SET_PLAN | ORG_SET_TAGLINE,
                   .name = STR("New"),
                   .plan = STR("gold"),
                   .tagline = STR("Since 1990."),
                   .metadata = STR("{\"a\":1,\"b\":{\"c\":2}}"),
                   .limits = STR("{\"per_day\":5,\"reason\":\"x\"}"),
                   .branding = STR("{\"logo\":\"l\"}"),
                   .patch = STR("{\"plan\":\"gold\",\"tagline\":null}")},
               &row),
        0);
    assert_string_equal(told(s), "organization.change bob org_a {\"name\":\"Ac\\\"me\","
                                 "\"changed\":{\"plan\":\"gold\",\"tagline\":null}}");
    assert_int_equal(
        change(s,
               &(struct org_change){.set = objects,
                                    .metadata = STR("{\"a\":null,\"b\":{\"d\":3}}"),
                                    .limits = STR("{\"reason\":null}"),
                                    .branding = STR("{\"favicon\":\"f\"}")},
               &row),
        0);
    assert_true(str_eq(row.metadata, STR("{\"b\":{\"c\":2,\"d\":3}}")));
    assert_true(str_eq(row.limits, STR("{\"per_day\":5}")));
    assert_true(str_eq(row.branding, STR("{\"logo\":\"l\",\"favicon\":\"f\"}")));
    assert_true(str_eq(row.name, STR("New"))); /* what is not named stays */
    assert_true(str_eq(row.tagline, STR("Since 1990.")));
    assert_int_equal(
        change(s,
               &(struct org_change){.set = objects | ORG_SET_PLAN | ORG_SET_TAGLINE,
                                    .metadata = STR("null"),
                                    .limits = STR("null"),
                                    .branding = STR("null")},
               &row),
        0);
    assert_int_equal(
        row.plan.n + row.tagline.n + row.metadata.n + row.limits.n + row.branding.n, 0);
}

static void a_suspension_is_told_as_one(void **state)
{
    struct scene *s = *state;
    struct org_row row;
    struct org_change c = {.set = ORG_SET_SUSPENDED, .suspended = true};
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(change(s, &c, &row), 0);
    assert_true(row.suspended);
    assert_non_null(strstr(told(s), "organization.suspend bob"));
    int64_t version = row.version;
    assert_int_equal(change(s, &c, &row), 0); /* it is already: who joins in is told */
    assert_non_null(strstr(told(s), "organization.suspend bob"));
    assert_true(row.version > version);
    c.suspended = false;
    assert_int_equal(change(s, &c, &row), 0);
    assert_false(row.suspended);
    assert_non_null(strstr(told(s), "organization.resume bob"));
}

static void metadata_has_an_end(void **state)
{
    struct scene *s = *state;
    struct org_row row;
    struct buf text;
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    buf_init(&text);
    for (int name = 'a'; name <= 'b'; name++) {
        buf_clear(&text);
        buf_fmt(&text, "{\"%c\":\"%08000d\"}", name, 0);
        assert_int_equal(change(s,
                                &(struct org_change){.set = ORG_SET_METADATA,
                                                     .metadata = buf_slice(&text)},
                                &row),
                         0);
    }
    buf_clear(&text);
    buf_fmt(&text, "{\"c\":\"%0400d\"}", 0);
    const struct org_change c = {.set = ORG_SET_METADATA, .metadata = buf_slice(&text)};
    assert_int_equal(db_begin(s->db), 0);
    assert_int_equal(change(s, &c, &row), ERR_TOO_LARGE); /* all of it together */
    db_rollback(s->db);
    assert_int_equal(org_rows_get(s->db, STR("org_a"), &s->arena, &row), 0);
    assert_true(row.metadata.n > 16000 && row.metadata.n <= ORG_METADATA);
    buf_end(&text);
}

static void what_is_not_there_or_has_no_room_is_told(void **state)
{
    struct scene *s = *state;
    struct org_row row;
    const struct org_change c = {.set = ORG_SET_NAME, .name = STR("x")};
    const struct org org = {.id = "org_b", .slug = STR("b"), .name = &STR("b")};
    assert_int_equal(change(s, &c, &row), ERR_NOT_FOUND);
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    NO_ROOM(s, change(s, &c, &row));
    NO_ROOM(s, org_rows_add(s->db, &org, 1, STR("x")));
    assert_string_equal(value(s, "SELECT count(*) || name FROM organization"),
                        "1Ac\"me");
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), "1");
}

/* ---- into the ring ---- */

static void a_hold_ends_with_a_durable_word_on_the_suspension(void **state)
{
    struct scene *s = *state;
    struct org_row row = {.name = STR("Acme"), .plan = STR("gold"), .version = 10};
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    load_again(s);
    struct org *o = keyring_org(s->r, STR("org_a"));
    keyring_hold(o);
    org_rows_publish(s->r, o, &row, false); /* another change */
    assert_true(str_eq(keyring_plan(o), STR("gold")));
    assert_true(atomic_load(&o->suspended));
    row.version = 9;
    org_rows_publish(s->r, o, &row, true); /* older: passed over */
    assert_true(atomic_load(&o->suspended));
    row.version = 11;
    row.limits = STR("{\"per_day\":5}");
    org_rows_publish(s->r, o, &row, true);
    assert_false(atomic_load(&o->suspended));
    assert_int_equal(keyring_now(o->limits)->limit[LIMIT_DAY], 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(one_is_got_by_id_or_slug),
        SCENE(they_are_found_by_a_part_of_name_or_slug),
        SCENE(one_is_made_with_all_it_has),
        SCENE(objects_are_merged_and_null_clears),
        SCENE(a_suspension_is_told_as_one),
        SCENE(metadata_has_an_end),
        SCENE(what_is_not_there_or_has_no_room_is_told),
        SCENE(a_hold_ends_with_a_durable_word_on_the_suspension),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
