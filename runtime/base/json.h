#ifndef KORDLESS_BASE_JSON_H
#define KORDLESS_BASE_JSON_H

/* JSON as RFC 8259 says and no looser: a reader that hands out one event at a time from
 * a whole text, and writers of single values. Nothing here builds a tree; who wants one
 * (lua/lib_json.c) builds its own. The reader refuses: nesting over JSON_DEPTH, strings
 * that are not valid UTF-8 or hold NUL (also as \u0000), lone surrogates, numbers that
 * overflow a double, a byte order mark, anything after the value. */

#include "base/buf.h"
#include "base/str.h"

enum { JSON_DEPTH = 64 };

enum json_kind {
    JSON_NULL,
    JSON_TRUE,
    JSON_FALSE,
    JSON_INT,    /* `integer`: no fraction, no exponent, fits 64 bits */
    JSON_REAL,   /* `real`: every other number, finite */
    JSON_STRING, /* `text` */
    JSON_NAME,   /* `text`: a member's name; its value follows */
    JSON_OBJECT, /* { … JSON_OBJECT_END */
    JSON_OBJECT_END,
    JSON_ARRAY, /* [ … JSON_ARRAY_END */
    JSON_ARRAY_END,
    JSON_END /* after the value only blanks followed; every further call says it again
              */
};

struct json_event {
    enum json_kind kind;
    struct str
        text; /* into the input, or into the reader's scratch: valid to the next call */
    int64_t integer;
    double real;
};

struct json_reader {
    struct str in;
    size_t at;           /* the next byte; after an error the offending one */
    const char *why;     /* after an error: what was wrong, for a person */
    struct buf *scratch; /* strings with escapes are put here */
    unsigned depth;
    unsigned expect;                     /* private: what may come next */
    unsigned char stack[JSON_DEPTH + 1]; /* private: '{' or '[' */
};

/* `scratch` is the caller's and is overwritten. */
void json_reader_init(struct json_reader *r, struct str text, struct buf *scratch);

/* ERR_INVALID with `why` and `at` set; an error is final. */
int json_next(struct json_reader *r, struct json_event *out) MUST_CHECK;

/* Adds the string quoted and escaped (U+0000–001F, `"`, `\`; DEL and UTF-8 as they
 * are). ERR_INVALID, and nothing is added, if the bytes are not valid UTF-8. */
int json_put_string(struct buf *b, struct str s) MUST_CHECK;

/* The shortest decimal that reads back as the same double: 45, 45.5, 1e+300. An
 * integral value below 2^53 has no fraction. ERR_INVALID for NaN and infinities. */
int json_put_real(struct buf *b, double v) MUST_CHECK;

#endif
