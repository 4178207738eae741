#include "base/now.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct clock {
    atomic_bool frozen;
    pthread_mutex_t lock; /* guards `at`, only looked at while frozen */
    struct now at;
    _Atomic int64_t stopped; /* where the steady clock stands; 0: it runs */
};

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t steady(struct clock *c)
{
    int64_t at = atomic_load_explicit(&c->stopped, memory_order_relaxed);
    return at ? at : read_ms(CLOCK_MONOTONIC_COARSE);
}

static struct now real_now(struct clock *c)
{
    return (struct now){read_ms(CLOCK_REALTIME), read_ms(CLOCK_BOOTTIME), steady(c)};
}

struct clock *clock_new(void)
{
    struct clock *c = calloc(1, sizeof(*c));
    if (!c || pthread_mutex_init(&c->lock, NULL) != 0)
        abort();
    return c;
}

void clock_free(struct clock *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c);
}

struct now clock_read(struct clock *c)
{
    if (!atomic_load_explicit(&c->frozen, memory_order_acquire))
        return real_now(c);
    pthread_mutex_lock(&c->lock);
    struct now now = c->at;
    pthread_mutex_unlock(&c->lock);
    now.steady_ms = steady(c);
    return now;
}

int64_t clock_micros(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void freeze_locked(struct clock *c)
{
    if (!atomic_load_explicit(&c->frozen, memory_order_relaxed))
        c->at = real_now(c);
    atomic_store_explicit(&c->frozen, true, memory_order_release);
}

static void move_locked(struct clock *c, int64_t ms)
{
    c->at.wall_ms += ms;
    if (ms > 0)
        c->at.boot_ms += ms;
}

void clock_set(struct clock *c, int64_t wall_ms)
{
    pthread_mutex_lock(&c->lock);
    freeze_locked(c);
    move_locked(c, wall_ms - c->at.wall_ms);
    pthread_mutex_unlock(&c->lock);
}

void clock_advance(struct clock *c, int64_t ms)
{
    pthread_mutex_lock(&c->lock);
    freeze_locked(c);
    move_locked(c, ms);
    pthread_mutex_unlock(&c->lock);
}

bool clock_frozen(struct clock *c)
{
    return atomic_load_explicit(&c->frozen, memory_order_acquire);
}

void clock_skip(struct clock *c, int64_t ms)
{
    atomic_store(&c->stopped, steady(c) + ms);
}
