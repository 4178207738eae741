#include "base/json.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum expect {
    EXPECT_VALUE,
    EXPECT_FIRST_ITEM, /* a value, or the end of an array with nothing in it */
    EXPECT_FIRST_NAME, /* a name, or the end of an object with nothing in it */
    EXPECT_MORE,       /* a comma, or the container's end */
    EXPECT_END,        /* the value is complete */
    EXPECT_NOTHING     /* failed; stays so */
};

void json_reader_init(struct json_reader *r, struct str text, struct buf *scratch)
{
    *r = (struct json_reader){.in = text, .scratch = scratch, .expect = EXPECT_VALUE};
}

static int fail(struct json_reader *r, size_t at, const char *why)
{
    r->at = at;
    r->why = at < r->in.n ? why : "the text ends too early";
    r->expect = EXPECT_NOTHING;
    return ERR_INVALID;
}

static int byte_at(const struct json_reader *r, size_t i)
{
    return i < r->in.n ? (unsigned char)r->in.p[i] : -1;
}

static void skip_blanks(struct json_reader *r)
{
    while (r->at < r->in.n) {
        char c = r->in.p[r->at];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
            return;
        r->at++;
    }
}

/* ---- strings, both ways ---- */

static bool is_special(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
}

/* The first byte from `i` on that is special, or the end. Eight at a time: each of the
 * four terms sets the top bit of a byte that is one kind of special. A borrow can only
 * come from such a byte, so a word without a top bit has none. */
static size_t plain_end(struct str s, size_t i)
{
    const uint64_t ones = 0x0101010101010101u;
    for (; s.n - i >= 8; i += 8) {
        uint64_t w;
        memcpy(&w, s.p + i, 8);
        uint64_t quote = (w ^ ones * '"') - ones, slash = (w ^ ones * '\\') - ones;
        if ((w | (w - ones * 0x20) | quote | slash) & ones * 0x80)
            break;
    }
    while (i < s.n && !is_special((unsigned char)s.p[i]))
        i++;
    return i;
}

/* The same, but what is no ASCII belongs to the run and is reported. */
static size_t run_end(struct str s, size_t i, bool *beyond_ascii)
{
    while ((i = plain_end(s, i)) < s.n && (unsigned char)s.p[i] >= 0x80) {
        *beyond_ascii = true;
        while (i < s.n && (unsigned char)s.p[i] >= 0x80)
            i++;
    }
    return i;
}

static size_t first_bad_utf8(struct str s)
{
    for (size_t i = 0, n = 1;; i += n) {
        for (n = 1; n <= 4 && n <= s.n - i; n++)
            if (str_utf8((struct str){s.p + i, n}))
                break;
        if (n > 4 || n > s.n - i)
            return i;
    }
}

static void put_utf8(struct buf *b, unsigned c)
{
    char *p = buf_reserve(b, 4);
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; c >>= 6)
        p[i] = (char)(0x80 | (c & 0x3F));
    p[0] = (char)(lead[n] | c);
    b->n += n;
}

static int read_hex4(struct json_reader *r, size_t at, unsigned *out)
{
    unsigned v = 0;
    for (size_t i = at; i < at + 4; i++) {
        int c = byte_at(r, i);
        int lower = c | 0x20;
        if (c >= '0' && c <= '9')
            v = v << 4 | (unsigned)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            v = v << 4 | (unsigned)(lower - 'a' + 10);
        else
            return fail(r, i, "four hexadecimal digits must follow \\u");
    }
    *out = v;
    return 0;
}

/* `*at` is at the backslash of a \u and ends behind it, or behind a pair of them. */
static int read_unicode(struct json_reader *r, size_t *at)
{
    unsigned c, low;
    if (read_hex4(r, *at + 2, &c) < 0)
        return ERR_INVALID;
    if (c == 0)
        return fail(r, *at, "a string must not hold U+0000");
    if (c >= 0xDC00 && c <= 0xDFFF)
        return fail(r, *at, "half of a surrogate pair stands alone");
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (byte_at(r, *at + 6) != '\\' || byte_at(r, *at + 7) != 'u')
            return fail(r, *at + 6, "half of a surrogate pair stands alone");
        if (read_hex4(r, *at + 8, &low) < 0)
            return ERR_INVALID;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(r, *at + 6, "half of a surrogate pair stands alone");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        *at += 6;
    }
    *at += 6;
    put_utf8(r->scratch, c);
    return 0;
}

static int read_escape(struct json_reader *r, size_t *at)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    int c = byte_at(r, *at + 1);
    if (c == 'u')
        return read_unicode(r, at);
    const char *hit = c < 0 ? NULL : memchr(names, c, sizeof(names) - 1);
    if (!hit)
        return fail(r, *at + 1, "no such escape in a string");
    buf_char(r->scratch, bytes[hit - names]);
    *at += 2;
    return 0;
}

/* One run without escapes, from `from` to the byte at `*end`. No escape is part of a
 * UTF-8 sequence, so each run is valid for itself or the string is not. */
static int read_run(struct json_reader *r, size_t from, struct str *run, size_t *end)
{
    bool beyond_ascii = false;
    *end = run_end(r->in, from, &beyond_ascii);
    *run = (struct str){r->in.p + from, *end - from};
    if (beyond_ascii && !str_utf8(*run))
        return fail(r, from + first_bad_utf8(*run), "a string is not valid UTF-8");
    int c = byte_at(r, *end);
    if (c != '"' && c != '\\')
        return fail(r, *end, "a control character in a string must be escaped");
    return 0;
}

/* From the opening quote. Without escapes the text stays where it is. */
static int read_string(struct json_reader *r, struct str *out)
{
    size_t end;
    if (read_run(r, r->at + 1, out, &end) < 0)
        return ERR_INVALID;
    if (r->in.p[end] == '\\') {
        buf_clear(r->scratch);
        buf_str(r->scratch, *out);
        while (r->in.p[end] == '\\') {
            struct str run;
            if (read_escape(r, &end) < 0 || read_run(r, end, &run, &end) < 0)
                return ERR_INVALID;
            buf_str(r->scratch, run);
        }
        *out = buf_slice(r->scratch);
    }
    r->at = end + 1;
    return 0;
}

static void put_escape(struct buf *b, unsigned char c)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    static const char hex[] = "0123456789abcdef";
    const char *hit = memchr(bytes, c, sizeof(bytes) - 1);
    if (hit) {
        const char two[2] = {'\\', names[hit - bytes]};
        buf_add(b, two, 2);
    } else {
        const char six[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        buf_add(b, six, 6);
    }
}

int json_put_string(struct buf *b, struct str s)
{
    size_t before = b->n;
    bool beyond_ascii = false, valid = false;
    buf_reserve(b, s.n + 2);
    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        size_t end = run_end(s, i, &beyond_ascii);
        if (beyond_ascii && !valid && !(valid = str_utf8(s))) {
            b->n = before;
            return ERR_INVALID;
        }
        buf_add(b, s.p + i, end - i);
        if (end < s.n)
            put_escape(b, (unsigned char)s.p[end]);
        i = end;
    }
    buf_char(b, '"');
    return 0;
}

/* ---- numbers, both ways ---- */

static bool skip_digits(const struct json_reader *r, size_t *i)
{
    size_t from = *i;
    while (*i < r->in.n && r->in.p[*i] >= '0' && r->in.p[*i] <= '9')
        ++*i;
    return *i > from;
}

/* The grammar of RFC 8259, section 6. `*whole`: neither fraction nor exponent. */
static int scan_number(struct json_reader *r, size_t *end, bool *whole)
{
    static const char missing[] = "a digit is missing in a number";
    size_t i = r->at + (r->in.p[r->at] == '-');
    *whole = true;
    if (byte_at(r, i) == '0')
        i++; /* and no digit may follow: it will be found where a comma should be */
    else if (!skip_digits(r, &i))
        return fail(r, i, missing);
    if (byte_at(r, i) == '.') {
        i++;
        *whole = false;
        if (!skip_digits(r, &i))
            return fail(r, i, missing);
    }
    if ((byte_at(r, i) | 0x20) == 'e') {
        i++;
        *whole = false;
        if (byte_at(r, i) == '+' || byte_at(r, i) == '-')
            i++;
        if (!skip_digits(r, &i))
            return fail(r, i, missing);
    }
    *end = i;
    return 0;
}

static bool to_integer(struct str s, int64_t *out)
{
    bool negative = s.p[0] == '-';
    uint64_t v, max = (uint64_t)INT64_MAX + negative;
    if (str_u64((struct str){s.p + negative, s.n - negative}, max, &v) < 0)
        return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* strtod wants a NUL behind; its decimal point is the one of the C locale, which this
 * process never leaves. Underflow gives the nearest double, as it should. */
static double to_real(struct buf *scratch, struct str s)
{
    char small[64];
    if (str_cstr(s, small, sizeof(small)) == 0)
        return strtod(small, NULL);
    buf_clear(scratch);
    buf_str(scratch, s);
    buf_char(scratch, '\0');
    return strtod(scratch->p, NULL);
}

static int read_number(struct json_reader *r, struct json_event *out)
{
    size_t end;
    bool whole;
    if (scan_number(r, &end, &whole) < 0)
        return ERR_INVALID;
    struct str s = {r->in.p + r->at, end - r->at};
    out->kind = JSON_INT;
    if (!whole || !to_integer(s, &out->integer)) {
        out->kind = JSON_REAL;
        out->real = to_real(r->scratch, s);
        if (!isfinite(out->real))
            return fail(r, r->at, "a number is too large");
    }
    r->at = end;
    return 0;
}

/* Money and percentages. k / 1000 is rounded once, so it is the double that the decimal
 * reads back as; k has at most 15 digits, and of so few there is only one such decimal.
 */
static bool put_thousandths(struct buf *b, double v)
{
    if (!(v > -1e12 && v < 1e12))
        return false;
    int64_t k = (int64_t)(v * 1000 + (v < 0 ? -0.5 : 0.5));
    if ((double)k / 1000 != v)
        return false;
    if (k < 0)
        buf_char(b, '-');
    uint64_t u = (uint64_t)(k < 0 ? -k : k);
    buf_u64(b, u / 1000);
    unsigned rest = (unsigned)(u % 1000);
    const char digits[4] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                            (char)('0' + rest % 10)};
    buf_add(b, digits, rest % 100 == 0 ? 2 : rest % 10 == 0 ? 3 : 4);
    return true;
}

/* 15 digits always survive the way through a normal double, so the search may begin
 * there: printf drops zeros at the end. Subnormal ones have fewer. */
static void put_shortest(struct buf *b, double v)
{
    char text[32];
    int digits = isnormal(v) ? 15 : 1;
    do
        snprintf(text, sizeof(text), "%.*g", digits, v);
    while (digits++ < 17 && strtod(text, NULL) != v);
    buf_str(b, str_of(text));
}

int json_put_real(struct buf *b, double v)
{
    if (!isfinite(v))
        return ERR_INVALID;
    if (v > -0x1p53 && v < 0x1p53 && v == (double)(int64_t)v)
        buf_i64(b, (int64_t)v);
    else if (!put_thousandths(b, v))
        put_shortest(b, v);
    return 0;
}

/* ---- the reader ---- */

static void after_value(struct json_reader *r)
{
    r->expect = r->depth ? EXPECT_MORE : EXPECT_END;
}

static int read_word(struct json_reader *r, const char *word)
{
    size_t i = r->at;
    for (; *word; word++, i++)
        if (byte_at(r, i) != *word)
            return fail(r, i, "this is no JSON value");
    r->at = i;
    return 0;
}

static int open_container(struct json_reader *r, struct json_event *out, char c)
{
    if (r->depth == JSON_DEPTH)
        return fail(r, r->at, "nested too deep");
    r->stack[r->depth++] = (unsigned char)c;
    r->at++;
    out->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
    r->expect = c == '{' ? EXPECT_FIRST_NAME : EXPECT_FIRST_ITEM;
    return 0;
}

static int close_container(struct json_reader *r, struct json_event *out)
{
    out->kind = r->stack[--r->depth] == '{' ? JSON_OBJECT_END : JSON_ARRAY_END;
    r->at++;
    after_value(r);
    return 0;
}

static int read_scalar(struct json_reader *r, struct json_event *out, int c)
{
    switch (c) {
    case '"':
        out->kind = JSON_STRING;
        return read_string(r, &out->text);
    case 't':
        out->kind = JSON_TRUE;
        return read_word(r, "true");
    case 'f':
        out->kind = JSON_FALSE;
        return read_word(r, "false");
    case 'n':
        out->kind = JSON_NULL;
        return read_word(r, "null");
    default:
        if (c == '-' || (c >= '0' && c <= '9'))
            return read_number(r, out);
        return fail(r, r->at, "a value is missing");
    }
}

static int read_value(struct json_reader *r, struct json_event *out)
{
    int c = byte_at(r, r->at);
    if (c == '{' || c == '[')
        return open_container(r, out, (char)c);
    if (read_scalar(r, out, c) < 0)
        return ERR_INVALID;
    after_value(r);
    return 0;
}

static int read_name(struct json_reader *r, struct json_event *out)
{
    if (byte_at(r, r->at) != '"')
        return fail(r, r->at, "a member's name in quotes is missing");
    out->kind = JSON_NAME;
    if (read_string(r, &out->text) < 0)
        return ERR_INVALID;
    skip_blanks(r);
    if (byte_at(r, r->at) != ':')
        return fail(r, r->at, "a colon is missing after a member's name");
    r->at++;
    r->expect = EXPECT_VALUE;
    return 0;
}

static int read_more(struct json_reader *r, struct json_event *out)
{
    bool object = r->stack[r->depth - 1] == '{';
    int c = byte_at(r, r->at);
    if (c == (object ? '}' : ']'))
        return close_container(r, out);
    if (c != ',')
        return fail(r, r->at,
                    object ? "a comma or } is missing" : "a comma or ] is missing");
    r->at++;
    skip_blanks(r);
    return object ? read_name(r, out) : read_value(r, out);
}

int json_next(struct json_reader *r, struct json_event *out)
{
    *out = (struct json_event){.kind = JSON_END};
    if (r->expect == EXPECT_NOTHING)
        return ERR_INVALID;
    skip_blanks(r);
    switch ((enum expect)r->expect) {
    case EXPECT_FIRST_ITEM:
        if (byte_at(r, r->at) == ']')
            return close_container(r, out);
        return read_value(r, out);
    case EXPECT_FIRST_NAME:
        if (byte_at(r, r->at) == '}')
            return close_container(r, out);
        return read_name(r, out);
    case EXPECT_MORE:
        return read_more(r, out);
    case EXPECT_END:
        if (r->at < r->in.n)
            return fail(r, r->at, "something stands after the value");
        return 0;
    default:
        return read_value(r, out);
    }
}
