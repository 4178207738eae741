#ifndef KORDLESS_LUA_SCHEMA_H
#define KORDLESS_LUA_SCHEMA_H

/* What a value must look like, declared once in plugin.lua: it checks requests before
 * the handler runs, replies in tests, and is shown in /openapi.json. A small part of
 * JSON Schema, with its words. Properties are a list, since "first field first" needs
 * an order:
 *
 *   body = { properties = {
 *     { "slug", format = "slug", required = true },
 *     { "limit", type = "integer", minimum = 1, maximum = 100, default = 50 },
 *   } }
 *
 * All of it lives in the generation's arena and is only read afterwards. */

#include <lua.h>

#include "lua/fields.h"

struct zones;

enum schema_type {
    SCHEMA_STRING, /* when no type is given, and neither properties nor items */
    SCHEMA_INTEGER,
    SCHEMA_NUMBER,
    SCHEMA_BOOLEAN,
    SCHEMA_OBJECT,
    SCHEMA_ARRAY,
    SCHEMA_ANY
};

enum schema_format {
    FORMAT_NONE,
    FORMAT_DATE_TIME, /* RFC 3339 with Z or an offset */
    FORMAT_DATE,
    FORMAT_SLUG,
    FORMAT_TAG,     /* guard/tags.h */
    FORMAT_EMAIL,   /* with blanks around it; blank counts as not given */
    FORMAT_PHONE,   /* 6 to 15 digits; blank counts as not given */
    FORMAT_CONTACT, /* either of the two, and not blank */
    FORMAT_ID,
    FORMAT_TIMEZONE
};

enum { SCHEMA_DEPTH = 8, SCHEMA_PROPERTIES = 64, SCHEMA_CHOICES = 64 };

struct schema {
    struct str name; /* as a property or an option */
    struct str description;
    enum schema_type type;
    enum schema_format format;
    bool required, nullable;
    struct schema *properties; /* in the order of the list */
    int n_properties;
    struct schema *items; /* NULL: entries of any kind */
    struct str *choices;  /* enum: strings */
    int n_choices;
    int64_t min_length, max_length; /* characters, or entries of a list; -1: any */
    double minimum, maximum;        /* infinities: any */
    struct str preset, example;     /* JSON text; no p: none. `preset`: the default */
};

/* Reads the schema that is the table on top; faults are the fields' own. */
void schema_read(struct fields *f, struct schema *out);
/* Reads a list of properties at `key` as an object's; false when there is none. */
bool schema_list(struct fields *f, const char *key, struct schema *out);
/* The value at `key` as JSON text, which must be what `s` says (NULL: anything). */
struct str schema_value(struct fields *f, const char *key, const struct schema *s);

const char *schema_type_name(enum schema_type t);
const char *schema_format_name(enum schema_format f); /* NULL: none */

/* One look at a value. Faults are sentences without the full stop, "; " between them;
 * none leaves `faults` as it was. */
struct schema_look {
    struct zones *zones; /* NULL: time zones are not looked up */
    struct buf *faults;
    bool plain;  /* of a data file, where an empty table may be a list */
    bool text;   /* values came as text: numbers and booleans are made of them */
    bool strict; /* of ours: null only where it may be, no member undeclared */
    char path[128];
};

/* The value at `idx`, called `name` ("the body", or "" for a query's parameters). Puts
 * defaults and converted values in place and takes out a null that may not be one. May
 * raise: budget, memory. False when there were faults. */
bool schema_check(lua_State *L, int idx, const struct schema *s, const char *name,
                  struct schema_look *look);

#endif
