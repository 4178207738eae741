#include "guard/keyring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/huge.h"

/* Records live in chunks, each twice the one before, so that none ever moves and the
 * list of chunks has a fixed length:
 *
 *   chunks[0] ▶ records 0 … 1023    chunks[1] ▶ 1024 … 3071    chunks[2] ▶ 3072 … 7167
 *
 * The table maps digests to records. A slot is free while its index is 0. A writer
 * fills the record, then the tag, then the index with release; a reader takes the index
 * with acquire, so what it points to is whole. Slots are never emptied, so a probe may
 * stop at the first free one. A full table is copied into one twice as large, which is
 * published by one pointer; a reader may still be in the old one, so that is kept until
 * the end (all old ones together are no larger than the present one). */

enum { CHUNK0 = 1024, CHUNKS = 21, TABLE0 = 2048 };

struct slot {
    _Atomic uint64_t tag;   /* the first 8 bytes of the digest */
    _Atomic uint32_t index; /* of the record, plus 1; 0: free */
};

struct table {
    struct table *older;
    size_t mask;
    struct slot *slots;
};

/* Names of the rare paths: text to record, under the lock. */
struct names {
    struct name {
        struct str text;
        void *record;
        size_t hash; /* so that growing and passing over others touches no text */
    } * at;
    size_t n, cap;
};

struct shared {
    pthread_rwlock_t lock;
    struct arena memory; /* organizations and all texts */
    size_t changed;      /* of it, what changes have taken */
    struct names keys, orgs, slugs;
};

struct keyring {
    _Atomic(struct table *) table;
    _Atomic(struct key *) chunks[CHUNKS];
    _Atomic size_t count;
    struct shared
        *shared; /* behind a pointer: looking takes the lock of a const ring */
};

/* ---- names ---- */

/* FNV-1a. Only operators choose what goes in, so nobody can pile names up. */
static size_t name_hash(struct str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

/* Where `text` is or would be. There is always a free place. */
static struct name *name_place(const struct names *names, struct str text, size_t hash)
{
    size_t i = hash & (names->cap - 1);
    while (names->at[i].record &&
           (names->at[i].hash != hash || !str_eq(names->at[i].text, text)))
        i = (i + 1) & (names->cap - 1);
    return &names->at[i];
}

static void *name_get(const struct names *names, struct str text)
{
    return names->cap ? name_place(names, text, name_hash(text))->record : NULL;
}

static void *must_calloc(size_t n, size_t size)
{
    void *p = calloc(n, size);
    if (!p)
        abort();
    return p;
}

static void names_grow(struct names *names)
{
    struct names wider = {NULL, names->n, names->cap ? names->cap * 2 : 64};
    wider.at = huge_calloc(wider.cap, sizeof(*wider.at));
    for (size_t i = 0; i < names->cap; i++)
        if (names->at[i].record)
            *name_place(&wider, names->at[i].text, names->at[i].hash) = names->at[i];
    huge_free(names->at, names->cap, sizeof(*names->at));
    *names = wider;
}

static void name_put(struct names *names, struct str text, void *record)
{
    if ((names->n + 1) * 2 > names->cap)
        names_grow(names);
    size_t hash = name_hash(text);
    *name_place(names, text, hash) = (struct name){text, record, hash};
    names->n++;
}

static struct str without(struct str id, struct str prefix)
{
    if (str_starts(id, prefix)) {
        id.p += prefix.n;
        id.n -= prefix.n;
    }
    return id;
}

static struct str org_name(struct str id)
{
    return without(id, STR("org_"));
}

static struct str key_name(struct str id)
{
    return without(id, STR("key_"));
}

/* ---- the table ---- */

static uint64_t tag_of(const unsigned char digest[DIGEST_BYTES])
{
    uint64_t tag;
    memcpy(&tag, digest, sizeof(tag));
    return tag;
}

static struct table *table_new(size_t size)
{
    struct table *t = must_calloc(1, sizeof(*t));
    t->slots = huge_calloc(size, sizeof(*t->slots));
    t->mask = size - 1;
    return t;
}

/* The digest is keyed BLAKE2b: it is its own hash, and nobody outside can steer it. */
static void table_put(struct table *t, uint64_t tag, uint32_t index)
{
    size_t i = (size_t)tag & t->mask;
    while (atomic_load_explicit(&t->slots[i].index, memory_order_relaxed))
        i = (i + 1) & t->mask;
    atomic_store_explicit(&t->slots[i].tag, tag, memory_order_relaxed);
    atomic_store_explicit(&t->slots[i].index, index + 1, memory_order_release);
}

static struct key *record(const struct keyring *r, size_t i)
{
    unsigned chunk = 63u - (unsigned)__builtin_clzll((uint64_t)i / CHUNK0 + 1);
    size_t first = (((size_t)1 << chunk) - 1) * CHUNK0;
    struct key *at = atomic_load_explicit(&r->chunks[chunk], memory_order_acquire);
    return at + (i - first);
}

struct key *keyring_find(const struct keyring *r,
                         const unsigned char digest[DIGEST_BYTES])
{
    const struct table *t = atomic_load_explicit(&r->table, memory_order_acquire);
    uint64_t tag = tag_of(digest);
    for (size_t i = (size_t)tag & t->mask;; i = (i + 1) & t->mask) {
        const struct slot *s = &t->slots[i];
        uint32_t index = atomic_load_explicit(&s->index, memory_order_acquire);
        if (index == 0)
            return NULL;
        if (atomic_load_explicit(&s->tag, memory_order_relaxed) != tag)
            continue;
        struct key *k = record(r, index - 1);
        __builtin_prefetch((char *)k + 64, 1);
        if (secret_equal_digest(k->digest, digest))
            return k;
    }
}

static void table_grow(struct keyring *r, size_t count)
{
    struct table *old = atomic_load_explicit(&r->table, memory_order_relaxed);
    struct table *t = table_new((old->mask + 1) * 2);
    for (size_t i = 0; i < count; i++)
        table_put(t, tag_of(record(r, i)->digest), (uint32_t)i);
    t->older = old;
    atomic_store_explicit(&r->table, t, memory_order_release);
}

/* ---- the ring ---- */

struct keyring *keyring_new(void)
{
    struct keyring *r = must_calloc(1, sizeof(*r));
    r->shared = must_calloc(1, sizeof(*r->shared));
    if (pthread_rwlock_init(&r->shared->lock, NULL) != 0)
        abort();
    arena_init(&r->shared->memory);
    atomic_store(&r->table, table_new(TABLE0));
    return r;
}

static void names_end(struct names *names)
{
    huge_free(names->at, names->cap, sizeof(*names->at));
}

void keyring_free(struct keyring *r)
{
    if (!r)
        return;
    for (struct table *t = atomic_load(&r->table), *older; t; t = older) {
        older = t->older;
        huge_free(t->slots, t->mask + 1, sizeof(*t->slots));
        free(t);
    }
    for (int i = 0; i < CHUNKS; i++)
        huge_free(atomic_load(&r->chunks[i]), (size_t)CHUNK0 << i, sizeof(struct key));
    names_end(&r->shared->keys);
    names_end(&r->shared->orgs);
    names_end(&r->shared->slugs);
    arena_end(&r->shared->memory);
    pthread_rwlock_destroy(&r->shared->lock);
    free(r->shared);
    free(r);
}

/* ---- texts ---- */

static const struct str *put_text(struct shared *s, struct str text)
{
    if (text.n == 0)
        return NULL;
    struct str *out = arena_alloc(&s->memory, sizeof(*out));
    *out = arena_str(&s->memory, text);
    return out;
}

static const struct override *put_limits(struct shared *s, const struct override *o)
{
    if (!o)
        return NULL;
    struct override *out = arena_alloc(&s->memory, sizeof(*out));
    *out = *o;
    out->reason = arena_str(&s->memory, o->reason);
    return out;
}

static int add_org_locked(struct shared *s, const struct org *row, struct org **out)
{
    if (name_get(&s->orgs, org_name(str_of(row->id))) || name_get(&s->slugs, row->slug))
        return ERR_EXISTS;
    struct org *o = arena_zero(&s->memory, sizeof(*o));
    memcpy(o->id, row->id, sizeof(o->id));
    o->slug = arena_str(&s->memory, row->slug);
    o->ring = row->ring;
    atomic_init(&o->name, put_text(s, keyring_name(row)));
    atomic_init(&o->plan, put_text(s, keyring_plan(row)));
    atomic_init(&o->metadata, put_text(s, keyring_text(keyring_now(row->metadata))));
    atomic_init(&o->limits, put_limits(s, keyring_now(row->limits)));
    atomic_init(&o->suspended, atomic_load(&row->suspended));
    name_put(&s->orgs, org_name(str_of(o->id)), o);
    name_put(&s->slugs, o->slug, o);
    *out = o;
    return 0;
}

int keyring_add_org(struct keyring *r, const struct org *row, struct org **out)
{
    pthread_rwlock_wrlock(&r->shared->lock);
    int err = add_org_locked(r->shared, row, out);
    pthread_rwlock_unlock(&r->shared->lock);
    return err;
}

/* The place of record `i`; its chunk is made when it is the first of one. */
static struct key *record_new(struct keyring *r, size_t i)
{
    unsigned chunk = 63u - (unsigned)__builtin_clzll((uint64_t)i / CHUNK0 + 1);
    if (!atomic_load_explicit(&r->chunks[chunk], memory_order_relaxed)) {
        struct key *at = huge_calloc((size_t)CHUNK0 << chunk, sizeof(*at));
        atomic_store_explicit(&r->chunks[chunk], at, memory_order_release);
    }
    return record(r, i);
}

static void fill_key(struct shared *s, struct key *k, const struct key *row)
{
    memcpy(k->digest, row->digest, sizeof(k->digest));
    memcpy(k->id, row->id, sizeof(k->id));
    memcpy(k->last4, row->last4, sizeof(k->last4));
    k->environment = row->environment;
    k->org = row->org;
    k->created_ms = row->created_ms;
    k->not_before_ms = row->not_before_ms;
    k->ring = row->ring;
    k->org_ring = row->org->ring;
    atomic_init(&k->scopes, keyring_now(row->scopes));
    atomic_init(&k->expires_ms, keyring_now(row->expires_ms));
    atomic_init(&k->label, put_text(s, keyring_label(row)));
    atomic_init(&k->tags, put_text(s, keyring_tags(row)));
    atomic_init(&k->limits, put_limits(s, keyring_now(row->limits)));
    for (int i = 0; i < 2; i++)
        atomic_init(&k->last_used_ip[i], atomic_load(&row->last_used_ip[i]));
    k->used_written_ms = k->used_durable_ms = row->used_durable_ms;
    atomic_init(&k->state, atomic_load(&row->state));
    atomic_init(&k->last_used_ms, atomic_load(&row->last_used_ms));
    atomic_init(&k->quota, atomic_load(&row->quota));
}

static int add_key_locked(struct keyring *r, const struct key *row, struct key **out)
{
    struct shared *s = r->shared;
    size_t count = atomic_load_explicit(&r->count, memory_order_relaxed);
    if (name_get(&s->keys, key_name(str_of(row->id))) || keyring_find(r, row->digest))
        return ERR_EXISTS;
    if (count >= (((size_t)1 << CHUNKS) - 1) * CHUNK0)
        return ERR_FULL;
    struct key *k = record_new(r, count);
    fill_key(s, k, row);
    name_put(&s->keys, key_name(str_of(k->id)), k);
    if ((count + 1) * 2 >
        atomic_load_explicit(&r->table, memory_order_relaxed)->mask + 1)
        table_grow(r, count);
    table_put(atomic_load_explicit(&r->table, memory_order_relaxed), tag_of(k->digest),
              (uint32_t)count);
    atomic_store_explicit(&r->count, count + 1, memory_order_release);
    *out = k;
    return 0;
}

int keyring_add_key(struct keyring *r, const struct key *row, struct key **out)
{
    pthread_rwlock_wrlock(&r->shared->lock);
    int err = add_key_locked(r, row, out);
    pthread_rwlock_unlock(&r->shared->lock);
    return err;
}

static void *look(const struct keyring *r, const struct names *names, struct str text)
{
    pthread_rwlock_rdlock(&r->shared->lock);
    void *found = name_get(names, text);
    pthread_rwlock_unlock(&r->shared->lock);
    return found;
}

struct key *keyring_key(const struct keyring *r, struct str id)
{
    return look(r, &r->shared->keys, key_name(id));
}

struct org *keyring_org(const struct keyring *r, struct str id)
{
    return look(r, &r->shared->orgs, org_name(id));
}

struct org *keyring_org_by_slug(const struct keyring *r, struct str slug)
{
    return look(r, &r->shared->slugs, slug);
}

/* ---- changes ---- */

void keyring_revoke(struct key *k)
{
    atomic_store(&k->state, KEY_REVOKED);
}

void keyring_hold(struct org *o)
{
    atomic_fetch_or(&o->suspended, ORG_HELD);
}

/* What is the same already costs nothing and disturbs nobody. */
static bool change_text(struct shared *s, _Atomic(const struct str *) *at,
                        struct str text)
{
    if (str_eq(keyring_text(atomic_load(at)), text))
        return false;
    s->changed += sizeof(struct str) + text.n;
    atomic_store(at, put_text(s, text));
    return true;
}

static void change_limits(struct shared *s, _Atomic(const struct override *) *at,
                          const struct override *to)
{
    const struct override *o = atomic_load(at);
    if (!o && !to)
        return;
    if (o && to && memcmp(o->limit, to->limit, sizeof(o->limit)) == 0 &&
        o->until_ms == to->until_ms && str_eq(o->reason, to->reason))
        return;
    if (to)
        s->changed += sizeof(*to) + to->reason.n;
    atomic_store(at, put_limits(s, to));
}

/* The count moves after what it counts: who sees the new count sees the new input. */
static void note_input(_Atomic uint32_t *inputs)
{
    atomic_fetch_add(inputs, 1);
}

void keyring_change_key(struct keyring *r, struct key *k, const struct key_facts *f)
{
    struct shared *s = r->shared;
    pthread_rwlock_wrlock(&s->lock);
    if (f->version > k->version) {
        k->version = f->version;
        atomic_store(&k->scopes, f->scopes);
        atomic_store(&k->expires_ms, f->expires_ms);
        change_limits(s, &k->limits, f->limits);
        bool read = change_text(s, &k->label, f->label);
        if (change_text(s, &k->tags, f->tags) || read)
            note_input(&k->inputs);
    }
    pthread_rwlock_unlock(&s->lock);
}

void keyring_change_org(struct keyring *r, struct org *o, const struct org_facts *f)
{
    struct shared *s = r->shared;
    pthread_rwlock_wrlock(&s->lock);
    if (f->version > o->version) {
        o->version = f->version;
        if (f->suspended)
            atomic_fetch_or(&o->suspended, ORG_SUSPENDED);
        else
            atomic_fetch_and(&o->suspended, ~ORG_SUSPENDED);
        if (f->lift)
            atomic_fetch_and(&o->suspended, ~ORG_HELD);
        change_limits(s, &o->limits, f->limits);
        change_text(s, &o->name, f->name);
        bool read = change_text(s, &o->plan, f->plan);
        if (change_text(s, &o->metadata, f->metadata) || read)
            note_input(&o->inputs);
    }
    pthread_rwlock_unlock(&s->lock);
}

size_t keyring_changed(const struct keyring *r)
{
    pthread_rwlock_rdlock(&r->shared->lock);
    size_t n = r->shared->changed;
    pthread_rwlock_unlock(&r->shared->lock);
    return n;
}

/* ---- all of them ---- */

size_t keyring_count(const struct keyring *r)
{
    return atomic_load_explicit(&r->count, memory_order_acquire);
}

struct key *keyring_at(const struct keyring *r, size_t i)
{
    return record(r, i);
}
