#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "guard/token.h"
#include "guard_scene.h"

static const struct deed mia = {STR("mia@acme.test"), 5000};

static struct token a_token(int i)
{
    struct token t = {.label = STR("nightly \"job\"")};
    snprintf(t.id, sizeof(t.id), "tok_%d", i);
    secret_hash(str_of(t.id), t.digest);
    return t;
}

static void add(struct scene *s, int i, int64_t expires_ms)
{
    struct token t = a_token(i);
    t.expires_ms = expires_ms;
    assert_int_equal(token_add(s->db, &t, &mia), 0);
}

/* Does memory, loaded from the rows, let this one in? */
static bool opens(struct scene *s, int i, int64_t now_ms)
{
    struct sessions *all = sessions_new();
    struct token t = a_token(i);
    struct caller c;
    assert_int_equal(token_load(s->db, all), 0);
    bool found = sessions_find_token(all, t.digest, now_ms, &s->arena, &c);
    if (found) {
        assert_string_equal(c.id, t.id);
        assert_true(str_eq(c.label, t.label));
    }
    sessions_free(all);
    return found;
}

static void one_that_was_made_opens_until_it_ends(void **state)
{
    struct scene *s = *state;
    struct token_row row;
    assert_int_equal(token_any(s->db), 0);
    add(s, 1, 0);
    add(s, 2, 9000);
    assert_int_equal(token_any(s->db), 1);
    assert_true(opens(s, 1, INT64_MAX));
    assert_true(opens(s, 2, 8999));
    assert_false(opens(s, 2, 9000));
    assert_false(opens(s, 3, 1));
    assert_int_equal(token_get(s->db, STR("tok_2"), &s->arena, &row), 0);
    assert_true(str_eq(row.label, STR("nightly \"job\"")));
    assert_true(str_eq(row.created_by, mia.actor));
    assert_int_equal(row.created_ms, 5000);
    assert_int_equal(row.expires_ms, 9000);
    assert_int_equal(row.revoked_ms, 0);
    assert_int_equal(token_get(s->db, STR("tok_3"), &s->arena, &row), ERR_NOT_FOUND);
    struct token t = a_token(1);
    assert_int_equal(token_add(s->db, &t, &mia), ERR_EXISTS);
    assert_string_equal(value(s,
                              "SELECT count(*) FROM audit WHERE action = 'token.create'"
                              " AND actor = 'mia@acme.test'"),
                        "2");
}

static void a_revoked_one_opens_nothing_and_stays_revoked(void **state)
{
    struct scene *s = *state;
    struct token_row row;
    add(s, 1, 0);
    assert_int_equal(token_revoke(s->db, STR("tok_9"), &mia), ERR_NOT_FOUND);
    assert_int_equal(token_revoke(s->db, STR("tok_1"), &mia), 0);
    assert_int_equal(
        token_revoke(s->db, STR("tok_1"), &(struct deed){STR("bob"), 7000}), 0);
    assert_false(opens(s, 1, 1));
    assert_int_equal(token_get(s->db, STR("tok_1"), &s->arena, &row), 0);
    assert_int_equal(row.revoked_ms, 5000); /* the first time is told */
    assert_true(str_eq(row.revoked_by, mia.actor));
    assert_string_equal(
        value(s, "SELECT count(*) FROM audit WHERE action = 'token.revoke'"), "1");
    assert_int_equal(token_any(s->db), 1); /* there was one */
}

static void they_are_listed_newest_first(void **state)
{
    struct scene *s = *state;
    struct token_row *rows;
    int n;
    for (int i = 1; i <= 5; i++)
        add(s, i, 0);
    assert_int_equal(token_list(s->db, STR(""), 3, &s->arena, &rows, &n), 0);
    assert_int_equal(n, 3);
    assert_true(str_eq(rows[0].id, STR("tok_5")));
    assert_int_equal(token_list(s->db, rows[2].id, 3, &s->arena, &rows, &n), 0);
    assert_int_equal(n, 2);
    assert_true(str_eq(rows[1].id, STR("tok_1")));
    assert_int_equal(token_list(s->db, STR(""), -1, &s->arena, &rows, &n), 0);
    assert_int_equal(n, 0);
}

static void what_has_no_room_is_told_and_leaves_nothing(void **state)
{
    struct scene *s = *state;
    struct token t = a_token(2);
    add(s, 1, 0);
    NO_ROOM(s, token_add(s->db, &t, &mia));
    NO_ROOM(s, token_revoke(s->db, STR("tok_1"), &mia));
    assert_false(opens(s, 2, 1));
    assert_true(opens(s, 1, 1));
    assert_string_equal(value(s, "SELECT count(*) FROM audit"), "1");
}

static void a_row_that_is_none_stops_the_start(void **state)
{
    struct scene *s = *state;
    struct sessions *all = sessions_new();
    assert_int_equal(
        db_exec(s->db, "INSERT INTO operator_token (id, digest, created_at, created_by)"
                       " VALUES ('tok_0123456789012345678901234567890123456789',"
                       " zeroblob(32), 1, 'x')"),
        0);
    assert_int_equal(token_load(s->db, all), ERR_CORRUPT);
    sessions_free(all);
}

/* ---- the first one ---- */

static int first(struct scene *s, struct token *t)
{
    struct id_source ids;
    id_source_init(&ids);
    buf_clear(&s->why);
    return token_first(s->db, s->at.dir, &s->p, &ids, 6000, t, &s->why);
}

static void put_path(struct scene *s, const char *name, char path[300])
{
    snprintf(path, 300, "%s/%s", s->at.dir, name);
}

static void the_first_is_made_once_for_its_owner_alone(void **state)
{
    struct scene *s = *state;
    struct token t, again;
    struct stat st;
    char path[300], text[KEY_TEXT + 2] = "";
    unsigned char digest[DIGEST_BYTES];
    put_path(s, "operator-token", path);
    assert_int_equal(first(s, &t), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof(text), f), KEY_TEXT + 1);
    fclose(f);
    assert_true(key_is((struct str){text, KEY_TEXT}, TEXT_TOKEN));
    secret_digest(&s->p, (struct str){text, KEY_TEXT}, digest);
    assert_memory_equal(digest, t.digest, DIGEST_BYTES);
    assert_string_equal(value(s, "SELECT label || created_by || created_at"
                                 " FROM operator_token"),
                        "firstserver6000");
    unlink(path);
    assert_int_equal(token_revoke(s->db, str_of(t.id), &mia), 0);
    assert_int_equal(first(s, &again), 0); /* there was one: nobody gets another */
    assert_string_equal(again.id, "");
    assert_int_equal(stat(path, &st), -1);
    assert_string_equal(value(s, "SELECT count(*) FROM operator_token"), "1");
}

static void one_that_cannot_be_written_is_none(void **state)
{
    struct scene *s = *state;
    struct token t;
    char path[300];
    put_path(s, "operator-token", path);
    assert_int_equal(mkdir(path, 0700), 0); /* in its way */
    assert_int_equal(first(s, &t), ERR_IO);
    assert_non_null(
        memmem(s->why.p, s->why.n, "operator-token: cannot be written", 33));
    assert_int_equal(token_any(s->db), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(first(s, &t), 0); /* and what it left aside is in nobody's way */
    assert_int_equal(token_any(s->db), 1);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(one_that_was_made_opens_until_it_ends),
        SCENE(a_revoked_one_opens_nothing_and_stays_revoked),
        SCENE(they_are_listed_newest_first),
        SCENE(what_has_no_room_is_told_and_leaves_nothing),
        SCENE(a_row_that_is_none_stops_the_start),
        SCENE(the_first_is_made_once_for_its_owner_alone),
        SCENE(one_that_cannot_be_written_is_none),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
