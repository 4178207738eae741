#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard_scene.h"

static struct org acme = {.id = "org_a"};

static void begin(struct scene *s)
{
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_key(s, &acme, 1), 0);
}

static int change(struct scene *s, const struct key_change *c, struct key_row *row)
{
    return key_write_change(s->db, STR("key_0001"), c, 3000, STR("bob"), &s->arena,
                            row);
}

static int rotate(struct scene *s, const char *id, int next, int64_t grace_ms,
                  int64_t now_ms, struct key_row *old, struct key_row *made)
{
    struct key row = key_row(&acme, next);
    return key_write_rotate(s->db, str_of(id), &row, grace_ms, now_ms, STR("bob"),
                            &s->arena, old, made);
}

/* The newest audit row's action and detail. */
static const char *told(struct scene *s)
{
    return value(s, "SELECT action || ' ' || actor || ' ' || object || ' ' || detail"
                    " FROM audit ORDER BY id DESC LIMIT 1");
}

/* ---- changing ---- */

static void what_is_not_named_stays(void **state)
{
    struct scene *s = *state;
    struct key_row row;
    begin(s);
    const struct key_change all = {.set = KEY_SET_LABEL | KEY_SET_NOTE |
                                          KEY_SET_SCOPES | KEY_SET_EXPIRES |
                                          KEY_SET_LIMITS | KEY_SET_TAGS,
                                   .label = STR("till"),
                                   .note = STR("by the door"),
                                   .scopes = SCOPE_SERVICES_READ,
                                   .expires_ms = 9000,
                                   .limits = STR("{\"per_minute\":5,\"reason\":\"x\"}"),
                                   .tags = STR("a b"),
                                   .patch = STR("{\"label\":\"till\",\"note\":null}")};
    assert_int_equal(change(s, &all, &row), 0);
    assert_string_equal(told(s), "api_key.change bob key_0001 {\"label\":\"till\","
                                 "\"last4\":\"0001\",\"changed\":{\"label\":\"till\","
                                 "\"note\":null}}");
    int64_t version = row.version;
    assert_int_equal(change(s, &(struct key_change){.set = 0}, &row), 0);
    assert_true(row.version > version);
    assert_true(str_eq(row.label, STR("till")));
    assert_true(str_eq(row.note, STR("by the door")));
    assert_true(str_eq(row.tags, STR("a b")));
    assert_true(str_eq(row.limits, all.limits));
    assert_int_equal(row.scopes, SCOPE_SERVICES_READ);
    assert_int_equal(row.expires_ms, 9000);
}

static void what_is_named_goes_with_nothing(void **state)
{
    struct scene *s = *state;
    struct key_row row;
    begin(s);
    assert_int_equal(change(s,
                            &(struct key_change){.set = KEY_SET_NOTE | KEY_SET_LIMITS |
                                                        KEY_SET_TAGS | KEY_SET_EXPIRES,
                                                 .note = STR("x"),
                                                 .expires_ms = 9,
                                                 .tags = STR("a"),
                                                 .limits = STR("{\"per_minute\":5,"
                                                               "\"per_hour\":6}")},
                            &row),
                     0);
    assert_int_equal(
        change(s,
               &(struct key_change){.set = KEY_SET_LIMITS,
                                    .limits = STR("{\"per_minute\":null}")},
               &row),
        0);
    assert_true(str_eq(row.limits, STR("{\"per_hour\":6}"))); /* merged */
    assert_int_equal(change(s,
                            &(struct key_change){.set = KEY_SET_NOTE | KEY_SET_LIMITS |
                                                        KEY_SET_TAGS | KEY_SET_EXPIRES |
                                                        KEY_SET_SCOPES,
                                                 .scopes = SCOPE_ALL,
                                                 .limits = STR("null")},
                            &row),
                     0);
    assert_int_equal(row.note.n + row.limits.n + row.tags.n, 0);
    assert_int_equal(row.expires_ms, 0);
    assert_string_equal(
        value(s, "SELECT note IS NULL AND limits IS NULL AND tags IS NULL"
                 " AND scopes IS NULL AND expires_at IS NULL FROM api_key"),
        "1");
}

static void a_key_that_is_not_there_is_told(void **state)
{
    struct scene *s = *state;
    struct key_row row, made;
    int64_t at;
    begin(s);
    assert_int_equal(key_write_change(s->db, STR("key_9"),
                                      &(struct key_change){.set = 0}, 1, STR("bob"),
                                      &s->arena, &row),
                     ERR_NOT_FOUND);
    assert_int_equal(rotate(s, "key_9", 2, 0, 1, &row, &made), ERR_NOT_FOUND);
    assert_int_equal(key_write_revoke(s->db, STR("key_9"), STR(""), 1, STR("bob"), &at),
                     ERR_NOT_FOUND);
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), "2");
}

static void tags_that_came_with_it_are_told(void **state)
{
    struct scene *s = *state;
    struct key row = key_row(&acme, 2);
    const struct str tags = STR("beta partner");
    begin(s);
    atomic_init(&row.tags, &tags);
    assert_int_equal(key_write_add(s->db, &row, STR("n"), 2, STR("mia")), 0);
    assert_string_equal(told(s),
                        "api_key.create mia key_0002 {\"label\":\"front desk\","
                        "\"last4\":\"0002\",\"changed\":{\"tags\":[\"beta\","
                        "\"partner\"]}}");
}

/* ---- rotating ---- */

static void a_successor_has_all_but_the_key_itself(void **state)
{
    struct scene *s = *state;
    struct key_row row, old, made;
    begin(s);
    assert_int_equal(change(s,
                            &(struct key_change){.set = KEY_SET_NOTE | KEY_SET_SCOPES |
                                                        KEY_SET_LIMITS | KEY_SET_TAGS,
                                                 .note = STR("by the door"),
                                                 .scopes = SCOPE_SERVICES_READ,
                                                 .limits = STR("{\"per_minute\":5}"),
                                                 .tags = STR("a b")},
                            &row),
                     0);
    assert_int_equal(rotate(s, "key_0001", 2, 500, 4000, &old, &made), 0);
    assert_int_equal(old.expires_ms, 4500);
    assert_true(str_eq(old.rotated_to, STR("key_0002")));
    assert_true(old.version > row.version);
    assert_true(str_eq(made.rotated_from, STR("key_0001")));
    assert_true(str_eq(made.family, STR("key_0001")));
    assert_true(str_eq(made.label, STR("front desk")));
    assert_true(str_eq(made.note, STR("by the door")));
    assert_true(str_eq(made.tags, STR("a b")));
    assert_true(str_eq(made.limits, STR("{\"per_minute\":5}")));
    assert_true(str_eq(made.created_by, STR("bob")));
    assert_int_equal(made.scopes, SCOPE_SERVICES_READ);
    assert_int_equal(made.created_ms, 4000);
    assert_int_equal(made.expires_ms, 0);
    assert_string_equal(told(s),
                        "api_key.rotate bob key_0001 {\"label\":\"front desk\","
                        "\"last4\":\"0001\",\"rotated_to\":\"key_0002\"}");
    assert_int_equal(rotate(s, "key_0002", 3, 0, 5000, &old, &made), 0);
    assert_true(str_eq(made.family, STR("key_0001"))); /* of the whole line */
}

static void a_grace_is_never_beyond_what_was_agreed(void **state)
{
    struct scene *s = *state;
    struct key_row row, old, made;
    begin(s);
    assert_int_equal(
        change(s, &(struct key_change){.set = KEY_SET_EXPIRES, .expires_ms = 4100},
               &row),
        0);
    assert_int_equal(rotate(s, "key_0001", 2, 500, 4000, &old, &made), 0);
    assert_int_equal(old.expires_ms, 4100);
    assert_int_equal(made.expires_ms, 4100);
    struct key_change c = {.set = KEY_SET_EXPIRES, .expires_ms = 4101};
    assert_int_equal(change(s, &c, &row), ERR_DENIED);
    c.expires_ms = 0; /* never */
    assert_int_equal(change(s, &c, &row), ERR_DENIED);
    c.expires_ms = 4050;
    assert_int_equal(change(s, &c, &row), 0);
    assert_int_equal(row.expires_ms, 4050);
}

static void what_cannot_be_rotated_is_not(void **state)
{
    struct scene *s = *state;
    struct key_row old, made;
    int64_t at;
    begin(s);
    assert_int_equal(add_key(s, &acme, 2), 0);
    assert_int_equal(rotate(s, "key_0001", 2, 0, 4000, &old, &made), ERR_EXISTS);
    assert_int_equal(rotate(s, "key_0001", 3, 100, 4000, &old, &made), 0);
    assert_int_equal(rotate(s, "key_0001", 4, 0, 4050, &old, &made), ERR_BUSY);
    assert_true(str_eq(old.rotated_to, STR("key_0003")));
    assert_int_equal(
        key_write_revoke(s->db, STR("key_0002"), STR("lost"), 4000, STR("bob"), &at),
        0);
    assert_int_equal(rotate(s, "key_0002", 5, 0, 4000, &old, &made), ERR_DENIED);
    struct key_row row;
    assert_int_equal(key_write_change(s->db, STR("key_0003"),
                                      &(struct key_change){.set = KEY_SET_EXPIRES,
                                                           .expires_ms = 5000},
                                      1, STR("bob"), &s->arena, &row),
                     0);
    assert_int_equal(rotate(s, "key_0003", 6, 0, 5000, &old, &made), ERR_DENIED);
    assert_string_equal(value(s, "SELECT count(*) FROM api_key"), "3");
}

/* ---- faults ---- */

static void what_has_no_room_leaves_nothing(void **state)
{
    struct scene *s = *state;
    struct key_row row, made;
    struct key next = key_row(&acme, 2);
    int64_t at;
    begin(s);
    NO_ROOM(s, key_write_add(s->db, &next, STR(""), 1, STR("bob")));
    NO_ROOM(s, change(s, &(struct key_change){.set = KEY_SET_LABEL, .label = STR("x")},
                      &row));
    NO_ROOM(s, rotate(s, "key_0001", 2, 0, 1, &row, &made));
    NO_ROOM(s, key_write_revoke(s->db, STR("key_0001"), STR(""), 1, STR("bob"), &at));
    assert_string_equal(value(s,
                              "SELECT count(*) || label || coalesce(revoked_at, '-') ||"
                              " coalesce(expires_at, '-') FROM api_key"),
                        "1front desk--");
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(what_is_not_named_stays),
        SCENE(what_is_named_goes_with_nothing),
        SCENE(a_key_that_is_not_there_is_told),
        SCENE(tags_that_came_with_it_are_told),
        SCENE(a_successor_has_all_but_the_key_itself),
        SCENE(a_grace_is_never_beyond_what_was_agreed),
        SCENE(what_cannot_be_rotated_is_not),
        SCENE(what_has_no_room_leaves_nothing),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
