#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/counter.h"

struct log {
    struct clock *clock;
    enum log_level least;
    enum log_format format;
    log_sink *sink;
    void *ctx;
    struct counter lines[LOG_ERROR + 1];
};

struct log *log_new(struct clock *clock, enum log_level least, enum log_format format,
                    log_sink *sink, void *ctx)
{
    struct log *l = malloc(sizeof(*l));
    if (!l)
        abort();
    *l = (struct log){clock, least, format, sink, ctx, {{0}}};
    return l;
}

void log_free(struct log *l)
{
    free(l);
}

uint64_t log_lines(const struct log *l, enum log_level level)
{
    return l ? counter_read(&l->lines[level]) : 0;
}

void log_to_stderr(void *ctx, struct str line)
{
    (void)ctx;
    ssize_t n = write(STDERR_FILENO, line.p, line.n);
    (void)n; /* nowhere is left to complain to */
}

static void add_stamp(struct buf *b, int64_t ms)
{
    time_t secs = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];
    gmtime_r(&secs, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    buf_fmt(b, "%s.%03dZ", text, (int)(ms % 1000));
}

/* Both formats escape alike: what JSON asks for, which logfmt readers understand. Bytes
 * that are no ASCII text are written as \u00XX, so that a line is always valid UTF-8.
 */
static void add_escaped(struct buf *b, struct str s)
{
    bool utf8 = str_utf8(s);
    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            buf_fmt(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8))
            buf_fmt(b, "\\u%04x", c);
        else
            buf_char(b, (char)c);
    }
    buf_char(b, '"');
}

static bool plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return s.n > 0;
}

static void add_field(struct buf *b, enum log_format format, const struct log_field *f)
{
    if (format == LOG_JSON)
        buf_fmt(b, ",\"%s\":", f->key);
    else
        buf_fmt(b, " %s=", f->key);
    if (!f->text.p)
        buf_i64(b, f->number);
    else if (format == LOG_LOGFMT && plain(f->text))
        buf_str(b, f->text);
    else
        add_escaped(b, f->text);
}

void log_event(struct log *l, enum log_level level, const char *event,
               const struct log_field *fields, size_t n)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    if (!l || level < l->least)
        return;
    struct buf b;
    buf_init(&b);
    buf_lit(&b, "{\"time\":\"");
    if (l->format == LOG_LOGFMT)
        buf_clear(&b), buf_lit(&b, "time=");
    add_stamp(&b, clock_read(l->clock).wall_ms);
    if (l->format == LOG_JSON)
        buf_fmt(&b, "\",\"level\":\"%s\",\"event\":\"%s\"", levels[level], event);
    else
        buf_fmt(&b, " level=%s event=%s", levels[level], event);
    for (size_t i = 0; i < n; i++)
        add_field(&b, l->format, &fields[i]);
    if (l->format == LOG_JSON)
        buf_char(&b, '}');
    buf_char(&b, '\n');
    counter_share(&l->lines[level], 1);
    l->sink(l->ctx, buf_slice(&b));
    buf_end(&b);
}
