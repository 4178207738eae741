#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/id.h"

static void ids_have_their_shape(void **state)
{
    (void)state;
    struct id_source s;
    char id[ID_MAX];
    id_source_init(&s);
    id_make(&s, "book_", 1772953200000, id);
    assert_int_equal(strlen(id), 31);
    assert_memory_equal(id, "book_", 5);
    assert_int_equal(strspn(id + 5, "0123456789abcdefghjkmnpqrstvwxyz"), 26);
    id_make(&s, "", 0, id);
    assert_memory_equal(id, "0000000000", 10);
    id_make(&s, "", ((int64_t)1 << 48) - 1, id);
    assert_memory_equal(id, "7zzzzzzzzz", 10);
}

static void ids_sort_by_time(void **state)
{
    (void)state;
    struct id_source s;
    char before[ID_MAX], id[ID_MAX];
    id_source_init(&s);
    id_make(&s, "", 0, before);
    for (int64_t ms = 1; ms < (int64_t)1 << 47; ms += 1 + ms / 50) {
        id_make(&s, "", ms, id);
        assert_true(strcmp(before, id) < 0);
        strcpy(before, id);
    }
}

/* 80 random bits: among 20,000 of one millisecond each position takes every value, and
 * no two that follow each other are the same, also over the end of the pool. */
static void ids_are_random(void **state)
{
    (void)state;
    struct id_source s;
    char before[ID_MAX] = "", id[ID_MAX];
    static unsigned char seen[16][128];
    id_source_init(&s);
    for (int i = 0; i < 20000; i++) {
        id_make(&s, "", 5, id);
        assert_string_not_equal(id, before);
        strcpy(before, id);
        for (size_t k = 0; k < 16; k++)
            seen[k][(unsigned char)id[10 + k]] = 1;
    }
    for (size_t k = 0; k < 16; k++) {
        int values = 0;
        for (size_t c = 0; c < 128; c++)
            values += seen[k][c];
        assert_int_equal(values, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_have_their_shape),
        cmocka_unit_test(ids_sort_by_time),
        cmocka_unit_test(ids_are_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
