/* The process ignores SIGPIPE (serve.c): OpenSSL writes to its sockets without
 * MSG_NOSIGNAL. */

#include "net/tls.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls_context {
    SSL_CTX *ssl;
};
struct tls {
    SSL *ssl;
};

/* The directory of certificates is hashed and read as needed, so this costs a worker no
 * noticeable time; SSL_CERT_FILE and SSL_CERT_DIR name others, as for every program. */
int tls_context_new(struct tls_context **out)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    struct tls_context *c = malloc(sizeof(*c));
    if (!c)
        abort();
    c->ssl = ssl;
    if (ssl && SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) &&
        SSL_CTX_set_default_verify_paths(ssl)) {
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
        *out = c;
        return 0;
    }
    ERR_clear_error();
    tls_context_free(c);
    return ERR_IO;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ssl);
    free(c);
}

static bool is_address(const char *host)
{
    struct in6_addr a;
    return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

/* Who the certificate must be for. A name also goes in clear to the server (SNI), which
 * RFC 6066 wants of names only. */
static bool expect(SSL *ssl, const char *host)
{
    char name[256]; /* OpenSSL wants it writable, and leaves it alone */
    X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(p, host);
    X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    snprintf(name, sizeof(name), "%s", host);
    return X509_VERIFY_PARAM_set1_host(p, host, 0) &&
           SSL_set_tlsext_host_name(ssl, name);
}

int tls_new(struct tls **out, struct tls_context *c, int fd, const char *host)
{
    SSL *ssl = SSL_new(c->ssl);
    if (!ssl || !expect(ssl, host) || !SSL_set_fd(ssl, fd)) {
        SSL_free(ssl);
        ERR_clear_error();
        return ERR_IO;
    }
    *out = malloc(sizeof(**out));
    if (!*out)
        abort();
    (*out)->ssl = ssl;
    return 0;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    ERR_clear_error();
    free(t);
}

/* The queue of errors is the thread's, and what is left in it would be read as the next
 * call's. */
static ssize_t judge(struct tls *t, int got)
{
    int what = SSL_get_error(t->ssl, got);
    ERR_clear_error();
    if (what == SSL_ERROR_WANT_READ)
        return TLS_READ;
    if (what == SSL_ERROR_WANT_WRITE)
        return TLS_WRITE;
    return what == SSL_ERROR_ZERO_RETURN ? 0 : ERR_CLOSED;
}

int tls_handshake(struct tls *t, struct buf *why)
{
    ERR_clear_error();
    int got = SSL_connect(t->ssl);
    if (got == 1)
        return 0;
    unsigned long first = ERR_peek_error();
    ssize_t verdict = judge(t, got);
    if (verdict == TLS_READ || verdict == TLS_WRITE)
        return (int)verdict;
    long bad = SSL_get_verify_result(t->ssl);
    if (bad != X509_V_OK) {
        buf_fmt(why, "%s", X509_verify_cert_error_string(bad));
        return ERR_DENIED;
    }
    const char *reason = first ? ERR_reason_error_string(first) : NULL;
    buf_fmt(why, "%s", reason ? reason : "the connection was closed");
    return ERR_CLOSED;
}

ssize_t tls_recv(struct tls *t, void *p, size_t n)
{
    size_t got = 0;
    ERR_clear_error();
    int ok = SSL_read_ex(t->ssl, p, n, &got);
    return ok ? (ssize_t)got : judge(t, ok);
}

ssize_t tls_send(struct tls *t, const void *p, size_t n)
{
    size_t put = 0;
    ERR_clear_error();
    int ok = SSL_write_ex(t->ssl, p, n, &put);
    return ok ? (ssize_t)put : judge(t, ok);
}
