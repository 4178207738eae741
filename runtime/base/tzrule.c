#include "base/tzrule.h"

#include "base/date.h"

enum { DAY = 86400 };

static int64_t day_of(int64_t t)
{
    return t / DAY - (t % DAY < 0);
}

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = (struct str){s->p + 1, s->n - 1};
    return true;
}

static bool take_number(struct str *s, int max, int *out)
{
    int v = 0, n = 0;
    for (; n < 3 && (size_t)n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        v = v * 10 + (s->p[n] - '0');
    *s = (struct str){s->p + n, s->n - (size_t)n};
    *out = v;
    return n > 0 && v <= max;
}

/* An abbreviation is not kept: three or more letters, or anything within < >. */
static bool skip_name(struct str *s)
{
    size_t i = 0;
    if (take_char(s, '<')) {
        struct str name, rest;
        bool closed = str_cut(*s, '>', &name, &rest);
        *s = rest;
        return closed;
    }
    while (i < s->n && ((s->p[i] | 0x20) >= 'a' && (s->p[i] | 0x20) <= 'z'))
        i++;
    *s = (struct str){s->p + i, s->n - i};
    return i >= 3;
}

/* [+-]h[hh][:mm[:ss]], of up to `hours` */
static bool take_hms(struct str *s, int hours, int32_t *out)
{
    int h, m = 0, sec = 0, sign = take_char(s, '-') ? -1 : 1;
    if (sign > 0)
        (void)take_char(s, '+');
    if (!take_number(s, hours, &h))
        return false;
    if (take_char(s, ':') && !take_number(s, 59, &m))
        return false;
    if (take_char(s, ':') && !take_number(s, 59, &sec))
        return false;
    *out = sign * (h * 3600 + m * 60 + sec);
    return true;
}

static bool take_change(struct str *s, struct tz_change *c)
{
    bool ok;
    *c = (struct tz_change){.form = TZ_DAY_OF_YEAR, .at = 2 * 3600};
    if (take_char(s, 'M')) {
        c->form = TZ_WEEKDAY_OF_MONTH;
        ok = take_number(s, 12, &c->month) && c->month >= 1 && take_char(s, '.') &&
             take_number(s, 5, &c->week) && c->week >= 1 && take_char(s, '.') &&
             take_number(s, 6, &c->day);
    } else if (take_char(s, 'J')) {
        c->form = TZ_DAY_WITHOUT_LEAP;
        ok = take_number(s, 365, &c->day) && c->day >= 1;
    } else {
        ok = take_number(s, 365, &c->day);
    }
    /* RFC 8536, section 3.3.1: the hour may be beyond the day, at either end */
    return ok && (!take_char(s, '/') || take_hms(s, 167, &c->at));
}

static bool parse(struct str s, struct tzrule *r)
{
    int32_t west;
    *r = (struct tzrule){.present = s.n > 0};
    if (s.n == 0)
        return true;
    if (!skip_name(&s) || !take_hms(&s, 24, &west))
        return false;
    r->standard = -west;
    if (s.n == 0)
        return true;
    r->changes = true;
    r->daylight = r->standard + 3600;
    if (!skip_name(&s))
        return false;
    if (s.n && *s.p != ',') {
        if (!take_hms(&s, 24, &west))
            return false;
        r->daylight = -west;
    }
    return take_char(&s, ',') && take_change(&s, &r->begin) && take_char(&s, ',') &&
           take_change(&s, &r->end) && s.n == 0;
}

int tzrule_parse(struct str s, struct tzrule *r)
{
    return parse(s, r) ? 0 : ERR_INVALID;
}

/* The day of `year` on which the change falls, before its time of day is added. */
static int64_t change_day(const struct tz_change *c, int year)
{
    if (c->form == TZ_DAY_OF_YEAR)
        return date_days((struct date){year, 1, 1}) + c->day;
    if (c->form == TZ_DAY_WITHOUT_LEAP) /* 60 is 1 March in every year */
        return c->day < 60 ? date_days((struct date){year, 1, c->day})
                           : date_days((struct date){year, 3, 1}) + c->day - 60;
    struct date first = {year, c->month, 1};
    struct date next = {year + c->month / 12, c->month % 12 + 1, 1};
    int to_weekday = (c->day - date_weekday(first) % 7 + 7) % 7;
    int64_t day = date_days(first) + to_weekday + 7 * (c->week - 1);
    return day < date_days(next) ? day : day - 7; /* week 5 is the last one */
}

/* Two changes a year, looked at for five years, since a change may be a week outside
 * its own. Where both fall together daylight time wins: so "the whole year" is said. */
struct tz_stretch tzrule_at(const struct tzrule *r, int64_t t)
{
    struct tz_stretch s = {INT64_MIN, INT64_MAX, r->standard};
    int year = r->changes ? date_of_days(day_of(t)).year : 0;
    for (int y = year - 2; r->changes && y <= year + 2; y++) {
        int64_t on = change_day(&r->begin, y) * DAY + r->begin.at - r->standard;
        int64_t off = change_day(&r->end, y) * DAY + r->end.at - r->daylight;
        if (off <= t && off > s.from)
            s.from = off, s.offset = r->standard;
        if (on <= t && on >= s.from)
            s.from = on, s.offset = r->daylight;
        if (off > t && off < s.until)
            s.until = off;
        if (on > t && on < s.until)
            s.until = on;
    }
    return s;
}
