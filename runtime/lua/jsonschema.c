#include "lua/jsonschema.h"

#include <math.h>

#include "base/json.h"

/* No place takes a NUL or what is not UTF-8: the one rule for text of any kind. */
#define ANY_TEXT ",\"pattern\":\"^[^\\\\u0000]*$\""

/* What fits at most, with everything around it left away. A list of n entries has n - 1
 * commas and two brackets. */
static const struct {
    long long characters, entries;
    double low, high; /* of a whole number */
} caps[] = {
    [PLACE_QUERY] = {8192, 4096, 0, 1e15}, /* digits only: schema_check.c */
    [PLACE_BODY] = {1 << 20, 1 << 19, -0x1p63, 0x1p63},
    [PLACE_REPLY] = {16 << 20, 8 << 20, -0x1p63, 0x1p63},
};

void jsonschema_text(struct buf *b, struct str s)
{
    if (json_put_string(b, s))
        buf_lit(b, "\"?\"");
}

static void put_type(struct buf *b, const struct schema *s)
{
    if (s->type == SCHEMA_ANY) {
        buf_lit(b, "\"description\":");
        jsonschema_text(b, s->description.n ? s->description : STR("Any value."));
        return;
    }
    buf_fmt(b, s->nullable ? "\"type\":[\"%s\",\"null\"]" : "\"type\":\"%s\"",
            schema_type_name(s->type));
    if (s->description.n) {
        buf_lit(b, ",\"description\":");
        jsonschema_text(b, s->description);
    }
}

/* --- strings --- */

static void put_choices(struct buf *b, const struct schema *s)
{
    buf_lit(b, ",\"enum\":[");
    for (int i = 0; i < s->n_choices; i++) {
        if (i)
            buf_char(b, ',');
        jsonschema_text(b, s->choices[i]);
    }
    if (s->nullable)
        buf_lit(b, ",null");
    buf_char(b, ']');
}

/* The longest text of this format; in a request an instant may have any fraction. */
static long long longest(const struct schema *s, enum jsonschema_place place)
{
    switch (s->format) {
    case FORMAT_DATE:
        return 10;
    case FORMAT_DATE_TIME:
        return place == PLACE_REPLY ? 20 : caps[place].characters;
    case FORMAT_SLUG:
        return 63;
    case FORMAT_TAG:
        return 32;
    case FORMAT_ID:
        return 40;
    case FORMAT_TIMEZONE:
        return 64;
    default:
        return caps[place].characters;
    }
}

static void put_format(struct buf *b, const struct schema *s)
{
    switch (s->format) {
    case FORMAT_NONE:
    case FORMAT_CONTACT:
        buf_lit(b, ANY_TEXT);
        break;
    case FORMAT_SLUG:
        buf_lit(b, ",\"pattern\":\"^[a-z0-9][a-z0-9-]{0,62}$\"");
        break;
    case FORMAT_TAG:
        buf_lit(b, ",\"pattern\":\"^[a-z0-9][a-z0-9_-]{0,31}$\"");
        break;
    case FORMAT_ID:
        buf_lit(b, ",\"pattern\":\"^[A-Za-z0-9_-]{1,40}$\"");
        break;
    default:
        buf_fmt(b, ",\"format\":\"%s\"", schema_format_name(s->format));
    }
}

static void put_string(struct buf *b, const struct schema *s,
                       enum jsonschema_place place)
{
    if (s->n_choices) {
        put_choices(b, s);
        return;
    }
    put_format(b, s);
    if (s->min_length >= 0)
        buf_fmt(b, ",\"minLength\":%lld", (long long)s->min_length);
    buf_fmt(b, ",\"maxLength\":%lld",
            s->max_length >= 0 ? (long long)s->max_length : longest(s, place));
}

/* --- numbers --- */

/* In full where it is whole: 2 to the 63rd is one more than fits. */
static void put_bound(struct buf *b, const char *name, double v)
{
    if (v == 0x1p63)
        buf_fmt(b, ",\"%s\":9223372036854775807", name);
    else if (fabs(v) <= 0x1p63 && v == floor(v))
        buf_fmt(b, ",\"%s\":%lld", name, (long long)v);
    else
        buf_fmt(b, ",\"%s\":%.15g", name, v);
}

static void put_number(struct buf *b, const struct schema *s,
                       enum jsonschema_place place)
{
    bool whole = s->type == SCHEMA_INTEGER;
    double low = s->minimum, high = s->maximum;
    if (whole && low < caps[place].low)
        low = caps[place].low;
    if (whole && high > caps[place].high)
        high = caps[place].high;
    if (whole)
        buf_fmt(b, ",\"format\":\"%s\"",
                low >= -0x1p31 && high < 0x1p31 ? "int32" : "int64");
    if (isfinite(low))
        put_bound(b, "minimum", low);
    if (isfinite(high))
        put_bound(b, "maximum", high);
}

/* --- what holds others --- */

static void put_properties(struct buf *b, const struct schema *s,
                           enum jsonschema_place place)
{
    int required = 0;
    if (!s->n_properties)
        return;
    buf_lit(b, ",\"properties\":{");
    for (int i = 0; i < s->n_properties; i++) {
        if (i)
            buf_char(b, ',');
        jsonschema_text(b, s->properties[i].name);
        buf_char(b, ':');
        jsonschema_put(b, &s->properties[i], place);
    }
    buf_char(b, '}');
    for (int i = 0; i < s->n_properties; i++) {
        if (!s->properties[i].required)
            continue;
        buf_str(b, str_of(required++ ? "," : ",\"required\":["));
        jsonschema_text(b, s->properties[i].name);
    }
    if (required)
        buf_char(b, ']');
}

static void put_items(struct buf *b, const struct schema *s,
                      enum jsonschema_place place)
{
    if (s->min_length >= 0)
        buf_fmt(b, ",\"minItems\":%lld", (long long)s->min_length);
    buf_fmt(b, ",\"maxItems\":%lld",
            s->max_length >= 0 ? (long long)s->max_length : caps[place].entries);
    buf_lit(b, ",\"items\":");
    if (s->items)
        jsonschema_put(b, s->items, place);
    else
        buf_lit(b, "{}");
}

void jsonschema_put(struct buf *b, const struct schema *s, enum jsonschema_place place)
{
    buf_char(b, '{');
    put_type(b, s);
    if (s->type == SCHEMA_STRING)
        put_string(b, s, place);
    else if (s->type == SCHEMA_INTEGER || s->type == SCHEMA_NUMBER)
        put_number(b, s, place);
    else if (s->type == SCHEMA_OBJECT)
        put_properties(b, s, place);
    else if (s->type == SCHEMA_ARRAY)
        put_items(b, s, place);
    if (s->preset.p)
        buf_fmt(b, ",\"default\":%.*s", (int)s->preset.n, s->preset.p);
    if (s->example.p)
        buf_fmt(b, ",\"examples\":[%.*s]", (int)s->example.n, s->example.p);
    buf_char(b, '}');
}
