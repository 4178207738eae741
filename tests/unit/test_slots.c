#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "slots_scene.h"

static void assert_starts(const struct slots *s, const int64_t *minutes, size_t n)
{
    assert_int_equal(s->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(s->at[i].start, minutes[i] * MINUTE);
}

static void starts_are_every_step_from_where_it_opens(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, DAY);
    struct spans open;
    struct slots s;
    spans_init(&open);
    spans_add(&open, 550 * MINUTE, 650 * MINUTE); /* 09:10 to 10:50 */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_starts(&s, (int64_t[]){550, 580}, 2); /* not 610: it ends at 670 */
    assert_int_equal(s.at[0].free, 1);
    slots_end(&s);
    g.lo = 551 * MINUTE;
    g.hi = 580 * MINUTE;
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_starts(&s, NULL, 0); /* 580 is not before hi */
    slots_end(&s);
    spans_end(&open);
}

/* In Newfoundland clocks went back from 00:01 to 23:01 until 2011. What opens in the
 * hour that comes twice does not open at the midnight before it. */
static void clocks_that_go_back_over_midnight_open_nothing_early(void **state)
{
    (void)state;
    int64_t day = date_days((struct date){2006, 10, 29}) * DAY;
    struct grid g = plain_grid(day, day + DAY);
    struct spans open;
    struct slots s;
    g.zone = zone_named("America/St_Johns");
    g.length = 30 * MINUTE;
    spans_init(&open);
    spans_add(&open, day + 160 * MINUTE, day + 300 * MINUTE); /* 23:10, once more */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    int64_t first = day / MINUTE + 160;
    assert_starts(&s, (int64_t[]){first, first + 30, first + 60, first + 90}, 4);
    slots_end(&s);
    spans_end(&open);
}

static void the_grid_begins_anew_at_midnight(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, 2 * DAY);
    struct spans open;
    struct slots s;
    g.step = 50 * MINUTE;
    spans_init(&open);
    spans_add(&open, 1380 * MINUTE, 1560 * MINUTE); /* 23:00 to 02:00 */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_starts(&s, (int64_t[]){1380, 1430, 1440, 1490}, 4);
    slots_end(&s);
    g.lo = 1435 * MINUTE; /* from wherever one looks */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_starts(&s, (int64_t[]){1440, 1490}, 2);
    slots_end(&s);
    spans_clear(&open);
    spans_add(&open, -1000 * (int64_t)DAY, 1000 * (int64_t)DAY); /* never closed */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_int_equal(s.at[0].start, 1440 * MINUTE);
    assert_int_equal(s.n, 29);
    slots_end(&s);
    spans_end(&open);
}

static void buffers_count_and_may_lie_outside_the_hours(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, DAY);
    struct spans open;
    struct slots s;
    struct taken *t = taken_new();
    g.before = 10 * MINUTE;
    g.after = 20 * MINUTE;
    spans_init(&open);
    spans_add(&open, 600 * MINUTE, 720 * MINUTE);
    taken_busy(t, STR("ada"), 580 * MINUTE, 590 * MINUTE); /* ends as a buffer begins */
    taken_busy(t, STR("ada"), 709 * MINUTE, 710 * MINUTE);
    const struct taken_of *of[] = {taken_find(t, STR("ada"))};
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 1), 0);
    assert_starts(&s, (int64_t[]){600}, 1); /* 630 to 690, and until 710 */
    slots_end(&s);
    spans_end(&open);
    taken_free(t);
}

static void a_gathering_is_joined_while_it_fits(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, DAY);
    struct spans open;
    struct slots s;
    struct taken *t = taken_new();
    g.capacity = 5;
    g.step = HOUR;
    spans_init(&open);
    spans_add(&open, 600 * MINUTE, 840 * MINUTE);
    taken_gather(t, STR("ada"),
                 (struct gathering){600 * MINUTE, 600 * MINUTE, 660 * MINUTE, 3});
    taken_gather(t, STR("ada"), /* made when it was shorter */
                 (struct gathering){660 * MINUTE, 660 * MINUTE, 710 * MINUTE, 1});
    taken_gather(t, STR("ada"), /* somebody landed on it */
                 (struct gathering){720 * MINUTE, 720 * MINUTE, 780 * MINUTE, 1});
    taken_block(t, STR("ada"), 725 * MINUTE, 726 * MINUTE);
    taken_gather(t, STR("ada"), /* one of something else, half an hour off */
                 (struct gathering){810 * MINUTE, 810 * MINUTE, 830 * MINUTE, 1});
    const struct taken_of *of[] = {taken_find(t, STR("ada")), NULL};
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 1), 0);
    assert_starts(&s, (int64_t[]){600}, 1);
    assert_int_equal(s.at[0].free, 2);
    slots_end(&s);
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 2), 0); /* one of two is not there */
    assert_starts(&s, NULL, 0);
    slots_end(&s);
    g.units = 3; /* more than are left */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 1), 0);
    assert_starts(&s, NULL, 0);
    slots_end(&s);
    g.units = 0; /* all, free or not */
    slots_init(&s, &g, 100, 100);
    assert_int_equal(slots_add(&s, 1, &open, of, 1), 0);
    assert_starts(&s, (int64_t[]){600, 660, 720, 780}, 4);
    assert_int_equal(s.at[1].free, 0);
    slots_end(&s);
    spans_end(&open);
    taken_free(t);
}

static void too_many_is_an_error(void **state)
{
    (void)state;
    struct grid g = plain_grid(0, 10 * DAY);
    struct spans open;
    struct slots s;
    spans_init(&open);
    spans_add(&open, 0, 10 * DAY);
    slots_init(&s, &g, 479, 1000);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0); /* the last is not covered */
    assert_int_equal(s.n, 479);
    slots_end(&s);
    slots_init(&s, &g, 478, 1000);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), ERR_TOO_LARGE);
    slots_end(&s);
    slots_init(&s, &g, 1000, 480);
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), 0);
    assert_int_equal(s.unseen, 0);
    assert_int_equal(slots_add(&s, 2, &open, NULL, 0), ERR_TOO_LARGE);
    slots_end(&s);
    slots_init(&s, &g, 1000, 7); /* what came before it was too much is there */
    assert_int_equal(slots_add(&s, 1, &open, NULL, 0), ERR_TOO_LARGE);
    assert_int_equal(s.n, 7);
    slots_end(&s);
    spans_end(&open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_are_every_step_from_where_it_opens),
        cmocka_unit_test(clocks_that_go_back_over_midnight_open_nothing_early),
        cmocka_unit_test(the_grid_begins_anew_at_midnight),
        cmocka_unit_test(buffers_count_and_may_lie_outside_the_hours),
        cmocka_unit_test(a_gathering_is_joined_while_it_fits),
        cmocka_unit_test(too_many_is_an_error),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
