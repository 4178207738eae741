#include "operate.h"

#include <stdlib.h>

#include "base/json.h"
#include "desk.h"

struct asking {          /* outlives no flight: main answers every one */
    struct desk_job job; /* first */
    struct loop_task task;
    struct flight *flight;
    void (*then)(struct flight *f);
};

static void answered(struct loop_task *t)
{
    struct asking *a = (struct asking *)((char *)t - offsetof(struct asking, task));
    struct flight *f = a->flight;
    struct reply *r = f->x->reply;
    if (a->job.status == 200) {
        r->status = 200;
        buf_clear(&r->body);
        buf_str(&r->body, buf_slice(&a->job.body));
    } else {
        reply_problem_with(r, a->job.status,
                           a->job.status == 422 ? "reload_refused" : "internal_error",
                           buf_slice(&a->job.detail), buf_slice(&a->job.body));
    }
    buf_end(&a->job.body);
    buf_end(&a->job.detail);
    a->then(f);
    free(a);
}

static void done(struct desk_job *j) /* on main */
{
    struct asking *a = (struct asking *)j;
    loop_post(a->flight->worker->loop, &a->task);
}

/* {"dry_run": true}, an empty object, or no body. False: something else; unlike
 * elsewhere a name we do not know is not passed over, since a misspelled dry_run would
 * go live. */
static bool read_body(struct flight *f, bool *dry_run)
{
    struct str body = f->x->req->body;
    struct json_reader r;
    struct json_event e;
    struct buf scratch;
    bool ok = true;
    if (body.n == 0)
        return true;
    buf_init(&scratch);
    json_reader_init(&r, body, &scratch);
    ok = !json_next(&r, &e) && e.kind == JSON_OBJECT;
    while (ok && !json_next(&r, &e) && e.kind == JSON_NAME) {
        ok = str_eq(e.text, STR("dry_run")) && !json_next(&r, &e) &&
             (e.kind == JSON_TRUE || e.kind == JSON_FALSE);
        *dry_run = e.kind == JSON_TRUE;
    }
    ok = ok && e.kind == JSON_OBJECT_END && !json_next(&r, &e) && e.kind == JSON_END;
    buf_end(&scratch);
    return ok;
}

static enum desk_verb verb_of(const struct flight *f)
{
    if (f->route->native == NATIVE_STATUS)
        return DESK_STATUS;
    return f->route->native == NATIVE_ROLLBACK ? DESK_ROLLBACK : DESK_RELOAD;
}

void operate_ask(struct flight *f, void (*then)(struct flight *f))
{
    bool dry_run = false;
    if (f->route->native == NATIVE_RELOAD && !read_body(f, &dry_run)) {
        reply_problem(f->x->reply, 400, "validation_error",
                      STR("Send {\"dry_run\": true}, or no body."));
        then(f);
        return;
    }
    struct asking *a = calloc(1, sizeof(*a));
    if (!a)
        abort();
    *a = (struct asking){.job = {.verb = verb_of(f),
                                 .dry_run = dry_run,
                                 .actor = f->actor,
                                 .done = done},
                         .task = {.run = answered},
                         .flight = f,
                         .then = then};
    buf_init(&a->job.body);
    buf_init(&a->job.detail);
    if (desk_ask(f->worker->shared->desk, &a->job) == 0)
        return;
    free(a);
    reply_problem(f->x->reply, 503, "not_serving",
                  STR("No server runs here, or it is stopping."));
    then(f);
}
