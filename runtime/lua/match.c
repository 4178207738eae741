#include "lua/match.h"

#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

#include "lua/vm.h"

/* Lua's patterns, written from the reference manual (5.4, §6.4.1), because the stock
 * matcher backtracks without any hook firing: 24 bytes can keep it busy for seconds.
 * This one counts each step against the budget of the call.
 *
 * No recursion. The only repetition a pattern has is that of one class of characters,
 * so a way through it meets each item once, and the choices open at any time are never
 * more than the items: a small array of them is the whole state.
 *
 *     items    ( a* ) b- $        `-` and `?` keep where they began, `*` and `+` also
 * how choices  [open][a* from 3, taken 5][close][b- from 8]       many they may give
 * back; captures only undo themselves. Failing pops the last. */

enum { CHARGE_AT = 1000 };
enum choice_kind { GREEDY, LAZY, OPTIONAL, OPENED, CLOSED };

void match_charge(struct matcher *m, int64_t n)
{
    m->steps += n;
    if (m->steps >= CHARGE_AT) {
        int64_t owed = m->steps;
        m->steps = 0;
        vm_charge(m->L, owed);
    }
}

void match_settle(struct matcher *m)
{
    vm_charge(m->L, m->steps);
    m->steps = 0;
}

/* --- single characters --- */

static bool in_class(unsigned char c, char letter)
{
    bool in;
    switch (tolower((unsigned char)letter)) {
    case 'a':
        in = isalpha(c);
        break;
    case 'c':
        in = iscntrl(c);
        break;
    case 'd':
        in = isdigit(c);
        break;
    case 'g':
        in = isgraph(c);
        break;
    case 'l':
        in = islower(c);
        break;
    case 'p':
        in = ispunct(c);
        break;
    case 's':
        in = isspace(c);
        break;
    case 'u':
        in = isupper(c);
        break;
    case 'w':
        in = isalnum(c);
        break;
    case 'x':
        in = isxdigit(c);
        break;
    case 'z': /* no longer in the manual, still in Lua */
        in = c == 0;
        break;
    default:
        return (unsigned char)letter == c;
    }
    return isupper((unsigned char)letter) ? !in : in;
}

/* `p` is behind the `[`, `end` at the closing `]`. */
static bool in_set(unsigned char c, const char *p, const char *end)
{
    bool wanted = true;
    if (*p == '^') {
        wanted = false;
        p++;
    }
    while (p < end) {
        if (*p == '%') {
            if (in_class(c, p[1]))
                return wanted;
            p += 2;
        } else if (p + 2 < end && p[1] == '-') {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2])
                return wanted;
            p += 3;
        } else if ((unsigned char)*p++ == c) {
            return wanted;
        }
    }
    return !wanted;
}

/* Behind the class that begins at `p`, which is not the pattern's end. */
static const char *class_end(struct matcher *m, const char *p)
{
    const char *end = m->pattern_end;
    char first = *p++;
    if (first == '%') {
        if (p == end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[')
        return p;
    if (p < end && *p == '^')
        p++;
    for (bool begun = false; p < end && (!begun || *p != ']'); begun = true)
        p += *p == '%' ? 2 : 1;
    if (p >= end)
        luaL_error(m->L, "malformed pattern (missing ']')");
    match_charge(m, p - m->p);
    return p + 1;
}

/* Is the byte at `s` one of the class from `p` to `end`? */
static bool is_one(const struct matcher *m, const char *s, const char *p,
                   const char *end)
{
    if (s >= m->subject_end)
        return false;
    unsigned char c = (unsigned char)*s;
    switch (*p) {
    case '.':
        return true;
    case '%':
        return in_class(c, p[1]);
    case '[':
        return in_set(c, p + 1, end - 1);
    default:
        return (unsigned char)*p == c;
    }
}

/* --- items --- */

/* Each takes one item: false is a failure, which backtracks. */

static struct match_choice *open_choice(struct matcher *m, enum choice_kind kind)
{
    if (m->depth == MATCH_CHOICES)
        luaL_error(m->L, "pattern too complex");
    struct match_choice *c = &m->choices[m->depth++];
    c->kind = (int)kind;
    return c;
}

static bool take_open(struct matcher *m)
{
    bool position = m->p + 1 < m->pattern_end && m->p[1] == ')';
    if (m->level == MATCH_CAPTURES)
        luaL_error(m->L, "too many captures");
    m->captures[m->level].at = m->s;
    m->captures[m->level].n = position ? MATCH_POSITION : MATCH_UNCLOSED;
    m->level++;
    m->p += position ? 2 : 1;
    open_choice(m, OPENED);
    return true;
}

static bool take_close(struct matcher *m)
{
    int i = m->level - 1;
    while (i >= 0 && m->captures[i].n != MATCH_UNCLOSED)
        i--;
    if (i < 0)
        luaL_error(m->L, "invalid pattern capture");
    m->captures[i].n = m->s - m->captures[i].at;
    open_choice(m, CLOSED)->capture = i;
    m->p++;
    return true;
}

static bool take_balanced(struct matcher *m)
{
    if (m->pattern_end - m->p < 4)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    char open = m->p[2], close = m->p[3];
    if (m->s == m->subject_end || *m->s != open)
        return false;
    ptrdiff_t depth = 1;
    for (const char *s = m->s + 1; s < m->subject_end; s++) {
        if (*s == close && --depth == 0) {
            match_charge(m, s - m->s);
            m->s = s + 1;
            m->p += 4;
            return true;
        }
        depth += *s == open && *s != close;
    }
    match_charge(m, m->subject_end - m->s);
    return false;
}

static bool take_frontier(struct matcher *m)
{
    const char *set = m->p + 2;
    if (set == m->pattern_end || *set != '[')
        luaL_error(m->L, "missing '[' after '%%f' in pattern");
    const char *end = class_end(m, set);
    unsigned char before = m->s == m->subject ? 0 : (unsigned char)m->s[-1];
    unsigned char here = m->s == m->subject_end ? 0 : (unsigned char)*m->s;
    m->p = end;
    return !in_set(before, set + 1, end - 1) && in_set(here, set + 1, end - 1);
}

static bool take_reference(struct matcher *m)
{
    int i = m->p[1] - '1';
    if (i < 0 || i >= m->level || m->captures[i].n == MATCH_UNCLOSED)
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    ptrdiff_t n = m->captures[i].n;
    if (n < 0 || m->subject_end - m->s < n)
        return false;
    match_charge(m, n / 16);
    if (memcmp(m->captures[i].at, m->s, (size_t)n) != 0)
        return false;
    m->s += n;
    m->p += 2;
    return true;
}

static bool take_greedy(struct matcher *m, const char *end, bool once)
{
    ptrdiff_t n = 0;
    while (is_one(m, m->s + n, m->p, end))
        n++;
    match_charge(m, n);
    if (n < once)
        return false;
    if (n > once) {
        struct match_choice *c = open_choice(m, GREEDY);
        c->at = m->s + once;
        c->taken = n - once;
        c->next = end + 1;
    }
    m->s += n;
    m->p = end + 1;
    return true;
}

/* Without its character until what follows fails. */
static bool take_lazy(struct matcher *m, const char *end)
{
    struct match_choice *c = open_choice(m, LAZY);
    c->at = m->s;
    c->item = m->p;
    c->next = end;
    m->p = end + 1;
    return true;
}

static bool take_optional(struct matcher *m, const char *end)
{
    if (is_one(m, m->s, m->p, end)) {
        struct match_choice *c = open_choice(m, OPTIONAL);
        c->at = m->s++;
        c->next = end + 1;
    }
    m->p = end + 1;
    return true;
}

static bool take_class(struct matcher *m)
{
    const char *end = class_end(m, m->p);
    switch (end < m->pattern_end ? *end : '\0') {
    case '*':
        return take_greedy(m, end, false);
    case '+':
        return take_greedy(m, end, true);
    case '-':
        return take_lazy(m, end);
    case '?':
        return take_optional(m, end);
    default:
        if (!is_one(m, m->s, m->p, end))
            return false;
        m->s++;
        m->p = end;
        return true;
    }
}

static bool take_item(struct matcher *m)
{
    char next = m->p + 1 < m->pattern_end ? m->p[1] : '\0';
    switch (*m->p) {
    case '(':
        return take_open(m);
    case ')':
        return take_close(m);
    case '$':
        if (m->p + 1 != m->pattern_end)
            return take_class(m);
        m->p++;
        return m->s == m->subject_end;
    case '%':
        if (next == 'b')
            return take_balanced(m);
        if (next == 'f')
            return take_frontier(m);
        return isdigit((unsigned char)next) ? take_reference(m) : take_class(m);
    default:
        return take_class(m);
    }
}

/* --- the whole --- */

/* Goes back to the last choice that has another way; false when there is none. */
static bool backtrack(struct matcher *m)
{
    while (m->depth > 0) {
        struct match_choice *c = &m->choices[m->depth - 1];
        match_charge(m, 1);
        switch ((enum choice_kind)c->kind) {
        case GREEDY:
            m->s = c->at + --c->taken;
            m->p = c->next;
            m->depth -= c->taken == 0;
            return true;
        case LAZY:
            if (is_one(m, c->at, c->item, c->next)) {
                m->s = ++c->at;
                m->p = c->next + 1;
                return true;
            }
            break;
        case OPTIONAL:
            m->s = c->at;
            m->p = c->next;
            m->depth--;
            return true;
        case OPENED:
            m->level--;
            break;
        case CLOSED:
            m->captures[c->capture].n = MATCH_UNCLOSED;
            break;
        }
        m->depth--;
    }
    return false;
}

/* Matches at `s` exactly: the match's end, or NULL. */
const char *match_at(struct matcher *m, const char *s)
{
    m->s = s;
    m->p = m->pattern;
    m->level = m->depth = 0;
    match_charge(m, 1);
    while (m->p < m->pattern_end) {
        match_charge(m, 1);
        if (!take_item(m) && !backtrack(m))
            return NULL;
    }
    return m->s;
}

void match_init(struct matcher *m, lua_State *L, struct str s, struct str p)
{
    m->L = L;
    m->subject = s.p;
    m->subject_end = s.p + s.n;
    m->pattern = p.p;
    m->pattern_end = p.p + p.n;
    m->steps = 1;
    m->level = m->depth = 0;
}

/* Drops a `^` in front; it is no anchor in gmatch. */
bool match_anchor(struct matcher *m)
{
    bool anchored = m->pattern < m->pattern_end && *m->pattern == '^';
    m->pattern += anchored;
    return anchored;
}
