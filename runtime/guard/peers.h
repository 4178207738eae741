#ifndef KORDLESS_GUARD_PEERS_H
#define KORDLESS_GUARD_PEERS_H

/* How often a stranger: exact counts over a trailing minute for callers without a key,
 * by address (IPv6 by /64) or by any other name (a confirmation number). Memory is
 * bounded: at the cap the one longest quiet goes. Shared by all workers; in memory
 * only, since a restart handing strangers a minute back harms nobody. */

#include <netinet/in.h>
#include <stdint.h>

#include "base/str.h"

enum peer_count {
    PEER_AUTH_FAILURE,
    PEER_CONTACT_REQUEST,
    PEER_CONTACT_FAILURE,
    PEER_SIGN_IN,         /* failed, of an account or an address */
    PEER_SESSION_REQUEST, /* of who is signed in */
    PEER_COUNTS
};

struct peers;
struct peers *peers_new(size_t max, const uint32_t limits[PEER_COUNTS]);
void peers_free(struct peers *p);

/* Milliseconds until one more of this kind is within the limit; 0: now. */
int64_t peers_wait(struct peers *p, struct str who, enum peer_count what,
                   int64_t boot_ms);
/* Records one more, whatever the limit; only the newest `limit` are remembered. */
void peers_add(struct peers *p, struct str who, enum peer_count what, int64_t boot_ms);
/* Both at once: 0 and recorded, or the wait and nothing changed. So of many at a time
 * no more pass than may. */
int64_t peers_take(struct peers *p, struct str who, enum peer_count what,
                   int64_t boot_ms);
/* Takes the newest one back: it was none, as it turned out. */
void peers_undo(struct peers *p, struct str who, enum peer_count what);
/* How many lie within the minute; `reset_ms`: until there is one less. */
uint32_t peers_used(struct peers *p, struct str who, enum peer_count what,
                    int64_t boot_ms, int64_t *reset_ms);
/* The name of an address: its 16 bytes, or the first 8 for IPv6. Into `out`. */
struct str peers_name(const struct in6_addr *a, char out[17]);

#endif
