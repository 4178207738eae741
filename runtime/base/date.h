#ifndef KORDLESS_BASE_DATE_H
#define KORDLESS_BASE_DATE_H

/* The proleptic Gregorian calendar, and instants as RFC 3339 text. Instants are UTC
 * seconds since 1970, without leap seconds. Any integer may be asked about: days and
 * instants some million years away are taken as the farthest that is computed. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct date {
    int year, month, day; /* month 1–12, day 1–31 */
};

int64_t date_days(struct date d); /* days since 1970-01-01; the date must be valid */
struct date date_of_days(int64_t days);
bool date_valid(struct date d); /* years 1–9999 */
int date_weekday(struct date d);
int date_parse(struct str s, struct date *out) MUST_CHECK; /* "2026-03-08" */

/* RFC 3339 date-time: `Z` or an offset, any case of T and Z. Second 60, a missing
 * offset or a date alone are ERR_INVALID, as is a year that in UTC is not 1 to 9999.
 * `fraction` says whether a non-zero fraction stood there; `out` is rounded down. */
int time_parse(struct str s, int64_t *out, bool *fraction) MUST_CHECK;
void time_format(int64_t t, char out[32]); /* "2026-03-08T07:00:00Z" */

#endif
