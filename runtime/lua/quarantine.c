#include "lua/quarantine.h"

#include <stdatomic.h>

#include "base/log.h"

struct quarantine {
    struct quarantine *next;
    struct ward *ward;
    struct str name;
    atomic_bool on;
    atomic_uint n; /* kills since it last began to run; the next one's place */
    _Atomic int64_t times[QUARANTINE_KILLS];
    _Atomic uint64_t counts[KILLS];
    struct counter *ever; /* by kind; NULL: nobody wants to know */
};

struct quarantine *quarantine_new(struct arena *a, struct ward *w, struct str name)
{
    struct quarantine *q = arena_zero(a, sizeof(*q));
    q->next = w->first;
    q->ward = w;
    q->name = name;
    w->first = q;
    return q;
}

const struct ward *quarantine_ward(const struct quarantine *q)
{
    return q->ward;
}

struct quarantine *quarantine_find(const struct ward *w, struct str name)
{
    struct quarantine *q = w->first;
    while (q && !str_eq(q->name, name))
        q = q->next;
    return q;
}

void quarantine_tie(struct quarantine *q, struct counter *ever)
{
    q->ever = ever;
}

bool quarantine_on(const struct quarantine *q)
{
    return atomic_load_explicit(&q->on, memory_order_relaxed);
}

void quarantine_kill(struct quarantine *q, enum kill why, int64_t boot_ms,
                     struct log *log)
{
    unsigned n = atomic_fetch_add(&q->n, 1);
    atomic_fetch_add(&q->counts[why], 1);
    if (q->ever)
        counter_share(&q->ever[why], 1);
    atomic_store(&q->times[n % QUARANTINE_KILLS], boot_ms);
    int64_t oldest = atomic_load(&q->times[(n + 1) % QUARANTINE_KILLS]);
    if (n + 1 < QUARANTINE_KILLS || boot_ms - oldest > QUARANTINE_MS ||
        atomic_exchange(&q->on, true))
        return;
    LOG(log, LOG_ERROR, "plugin_quarantined", LOG_T("plugin", q->name),
        LOG_N("kills", QUARANTINE_KILLS), LOG_N("within_ms", boot_ms - oldest),
        LOG_C("what", "it is not run until `kordless plugin resume` or a reload"));
}

bool quarantine_end(struct quarantine *q, struct log *log)
{
    atomic_store(&q->n, 0);
    if (!atomic_exchange(&q->on, false))
        return false;
    LOG(log, LOG_WARN, "plugin_resumed", LOG_T("plugin", q->name));
    return true;
}

uint64_t quarantine_count(const struct quarantine *q, enum kill why)
{
    return atomic_load(&q->counts[why]);
}
