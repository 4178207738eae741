#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "guard/tags.h"

static void words_are_what_they_may_be(void **state)
{
    static const char *const good[] = {
        "a", "7", "beta-2", "a_b", "partner", "abcdefghijklmnopqrstuvwxyz012345"};
    static const char *const bad[] = {"",
                                      "-a",
                                      "_a",
                                      "A",
                                      "a b",
                                      "a.b",
                                      "ä",
                                      "a\n",
                                      "a,b",
                                      "a\"b",
                                      "abcdefghijklmnopqrstuvwxyz0123456"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(tags_is(str_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(tags_is(str_of(bad[i])));
    assert_false(tags_is((struct str){"a\0b", 3}));
}

static void the_order_they_come_in_is_forgotten(void **state)
{
    static const char *const words[] = {"beta", "alpha", "b", "beta-2", "al", "beta"};
    char out[TAGS_TEXT];
    (void)state;
    for (int turn = 0; turn < 6; turn++) {
        struct tags t = {.n = 0};
        for (int i = 0; i < 6; i++)
            assert_int_equal(tags_add(&t, str_of(words[(i + turn) % 6])), 0);
        assert_true(str_eq(tags_text(&t, out), STR("al alpha b beta beta-2")));
    }
}

static void sixteen_are_the_most(void **state)
{
    struct tags t = {.n = 0};
    char words[17][TAGS_WORD + 1], out[TAGS_TEXT];
    struct str word, text;
    (void)state;
    for (int i = 0; i < 17; i++)
        snprintf(words[i], sizeof(words[i]), "%032d", 16 - i);
    for (int i = 0; i < TAGS_MAX; i++)
        assert_int_equal(tags_add(&t, str_of(words[i])), 0);
    assert_int_equal(tags_add(&t, str_of(words[3])), 0); /* one of them */
    assert_int_equal(tags_add(&t, str_of(words[16])), ERR_FULL);
    assert_int_equal(tags_add(&t, STR("No")), ERR_INVALID);
    text = tags_text(&t, out);
    assert_int_equal(text.n, TAGS_TEXT - 1);
    for (int i = TAGS_MAX - 1; i >= 0; i--) {
        assert_true(tags_next(&text, &word));
        assert_true(str_eq(word, str_of(words[i])));
    }
    assert_false(tags_next(&text, &word));
}

static void none_is_no_text(void **state)
{
    const struct tags t = {.n = 0};
    char out[TAGS_TEXT];
    struct str word, text = tags_text(&t, out);
    (void)state;
    assert_int_equal(text.n, 0);
    assert_false(tags_next(&text, &word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_what_they_may_be),
        cmocka_unit_test(the_order_they_come_in_is_forgotten),
        cmocka_unit_test(sixteen_are_the_most),
        cmocka_unit_test(none_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
