#include "gates.h"

#include "guard/auth.h"
#include "guard/key_use.h"
#include "guard/limit.h"
#include "http/parse.h"
#include "metrics.h"
#include "ratelimit.h"

/* Who asks: an API key, or a stranger whose failures are counted. People stand in
 * gates_people.c. */

static struct str unescape(struct flight *f, struct str s)
{
    char *p = arena_alloc(f->x->arena, s.n + 1);
    size_t n = 0;
    if (http_unescape(s, true, p, &n)) {
        f->query_fault =
            "The query holds a broken percent-escape, a NUL or what is not "
            "UTF-8.";
        return s;
    }
    return (struct str){p, n};
}

static void read_query(struct flight *f)
{
    struct str rest = f->x->req->query, name, value;
    if (rest.n == 0)
        return;
    f->query = arena_alloc(f->x->arena, sizeof(*f->query) * QUERY_MAX);
    while (http_query_next(&rest, &name, &value)) {
        if (f->n_query == QUERY_MAX) {
            f->query_fault = "The query has more than 64 parameters.";
            return;
        }
        struct call_pair p = {unescape(f, name), unescape(f, value)};
        for (int i = 0; i < f->n_query; i++)
            if (str_eq(f->query[i].name, p.name))
                f->query_fault = arena_fmt(f->x->arena,
                                           "The query parameter '%.*s' is given "
                                           "twice.",
                                           (int)p.name.n, p.name.p)
                                     .p;
        f->query[f->n_query++] = p;
    }
}

static bool key_in_query(const struct flight *f)
{
    for (int i = 0; i < f->n_query; i++)
        if (str_eq_nocase(f->query[i].name, STR("x-kordless-key")) ||
            str_eq_nocase(f->query[i].name, STR("api_key")) ||
            key_looks_like(f->query[i].value))
            return true;
    return false;
}

bool gate_refuse_stranger(struct flight *f, int status, const char *code,
                          struct str detail)
{
    char name[17];
    struct str who = peers_name(&f->x->peer->address, name);
    int64_t wait = peers_wait(f->worker->shared->strangers, who, PEER_AUTH_FAILURE,
                              f->x->now.boot_ms);
    metrics_code(f->worker->metrics, code);
    gate_hush(f, wait > 0 ? "rate_limited" : code);
    if (wait > 0) {
        counter_add(&f->worker->metrics->windows[METRICS_AUTH_FAILURES], 1);
        ratelimit_refuse_stranger(f->x->reply, wait,
                                  "failed authentications from this address",
                                  f->worker->scratch);
        return false;
    }
    peers_add(f->worker->shared->strangers, who, PEER_AUTH_FAILURE, f->x->now.boot_ms);
    if (status == 401)
        buf_str(&f->x->reply->fields,
                f->route->auth == ROUTE_PLATFORM
                    ? STR("WWW-Authenticate: Bearer realm=\"kordless\"\r\n")
                    : STR("WWW-Authenticate: ApiKey realm=\"kordless\"\r\n"));
    reply_problem(f->x->reply, status, code, detail);
    return false;
}

static bool refuse_key(struct flight *f, enum auth a, struct key *k, struct str text)
{
    static const enum denial_rule rules[] = {[AUTH_REVOKED] = DENIAL_REVOKED,
                                             [AUTH_EXPIRED] = DENIAL_EXPIRED,
                                             [AUTH_NOT_YET] = DENIAL_NOT_YET,
                                             [AUTH_SUSPENDED] = DENIAL_SUSPENDED};
    struct buf *detail = &f->worker->scratch[1];
    f->counted = k;
    f->refused = true;
    f->denied = rules[a];
    buf_clear(detail);
    auth_detail(a, k, text, detail);
    if (a == AUTH_SUSPENDED) { /* a good key: nobody guesses here */
        metrics_code(f->worker->metrics, auth_code(a));
        reply_problem(f->x->reply, auth_status(a), auth_code(a), buf_slice(detail));
    } else {
        gate_refuse_stranger(f, auth_status(a), auth_code(a), buf_slice(detail));
    }
    return false;
}

static bool identify(struct flight *f, bool required)
{
    struct shared *s = f->worker->shared;
    struct str text;
    struct key *k = NULL;
    if (!gate_one_value(f->x->req, STR("x-kordless-key"), &text))
        return gate_refuse(
            f, 400, "ambiguous_api_key",
            "x-kordless-key is given twice with different values. Send one.");
    if (key_in_query(f))
        return gate_refuse_stranger(
            f, 401, "api_key_in_query",
            STR("An API key in the URL ends up in logs and histories. Send it in the "
                "x-kordless-key header, and revoke this one if it is real."));
    enum auth a = auth_identify(s->keyring, &s->pepper, text, f->x->now.wall_ms, &k);
    if (a == AUTH_OK) {
        f->key = f->counted = k;
        f->org = k->org;
        limits_near(s->limits, k->ring, k->org_ring);
        key_use_note(k, f->x->now.wall_ms, f->x->peer->address.s6_addr);
        return true;
    }
    return required ? refuse_key(f, a, k, text) : true;
}

/* A key that is sent decides, good or bad; a browser sends none. */
static bool by_session_or_key(struct flight *f)
{
    struct str token;
    if (http_field_count(f->x->req, STR("x-kordless-key")) == 0 && !key_in_query(f) &&
        gate_session_sent(f, &token))
        return gate_by_session(f, token);
    return identify(f, true);
}

bool gate_who(struct flight *f)
{
    read_query(f);
    switch (f->route->auth) {
    case ROUTE_ORGANIZATION:
        return by_session_or_key(f);
    case ROUTE_KEY:
        return identify(f, true);
    case ROUTE_CONTACT:
        return identify(f, false);
    case ROUTE_PLATFORM:
        return gate_platform(f);
    case ROUTE_NONE:
        break;
    }
    return true;
}
