#include "http/reply.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "http/bytes.h"

/* A status, its phrase (RFC 9110 15) and the `type` of its error answers. */
struct status {
    int code;
    const char *phrase, *type;
};
static const struct status statuses[] = {
    {200, "OK", NULL},
    {201, "Created", NULL},
    {202, "Accepted", NULL},
    {204, "No Content", NULL},
    {301, "Moved Permanently", NULL},
    {302, "Found", NULL},
    {303, "See Other", NULL},
    {304, "Not Modified", NULL},
    {307, "Temporary Redirect", NULL},
    {308, "Permanent Redirect", NULL},
    {400, "Bad Request", "validation_error"},
    {401, "Unauthorized", "authentication_error"},
    {403, "Forbidden", "permission_error"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "request_error"},
    {408, "Request Timeout", "request_error"},
    {409, "Conflict", "conflict_error"},
    {410, "Gone", "request_error"},
    {412, "Precondition Failed", "request_error"},
    {413, "Content Too Large", "request_error"},
    {414, "URI Too Long", "request_error"},
    {415, "Unsupported Media Type", "request_error"},
    {417, "Expectation Failed", "request_error"},
    {422, "Unprocessable Content", "unprocessable_error"},
    {429, "Too Many Requests", "rate_limit_error"},
    {431, "Request Header Fields Too Large", "request_error"},
    {500, "Internal Server Error", "server_error"},
    {501, "Not Implemented", "request_error"},
    {503, "Service Unavailable", "server_error"},
    {505, "HTTP Version Not Supported", "request_error"},
};

static const struct status *status_of(int code)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].code == code)
            return &statuses[i];
    return NULL;
}

void reply_init(struct reply *r)
{
    *r = (struct reply){.status = 200};
}

void reply_end(struct reply *r)
{
    buf_end(&r->fields);
    buf_end(&r->body);
}

void reply_clear(struct reply *r)
{
    struct buf fields = r->fields, body = r->body;
    buf_clear(&fields);
    buf_clear(&body);
    *r = (struct reply){.status = 200, .fields = fields, .body = body};
}

static bool all_bytes(struct str s, int kind)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is(s.p[i], kind))
            return false;
    return true;
}

static bool only_ours(struct str name)
{
    static const char *const names[] = {"Content-Length", "Transfer-Encoding",
                                        "Connection",     "Date",
                                        "Content-Type",   "X-Request-Id"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return false;
}

static void add_line(struct buf *b, struct str name, struct str value)
{
    char *p = buf_reserve(b, name.n + value.n + 4);
    memcpy(p, name.p, name.n);
    memcpy(p += name.n, ": ", 2);
    if (value.n)
        memcpy(p + 2, value.p, value.n);
    memcpy(p + 2 + value.n, "\r\n", 2);
    b->n += name.n + value.n + 4;
}

int reply_field(struct reply *r, struct str name, struct str value)
{
    if (name.n == 0 || !all_bytes(name, BYTE_TOKEN) || !all_bytes(value, BYTE_VALUE))
        return ERR_INVALID;
    if (only_ours(name))
        return ERR_DENIED;
    add_line(&r->fields, name, value);
    return 0;
}

void reply_field_u64(struct reply *r, struct str name, uint64_t v)
{
    buf_str(&r->fields, name);
    buf_lit(&r->fields, ": ");
    buf_u64(&r->fields, v);
    buf_lit(&r->fields, "\r\n");
}

const char *reply_type(int status)
{
    const struct status *s = status_of(status);
    if (s && s->type)
        return s->type;
    return status >= 500 ? "server_error" : "request_error";
}

static void problem(struct reply *r, int status, const char *type, const char *code,
                    struct str detail, struct str members)
{
    struct buf *b = &r->body;
    r->status = status;
    r->content_type = NULL;
    buf_clear(b);
    buf_lit(b, "{\"detail\":");
    if (json_put_string(b, detail) != 0)
        buf_lit(b,
                "\"The request was refused.\""); /* it quoted bytes that are no text */
    buf_fmt(b, ",\"status\":%d,\"type\":\"%s\",\"code\":\"%s\"", status, type, code);
    buf_str(b, members);
    buf_char(b, '}');
}

void reply_problem_with(struct reply *r, int status, const char *code,
                        struct str detail, struct str members)
{
    problem(r, status, reply_type(status), code, detail, members);
}

void reply_problem(struct reply *r, int status, const char *code, struct str detail)
{
    problem(r, status, reply_type(status), code, detail, (struct str){0, 0});
}

void reply_refusal(struct reply *r, int status, const char *code, struct str detail)
{
    const char *type = status == 400 ? "request_error" : reply_type(status);
    problem(r, status, type, code, detail, (struct str){0, 0});
    r->close = true;
}

static void add_status(struct buf *out, int code)
{
    const struct status *s = status_of(code);
    buf_lit(out, "HTTP/1.1 ");
    buf_u64(out, (uint64_t)code);
    buf_char(out, ' ');
    if (s)
        buf_str(out, str_of(s->phrase));
    buf_lit(out, "\r\n");
}

static void add_checked(struct buf *out, struct str name, struct str value)
{
    if (all_bytes(value, BYTE_VALUE))
        add_line(out, name, value);
}

static void add_body_fields(struct buf *out, const struct reply *r)
{
    struct str type =
        r->content_type ? str_of(r->content_type) : STR("application/json");
    if (r->body.n > 0 || r->content_type)
        add_checked(out, STR("Content-Type"), type);
    buf_lit(out, "Content-Length: ");
    buf_u64(out, r->body.n);
    buf_lit(out, "\r\n");
}

struct str reply_write_head(const struct reply *r, const struct reply_frame *f,
                            struct buf *out)
{
    /* Below 200 would be no final answer, and the peer would wait for ever. */
    int status = r->status >= 200 && r->status <= 599 ? r->status : 500;
    bool body = status != 204 && status != 304;
    add_status(out, status);
    add_line(out, STR("Date"), f->date);
    add_checked(out, STR("X-Request-Id"), f->request_id);
    if (body)
        add_body_fields(out, r);
    if (!r->cacheable)
        buf_lit(out, "Cache-Control: no-store\r\n");
    if (!f->keep_alive)
        buf_lit(out, "Connection: close\r\n");
    else if (f->minor == 0)
        buf_lit(out, "Connection: keep-alive\r\n");
    buf_str(out, buf_slice(&r->fields));
    buf_lit(out, "\r\n");
    return body && !f->head ? buf_slice(&r->body) : STR("");
}

void reply_write(const struct reply *r, const struct reply_frame *f, struct buf *out)
{
    struct str body = reply_write_head(r, f, out);
    buf_str(out, body);
}

void http_date(int64_t wall_ms, char out[32])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t t = (time_t)(wall_ms / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    snprintf(out, 32, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * tm.tm_wday,
             (unsigned)tm.tm_mday % 100, months + 3 * tm.tm_mon,
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}
