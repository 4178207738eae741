#ifndef KORDLESS_HTTP_REPLY_H
#define KORDLESS_HTTP_REPLY_H

/* An answer in the making, and the one writer of response heads. Whatever is put into a
 * field is looked at first: CR, LF or NUL from anywhere are refused, so no value can
 * end a header line. */

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

struct reply {
    int status;
    struct buf fields; /* whole lines with CRLF, from reply_field */
    struct buf body;
    const char *content_type; /* static or arena; NULL: application/json */
    bool close;               /* the connection ends after this answer */
    bool cacheable; /* the handler set Cache-Control; else no-store is added */
};

void reply_init(struct reply *r);
void reply_end(struct reply *r);
void reply_clear(struct reply *r); /* for reuse; keeps memory */

/* ERR_INVALID: not a token, or CR, LF, NUL or another control in the value (RFC
 * 9110 5.5); nothing was added. ERR_DENIED for what only the writer sets:
 * Content-Length, Transfer-Encoding, Connection, Date, Content-Type, X-Request-Id. */
int reply_field(struct reply *r, struct str name, struct str value) MUST_CHECK;
void reply_field_u64(struct reply *r, struct str name, uint64_t v); /* names of ours */

/* Every error answer: {"detail","status","type","code"}; `type` follows from the status
 * by the one table (reply.c). Clears the body first; fields stay. `code` is a
 * lower-case word; `detail` is escaped. */
void reply_problem(struct reply *r, int status, const char *code, struct str detail);
/* The same with more members: `members` is JSON text beginning with a comma, or empty.
 */
void reply_problem_with(struct reply *r, int status, const char *code,
                        struct str detail, struct str members);
/* The same for a message that is malformed as such, before anybody asked what it wants:
 * 400 is a request_error here, and the connection closes. */
void reply_refusal(struct reply *r, int status, const char *code, struct str detail);
const char *reply_type(int status); /* "not_found", … */

struct reply_frame {
    int minor;       /* of the request: HTTP/1.0 peers get Connection: keep-alive */
    bool keep_alive; /* false writes Connection: close */
    bool head;       /* HEAD: the same head, no body */
    struct str request_id;
    struct str date; /* IMF-fixdate (RFC 9110 5.6.7) */
};
/* Appends status line, fields and body to `out`. 204 and 304 carry no body and no
 * Content-Length. */
void reply_write(const struct reply *r, const struct reply_frame *f, struct buf *out);
/* The same without the body: what has to follow, empty if nothing does. */
struct str reply_write_head(const struct reply *r, const struct reply_frame *f,
                            struct buf *out);

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void http_date(int64_t wall_ms, char out[32]);

#endif
