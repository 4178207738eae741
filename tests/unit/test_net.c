/* Endings, deadlines, caps, and draining. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net_world.h"

/* ------------------------------------------------------------------ endings */

static void a_half_closed_peer_is_answered(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    say_bytes(
        &w, 0,
        STR("GET /wait?1 HTTP/1.1\r\n" NAMED "\r\nGET /b HTTP/1.1\r\n" NAMED "\r\n"));
    shutdown(w.client[0], SHUT_WR);
    turn(&w, 3);
    hears(&w, 0, "");
    exchange_done(w.open[1]);
    turn(&w, 1);
    hears_last(&w, 0, ANSWER("7", "GET /b "));
    assert_int_equal(net_open(w.net), 1);
    say_bytes(&w, 1, STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nhell"));
    shutdown(w.client[1], SHUT_WR);
    turn(&w, 2);
    hears_last(&w, 1, "The request ended before it was whole.");
    assert_int_equal(net_open(w.net), 0);
    end(&w);
}

static void a_peer_that_left_is_told_of(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3);
    for (int i = 0; i < 2; i++) {
        char text[64];
        snprintf(text, sizeof(text), "GET /wait?%d HTTP/1.1\r\n" HOST "\r\n", i);
        say(&w, i, text);
    }
    /* That it is gone is seen only by sending. */
    say(&w, 2,
        "GET /big HTTP/1.1\r\n" HOST "\r\nGET /big HTTP/1.1\r\n" HOST
        "\r\nGET /wait?2 HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(w.handled, 5);
    close(w.client[2]);
    w.client[2] = -1;
    turn(&w, 3);
    assert_int_equal(w.gone, 1);
    assert_true(w.open[2]->gone);
    assert_int_equal(net_open(w.net), 3);
    assert_int_equal(w.shut, 0);
    exchange_done(w.open[2]);
    assert_int_equal(net_open(w.net), 2);
    close(w.client[0]);
    w.client[0] = -1;
    turn(&w, 2);
    assert_true(w.shut > 0); /* the end of its stream, which may be half of a close */
    assert_int_equal(w.gone, 1);
    exchange_done(w.open[0]); /* into the void */
    turn(&w, 2);
    assert_int_equal(net_open(w.net), 1);
    end(&w); /* with one still open */
}

static void refuses_and_lingers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
         "\"status\":400,\"type\":\"request_error\",\"code\":\"bad_request\""},
        {"POST / HTTP/1.1\r\n" NAMED "Transfer-Encoding: gzip\r\n\r\n",
         "X-Request-Id: me\r\n"},
        {"POST / HTTP/1.1\r\n" NAMED "Content-Length: 1048577\r\n\r\n",
         "body_too_large"},
        {"POST / HTTP/1.1\r\n" NAMED "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!",
         "X-Request-Id: me\r\n"},
        {"GET / HTTP/2.0\r\n", "unknown_version"},
        {"GET / HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n", "417 Expectation Failed"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        begin(&w, 1);
        say(&w, 0, rows[i].text);
        hears_last(&w, 0, rows[i].want);
        assert_int_equal(w.handled, 0);
        /* What still comes is read and dropped, for a while. */
        assert_true(send(w.client[0], "more", 4, MSG_NOSIGNAL) == 4);
        turn(&w, 2);
        assert_int_equal(net_open(w.net), 1);
        static const char lots[400 * 1024];
        for (int k = 0; k < 40 && net_open(w.net); k++) {
            ssize_t n = send(w.client[0], lots, sizeof(lots), MSG_NOSIGNAL);
            assert_true(n > 0 || errno == EAGAIN || errno == EPIPE);
            turn(&w, 2);
        }
        assert_int_equal(net_open(w.net), 0);
        end(&w);
    }
}

static void deadlines(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 4);
    say(&w, 0, "GET / HTTP/1.1\r\n"); /* a head that does not end */
    say(&w, 1, "POST / HTTP/1.1\r\n" NAMED "Content-Length: 9\r\n\r\nh");
    say(&w, 3, "GET /wait?3 HTTP/1.1\r\n" HOST "\r\n");
    pass(&w, 4900);
    say(&w, 0, "X: "); /* moves no deadline */
    for (int i = 0; i < 4; i++)
        hears(&w, i, "");
    pass(&w, 200);
    hears_last(&w, 1, "408 Request Timeout");
    pass(&w, 4900);
    hears_last(&w, 0, "\"code\":\"request_timeout\"");
    assert_int_equal(net_open(w.net), 3); /* one lingers */
    pass(&w, 2000);
    assert_int_equal(net_open(w.net), 2);
    pass(&w, 75000);
    hears_last(&w, 2, ""); /* idle: no answer to nothing */
    hears(&w, 3, "");      /* the handler's time is not the peer's */
    exchange_done(w.open[3]);
    hears(&w, 3, "200 OK");
    pass(&w, 74000);
    hears(&w, 3, ""); /* idle since its answer */
    pass(&w, 1000);
    hears_last(&w, 3, "");
    assert_int_equal(net_open(w.net), 0);
    end(&w);
}

static void slow_readers_and_writers(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    begin(&w, 0);
    w.caps.out_high = 8 << 20; /* a megabyte of answers waits to be read */
    renew(&w);
    connect_one(&w, 0);
    connect_one(&w, 1);
    buf_init(&out);
    /* 4 KiB earn it 4 s beyond the grace of 5. */
    say(&w, 0, "POST / HTTP/1.1\r\n" NAMED "Content-Length: 9999\r\n\r\n");
    char body[4096];
    memset(body, 'b', sizeof(body));
    say_bytes(&w, 0, (struct str){body, sizeof(body)});
    for (int i = 0; i < 10; i++)
        say_bytes(&w, 1, STR("GET /big HTTP/1.1\r\n" HOST "\r\n"));
    pass(&w, 4900);
    for (int i = 0; i < 50; i++) { /* a part of it, which earns some minutes */
        ssize_t n = recv(w.client[1], buf_reserve(&out, 8192), 8192, 0);
        assert_true(n > 0);
        turn(&w, 1);
    }
    pass(&w, 4000);
    hears(&w, 0, "");
    pass(&w, 200);
    hears_last(&w, 0, "408 Request Timeout");
    close(w.client[0]);
    w.client[0] = -1;
    turn(&w, 1);
    assert_int_equal(net_open(w.net), 1);
    for (int i = 0; i < 10; i++)
        say_bytes(&w, 1, STR("GET /big HTTP/1.1\r\n" HOST "\r\n"));
    pass(&w, 3000 * 1000);
    assert_int_equal(net_open(w.net), 0);
    buf_end(&out);
    end(&w);
}

/* --------------------------------------------------------------- the whole */

static void tcp_pair(int *mine, int *theirs)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int l = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(l, 1), 0);
    assert_int_equal(getsockname(l, (struct sockaddr *)&a, &n), 0);
    *mine = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*mine, (struct sockaddr *)&a, sizeof(a)), 0);
    *theirs = accept(l, NULL, NULL);
    assert_true(*theirs >= 0);
    close(l);
}

static void holds_its_caps(void **state)
{
    (void)state;
    struct world w;
    int mine[5], theirs, two[2];
    char byte;
    begin(&w, 0);
    w.caps.per_address = 2;
    w.caps.total = 3;
    renew(&w);
    for (int i = 0; i < 3; i++) {
        tcp_pair(&mine[i], &theirs);
        net_accept(w.net, theirs, false);
    }
    assert_int_equal(net_open(w.net), 2);
    assert_int_equal(recv(mine[2], &byte, 1, 0), 0); /* the third of one address */
    close(mine[0]);
    while (net_open(w.net) == 2)
        turn(&w, 1);
    tcp_pair(&mine[3], &theirs);
    net_accept(w.net, theirs, false);
    connect_one(&w, 0); /* Unix sockets have no address */
    assert_int_equal(net_open(w.net), 3);
    connect_one(&w, 1); /* the fourth of all */
    hears_last(&w, 1, "");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, two), 0);
    net_accept(w.net, two[1], true); /* the administrator comes in */
    assert_int_equal(net_open(w.net), 4);
    close(two[0]);
    for (int i = 1; i < 4; i++)
        close(mine[i]);
    end(&w);
}

static void holds_only_so_much(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    w.caps.held_max = 3000;
    renew(&w);
    for (int i = 0; i < 3; i++)
        connect_one(&w, i);
    char part[1500];
    memset(part, 'b', sizeof(part));
    for (int i = 0; i < 2; i++) {
        say(&w, i, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2000\r\n\r\n");
        say_bytes(&w, i, (struct str){part, sizeof(part)});
    }
    turn(&w, 2);
    hears_last(&w, 1,
               "\"status\":503,\"type\":\"server_error\",\"code\":\"overloaded\"");
    say(&w, 2, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    hears(&w, 2, "200 OK"); /* whole in one piece: nothing is held */
    say_bytes(&w, 0, (struct str){part, 500});
    hears(&w, 0, "200 OK");
    end(&w);
}

static void knows_its_peer(struct exchange *x)
{
    static const unsigned char loopback[] = {0, 0, 0,    0,    0,   0, 0, 0,
                                             0, 0, 0xFF, 0xFF, 127, 0, 0, 1};
    assert_memory_equal(&x->peer->address, loopback, 16);
    assert_false(x->peer->local_admin);
}

static void names_the_peer(void **state)
{
    (void)state;
    struct world w;
    int theirs;
    begin(&w, 0);
    tcp_pair(&w.client[0], &theirs);
    net_accept(w.net, theirs, false);
    say(&w, 0, "GET /wait?0 HTTP/1.1\r\n" HOST "\r\n");
    while (!w.open[0])
        turn(&w, 1);
    knows_its_peer(w.open[0]);
    assert_true(str_starts(str_of(w.open[0]->request_id), STR("req_")));
    assert_int_equal(w.open[0]->now.wall_ms, 784111777000);
    exchange_done(w.open[0]);
    end(&w);
}

static void note_drained(void *ctx)
{
    ((struct world *)ctx)->drained++;
}

static void drains(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3);
    say(&w, 1,
        "GET /wait?1 HTTP/1.1\r\n" HOST "\r\nGET /never HTTP/1.1\r\n" HOST "\r\n");
    say(&w, 2, "GET /c HTTP/1.1\r\n");
    net_drain(w.net, 600 * 1000, note_drained, &w);
    hears_last(&w, 0, "");
    connect_one(&w, 3);
    hears_last(&w, 3, "");
    say(&w, 2, HOST "\r\n"); /* had begun */
    hears_last(&w, 2, "Connection: close\r\n");
    close(w.client[2]);
    w.client[2] = -1;
    turn(&w, 2);
    assert_int_equal(w.drained, 0);
    exchange_done(w.open[1]);
    hears_last(&w, 1, "Connection: close\r\n");
    assert_int_equal(w.handled, 2);
    close(w.client[1]);
    w.client[1] = -1;
    turn(&w, 4);
    assert_int_equal(w.drained, 1);
    end(&w);
}

static void drains_no_longer_than_that(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    say(&w, 0, "GET /wait?0 HTTP/1.1\r\n" HOST "\r\n");
    say(&w, 1, "GET /");
    net_drain(w.net, 20, note_drained, &w);
    pass(&w, 0);
    assert_int_equal(w.drained, 1);
    hears_last(&w, 1, "");
    assert_int_equal(w.gone, 1);
    exchange_done(w.open[0]);
    turn(&w, 2);
    assert_int_equal(net_open(w.net), 0);
    assert_int_equal(w.drained, 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_half_closed_peer_is_answered),
        cmocka_unit_test(a_peer_that_left_is_told_of),
        cmocka_unit_test(refuses_and_lingers),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(slow_readers_and_writers),
        cmocka_unit_test(holds_its_caps),
        cmocka_unit_test(holds_only_so_much),
        cmocka_unit_test(names_the_peer),
        cmocka_unit_test(drains),
        cmocka_unit_test(drains_no_longer_than_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
