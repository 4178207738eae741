#ifndef KORDLESS_NET_LISTEN_H
#define KORDLESS_NET_LISTEN_H

/* Sockets that wait for connections: TCP with SO_REUSEPORT, one per worker, and the
 * administrator's Unix socket. */

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/counter.h"

struct loop;
struct listener;

struct listen_address {
    char host[64]; /* numeric IPv4, or IPv6 without brackets */
    uint16_t port; /* 0: any */
};

/* "127.0.0.1:8080", "[::1]:0". ERR_INVALID. */
int listen_parse(struct str text, struct listen_address *out) MUST_CHECK;
void listen_text(const struct listen_address *a, struct buf *out); /* back again */

/* Binds once without SO_REUSEPORT and closes: a second server on the port would
 * otherwise silently take half of the traffic. With port 0 picks one and stores it in
 * `a`. ERR_BUSY: taken, ERR_DENIED, ERR_INVALID, ERR_IO. `why` gets a sentence. */
int listen_claim(struct listen_address *a, struct buf *why) MUST_CHECK;

/* A bound, listening, non-blocking socket. */
int listen_tcp(const struct listen_address *a, int *fd, struct buf *why) MUST_CHECK;
/* Through /proc/self/fd, since socket paths end at 108 bytes; mode 0600; replaces a
 * stale file. `name` is one path component inside directory `dir`. */
int listen_unix(const char *dir, const char *name, int *fd, struct buf *why) MUST_CHECK;
int connect_unix(const char *dir, const char *name, int *fd) MUST_CHECK; /* blocking */

/* Accepts on `fd` (taken over) and hands each connection on. At the descriptor limit it
 * sheds: accepts with a spare descriptor and closes, rather than spin. */
int listener_new(struct listener **out, struct loop *l, int fd,
                 void (*accepted)(void *ctx, int fd), void *ctx) MUST_CHECK;
void listener_count(struct listener *l, struct counter *shed); /* what it sheds */
void listener_free(struct listener *l);                        /* closes */

#endif
