#ifndef KORDLESS_TESTS_QUOTA_WORLD_H
#define KORDLESS_TESTS_QUOTA_WORLD_H

/* A folder with one quota.lua, and keys for it. Include behind cmocka.h. */

#include "base/zone.h"
#include "lua/quota.h"
#include "lua_scratch.h"

struct fixture {
    struct folder_scratch s;
    struct keyring *ring;
    struct zones *zones;
    struct quota *quota;
    int keys;
};

static inline int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));
    folder_begin(&x->s);
    x->ring = keyring_new();
    x->zones = zones_new(NULL);
    *state = x;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *x = *state;
    quota_free(x->quota);
    keyring_free(x->ring);
    zones_free(x->zones);
    folder_end(&x->s);
    free(x);
    return 0;
}

static inline struct key *add(struct fixture *x, const char *plan, int environment)
{
    struct str text = str_of(plan);
    struct org org = {.name = &STR("n"), .plan = &text}, *o;
    struct key key = {.environment = environment, .label = &STR("l")}, *k;
    int n = ++x->keys;
    snprintf(org.id, sizeof(org.id), "org_%022d", n);
    org.slug = str_of(org.id);
    snprintf(key.id, sizeof(key.id), "key_%022d", n);
    memcpy(key.digest, &n, sizeof(n));
    assert_int_equal(keyring_add_org(x->ring, &org, &o), 0);
    key.org = o;
    assert_int_equal(keyring_add_key(x->ring, &key, &k), 0);
    return k;
}

static inline int load(struct fixture *x, uint32_t epoch, const char *text)
{
    quota_free(x->quota);
    x->quota = NULL;
    folder_one(&x->s, "quota.lua", text);
    return quota_new(&x->quota, &x->s.folder, x->zones, NULL, x->ring, epoch, false,
                     &x->s.faults);
}

static inline void fails(struct fixture *x, const char *text, const char *what)
{
    assert_int_equal(load(x, 1, text), ERR_INVALID);
    assert_null(x->quota);
    folder_told(&x->s, "quota.lua", what);
}

static inline uint32_t minute(struct fixture *x, struct key *k)
{
    return quota_class(x->quota, k)->rule.limit[0];
}

static inline void change_label(struct fixture *x, struct key *k, int64_t version,
                                const char *label)
{
    keyring_change_key(x->ring, k,
                       &(struct key_facts){.label = str_of(label), .version = version});
}

static inline void change_org(struct fixture *x, struct key *k, int64_t version,
                              const char *plan, const char *metadata)
{
    keyring_change_org(x->ring, k->org,
                       &(struct org_facts){.plan = str_of(plan),
                                           .metadata = str_of(metadata),
                                           .version = version});
}

/* What a class may be made of. */
#define NUMBERS "per_minute = 1, per_hour = 2, per_day = 3"

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
