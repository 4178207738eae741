#include "ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

int ask_usage(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("kordless: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return 2;
}

static int fail(struct buf *why)
{
    fprintf(stderr, "kordless: %.*s\n", (int)why->n, why->p ? why->p : "");
    buf_end(why);
    return 1;
}

int ask_refused(const struct answer *a)
{
    struct buf text;
    buf_init(&text);
    struct str detail = answer_text(a, "detail", &text);
    if (detail.n)
        fprintf(stderr, "kordless: %.*s\n", (int)detail.n, detail.p);
    else
        fprintf(stderr, "kordless: the server did not answer as expected (status %d)\n",
                a->status);
    buf_end(&text);
    return 1;
}

void ask_put_member(struct buf *b, const char *name, const char *value)
{
    if (!value)
        return;
    buf_fmt(b, "%s\"%s\":", b->n > 1 ? "," : "", name);
    if (json_put_string(b, str_of(value)))
        buf_lit(b, "null"); /* not UTF-8: the server says what is missing */
}

int ask_platform(struct client *c, const char *method, const char *path,
                 struct str body, int good, struct answer *a)
{
    if (client_ask(c, method, path, "", body, a)) {
        fprintf(stderr, "kordless: the server does not answer\n");
        return 1;
    }
    return a->status == good ? 0 : ask_refused(a);
}

int ask_organization(struct client *c, const char *slug, struct buf *id)
{
    struct answer a;
    struct buf path;
    if (!*slug ||
        strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(slug))
        return ask_usage("'%s' is no slug: lower-case letters, digits and hyphens",
                         slug);
    buf_init(&path);
    buf_fmt(&path, "/api/platform/v1/organizations/%s%c", slug, '\0');
    int code = ask_platform(c, "GET", path.p, STR(""), 200, &a);
    if (!code) {
        answer_text(&a, "organization.id", id);
        buf_char(id, '\0');
    }
    buf_end(&a.body);
    buf_end(&path);
    return code;
}

int ask_open(struct client **c, const struct options *o)
{
    struct buf why;
    buf_init(&why);
    if (client_open(c, &o->server, &why))
        return fail(&why);
    buf_end(&why);
    return 0;
}

void ask_print_raw(const struct answer *a, const char *path)
{
    struct str raw;
    if (answer_raw(a, path, &raw))
        printf("%.*s\n", (int)raw.n, raw.p);
}

/* A string as its text, anything else as it stands there; null as nothing. */
void ask_print_field(const struct answer *a, const char *label, const char *path)
{
    struct buf text;
    struct str raw;
    buf_init(&text);
    struct str v = answer_text(a, path, &text);
    if (!v.n && answer_raw(a, path, &raw) && !str_eq(raw, STR("null")) &&
        !str_eq(raw, STR("\"\"")))
        v = raw;
    printf("%-14s %.*s\n", label, (int)v.n, v.n ? v.p : "");
    buf_end(&text);
}

/* "none" is null: what is set is cleared. */
void ask_put_setting(struct buf *b, const char *name, const char *value)
{
    if (value && strcmp(value, "none") == 0)
        buf_fmt(b, "%s\"%s\":null", b->n > 1 ? "," : "", name);
    else
        ask_put_member(b, name, value);
}

/* What is no number is sent as it is told, as text, and refused with a sentence. */
void ask_put_number(struct buf *b, const char *name, const char *value)
{
    uint64_t v;
    if (value && !str_u64(str_of(value), UINT64_MAX / 2, &v))
        buf_fmt(b, "%s\"%s\":%llu", b->n > 1 ? "," : "", name, (unsigned long long)v);
    else
        ask_put_setting(b, name, value);
}

bool ask_limits_fault(const struct options *o)
{
    bool some = o->per_minute || o->per_hour || o->per_day || o->reason || o->until;
    if (o->no_limits && some)
        ask_usage("--no-limits takes all limits away and goes with no other of them");
    return o->no_limits && some;
}

void ask_put_limits(struct buf *b, const struct options *o)
{
    struct buf limits;
    buf_init(&limits);
    buf_char(&limits, '{');
    ask_put_number(&limits, "per_minute", o->per_minute);
    ask_put_number(&limits, "per_hour", o->per_hour);
    ask_put_number(&limits, "per_day", o->per_day);
    ask_put_setting(&limits, "reason", o->reason);
    ask_put_setting(&limits, "until", o->until);
    buf_char(&limits, '}');
    if (o->no_limits || limits.n > 2)
        buf_fmt(b, "%s\"limits\":", b->n > 1 ? "," : "");
    if (o->no_limits)
        buf_lit(b, "null");
    else if (limits.n > 2)
        buf_str(b, buf_slice(&limits));
    buf_end(&limits);
}

void ask_put_query(struct buf *path, const char *name, const char *value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_.~";
    if (!value)
        return;
    buf_fmt(path, "&%s=", name);
    for (const char *c = value; *c; c++)
        if (strchr(plain, *c))
            buf_char(path, *c);
        else
            buf_fmt(path, "%%%02X", (unsigned)(unsigned char)*c);
}

int ask_pages(struct client *c, const struct options *o, const char *path,
              const char *plural, void (*line)(const struct answer *a, int i))
{
    struct buf page, cursor;
    int code = 0, shown = 0;
    buf_init(&page);
    buf_init(&cursor);
    if (o->json)
        fputs("[", stdout);
    do {
        struct answer a;
        struct str raw;
        char element[48];
        buf_clear(&page);
        buf_fmt(&page, "%s%s%.*s%c", path, cursor.n ? "&cursor=" : "", (int)cursor.n,
                cursor.n ? cursor.p : "", '\0');
        code = ask_platform(c, "GET", page.p, STR(""), 200, &a);
        for (int i = 0; !code; i++) {
            snprintf(element, sizeof(element), "%s.%d", plural, i);
            if (!answer_raw(&a, element, &raw))
                break;
            if (o->json)
                printf("%s%.*s", shown++ ? "," : "", (int)raw.n, raw.p);
            else
                line(&a, i);
        }
        answer_text(&a, "next_cursor", &cursor);
        buf_end(&a.body);
    } while (!code && cursor.n);
    if (o->json)
        puts("]");
    buf_end(&page);
    buf_end(&cursor);
    return code;
}
