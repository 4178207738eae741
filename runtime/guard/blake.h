#ifndef KORDLESS_GUARD_BLAKE_H
#define KORDLESS_GUARD_BLAKE_H

/* BLAKE2b-256 (RFC 7693) of a short text under a key of 32 bytes: the same digest as
 * libsodium's crypto_generichash, which takes the key's own block in again each time.
 * Here that is done once, so that a request's key costs one block and not two. */

#include <stdint.h>

#include "base/str.h"

enum { BLAKE_BLOCK = 128, BLAKE_KEY = 32, BLAKE_DIGEST = 32 };

struct blake {
    uint64_t h[8]; /* as secret as the key */
};

void blake_key(struct blake *b, const unsigned char key[BLAKE_KEY]);
/* Of 1 … BLAKE_BLOCK bytes. */
void blake_digest(const struct blake *b, struct str text,
                  unsigned char out[BLAKE_DIGEST]);

#endif
