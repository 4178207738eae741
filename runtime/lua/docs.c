#include "lua/docs.h"

#include <math.h>
#include <stdio.h>

#define STYLE                                                                      \
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;pad" \
    "ding:0 1rem;color:#222;background:#fff}h2{margin-top:3rem;border-bottom:1px " \
    "solid #ccc}section{margin:2rem 0}code,pre{font:14px/1.5 ui-monospace,monospa" \
    "ce;background:#f4f4f4}code{padding:.1em .3em}pre{padding:.8rem;overflow:auto" \
    "}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-al" \
    "ign:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #ddd}.m{color:" \
    "#055;font-weight:600}"

/* The hash is of STYLE; tests/talk/docs_spec.lua computes it anew. */
const char docs_policy[] =
    "default-src 'none'; style-src "
    "'sha256-0LHpyuu13k5IjH+4jE1iiDc1eERbyuHgFSAfVF36G8Q='; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void docs_begin(struct buf *out, const char *title, const char *intro)
{
    buf_fmt(out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title>"
            "<style>%s</style></head>\n<body><h1>%s</h1><p>%s</p>\n",
            title, STYLE, title, intro);
}

void docs_end(struct buf *out)
{
    buf_lit(out, "</body></html>\n");
}

void docs_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<':
            buf_lit(b, "&lt;");
            break;
        case '>':
            buf_lit(b, "&gt;");
            break;
        case '&':
            buf_lit(b, "&amp;");
            break;
        case '"':
            buf_lit(b, "&quot;");
            break;
        default:
            buf_char(b, s.p[i]);
        }
    }
}

static void put_range(struct buf *b, const struct schema *s)
{
    if (isfinite(s->minimum) && isfinite(s->maximum) && s->type <= SCHEMA_NUMBER &&
        s->type != SCHEMA_STRING)
        buf_fmt(b, ", %.15g to %.15g", s->minimum, s->maximum);
    if (s->max_length >= 0)
        buf_fmt(b, ", at most %lld %s", (long long)s->max_length,
                s->type == SCHEMA_ARRAY ? "entries" : "characters");
    for (int i = 0; i < s->n_choices; i++) {
        buf_str(b, str_of(i ? ", " : ": "));
        docs_text(b, s->choices[i]);
    }
    if (s->nullable)
        buf_lit(b, ", or null");
    if (s->preset.p) {
        buf_lit(b, "; else ");
        docs_text(b, s->preset);
    }
}

/* A row for the value and one for each inside it: contact, contact.name, … */
static void put_rows(struct buf *b, const struct schema *s, struct buf *name)
{
    const char *format = schema_format_name(s->format);
    size_t at = name->n;
    if (at) {
        buf_lit(b, "<tr><td><code>");
        docs_text(b, buf_slice(name));
        buf_fmt(b, "</code></td><td>%s", format ? format : schema_type_name(s->type));
        put_range(b, s);
        buf_fmt(b, "</td><td>%s", s->required ? "required" : "");
        buf_lit(b, "</td><td>");
        docs_text(b, s->description);
        buf_lit(b, "</td></tr>\n");
    }
    for (int i = 0; i < s->n_properties; i++) {
        buf_str(name, str_of(at ? "." : ""));
        buf_str(name, s->properties[i].name);
        put_rows(b, &s->properties[i], name);
        name->n = at;
    }
    if (s->items) {
        buf_lit(name, "[]");
        put_rows(b, s->items, name);
        name->n = at;
    }
}

static void put_table(struct buf *b, const char *title, const struct schema *s)
{
    struct buf name;
    if (!s || (!s->n_properties && !s->items))
        return;
    buf_init(&name);
    buf_fmt(b, "<h4>%s</h4><table>\n", title);
    put_rows(b, s, &name);
    buf_lit(b, "</table>\n");
    buf_end(&name);
}

static void put_example(struct buf *b, const char *title, struct str json)
{
    if (!json.p)
        return;
    buf_fmt(b, "<h4>%s</h4><pre>", title);
    docs_text(b, json);
    buf_lit(b, "</pre>\n");
}

static void put_route(struct buf *b, const struct openapi_route *all, int i)
{
    const struct route *r = all[i].route;
    buf_lit(b, "<section id=\"");
    openapi_id(all, i, b);
    buf_fmt(b, "\"><h3><span class=\"m\">%s</span> <code>",
            http_method_name(r->method));
    docs_text(b, r->path);
    buf_lit(b, "</code></h3><p>");
    docs_text(b, r->summary);
    buf_char(b, ' ');
    openapi_access(r, b);
    buf_lit(b, "</p>\n");
    put_table(b, "Query", r->declared.query);
    put_table(b, "Body", r->declared.body);
    put_example(b, "Example", r->declared.example_body);
    for (int k = 0; k < r->declared.n_replies; k++) {
        char title[16];
        snprintf(title, sizeof(title), "Reply %d", r->declared.replies[k].status);
        if (r->declared.replies[k].status != 204)
            put_table(b, title, &r->declared.replies[k].body);
    }
    put_example(b, "Example of a reply", r->declared.example_reply);
    buf_lit(b, "</section>\n");
}

void docs_put(const struct openapi *o, struct buf *out)
{
    const struct openapi_route *all = o->routes;
    docs_begin(
        out, "Kordless API",
        "What this server answers, made from the plugins it has loaded. For "
        "programs: <a href=\"/openapi.json\">/openapi.json</a>. What its scripts "
        "may call: <a href=\"/docs/lua\">/docs/lua</a>. Faults are told as "
        "<code>{\"detail\", \"status\", \"type\", \"code\"}</code>.");
    for (int i = 0; i < o->n_routes; i++) {
        if (i == 0 || !str_eq(all[i].owner, all[i - 1].owner)) {
            buf_lit(out, "<h2>");
            docs_text(out, all[i].owner);
            buf_lit(out, "</h2>\n");
        }
        put_route(out, all, i);
    }
    docs_end(out);
}
