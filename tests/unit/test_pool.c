/* The pool against plain memory: contents survive, sizes are honoured, nothing
 * overlaps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lua/pool.h"

enum { BLOCKS = 3000, ROUNDS = 200000 };

struct block {
    unsigned char *p;
    size_t n;
    unsigned char mark;
};

static void check(const struct block *b)
{
    for (size_t i = 0; i < b->n; i++)
        assert_int_equal(b->p[i], b->mark);
}

static void resize(struct pool *pool, struct block *b, size_t n, unsigned char mark)
{
    size_t kept = b->n < n ? b->n : n;
    check(b);
    unsigned char *p = pool_resize(pool, b->p, b->n, n);
    assert_true(n == 0 || p != NULL);
    for (size_t i = 0; i < kept; i++)
        assert_int_equal(p[i], b->mark);
    *b = (struct block){p, n, mark};
    if (n)
        memset(p, mark, n);
}

/* More than the region holds, so that both kinds of blocks live side by side. */
static void random_sizes_never_disturb_each_other(void **state)
{
    struct pool pool;
    struct block *blocks = calloc(BLOCKS, sizeof(*blocks));
    unsigned seed = 7;
    (void)state;
    pool_init(&pool);
    for (int i = 0; i < ROUNDS; i++) {
        struct block *b = &blocks[rand_r(&seed) % BLOCKS];
        size_t n = rand_r(&seed) % 3 ? (size_t)rand_r(&seed) % (POOL_SMALL + 40) : 0;
        resize(&pool, b, n, (unsigned char)rand_r(&seed));
    }
    for (int i = 0; i < BLOCKS; i++)
        resize(&pool, &blocks[i], 0, 0);
    pool_end(&pool);
    free(blocks);
}

static void blocks_are_aligned_for_anything(void **state)
{
    struct pool pool;
    (void)state;
    pool_init(&pool);
    for (size_t n = 1; n <= POOL_SMALL; n++) {
        void *p = pool_resize(&pool, NULL, 0, n);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        assert_null(pool_resize(&pool, p, n, 0));
    }
    pool_end(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_sizes_never_disturb_each_other),
        cmocka_unit_test(blocks_are_aligned_for_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
