#include "base/crc.h"

/* Four bytes a step (slicing, Kounavis and Berry 2005): every request's key is checked,
 * and byte by byte each step waits for the one before. CRC is linear, so the entry for
 * a byte is the sum of the entries for its bits, of which each table has eight. */

#define BIT(i, b, v) ((i) >> (b)&1 ? (v) : 0u)
#define ROW1(i, a, b, c, d, e, f, g, h)                                         \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ \
     BIT(i, 5, f) ^ BIT(i, 6, g) ^ BIT(i, 7, h))
#define ROW4(i, ...)                                                              \
    ROW1(i, __VA_ARGS__), ROW1((i) + 1, __VA_ARGS__), ROW1((i) + 2, __VA_ARGS__), \
        ROW1((i) + 3, __VA_ARGS__)
#define ROW16(i, ...)                                                             \
    ROW4(i, __VA_ARGS__), ROW4((i) + 4, __VA_ARGS__), ROW4((i) + 8, __VA_ARGS__), \
        ROW4((i) + 12, __VA_ARGS__)
#define ROW64(i, ...)                                                                  \
    ROW16(i, __VA_ARGS__), ROW16((i) + 16, __VA_ARGS__), ROW16((i) + 32, __VA_ARGS__), \
        ROW16((i) + 48, __VA_ARGS__)
#define TABLE(...)                                                              \
    {                                                                           \
        ROW64(0, __VA_ARGS__), ROW64(64, __VA_ARGS__), ROW64(128, __VA_ARGS__), \
            ROW64(192, __VA_ARGS__)                                             \
    }

/* [k]: a byte with k more after it in its step. */
static const uint32_t tables[4][256] = {
    TABLE(0x77073096u, 0xEE0E612Cu, 0x076DC419u, 0x0EDB8832u, 0x1DB71064u, 0x3B6E20C8u,
          0x76DC4190u, 0xEDB88320u),
    TABLE(0x191B3141u, 0x32366282u, 0x646CC504u, 0xC8D98A08u, 0x4AC21251u, 0x958424A2u,
          0xF0794F05u, 0x3B83984Bu),
    TABLE(0x01C26A37u, 0x0384D46Eu, 0x0709A8DCu, 0x0E1351B8u, 0x1C26A370u, 0x384D46E0u,
          0x709A8DC0u, 0xE1351B80u),
    TABLE(0xB8BC6765u, 0xAA09C88Bu, 0x8F629757u, 0xC5B428EFu, 0x5019579Fu, 0xA032AF3Eu,
          0x9B14583Du, 0xED59B63Bu),
};

static uint32_t step1(uint32_t c, unsigned char byte)
{
    return tables[0][(c ^ byte) & 0xFF] ^ c >> 8;
}

static uint32_t step4(uint32_t c, const unsigned char *p)
{
    c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
         (uint32_t)p[3] << 24;
    return tables[3][c & 0xFF] ^ tables[2][c >> 8 & 0xFF] ^ tables[1][c >> 16 & 0xFF] ^
           tables[0][c >> 24];
}

uint32_t crc32_ieee(struct str text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    uint32_t c = 0xFFFFFFFFu;
    size_t n = text.n;
    for (; n >= 4; n -= 4, p += 4)
        c = step4(c, p);
    for (; n; n--)
        c = step1(c, *p++);
    return c ^ 0xFFFFFFFFu;
}
