#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "guard/auth.h"

struct scene {
    struct keyring *r;
    struct pepper p;
    struct org *org;
    struct key *key;
    struct buf out;
    char text[KEY_TEXT + 1];
};

static int scene_make(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct org org = {.id = "org_a", .name = &STR("Acme"), .slug = STR("acme")};
    struct key row = {.id = "key_1", .label = &STR("front desk"), .scopes = SCOPE_ALL};
    s->r = keyring_new();
    secret_random(&s->p, sizeof(s->p));
    pepper_ready(&s->p);
    key_make(KEY_LIVE, s->text);
    secret_digest(&s->p, str_of(s->text), row.digest);
    memcpy(row.last4, s->text + KEY_TEXT - LAST4, LAST4);
    if (keyring_add_org(s->r, &org, &s->org) != 0)
        return -1;
    row.org = s->org;
    *state = s;
    return keyring_add_key(s->r, &row, &s->key);
}

static int scene_drop(void **state)
{
    struct scene *s = *state;
    keyring_free(s->r);
    buf_end(&s->out);
    free(s);
    return 0;
}

static enum auth ask(struct scene *s, const char *text, int64_t now, struct key **k)
{
    return auth_identify(s->r, &s->p, str_of(text), now, k);
}

static void a_good_key_is_known(void **state)
{
    struct scene *s = *state;
    struct key *k;
    assert_int_equal(ask(s, s->text, 1000, &k), AUTH_OK);
    assert_ptr_equal(k, s->key);
    assert_int_equal(auth_again(k, 1000), AUTH_OK);
}

static void strangers_get_no_record(void **state)
{
    struct scene *s = *state;
    struct key *k = s->key;
    char other[KEY_TEXT + 1];
    assert_int_equal(ask(s, "", 0, &k), AUTH_MISSING);
    assert_null(k);
    k = s->key;
    assert_int_equal(auth_identify(s->r, &s->p, str_of(NULL), 0, &k), AUTH_MISSING);
    assert_null(k);
    k = s->key;
    assert_int_equal(ask(s, "Bearer x", 0, &k), AUTH_MALFORMED);
    assert_null(k);
    key_make(KEY_LIVE, other);
    k = s->key;
    assert_int_equal(ask(s, other, 0, &k), AUTH_UNKNOWN);
    assert_null(k);
    s->p.hash_key[0] ^= 1; /* another server's pepper */
    pepper_ready(&s->p);
    assert_int_equal(ask(s, s->text, 0, &k), AUTH_UNKNOWN);
}

/* The instants at which a verdict changes: [not before, expires). */
static void dates_are_half_open(void **state)
{
    struct scene *s = *state;
    struct key *k;
    s->key->not_before_ms = 1000;
    s->key->expires_ms = 2000;
    assert_int_equal(ask(s, s->text, 999, &k), AUTH_NOT_YET);
    assert_ptr_equal(k, s->key);
    assert_int_equal(ask(s, s->text, 1000, &k), AUTH_OK);
    assert_int_equal(ask(s, s->text, 1999, &k), AUTH_OK);
    assert_int_equal(ask(s, s->text, 2000, &k), AUTH_EXPIRED);
    assert_ptr_equal(k, s->key);
}

static void a_revocation_holds_at_once_and_for_ever(void **state)
{
    struct scene *s = *state;
    struct key *k;
    assert_int_equal(auth_again(s->key, 1500), AUTH_OK);
    keyring_revoke(s->key);
    assert_int_equal(ask(s, s->text, 1500, &k), AUTH_REVOKED);
    assert_ptr_equal(k, s->key);
    assert_int_equal(auth_again(s->key, 1500), AUTH_REVOKED);
    s->key->expires_ms = 1000; /* the stronger reason is named */
    atomic_store(&s->org->suspended, true);
    assert_int_equal(auth_again(s->key, 1500), AUTH_REVOKED);
}

static void a_suspension_comes_and_goes(void **state)
{
    struct scene *s = *state;
    struct key *k;
    atomic_store(&s->org->suspended, true);
    assert_int_equal(ask(s, s->text, 0, &k), AUTH_SUSPENDED);
    assert_ptr_equal(k, s->key);
    s->key->expires_ms = 1;
    assert_int_equal(ask(s, s->text, 1, &k), AUTH_EXPIRED); /* 401 goes before 403 */
    s->key->expires_ms = 0;
    atomic_store(&s->org->suspended, false);
    assert_int_equal(ask(s, s->text, 0, &k), AUTH_OK);
}

static void every_verdict_has_status_and_code(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "ok",
        "missing_api_key",
        "malformed_api_key",
        "unknown_api_key",
        "revoked_api_key",
        "expired_api_key",
        "not_yet_valid",
        "organization_suspended",
    };
    for (int a = AUTH_MISSING; a <= AUTH_SUSPENDED; a++) {
        assert_string_equal(auth_code((enum auth)a), codes[a]);
        assert_int_equal(auth_status((enum auth)a), a == AUTH_SUSPENDED ? 403 : 401);
    }
}

static const char *detail(struct scene *s, enum auth a, const struct key *k,
                          const char *text)
{
    buf_clear(&s->out);
    auth_detail(a, k, str_of(text), &s->out);
    buf_char(&s->out, '\0');
    assert_true(str_utf8((struct str){s->out.p, s->out.n - 1}) || s->out.n == 1);
    return s->out.p;
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not say '%s'", text, part);
}

static void sentences_name_the_key_and_the_way_out(void **state)
{
    struct scene *s = *state;
    const char *said;
    memcpy(s->key->last4, "Ab12", LAST4);
    assert_string_equal(
        detail(s, AUTH_REVOKED, s->key, s->text),
        "The API key 'front desk' (…Ab12) was revoked. Create another key "
        "under Settings → Integration → API Keys and send it in "
        "x-kordless-key.");
    s->key->expires_ms = 1772953200000;
    said = detail(s, AUTH_EXPIRED, s->key, s->text);
    assert_says(said, "'front desk' (…Ab12) expired at 2026-03-08T07:00:00Z. Create");
    s->key->not_before_ms = 1772953200001; /* rounded up: then it does work */
    said = detail(s, AUTH_NOT_YET, s->key, s->text);
    assert_says(said, "(…Ab12) is not valid before 2026-03-08T07:00:01Z. Send");
    s->key->label = NULL;
    said = detail(s, AUTH_REVOKED, s->key, s->text);
    assert_says(said, "The API key …Ab12 was revoked.");
    said = detail(s, AUTH_SUSPENDED, s->key, s->text);
    assert_says(said, "'Acme' is suspended");
    assert_says(detail(s, AUTH_MISSING, NULL, ""), "x-kordless-key");
    assert_says(detail(s, AUTH_UNKNOWN, NULL, s->text), "does not know");
}

static void sentences_say_how_a_key_is_malformed(void **state)
{
    struct scene *s = *state;
    const char *good = "kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE";
    assert_says(detail(s, AUTH_MALFORMED, NULL, "sk_123"),
                "keys begin with kord_live_ or kord_test_.");
    assert_says(detail(s, AUTH_MALFORMED, NULL, "kord_live_012"),
                "has 13 characters and a key has 48.");
    assert_says(detail(s, AUTH_MALFORMED, NULL,
                       "kord_live_0123456789ABCDEFGHIJ-LMNOPQRSTUV2Gm4wE"),
                "other than letters and digits");
    assert_says(detail(s, AUTH_MALFORMED, NULL,
                       "kord_live_0123456789ABCDEFGHIJXLMNOPQRSTUV2Gm4wE"),
                "checksum");
    assert_null(strstr(detail(s, AUTH_UNKNOWN, NULL, good), "0123456789"));
}

/* What was sent may be a good key of another server, or with one letter wrong. */
static void sentences_never_repeat_what_was_sent(void **state)
{
    struct scene *s = *state;
    char sent[KEY_TEXT + 1];
    memcpy(sent, s->text, sizeof(sent));
    sent[20] = '-';
    for (int a = AUTH_OK; a <= AUTH_SUSPENDED; a++) {
        const struct key *k = a >= AUTH_REVOKED ? s->key : NULL;
        const char *said = detail(s, (enum auth)a, k, sent);
        for (size_t i = 10; i + 5 < KEY_TEXT; i++) {
            char part[6] = {0};
            memcpy(part, sent + i, 5);
            assert_null(strstr(said, part));
        }
    }
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_make, scene_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_good_key_is_known),
        SCENE(strangers_get_no_record),
        SCENE(dates_are_half_open),
        SCENE(a_revocation_holds_at_once_and_for_ever),
        SCENE(a_suspension_comes_and_goes),
        SCENE(every_verdict_has_status_and_code),
        SCENE(sentences_name_the_key_and_the_way_out),
        SCENE(sentences_say_how_a_key_is_malformed),
        SCENE(sentences_never_repeat_what_was_sent),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
