#ifndef KORDLESS_BASE_ZONE_H
#define KORDLESS_BASE_ZONE_H

/* Civil time: the system's tzdata (TZif, RFC 8536, with the POSIX TZ footer for the
 * years after the table) both ways. Instants are UTC seconds since 1970, without leap
 * seconds. The C library's own conversion is not used: it is global to the process,
 * takes a lock, and cannot say "gap" or "fold". */

#include <stdbool.h>
#include <stdint.h>

#include "base/date.h"
#include "base/err.h"
#include "base/str.h"

struct civil {
    struct date date;
    int hour, minute, second;
    int weekday;    /* 1 Monday … 7 Sunday (ISO 8601) */
    int32_t offset; /* seconds east of UTC */
};

struct zone;
struct zones; /* all zones loaded so far; one per process, any thread */
struct zones *zones_new(const char *dir); /* "/usr/share/zoneinfo"; NULL = that */
void zones_free(struct zones *z);

/* By its IANA name. ERR_NOT_FOUND for what tzdata does not have or what is no name
 * (`..`, absolute, over 64 bytes, other characters), ERR_CORRUPT or ERR_IO for a file
 * that cannot be used. The zone lives as long as `z`. At most 2,000 are ever kept:
 * ERR_FULL. */
int zones_get(struct zones *z, struct str name, const struct zone **out) MUST_CHECK;

void zone_civil(const struct zone *z, int64_t t, struct civil *out);
int64_t zone_wall(const struct zone *z, int64_t t); /* t + offset: as if it were UTC */

/* The instant at which the wall shows `minutes` after midnight of `d` (0 … 2880, so
 * that 24:00 is the first instant of the next day). In a gap: the transition itself. In
 * a fold: the first occurrence. */
int64_t zone_instant(const struct zone *z, struct date d, int minutes);

/* The same with days since 1970 for dates, where many are asked about. */
int64_t zone_instant_on(const struct zone *z, int64_t day, int minutes);
int64_t zone_day(const struct zone *z, int64_t t); /* the wall's date */
/* Midnight of a day; `steady` when nothing changes before or at the next, so that each
 * minute of it, 1440 included, is that many minutes after. */
int64_t zone_midnight(const struct zone *z, int64_t day, bool *steady);

#endif
