/* A trie of segments. A node's children with literal text are found in one hash table
 * for the whole trie, under (parent, text); a path without parameters stands there once
 * more as a whole, under (no parent, path). Children that are parameters are a list,
 * longest suffix first:
 *
 *     root ── hosts ─┬─ {}            GET: target, names ["id"]
 *                    └─ {}.ics ── …
 *
 * A path is tried along its literals first and comes back to the parameters when that
 * leads nowhere; it visits at most each node once, and there are as many as we made. */

#include "http/route.h"

#include <stdlib.h>
#include <string.h>

#include "http/bytes.h"

struct endpoint {
    void *target;
    int n;
    struct str names[ROUTE_PARAMS_MAX];
};

struct node {
    struct node *all;    /* the next of all nodes, to free them */
    struct node *params; /* children with a parameter */
    struct node *next;   /* the next of these */
    struct str suffix;   /* of such a child */
    unsigned allow;      /* zero: no path ends here */
    struct endpoint *by_method[HTTP_OTHER];
};

struct slot {
    const struct node *parent; /* NULL: `text` is a whole path */
    struct str text;
    struct node *node; /* NULL: free */
};

struct routes {
    struct node *all, *root;
    struct slot *slots;
    size_t used, cap; /* cap is a power of two, at most half is used */
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static struct node *node_new(struct routes *r)
{
    struct node *n = must(calloc(1, sizeof(*n)));
    n->all = r->all;
    r->all = n;
    return n;
}

struct routes *routes_new(void)
{
    struct routes *r = must(calloc(1, sizeof(*r)));
    r->cap = 64;
    r->slots = must(calloc(r->cap, sizeof(*r->slots)));
    r->root = node_new(r);
    return r;
}

void routes_free(struct routes *r)
{
    if (!r)
        return;
    while (r->all) {
        struct node *n = r->all;
        r->all = n->all;
        for (int m = 0; m < HTTP_OTHER; m++)
            free(n->by_method[m]);
        free(n);
    }
    free(r->slots);
    free(r);
}

/* FNV-1a. Peers only look up, so nobody can fill a chain. */
static size_t hash(const struct node *parent, struct str text)
{
    uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)(uintptr_t)parent;
    for (size_t i = 0; i < text.n; i++)
        h = (h ^ (unsigned char)text.p[i]) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

/* The slot that holds this, or the free one where it belongs. */
static struct slot *slot_of(const struct routes *r, const struct node *parent,
                            struct str text)
{
    for (size_t i = hash(parent, text);; i++) {
        struct slot *s = &r->slots[i & (r->cap - 1)];
        if (!s->node || (s->parent == parent && str_eq(s->text, text)))
            return s;
    }
}

static void slot_put(struct routes *r, const struct node *parent, struct str text,
                     struct node *node)
{
    if ((r->used + 1) * 2 > r->cap) {
        struct slot *old = r->slots;
        size_t n = r->cap;
        r->cap *= 2;
        r->slots = must(calloc(r->cap, sizeof(*r->slots)));
        for (size_t i = 0; i < n; i++)
            if (old[i].node)
                *slot_of(r, old[i].parent, old[i].text) = old[i];
        free(old);
    }
    struct slot *s = slot_of(r, parent, text);
    r->used += !s->node;
    *s = (struct slot){parent, text, node};
}

/* ------------------------------------------------------------------ adding */

static bool name_ok(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.n > 0;
}

static bool literal_ok(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is(s.p[i], BYTE_TARGET) || strchr("{}?", s.p[i]))
            return false;
    return true;
}

/* `{name}suffix` into its parts; a literal leaves `name` without bytes. */
static bool segment_parts(struct str segment, struct str *name, struct str *suffix)
{
    *name = (struct str){0, 0};
    *suffix = segment;
    if (segment.n && *segment.p == '{') {
        if (!str_cut((struct str){segment.p + 1, segment.n - 1}, '}', name, suffix))
            return false;
        return name_ok(*name) && literal_ok(*suffix);
    }
    return segment.n > 0 && literal_ok(segment);
}

static bool name_new(struct endpoint *e, struct str name)
{
    for (int i = 0; i < e->n; i++)
        if (str_eq(e->names[i], name))
            return false;
    return e->n < ROUTE_PARAMS_MAX;
}

/* Checks the whole pattern and collects its names before a node is made of it. */
static bool pattern_ok(struct str pattern, struct endpoint *e)
{
    int segments = 0;
    if (pattern.n == 0 || *pattern.p != '/')
        return false;
    struct str rest = {pattern.p + 1, pattern.n - 1}, segment, name, suffix;
    for (bool more = pattern.n > 1; more;) {
        more = str_cut(rest, '/', &segment, &rest);
        if (++segments > ROUTE_SEGMENTS_MAX || !segment_parts(segment, &name, &suffix))
            return false;
        if (name.n && !name_new(e, name))
            return false;
        if (name.n)
            e->names[e->n++] = name;
    }
    return true;
}

static struct node *param_child(struct routes *r, struct node *n, struct str suffix)
{
    struct node **at = &n->params;
    while (*at && ((*at)->suffix.n > suffix.n ||
                   ((*at)->suffix.n == suffix.n && !str_eq((*at)->suffix, suffix))))
        at = &(*at)->next;
    if (*at && str_eq((*at)->suffix, suffix))
        return *at;
    struct node *child = node_new(r);
    child->suffix = suffix;
    child->next = *at;
    *at = child;
    return child;
}

static struct node *literal_child(struct routes *r, struct node *n, struct str text)
{
    struct node *child = slot_of(r, n, text)->node;
    if (child)
        return child;
    child = node_new(r);
    slot_put(r, n, text, child);
    return child;
}

static struct node *node_of(struct routes *r, struct str pattern)
{
    struct node *n = r->root;
    struct str rest = {pattern.p + 1, pattern.n - 1}, segment, name, suffix;
    for (bool more = pattern.n > 1; more;) {
        more = str_cut(rest, '/', &segment, &rest);
        (void)segment_parts(segment, &name, &suffix);
        n = name.n ? param_child(r, n, suffix) : literal_child(r, n, segment);
    }
    return n;
}

int route_add(struct routes *r, enum http_method method, struct str pattern,
              void *target, void **clash)
{
    struct endpoint e = {.target = target};
    if (method >= HTTP_OTHER || !target || !pattern_ok(pattern, &e))
        return ERR_INVALID;
    struct node *n = node_of(r, pattern);
    if (n->by_method[method]) {
        *clash = n->by_method[method]->target;
        return ERR_EXISTS;
    }
    n->by_method[method] = must(malloc(sizeof(e)));
    *n->by_method[method] = e;
    n->allow |= 1u << method;
    if (method == HTTP_GET)
        n->allow |= 1u << HTTP_HEAD;
    if (e.n == 0)
        slot_put(r, NULL, pattern, n);
    return 0;
}

/* ----------------------------------------------------------------- finding */

static const struct node *walk(const struct routes *r, const struct node *n, bool more,
                               struct str rest, struct route_match *out, int depth);

static const struct node *walk_params(const struct routes *r, const struct node *n,
                                      bool more, struct str segment, struct str rest,
                                      struct route_match *out, int depth)
{
    int at = out->n_params;
    for (const struct node *p = n->params; p; p = p->next) {
        size_t keep = segment.n - p->suffix.n;
        if (segment.n <= p->suffix.n ||
            !str_eq((struct str){segment.p + keep, p->suffix.n}, p->suffix))
            continue;
        out->values[at] = (struct str){segment.p, keep};
        out->n_params = at + 1;
        const struct node *end = walk(r, p, more, rest, out, depth + 1);
        if (end)
            return end;
        out->n_params = at;
    }
    return NULL;
}

/* `rest` is what stands behind the next slash, if `more` says there is one. */
static const struct node *walk(const struct routes *r, const struct node *n, bool more,
                               struct str rest, struct route_match *out, int depth)
{
    struct str segment;
    if (!more)
        return n->allow ? n : NULL;
    if (depth == ROUTE_SEGMENTS_MAX)
        return NULL;
    more = str_cut(rest, '/', &segment, &rest);
    const struct node *child = slot_of(r, n, segment)->node;
    const struct node *end = child ? walk(r, child, more, rest, out, depth + 1) : NULL;
    return end ? end : walk_params(r, n, more, segment, rest, out, depth);
}

static const struct node *find(const struct routes *r, struct str path,
                               struct route_match *out)
{
    if (path.n == 0 || *path.p != '/')
        return NULL;
    const struct node *n = slot_of(r, NULL, path)->node;
    if (n || path.n == 1)
        return n;
    return walk(r, r->root, true, (struct str){path.p + 1, path.n - 1}, out, 0);
}

bool route_find(const struct routes *r, enum http_method method, struct str path,
                struct route_match *out)
{
    out->target = NULL;
    out->allow = 0;
    out->n_params = 0;
    const struct node *n = find(r, path, out);
    if (!n)
        return false;
    out->allow = n->allow;
    const struct endpoint *e = method < HTTP_OTHER ? n->by_method[method] : NULL;
    if (!e && method == HTTP_HEAD)
        e = n->by_method[HTTP_GET];
    out->n_params = e ? e->n : 0;
    for (int i = 0; i < out->n_params; i++)
        out->names[i] = e->names[i];
    out->target = e ? e->target : NULL;
    return true;
}

void route_allow(unsigned allow, struct buf *out)
{
    bool first = true;
    allow |= 1u << HTTP_OPTIONS;
    for (enum http_method m = HTTP_GET; m < HTTP_OTHER; m++) {
        if (!(allow & 1u << m))
            continue;
        if (!first)
            buf_lit(out, ", ");
        first = false;
        buf_str(out, str_of(http_method_name(m)));
    }
}
