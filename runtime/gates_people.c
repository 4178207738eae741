#include "gates.h"

#include "http/parse.h"
#include "ratelimit.h"

/* Who asks, of people: a session by its cookie, an operator's token, or the operator on
 * the machine itself. What a browser sends by itself is not enough to change anything:
 * a page must also know X-Kordless-CSRF. */

/* One cookie of all the Cookie fields; browsers send one field, proxies may split it.
 */
static bool cookie_of(const struct http_request *req, struct str name, struct str *out)
{
    struct str list, one, key, value;
    for (int i = 0; i < req->n_fields; i++) {
        if (!str_eq_nocase(req->fields[i].name, STR("cookie")))
            continue;
        for (list = req->fields[i].value; list.n;) {
            str_cut(list, ';', &one, &list);
            if (str_cut(str_trim(one), '=', &key, &value) && str_eq(key, name)) {
                *out = value;
                return true;
            }
        }
    }
    return false;
}

bool gate_session_sent(const struct flight *f, struct str *token)
{
    return cookie_of(f->x->req, STR("kordless_session"), token);
}

static bool changes(const struct flight *f)
{
    return f->x->req->method != HTTP_GET && f->x->req->method != HTTP_HEAD;
}

static bool csrf_fits(struct flight *f)
{
    struct str sent;
    bool one = gate_one_value(f->x->req, STR("x-kordless-csrf"), &sent);
    if (!changes(f))
        return true;
    if (one && !sent.p)
        return gate_refuse(f, 403, "csrf_required",
                           "Send the csrf value that GET /api/platform/v1/session "
                           "answers in the X-Kordless-CSRF header.");
    if (one && sent.n == CSRF_TEXT && secret_equal(sent.p, f->caller->csrf, CSRF_TEXT))
        return true;
    return gate_refuse(f, 403, "csrf_mismatch",
                       "X-Kordless-CSRF is not this session's. Ask "
                       "GET /api/platform/v1/session for it again.");
}

static bool suspended(struct flight *f)
{
    if (!f->org || f->caller->role == ROLE_OPERATOR || !atomic_load(&f->org->suspended))
        return false;
    f->org = NULL;
    gate_refuse(f, 403, "organization_suspended",
                "Your organization is suspended. Please ask the operator of this "
                "server.");
    return true;
}

bool gate_by_session(struct flight *f, struct str token)
{
    struct shared *s = f->worker->shared;
    unsigned char digest[DIGEST_BYTES];
    struct caller *c = arena_zero(f->x->arena, sizeof(*c));
    secret_digest(&s->pepper, token, digest);
    if (!sessions_find(s->sessions, digest, f->x->now.wall_ms, f->x->arena, c))
        return gate_refuse_stranger(
            f, 401, "session_ended",
            STR("You are not signed in, or not any more. Sign in again."));
    session_csrf(&s->pepper, token, c->csrf);
    f->caller = c;
    f->actor = c->email;
    if (c->organization_id[0])
        f->org = keyring_org(s->keyring, str_of(c->organization_id));
    return csrf_fits(f) && (f->route->auth == ROUTE_PLATFORM || !suspended(f));
}

/* "Bearer kord_oper_…" */
static bool by_token(struct flight *f, struct str field)
{
    struct shared *s = f->worker->shared;
    unsigned char digest[DIGEST_BYTES];
    struct str scheme, text;
    struct caller *c = arena_zero(f->x->arena, sizeof(*c));
    bool bearer =
        str_cut(field, ' ', &scheme, &text) && str_eq_nocase(scheme, STR("Bearer"));
    text = str_trim(text);
    if (bearer && key_is(text, TEXT_TOKEN)) {
        secret_digest(&s->pepper, text, digest);
        if (sessions_find_token(s->sessions, digest, f->x->now.wall_ms, f->x->arena,
                                c)) {
            f->caller = c;
            f->actor = str_of(c->id);
            return true;
        }
    }
    return gate_refuse_stranger(
        f, 401, "unknown_token",
        STR("The Authorization header holds no token of an operator that is good on "
            "this server: Bearer kord_oper_…, made by kordless token create."));
}

static bool by_socket(struct flight *f)
{
    f->caller = arena_zero(f->x->arena, sizeof(*f->caller));
    *f->caller = (struct caller){.kind = CALLER_OPERATOR, .role = ROLE_OPERATOR};
    f->actor = STR("operator");
    return true;
}

/* --- who looks at the metrics --- */

static bool is_loopback(const struct in6_addr *a)
{
    return IN6_IS_ADDR_LOOPBACK(a) ||
           (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

/* Somebody stands in between: who asks is not who is connected. */
static bool is_forwarded(const struct http_request *req)
{
    static const char *const names[] = {"forwarded", "x-real-ip", "via"};
    struct str prefix = STR("x-forwarded-");
    for (int i = 0; i < req->n_fields; i++) {
        struct str name = req->fields[i].name;
        if (name.n > prefix.n && str_eq_nocase((struct str){name.p, prefix.n}, prefix))
            return true;
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
            if (str_eq_nocase(name, str_of(names[k])))
                return true;
    }
    return false;
}

/* A collector on this very machine needs no token: but where a proxy is known to stand,
 * it may pass on anybody, and say so or not. */
static bool is_plain(const struct flight *f)
{
    return is_loopback(&f->x->peer->address) && !f->generation->settings.n_proxies &&
           !is_forwarded(f->x->req);
}

static bool refuse_nobody(struct flight *f)
{
    if (f->route->native != NATIVE_METRICS)
        return gate_refuse_stranger(
            f, 401, "sign_in_required",
            STR("Sign in with POST /api/platform/v1/session, send the token of an "
                "operator (kordless token create), or use the kordless command on the "
                "server's own machine."));
    return gate_refuse_stranger(
        f, 401, "sign_in_required",
        is_loopback(&f->x->peer->address)
            ? STR("This may have come through a proxy, so it may be anybody's. Send "
                  "the "
                  "token of an operator (kordless token create), or ask over the "
                  "administrator's socket, DIR/admin.sock.")
            : STR("The metrics are for operators: send the token of one (kordless "
                  "token "
                  "create), or ask from the server's own machine."));
}

bool gate_platform(struct flight *f)
{
    struct str field, token;
    if (!gate_one_value(f->x->req, STR("authorization"), &field))
        return gate_refuse(f, 400, "ambiguous_token",
                           "Authorization is given twice with different values. Send "
                           "one.");
    if (field.p)
        return by_token(f, field);
    if (f->x->peer->local_admin || (f->route->native == NATIVE_METRICS && is_plain(f)))
        return by_socket(f);
    if (gate_session_sent(f, &token))
        return gate_by_session(f, token);
    return refuse_nobody(f);
}
