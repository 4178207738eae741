#ifndef KORDLESS_HTTP_FORWARDED_H
#define KORDLESS_HTTP_FORWARDED_H

/* Whose request a proxy passed on: X-Forwarded-For, believed only of proxies in
 * networks the operator named. The list is walked from its right end, each entry
 * written by the one to the right of it, to the first address that is no trusted proxy:
 * what stands to the left of that the client may have made up. IPv4 is held as
 * IPv4-mapped IPv6. Pure. */

#include <netinet/in.h>

#include "base/err.h"
#include "http/request.h"

enum { NETWORKS_MAX = 16 };

struct network {
    struct in6_addr address;
    int bits; /* of 128; an IPv4 /8 is 104 */
};

/* "10.0.0.0/8", "2001:db8::/32", or one address. ERR_INVALID, also for bits set behind
 * the prefix. */
int network_parse(struct str text, struct network *out) MUST_CHECK;
bool network_any(const struct network *list, int n, const struct in6_addr *address);

/* `peer` is who holds the connection. An entry that is no address ends the walk: the
 * last trusted proxy stands for whoever it was. */
struct in6_addr forwarded_client(const struct http_request *req,
                                 const struct in6_addr *peer,
                                 const struct network *trusted, int n);

#endif
