#ifndef KORDLESS_HTTP_PARSE_H
#define KORDLESS_HTTP_PARSE_H

/* RFC 9112 as a pure function over the bytes at hand: no I/O, no allocation, no clock.
 * It refuses everything that is optional to accept (bare LF, folding, blanks before a
 * colon, absolute paths without a Host, Transfer-Encoding beside Content-Length …),
 * because what two parsers read differently is how requests are smuggled. Framing never
 * depends on the method. Every refusal carries the status it is answered with; the
 * connection closes after it. */

#include "base/str.h"
#include "http/request.h"

struct http_caps {
    size_t line_max;   /* request line: over it 414 */
    size_t head_max;   /* all fields with their line ends: over it 431 */
    int fields_max;    /* at most HTTP_FIELDS_MAX: over it 431 */
    uint64_t body_max; /* over it 413 */
};
extern const struct http_caps http_caps_default; /* 8 KiB, 16 KiB, 100, 1 MiB */

enum http_parsed { HTTP_DONE, HTTP_MORE, HTTP_REFUSED };

struct http_refusal {
    int status;         /* 400, 413, 414, 417, 431, 501, 505 */
    const char *detail; /* a sentence for a person */
};

/* Reads a head from the front of `in`. HTTP_DONE: `out` is set and `*used` bytes were
 * it (leading empty lines included, RFC 9112 2.2). HTTP_MORE: nothing wrong so far.
 * Caps are looked at as soon as they can be known, also on an unfinished head.
 * HTTP_REFUSED: the method and the fields read up to there are in `out`, so that the
 * answer can use them. The path of CONNECT is its target, a host and a port. */
enum http_parsed http_parse_head(struct str in, const struct http_caps *caps,
                                 struct http_request *out, size_t *used,
                                 struct http_refusal *why);

/* The chunked coding (RFC 9112 7.1), decoded in place as bytes come. Trailers are read,
 * bounded by head_max, and dropped. Chunk sizes: hex digits only, at most 8, compared
 * as size > max - have. Extensions are skipped, bounded. */
struct http_chunks {
    int state;
    uint64_t have;  /* decoded so far */
    uint64_t left;  /* of the current chunk */
    size_t digits;  /* of the current size */
    size_t skipped; /* bytes of extensions and trailers so far */
};
void http_chunks_init(struct http_chunks *c);
/* Consumes from `in`; decoded bytes are appended at `*out` (may be `in` itself, further
 * left), `*n_out` of them. HTTP_DONE when the last chunk and trailers are past. */
enum http_parsed http_chunks_feed(struct http_chunks *c, const struct http_caps *caps,
                                  struct str in, size_t *used, char *out, size_t *n_out,
                                  struct http_refusal *why);

/* Percent-decoding (RFC 3986 2.1) into `out`, which has room for s.n bytes. `plus`: in
 * a query `+` is a blank. ERR_INVALID for a broken escape, NUL, or what is not UTF-8.
 */
int http_unescape(struct str s, bool plus, char *out, size_t *n) MUST_CHECK;

/* Walks a query: the next `name=value` as sent, still encoded. False at the end. */
bool http_query_next(struct str *query, struct str *name, struct str *value);

#endif
