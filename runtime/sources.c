#include "sources.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "guard/secret.h"

static void to_hex(const unsigned char *digest, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void add_file(struct source_list *l, struct str name, struct str text)
{
    unsigned char digest[DIGEST_BYTES];
    struct source_file *f = &l->files[l->n++];
    f->name = name;
    f->text = text;
    secret_hash(text, digest);
    to_hex(digest, sizeof(digest), f->hash);
}

static void add_folder(struct arena *a, struct source_list *l, const char *where,
                       const struct folder *f)
{
    for (int i = 0; i < f->n_files; i++)
        add_file(l, arena_fmt(a, "%s/%s.lua", where, f->files[i].module.p),
                 f->files[i].text);
    for (int i = 0; i < f->n_migrations; i++)
        add_file(l,
                 arena_fmt(a, "%s/migrations/%s.sql", where, f->migrations[i].name.p),
                 f->migrations[i].sql);
}

void sources_hash_of(const struct source_list *l, struct str prefix, char out[17])
{
    unsigned char digest[DIGEST_BYTES];
    struct buf b;
    buf_init(&b);
    for (int i = 0; i < l->n; i++)
        if (str_starts(l->files[i].name, prefix))
            buf_fmt(&b, "%s  %s\n", l->files[i].hash, l->files[i].name.p);
    secret_hash(buf_slice(&b), digest);
    to_hex(digest, 8, out);
    buf_end(&b);
}

static int count(const struct generation *g)
{
    int n = g->scripts.n_files + g->scripts.n_migrations;
    for (int i = 0; i < g->n_plugins; i++)
        n += g->plugins[i].folder.n_files + g->plugins[i].folder.n_migrations;
    return n;
}

void sources_list(struct arena *a, const struct generation *g, struct source_list *out)
{
    *out = (struct source_list){
        .files = arena_zero(a, sizeof(*out->files) * (size_t)(count(g) + 1))};
    add_folder(a, out, "scripts", &g->scripts);
    for (int i = 0; i < g->n_plugins; i++) {
        const struct folder *f = &g->plugins[i].folder;
        add_folder(a, out, arena_fmt(a, "plugins/%s", f->name.p).p, f);
    }
    sources_hash_of(out, STR(""), out->hash);
}

const struct source_file *sources_find(const struct source_list *l, struct str name)
{
    for (int i = 0; i < l->n; i++)
        if (str_eq(l->files[i].name, name))
            return &l->files[i];
    return NULL;
}

/* --- differences --- */

/* The files of `a` that `b` lacks, or (with `changed`) has with another text. */
static bool differs(const struct source_file *f, const struct source_list *b,
                    bool changed)
{
    const struct source_file *other = sources_find(b, f->name);
    return changed ? other && strcmp(other->hash, f->hash) != 0 : !other;
}

bool sources_same(const struct source_list *a, const struct source_list *b,
                  struct str prefix)
{
    for (int i = 0; i < a->n; i++)
        if (str_starts(a->files[i].name, prefix) &&
            (differs(&a->files[i], b, true) || differs(&a->files[i], b, false)))
            return false;
    for (int i = 0; i < b->n; i++)
        if (str_starts(b->files[i].name, prefix) && differs(&b->files[i], a, false))
            return false;
    return true;
}

static int put_names(struct buf *out, const char *name, const struct source_list *a,
                     const struct source_list *b, bool changed)
{
    int n = 0;
    sources_put_comma(out);
    buf_fmt(out, "\"%s\":[", name);
    for (int i = 0; i < a->n; i++) {
        if (!differs(&a->files[i], b, changed))
            continue;
        sources_put_comma(out);
        if (json_put_string(out, a->files[i].name))
            buf_lit(out, "\"a name that is not UTF-8\"");
        n++;
    }
    buf_char(out, ']');
    return n;
}

int sources_put_diff(struct buf *out, const struct source_list *from,
                     const struct source_list *to)
{
    int n = put_names(out, "changed", to, from, true);
    n += put_names(out, "added", to, from, false);
    return n + put_names(out, "removed", from, to, false);
}

void sources_put_texts(struct buf *out, const struct source_list *l, struct str prefix)
{
    buf_char(out, '[');
    for (int i = 0; i < l->n; i++) {
        const struct source_file *f = &l->files[i];
        if (!str_starts(f->name, prefix))
            continue;
        sources_put_comma(out);
        buf_char(out, '{');
        sources_put_str(out, "name", f->name);
        sources_put_str(out, "hash", (struct str){f->hash, 16}); /* as in decisions */
        sources_put_str(out, "text", f->text);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

void sources_put_comma(struct buf *out)
{
    if (out->n && out->p[out->n - 1] != '{' && out->p[out->n - 1] != '[')
        buf_char(out, ',');
}

void sources_put_str(struct buf *out, const char *name, struct str text)
{
    sources_put_comma(out);
    buf_fmt(out, "\"%s\":", name);
    if (json_put_string(out, text))
        buf_lit(out, "null");
}
