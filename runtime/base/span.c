#include "base/span.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void spans_init(struct spans *s)
{
    *s = (struct spans){NULL, 0, 0};
}

void spans_end(struct spans *s)
{
    free(s->at);
    spans_init(s);
}

void spans_clear(struct spans *s)
{
    s->n = 0;
}

static void room_for_one(struct spans *s)
{
    if (s->n < s->cap)
        return;
    size_t cap = s->cap ? s->cap * 2 : 8;
    struct span *at = reallocarray(s->at, cap, sizeof(*at));
    if (!at)
        abort();
    s->at = at;
    s->cap = cap;
}

/* Index of the first interval that ends at `x` or later. */
static size_t first_reaching(const struct spans *s, int64_t x)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->at[mid].b < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Puts [a, b) in the place of all that it meets or touches. */
static void insert(struct spans *s, int64_t a, int64_t b)
{
    size_t lo = first_reaching(s, a), hi = lo;
    while (hi < s->n && s->at[hi].a <= b)
        hi++;
    if (lo < hi) {
        a = s->at[lo].a < a ? s->at[lo].a : a;
        b = s->at[hi - 1].b > b ? s->at[hi - 1].b : b;
    }
    room_for_one(s);
    memmove(s->at + lo + 1, s->at + hi, (s->n - hi) * sizeof(*s->at));
    s->at[lo] = (struct span){a, b};
    s->n = s->n - (hi - lo) + 1;
}

void spans_add(struct spans *s, int64_t a, int64_t b)
{
    if (a >= b)
        return;
    struct span *last = s->n ? &s->at[s->n - 1] : NULL;
    if (last && a < last->a) {
        insert(s, a, b);
    } else if (last && a <= last->b) {
        last->b = b > last->b ? b : last->b;
    } else {
        room_for_one(s);
        s->at[s->n++] = (struct span){a, b};
    }
}

void spans_union(struct spans *out, const struct spans *x, const struct spans *y)
{
    assert(out != x && out != y);
    spans_clear(out);
    for (size_t i = 0, j = 0; i < x->n || j < y->n;) {
        bool from_x = j == y->n || (i < x->n && x->at[i].a <= y->at[j].a);
        struct span next = from_x ? x->at[i++] : y->at[j++];
        spans_add(out, next.a, next.b);
    }
}

void spans_intersect(struct spans *out, const struct spans *x, const struct spans *y)
{
    assert(out != x && out != y);
    spans_clear(out);
    for (size_t i = 0, j = 0; i < x->n && j < y->n;) {
        struct span p = x->at[i], q = y->at[j];
        spans_add(out, p.a > q.a ? p.a : q.a, p.b < q.b ? p.b : q.b);
        if (p.b < q.b)
            i++;
        else
            j++;
    }
}

void spans_subtract(struct spans *out, const struct spans *x, const struct spans *y)
{
    assert(out != x && out != y);
    spans_clear(out);
    for (size_t i = 0, j = 0; i < x->n; i++) {
        int64_t from = x->at[i].a, until = x->at[i].b;
        while (j < y->n && y->at[j].b <= from)
            j++;
        /* the last one looked at may reach into the next interval of x, so j stays */
        for (size_t k = j; k < y->n && y->at[k].a < until; k++) {
            spans_add(out, from, y->at[k].a);
            from = y->at[k].b;
        }
        spans_add(out, from, until);
    }
}

bool spans_cover(const struct spans *s, int64_t a, int64_t b)
{
    size_t i = a < b ? first_reaching(s, b) : s->n;
    return i < s->n && s->at[i].a <= a;
}

bool spans_touch(const struct spans *s, int64_t a, int64_t b)
{
    size_t i = a < b ? first_reaching(s, a + 1) : s->n;
    return i < s->n && s->at[i].a < b;
}

int64_t spans_total(const struct spans *s)
{
    uint64_t sum = 0; /* disjoint intervals of 64 bits: less than 2^64 in all */
    for (size_t i = 0; i < s->n; i++)
        sum += (uint64_t)s->at[i].b - (uint64_t)s->at[i].a;
    return sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
}

static int by_start(const void *x, const void *y)
{
    const struct load *p = x, *q = y;
    return (p->a > q->a) - (p->a < q->a);
}

static void swap(struct load *x, struct load *y)
{
    struct load t = *x;
    *x = *y;
    *y = t;
}

/* The front of the array is a heap of the loads that are on, the earliest end on top.
 */
static void sift_up(struct load *heap, size_t i)
{
    for (; i > 0 && heap[i].b < heap[(i - 1) / 2].b; i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(struct load *heap, size_t n)
{
    for (size_t i = 0, kid; (kid = 2 * i + 1) < n; i = kid) {
        if (kid + 1 < n && heap[kid + 1].b < heap[kid].b)
            kid++;
        if (heap[i].b <= heap[kid].b)
            return;
        swap(&heap[i], &heap[kid]);
    }
}

/* Walks the starts in order. What has been walked past is either on, in the heap, or
 * over and of no more use: so the heap never needs more room than the array already
 * gives. A load that began before `a` and reaches into [a, b) is on at `a`, so nothing
 * is clipped. */
int64_t loads_peak(struct load *loads, size_t n, int64_t a, int64_t b)
{
    __int128 level = 0, peak = 0; /* units come from scripts: no sum may overflow */
    size_t on = 0;
    if (n > 1)
        qsort(loads, n, sizeof(*loads), by_start);
    for (size_t i = 0; i < n; i++) {
        struct load next = loads[i];
        int64_t from = next.a > a ? next.a : a, until = next.b < b ? next.b : b;
        if (from >= until || next.units <= 0)
            continue;
        for (; on && loads[0].b <= next.a; sift_down(loads, on)) {
            level -= loads[0].units;
            swap(&loads[0], &loads[--on]);
        }
        level += next.units;
        peak = level > peak ? level : peak;
        swap(&loads[on], &loads[i]);
        sift_up(loads, on++);
    }
    return peak > INT64_MAX ? INT64_MAX : (int64_t)peak;
}
