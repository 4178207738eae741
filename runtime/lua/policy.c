#include "lua/policy.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "lua/data.h"
#include "lua/entry.h"
#include "lua/trail.h"

/* The answer to one question about 10,000 slots fits; a transaction's bound would not
 * do. */
enum { POLICY_FILES_MAX = 32, POLICY_BUDGET = 2000000, POLICY_DATA_MAX = 4 << 20 };

struct policy_file {
    struct str module;
    int ref;
    char hash[17];
};

struct policies {
    struct unit *unit;
    struct policy_file files[POLICY_FILES_MAX];
    int n;
    int64_t cost; /* of the last question */
    int allowed;  /* since the last that was sampled */
};

struct look {
    struct policy_file *file;
    const char *name;
    struct buf *faults;
};

static int look(lua_State *L, void *ctx)
{
    const struct look *l = ctx;
    int err = entry_tests(L, l->name, l->faults);
    l->file->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return err;
}

static int load(struct policies *p, const struct source *s, struct buf *faults)
{
    if (p->n == POLICY_FILES_MAX) {
        buf_fmt(faults, "%s: more than %d scripts\n", s->name.p, POLICY_FILES_MAX);
        return ERR_INVALID;
    }
    struct policy_file *f = &p->files[p->n++];
    struct look l = {f, s->name.p, faults};
    struct entry e = {.source = s, .instructions = 1000000, .look = look, .ctx = &l};
    f->module = s->module;
    source_hash(s, f->hash);
    return entry_run(p->unit->vm, &e, faults);
}

/* The server's own scripts are read elsewhere; their faults are told there. */
static bool is_servers(struct str module)
{
    return str_eq(module, STR("kordless")) || str_eq(module, STR("quota"));
}

int policies_new(struct policies **out, const struct folder *scripts,
                 struct zones *zones, struct log *log, struct buf *faults)
{
    struct policies *p = calloc(1, sizeof(*p));
    struct unit_options o = {
        .role = UNIT_POLICY, .scripts = scripts, .zones = zones, .log = log};
    if (!p)
        abort();
    int err = unit_new(&p->unit, &o, faults);
    for (int i = 0; p->unit && i < scripts->n_files; i++) {
        if (is_servers(scripts->files[i].module))
            continue;
        int e = load(p, &scripts->files[i], faults);
        err = err ? err : e;
    }
    if (err)
        policies_free(p);
    else
        *out = p;
    return err;
}

void policies_free(struct policies *p)
{
    if (!p)
        return;
    unit_free(p->unit);
    free(p);
}

static const struct policy_file *find(const struct policies *p, struct str file)
{
    for (int i = 0; i < p->n; i++)
        if (str_eq(p->files[i].module, file))
            return &p->files[i];
    return NULL;
}

struct str policies_hash(struct policies *p, struct str file)
{
    const struct policy_file *f = find(p, file);
    return str_of(f ? f->hash : "");
}

struct question {
    const struct policy_file *file;
    struct str name, args;
    struct buf *result, *why;
    int err;
    bool has;
};

/* Raw look-ups: a policy cannot answer for a name by a metamethod. */
static bool push_function(lua_State *L, const struct question *q)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, q->file->ref);
    lua_pushlstring(L, q->name.p, q->name.n);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    return lua_isfunction(L, -1);
}

static int l_ask(lua_State *L)
{
    struct question *q = lua_touserdata(L, 1);
    if (!push_function(L, q)) {
        q->err = ERR_NOT_FOUND;
        return 0;
    }
    q->err = data_unpack(L, q->args);
    if (q->err)
        return 0;
    lua_call(L, 1, 1);
    q->err = data_pack(L, -1, POLICY_DATA_MAX, q->result, q->why);
    return 0;
}

static int l_has(lua_State *L)
{
    struct question *q = lua_touserdata(L, 1);
    q->has = push_function(L, q);
    return 0;
}

static int ask(struct policies *p, struct question *q, lua_CFunction how)
{
    static const int errors[] = {[VM_DONE] = 0,
                                 [VM_YIELD] = ERR_INVALID,
                                 [VM_ERROR] = ERR_INVALID,
                                 [VM_BUDGET] = ERR_BUDGET,
                                 [VM_MEMORY] = ERR_NOMEM};
    struct budget budget = {POLICY_BUDGET, 0};
    int n;
    lua_State *co = vm_thread(p->unit->vm);
    lua_pushcfunction(co, how);
    lua_pushlightuserdata(co, q);
    enum vm_end end = vm_run(p->unit->vm, co, 1, &budget, &n, q->why);
    vm_thread_end(p->unit->vm, co, end != VM_DONE);
    p->cost = POLICY_BUDGET - budget.instructions;
    return errors[end] ? errors[end] : q->err;
}

int64_t policies_cost(const struct policies *p)
{
    return p->cost;
}

bool policies_sample(struct policies *p, int every)
{
    if (every < 1 || ++p->allowed < every)
        return false;
    p->allowed = 0;
    return true;
}

bool policies_has(struct policies *p, struct str file, struct str name)
{
    struct buf why;
    struct question q = {.file = find(p, file), .name = name, .why = &why};
    if (!q.file)
        return false;
    buf_init(&why);
    int err = ask(p, &q, l_has);
    buf_end(&why);
    return !err && q.has;
}

int policies_call(struct policies *p, struct str file, struct str name, struct str args,
                  struct buf *result, struct buf *why)
{
    struct question q = {.file = find(p, file),
                         .name = name,
                         .args = args,
                         .result = result,
                         .why = why};
    return q.file ? ask(p, &q, l_ask) : ERR_NOT_FOUND;
}

int policies_trace(struct policies *p, struct str file, struct str name,
                   struct str args, struct buf *result, struct trail *t,
                   struct buf *why)
{
    trail_begin(t, p->unit->vm);
    int err = policies_call(p, file, name, args, result, why);
    trail_end(p->unit->vm);
    return err;
}
