#ifndef KORDLESS_BASE_NOW_H
#define KORDLESS_BASE_NOW_H

/* The only file that reads a clock. Two times travel together: the wall, which people set
 * and which may step, and the limit clock (CLOCK_BOOTTIME), which only goes forward and
 * counts while the machine sleeps. Below main.c both are arguments. A clock can be frozen
 * for tests; then both stand still until they are moved. */

#include <stdbool.h>
#include <stdint.h>

struct now {
    int64_t wall_ms; /* Unix time, milliseconds */
    int64_t boot_ms; /* CLOCK_BOOTTIME, milliseconds; moved along by a frozen clock */
};

struct clock;
struct clock *clock_new(void);
void clock_free(struct clock *c);
struct now clock_read(struct clock *c); /* any thread */

/* Freezes at wall time `wall_ms`. Forward moves carry the limit clock along; a move back
 * moves the wall only. */
void clock_set(struct clock *c, int64_t wall_ms);
void clock_advance(struct clock *c, int64_t ms); /* freezes too */
bool clock_frozen(struct clock *c);

#endif
