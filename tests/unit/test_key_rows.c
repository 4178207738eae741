#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard_scene.h"

static struct org acme = {.id = "org_a"}, beta = {.id = "org_b"};

static void labelled(struct scene *s, struct org *o, int i, const char *label,
                     const char *actor)
{
    struct str text = str_of(label);
    struct key row = key_row(o, i);
    atomic_init(&row.label, &text);
    assert_int_equal(key_write_add(s->db, &row, STR(""), i, str_of(actor)), 0);
}

static void begin(struct scene *s)
{
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_org(s, "org_b", "beta"), 0);
    labelled(s, &acme, 1, "Front Desk", "mia");
    labelled(s, &acme, 2, "till 0001", "bob");
    labelled(s, &acme, 3, "50% off_x", "bob");
    labelled(s, &beta, 4, "Front Desk", "mia");
}

/* The last digits of what is found, in its order. */
static void finds(struct scene *s, struct key_filter f, const char *digits)
{
    struct key_row *rows;
    char seen[20];
    int n;
    f.organization_id = f.organization_id.n ? f.organization_id : STR("org_a");
    f.max = f.max ? f.max : 10;
    assert_int_equal(key_rows_list(s->db, &f, &s->arena, &rows, &n), 0);
    for (int i = 0; i < n; i++)
        seen[i] = rows[i].id.p[rows[i].id.n - 1];
    seen[n] = '\0';
    assert_string_equal(seen, digits);
}

static void keys_are_found_by_label_last_four_and_maker(void **state)
{
    struct scene *s = *state;
    begin(s);
    finds(s, (struct key_filter){.max = 10}, "321");
    finds(s, (struct key_filter){.q = STR("DESK")}, "1");
    finds(s, (struct key_filter){.q = STR("0001")}, "21"); /* last 4, or in a label */
    finds(s, (struct key_filter){.q = STR("001")}, "2"); /* a part of last 4 is none */
    finds(s, (struct key_filter){.q = STR("%")}, "3");
    finds(s, (struct key_filter){.q = STR("_")}, "3");
    finds(s, (struct key_filter){.q = STR("' OR 1 --")}, "");
    finds(s, (struct key_filter){.created_by = STR("bob")}, "32");
    finds(s, (struct key_filter){.created_by = STR("bob"), .q = STR("till")}, "2");
    finds(s, (struct key_filter){.created_by = STR("bo")}, "");
    finds(s, (struct key_filter){.cursor = STR("key_0003")}, "21");
    finds(s, (struct key_filter){.cursor = STR("key_0003"), .created_by = STR("mia")},
          "1");
    finds(s, (struct key_filter){.organization_id = STR("org_b")}, "4");
    finds(s, (struct key_filter){.organization_id = STR("org_c")}, "");
    finds(s, (struct key_filter){.max = 2}, "32");
    finds(s, (struct key_filter){.max = -1}, "");
}

static void rotate(struct scene *s, const char *id, int next, int64_t now_ms)
{
    struct key row = key_row(&acme, next);
    struct key_row old, made;
    assert_int_equal(key_write_rotate(s->db, str_of(id), &row, 1000, now_ms, STR("bob"),
                                      &s->arena, &old, &made),
                     0);
}

static void a_line_goes_on_with_its_newest(void **state)
{
    struct scene *s = *state;
    struct key_row row;
    begin(s);
    assert_int_equal(key_rows_newest(s->db, STR("key_0001"), &s->arena, &row), 0);
    assert_true(str_eq(row.id, STR("key_0001")));
    rotate(s, "key_0001", 9, 5000); /* of later ids the older one */
    rotate(s, "key_0009", 8, 5000);
    for (int i = 0; i < 2; i++) {
        const char *from = i ? "key_0009" : "key_0001";
        assert_int_equal(key_rows_newest(s->db, str_of(from), &s->arena, &row), 0);
        assert_true(str_eq(row.id, STR("key_0008")));
    }
    assert_int_equal(key_rows_newest(s->db, STR("key_0007"), &s->arena, &row),
                     ERR_NOT_FOUND);
}

/* The last digits of those made until then. */
static const char *old(struct scene *s, int64_t made_ms, int64_t now_ms, int max)
{
    static char seen[20];
    struct key_row *rows;
    int n;
    assert_int_equal(
        key_rows_old(s->db, STR("org_a"), made_ms, now_ms, max, &s->arena, &rows, &n),
        0);
    for (int i = 0; i < n; i++)
        seen[i] = rows[i].id.p[rows[i].id.n - 1];
    seen[n] = '\0';
    return seen;
}

static void old_are_those_that_are_good_and_not_for_development(void **state)
{
    struct scene *s = *state;
    struct key row = key_row(&acme, 5);
    int64_t at;
    begin(s); /* made at 2001, 2002, 2003 */
    row.environment = ENV_DEVELOPMENT;
    assert_int_equal(key_write_add(s->db, &row, STR(""), 5, STR("mia")), 0);
    row = key_row(&acme, 6);
    row.not_before_ms = 7000;
    atomic_init(&row.expires_ms, 8000);
    assert_int_equal(key_write_add(s->db, &row, STR(""), 6, STR("mia")), 0);
    assert_string_equal(old(s, 2002, 3000, 10), "12");
    assert_string_equal(old(s, 2000, 3000, 10), "");
    assert_string_equal(old(s, 9000, 3000, 2), "12");
    assert_string_equal(old(s, 9000, 6999, 10), "123");
    assert_string_equal(old(s, 9000, 7000, 10), "1236");
    assert_string_equal(old(s, 9000, 8000, 10), "123");
    assert_int_equal(
        key_write_revoke(s->db, STR("key_0002"), STR(""), 3000, STR("mia"), &at), 0);
    assert_string_equal(old(s, 9000, 8000, 10), "13");
}

static void one_is_got_by_its_whole_id(void **state)
{
    struct scene *s = *state;
    struct key_row row;
    begin(s);
    assert_int_equal(key_rows_get(s->db, STR("key_0001"), &s->arena, &row), 0);
    assert_true(str_eq(row.label, STR("Front Desk")));
    assert_int_equal(row.scopes, SCOPE_ALL);
    assert_int_equal(row.tags.n + row.limits.n + row.family.n, 0);
    assert_int_equal(key_rows_get(s->db, STR("key_000"), &s->arena, &row),
                     ERR_NOT_FOUND);
    assert_int_equal(key_rows_get(s->db, STR("0001"), &s->arena, &row), ERR_NOT_FOUND);
    assert_int_equal(db_exec(s->db, "ALTER TABLE api_key RENAME TO away"), 0);
    assert_int_equal(key_rows_get(s->db, STR("key_0001"), &s->arena, &row),
                     ERR_INVALID);
}

/* ---- into the ring ---- */

static struct key_row a_row(int64_t version)
{
    return (struct key_row){.label = STR("till"),
                            .tags = STR("a b"),
                            .limits = STR("{\"per_minute\":7,\"reason\":\"why\"}"),
                            .environment = ENV_DEVELOPMENT,
                            .scopes = SCOPE_SERVICES_READ,
                            .created_ms = 5,
                            .not_before_ms = 6,
                            .expires_ms = 7,
                            .version = version};
}

static void is_a_row(const struct key *k)
{
    const struct override *limits = keyring_now(k->limits);
    assert_true(str_eq(keyring_label(k), STR("till")));
    assert_true(str_eq(keyring_tags(k), STR("a b")));
    assert_int_equal(keyring_now(k->scopes), SCOPE_SERVICES_READ);
    assert_int_equal(keyring_now(k->expires_ms), 7);
    assert_int_equal(limits->limit[LIMIT_MINUTE], 7);
    assert_true(str_eq(limits->reason, STR("why")));
}

static void a_row_is_published_and_an_older_one_passed_over(void **state)
{
    struct scene *s = *state;
    begin(s);
    load_again(s);
    struct key *k = keyring_key(s->r, STR("key_0001"));
    struct key_row row = a_row(10), late = {.label = STR("late"), .version = 9};
    uint32_t inputs = atomic_load(&k->inputs);
    key_rows_publish(s->r, k, &row);
    is_a_row(k);
    assert_int_equal(atomic_load(&k->inputs), inputs + 1);
    key_rows_publish(s->r, k, &late);
    is_a_row(k);
    row.version = 11;
    row.tags = STR("a");
    key_rows_publish(s->r, k, &row);
    assert_int_equal(atomic_load(&k->inputs),
                     inputs + 2); /* policies are asked again */
    row = (struct key_row){.label = STR("till"), .version = 12};
    key_rows_publish(s->r, k, &row);
    assert_null(keyring_now(k->limits));
    assert_int_equal(keyring_tags(k).n, 0);
}

static void a_row_is_staged_as_a_record(void **state)
{
    struct scene *s = *state;
    begin(s);
    load_again(s);
    const struct key_row row = a_row(0);
    struct key_published p;
    struct key record = key_row(keyring_org(s->r, STR("org_a")), 9), *made;
    key_rows_stage(&row, &p, &record);
    assert_int_equal(keyring_add_key(s->r, &record, &made), 0);
    key_rows_unstage(&p);
    is_a_row(made); /* nothing of it pointed into what is gone now */
    assert_int_equal(made->environment, ENV_DEVELOPMENT);
    assert_int_equal(made->created_ms, 5);
    assert_int_equal(made->not_before_ms, 6);
}

static void what_was_written_is_loaded(void **state)
{
    struct scene *s = *state;
    struct key_row row;
    begin(s);
    const struct key_change c = {.set = KEY_SET_TAGS | KEY_SET_LIMITS | KEY_SET_SCOPES |
                                        KEY_SET_LABEL | KEY_SET_EXPIRES,
                                 .label = STR("till"),
                                 .tags = STR("a b"),
                                 .scopes = SCOPE_SERVICES_READ,
                                 .expires_ms = 7,
                                 .limits =
                                     STR("{\"per_minute\":7,\"reason\":\"why\"}")};
    assert_int_equal(
        key_write_change(s->db, STR("key_0001"), &c, 1, STR("bob"), &s->arena, &row),
        0);
    load_again(s);
    is_a_row(keyring_key(s->r, STR("key_0001")));
    assert_int_equal(keyring_tags(keyring_key(s->r, STR("key_0002"))).n, 0);
}

static void a_row_that_is_none_stops_the_start(void **state)
{
    struct scene *s = *state;
    begin(s);
    assert_int_equal(
        db_exec(s->db,
                "INSERT INTO api_key (id, organization_id, digest, last4, created_at)"
                " VALUES ('key_0123456789012345678901234567890123456789', 'org_a',"
                " randomblob(32), 'zzzz', 1)"),
        0);
    keyring_free(s->r);
    s->r = keyring_new();
    assert_int_equal(registry_load(s->db, s->r, NULL), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(keys_are_found_by_label_last_four_and_maker),
        SCENE(a_line_goes_on_with_its_newest),
        SCENE(old_are_those_that_are_good_and_not_for_development),
        SCENE(one_is_got_by_its_whole_id),
        SCENE(a_row_is_published_and_an_older_one_passed_over),
        SCENE(a_row_is_staged_as_a_record),
        SCENE(what_was_written_is_loaded),
        SCENE(a_row_that_is_none_stops_the_start),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
