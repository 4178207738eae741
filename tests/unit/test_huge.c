#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/huge.h"

enum { MIB = 1024 * 1024 };

/* Small, around the size where huge pages begin, and many of them. */
static void zeroed_aligned_and_writable_to_its_end(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 64, 4096, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 7 * MIB};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int turn = 0; turn < 2; turn++) { /* again: what was freed is zero again */
            unsigned char *p = huge_calloc(sizes[i], 1);
            assert_int_equal((uintptr_t)p % 64, 0);
            for (size_t at = 0; at < sizes[i]; at++)
                if (p[at])
                    fail_msg("byte %zu of %zu is not zero", at, sizes[i]);
            memset(p, 0xA5, sizes[i]);
            huge_free(p, sizes[i], 1);
        }
    }
    huge_free(NULL, 1, 1);
    huge_free(NULL, 3 * MIB, 1);
}

/* They begin where a huge page can. */
static void large_ones_begin_on_a_huge_page(void **state)
{
    (void)state;
    void *held[5];
    for (int i = 0; i < 5; i++) {
        held[i] = huge_calloc(3 * MIB + 4096 * (size_t)i, 1);
        assert_int_equal((uintptr_t)held[i] % (2 * MIB), 0);
    }
    for (int i = 0; i < 5; i++)
        huge_free(held[i], 3 * MIB + 4096 * (size_t)i, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_aligned_and_writable_to_its_end),
        cmocka_unit_test(large_ones_begin_on_a_huge_page),
    };
    return cmocka_run_group_tests_name("huge", tests, NULL, NULL);
}
