#include "stage.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit.h"
#include "server.h"
#include "worker.h"

/* PATIENCE: how long main waits before it looks whether the worker only waits for it.
 * STEPS: alarms in one go; what makes its own successor at once would never end. */
enum { PATIENCE_MS = 2, DRAIN_MS = 1000, STEPS_MAX = 10000, ANSWER_MAX = 16 << 20 };

struct stage {
    const struct options *o;
    const char *folder;
    bool listed;
    struct server *server; /* NULL until it is needed */
    struct kit *kit;
    char dir[200];
    void (*answer)(void *lua, struct spec_fetch *f);
    void *lua;
};

/* --- up and down --- */

static void remove_dir(const char *path)
{
    char name[600];
    struct dirent *e;
    DIR *d = opendir(path);
    while (d && (e = readdir(d)) != NULL) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        if (unlink(name) != 0 && errno == EISDIR)
            remove_dir(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static void put_down(struct stage *s)
{
    if (s->server)
        server_close(s->server, DRAIN_MS);
    kit_free(s->kit);
    if (s->dir[0])
        remove_dir(s->dir);
    s->server = NULL;
    s->kit = NULL;
    s->dir[0] = '\0';
}

static int set_up(struct stage *s, struct buf *why)
{
    const char *tmp = getenv("TMPDIR");
    struct server_options so = s->o->server;
    const char *load[] = {s->folder};
    if (s->server)
        return 0;
    snprintf(s->dir, sizeof(s->dir), "%s/kordless-test-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(s->dir)) {
        s->dir[0] = '\0';
        buf_fmt(why, "no folder can be made for the test's data");
        return ERR_IO;
    }
    s->kit = kit_new();
    so.data = s->dir;
    so.no_listen = true;
    so.strict = true;
    so.workers = 1;
    so.log_level = LOG_WARN;
    so.kit = s->kit;
    if (s->folder && !s->listed) {
        so.load = load;
        so.n_load = 1;
    }
    int err = server_open(&s->server, &so, why);
    if (err) {
        put_down(s);
        return err;
    }
    clock_advance(s->server->shared.clock, 0); /* it stands still from here on */
    return 0;
}

struct stage *stage_new(const struct options *o)
{
    struct stage *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->o = o;
    return s;
}

void stage_free(struct stage *s)
{
    put_down(s);
    free(s);
}

void stage_enter(struct stage *s, const char *folder, bool listed)
{
    if (s->folder && strcmp(s->folder, folder) == 0)
        return;
    put_down(s);
    s->folder = folder;
    s->listed = listed;
}

/* --- the worker, as main sees it --- */

struct sight {
    struct stage *stage;
    struct kit_state state;
    long busy; /* calls that neither sleep nor are over */
    int64_t now_ms;
};

static void look_there(struct worker *w, void *ctx)
{
    struct sight *v = ctx;
    kit_look(v->stage->kit, &v->state);
    v->busy = w->generation->workers[w->index].calls - v->state.asleep;
    v->now_ms = w->host.now(w).boot_ms;
}

static void fire_there(struct worker *w, void *ctx)
{
    kit_fire(((struct stage *)ctx)->kit, w->host.now(w).boot_ms);
}

static void look(struct stage *s, struct sight *out)
{
    out->stage = s;
    worker_ask(s->server->workers[0], look_there, out);
}

static void answer_all(struct stage *s)
{
    while (kit_answer(s->kit, s->answer, s->lua))
        ;
}

/* Until every call is over or asleep. */
static void settle(struct stage *s, struct sight *v)
{
    struct pollfd on = {.fd = kit_fd(s->kit), .events = POLLIN};
    for (;;) {
        answer_all(s);
        look(s, v);
        if (v->busy == 0)
            return;
        (void)poll(&on, 1, PATIENCE_MS);
    }
}

/* The clock goes to the first alarm, and it fires. */
static void step(struct stage *s, const struct sight *v)
{
    if (v->state.next_ms > v->now_ms)
        clock_advance(s->server->shared.clock, v->state.next_ms - v->now_ms);
    worker_ask(s->server->workers[0], fire_there, s);
}

/* Through everything that is due in the next `ms` milliseconds. */
static int run_on(struct stage *s, int64_t ms, struct buf *why)
{
    struct sight v;
    settle(s, &v);
    int64_t end = v.now_ms + ms;
    for (int i = 0; v.state.next_ms <= end; i++) {
        if (i == STEPS_MAX) {
            buf_fmt(why, "%d calls of kordless.after ran, and more are due", STEPS_MAX);
            return ERR_FULL;
        }
        step(s, &v);
        settle(s, &v);
    }
    clock_advance(s->server->shared.clock, end > v.now_ms ? end - v.now_ms : 0);
    return 0;
}

/* --- a request --- */

static int send_all(int fd, struct str out)
{
    while (out.n) {
        ssize_t n = send(fd, out.p, out.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        out = (struct str){out.p + n, out.n - (size_t)n};
    }
    return 0;
}

/* 1: there may be more; 0: all is there. */
static int receive(int fd, struct buf *in)
{
    ssize_t n = read(fd, buf_reserve(in, 16384), 16384);
    if (n < 0 && errno == EINTR)
        return 1;
    if (n < 0 || in->n > ANSWER_MAX)
        return ERR_IO;
    in->n += (size_t)n;
    return n > 0;
}

/* A request that sleeps would wait for ever on a clock that stands: it goes on. */
static void wake(struct stage *s)
{
    struct sight v;
    look(s, &v);
    if (v.busy == 0 && v.state.asked > 0)
        step(s, &v);
}

static int converse(struct stage *s, int fd, struct buf *response)
{
    struct pollfd on[] = {{.fd = fd, .events = POLLIN},
                          {.fd = kit_fd(s->kit), .events = POLLIN}};
    int more = 1;
    while (more > 0) {
        int n = poll(on, 2, PATIENCE_MS);
        if (n == 0)
            wake(s);
        if (n > 0 && on[1].revents)
            answer_all(s);
        if (n > 0 && on[0].revents)
            more = receive(fd, response);
    }
    return more;
}

static int stage_ask(void *ctx, struct str request, struct buf *response,
                     struct spec_used *used, struct buf *why)
{
    struct stage *s = ctx;
    int fd, err = set_up(s, why);
    if (err)
        return err;
    kit_take_used(s->kit, used); /* of nothing that is asked now */
    err = server_connect(s->server, &fd);
    if (!err) {
        err = send_all(fd, request);
        if (!err)
            err = converse(s, fd, response);
        close(fd);
    }
    if (err)
        buf_fmt(why, "the server does not answer: %s", err_name(err));
    kit_take_used(s->kit, used);
    return err ? err : run_on(s, 0, why);
}

/* --- the clock --- */

static int64_t seconds_now(struct stage *s)
{
    return clock_read(s->server->shared.clock).wall_ms / 1000;
}

static int stage_set_clock(void *ctx, struct str at, int64_t *now, struct buf *why)
{
    struct stage *s = ctx;
    bool fraction;
    int64_t seconds;
    if (time_parse(at, &seconds, &fraction)) {
        buf_fmt(why, "'%.*s' is no time; 2027-03-01T09:00:00Z is one", (int)at.n, at.p);
        return ERR_INVALID;
    }
    int err = set_up(s, why);
    if (err)
        return err;
    clock_set(s->server->shared.clock, seconds * 1000);
    err = run_on(s, 0, why);
    *now = seconds_now(s);
    return err;
}

static int stage_advance(void *ctx, int64_t ms, int64_t *now, struct buf *why)
{
    struct stage *s = ctx;
    int err = set_up(s, why);
    if (!err)
        err = run_on(s, ms, why);
    if (!err)
        *now = seconds_now(s);
    return err;
}

static int stage_renew(void *ctx, struct buf *why)
{
    struct stage *s = ctx;
    put_down(s);
    return set_up(s, why);
}

static void stage_listen(void *ctx, void (*answer)(void *lua, struct spec_fetch *f),
                         void *lua)
{
    struct stage *s = ctx;
    s->answer = answer;
    s->lua = lua;
}

void stage_lend(struct stage *s, struct spec_host *out)
{
    out->ctx = s;
    out->ask = stage_ask;
    out->set_clock = stage_set_clock;
    out->advance = stage_advance;
    out->renew = stage_renew;
    out->listen = stage_listen;
}
