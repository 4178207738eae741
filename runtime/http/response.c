/* A head is gathered line by line; a line is judged when its LF is there, so a verdict
 * never waits for more than the bytes that decide it. Fields are kept as offsets, since
 * the buffer they lie in may move. */

#include "http/response.h"

#include <string.h>

#include "http/bytes.h"

enum state { LINE, FIELDS, LENGTH, CHUNKS, UNTIL_CLOSE, WHOLE };

void response_init(struct response *r, const struct http_caps *caps, bool to_head)
{
    memset(r, 0, sizeof(*r));
    r->caps = *caps;
    r->to_head = to_head;
    r->state = LINE;
    buf_init(&r->head);
    buf_init(&r->body);
}

void response_end(struct response *r)
{
    buf_end(&r->head);
    buf_end(&r->body);
}

static enum http_parsed refuse(struct http_refusal *why, int status, const char *detail)
{
    *why = (struct http_refusal){status, detail};
    return HTTP_REFUSED;
}

static enum http_parsed bad(struct http_refusal *why, const char *detail)
{
    return refuse(why, 400, detail);
}

static bool all(struct str s, int kind)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is(s.p[i], kind))
            return false;
    return true;
}

/* "HTTP/1.1 200 OK"; the blank before the reason stands even without a reason. */
static enum http_parsed status_line(struct response *r, struct str line,
                                    struct http_refusal *why)
{
    uint64_t code;
    bool shape = line.n >= 13 && memcmp(line.p, "HTTP/1.", 7) == 0 &&
                 (line.p[7] == '0' || line.p[7] == '1') && line.p[8] == ' ' &&
                 line.p[12] == ' ';
    if (!shape || str_u64((struct str){line.p + 9, 3}, 599, &code) || code < 100 ||
        !all((struct str){line.p + 13, line.n - 13}, BYTE_VALUE))
        return bad(why, "The status line is malformed.");
    if (code == 101)
        return bad(why, "It switches to a protocol nobody asked for.");
    r->minor = line.p[7] - '0';
    r->status = (int)code;
    r->state = FIELDS;
    return HTTP_MORE;
}

/* RFC 9112 6.3. A leading zero is an octal number to some. */
static enum http_parsed note_length(struct response *r, struct str value,
                                    struct http_refusal *why)
{
    if (r->n_length++)
        return bad(why, "There are two Content-Length fields.");
    if (str_u64(value, UINT64_MAX, &r->left) || (value.n > 1 && *value.p == '0'))
        return bad(why, "Content-Length is not a decimal number.");
    return HTTP_MORE;
}

static enum http_parsed note_coding(struct response *r, struct str value,
                                    struct http_refusal *why)
{
    r->chunked = str_eq_nocase(value, STR("chunked"));
    if (r->n_coding++ || !r->chunked || r->minor == 0)
        return bad(why, "The only Transfer-Encoding known here is chunked.");
    return HTTP_MORE;
}

static enum http_parsed field_line(struct response *r, struct str line,
                                   struct http_refusal *why)
{
    struct str name, rest;
    if (r->n_fields == r->caps.fields_max)
        return refuse(why, 431, "There are too many header fields.");
    if (!str_cut(line, ':', &name, &rest) || name.n == 0 || !all(name, BYTE_TOKEN) ||
        !all(rest, BYTE_VALUE))
        return bad(why, "A header line is malformed.");
    struct str value = str_trim(rest);
    size_t at = value.n ? (size_t)(value.p - r->head.p) : 0;
    r->fields[r->n_fields++] =
        (struct field_spot){(size_t)(name.p - r->head.p), name.n, at, value.n};
    if (str_eq_nocase(name, STR("content-length")))
        return note_length(r, value, why);
    if (str_eq_nocase(name, STR("transfer-encoding")))
        return note_coding(r, value, why);
    return HTTP_MORE;
}

static void begin_again(struct response *r)
{
    buf_clear(&r->head);
    r->n_fields = r->n_length = r->n_coding = 0;
    r->chunked = false;
    r->left = 0;
    r->state = LINE;
}

/* The head is whole: how does the body end? */
static enum http_parsed judge(struct response *r, struct http_refusal *why)
{
    if (r->n_length && r->n_coding)
        return bad(why, "Transfer-Encoding and Content-Length exclude each other.");
    if (r->status < 200) {
        if (r->n_length || r->n_coding)
            return bad(why, "An interim response announces a body.");
        begin_again(r);
        return HTTP_MORE;
    }
    if (r->to_head || r->status == 204 || r->status == 304) {
        r->state = WHOLE;
    } else if (r->chunked) {
        http_chunks_init(&r->chunks);
        r->state = CHUNKS;
    } else if (r->n_length) {
        r->state = r->left ? LENGTH : WHOLE;
        if (r->left > r->caps.body_max)
            return refuse(why, 413, "The body is too large.");
    } else {
        r->state = UNTIL_CLOSE;
    }
    return r->state == WHOLE ? HTTP_DONE : HTTP_MORE;
}

static enum http_parsed on_line(struct response *r, struct http_refusal *why)
{
    struct str line = {r->head.p + r->line_at, r->head.n - r->line_at - 1};
    r->line_at = r->head.n;
    if (line.n == 0 || line.p[line.n - 1] != '\r')
        return bad(why, "A line does not end in CR and LF.");
    line.n--;
    if (r->state == LINE)
        return status_line(r, line, why);
    if (line.n)
        return field_line(r, line, why);
    enum http_parsed got = judge(r, why);
    if (r->state == LINE)
        r->line_at = 0;
    return got;
}

static enum http_parsed on_head(struct response *r, char b, struct http_refusal *why)
{
    if (++r->head_n > r->caps.head_max)
        return refuse(why, 431, "The head is too large.");
    buf_char(&r->head, b);
    return b == '\n' ? on_line(r, why) : HTTP_MORE;
}

static enum http_parsed on_chunks(struct response *r, struct str in,
                                  struct http_refusal *why)
{
    size_t used = 0, put = 0;
    char *out = buf_reserve(&r->body, in.n);
    enum http_parsed got =
        http_chunks_feed(&r->chunks, &r->caps, in, &used, out, &put, why);
    if (got == HTTP_REFUSED)
        return got;
    r->body.n += put;
    if (got == HTTP_DONE)
        r->state = WHOLE;
    return got;
}

static enum http_parsed on_body(struct response *r, struct str in,
                                struct http_refusal *why)
{
    if (r->state == CHUNKS)
        return on_chunks(r, in, why);
    if (r->state == UNTIL_CLOSE) {
        if (in.n > r->caps.body_max - r->body.n)
            return refuse(why, 413, "The body is too large.");
        buf_str(&r->body, in);
        return HTTP_MORE;
    }
    size_t n = in.n < r->left ? in.n : (size_t)r->left;
    buf_add(&r->body, in.p, n);
    r->left -= n;
    if (r->left)
        return HTTP_MORE;
    r->state = WHOLE;
    return HTTP_DONE;
}

enum http_parsed response_feed(struct response *r, struct str in,
                               struct http_refusal *why)
{
    size_t i = 0;
    enum http_parsed got = HTTP_MORE;
    while (i < in.n && got == HTTP_MORE && r->state <= FIELDS)
        got = on_head(r, in.p[i++], why);
    if (got == HTTP_MORE && i < in.n)
        got = on_body(r, (struct str){in.p + i, in.n - i}, why);
    return got;
}

enum http_parsed response_close(struct response *r, struct http_refusal *why)
{
    if (r->state != UNTIL_CLOSE)
        return bad(why, "The connection ended before the response was whole.");
    r->state = WHOLE;
    return HTTP_DONE;
}

int response_fields(const struct response *r)
{
    return r->n_fields;
}

struct http_field response_field(const struct response *r, int i)
{
    const struct field_spot *f = &r->fields[i];
    return (struct http_field){{r->head.p + f->name, f->name_n},
                               {r->head.p + f->value, f->value_n}};
}
