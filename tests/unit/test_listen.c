#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/listen.h"
#include "net/loop.h"

static void reads_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535",
                                       "[::]:1", "[::ffff:1.2.3.4]:9"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct listen_address a;
        struct buf text;
        buf_init(&text);
        assert_int_equal(listen_parse(str_of(good[i]), &a), 0);
        listen_text(&a, &text);
        assert_true(str_eq(buf_slice(&text), str_of(good[i])));
        buf_end(&text);
    }
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      ":80",
                                      "localhost:80",
                                      "::1:80",
                                      "[::1]",
                                      "[::1]80",
                                      "[::1:80",
                                      "1.2.3:80",
                                      "1.2.3.4:65536",
                                      "1.2.3.4:-1",
                                      "[1.2.3.4]:80",
                                      "1.2.3.4:80 ",
                                      "1.2.3.4:000080"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct listen_address a;
        if (listen_parse(str_of(bad[i]), &a) != ERR_INVALID)
            fail_msg("%s", bad[i]);
    }
}

static struct listen_address loopback(void)
{
    return (struct listen_address){.host = "127.0.0.1", .port = 0};
}

static void a_port_is_claimed_once(void **state)
{
    (void)state;
    struct listen_address a = loopback();
    struct buf why;
    int one, two;
    buf_init(&why);
    assert_int_equal(listen_claim(&a, &why), 0);
    assert_int_not_equal(a.port, 0);
    assert_int_equal(listen_claim(&a, &why), 0); /* it leaves nothing behind */
    assert_int_equal(listen_tcp(&a, &one, &why), 0);
    assert_int_equal(listen_tcp(&a, &two, &why),
                     0); /* the workers of one server share */
    assert_int_equal(why.n, 0);
    assert_int_equal(listen_claim(&a, &why), ERR_BUSY); /* another server does not */
    buf_char(&why, '\0');
    assert_non_null(strstr(why.p, "127.0.0.1:"));
    assert_non_null(strstr(why.p, "another program"));
    close(one);
    close(two);
    buf_end(&why);
}

static void says_why_it_cannot(void **state)
{
    (void)state;
    struct listen_address a = {.host = "192.0.2.1", .port = 0};
    struct buf why;
    buf_init(&why);
    assert_int_equal(listen_claim(&a, &why), ERR_INVALID);
    assert_true(why.n > 0);
    a = (struct listen_address){.host = "nonsense"};
    assert_int_equal(listen_claim(&a, &why), ERR_INVALID);
    buf_end(&why);
}

/* --------------------------------------------------------------- accepting */

struct world {
    struct loop *loop;
    int fds[64], n, want;
};

static void accepted(void *ctx, int fd)
{
    struct world *w = ctx;
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    w->fds[w->n++] = fd;
    if (w->n == w->want)
        loop_stop(w->loop);
}

static int dial(const struct listen_address *a)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(a->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void begin(struct world *w, struct listen_address *a, struct listener **l)
{
    struct buf why;
    int fd;
    buf_init(&why);
    *w = (struct world){.want = -1};
    *a = loopback();
    assert_int_equal(loop_new(&w->loop), 0);
    assert_int_equal(listen_claim(a, &why), 0);
    assert_int_equal(listen_tcp(a, &fd, &why), 0);
    assert_int_equal(listener_new(l, w->loop, fd, accepted, w), 0);
    buf_end(&why);
}

static void end(struct world *w, struct listener *l)
{
    for (int i = 0; i < w->n; i++)
        close(w->fds[i]);
    listener_free(l);
    loop_free(w->loop);
}

static void hands_connections_on(void **state)
{
    (void)state;
    struct world w;
    struct listen_address a;
    struct listener *l;
    int mine[3];
    begin(&w, &a, &l);
    w.want = 3;
    for (int i = 0; i < 3; i++)
        mine[i] = dial(&a);
    loop_run(w.loop, NULL, NULL);
    assert_int_equal(w.n, 3);
    for (int i = 0; i < 3; i++)
        close(mine[i]);
    end(&w, l);
}

static void no_more(void *ctx)
{
    loop_stop(((struct world *)ctx)->loop);
}

/* At the limit of descriptors a peer is told at once, and the loop does not spin. */
static void sheds_at_the_descriptor_limit(void **state)
{
    (void)state;
    struct world w;
    struct listen_address a;
    struct listener *l;
    struct rlimit old, low;
    struct loop_timer *enough;
    char byte;
    begin(&w, &a, &l);
    int mine = dial(&a), probe = dup(0);
    assert_int_equal(loop_timer_new(&enough, w.loop, no_more, &w), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = (rlim_t)probe; /* what is open stays, nothing new below it */
    close(probe);
    while ((probe = dup(0)) >= 0 && (rlim_t)probe < low.rlim_cur)
        ;
    close(probe);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(dup(0), -1);
    loop_timer_set(enough, 50);
    loop_run(w.loop, NULL, NULL);
    assert_int_equal(w.n, 0);
    assert_int_equal(recv(mine, &byte, 1, 0), 0); /* closed, not left in the queue */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    close(mine);
    mine = dial(&a);
    w.want = 1;
    loop_run(w.loop, NULL, NULL);
    assert_int_equal(w.n, 1);
    close(mine);
    loop_timer_free(enough);
    end(&w, l);
}

/* ------------------------------------------------------------ Unix sockets */

static char *directory(void)
{
    const char *tmp = getenv("TMPDIR");
    static char path[512];
    snprintf(path, sizeof(path), "%s/kordless-listen-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

static void unix_sockets_are_private(void **state)
{
    (void)state;
    char *dir = directory(), deep[640], file[704];
    struct stat st;
    struct buf why;
    int listening, other, fd;
    buf_init(&why);
    /* Longer than a socket path may be. */
    snprintf(deep, sizeof(deep), "%s/%0120d", dir, 0);
    assert_int_equal(mkdir(deep, 0700), 0);
    snprintf(file, sizeof(file), "%s/admin.sock", deep);
    assert_int_equal(connect_unix(deep, "admin.sock", &fd), ERR_NOT_FOUND);
    mode_t mask = umask(0);
    assert_int_equal(listen_unix(deep, "admin.sock", &listening, &why), 0);
    umask(mask);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(connect_unix(deep, "admin.sock", &fd), 0);
    close(fd);
    assert_int_equal(listen_unix(deep, "admin.sock", &other, &why), ERR_BUSY);
    close(listening); /* the file stays, stale */
    assert_int_equal(connect_unix(deep, "admin.sock", &fd), ERR_NOT_FOUND);
    assert_int_equal(listen_unix(deep, "admin.sock", &listening, &why), 0);
    assert_int_equal(connect_unix(deep, "admin.sock", &fd), 0);
    close(fd);
    close(listening);
    unlink(file);
    rmdir(deep);
    rmdir(dir);
    buf_end(&why);
}

static void unix_sockets_replace_nothing_else(void **state)
{
    (void)state;
    char *dir = directory(), file[600];
    struct buf why;
    int fd;
    buf_init(&why);
    snprintf(file, sizeof(file), "%s/plain", dir);
    close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(listen_unix(dir, "plain", &fd, &why), ERR_EXISTS);
    assert_true(why.n > 0);
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(listen_unix(dir, "../x", &fd, &why), ERR_INVALID);
    assert_int_equal(listen_unix(dir, "", &fd, &why), ERR_INVALID);
    assert_int_equal(connect_unix("/nowhere/at/all", "x", &fd), ERR_NOT_FOUND);
    unlink(file);
    rmdir(dir);
    buf_end(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses),
        cmocka_unit_test(a_port_is_claimed_once),
        cmocka_unit_test(says_why_it_cannot),
        cmocka_unit_test(hands_connections_on),
        cmocka_unit_test(sheds_at_the_descriptor_limit),
        cmocka_unit_test(unix_sockets_are_private),
        cmocka_unit_test(unix_sockets_replace_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
