#include "lua/quota.h"

#include <lauxlib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "lua/entry.h"
#include "lua/lib.h"
#include "lua/unit.h"

enum { CLASSES_MAX = 10000, BUCKETS = 1024, READS_MAX = 8, LIMIT_MOST = 1000000 };

/* What a policy may read of a key, in the order of a class's text. */
enum input { INPUT_PLAN, INPUT_ENVIRONMENT, INPUTS };
static const char *const input_names[INPUTS] = {"plan", "environment"};

struct class
{
    struct class *next;
    struct str text; /* the values read, each ended by a NUL */
    struct limit_rule rule;
    uint32_t index;
};

struct quota {
    uint32_t epoch;
    unsigned reads; /* bits of enum input */
    struct unit *unit;
    struct log *log;
    int table_ref;
    pthread_mutex_t
        lock; /* guards all below, and the unit; rules never change once set */
    struct arena arena;
    struct class *buckets[BUCKETS];
    _Atomic(struct class *) classes[CLASSES_MAX + 1]; /* 0: the defaults */
    atomic_int n; /* changes under the lock, is read by anybody */
};

static const struct limit_rule defaults = {{100, 1000, 10000}};

static struct str input_of(const struct key *k, enum input i)
{
    static const struct str environments[] = {STR(""), STR("production"),
                                              STR("development")};
    return i == INPUT_PLAN ? keyring_plan(k->org) : environments[k->environment];
}

static void class_text(const struct quota *q, const struct key *k, struct buf *out)
{
    for (int i = 0; i < INPUTS; i++) {
        if (q->reads & 1u << i)
            buf_str(out, input_of(k, (enum input)i));
        buf_char(out, '\0');
    }
}

static unsigned hash(struct str s)
{
    unsigned h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return h % BUCKETS;
}

/* --- asking the script --- */

struct asking {
    struct quota *q;
    const struct key *key;
    struct limit_rule rule;
};

static uint32_t limit_at(lua_State *L, const char *name)
{
    int exact;
    lua_pushstring(L, name);
    if (lua_rawget(L, -2) == LUA_TNIL)
        luaL_error(L, "limits returned no '%s'", name);
    lua_Integer v = lua_tointegerx(L, -1, &exact);
    if (!exact || v < 1 || v > LIMIT_MOST)
        luaL_error(L, "limits: '%s' must be a whole number from 1 to 1000000", name);
    lua_pop(L, 1);
    return (uint32_t)v;
}

static int l_ask(lua_State *L)
{
    static const char *const names[] = {"per_minute", "per_hour", "per_day"};
    struct asking *a = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->q->table_ref);
    lua_pushliteral(L, "limits");
    if (lua_rawget(L, -2) != LUA_TFUNCTION)
        return luaL_error(L, "quota.lua has no function 'limits'");
    lua_createtable(L, 0, INPUTS);
    for (int i = 0; i < INPUTS; i++) {
        struct str v = input_of(a->key, (enum input)i);
        if (!(a->q->reads & 1u << i) || v.n == 0)
            continue;
        lua_pushlstring(L, v.p, v.n);
        lua_setfield(L, -2, input_names[i]);
    }
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "limits must return a table");
    for (int w = 0; w < LIMIT_WINDOWS; w++)
        a->rule.limit[w] = limit_at(L, names[w]);
    return 0;
}

static bool ask(struct quota *q, const struct key *k, struct limit_rule *out,
                struct buf *why)
{
    struct asking a = {.q = q, .key = k};
    struct budget budget = {BUDGET_TRANSACTION, 0};
    int n;
    lua_State *co = vm_thread(q->unit->vm);
    lua_pushcfunction(co, l_ask);
    lua_pushlightuserdata(co, &a);
    enum vm_end end = vm_run(q->unit->vm, co, 1, &budget, &n, why);
    vm_thread_end(q->unit->vm, co, end != VM_DONE);
    if (end == VM_DONE)
        *out = a.rule;
    return end == VM_DONE;
}

/* The class of this key, evaluated if it is new. False: it is new and the script fails.
 */
static bool class_of(struct quota *q, const struct key *k, const struct class **out,
                     struct buf *why)
{
    struct buf text;
    struct class *c;
    struct limit_rule rule;
    buf_init(&text);
    class_text(q, k, &text);
    struct class **bucket = &q->buckets[hash(buf_slice(&text))];
    for (c = *bucket; c && !str_eq(c->text, buf_slice(&text)); c = c->next)
        ;
    bool ok = c || (q->n < CLASSES_MAX && ask(q, k, &rule, why));
    if (ok && !c) {
        c = arena_zero(&q->arena, sizeof(*c));
        *c = (struct class){.next = *bucket,
                            .text = arena_str(&q->arena, buf_slice(&text)),
                            .rule = rule,
                            .index = (uint32_t)++q->n};
        *bucket = c;
        atomic_store_explicit(&q->classes[c->index], c, memory_order_release);
    }
    buf_end(&text);
    *out = c;
    return ok;
}

/* A mark on a key: whose answer it is, of which inputs, and which.
 *
 *   63        44 43        24 23         0
 *   ┌───────────┬────────────┬────────────┐
 *   │   epoch   │   inputs   │   class    │
 *   └───────────┴────────────┴────────────┘
 *
 * `inputs` counts the changes of what a policy may read. It is read before they are: one
 * that comes in between leaves a mark that is no longer true, and is asked again. */
enum { MARK_BITS = 20, CLASS_BITS = 24 };

static uint64_t mark_head(const struct quota *q, const struct key *k)
{
    uint64_t inputs = (uint64_t)atomic_load_explicit(&k->inputs, memory_order_acquire) +
                      atomic_load_explicit(&k->org->inputs, memory_order_acquire);
    uint64_t most = (1u << MARK_BITS) - 1;
    return ((uint64_t)q->epoch & most) << (MARK_BITS + CLASS_BITS) |
           (inputs & most) << CLASS_BITS;
}

static const struct limit_rule *first_look(struct quota *q, struct key *k)
{
    uint64_t head = mark_head(q, k);
    const struct class *c;
    struct buf why;
    buf_init(&why);
    pthread_mutex_lock(&q->lock);
    bool ok = class_of(q, k, &c, &why);
    pthread_mutex_unlock(&q->lock);
    if (!ok)
        LOG(q->log, LOG_ERROR, "quota_failed", LOG_C("key", k->id),
            LOG_T("why", buf_slice(&why)));
    buf_end(&why);
    uint64_t index = ok ? c->index : 0;
    atomic_store_explicit(&k->quota, head | index, memory_order_release);
    return ok ? &c->rule : &defaults;
}

const struct limit_rule *quota_rule(struct quota *q, struct key *k)
{
    uint64_t mark = atomic_load_explicit(&k->quota, memory_order_acquire);
    uint32_t index = (uint32_t)mark & ((1u << CLASS_BITS) - 1);
    if (mark - index != mark_head(q, k))
        return first_look(q, k);
    if (index == 0)
        return &defaults;
    return &atomic_load_explicit(&q->classes[index], memory_order_acquire)->rule;
}

/* --- comparing --- */

/* As quota_rule, but the key's mark stays the live generation's. */
static const struct limit_rule *rule_unmarked(struct quota *q, const struct key *k)
{
    uint64_t mark = atomic_load_explicit(&k->quota, memory_order_acquire);
    const struct class *c;
    struct buf why;
    uint32_t index = (uint32_t)mark & ((1u << CLASS_BITS) - 1);
    if (index && mark - index == mark_head(q, k))
        return &atomic_load_explicit(&q->classes[index], memory_order_acquire)->rule;
    buf_init(&why);
    pthread_mutex_lock(&q->lock);
    bool ok = class_of(q, k, &c, &why);
    pthread_mutex_unlock(&q->lock);
    buf_end(&why);
    return ok ? &c->rule : &defaults;
}

static void compare_rules(const struct limit_rule *from, const struct limit_rule *to,
                          struct quota_change *out)
{
    bool less = false, more = false;
    for (int w = 0; w < LIMIT_WINDOWS; w++) {
        less = less || to->limit[w] < from->limit[w];
        more = more || to->limit[w] > from->limit[w];
    }
    out->keys++;
    out->tighter += less;
    out->looser += more && !less;
}

void quota_compare(struct quota *from, struct quota *to, const struct keyring *ring,
                   int64_t wall_ms, struct quota_change *out)
{
    size_t n = keyring_count(ring);
    *out = (struct quota_change){0};
    for (size_t i = 0; i < n; i++) {
        const struct key *k = keyring_at(ring, i);
        int64_t expires_ms = atomic_load(&k->expires_ms);
        if (atomic_load(&k->state) == KEY_REVOKED ||
            (expires_ms && expires_ms <= wall_ms))
            continue;
        compare_rules(rule_unmarked(from, k), rule_unmarked(to, k), out);
    }
}

int quota_classes(const struct quota *q)
{
    return atomic_load(&q->n);
}

/* --- loading --- */

struct look {
    struct quota *q;
    const char *file;
    struct buf *faults;
};

static int read_input(struct look *l, const char *name)
{
    for (int k = 0; k < INPUTS; k++) {
        if (name && strcmp(name, input_names[k]) == 0) {
            l->q->reads |= 1u << k;
            return 0;
        }
    }
    buf_fmt(l->faults, "%s: reads: '%s' is none of plan environment\n", l->file,
            name ? name : "(no string)");
    return ERR_INVALID;
}

static int read_reads(lua_State *L, struct look *l)
{
    int err = 0, n = 0;
    lua_pushliteral(L, "reads");
    int type = lua_rawget(L, -2);
    if (type == LUA_TTABLE)
        n = (int)lua_rawlen(L, -1);
    if (type != LUA_TNIL &&
        (type != LUA_TTABLE || !json_only_positions(L, lua_gettop(L), n))) {
        buf_fmt(l->faults, "%s: reads: must be a list\n", l->file);
        err = ERR_INVALID;
    }
    for (int i = 1; i <= n && i <= READS_MAX; i++) {
        int t = lua_rawgeti(L, -1, i);
        int e = read_input(l, t == LUA_TSTRING ? lua_tostring(L, -1) : NULL);
        err = err ? err : e;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return err;
}

static int look(lua_State *L, void *ctx)
{
    struct look *l = ctx;
    int err = read_reads(L, l);
    int e = entry_tests(L, l->file, l->faults);
    err = err ? err : e;
    l->q->table_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return err;
}

static int load(struct quota *q, const struct source *s, struct buf *faults)
{
    struct look l = {q, s->name.p, faults};
    struct entry e = {.source = s, .instructions = 1000000, .look = look, .ctx = &l};
    return entry_run(q->unit->vm, &e, faults);
}

/* Every class there is gets its rule now, so that a bad one never goes live. With no
 * key yet, the class of none is tried: the script must work for someone. */
static int evaluate_all(struct quota *q, const struct keyring *ring, const char *file,
                        struct buf *faults)
{
    struct org nobody = {.plan = NULL};
    const struct key none = {.org = &nobody, .environment = ENV_PRODUCTION};
    const struct class *c;
    struct buf why;
    size_t count = keyring_count(ring);
    bool ok = true;
    buf_init(&why);
    for (size_t i = 0; i <= count && q->n < CLASSES_MAX && ok; i++)
        ok = class_of(q, i < count ? keyring_at(ring, i) : &none, &c, &why);
    if (!ok) {
        buf_fmt(faults, "%s: limits: ", file);
        entry_fault(faults, buf_slice(&why));
    }
    buf_end(&why);
    return ok ? 0 : ERR_INVALID;
}

int quota_new(struct quota **out, const struct folder *scripts, struct zones *zones,
              struct log *log, const struct keyring *ring, uint32_t epoch,
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
    q->log = log;
    arena_init(&q->arena);
    int err = unit_new(&q->unit, &o, faults);
    err = err ? err : load(q, s, faults);
    err = err ? err : evaluate_all(q, ring, s->name.p, faults);
    if (err)
        quota_free(q);
    else
        *out = q;
    return err;
}

void quota_free(struct quota *q)
{
    if (!q)
        return;
    unit_free(q->unit);
    arena_end(&q->arena);
    pthread_mutex_destroy(&q->lock);
    free(q);
}
