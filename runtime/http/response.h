#ifndef KORDLESS_HTTP_RESPONSE_H
#define KORDLESS_HTTP_RESPONSE_H

/* A response to a request of ours (RFC 9112), read as its bytes come: no I/O, no clock.
 * As strict as the server is with requests: what two parsers read differently is
 * refused. Interim responses are skipped; nothing asks for a switch of protocols. The
 * verdict depends on the bytes alone, not on how they were cut. */

#include "base/buf.h"
#include "http/parse.h"

struct response {
    struct http_caps caps; /* head_max: all heads, interim ones too */
    bool to_head;          /* it answers HEAD: no body follows */
    int status;
    struct buf head, body; /* of the final response; body decoded */

    /* response.c's own */
    int state, n_fields, minor;
    size_t line_at, head_n;
    struct field_spot {
        size_t name, name_n, value, value_n;
    } fields[HTTP_FIELDS_MAX];
    int n_length, n_coding;
    bool chunked;
    uint64_t left;
    struct http_chunks chunks;
};

void response_init(struct response *r, const struct http_caps *caps, bool to_head);
void response_end(struct response *r);

/* Takes what came; HTTP_DONE: status, fields and body stand, whatever follows is not
 * part of it. HTTP_REFUSED: `why->status` is 413 for a body over its cap, 431 for a
 * head, else 400. Not to be fed after either. */
enum http_parsed response_feed(struct response *r, struct str in,
                               struct http_refusal *why);
/* The peer closed in an orderly way: HTTP_DONE if that is how the body ends. */
enum http_parsed response_close(struct response *r, struct http_refusal *why);

int response_fields(const struct response *r);
struct http_field response_field(const struct response *r, int i);

#endif
