/* A head is scanned once, front to back, and every verdict depends only on the bytes up
 * to where it is reached: so a head fed whole, byte by byte or cut anywhere gets the
 * same answer. Caps are windows: a scan that runs out of its window, rather than of
 * input, is over the cap. */

#include "http/parse.h"

#include <string.h>

#include "http/bytes.h"

const struct http_caps http_caps_default = {8 * 1024, 16 * 1024, HTTP_FIELDS_MAX,
                                            1024 * 1024};

enum { EMPTY_LINES_MAX = 4, METHOD_MAX = 64, HOST_MAX = 255 };

struct scan {
    const char *p, *end;
    bool capped; /* `end` is the cap's, more input stands behind it */
    int over;    /* the status for running into the cap */
    struct http_refusal *why;
};

/* What the framing of the message hangs on, noted while fields go by. */
struct framing {
    struct str host, length, coding;
    int n_host, n_length, n_coding;
    bool close, keep_alive, expect_other;
};

static enum http_parsed refuse(struct http_refusal *why, int status, const char *detail)
{
    *why = (struct http_refusal){status, detail};
    return HTTP_REFUSED;
}

static enum http_parsed bad(struct scan *s, const char *detail)
{
    return refuse(s->why, 400, detail);
}

static enum http_parsed ran_out(struct scan *s)
{
    if (!s->capped)
        return HTTP_MORE;
    return refuse(s->why, s->over,
                  s->over == 414 ? "The request line is too long."
                                 : "The header fields are too large.");
}

static void window(struct scan *s, const char *input_end, size_t cap, int over)
{
    size_t left = (size_t)(input_end - s->p);
    s->capped = left > cap;
    s->end = s->capped ? s->p + cap : input_end;
    s->over = over;
}

static enum http_parsed skip_line_end(struct scan *s, const char *detail)
{
    if (s->p == s->end)
        return ran_out(s);
    if (*s->p != '\r')
        return bad(s, detail);
    if (s->p + 1 == s->end)
        return ran_out(s);
    if (s->p[1] != '\n')
        return bad(s, "A carriage return stands without its line feed.");
    s->p += 2;
    return HTTP_DONE;
}

/* RFC 9112 2.2 wants at least one tolerated: old clients end a body with it. */
static enum http_parsed skip_empty_lines(struct scan *s)
{
    for (int i = 0; s->p < s->end && *s->p == '\r'; i++) {
        if (i == EMPTY_LINES_MAX)
            return bad(s, "Too many empty lines stand before the request.");
        enum http_parsed got = skip_line_end(s, "");
        if (got != HTTP_DONE)
            return got;
    }
    return HTTP_DONE;
}

static enum http_method method_of(struct str text)
{
    for (enum http_method m = HTTP_GET; m < HTTP_OTHER; m++)
        if (str_eq(text, str_of(http_method_name(m))))
            return m;
    return HTTP_OTHER;
}

static enum http_parsed read_method(struct scan *s, struct http_request *r)
{
    const char *start = s->p;
    while (s->p < s->end && byte_is(*s->p, BYTE_TOKEN))
        if (++s->p - start > METHOD_MAX)
            return bad(s, "The method is too long.");
    if (s->p == s->end)
        return ran_out(s);
    if (*s->p != ' ' || s->p == start)
        return bad(s, "The request does not begin with a method and a blank.");
    r->method_text = (struct str){start, (size_t)(s->p - start)};
    r->method = method_of(r->method_text);
    s->p++;
    return HTTP_DONE;
}

static enum http_parsed read_target(struct scan *s, struct http_request *r)
{
    const char *start = s->p;
    while (s->p < s->end && byte_is(*s->p, BYTE_TARGET))
        s->p++;
    if (s->p == s->end)
        return ran_out(s);
    if (*s->p != ' ')
        return bad(s, *s->p == '#'
                          ? "The request target has a fragment."
                          : "The request target has a byte that must be encoded, "
                            "or no version follows it.");
    if (s->p == start)
        return bad(s, "The request target is empty.");
    r->target = (struct str){start, (size_t)(s->p - start)};
    s->p++;
    return HTTP_DONE;
}

static enum http_parsed read_version(struct scan *s, struct http_request *r)
{
    static const char shape[] = "HTTP/0.0";
    const char *at = s->p;
    for (const char *want = shape; *want; want++, s->p++) {
        if (s->p == s->end)
            return ran_out(s);
        bool digit = *s->p >= '0' && *s->p <= '9';
        if (*want == '0' ? !digit : *s->p != *want)
            return bad(s,
                       "The request line does not end with a version like HTTP/1.1.");
    }
    enum http_parsed got = skip_line_end(s, "Something stands behind the version.");
    if (got != HTTP_DONE)
        return got;
    if (at[5] != '1' || at[7] > '1')
        return refuse(s->why, 505, "This server speaks HTTP/1.1 and HTTP/1.0.");
    r->minor = at[7] - '0';
    return HTTP_DONE;
}

/* Colons and hex digits in brackets, RFC 3986 3.2.2; how many bytes, 0: it is none. */
static size_t ip_literal(struct str s)
{
    size_t i = 1;
    while (i < s.n && s.p[i] && strchr("0123456789abcdefABCDEF:.", s.p[i]))
        i++;
    return i > 2 && i < s.n && s.p[i] == ']' ? i + 1 : 0;
}

/* uri-host [":" port] of RFC 9110 7.2, without what no host on the wire has: escapes,
 * sub-delims, an empty name, an empty port. */
static bool host_ok(struct str s, bool want_port)
{
    size_t i = 0;
    if (s.n == 0 || s.n > HOST_MAX)
        return false;
    if (s.p[0] == '[')
        i = ip_literal(s);
    else
        while (i < s.n && byte_is(s.p[i], BYTE_HOST))
            i++;
    if (i == 0 || i == s.n)
        return i > 0 && !want_port;
    uint64_t port;
    struct str digits = {s.p + i + 1, s.n - i - 1};
    return s.p[i] == ':' && digits.n <= 5 && str_u64(digits, 65535, &port) == 0;
}

/* RFC 9112 3.2.2: its host replaces the Host field. */
static bool absolute_form(struct http_request *r)
{
    struct str t = r->target, scheme, rest;
    if (!str_cut(t, ':', &scheme, &rest) || !str_starts(rest, STR("//")) ||
        !(str_eq_nocase(scheme, STR("http")) || str_eq_nocase(scheme, STR("https"))))
        return false;
    rest = (struct str){rest.p + 2, rest.n - 2};
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    r->host = (struct str){rest.p, n};
    r->path = (struct str){rest.p + n, rest.n - n};
    return host_ok(r->host, false);
}

static enum http_parsed read_form(struct scan *s, struct http_request *r)
{
    bool star = str_eq(r->target, STR("*"));
    r->path = r->target;
    if (r->method == HTTP_CONNECT)
        return host_ok(r->target, true) ? HTTP_DONE
                                        : bad(s, "CONNECT takes a host and a port.");
    if (star && r->method == HTTP_OPTIONS)
        return HTTP_DONE;
    if (*r->target.p != '/' && !absolute_form(r))
        return bad(s, star ? "Only OPTIONS takes the target *."
                           : "The request target does not begin with a slash.");
    str_cut(r->path, '?', &r->path, &r->query);
    if (r->path.n == 0)
        r->path = STR("/");
    return HTTP_DONE;
}

static enum http_parsed read_line(struct scan *s, struct http_request *r)
{
    enum http_parsed got;
    if ((got = read_method(s, r)) != HTTP_DONE ||
        (got = read_target(s, r)) != HTTP_DONE ||
        (got = read_version(s, r)) != HTTP_DONE)
        return got;
    return read_form(s, r);
}

static void note_connection(struct framing *f, struct str list)
{
    while (list.n) {
        struct str token;
        str_cut(list, ',', &token, &list);
        token = str_trim(token);
        f->close |= str_eq_nocase(token, STR("close"));
        f->keep_alive |= str_eq_nocase(token, STR("keep-alive"));
    }
}

/* By length first: nearly every field is none of these. */
static void note(struct framing *f, struct http_request *r,
                 const struct http_field *field)
{
    struct str name = field->name, value = field->value;
    if (name.n == 4 && str_eq_nocase(name, STR("host"))) {
        f->host = value;
        f->n_host++;
    } else if (name.n == 6 && str_eq_nocase(name, STR("expect"))) {
        bool known = str_eq_nocase(value, STR("100-continue"));
        r->expect_continue |= known;
        f->expect_other |= !known;
    } else if (name.n == 10 && str_eq_nocase(name, STR("connection"))) {
        note_connection(f, value);
    } else if (name.n == 14 && str_eq_nocase(name, STR("content-length"))) {
        f->length = value;
        f->n_length++;
    } else if (name.n == 17 && str_eq_nocase(name, STR("transfer-encoding"))) {
        f->coding = value;
        f->n_coding++;
    }
}

static enum http_parsed read_field(struct scan *s, struct http_field *out)
{
    const char *start = s->p;
    while (s->p < s->end && byte_is(*s->p, BYTE_TOKEN))
        s->p++;
    if (s->p == s->end)
        return ran_out(s);
    if (*s->p != ':' || s->p == start)
        return bad(s, "A header line is not a name, a colon and a value.");
    out->name = (struct str){start, (size_t)(s->p - start)};
    start = ++s->p;
    while (s->p < s->end && byte_is(*s->p, BYTE_VALUE))
        s->p++;
    out->value = str_trim((struct str){start, (size_t)(s->p - start)});
    return skip_line_end(s, "A header value has a control character.");
}

static enum http_parsed read_fields(struct scan *s, const struct http_caps *caps,
                                    struct http_request *r, struct framing *f)
{
    while (s->p < s->end && *s->p != '\r') {
        if (r->n_fields == caps->fields_max)
            return refuse(s->why, 431, "There are too many header fields.");
        struct http_field *field = &r->fields[r->n_fields];
        enum http_parsed got = read_field(s, field);
        if (got != HTTP_DONE)
            return got;
        note(f, r, field);
        r->n_fields++;
    }
    return skip_line_end(s, "");
}

/* RFC 9112 6.1, less all that may be refused. */
static enum http_parsed judge_coding(struct scan *s, struct http_request *r,
                                     const struct framing *f)
{
    struct str coding = f->coding;
    if (r->minor == 0)
        return bad(s, "HTTP/1.0 has no Transfer-Encoding.");
    if (f->n_length)
        return bad(s, "Transfer-Encoding and Content-Length exclude each other.");
    r->chunked = f->n_coding == 1 && str_eq(coding, STR("chunked"));
    if (r->chunked)
        return HTTP_DONE;
    size_t n = 0;
    while (n < coding.n && byte_is(coding.p[n], BYTE_TOKEN))
        n++;
    if (f->n_coding > 1 || n == 0 || n < coding.n ||
        str_eq_nocase(coding, STR("chunked")))
        return bad(s, "Transfer-Encoding must be exactly chunked.");
    return refuse(s->why, 501, "The only Transfer-Encoding known here is chunked.");
}

static enum http_parsed judge_length(struct scan *s, struct http_request *r,
                                     const struct framing *f)
{
    if (f->n_length > 1)
        return bad(s, "There are two Content-Length fields.");
    /* A leading zero is an octal number to some. */
    if (str_u64(f->length, UINT64_MAX, &r->content_length) != 0 ||
        (f->length.n > 1 && *f->length.p == '0'))
        return bad(s, "Content-Length is not a decimal number.");
    return HTTP_DONE;
}

static enum http_parsed judge_host(struct scan *s, struct http_request *r,
                                   const struct framing *f)
{
    if (f->n_host != 1)
        return bad(s, f->n_host ? "There are two Host fields."
                                : "The Host field is missing.");
    if (!host_ok(f->host, false))
        return bad(s, "Host is not a host with an optional port.");
    if (!r->host.p)
        r->host = f->host;
    return HTTP_DONE;
}

static enum http_parsed judge(struct scan *s, const struct http_caps *caps,
                              struct http_request *r, const struct framing *f)
{
    enum http_parsed got = judge_host(s, r, f);
    if (got == HTTP_DONE && f->n_coding)
        got = judge_coding(s, r, f);
    else if (got == HTTP_DONE && f->n_length)
        got = judge_length(s, r, f);
    if (got != HTTP_DONE)
        return got;
    if (r->content_length > caps->body_max)
        return refuse(s->why, 413, "The body is too large.");
    if (f->expect_other && r->minor == 1)
        return refuse(s->why, 417, "The only expectation known here is 100-continue.");
    r->expect_continue &= r->minor == 1; /* RFC 9110 10.1.1: else ignored */
    r->keep_alive = !f->close && (r->minor == 1 || f->keep_alive);
    return HTTP_DONE;
}

/* All but the fields themselves, which are 3 KB. */
static void clear(struct http_request *r)
{
    memset(r, 0, offsetof(struct http_request, fields));
    r->method = HTTP_OTHER;
    r->n_fields = 0;
    r->body = (struct str){0, 0};
}

enum http_parsed http_parse_head(struct str in, const struct http_caps *caps,
                                 struct http_request *out, size_t *used,
                                 struct http_refusal *why)
{
    struct scan s = {.p = in.p, .end = in.p + in.n, .why = why};
    struct framing f = {0};
    enum http_parsed got;
    clear(out);
    if (in.n == 0)
        return HTTP_MORE;
    if ((got = skip_empty_lines(&s)) != HTTP_DONE)
        return got;
    window(&s, in.p + in.n, caps->line_max + 2, 414);
    if ((got = read_line(&s, out)) != HTTP_DONE)
        return got;
    window(&s, in.p + in.n, caps->head_max + 2, 431);
    if ((got = read_fields(&s, caps, out, &f)) != HTTP_DONE)
        return got;
    *used = (size_t)(s.p - in.p);
    return judge(&s, caps, out, &f);
}
