#include "guard/blake.h"

#include <assert.h>
#include <string.h>

static const uint64_t iv[8] = {
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179};

/* Names in capitals are the RFC's. What is mixed stands in sixteen variables and not in
 * an array, and a round names its words: this way it all stays in registers. */
#define ROTATE(x, n) ((x) >> (n) | (x) << (64 - (n)))
#define G(a, b, c, d, x, y)    \
    do {                       \
        a += b + (x);          \
        d = ROTATE(d ^ a, 32); \
        c += d;                \
        b = ROTATE(b ^ c, 24); \
        a += b + (y);          \
        d = ROTATE(d ^ a, 16); \
        c += d;                \
        b = ROTATE(b ^ c, 63); \
    } while (0)
#define ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, sa, sb, sc, sd, se, sf) \
    do {                                                                      \
        G(v0, v4, v8, vc, m[s0], m[s1]);                                      \
        G(v1, v5, v9, vd, m[s2], m[s3]);                                      \
        G(v2, v6, va, ve, m[s4], m[s5]);                                      \
        G(v3, v7, vb, vf, m[s6], m[s7]);                                      \
        G(v0, v5, va, vf, m[s8], m[s9]);                                      \
        G(v1, v6, vb, vc, m[sa], m[sb]);                                      \
        G(v2, v7, v8, vd, m[sc], m[sd]);                                      \
        G(v3, v4, v9, ve, m[se], m[sf]);                                      \
    } while (0)

/* F of the RFC; `t` bytes are in with this block, `last` is all ones for the last. */
static void compress(uint64_t h[8], const uint64_t m[16], uint64_t t, uint64_t last)
{
    uint64_t v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3];
    uint64_t v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];
    uint64_t v8 = iv[0], v9 = iv[1], va = iv[2], vb = iv[3];
    uint64_t vc = iv[4] ^ t, vd = iv[5], ve = iv[6] ^ last, vf = iv[7];
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
    ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4);
    ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8);
    ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13);
    ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9);
    ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11);
    ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10);
    ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5);
    ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0);
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
    h[0] ^= v0 ^ v8, h[1] ^= v1 ^ v9, h[2] ^= v2 ^ va, h[3] ^= v3 ^ vb;
    h[4] ^= v4 ^ vc, h[5] ^= v5 ^ vd, h[6] ^= v6 ^ ve, h[7] ^= v7 ^ vf;
}

/* Little-endian; on a machine that is, compilers see one move. */
static uint64_t word(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
           (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
           (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static void put_word(unsigned char *p, uint64_t w)
{
    p[0] = (unsigned char)w, p[1] = (unsigned char)(w >> 8);
    p[2] = (unsigned char)(w >> 16), p[3] = (unsigned char)(w >> 24);
    p[4] = (unsigned char)(w >> 32), p[5] = (unsigned char)(w >> 40);
    p[6] = (unsigned char)(w >> 48), p[7] = (unsigned char)(w >> 56);
}

static void take(uint64_t h[8], const void *p, size_t n, uint64_t t, uint64_t last)
{
    unsigned char block[BLAKE_BLOCK] = {0};
    uint64_t m[16];
    memcpy(block, p, n);
    for (int i = 0; i < 16; i++)
        m[i] = word(block + 8 * i);
    compress(h, m, t, last);
}

void blake_key(struct blake *b, const unsigned char key[BLAKE_KEY])
{
    memcpy(b->h, iv, sizeof(iv));
    b->h[0] ^= 0x01010000 ^ BLAKE_KEY << 8 ^ BLAKE_DIGEST;
    take(b->h, key, BLAKE_KEY, BLAKE_BLOCK, 0);
}

void blake_digest(const struct blake *b, struct str text,
                  unsigned char out[BLAKE_DIGEST])
{
    uint64_t h[8];
    assert(text.n > 0 && text.n <= BLAKE_BLOCK);
    memcpy(h, b->h, sizeof(h));
    take(h, text.p, text.n, BLAKE_BLOCK + text.n, UINT64_MAX);
    for (int i = 0; i < BLAKE_DIGEST / 8; i++)
        put_word(out + 8 * i, h[i]);
}
