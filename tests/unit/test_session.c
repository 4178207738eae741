#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "guard/session.h"

enum { NOW = 1000000 };

static const unsigned char *digest(unsigned char out[DIGEST_BYTES], int n)
{
    memset(out, 7, DIGEST_BYTES);
    out[0] = (unsigned char)n;
    out[DIGEST_BYTES - 1] = (unsigned char)(n >> 8);
    return out;
}

static struct seat seat(const char *id, enum role role)
{
    struct seat s = {.role = role, .active = true, .version = 1};
    snprintf(s.id, sizeof(s.id), "%s", id);
    snprintf(s.organization_id, sizeof(s.organization_id), "org_1");
    snprintf(s.email, sizeof(s.email), "%s@example.com", id);
    return s;
}

struct scene {
    struct sessions *s;
    struct arena a;
    struct seat ada;
};

static struct scene begin(void)
{
    struct scene t = {.s = sessions_new(), .ada = seat("ada", ROLE_ADMIN)};
    arena_init(&t.a);
    sessions_seat(t.s, &t.ada);
    return t;
}

static void end(struct scene *t)
{
    sessions_free(t->s);
    arena_end(&t->a);
}

static bool found(struct scene *t, int n, int64_t now, struct caller *c)
{
    unsigned char d[DIGEST_BYTES];
    return sessions_find(t->s, digest(d, n), now, &t->a, c);
}

static void enter(struct scene *t, int n, const char *who, int64_t now)
{
    unsigned char d[DIGEST_BYTES];
    sessions_open(t->s, digest(d, n), str_of(who), now, now);
}

static void a_session_knows_its_member(void **state)
{
    (void)state;
    struct scene t = begin();
    struct caller c;
    enter(&t, 1, "ada", NOW);
    enter(&t, 1, "ada", NOW); /* twice is one */
    enter(&t, 2, "nobody", NOW);
    assert_int_equal(sessions_count(t.s), 1);
    assert_true(found(&t, 1, NOW, &c));
    assert_int_equal(c.kind, CALLER_MEMBER);
    assert_int_equal(c.role, ROLE_ADMIN);
    assert_string_equal(c.id, "ada");
    assert_string_equal(c.organization_id, "org_1");
    assert_true(str_eq(c.email, STR("ada@example.com")));
    assert_false(found(&t, 2, NOW, &c));
    end(&t);
}

static void idle_and_old_ones_are_over(void **state)
{
    (void)state;
    struct scene t = begin();
    struct caller c;
    enter(&t, 1, "ada", NOW);
    assert_true(found(&t, 1, NOW + SESSION_IDLE_MS - 1, &c)); /* counts as activity */
    assert_true(found(&t, 1, NOW + 2 * (SESSION_IDLE_MS - 1), &c));
    assert_false(found(&t, 1, NOW + 3 * (int64_t)SESSION_IDLE_MS, &c));
    enter(&t, 2, "ada", NOW);
    for (int64_t at = NOW; at < NOW + SESSION_LIFE_MS; at += SESSION_IDLE_MS / 2)
        assert_true(found(&t, 2, at, &c));
    assert_false(found(&t, 2, NOW + SESSION_LIFE_MS, &c));
    sessions_sweep(t.s, NOW + SESSION_LIFE_MS);
    assert_int_equal(sessions_count(t.s), 0);
    end(&t);
}

static void a_new_role_holds_at_once_and_less_ends_what_began(void **state)
{
    (void)state;
    struct scene t = begin();
    struct caller c, later;
    enter(&t, 1, "ada", NOW);
    assert_true(found(&t, 1, NOW, &c));
    t.ada.role = ROLE_OWNER;
    sessions_seat(t.s, &t.ada);
    assert_int_equal(sessions_again(t.s, &c, NOW), AUTH_OK);
    assert_true(found(&t, 1, NOW, &later));
    assert_int_equal(later.role, ROLE_OWNER);
    t.ada.role = ROLE_VIEWER;
    sessions_seat(t.s, &t.ada);
    assert_int_equal(sessions_again(t.s, &c, NOW), AUTH_ENDED);
    assert_true(found(&t, 1, NOW, &later));
    assert_int_equal(later.role, ROLE_VIEWER);
    end(&t);
}

static void who_is_removed_has_none_and_gets_none(void **state)
{
    (void)state;
    struct scene t = begin();
    struct caller c;
    struct seat bob = seat("bob", ROLE_VIEWER);
    sessions_seat(t.s, &bob);
    enter(&t, 1, "ada", NOW);
    enter(&t, 2, "bob", NOW);
    assert_true(found(&t, 1, NOW, &c));
    t.ada.active = false;
    sessions_seat(t.s, &t.ada);
    assert_int_equal(sessions_again(t.s, &c, NOW), AUTH_ENDED);
    enter(&t, 3, "ada", NOW);
    assert_int_equal(sessions_count(t.s), 1);
    assert_true(found(&t, 2, NOW, &c));
    end(&t);
}

static void all_but_one_end(void **state)
{
    (void)state;
    struct scene t = begin();
    struct caller c;
    unsigned char keep[DIGEST_BYTES];
    for (int i = 1; i <= 5; i++)
        enter(&t, i, "ada", NOW);
    sessions_end_all(t.s, STR("ada"), digest(keep, 3));
    assert_int_equal(sessions_count(t.s), 1);
    assert_true(found(&t, 3, NOW, &c));
    sessions_end(t.s, digest(keep, 3));
    sessions_end(t.s, digest(keep, 3));
    assert_false(found(&t, 3, NOW, &c));
    end(&t);
}

static void the_oldest_makes_room(void **state)
{
    (void)state;
    struct scene t = begin();
    struct caller c;
    for (int i = 0; i <= SESSIONS_EACH; i++)
        enter(&t, i, "ada", NOW + i);
    assert_int_equal(sessions_count(t.s), SESSIONS_EACH);
    assert_false(found(&t, 0, NOW + 100, &c));
    assert_true(found(&t, 1, NOW + 100, &c));
    end(&t);
}

static void tokens_are_good_until_they_end(void **state)
{
    (void)state;
    struct scene t = begin();
    struct caller c;
    struct token k = {.id = "tok_1", .label = STR("backup"), .expires_ms = NOW + 10};
    digest(k.digest, 9);
    sessions_token(t.s, &k);
    assert_true(sessions_find_token(t.s, k.digest, NOW + 9, &t.a, &c));
    assert_int_equal(c.kind, CALLER_TOKEN);
    assert_int_equal(c.role, ROLE_OPERATOR);
    assert_true(str_eq(c.label, STR("backup")));
    assert_int_equal(sessions_again(t.s, &c, NOW + 9), AUTH_OK);
    assert_int_equal(sessions_again(t.s, &c, NOW + 10), AUTH_ENDED);
    assert_false(found(&t, 9, NOW, &c)); /* is no session */
    sessions_token_end(t.s, STR("tok_1"));
    assert_false(sessions_find_token(t.s, k.digest, NOW, &t.a, &c));
    end(&t);
}

struct flushed {
    int n;
    int64_t seen;
};

static int note(void *ctx, const unsigned char *d, int64_t seen_ms)
{
    struct flushed *f = ctx;
    (void)d;
    f->n++;
    f->seen = seen_ms;
    return 0;
}

static void activity_is_written_once_it_is_durable(void **state)
{
    (void)state;
    struct scene t = begin();
    struct caller c;
    struct flushed f = {0, 0};
    enter(&t, 1, "ada", NOW);
    assert_int_equal(sessions_flush(t.s, note, &f), 0);
    assert_int_equal(f.n, 0);
    assert_true(found(&t, 1, NOW + 5, &c));
    assert_true(found(&t, 1, NOW + 3, &c)); /* an older clock does not turn it back */
    assert_int_equal(sessions_flush(t.s, note, &f), 0);
    assert_int_equal(sessions_flush(t.s, note, &f), 0); /* lost: once more */
    assert_int_equal(f.n, 2);
    assert_int_equal(f.seen, NOW + 5);
    sessions_flushed(t.s);
    assert_int_equal(sessions_flush(t.s, note, &f), 0);
    assert_int_equal(f.n, 2);
    end(&t);
}

static void roles_have_names_and_scopes(void **state)
{
    (void)state;
    for (int r = ROLE_VIEWER; r <= ROLE_OPERATOR; r++)
        assert_int_equal(role_of(str_of(role_name((enum role)r))), r);
    assert_int_equal(role_of(STR("king")), ROLE_NONE);
    assert_int_equal(role_of(STR("")), ROLE_NONE);
    assert_int_equal(role_scopes(ROLE_NONE), 0);
    for (uint32_t bit = 1; bit & SCOPE_ALL; bit <<= 1)
        assert_int_equal((role_scopes(ROLE_VIEWER) & bit) != 0,
                         strstr(scope_name(bit), ":read") != NULL);
    assert_int_equal(role_scopes(ROLE_ADMIN), SCOPE_ALL);
}

static void a_page_is_told_what_only_the_token_makes(void **state)
{
    (void)state;
    struct pepper p, q;
    char a[CSRF_TEXT + 1], b[CSRF_TEXT + 1];
    memset(&p, 1, sizeof(p));
    memset(&q, 2, sizeof(q));
    pepper_ready(&p);
    pepper_ready(&q);
    session_csrf(&p, STR("one"), a);
    session_csrf(&p, STR("one"), b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), CSRF_TEXT);
    session_csrf(&p, STR("two"), b);
    assert_string_not_equal(a, b);
    session_csrf(&q, STR("one"), b);
    assert_string_not_equal(a, b);
}

struct crowd {
    struct scene *t;
    atomic_bool stop;
    atomic_long late; /* a session found after its end was told */
    atomic_int ended; /* those below are over */
};

static void *look(void *ctx)
{
    struct crowd *c = ctx;
    struct arena a;
    struct caller who;
    unsigned char d[DIGEST_BYTES];
    arena_init(&a);
    while (!atomic_load(&c->stop)) {
        int over = atomic_load(&c->ended);
        for (int i = 0; i < 200; i++)
            if (sessions_find(c->t->s, digest(d, i), NOW, &a, &who) && i < over)
                atomic_fetch_add(&c->late, 1);
        arena_reset(&a);
    }
    arena_end(&a);
    return NULL;
}

static void nobody_finds_one_that_ended(void **state)
{
    (void)state;
    struct scene t = begin();
    struct crowd c = {.t = &t};
    pthread_t threads[2];
    unsigned char d[DIGEST_BYTES];
    for (int i = 0; i < 200; i++) {
        char id[8];
        snprintf(id, sizeof(id), "m%d", i / 10);
        struct seat m = seat(id, ROLE_VIEWER);
        sessions_seat(t.s, &m);
        enter(&t, i, id, NOW);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, &c), 0);
    for (int i = 0; i < 200; i++) {
        sessions_end(t.s, digest(d, i));
        atomic_store(&c.ended, i + 1);
    }
    atomic_store(&c.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&c.late), 0);
    assert_int_equal(sessions_count(t.s), 0);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_knows_its_member),
        cmocka_unit_test(idle_and_old_ones_are_over),
        cmocka_unit_test(a_new_role_holds_at_once_and_less_ends_what_began),
        cmocka_unit_test(who_is_removed_has_none_and_gets_none),
        cmocka_unit_test(all_but_one_end),
        cmocka_unit_test(the_oldest_makes_room),
        cmocka_unit_test(tokens_are_good_until_they_end),
        cmocka_unit_test(activity_is_written_once_it_is_durable),
        cmocka_unit_test(roles_have_names_and_scopes),
        cmocka_unit_test(a_page_is_told_what_only_the_token_makes),
        cmocka_unit_test(nobody_finds_one_that_ended),
    };
    return secret_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
