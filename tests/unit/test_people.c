#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard/people.h"
#include "guard_scene.h"

static const struct deed mia = {STR("mia@acme.test"), 5000};
enum { NOW = 5000, LATE = 9000 };

static struct link link_of(const char *text)
{
    struct link l = {.expires_ms = LATE};
    secret_hash(str_of(text), l.digest);
    return l;
}

/* Invited; the link's text is the id. */
static int add(struct scene *s, const char *id, const char *organization,
               const char *email, enum role role, struct seat *out)
{
    const struct member_row m = {.id = str_of(id),
                                 .organization_id = str_of(organization),
                                 .email = str_of(email),
                                 .role = role};
    struct link l = link_of(id);
    return people_add(s->db, &m, &l, &mia, out);
}

static struct seat active(struct scene *s, const char *id, const char *email,
                          enum role role)
{
    struct seat seat;
    struct link l = link_of(id);
    assert_int_equal(add(s, id, "org_a", email, role, &seat), 0);
    assert_int_equal(
        people_set_up(s->db, l.digest, STR("hash"), str_of(NULL), NOW, &seat), 0);
    return seat;
}

static void enter(struct scene *s, const struct seat *m, int i, int64_t now_ms)
{
    unsigned char digest[DIGEST_BYTES] = {(unsigned char)i, 1};
    assert_int_equal(people_enter(s->db, str_of(m->id), m->version, digest, now_ms), 0);
}

static const char *sessions(struct scene *s)
{
    return value(s, "SELECT coalesce(group_concat(hex(substr(digest, 1, 1)), ' '), '')"
                    " FROM (SELECT digest FROM session ORDER BY created_at)");
}

static const char *told(struct scene *s)
{
    return value(s, "SELECT action || ' ' || actor || ' ' || detail FROM audit"
                    " ORDER BY id DESC LIMIT 1");
}

static int begin(void **state)
{
    if (scene_make(state))
        return -1;
    return add_org(*state, "org_a", "acme");
}

/* ---- members ---- */

static void emails_are_one_persons_until_removed(void **state)
{
    struct scene *s = *state;
    struct seat m;
    struct member_row row;
    assert_int_equal(add(s, "mem_1", "org_a", "ada@x", ROLE_ADMIN, &m), 0);
    assert_string_equal(m.email, "ada@x");
    assert_int_equal(m.role, ROLE_ADMIN);
    assert_false(m.active);
    assert_string_equal(
        told(s),
        "member.create mia@acme.test {\"email\":\"ada@x\",\"role\":\"admin\"}");
    assert_int_equal(add(s, "mem_2", NULL, "ada@x", ROLE_OPERATOR, &m), ERR_EXISTS);
    assert_int_equal(add(s, "mem_2", NULL, "x@x", ROLE_ADMIN, &m), ERR_CONSTRAINT);
    assert_int_equal(add(s, "mem_2", "org_z", "x@x", ROLE_ADMIN, &m), ERR_CONSTRAINT);
    assert_int_equal(people_remove(s->db, STR("mem_1"), &mia, &m), 0);
    assert_int_equal(people_by_email(s->db, STR("ada@x"), &s->arena, &row),
                     ERR_NOT_FOUND);
    assert_int_equal(add(s, "mem_2", NULL, "ada@x", ROLE_OPERATOR, &m), 0);
    assert_string_equal(m.organization_id, "");
    assert_int_equal(people_by_email(s->db, STR("ada@x"), &s->arena, &row), 0);
    assert_true(str_eq(row.id, STR("mem_2")));
    assert_int_equal(people_get(s->db, STR("mem_1"), &s->arena, &row), 0);
    assert_true(str_eq(row.status, STR("removed")));
}

static void a_change_keeps_what_is_not_named(void **state)
{
    struct scene *s = *state;
    struct seat m, was = active(s, "mem_1", "ada@x", ROLE_ADMIN);
    struct member_row row;
    assert_int_equal(
        people_change(s->db, STR("mem_1"), ROLE_NONE, STR("Ada"), &mia, &m), 0);
    assert_int_equal(m.role, ROLE_ADMIN);
    assert_int_equal(m.version, was.version + 1);
    assert_non_null(strstr(told(s), "member.change"));
    assert_int_equal(
        people_change(s->db, STR("mem_1"), ROLE_VIEWER, str_of(NULL), &mia, &m), 0);
    assert_non_null(strstr(told(s), "member.role"));
    assert_int_equal(people_get(s->db, STR("mem_1"), &s->arena, &row), 0);
    assert_true(str_eq(row.name, STR("Ada")));
    assert_int_equal(row.role, ROLE_VIEWER);
    assert_int_equal(
        people_change(s->db, STR("mem_9"), ROLE_VIEWER, STR("x"), &mia, &m),
        ERR_NOT_FOUND);
    assert_int_equal(people_remove(s->db, STR("mem_1"), &mia, &m), 0);
    assert_int_equal(people_change(s->db, STR("mem_1"), ROLE_NONE, STR("x"), &mia, &m),
                     ERR_NOT_FOUND);
    assert_int_equal(people_remove(s->db, STR("mem_1"), &mia, &m), ERR_NOT_FOUND);
    assert_non_null(strstr(told(s), "member.remove"));
}

static void the_last_owner_stays_one(void **state)
{
    struct scene *s = *state;
    struct seat m;
    active(s, "mem_1", "ada@x", ROLE_OWNER);
    assert_int_equal(add(s, "mem_2", "org_a", "bea@x", ROLE_OWNER, &m),
                     0); /* not active */
    assert_int_equal(
        people_change(s->db, STR("mem_1"), ROLE_ADMIN, str_of(NULL), &mia, &m),
        ERR_DENIED);
    assert_int_equal(people_remove(s->db, STR("mem_1"), &mia, &m), ERR_DENIED);
    assert_int_equal(
        people_change(s->db, STR("mem_1"), ROLE_OWNER, STR("Ada"), &mia, &m), 0);
    active(s, "mem_3", "cid@x", ROLE_OWNER);
    assert_int_equal(people_remove(s->db, STR("mem_1"), &mia, &m), 0);
    assert_int_equal(people_remove(s->db, STR("mem_3"), &mia, &m), ERR_DENIED);
}

static void they_are_listed_page_by_page(void **state)
{
    struct scene *s = *state;
    struct member_row *rows;
    struct seat m;
    int n;
    for (int i = 1; i <= 4; i++) {
        char id[16], email[16];
        snprintf(id, sizeof(id), "mem_%d", i);
        snprintf(email, sizeof(email), "m%d@x", i);
        assert_int_equal(add(s, id, "org_a", email, ROLE_VIEWER, &m), 0);
    }
    assert_int_equal(add(s, "mem_5", NULL, "op@x", ROLE_OPERATOR, &m), 0);
    assert_int_equal(people_remove(s->db, STR("mem_2"), &mia, &m), 0);
    assert_int_equal(people_list(s->db, STR("org_a"), STR(""), 2, &s->arena, &rows, &n),
                     0);
    assert_int_equal(n, 2);
    assert_true(str_eq(rows[1].id, STR("mem_3")));
    assert_int_equal(
        people_list(s->db, STR("org_a"), STR("mem_3"), 2, &s->arena, &rows, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(people_list(s->db, STR(""), STR(""), 9, &s->arena, &rows, &n), 0);
    assert_int_equal(n, 1); /* the operators */
    assert_true(str_eq(rows[0].email, STR("op@x")));
    assert_int_equal(
        people_list(s->db, STR("org_a"), STR(""), -1, &s->arena, &rows, &n), 0);
    assert_int_equal(n, 0);
}

/* ---- links and passwords ---- */

static void a_link_works_once_and_in_time(void **state)
{
    struct scene *s = *state;
    struct seat m;
    struct member_row row;
    struct link first = link_of("mem_1"), second = link_of("second");
    assert_int_equal(add(s, "mem_1", "org_a", "ada@x", ROLE_ADMIN, &m), 0);
    assert_int_equal(people_by_link(s->db, first.digest, LATE - 1, &s->arena, &row), 0);
    assert_int_equal(people_by_link(s->db, first.digest, LATE, &s->arena, &row),
                     ERR_NOT_FOUND);
    assert_int_equal(people_set_up(s->db, first.digest, STR("h"), STR("n"), LATE, &m),
                     ERR_NOT_FOUND);
    assert_int_equal(people_link(s->db, STR("mem_1"), &second, &mia, &m), 0);
    assert_int_equal(people_set_up(s->db, first.digest, STR("h"), STR("n"), NOW, &m),
                     ERR_NOT_FOUND); /* replaced */
    assert_int_equal(people_set_up(s->db, second.digest, STR("h"), STR("Ada"), NOW, &m),
                     0);
    assert_true(m.active);
    assert_string_equal(told(s),
                        "member.set_up ada@x {\"email\":\"ada@x\",\"role\":\"admin\"}");
    assert_int_equal(people_set_up(s->db, second.digest, STR("h2"), STR("n"), NOW, &m),
                     ERR_NOT_FOUND);
    assert_int_equal(people_get(s->db, STR("mem_1"), &s->arena, &row), 0);
    assert_true(str_eq(row.password, STR("h")));
    assert_true(str_eq(row.name, STR("Ada")));
    assert_int_equal(row.link_expires_ms, 0);
    assert_int_equal(people_link(s->db, STR("mem_9"), &second, &mia, &m),
                     ERR_NOT_FOUND);
}

static void a_new_password_ends_the_other_sessions(void **state)
{
    struct scene *s = *state;
    struct seat m = active(s, "mem_1", "ada@x", ROLE_ADMIN), after;
    struct seat other = active(s, "mem_2", "bea@x", ROLE_ADMIN);
    const unsigned char keep[DIGEST_BYTES] = {2, 1};
    for (int i = 1; i <= 3; i++)
        enter(s, &m, i, NOW + i);
    enter(s, &other, 4, NOW + 4);
    assert_int_equal(people_password(s->db, STR("mem_1"), m.version - 1, STR("h2"),
                                     keep, &mia, &after),
                     ERR_DENIED); /* changed since it was looked at */
    assert_int_equal(
        people_password(s->db, STR("mem_1"), m.version, STR("h2"), keep, &mia, &after),
        0);
    assert_string_equal(sessions(s), "02 04");
    assert_int_equal(after.version, m.version + 1);
    assert_int_equal(
        people_password(s->db, STR("mem_9"), 1, STR("h"), keep, &mia, &after),
        ERR_NOT_FOUND);
}

/* ---- sessions ---- */

static void a_session_begins_for_who_is_still_the_same(void **state)
{
    struct scene *s = *state;
    struct seat m = active(s, "mem_1", "ada@x", ROLE_ADMIN), invited;
    const unsigned char digest[DIGEST_BYTES] = {9};
    assert_int_equal(people_enter(s->db, STR("mem_1"), m.version + 1, digest, NOW),
                     ERR_DENIED);
    assert_int_equal(people_enter(s->db, STR("mem_9"), 1, digest, NOW), ERR_NOT_FOUND);
    assert_int_equal(add(s, "mem_2", "org_a", "bea@x", ROLE_ADMIN, &invited), 0);
    assert_int_equal(people_enter(s->db, STR("mem_2"), invited.version, digest, NOW),
                     ERR_DENIED);
    assert_string_equal(sessions(s), "");
    for (int i = 1; i <= SESSIONS_EACH + 2; i++)
        enter(s, &m, i, NOW + i);
    assert_string_equal(value(s, "SELECT count(*) || min(created_at) FROM session"),
                        "205003"); /* the oldest made room */
    assert_non_null(strstr(told(s), "session.begin ada@x"));
}

static void sessions_end_one_by_one_and_all_together(void **state)
{
    struct scene *s = *state;
    struct seat m = active(s, "mem_1", "ada@x", ROLE_ADMIN);
    struct seat gone = active(s, "mem_2", "bea@x", ROLE_ADMIN);
    const unsigned char first[DIGEST_BYTES] = {1, 1};
    for (int i = 1; i <= 3; i++)
        enter(s, &m, i, NOW + i);
    enter(s, &gone, 7, NOW + 7);
    assert_int_equal(people_leave(s->db, first, &mia), 0);
    assert_string_equal(sessions(s), "02 03 07");
    const char *last = told(s);
    assert_non_null(strstr(last, "session.end "));
    assert_int_equal(people_leave(s->db, first, &mia),
                     0); /* twice is fine, and untold */
    assert_string_equal(
        value(s, "SELECT count(*) FROM audit WHERE action = 'session.end'"), "1");
    assert_int_equal(people_leave_all(s->db, STR("mem_1"), &mia), 0);
    assert_string_equal(sessions(s), "07");
    assert_int_equal(people_remove(s->db, STR("mem_2"), &mia, &gone), 0);
    assert_string_equal(sessions(s), "");
    assert_int_equal(people_leave_all(s->db, STR("mem_9"), &mia), ERR_NOT_FOUND);
}

static void what_is_long_over_is_swept_and_the_rest_is_loaded(void **state)
{
    struct scene *s = *state;
    struct seat m = active(s, "mem_1", "ada@x", ROLE_ADMIN);
    struct sessions *all = sessions_new();
    struct caller c;
    const int64_t week = SESSION_LIFE_MS, now = NOW + week;
    unsigned char digest[DIGEST_BYTES] = {0, 1};
    enter(s, &m, 1, NOW);                          /* a week old */
    enter(s, &m, 2, now - SESSION_IDLE_MS);        /* idle for twelve hours */
    enter(s, &m, 3, now - SESSION_IDLE_MS - 1000); /* and this one was seen since */
    digest[0] = 3;
    assert_int_equal(people_seen(s->db, digest, now - 1), 0);
    assert_int_equal(people_load(s->db, all, now), 0);
    assert_string_equal(sessions(s), "03");
    assert_true(sessions_find(all, digest, now, &s->arena, &c));
    assert_string_equal(c.id, "mem_1");
    assert_int_equal(c.role, ROLE_ADMIN);
    digest[0] = 2;
    assert_false(sessions_find(all, digest, now, &s->arena, &c));
    assert_int_equal(sessions_count(all), 1);
    sessions_free(all);
}

/* ---- faults ---- */

static void what_has_no_room_leaves_nothing(void **state)
{
    struct scene *s = *state;
    struct seat m = active(s, "mem_1", "ada@x", ROLE_ADMIN), out;
    const unsigned char first[DIGEST_BYTES] = {1, 1}, digest[DIGEST_BYTES] = {8};
    struct link l = link_of("new");
    enter(s, &m, 1, NOW);
    const char *before = value(s, "SELECT count(*) FROM audit");
    NO_ROOM(s, add(s, "mem_2", "org_a", "bea@x", ROLE_ADMIN, &out));
    NO_ROOM(s, people_change(s->db, STR("mem_1"), ROLE_VIEWER, STR("x"), &mia, &out));
    NO_ROOM(s, people_link(s->db, STR("mem_1"), &l, &mia, &out));
    NO_ROOM(s, people_password(s->db, STR("mem_1"), m.version, STR("h2"), digest, &mia,
                               &out));
    NO_ROOM(s, people_enter(s->db, STR("mem_1"), m.version, digest, NOW));
    NO_ROOM(s, people_leave(s->db, first, &mia));
    NO_ROOM(s, people_remove(s->db, STR("mem_1"), &mia, &out));
    assert_string_equal(sessions(s), "01");
    assert_string_equal(value(s,
                              "SELECT count(*) || role || status || password || version"
                              " FROM member"),
                        "1adminactivehash2");
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), before);
}

#define PEOPLE(test) cmocka_unit_test_setup_teardown(test, begin, scene_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEOPLE(emails_are_one_persons_until_removed),
        PEOPLE(a_change_keeps_what_is_not_named),
        PEOPLE(the_last_owner_stays_one),
        PEOPLE(they_are_listed_page_by_page),
        PEOPLE(a_link_works_once_and_in_time),
        PEOPLE(a_new_password_ends_the_other_sessions),
        PEOPLE(a_session_begins_for_who_is_still_the_same),
        PEOPLE(sessions_end_one_by_one_and_all_together),
        PEOPLE(what_is_long_over_is_swept_and_the_rest_is_loaded),
        PEOPLE(what_has_no_room_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
