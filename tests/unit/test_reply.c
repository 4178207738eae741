#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "http/reply.h"

#define assert_str(s, text) assert_true(str_eq((s), str_of(text)))
#define DATE                "Sun, 06 Nov 1994 08:49:37 GMT"

static struct reply_frame frame(void)
{
    return (struct reply_frame){
        .minor = 1, .keep_alive = true, .request_id = STR("req_1"), .date = STR(DATE)};
}

static void writes(const struct reply *r, const struct reply_frame *f, const char *want)
{
    struct buf out;
    buf_init(&out);
    reply_write(r, f, &out);
    buf_char(&out, '\0');
    assert_string_equal(out.p, want);
    buf_end(&out);
}

static void writes_an_answer(void **state)
{
    (void)state;
    struct reply r;
    struct reply_frame f = frame();
    reply_init(&r);
    r.status = 201;
    assert_int_equal(reply_field(&r, STR("Location"), STR("/x")), 0);
    reply_field_u64(&r, STR("X-RateLimit-Limit"), 18446744073709551615u);
    buf_lit(&r.body, "{\"a\":1}");
#define HEAD_OF(connection)                                             \
    "HTTP/1.1 201 Created\r\nDate: " DATE "\r\nX-Request-Id: req_1\r\n" \
    "Content-Type: application/json\r\nContent-Length: 7\r\n"           \
    "Cache-Control: no-store\r\n" connection                            \
    "Location: /x\r\nX-RateLimit-Limit: 18446744073709551615\r\n\r\n"
    writes(&r, &f, HEAD_OF("") "{\"a\":1}");
    f.head = true;
    writes(&r, &f, HEAD_OF(""));
    f.minor = 0;
    writes(&r, &f, HEAD_OF("Connection: keep-alive\r\n"));
    f.keep_alive = false;
    writes(&r, &f, HEAD_OF("Connection: close\r\n"));
    reply_end(&r);
}

static void writes_no_body_where_none_belongs(void **state)
{
    (void)state;
    struct reply r;
    struct reply_frame f = frame();
    reply_init(&r);
    buf_lit(&r.body, "x");
    r.cacheable = true;
    r.status = 204;
    writes(&r, &f,
           "HTTP/1.1 204 No Content\r\nDate: " DATE "\r\nX-Request-Id: req_1\r\n\r\n");
    r.status = 304;
    writes(&r, &f,
           "HTTP/1.1 304 Not Modified\r\nDate: " DATE
           "\r\nX-Request-Id: req_1\r\n\r\n");
    reply_clear(&r);
    writes(&r, &f,
           "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nX-Request-Id: req_1\r\n"
           "Content-Length: 0\r\nCache-Control: no-store\r\n\r\n");
    reply_end(&r);
}

static void odd_statuses(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *line;
    } rows[] = {{299, "HTTP/1.1 299 \r\n"},
                {100, "HTTP/1.1 500 Internal Server Error\r\n"},
                {1000, "HTTP/1.1 500 Internal Server Error\r\n"},
                {-1, "HTTP/1.1 500 Internal Server Error\r\n"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply r;
        struct reply_frame f = frame();
        struct buf out;
        buf_init(&out);
        reply_init(&r);
        r.status = rows[i].status;
        reply_write(&r, &f, &out);
        assert_true(str_starts(buf_slice(&out), str_of(rows[i].line)));
        buf_end(&out);
        reply_end(&r);
    }
}

static void no_value_ends_a_line(void **state)
{
    (void)state;
    struct reply r;
    reply_init(&r);
    for (int c = 0; c < 256; c++) {
        char value[3] = {'a', (char)c, 'b'};
        bool ok = c == '\t' || (c >= ' ' && c != 0x7F);
        assert_int_equal(reply_field(&r, STR("X"), (struct str){value, 3}),
                         ok ? 0 : ERR_INVALID);
        assert_int_equal(
            reply_field(&r, (struct str){value, 3}, STR("v")) == ERR_INVALID,
            c == 0 || !strchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                              c));
    }
    reply_clear(&r);
    assert_int_equal(reply_field(&r, STR(""), STR("v")), ERR_INVALID);
    static const char *const ours[] = {"content-length", "Transfer-Encoding",
                                       "connection",     "DATE",
                                       "Content-Type",   "x-request-id"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        assert_int_equal(reply_field(&r, str_of(ours[i]), STR("v")), ERR_DENIED);
    assert_int_equal(r.fields.n, 0);
    assert_int_equal(reply_field(&r, STR("X-Empty"), STR("")), 0);
    assert_str(buf_slice(&r.fields), "X-Empty: \r\n");
    /* Neither do the two values that come with the frame. */
    struct reply_frame f = frame();
    f.request_id = STR("a\r\nX: y");
    r.content_type = "text/plain\r\nX: y";
    writes(&r, &f,
           "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Length: 0\r\n"
           "Cache-Control: no-store\r\nX-Empty: \r\n\r\n");
    reply_end(&r);
}

static void problems(void **state)
{
    (void)state;
    struct reply r;
    reply_init(&r);
    buf_lit(&r.body, "before");
    r.content_type = "text/html";
    assert_int_equal(reply_field(&r, STR("X"), STR("y")), 0);
    reply_problem(&r, 404, "no_such_host", STR("There is no \"x\"."));
    assert_str(buf_slice(&r.body),
               "{\"detail\":\"There is no \\\"x\\\".\",\"status\":404,"
               "\"type\":\"not_found\",\"code\":\"no_such_host\"}");
    assert_int_equal(r.status, 404);
    assert_null(r.content_type);
    assert_str(buf_slice(&r.fields), "X: y\r\n");
    reply_problem_with(&r, 409, "taken", STR("T"), STR(",\"alternatives\":[]"));
    assert_str(buf_slice(&r.body),
               "{\"detail\":\"T\",\"status\":409,\"type\":\"conflict_error\","
               "\"code\":\"taken\",\"alternatives\":[]}");
    assert_false(r.close);
    reply_refusal(&r, 400, "bad_request", STR("B"));
    assert_str(buf_slice(&r.body),
               "{\"detail\":\"B\",\"status\":400,\"type\":\"request_error\","
               "\"code\":\"bad_request\"}");
    assert_true(r.close);
    reply_problem(&r, 500, "x", STR("\xff\xfe")); /* no text: still JSON */
    struct json_reader reader;
    struct json_event e;
    struct buf scratch;
    buf_init(&scratch);
    json_reader_init(&reader, buf_slice(&r.body), &scratch);
    do
        assert_int_equal(json_next(&reader, &e), 0);
    while (e.kind != JSON_END);
    buf_end(&scratch);
    reply_end(&r);
}

static void types_follow_the_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *type;
    } rows[] = {
        {400, "validation_error"},    {401, "authentication_error"},
        {403, "permission_error"},    {404, "not_found"},
        {405, "request_error"},       {408, "request_error"},
        {409, "conflict_error"},      {412, "request_error"},
        {413, "request_error"},       {415, "request_error"},
        {422, "unprocessable_error"}, {429, "rate_limit_error"},
        {431, "request_error"},       {500, "server_error"},
        {501, "request_error"},       {503, "server_error"},
        {505, "request_error"},       {418, "request_error"},
        {599, "server_error"},        {200, "request_error"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(reply_type(rows[i].status), rows[i].type);
}

static void dates(void **state)
{
    (void)state;
    char text[32];
    http_date(784111777000, text);
    assert_string_equal(text, DATE);
    http_date(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    http_date(1709251199999, text);
    assert_string_equal(text, "Thu, 29 Feb 2024 23:59:59 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_an_answer),
        cmocka_unit_test(writes_no_body_where_none_belongs),
        cmocka_unit_test(odd_statuses),
        cmocka_unit_test(no_value_ends_a_line),
        cmocka_unit_test(problems),
        cmocka_unit_test(types_follow_the_status),
        cmocka_unit_test(dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
