#ifndef KORDLESS_GUARD_KEY_USE_H
#define KORDLESS_GUARD_KEY_USE_H

/* When and from where a key was last used: exact in memory, where workers note it
 * without a lock, and written to the rows in batches. */

#include "guard/keyring.h"

struct db;

/* Noted by the worker that let it in: the time, and the address of the caller. */
void key_use_note(struct key *k, int64_t wall_ms, const unsigned char ip[IP_BYTES]);
/* The address last noted (IPv4 as mapped); all zero: none. */
void key_use_address(const struct key *k, unsigned char ip[IP_BYTES]);

/* The address as people write it; empty: none yet. In `out`. And back, into a record
 * that nobody else sees yet; what is no address leaves it as it is. */
enum { KEY_IP_TEXT = 46 };
struct str key_use_text(const struct key *k, char out[KEY_IP_TEXT]);
void key_use_load_ip(struct str text, struct key *row);

/* last_used of every key that changed since what is known to be durable. When the
 * transaction is, the second says so; both on the writer's thread. */
int key_use_flush(struct db *db, struct keyring *r) MUST_CHECK;
void key_use_flushed(struct keyring *r);

#endif
