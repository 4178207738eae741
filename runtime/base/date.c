#include "base/date.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400 };

/* Scripts may ask about any integer. Nothing is computed past these years. */
static const int64_t DAYS_MAX = (int64_t)999999 * 365;

static int64_t clamp(int64_t v, int64_t max)
{
    return v > max ? max : v < -max ? -max : v;
}

static int64_t floor_div(int64_t v, int64_t by)
{
    return v / by - (v % by < 0);
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Years are counted from March: the leap day is the last of its year, and the months
 * before it have the same lengths in every year: 153 days in five, from March on. */
int64_t date_days(struct date d)
{
    int64_t y = d.month > 2 ? d.year : (int64_t)d.year - 1;
    int64_t m = d.month > 2 ? d.month - 3 : d.month + 9;
    int64_t leaps = floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
    return y * 365 + leaps + (153 * m + 2) / 5 + d.day - 1 - 719468;
}

struct date date_of_days(int64_t days)
{
    days = clamp(days, DAYS_MAX) + 719468; /* from 0000-03-01 */
    int64_t era = floor_div(days, 146097), in_era = days - era * 146097;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (y * 365 + y / 4 - y / 100);
    int64_t m = (5 * in_year + 2) / 153; /* from March */
    struct date d = {.day = (int)(in_year - (153 * m + 2) / 5 + 1)};
    d.month = (int)(m < 10 ? m + 3 : m - 9);
    d.year = (int)(era * 400 + y + (d.month <= 2));
    return d;
}

bool date_valid(struct date d)
{
    return d.year >= 1 && d.year <= 9999 && d.month >= 1 && d.month <= 12 &&
           d.day >= 1 && d.day <= month_days(d.year, d.month);
}

int date_weekday(struct date d)
{
    int64_t days = date_days(d) + 3; /* 1970-01-01 is a Thursday */
    return (int)(days - floor_div(days, 7) * 7) + 1;
}

/* `n` digits at the front of `s`, and over them. */
static bool take_digits(struct str *s, size_t n, int *out)
{
    uint64_t v;
    if (s->n < n || str_u64((struct str){s->p, n}, 9999, &v) < 0)
        return false;
    *out = (int)v;
    *s = (struct str){s->p + n, s->n - n};
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = (struct str){s->p + 1, s->n - 1};
    return true;
}

static bool take_date(struct str *s, struct date *d)
{
    return take_digits(s, 4, &d->year) && take_char(s, '-') &&
           take_digits(s, 2, &d->month) && take_char(s, '-') &&
           take_digits(s, 2, &d->day) && date_valid(*d);
}

int date_parse(struct str s, struct date *out)
{
    struct date d;
    if (!take_date(&s, &d) || s.n != 0)
        return ERR_INVALID;
    *out = d;
    return 0;
}

static bool take_clock(struct str *s, int *seconds)
{
    int h, m, sec;
    if (!take_digits(s, 2, &h) || !take_char(s, ':') || !take_digits(s, 2, &m) ||
        !take_char(s, ':') || !take_digits(s, 2, &sec))
        return false;
    *seconds = h * 3600 + m * 60 + sec;
    return h < 24 && m < 60 && sec < 60;
}

static bool take_fraction(struct str *s, bool *nonzero)
{
    int digit;
    *nonzero = false;
    if (!take_char(s, '.'))
        return true;
    if (!take_digits(s, 1, &digit))
        return false;
    do
        *nonzero |= digit != 0;
    while (take_digits(s, 1, &digit));
    return true;
}

static bool take_utc_offset(struct str *s, int *seconds)
{
    int h, m, sign = take_char(s, '-') ? -1 : 1;
    *seconds = 0;
    if (sign > 0 && (take_char(s, 'Z') || take_char(s, 'z')))
        return true;
    if (sign > 0 && !take_char(s, '+'))
        return false;
    if (!take_digits(s, 2, &h) || !take_char(s, ':') || !take_digits(s, 2, &m))
        return false;
    *seconds = sign * (h * 3600 + m * 60);
    return h < 24 && m < 60;
}

int time_parse(struct str s, int64_t *out, bool *fraction)
{
    struct date d;
    int clock, offset;
    bool nonzero;
    if (!take_date(&s, &d) || !(take_char(&s, 'T') || take_char(&s, 't')) ||
        !take_clock(&s, &clock) || !take_fraction(&s, &nonzero) ||
        !take_utc_offset(&s, &offset) || s.n != 0)
        return ERR_INVALID;
    int64_t t = date_days(d) * DAY + clock - offset;
    if (!date_valid(date_of_days(floor_div(t, DAY))))
        return ERR_INVALID;
    *out = t;
    *fraction = nonzero;
    return 0;
}

static char *put_digits(char *to, int v, int n)
{
    for (int i = n; i-- > 0; v /= 10)
        to[i] = (char)('0' + v % 10);
    return to + n;
}

/* Lists have thousands of times, and printf takes longer than the rest of one. */
void time_format(int64_t t, char out[32])
{
    t = clamp(t, DAYS_MAX * DAY);
    int64_t days = floor_div(t, DAY);
    struct date d = date_of_days(days);
    int in_day = (int)(t - days * DAY);
    const int part[] = {d.month, d.day, in_day / 3600, in_day / 60 % 60, in_day % 60};
    if (d.year < 0 || d.year > 9999)
        out += snprintf(out, 12, "%04d", d.year);
    else
        out = put_digits(out, d.year, 4);
    for (int i = 0; i < 5; i++) {
        *out++ = "--T::"[i];
        out = put_digits(out, part[i], 2);
    }
    memcpy(out, "Z", 2);
}
