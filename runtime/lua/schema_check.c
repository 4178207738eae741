#include <ctype.h>
#include <lauxlib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/zone.h"
#include "guard/tags.h"
#include "lua/lib.h"
#include "lua/sandbox.h"
#include "lua/schema.h"
#include "lua/vm.h"

enum { NODE_CHARGE = 8, ZONE_CHARGE = 2000, SLUG_MAX = 63, ID_MAX_LENGTH = 40 };

/* --- telling --- */

static bool fault(struct schema_look *look, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (look->faults->n)
        buf_lit(look->faults, "; ");
    buf_str(look->faults, str_of(look->path));
    buf_char(look->faults, ' ');
    buf_str(look->faults, str_of(text));
    return false;
}

/* "contact", then "contact.name", then "contact.phones[2]". */
static size_t enter(struct schema_look *look, struct str name, int position)
{
    size_t at = strlen(look->path), room = sizeof(look->path) - 1 - at, n = at;
    if (position) {
        snprintf(look->path + at, room + 1, "[%d]", position);
    } else if (room > name.n) { /* by hand: every member of every request comes by */
        if (at)
            look->path[n++] = '.';
        memcpy(look->path + n, name.p, name.n);
        look->path[n + name.n] = '\0';
    }
    return at;
}

/* --- strings --- */

static size_t characters(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool is_blank(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isspace((unsigned char)s.p[i]))
            return false;
    return true;
}

static bool is_slug(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (i == 0 || c != '-'))
            return false;
    }
    return s.n > 0 && s.n <= SLUG_MAX;
}

static bool is_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!plain)
            return false;
    }
    return s.n > 0 && s.n <= ID_MAX_LENGTH;
}

/* One @, something on both sides, no blank inside. */
static bool is_email(struct str s)
{
    struct str local, domain;
    while (s.n && isspace((unsigned char)s.p[0]))
        s = (struct str){s.p + 1, s.n - 1};
    while (s.n && isspace((unsigned char)s.p[s.n - 1]))
        s.n--;
    for (size_t i = 0; i < s.n; i++)
        if (isspace((unsigned char)s.p[i]))
            return false;
    return str_cut(s, '@', &local, &domain) && local.n && domain.n &&
           !memchr(domain.p, '@', domain.n);
}

static bool is_phone(struct str s)
{
    int digits = 0;
    for (size_t i = 0; i < s.n; i++)
        digits += s.p[i] >= '0' && s.p[i] <= '9';
    return digits >= 6 && digits <= 15;
}

/* In a query a "+" that was not escaped arrives as a blank. */
static bool is_instant(struct str s, bool text)
{
    char copy[64];
    int64_t t;
    bool fraction;
    if (text && s.n > 6 && s.n < sizeof(copy) && s.p[s.n - 6] == ' ') {
        memcpy(copy, s.p, s.n);
        copy[s.n - 6] = '+';
        s.p = copy;
    }
    return time_parse(s, &t, &fraction) == 0;
}

static bool is_date(struct str s)
{
    struct date d;
    return date_parse(s, &d) == 0;
}

static bool is_zone(lua_State *L, struct str s, struct zones *zones)
{
    const struct zone *zone;
    if (!zones)
        return true;
    vm_charge(L, ZONE_CHARGE);
    return zones_get(zones, s, &zone) == 0;
}

static const char *const format_faults[] = {
    [FORMAT_DATE_TIME] =
        "must be a time such as 2026-03-08T09:00:00Z, with Z or an offset",
    [FORMAT_DATE] = "must be a date such as 2026-03-08",
    [FORMAT_SLUG] =
        "must be a slug: lower-case letters, digits and hyphens, at most 63",
    [FORMAT_EMAIL] = "must be an email address",
    [FORMAT_PHONE] = "must be a phone number of 6 to 15 digits",
    [FORMAT_CONTACT] = "must be an email address or a phone of 6 to 15 digits",
    [FORMAT_TAG] =
        "must be a tag: lower-case letters, digits, _ and -, at most 32, the "
        "first a letter or a digit",
    [FORMAT_ID] = "must be an identifier",
    [FORMAT_TIMEZONE] = "must be a time zone such as America/New_York",
};

static bool has_format(lua_State *L, struct str s, enum schema_format format,
                       const struct schema_look *look)
{
    switch (format) {
    case FORMAT_NONE:
        return true;
    case FORMAT_DATE_TIME:
        return is_instant(s, look->text);
    case FORMAT_DATE:
        return is_date(s);
    case FORMAT_SLUG:
        return is_slug(s);
    case FORMAT_TAG:
        return tags_is(s);
    case FORMAT_EMAIL:
        return is_blank(s) || is_email(s);
    case FORMAT_PHONE:
        return is_blank(s) || is_phone(s);
    case FORMAT_CONTACT:
        return memchr(s.p, '@', s.n) || is_phone(s);
    case FORMAT_ID:
        return is_id(s);
    case FORMAT_TIMEZONE:
        return is_zone(L, s, look->zones);
    }
    return false;
}

static bool check_choice(struct str v, const struct schema *s, struct schema_look *look)
{
    char list[256] = "";
    for (int i = 0; i < s->n_choices; i++)
        if (str_eq(v, s->choices[i]))
            return true;
    for (int i = 0; i < s->n_choices; i++) {
        size_t n = strlen(list);
        snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", s->choices[i].p);
    }
    return fault(look, "must be one of %s", list);
}

static bool check_string(lua_State *L, int idx, const struct schema *s,
                         struct schema_look *look)
{
    struct str v;
    if (lua_type(L, idx) != LUA_TSTRING)
        return fault(look, "%s",
                     s->format ? format_faults[s->format] : "must be a string");
    v.p = lua_tolstring(L, idx, &v.n);
    vm_charge(L, (int64_t)(v.n / 16));
    int64_t n = (int64_t)characters(v);
    if (s->n_choices)
        return check_choice(v, s, look);
    if (s->min_length > 0 && is_blank(v))
        return fault(look, "must not be blank");
    if (n < s->min_length)
        return fault(look, "must have at least %lld characters",
                     (long long)s->min_length);
    if (s->max_length >= 0 && n > s->max_length)
        return fault(look, "must have at most %lld characters",
                     (long long)s->max_length);
    if (!has_format(L, v, s->format, look))
        return fault(look, "%s", format_faults[s->format]);
    return true;
}

/* --- numbers --- */

static bool check_number(lua_State *L, int idx, const struct schema *s,
                         struct schema_look *look)
{
    const char *what = s->type == SCHEMA_INTEGER ? "a whole number" : "a number";
    bool low = isfinite(s->minimum), high = isfinite(s->maximum);
    int exact = 1;
    double v = 0;
    bool number = lua_type(L, idx) == LUA_TNUMBER;
    if (number)
        v = lua_tonumber(L, idx);
    if (number && s->type == SCHEMA_INTEGER)
        lua_tointegerx(L, idx, &exact);
    if (number && exact && v >= s->minimum && v <= s->maximum)
        return true;
    if (low && high)
        return fault(look, "must be %s from %.15g to %.15g", what, s->minimum,
                     s->maximum);
    if (low)
        return fault(look, "must be %s of at least %.15g", what, s->minimum);
    if (high)
        return fault(look, "must be %s of at most %.15g", what, s->maximum);
    return fault(look, "must be %s", what);
}

/* A parameter's text on top becomes what it spells: digits a number, "true" true. What
 * spells nothing of the kind stays, and is then told. */
static bool convert(lua_State *L, const struct schema *s)
{
    struct str v;
    uint64_t n;
    if (lua_type(L, -1) != LUA_TSTRING)
        return false;
    v.p = lua_tolstring(L, -1, &v.n);
    bool truth = str_eq(v, STR("true"));
    if (s->type == SCHEMA_BOOLEAN && (truth || str_eq(v, STR("false")))) {
        lua_pushboolean(L, truth);
    } else if (s->type == SCHEMA_INTEGER && v.n && !str_u64(v, 1000000000000000u, &n)) {
        lua_pushinteger(L, (lua_Integer)n);
    } else if (s->type == SCHEMA_NUMBER && v.n && v.n < 32 &&
               strspn(v.p, "0123456789.-") == v.n && lua_stringtonumber(L, v.p)) {
        /* pushed */
    } else {
        return false;
    }
    lua_replace(L, -2);
    return true;
}

/* --- what holds others --- */

static bool check_value(lua_State *L, int idx, const struct schema *s, bool top,
                        struct schema_look *look);

static bool is_null(lua_State *L, int idx)
{
    return lua_type(L, idx) == LUA_TLIGHTUSERDATA && !lua_touserdata(L, idx);
}

static void put(lua_State *L, int table, const struct schema *p)
{
    lua_pushlstring(L, p->name.p, p->name.n);
    lua_insert(L, -2);
    lua_rawset(L, table);
}

static bool absent(lua_State *L, int table, const struct schema *p,
                   struct schema_look *look)
{
    if (p->required && p->nullable && look->plain) {
        lua_pushlightuserdata(L, NULL); /* a manifest has no null to say it with */
        put(L, table, p);
        return true;
    }
    if (p->required)
        return fault(look, "is required");
    if (p->preset.p && !look->strict) {
        if (json_decode(L, p->preset, look->faults))
            return false; /* cannot be: it was written by json_encode */
        put(L, table, p);
    }
    return true;
}

/* The value on top; pops it. */
static bool check_present(lua_State *L, int table, const struct schema *p,
                          struct schema_look *look)
{
    bool changed = look->text && convert(L, p);
    bool ok = check_value(L, lua_gettop(L), p, false, look);
    if (changed)
        put(L, table, p);
    else
        lua_pop(L, 1);
    return ok;
}

static bool check_property(lua_State *L, int table, const struct schema *p,
                           struct schema_look *look)
{
    size_t at = enter(look, p->name, 0);
    lua_pushlstring(L, p->name.p, p->name.n);
    int type = lua_rawget(L, table);
    bool null = is_null(L, -1), ok;
    if (type != LUA_TNIL && (!null || p->nullable || look->strict)) {
        ok = check_present(L, table, p, look);
    } else {
        lua_pop(L, 1);
        lua_pushnil(L);
        put(L, table, p); /* a null that may not be one is as good as absent */
        ok = absent(L, table, p, look);
    }
    look->path[at] = '\0';
    return ok;
}

/* What a reply holds and its schema does not say. */
static bool check_undeclared(lua_State *L, int idx, const struct schema *s,
                             struct schema_look *look)
{
    bool ok = true;
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        struct str name = {"", 0};
        int i = 0;
        lua_pop(L, 1);
        if (sandbox_hidden(L, lua_gettop(L)))
            continue;
        if (lua_type(L, -1) == LUA_TSTRING)
            name.p = lua_tolstring(L, -1, &name.n);
        while (i < s->n_properties && !str_eq(s->properties[i].name, name))
            i++;
        if (i == s->n_properties)
            ok = fault(look, "has a member '%s' that its schema does not say", name.p);
    }
    return ok;
}

static bool check_object(lua_State *L, int idx, const struct schema *s, bool top,
                         struct schema_look *look)
{
    bool ok = true;
    char name[sizeof(look->path)];
    if (lua_type(L, idx) != LUA_TTABLE || json_is_marked(L, idx))
        return fault(look, top ? "must be a JSON object" : "must be an object");
    strcpy(name, look->path); /* as long */
    if (top)
        look->path[0] = '\0'; /* its members are called by their own names */
    for (int i = 0; i < s->n_properties; i++)
        ok = check_property(L, idx, &s->properties[i], look) && ok;
    strcpy(look->path, name);
    if (look->strict && s->n_properties)
        ok = check_undeclared(L, idx, s, look) && ok;
    return ok;
}

static bool check_array(lua_State *L, int idx, const struct schema *s,
                        struct schema_look *look)
{
    bool ok = true;
    lua_Integer n =
        lua_type(L, idx) == LUA_TTABLE ? (lua_Integer)lua_rawlen(L, idx) : 0;
    if (lua_type(L, idx) != LUA_TTABLE || !json_only_positions(L, idx, n) ||
        (n == 0 && !json_is_marked(L, idx) && !look->plain))
        return fault(look, "must be a list");
    if (n < s->min_length)
        return fault(look, "must have at least %lld entries", (long long)s->min_length);
    if (s->max_length >= 0 && n > s->max_length)
        return fault(look, "must have at most %lld entries", (long long)s->max_length);
    for (lua_Integer i = 1; s->items && i <= n; i++) {
        size_t at = enter(look, (struct str){"", 0}, (int)i);
        lua_rawgeti(L, idx, i);
        ok = check_value(L, lua_gettop(L), s->items, false, look) && ok;
        lua_pop(L, 1);
        look->path[at] = '\0';
    }
    return ok;
}

static bool check_value(lua_State *L, int idx, const struct schema *s, bool top,
                        struct schema_look *look)
{
    luaL_checkstack(L, 8, NULL);
    vm_charge(L, NODE_CHARGE);
    if (is_null(L, idx) && s->nullable)
        return true;
    switch (s->type) {
    case SCHEMA_STRING:
        return check_string(L, idx, s, look);
    case SCHEMA_INTEGER:
    case SCHEMA_NUMBER:
        return check_number(L, idx, s, look);
    case SCHEMA_BOOLEAN:
        return lua_isboolean(L, idx) || fault(look, "must be true or false");
    case SCHEMA_OBJECT:
        return check_object(L, idx, s, top, look);
    case SCHEMA_ARRAY:
        return check_array(L, idx, s, look);
    case SCHEMA_ANY:
        return true;
    }
    return false;
}

bool schema_check(lua_State *L, int idx, const struct schema *s, const char *name,
                  struct schema_look *look)
{
    snprintf(look->path, sizeof(look->path), "%s", name);
    return check_value(L, lua_absindex(L, idx), s, true, look);
}
