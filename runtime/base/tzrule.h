#ifndef KORDLESS_BASE_TZRULE_H
#define KORDLESS_BASE_TZRULE_H

/* The rule at the end of a TZif file that says how a zone goes on after its table: a
 * POSIX TZ string with the extensions of RFC 8536, section 3.3.1. Pure data; zone.c
 * owns it. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct tz_change {
    enum { TZ_DAY_OF_YEAR, TZ_DAY_WITHOUT_LEAP, TZ_WEEKDAY_OF_MONTH } form;
    int month, week, day; /* "Mm.w.d"; the other two forms have only a day */
    int32_t at;           /* seconds after midnight of that day, on the wall before */
};

struct tzrule {
    bool present, changes;
    int32_t standard, daylight;  /* seconds east */
    struct tz_change begin, end; /* of daylight time */
};

/* A stretch of time with one offset: [from, until), for ever where a limit of int64. */
struct tz_stretch {
    int64_t from, until;
    int32_t offset;
};

/* "EST5EDT,M3.2.0,M11.1.0"; an empty one is not `present`. ERR_INVALID. */
int tzrule_parse(struct str s, struct tzrule *r) MUST_CHECK;

struct tz_stretch tzrule_at(const struct tzrule *r, int64_t t);

#endif
