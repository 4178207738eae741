#include "kit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct kit_alarm {
    struct kit_alarm *next, **at; /* `at` is NULL once it fired */
    int64_t due_ms;
    enum kit_kind kind;
    void (*fire)(void *ctx);
    void *ctx;
};

/* Who may touch one: QUEUED the kit, under its lock; TAKEN main, which posts it to the
 * worker; TOLD the worker alone, which frees it then. */
enum stage_of_fetch { FETCH_QUEUED, FETCH_TAKEN, FETCH_TOLD };

struct kit_fetch {
    struct loop_task task; /* first */
    struct kit_fetch *next, **at;
    struct kit *kit;
    struct loop *loop;
    struct outgoing *o; /* NULL: nobody waits any more */
    enum stage_of_fetch stage;
    void (*done)(void *ctx);
    void *ctx;
    struct buf request;
    struct spec_fetch asked;
};

struct kit {
    struct kit_alarm *alarms; /* the first due first */
    pthread_mutex_t lock;
    struct kit_fetch *fetches; /* the newest first */
    struct spec_used used;
    int fd;
};

struct kit *kit_new(void)
{
    struct kit *k = calloc(1, sizeof(*k));
    if (!k || pthread_mutex_init(&k->lock, NULL) != 0)
        abort();
    k->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (k->fd < 0)
        abort();
    return k;
}

/* --- alarms --- */

struct kit_alarm *kit_alarm(struct kit *k, int64_t due_ms, enum kit_kind kind,
                            void (*fire)(void *ctx), void *ctx)
{
    struct kit_alarm *a = malloc(sizeof(*a)), **at = &k->alarms;
    if (!a)
        abort();
    while (*at && (*at)->due_ms <= due_ms)
        at = &(*at)->next;
    *a = (struct kit_alarm){*at, at, due_ms, kind, fire, ctx};
    if (a->next)
        a->next->at = &a->next;
    *at = a;
    return a;
}

static void unlink_alarm(struct kit_alarm *a)
{
    if (!a->at)
        return;
    *a->at = a->next;
    if (a->next)
        a->next->at = a->at;
    a->at = NULL;
}

void kit_alarm_free(struct kit_alarm *a)
{
    if (!a)
        return;
    unlink_alarm(a);
    free(a);
}

void kit_look(const struct kit *k, struct kit_state *out)
{
    *out = (struct kit_state){.next_ms = k->alarms ? k->alarms->due_ms : INT64_MAX};
    for (const struct kit_alarm *a = k->alarms; a; a = a->next) {
        out->asleep += a->kind != KIT_JOB;
        out->asked += a->kind == KIT_SLEEP_ASKED;
    }
}

void kit_fire(struct kit *k, int64_t now_ms)
{
    struct kit_alarm *a = k->alarms;
    if (!a || a->due_ms > now_ms)
        return;
    unlink_alarm(a);
    a->fire(a->ctx);
}

/* --- what would go out --- */

static void free_fetch(struct kit_fetch *f)
{
    *f->at = f->next;
    if (f->next)
        f->next->at = f->at;
    buf_end(&f->request);
    buf_end(&f->asked.answer);
    buf_end(&f->asked.why);
    free(f);
}

void kit_fetch_free(struct kit_fetch *f)
{
    if (!f || f->stage == FETCH_TOLD)
        return;
    struct kit *k = f->kit;
    pthread_mutex_lock(&k->lock);
    f->o = NULL;
    if (f->stage == FETCH_QUEUED)
        free_fetch(f);
    pthread_mutex_unlock(&k->lock);
}

static void fail(struct outgoing *o, const char *code, struct str why)
{
    o->fault = code;
    buf_clear(&o->why);
    buf_str(&o->why, why);
}

/* The spec's bytes go through the parser that a server's would go through. */
static void fill(struct outgoing *o, const struct spec_fetch *asked)
{
    struct http_refusal why = {0};
    if (asked->code[0]) {
        fail(o, asked->code, buf_slice(&asked->why));
        return;
    }
    enum http_parsed got = response_feed(&o->response, buf_slice(&asked->answer), &why);
    if (got == HTTP_MORE)
        got = response_close(&o->response, &why);
    if (got == HTTP_REFUSED)
        fail(o, why.status == 413 || why.status == 431 ? "too_large" : "bad_response",
             str_of(why.detail));
}

static void come_back(struct loop_task *t)
{
    struct kit_fetch *f = (struct kit_fetch *)t;
    struct kit *k = f->kit;
    f->stage = FETCH_TOLD;
    if (f->o) {
        fill(f->o, &f->asked);
        f->done(f->ctx);
    }
    pthread_mutex_lock(&k->lock);
    free_fetch(f);
    pthread_mutex_unlock(&k->lock);
}

struct kit_fetch *kit_fetch(struct kit *k, struct loop *l, struct outgoing *o,
                            void (*done)(void *ctx), void *ctx)
{
    struct kit_fetch *f = calloc(1, sizeof(*f));
    if (!f)
        abort();
    *f = (struct kit_fetch){.task.run = come_back,
                            .at = &k->fetches,
                            .kit = k,
                            .loop = l,
                            .o = o,
                            .done = done,
                            .ctx = ctx};
    buf_str(&f->request, buf_slice(&o->bytes));
    f->asked.tls = o->tls;
    f->asked.port = o->port;
    f->asked.request = buf_slice(&f->request);
    snprintf(f->asked.host, sizeof(f->asked.host), "%s", o->host);
    pthread_mutex_lock(&k->lock);
    f->next = k->fetches;
    if (f->next)
        f->next->at = &f->next;
    k->fetches = f;
    pthread_mutex_unlock(&k->lock);
    eventfd_write(k->fd, 1);
    return f;
}

int kit_fd(const struct kit *k)
{
    return k->fd;
}

bool kit_answer(struct kit *k, void (*answer)(void *ctx, struct spec_fetch *f),
                void *ctx)
{
    struct kit_fetch *oldest = NULL;
    eventfd_t n;
    (void)!eventfd_read(k->fd, &n);
    pthread_mutex_lock(&k->lock);
    for (struct kit_fetch *f = k->fetches; f; f = f->next)
        if (f->stage == FETCH_QUEUED)
            oldest = f;
    if (oldest)
        oldest->stage = FETCH_TAKEN;
    pthread_mutex_unlock(&k->lock);
    if (!oldest)
        return false;
    answer(ctx, &oldest->asked);
    loop_post(oldest->loop, &oldest->task);
    return true;
}

/* --- what was used --- */

void kit_used(struct kit *k, const struct call *c, const struct call_used *u)
{
    struct spec_used *s = &k->used;
    if (c->is_job)
        return;
    pthread_mutex_lock(&k->lock);
    s->instructions += u->instructions;
    s->sql_steps += u->sql_steps;
    s->waits += u->waits;
    if (u->name.n && s->n < SPEC_WRITES_MAX) {
        struct spec_write *w = &s->writes[s->n++];
        snprintf(w->name, sizeof(w->name), "%.*s", (int)u->name.n, u->name.p);
        w->instructions = u->instructions;
        w->sql_steps = u->sql_steps;
    }
    pthread_mutex_unlock(&k->lock);
}

void kit_take_used(struct kit *k, struct spec_used *out)
{
    pthread_mutex_lock(&k->lock);
    *out = k->used;
    k->used = (struct spec_used){0};
    pthread_mutex_unlock(&k->lock);
}

void kit_free(struct kit *k)
{
    if (!k)
        return;
    while (k->alarms)
        kit_alarm_free(k->alarms);
    while (k->fetches)
        free_fetch(k->fetches);
    close(k->fd);
    pthread_mutex_destroy(&k->lock);
    free(k);
}
