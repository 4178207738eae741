#include "metrics.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

/* The upper ends, and how they are written. */
static const struct {
    int64_t micros;
    const char *le;
} buckets[] = {
    {100, "0.0001"},     {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},
    {2500, "0.0025"},    {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
    {50000, "0.05"},     {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},
    {1000000, "1"},      {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"},
    {INT64_MAX, "+Inf"},
};
static_assert(COUNT(buckets) == METRICS_BUCKETS, "one counter for each");

/* Words that come from elsewhere; what is none of them is the last. */
static const char *const codes[] = {"missing_api_key",
                                    "malformed_api_key",
                                    "unknown_api_key",
                                    "revoked_api_key",
                                    "expired_api_key",
                                    "not_yet_valid",
                                    "organization_suspended",
                                    "api_key_in_query",
                                    "session_ended",
                                    "unknown_token",
                                    "sign_in_required",
                                    "sign_in_failed",
                                    "other"};
static_assert(COUNT(codes) == METRICS_CODES, "one counter for each");
static const char *const outcomes[] = {
    "ok",      "unresolved", "address_refused", "connect_failed", "tls_failed",
    "timeout", "too_large",  "bad_response",    "busy",           "other"};
static_assert(COUNT(outcomes) == METRICS_OUTCOMES, "one counter for each");

static const char *const windows[] = {
    [METRICS_KEY_MINUTE] = "key-minute",
    [METRICS_KEY_HOUR] = "key-hour",
    [METRICS_ORG_DAY] = "org-day",
    [METRICS_AUTH_FAILURES] = "auth-failures",
    [METRICS_CONTACT_REQUESTS] = "contact-requests",
    [METRICS_CONTACT_FAILURES] = "contact-failures",
    [METRICS_LOOKUPS] = "lookups",
    [METRICS_SESSIONS] = "sessions",
    [METRICS_SIGN_INS] = "sign-ins",
};
static_assert(COUNT(windows) == METRICS_WINDOWS, "one name for each");
static const char *const modes[] = {
    [METRICS_SHADOW] = "shadow", [METRICS_WARN] = "warn"};
static_assert(COUNT(modes) == METRICS_MODES, "one name for each");
static const char *const key_states[] = {"active", "revoked", "expired", "scheduled"};
static_assert(COUNT(key_states) == METRICS_KEY_STATES, "one name for each");

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

struct metrics *metrics_new(int n_workers, int64_t wall_ms)
{
    struct metrics *m = must(calloc(1, sizeof(*m)));
    m->n_workers = n_workers;
    m->started_ms = wall_ms;
    m->workers = must(calloc((size_t)n_workers, sizeof(struct metrics_worker *)));
    for (int i = 0; i < n_workers; i++) /* apart: no line of one is another's */
        m->workers[i] = must(calloc(1, sizeof(struct metrics_worker) + 128));
    m->routes[METRICS_UNMATCHED] = must(strdup("none"));
    m->routes[METRICS_OTHER] = must(strdup("other"));
    m->plugins[0] = must(strdup("other"));
    atomic_store(&m->n_routes, METRICS_OTHER + 1);
    atomic_store(&m->n_plugins, 1);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->n_workers; i++)
        free(m->workers[i]);
    for (int i = 0; i < METRICS_ROUTES; i++)
        free(m->routes[i]);
    for (int i = 0; i < METRICS_PLUGINS; i++)
        free(m->plugins[i]);
    free(m->workers);
    free(m);
}

/* --- names --- */

/* The slot of this name, given now if it is new; `other` when none is left. */
static int slot_of(char **names, atomic_int *n, int most, struct str name, int other)
{
    int have = atomic_load_explicit(n, memory_order_relaxed);
    for (int i = other + 1; i < have; i++)
        if (str_eq(str_of(names[i]), name))
            return i;
    if (have == most)
        return other;
    names[have] = must(strndup(name.p, name.n));
    atomic_store_explicit(n, have + 1, memory_order_release);
    return have;
}

static int plugin_slot(struct metrics *m, struct str name)
{
    return slot_of(m->plugins, &m->n_plugins, METRICS_PLUGINS, name, 0);
}

void metrics_name(struct metrics *m, struct generation *g)
{
    for (int i = 0; i < g->n_all; i++)
        g->all[i]->slot = slot_of(m->routes, &m->n_routes, METRICS_ROUTES,
                                  g->all[i]->label, METRICS_OTHER);
    for (int i = 0; i < g->n_plugins; i++) {
        struct plugin *p = &g->plugins[i];
        p->slot = plugin_slot(m, p->manifest.name);
        quarantine_tie(p->quarantine, m->kills[p->slot]);
    }
    quarantine_tie(g->ward.policies, m->kills[plugin_slot(m, STR("policy"))]);
}

/* --- on main --- */

/* --- organizations with a full day --- */

enum { MINUTE_MS = 60 * 1000, COUNT_BITS = 32 };

/* Counted from 1, so that 0 is never. */
static uint32_t minute_of(int64_t boot_ms)
{
    return (uint32_t)(boot_ms / MINUTE_MS) + 1;
}

/* Two slots in turn: one is being counted, the other is the minute before, or older. */
void metrics_org_over(struct metrics *m, struct org *o, int64_t boot_ms)
{
    uint32_t minute = minute_of(boot_ms);
    if (atomic_exchange(&o->over_minute, minute) == minute)
        return;
    _Atomic uint64_t *slot = &m->over[minute & 1];
    uint64_t had = atomic_load(slot), now;
    do
        now =
            had >> COUNT_BITS == minute ? had + 1 : (uint64_t)minute << COUNT_BITS | 1;
    while (!atomic_compare_exchange_weak(slot, &had, now));
}

uint64_t metrics_orgs_over(const struct metrics *m, int64_t boot_ms)
{
    uint32_t minute = minute_of(boot_ms) - 1;
    uint64_t has = atomic_load(&m->over[minute & 1]);
    return has >> COUNT_BITS == minute ? (uint32_t)has : 0;
}

void metrics_reloaded(struct metrics *m, bool live, int64_t wall_ms)
{
    counter_add(live ? &m->reloads : &m->reloads_refused, 1);
    if (live)
        counter_set(&m->reloaded_ms, (uint64_t)wall_ms);
}

static int state_of(const struct key *k, int64_t wall_ms)
{
    if (atomic_load_explicit(&k->state, memory_order_relaxed) == KEY_REVOKED)
        return 1;
    if (k->expires_ms && k->expires_ms <= wall_ms)
        return 2;
    return k->not_before_ms > wall_ms ? 3 : 0;
}

void metrics_count_keys(struct metrics *m, const struct keyring *ring, int64_t wall_ms)
{
    uint64_t n[METRICS_KEY_STATES] = {0};
    size_t all = keyring_count(ring);
    for (size_t i = 0; i < all; i++)
        n[state_of(keyring_at(ring, i), wall_ms)]++;
    for (int i = 0; i < METRICS_KEY_STATES; i++)
        counter_set(&m->keys[i], n[i]);
}

/* --- on workers --- */

void metrics_end(struct metrics_worker *w, int slot, int status, int64_t micros)
{
    struct metrics_route *r = &w->routes[slot];
    int class = status / 100 - 1, i = 0;
    while (micros > buckets[i].micros)
        i++;
    counter_add(&r->buckets[i], 1);
    counter_add(&r->micros, micros > 0 ? (uint64_t)micros : 0);
    counter_add(&r->status[class >= 0 && class < METRICS_STATUSES ? class : 4], 1);
    counter_add(&w->ended, 1);
}

static int word(const char *const *words, int n, const char *text)
{
    int i = 0;
    while (i < n - 1 && strcmp(words[i], text) != 0)
        i++;
    return i;
}

void metrics_code(struct metrics_worker *w, const char *code)
{
    counter_add(&w->codes[word(codes, METRICS_CODES, code)], 1);
}

void metrics_fetched(struct metrics_worker *w, const char *fault)
{
    counter_add(&w->fetches[word(outcomes, METRICS_OUTCOMES, fault ? fault : "ok")], 1);
}

/* --- as text --- */

/* The sum over all workers of the counter that stands at `offset` in each. */
static uint64_t sum(const struct metrics *m, size_t offset)
{
    uint64_t n = 0;
    for (int i = 0; i < m->n_workers; i++) {
        const char *at = (const char *)m->workers[i] + offset;
        n += counter_read((const struct counter *)(const void *)at);
    }
    return n;
}
#define SUM(m, member) sum((m), offsetof(struct metrics_worker, member))
#define SUM_AT(m, member, i)                           \
    sum((m), offsetof(struct metrics_worker, member) + \
                 (size_t)(i) * sizeof(struct counter))
#define ROUTE_AT(m, slot, member, i)                         \
    sum((m), (size_t)(slot) * sizeof(struct metrics_route) + \
                 offsetof(struct metrics_route, member) +    \
                 (size_t)(i) * sizeof(struct counter))

/* "POST /notes" as two labels; the slots that are no route have no method. */
static void name_route(const struct metrics *m, int slot, struct prom_label labels[2])
{
    struct str method = STR("any"), path = str_of(m->routes[slot]), rest;
    if (slot > METRICS_OTHER && str_cut(path, ' ', &method, &rest))
        path = rest;
    labels[0] = (struct prom_label){"method", method};
    labels[1] = (struct prom_label){"route", path};
}

static void put_requests(const struct metrics *m, int n, struct buf *b)
{
    static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    static const char name[] = "kordless_http_requests_total";
    struct prom_label labels[3];
    prom_head(b, name, PROM_COUNTER,
              "Requests answered, by route and class of status.");
    for (int slot = 0; slot < n; slot++) {
        name_route(m, slot, labels);
        for (int i = 0; i < METRICS_STATUSES; i++) {
            uint64_t v = ROUTE_AT(m, slot, status, i);
            labels[2] = (struct prom_label){"status", str_of(classes[i])};
            if (v)
                prom_u64(b, name, "", labels, 3, v);
        }
    }
}

/* Buckets are read once, so that what is shown of one route agrees with itself. */
static void put_durations(const struct metrics *m, int n, struct buf *b)
{
    static const char name[] = "kordless_http_request_duration_seconds";
    struct prom_label labels[3];
    prom_head(b, name, PROM_HISTOGRAM,
              "From the whole request to the whole answer, waiting included.");
    for (int slot = 0; slot < n; slot++) {
        uint64_t counts[METRICS_BUCKETS], all = 0;
        for (int i = 0; i < METRICS_BUCKETS; i++)
            counts[i] = all += ROUTE_AT(m, slot, buckets, i);
        if (!all)
            continue;
        name_route(m, slot, labels);
        for (int i = 0; i < METRICS_BUCKETS; i++) {
            labels[2] = (struct prom_label){"le", str_of(buckets[i].le)};
            prom_u64(b, name, "_bucket", labels, 3, counts[i]);
        }
        prom_micros(b, name, "_sum", labels, 2, ROUTE_AT(m, slot, micros, 0));
        prom_u64(b, name, "_count", labels, 2, all);
    }
}

static void put_words(struct buf *b, const char *name, const char *label,
                      const char *const *words, const uint64_t *values, int n)
{
    for (int i = 0; i < n; i++)
        prom_u64(b, name, "", &(struct prom_label){label, str_of(words[i])}, 1,
                 values[i]);
}

#define PUT_WORDS(b, name, help, label, words, count, expression)  \
    do {                                                           \
        uint64_t values[count];                                    \
        for (int i = 0; i < (count); i++)                          \
            values[i] = (expression);                              \
        prom_head((b), (name), PROM_COUNTER, (help));              \
        put_words((b), (name), (label), (words), values, (count)); \
    } while (0)

static uint64_t net_sum(const struct metrics *m, size_t offset)
{
    uint64_t n = 0;
    for (int i = 0; i < m->n_workers; i++) {
        const struct net_counts *c = atomic_load(&m->workers[i]->net);
        const char *at = (const char *)c + offset;
        n += c ? counter_read((const struct counter *)(const void *)at) : 0;
    }
    return n;
}
#define NET(m, member) net_sum((m), offsetof(struct net_counts, member))

static void put_connections(const struct metrics *m, struct buf *b)
{
    static const char *const reasons[] = {"address", "total", "descriptors"};
    const uint64_t shed[] = {NET(m, shed_address), NET(m, shed_total), SUM(m, shed)};
    uint64_t closed = NET(m, closed), accepted = NET(m, accepted);
    prom_one(b, "kordless_connections_accepted_total", PROM_COUNTER,
             "Connections taken in.", accepted);
    prom_one(b, "kordless_connections_open", PROM_GAUGE, "Connections open now.",
             accepted > closed ? accepted - closed : 0);
    prom_head(b, "kordless_connections_shed_total", PROM_COUNTER,
              "Connections closed at once, by the cap that was reached.");
    put_words(b, "kordless_connections_shed_total", "reason", reasons, shed, 3);
    prom_one(b, "kordless_http_malformed_requests_total", PROM_COUNTER,
             "Messages refused before anybody asked what they want, late ones too.",
             NET(m, malformed));
}

static void put_keys(const struct metrics *m, struct buf *b)
{
    uint64_t n[METRICS_KEY_STATES];
    for (int i = 0; i < METRICS_KEY_STATES; i++)
        n[i] = counter_read(&m->keys[i]);
    prom_head(b, "kordless_keys", PROM_GAUGE,
              "API keys by state, counted every ten seconds.");
    put_words(b, "kordless_keys", "state", key_states, n, METRICS_KEY_STATES);
}

static void put_plugins(const struct metrics *m, struct buf *b)
{
    static const char *const reasons[] = {
        [KILL_BUDGET] = "budget", [KILL_MEMORY] = "memory"};
    int n = atomic_load_explicit(&m->n_plugins, memory_order_acquire);
    struct prom_label labels[2];
    prom_head(b, "kordless_lua_calls_total", PROM_COUNTER,
              "Handlers begun, of requests, jobs and hooks.");
    for (int i = 0; i < n; i++) {
        labels[0] = (struct prom_label){"plugin", str_of(m->plugins[i])};
        prom_u64(b, "kordless_lua_calls_total", "", labels, 1, SUM_AT(m, calls, i));
    }
    prom_head(b, "kordless_lua_kills_total", PROM_COUNTER,
              "Calls ended for what they used up; plugin \"policy\": the scripts.");
    for (int i = 0; i < n; i++) {
        for (int why = 0; why < KILLS; why++) {
            labels[0] = (struct prom_label){"plugin", str_of(m->plugins[i])};
            labels[1] = (struct prom_label){"reason", str_of(reasons[why])};
            prom_u64(b, "kordless_lua_kills_total", "", labels, 2,
                     counter_read(&m->kills[i][why]));
        }
    }
    prom_head(
        b, "kordless_lua_state_bytes", PROM_GAUGE,
        "Memory of a plugin's states on the workers, at the end of their last call.");
    for (int i = 0; i < n; i++) {
        labels[0] = (struct prom_label){"plugin", str_of(m->plugins[i])};
        prom_u64(b, "kordless_lua_state_bytes", "", labels, 1, SUM_AT(m, memory, i));
    }
    prom_one(b, "kordless_policy_failures_total", PROM_COUNTER,
             "Requests refused because a policy failed.", SUM(m, policy_failures));
}

void metrics_put(const struct metrics *m, struct buf *b)
{
    static const char *const results[] = {"success", "refused"};
    const uint64_t reloads[] = {counter_read(&m->reloads),
                                counter_read(&m->reloads_refused)};
    uint64_t reloaded = counter_read(&m->reloaded_ms);
    int n = atomic_load_explicit(&m->n_routes, memory_order_acquire);
    uint64_t ended = SUM(m, ended), begun = SUM(m, begun); /* ended first: never less */
    put_requests(m, n, b);
    put_durations(m, n, b);
    prom_one(b, "kordless_http_requests_in_flight", PROM_GAUGE,
             "Requests begun and not answered, this one too.",
             begun > ended ? begun - ended : 0);
    put_connections(m, b);
    PUT_WORDS(b, "kordless_auth_failures_total",
              "Callers turned away for what they sent to prove who they are.", "code",
              codes, METRICS_CODES, SUM_AT(m, codes, i));
    PUT_WORDS(b, "kordless_rate_limit_refusals_total",
              "Requests answered 429, by the window that was full longest.", "window",
              windows, METRICS_WINDOWS, SUM_AT(m, windows, i));
    PUT_WORDS(b, "kordless_quota_unenforced_total",
              "Requests over their limits that the policy's mode let through.", "mode",
              modes, METRICS_MODES, SUM_AT(m, unenforced, i));
    PUT_WORDS(b, "kordless_fetches_total", "Outgoing requests by what came of them.",
              "outcome", outcomes, METRICS_OUTCOMES, SUM_AT(m, fetches, i));
    put_keys(m, b);
    put_plugins(m, b);
    prom_head(b, "kordless_reloads_total", PROM_COUNTER,
              "Reloads and rollbacks, dry runs left out.");
    put_words(b, "kordless_reloads_total", "result", results, reloads, 2);
    prom_one(b, "kordless_reload_last_success_timestamp_seconds", PROM_GAUGE,
             "When the sources that run went live.",
             (reloaded ? reloaded : (uint64_t)m->started_ms) / 1000);
}
