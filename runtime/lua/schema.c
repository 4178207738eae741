#include "lua/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lua/lib.h"

static const char *const type_names[] = {
    [SCHEMA_STRING] = "string", [SCHEMA_INTEGER] = "integer",
    [SCHEMA_NUMBER] = "number", [SCHEMA_BOOLEAN] = "boolean",
    [SCHEMA_OBJECT] = "object", [SCHEMA_ARRAY] = "array",
    [SCHEMA_ANY] = "any",       [SCHEMA_ANY + 1] = NULL,
};

static const char *const format_names[] = {
    [FORMAT_NONE] = "none",       [FORMAT_DATE_TIME] = "date-time",
    [FORMAT_DATE] = "date",       [FORMAT_SLUG] = "slug",
    [FORMAT_TAG] = "tag",         [FORMAT_EMAIL] = "email",
    [FORMAT_PHONE] = "phone",     [FORMAT_CONTACT] = "contact",
    [FORMAT_ID] = "id",           [FORMAT_TIMEZONE] = "timezone",
    [FORMAT_TIMEZONE + 1] = NULL,
};

const char *schema_type_name(enum schema_type t)
{
    return type_names[t];
}

const char *schema_format_name(enum schema_format f)
{
    return f == FORMAT_NONE ? NULL : format_names[f];
}

/* The place of the word at `key` among `names`; `def` when it is absent or unknown. */
static int read_word(struct fields *f, const char *key, const char *const *names,
                     const char *what, int def)
{
    struct str word = fields_str(f, key, OPTIONAL);
    if (!word.p)
        return def;
    for (int i = 0; names[i]; i++)
        if (str_eq(word, str_of(names[i])))
            return i;
    fields_wrong(f, key, word, what, names);
    return def;
}

static bool has(struct fields *f, const char *key)
{
    lua_pushstring(f->L, key);
    bool there = lua_rawget(f->L, -2) != LUA_TNIL;
    lua_pop(f->L, 1);
    return there;
}

static void read_type(struct fields *f, struct schema *out)
{
    int def = has(f, "properties") ? SCHEMA_OBJECT
              : has(f, "items")    ? SCHEMA_ARRAY
                                   : SCHEMA_STRING;
    out->type = (enum schema_type)read_word(f, "type", type_names, "is no type", def);
    out->format = (enum schema_format)read_word(f, "format", format_names,
                                                "is no format", FORMAT_NONE);
    if (out->format != FORMAT_NONE && out->type != SCHEMA_STRING)
        fields_fault(f, "format", "is for strings");
}

static double read_bound(struct fields *f, const char *key, const struct schema *s,
                         double def)
{
    double v = def;
    lua_pushstring(f->L, key);
    int type = lua_rawget(f->L, -2);
    if (type == LUA_TNUMBER)
        v = lua_tonumber(f->L, -1);
    lua_pop(f->L, 1);
    if (type != LUA_TNIL && (type != LUA_TNUMBER || v != v))
        fields_fault(f, key, "must be a number");
    else if (type != LUA_TNIL && s->type != SCHEMA_INTEGER && s->type != SCHEMA_NUMBER)
        fields_fault(f, key, "is for numbers");
    return v;
}

static void read_bounds(struct fields *f, struct schema *out)
{
    out->minimum = read_bound(f, "minimum", out, -INFINITY);
    out->maximum = read_bound(f, "maximum", out, INFINITY);
    out->min_length = fields_int(f, "min_length", 0, 1 << 30, -1);
    out->max_length = fields_int(f, "max_length", 0, 1 << 30, -1);
    bool sized = out->min_length >= 0 || out->max_length >= 0;
    if (sized && out->type != SCHEMA_STRING && out->type != SCHEMA_ARRAY)
        fields_fault(f, out->min_length >= 0 ? "min_length" : "max_length",
                     "is for strings and lists");
    if (out->minimum > out->maximum)
        fields_fault(f, "minimum", "must not be over maximum");
    if (out->max_length >= 0 && out->min_length > out->max_length)
        fields_fault(f, "min_length", "must not be over max_length");
}

static void read_choices(struct fields *f, struct schema *out)
{
    struct str names[SCHEMA_CHOICES];
    int n = fields_list(f, "enum", names, SCHEMA_CHOICES);
    if (n > 0 && out->type != SCHEMA_STRING)
        fields_fault(f, "enum", "is for strings");
    out->choices = arena_alloc(f->arena, sizeof(*names) * (size_t)(n + 1));
    memcpy(out->choices, names, sizeof(*names) * (size_t)n);
    out->n_choices = n;
}

static void read_whole(struct fields *f, struct schema *out, bool named, int depth);

static void read_property(struct fields *f, struct schema *object, int depth)
{
    struct schema *p = &object->properties[object->n_properties];
    size_t n = 0;
    lua_rawgeti(f->L, -1, 1);
    const char *name =
        lua_type(f->L, -1) == LUA_TSTRING ? lua_tolstring(f->L, -1, &n) : "";
    p->name = arena_str(f->arena, (struct str){name, n});
    lua_pop(f->L, 1);
    if (n == 0)
        fields_fault(f, "", "must begin with the property's name");
    for (int i = 0; i < object->n_properties; i++)
        if (str_eq(object->properties[i].name, p->name))
            fields_fault(f, "", "there is a property '%s' already", p->name.p);
    object->n_properties++;
    read_whole(f, p, true, depth);
}

/* The list on top. */
static void read_properties(struct fields *f, struct schema *out, int depth)
{
    int n = fields_n(f);
    if (!fields_is_list(f))
        fields_fault(f, "", "must be a list of { \"name\", type =, … }");
    if (n > SCHEMA_PROPERTIES) {
        fields_fault(f, "", "has more than %d entries", SCHEMA_PROPERTIES);
        n = SCHEMA_PROPERTIES;
    }
    out->properties = arena_zero(f->arena, sizeof(*out) * (size_t)(n + 1));
    for (int i = 1; i <= n; i++) {
        if (!fields_item(f, i))
            continue;
        read_property(f, out, depth);
        fields_leave(f);
    }
}

static void read_inside(struct fields *f, struct schema *out, int depth)
{
    if (has(f, "properties") && out->type != SCHEMA_OBJECT)
        fields_fault(f, "properties", "are for objects");
    if (has(f, "items") && out->type != SCHEMA_ARRAY)
        fields_fault(f, "items", "are for lists");
    if (depth >= SCHEMA_DEPTH && (has(f, "properties") || has(f, "items"))) {
        fields_fault(f, "", "nests more than %d deep", SCHEMA_DEPTH);
        return;
    }
    if (fields_enter(f, "properties", OPTIONAL)) {
        read_properties(f, out, depth + 1);
        fields_leave(f);
    }
    if (fields_enter(f, "items", OPTIONAL)) {
        out->items = arena_zero(f->arena, sizeof(*out));
        read_whole(f, out->items, false, depth + 1);
        fields_leave(f);
    }
}

static void read_whole(struct fields *f, struct schema *out, bool named, int depth)
{
    static const char *const known[] = {
        "type",       "format",   "properties", "items",       "enum",
        "required",   "nullable", "minimum",    "maximum",     "min_length",
        "max_length", "default",  "example",    "description", NULL};
    int faults = f->n_faults;
    fields_only_behind(f, named ? 1 : 0, known);
    read_type(f, out);
    read_bounds(f, out);
    read_choices(f, out);
    out->required = fields_bool(f, "required", false);
    out->nullable = fields_bool(f, "nullable", false);
    out->description = fields_str(f, "description", OPTIONAL);
    read_inside(f, out, depth);
    const struct schema *sound = f->n_faults == faults ? out : NULL;
    out->preset = schema_value(f, "default", sound);
    out->example = schema_value(f, "example", sound);
    if (out->required && out->preset.p)
        fields_fault(f, "default", "is never used where `required` is true");
}

void schema_read(struct fields *f, struct schema *out)
{
    *out = (struct schema){.required = false};
    read_whole(f, out, false, 0);
}

bool schema_list(struct fields *f, const char *key, struct schema *out)
{
    *out = (struct schema){.type = SCHEMA_OBJECT, .min_length = -1, .max_length = -1};
    if (!fields_enter(f, key, OPTIONAL))
        return false;
    read_properties(f, out, 1);
    fields_leave(f);
    return true;
}

struct str schema_value(struct fields *f, const char *key, const struct schema *s)
{
    struct str out = {NULL, 0};
    struct buf *text = &f->text_scratch, *why = &f->why_scratch;
    struct schema_look look = {.faults = why, .strict = true, .plain = true};
    lua_pushstring(f->L, key);
    if (lua_rawget(f->L, -2) == LUA_TNIL) {
        lua_pop(f->L, 1);
        return out;
    }
    buf_clear(text);
    buf_clear(why);
    if (s && !schema_check(f->L, -1, s, "it", &look))
        fields_fault(f, key, "%.*s", (int)why->n, why->p);
    else if (json_encode(f->L, lua_gettop(f->L), text, why))
        fields_fault(f, key, "is no JSON: %.*s", (int)why->n, why->p);
    else
        out = arena_str(f->arena, buf_slice(text));
    lua_pop(f->L, 1);
    return out;
}
