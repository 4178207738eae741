#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"

static void to_buf(void *ctx, struct str line)
{
    buf_str(ctx, line);
}

struct pad {
    struct clock *clock;
    struct buf out;
    struct log *log;
};

static void pad_init(struct pad *p, enum log_level least, enum log_format format)
{
    p->clock = clock_new();
    clock_set(p->clock, 1772953200007);
    buf_init(&p->out);
    p->log = log_new(p->clock, least, format, to_buf, &p->out);
}

static void pad_end(struct pad *p)
{
    log_free(p->log);
    buf_end(&p->out);
    clock_free(p->clock);
}

static void assert_written(struct pad *p, const char *text)
{
    buf_char(&p->out, '\0');
    assert_string_equal(p->out.p, text);
}

static void a_line_in_logfmt(void **state)
{
    (void)state;
    struct pad p;
    const char *host = "a.example", *none = NULL;
    pad_init(&p, LOG_INFO, LOG_LOGFMT);
    LOG(p.log, LOG_INFO, "ready", LOG_N("port", 8080), LOG_C("host", host),
        LOG_T("why", STR("two words")), LOG_C("none", none));
    assert_written(&p, "time=2026-03-08T07:00:00.007Z level=info event=ready port=8080 "
                       "host=a.example why=\"two words\" none=\"\"\n");
    pad_end(&p);
}

static void a_line_in_json(void **state)
{
    (void)state;
    struct pad p;
    pad_init(&p, LOG_INFO, LOG_JSON);
    LOG(p.log, LOG_ERROR, "failed", LOG_N("n", -5), LOG_T("why", STR("a\nb")));
    assert_written(&p, "{\"time\":\"2026-03-08T07:00:00.007Z\",\"level\":\"error\","
                       "\"event\":\"failed\",\"n\":-5,\"why\":\"a\\u000ab\"}\n");
    pad_end(&p);
}

static void less_important_lines_are_left_out(void **state)
{
    (void)state;
    struct pad p;
    pad_init(&p, LOG_WARN, LOG_LOGFMT);
    log_event(p.log, LOG_INFO, "no", NULL, 0);
    assert_int_equal(p.out.n, 0);
    log_event(p.log, LOG_WARN, "yes", NULL, 0);
    assert_written(&p, "time=2026-03-08T07:00:00.007Z level=warn event=yes\n");
    log_event(NULL, LOG_ERROR, "nowhere", NULL, 0);
    pad_end(&p);
}

static const struct str hostile[] = {
    {"x\nlevel=error event=forged", 26},
    {"x level=error", 13},
    {"x\" forged=\"1", 12},
    {"x\\", 2},
    {"\\\" forged=1", 11},
    {"x\",\"forged\":\"1", 14},
    {"forged=1", 8},
    {"\0\r\x1B[2J\x7F", 7},
    {"\xC2\x85\xE2\x80\xA8 forged=1", 14},
    {"\xFF\xC3", 2},
    {"\x80\" forged=1", 11},
    {"", 0},
};
enum { HOSTILE = sizeof(hostile) / sizeof(*hostile) };

/* Cuts a logfmt line into fields the way its readers do: at blanks outside of quotes.
 * Returns how many there were, 0 for a line that is none. */
static size_t count_fields(struct str line)
{
    size_t fields = 0, i = 0;
    while (i < line.n) {
        while (i < line.n && line.p[i] != '=' && line.p[i] != ' ')
            i++;
        if (i == line.n || line.p[i++] != '=')
            return 0;
        if (i < line.n && line.p[i] == '"') {
            for (i++; i < line.n && line.p[i] != '"'; i++)
                i += line.p[i] == '\\';
            i++;
        } else {
            while (i < line.n && line.p[i] != ' ' && line.p[i] != '=' &&
                   line.p[i] != '"')
                i++;
        }
        if (i < line.n && line.p[i++] != ' ')
            return 0;
        fields++;
    }
    return fields;
}

static struct str only_line(struct pad *p)
{
    struct str line, rest;
    assert_true(str_cut(buf_slice(&p->out), '\n', &line, &rest));
    assert_int_equal(rest.n, 0);
    assert_true(str_utf8(line));
    for (size_t i = 0; i < line.n; i++)
        assert_true((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7F);
    return line;
}

static void logfmt_values_cannot_forge_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < HOSTILE; i++) {
        struct pad p;
        pad_init(&p, LOG_INFO, LOG_LOGFMT);
        LOG(p.log, LOG_INFO, "seen", LOG_T("value", hostile[i]), LOG_N("after", 1));
        assert_int_equal(count_fields(only_line(&p)), 5);
        pad_end(&p);
    }
}

/* Each value comes back as it was; a byte that is no text as the character of its
 * number. */
static void json_values_cannot_forge_fields(void **state)
{
    (void)state;
    struct buf scratch;
    buf_init(&scratch);
    for (size_t i = 0; i < HOSTILE; i++) {
        struct pad p;
        struct json_reader r;
        struct json_event e = {.kind = JSON_NULL};
        size_t names = 0;
        pad_init(&p, LOG_INFO, LOG_JSON);
        struct str value = hostile[i].n && hostile[i].p[0] == '\0'
                               ? (struct str){hostile[i].p + 1, hostile[i].n - 1}
                               : hostile[i];
        LOG(p.log, LOG_INFO, "seen", LOG_T("value", value), LOG_N("after", 1));
        json_reader_init(&r, only_line(&p), &scratch);
        while (e.kind != JSON_END) {
            assert_int_equal(json_next(&r, &e), 0);
            names += e.kind == JSON_NAME;
            if (e.kind == JSON_STRING && names == 4 && str_utf8(value))
                assert_true(str_eq(e.text, value));
        }
        assert_int_equal(names, 5);
        pad_end(&p);
    }
    buf_end(&scratch);
}

/* A sink that is handed whole lines only; it takes the lock that a real one has in the
 * kernel. */
struct shared {
    pthread_mutex_t lock;
    struct buf out;
    struct log *log;
};

static void to_shared(void *ctx, struct str line)
{
    struct shared *s = ctx;
    pthread_mutex_lock(&s->lock);
    buf_str(&s->out, line);
    pthread_mutex_unlock(&s->lock);
}

static void *write_many(void *arg)
{
    struct shared *s = arg;
    for (int i = 0; i < 500; i++)
        LOG(s->log, LOG_INFO, "tick", LOG_N("i", i),
            LOG_T("text", STR("some words here")));
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    struct shared s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct clock *clock = clock_new();
    pthread_t threads[4];
    s.log = log_new(clock, LOG_INFO, LOG_LOGFMT, to_shared, &s);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &s), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    struct str line, rest = buf_slice(&s.out);
    size_t lines = 0;
    for (; rest.n; lines++) {
        assert_true(str_cut(rest, '\n', &line, &rest));
        assert_int_equal(count_fields(line), 5);
    }
    assert_int_equal(lines, 2000);
    buf_end(&s.out);
    log_free(s.log);
    clock_free(clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_in_logfmt),
        cmocka_unit_test(a_line_in_json),
        cmocka_unit_test(less_important_lines_are_left_out),
        cmocka_unit_test(logfmt_values_cannot_forge_fields),
        cmocka_unit_test(json_values_cannot_forge_fields),
        cmocka_unit_test(lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
