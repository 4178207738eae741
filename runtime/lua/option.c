#include "lua/option.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lua/entry.h"
#include "lua/lib.h"
#include "lua/sandbox.h"

/* --- declared --- */

static double number_of(struct fields *f, const char *key, double def)
{
    double v = def;
    lua_pushstring(f->L, key);
    int type = lua_rawget(f->L, -2);
    if (type == LUA_TNUMBER)
        v = lua_tonumber(f->L, -1);
    else if (type != LUA_TNIL)
        fields_fault(f, key, "must be a number");
    lua_pop(f->L, 1);
    return v;
}

static void read_type(struct fields *f, struct schema *o)
{
    static const char *const names[] = {"string",  "integer", "number",
                                        "boolean", "list",    NULL};
    static const enum schema_type types[] = {
        SCHEMA_STRING, SCHEMA_INTEGER, SCHEMA_NUMBER, SCHEMA_BOOLEAN, SCHEMA_ARRAY};
    struct str word = fields_str(f, "type", REQUIRED);
    for (int i = 0; word.p && names[i]; i++) {
        if (str_eq(word, str_of(names[i]))) {
            o->type = types[i];
            return;
        }
    }
    if (word.p)
        fields_wrong(f, "type", word, "is none of string integer number boolean list",
                     names);
}

/* Of numbers the value, of texts the characters, of lists the entries. */
static void read_bounds(struct fields *f, struct schema *o)
{
    double lo = number_of(f, "min", -INFINITY), hi = number_of(f, "max", INFINITY);
    o->minimum = -INFINITY;
    o->maximum = INFINITY;
    o->min_length = o->max_length = -1;
    if (lo > hi)
        fields_fault(f, "min", "must not be over max");
    if (o->type == SCHEMA_INTEGER || o->type == SCHEMA_NUMBER) {
        o->minimum = lo;
        o->maximum = hi;
    } else if (o->type == SCHEMA_BOOLEAN && (isfinite(lo) || isfinite(hi))) {
        fields_fault(f, isfinite(lo) ? "min" : "max", "is not for booleans");
    } else {
        o->min_length = isfinite(lo) && lo >= 0 && lo < 1e6 ? (int64_t)lo : -1;
        o->max_length = isfinite(hi) && hi >= 0 && hi < 1e6 ? (int64_t)hi : -1;
    }
}

static void read_one(struct fields *f, struct schema *list)
{
    static const char *const known[] = {"type", "default",  "min", "max",
                                        "doc",  "required", NULL};
    struct schema *o = &list->properties[list->n_properties++];
    int faults = f->n_faults;
    size_t n = 0;
    lua_rawgeti(f->L, -1, 1);
    const char *name =
        lua_type(f->L, -1) == LUA_TSTRING ? lua_tolstring(f->L, -1, &n) : "";
    o->name = arena_str(f->arena, (struct str){name, n});
    lua_pop(f->L, 1);
    if (!n || strspn(o->name.p, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
        fields_fault(f, "", "must begin with a name, a lower-case word");
    fields_only_behind(f, 1, known);
    read_type(f, o);
    read_bounds(f, o);
    if (o->type == SCHEMA_ARRAY) {
        o->items = arena_zero(f->arena, sizeof(*o));
        *o->items = (struct schema){.min_length = -1, .max_length = 1000};
    }
    o->required = fields_bool(f, "required", false);
    o->description = fields_str(f, "doc", REQUIRED);
    o->preset = schema_value(f, "default", f->n_faults == faults ? o : NULL);
}

void option_read(struct fields *f, struct schema *out)
{
    *out = (struct schema){.type = SCHEMA_OBJECT, .min_length = -1, .max_length = -1};
    if (!fields_enter(f, "options", OPTIONAL))
        return;
    int n = fields_n(f);
    if (!fields_is_list(f))
        fields_fault(f, "", "must be a list of { \"name\", type =, default =, doc = }");
    if (n > SCHEMA_PROPERTIES)
        fields_fault(f, "", "has more than %d entries", SCHEMA_PROPERTIES);
    out->properties = arena_zero(f->arena, sizeof(*out) * (size_t)(n + 1));
    for (int i = 1; i <= n && i <= SCHEMA_PROPERTIES; i++) {
        if (!fields_item(f, i))
            continue;
        read_one(f, out);
        fields_leave(f);
    }
    fields_leave(f);
}

/* --- set --- */

struct binding {
    struct manifest *m;
    const struct chosen *chosen;
    struct fields f; /* places in the settings */
    struct buf *scratch;
};

/* What was set, on top. */
static void check_names(struct binding *b)
{
    const char *known[SCHEMA_PROPERTIES + 1] = {NULL};
    for (int i = 0; i < b->m->options.n_properties; i++)
        known[i] = b->m->options.properties[i].name.p;
    fields_only(&b->f, known);
}

static void check_one(struct binding *b, const struct schema *o)
{
    lua_State *L = b->f.L;
    struct schema_look look = {.faults = b->scratch, .plain = true};
    lua_pushlstring(L, o->name.p, o->name.n);
    int type = lua_rawget(L, -2);
    buf_clear(b->scratch);
    if (type != LUA_TNIL) {
        if (!schema_check(L, -1, o, "it", &look))
            fields_fault(&b->f, o->name.p, "%.*s", (int)b->scratch->n, b->scratch->p);
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    if (o->required)
        fields_fault(&b->f, o->name.p, "must be set: %s", o->description.p);
    if (!o->preset.p || json_decode(L, o->preset, b->scratch))
        return;
    lua_setfield(L, -2, o->name.p);
}

static int look(lua_State *L, void *ctx)
{
    struct binding *b = ctx;
    b->f.L = L;
    buf_clear(b->scratch);
    struct str set = b->chosen && b->chosen->options.p ? b->chosen->options : STR("{}");
    if (json_decode(L, set, b->scratch))
        return ERR_CORRUPT;
    check_names(b);
    for (int i = 0; i < b->m->options.n_properties; i++)
        check_one(b, &b->m->options.properties[i]);
    buf_clear(b->scratch);
    buf_clear(&b->f.text_scratch);
    if (json_encode(L, lua_gettop(L), &b->f.text_scratch, b->scratch))
        return ERR_INVALID;
    b->m->option_values = arena_str(b->f.arena, buf_slice(&b->f.text_scratch));
    return b->f.n_faults ? ERR_INVALID : 0;
}

int option_bind(struct arena *a, struct manifest *m, const struct chosen *chosen,
                const struct source *settings, struct buf *faults)
{
    static const struct source nothing = {.name = STR("nothing"),
                                          .text = STR("return {}")};
    struct buf scratch;
    struct vm *vm;
    m->option_values = STR("{}");
    if (!m->options.n_properties && !(chosen && chosen->options.p))
        return 0;
    if (vm_new(&vm, &(struct vm_options){.name = m->name.p}))
        return ERR_NOMEM;
    buf_init(&scratch);
    struct binding b = {.m = m, .chosen = chosen, .scratch = &scratch};
    b.f = (struct fields){.arena = a, .faults = faults, .file = "scripts/kordless.lua"};
    if (settings) {
        b.f.file = settings->name.p;
        b.f.text = settings->text;
    }
    if (chosen)
        snprintf(b.f.path, sizeof(b.f.path), "plugins[%d].options.", chosen->position);
    else
        snprintf(b.f.path, sizeof(b.f.path), "options of '%s'.", m->name.p);
    struct entry e = {.source = &nothing,
                      .bare = true,
                      .instructions = 100000,
                      .look = look,
                      .ctx = &b};
    int err = entry_run(vm, &e, faults);
    vm_free(vm);
    fields_end(&b.f);
    buf_end(&scratch);
    return err;
}

/* --- read --- */

static int l_length(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, lua_upvalueindex(1)));
    return 1;
}

/* The list on top cannot be written any more, and still has a length. */
static void freeze_list(lua_State *L)
{
    lua_pushvalue(L, -1);
    sandbox_freeze(L, "kordless.options");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, l_length, 1);
    lua_setfield(L, -2, "__len");
    lua_pop(L, 1);
    lua_remove(L, -2);
}

void option_push(lua_State *L, const struct manifest *m)
{
    struct buf why; /* stays empty: the text is our own */
    buf_init(&why);
    if (!m->option_values.p || json_decode(L, m->option_values, &why))
        lua_newtable(L);
    for (int i = 0; i < m->options.n_properties; i++) {
        const struct schema *o = &m->options.properties[i];
        if (o->type != SCHEMA_ARRAY)
            continue;
        if (lua_getfield(L, -1, o->name.p) == LUA_TTABLE) {
            freeze_list(L);
            lua_setfield(L, -2, o->name.p);
        } else {
            lua_pop(L, 1);
        }
    }
    sandbox_freeze(L, "kordless.options");
}
