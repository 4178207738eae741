#ifndef KORDLESS_HTTP_BYTES_H
#define KORDLESS_HTTP_BYTES_H

/* What each byte may be part of in a message: one look-up answers all grammars. */

#include <stdbool.h>

enum {
    BYTE_TOKEN = 1,  /* tchar, RFC 9110 5.6.2 */
    BYTE_TARGET = 2, /* visible ASCII but `#`: a fragment is never sent */
    BYTE_VALUE = 4,  /* of a field value: HTAB, blank, visible, obs-text */
    BYTE_HOST = 8    /* of a registered name or IPv4 address; a comma lists two hosts */
};

extern const unsigned char http_bytes[256];

static inline bool byte_is(char c, int kind)
{
    return http_bytes[(unsigned char)c] & kind;
}

#endif
