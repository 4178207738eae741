#include "gates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What it sends and what it asks: media type, Idempotency-Key, query, If-None-Match. */

/* --- what it sends --- */

/* application/json, any case, charset=utf-8 allowed (RFC 9110 8.3.1). */
static bool is_json(struct str type)
{
    struct str head, rest, name, value;
    str_cut(type, ';', &head, &rest);
    if (!str_eq_nocase(str_trim(head), STR("application/json")))
        return false;
    rest = str_trim(rest);
    if (rest.n == 0)
        return true;
    str_cut(rest, '=', &name, &value);
    return str_eq_nocase(name, STR("charset")) &&
           (str_eq_nocase(value, STR("utf-8")) ||
            str_eq_nocase(value, STR("\"utf-8\"")));
}

bool gate_takes(struct flight *f)
{
    const struct http_request *req = f->x->req;
    if (!f->route->body || req->body.n == 0 ||
        (http_field_count(req, STR("content-type")) == 1 &&
         is_json(http_field_get(req, STR("content-type")))))
        return true;
    return gate_refuse(f, 415, "unsupported_media_type",
                       "Send the body as JSON, with Content-Type: application/json.");
}

static bool replay(struct flight *f, int status, struct str body)
{
    struct reply *r = f->x->reply;
    if (reply_field(r, STR("Idempotent-Replayed"), STR("true")))
        return gate_refuse(f, 500, "internal_error", "");
    r->status = status;
    buf_clear(&r->body);
    buf_str(&r->body, body);
    return false;
}

/* Mark first, then look: the answer of a first request that ended in between would not
 * be in an older snapshot. So look again until no commit came between snapshot and
 * mark. */
static enum idem_begin begin_once(struct flight *f, int *status, struct str *body)
{
    struct shared *s = f->worker->shared;
    for (;;) {
        struct db *db;
        uint64_t commits = writer_commits(s->writer);
        if (reader_fresh(f->worker->reader, &db))
            return IDEM_ERROR;
        db_fence(db, NULL);
        enum idem_begin b = idem_begin(s->idem, db, &f->idem, f->x->now.wall_ms,
                                       f->x->arena, status, body);
        if (b != IDEM_NEW || writer_commits(s->writer) == commits)
            return b;
        idem_end(s->idem, &f->idem);
    }
}

static bool answer_once(struct flight *f)
{
    struct str body;
    int status = 0;
    switch (begin_once(f, &status, &body)) {
    case IDEM_NEW:
        f->idem_marked = true;
        f->call.idem = &f->idem;
        return true;
    case IDEM_REPLAY:
        return replay(f, status, body);
    case IDEM_RUNNING:
        reply_field_u64(f->x->reply, STR("Retry-After"), 1);
        return gate_refuse(
            f, 409, "idempotency_in_flight",
            "The first request with this Idempotency-Key is still running. Try "
            "again in a second.");
    case IDEM_MISMATCH:
        return gate_refuse(
            f, 422, "idempotency_mismatch",
            "This Idempotency-Key was used with another body. Use a new key for a "
            "new request.");
    case IDEM_ERROR:
        break;
    }
    return gate_refuse(f, 500, "internal_error",
                       "The server's storage cannot be read.");
}

/* Some send their API key for it: it is kept for a day, so of what looks like one only
 * a digest is. */
static struct str once_name(struct flight *f, struct str text)
{
    unsigned char digest[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES + 1];
    if (!key_looks_like(text))
        return arena_str(f->x->arena, text);
    secret_digest(&f->worker->shared->pepper, text, digest);
    for (int i = 0; i < DIGEST_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return arena_str(f->x->arena, str_of(hex));
}

bool gate_once(struct flight *f)
{
    const struct http_request *req = f->x->req;
    struct str name = STR("idempotency-key"), text;
    if (!f->route->idempotent || !f->org || http_field_count(req, name) == 0)
        return true;
    if (!gate_one_value(req, name, &text) || !idem_valid(text))
        return gate_refuse(
            f, 400, "validation_error",
            "Idempotency-Key must be one value of 1 to 255 printable ASCII "
            "characters.");
    memcpy(f->idem.org, f->org->id, sizeof(f->idem.org));
    f->idem.route = f->route->label;
    f->idem.key = once_name(f, text);
    secret_hash(req->body, f->idem.body);
    f->idem.pepper = &f->worker->shared->pepper;
    return answer_once(f);
}

/* --- what it asks --- */

enum { TAG_DIGITS = 32 };

/* Over all that an answer depends on: changes, generation, minute, caller and question.
 */
static void make_etag(struct flight *f)
{
    struct shared *s = f->worker->shared;
    const struct http_request *req = f->x->req;
    unsigned char digest[DIGEST_BYTES];
    struct buf b;
    buf_init(&b);
    buf_str(&b, str_of(s->etag_salt));
    buf_char(&b, ' ');
    buf_u64(&b, writer_changes(s->writer));
    buf_char(&b, ' ');
    buf_u64(&b, f->generation->number);
    buf_char(&b, ' ');
    buf_i64(&b, f->x->now.wall_ms / 60000);
    buf_char(&b, ' ');
    buf_str(&b, str_of(f->org ? f->org->id : ""));
    buf_char(&b, ' ');
    buf_str(&b, req->path);
    buf_char(&b, '?');
    buf_str(&b, req->query);
    secret_digest(&s->pepper, buf_slice(&b), digest);
    buf_clear(&b);
    buf_char(&b, '"');
    for (int i = 0; i < TAG_DIGITS / 2; i++) {
        buf_char(&b, "0123456789abcdef"[digest[i] >> 4]);
        buf_char(&b, "0123456789abcdef"[digest[i] & 15]);
    }
    buf_char(&b, '"');
    memcpy(f->etag, b.p, b.n);
    buf_end(&b);
}

void gate_keep_until(struct flight *f, int64_t until)
{
    snprintf(f->etag + 1 + TAG_DIGITS, sizeof(f->etag) - 1 - TAG_DIGITS, "%llx\"",
             (unsigned long long)until);
}

/* Whether a tag that was sent is this one, with nothing behind or a time to come: until
 * then the answer holds. Who writes another time there fools only itself. */
static bool is_fresh(const struct flight *f, struct str sent)
{
    char until[17] = "", *end;
    size_t head = 1 + TAG_DIGITS;
    if (sent.n <= head || sent.n - head > sizeof(until) || sent.p[sent.n - 1] != '"' ||
        !str_starts(sent, (struct str){f->etag, head}))
        return false;
    memcpy(until, sent.p + head, sent.n - head - 1);
    if (strspn(until, "0123456789abcdef") != strlen(until))
        return false;
    return !*until ||
           strtoull(until, &end, 16) > (unsigned long long)(f->x->now.wall_ms / 1000);
}

static bool none_match(struct flight *f)
{
    struct str list = http_field_get(f->x->req, STR("if-none-match")), one;
    while (list.n) {
        str_cut(list, ',', &one, &list);
        one = str_trim(one);
        if (str_starts(one, STR("W/")))
            one = (struct str){one.p + 2, one.n - 2};
        if (!is_fresh(f, one))
            continue;
        memcpy(f->etag, one.p, one.n);
        f->etag[one.n] = '\0';
        return false;
    }
    return true;
}

bool gate_asks(struct flight *f)
{
    if (f->query_fault)
        return gate_refuse(f, 400, "validation_error", f->query_fault);
    if (!f->route->cached)
        return true;
    make_etag(f);
    if (none_match(f))
        return true;
    f->x->reply->status = 304;
    return false;
}
