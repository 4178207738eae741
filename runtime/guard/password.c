#include "guard/password.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(PASSWORD_HASH == crypto_pwhash_argon2id_STRBYTES, "a hash is a string");

/* libsodium's interactive limits: more than what is asked of servers (19 MiB, twice).
 */
#define MEMORY crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE
#define PASSES crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE

/* Nobody's: 16 bytes of salt and 32 of hash that no password gives but by accident. */
static void nobodys(char out[PASSWORD_HASH])
{
    snprintf(out, PASSWORD_HASH, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s",
             (unsigned)(MEMORY / 1024), (unsigned)PASSES, "AAAAAAAAAAAAAAAAAAAAAA",
             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

void password_set(struct hashing *h, struct str password, struct str hash, bool check)
{
    memset(h, 0, sizeof(*h));
    h->check = check;
    if (password.n <= PASSWORD_MAX && str_cstr(hash, h->hash, sizeof(h->hash)) == 0) {
        memcpy(h->password, password.p, password.n);
        h->n = password.n;
    } else {
        h->hash[0] = '\0';
    }
}

static void check(struct hashing *h)
{
    bool known = h->hash[0] != '\0';
    if (!known)
        nobodys(h->hash);
    h->good =
        crypto_pwhash_argon2id_str_verify(h->hash, h->password, h->n) == 0 && known;
}

void password_run(struct hashing *h)
{
    h->result = 0;
    if (h->check)
        check(h);
    else if (crypto_pwhash_argon2id_str(h->hash, h->password, h->n, PASSES, MEMORY) !=
             0)
        h->result = ERR_NOMEM;
    sodium_memzero(h->password, sizeof(h->password));
}

void password_wipe(struct hashing *h)
{
    sodium_memzero(h, sizeof(*h));
}
