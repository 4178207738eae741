#ifndef KORDLESS_GUARD_LIMIT_H
#define KORDLESS_GUARD_LIMIT_H

/* How often: an exact sliding log in a mapped file. A ring holds the times of the last
 * admitted requests of one key (minute and hour) or one organization (day). No trailing
 * window ever admits more than its limit, all windows are decided together under the
 * organization's lock, a refusal pushes nothing. What was admitted before kill -9 is
 * there after it; a sync each second bounds what power loss can hand back. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/now.h"
#include "base/str.h"

enum limit_window { LIMIT_MINUTE, LIMIT_HOUR, LIMIT_DAY, LIMIT_WINDOWS };
extern const int64_t limit_window_ms[LIMIT_WINDOWS];
extern const char *const limit_window_name[LIMIT_WINDOWS]; /* "key-minute", … */

struct limit_rule {
    uint32_t limit[LIMIT_WINDOWS]; /* 1 … 1,000,000 */
};

struct limit_state {
    uint32_t limit, used; /* used counts this request when it was admitted; it may be
                             over the limit after the limit was lowered */
    int64_t reset_ms;     /* from now until remaining next grows; 0 if untouched */
    int64_t wait_ms;      /* from now until this window would admit; 0: now */
};

struct limit_verdict {
    bool admitted;
    int64_t wait_ms; /* the longest of the three */
    struct limit_state windows[LIMIT_WINDOWS];
};

struct limits;

struct limit_boot {
    char id[40];    /* /proc/sys/kernel/random/boot_id */
    struct now now; /* both clocks, read together */
    bool cut; /* the clock cuts off fractions of a millisecond, as a running one does:
                 what is stored is the next whole one. False: frozen, exact */
};

/* Opens or makes the file. After a reboot (another boot id) the epoch is carried over
 * by wall clock, clamped so that no entry lies in the future. ERR_BUSY: another process
 * has it; ERR_CORRUPT; ERR_IO; ERR_FULL. `why` gets a sentence. */
int limits_open(struct limits **out, const char *path, const struct limit_boot *boot,
                struct buf *why) MUST_CHECK;
void limits_close(struct limits *l); /* syncs */

/* The ring of this id (1 to 31 bytes), made if there is none. A ring is made the same
 * way for a key and an organization, and then used as one of them only. ERR_FULL when
 * the file cannot grow. */
int limits_ring(struct limits *l, struct str id, uint32_t *ring) MUST_CHECK;

/* Says that limits_take comes soon: what it will touch of memory is asked for at once,
 * while the caller goes on. For large numbers of keys: nothing of one is in a cache. */
void limits_near(const struct limits *l, uint32_t key_ring, uint32_t org_ring);

/* Decides and, if admitted, records `cost` (1 … 1000) in both rings, which differ. Any
 * thread. Time that runs backwards counts as standing still. A cost over the limit
 * waits for ever, a window at a time. When a ring cannot grow (disk full) the request
 * is refused with wait 1 s rather than counted wrongly: ERR_FULL. */
int limits_take(struct limits *l, uint32_t key_ring, uint32_t org_ring,
                const struct limit_rule *rule, const struct now *now, uint32_t cost,
                struct limit_verdict *out) MUST_CHECK;
/* The same windows, recording nothing. */
void limits_peek(struct limits *l, uint32_t key_ring, uint32_t org_ring,
                 const struct limit_rule *rule, const struct now *now,
                 struct limit_verdict *out);

/* The file's length, and for how many keys and organizations it counts. Any thread. */
void limits_size(const struct limits *l, uint64_t *bytes, uint64_t *rings);

/* Each second, from one thread at a time. */
void limits_sync(struct limits *l);
/* Each hour: drops what no window can see any more. */
void limits_sweep(struct limits *l, const struct now *now);

#endif
