#ifndef KORDLESS_HTTP_OUTGOING_H
#define KORDLESS_HTTP_OUTGOING_H

/* A request of ours to somebody else's server, and what came of it: plain values that
 * lua/ fills, net/ carries out, and lua/ reads again. */

#include "http/response.h"

struct outgoing {
    bool tls, to_head;
    char host[256]; /* lower case, without the brackets of IPv6 */
    uint16_t port;
    struct buf bytes; /* the request, whole */
    int64_t timeout_ms;
    struct response response;
    const char *fault; /* one word; NULL: the response is whole */
    struct buf why;    /* the sentence to it */
};

void outgoing_init(struct outgoing *o);
void outgoing_end(struct outgoing *o);

/* "https://host[:port][/path][?query]", nothing else: ERR_INVALID for user names,
 * fragments and bytes that must be encoded. `target` is a slice of `url` that begins
 * with a slash or `?`, or is empty. */
int outgoing_url(struct outgoing *o, struct str url, struct str *target) MUST_CHECK;
/* The bytes, in this order. ERR_INVALID: not a token, or a control in a value;
 * ERR_DENIED: fields of the framing, which are ours. */
int outgoing_begin(struct outgoing *o, struct str method, struct str target) MUST_CHECK;
int outgoing_field(struct outgoing *o, struct str name, struct str value) MUST_CHECK;
void outgoing_finish(struct outgoing *o, struct str body, bool has_body);

/* An entry of an allow-list: "api.example.com" is its ports 80 and 443, with ":8443"
 * that one alone. An IPv6 address stands in brackets. Lower case. */
bool outgoing_entry_ok(struct str entry);
bool outgoing_matches(const struct outgoing *o, struct str entry);

#endif
