#include "guard/peers.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "guard/secret.h"

/* A peer is a name and, for each kind of event, a ring of the times of its newest ones.
 * Peers hang in a hash table and in one list ordered by their last event:
 *
 *   newest ⇄ … ⇄ oldest          at the cap the oldest makes room
 *
 * Names come from outside, so the hash is seeded: nobody can fill one bucket. */

enum { WINDOW_MS = 60 * 1000, NAME_BYTES = 32, RING_FIRST = 4 };

struct ring {
    int64_t *at; /* oldest first until it is full; then the oldest is at `head` */
    uint32_t n, cap, head;
};

struct name {
    size_t n;
    unsigned char p[NAME_BYTES];
};

struct entry {
    struct entry *chain, *newer, *older;
    struct name name;
    struct ring rings[PEER_COUNTS];
};

struct peers {
    pthread_mutex_t lock;
    uint32_t limits[PEER_COUNTS];
    size_t max, n, mask;
    struct entry **buckets, *newest, *oldest;
    unsigned char seed[crypto_shorthash_KEYBYTES];
};

static void *must_calloc(size_t n, size_t size)
{
    void *p = calloc(n, size);
    if (!p)
        abort();
    return p;
}

struct peers *peers_new(size_t max, const uint32_t limits[PEER_COUNTS])
{
    struct peers *p = must_calloc(1, sizeof(*p));
    size_t buckets = 64;
    while (buckets < max)
        buckets *= 2;
    p->buckets = must_calloc(buckets, sizeof(*p->buckets));
    p->mask = buckets - 1;
    p->max = max ? max : 1;
    memcpy(p->limits, limits, sizeof(p->limits));
    crypto_shorthash_keygen(p->seed);
    if (pthread_mutex_init(&p->lock, NULL) != 0)
        abort();
    return p;
}

static void entry_free(struct entry *e)
{
    for (int i = 0; i < PEER_COUNTS; i++)
        free(e->rings[i].at);
    free(e);
}

void peers_free(struct peers *p)
{
    if (!p)
        return;
    for (struct entry *e = p->newest, *older; e; e = older) {
        older = e->older;
        entry_free(e);
    }
    pthread_mutex_destroy(&p->lock);
    free(p->buckets);
    free(p);
}

/* ---- rings ---- */

static int64_t ring_newest(const struct ring *r)
{
    return r->at[(r->head + r->n - 1) % r->cap];
}

static void ring_grow(struct ring *r, uint32_t limit)
{
    uint32_t cap = r->cap ? r->cap * 2 : RING_FIRST;
    r->cap = cap < limit ? cap : limit;
    r->at = realloc(r->at, r->cap * sizeof(*r->at));
    if (!r->at)
        abort();
}

static void ring_push(struct ring *r, uint32_t limit, int64_t now)
{
    if (limit == 0)
        return;
    if (r->n && now < ring_newest(r))
        now = ring_newest(r); /* workers read the clock on their own */
    if (r->n == r->cap && r->cap < limit)
        ring_grow(r, limit);
    r->at[(r->head + r->n) % r->cap] = now;
    if (r->n < r->cap)
        r->n++;
    else
        r->head = (r->head + 1) % r->cap;
}

static int64_t ring_wait(const struct ring *r, uint32_t limit, int64_t now)
{
    if (r->n < limit)
        return 0;
    int64_t age = limit ? now - r->at[r->head] : 0;
    if (age < 0)
        age = 0;
    return age < WINDOW_MS ? WINDOW_MS - age : 0;
}

/* ---- finding and keeping ---- */

static struct name name_of(struct str who)
{
    struct name name = {who.n, {0}};
    if (who.n > NAME_BYTES) {
        secret_hash(who, name.p);
        name.n = NAME_BYTES;
    } else if (who.n) {
        memcpy(name.p, who.p, who.n);
    }
    return name;
}

static struct entry **bucket(struct peers *p, const struct name *name)
{
    uint64_t hash;
    unsigned char out[crypto_shorthash_BYTES];
    _Static_assert(sizeof(out) == sizeof(hash), "a hash is 8 bytes");
    crypto_shorthash(out, name->p, name->n, p->seed);
    memcpy(&hash, out, sizeof(hash));
    return &p->buckets[hash & p->mask];
}

static struct entry *find(struct peers *p, const struct name *name)
{
    struct entry *e = *bucket(p, name);
    while (e && (e->name.n != name->n || memcmp(e->name.p, name->p, name->n) != 0))
        e = e->chain;
    return e;
}

static void unlink_entry(struct peers *p, struct entry *e)
{
    *(e->newer ? &e->newer->older : &p->newest) = e->older;
    *(e->older ? &e->older->newer : &p->oldest) = e->newer;
}

static void link_newest(struct peers *p, struct entry *e)
{
    e->newer = NULL;
    e->older = p->newest;
    *(p->newest ? &p->newest->newer : &p->oldest) = e;
    p->newest = e;
}

static void drop_oldest(struct peers *p)
{
    struct entry *e = p->oldest, **at = bucket(p, &e->name);
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    unlink_entry(p, e);
    entry_free(e);
    p->n--;
}

static struct entry *make(struct peers *p, const struct name *name)
{
    if (p->n == p->max)
        drop_oldest(p);
    struct entry *e = must_calloc(1, sizeof(*e)), **at = bucket(p, name);
    e->name = *name;
    e->chain = *at;
    *at = e;
    link_newest(p, e);
    p->n++;
    return e;
}

int64_t peers_wait(struct peers *p, struct str who, enum peer_count what,
                   int64_t boot_ms)
{
    static const struct ring none = {NULL, 0, 0, 0};
    struct name name = name_of(who);
    pthread_mutex_lock(&p->lock);
    const struct entry *e = find(p, &name);
    int64_t wait = ring_wait(e ? &e->rings[what] : &none, p->limits[what], boot_ms);
    pthread_mutex_unlock(&p->lock);
    return wait;
}

static struct entry *freshen(struct peers *p, const struct name *name)
{
    struct entry *e = find(p, name);
    if (!e)
        return make(p, name);
    unlink_entry(p, e);
    link_newest(p, e);
    return e;
}

void peers_add(struct peers *p, struct str who, enum peer_count what, int64_t boot_ms)
{
    struct name name = name_of(who);
    pthread_mutex_lock(&p->lock);
    ring_push(&freshen(p, &name)->rings[what], p->limits[what], boot_ms);
    pthread_mutex_unlock(&p->lock);
}

int64_t peers_take(struct peers *p, struct str who, enum peer_count what,
                   int64_t boot_ms)
{
    struct name name = name_of(who);
    pthread_mutex_lock(&p->lock);
    struct ring *r = &freshen(p, &name)->rings[what];
    int64_t wait = ring_wait(r, p->limits[what], boot_ms);
    if (!wait)
        ring_push(r, p->limits[what], boot_ms);
    pthread_mutex_unlock(&p->lock);
    return wait;
}

void peers_undo(struct peers *p, struct str who, enum peer_count what)
{
    struct name name = name_of(who);
    pthread_mutex_lock(&p->lock);
    struct entry *e = find(p, &name);
    if (e && e->rings[what].n)
        e->rings[what].n--;
    pthread_mutex_unlock(&p->lock);
}

uint32_t peers_used(struct peers *p, struct str who, enum peer_count what,
                    int64_t boot_ms, int64_t *reset_ms)
{
    struct name name = name_of(who);
    uint32_t used = 0;
    *reset_ms = 0;
    pthread_mutex_lock(&p->lock);
    const struct entry *e = find(p, &name);
    const struct ring *r = e ? &e->rings[what] : NULL;
    for (uint32_t i = 0; r && i < r->n; i++) {
        int64_t age = boot_ms - r->at[(r->head + i) % r->cap];
        if (age >= WINDOW_MS)
            continue;
        if (!used++)
            *reset_ms = WINDOW_MS - age;
    }
    pthread_mutex_unlock(&p->lock);
    return used;
}

struct str peers_name(const struct in6_addr *a, char out[17])
{
    size_t n = IN6_IS_ADDR_V4MAPPED(a) ? 16 : 8;
    memcpy(out, a->s6_addr, n);
    out[n] = '\0';
    return (struct str){out, n};
}
