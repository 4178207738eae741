#include "guard/tags.h"

#include <string.h>

bool tags_is(struct str word)
{
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (i == 0 || (c != '_' && c != '-')))
            return false;
    }
    return word.n > 0 && word.n <= TAGS_WORD;
}

static int compare(struct str a, struct str b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

int tags_add(struct tags *t, struct str word)
{
    int at = 0;
    if (!tags_is(word))
        return ERR_INVALID;
    while (at < t->n && compare(t->at[at], word) < 0)
        at++;
    if (at < t->n && str_eq(t->at[at], word))
        return 0;
    if (t->n == TAGS_MAX)
        return ERR_FULL;
    memmove(&t->at[at + 1], &t->at[at], (size_t)(t->n - at) * sizeof(t->at[0]));
    t->at[at] = word;
    t->n++;
    return 0;
}

struct str tags_text(const struct tags *t, char out[TAGS_TEXT])
{
    size_t n = 0;
    for (int i = 0; i < t->n; i++) {
        if (i)
            out[n++] = ' ';
        memcpy(out + n, t->at[i].p, t->at[i].n);
        n += t->at[i].n;
    }
    return (struct str){out, n};
}

bool tags_next(struct str *text, struct str *word)
{
    struct str rest;
    if (text->n == 0)
        return false;
    str_cut(*text, ' ', word, &rest);
    *text = rest;
    return true;
}
