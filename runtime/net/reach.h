#ifndef KORDLESS_NET_REACH_H
#define KORDLESS_NET_REACH_H

/* Which addresses a plugin's requests may go to: public ones. Whatever leads back into
 * the operator's own network is refused, also when it stands inside an IPv6 address
 * (v4-mapped, 6to4, NAT64). Pure. */

#include <stdbool.h>
#include <sys/socket.h>

/* NULL: it may be reached. Else the word for what it is: "private", "loopback", … */
const char *reach_refusal(const struct sockaddr *a);
bool reach_is_loopback(const struct sockaddr *a); /* 127.0.0.0/8, ::1 and mapped */

#endif
