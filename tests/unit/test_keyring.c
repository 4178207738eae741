#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/keyring.h"

/* Key number i: digest and id follow from i, so any thread can ask for it. */
static void digest_of(uint64_t i, unsigned char out[DIGEST_BYTES])
{
    secret_hash((struct str){(const char *)&i, sizeof(i)}, out);
}

static struct org *add_org(struct keyring *r, const char *id, const char *slug)
{
    struct org row = {.slug = str_of(slug), .name = &STR("Acme"), .plan = &STR("gold")},
               *o;
    snprintf(row.id, sizeof(row.id), "%s", id);
    assert_int_equal(keyring_add_org(r, &row, &o), 0);
    return o;
}

static struct key key_row(struct org *org, uint64_t i)
{
    static const struct str label = {"desk", 4};
    struct key row = {
        .label = &label, .scopes = SCOPE_ALL, .org = org, .created_ms = (int64_t)i};
    digest_of(i, row.digest);
    snprintf(row.id, sizeof(row.id), "key_%llu", (unsigned long long)i);
    memcpy(row.last4, "Ab12", 5);
    return row;
}

static struct key *add_key(struct keyring *r, struct org *org, uint64_t i)
{
    struct key row = key_row(org, i), *k = NULL;
    if (keyring_add_key(r, &row, &k) != 0)
        abort(); /* also called off the main thread */
    return k;
}

static struct key *find(const struct keyring *r, uint64_t i)
{
    unsigned char digest[DIGEST_BYTES];
    digest_of(i, digest);
    return keyring_find(r, digest);
}

static void an_empty_ring_knows_nobody(void **state)
{
    (void)state;
    struct keyring *r = keyring_new();
    assert_null(find(r, 1));
    assert_null(keyring_key(r, STR("key_1")));
    assert_null(keyring_org(r, STR("org_1")));
    assert_null(keyring_org_by_slug(r, STR("")));
    assert_int_equal(keyring_count(r), 0);
    keyring_free(r);
    keyring_free(NULL);
}

static void records_hold_what_was_given(void **state)
{
    (void)state;
    struct keyring *r = keyring_new();
    struct org *o = add_org(r, "org_a", "acme");
    char label[] = "front desk";
    struct key row = key_row(o, 5), *k;
    struct str text = str_of(label);
    row.label = &text;
    row.environment = ENV_DEVELOPMENT;
    row.scopes = SCOPE_BOOKINGS_READ;
    row.not_before_ms = 10;
    row.expires_ms = 20;
    row.ring = 3;
    row.used_durable_ms = 15;
    atomic_store(&row.last_used_ms, 15);
    atomic_store(&row.state, KEY_REVOKED);
    assert_int_equal(keyring_add_key(r, &row, &k), 0);
    memset(label, '?', sizeof(label)); /* strings were copied */
    assert_ptr_equal(find(r, 5), k);
    assert_string_equal(k->id, "key_5");
    assert_string_equal(k->last4, "Ab12");
    assert_true(str_eq(keyring_label(k), STR("front desk")));
    assert_int_equal(k->environment, ENV_DEVELOPMENT);
    assert_int_equal(k->scopes, SCOPE_BOOKINGS_READ);
    assert_ptr_equal(k->org, o);
    assert_int_equal(k->created_ms, 5);
    assert_int_equal(k->not_before_ms, 10);
    assert_int_equal(k->expires_ms, 20);
    assert_int_equal(k->ring, 3);
    assert_int_equal(k->used_durable_ms, 15);
    assert_int_equal(atomic_load(&k->last_used_ms), 15);
    assert_int_equal(atomic_load(&k->state), KEY_REVOKED);
    keyring_free(r);
}

static void many_keys_stay_where_they_are(void **state)
{
    (void)state;
    enum { N = 9000 }; /* three growths of the table, four chunks */
    struct keyring *r = keyring_new();
    struct org *o = add_org(r, "org_a", "acme");
    static struct key *at[N];
    for (uint64_t i = 0; i < N; i++)
        at[i] = add_key(r, o, i);
    assert_int_equal(keyring_count(r), N);
    for (uint64_t i = 0; i < N; i++) {
        char id[ID_MAX];
        snprintf(id, sizeof(id), "key_%llu", (unsigned long long)i);
        assert_ptr_equal(find(r, i), at[i]);
        assert_ptr_equal(keyring_at(r, i), at[i]);
        assert_ptr_equal(keyring_key(r, str_of(id)), at[i]);
        assert_ptr_equal(keyring_key(r, str_of(id + 4)), at[i]);
        assert_null(find(r, N + i));
    }
    keyring_free(r);
}

/* Digests that share the 8 bytes a slot shows are told apart by the record. */
static void equal_beginnings_are_told_apart(void **state)
{
    (void)state;
    struct keyring *r = keyring_new();
    struct org *o = add_org(r, "org_a", "acme");
    struct key *k[40];
    unsigned char ask[DIGEST_BYTES];
    for (uint64_t i = 0; i < 40; i++) {
        struct key row = key_row(o, i);
        memset(row.digest, 0xFF, 8); /* the last slot: probing goes round the end */
        assert_int_equal(keyring_add_key(r, &row, &k[i]), 0);
    }
    for (uint64_t i = 0; i < 50; i++) {
        digest_of(i, ask);
        memset(ask, 0xFF, 8);
        assert_ptr_equal(keyring_find(r, ask), i < 40 ? k[i] : NULL);
    }
    keyring_free(r);
}

static void twice_is_refused(void **state)
{
    (void)state;
    struct keyring *r = keyring_new();
    struct org *o = add_org(r, "org_a", "acme"), *none = NULL;
    struct key row = key_row(o, 1), *k = add_key(r, o, 1), *other = NULL;
    digest_of(99, row.digest); /* the id is there */
    assert_int_equal(keyring_add_key(r, &row, &other), ERR_EXISTS);
    row = key_row(o, 1);
    strcpy(row.id, "key_other"); /* the digest is there */
    assert_int_equal(keyring_add_key(r, &row, &other), ERR_EXISTS);
    assert_null(other);
    assert_int_equal(keyring_count(r), 1);
    assert_ptr_equal(find(r, 1), k);
    assert_null(find(r, 99));
    struct org again = {.id = "org_a", .slug = STR("another")};
    assert_int_equal(keyring_add_org(r, &again, &none), ERR_EXISTS);
    struct org same_slug = {.id = "org_b", .slug = STR("acme")};
    assert_int_equal(keyring_add_org(r, &same_slug, &none), ERR_EXISTS);
    assert_null(none);
    keyring_free(r);
}

static void organizations_are_found(void **state)
{
    (void)state;
    struct keyring *r = keyring_new();
    struct org *all[200];
    char id[ID_MAX], slug[32];
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof(id), "org_%d", i);
        snprintf(slug, sizeof(slug), "slug-%d", i);
        all[i] = add_org(r, id, slug);
    }
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof(id), "org_%d", i);
        snprintf(slug, sizeof(slug), "slug-%d", i);
        assert_ptr_equal(keyring_org(r, str_of(id)), all[i]);
        assert_ptr_equal(keyring_org(r, str_of(id + 4)), all[i]);
        assert_ptr_equal(keyring_org_by_slug(r, str_of(slug)), all[i]);
        assert_string_equal(all[i]->id, id);
        assert_true(str_eq(keyring_plan(all[i]), STR("gold")));
    }
    assert_null(keyring_org(r, STR("org_org_1")));
    assert_null(keyring_org(r, STR("org_")));
    assert_null(keyring_org(r, STR("")));
    assert_null(keyring_org_by_slug(r, STR("slug-200")));
    keyring_free(r);
}

/* Of two changes the one that was durable later wins, in whichever order they come. */
static void a_change_that_comes_late_is_passed_over(void **state)
{
    (void)state;
    struct keyring *r = keyring_new();
    struct org *o = add_org(r, "org_a", "a");
    struct key row = key_row(o, 1), *k;
    const struct override limits = {.limit = {5, 0, 0}, .reason = STR("why")};
    assert_int_equal(keyring_add_key(r, &row, &k), 0);
    struct key_facts f = {.label = STR("new"),
                          .scopes = SCOPE_BOOKINGS_READ,
                          .expires_ms = 9,
                          .version = 7,
                          .limits = &limits};
    keyring_change_key(r, k, &f);
    f = (struct key_facts){.label = STR("older"), .version = 6};
    keyring_change_key(r, k, &f);
    assert_true(str_eq(keyring_label(k), STR("new")));
    assert_int_equal(atomic_load(&k->scopes), SCOPE_BOOKINGS_READ);
    assert_int_equal(atomic_load(&k->expires_ms), 9);
    assert_int_equal(atomic_load(&k->limits)->limit[0], 5);
    assert_int_equal(atomic_load(&k->inputs), 1);
    size_t cost = keyring_changed(r);
    f = (struct key_facts){.label = STR("new"), .version = 8, .limits = &limits};
    keyring_change_key(r, k,
                       &f); /* what is the same costs nothing, and asks no policy */
    assert_int_equal(keyring_changed(r), cost);
    assert_int_equal(atomic_load(&k->inputs), 1);
    f.limits = NULL;
    f.version = 9;
    keyring_change_key(r, k, &f);
    assert_null(atomic_load(&k->limits));
    keyring_free(r);
}

static void only_a_change_of_the_suspension_lifts_a_hold(void **state)
{
    (void)state;
    struct keyring *r = keyring_new();
    struct org *o = add_org(r, "org_a", "a");
    struct org_facts f = {.name = STR("New"), .plan = STR("large"), .version = 1};
    keyring_hold(o);
    keyring_change_org(r, o, &f);
    assert_true(str_eq(keyring_name(o), STR("New")));
    assert_int_equal(atomic_load(&o->suspended), ORG_HELD);
    f.version = 3;
    f.suspended = f.lift = true;
    keyring_change_org(r, o, &f);
    assert_int_equal(atomic_load(&o->suspended), ORG_SUSPENDED);
    f.version = 2;
    f.suspended = false; /* comes late */
    keyring_change_org(r, o, &f);
    assert_int_equal(atomic_load(&o->suspended), ORG_SUSPENDED);
    f.version = 4;
    keyring_change_org(r, o, &f);
    assert_int_equal(atomic_load(&o->suspended), 0);
    assert_int_equal(atomic_load(&o->inputs), 1); /* the plan, once */
    keyring_free(r);
}

/* ---- threads ---- */

enum { CROWD = 12000, READERS = 3 };

struct race {
    struct keyring *r;
    atomic_uint added; /* keys below it are there, so says the writer */
    atomic_uint revoked;
    atomic_uint wrong;
};

static void look_once(struct race *race, uint64_t *seed)
{
    unsigned gone = atomic_load(&race->revoked), added = atomic_load(&race->added);
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    uint64_t pick = (*seed >> 33) % CROWD;
    const struct key *k = find(race->r, pick);
    if (!k ? pick < added : k->created_ms != (int64_t)pick)
        atomic_fetch_add(&race->wrong, 1);
    if (pick < gone && k && atomic_load(&k->state) != KEY_REVOKED)
        atomic_fetch_add(&race->wrong, 1);
    size_t n = keyring_count(race->r);
    if (n < added || (n && keyring_at(race->r, n - 1)->created_ms != (int64_t)n - 1))
        atomic_fetch_add(&race->wrong, 1);
    if (find(race->r, CROWD + pick))
        atomic_fetch_add(&race->wrong, 1);
}

static void *look_on(void *arg)
{
    struct race *race = arg;
    uint64_t seed = (uint64_t)(uintptr_t)&seed;
    while (atomic_load(&race->added) < CROWD)
        look_once(race, &seed);
    for (int i = 0; i < 2000; i++)
        look_once(race, &seed);
    return NULL;
}

static void readers_see_every_key_that_was_added(void **state)
{
    (void)state;
    struct race race = {.r = keyring_new()};
    struct org *o = add_org(race.r, "org_a", "acme");
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, look_on, &race), 0);
    for (uint64_t i = 0; i < CROWD; i++) {
        add_key(race.r, o, i);
        atomic_store(&race.added, (unsigned)i + 1);
        if (i >= 100) {
            keyring_revoke(keyring_at(race.r, i - 100));
            atomic_store(&race.revoked, (unsigned)i - 99);
        }
    }
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(atomic_load(&race.wrong), 0);
    keyring_free(race.r);
}

static void *add_some(void *arg)
{
    struct race *race = arg;
    struct org *o = keyring_org(race->r, STR("org_a"));
    unsigned i;
    while ((i = atomic_fetch_add(&race->added, 1)) < CROWD / 2)
        add_key(race->r, o, i);
    return NULL;
}

static void writers_take_turns(void **state)
{
    (void)state;
    struct race race = {.r = keyring_new()};
    pthread_t writers[READERS];
    add_org(race.r, "org_a", "acme");
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, add_some, &race), 0);
    for (int i = 0; i < READERS; i++)
        pthread_join(writers[i], NULL);
    assert_int_equal(keyring_count(race.r), CROWD / 2);
    for (uint64_t i = 0; i < CROWD / 2; i++)
        assert_non_null(find(race.r, i));
    keyring_free(race.r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_ring_knows_nobody),
        cmocka_unit_test(records_hold_what_was_given),
        cmocka_unit_test(many_keys_stay_where_they_are),
        cmocka_unit_test(equal_beginnings_are_told_apart),
        cmocka_unit_test(twice_is_refused),
        cmocka_unit_test(organizations_are_found),
        cmocka_unit_test(a_change_that_comes_late_is_passed_over),
        cmocka_unit_test(only_a_change_of_the_suspension_lifts_a_hold),
        cmocka_unit_test(readers_see_every_key_that_was_added),
        cmocka_unit_test(writers_take_turns),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
