#ifndef KORDLESS_GUARD_PASSWORD_H
#define KORDLESS_GUARD_PASSWORD_H

/* Passwords, which people choose: Argon2id, slow and hungry on purpose (64 MiB and some
 * 70 ms), so never on a worker. Whatever is asked, one run costs the same: against no
 * hash a made-up one is tried. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum { PASSWORD_MAX = 128 /* bytes */, PASSWORD_HASH = 128 /* with its NUL */ };

struct hashing {
    char password[PASSWORD_MAX];
    size_t n;
    bool check;               /* is it the password of `hash`? else makes the hash */
    char hash[PASSWORD_HASH]; /* "$argon2id$…", or "" */
    bool good;                /* of a check */
    int result;               /* 0, or ERR_NOMEM: not even tried */
};

/* Longer passwords than any there can be are wrong, at the same price. */
void password_set(struct hashing *h, struct str password, struct str hash, bool check);
void password_run(struct hashing *h);  /* and forgets the password */
void password_wipe(struct hashing *h); /* all of it */

#endif
