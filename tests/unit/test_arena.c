#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#endif

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena a;
    unsigned char *pieces[300];
    arena_init(&a);
    for (size_t i = 0; i < 300; i++) {
        pieces[i] = arena_alloc(&a, i);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(pieces[i][k], i % 251);
    arena_end(&a);
}

static void zeroed_memory_is_zero_after_a_reset_too(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    for (int round = 0; round < 3; round++) {
        unsigned char *p = arena_zero(&a, 1000);
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xFF, 1000);
        arena_reset(&a);
    }
    arena_end(&a);
}

static void the_first_block_is_kept(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    arena_reset(&a); /* nothing there yet */
    void *first = arena_alloc(&a, 10);
    for (int i = 0; i < 100; i++)
        memset(arena_alloc(&a, 1000), 1, 1000);
    memset(arena_alloc(&a, 1 << 20), 1, 1 << 20);
    arena_reset(&a);
    assert_ptr_equal(arena_alloc(&a, 10), first);
    arena_end(&a);
    arena_end(&a); /* as good as new */
}

static void texts_are_copied_with_a_nul(void **state)
{
    (void)state;
    struct arena a;
    char text[] = "abc";
    arena_init(&a);
    struct str s = arena_str(&a, str_of(text));
    text[0] = 'x';
    assert_string_equal(s.p, "abc");
    assert_int_equal(arena_str(&a, str_of(NULL)).n, 0);
    assert_string_equal(arena_cstr(&a, STR("")), "");
    s = arena_fmt(&a, "%s-%d-%5000d", "a", 1, 2);
    assert_int_equal(s.n, 5004);
    assert_int_equal(s.p[5004], '\0');
    assert_memory_equal(s.p, "a-1- ", 5);
    arena_end(&a);
}

static void dead_memory_is_poisoned(void **state)
{
    (void)state;
#ifdef HAVE_ASAN
    struct arena a;
    arena_init(&a);
    char *p = arena_alloc(&a, 32);
    assert_false(__asan_address_is_poisoned(p) || __asan_address_is_poisoned(p + 31));
    assert_true(__asan_address_is_poisoned(p + 32)); /* not handed out yet */
    arena_reset(&a);
    assert_true(__asan_address_is_poisoned(p) && __asan_address_is_poisoned(p + 31));
    assert_ptr_equal(arena_alloc(&a, 16), p);
    assert_true(!__asan_address_is_poisoned(p + 15) &&
                __asan_address_is_poisoned(p + 16));
    arena_end(&a);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(zeroed_memory_is_zero_after_a_reset_too),
        cmocka_unit_test(the_first_block_is_kept),
        cmocka_unit_test(texts_are_copied_with_a_nul),
        cmocka_unit_test(dead_memory_is_poisoned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
