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
enum limit_window ratelimit_window(const struct limit_verdict *v)
{
    int best = 0;
    for (int i = 1; i < LIMIT_WINDOWS; i++) {
        const struct limit_state *a = &v->windows[i], *b = &v->windows[best];
        if (v->admitted
                ? (uint64_t)remaining(a) * b->limit < (uint64_t)remaining(b) * a->limit
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

/* Numbers and names of ours only: nothing here needs the look that reply_field takes.
 */
void ratelimit_fields(struct reply *r, const struct limit_verdict *v, int64_t wall_ms,
                      bool ietf)
{
    const struct limit_state *s = &v->windows[ratelimit_window(v)];
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

static void put_member(struct buf *b, struct str name, uint64_t v)
{
    buf_lit(b, ",\"");
    buf_str(b, name);
    buf_lit(b, "\":");
    buf_u64(b, v);
}

static void put_limits(struct buf *b, const struct limit_verdict *v)
{
    buf_lit(b, "\"limits\":[");
    for (int i = 0; i < LIMIT_WINDOWS; i++) {
        const struct limit_state *s = &v->windows[i];
        buf_add(b, ",", i ? 1 : 0);
        buf_lit(b, "{\"name\":\"");
        buf_str(b, str_of(limit_window_name[i]));
        buf_char(b, '"');
        put_member(b, STR("limit"), s->limit);
        put_member(b, STR("used"), s->used);
        put_member(b, STR("remaining"), remaining(s));
        put_member(b, STR("reset_after"), ceil_seconds(s->reset_ms));
        put_member(b, STR("retry_after"), ceil_seconds(s->wait_ms));
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

/* "3 seconds" */
static void put_wait(struct buf *b, int64_t wait_ms)
{
    uint64_t wait = ceil_seconds(wait_ms);
    buf_u64(b, wait ? wait : 1);
    buf_str(b, wait > 1 ? STR(" seconds") : STR(" second"));
}

static void say_refused(struct buf *b, const struct limit_verdict *v,
                        const struct key *k, uint32_t cost, struct str support_contact)
{
    static const struct str who[] = {STR("The API key '"), STR("The API key '"),
                                     STR("The organization of the API key '")};
    static const struct str per[] = {STR(" requests in the last minute"),
                                     STR(" requests in the last hour"),
                                     STR(" requests in the last day")};
    enum limit_window w = ratelimit_window(v);
    buf_str(b, who[w]);
    buf_str(b, keyring_label(k));
    buf_lit(b, "' (…");
    buf_str(b, str_of(k->last4));
    buf_lit(b, ") has made ");
    buf_u64(b, v->windows[w].used);
    buf_str(b, per[w]);
    buf_lit(b, "; the limit is ");
    buf_u64(b, v->windows[w].limit);
    if (cost > 1) {
        buf_lit(b, ", and this request counts as ");
        buf_u64(b, cost);
    }
    buf_lit(b, ". Wait ");
    put_wait(b, v->wait_ms);
    buf_lit(b, " and try again, or ask ");
    buf_str(b,
            support_contact.n ? support_contact : STR("the operator of this server"));
    buf_lit(b, " for a higher limit.");
}

void ratelimit_refuse(struct reply *r, const struct limit_verdict *v,
                      const struct key *k, uint32_t cost, struct str support_contact,
                      struct buf scratch[2])
{
    struct buf *detail = &scratch[0], *members = &scratch[1];
    buf_clear(detail);
    buf_clear(members);
    say_refused(detail, v, k, cost, support_contact);
    buf_char(members, ',');
    put_limits(members, v);
    reply_problem_with(r, 429, "rate_limited", buf_slice(detail), buf_slice(members));
}

void ratelimit_refuse_stranger(struct reply *r, int64_t wait_ms, const char *what,
                               struct buf scratch[2])
{
    struct buf *detail = &scratch[0];
    uint64_t wait = ceil_seconds(wait_ms);
    buf_clear(detail);
    buf_lit(detail, "Too many ");
    buf_str(detail, str_of(what));
    buf_lit(detail, ". Wait ");
    put_wait(detail, wait_ms);
    buf_lit(detail, " and try again.");
    reply_field_u64(r, STR("Retry-After"), wait ? wait : 1);
    reply_problem(r, 429, "rate_limited", buf_slice(detail));
}

void ratelimit_show(struct reply *r, const struct limit_verdict *v)
{
    r->status = 200;
    buf_clear(&r->body);
    buf_char(&r->body, '{');
    put_limits(&r->body, v);
    buf_char(&r->body, '}');
}

void ratelimit_show_session(struct reply *r, uint32_t used, uint32_t limit,
                            int64_t reset_ms)
{
    r->status = 200;
    buf_clear(&r->body);
    buf_lit(&r->body, "{\"limits\":[{\"name\":\"session-minute\"");
    put_member(&r->body, STR("limit"), limit);
    put_member(&r->body, STR("used"), used);
    put_member(&r->body, STR("remaining"), used < limit ? limit - used : 0);
    put_member(&r->body, STR("reset_after"), ceil_seconds(reset_ms));
    put_member(&r->body, STR("retry_after"), used < limit ? 0 : ceil_seconds(reset_ms));
    buf_lit(&r->body, "}]}");
}
