#include "http/forwarded.h"

#include <arpa/inet.h>
#include <string.h>

enum { HOPS_MAX = 32 }; /* more proxies than that are none */

static int parse_address(struct str text, struct in6_addr *out, bool *four)
{
    char copy[INET6_ADDRSTRLEN];
    memset(out, 0, sizeof(*out));
    *four = false;
    if (str_cstr(text, copy, sizeof(copy)))
        return ERR_INVALID;
    if (inet_pton(AF_INET6, copy, out) == 1)
        return 0;
    out->s6_addr[10] = out->s6_addr[11] = 0xFF;
    *four = true;
    return inet_pton(AF_INET, copy, out->s6_addr + 12) == 1 ? 0 : ERR_INVALID;
}

/* --- networks --- */

static bool same_bits(const struct in6_addr *a, const struct in6_addr *b, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(a->s6_addr, b->s6_addr, (size_t)whole) != 0)
        return false;
    return rest == 0 || ((a->s6_addr[whole] ^ b->s6_addr[whole]) >> (8 - rest)) == 0;
}

static bool is_bare(const struct network *n) /* nothing set behind the prefix */
{
    for (int i = n->bits; i < 128; i++)
        if (n->address.s6_addr[i / 8] & 0x80 >> i % 8)
            return false;
    return true;
}

int network_parse(struct str text, struct network *out)
{
    struct str address, bits;
    bool four, cut = str_cut(text, '/', &address, &bits);
    int n = 0;
    if (parse_address(address, &out->address, &four))
        return ERR_INVALID;
    int most = four ? 32 : 128;
    if (cut && (bits.n == 0 || bits.n > 3))
        return ERR_INVALID;
    for (size_t i = 0; cut && i < bits.n; i++) {
        if (bits.p[i] < '0' || bits.p[i] > '9')
            return ERR_INVALID;
        n = n * 10 + (bits.p[i] - '0');
    }
    if (n > most)
        return ERR_INVALID;
    out->bits = (cut ? n : most) + (four ? 96 : 0);
    return is_bare(out) ? 0 : ERR_INVALID;
}

bool network_any(const struct network *list, int n, const struct in6_addr *address)
{
    for (int i = 0; i < n; i++)
        if (same_bits(&list[i].address, address, list[i].bits))
            return true;
    return false;
}

/* --- the walk --- */

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711"
 */
static int parse_entry(struct str s, struct in6_addr *out)
{
    struct str head, rest;
    bool four;
    s = str_trim(s);
    if (s.n && s.p[0] == '[') {
        if (!str_cut((struct str){s.p + 1, s.n - 1}, ']', &head, &rest))
            return ERR_INVALID;
        return parse_address(head, out, &four) || four ? ERR_INVALID : 0;
    }
    if (str_cut(s, ':', &head, &rest) && !memchr(rest.p, ':', rest.n))
        s = head;
    return parse_address(s, out, &four);
}

/* Takes the entry behind the last comma off the list. */
static struct str last_entry(struct str *list)
{
    size_t at = list->n;
    while (at > 0 && list->p[at - 1] != ',')
        at--;
    struct str entry = {list->p + at, list->n - at};
    list->n = at ? at - 1 : 0;
    return entry;
}

struct in6_addr forwarded_client(const struct http_request *req,
                                 const struct in6_addr *peer,
                                 const struct network *trusted, int n)
{
    struct in6_addr client = *peer, next;
    int hops = 0;
    for (int i = req->n_fields - 1; i >= 0; i--) { /* several fields are one list */
        struct str list = req->fields[i].value;
        if (!str_eq_nocase(req->fields[i].name, STR("x-forwarded-for")))
            continue;
        while (list.n) {
            if (!network_any(trusted, n, &client) || hops++ == HOPS_MAX ||
                parse_entry(last_entry(&list), &next))
                return client;
            client = next;
        }
    }
    return client;
}
