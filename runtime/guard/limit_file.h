#ifndef KORDLESS_GUARD_LIMIT_FILE_H
#define KORDLESS_GUARD_LIMIT_FILE_H

/* The mapped file under the limits: its one header, the clock kept in it, and who owns
 * which bytes of it. Nothing here knows what a window is.
 *
 *   0      4096                                                       used      size
 *   ┌──────┬─────────┬────────┬────┬─────────────────┬───┬─────────────┬─────────┐
 *   │ head │ chunk 0 │ region │ r. │     region      │ r.│   chunk 1   │ no one's│
 *   └──┬───┴────┬────┴────────┴────┴────────▲────────┴───┴──────▲──────┴─────────┘
 *      │        │ 64 slots of 64 bytes      │                   │
 *      │        └─ slot: id, head, tail ────┘ (one 8-byte word) │
 *      └─ chunk[k] holds 64 << k slots ─────────────────────────┘
 *
 * A slot is a ring's name and counters, a region its times: 2^5 to 2^20 entries of 4
 * bytes, entry i at i mod 2^bits. A word is `offset << 8 | LIMIT_OLD | bits`.
 *
 * Two deaths are survived. After kill -9 memory is as the program left it, so the order
 * of stores is enough. After power loss every 512-byte sector is, each for itself, as
 * of the last sync or of any time since: so what a slot names on disk keeps its bytes
 * until a sync has made durable that the slot names it no more, and a ring that moved
 * names its old region too until the new one is durable.
 *
 * The mapping is reserved once, larger than the file; the file grows under it, so
 * pointers stay good. Blocks are allocated before they are used: a full disk is an
 * error of limit_file_alloc, never a SIGBUS. Who runs with RLIMIT_FSIZE
 * ignores SIGXFSZ. */

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/limit.h"

enum {
    LIMIT_ID = 31,      /* bytes of a name at most */
    LIMIT_CHUNKS = 24,  /* a thousand million slots */
    LIMIT_CHUNK_0 = 64, /* slots in the first */
    LIMIT_BITS_MIN = 5,
    LIMIT_BITS_MAX = 20,  /* 4 MiB: more than 1,000,000 entries never live */
    LIMIT_OLD = 0x80,     /* in slot.region: entries before `split` are in slot.old */
    LIMIT_MARK_MS = 1000, /* no entry is later than the mark and this */
    LIMIT_SLACK_MS = 100  /* how far the kept wall clock may be off */
};

struct limit_slot {
    unsigned char len; /* of id; 0: nobody's. Written last */
    char id[LIMIT_ID];
    _Atomic uint64_t region; /* 0: none */
    uint64_t old;
    _Atomic uint32_t head; /* entries ever pushed, modulo 2^32 */
    _Atomic uint32_t tail; /* those before are of no window any more */
    uint32_t split;
    uint32_t zero;
};

/* File time 0, said in the two clocks of one boot. */
struct limit_epoch {
    char boot_id[40];
    int64_t boot_ms;
    _Atomic int64_t wall_ms; /* follows when the wall clock is set */
};

struct limit_head {
    char magic[8]; /* written last */
    uint32_t version;
    _Atomic uint32_t which; /* of the two epochs */
    _Atomic uint64_t used;
    _Atomic int64_t mark; /* a file time that was reached */
    struct limit_epoch epoch[2];
    _Atomic uint64_t chunk[LIMIT_CHUNKS];
};
static_assert(sizeof(struct limit_slot) == 64,
              "a slot is one cache line of one sector");
static_assert(sizeof(struct limit_head) <= 512, "the header is written in one piece");

struct limit_extent {
    uint64_t at, n;
};

struct limit_ring;
struct limit_retired {
    struct limit_ring *ring; /* may still name it as its old one; NULL: nobody does */
    uint64_t word;
};

struct limit_file {
    int fd;
    unsigned char *map;
    size_t reserve;
    _Atomic size_t size;
    struct limit_head *head;
    struct limit_epoch *epoch; /* the one that counts */
    int64_t base;              /* file time = boot_ms - base */
    uint32_t grain;            /* what a stored time adds */

    pthread_mutex_t lock; /* guards all below, and growing; taken after any ring's */
    struct limit_freed {
        uint64_t *at;
        size_t n, cap;
    } freed[LIMIT_BITS_MAX + 1];
    struct limit_retired *retired;
    size_t retired_n, retired_cap;
    uint32_t round;             /* of syncs */
    struct limit_extent *claim; /* only while opening */
    size_t claim_n, claim_cap;
};

/* As limits_open, but for the rings: then come a claim for every region that a slot
 * names, limit_file_settle, and limit_file_start. */
int limit_file_open(struct limit_file *f, const char *path, struct buf *why) MUST_CHECK;
void limit_file_close(struct limit_file *f); /* syncs nothing */

/* False: the word does not lie in the file. */
bool limit_file_claim(struct limit_file *f, uint64_t word) MUST_CHECK;
/* What nobody claimed is free. ERR_CORRUPT: two claim the same bytes. */
int limit_file_settle(struct limit_file *f) MUST_CHECK;
/* Starts the clock: from here no entry, of which `newest` is the latest, lies ahead. */
void limit_file_start(struct limit_file *f, const struct limit_boot *boot,
                      int64_t newest);

/* Slots of chunk k, or NULL while there is none. ERR_FULL. */
struct limit_slot *limit_file_chunk(const struct limit_file *f, unsigned k);
int limit_file_add_chunk(struct limit_file *f, unsigned k) MUST_CHECK;

/* A region of 2^bits entries, not cleared. ERR_FULL, ERR_IO. */
int limit_file_alloc(struct limit_file *f, unsigned bits, uint64_t *word) MUST_CHECK;
/* Gives a region back after the syncs that it takes. The first under f->lock. */
void limit_file_retire_locked(struct limit_file *f, struct limit_ring *r,
                              uint64_t word);
void limit_file_retire(struct limit_file *f, struct limit_ring *r, uint64_t word);
/* Now, to the next who asks. */
void limit_file_free(struct limit_file *f, uint64_t word);

/* All bytes written before the call are on the disk after it. ERR_IO. */
int limit_file_flush(struct limit_file *f) MUST_CHECK;
/* Grows ahead of need, so that limit_file_alloc seldom has to. */
void limit_file_spare(struct limit_file *f);

void limit_file_note(struct limit_file *f, int64_t t, int64_t wall);

static inline unsigned limit_file_bits(uint64_t word)
{
    return word & 0x1F;
}

static inline uint32_t *limit_file_entries(const struct limit_file *f, uint64_t word)
{
    return (void *)(f->map + (word >> 8));
}

/* `now` as file time. What outlives the boot is kept up to date on the way. */
static inline int64_t limit_file_time(struct limit_file *f, const struct now *now)
{
    int64_t t = now->boot_ms - f->base, wall = now->wall_ms - t;
    int64_t off = wall - atomic_load_explicit(&f->epoch->wall_ms, memory_order_relaxed);
    if (t - atomic_load_explicit(&f->head->mark, memory_order_relaxed) >=
            LIMIT_MARK_MS ||
        off > LIMIT_SLACK_MS || off < -LIMIT_SLACK_MS)
        limit_file_note(f, t, wall);
    return t;
}

#endif
