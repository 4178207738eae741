#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "guard_scene.h"

static int list(struct scene *s, struct str cursor, int max, struct key_row **rows,
                int *n)
{
    const struct key_filter f = {
        .organization_id = STR("org_a"), .cursor = cursor, .max = max};
    return key_rows_list(s->db, &f, &s->arena, rows, n);
}

static void what_was_added_is_loaded(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"}, *org;
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_org(s, "org_b", "beta"), 0);
    struct key row = key_row(&a, 1), *k;
    row.environment = ENV_DEVELOPMENT;
    row.scopes = SCOPE_BOOKINGS_READ | SCOPE_WEBHOOKS_WRITE;
    row.not_before_ms = 5;
    row.expires_ms = 6;
    assert_int_equal(key_write_add(s->db, &row, STR(""), 2001, STR("mia")), 0);
    assert_int_equal(add_key(s, &a, 2), 0);
    load_again(s);
    org = keyring_org(s->r, STR("org_a"));
    assert_non_null(org);
    assert_true(str_eq(keyring_name(org), STR("Ac\"me")));
    assert_true(str_eq(keyring_plan(org), STR("")));
    assert_ptr_equal(org, keyring_org_by_slug(s->r, STR("acme")));
    assert_false(atomic_load(&org->suspended));
    assert_int_equal(keyring_count(s->r), 2);
    k = keyring_find(s->r, row.digest);
    assert_non_null(k);
    assert_ptr_equal(k->org, org);
    assert_string_equal(k->id, "key_0001");
    assert_string_equal(k->last4, "0001");
    assert_true(str_eq(keyring_label(k), STR("front desk")));
    assert_int_equal(k->environment, ENV_DEVELOPMENT);
    assert_int_equal(k->scopes, SCOPE_BOOKINGS_READ | SCOPE_WEBHOOKS_WRITE);
    assert_int_equal(k->created_ms, 2001);
    assert_int_equal(k->not_before_ms, 5);
    assert_int_equal(k->expires_ms, 6);
    assert_int_equal(atomic_load(&k->state), KEY_ACTIVE);
    assert_int_equal(atomic_load(&k->last_used_ms), 0);
    k = keyring_key(s->r, STR("key_0002"));
    assert_int_equal(k->scopes, SCOPE_ALL);
    assert_int_equal(k->environment, ENV_NONE);
    assert_int_equal(k->expires_ms, 0);
}

static void a_suspended_organization_is_loaded_as_such(void **state)
{
    struct scene *s = *state;
    struct org row = {
        .id = "org_a", .slug = STR("acme"), .name = &STR("Acme"), .plan = &STR("gold")};
    atomic_store(&row.suspended, true);
    assert_int_equal(org_rows_add(s->db, &row, 1, STR("operator")), 0);
    load_again(s);
    assert_true(atomic_load(&keyring_org(s->r, STR("org_a"))->suspended));
    assert_true(str_eq(keyring_plan(keyring_org(s->r, STR("org_a"))), STR("gold")));
}

static void names_that_are_taken_are_told(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"}, b = {.id = "org_b"}, none = {.id = "org_none"};
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_org(s, "org_b", "acme"), ERR_EXISTS);
    assert_int_equal(add_org(s, "org_a", "another"), ERR_EXISTS);
    assert_int_equal(add_org(s, "org_b", "beta"), 0);
    assert_int_equal(add_key(s, &a, 1), 0);
    struct key row = key_row(&a, 2);
    memcpy(row.last4, "0001", LAST4);
    assert_int_equal(key_write_add(s->db, &row, STR(""), 1, STR("x")), ERR_EXISTS);
    row.org = &b; /* the same last 4 in another organization is fine */
    assert_int_equal(key_write_add(s->db, &row, STR(""), 1, STR("x")), 0);
    row = key_row(&b, 3);
    secret_hash(STR("key_0001"), row.digest);
    assert_int_equal(key_write_add(s->db, &row, STR(""), 1, STR("x")), ERR_EXISTS);
    row = key_row(&none, 4);
    assert_int_equal(key_write_add(s->db, &row, STR(""), 1, STR("x")), ERR_CONSTRAINT);
    assert_string_equal(value(s, "SELECT count(*) FROM api_key"), "2");
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), "4");
}

static void a_revocation_is_final(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"};
    struct key row = key_row(&a, 1);
    int64_t at = -1;
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_key(s, &a, 1), 0);
    assert_int_equal(
        key_write_revoke(s->db, STR("key_9"), STR("r"), 5000, STR("m"), &at),
        ERR_NOT_FOUND);
    assert_int_equal(
        key_write_revoke(s->db, STR("key_0001"), STR("le\"ak"), 5000, STR("mia"), &at),
        0);
    assert_int_equal(at, 5000);
    at = 0;
    assert_int_equal(
        key_write_revoke(s->db, STR("key_0001"), STR("more"), 6000, STR("bob"), &at),
        0);
    assert_int_equal(at, 5000);
    assert_string_equal(
        value(s, "SELECT count(*) FROM audit WHERE action = 'api_key.revoke'"), "1");
    assert_string_equal(value(s,
                              "SELECT json_extract(detail, '$.reason') FROM audit"
                              " WHERE action = 'api_key.revoke' AND object = 'key_0001'"
                              " AND organization_id = 'org_a' AND actor = 'mia'"),
                        "le\"ak");
    load_again(s);
    assert_int_equal(atomic_load(&keyring_find(s->r, row.digest)->state), KEY_REVOKED);
    assert_int_equal(db_exec(s->db, "UPDATE api_key SET revoked_at = NULL"),
                     ERR_CONSTRAINT);
    assert_int_equal(db_exec(s->db, "DELETE FROM api_key"), ERR_CONSTRAINT);
    assert_int_equal(db_exec(s->db, "UPDATE api_key SET digest = zeroblob(32)"),
                     ERR_CONSTRAINT);
    assert_int_equal(db_exec(s->db, "UPDATE api_key SET note = 'fine', label = 'new'"),
                     0);
}

static void the_audit_only_grows(void **state)
{
    struct scene *s = *state;
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_string_equal(
        value(s, "SELECT at || actor || action || organization_id || object"
                 " || json_extract(detail, '$.name') FROM audit"),
        "1000operatororganization.createorg_aorg_aAc\"me");
    assert_int_equal(db_exec(s->db, "UPDATE audit SET actor = 'nobody'"),
                     ERR_CONSTRAINT);
    assert_int_equal(db_exec(s->db, "DELETE FROM audit"), ERR_CONSTRAINT);
    assert_int_equal(db_exec(s->db,
                             "INSERT OR REPLACE INTO audit (id, at, actor, action)"
                             " VALUES (1, 1, 'x', 'y')"),
                     ERR_CONSTRAINT);
    assert_int_equal(db_exec(s->db, "REPLACE INTO audit (at, actor, action)"
                                    " VALUES (1, 'x', 'y')"),
                     0);
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), "2");
    assert_string_equal(value(s, "SELECT actor FROM audit WHERE id = 1"), "operator");
}

static void another_pepper_is_noticed(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"};
    assert_int_equal(registry_check_pepper(s->db, &s->p), 0);
    assert_int_equal(registry_check_pepper(s->db, &s->p), 0);
    struct pepper other = s->p;
    other.hash_key[9] ^= 1;
    assert_int_equal(registry_check_pepper(s->db, &other), ERR_DENIED);
    other = s->p;
    other.box_key[9] ^= 1;
    assert_int_equal(registry_check_pepper(s->db, &other), ERR_DENIED);
    assert_int_equal(registry_check_pepper(s->db, &s->p), 0);
    assert_int_equal(db_exec(s->db, "DELETE FROM setting"), 0);
    assert_int_equal(registry_check_pepper(s->db, &s->p), 0);
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_key(s, &a, 1), 0);
    assert_int_equal(db_exec(s->db, "DELETE FROM setting"), 0);
    assert_int_equal(registry_check_pepper(s->db, &s->p), ERR_DENIED);
}

static void the_list_is_paged_newest_first(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"}, b = {.id = "org_b"};
    struct key_row *rows;
    struct str cursor = STR("");
    int n, seen = 25;
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_org(s, "org_b", "beta"), 0);
    for (int i = 0; i < 25; i++)
        assert_int_equal(add_key(s, &a, i), 0);
    assert_int_equal(add_key(s, &b, 99), 0);
    do {
        assert_int_equal(list(s, cursor, 10, &rows, &n), 0);
        for (int i = 0; i < n; i++) {
            char id[ID_MAX];
            snprintf(id, sizeof(id), "key_%04d", --seen);
            assert_true(str_eq(rows[i].id, str_of(id)));
        }
        if (n)
            cursor = rows[n - 1].id;
    } while (n == 10);
    assert_int_equal(seen, 0);
    assert_int_equal(
        key_rows_list(s->db,
                      &(struct key_filter){.organization_id = STR("org_x"), .max = 10},
                      &s->arena, &rows, &n),
        0);
    assert_int_equal(n, 0);
}

static void the_list_shows_all_but_the_digest(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"};
    struct key_row *rows;
    int n;
    int64_t at;
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    struct key row = key_row(&a, 7);
    row.environment = ENV_PRODUCTION;
    row.scopes = SCOPE_SERVICES_READ;
    row.expires_ms = 9000;
    assert_int_equal(key_write_add(s->db, &row, STR(""), 2007, STR("mia")), 0);
    assert_int_equal(list(s, STR(""), 1, &rows, &n), 0);
    assert_int_equal(n, 1);
    assert_false(rows->revoked);
    assert_int_equal(
        key_write_revoke(s->db, STR("key_0007"), str_of(NULL), 5000, STR("bob"), &at),
        0);
    assert_int_equal(list(s, STR(""), 5, &rows, &n), 0);
    assert_int_equal(n, 1);
    assert_true(str_eq(rows->id, STR("key_0007")));
    assert_true(str_eq(rows->label, STR("front desk")));
    assert_true(str_eq(rows->last4, STR("0007")));
    assert_true(str_eq(rows->created_by, STR("mia")));
    assert_true(str_eq(rows->revoked_by, STR("bob")));
    assert_int_equal(rows->revoke_reason.n, 0);
    assert_int_equal(rows->note.n, 0);
    assert_int_equal(rows->environment, ENV_PRODUCTION);
    assert_int_equal(rows->scopes, SCOPE_SERVICES_READ);
    assert_int_equal(rows->created_ms, 2007);
    assert_int_equal(rows->expires_ms, 9000);
    assert_int_equal(rows->not_before_ms, 0);
    assert_int_equal(rows->last_used_ms, 0);
    assert_int_equal(rows->revoked_ms, 5000);
    assert_true(rows->revoked);
}

/* Invariant: the text of a key stands nowhere in the store. */
static void no_key_text_is_in_the_file(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"};
    char text[KEY_TEXT + 1], path[320];
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    struct key row = key_row(&a, 1);
    key_make(KEY_LIVE, text);
    secret_digest(&s->p, str_of(text), row.digest);
    memcpy(row.last4, text + KEY_TEXT - LAST4, LAST4);
    assert_int_equal(key_write_add(s->db, &row, STR(""), 1, STR("mia")), 0);
    for (int i = 0; i < 2; i++) {
        struct buf all = {0};
        snprintf(path, sizeof(path), "%s%s", s->at.path, i ? "-wal" : "");
        FILE *f = fopen(path, "rb");
        for (size_t n; f && (n = fread(buf_reserve(&all, 65536), 1, 65536, f)) > 0;)
            all.n += n;
        if (f)
            fclose(f);
        if (all.n) {
            assert_null(memmem(all.p, all.n, text + 10, 8));
            assert_null(memmem(all.p, all.n, "kord_", 5));
        }
        buf_end(&all);
    }
}

/* Each key and organization has a ring of its own, and the same one at the next start.
 */
static void rings_follow_the_ids(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"};
    const struct limit_boot boot = {.id = "boot", .now = {1700000000000, 5000}};
    struct limits *l;
    char path[320];
    uint32_t ring[3];
    snprintf(path, sizeof(path), "%s/limits", s->at.dir);
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_key(s, &a, 1), 0);
    assert_int_equal(add_key(s, &a, 2), 0);
    assert_int_equal(limits_open(&l, path, &boot, &s->why), 0);
    assert_int_equal(registry_load(s->db, s->r, l), 0);
    ring[0] = keyring_org(s->r, STR("org_a"))->ring;
    ring[1] = keyring_key(s->r, STR("key_0001"))->ring;
    ring[2] = keyring_key(s->r, STR("key_0002"))->ring;
    assert_true(ring[0] != ring[1] && ring[1] != ring[2] && ring[0] != ring[2]);
    for (int i = 0; i < 3; i++) {
        static const char *const ids[] = {"org_a", "key_0001", "key_0002"};
        uint32_t again = 0;
        assert_int_equal(limits_ring(l, str_of(ids[i]), &again), 0);
        assert_int_equal(again, ring[i]);
    }
    limits_close(l);
    unlink(path);
}

static void a_broken_row_stops_the_start(void **state)
{
    struct scene *s = *state;
    assert_int_equal(
        db_exec(s->db, "INSERT INTO organization (id, name, slug, created_at)"
                       " VALUES ('org_0123456789012345678901234567890', 'n', 's', 1)"),
        0);
    assert_int_equal(registry_load(s->db, s->r, NULL), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(what_was_added_is_loaded),
        SCENE(a_suspended_organization_is_loaded_as_such),
        SCENE(names_that_are_taken_are_told),
        SCENE(a_revocation_is_final),
        SCENE(the_audit_only_grows),
        SCENE(another_pepper_is_noticed),
        SCENE(the_list_is_paged_newest_first),
        SCENE(the_list_shows_all_but_the_digest),
        SCENE(no_key_text_is_in_the_file),
        SCENE(rings_follow_the_ids),
        SCENE(a_broken_row_stops_the_start),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
