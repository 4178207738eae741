#ifndef KORDLESS_HTTP_REQUEST_H
#define KORDLESS_HTTP_REQUEST_H

/* One parsed request: slices of the bytes it came in. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_TRACE,
    HTTP_CONNECT,
    HTTP_OTHER /* a token we do not know: 405 or 501 is flow's */
};

enum { HTTP_FIELDS_MAX = 100 };

struct http_field {
    struct str name, value; /* value without the blanks around it */
};

struct http_request {
    enum http_method method;
    struct str method_text;
    struct str target; /* as sent: origin-form, absolute-form, or "*" */
    struct str path;   /* begins with "/", still percent-encoded; "*" for OPTIONS * */
    struct str query;  /* behind "?", empty without one */
    struct str host;
    int minor;       /* HTTP/1.minor: 0 or 1 */
    bool keep_alive; /* the connection may serve another request */
    bool chunked;
    bool expect_continue;
    uint64_t content_length; /* 0 without the field */
    struct http_field fields[HTTP_FIELDS_MAX];
    int n_fields;
    struct str body; /* whole, decoded; net/conn.c sets it before a handler sees it */
};

/* The first field of this name (any case); a NULL p when there is none. */
struct str http_field_get(const struct http_request *r, struct str name);
/* How many fields of this name; `first` and `last` may be the same. */
int http_field_count(const struct http_request *r, struct str name);

const char *http_method_name(enum http_method m);

#endif
