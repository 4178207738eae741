#include "guard/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"

/* Why no slow hash. Argon2 and its kin buy time for secrets that people choose, by
 * making each guess dear. A key of ours holds 190 random bits: at a million million
 * guesses a second the search outlasts the sun, whatever one guess costs. The price
 * would be ours alone: every request hashes a key, and 50 ms of it would let twenty
 * requests a second occupy a core. So one keyed BLAKE2b; the key (the pepper) is there
 * so that a stolen database alone does not even tell whether a key found elsewhere is
 * one of ours. */

enum { PREFIX = 10, RANDOM = 32, CHECKSUM = 6 };

_Static_assert(PREFIX + RANDOM + CHECKSUM == KEY_TEXT, "a key is its three parts");
_Static_assert(DIGEST_BYTES == crypto_generichash_BYTES, "a digest is one BLAKE2b-256");
_Static_assert(PEPPER_FILE == crypto_generichash_KEYBYTES + crypto_secretbox_KEYBYTES,
               "the file is how the struct begins");

int secret_init(void)
{
    struct rlimit none = {0, 0};
    if (sodium_init() < 0)
        return ERR_IO;
    return setrlimit(RLIMIT_CORE, &none) == 0 ? 0 : ERR_IO;
}

/* ---- the pepper ---- */

static int pepper_fail(struct buf *why, int err, const char *dir, const char *what)
{
    buf_fmt(why, "%s/pepper: %s", dir, what);
    return err;
}

static int pepper_errno(struct buf *why, const char *dir, const char *verb)
{
    buf_fmt(why, "%s/pepper: cannot %s: %s", dir, verb, strerror(errno));
    return ERR_IO;
}

static int write_all(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n) {
        ssize_t got = write(fd, at, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ERR_IO;
        at += got;
        n -= (size_t)got;
    }
    return 0;
}

static int read_all(int fd, void *p, size_t n)
{
    char *at = p;
    while (n) {
        ssize_t got = read(fd, at, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ERR_IO;
        at += got;
        n -= (size_t)got;
    }
    return 0;
}

/* A whole file under its own name or none at all: written aside, synced, then linked,
 * which never replaces one that is there. */
static int pepper_link(int dir_fd, const char *aside)
{
    struct pepper fresh;
    int fd = openat(dir_fd, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    randombytes_buf(&fresh, PEPPER_FILE);
    int err = write_all(fd, &fresh, PEPPER_FILE);
    pepper_end(&fresh);
    if (err == 0 && (fchmod(fd, 0600) != 0 || fsync(fd) != 0))
        err = ERR_IO;
    close(fd);
    if (err == 0 && linkat(dir_fd, aside, dir_fd, "pepper", 0) != 0 && errno != EEXIST)
        err = ERR_IO;
    int cause = errno;
    unlinkat(dir_fd, aside, 0);
    errno = cause;
    return err;
}

static int pepper_create(int dir_fd, const char *dir, struct buf *why)
{
    unsigned char tail[8];
    char hex[2 * sizeof(tail) + 1], aside[32];
    randombytes_buf(tail, sizeof(tail));
    sodium_bin2hex(hex, sizeof(hex), tail, sizeof(tail));
    snprintf(aside, sizeof(aside), "pepper.%s", hex);
    if (pepper_link(dir_fd, aside) != 0 || fsync(dir_fd) != 0)
        return pepper_errno(why, dir, "be made");
    return 0;
}

static int pepper_read(int fd, const char *dir, struct pepper *out, struct buf *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return pepper_errno(why, dir, "be looked at");
    if (!S_ISREG(st.st_mode) || st.st_size != PEPPER_FILE)
        return pepper_fail(why, ERR_CORRUPT, dir,
                           "is not the 64 bytes that were written; restore it from the "
                           "backup that holds the database, no key works without it");
    if (st.st_mode & 077)
        return pepper_fail(why, ERR_DENIED, dir,
                           "others can read it; run chmod 600 on it");
    if (read_all(fd, out, PEPPER_FILE) != 0)
        return pepper_errno(why, dir, "be read");
    pepper_ready(out);
    return 0;
}

static int pepper_open(int dir_fd, const char *dir, bool create, int *fd,
                       struct buf *why)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK; /* a FIFO must not hang us */
    *fd = openat(dir_fd, "pepper", flags);
    if (*fd < 0 && errno == ENOENT && create) {
        int err = pepper_create(dir_fd, dir, why);
        if (err < 0)
            return err;
        *fd = openat(dir_fd, "pepper", flags);
    }
    if (*fd >= 0)
        return 0;
    if (errno != ENOENT)
        return pepper_errno(why, dir, "be opened");
    return pepper_fail(
        why, ERR_NOT_FOUND, dir,
        "is missing; restore it from the backup that holds the database, "
        "no key works without it");
}

int pepper_load(const char *dir, bool create, struct pepper *out, struct buf *why)
{
    int fd, dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return pepper_errno(why, dir, "be reached");
    int err = pepper_open(dir_fd, dir, create, &fd, why);
    if (err == 0) {
        err = pepper_read(fd, dir, out, why);
        close(fd);
    }
    close(dir_fd);
    return err;
}

void pepper_ready(struct pepper *p)
{
    blake_key(&p->hash, p->hash_key);
}

void pepper_end(struct pepper *p)
{
    sodium_memzero(p, sizeof(*p));
}

void pepper_check(const struct pepper *p, unsigned char out[DIGEST_BYTES])
{
    /* Both halves go in: a good hash key beside a torn box key is wrong too. */
    crypto_generichash_state st;
    crypto_generichash_init(&st, p->hash_key, sizeof(p->hash_key), DIGEST_BYTES);
    crypto_generichash_update(&st, (const unsigned char *)"kordless pepper check", 21);
    crypto_generichash_update(&st, p->box_key, sizeof(p->box_key));
    crypto_generichash_final(&st, out, DIGEST_BYTES);
    sodium_memzero(&st, sizeof(st));
}

/* ---- keys as text ---- */

static const char alphabet[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char *const prefixes[] = {"kord_live_", "kord_test_", "kord_oper_",
                                       "kord_link_"};

_Static_assert(sizeof(prefixes) / sizeof(prefixes[0]) == TEXT_KINDS,
               "every kind a prefix");
_Static_assert(sizeof(alphabet) - 1 == 62, "base62");

const char *key_kind_prefix(enum key_kind k)
{
    return prefixes[k];
}

static void put_checksum(const char *key, char out[CHECKSUM])
{
    uint32_t c = crc32_ieee((struct str){key, PREFIX + RANDOM});
    for (int i = CHECKSUM; i-- > 0; c /= 62)
        out[i] = alphabet[c % 62];
}

void key_make(enum key_kind kind, char out[KEY_TEXT + 1])
{
    memcpy(out, prefixes[kind], PREFIX);
    for (int i = PREFIX; i < PREFIX + RANDOM; i++)
        out[i] = alphabet[randombytes_uniform(62)];
    put_checksum(out, out + PREFIX + RANDOM);
    out[KEY_TEXT] = '\0';
}

static bool has_prefix(struct str text, int kinds, enum key_kind *kind)
{
    for (int k = 0; k < kinds; k++)
        if (str_starts(text, (struct str){prefixes[k], PREFIX})) {
            *kind = (enum key_kind)k;
            return true;
        }
    return false;
}

bool key_looks_like(struct str text)
{
    enum key_kind kind;
    return has_prefix(text, TEXT_KINDS, &kind);
}

enum { BLOCK = 16, CODE = RANDOM + CHECKSUM }; /* a register's width */
_Static_assert(CODE > 2 * BLOCK && CODE <= 3 * BLOCK, "three blocks, which overlap");

/* Without a branch, in bytes alone, and as many as compilers take at once: a key is
 * good as a rule, and looked at by each request. */
static bool block_in_alphabet(const char *p)
{
    unsigned char strange = 0;
    for (int i = 0; i < BLOCK; i++) {
        unsigned char c = (unsigned char)p[i];
        unsigned char digit = (unsigned char)(c - '0');
        unsigned char letter = (unsigned char)((c | 0x20) - 'a');
        strange |= (unsigned char)(digit > 9) & (unsigned char)(letter > 25);
    }
    return !strange;
}

static bool all_in_alphabet(const char code[CODE])
{
    return block_in_alphabet(code) && block_in_alphabet(code + BLOCK) &&
           block_in_alphabet(code + CODE - BLOCK);
}

static enum key_form form_of(struct str text, int kinds, enum key_kind *kind)
{
    char sum[CHECKSUM];
    if (!has_prefix(text, kinds, kind))
        return KEY_NO_PREFIX;
    if (text.n != KEY_TEXT)
        return KEY_LENGTH;
    if (!all_in_alphabet(text.p + PREFIX))
        return KEY_ALPHABET;
    put_checksum(text.p, sum);
    bool same = memcmp(sum, text.p + PREFIX + RANDOM, CHECKSUM) == 0;
    return same ? KEY_WELL_FORMED : KEY_CHECKSUM;
}

enum key_form key_check(struct str text, enum key_kind *kind)
{
    return form_of(text, KEY_KINDS, kind);
}

bool key_is(struct str text, enum key_kind kind)
{
    enum key_kind found;
    return form_of(text, TEXT_KINDS, &found) == KEY_WELL_FORMED && found == kind;
}

void secret_token(char out[SECRET_TOKEN + 1])
{
    for (int i = 0; i < SECRET_TOKEN; i++)
        out[i] = alphabet[randombytes_uniform(62)];
    out[SECRET_TOKEN] = '\0';
}

/* ---- digests, random bytes, boxes ---- */

static const unsigned char *bytes(struct str s)
{
    return (const unsigned char *)s.p;
}

void secret_digest(const struct pepper *p, struct str text,
                   unsigned char out[DIGEST_BYTES])
{
    if (text.n > 0 && text.n <= BLAKE_BLOCK) /* each key and token */
        blake_digest(&p->hash, text, out);
    else
        crypto_generichash(out, DIGEST_BYTES, bytes(text), text.n, p->hash_key,
                           sizeof(p->hash_key));
}

void secret_hash(struct str text, unsigned char out[DIGEST_BYTES])
{
    crypto_generichash(out, DIGEST_BYTES, bytes(text), text.n, NULL, 0);
}

bool secret_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

/* In whole words, since each request does it; every byte is looked at, whatever the
 * ones before were. The barrier keeps the compiler from knowing better. */
bool secret_equal_digest(const unsigned char a[DIGEST_BYTES],
                         const unsigned char b[DIGEST_BYTES])
{
    uint64_t x[DIGEST_BYTES / 8], y[DIGEST_BYTES / 8], differs = 0;
    memcpy(x, a, DIGEST_BYTES);
    memcpy(y, b, DIGEST_BYTES);
    for (int i = 0; i < DIGEST_BYTES / 8; i++) {
        differs |= x[i] ^ y[i];
        __asm__ volatile("" : "+r"(differs));
    }
    return differs == 0;
}

void secret_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

enum { NONCE = crypto_secretbox_NONCEBYTES, MAC = crypto_secretbox_MACBYTES };

void secret_box(const struct pepper *p, struct str text, struct buf *out)
{
    unsigned char *at = (unsigned char *)buf_reserve(out, NONCE + MAC + text.n);
    randombytes_buf(at, NONCE); /* 192 bits: random ones do not meet */
    crypto_secretbox_easy(at + NONCE, bytes(text), text.n, at, p->box_key);
    out->n += NONCE + MAC + text.n;
}

int secret_unbox(const struct pepper *p, struct str box, struct buf *out)
{
    if (box.n < NONCE + MAC)
        return ERR_CORRUPT;
    size_t n = box.n - NONCE - MAC;
    unsigned char *at = (unsigned char *)buf_reserve(out, n ? n : 1);
    const unsigned char *in = bytes(box);
    if (crypto_secretbox_open_easy(at, in + NONCE, box.n - NONCE, in, p->box_key) != 0)
        return ERR_CORRUPT;
    out->n += n;
    return 0;
}
