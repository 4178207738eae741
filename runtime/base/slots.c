#include "base/slots.h"

#include <stdlib.h>
#include <string.h>

void slots_init(struct slots *s, const struct grid *g, size_t most, size_t look)
{
    *s = (struct slots){.grid = *g, .most = most, .unseen = look, .in_turn = true};
}

void slots_end(struct slots *s)
{
    free(s->at);
    free(s->runs);
    *s = (struct slots){.grid = s->grid};
}

static int push(struct slots *s, struct slot one)
{
    if (s->n == s->most)
        return ERR_TOO_LARGE;
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->at = reallocarray(s->at, s->cap, sizeof(*s->at));
        if (!s->at)
            abort();
    }
    s->at[s->n++] = one;
    return 0;
}

/* --- is it free? Starts come in order, so whatever lies before one is passed for ever
 */

struct walk {
    const struct slots *list;
    const struct taken_of *const *of;
    size_t n;
    size_t (*at)[3]; /* by subject: of busy, blocked and gatherings, the next */
    const struct spans *only; /* of one subject that never gathers: when it is busy */
};

enum { BUSY, BLOCKED, GATHERING };

static bool meets(const struct spans *s, size_t *at, int64_t a, int64_t b)
{
    while (*at < s->n && s->at[*at].b <= a)
        ++*at;
    return *at < s->n && s->at[*at].a < b;
}

static const struct gathering *gathers(const struct taken_of *of, size_t *at,
                                       int64_t start)
{
    while (*at < of->n && of->gatherings[*at].at < start)
        ++*at;
    return *at < of->n && of->gatherings[*at].at == start ? &of->gatherings[*at] : NULL;
}

/* Places left at `start`. Where only some of the subjects gather, nobody can join: the
 * others would have to be there from the first on. */
static int32_t free_at(struct walk *w, int64_t start)
{
    const struct grid *g = &w->list->grid;
    int64_t a = start - g->before, b = start + g->length + g->after, units = 0;
    size_t gathering = 0;
    if (w->only)
        return meets(w->only, &w->at[0][BUSY], a, b) ? 0 : g->capacity;
    for (size_t i = 0; i < w->n; i++) {
        const struct taken_of *of = w->of[i];
        if (!of)
            continue;
        const struct gathering *here = gathers(of, &w->at[i][GATHERING], start);
        if (here && (here->a > a || here->b < b ||
                     meets(&of->blocked, &w->at[i][BLOCKED], a, b)))
            return 0;
        if (!here && meets(&of->busy, &w->at[i][BUSY], a, b))
            return 0;
        gathering += here != NULL;
        units = here ? here->units : units;
    }
    if (gathering && gathering < w->n)
        return 0;
    return units < g->capacity ? (int32_t)(g->capacity - (units > 0 ? units : 0)) : 0;
}

/* --- the grid --- */

/* Starts from `a` to before `stop`, on a grid anchored at `a`, in an interval that ends
 * at `end`. */
static int add_starts(struct slots *s, struct walk *w, int32_t who, int64_t a,
                      int64_t stop, int64_t end)
{
    const struct grid *g = &s->grid;
    int64_t start = a;
    if (start < g->lo)
        start += (g->lo - start + g->step - 1) / g->step * g->step;
    size_t n = start < stop ? (size_t)((stop - start + g->step - 1) / g->step) : 0;
    bool too_many = n > s->unseen;
    n = too_many ? s->unseen : n;
    s->unseen -= n;
    for (; n > 0; n--, start += g->step) {
        int32_t places = start + g->length <= end ? free_at(w, start) : 0;
        int err =
            places >= g->units ? push(s, (struct slot){start, 0, who, places}) : 0;
        if (err)
            return err;
    }
    return too_many ? ERR_TOO_LARGE : 0;
}

enum { DAY_MOST = 2 * 86400 }; /* no day is longer, whatever a zone does */

static int add_interval(struct slots *s, struct walk *w, int32_t who, struct span open)
{
    const struct grid *g = &s->grid;
    int64_t a = open.a, day;
    int err = 0;
    if (a < g->lo - DAY_MOST) /* the midnights before do not matter */
        a = zone_instant_on(g->zone, zone_day(g->zone, g->lo - DAY_MOST) + 1, 0);
    day = zone_day(g->zone, a);
    while (!err && a < open.b && a < g->hi) {
        int64_t next = zone_instant_on(g->zone, ++day, 0),
                stop = open.b < next ? open.b : next;
        err = add_starts(s, w, who, a, stop < g->hi ? stop : g->hi, open.b);
        a = next > a ? next : a; /* clocks may go back over a midnight that was */
    }
    return err;
}

static size_t first_behind(const struct spans *s, int64_t t)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->at[mid].b <= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void note_run(struct slots *s)
{
    if (s->n_runs == s->cap_runs) {
        s->cap_runs = s->cap_runs ? s->cap_runs * 2 : 16;
        s->runs = reallocarray(s->runs, s->cap_runs, sizeof(*s->runs));
        if (!s->runs)
            abort();
    }
    s->runs[s->n_runs++] = s->n;
}

int slots_add(struct slots *s, int32_t who, const struct spans *open,
              const struct taken_of *const *of, size_t n)
{
    struct walk w = {.list = s, .of = of, .n = n};
    size_t few[8][3] = {{0}}, (*many)[3] = NULL, from = s->n;
    int err = 0;
    if (n > sizeof(few) / sizeof(few[0]) && !(many = calloc(n, sizeof(*many))))
        abort();
    w.at = many ? many : few;
    if (n == 1 && of[0] && of[0]->n == 0)
        w.only = &of[0]->busy;
    s->in_turn = s->in_turn && who >= s->last_who;
    s->last_who = who;
    for (size_t i = first_behind(open, s->grid.lo);
         i < open->n && open->at[i].a < s->grid.hi && !err; i++)
        err = add_interval(s, &w, who, open->at[i]);
    free(many);
    if (s->n > from)
        note_run(s);
    return err;
}

/* --- the order --- */

static bool is_before(const struct slot *x, const struct slot *y)
{
    if (x->start != y->start)
        return x->start < y->start;
    if (x->rank < y->rank || x->rank > y->rank)
        return x->rank < y->rank;
    return x->who < y->who;
}

static void merge(const struct slot *at, size_t a, size_t b, size_t end,
                  struct slot *out)
{
    size_t i = a, j = b;
    while (i < b && j < end)
        *out++ = is_before(&at[j], &at[i]) ? at[j++] : at[i++];
    memcpy(out, at + i, (b - i) * sizeof(*at));
    memcpy(out + (b - i), at + j, (end - j) * sizeof(*at));
}

bool slots_sorted(const struct slots *s)
{
    return s->n_runs < 2;
}

void slots_cut(struct slots *s, size_t n)
{
    s->n = n;
    s->n_runs = n ? 1 : 0;
    if (n)
        s->runs[0] = n;
}

/* Merges neighbouring runs into `out`; half as many are left. */
static void merge_pairs(struct slots *s, struct slot *out)
{
    size_t from = 0, kept = 0;
    for (size_t i = 0; i < s->n_runs; i += 2) {
        size_t middle = s->runs[i], end = i + 1 < s->n_runs ? s->runs[i + 1] : middle;
        merge(s->at, from, middle, end, out + from);
        s->runs[kept++] = from = end;
    }
    s->n_runs = kept;
}

/* --- long lists, by counting: the starts of a month differ in 22 bits. Of one start
 * whoever came first stays first, so nobody may have come out of turn. */

enum { DIGIT_BITS = 12, DIGITS = 1 << DIGIT_BITS };

/* The earliest start goes to `least`. */
static bool may_count(const struct slots *s, int64_t *least)
{
    int64_t most = s->at[0].start;
    *least = most;
    if (!s->in_turn || s->n < DIGITS / 2 || s->n > UINT32_MAX)
        return false;
    for (size_t i = 0, from = 0; i < s->n_runs; from = s->runs[i++]) {
        int64_t first = s->at[from].start, last = s->at[s->runs[i] - 1].start;
        *least = first < *least ? first : *least;
        most = last > most ? last : most;
    }
    return most - *least < (int64_t)DIGITS * DIGITS;
}

/* Counts become the places at which their digits begin. */
static void add_up(uint32_t n[DIGITS])
{
    for (uint32_t i = 0, sum = 0; i < DIGITS; i++) {
        uint32_t here = n[i];
        n[i] = sum;
        sum += here;
    }
}

static void sort_by_counting(struct slots *s, struct slot *other, int64_t least)
{
    uint32_t low[DIGITS] = {0}, high[DIGITS] = {0};
    for (size_t i = 0; i < s->n; i++) {
        uint32_t key = (uint32_t)(s->at[i].start - least);
        low[key % DIGITS]++;
        high[key / DIGITS]++;
    }
    add_up(low);
    add_up(high);
    for (size_t i = 0; i < s->n; i++)
        other[low[(uint32_t)(s->at[i].start - least) % DIGITS]++] = s->at[i];
    for (size_t i = 0; i < s->n; i++)
        s->at[high[(uint32_t)(other[i].start - least) / DIGITS]++] = other[i];
    slots_cut(s, s->n);
}

/* Candidates are added one after the other, each in order: merging them in pairs is all
 * it takes. */
static void sort_by_merging(struct slots *s, struct slot **other)
{
    while (!slots_sorted(s)) {
        merge_pairs(s, *other);
        struct slot *was = s->at;
        s->at = *other;
        *other = was;
    }
}

void slots_sort(struct slots *s)
{
    int64_t least;
    if (slots_sorted(s))
        return;
    struct slot *other = reallocarray(NULL, s->cap, sizeof(*other));
    if (!other)
        abort();
    if (may_count(s, &least))
        sort_by_counting(s, other, least);
    else
        sort_by_merging(s, &other);
    free(other);
}

static int by_rank(const void *a, const void *b)
{
    return is_before(b, a) - is_before(a, b);
}

void slots_rank(struct slots *s, const double *ranks)
{
    slots_sort(s);
    s->in_turn = false;
    for (size_t i = 0; i < s->n; i++)
        s->at[i].rank = ranks[i] == ranks[i] ? ranks[i] : 0;
    for (size_t i = 0, end; i < s->n; i = end) {
        for (end = i + 1; end < s->n && s->at[end].start == s->at[i].start;)
            end++;
        qsort(s->at + i, end - i, sizeof(*s->at), by_rank);
    }
}
