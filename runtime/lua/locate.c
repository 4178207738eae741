#include "lua/locate.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum token {
    END,
    WORD,   /* a name or keyword; `text` */
    NUMBER, /* `text` */
    STRING, /* `text`, between its quotes */
    OPEN,   /* { ( */
    CLOSE,  /* } ) */
    OTHER   /* `mark` */
};

struct scan {
    struct str in;
    size_t at;
    int line;
    /* The token read last. */
    enum token token;
    struct str text;
    char mark;
    int token_line;
};

static char peek(const struct scan *s, size_t ahead)
{
    return s->at + ahead < s->in.n ? s->in.p[s->at + ahead] : '\0';
}

static void skip(struct scan *s, size_t n)
{
    for (; n > 0 && s->at < s->in.n; n--)
        s->line += s->in.p[s->at++] == '\n';
}

/* "[[" or "[==[" here: the number of its signs and brackets; 0 when it is none. */
static size_t long_bracket(const struct scan *s)
{
    size_t n = 1;
    while (peek(s, n) == '=')
        n++;
    return peek(s, 0) == '[' && peek(s, n) == '[' ? n + 1 : 0;
}

static void skip_long(struct scan *s, size_t opening)
{
    skip(s, opening);
    size_t from = s->at;
    while (s->at < s->in.n) {
        size_t n = 1;
        while (n < opening - 1 && peek(s, n) == '=')
            n++;
        if (peek(s, 0) == ']' && n == opening - 1 && peek(s, n) == ']')
            break;
        skip(s, 1);
    }
    s->text = (struct str){s->in.p + from, s->at - from};
    skip(s, opening);
}

static void skip_blanks(struct scan *s)
{
    for (;;) {
        while (s->at < s->in.n && isspace((unsigned char)peek(s, 0)))
            skip(s, 1);
        if (peek(s, 0) != '-' || peek(s, 1) != '-')
            return;
        skip(s, 2);
        size_t opening = long_bracket(s);
        if (opening)
            skip_long(s, opening);
        while (!opening && s->at < s->in.n && peek(s, 0) != '\n')
            skip(s, 1);
    }
}

static void quoted(struct scan *s)
{
    char quote = peek(s, 0);
    skip(s, 1);
    size_t from = s->at;
    while (s->at < s->in.n && peek(s, 0) != quote && peek(s, 0) != '\n')
        skip(s, peek(s, 0) == '\\' ? 2 : 1);
    s->text = (struct str){s->in.p + from, s->at - from};
    skip(s, 1);
    s->token = STRING;
}

static void word(struct scan *s)
{
    size_t from = s->at;
    s->token = isdigit((unsigned char)peek(s, 0)) ? NUMBER : WORD;
    while (isalnum((unsigned char)peek(s, 0)) || peek(s, 0) == '_')
        skip(s, 1);
    s->text = (struct str){s->in.p + from, s->at - from};
}

static void mark(struct scan *s)
{
    s->mark = peek(s, 0);
    s->token = strchr("{(", s->mark) ? OPEN : strchr("})", s->mark) ? CLOSE : OTHER;
    skip(s, 1);
    if (s->mark == '=' && peek(s, 0) == '=') {
        s->mark = '?'; /* a comparison assigns nothing */
        skip(s, 1);
    }
}

static enum token next(struct scan *s)
{
    skip_blanks(s);
    s->token_line = s->line;
    size_t opening = long_bracket(s);
    char c = peek(s, 0);
    if (s->at >= s->in.n || c == '\0') {
        s->token = END;
    } else if (opening) {
        skip_long(s, opening);
        s->token = STRING;
    } else if (c == '"' || c == '\'') {
        quoted(s);
    } else if (isalnum((unsigned char)c) || c == '_') {
        word(s);
    } else {
        mark(s);
    }
    return s->token;
}

static bool is_mark(const struct scan *s, char c)
{
    return s->token == OTHER && s->mark == c;
}

/* Stands behind the last `return {` outside of any bracket. */
static bool find_return(struct scan *s)
{
    struct scan found = {.in = {NULL, 0}};
    int depth = 0;
    while (next(s) != END) {
        depth += s->token == OPEN ? 1 : s->token == CLOSE ? -1 : 0;
        if (depth != 0 || s->token != WORD || !str_eq(s->text, STR("return")))
            continue;
        struct scan behind = *s;
        if (next(&behind) == OPEN && behind.mark == '{')
            found = behind;
    }
    *s = found;
    return found.in.p != NULL;
}

/* A step of the path: a name, or a position in a list. */
struct step {
    struct str name;
    long position;
};

static const char *take_step(const char *path, struct step *out)
{
    *out = (struct step){.position = 0};
    if (*path == '[') {
        char *end;
        out->position = strtol(path + 1, &end, 10);
        path = *end ? end + 1 : end;
    } else {
        size_t n = strcspn(path, ".[");
        out->name = (struct str){path, n};
        path += n;
    }
    return *path == '.' ? path + 1 : path;
}

/* Reads over `key =` of the entry whose first token was just read, if that is how it
 * begins; the first token of the value is read then. */
static bool take_key(struct scan *s, struct str *key)
{
    struct scan ahead = *s;
    bool bracket = is_mark(s, '[');
    if (bracket)
        next(&ahead);
    *key = ahead.text;
    if (ahead.token != WORD && !(bracket && ahead.token != END))
        return false;
    if (bracket && (next(&ahead) == END || !is_mark(&ahead, ']')))
        return false;
    next(&ahead);
    if (!is_mark(&ahead, '='))
        return false;
    next(&ahead);
    *s = ahead;
    return true;
}

/* From the first token of a value to the comma behind it; false at the table's end. */
static bool skip_value(struct scan *s)
{
    for (int depth = 0; s->token != END; next(s)) {
        if (depth == 0 && (s->token == CLOSE || is_mark(s, ',') || is_mark(s, ';')))
            return s->token != CLOSE;
        depth += s->token == OPEN ? 1 : s->token == CLOSE ? -1 : 0;
    }
    return false;
}

/* `[200] =` as well. */
static bool names(struct str key, const struct step *want)
{
    uint64_t n;
    if (want->name.n)
        return str_eq(key, want->name);
    return !str_u64(key, 1000000, &n) && (long)n == want->position;
}

/* Inside a table: stands on the value of the step's entry, or returns 0. */
static int find_entry(struct scan *s, const struct step *want)
{
    long position = 0;
    while (next(s) != END && s->token != CLOSE) {
        struct str key;
        int line = s->token_line;
        bool named = take_key(s, &key);
        position += !named;
        if (named ? names(key, want) : position == want->position)
            return line;
        if (!skip_value(s))
            return 0;
    }
    return 0;
}

int locate(struct str text, const char *path)
{
    struct scan s = {.in = text, .line = 1};
    if (!find_return(&s))
        return 0;
    int line = s.token_line;
    while (*path) {
        struct step step;
        path = take_step(path, &step);
        int found = find_entry(&s, &step);
        if (!found)
            return line;
        line = found;
        if (s.token != OPEN || s.mark != '{')
            return line;
    }
    return line;
}
