#include "lua/builtin.h"

#include <math.h>

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

/* Members of objects, in the words of plugin.lua. */
#define ANY_SIZE \
    .min_length = -1, .max_length = -1, .minimum = -INFINITY, .maximum = INFINITY
#define MEMBER(n, t) .name = STR(n), .type = (t), .required = true, ANY_SIZE
#define OBJECT(list)                                                              \
    {                                                                             \
        .type = SCHEMA_OBJECT, .properties = (list), .n_properties = COUNT(list), \
        ANY_SIZE                                                                  \
    }
#define COUNTED(n)                                                                  \
    {                                                                               \
        .name = STR(n), .type = SCHEMA_INTEGER, .required = true, .min_length = -1, \
        .max_length = -1, .minimum = 0, .maximum = 9007199254740991.0               \
    }
#define REPLIES(list) .replies = (list), .n_replies = COUNT(list)

static struct str ok_word[] = {STR("ok")}, ready_word[] = {STR("ready")},
                  stopping_word[] = {STR("stopping")};
static struct schema ok_member[] = {
    {MEMBER("status", SCHEMA_STRING), .choices = ok_word, .n_choices = 1}};
static struct schema ready_member[] = {
    {MEMBER("status", SCHEMA_STRING), .choices = ready_word, .n_choices = 1}};
static struct schema stopping_member[] = {
    {MEMBER("status", SCHEMA_STRING), .choices = stopping_word, .n_choices = 1}};
static struct declared_reply ok[] = {{200, OBJECT(ok_member)}};
static struct declared_reply ready[] = {{200, OBJECT(ready_member)},
                                        {503, OBJECT(stopping_member)}};

static struct str window_names[] = {STR("key-minute"), STR("key-hour"), STR("org-day")};
static struct schema window_members[] = {
    {MEMBER("name", SCHEMA_STRING), .choices = window_names, .n_choices = 3},
    COUNTED("limit"),
    COUNTED("used"),
    COUNTED("remaining"),
    COUNTED("reset_after"),
    COUNTED("retry_after"),
};
static struct schema window = OBJECT(window_members);
static struct schema windows_member[] = {{.name = STR("limits"),
                                          .type = SCHEMA_ARRAY,
                                          .required = true,
                                          .items = &window,
                                          .min_length = 3,
                                          .max_length = 3,
                                          .minimum = -INFINITY,
                                          .maximum = INFINITY}};
static struct declared_reply windows[] = {{200, OBJECT(windows_member)}};

static struct schema dry_run_member[] = {
    {.name = STR("dry_run"), .type = SCHEMA_BOOLEAN, .preset = STR("false"), ANY_SIZE}};
static struct schema reload_body = OBJECT(dry_run_member);
static struct schema reload_members[] = {
    COUNTED("generation"),
    {MEMBER("live", SCHEMA_BOOLEAN)},
    {MEMBER("pinned", SCHEMA_BOOLEAN)},
    {.name = STR("hash"),
     .type = SCHEMA_STRING,
     .required = true,
     .min_length = 16,
     .max_length = 16,
     .minimum = -INFINITY,
     .maximum = INFINITY},
    COUNTED("plugins"),
    COUNTED("classes"),
    {MEMBER("files", SCHEMA_OBJECT)},
    {MEMBER("routes", SCHEMA_OBJECT)},
    {MEMBER("limits", SCHEMA_OBJECT)},
    {.name = STR("kept"), .type = SCHEMA_BOOLEAN, ANY_SIZE},
};
static struct declared_reply reloaded[] = {{200, OBJECT(reload_members)}};
static struct schema decision = {.type = SCHEMA_OBJECT, ANY_SIZE};
static struct schema decisions_members[] = {
    {.name = STR("decisions"),
     .type = SCHEMA_ARRAY,
     .required = true,
     .items = &decision,
     .min_length = 0,
     .max_length = 200,
     .minimum = -INFINITY,
     .maximum = INFINITY},
    COUNTED("written"),
    COUNTED("dropped"),
};
static struct declared_reply decisions[] = {{200, OBJECT(decisions_members)}};
static struct schema script_members[] = {
    {MEMBER("name", SCHEMA_STRING)},
    {MEMBER("hash", SCHEMA_STRING)},
    {.name = STR("text"),
     .type = SCHEMA_STRING,
     .required = true,
     .nullable = true,
     ANY_SIZE},
};
static struct schema script = OBJECT(script_members);
static struct schema scripts_members[] = {
    COUNTED("generation"),
    {MEMBER("hash", SCHEMA_STRING)},
    {.name = STR("scripts"),
     .type = SCHEMA_ARRAY,
     .required = true,
     .items = &script,
     ANY_SIZE},
};
static struct declared_reply scripts[] = {{200, OBJECT(scripts_members)}};
static struct schema status_member[] = {{MEMBER("status", SCHEMA_OBJECT)}};
static struct declared_reply status[] = {{200, OBJECT(status_member)}};

static const struct route table[] = {
    {.native = NATIVE_RATE_LIMIT,
     .method = HTTP_GET,
     .auth = ROUTE_ORGANIZATION,
     .path = STR("/api/calendar/v1/rate-limit"),
     .label = STR("GET /api/calendar/v1/rate-limit"),
     .handler = STR("rate_limit"),
     .summary = STR("The caller's windows; asking costs none of them."),
     .declared = {REPLIES(windows)}},
    {.native = NATIVE_RELOAD,
     .method = HTTP_POST,
     .auth = ROUTE_PLATFORM,
     .path = STR("/api/platform/v1/reload"),
     .label = STR("POST /api/platform/v1/reload"),
     .handler = STR("reload"),
     .summary = STR("Takes scripts and plugins from disk, all or none."),
     .body = true,
     .declared = {.body = &reload_body, REPLIES(reloaded)}},
    {.native = NATIVE_ROLLBACK,
     .method = HTTP_POST,
     .auth = ROUTE_PLATFORM,
     .path = STR("/api/platform/v1/rollback"),
     .label = STR("POST /api/platform/v1/rollback"),
     .handler = STR("rollback"),
     .summary = STR("Runs the sources from before the last reload."),
     .declared = {REPLIES(reloaded)}},
    {.native = NATIVE_STATUS,
     .method = HTTP_GET,
     .auth = ROUTE_PLATFORM,
     .path = STR("/api/platform/v1/status"),
     .label = STR("GET /api/platform/v1/status"),
     .handler = STR("status"),
     .summary = STR("What runs, and how the disk differs from it."),
     .declared = {REPLIES(status)}},
    {.native = NATIVE_SCRIPTS,
     .method = HTTP_GET,
     .auth = ROUTE_PLATFORM,
     .path = STR("/api/platform/v1/scripts"),
     .label = STR("GET /api/platform/v1/scripts"),
     .handler = STR("scripts"),
     .summary = STR("The operator's scripts as they run, to be read."),
     .declared = {REPLIES(scripts)}},
    {.native = NATIVE_DECISIONS,
     .method = HTTP_GET,
     .auth = ROUTE_PLATFORM,
     .path = STR("/api/platform/v1/decisions"),
     .label = STR("GET /api/platform/v1/decisions"),
     .handler = STR("decisions"),
     .summary = STR("What policies decided last, newest first."),
     .declared = {REPLIES(decisions)}},
    {.native = NATIVE_HEALTHZ,
     .method = HTTP_GET,
     .auth = ROUTE_NONE,
     .path = STR("/healthz"),
     .label = STR("GET /healthz"),
     .handler = STR("healthz"),
     .summary = STR("Whether the process runs."),
     .declared = {REPLIES(ok)}},
    {.native = NATIVE_READYZ,
     .method = HTTP_GET,
     .auth = ROUTE_NONE,
     .path = STR("/readyz"),
     .label = STR("GET /readyz"),
     .handler = STR("readyz"),
     .summary = STR("Whether requests are taken."),
     .declared = {REPLIES(ready)}},
    {.native = NATIVE_OPENAPI,
     .method = HTTP_GET,
     .auth = ROUTE_NONE,
     .path = STR("/openapi.json"),
     .label = STR("GET /openapi.json"),
     .handler = STR("openapi"),
     .summary = STR("This document.")},
    {.native = NATIVE_DOCS,
     .method = HTTP_GET,
     .auth = ROUTE_NONE,
     .path = STR("/docs"),
     .label = STR("GET /docs"),
     .handler = STR("docs"),
     .summary = STR("The same as a page for people."),
     .produces = STR("text/html")},
    {.native = NATIVE_LUA_DOCS,
     .method = HTTP_GET,
     .auth = ROUTE_NONE,
     .path = STR("/docs/lua"),
     .label = STR("GET /docs/lua"),
     .handler = STR("lua_docs"),
     .summary = STR("What scripts may call, as a page for people."),
     .produces = STR("text/html")},
    {.native = NATIVE_METRICS,
     .method = HTTP_GET,
     .auth = ROUTE_PLATFORM,
     .path = STR("/metrics"),
     .label = STR("GET /metrics"),
     .handler = STR("metrics"),
     .summary = STR("What the server counts, as Prometheus text."),
     .produces = STR("text/plain")},
    {.native = NATIVE_CLOCK,
     .method = HTTP_PUT,
     .auth = ROUTE_NONE,
     .path = STR("/test/clock"),
     .label = STR("PUT /test/clock"),
     .body = true},
};

const struct route *builtin_routes(int *n)
{
    *n = COUNT(table);
    return table;
}
