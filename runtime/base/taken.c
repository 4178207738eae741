#include "base/taken.h"

#include <stdlib.h>
#include <string.h>

/* Subjects in the order they came, and a table of their places in it: open addressing,
 * 0 for a free slot, never more than half full. */
struct taken {
    struct taken_of *of;
    size_t n, cap;
    uint32_t *slots;
    size_t n_slots; /* a power of two, or 0 */
    size_t bytes;   /* that all of it holds */
};

struct taken *taken_new(void)
{
    struct taken *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    t->bytes = sizeof(*t);
    return t;
}

void taken_free(struct taken *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++) {
        spans_end(&t->of[i].busy);
        spans_end(&t->of[i].blocked);
        free(t->of[i].gatherings);
        free((char *)(uintptr_t)t->of[i].name.p);
    }
    free(t->of);
    free(t->slots);
    free(t);
}

size_t taken_bytes(const struct taken *t)
{
    return t->bytes;
}

/* From `had` things of `size` to `n`. */
static void *grown(struct taken *t, void *p, size_t had, size_t n, size_t size)
{
    p = reallocarray(p, n, size);
    if (!p)
        abort();
    t->bytes += (n - had) * size;
    return p;
}

static void add_span(struct taken *t, struct spans *s, int64_t a, int64_t b)
{
    size_t had = s->cap;
    spans_add(s, a, b);
    t->bytes += (s->cap - had) * sizeof(struct span);
}

/* Where the name stands, or where it would. */
static size_t slot_of(const struct taken *t, struct str name)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 16777619u;
    size_t i = h & (t->n_slots - 1);
    while (t->slots[i] && !str_eq(t->of[t->slots[i] - 1].name, name))
        i = (i + 1) & (t->n_slots - 1);
    return i;
}

static void widen(struct taken *t)
{
    size_t had = t->n_slots;
    t->n_slots = had ? had * 2 : 64;
    t->slots = grown(t, t->slots, had, t->n_slots, sizeof(*t->slots));
    memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
    for (size_t i = 0; i < t->n; i++)
        t->slots[slot_of(t, t->of[i].name)] = (uint32_t)i + 1;
}

static struct taken_of *add_subject(struct taken *t, struct str name)
{
    if (t->n == t->cap) {
        size_t had = t->cap;
        t->cap = had ? had * 2 : 16;
        t->of = grown(t, t->of, had, t->cap, sizeof(*t->of));
    }
    struct taken_of *of = &t->of[t->n++];
    char *copy = grown(t, NULL, 0, name.n + 1, 1);
    memset(of, 0, sizeof(*of));
    memcpy(copy, name.p, name.n);
    of->name = (struct str){copy, name.n};
    return of;
}

/* Rows come subject by subject: the last one is nearly always it. */
static struct taken_of *subject(struct taken *t, struct str name)
{
    if (t->n && str_eq(t->of[t->n - 1].name, name))
        return &t->of[t->n - 1];
    if (t->n * 2 >= t->n_slots)
        widen(t);
    size_t at = slot_of(t, name);
    if (t->slots[at])
        return &t->of[t->slots[at] - 1];
    t->slots[at] = (uint32_t)t->n + 1;
    return add_subject(t, name);
}

void taken_busy(struct taken *t, struct str name, int64_t a, int64_t b)
{
    add_span(t, &subject(t, name)->busy, a, b);
}

void taken_block(struct taken *t, struct str name, int64_t a, int64_t b)
{
    struct taken_of *of = subject(t, name);
    add_span(t, &of->busy, a, b);
    add_span(t, &of->blocked, a, b);
}

void taken_gather(struct taken *t, struct str name, struct gathering g)
{
    struct taken_of *of = subject(t, name);
    size_t i = of->n;
    if (of->n == of->cap) {
        size_t had = of->cap;
        of->cap = had ? had * 2 : 8;
        of->gatherings = grown(t, of->gatherings, had, of->cap, sizeof(g));
    }
    while (i > 0 && of->gatherings[i - 1].at > g.at)
        i--;
    add_span(t, &of->busy, g.a, g.b);
    if (i > 0 && of->gatherings[i - 1].at == g.at) {
        of->gatherings[i - 1] = g;
        return;
    }
    memmove(of->gatherings + i + 1, of->gatherings + i, (of->n - i) * sizeof(g));
    of->gatherings[i] = g;
    of->n++;
}

const struct taken_of *taken_find(const struct taken *t, struct str name)
{
    size_t at = t->n_slots ? slot_of(t, name) : 0;
    return t->n_slots && t->slots[at] ? &t->of[t->slots[at] - 1] : NULL;
}
