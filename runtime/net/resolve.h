#ifndef KORDLESS_NET_RESOLVE_H
#define KORDLESS_NET_RESOLVE_H

/* Names to addresses, off the loop. One resolver per loop; answers come back on that
 * loop's own thread, at a later turn. */

#include <netinet/in.h>
#include <stdint.h>

#include "net/loop.h"

enum { RESOLVE_MAX = 8, RESOLVE_THREADS = 8 };

struct resolver;
struct lookup {
    struct sockaddr_in6 at[RESOLVE_MAX]; /* of either family; sa_family tells */
    int n;
    int code; /* of getaddrinfo; 0: `n` addresses */
};

struct resolver *resolver_new(struct loop *l);
/* Look-ups under way end on their own, their answers unheard. After the loop's last
 * turn and before loop_free. */
void resolver_free(struct resolver *r);

/* `done` gets the answer once, unless cancelled before; `l` lives while it runs. */
struct resolve;
struct resolve *resolve_start(struct resolver *r, const char *host, uint16_t port,
                              void (*done)(void *ctx, const struct lookup *l),
                              void *ctx);
void resolve_cancel(struct resolve *e); /* before `done` ran; NULL is fine */

#endif
