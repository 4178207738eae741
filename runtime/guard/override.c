#include "guard/override.h"

#include "base/json.h"

const char *const override_names[LIMIT_WINDOWS] = {"per_minute", "per_hour", "per_day"};

static void take_number(struct override *o, struct str name, int64_t v)
{
    for (int w = 0; w < LIMIT_WINDOWS; w++)
        if (str_eq(name, str_of(override_names[w])) && v > 0 && v <= 1000000)
            o->limit[w] = (uint32_t)v;
    if (str_eq(name, STR("until")))
        o->until_ms = v * 1000;
}

static bool any(const struct override *o)
{
    for (int w = 0; w < LIMIT_WINDOWS; w++)
        if (o->limit[w])
            return true;
    return false;
}

/* The text is our own, so what does not fit is passed over and never told. */
bool override_read(struct str json, struct buf *scratch, struct override *out)
{
    struct json_reader r;
    struct json_event e;
    struct buf words;
    char name[16];
    *out = (struct override){.until_ms = 0};
    buf_clear(scratch);
    if (json.n == 0)
        return false;
    buf_init(&words);
    json_reader_init(&r, json, &words);
    bool ok = !json_next(&r, &e) && e.kind == JSON_OBJECT;
    while (ok && !json_next(&r, &e) && e.kind == JSON_NAME) {
        if (str_cstr(e.text, name, sizeof(name)))
            name[0] = '\0';
        ok = !json_next(&r, &e);
        if (ok && e.kind == JSON_INT)
            take_number(out, str_of(name), e.integer);
        if (ok && e.kind == JSON_STRING && str_eq(str_of(name), STR("reason")))
            buf_str(scratch, e.text);
    }
    buf_end(&words);
    out->reason = buf_slice(scratch);
    return any(out);
}
