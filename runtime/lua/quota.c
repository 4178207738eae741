#include "lua/quota_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "guard/tags.h"
#include "lua/entry.h"

enum { CLASSES_EARLY = 10000, BUCKETS = 1024 };

struct interned {
    struct quota_class class; /* first */
    struct interned *next;
    struct str text; /* the values read, each ended by a NUL */
    uint32_t index;
};

static void class_text(const struct quota *q, const struct key *k, struct buf *out)
{
    char scratch[32];
    for (int i = 0; i < INPUTS; i++) {
        if (q->reads & 1u << i)
            buf_str(out, quota_input(k, (enum quota_input)i, scratch));
        buf_char(out, '\0');
    }
}

static size_t hash(struct str s)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

/* --- classes --- */

static struct interned *class_at(const struct quota *q, uint32_t index)
{
    struct interned **chunk =
        atomic_load_explicit(&q->chunks[index / CLASS_CHUNK], memory_order_acquire);
    return chunk[index % CLASS_CHUNK];
}

static struct interned **bucket_of(const struct quota *q, struct str text)
{
    return &q->buckets[hash(text) & (q->n_buckets - 1)];
}

static void grow_buckets(struct quota *q)
{
    size_t n = q->n_buckets;
    struct interned **old = q->buckets;
    q->n_buckets = n ? n * 4 : BUCKETS;
    q->buckets = calloc(q->n_buckets, sizeof(*q->buckets));
    if (!q->buckets)
        abort();
    for (size_t i = 0; i < n; i++)
        for (struct interned *c = old[i], *next; c; c = next) {
            struct interned **b = bucket_of(q, c->text);
            next = c->next;
            c->next = *b;
            *b = c;
        }
    free(old);
}

static struct interned *intern(struct quota *q, struct str text,
                               const struct quota_class *as)
{
    uint32_t index = (uint32_t)q->n + 1; /* 0 is the defaults */
    if ((size_t)q->n >= q->n_buckets * 2)
        grow_buckets(q);
    struct interned **bucket = bucket_of(q, text);
    struct interned *c = arena_zero(&q->arena, sizeof(*c));
    struct interned **chunk = atomic_load(&q->chunks[index / CLASS_CHUNK]);
    if (!chunk)
        chunk = arena_zero(&q->arena, sizeof(struct interned *) * CLASS_CHUNK);
    *c = (struct interned){.class = *as,
                           .next = *bucket,
                           .text = arena_str(&q->arena, text),
                           .index = index};
    *bucket = c;
    chunk[index % CLASS_CHUNK] = c;
    atomic_store_explicit(&q->chunks[index / CLASS_CHUNK], chunk, memory_order_release);
    q->n++;
    return c;
}

/* The class of this key, evaluated if it is new. NULL: it is new and the script fails,
 * or there are a million already. */
static struct interned *find_class(struct quota *q, const struct key *k,
                                   struct buf *why)
{
    struct quota_class made = {.mode = QUOTA_ENFORCE};
    struct interned *c;
    struct buf text;
    buf_init(&text);
    class_text(q, k, &text);
    for (c = *bucket_of(q, buf_slice(&text)); c; c = c->next)
        if (str_eq(c->text, buf_slice(&text)))
            break;
    if (!c && q->n >= CLASS_CHUNK * CLASS_CHUNKS - 1)
        buf_lit(why, "there are too many classes of keys; read less of them");
    else if (!c && quota_script_ask(q, k, &made, why))
        c = intern(q, buf_slice(&text), &made);
    buf_end(&text);
    return c;
}

/* --- marks --- */

/* A mark on a key: whose answer it is, of which inputs, and which.
 *
 *   63        44 43        24 23         0
 *   ┌───────────┬────────────┬────────────┐
 *   │   epoch   │   inputs   │   class    │
 *   └───────────┴────────────┴────────────┘
 *
 * `inputs` counts the changes of what a policy may read. It is read before they are:
 * one that comes in between leaves a mark that is no longer true, and is asked again.
 */
enum { MARK_BITS = 20, CLASS_BITS = 24 };

static uint64_t mark_head(const struct quota *q, const struct key *k)
{
    uint64_t inputs = (uint64_t)atomic_load_explicit(&k->inputs, memory_order_acquire) +
                      atomic_load_explicit(&k->org->inputs, memory_order_acquire);
    uint64_t most = (1u << MARK_BITS) - 1;
    return ((uint64_t)q->epoch & most) << (MARK_BITS + CLASS_BITS) | (inputs & most)
                                                                         << CLASS_BITS;
}

static struct quota_class *first_look(struct quota *q, struct key *k)
{
    uint64_t head = mark_head(q, k);
    struct buf why;
    buf_init(&why);
    pthread_mutex_lock(&q->lock);
    struct interned *c = find_class(q, k, &why);
    pthread_mutex_unlock(&q->lock);
    if (!c)
        LOG(q->log, LOG_ERROR, "quota_failed", LOG_C("key", k->id),
            LOG_T("why", buf_slice(&why)));
    buf_end(&why);
    atomic_store_explicit(&k->quota, head | (c ? c->index : 0), memory_order_release);
    return c ? &c->class : &q->failed;
}

static struct quota_class *marked(struct quota *q, const struct key *k)
{
    uint64_t mark = atomic_load_explicit(&k->quota, memory_order_acquire);
    uint32_t index = (uint32_t)mark & ((1u << CLASS_BITS) - 1);
    if (mark - index != mark_head(q, k))
        return NULL;
    return index ? &class_at(q, index)->class : &q->failed;
}

struct quota_class *quota_class(struct quota *q, struct key *k)
{
    struct quota_class *c = marked(q, k);
    return c ? c : first_look(q, k);
}

static void add_overrides(const struct key *k, int64_t wall_ms, struct limit_rule *rule)
{
    override_apply(keyring_now(k->limits), wall_ms, rule);
    override_apply(keyring_now(k->org->limits), wall_ms, rule);
}

struct quota_class *quota_terms(struct quota *q, struct key *k, int64_t wall_ms,
                                struct limit_rule *rule)
{
    struct quota_class *c = quota_class(q, k);
    *rule = c->rule;
    add_overrides(k, wall_ms, rule);
    return c;
}

/* --- telling --- */

int quota_classes(const struct quota *q)
{
    return atomic_load(&q->n);
}

const char *quota_hash(const struct quota *q)
{
    return q->hash;
}

static void put_tags(struct buf *out, struct str tags)
{
    struct str word;
    buf_char(out, '[');
    for (bool more = false; tags_next(&tags, &word); more = true)
        buf_fmt(out, "%s\"%.*s\"", more ? "," : "", (int)word.n, word.p);
    buf_char(out, ']');
}

void quota_put_inputs(const struct quota *q, const struct key *k, struct buf *out)
{
    char scratch[32];
    for (int i = 0; i < INPUTS; i++) {
        struct str v = quota_input(k, (enum quota_input)i, scratch);
        if (!(q->reads & 1u << i))
            continue;
        buf_fmt(out, "%s\"%s\":", out->p[out->n - 1] == '{' ? "" : ",",
                quota_input_names[i]);
        if (i == INPUT_METADATA && v.n)
            buf_str(out, v);
        else if (i == INPUT_TAGS)
            put_tags(out, v);
        else if (v.n == 0 || json_put_string(out, v))
            buf_lit(out, "null");
    }
}

/* --- comparing --- */

/* As quota_class, but the key's mark stays the live generation's. */
static struct quota_class *class_unmarked(struct quota *q, const struct key *k)
{
    struct quota_class *known = marked(q, k);
    struct buf why;
    if (known && known != &q->failed)
        return known;
    buf_init(&why);
    pthread_mutex_lock(&q->lock);
    struct interned *c = find_class(q, k, &why);
    pthread_mutex_unlock(&q->lock);
    buf_end(&why);
    return c ? &c->class : &q->failed;
}

static uint32_t cost_before(const struct quota *from, struct str label)
{
    for (int i = 0; i < from->n_routes; i++)
        if (str_eq(from->routes[i].label, label))
            return from->routes[i].cost;
    return 0;
}

static void compare_costs(const struct quota *from, const struct quota *to,
                          struct arena *a, struct quota_change *out)
{
    out->costs = arena_alloc(a, sizeof(*out->costs) * ((size_t)to->n_routes + 1));
    for (int i = 0; i < to->n_routes; i++) {
        const struct quota_route *r = &to->routes[i];
        uint32_t was = cost_before(from, r->label);
        if (was && was != r->cost)
            out->costs[out->n_costs++] =
                (struct quota_cost){r->label, scope_bit(r->scope), was, r->cost};
    }
}

/* No request costs more than the smallest window takes: beyond it nothing changes. */
static void count_costs(const struct quota_change *c, uint32_t scopes,
                        struct quota_listed *l)
{
    uint32_t most = l->to.limit[0];
    for (int w = 1; w < LIMIT_WINDOWS; w++)
        most = l->to.limit[w] < most ? l->to.limit[w] : most;
    for (int i = 0; i < c->n_costs; i++) {
        const struct quota_cost *cost = &c->costs[i];
        if (cost->scope && !(cost->scope & scopes))
            continue;
        l->dearer += cost->to > cost->from && cost->from < most;
        l->cheaper += cost->to < cost->from && cost->to < most;
    }
}

static void compare_one(const struct key *k, int64_t wall_ms,
                        const struct quota_class *from, const struct quota_class *to,
                        struct quota_change *out)
{
    struct quota_listed l = {.key = k,
                             .from = from->rule,
                             .to = to->rule,
                             .mode_from = from->mode,
                             .mode_to = to->mode};
    uint32_t had = keyring_now(k->scopes) & from->scopes;
    uint32_t has = keyring_now(k->scopes) & to->scopes;
    add_overrides(k, wall_ms, &l.from);
    add_overrides(k, wall_ms, &l.to);
    l.lost = had & ~has;
    count_costs(out, had & has, &l);
    l.tighter = l.lost || l.dearer ||
                (to->mode == QUOTA_ENFORCE && from->mode != QUOTA_ENFORCE);
    bool more = (has & ~had) || l.cheaper ||
                (from->mode == QUOTA_ENFORCE && to->mode != QUOTA_ENFORCE);
    for (int w = 0; w < LIMIT_WINDOWS; w++) {
        l.tighter = l.tighter || l.to.limit[w] < l.from.limit[w];
        more = more || l.to.limit[w] > l.from.limit[w];
    }
    out->keys++;
    out->tighter += l.tighter;
    out->looser += more && !l.tighter;
    if ((l.tighter || more) && out->n_listed < QUOTA_LISTED)
        out->listed[out->n_listed++] = l;
}

void quota_compare(struct quota *from, struct quota *to, const struct keyring *ring,
                   int64_t wall_ms, struct arena *a, struct quota_change *out)
{
    size_t n = keyring_count(ring);
    *out = (struct quota_change){0};
    compare_costs(from, to, a, out);
    for (size_t i = 0; i < n; i++) {
        const struct key *k = keyring_at(ring, i);
        int64_t expires_ms = keyring_now(k->expires_ms);
        if (atomic_load(&k->state) == KEY_REVOKED ||
            (expires_ms && expires_ms <= wall_ms))
            continue;
        compare_one(k, wall_ms, class_unmarked(from, k), class_unmarked(to, k), out);
    }
}

/* --- loading --- */

/* Every class there is gets its answer now, so that a bad one never goes live. With no
 * key yet, the class of none is tried: the script must work for someone. Without
 * `faults` the first bad one only ends this: a key that was made or changed since must
 * not keep the server from starting, and has the defaults when it is met. */
static int evaluate_all(struct quota *q, const struct keyring *ring, struct buf *faults)
{
    struct org nobody = {.suspended = 0};
    const struct key none = {.org = &nobody, .environment = ENV_PRODUCTION};
    struct buf why;
    size_t count = keyring_count(ring);
    bool ok = true;
    buf_init(&why);
    for (size_t i = 0; i <= count && q->n < CLASSES_EARLY && ok; i++)
        ok = find_class(q, i < count ? keyring_at(ring, i) : &none, &why) != NULL;
    if (!ok && faults) {
        buf_fmt(faults, "%s: limits: ", q->file);
        entry_fault(faults, buf_slice(&why));
    }
    buf_end(&why);
    return ok || !faults ? 0 : ERR_INVALID;
}

int quota_new(struct quota **out, const struct folder *scripts, struct zones *zones,
              struct log *log, const struct keyring *ring, uint32_t epoch, bool kept,
              struct buf *faults)
{
    const struct source *s = source_find(scripts, STR("quota"));
    struct unit_options o = {
        .role = UNIT_POLICY, .scripts = scripts, .zones = zones, .log = log};
    if (!s) {
        buf_fmt(faults, "%s/quota.lua: is missing\n", scripts->path.p);
        return ERR_INVALID;
    }
    struct quota *q = calloc(1, sizeof(*q));
    if (!q || pthread_mutex_init(&q->lock, NULL) != 0)
        abort();
    q->epoch = epoch;
    q->scripts = scripts;
    q->zones = zones;
    q->log = log;
    q->failed = (struct quota_class){
        .rule = {{QUOTA_DEFAULT_MINUTE, QUOTA_DEFAULT_HOUR, QUOTA_DEFAULT_DAY}},
        .scopes = SCOPE_ALL,
        .failed = true};
    arena_init(&q->arena);
    grow_buckets(q);
    source_hash(s, q->hash);
    int err = unit_new(&q->unit, &o, faults);
    err = err ? err : quota_script_load(q, s, faults);
    err = err ? err : evaluate_all(q, ring, kept ? NULL : faults);
    if (err)
        quota_free(q);
    else
        *out = q;
    return err;
}

/* An epoch that no generation has, so that no key's mark is taken for its. */
enum { EPOCH_TRIAL = (1 << MARK_BITS) - 1 };

static void replace(struct folder *scripts, struct source *files, struct str text)
{
    memcpy(files, scripts->files, sizeof(*files) * (size_t)scripts->n_files);
    scripts->files = files;
    for (int i = 0; i < scripts->n_files; i++)
        if (str_eq(files[i].module, STR("quota")))
            files[i] = (struct source){
                .module = STR("quota"), .name = STR("quota.lua"), .text = text};
}

static int try_costs(const struct quota *live, struct quota *trial, struct arena *a,
                     struct buf *faults)
{
    size_t n = (size_t)live->n_routes;
    struct quota_route *routes = arena_alloc(a, (n + 1) * sizeof(*routes));
    if (n)
        memcpy(routes, live->routes, n * sizeof(*routes));
    return quota_costs(trial, routes, live->n_routes, faults);
}

int quota_try(struct quota *live, struct str text, const struct keyring *ring,
              int64_t wall_ms, struct arena *a, struct quota_change *out, char hash[17],
              struct buf *faults)
{
    struct folder scripts = *live->scripts;
    struct source *files = calloc((size_t)scripts.n_files + 1, sizeof(*files));
    struct quota *trial = NULL;
    if (!files)
        abort();
    replace(&scripts, files, text);
    int err = quota_new(&trial, &scripts, live->zones, live->log, ring, EPOCH_TRIAL,
                        false, faults);
    err = err ? err : try_costs(live, trial, a, faults);
    if (!err) {
        memcpy(hash, trial->hash, sizeof(trial->hash));
        quota_compare(live, trial, ring, wall_ms, a, out);
    }
    quota_free(trial);
    free(files);
    return err;
}

void quota_free(struct quota *q)
{
    if (!q)
        return;
    unit_free(q->unit);
    arena_end(&q->arena);
    free(q->buckets);
    pthread_mutex_destroy(&q->lock);
    free(q);
}
