#include "lua/openapi.h"

#include <math.h>
#include <string.h>

#include "base/json.h"

static const char head[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Kordless API\",\"version\":\"1\","
    "\"description\":\"Bookings: look for free slots, book, move and cancel them. Made "
    "from the routes that this server has loaded.\",\"license\":{\"name\":\"MIT\","
    "\"identifier\":\"MIT\"}},\"servers\":[{\"url\":";

/* What every document has; %-free JSON. */
static const char components[] =
    "\"components\":{\"securitySchemes\":{"
    "\"key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-kordless-key\","
    "\"description\":\"An API key: kord_live_\xe2\x80\xa6 or kord_test_\xe2\x80\xa6\"},"
    "\"operator\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"Operators "
    "only, over the administrator's socket; never an API key.\"}},"
    "\"parameters\":{"
    "\"Organization\":{\"name\":\"x-organization-id\",\"in\":\"header\",\"required\":"
    "true,\"description\":\"The organization of the key.\",\"schema\":{\"type\":"
    "\"string\",\"maxLength\":64}},"
    "\"OrganizationOptional\":{\"name\":\"x-organization-id\",\"in\":\"header\","
    "\"required\":false,\"description\":\"If sent, the organization of the key.\","
    "\"schema\":{\"type\":\"string\",\"maxLength\":64}},"
    "\"IdempotencyKey\":{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":"
    "false,\"description\":\"The same key and body get the same answer for 24 hours."
    "\",\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}}},"
    "\"headers\":{"
    "\"Limit\":{\"description\":\"Requests that the tightest window admits.\","
    "\"schema\":{\"type\":\"integer\",\"format\":\"int64\"}},"
    "\"Remaining\":{\"description\":\"Requests left in that window.\",\"schema\":{"
    "\"type\":\"integer\",\"format\":\"int64\"}},"
    "\"Reset\":{\"description\":\"When remaining next grows, in Unix seconds.\","
    "\"schema\":{\"type\":\"integer\",\"format\":\"int64\"}},"
    "\"RetryAfter\":{\"description\":\"Seconds after which to try again.\",\"schema\":{"
    "\"type\":\"integer\",\"format\":\"int32\",\"minimum\":1}}},"
    "\"schemas\":{\"Problem\":{\"type\":\"object\",\"description\":\"What went wrong; "
    "some have more members.\",\"properties\":{"
    "\"detail\":{\"type\":\"string\",\"description\":\"A sentence for a person.\"},"
    "\"status\":{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":400,\"maximum\":"
    "599},"
    "\"type\":{\"type\":\"string\",\"enum\":[\"validation_error\",\"request_error\","
    "\"authentication_error\",\"permission_error\",\"not_found\",\"conflict_error\","
    "\"unprocessable_error\",\"rate_limit_error\",\"server_error\"]},"
    "\"code\":{\"type\":\"string\",\"description\":\"A word for programs.\"}},"
    "\"required\":[\"detail\",\"status\",\"type\",\"code\"]}},"
    "\"responses\":{";

/* The errors, as operations refer to them. */
static const struct problem {
    int status;
    const char *name, *description;
} problems[] = {
    {400, "Invalid", "The request is not what this route takes; all faults are told."},
    {401, "Unauthenticated", "No key, or none that is valid now."},
    {403, "Forbidden", "Not with this key, this organization or this contact."},
    {404, "NotFound", "There is no such object."},
    {409, "Conflict", "It conflicts with the present state: a slot that is taken."},
    {415, "NotJson", "The body must be application/json."},
    {422, "Refused", "A rule refuses it; the violations are listed."},
    {429, "TooMany", "A limit is reached; Retry-After says how long to wait."},
    {500, "Failed", "The server failed; its log has the request id."},
    {503, "Busy", "Not now; try again shortly."},
};
enum { PROBLEMS = sizeof(problems) / sizeof(problems[0]) };

static void put_text(struct buf *b, struct str s)
{
    if (json_put_string(b, s)) /* a manifest's text that is no UTF-8 */
        buf_lit(b, "\"?\"");
}

static void put_member(struct buf *b, const char *name, struct str text)
{
    buf_fmt(b, "\"%s\":", name);
    put_text(b, text);
}

/* --- schemas --- */

static void put_schema(struct buf *b, const struct schema *s);

static void put_type(struct buf *b, const struct schema *s)
{
    if (s->type == SCHEMA_ANY) {
        buf_lit(b, "\"description\":");
        put_text(b, s->description.n ? s->description : STR("Any value."));
        return;
    }
    buf_fmt(b, s->nullable ? "\"type\":[\"%s\",\"null\"]" : "\"type\":\"%s\"",
            schema_type_name(s->type));
    if (s->description.n) {
        buf_char(b, ',');
        put_member(b, "description", s->description);
    }
}

static void put_format(struct buf *b, const struct schema *s)
{
    switch (s->format) {
    case FORMAT_NONE:
    case FORMAT_CONTACT:
        break;
    case FORMAT_SLUG:
        buf_lit(b, ",\"pattern\":\"^[a-z0-9][a-z0-9-]{0,62}$\",\"maxLength\":63");
        break;
    case FORMAT_ID:
        buf_lit(b, ",\"pattern\":\"^[A-Za-z0-9_-]{1,40}$\",\"maxLength\":40");
        break;
    default:
        buf_fmt(b, ",\"format\":\"%s\"", schema_format_name(s->format));
    }
}

static void put_bounds(struct buf *b, const struct schema *s)
{
    const char *what = s->type == SCHEMA_ARRAY ? "Items" : "Length";
    if (isfinite(s->minimum) && s->type != SCHEMA_STRING && s->type <= SCHEMA_NUMBER)
        buf_fmt(b, ",\"minimum\":%.15g", s->minimum);
    if (isfinite(s->maximum) && s->type != SCHEMA_STRING && s->type <= SCHEMA_NUMBER)
        buf_fmt(b, ",\"maximum\":%.15g", s->maximum);
    if (s->min_length >= 0)
        buf_fmt(b, ",\"min%s\":%lld", what, (long long)s->min_length);
    if (s->max_length >= 0)
        buf_fmt(b, ",\"max%s\":%lld", what, (long long)s->max_length);
}

static void put_choices(struct buf *b, const struct schema *s)
{
    buf_lit(b, ",\"enum\":[");
    for (int i = 0; i < s->n_choices; i++) {
        if (i)
            buf_char(b, ',');
        put_text(b, s->choices[i]);
    }
    if (s->nullable)
        buf_lit(b, ",null");
    buf_char(b, ']');
}

static void put_properties(struct buf *b, const struct schema *s)
{
    int required = 0;
    buf_lit(b, ",\"properties\":{");
    for (int i = 0; i < s->n_properties; i++) {
        if (i)
            buf_char(b, ',');
        put_text(b, s->properties[i].name);
        buf_char(b, ':');
        put_schema(b, &s->properties[i]);
    }
    buf_char(b, '}');
    for (int i = 0; i < s->n_properties; i++) {
        if (!s->properties[i].required)
            continue;
        buf_str(b, str_of(required++ ? "," : ",\"required\":["));
        put_text(b, s->properties[i].name);
    }
    if (required)
        buf_char(b, ']');
}

static void put_schema(struct buf *b, const struct schema *s)
{
    buf_char(b, '{');
    put_type(b, s);
    put_format(b, s);
    put_bounds(b, s);
    if (s->n_choices)
        put_choices(b, s);
    if (s->n_properties)
        put_properties(b, s);
    if (s->type == SCHEMA_ARRAY) {
        buf_lit(b, ",\"items\":");
        if (s->items)
            put_schema(b, s->items);
        else
            buf_lit(b, "{}");
    }
    if (s->preset.p)
        buf_fmt(b, ",\"default\":%.*s", (int)s->preset.n, s->preset.p);
    if (s->example.p)
        buf_fmt(b, ",\"examples\":[%.*s]", (int)s->example.n, s->example.p);
    buf_char(b, '}');
}

/* --- parameters --- */

static void put_path_parameters(struct buf *b, struct str path, int *n)
{
    struct str before, name;
    while (str_cut(path, '{', &before, &path)) {
        if (!str_cut(path, '}', &name, &path))
            return;
        buf_str(b, str_of((*n)++ ? ",{" : "{"));
        put_member(b, "name", name);
        buf_lit(b, ",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\","
                   "\"maxLength\":255}}");
    }
}

static void put_reference(struct buf *b, const char *name, int *n)
{
    buf_fmt(b, "%s{\"$ref\":\"#/components/parameters/%s\"}", (*n)++ ? "," : "", name);
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
    put_schema(b, p);
    buf_char(b, '}');
}

static void put_parameters(struct buf *b, const struct route *r)
{
    const struct schema *query = r->declared.query;
    int n = 0;
    buf_lit(b, ",\"parameters\":[");
    put_path_parameters(b, r->path, &n);
    if (r->auth == ROUTE_ORGANIZATION)
        put_reference(b, "Organization", &n);
    if (r->auth == ROUTE_KEY)
        put_reference(b, "OrganizationOptional", &n);
    if (r->idempotent)
        put_reference(b, "IdempotencyKey", &n);
    for (int i = 0; query && i < query->n_properties; i++)
        put_query(b, &query->properties[i], &n);
    buf_char(b, ']');
}

static void put_content(struct buf *b, const struct schema *s, struct str example)
{
    buf_lit(b, "\"content\":{\"application/json\":{\"schema\":");
    if (s)
        put_schema(b, s);
    else
        buf_lit(b, "{\"type\":\"object\"}");
    if (example.p)
        buf_fmt(b, ",\"example\":%.*s", (int)example.n, example.p);
    buf_lit(b, "}}");
}

/* --- answers --- */

static bool limited(const struct route *r)
{
    return r->auth == ROUTE_KEY || r->auth == ROUTE_ORGANIZATION;
}

static void put_limit_headers(struct buf *b)
{
    buf_lit(b,
            ",\"headers\":{"
            "\"X-RateLimit-Limit\":{\"$ref\":\"#/components/headers/Limit\"},"
            "\"X-RateLimit-Remaining\":{\"$ref\":\"#/components/headers/Remaining\"},"
            "\"X-RateLimit-Reset\":{\"$ref\":\"#/components/headers/Reset\"}}");
}

/* May this route answer so? */
static bool may_answer(const struct route *r, int status)
{
    bool open = r->auth == ROUTE_NONE, contact = r->auth == ROUTE_CONTACT;
    bool named = memchr(r->path.p, '{', r->path.n) != NULL;
    switch (status) {
    case 401:
        return !open;
    case 403:
        return !open && r->auth != ROUTE_PLATFORM;
    case 404:
        return named || r->declared.query || r->declared.body;
    case 409:
    case 422:
        return r->idempotent || (contact && r->method == HTTP_POST);
    case 415:
        return r->body;
    case 429:
        return limited(r) || contact;
    default:
        return true;
    }
}

static bool is_declared(const struct route *r, int status)
{
    for (int i = 0; i < r->declared.n_replies; i++)
        if (r->declared.replies[i].status == status)
            return true;
    return false;
}

static void put_replies(struct buf *b, const struct route *r)
{
    const struct declared *d = &r->declared;
    bool shown = false;
    for (int i = 0; i < d->n_replies; i++) {
        bool first = d->replies[i].status < 300 && !shown;
        shown = shown || first;
        buf_fmt(b, "%s\"%d\":{\"description\":\"%s\"", i ? "," : "",
                d->replies[i].status,
                d->replies[i].status < 400 ? "Done." : "Refused.");
        if (limited(r))
            put_limit_headers(b);
        buf_char(b, ',');
        put_content(b, &d->replies[i].body,
                    first ? d->example_reply : (struct str){NULL, 0});
        buf_char(b, '}');
    }
    if (!d->n_replies) {
        buf_lit(b, "\"200\":{\"description\":\"Done.\"");
        if (limited(r))
            put_limit_headers(b);
        buf_char(b, '}');
    }
}

static void put_responses(struct buf *b, const struct route *r)
{
    buf_lit(b, ",\"responses\":{");
    put_replies(b, r);
    if (r->cached)
        buf_lit(b, ",\"304\":{\"description\":\"As If-None-Match says: unchanged.\"}");
    for (int i = 0; i < PROBLEMS; i++)
        if (may_answer(r, problems[i].status) && !is_declared(r, problems[i].status))
            buf_fmt(b, ",\"%d\":{\"$ref\":\"#/components/responses/%s\"}",
                    problems[i].status, problems[i].name);
    buf_char(b, '}');
}

static void put_problems(struct buf *b)
{
    for (int i = 0; i < PROBLEMS; i++) {
        buf_fmt(b, "%s\"%s\":{\"description\":\"%s\"", i ? "," : "", problems[i].name,
                problems[i].description);
        if (problems[i].status == 429)
            buf_lit(b, ",\"headers\":{\"Retry-After\":{\"$ref\":\"#/components/headers/"
                       "RetryAfter\"}}");
        buf_lit(b, ",\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/"
                   "components/schemas/Problem\"}}}}");
    }
}

/* --- operations --- */

static const char *security(enum route_auth auth)
{
    static const char *const table[] = {[ROUTE_KEY] = "[{\"key\":[]}]",
                                        [ROUTE_ORGANIZATION] = "[{\"key\":[]}]",
                                        [ROUTE_CONTACT] = "[{\"key\":[]},{}]",
                                        [ROUTE_NONE] = "[]",
                                        [ROUTE_PLATFORM] = "[{\"operator\":[]}]"};
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

static void put_operation(struct buf *b, const struct openapi_route *all, int i)
{
    const struct route *r = all[i].route;
    buf_fmt(b, "\"%s\":{\"operationId\":\"", method(r->method));
    openapi_id(all, i, b);
    buf_lit(b, "\",\"tags\":[");
    put_text(b, all[i].owner);
    buf_lit(b, "],");
    put_member(b, "summary", r->summary.n ? r->summary : r->label);
    buf_fmt(b, ",\"security\":%s", security(r->auth));
    put_parameters(b, r);
    if (r->body) {
        buf_fmt(b, ",\"requestBody\":{\"required\":%s,",
                r->declared.body ? "true" : "false");
        put_content(b, r->declared.body, r->declared.example_body);
        buf_char(b, '}');
    }
    put_responses(b, r);
    buf_char(b, '}');
}

static bool seen(const struct openapi_route *all, int i)
{
    for (int k = 0; k < i; k++)
        if (str_eq(all[k].route->path, all[i].route->path))
            return true;
    return false;
}

static void put_paths(struct buf *b, const struct openapi_route *all, int n)
{
    for (int i = 0; i < n; i++) {
        if (seen(all, i))
            continue;
        if (i)
            buf_char(b, ',');
        put_text(b, all[i].route->path);
        buf_lit(b, ":{");
        for (int k = i, first = 1; k < n; k++) {
            if (!str_eq(all[k].route->path, all[i].route->path))
                continue;
            if (!first)
                buf_char(b, ',');
            first = 0;
            put_operation(b, all, k);
        }
        buf_char(b, '}');
    }
}

static void put_tags(struct buf *b, const struct plugin *plugins, int n)
{
    for (int i = 0; i < n; i++) {
        buf_char(b, '{');
        put_member(b, "name", plugins[i].manifest.name);
        buf_char(b, ',');
        put_member(b, "x-version", plugins[i].manifest.version);
        buf_lit(b, ",\"description\":\"Routes of this plugin.\"},");
    }
    buf_lit(b, "{\"name\":\"server\",\"description\":\"The server itself.\"}");
}

const struct openapi_route *
openapi_routes(struct arena *a, const struct plugin *plugins, int n_plugins, int *n)
{
    static const struct route own[] = {
        {.method = HTTP_GET,
         .auth = ROUTE_ORGANIZATION,
         .path = STR("/api/calendar/v1/rate-limit"),
         .handler = STR("rate_limit"),
         .summary = STR("The caller's windows; asking costs none of them.")},
        {.method = HTTP_GET,
         .auth = ROUTE_NONE,
         .path = STR("/healthz"),
         .handler = STR("healthz"),
         .summary = STR("Whether the process runs.")},
        {.method = HTTP_GET,
         .auth = ROUTE_NONE,
         .path = STR("/readyz"),
         .handler = STR("readyz"),
         .summary = STR("Whether requests are taken.")},
    };
    enum { OWN = sizeof(own) / sizeof(own[0]) };
    int most = OWN;
    for (int i = 0; i < n_plugins; i++)
        most += plugins[i].manifest.n_routes;
    struct openapi_route *all = arena_alloc(a, sizeof(*all) * (size_t)most);
    *n = 0;
    for (int i = 0; i < n_plugins; i++)
        for (int k = 0; k < plugins[i].manifest.n_routes; k++)
            all[(*n)++] = (struct openapi_route){&plugins[i].manifest.routes[k],
                                                 plugins[i].manifest.name};
    for (int i = 0; i < OWN; i++)
        all[(*n)++] = (struct openapi_route){&own[i], STR("server")};
    return all;
}

void openapi_put(const struct openapi_route *all, int n, const struct plugin *plugins,
                 int n_plugins, struct str url, struct buf *out)
{
    buf_str(out, str_of(head));
    put_text(out, url.n ? url : STR("/"));
    buf_lit(out, "}],\"tags\":[");
    put_tags(out, plugins, n_plugins);
    buf_lit(out, "],\"paths\":{");
    put_paths(out, all, n);
    buf_lit(out, "},");
    buf_str(out, str_of(components));
    put_problems(out);
    buf_lit(out, "}}}\n");
}
