/* What a conversation with the server cannot reach: a fetch given up in every state,
 * and look-ups that outlive whoever asked. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/fetch.h"

struct world {
    struct loop *loop;
    struct fetcher *fetcher;
    int fd; /* bound, and listening if the test says so */
    uint16_t port;
    int due; /* how many must be done before the loop stops */
};

struct asked {
    struct world *w;
    struct outgoing o;
    struct fetch *fetch;
    bool done;
};

static void begin(struct world *w, bool listening)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof(a);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *w = (struct world){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(w->fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(w->fd, (struct sockaddr *)&a, &n), 0);
    if (listening)
        assert_int_equal(listen(w->fd, 512), 0);
    w->port = ntohs(a.sin_port);
    assert_int_equal(loop_new(&w->loop), 0);
    w->fetcher = fetcher_new(w->loop);
}

static void end(struct world *w)
{
    fetcher_free(w->fetcher);
    loop_free(w->loop);
    close(w->fd);
}

static void on_done(void *ctx)
{
    struct asked *q = ctx;
    assert_false(q->done);
    q->done = true;
    if (--q->w->due == 0)
        loop_stop(q->w->loop);
}

static int ask(struct world *w, struct asked *q, const char *host, int64_t ms)
{
    struct str target;
    struct buf url;
    *q = (struct asked){.w = w};
    outgoing_init(&q->o);
    buf_init(&url);
    buf_fmt(&url, "http://%s:%d/", host, w->port);
    assert_int_equal(outgoing_url(&q->o, buf_slice(&url), &target), 0);
    assert_int_equal(outgoing_begin(&q->o, STR("GET"), target), 0);
    outgoing_finish(&q->o, STR(""), false);
    buf_end(&url);
    q->o.timeout_ms = ms;
    return fetch_start(&q->fetch, w->fetcher, &q->o, true, on_done, q);
}

static void forget(struct asked *q)
{
    fetch_free(q->fetch);
    outgoing_end(&q->o);
}

static void run(struct world *w, int due)
{
    w->due = due;
    loop_run(w->loop, NULL, NULL);
}

static void a_deadline_ends_it(void **state)
{
    struct world w;
    struct asked q;
    (void)state;
    begin(&w, true);
    assert_int_equal(ask(&w, &q, "127.0.0.1", 20), 0);
    run(&w, 1);
    assert_string_equal(q.o.fault, "timeout");
    forget(&q);
    end(&w);
}

static void where_nobody_listens_it_fails(void **state)
{
    struct world w;
    struct asked q;
    (void)state;
    begin(&w, false);
    assert_int_equal(ask(&w, &q, "127.0.0.1", 60000), 0);
    run(&w, 1);
    assert_string_equal(q.o.fault, "connect_failed");
    forget(&q);
    end(&w);
}

/* While its name is looked up, while it waits for a thread, while it waits for bytes.
 */
static void it_can_be_given_up_at_any_time(void **state)
{
    enum { MANY = 40 };
    struct world w;
    static struct asked q[MANY];
    struct asked last;
    (void)state;
    begin(&w, true);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(ask(&w, &q[i], "127.0.0.1", 60000), 0);
    for (int i = 0; i < MANY; i += 2)
        forget(&q[i]);
    assert_int_equal(ask(&w, &last, "127.0.0.1", 50), 0);
    run(&w, 1);
    assert_true(last.done);
    forget(&last);
    for (int i = MANY - 1; i > 0; i -= 2) {
        assert_false(q[i].done);
        forget(&q[i]);
    }
    end(&w);
}

static void all_in_line_get_their_turn(void **state)
{
    enum { MANY = 50 };
    struct world w;
    static struct asked q[MANY];
    (void)state;
    begin(&w, false);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(ask(&w, &q[i], "localhost", 60000), 0);
    run(&w, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_string_equal(q[i].o.fault, "connect_failed");
        forget(&q[i]);
    }
    end(&w);
}

static void a_lookup_outlives_its_loop(void **state)
{
    struct asked q[12];
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct world w;
        begin(&w, false);
        for (int i = 0; i < 12; i++)
            assert_int_equal(ask(&w, &q[i], "localhost", 60000), 0);
        for (int i = 0; i < 12; i++)
            forget(&q[i]);
        if (round % 2)
            usleep(1000); /* so that some have posted what nobody will run */
        end(&w);
    }
}

static void there_is_a_bound(void **state)
{
    struct world w;
    static struct asked q[FETCHES_MAX + 1];
    (void)state;
    begin(&w, false);
    for (int i = 0; i < FETCHES_MAX; i++)
        assert_int_equal(ask(&w, &q[i], "127.0.0.1", 60000), 0);
    assert_int_equal(ask(&w, &q[FETCHES_MAX], "127.0.0.1", 60000), ERR_FULL);
    outgoing_end(&q[FETCHES_MAX].o);
    forget(&q[0]);
    assert_int_equal(ask(&w, &q[0], "127.0.0.1", 60000), 0);
    for (int i = 0; i < FETCHES_MAX; i++)
        forget(&q[i]);
    end(&w);
}

static void memory_has_one_too(void **state)
{
    enum { FIT = FETCHES_BYTES_MAX / (8 << 20) - 1 };
    struct world w;
    static struct asked q[FIT + 1];
    (void)state;
    begin(&w, false);
    for (int i = 0; i <= FIT; i++) {
        q[i] = (struct asked){.w = &w};
        outgoing_init(&q[i].o);
        q[i].o.timeout_ms = 60000;
        buf_lit(&q[i].o.bytes, "x");
        q[i].o.response.caps.body_max = 8 << 20;
        int err = fetch_start(&q[i].fetch, w.fetcher, &q[i].o, true, on_done, &q[i]);
        assert_int_equal(err, i < FIT ? 0 : ERR_FULL);
    }
    for (int i = 0; i <= FIT; i++)
        forget(&q[i]);
    assert_int_equal(ask(&w, &q[0], "127.0.0.1", 60000), 0);
    forget(&q[0]);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_ends_it),
        cmocka_unit_test(where_nobody_listens_it_fails),
        cmocka_unit_test(it_can_be_given_up_at_any_time),
        cmocka_unit_test(all_in_line_get_their_turn),
        cmocka_unit_test(a_lookup_outlives_its_loop),
        cmocka_unit_test(there_is_a_bound),
        cmocka_unit_test(memory_has_one_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
