#ifndef KORDLESS_NET_ADDRESS_H
#define KORDLESS_NET_ADDRESS_H

/* How many connections each address holds. An IPv6 network is one holder: whoever has
 * one address of a /64 has all of them. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct addresses;

struct addresses *addresses_new(size_t most); /* connections there can be at once */
void addresses_free(struct addresses *a);

/* False, and nothing is counted, if it holds `cap` already. */
bool addresses_take(struct addresses *a, const struct in6_addr *address, int cap);
void addresses_drop(struct addresses *a, const struct in6_addr *address);

#endif
