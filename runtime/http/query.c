#include "http/parse.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape in front stands for; negative: it is none. */
static int escaped(struct str s)
{
    if (s.n < 3)
        return -1;
    int high = hex(s.p[1]), low = hex(s.p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

int http_unescape(struct str s, bool plus, char *out, size_t *n)
{
    char *o = out;
    for (size_t i = 0; i < s.n;) {
        int c = (unsigned char)s.p[i];
        size_t took = c == '%' ? 3 : 1;
        if (c == '%')
            c = escaped((struct str){s.p + i, s.n - i});
        else if (c == '+' && plus)
            c = ' ';
        if (c <= 0)
            return ERR_INVALID;
        *o++ = (char)c;
        i += took;
    }
    *n = (size_t)(o - out);
    return str_utf8((struct str){out, *n}) ? 0 : ERR_INVALID;
}

bool http_query_next(struct str *query, struct str *name, struct str *value)
{
    struct str piece = {0, 0};
    while (query->n && piece.n == 0)
        str_cut(*query, '&', &piece, query);
    if (piece.n == 0)
        return false;
    str_cut(piece, '=', name, value);
    return true;
}
