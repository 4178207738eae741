#ifndef KORDLESS_NATIVE_HANDLER_H
#define KORDLESS_NATIVE_HANDLER_H

/* One run of a native handler: the request as the ABI shows it, without secrets, and
 * the functions it answers with. Whatever it does short of crashing, the reply has a
 * status. */

#include "base/arena.h"
#include "guard/keyring.h"
#include "http/reply.h"
#include "http/route.h"
#include "native/natives.h"

struct handler_call {
    const struct native_route *route;
    const struct http_request *req;
    const struct route_match *match; /* parameters, decoded in place */
    struct kordless_pair *query;     /* decoded */
    size_t n_query;
    struct arena *arena;
    struct reply *reply;
    const struct key *key; /* NULL without one */
    const struct org *org; /* of the key, or of who is signed in; or NULL */
    int64_t now;           /* UTC seconds */
    const char *request_id;
    struct str public_url;
    struct log *log;
};

void handler_run(const struct handler_call *c);

/* What a plugin's host does for answers, into the table it is given. */
void handler_verbs(struct kordless_host *host);

#endif
