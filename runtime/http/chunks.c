/* The chunked coding, a byte at a time but for the data itself. Grammar of RFC 9112 7.1
 * without the blanks it lets a recipient refuse:
 *
 *     1*8HEXDIG *( ";" token [ "=" ( token / quoted-string ) ] ) CRLF data CRLF
 *     … 1*"0" … CRLF *( token ":" value CRLF ) CRLF
 *
 * What is skipped (extensions and trailers) is counted over the whole body against
 * head_max: a chunk of one byte may not drag kilobytes of extension along, for ever. */

#include "http/parse.h"

#include <string.h>

#include "http/bytes.h"

enum { SIZE_DIGITS_MAX = 8 };

enum state {
    SIZE,       /* hex digits */
    EXT,        /* behind `;`: a name must begin */
    EXT_NAME,   /* in it */
    EXT_EQUALS, /* behind `=`: a value must begin */
    EXT_VALUE,  /* in a token */
    EXT_QUOTED, /* in a quoted string */
    EXT_ESCAPE, /* behind its backslash */
    EXT_END,    /* behind its end */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER, /* a line begins: a name, or the CR of the end */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    END
};

void http_chunks_init(struct http_chunks *c)
{
    *c = (struct http_chunks){.state = SIZE};
}

static int hex(char b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    return b >= 'a' && b <= 'f'   ? b - 'a' + 10
           : b >= 'A' && b <= 'F' ? b - 'A' + 10
                                  : -1;
}

/* A verdict is a status, 0 to go on. */
static int on_size_end(struct http_chunks *c, const struct http_caps *caps, char b)
{
    if (c->digits == 0)
        return 400;
    if (c->left > caps->body_max - c->have)
        return 413;
    c->state = b == ';' ? EXT : SIZE_LF;
    return b == ';' || b == '\r' ? 0 : 400;
}

static int on_size(struct http_chunks *c, const struct http_caps *caps, char b)
{
    int digit = hex(b);
    if (digit < 0)
        return on_size_end(c, caps, b);
    if (c->digits++ == SIZE_DIGITS_MAX)
        return 400;
    c->left = c->left << 4 | (uint64_t)digit;
    return 0;
}

static int on_extension(struct http_chunks *c, char b)
{
    bool token = byte_is(b, BYTE_TOKEN);
    bool ended = c->state == EXT_NAME || c->state == EXT_VALUE || c->state == EXT_END;
    if (c->state == EXT_ESCAPE || (c->state == EXT_QUOTED && b != '"')) {
        c->state = c->state == EXT_QUOTED && b == '\\' ? EXT_ESCAPE : EXT_QUOTED;
        return byte_is(b, BYTE_VALUE) ? 0 : 400;
    }
    if (c->state == EXT_QUOTED)
        c->state = EXT_END;
    else if (token && c->state != EXT_END)
        c->state = c->state == EXT || c->state == EXT_NAME ? EXT_NAME : EXT_VALUE;
    else if (b == '"' && c->state == EXT_EQUALS)
        c->state = EXT_QUOTED;
    else if (b == '=' && c->state == EXT_NAME)
        c->state = EXT_EQUALS;
    else if (ended && (b == ';' || b == '\r'))
        c->state = b == ';' ? EXT : SIZE_LF;
    else
        return 400;
    return 0;
}

static int on_trailer(struct http_chunks *c, char b)
{
    if (c->state == TRAILER && b == '\r')
        c->state = END_LF;
    else if (c->state == TRAILER_NAME && b == ':')
        c->state = TRAILER_VALUE;
    else if (c->state == TRAILER_VALUE && b == '\r')
        c->state = TRAILER_LF;
    else if (c->state == TRAILER_VALUE)
        return byte_is(b, BYTE_VALUE) ? 0 : 400;
    else if (byte_is(b, BYTE_TOKEN))
        c->state = TRAILER_NAME;
    else
        return 400;
    return 0;
}

/* The bytes that end a line, and what begins behind them. */
static int on_line_end(struct http_chunks *c, char b)
{
    if (b != (c->state == DATA_CR ? '\r' : '\n'))
        return 400;
    switch (c->state) {
    case SIZE_LF:
        c->state = c->left ? DATA : TRAILER;
        c->digits = 0;
        break;
    case DATA_CR:
        c->state = DATA_LF;
        break;
    case DATA_LF:
        c->state = SIZE;
        break;
    case TRAILER_LF:
        c->state = TRAILER;
        break;
    default:
        c->state = END;
    }
    return 0;
}

static int step(struct http_chunks *c, const struct http_caps *caps, char b)
{
    if (c->state == SIZE)
        return on_size(c, caps, b);
    bool extension = c->state >= EXT && c->state <= EXT_END;
    bool trailer = c->state >= TRAILER && c->state <= TRAILER_LF;
    if ((extension || trailer) && ++c->skipped > caps->head_max)
        return trailer ? 431 : 400;
    if (extension)
        return on_extension(c, b);
    return trailer && c->state != TRAILER_LF ? on_trailer(c, b) : on_line_end(c, b);
}

static size_t take_data(struct http_chunks *c, struct str in, char *out)
{
    size_t n = c->left < in.n ? (size_t)c->left : in.n;
    if (out != in.p)
        memmove(out, in.p, n);
    c->have += n;
    c->left -= n;
    if (c->left == 0)
        c->state = DATA_CR;
    return n;
}

static enum http_parsed refuse(struct http_refusal *why, int status)
{
    *why = (struct http_refusal){status, status == 413 ? "The body is too large."
                                         : status == 431
                                             ? "The trailer fields are too large."
                                             : "The chunked body is malformed."};
    return HTTP_REFUSED;
}

enum http_parsed http_chunks_feed(struct http_chunks *c, const struct http_caps *caps,
                                  struct str in, size_t *used, char *out, size_t *n_out,
                                  struct http_refusal *why)
{
    size_t i = 0, n = 0;
    while (i < in.n && c->state != END) {
        if (c->state == DATA) {
            size_t took = take_data(c, (struct str){in.p + i, in.n - i}, out + n);
            i += took;
            n += took;
            continue;
        }
        int status = step(c, caps, in.p[i++]);
        if (status)
            return refuse(why, status);
    }
    *used = i;
    *n_out = n;
    return c->state == END ? HTTP_DONE : HTTP_MORE;
}
