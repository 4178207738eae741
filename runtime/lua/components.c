#include "lua/components.h"

#include <assert.h>

/* What every document has; %-free JSON. */
static const char schemes[] =
    "\"components\":{\"securitySchemes\":{"
    "\"key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-kordless-key\","
    "\"description\":\"An API key: kord_live_\xe2\x80\xa6 or kord_test_\xe2\x80\xa6\"},"
    "\"operator\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"An "
    "operator's token. Over the administrator's socket none is asked for. Never an API "
    "key.\"},"
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":"
    "\"kordless_session\",\"description\":\"A member who signed in. What changes "
    "anything also takes X-Kordless-CSRF.\"}}";

#define TEXT "\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\",\"maxLength\":"
#define WORD "\"type\":\"string\",\"pattern\":\"^[a-z0-9_]+$\",\"maxLength\":"
#define WHOLE(low, high) \
    "\"type\":\"integer\",\"format\":\"int64\",\"minimum\":" low ",\"maximum\":" high
#define COUNT "{" WHOLE("0", "9007199254740991") "}"

static const char problem_schema[] =
    ",\"schemas\":{\"Problem\":{\"type\":\"object\",\"description\":\"What went wrong; "
    "some have more members.\",\"properties\":{"
    "\"detail\":{" TEXT "16777216,\"description\":\"A sentence for a person.\"},"
    "\"status\":{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":400,\"maximum\":"
    "599},"
    "\"type\":{\"type\":\"string\",\"enum\":[\"validation_error\",\"request_error\","
    "\"authentication_error\",\"permission_error\",\"not_found\",\"conflict_error\","
    "\"unprocessable_error\",\"rate_limit_error\",\"server_error\"]},"
    "\"code\":{" WORD "64,\"description\":\"A word for programs.\"},"
    "\"violations\":{\"type\":\"array\",\"maxItems\":1000,\"description\":\"With 422: "
    "each rule that refuses.\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"code\":{" WORD "64},\"message\":{" TEXT "16777216}}}},"
    "\"alternatives\":{\"type\":\"array\",\"maxItems\":3,\"description\":\"With 409: "
    "the nearest free slots.\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"startsAt\":{\"type\":\"string\",\"format\":\"date-time\",\"maxLength\":20},"
    "\"endsAt\":{\"type\":\"string\",\"format\":\"date-time\",\"maxLength\":20},"
    "\"hostId\":{\"type\":[\"string\",\"null\"],\"pattern\":\"^[A-Za-z0-9_-]{1,40}$\","
    "\"maxLength\":40}}}},"
    "\"limits\":{\"type\":\"array\",\"maxItems\":3,\"description\":\"With 429 for an "
    "API key: its windows.\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"name\":{\"type\":\"string\",\"enum\":[\"key-minute\",\"key-hour\",\"org-day\"]},"
    "\"limit\":" COUNT ",\"used\":" COUNT ",\"remaining\":" COUNT
    ",\"reset_after\":" COUNT ",\"retry_after\":" COUNT "}}}},"
    "\"required\":[\"detail\",\"status\",\"type\",\"code\"]}}";

#define ORGANIZATION_ID                                                               \
    "\"schema\":{\"type\":\"string\",\"pattern\":\"^([Oo][Rr][Gg]_)?[0-9A-Za-z]{26}$" \
    "\","                                                                             \
    "\"maxLength\":30}}"

/* What operations refer to; each is shown in a document that has one that does. */
enum part { HEADERS, PARAMETERS };
static const struct shared {
    enum part part;
    const char *name, *text;
} shared[] = {
    {HEADERS, "Limit",
     "{\"description\":\"Requests that the tightest window admits. This and the other "
     "limit fields are on every answer to an API key once it is known; RateLimit and "
     "RateLimit-Policy say the same of all windows.\",\"schema\":" COUNT "}"},
    {HEADERS, "Remaining",
     "{\"description\":\"Requests left in that window.\",\"schema\":" COUNT "}"},
    {HEADERS, "Reset",
     "{\"description\":\"When remaining next grows, in Unix "
     "seconds.\",\"schema\":" COUNT "}"},
    {HEADERS, "RetryAfter",
     "{\"description\":\"Seconds after which to try again.\",\"schema\":{" WHOLE(
         "1", "9007199254740991") "}}"},
    {PARAMETERS, "Organization",
     "{\"name\":\"x-organization-id\",\"in\":\"header\",\"required\":true,"
     "\"description\":\"The organization of the key or session.\"," ORGANIZATION_ID},
    {PARAMETERS, "OrganizationOptional",
     "{\"name\":\"x-organization-id\",\"in\":\"header\",\"required\":false,"
     "\"description\":\"If sent, the organization of the key.\"," ORGANIZATION_ID},
    {PARAMETERS, "IdempotencyKey",
     "{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":false,"
     "\"description\":\"The same key and body get the same answer for 24 hours.\","
     "\"schema\":{\"type\":\"string\",\"pattern\":\"^[ -~]+$\",\"minLength\":1,"
     "\"maxLength\":255}}"},
    {PARAMETERS, "IfMatch",
     "{\"name\":\"If-Match\",\"in\":\"header\",\"required\":false,"
     "\"description\":\"The version that is to be changed, in quotes, as ETag said it; "
     "412 when it is another by now.\","
     "\"schema\":{\"type\":\"string\",\"pattern\":\"^[ -~]+$\",\"minLength\":1,"
     "\"maxLength\":16384}}"},
    {PARAMETERS, "Csrf",
     "{\"name\":\"X-Kordless-CSRF\",\"in\":\"header\",\"required\":false,"
     "\"description\":\"With a session: the csrf value of GET /session.\",\"schema\":{"
     "\"type\":\"string\",\"pattern\":\"^[!-~]*$\",\"maxLength\":128}}"},
};
static_assert(COMPONENTS == sizeof(shared) / sizeof(shared[0]), "one line for each");

/* The errors, as operations refer to them. */
static const struct problem {
    int status;
    const char *name, *description;
    bool limits, retry; /* may it carry the limit fields, Retry-After? */
} problems[] = {
    {400, "Invalid", "The request is not what this route takes; all faults are told.",
     true, false},
    {401, "Unauthenticated",
     "Nobody is proven: no key, token or session that is good now.", false, false},
    {403, "Forbidden", "Not with this key, role, organization or contact.", true,
     false},
    {404, "NotFound", "There is no such object.", true, false},
    {409, "Conflict", "It conflicts with the present state: a slot that is taken.",
     true, true},
    {412, "Changed", "It has another version by now than If-Match names.", true, false},
    {413, "TooLarge", "The body is larger than 1 MiB.", false, false},
    {415, "NotJson", "The body must be application/json.", true, false},
    {422, "Refused", "A rule refuses it; the violations are listed.", true, false},
    {429, "TooMany", "A limit is reached; Retry-After says how long to wait.", true,
     true},
    {500, "Failed", "The server failed; its log has the request id.", false, false},
    {503, "Busy", "Not now; try again shortly.", false, true},
};
static_assert(COMPONENTS_PROBLEMS == sizeof(problems) / sizeof(problems[0]),
              "one mark for each");

void components_refer(struct sheet *w, enum component i)
{
    static const char *const parts[] = {
        [HEADERS] = "headers", [PARAMETERS] = "parameters"};
    w->shared[i] = true;
    buf_fmt(w->b, "{\"$ref\":\"#/components/%s/%s\"}", parts[shared[i].part],
            shared[i].name);
}

static void put_header(struct sheet *w, const char *name, enum component i, int *n)
{
    buf_fmt(w->b, "%s\"%s\":", (*n)++ ? "," : ",\"headers\":{", name);
    components_refer(w, i);
}

void components_headers(struct sheet *w, bool limits, bool retry)
{
    int n = 0;
    if (limits) {
        put_header(w, "X-RateLimit-Limit", COMPONENT_LIMIT, &n);
        put_header(w, "X-RateLimit-Remaining", COMPONENT_REMAINING, &n);
        put_header(w, "X-RateLimit-Reset", COMPONENT_RESET, &n);
    }
    if (retry)
        put_header(w, "Retry-After", COMPONENT_RETRY_AFTER, &n);
    if (n)
        buf_char(w->b, '}');
}

int components_problem(int i)
{
    return i < COMPONENTS_PROBLEMS ? problems[i].status : 0;
}

void components_refer_problem(struct sheet *w, int i)
{
    w->problems[i] = true;
    buf_fmt(w->b, ",\"%d\":{\"$ref\":\"#/components/responses/%s\"}",
            problems[i].status, problems[i].name);
}

const char *components_meaning(int status)
{
    for (int i = 0; i < COMPONENTS_PROBLEMS; i++)
        if (problems[i].status == status)
            return problems[i].description;
    return status < 400 ? "Done." : "Refused.";
}

/* --- the section itself --- */

static void put_shared(struct sheet *w, enum part part, const char *name)
{
    int n = 0;
    for (int i = 0; i < COMPONENTS; i++) {
        if (shared[i].part != part || !w->shared[i])
            continue;
        if (!n++)
            buf_fmt(w->b, ",\"%s\":{", name);
        else
            buf_char(w->b, ',');
        buf_fmt(w->b, "\"%s\":%s", shared[i].name, shared[i].text);
    }
    if (n)
        buf_char(w->b, '}');
}

static void put_problem(struct sheet *w, const char *name, const char *description,
                        bool limits, bool retry)
{
    buf_fmt(w->b, "\"%s\":{\"description\":\"%s\"", name, description);
    components_headers(w, limits, retry);
    buf_lit(w->b, ",\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/"
                  "components/schemas/Problem\"}}}}");
}

/* The responses first: they refer to headers. */
void components_put(struct sheet *w)
{
    buf_str(w->b, str_of(schemes));
    buf_lit(w->b, ",\"responses\":{");
    put_problem(w, "Problem",
                "Any other answer: 405, 408, 413, 414, 417, 431, 501, 505.", false,
                false);
    for (int i = 0; i < COMPONENTS_PROBLEMS; i++) {
        if (!w->problems[i])
            continue;
        buf_char(w->b, ',');
        put_problem(w, problems[i].name, problems[i].description, problems[i].limits,
                    problems[i].retry);
    }
    buf_char(w->b, '}');
    put_shared(w, PARAMETERS, "parameters");
    put_shared(w, HEADERS, "headers");
    buf_str(w->b, str_of(problem_schema));
    buf_char(w->b, '}');
}
