#include "gates.h"

#include <string.h>

/* What is noted once an answer stands: each use of a key, and why it was refused. */

static uint16_t route_number(struct flight *f)
{
    struct route *r = f->match.target;
    uint16_t number = atomic_load_explicit(&r->counted, memory_order_relaxed);
    if (number)
        return number - 1;
    number = usage_route(f->worker->shared->usage, r->label);
    atomic_store_explicit(&r->counted, number + 1, memory_order_relaxed);
    return number;
}

static void note_denial(struct flight *f, uint16_t route)
{
    struct denial d = {.at_ms = f->x->now.wall_ms,
                       .wait_ms = f->window.wait_ms,
                       .used = f->window.used,
                       .limit = f->window.limit,
                       .scope = f->denied == DENIAL_SCOPE ? f->route->scope : 0,
                       .route = route,
                       .rule = (uint8_t)f->denied,
                       .address = f->x->peer->address};
    _Static_assert(sizeof(d.request_id) == sizeof(f->x->request_id), "one size");
    memcpy(d.request_id, f->x->request_id, sizeof(d.request_id));
    denials_add(f->worker->shared->denials, f->counted, &d);
}

void gate_hush(struct flight *f, const char *code)
{
    char name[17];
    hush_add(f->worker->shared->hush, peers_name(&f->x->peer->address, name), code,
             f->x->now.boot_ms);
}

void gate_count_use(struct flight *f)
{
    int digit = f->x->reply->status / 100;
    struct cell c = {.key = f->counted,
                     .minute = (uint32_t)(f->x->now.wall_ms / 60000),
                     .outcome = f->refused ? OUTCOME_REFUSED : (uint16_t)digit,
                     .n = 1,
                     .cost = f->cost};
    if (!f->counted)
        return;
    c.route = route_number(f);
    tally_add(f->worker->tally, &c);
    if (f->denied)
        note_denial(f, c.route);
}
