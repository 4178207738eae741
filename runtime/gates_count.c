#include "gates.h"

/* What is noted once an answer stands: each use of a key. */

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
}
