#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "guard/blake.h"

/* RFC 7693 shows no keyed digest of 32 bytes, libsodium makes them: of each length, and
 * of keys and texts at random. */
static void says_what_libsodium_says(void **state)
{
    (void)state;
    unsigned char key[BLAKE_KEY], text[BLAKE_BLOCK], ours[BLAKE_DIGEST],
        theirs[BLAKE_DIGEST];
    for (size_t n = 1; n <= BLAKE_BLOCK; n++)
        for (int i = 0; i < 40; i++) {
            struct blake b;
            randombytes_buf(key, sizeof(key));
            randombytes_buf(text, sizeof(text));
            blake_key(&b, key);
            blake_digest(&b, (struct str){(const char *)text, n}, ours);
            crypto_generichash(theirs, sizeof(theirs), text, n, key, sizeof(key));
            assert_memory_equal(ours, theirs, sizeof(ours));
        }
}

/* What is stored today is found tomorrow: made by Python's hashlib. */
static void known_digests_stay(void **state)
{
    (void)state;
    unsigned char key[BLAKE_KEY], out[BLAKE_DIGEST];
    char hex[2 * sizeof(out) + 1];
    struct blake b;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (unsigned char)i;
    blake_key(&b, key);
    blake_digest(&b, STR("kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUVabcdef"), out);
    sodium_bin2hex(hex, sizeof(hex), out, sizeof(out));
    assert_string_equal(hex, "cd235137e88d884afff5122c13ac3bfb"
                             "c5f8358bd0d0c2551ef98bf99ba31c4e");
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_libsodium_says),
        cmocka_unit_test(known_digests_stay),
    };
    return cmocka_run_group_tests_name("blake", tests, NULL, NULL);
}
