#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard/audit.h"
#include "guard_scene.h"

static void note(struct scene *s, const char *organization, const char *action,
                 const char *object, int64_t at_ms)
{
    assert_int_equal(
        audit_add(s->db, &(struct audit_row){.at_ms = at_ms,
                                             .actor = STR("mia@acme.test"),
                                             .action = str_of(action),
                                             .organization_id = str_of(organization),
                                             .object = str_of(object)}),
        0);
}

static void fill(struct scene *s)
{
    note(s, "org_a", "member.create", "mem_1", 10);
    note(s, "org_a", "member.remove", "mem_1", 11);
    note(s, "org_b", "member.create", "mem_2", 12);
    note(s, NULL, "token.create", "tok_1", 13);
    note(s, "org_a", "member.create", "mem_3", 14);
}

/* How many, and the times of the first and the last. */
static void finds(struct scene *s, struct audit_query q, int n, int64_t first,
                  int64_t last)
{
    struct audit_row *rows;
    int found;
    q.max = q.max ? q.max : 10;
    assert_int_equal(audit_list(s->db, &q, &s->arena, &rows, &found), 0);
    assert_int_equal(found, n);
    if (n) {
        assert_int_equal(rows[0].at_ms, first);
        assert_int_equal(rows[n - 1].at_ms, last);
    }
}

static void a_row_comes_back_whole(void **state)
{
    struct scene *s = *state;
    struct audit_row *rows;
    int n;
    const struct audit_row full = {.at_ms = 5,
                                   .actor = STR("tok_1"),
                                   .action = STR("secret.set"),
                                   .organization_id = STR("org_a"),
                                   .object = STR("mail.\"key\""),
                                   .detail = STR("{\"a\":null}")};
    assert_int_equal(audit_add(s->db, &full), 0);
    note(s, "", "token.create", "", 6);
    assert_int_equal(
        audit_list(s->db, &(struct audit_query){.max = 2}, &s->arena, &rows, &n), 0);
    assert_int_equal(n, 2);
    assert_true(rows[0].id > rows[1].id);
    assert_int_equal(rows[0].organization_id.n + rows[0].object.n + rows[0].detail.n,
                     0);
    assert_int_equal(rows[1].at_ms, 5);
    assert_true(str_eq(rows[1].actor, full.actor));
    assert_true(str_eq(rows[1].action, full.action));
    assert_true(str_eq(rows[1].organization_id, full.organization_id));
    assert_true(str_eq(rows[1].object, full.object));
    assert_true(str_eq(rows[1].detail, full.detail));
    assert_string_equal(value(s, "SELECT count(*) FROM audit WHERE object IS NULL AND"
                                 " organization_id IS NULL AND detail IS NULL"),
                        "1"); /* what is empty is none */
}

static void each_filter_narrows_and_all_together_too(void **state)
{
    struct scene *s = *state;
    fill(s);
    finds(s, (struct audit_query){.max = 10}, 5, 14, 10);
    finds(s, (struct audit_query){.organization_id = STR("org_a")}, 3, 14, 10);
    finds(s, (struct audit_query){.action = STR("member.create")}, 3, 14, 10);
    finds(s, (struct audit_query){.object = STR("mem_1")}, 2, 11, 10);
    finds(s,
          (struct audit_query){.organization_id = STR("org_a"),
                               .action = STR("member.create"),
                               .object = STR("mem_1")},
          1, 10, 10);
    finds(s,
          (struct audit_query){.organization_id = STR("org_b"), .object = STR("mem_1")},
          0, 0, 0);
    finds(s, (struct audit_query){.object = STR("mem_1' OR '1'='1")}, 0, 0, 0);
}

static void it_is_paged_by_what_came_before(void **state)
{
    struct scene *s = *state;
    struct audit_row *rows;
    int64_t before = 0, at = 15;
    int n;
    fill(s);
    do {
        const struct audit_query q = {.before = before, .max = 2};
        assert_int_equal(audit_list(s->db, &q, &s->arena, &rows, &n), 0);
        for (int i = 0; i < n; i++)
            assert_int_equal(rows[i].at_ms, --at);
        if (n)
            before = rows[n - 1].id;
    } while (n == 2);
    assert_int_equal(at, 10);
    finds(s, (struct audit_query){.max = -1}, 0, 0, 0);
}

static void what_has_no_room_is_told(void **state)
{
    struct scene *s = *state;
    NO_ROOM(s,
            audit_add(s->db, &(struct audit_row){
                                 .at_ms = 1, .actor = STR("a"), .action = STR("b")}));
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), "0");
    assert_int_equal(
        audit_add(s->db, &(struct audit_row){.at_ms = 1, .actor = STR("a")}),
        ERR_CONSTRAINT); /* a row without an action is none */
    assert_int_equal(db_exec(s->db, "DROP TABLE audit"), 0);
    assert_int_equal(audit_add(s->db, &(struct audit_row){.actor = STR("a")}),
                     ERR_INVALID);
    struct audit_row *rows;
    int n = 7;
    assert_int_equal(
        audit_list(s->db, &(struct audit_query){.max = 2}, &s->arena, &rows, &n),
        ERR_INVALID);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_row_comes_back_whole),
        SCENE(each_filter_narrows_and_all_together_too),
        SCENE(it_is_paged_by_what_came_before),
        SCENE(what_has_no_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
