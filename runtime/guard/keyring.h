#ifndef KORDLESS_GUARD_KEYRING_H
#define KORDLESS_GUARD_KEYRING_H

/* Every organization and key, in memory, one table for all workers. Readers take no
 * lock: open addressing over slots of 8 bytes of digest and an index; a hit compares
 * all 32 bytes in constant time. Writers (creation, revocation) are rare and serialized
 * inside. Records never move and are never freed before the ring, so a pointer to one
 * is good for ever; revoked keys stay, so that they can be told they are revoked.
 *
 * What can change is an atomic number, or a pointer to something that never changes:
 * a change publishes a new one and leaves the old one to whoever reads it, so only
 * changes cost memory (keyring_changed counts it). Each carries the number of its audit
 * row, which is the order of commits: of two changes the later one wins, whichever
 * worker publishes it first. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/str.h"
#include "guard/environment.h"
#include "guard/override.h"
#include "guard/scope.h"
#include "guard/secret.h"

enum key_state { KEY_ACTIVE, KEY_REVOKED };
enum { IP_BYTES = 16 };

/* Suspended in the store; in memory only, because the store has not said yet. */
enum { ORG_SUSPENDED = 1 << 0, ORG_HELD = 1 << 1 };

struct org {
    _Atomic int suspended;        /* 0: it is not */
    uint32_t ring;                /* its day in guard/limit.h */
    _Atomic uint32_t inputs;      /* counts changes of what quota policies read */
    _Atomic uint32_t over_minute; /* when its day was last full: metrics.c's */
    _Atomic(const struct override *) limits; /* NULL: none */
    char id[ID_MAX];                         /* with org_ */
    struct str slug;
    _Atomic(const struct str *) name, plan, metadata;
    int64_t version;
};

/* What every request looks at is in the first two cache lines. */
struct key {
    _Alignas(64) unsigned char digest[DIGEST_BYTES];
    struct org *org;
    int64_t not_before_ms;      /* 0: none */
    _Atomic int64_t expires_ms; /* 0: none */
    _Atomic int state;          /* enum key_state */
    uint32_t ring; /* its minute and hour; a rotated key's successor has the same */

    _Atomic uint64_t quota;                  /* a mark of lua/quota.c; 0 at first */
    _Atomic uint32_t inputs;                 /* as the organization's */
    _Atomic uint32_t scopes;                 /* guard/scope.h */
    _Atomic(const struct override *) limits; /* NULL: none */
    _Atomic int64_t last_used_ms;
    _Atomic uint64_t last_used_ip[2];
    _Atomic uint32_t ip_turn; /* odd while the address is being written */
    uint32_t org_ring;        /* org->ring, known before the organization is */
    _Atomic(const struct str *) label;

    char id[ID_MAX], last4[LAST4 + 1];
    int environment;                  /* enum environment */
    _Atomic(const struct str *) tags; /* guard/tags.h */
    int64_t created_ms;
    int64_t version;
    int64_t used_written_ms, used_durable_ms; /* last_used in the store: key_use.c's */
};
_Static_assert(offsetof(struct key, quota) == 64 && offsetof(struct key, id) == 128,
               "what every request looks at is in two lines");

static inline struct str keyring_text(const struct str *s)
{
    return s ? *s : STR("");
}
/* What a text or a number is now. */
#define keyring_now(field) atomic_load_explicit(&(field), memory_order_acquire)
#define keyring_label(k)   keyring_text(keyring_now((k)->label))
#define keyring_tags(k)    keyring_text(keyring_now((k)->tags))
#define keyring_name(o)    keyring_text(keyring_now((o)->name))
#define keyring_plan(o)    keyring_text(keyring_now((o)->plan))

struct keyring;
struct keyring *keyring_new(void);
void keyring_free(struct keyring *r);

/* Texts are copied; atomics start as the template has them. The rings are the caller's
 * to set before a worker can see the record. ERR_EXISTS: this id (or digest) is there.
 */
int keyring_add_org(struct keyring *r, const struct org *row,
                    struct org **out) MUST_CHECK;
int keyring_add_key(struct keyring *r, const struct key *row,
                    struct key **out) MUST_CHECK;

/* NULL: unknown. Lock-free. */
struct key *keyring_find(const struct keyring *r,
                         const unsigned char digest[DIGEST_BYTES]);
/* By id, with or without the prefix; by slug. For the rare paths: these take the lock.
 */
struct key *keyring_key(const struct keyring *r, struct str id);
struct org *keyring_org(const struct keyring *r, struct str id);
struct org *keyring_org_by_slug(const struct keyring *r, struct str slug);

/* At once for every worker: the next look sees it (sequentially consistent). The second
 * holds all keys of an organization, until a durable change of its suspension. */
void keyring_revoke(struct key *k);
void keyring_hold(struct org *o);

/* A durable row, whole, as of the change `version`; an older one is passed over. With
 * `lift` the change was one of the suspension, so that it also ends a hold. */
struct key_facts {
    struct str label, tags;
    uint32_t scopes;
    int64_t expires_ms, version;
    const struct override *limits; /* NULL: none; copied */
};
struct org_facts {
    struct str name, plan, metadata;
    bool suspended, lift;
    int64_t version;
    const struct override *limits;
};
void keyring_change_key(struct keyring *r, struct key *k, const struct key_facts *f);
void keyring_change_org(struct keyring *r, struct org *o, const struct org_facts *f);
size_t keyring_changed(const struct keyring *r); /* bytes that changes have cost */

/* All keys, oldest first; an index below `keyring_count` never becomes invalid. */
size_t keyring_count(const struct keyring *r);
struct key *keyring_at(const struct keyring *r, size_t i);

#endif
