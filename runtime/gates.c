#include "gates.h"

#include <string.h>

#include "guard/auth.h"
#include "http/parse.h"
#include "ratelimit.h"

static bool refuse(struct flight *f, int status, const char *code, const char *detail)
{
    reply_problem(f->x->reply, status, code, str_of(detail));
    return false;
}

/* --- which route --- */

static bool allow(struct flight *f, int status)
{
    struct buf list;
    buf_init(&list);
    route_allow(f->match.allow, &list);
    int err = reply_field(f->x->reply, STR("Allow"), buf_slice(&list));
    buf_end(&list);
    f->x->reply->status = err ? 500 : status;
    return false;
}

static void unescape_params(struct flight *f)
{
    for (int i = 0; i < f->match.n_params; i++) {
        struct str v = f->match.values[i];
        char *p = arena_alloc(f->x->arena, v.n + 1);
        size_t n;
        if (http_unescape(v, false, p, &n))
            f->query_fault = "The path holds a broken percent-escape.";
        else
            f->match.values[i] = (struct str){p, n};
    }
}

bool gate_route(struct flight *f)
{
    const struct http_request *req = f->x->req;
    if (req->method == HTTP_OPTIONS && str_eq(req->path, STR("*"))) {
        f->match.allow = 1u << HTTP_GET | 1u << HTTP_POST | 1u << HTTP_PUT |
                         1u << HTTP_PATCH | 1u << HTTP_DELETE;
        return allow(f, 204);
    }
    bool never = req->method == HTTP_TRACE || req->method == HTTP_CONNECT;
    bool known =
        !never && route_find(f->generation->routes, req->method, req->path, &f->match);
    if (req->method == HTTP_OPTIONS && known)
        return allow(f, 204);
    if (never || (known && !f->match.target)) {
        refuse(f, 405, "method_not_allowed",
               "This path does not take this method; Allow lists those it takes.");
        return allow(f, 405);
    }
    if (!known)
        return refuse(
            f, 404, "unknown_route",
            "There is no such path on this server. Check it for typing errors; "
            "the calendar API begins with /api/calendar/v1.");
    f->route = f->match.target;
    unescape_params(f);
    return true;
}

/* --- who --- */

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

static struct peers *strangers(const struct flight *f)
{
    return f->worker->shared->strangers;
}

static bool refuse_stranger(struct flight *f, int status, const char *code,
                            struct str detail)
{
    char name[17];
    struct str who = peers_name(&f->x->peer->address, name);
    int64_t wait = peers_wait(strangers(f), who, PEER_AUTH_FAILURE, f->x->now.boot_ms);
    if (wait > 0) {
        ratelimit_refuse_stranger(f->x->reply, wait,
                                  "failed authentications from this address",
                                  f->worker->scratch);
        return false;
    }
    peers_add(strangers(f), who, PEER_AUTH_FAILURE, f->x->now.boot_ms);
    if (status == 401 && reply_field(f->x->reply, STR("WWW-Authenticate"),
                                     STR("ApiKey realm=\"kordless\"")))
        status = 500;
    reply_problem(f->x->reply, status, code, detail);
    return false;
}

static bool refuse_key(struct flight *f, enum auth a, struct key *k, struct str text)
{
    struct buf *detail = &f->worker->scratch[1];
    buf_clear(detail);
    auth_detail(a, k, text, detail);
    if (a == AUTH_SUSPENDED) /* a good key: nobody guesses here */
        reply_problem(f->x->reply, auth_status(a), auth_code(a), buf_slice(detail));
    else
        refuse_stranger(f, auth_status(a), auth_code(a), buf_slice(detail));
    return false;
}

/* The key header: one value, or several that are equal. */
static bool one_value(const struct http_request *req, struct str name, struct str *out)
{
    *out = (struct str){NULL, 0};
    for (int i = 0; i < req->n_fields; i++) {
        if (!str_eq_nocase(req->fields[i].name, name))
            continue;
        if (out->p && !str_eq(*out, req->fields[i].value))
            return false;
        *out = req->fields[i].value;
    }
    return true;
}

static bool identify(struct flight *f, bool required)
{
    struct shared *s = f->worker->shared;
    struct str text;
    struct key *k = NULL;
    if (!one_value(f->x->req, STR("x-kordless-key"), &text))
        return refuse(f, 400, "ambiguous_api_key",
                      "x-kordless-key is given twice with different values. Send one.");
    if (key_in_query(f))
        return refuse_stranger(
            f, 401, "api_key_in_query",
            STR("An API key in the URL ends up in logs and histories. Send it in the "
                "x-kordless-key header, and revoke this one if it is real."));
    enum auth a = auth_identify(s->keyring, &s->pepper, text, f->x->now.wall_ms, &k);
    if (a == AUTH_OK) {
        f->key = k;
        atomic_store_explicit(&k->last_used_ms, f->x->now.wall_ms,
                              memory_order_relaxed);
        return true;
    }
    return required ? refuse_key(f, a, k, text) : true;
}

static bool operator_only(struct flight *f)
{
    if (f->x->peer->local_admin)
        return true;
    if (reply_field(f->x->reply, STR("WWW-Authenticate"),
                    STR("Bearer realm=\"kordless\"")))
        return refuse(f, 500, "internal_error", "");
    return refuse(f, 401, "operator_required",
                  "Platform routes are for operators: use the kordless command on the "
                  "server's own machine.");
}

bool gate_who(struct flight *f)
{
    read_query(f);
    switch (f->route->auth) {
    case ROUTE_KEY:
    case ROUTE_ORGANIZATION:
        return identify(f, true);
    case ROUTE_CONTACT:
        return identify(f, false);
    case ROUTE_PLATFORM:
        return operator_only(f);
    case ROUTE_NONE:
        break;
    }
    return true;
}

/* --- how often --- */

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
    int64_t wait = peers_wait(strangers(f), who, PEER_CONTACT_REQUEST, boot);
    const char *what = "requests from this address";
    if (!wait) {
        wait = peers_wait(strangers(f), who, PEER_CONTACT_FAILURE, boot);
        what = "failed look-ups from this address";
    }
    if (!wait) {
        wait = peers_wait(strangers(f), number_name(f), PEER_CONTACT_FAILURE, boot);
        what = "failed look-ups of this booking";
    }
    if (wait) {
        ratelimit_refuse_stranger(f->x->reply, wait, what, f->worker->scratch);
        return false;
    }
    peers_add(strangers(f), who, PEER_CONTACT_REQUEST, boot);
    return true;
}

void gate_count_failure(struct flight *f)
{
    char name[17];
    int status = f->x->reply->status;
    if (!f->route || f->route->auth != ROUTE_CONTACT ||
        (status != 403 && status != 404))
        return;
    peers_add(strangers(f), number_name(f), PEER_CONTACT_FAILURE, f->x->now.boot_ms);
    if (!f->key)
        peers_add(strangers(f), peers_name(&f->x->peer->address, name),
                  PEER_CONTACT_FAILURE, f->x->now.boot_ms);
}

/* The route that shows the limits costs none of them, and has a limit of its own. */
static bool often_lookup(struct flight *f)
{
    struct peers *p = f->worker->shared->lookups;
    int64_t wait =
        peers_wait(p, str_of(f->key->id), PEER_AUTH_FAILURE, f->x->now.boot_ms);
    if (wait) {
        ratelimit_refuse_stranger(f->x->reply, wait,
                                  "looks at the limits with this API key",
                                  f->worker->scratch);
        return false;
    }
    peers_add(p, str_of(f->key->id), PEER_AUTH_FAILURE, f->x->now.boot_ms);
    return true;
}

bool gate_often(struct flight *f)
{
    struct shared *s = f->worker->shared;
    const struct settings *settings = &f->generation->settings;
    struct limit_verdict v;
    if (!f->key)
        return f->route->auth == ROUTE_CONTACT ? often_stranger(f) : true;
    const struct limit_rule *rule = quota_rule(f->generation->quota, f->key);
    uint32_t org = f->key->org->ring;
    if (f->route->native == NATIVE_RATE_LIMIT) {
        limits_peek(s->limits, f->key->ring, org, rule, &f->x->now, &v);
        v.admitted = true;
        ratelimit_fields(f->x->reply, &v, f->x->now.wall_ms,
                         settings->ratelimit_fields);
        return often_lookup(f);
    }
    int err = limits_take(s->limits, f->key->ring, org, rule, &f->x->now, 1, &v);
    if (err)
        LOG(s->log, LOG_ERROR, "limit_failed", LOG_C("key", f->key->id),
            LOG_C("why", err_name(err)));
    ratelimit_fields(f->x->reply, &v, f->x->now.wall_ms, settings->ratelimit_fields);
    if (v.admitted)
        return true;
    ratelimit_refuse(f->x->reply, &v, f->key, settings->support_contact,
                     f->worker->scratch);
    return false;
}

/* --- whose, and may it --- */

bool gate_whose(struct flight *f)
{
    struct str id;
    if (!f->key)
        return true;
    bool one = one_value(f->x->req, STR("x-organization-id"), &id);
    if (!one || (id.p && id.n == 0) || (!id.p && f->route->auth == ROUTE_ORGANIZATION))
        return refuse(
            f, 400, "missing_organization",
            one ? "Send your organization's id in the x-organization-id header."
                : "x-organization-id is given twice with different values.");
    struct str own = str_of(f->key->org->id);
    struct str bare = {own.p + 4, own.n - 4};
    if (!id.p || str_eq_nocase(id, own) || str_eq_nocase(id, bare))
        return true;
    return refuse(f, 403, "wrong_organization",
                  "This API key does not belong to the organization named in "
                  "x-organization-id. Check both under Settings.");
}

bool gate_may(struct flight *f)
{
    if (!f->key || !f->route->scope || (f->key->scopes & f->route->scope))
        return true;
    struct str detail = arena_fmt(
        f->x->arena, "This API key lacks the scope %s. Make a key that has it.",
        scope_name(f->route->scope));
    reply_problem(f->x->reply, 403, "insufficient_scope", detail);
    return false;
}

/* --- what it sends --- */

/* application/json, any case, charset=utf-8 allowed (RFC 9110 8.3.1). */
static bool is_json(struct str type)
{
    struct str head, rest, name, value;
    str_cut(type, ';', &head, &rest);
    if (!str_eq_nocase(str_trim(head), STR("application/json")))
        return false;
    rest = str_trim(rest);
    if (rest.n == 0)
        return true;
    str_cut(rest, '=', &name, &value);
    return str_eq_nocase(name, STR("charset")) &&
           (str_eq_nocase(value, STR("utf-8")) ||
            str_eq_nocase(value, STR("\"utf-8\"")));
}

bool gate_takes(struct flight *f)
{
    const struct http_request *req = f->x->req;
    if (!f->route->body || req->body.n == 0 ||
        (http_field_count(req, STR("content-type")) == 1 &&
         is_json(http_field_get(req, STR("content-type")))))
        return true;
    return refuse(f, 415, "unsupported_media_type",
                  "Send the body as JSON, with Content-Type: application/json.");
}

static bool replay(struct flight *f, int status, struct str body)
{
    struct reply *r = f->x->reply;
    if (reply_field(r, STR("Idempotent-Replayed"), STR("true")))
        return refuse(f, 500, "internal_error", "");
    r->status = status;
    buf_clear(&r->body);
    buf_str(&r->body, body);
    return false;
}

/* Mark first, then look: the answer of a first request that ended in between would not
 * be in an older snapshot. So look again until no commit came between snapshot and
 * mark. */
static enum idem_begin begin_once(struct flight *f, int *status, struct str *body)
{
    struct shared *s = f->worker->shared;
    for (;;) {
        struct db *db;
        uint64_t commits = writer_commits(s->writer);
        if (reader_fresh(f->worker->reader, &db))
            return IDEM_ERROR;
        db_fence(db, NULL);
        enum idem_begin b = idem_begin(s->idem, db, &f->idem, f->x->now.wall_ms,
                                       f->x->arena, status, body);
        if (b != IDEM_NEW || writer_commits(s->writer) == commits)
            return b;
        idem_end(s->idem, &f->idem);
    }
}

static bool answer_once(struct flight *f)
{
    struct str body;
    int status = 0;
    switch (begin_once(f, &status, &body)) {
    case IDEM_NEW:
        f->idem_marked = true;
        f->call.idem = &f->idem;
        return true;
    case IDEM_REPLAY:
        return replay(f, status, body);
    case IDEM_RUNNING:
        reply_field_u64(f->x->reply, STR("Retry-After"), 1);
        return refuse(
            f, 409, "idempotency_in_flight",
            "The first request with this Idempotency-Key is still running. Try "
            "again in a second.");
    case IDEM_MISMATCH:
        return refuse(
            f, 422, "idempotency_mismatch",
            "This Idempotency-Key was used with another body. Use a new key for a "
            "new request.");
    case IDEM_ERROR:
        break;
    }
    return refuse(f, 500, "internal_error", "The server's storage cannot be read.");
}

bool gate_once(struct flight *f)
{
    const struct http_request *req = f->x->req;
    struct str name = STR("idempotency-key"), text;
    if (!f->route->idempotent || !f->key || http_field_count(req, name) == 0)
        return true;
    if (!one_value(req, name, &text) || !idem_valid(text))
        return refuse(f, 400, "validation_error",
                      "Idempotency-Key must be one value of 1 to 255 printable ASCII "
                      "characters.");
    memcpy(f->idem.org, f->key->org->id, sizeof(f->idem.org));
    f->idem.route = f->route->label;
    f->idem.key = arena_str(f->x->arena, text);
    secret_hash(req->body, f->idem.body);
    return answer_once(f);
}

/* --- what it asks --- */

/* Over all that an answer depends on: commits, generation, minute, caller and question.
 */
static void make_etag(struct flight *f)
{
    struct shared *s = f->worker->shared;
    const struct http_request *req = f->x->req;
    unsigned char digest[DIGEST_BYTES];
    struct buf b;
    buf_init(&b);
    buf_fmt(&b, "%s %llu %u %lld %s %.*s?%.*s", s->etag_salt,
            (unsigned long long)writer_commits(s->writer), f->generation->number,
            (long long)(f->x->now.wall_ms / 60000), f->key ? f->key->org->id : "",
            (int)req->path.n, req->path.p, (int)req->query.n,
            req->query.p ? req->query.p : "");
    secret_digest(&s->pepper, buf_slice(&b), digest);
    buf_clear(&b);
    buf_char(&b, '"');
    for (int i = 0; i < 16; i++)
        buf_fmt(&b, "%02x", digest[i]);
    buf_char(&b, '"');
    memcpy(f->etag, b.p, b.n);
    buf_end(&b);
}

static bool none_match(const struct flight *f)
{
    struct str list = http_field_get(f->x->req, STR("if-none-match")), one;
    while (list.n) {
        str_cut(list, ',', &one, &list);
        one = str_trim(one);
        if (str_starts(one, STR("W/")))
            one = (struct str){one.p + 2, one.n - 2};
        if (str_eq(one, str_of(f->etag)))
            return false;
    }
    return true;
}

bool gate_asks(struct flight *f)
{
    if (f->query_fault)
        return refuse(f, 400, "validation_error", f->query_fault);
    if (!f->route->cached)
        return true;
    make_etag(f);
    if (none_match(f))
        return true;
    f->x->reply->status = 304;
    return false;
}
