#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/loop.h"

enum { BACKLOG = 4096, ACCEPTS_PER_TURN = 64, PAUSE_MS = 250 };

/* ---------------------------------------------------------------- addresses */

int listen_parse(struct str text, struct listen_address *out)
{
    struct in6_addr any;
    struct str host = text, port;
    uint64_t n;
    bool v6 = text.n && *text.p == '[';
    if (v6) {
        if (!str_cut((struct str){text.p + 1, text.n - 1}, ']', &host, &port) ||
            port.n == 0 || *port.p != ':')
            return ERR_INVALID;
        port = (struct str){port.p + 1, port.n - 1};
    } else if (!str_cut(text, ':', &host, &port)) {
        return ERR_INVALID;
    }
    if (port.n > 5 || str_u64(port, 65535, &n) != 0 ||
        str_cstr(host, out->host, sizeof(out->host)) != 0 ||
        inet_pton(v6 ? AF_INET6 : AF_INET, out->host, &any) != 1)
        return ERR_INVALID;
    out->port = (uint16_t)n;
    return 0;
}

void listen_text(const struct listen_address *a, struct buf *out)
{
    bool v6 = strchr(a->host, ':') != NULL;
    buf_fmt(out, v6 ? "[%s]:%u" : "%s:%u", a->host, a->port);
}

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t address_of(const struct listen_address *a, union address *out)
{
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, a->host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(a->port);
        return sizeof(out->v4);
    }
    if (inet_pton(AF_INET6, a->host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(a->port);
        return sizeof(out->v6);
    }
    return 0;
}

/* Turns errno into an error and a sentence. */
static int complain(const struct listen_address *a, struct buf *why)
{
    int e = errno;
    buf_lit(why, "cannot listen on ");
    listen_text(a, why);
    if (e == EADDRINUSE)
        buf_lit(why, ": another program listens there already");
    else if (e == EACCES || e == EPERM)
        buf_lit(why, ": this user may not use this port");
    else if (e == EADDRNOTAVAIL || e == EAFNOSUPPORT)
        buf_lit(why, ": this machine does not have this address");
    else
        buf_fmt(why, ": %s", strerror(e));
    if (e == EADDRINUSE)
        return ERR_BUSY;
    if (e == EACCES || e == EPERM)
        return ERR_DENIED;
    return e == EADDRNOTAVAIL || e == EAFNOSUPPORT ? ERR_INVALID : ERR_IO;
}

static int bound(const struct listen_address *a, bool share, int *out, struct buf *why)
{
    union address to;
    int on = 1, off = 0;
    socklen_t n = address_of(a, &to);
    if (n == 0)
        to.any.sa_family = AF_INET, errno = EADDRNOTAVAIL;
    int fd = n ? socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
               : -1;
    if (fd < 0)
        return complain(a, why);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (to.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if ((share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
        bind(fd, &to.any, n) != 0 || listen(fd, BACKLOG) != 0) {
        int err = complain(a, why);
        close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

int listen_claim(struct listen_address *a, struct buf *why)
{
    union address got;
    socklen_t n = sizeof(got);
    int fd, err = bound(a, false, &fd, why);
    if (err)
        return err;
    if (getsockname(fd, &got.any, &n) != 0)
        err = complain(a, why);
    else
        a->port =
            ntohs(got.any.sa_family == AF_INET6 ? got.v6.sin6_port : got.v4.sin_port);
    close(fd);
    return err;
}

int listen_tcp(const struct listen_address *a, int *fd, struct buf *why)
{
    return bound(a, true, fd, why);
}

/* -------------------------------------------------------------- Unix sockets */

struct place {
    int dir;
    struct sockaddr_un at;
};

/* The directory, open, and the name seen through it: however long its own path is. */
static int place_open(const char *dir, const char *name, struct place *out)
{
    out->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out->dir < 0)
        return errno == EACCES ? ERR_DENIED : ERR_NOT_FOUND;
    memset(&out->at, 0, sizeof(out->at));
    out->at.sun_family = AF_UNIX;
    int n = snprintf(out->at.sun_path, sizeof(out->at.sun_path), "/proc/self/fd/%d/%s",
                     out->dir, name);
    if (n > 0 && (size_t)n < sizeof(out->at.sun_path) && *name && !strchr(name, '/'))
        return 0;
    close(out->dir);
    return ERR_INVALID;
}

static int place_connect(const struct place *p, int *out)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    if (connect(fd, (const struct sockaddr *)&p->at, sizeof(p->at)) == 0) {
        *out = fd;
        return 0;
    }
    int e = errno;
    close(fd);
    return e == ENOENT || e == ECONNREFUSED ? ERR_NOT_FOUND
           : e == EACCES                    ? ERR_DENIED
                                            : ERR_IO;
}

int connect_unix(const char *dir, const char *name, int *fd)
{
    struct place p;
    int err = place_open(dir, name, &p);
    if (err)
        return err;
    err = place_connect(&p, fd);
    close(p.dir);
    return err;
}

/* Removes a socket file that nobody listens on. ERR_BUSY: somebody does; ERR_EXISTS: it
 * is no socket. */
static int make_way(const struct place *p, const char *name)
{
    struct stat st;
    int fd;
    if (fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return ERR_EXISTS;
    if (place_connect(p, &fd) == 0) {
        close(fd);
        return ERR_BUSY;
    }
    return unlinkat(p->dir, name, 0) == 0 ? 0 : ERR_DENIED;
}

static int bind_private(const struct place *p, int *out)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    /* Linux gives the file the mode of the socket: at no moment is it open to others.
     */
    if (fchmod(fd, 0600) == 0 &&
        bind(fd, (const struct sockaddr *)&p->at, sizeof(p->at)) == 0 &&
        listen(fd, BACKLOG) == 0) {
        *out = fd;
        return 0;
    }
    int e = errno;
    close(fd);
    return e == EADDRINUSE ? ERR_BUSY : e == EACCES || e == EPERM ? ERR_DENIED : ERR_IO;
}

int listen_unix(const char *dir, const char *name, int *fd, struct buf *why)
{
    struct place p;
    int err = place_open(dir, name, &p);
    if (err == 0) {
        err = make_way(&p, name);
        if (err == 0)
            err = bind_private(&p, fd);
        close(p.dir);
    }
    if (err)
        buf_fmt(why, "cannot listen on %s/%s: %s", dir, name,
                err == ERR_BUSY     ? "another process listens there already"
                : err == ERR_EXISTS ? "a file that is no socket stands there"
                                    : err_name(err));
    return err;
}

/* ---------------------------------------------------------------- accepting */

struct listener {
    int fd, spare; /* spare: a descriptor to give up when there is no other */
    struct event event;
    struct loop_timer *again;
    struct counter *shed; /* NULL: not counted */
    void (*accepted)(void *ctx, int fd);
    void *ctx;
};

static int spare_open(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Accepts one with the spare descriptor and closes it: the peer is told, and the queue
 * does not stay full. False: not even that was possible. */
static bool shed(struct listener *l)
{
    if (l->spare < 0)
        return false;
    close(l->spare);
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && l->shed)
        counter_add(l->shed, 1);
    l->spare = spare_open();
    return fd >= 0 && l->spare >= 0;
}

static void on_ready(evutil_socket_t fd, short what, void *ctx)
{
    struct listener *l = ctx;
    (void)what;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (got >= 0) {
            l->accepted(l->ctx, got);
            continue;
        }
        if (errno == ECONNABORTED || errno == EINTR)
            continue;
        if (errno == EAGAIN)
            return;
        if (shed(l))
            continue;
        event_del(&l->event); /* the queue would wake us at once, for nothing */
        loop_timer_set(l->again, PAUSE_MS);
        return;
    }
}

static void on_again(void *ctx)
{
    struct listener *l = ctx;
    if (l->spare < 0)
        l->spare = spare_open();
    event_add(&l->event, NULL);
}

int listener_new(struct listener **out, struct loop *l, int fd,
                 void (*accepted)(void *ctx, int fd), void *ctx)
{
    struct listener *n = calloc(1, sizeof(*n));
    if (!n)
        abort();
    n->fd = fd;
    n->spare = spare_open();
    n->accepted = accepted;
    n->ctx = ctx;
    event_assign(&n->event, loop_base(l), fd, EV_READ | EV_PERSIST, on_ready, n);
    if (loop_timer_new(&n->again, l, on_again, n) != 0 ||
        event_add(&n->event, NULL) != 0) {
        listener_free(n);
        return ERR_IO;
    }
    *out = n;
    return 0;
}

void listener_count(struct listener *l, struct counter *shed)
{
    l->shed = shed;
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    event_del(&l->event);
    loop_timer_free(l->again);
    if (l->spare >= 0)
        close(l->spare);
    close(l->fd);
    free(l);
}
