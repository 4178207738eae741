/* After the IANA registries of special-purpose addresses (RFC 6890 and its updates).
 * For IPv6 it is the other way round: only what is handed out as global unicast,
 * 2000::/3, is public at all, less what in there is special. */

#include "net/reach.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static const struct {
    uint32_t net;
    int bits;
    const char *word;
} v4[] = {
    {0x00000000, 8, "unspecified"},    {0x0a000000, 8, "private"},
    {0x64400000, 10, "shared"},        {0x7f000000, 8, "loopback"},
    {0xa9fe0000, 16, "link-local"},    {0xac100000, 12, "private"},
    {0xc0000000, 24, "special"},       {0xc0000200, 24, "documentation"},
    {0xc0586300, 24, "special"},       {0xc0a80000, 16, "private"},
    {0xc6120000, 15, "benchmarking"},  {0xc6336400, 24, "documentation"},
    {0xcb007100, 24, "documentation"}, {0xe0000000, 4, "multicast"},
    {0xf0000000, 4, "reserved"},
};

static const char *refusal4(uint32_t a)
{
    for (size_t i = 0; i < sizeof(v4) / sizeof(v4[0]); i++)
        if ((a ^ v4[i].net) >> (32 - v4[i].bits) == 0)
            return v4[i].word;
    return NULL;
}

static const struct {
    unsigned char net[12];
    int bits;
    int inside; /* where an IPv4 address begins that decides; -1: none */
    const char *word;
} v6[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12, NULL}, /* v4-mapped */
    {{0, 0x64, 0xff, 0x9b}, 96, 12, NULL},                      /* NAT64, RFC 6052 */
    {{0x20, 0x02}, 16, 2, NULL},                                /* 6to4 */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, -1, "documentation"},
    {{0x20, 0x01}, 23, -1, "special"}, /* Teredo, ORCHID, … */
    {{0x3f, 0xff}, 20, -1, "documentation"},
    {{0x20}, 3, -1, NULL}, /* global unicast */
    {{0xff}, 8, -1, "multicast"},
    {{0xfe, 0x80}, 10, -1, "link-local"},
    {{0xfc}, 7, -1, "private"},
};

static bool within(const unsigned char *a, const unsigned char *net, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(a, net, (size_t)whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ net[whole]) >> (8 - rest) == 0;
}

static uint32_t read4(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const char *refusal6(const unsigned char *a)
{
    static const struct in6_addr one = IN6ADDR_LOOPBACK_INIT;
    if (memcmp(a, &one, 16) == 0)
        return "loopback";
    for (size_t i = 0; i < sizeof(v6) / sizeof(v6[0]); i++)
        if (within(a, v6[i].net, v6[i].bits))
            return v6[i].inside < 0 ? v6[i].word : refusal4(read4(a + v6[i].inside));
    return "reserved";
}

const char *reach_refusal(const struct sockaddr *a)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (a->sa_family == AF_INET) {
        memcpy(&in, a, sizeof(in));
        return refusal4(ntohl(in.sin_addr.s_addr));
    }
    if (a->sa_family != AF_INET6)
        return "no internet address";
    memcpy(&in6, a, sizeof(in6));
    return refusal6(in6.sin6_addr.s6_addr);
}

bool reach_is_loopback(const struct sockaddr *a)
{
    const char *word = reach_refusal(a);
    return word && strcmp(word, "loopback") == 0;
}
