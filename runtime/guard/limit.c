#include "guard/limit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/huge.h"
#include "guard/limit_load.h"
#include "guard/limit_ring.h"

/* What is decided. With `n` in a window, a limit L and a cost c: there is room when
 * n + c ≤ L; else when the (L − c + 1)-th newest has left, for then L − c are left.
 * Each entry is kept for as long as a window sees it, whatever the limit is now, so
 * this is exact up to the highest limit there is: nothing is ever merged. */

const int64_t limit_window_ms[LIMIT_WINDOWS] = {60 * 1000, 3600 * 1000, 86400 * 1000};
const char *const limit_window_name[LIMIT_WINDOWS] = {"key-minute", "key-hour",
                                                      "org-day"};

struct place {
    uint32_t hash; /* of the id, so that passing over others touches no slot */
    uint32_t next; /* its number and 1; 0: nobody's */
};

struct limits {
    struct limit_file file;
    struct limit_ring *rings[LIMIT_CHUNKS]; /* beside the file's chunks; never move */
    pthread_mutex_t lock;                   /* guards the two below, and making */
    struct place *index;                    /* open addressing */
    uint32_t index_size;                    /* a power of two, at least half empty */
    _Atomic uint32_t count; /* numbers below are given out, or skipped */
};

/* ---- numbers: chunk k begins at 64 · (2^k − 1) ---- */

static unsigned chunk_of(uint32_t n)
{
    return 31 - (unsigned)__builtin_clz(n / LIMIT_CHUNK_0 + 1);
}

static uint32_t chunk_start(unsigned k)
{
    return (uint32_t)LIMIT_CHUNK_0 * (((uint32_t)1 << k) - 1);
}

static struct limit_ring *ring_at(const struct limits *l, uint32_t n)
{
    unsigned k = chunk_of(n);
    return &l->rings[k][n - chunk_start(k)];
}

static struct limit_slot *slot_at(const struct limits *l, uint32_t n)
{
    unsigned k = chunk_of(n);
    return limit_file_chunk(&l->file, k) + (n - chunk_start(k));
}

/* ---- names ---- */

static uint32_t hash(struct str id)
{
    uint64_t h = 0xCBF29CE484222325; /* FNV-1a; ids are of our own making */
    for (size_t i = 0; i < id.n; i++)
        h = (h ^ (unsigned char)id.p[i]) * 0x100000001B3;
    return (uint32_t)(h ^ h >> 32);
}

static struct str slot_id(const struct limit_slot *s)
{
    return (struct str){s->id, s->len};
}

/* The place of this id, or the empty one where it belongs. */
static struct place *index_find(const struct limits *l, struct str id, uint32_t h)
{
    uint32_t mask = l->index_size - 1, i = h & mask;
    while (l->index[i].next && (l->index[i].hash != h ||
                                !str_eq(slot_id(slot_at(l, l->index[i].next - 1)), id)))
        i = (i + 1) & mask;
    return &l->index[i];
}

static void index_put(const struct limits *l, struct str id, uint32_t n)
{
    uint32_t h = hash(id);
    *index_find(l, id, h) = (struct place){h, n + 1};
}

static void index_grow(struct limits *l)
{
    uint32_t count = atomic_load(&l->count);
    if (count < l->index_size / 2)
        return;
    huge_free(l->index, l->index_size, sizeof(*l->index));
    while (count >= l->index_size / 2)
        l->index_size = l->index_size ? l->index_size * 2 : 256;
    l->index = huge_calloc(l->index_size, sizeof(*l->index));
    for (uint32_t n = 0; n < count; n++)
        if (ring_at(l, n)->slot)
            index_put(l, slot_id(slot_at(l, n)), n);
}

static void add_rings(struct limits *l, unsigned k)
{
    l->rings[k] = huge_calloc((size_t)LIMIT_CHUNK_0 << k, sizeof(struct limit_ring));
}

static int make_ring(struct limits *l, struct str id, uint32_t *ring)
{
    uint32_t n = atomic_load(&l->count);
    unsigned k = chunk_of(n);
    if (k >= LIMIT_CHUNKS)
        return ERR_FULL;
    if (!limit_file_chunk(&l->file, k)) {
        int failed = limit_file_add_chunk(&l->file, k);
        if (failed)
            return failed;
    }
    if (!l->rings[k])
        add_rings(l, k);
    struct limit_slot *s = slot_at(l, n);
    memcpy(s->id, id.p, id.n);
    atomic_signal_fence(memory_order_seq_cst);
    s->len = (unsigned char)id.n;
    limit_ring_init(ring_at(l, n), s);
    index_put(l, id, n);
    atomic_store(&l->count, n + 1);
    *ring = n;
    return 0;
}

int limits_ring(struct limits *l, struct str id, uint32_t *ring)
{
    if (id.n == 0 || id.n > LIMIT_ID)
        return id.n ? ERR_TOO_LARGE : ERR_INVALID;
    int err = 0;
    pthread_mutex_lock(&l->lock);
    index_grow(l);
    uint32_t found = index_find(l, id, hash(id))->next;
    if (found)
        *ring = found - 1;
    else
        err = make_ring(l, id, ring);
    pthread_mutex_unlock(&l->lock);
    return err;
}

/* ---- opening ---- */

static int each_slot(struct limits *l, int (*visit)(struct limits *, uint32_t, void *),
                     void *ctx)
{
    int err = 0;
    for (unsigned k = 0; k < LIMIT_CHUNKS && l->rings[k] && !err; k++) {
        uint32_t end = chunk_start(k + 1);
        for (uint32_t n = chunk_start(k); n < end && !err; n++)
            if (slot_at(l, n)->len)
                err = visit(l, n, ctx);
    }
    return err;
}

static int claim_slot(struct limits *l, uint32_t n, void *ctx)
{
    (void)ctx;
    atomic_store(&l->count, n + 1);
    return limit_load_claim(&l->file, slot_at(l, n));
}

struct loading {
    uint64_t *moved; /* by number */
    bool any;
    int64_t newest;
};

static int load_slot(struct limits *l, uint32_t n, void *ctx)
{
    struct loading *to = ctx;
    struct limit_ring *r = ring_at(l, n);
    int err = limit_load_ring(&l->file, r, slot_at(l, n), &to->moved[n]);
    if (!err && to->moved[n])
        to->any = true;
    if (!err && r->newest > to->newest)
        to->newest = r->newest;
    return err;
}

static int load_all(struct limits *l, struct loading *to)
{
    int err = each_slot(l, load_slot, to);
    if (!err && to->any)
        err = limit_file_flush(&l->file);
    for (uint32_t n = 0; !err && to->any && n < atomic_load(&l->count); n++)
        if (to->moved[n])
            limit_load_adopt(&l->file, ring_at(l, n), to->moved[n]);
    return err;
}

/* The slots are made durable as they are before anything that they do not name is used
 * again. */
static int load(struct limits *l, const struct limit_boot *boot)
{
    for (unsigned k = 0; k < LIMIT_CHUNKS && limit_file_chunk(&l->file, k); k++)
        add_rings(l, k);
    l->file.grain = boot->cut ? 1 : 0;
    int err = each_slot(l, claim_slot, NULL);
    if (!err)
        err = limit_file_settle(&l->file);
    if (!err)
        err = limit_file_flush(&l->file);
    if (err)
        return err;
    struct loading to = {.newest = INT64_MIN / 2};
    to.moved = calloc(atomic_load(&l->count) + 1, sizeof(*to.moved));
    if (!to.moved)
        abort();
    err = load_all(l, &to);
    free(to.moved);
    if (!err)
        limit_file_start(&l->file, boot, to.newest);
    return err;
}

static void destroy(struct limits *l)
{
    for (unsigned k = 0; k < LIMIT_CHUNKS; k++)
        huge_free(l->rings[k], (size_t)LIMIT_CHUNK_0 << k, sizeof(struct limit_ring));
    huge_free(l->index, l->index_size, sizeof(*l->index));
    pthread_mutex_destroy(&l->lock);
    free(l);
}

int limits_open(struct limits **out, const char *path, const struct limit_boot *boot,
                struct buf *why)
{
    struct limits *l = calloc(1, sizeof(*l));
    if (!l)
        abort();
    pthread_mutex_init(&l->lock, NULL);
    int err = limit_file_open(&l->file, path, why);
    if (err) {
        destroy(l);
        return err;
    }
    err = load(l, boot);
    if (err) {
        buf_fmt(why, "%s: %s", path,
                err == ERR_CORRUPT
                    ? "does not hold what was written"
                    : "cannot be put in order: no room, or the disk fails");
        limit_file_close(&l->file);
        destroy(l);
        return err;
    }
    limits_sweep(l, &boot->now);
    index_grow(l);
    *out = l;
    return 0;
}

void limits_close(struct limits *l)
{
    if (!l)
        return;
    limit_ring_sync(&l->file);
    limit_file_close(&l->file);
    destroy(l);
}

/* ---- deciding ---- */

struct question {
    struct limit_ring *ring[LIMIT_WINDOWS];
    const struct limit_rule *rule;
    int64_t now; /* file time as the caller has it */
    int64_t t;   /* and as it is decided: never before an earlier answer's */
    uint32_t cost;
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Both locks, the organization's first; then the time stands. */
static void ask(struct limits *l, struct question *q, uint32_t key, uint32_t org)
{
    struct limit_ring *k = ring_at(l, key), *o = ring_at(l, org);
    assert(k != o);
    q->ring[LIMIT_MINUTE] = q->ring[LIMIT_HOUR] = k;
    q->ring[LIMIT_DAY] = o;
    limit_ring_lock(o);
    limit_ring_fetch(o);
    limit_ring_lock(k);
    limit_ring_fetch(k);
    q->t = later(q->now, later(k->asked, o->asked));
    k->asked = o->asked = q->t;
}

static void answered(const struct question *q)
{
    limit_ring_unlock(q->ring[LIMIT_HOUR]);
    limit_ring_unlock(q->ring[LIMIT_DAY]);
}

/* Where slots and rings lie follows from their numbers, so that nothing here waits. */
void limits_near(const struct limits *l, uint32_t key_ring, uint32_t org_ring)
{
    __builtin_prefetch(ring_at(l, key_ring), 1);
    __builtin_prefetch(ring_at(l, org_ring), 1);
    __builtin_prefetch(slot_at(l, key_ring), 1);
    __builtin_prefetch(slot_at(l, org_ring), 1);
}

static int64_t wait_for(const struct question *q, enum limit_window w, uint32_t n)
{
    uint32_t limit = q->rule->limit[w];
    if (n + q->cost <= limit)
        return 0;
    if (q->cost > limit)
        return limit_window_ms[w]; /* and then again: it will never fit */
    return limit_ring_leaves(q->ring[w], w, limit - q->cost + 1) - q->now;
}

static void decide(const struct question *q, struct limit_verdict *out)
{
    out->wait_ms = 0;
    for (int i = 0; i < LIMIT_WINDOWS; i++) {
        struct limit_state *s = &out->windows[i];
        enum limit_window w = (enum limit_window)i;
        s->limit = q->rule->limit[i];
        s->used = limit_ring_count(q->ring[i], w, q->t);
        s->wait_ms = wait_for(q, w, s->used);
        if (s->wait_ms > out->wait_ms)
            out->wait_ms = s->wait_ms;
    }
    out->admitted = out->wait_ms == 0;
}

/* Remaining grows when the oldest leaves, or, over a lowered limit, when fewer than the
 * limit are left. */
static void describe(const struct question *q, struct limit_verdict *out)
{
    for (int i = 0; i < LIMIT_WINDOWS; i++) {
        struct limit_state *s = &out->windows[i];
        struct limit_ring *r = q->ring[i];
        s->used = r->head - r->seen[limit_ring_place((enum limit_window)i)];
        uint32_t k = s->used < s->limit ? s->used : s->limit;
        s->reset_ms =
            k ? limit_ring_leaves(r, (enum limit_window)i, k) - q->now : (int64_t)0;
    }
}

static int record(struct limits *l, const struct question *q)
{
    struct limit_ring *key = q->ring[LIMIT_HOUR], *org = q->ring[LIMIT_DAY];
    int err = limit_ring_room(&l->file, key, LIMIT_HOUR, q->cost);
    if (!err)
        err = limit_ring_room(&l->file, org, LIMIT_DAY, q->cost);
    if (err)
        return err;
    limit_ring_push(&l->file, key, LIMIT_HOUR, q->t, q->cost);
    limit_ring_push(&l->file, org, LIMIT_DAY, q->t, q->cost);
    return 0;
}

int limits_take(struct limits *l, uint32_t key_ring, uint32_t org_ring,
                const struct limit_rule *rule, const struct now *now, uint32_t cost,
                struct limit_verdict *out)
{
    struct question q = {.rule = rule, .cost = cost};
    int err = 0;
    q.now = limit_file_time(&l->file, now);
    ask(l, &q, key_ring, org_ring);
    decide(&q, out);
    if (out->admitted && (err = record(l, &q)) != 0) {
        out->admitted = false;
        out->wait_ms = 1000;
    }
    describe(&q, out);
    answered(&q);
    return err;
}

void limits_size(const struct limits *l, uint64_t *bytes, uint64_t *rings)
{
    *bytes = atomic_load_explicit(&l->file.size, memory_order_relaxed);
    *rings = atomic_load_explicit(&l->count, memory_order_relaxed);
}

void limits_peek(struct limits *l, uint32_t key_ring, uint32_t org_ring,
                 const struct limit_rule *rule, const struct now *now,
                 struct limit_verdict *out)
{
    struct question q = {.rule = rule, .cost = 1};
    q.now = limit_file_time(&l->file, now);
    ask(l, &q, key_ring, org_ring);
    decide(&q, out);
    describe(&q, out);
    answered(&q);
}

/* ---- upkeep ---- */

void limits_sync(struct limits *l)
{
    limit_ring_sync(&l->file);
    limit_file_spare(&l->file);
}

void limits_sweep(struct limits *l, const struct now *now)
{
    int64_t t = limit_file_time(&l->file, now);
    for (uint32_t n = 0; n < atomic_load(&l->count); n++) {
        struct limit_ring *r = ring_at(l, n);
        limit_ring_lock(r);
        limit_ring_sweep(&l->file, r, t);
        limit_ring_unlock(r);
    }
}
