#include "orgs.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"

#define ROUTE "/api/platform/v1/organizations"

static void show(const struct options *o, const struct answer *a)
{
    static const char *const fields[] = {"slug",       "name",     "plan",  "suspended",
                                         "created_at", "metadata", "limits"};
    char path[64];
    if (o->json) {
        ask_print_raw(a, "organization");
        return;
    }
    ask_print_field(a, "organization", "organization.id");
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        snprintf(path, sizeof(path), "organization.%s", fields[i]);
        ask_print_field(a, fields[i], path);
    }
}

/* One request about one organization; `body` is ended. */
static int ask_one(const struct options *o, const char *method, const char *which,
                   struct buf *body, int good)
{
    struct client *c;
    struct answer a;
    struct buf path;
    if (ask_open(&c, o)) {
        buf_end(body);
        return 1;
    }
    buf_init(&path);
    buf_fmt(&path, ROUTE "%s%s%c", which ? "/" : "", which ? which : "", '\0');
    int code =
        ask_platform(c, method, path.p, body->n ? buf_slice(body) : STR(""), good, &a);
    if (!code)
        show(o, &a);
    buf_end(&a.body);
    buf_end(&path);
    buf_end(body);
    client_close(c);
    return code;
}

static const char *named(const struct options *o)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *which = o->n_words > 2 ? o->words[2] : o->org;
    return which && *which && strspn(which, letters) == strlen(which) ? which : NULL;
}

static int no_name(const struct options *o)
{
    return ask_usage("org %s needs the organization's slug or id", o->words[1]);
}

static void put_metadata(struct buf *b, const struct options *o)
{
    if (o->metadata) /* as it is: the server says what is wrong with it */
        buf_fmt(b, "%s\"metadata\":%s", b->n > 1 ? "," : "",
                strcmp(o->metadata, "none") ? o->metadata : "null");
}

int orgs_create(const struct options *o)
{
    struct buf body;
    if (!o->slug || !o->name)
        return ask_usage("org create needs --slug S and --name N");
    buf_init(&body);
    buf_char(&body, '{');
    ask_put_member(&body, "slug", o->slug);
    ask_put_member(&body, "name", o->name);
    ask_put_member(&body, "plan", o->plan);
    put_metadata(&body, o);
    buf_char(&body, '}');
    return ask_one(o, "POST", NULL, &body, 201);
}

int orgs_show(const struct options *o)
{
    struct buf none;
    buf_init(&none);
    return named(o) ? ask_one(o, "GET", named(o), &none, 200) : no_name(o);
}

int orgs_set(const struct options *o)
{
    struct buf body;
    if (!named(o))
        return no_name(o);
    if (o->per_minute || o->per_hour)
        return ask_usage("a minute and an hour are each key's: kordless key set KEY");
    if (ask_limits_fault(o))
        return 2;
    buf_init(&body);
    buf_char(&body, '{');
    ask_put_member(&body, "name", o->name);
    ask_put_setting(&body, "plan", o->plan);
    put_metadata(&body, o);
    ask_put_limits(&body, o);
    buf_char(&body, '}');
    if (body.n == 2) {
        buf_end(&body);
        return ask_usage("org set needs a flag that says what to change");
    }
    return ask_one(o, "PATCH", named(o), &body, 200);
}

static int turn(const struct options *o, bool suspended)
{
    struct buf body;
    if (!named(o))
        return no_name(o);
    buf_init(&body);
    buf_fmt(&body, "{\"suspended\":%s}", suspended ? "true" : "false");
    return ask_one(o, "PATCH", named(o), &body, 200);
}

int orgs_suspend(const struct options *o)
{
    return turn(o, true);
}

int orgs_resume(const struct options *o)
{
    return turn(o, false);
}

static void print_line(const struct answer *a, int i)
{
    static const char *const columns[] = {"slug", "name", "plan", "created_at", "id"};
    static const int widths[] = {24, 24, 12, 21, 0};
    char path[64];
    struct str off;
    struct buf text;
    buf_init(&text);
    for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
        snprintf(path, sizeof(path), "organizations.%d.%s", i, columns[k]);
        struct str v = answer_text(a, path, &text);
        if (!v.n)
            v = STR("-");
        printf("%-*.*s ", widths[k], (int)v.n, v.p);
    }
    snprintf(path, sizeof(path), "organizations.%d.suspended", i);
    puts(answer_raw(a, path, &off) && str_eq(off, STR("true")) ? "suspended" : "");
    buf_end(&text);
}

int orgs_list(const struct options *o)
{
    struct client *c;
    struct buf path;
    if (ask_open(&c, o))
        return 1;
    buf_init(&path);
    buf_lit(&path, ROUTE "?limit=100");
    ask_put_query(&path, "q", o->q);
    buf_char(&path, '\0');
    if (!o->json)
        printf("%-24s %-24s %-12s %-21s %s\n", "SLUG", "NAME", "PLAN", "CREATED", "ID");
    int code = ask_pages(c, o, path.p, "organizations", print_line);
    buf_end(&path);
    client_close(c);
    return code;
}
