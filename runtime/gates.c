#include "gates.h"

/* What the gates share, and the two that look at names: which route, whose
 * organization. The others: gates_who.c, gates_often.c, gates_what.c. */

bool gate_refuse(struct flight *f, int status, const char *code, const char *detail)
{
    reply_problem(f->x->reply, status, code, str_of(detail));
    return false;
}

bool gate_one_value(const struct http_request *req, struct str name, struct str *out)
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
        gate_refuse(f, 405, "method_not_allowed",
                    "This path does not take this method; Allow lists those it takes.");
        return allow(f, 405);
    }
    if (!known)
        return gate_refuse(
            f, 404, "unknown_route",
            "There is no such path on this server. Check it for typing errors; "
            "the calendar API begins with /api/calendar/v1.");
    f->route = f->match.target;
    unescape_params(f);
    return true;
}
/* --- whose, and may it --- */

static bool refuse_other(struct flight *f, const char *detail)
{
    return gate_refuse(f, 403, "wrong_organization", detail);
}

static bool names(struct str id, const struct org *o)
{
    struct str own = str_of(o->id), bare = {own.p + 4, own.n - 4};
    return str_eq_nocase(id, own) || str_eq_nocase(id, bare);
}

/* Operators belong to none: the header says whose matters they look after. */
static bool whose_of_operator(struct flight *f, struct str id)
{
    f->org = keyring_org(f->worker->shared->keyring, id);
    return f->org || refuse_other(f, "There is no organization of this id on this "
                                     "server. Check x-organization-id.");
}

bool gate_whose(struct flight *f)
{
    struct str id;
    if (f->route->auth == ROUTE_PLATFORM || (!f->key && !f->caller))
        return true;
    bool one = gate_one_value(f->x->req, STR("x-organization-id"), &id);
    if (!one || (id.p && id.n == 0) || (!id.p && f->route->auth == ROUTE_ORGANIZATION))
        return gate_refuse(
            f, 400, "missing_organization",
            one ? "Send your organization's id in the x-organization-id header."
                : "x-organization-id is given twice with different values.");
    if (f->caller && !f->caller->organization_id[0])
        return whose_of_operator(f, id);
    if (!id.p || (f->org && names(id, f->org)))
        return true;
    f->denied = DENIAL_ORGANIZATION;
    return refuse_other(f, f->key ? "This API key does not belong to the organization "
                                    "named in x-organization-id. Check both under "
                                    "Settings."
                                  : "You do not belong to the organization named in "
                                    "x-organization-id.");
}

static bool refuse_role(struct flight *f, enum role need)
{
    struct str detail =
        arena_fmt(f->x->arena,
                  "This takes the role %s, and yours is %s. Ask who manages members.",
                  role_name(need), role_name(f->caller->role));
    reply_problem(f->x->reply, 403, "insufficient_role", detail);
    return false;
}

/* Of people the role decides: on platform routes the one that the route names, on those
 * of an organization the scopes that the role has. */
static bool may_person(struct flight *f)
{
    enum role need = f->route->role ? f->route->role : ROLE_OPERATOR;
    if (f->route->auth == ROUTE_PLATFORM)
        return f->caller->role >= need || refuse_role(f, need);
    if (!f->route->scope || (role_scopes(f->caller->role) & f->route->scope))
        return true;
    return refuse_role(f, ROLE_ADMIN);
}

bool gate_may(struct flight *f)
{
    uint32_t needed = f->route->scope;
    if (f->caller)
        return may_person(f);
    if (!f->key || !needed)
        return true;
    bool has = keyring_now(f->key->scopes) & needed;
    if (has && (!f->class || (f->class->scopes & needed)))
        return true;
    f->denied = DENIAL_SCOPE;
    struct str label = keyring_label(f->key);
    struct str detail =
        has ? arena_fmt(
                  f->x->arena,
                  "The policy quota.lua does not let the API key '%.*s' (…%s) use "
                  "the scope %s, though the key has it. Use a key that the policy "
                  "allows it, or ask the operator of this server.",
                  (int)label.n, label.p, f->key->last4, scope_name(needed))
            : arena_fmt(f->x->arena,
                        "This API key lacks the scope %s. Make a key that has it.",
                        scope_name(needed));
    reply_problem(f->x->reply, 403, "insufficient_scope", detail);
    return false;
}
