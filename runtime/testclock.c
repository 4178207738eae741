#include "testclock.h"

#ifdef KORDLESS_TEST_CLOCK

#include "base/json.h"
#include "base/zone.h"

const bool testclock_built = true;

struct wish {
    bool set, advance, bad;
    int64_t at, by;
};

static void read_member(struct json_reader *r, struct str name, struct wish *w)
{
    struct json_event e;
    bool fraction;
    if (json_next(r, &e)) {
        w->bad = true;
    } else if (str_eq(name, STR("now")) && e.kind == JSON_STRING) {
        w->bad = w->bad || time_parse(e.text, &w->at, &fraction);
        w->set = true;
    } else if (str_eq(name, STR("advance_seconds")) && e.kind == JSON_INT) {
        w->by = e.integer;
        w->advance = true;
    } else {
        w->bad = true;
    }
}

static struct wish read_wish(struct str body)
{
    struct wish w = {0};
    struct json_reader r;
    struct json_event e;
    struct buf scratch;
    char name[32];
    buf_init(&scratch);
    json_reader_init(&r, body, &scratch);
    w.bad = json_next(&r, &e) || e.kind != JSON_OBJECT;
    while (!w.bad && !json_next(&r, &e) && e.kind == JSON_NAME) {
        w.bad = str_cstr(e.text, name, sizeof(name)) != 0;
        if (!w.bad)
            read_member(&r, str_of(name), &w);
    }
    buf_end(&scratch);
    return w;
}

void testclock_answer(struct clock *clock, struct str body, struct reply *r)
{
    char text[32];
    struct wish w = read_wish(body);
    if (w.bad || w.set == w.advance) {
        reply_problem(r, 400, "validation_error",
                      STR("Send {\"now\": \"…Z\"} or {\"advance_seconds\": n}."));
        return;
    }
    if (w.set)
        clock_set(clock, w.at * 1000);
    else
        clock_advance(clock, w.by * 1000);
    time_format(clock_read(clock).wall_ms / 1000, text);
    r->status = 200;
    buf_clear(&r->body);
    buf_fmt(&r->body, "{\"now\":\"%s\"}", text);
}

#else

const bool testclock_built = false;

void testclock_answer(struct clock *clock, struct str body, struct reply *r)
{
    (void)clock;
    (void)body;
    reply_problem(r, 404, "unknown_route",
                  STR("There is no such path on this server."));
}

#endif
