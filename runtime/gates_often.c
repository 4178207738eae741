#include "gates.h"

#include "metrics.h"
#include "ratelimit.h"

/* How often: keys by their three windows, sessions by their minute, strangers by
 * address and by number. */

/* A confirmation number as a name of a stranger: apart from addresses, whatever it is.
 */
static struct str number_name(struct flight *f)
{
    struct str number = STR("");
    for (int i = 0; i < f->match.n_params; i++)
        if (str_eq(f->match.names[i], STR("number")))
            number = f->match.values[i];
    if (number.n > 40)
        number = STR("too long");
    struct str name = arena_fmt(f->x->arena, "number %.*s", (int)number.n, number.p);
    char *p = arena_cstr(f->x->arena, name);
    for (char *c = p; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    return (struct str){p, name.n};
}

static bool often_stranger(struct flight *f)
{
    char name[17];
    struct str who = peers_name(&f->x->peer->address, name);
    int64_t boot = f->x->now.boot_ms;
    int64_t wait =
        peers_wait(f->worker->shared->strangers, who, PEER_CONTACT_REQUEST, boot);
    const char *what = "requests from this address";
    enum metrics_window window = METRICS_CONTACT_REQUESTS;
    if (!wait) {
        wait =
            peers_wait(f->worker->shared->strangers, who, PEER_CONTACT_FAILURE, boot);
        what = "failed look-ups from this address";
        window = METRICS_CONTACT_FAILURES;
    }
    if (!wait) {
        wait = peers_wait(f->worker->shared->strangers, number_name(f),
                          PEER_CONTACT_FAILURE, boot);
        what = "failed look-ups of this booking";
    }
    if (wait) {
        counter_add(&f->worker->metrics->windows[window], 1);
        gate_hush(f, "rate_limited");
        ratelimit_refuse_stranger(f->x->reply, wait, what, f->worker->scratch);
        return false;
    }
    peers_add(f->worker->shared->strangers, who, PEER_CONTACT_REQUEST, boot);
    return true;
}

/* Where nobody has to say who they are, a 401 is a password or a link that was wrong.
 */
static void count_sign_in(struct flight *f)
{
    int status = f->x->reply->status;
    if (status == 401) {
        metrics_code(f->worker->metrics, "sign_in_failed");
        gate_hush(f, "sign_in_failed");
    } else if (status == 429) {
        counter_add(&f->worker->metrics->windows[METRICS_SIGN_INS], 1);
        gate_hush(f, "rate_limited");
    }
}

void gate_count_failure(struct flight *f)
{
    char name[17];
    int status = f->x->reply->status;
    if (f->route && f->route->auth == ROUTE_NONE)
        count_sign_in(f);
    if (!f->route || f->route->auth != ROUTE_CONTACT ||
        (status != 403 && status != 404))
        return;
    peers_add(f->worker->shared->strangers, number_name(f), PEER_CONTACT_FAILURE,
              f->x->now.boot_ms);
    if (!f->key)
        peers_add(f->worker->shared->strangers, peers_name(&f->x->peer->address, name),
                  PEER_CONTACT_FAILURE, f->x->now.boot_ms);
}

/* The route that shows the limits costs none of them, and has a limit of its own. */
static bool often_lookup(struct flight *f)
{
    struct peers *p = f->worker->shared->lookups;
    int64_t wait =
        peers_wait(p, str_of(f->key->id), PEER_AUTH_FAILURE, f->x->now.boot_ms);
    if (wait) {
        f->refused = true;
        counter_add(&f->worker->metrics->windows[METRICS_LOOKUPS], 1);
        f->denied = DENIAL_LOOKUPS;
        f->window = (struct limit_state){.limit = 60, .used = 60, .wait_ms = wait};
        ratelimit_refuse_stranger(f->x->reply, wait,
                                  "looks at the limits with this API key",
                                  f->worker->scratch);
        return false;
    }
    peers_add(p, str_of(f->key->id), PEER_AUTH_FAILURE, f->x->now.boot_ms);
    return true;
}

enum { TOLD_MS = 60 * 1000 };

/* A line a minute and class, whatever comes. */
static void tell_over(struct flight *f, enum limit_window w)
{
    struct quota_class *c = f->class;
    int64_t told = atomic_load(&c->told_ms), now = f->x->now.boot_ms;
    if ((told && now - told < TOLD_MS) ||
        !atomic_compare_exchange_strong(&c->told_ms, &told, now))
        return;
    LOG(f->worker->shared->log, c->mode == QUOTA_WARN ? LOG_WARN : LOG_INFO,
        "quota_over", LOG_C("mode", quota_mode_name(c->mode)),
        LOG_C("policy", quota_hash(f->generation->quota)), LOG_C("key", f->key->id),
        LOG_C("window", limit_window_name[w]),
        LOG_N("over", (int64_t)atomic_load(&c->over)));
}

/* The window with the longest wait is the one that says no. */
static enum limit_window worst(const struct limit_verdict *v)
{
    enum limit_window w = LIMIT_MINUTE;
    for (int i = 1; i < LIMIT_WINDOWS; i++)
        if (v->windows[i].wait_ms > v->windows[w].wait_ms)
            w = (enum limit_window)i;
    return w;
}

/* Over the limit, but the policy only watches: what `enforce` would have refused has
 * consumed nothing, as if it had. */
static void let_over(struct flight *f, struct limit_verdict *v)
{
    enum limit_window w = worst(v);
    atomic_fetch_add(&f->class->over, 1);
    counter_add(
        &f->worker->metrics
             ->unenforced[f->class->mode == QUOTA_WARN ? METRICS_WARN : METRICS_SHADOW],
        1);
    tell_over(f, w);
    v->admitted = true;
    if (f->class->mode == QUOTA_WARN &&
        reply_field(f->x->reply, STR("X-RateLimit-Warning"),
                    arena_fmt(f->x->arena, "over the limit of %s, %u; to be refused",
                              limit_window_name[w], v->windows[w].limit)))
        LOG(f->worker->shared->log, LOG_ERROR, "field_refused");
}

static void note_over(struct flight *f, struct limit_verdict *v)
{
    if (v->windows[LIMIT_DAY].wait_ms > 0)
        metrics_org_over(f->worker->shared->metrics, f->key->org, f->x->now.boot_ms);
    if (f->class->mode != QUOTA_ENFORCE)
        let_over(f, v);
}

static bool look_up(struct flight *f, const struct limit_rule *rule)
{
    struct limit_verdict v;
    limits_peek(f->worker->shared->limits, f->key->ring, f->key->org->ring, rule,
                &f->x->now, &v);
    v.admitted = true;
    ratelimit_fields(f->x->reply, &v, f->x->now.wall_ms,
                     f->generation->settings.ratelimit_fields);
    return often_lookup(f);
}

/* By its digest, so that two sessions of one member do not share. */
static struct str session_name(const struct flight *f)
{
    return (struct str){(const char *)f->caller->digest, DIGEST_BYTES};
}

static bool often_session(struct flight *f)
{
    struct peers *p = f->worker->shared->lookups;
    bool look = f->route->native == NATIVE_RATE_LIMIT;
    int64_t wait =
        peers_take(p, session_name(f), look ? PEER_AUTH_FAILURE : PEER_SESSION_REQUEST,
                   f->x->now.boot_ms);
    if (!wait)
        return true;
    counter_add(&f->worker->metrics->windows[look ? METRICS_LOOKUPS : METRICS_SESSIONS],
                1);
    ratelimit_refuse_stranger(f->x->reply, wait,
                              look ? "looks at the limits in this session"
                                   : "requests in this session",
                              f->worker->scratch);
    return false;
}

void gate_show_session(struct flight *f)
{
    int64_t reset = 0;
    uint32_t used = peers_used(f->worker->shared->lookups, session_name(f),
                               PEER_SESSION_REQUEST, f->x->now.boot_ms, &reset);
    ratelimit_show_session(f->x->reply, used, SESSION_PER_MINUTE, reset);
}

/* No more than the smallest window takes, or the request would wait for ever: one that
 * costs more has to have the window to itself. */
static uint32_t cost_of(const struct flight *f, const struct limit_rule *rule)
{
    uint32_t cost = f->route->cost ? f->route->cost : 1;
    for (int w = 0; w < LIMIT_WINDOWS; w++)
        if (cost > rule->limit[w])
            cost = rule->limit[w];
    return cost;
}

bool gate_often(struct flight *f)
{
    struct shared *s = f->worker->shared;
    const struct settings *settings = &f->generation->settings;
    struct limit_verdict v;
    struct limit_rule rule;
    if (f->caller && f->caller->kind == CALLER_MEMBER)
        return often_session(f);
    if (!f->key)
        return f->route->auth == ROUTE_CONTACT ? often_stranger(f) : true;
    f->class = quota_terms(f->generation->quota, f->key, f->x->now.wall_ms, &rule);
    if (f->route->native == NATIVE_RATE_LIMIT)
        return look_up(f, &rule);
    uint32_t cost = cost_of(f, &rule);
    int err = limits_take(s->limits, f->key->ring, f->key->org->ring, &rule, &f->x->now,
                          cost, &v);
    f->cost = v.admitted ? cost : 0;
    if (err)
        LOG(s->log, LOG_ERROR, "limit_failed", LOG_C("key", f->key->id),
            LOG_C("why", err_name(err)));
    else if (!v.admitted)
        note_over(f, &v);
    ratelimit_fields(f->x->reply, &v, f->x->now.wall_ms, settings->ratelimit_fields);
    f->refused = !v.admitted;
    if (v.admitted)
        return true;
    counter_add(&f->worker->metrics->windows[ratelimit_window(&v)], 1);
    f->denied = (enum denial_rule)(DENIAL_MINUTE + (int)worst(&v));
    f->window = v.windows[worst(&v)];
    ratelimit_refuse(f->x->reply, &v, f->key, cost, settings->support_contact,
                     f->worker->scratch);
    return false;
}
