#include "guard/hush.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Entries hang in a hash table and in a queue by the time of their first refusal: the
 * one whose minute is over first is at its head. Addresses come from outside, so the
 * hash is seeded. */

enum { WINDOW_MS = 60 * 1000, NAME_BYTES = 16 };

struct entry {
    struct entry *chain, *next;
    unsigned char name[NAME_BYTES];
    size_t name_n;
    int64_t since_ms;
    struct hush_line line; /* its address is written when it is told */
};

struct hush {
    pthread_mutex_t lock;
    size_t max, n, mask;
    struct entry **buckets, *head, **tail;
    struct entry others; /* outside of both; `line.n` says whether there are any */
    unsigned char seed[crypto_shorthash_KEYBYTES];
};

static void *must_calloc(size_t n, size_t size)
{
    void *p = calloc(n, size);
    if (!p)
        abort();
    return p;
}

struct hush *hush_new(size_t max)
{
    struct hush *h = must_calloc(1, sizeof(*h));
    size_t buckets = 64;
    while (buckets < max)
        buckets *= 2;
    h->buckets = must_calloc(buckets, sizeof(struct entry *));
    h->mask = buckets - 1;
    h->max = max;
    h->tail = &h->head;
    crypto_shorthash_keygen(h->seed);
    if (pthread_mutex_init(&h->lock, NULL) != 0)
        abort();
    return h;
}

void hush_free(struct hush *h)
{
    if (!h)
        return;
    for (struct entry *e = h->head, *next; e; e = next) {
        next = e->next;
        free(e);
    }
    pthread_mutex_destroy(&h->lock);
    free(h->buckets);
    free(h);
}

static struct entry **bucket(struct hush *h, const unsigned char *name, size_t n)
{
    uint64_t hash;
    unsigned char out[crypto_shorthash_BYTES];
    crypto_shorthash(out, name, n, h->seed);
    memcpy(&hash, out, sizeof(hash));
    return &h->buckets[hash & h->mask];
}

static struct entry *make(struct hush *h, struct entry **at, struct str who,
                          int64_t boot_ms)
{
    if (h->n == h->max) {
        if (!h->others.line.n)
            h->others.since_ms = boot_ms;
        return &h->others;
    }
    struct entry *e = must_calloc(1, sizeof(*e));
    memcpy(e->name, who.p, who.n);
    e->name_n = who.n;
    e->since_ms = boot_ms;
    e->chain = *at;
    *at = e;
    *h->tail = e;
    h->tail = &e->next;
    h->n++;
    return e;
}

static void note(struct hush_line *l, const char *code)
{
    int i = 0;
    while (i < l->n_codes && strcmp(l->codes[i].code, code) != 0)
        i++;
    if (i == HUSH_CODES)
        i = HUSH_CODES - 1;
    if (i == l->n_codes)
        l->codes[l->n_codes++].code = i == HUSH_CODES - 1 ? "other" : code;
    l->codes[i].n++;
    l->n++;
}

void hush_add(struct hush *h, struct str who, const char *code, int64_t boot_ms)
{
    who.n = who.n < NAME_BYTES ? who.n : NAME_BYTES;
    pthread_mutex_lock(&h->lock);
    struct entry **at = bucket(h, (const unsigned char *)who.p, who.n), *e = *at;
    while (e && (e->name_n != who.n || memcmp(e->name, who.p, who.n) != 0))
        e = e->chain;
    note(&(e ? e : make(h, at, who, boot_ms))->line, code);
    pthread_mutex_unlock(&h->lock);
}

/* ---- telling ---- */

static void say_address(const struct entry *e, char *out)
{
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    struct in6_addr a = {0};
    memcpy(&a, e->name, e->name_n);
    if (e->name_n == NAME_BYTES && memcmp(&a, mapped, sizeof(mapped)) == 0) {
        inet_ntop(AF_INET, a.s6_addr + 12, out, HUSH_ADDRESS);
        return;
    }
    inet_ntop(AF_INET6, &a, out, HUSH_ADDRESS);
    if (e->name_n < NAME_BYTES)
        memcpy(out + strlen(out), "/64", sizeof("/64"));
}

static struct entry *unlink_head(struct hush *h)
{
    struct entry *e = h->head, **at = bucket(h, e->name, e->name_n);
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    h->head = e->next;
    if (!h->head)
        h->tail = &h->head;
    h->n--;
    return e;
}

bool hush_next(struct hush *h, int64_t boot_ms, bool all, struct hush_line *out)
{
    struct entry *told = NULL;
    pthread_mutex_lock(&h->lock);
    bool any = h->head && (all || boot_ms - h->head->since_ms >= WINDOW_MS);
    if (any) {
        told = unlink_head(h);
        say_address(told, told->line.address);
        *out = told->line;
    } else if (h->others.line.n && (all || boot_ms - h->others.since_ms >= WINDOW_MS)) {
        any = true;
        *out = h->others.line;
        memcpy(out->address, "others", sizeof("others"));
        memset(&h->others, 0, sizeof(h->others));
    }
    pthread_mutex_unlock(&h->lock);
    free(told);
    return any;
}

size_t hush_count(struct hush *h)
{
    pthread_mutex_lock(&h->lock);
    size_t n = h->n;
    pthread_mutex_unlock(&h->lock);
    return n;
}
