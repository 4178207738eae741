#ifndef KORDLESS_CLIENT_H
#define KORDLESS_CLIENT_H

/* How a command talks to the store: always as an operator's HTTP request, so that there
 * is one code for it. If a server holds the data folder, through DIR/admin.sock; if
 * none does, a server is brought up inside this process, without a listener, for as
 * long as the command runs. */

#include "server.h"

struct client;

struct answer {
    int status;
    struct buf body;
};

/* ERR_IO, ERR_BUSY (a server holds the folder and does not answer) with `why`. */
int client_open(struct client **out, const struct server_options *o,
                struct buf *why) MUST_CHECK;
/* Around a server of this process. */
int client_of(struct client **out, struct server *s) MUST_CHECK;
void client_close(struct client *c);

/* `fields` are whole header lines with CRLF, or empty. The answer is ended by the
 * caller (buf_end of its body) also after an error. */
int client_ask(struct client *c, const char *method, const char *path,
               const char *fields, struct str body, struct answer *out) MUST_CHECK;

/* The raw JSON of a member, by a path of names and list indices from 0:
 * "api_key.key", "services.0.slug". False: there is none. */
bool answer_raw(const struct answer *a, const char *path, struct str *out);
/* The same, a string's text, to be shown: no control character stands in it; empty when
 * it is no string. In `out`. */
struct str answer_text(const struct answer *a, const char *path, struct buf *out);

#endif
