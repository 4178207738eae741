#include "lua/api_page.h"

#include <string.h>

#include "lua/api.h"
#include "lua/docs.h"

/* `code` in backquotes becomes what it is. */
static void put_prose(struct buf *out, const char *text)
{
    bool code = false;
    while (*text) {
        size_t n = strcspn(text, "`");
        docs_text(out, (struct str){text, n});
        text += n;
        if (*text) {
            code = !code;
            buf_str(out, code ? STR("<code>") : STR("</code>"));
            text++;
        }
    }
}

static void put_values(struct buf *out, const char *title, const struct api_value *v)
{
    if (!v || !v->type)
        return;
    buf_fmt(out, "<h4>%s</h4><table>\n", title);
    for (; v->type; v++) {
        buf_lit(out, "<tr><td><code>");
        docs_text(out, str_of(v->name));
        buf_lit(out, "</code></td><td><code>");
        docs_text(out, str_of(v->type));
        buf_lit(out, "</code></td><td>");
        put_prose(out, v->text);
        buf_lit(out, "</td></tr>\n");
    }
    buf_lit(out, "</table>\n");
}

static void put_where(struct buf *out, const struct api_row *r)
{
    buf_fmt(out, "<p class=\"m\">In %s", api_where(r->phases));
    if (r->need)
        buf_fmt(out, "; needs <code>%s</code>", api_need_word(r->need));
    if (r->waits)
        buf_str(out, r->waits == API_WAITS ? STR("; waits") : STR("; may wait"));
    buf_lit(out, ".</p>\n");
}

static void put_row(struct buf *out, const struct api_row *r)
{
    struct buf signature;
    char level = strpbrk(r->name, ".:") ? '3' : '2';
    buf_init(&signature);
    api_put_signature(r, true, &signature);
    buf_fmt(out, "<section id=\"%s%s\"><h%c><code>",
            r->kind == API_CLASS ? "type-" : "", r->name, level);
    docs_text(out, buf_slice(&signature));
    buf_fmt(out, "</code></h%c>\n", level);
    buf_end(&signature);
    put_where(out, r);
    buf_lit(out, "<p>");
    put_prose(out, r->text);
    buf_lit(out, "</p>\n");
    put_values(out, r->kind == API_CLASS ? "Fields" : "Takes", r->takes);
    put_values(out, r->kind == API_VALUE ? "Is" : "Gives", r->gives);
    buf_lit(out, "</section>\n");
}

void api_page_put(struct buf *out)
{
    docs_begin(
        out, "Kordless for scripts",
        "What a plugin, a transaction or a policy may call, made from the table "
        "that this server goes by. Instants are integers, UTC seconds since 1970; "
        "money is integer minor units. For editors: "
        "<code>include/kordless.lua</code>. What the server answers: <a "
        "href=\"/docs\">/docs</a>.");
    for (const struct api_row *r = api_first(); r; r = api_next(r))
        put_row(out, r);
    docs_end(out);
}
