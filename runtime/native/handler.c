#include "native/handler.h"

#include <string.h>

#include "base/json.h"
#include "guard/auth.h"

enum { BODY_MAX = 64 << 20 };

/* What the ABI calls an answer: the reply, and how its making went. */
struct kordless_answer {
    struct reply *reply;
    struct arena *arena;
    const char *why; /* of a failure that no later call can mend */
    bool has_status;
};

static struct kordless_text text_of(struct str s)
{
    return (struct kordless_text){s.p, s.n};
}

static struct str str_of_text(struct kordless_text t)
{
    return (struct str){t.p ? t.p : "", t.p ? t.n : 0};
}

/* --- the request --- */

static void show_headers(const struct handler_call *c, struct kordless_request *r)
{
    size_t most = sizeof(struct kordless_pair) * ((size_t)c->req->n_fields + 1);
    struct kordless_pair *pairs = arena_alloc(c->arena, most);
    for (int i = 0; i < c->req->n_fields; i++) {
        const struct http_field *f = &c->req->fields[i];
        if (!auth_is_proof(f->name))
            pairs[r->n_headers++] =
                (struct kordless_pair){text_of(f->name), text_of(f->value)};
    }
    r->headers = pairs;
}

static void show_params(const struct handler_call *c, struct kordless_request *r)
{
    struct kordless_pair *pairs =
        arena_alloc(c->arena, sizeof(*pairs) * ROUTE_PARAMS_MAX);
    for (int i = 0; i < c->match->n_params; i++)
        pairs[i] = (struct kordless_pair){text_of(c->match->names[i]),
                                          text_of(c->match->values[i])};
    r->params = pairs;
    r->n_params = (size_t)c->match->n_params;
}

static void show_organization(const struct org *o, struct kordless_request *r)
{
    r->organization_id = text_of(str_of(o->id));
    r->organization_slug = text_of(o->slug);
    r->organization_name = text_of(keyring_name(o));
}

static void show_identity(const struct key *k, struct kordless_request *r)
{
    r->key_id = text_of(str_of(k->id));
    r->key_label = text_of(keyring_label(k));
    r->key_last4 = text_of(str_of(k->last4));
    if (k->environment != ENV_NONE)
        r->key_environment = text_of(str_of(environment_name(k->environment)));
}

/* --- the answer --- */

static int fail(struct kordless_answer *a, const char *why)
{
    a->why = a->why ? a->why : why;
    return -1;
}

static int set_status(struct kordless_answer *a, int status)
{
    if (status < 200 || status > 599)
        return fail(a, "it set a status that is not from 200 to 599");
    a->reply->status = status;
    a->has_status = true;
    return 0;
}

static int set_type(struct kordless_answer *a, struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < ' ' || (unsigned char)value.p[i] > '~')
            return -1;
    if (value.n == 0 || value.n > 255)
        return -1;
    a->reply->content_type = arena_cstr(a->arena, value);
    return 0;
}

static int add_header(struct kordless_answer *a, const char *name,
                      struct kordless_text value)
{
    struct str n = str_of(name), v = str_of_text(value);
    if (str_eq_nocase(n, STR("Content-Type")))
        return set_type(a, v);
    if (reply_field(a->reply, n, v))
        return -1;
    if (str_eq_nocase(n, STR("Cache-Control")))
        a->reply->cacheable = true;
    return 0;
}

static int add_body(struct kordless_answer *a, const void *bytes, size_t n)
{
    if (n > BODY_MAX - a->reply->body.n)
        return fail(a, "its body is larger than 64 MiB");
    buf_add(&a->reply->body, bytes, n);
    return 0;
}

static int add_json(struct kordless_answer *a, struct kordless_text text)
{
    if (text.n > (BODY_MAX - a->reply->body.n) / 6) /* a byte is six when escaped */
        return fail(a, "its body is larger than 64 MiB");
    return json_put_string(&a->reply->body, str_of_text(text)) ? -1 : 0;
}

static int set_problem(struct kordless_answer *a, int status, const char *code,
                       struct kordless_text detail)
{
    size_t n = code ? strlen(code) : 0;
    if (status < 400 || status > 599)
        return fail(a, "it set a problem that is not from 400 to 599");
    if (n == 0 || n > 64 || strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
        return fail(a, "the code of its problem is no lower-case word");
    reply_problem(a->reply, status, code, str_of_text(detail));
    a->has_status = true;
    return 0;
}

void handler_verbs(struct kordless_host *host)
{
    host->status = set_status;
    host->header = add_header;
    host->body = add_body;
    host->json = add_json;
    host->problem = set_problem;
}

/* --- running --- */

/* None of an answer that came to nothing is sent but what the gates wrote. */
static void answer_failure(const struct handler_call *c, const char *why, size_t own)
{
    LOG(c->log, LOG_ERROR, "handler_failed", LOG_T("plugin", native_name(c->route->of)),
        LOG_T("route", c->route->label), LOG_C("code", "internal_error"),
        LOG_C("request_id", c->request_id), LOG_C("why", why));
    c->reply->fields.n = own;
    c->reply->cacheable = false;
    reply_problem(c->reply, 500, "internal_error",
                  arena_fmt(c->arena,
                            "The server failed on this request; its log says why. If "
                            "it goes on, tell the operator the request id %s.",
                            c->request_id));
}

void handler_run(const struct handler_call *c)
{
    struct kordless_answer a = {.reply = c->reply, .arena = c->arena};
    struct kordless_request r = {
        .struct_size = sizeof(r),
        .now = c->now,
        .method = text_of(str_of(http_method_name(c->req->method))),
        .path = text_of(c->req->path),
        .body = text_of(c->req->body),
        .request_id = text_of(str_of(c->request_id)),
        .public_url = text_of(c->public_url),
        .query = c->query,
        .n_query = c->n_query,
    };
    size_t own = c->reply->fields.n;
    show_params(c, &r);
    show_headers(c, &r);
    if (c->org)
        show_organization(c->org, &r);
    if (c->key)
        show_identity(c->key, &r);
    buf_clear(&c->reply->body);
    c->route->handle(native_host(c->route->of), native_state(c->route->of), &r, &a);
    if (a.why || !a.has_status)
        answer_failure(c, a.why ? a.why : "it set no status", own);
}
