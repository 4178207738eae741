#ifndef KORDLESS_BASE_NOW_H
#define KORDLESS_BASE_NOW_H

/* The only file that reads a clock. Three times travel together: the wall, which people
 * set and which may step; the limit clock (CLOCK_BOOTTIME), which only goes forward and
 * counts while the machine sleeps; and the steady clock for deadlines of sockets. Below
 * main.c all are arguments. A clock can be frozen for tests; then wall and limit clock
 * stand still until they are moved, while sockets live on in real time. */

#include <stdbool.h>
#include <stdint.h>

struct now {
    int64_t wall_ms;   /* Unix time, milliseconds */
    int64_t boot_ms;   /* CLOCK_BOOTTIME, milliseconds; moved along by a frozen clock */
    int64_t steady_ms; /* CLOCK_MONOTONIC to a few milliseconds; runs on when frozen */
};

struct clock;
struct clock *clock_new(void);
void clock_free(struct clock *c);
struct now clock_read(struct clock *c); /* any thread */
int64_t clock_micros(void); /* to measure with; never frozen, from no fixed time */

/* Freezes at wall time `wall_ms`. Forward moves carry the limit clock along; a move
 * back moves the wall only. */
void clock_set(struct clock *c, int64_t wall_ms);
void clock_advance(struct clock *c, int64_t ms); /* freezes too */
bool clock_frozen(struct clock *c);
/* Stops the steady clock and moves it forward: for tests of deadlines, by one thread.
 */
void clock_skip(struct clock *c, int64_t ms);

#endif
