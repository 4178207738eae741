#ifndef KORDLESS_GUARD_KEYRING_H
#define KORDLESS_GUARD_KEYRING_H

/* Every organization and key, in memory, one table for all workers. Readers take no
 * lock: open addressing over slots of 8 bytes of digest and an index; a hit compares all
 * 32 bytes in constant time. Writers (creation, revocation) are rare and serialized
 * inside. Records never move and are never freed before the ring, so a pointer to one is
 * good for ever; revoked keys stay, so that they can be told they are revoked. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/str.h"
#include "guard/secret.h"

enum key_state { KEY_ACTIVE, KEY_REVOKED };
enum { ENV_NONE, ENV_PRODUCTION, ENV_DEVELOPMENT };

/* Scopes as bits; all of them is full access. */
enum {
    SCOPE_BOOKINGS_READ = 1 << 0, SCOPE_BOOKINGS_WRITE = 1 << 1,
    SCOPE_AVAILABILITY_READ = 1 << 2, SCOPE_AVAILABILITY_WRITE = 1 << 3,
    SCOPE_SERVICES_READ = 1 << 4, SCOPE_SERVICES_WRITE = 1 << 5,
    SCOPE_ORGANIZATION_READ = 1 << 6, SCOPE_ORGANIZATION_WRITE = 1 << 7,
    SCOPE_WEBHOOKS_WRITE = 1 << 8, SCOPE_ALL = (1 << 9) - 1
};
/* "bookings:read" to its bit, 0 for no scope; and back (one bit), NULL. */
uint32_t scope_bit(struct str name);
const char *scope_name(uint32_t bit);

struct org {
    char id[ID_MAX]; /* with org_ */
    struct str slug, name;
    struct str plan; /* an input of quota policies; "" */
    uint32_t ring;   /* its day in guard/limit.h */
    atomic_bool suspended;
};

struct key {
    unsigned char digest[DIGEST_BYTES];
    char id[ID_MAX], last4[LAST4 + 1];
    struct str label;
    int environment;
    uint32_t scopes;
    struct org *org;
    int64_t created_ms, not_before_ms, expires_ms; /* 0: none */
    uint32_t ring;                                 /* its minute and hour */
    _Atomic int state;                             /* enum key_state */
    _Atomic int64_t last_used_ms;
    _Atomic uint64_t quota; /* epoch << 32 | rule, of lua/quota.c; 0 at first */
    int64_t used_written_ms, used_durable_ms; /* last_used in the store: registry.c's */
};

struct keyring;
struct keyring *keyring_new(void);
void keyring_free(struct keyring *r);

/* Strings are copied; atomics start as the template has them. The rings are the caller's
 * to set before a worker can see the record. ERR_EXISTS: this id (or digest) is there. */
int keyring_add_org(struct keyring *r, const struct org *row, struct org **out) MUST_CHECK;
int keyring_add_key(struct keyring *r, const struct key *row, struct key **out) MUST_CHECK;

/* NULL: unknown. Lock-free. */
struct key *keyring_find(const struct keyring *r, const unsigned char digest[DIGEST_BYTES]);
/* By id, with or without the prefix; by slug. For the rare paths: these take the lock. */
struct key *keyring_key(const struct keyring *r, struct str id);
struct org *keyring_org(const struct keyring *r, struct str id);
struct org *keyring_org_by_slug(const struct keyring *r, struct str slug);

/* At once for every worker: the next look sees it (sequentially consistent). */
void keyring_revoke(struct key *k);

/* All keys, oldest first; an index below `keyring_count` never becomes invalid. */
size_t keyring_count(const struct keyring *r);
struct key *keyring_at(const struct keyring *r, size_t i);

#endif
