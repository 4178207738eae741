#ifndef KORDLESS_NET_TLS_H
#define KORDLESS_NET_TLS_H

/* TLS to servers of others (OpenSSL) over a non-blocking socket: TLS 1.2 or newer, the
 * system's certificates, and the certificate must be for the name that was asked for.
 * There is no way to switch that off. */

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum { TLS_READ = -101, TLS_WRITE = -102 }; /* again, once the socket is ready for it */

struct tls_context; /* one per worker, made at the first https request */
struct tls;

int tls_context_new(struct tls_context **out) MUST_CHECK; /* ERR_IO */
void tls_context_free(struct tls_context *c);

/* `host` is a name or an address; the socket stays the caller's. ERR_IO. */
int tls_new(struct tls **out, struct tls_context *c, int fd,
            const char *host) MUST_CHECK;
void tls_free(struct tls *t);
/* 0, TLS_READ, TLS_WRITE; ERR_DENIED, with `why`: the certificate is not good;
 * ERR_CLOSED, with `why`: no TLS came about. */
int tls_handshake(struct tls *t, struct buf *why) MUST_CHECK;
/* Bytes, 0 at the orderly end, TLS_READ, TLS_WRITE, ERR_CLOSED: cut off. */
ssize_t tls_recv(struct tls *t, void *p, size_t n);
ssize_t tls_send(struct tls *t, const void *p, size_t n);

#endif
