#include "ratelimit.h"

#include <string.h>

#include "base/json.h"

static uint64_t ceil_seconds(int64_t ms)
{
    return ms <= 0 ? 0 : (uint64_t)(ms + 999) / 1000;
}

static uint32_t remaining(const struct limit_state *s)
{
    return s->used < s->limit ? s->limit - s->used : 0;
}

/* The window with the smallest share left; when refused, the one with the longest wait.
 * Ties go in the order minute, hour, day. */
static enum limit_window tightest(const struct limit_verdict *v)
{
    int best = 0;
    for (int i = 1; i < LIMIT_WINDOWS; i++) {
        const struct limit_state *a = &v->windows[i], *b = &v->windows[best];
        if (v->admitted ? (uint64_t)remaining(a) * b->limit < (uint64_t)remaining(b) * a->limit
                        : a->wait_ms > b->wait_ms)
            best = i;
    }
    return (enum limit_window)best;
}

static void put_policy(struct buf *b, const struct limit_verdict *v)
{
    buf_lit(b, "RateLimit-Policy: ");
    for (int i = 0; i < LIMIT_WINDOWS; i++) {
        buf_add(b, ", \"", i ? 3 : 0);
        buf_add(b, "\"", i ? 0 : 1);
        buf_str(b, str_of(limit_window_name[i]));
        buf_lit(b, "\";q=");
        buf_u64(b, v->windows[i].limit);
        buf_lit(b, ";w=");
        buf_u64(b, (uint64_t)limit_window_ms[i] / 1000);
    }
    buf_lit(b, "\r\nRateLimit: ");
    for (int i = 0; i < LIMIT_WINDOWS; i++) {
        buf_add(b, ", \"", i ? 3 : 0);
        buf_add(b, "\"", i ? 0 : 1);
        buf_str(b, str_of(limit_window_name[i]));
        buf_lit(b, "\";r=");
        buf_u64(b, remaining(&v->windows[i]));
        buf_lit(b, ";t=");
        buf_u64(b, ceil_seconds(v->windows[i].reset_ms));
    }
    buf_lit(b, "\r\n");
}

/* Numbers and names of ours only: nothing here needs the look that reply_field takes. */
void ratelimit_fields(struct reply *r, const struct limit_verdict *v, int64_t wall_ms,
                      bool ietf)
{
    const struct limit_state *s = &v->windows[tightest(v)];
    struct buf *b = &r->fields;
    buf_lit(b, "X-RateLimit-Limit: ");
    buf_u64(b, s->limit);
    buf_lit(b, "\r\nX-RateLimit-Remaining: ");
    buf_u64(b, remaining(s));
    buf_lit(b, "\r\nX-RateLimit-Reset: ");
    buf_u64(b, ceil_seconds(wall_ms + s->reset_ms));
    buf_lit(b, "\r\n");
    if (ietf)
        put_policy(b, v);
    if (!v->admitted) {
        uint64_t wait = ceil_seconds(v->wait_ms);
        reply_field_u64(r, STR("Retry-After"), wait ? wait : 1);
    }
}

static void put_limits(struct buf *b, const struct limit_verdict *v)
{
    buf_lit(b, "\"limits\":[");
    for (int i = 0; i < LIMIT_WINDOWS; i++) {
        const struct limit_state *s = &v->windows[i];
        uint64_t wait = ceil_seconds(s->wait_ms);
        buf_fmt(b, "%s{\"name\":\"%s\",\"limit\":%u,\"used\":%u,\"remaining\":%u,"
                   "\"reset_after\":%llu,\"retry_after\":%llu}",
                i ? "," : "", limit_window_name[i], s->limit, s->used, remaining(s),
                (unsigned long long)ceil_seconds(s->reset_ms), (unsigned long long)wait);
    }
    buf_char(b, ']');
}

void ratelimit_refuse(struct reply *r, const struct limit_verdict *v, const struct key *k,
                      struct str support_contact)
{
    static const char *const per[] = {"in a minute", "in an hour", "in a day"};
    enum limit_window w = tightest(v);
    const struct limit_state *s = &v->windows[w];
    uint64_t wait = ceil_seconds(v->wait_ms);
    struct buf detail, members;
    buf_init(&detail);
    buf_init(&members);
    buf_fmt(&detail, "The %s of API key '%.*s' (…%s) has made %u requests %s; the limit is "
                     "%u. Wait %llu second%s and try again, or ask %.*s for a higher limit.",
            w == LIMIT_DAY ? "organization" : "holder", (int)k->label.n, k->label.p, k->last4,
            s->used, per[w], s->limit, (unsigned long long)(wait ? wait : 1),
            wait > 1 ? "s" : "", (int)(support_contact.n ? support_contact.n : 12),
            support_contact.n ? support_contact.p : "the operator");
    buf_char(&members, ',');
    put_limits(&members, v);
    reply_problem_with(r, 429, "rate_limited", buf_slice(&detail), buf_slice(&members));
    buf_end(&detail);
    buf_end(&members);
}

void ratelimit_refuse_stranger(struct reply *r, int64_t wait_ms, const char *what)
{
    struct buf detail;
    uint64_t wait = ceil_seconds(wait_ms);
    wait = wait ? wait : 1;
    buf_init(&detail);
    buf_fmt(&detail, "Too many %s. Wait %llu second%s and try again.", what,
            (unsigned long long)wait, wait > 1 ? "s" : "");
    reply_field_u64(r, STR("Retry-After"), wait);
    reply_problem(r, 429, "rate_limited", buf_slice(&detail));
    buf_end(&detail);
}

void ratelimit_show(struct reply *r, const struct limit_verdict *v, int64_t wall_ms)
{
    (void)wall_ms;
    r->status = 200;
    buf_clear(&r->body);
    buf_char(&r->body, '{');
    put_limits(&r->body, v);
    buf_char(&r->body, '}');
}
