#ifndef KORDLESS_BASE_LOG_H
#define KORDLESS_BASE_LOG_H

/* One line per event, logfmt (key=value) or one JSON object. It knows nothing of the
 * application: an event is a word, fields are named values, bytes go to a sink. Lines
 * are written whole and may come from any thread. Values are escaped: a peer's bytes
 * cannot start a line or forge a field. */

#include <stdint.h>

#include "base/now.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_field {
    const char *key;
    struct str text; /* used when text.p is not NULL */
    int64_t number;
};

static inline struct str log_text(const char *c) /* NULL is the empty text, no number */
{
    return c ? str_of(c) : STR("");
}

#define LOG_T(k, s) ((struct log_field){(k), (s), 0})               /* struct str */
#define LOG_C(k, c) ((struct log_field){(k), log_text(c), 0})       /* C string */
#define LOG_N(k, v) ((struct log_field){(k), {0, 0}, (int64_t)(v)}) /* integer */

typedef void log_sink(void *ctx, struct str line); /* the line with its newline */

struct log;
struct log *log_new(struct clock *clock, enum log_level least, enum log_format format,
                    log_sink *sink, void *ctx);
void log_free(struct log *l);
void log_to_stderr(void *ctx, struct str line); /* a sink: one write(2) a line */

/* A NULL log swallows everything: tests and pure code pass it. */
void log_event(struct log *l, enum log_level level, const char *event,
               const struct log_field *fields, size_t n);

/* Lines of this level so far. Any thread. */
uint64_t log_lines(const struct log *l, enum log_level level);

#define LOG(l, level, event, ...)                                             \
    log_event((l), (level), (event), (const struct log_field[]){__VA_ARGS__}, \
              sizeof((const struct log_field[]){__VA_ARGS__}) /               \
                  sizeof(struct log_field))

#endif
