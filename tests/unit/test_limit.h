#ifndef KORDLESS_TEST_LIMIT_H
#define KORDLESS_TEST_LIMIT_H

/* What the programs about limits share: a folder with one file of limits in it, and a
 * clock that is a struct. What is promised of limits, and where it is proven:
 *
 *   decisions equal brute force, a million in `make torture`, while clocks are set,
 *     the file is swept and reopened, and limits change   test_limit, test_limit_ring
 *   no window over, bursts at its edges; 32 bits of time come round       test_limit
 *   a refusal takes from none; waiting admits, a millisecond less does not test_limit
 *   limits lowered and raised admit no more               test_limit
 *   wall clocks set, reboots, boots that lie              test_limit_load
 *   threads at once: exact                                test_limit_ring
 *   kill -9 loses nothing                                 test_limit_load
 *   power loss: a copy as of the last sync, torn syncs    test_limit_power
 *   a million keys: what each costs                       test_limit_many
 *   ten million addresses: bounded                        test_peers
 *   full disk, foreign and torn files                     test_limit_file
 *   the same by HTTP                                      talk/limits_spec */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/limit.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
enum { KEYS = 4, ORGS = 2 };

struct world {
    char dir[256], path[300], copy[300];
    struct limit_boot boot; /* boot.now is the clock */
    struct limits *l;
    uint32_t key[KEYS], org[ORGS];
    struct limit_verdict v;
};

static inline int world_try_open(struct world *w, const char *path, struct buf *why)
{
    buf_init(why);
    return limits_open(&w->l, path, &w->boot, why);
}

static inline void world_open(struct world *w, const char *path)
{
    struct buf why;
    int err = world_try_open(w, path, &why);
    if (err)
        fail_msg("%d: %.*s", err, (int)why.n, why.p);
    buf_end(&why);
    for (uint32_t i = 0; i < KEYS + ORGS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%s_%u", i < KEYS ? "key" : "org", i);
        uint32_t *ring = i < KEYS ? &w->key[i] : &w->org[i - KEYS];
        assert_int_equal(limits_ring(w->l, str_of(id), ring), 0);
    }
}

static inline void world_reopen(struct world *w)
{
    limits_close(w->l);
    world_open(w, w->path);
}

static inline void world_start(struct world *w)
{
    const char *tmp = getenv("TMPDIR");
    memset(w, 0, sizeof(*w));
    snprintf(w->dir, sizeof(w->dir), "%s/limitXXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof(w->path), "%s/limits", w->dir);
    snprintf(w->copy, sizeof(w->copy), "%s/copy", w->dir);
    snprintf(w->boot.id, sizeof(w->boot.id), "boot-1");
    w->boot.now = (struct now){.wall_ms = 1772953200000, .boot_ms = 5000000};
    world_open(w, w->path);
}

static inline void world_end(struct world *w)
{
    limits_close(w->l);
    unlink(w->path);
    unlink(w->copy);
    assert_int_equal(rmdir(w->dir), 0);
}

static inline void world_pass(struct world *w, int64_t ms)
{
    w->boot.now.wall_ms += ms;
    w->boot.now.boot_ms += ms;
}

/* The machine starts again; the boot clock begins near 0. */
static inline void world_reboot(struct world *w, int64_t wall_ms)
{
    limits_close(w->l);
    snprintf(w->boot.id, sizeof(w->boot.id), "boot-%d", rand());
    w->boot.now =
        (struct now){.wall_ms = w->boot.now.wall_ms + wall_ms, .boot_ms = 700};
    world_open(w, w->path);
}

static inline struct limit_rule rule(uint32_t minute, uint32_t hour, uint32_t day)
{
    return (struct limit_rule){{minute, hour, day}};
}

static inline bool take(struct world *w, int key, int org, struct limit_rule r,
                        uint32_t cost)
{
    int err =
        limits_take(w->l, w->key[key], w->org[org], &r, &w->boot.now, cost, &w->v);
    assert_int_equal(err, 0);
    return w->v.admitted;
}

static inline void peek(struct world *w, int key, int org, struct limit_rule r)
{
    limits_peek(w->l, w->key[key], w->org[org], &r, &w->boot.now, &w->v);
}

static inline uint32_t used(struct world *w, int key, int org, enum limit_window which)
{
    peek(w, key, org, rule(1000000, 1000000, 1000000));
    return w->v.windows[which].used;
}

/* How many of `tries` are admitted now. */
static inline int burst(struct world *w, int key, int org, struct limit_rule r,
                        int tries)
{
    int n = 0;
    for (int i = 0; i < tries; i++)
        n += take(w, key, org, r, 1);
    return n;
}

static inline uint64_t dice(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * 0x2545F4914F6CDD1D >> 11;
}

static inline int64_t below(uint64_t *seed, int64_t n)
{
    return (int64_t)(dice(seed) % (uint64_t)n);
}

/* KORDLESS_TORTURE multiplies what loops do; unset, they are short. */
static inline int64_t scale(int64_t n)
{
    const char *t = getenv("KORDLESS_TORTURE");
    int64_t times = t && *t ? atoll(t) : 1;
    return n * (times > 0 ? times : 1);
}

/* ---- bytes of files ---- */

static inline unsigned char *read_all(const char *path, size_t *n)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    *n = (size_t)st.st_size;
    unsigned char *p = malloc(*n + 1);
    assert_non_null(p);
    assert_int_equal(read(fd, p, *n), (ssize_t)*n);
    close(fd);
    return p;
}

static inline void write_all(const char *path, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    close(fd);
}

#endif
