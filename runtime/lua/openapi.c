#include "lua/openapi.h"

#include <string.h>

#include "guard/scope.h"
#include "lua/builtin.h"
#include "lua/components.h"
#include "lua/jsonschema.h"

static const char head[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Kordless API\",\"version\":\"1\","
    "\"description\":\"Bookings: look for free slots, book, move and cancel them. Made "
    "from the routes that this server has loaded. HEAD is answered wherever GET is, "
    "OPTIONS everywhere.\",\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"},"
    "\"contact\":{\"name\":";

static void put_member(struct buf *b, const char *name, struct str text)
{
    buf_fmt(b, "\"%s\":", name);
    jsonschema_text(b, text);
}

/* --- parameters --- */

static void put_path_parameters(struct buf *b, struct str path, int *n)
{
    const struct schema text = {.min_length = 1, .max_length = -1};
    struct str before, name;
    while (str_cut(path, '{', &before, &path)) {
        if (!str_cut(path, '}', &name, &path))
            return;
        buf_str(b, str_of((*n)++ ? ",{" : "{"));
        put_member(b, "name", name);
        buf_lit(b, ",\"in\":\"path\",\"required\":true,\"schema\":");
        jsonschema_put(b, &text, PLACE_QUERY);
        buf_char(b, '}');
    }
}

static void put_query(struct buf *b, const struct schema *p, int *n)
{
    buf_str(b, str_of((*n)++ ? ",{" : "{"));
    put_member(b, "name", p->name);
    buf_fmt(b, ",\"in\":\"query\",\"required\":%s", p->required ? "true" : "false");
    if (p->description.n) {
        buf_char(b, ',');
        put_member(b, "description", p->description);
    }
    buf_lit(b, ",\"schema\":");
    jsonschema_put(b, p, PLACE_QUERY);
    buf_char(b, '}');
}

static void put_parameter(struct sheet *w, enum component i, int *n)
{
    if ((*n)++)
        buf_char(w->b, ',');
    components_refer(w, i);
}

static void put_parameters(struct sheet *w, const struct route *r)
{
    const struct schema *query = r->declared.query;
    int n = 0;
    buf_lit(w->b, ",\"parameters\":[");
    put_path_parameters(w->b, r->path, &n);
    if (r->auth == ROUTE_ORGANIZATION)
        put_parameter(w, COMPONENT_ORGANIZATION, &n);
    if (r->auth == ROUTE_KEY)
        put_parameter(w, COMPONENT_ORGANIZATION_OPTIONAL, &n);
    if (r->idempotent)
        put_parameter(w, COMPONENT_IDEMPOTENCY_KEY, &n);
    if (r->if_match)
        put_parameter(w, COMPONENT_IF_MATCH, &n);
    if (r->method != HTTP_GET &&
        (r->auth == ROUTE_ORGANIZATION || r->auth == ROUTE_PLATFORM))
        put_parameter(w, COMPONENT_CSRF, &n);
    for (int i = 0; query && i < query->n_properties; i++)
        put_query(w->b, &query->properties[i], &n);
    buf_char(w->b, ']');
}

static void put_content(struct buf *b, const struct schema *s, struct str example,
                        enum jsonschema_place place)
{
    buf_lit(b, "\"content\":{\"application/json\":{\"schema\":");
    if (s)
        jsonschema_put(b, s, place);
    else
        buf_lit(b, "{\"type\":\"object\"}");
    if (example.p)
        buf_fmt(b, ",\"example\":%.*s", (int)example.n, example.p);
    buf_lit(b, "}}");
}

/* --- answers --- */

static bool takes_key(const struct route *r)
{
    return r->auth == ROUTE_KEY || r->auth == ROUTE_ORGANIZATION ||
           r->auth == ROUTE_CONTACT;
}

/* Does the manifest have an error of this status? Which of its routes answer so it does
 * not say: those that change something may. */
static bool has_error(const struct openapi_route *o, int status)
{
    const struct manifest *m = o->manifest;
    for (int i = 0; m && o->route->method != HTTP_GET && i < m->n_errors; i++)
        if (m->errors[i].status == status)
            return true;
    return false;
}

static bool answers_by_itself(const struct route *r, int status)
{
    bool open = r->auth == ROUTE_NONE, contact = r->auth == ROUTE_CONTACT;
    bool named = memchr(r->path.p, '{', r->path.n) != NULL;
    switch (status) {
    case 401:
        return !open;
    case 403:
        return !open;
    case 404:
        return named || r->declared.query || (r->declared.body && !r->native);
    case 409:
        return r->idempotent || (contact && r->method == HTTP_POST);
    case 422:
        return contact || (!open && r->method != HTTP_GET);
    case 412:
        return r->if_match;
    case 413:
        return r->method != HTTP_GET;
    case 415:
        return r->body;
    case 429:
        return !open;
    default:
        return true;
    }
}

static bool may_answer(const struct openapi_route *o, int status)
{
    return answers_by_itself(o->route, status) || has_error(o, status);
}

static bool is_declared(const struct route *r, int status)
{
    for (int i = 0; i < r->declared.n_replies; i++)
        if (r->declared.replies[i].status == status)
            return true;
    return false;
}

static void put_reply(struct sheet *w, const struct route *r,
                      const struct declared_reply *reply, struct str example)
{
    buf_fmt(w->b, "\"%d\":{\"description\":\"%s\"", reply->status,
            components_meaning(reply->status));
    components_headers(w, takes_key(r), false);
    if (reply->status != 204) { /* which has none: RFC 9110 15.3.5 */
        buf_char(w->b, ',');
        put_content(w->b, &reply->body, example, PLACE_REPLY);
    }
    buf_char(w->b, '}');
}

/* A route that does not say what it answers, or answers no JSON. */
static void put_undeclared(struct sheet *w, const struct route *r)
{
    buf_lit(w->b, "\"200\":{\"description\":\"Done.\"");
    components_headers(w, takes_key(r), false);
    if (r->produces.n) {
        buf_lit(w->b, ",\"content\":{");
        jsonschema_text(w->b, r->produces);
        buf_lit(w->b, ":{}}");
    }
    buf_char(w->b, '}');
}

static void put_replies(struct sheet *w, const struct route *r)
{
    const struct declared *d = &r->declared;
    bool shown = false;
    if (!d->n_replies)
        put_undeclared(w, r);
    for (int i = 0; i < d->n_replies; i++) {
        bool first = d->replies[i].status < 300 && !shown;
        shown = shown || first;
        if (i)
            buf_char(w->b, ',');
        put_reply(w, r, &d->replies[i],
                  first ? d->example_reply : (struct str){NULL, 0});
    }
}

static void put_responses(struct sheet *w, const struct openapi_route *o)
{
    buf_lit(w->b, ",\"responses\":{");
    put_replies(w, o->route);
    if (o->route->cached) {
        buf_lit(w->b,
                ",\"304\":{\"description\":\"As If-None-Match says: unchanged.\"");
        components_headers(w, takes_key(o->route), false);
        buf_char(w->b, '}');
    }
    for (int i = 0; components_problem(i); i++) {
        int status = components_problem(i);
        if (may_answer(o, status) && !is_declared(o->route, status))
            components_refer_problem(w, i);
    }
    buf_lit(w->b, ",\"default\":{\"$ref\":\"#/components/responses/Problem\"}}");
}

/* --- operations --- */

static const char *security(enum route_auth auth)
{
    static const char *const table[] = {
        [ROUTE_KEY] = "[{\"key\":[]}]",
        [ROUTE_ORGANIZATION] = "[{\"key\":[]},{\"session\":[]}]",
        [ROUTE_CONTACT] = "[{\"key\":[]},{}]",
        [ROUTE_NONE] = "[{}]",
        [ROUTE_PLATFORM] = "[{\"operator\":[]},{\"session\":[]}]"};
    return table[auth];
}

static const char *method(enum http_method m)
{
    static const char *const table[] = {[HTTP_GET] = "get",
                                        [HTTP_POST] = "post",
                                        [HTTP_PUT] = "put",
                                        [HTTP_PATCH] = "patch",
                                        [HTTP_DELETE] = "delete"};
    return table[m];
}

void openapi_access(const struct route *r, struct buf *out)
{
    static const char *const auth[] = {
        [ROUTE_KEY] = "Needs an API key.",
        [ROUTE_ORGANIZATION] = "Needs an API key or a session, and x-organization-id.",
        [ROUTE_CONTACT] = "Needs the contact of the booking; an API key is optional.",
        [ROUTE_NONE] = "Open to all.",
        [ROUTE_PLATFORM] = "Needs an operator's token"};
    buf_str(out, str_of(auth[r->auth]));
    if (r->auth == ROUTE_PLATFORM)
        buf_fmt(out, ", or a session of the role %s%s.",
                role_name(r->role ? r->role : ROLE_OPERATOR),
                r->role && r->role != ROLE_OPERATOR ? " or above" : "");
    if (r->scope)
        buf_fmt(out, " The key needs the scope %s.", scope_name(r->scope));
    if (r->idempotent)
        buf_lit(out, " Takes an Idempotency-Key.");
    if (r->if_match)
        buf_lit(out, " Takes If-Match.");
    if (r->cached)
        buf_lit(out, " Answers If-None-Match.");
}

void openapi_id(const struct openapi_route *all, int i, struct buf *out)
{
    int same = 1;
    for (int k = 0; k < i; k++)
        same += str_eq(all[k].owner, all[i].owner) &&
                str_eq(all[k].route->handler, all[i].route->handler);
    buf_str(out, all[i].owner);
    buf_char(out, '_');
    buf_str(out, all[i].route->handler);
    if (same > 1)
        buf_fmt(out, "_%d", same);
}

static void put_description(struct buf *b, const struct route *r)
{
    struct buf text;
    buf_init(&text);
    openapi_access(r, &text);
    buf_char(b, ',');
    put_member(b, "description", buf_slice(&text));
    buf_end(&text);
}

static void put_operation(struct sheet *w, const struct openapi_route *all, int i)
{
    const struct route *r = all[i].route;
    struct buf *b = w->b;
    buf_fmt(b, "\"%s\":{\"operationId\":\"", method(r->method));
    openapi_id(all, i, b);
    buf_lit(b, "\",\"tags\":[");
    jsonschema_text(b, all[i].owner);
    buf_lit(b, "],");
    put_member(b, "summary", r->summary.n ? r->summary : r->label);
    put_description(b, r);
    buf_fmt(b, ",\"security\":%s", security(r->auth));
    if (r->auth == ROUTE_PLATFORM)
        buf_fmt(b, ",\"x-role\":\"%s\"", role_name(r->role ? r->role : ROLE_OPERATOR));
    put_parameters(w, r);
    if (r->body) {
        buf_fmt(b, ",\"requestBody\":{\"required\":%s,",
                r->declared.body && !r->declared.body->nullable && !r->native
                    ? "true"
                    : "false");
        put_content(b, r->declared.body, r->declared.example_body, PLACE_BODY);
        buf_char(b, '}');
    }
    put_responses(w, &all[i]);
    buf_char(b, '}');
}

static bool seen(const struct openapi_route *all, int i)
{
    for (int k = 0; k < i; k++)
        if (str_eq(all[k].route->path, all[i].route->path))
            return true;
    return false;
}

static void put_paths(struct sheet *w, const struct openapi *o)
{
    const struct openapi_route *all = o->routes;
    for (int i = 0; i < o->n_routes; i++) {
        if (seen(all, i))
            continue;
        if (i)
            buf_char(w->b, ',');
        jsonschema_text(w->b, all[i].route->path);
        buf_lit(w->b, ":{");
        for (int k = i, first = 1; k < o->n_routes; k++) {
            if (!str_eq(all[k].route->path, all[i].route->path))
                continue;
            if (!first)
                buf_char(w->b, ',');
            first = 0;
            put_operation(w, all, k);
        }
        buf_char(w->b, '}');
    }
}

/* --- the whole --- */

static void put_tags(struct buf *b, const struct openapi *o)
{
    for (int i = 0; i < o->n_owners; i++) {
        buf_char(b, '{');
        put_member(b, "name", o->owners[i].name);
        buf_char(b, ',');
        put_member(b, "x-version", o->owners[i].version);
        buf_lit(b, ",\"description\":\"Routes of this plugin.\"},");
    }
    buf_lit(b, "{\"name\":\"server\",\"description\":\"The server itself.\"}");
}

void openapi_own(struct openapi *o)
{
    int n;
    const struct route *own = builtin_routes(&n);
    for (int i = 0; i < n; i++)
        if (own[i].native != NATIVE_CLOCK)
            o->routes[o->n_routes++] =
                (struct openapi_route){.route = &own[i], .owner = STR("server")};
}

void openapi_put(const struct openapi *o, struct buf *out)
{
    struct sheet w = {.b = out};
    buf_str(out, str_of(head));
    jsonschema_text(out,
                    o->contact.n ? o->contact : STR("the operator of this server"));
    buf_lit(out, "}},\"servers\":[{\"url\":");
    jsonschema_text(out, o->url.n ? o->url : STR("/"));
    buf_lit(out,
            ",\"description\":\"This server, in production.\",\"x-internal\":false}],"
            "\"tags\":[");
    put_tags(out, o);
    buf_lit(out, "],\"paths\":{");
    put_paths(&w, o);
    buf_lit(out, "},");
    components_put(&w);
    buf_lit(out, "}\n");
}
