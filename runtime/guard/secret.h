#ifndef KORDLESS_GUARD_SECRET_H
#define KORDLESS_GUARD_SECRET_H

/* What stands for a secret at rest. API keys are kept as keyed BLAKE2b-256 under a key
 * that lives beside the database, not in it; values that must come back (webhook
 * secrets) as crypto_secretbox. A slow hash would be wrong here: the reasoning is in
 * secret.c. */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "guard/blake.h"

enum { DIGEST_BYTES = 32, KEY_TEXT = 48, LAST4 = 4 };

/* DIR/pepper: 64 bytes, mode 0600; the first half keys the hash, the second the box. */
struct pepper {
    unsigned char hash_key[32];
    unsigned char box_key[32];
    struct blake hash; /* not in the file: where hashing begins under hash_key */
};
enum { PEPPER_FILE = offsetof(struct pepper, hash) };

int secret_init(void) MUST_CHECK; /* sodium_init, RLIMIT_CORE 0; once, before threads */

/* Reads DIR/pepper; with `create` makes it when it is missing (fsynced, directory too).
 * ERR_NOT_FOUND, ERR_CORRUPT (size), ERR_DENIED (readable by others), ERR_IO; `why`. */
int pepper_load(const char *dir, bool create, struct pepper *out,
                struct buf *why) MUST_CHECK;
void pepper_ready(struct pepper *p); /* once hash_key is set; pepper_load does it */
void pepper_end(struct pepper *p);   /* wipes */
/* A value the store keeps, by which a wrong pepper is noticed at the next start. */
void pepper_check(const struct pepper *p, unsigned char out[DIGEST_BYTES]);

/* The kinds of keys: one table; a kind is a prefix. After the API keys stand what is
 * made the same way and opens something else: a token of an operator, a set-up link. */
enum key_kind {
    KEY_LIVE,
    KEY_TEST,
    KEY_KINDS,
    TEXT_TOKEN = KEY_KINDS,
    TEXT_LINK,
    TEXT_KINDS
};
const char *key_kind_prefix(enum key_kind k); /* "kord_live_" */

/* A new key: prefix, 32 random base62 characters, 6 of CRC-32 (IEEE) over all before.
 */
void key_make(enum key_kind kind, char out[KEY_TEXT + 1]);

/* Prefix, length, alphabet, checksum: what can be told without the store, in 0.1 µs. */
enum key_form {
    KEY_WELL_FORMED,
    KEY_NO_PREFIX,
    KEY_LENGTH,
    KEY_ALPHABET,
    KEY_CHECKSUM
};
enum key_form key_check(struct str text, enum key_kind *kind);
bool key_looks_like(struct str text); /* begins with a prefix of ours: must be masked */
bool key_is(struct str text, enum key_kind kind); /* well-formed, and of this kind */

/* A session's token: 43 base62 characters, 256 random bits. */
enum { SECRET_TOKEN = 43 };
void secret_token(char out[SECRET_TOKEN + 1]);

void secret_digest(const struct pepper *p, struct str text,
                   unsigned char out[DIGEST_BYTES]);
/* In constant time; the second for two digests. */
bool secret_equal(const void *a, const void *b, size_t n);
bool secret_equal_digest(const unsigned char a[DIGEST_BYTES],
                         const unsigned char b[DIGEST_BYTES]);
void secret_random(void *out, size_t n);
void secret_hash(struct str text,
                 unsigned char out[DIGEST_BYTES]); /* BLAKE2b, no key */

/* nonce ‖ ciphertext; 40 bytes longer than the text. */
void secret_box(const struct pepper *p, struct str text, struct buf *out);
int secret_unbox(const struct pepper *p, struct str box, struct buf *out) MUST_CHECK;

#endif
