#include "gates.h"

#include "ratelimit.h"

/* How often: keys by their three windows, strangers by address and by number. */

/* A confirmation number as a name of a stranger: apart from addresses, whatever it is.
 */
static struct str number_name(struct flight *f)
{
    struct str number = STR("");
    for (int i = 0; i < f->match.n_params; i++)
        if (str_eq(f->match.names[i], STR("number")))
            number = f->match.values[i];
    if (number.n > 40)
        number = STR("too long");
    struct str name = arena_fmt(f->x->arena, "number %.*s", (int)number.n, number.p);
    char *p = arena_cstr(f->x->arena, name);
    for (char *c = p; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    return (struct str){p, name.n};
}

static bool often_stranger(struct flight *f)
{
    char name[17];
    struct str who = peers_name(&f->x->peer->address, name);
    int64_t boot = f->x->now.boot_ms;
    int64_t wait =
        peers_wait(f->worker->shared->strangers, who, PEER_CONTACT_REQUEST, boot);
    const char *what = "requests from this address";
    if (!wait) {
        wait =
            peers_wait(f->worker->shared->strangers, who, PEER_CONTACT_FAILURE, boot);
        what = "failed look-ups from this address";
    }
    if (!wait) {
        wait = peers_wait(f->worker->shared->strangers, number_name(f),
                          PEER_CONTACT_FAILURE, boot);
        what = "failed look-ups of this booking";
    }
    if (wait) {
        ratelimit_refuse_stranger(f->x->reply, wait, what, f->worker->scratch);
        return false;
    }
    peers_add(f->worker->shared->strangers, who, PEER_CONTACT_REQUEST, boot);
    return true;
}

void gate_count_failure(struct flight *f)
{
    char name[17];
    int status = f->x->reply->status;
    if (!f->route || f->route->auth != ROUTE_CONTACT ||
        (status != 403 && status != 404))
        return;
    peers_add(f->worker->shared->strangers, number_name(f), PEER_CONTACT_FAILURE,
              f->x->now.boot_ms);
    if (!f->key)
        peers_add(f->worker->shared->strangers, peers_name(&f->x->peer->address, name),
                  PEER_CONTACT_FAILURE, f->x->now.boot_ms);
}

/* The route that shows the limits costs none of them, and has a limit of its own. */
static bool often_lookup(struct flight *f)
{
    struct peers *p = f->worker->shared->lookups;
    int64_t wait =
        peers_wait(p, str_of(f->key->id), PEER_AUTH_FAILURE, f->x->now.boot_ms);
    if (wait) {
        f->refused = true;
        ratelimit_refuse_stranger(f->x->reply, wait,
                                  "looks at the limits with this API key",
                                  f->worker->scratch);
        return false;
    }
    peers_add(p, str_of(f->key->id), PEER_AUTH_FAILURE, f->x->now.boot_ms);
    return true;
}

bool gate_often(struct flight *f)
{
    struct shared *s = f->worker->shared;
    const struct settings *settings = &f->generation->settings;
    struct limit_verdict v;
    if (!f->key)
        return f->route->auth == ROUTE_CONTACT ? often_stranger(f) : true;
    struct limit_rule own = *quota_rule(f->generation->quota, f->key), *rule = &own;
    uint32_t org = f->key->org->ring;
    override_apply(keyring_now(f->key->limits), f->x->now.wall_ms, rule);
    override_apply(keyring_now(f->key->org->limits), f->x->now.wall_ms, rule);
    if (f->route->native == NATIVE_RATE_LIMIT) {
        limits_peek(s->limits, f->key->ring, org, rule, &f->x->now, &v);
        v.admitted = true;
        ratelimit_fields(f->x->reply, &v, f->x->now.wall_ms,
                         settings->ratelimit_fields);
        return often_lookup(f);
    }
    int err = limits_take(s->limits, f->key->ring, org, rule, &f->x->now, 1, &v);
    if (err)
        LOG(s->log, LOG_ERROR, "limit_failed", LOG_C("key", f->key->id),
            LOG_C("why", err_name(err)));
    ratelimit_fields(f->x->reply, &v, f->x->now.wall_ms, settings->ratelimit_fields);
    f->cost = v.admitted ? 1 : 0;
    f->refused = !v.admitted;
    if (v.admitted)
        return true;
    ratelimit_refuse(f->x->reply, &v, f->key, settings->support_contact,
                     f->worker->scratch);
    return false;
}
