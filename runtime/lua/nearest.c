#include "lua/nearest.h"

#include <string.h>

enum { WORD_MAX = 64, EDITS_MAX = 2 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* One row of the table: what turns the first i letters of `a` into each beginning of
 * `b`. `one` and `two` are the rows before. */
static int row(struct str a, struct str b, size_t i, const int *two, const int *one,
               int *out)
{
    int best = out[0] = (int)i;
    for (size_t j = 1; j <= b.n; j++) {
        int change = one[j - 1] + (a.p[i - 1] != b.p[j - 1]);
        out[j] = least(least(one[j] + 1, out[j - 1] + 1), change);
        if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
            out[j] = least(out[j], two[j - 2] + 1);
        best = least(best, out[j]);
    }
    return best;
}

int nearest_distance(struct str a, struct str b, int most)
{
    int rows[3][WORD_MAX + 1];
    if (a.n > WORD_MAX || b.n > WORD_MAX)
        return most + 1;
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= a.n; i++) {
        const int *two = rows[(i + 1) % 3], *one = rows[(i - 1) % 3];
        int best = row(a, b, i, two, one, rows[i % 3]);
        if (best > most + 1) /* a swap can still save one */
            return best;
    }
    return rows[a.n % 3][b.n];
}

const char *nearest(struct str word, const char *const *known)
{
    const char *found = NULL;
    int best = EDITS_MAX + 1;
    for (; *known; known++) {
        struct str k = str_of(*known);
        int longer = (int)(k.n > word.n ? k.n : word.n);
        int d = nearest_distance(word, k, best);
        if (d < best && d <= longer / 2) {
            best = d;
            found = *known;
        }
    }
    return found;
}
