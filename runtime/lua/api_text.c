#include "lua/api.h"

#include <string.h>

/* The API written down: for the Lua language server, and as a page of Markdown. */

enum { WIDTH = 100 };

/* What no row says: written by hand, in a file that is read and checked as Lua. */
__asm__(".pushsection .rodata\n"
        ".globl api_manifest\n"
        ".globl api_manifest_end\n"
        "api_manifest: .incbin \"runtime/lua/api_manifest.lua\"\n"
        "api_manifest_end: .byte 0\n"
        ".popsection\n");
extern const char api_manifest[], api_manifest_end[];

static const char head[] =
    "---@meta\n"
    "-- The `kordless` API as a plugin sees it, for the Lua language server and for "
    "readers.\n"
    "-- Made by `make api` from the table that the server itself goes by "
    "(runtime/lua/api.h):\n"
    "-- change it there.\n"
    "-- A plugin gets the libraries its manifest lists under `needs`. Where: H = "
    "handlers.lua,\n"
    "-- T = transactions.lua, P = policies (scripts/); a file they require may use "
    "what they\n"
    "-- may, and what a library says holds for its members. What is used elsewhere, or "
    "was not\n"
    "-- asked for, raises an error that says so.\n"
    "-- Units: instants are integers, UTC seconds since 1970; money is integer minor "
    "units.\n"
    "-- Wrong arguments raise an error. One that a handler does not catch is answered "
    "500, one\n"
    "-- over its budget of steps or memory 503; both stand in the log with file:line, "
    "and the\n"
    "-- client gets the request id. What waits cannot be called inside a sort, a "
    "pattern's\n"
    "-- function, a metamethod of one or a file being required.\n"
    "-- Beside `kordless` there are the base functions, string, table, math and utf8, "
    "without\n"
    "-- load, dofile, print, collectgarbage, coroutine, io, os, debug, random, warn "
    "and xpcall;\n"
    "-- globals cannot be set; setmetatable takes no __gc, __close or __mode.\n"
    "\n"
    "---@class kordless\n"
    "kordless = {}\n";

/* --- both --- */

static bool any(const struct api_value *v)
{
    return v && v->type;
}

static struct str plain_name(const struct api_value *v)
{
    size_t n = strlen(v->name);
    return (struct str){v->name, n && v->name[n - 1] == '?' ? n - 1 : n};
}

static void put_names(const struct api_row *r, bool types, struct buf *out)
{
    buf_char(out, '(');
    for (const struct api_value *v = r->takes; any(v); v++) {
        if (v != r->takes)
            buf_lit(out, ", ");
        buf_str(out, types ? str_of(v->name) : plain_name(v));
        if (types)
            buf_fmt(out, ": %s", v->type);
    }
    buf_char(out, ')');
}

void api_put_signature(const struct api_row *r, bool types, struct buf *out)
{
    bool outer = r->kind != API_METHOD && r->kind != API_GLOBAL;
    buf_fmt(out, "%s%s", outer ? "kordless." : "", r->name);
    if (r->call || r->kind == API_GLOBAL)
        put_names(r, types, out);
    for (const struct api_value *v = types && r->call ? r->gives : NULL; any(v); v++)
        buf_fmt(out, "%s%s", v == r->gives ? " → " : ", ", v->type);
}

/* Words of `text` behind `prefix`, in lines of at most WIDTH characters. */
static void put_wrapped(struct buf *out, const char *prefix, const char *text)
{
    size_t line = 0;
    while (*text) {
        size_t n = strcspn(text, " "), shown = 0;
        for (size_t i = 0; i < n; i++)
            shown += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (line && line + 1 + shown > WIDTH) {
            buf_char(out, '\n');
            line = 0;
        }
        if (!line) {
            buf_str(out, str_of(prefix));
            line = strlen(prefix) - 1;
        } else {
            buf_char(out, ' ');
        }
        buf_add(out, text, n);
        line += 1 + shown;
        text += n + strspn(text + n, " ");
    }
    buf_char(out, '\n');
}

static void put_waits(const struct api_row *r, struct buf *out)
{
    if (r->waits)
        buf_str(out, r->waits == API_WAITS ? STR("; waits") : STR("; may wait"));
}

/* --- for the Lua language server --- */

/* Of a member only what its library, `outer`, has not said already. */
static void put_where(const struct api_row *r, const struct api_row *outer,
                      struct buf *out)
{
    static const char letters[] = "HTP";
    bool first = true;
    if (r != outer && r->phases == outer->phases && !r->waits)
        return;
    for (int i = 0; i < API_PHASES; i++) {
        if (!(r->phases & 1u << i))
            continue;
        buf_fmt(out, "%s%c", first ? "" : ", ", letters[i]);
        first = false;
    }
    if (r->need && r == outer)
        buf_fmt(out, "; needs \"%s\"", api_need_word(r->need));
    put_waits(r, out);
    buf_lit(out, ". ");
}

static void put_field(struct buf *out, const char *tag, const struct api_value *v)
{
    buf_fmt(out, "---@%s %s %s%s%s\n", tag, v->name, v->type, *v->text ? " " : "",
            v->text);
}

static void put_result(struct buf *out, const struct api_value *v)
{
    buf_fmt(out, "---@return %s %s%s%s\n", v->type, v->name, *v->text ? " " : "",
            v->text);
}

static bool is_generic(const struct api_row *r)
{
    return any(r->takes) && strcmp(r->takes->type, "T") == 0;
}

static void put_types(const struct api_row *r, struct buf *out)
{
    if (is_generic(r))
        buf_lit(out, "---@generic T\n");
    for (const struct api_value *v = r->takes; any(v); v++)
        put_field(out, r->kind == API_CLASS ? "field" : "param", v);
    for (const struct api_value *v = r->gives; any(v) && *v->name; v++)
        put_result(out, v);
}

static bool has_methods(const struct api_row *r)
{
    const struct api_row *m = api_next(r);
    return r->kind == API_CLASS && m && m->kind == API_METHOD;
}

static void put_row(const struct api_row *r, const struct api_row *outer,
                    struct buf *out)
{
    struct buf text;
    if (r == outer)
        buf_char(out, '\n');
    buf_init(&text);
    put_where(r, outer, &text);
    buf_fmt(&text, "%s%c", r->text, '\0');
    put_wrapped(out, "--- ", text.p);
    buf_end(&text);
    if (r->kind == API_CLASS)
        buf_fmt(out, "---@class kordless.%s\n", r->name);
    put_types(r, out);
    if (has_methods(r))
        buf_fmt(out, "local %s = {}\n", r->name);
    if (r->kind == API_CLASS)
        return;
    if (r->kind == API_VALUE)
        buf_fmt(out, "---@type %s\n", r->gives->type);
    if (r->kind == API_LIBRARY || r->kind == API_VALUE) {
        buf_fmt(out, "kordless.%s = %s\n", r->name,
                strchr(r->name, '.') ? "nil" : "{}");
        return;
    }
    buf_lit(out, "function ");
    api_put_signature(r, false, out);
    buf_lit(out, " end\n");
}

void api_put_lua(struct buf *out)
{
    const struct api_row *outer = NULL;
    buf_str(out, str_of(head));
    for (const struct api_row *r = api_first(); r; r = api_next(r)) {
        if (!strpbrk(r->name, ".:"))
            outer = r;
        put_row(r, outer, out);
    }
    buf_lit(out, "\n---@alias kordless.need ");
    for (int i = 0; api_needs[i]; i++)
        buf_fmt(out, "%s\"%s\"", i ? "|" : "", api_needs[i]);
    buf_lit(out, "\n\n");
    buf_add(out, api_manifest, (size_t)(api_manifest_end - api_manifest));
}

/* --- Markdown --- */

static void put_item(struct buf *out, const char *before, const struct api_value *v)
{
    buf_fmt(out, "- %s`%s%s%s`%s%s\n", before, v->name, *v->name ? ": " : "", v->type,
            *v->text ? " – " : "", v->text);
}

static void put_section(const struct api_row *r, struct buf *out)
{
    buf_fmt(out, "\n%s `", strpbrk(r->name, ".:") ? "###" : "##");
    api_put_signature(r, false, out);
    buf_fmt(out, "`\n\n*In %s", api_where(r->phases));
    if (r->need)
        buf_fmt(out, "; needs `%s`", api_need_word(r->need));
    put_waits(r, out);
    buf_lit(out, ".*\n\n");
    put_wrapped(out, "", r->text);
    if (any(r->takes) || any(r->gives))
        buf_char(out, '\n');
    for (const struct api_value *v = r->takes; any(v); v++)
        put_item(out, "", v);
    for (const struct api_value *v = r->gives; any(v); v++)
        put_item(out, "gives ", v);
}

void api_put_markdown(struct buf *out)
{
    buf_lit(out,
            "# The `kordless` API\n\nWhat scripts of this server may call. Units: "
            "instants are integers, UTC seconds since 1970;\nmoney is integer minor "
            "units.\n");
    for (const struct api_row *r = api_first(); r; r = api_next(r))
        put_section(r, out);
}
