#include "flow.h"

#include "exposition.h"
#include "gates.h"
#include "http/asset.h"
#include "lua/docs.h"
#include "metrics.h"
#include "native/handler.h"
#include "operate.h"
#include "ratelimit.h"
#include "sources.h"
#include "testclock.h"

static void count(struct flight *f)
{
    struct metrics_worker *m = f->worker->metrics;
    const struct unit *u = f->call.unit;
    int status = f->x->reply->status;
    metrics_end(m, f->route ? f->route->slot : METRICS_UNMATCHED, status,
                clock_micros() - f->began);
    if (!u)
        return;
    counter_set(&m->memory[u->plugin->slot], vm_memory(u->vm));
    if (status == 503 && f->call.failed_code &&
        str_eq(str_of(f->call.failed_code), STR("policy_failed")))
        counter_add(&m->policy_failures, 1);
}

static void end(struct flight *f)
{
    struct reply *r = f->x->reply;
    gate_count_failure(f);
    gate_count_use(f);
    if (f->etag[0] && (r->status == 200 || r->status == 304)) {
        r->cacheable = true;
        if (f->call.fresh_until)
            gate_keep_until(f, f->call.fresh_until);
        if (reply_field(r, STR("ETag"), str_of(f->etag)) ||
            reply_field(r, STR("Cache-Control"), STR("private, no-cache")))
            reply_problem(r, 500, "internal_error", STR(""));
    }
    if (f->idem_marked)
        idem_end(f->worker->shared->idem, &f->idem);
    count(f);
    if (f->call.unit)
        f->call.unit->calls--;
    if (f->generation)
        worker_leave(f->worker, f->generation);
    exchange_done(f->x);
}

/* --- a refusal kept beside its Idempotency-Key --- */

struct keeping {    /* a 422 is final for its key: it is stored before it is told */
    struct write w; /* first */
    struct loop_task task;
    struct flight *flight;
};

static int keep(struct write *w, struct db *db)
{
    struct flight *f = ((struct keeping *)w)->flight;
    int err = idem_store(db, &f->idem, f->x->reply->status,
                         buf_slice(&f->x->reply->body), f->x->now.wall_ms);
    return err == ERR_EXISTS ? 0 : err;
}

static void kept(struct loop_task *t)
{
    struct keeping *k = (struct keeping *)((char *)t - offsetof(struct keeping, task));
    end(k->flight);
}

static void post_kept(struct write *w)
{
    struct keeping *k = (struct keeping *)w;
    if (w->result)
        LOG(k->flight->worker->shared->log, LOG_ERROR, "idempotency_not_kept",
            LOG_C("why", err_name(w->result)));
    loop_post(k->flight->worker->loop, &k->task);
}

static void answered(struct call *c)
{
    struct flight *f = c->user;
    if (!f->idem_marked || c->stored || f->x->reply->status != 422) {
        end(f);
        return;
    }
    struct keeping *k = arena_zero(f->x->arena, sizeof(*k));
    *k = (struct keeping){.w = {.run = keep, .done = post_kept, .bookkeeping = true},
                          .task = {.run = kept},
                          .flight = f};
    if (writer_queue(f->worker->shared->writer, &k->w))
        end(f); /* unkept: the repeat is judged anew, by the same rules */
}

/* --- what the runtime answers itself --- */

static void answer_status(struct flight *f, bool ok, const char *word)
{
    f->x->reply->status = ok ? 200 : 503;
    buf_clear(&f->x->reply->body);
    buf_fmt(&f->x->reply->body, "{\"status\":\"%s\"}", word);
}

static void show_limits(struct flight *f)
{
    struct limit_verdict v;
    struct limit_rule rule;
    if (!f->key) {
        gate_show_session(f);
        return;
    }
    quota_terms(f->generation->quota, f->key, f->x->now.wall_ms, &rule);
    limits_peek(f->worker->shared->limits, f->key->ring, f->key->org->ring, &rule,
                &f->x->now, &v);
    ratelimit_show(f->x->reply, &v);
}

static void show_docs(struct flight *f, struct str page)
{
    struct reply *r = f->x->reply;
    r->status = 200;
    r->content_type = "text/html; charset=utf-8";
    buf_str(&r->body, page);
    if (reply_field(r, STR("Content-Security-Policy"), str_of(docs_policy)) ||
        reply_field(r, STR("X-Content-Type-Options"), STR("nosniff")) ||
        reply_field(r, STR("Referrer-Policy"), STR("no-referrer")))
        reply_problem(r, 500, "internal_error", STR(""));
}

static void show_decisions(struct flight *f)
{
    struct scribe *s = f->worker->shared->decisions;
    struct buf *body = &f->x->reply->body;
    f->x->reply->status = 200;
    buf_fmt(body, "{\"written\":%llu,\"dropped\":%llu,\"decisions\":[",
            (unsigned long long)scribe_written(s),
            (unsigned long long)scribe_dropped(s));
    scribe_tail(s, SCRIBE_TAIL, body);
    buf_lit(body, "]}");
}

static void show_scripts(struct flight *f)
{
    struct buf *body = &f->x->reply->body;
    struct source_list l;
    struct arena a;
    arena_init(&a);
    sources_list(&a, f->generation, &l);
    f->x->reply->status = 200;
    buf_fmt(body,
            "{\"generation\":%u,\"hash\":\"%s\",\"scripts\":", f->generation->number,
            l.hash);
    sources_put_texts(body, &l, STR("scripts/"));
    buf_char(body, '}');
    arena_end(&a);
}

static void show_metrics(struct flight *f)
{
    struct reply *r = f->x->reply;
    r->status = 200;
    r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    exposition_put(f->worker, f->generation, &r->body);
}

static void answer_native(struct flight *f)
{
    bool ready = atomic_load(&f->worker->shared->ready);
    switch (f->route->native) {
    case NATIVE_HEALTHZ:
        answer_status(f, true, "ok");
        break;
    case NATIVE_READYZ:
        answer_status(f, ready, ready ? "ready" : "stopping");
        break;
    case NATIVE_RATE_LIMIT:
        show_limits(f);
        break;
    case NATIVE_OPENAPI:
        f->x->reply->status = 200;
        buf_str(&f->x->reply->body, f->generation->openapi);
        break;
    case NATIVE_DOCS:
        show_docs(f, f->generation->docs);
        break;
    case NATIVE_LUA_DOCS:
        show_docs(f, f->generation->lua_docs);
        break;
    case NATIVE_METRICS:
        show_metrics(f);
        break;
    case NATIVE_RELOAD:
    case NATIVE_ROLLBACK:
    case NATIVE_STATUS:
        operate_ask(f, end);
        return;
    case NATIVE_DECISIONS:
        show_decisions(f);
        break;
    case NATIVE_SCRIPTS:
        show_scripts(f);
        break;
    case NATIVE_CLOCK:
        testclock_answer(f->worker->shared->clock, f->x->req->body, f->x->reply);
        break;
    case NATIVE_NO:
        break;
    }
    end(f);
}

static struct str public_url(const struct flight *f)
{
    const struct settings *s = &f->generation->settings;
    return s->public_url.n ? s->public_url : str_of(f->worker->shared->public_url);
}

static void run_compiled(struct flight *f)
{
    struct handler_call c = {.route = f->route->compiled,
                             .req = f->x->req,
                             .match = &f->match,
                             .n_query = (size_t)f->n_query,
                             .arena = f->x->arena,
                             .reply = f->x->reply,
                             .key = f->key,
                             .org = f->org,
                             .now = f->x->now.wall_ms / 1000,
                             .request_id = f->x->request_id,
                             .public_url = public_url(f),
                             .log = f->worker->shared->log};
    c.query = arena_alloc(c.arena, sizeof(*c.query) * (c.n_query + 1));
    for (size_t i = 0; i < c.n_query; i++) {
        const struct call_pair *q = &f->query[i];
        c.query[i] =
            (struct kordless_pair){{q->name.p, q->name.n}, {q->value.p, q->value.n}};
    }
    handler_run(&c);
    end(f);
}

static void run_handler(struct flight *f)
{
    struct call *c = &f->call;
    c->host = &f->worker->host;
    c->unit = f->generation->workers[f->worker->index].units[f->route->plugin];
    c->unit->calls++;
    c->quota = f->generation->quota;
    counter_add(&f->worker->metrics->calls[c->unit->plugin->slot], 1);
    c->route = f->route;
    c->match = &f->match;
    c->req = f->x->req;
    c->query = f->query;
    c->n_query = f->n_query;
    c->arena = f->x->arena;
    c->reply = f->x->reply;
    c->key = f->key;
    c->caller = f->caller;
    c->org = f->org;
    c->actor = f->actor;
    c->peer = peers_name(&f->x->peer->address, f->peer);
    c->now = f->x->now;
    c->request_id = f->x->request_id;
    c->public_url = public_url(f);
    c->strict = f->worker->shared->strict;
    c->user = f;
    c->finished = answered;
    call_start(c);
}

/* --- the way --- */

/* Behind a proxy that is trusted the peer is whom it asks for. */
static void know_client(struct exchange *x, const struct settings *s)
{
    if (!s->n_proxies || x->peer->local_admin ||
        !network_any(s->proxies, s->n_proxies, &x->peer->address))
        return;
    struct peer *client = arena_alloc(x->arena, sizeof(*client));
    *client = *x->peer;
    client->address =
        forwarded_client(x->req, &x->peer->address, s->proxies, s->n_proxies);
    x->peer = client;
}

/* It is told, logged and kept: who sends a key for it is given one of ours. */
static void know_request(struct exchange *x, struct id_source *ids)
{
    if (key_looks_like(str_of(x->request_id)))
        id_make(ids, "req_", x->now.wall_ms, x->request_id);
}

void flow_request(void *ctx, struct exchange *x)
{
    struct worker *w = ctx;
    struct flight *f = arena_zero(x->arena, sizeof(*f));
    f->x = x;
    f->worker = w;
    f->generation = w->generation;
    x->user = f;
    know_client(x, &f->generation->settings);
    know_request(x, w->host.ids);
    f->began = clock_micros();
    counter_add(&w->metrics->begun, 1);
    worker_enter(w, f->generation);
    if (!gate_route(f) || /* 404, 405 */
        !gate_who(f) ||   /* 401, 403: suspended */
        !gate_often(f) || /* 429 */
        !gate_whose(f) || /* 400, 403: x-organization-id */
        !gate_may(f) ||   /* 403: scope */
        !gate_takes(f) || /* 415 */
        !gate_once(f) ||  /* Idempotency-Key */
        !gate_asks(f)) {  /* 400, 304 */
        end(f);
        return;
    }
    if (f->route->native) {
        answer_native(f);
    } else if (f->route->asset) {
        asset_answer(f->route->asset, f->x->req, f->x->reply);
        end(f);
    } else if (f->route->compiled) {
        run_compiled(f);
    } else {
        run_handler(f);
    }
}

/* The peer left: what it asked to be written is written all the same, and what only
 * waits for its sake ends. */
void flow_gone(void *ctx, struct exchange *x)
{
    struct flight *f = x->user;
    (void)ctx;
    if (f && f->call.host)
        call_leave(&f->call);
}
