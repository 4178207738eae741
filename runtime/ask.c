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
    if (strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(slug))
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
