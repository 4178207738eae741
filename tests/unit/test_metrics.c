#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "metrics.h"

/* A generation as far as its names go. */
struct world {
    struct arena arena;
    struct generation g;
    struct route routes[METRICS_ROUTES + 10], *all[METRICS_ROUTES + 10];
    struct plugin plugins[METRICS_PLUGINS + 10];
};

static void world_begin(struct world *w, int n_routes, int n_plugins)
{
    memset(w, 0, sizeof(*w));
    arena_init(&w->arena);
    w->g.all = w->all;
    w->g.plugins = w->plugins;
    w->g.ward.policies = quarantine_new(&w->arena, &w->g.ward, STR("policy"));
    for (int i = 0; i < n_routes; i++) {
        w->routes[i].label = arena_fmt(&w->arena, "GET /r/%d", i);
        w->all[w->g.n_all++] = &w->routes[i];
    }
    for (int i = 0; i < n_plugins; i++) {
        struct plugin *p = &w->plugins[w->g.n_plugins++];
        p->manifest.name = arena_fmt(&w->arena, "plugin%d", i);
        p->quarantine = quarantine_new(&w->arena, &w->g.ward, p->manifest.name);
    }
}

static void has(const struct metrics *m, const char *line, bool wanted)
{
    struct buf b;
    buf_init(&b);
    buf_char(&b, '\n');
    metrics_put(m, &b);
    buf_char(&b, '\0');
    char search[300];
    snprintf(search, sizeof(search), "\n%s\n", line);
    if ((strstr(b.p, search) != NULL) != wanted)
        fail_msg("%s%s", wanted ? "missing: " : "too much: ", line);
    buf_end(&b);
}

/* Each once a minute, and only minutes that are over. */
static void organizations_with_a_full_day_are_counted(void **state)
{
    (void)state;
    const int64_t minute = 60000;
    struct metrics *m = metrics_new(1, 5000);
    struct org a = {.over_minute = 0}, b = {.over_minute = 0};
    assert_int_equal(metrics_orgs_over(m, 0), 0);
    metrics_org_over(m, &a, 0);
    assert_int_equal(metrics_orgs_over(m, minute - 1), 0);
    assert_int_equal(metrics_orgs_over(m, minute), 1);
    for (int i = 0; i < 3; i++) {
        metrics_org_over(m, &a, minute + i);
        metrics_org_over(m, &b, 2 * minute - 1 - i);
    }
    assert_int_equal(metrics_orgs_over(m, minute), 1);
    assert_int_equal(metrics_orgs_over(m, 2 * minute), 2);
    assert_int_equal(metrics_orgs_over(m, 3 * minute - 1), 2);
    assert_int_equal(metrics_orgs_over(m, 3 * minute), 0);
    metrics_org_over(m, &b, 3 * minute); /* in the slot of the minute with two */
    assert_int_equal(metrics_orgs_over(m, 4 * minute), 1);
    assert_int_equal(metrics_orgs_over(m, 5 * minute), 0);
    metrics_free(m);
}

static void workers_are_added_up(void **state)
{
    struct world *w = *state;
    struct metrics *m = metrics_new(2, 5000);
    world_begin(w, 2, 1);
    metrics_name(m, &w->g);
    metrics_end(m->workers[0], w->routes[0].slot, 200, 90);
    metrics_end(m->workers[1], w->routes[0].slot, 204, 3000000);
    metrics_end(m->workers[1], w->routes[0].slot, 503, 99000000);
    metrics_end(m->workers[1], METRICS_UNMATCHED, 404, -1);
    has(m,
        "kordless_http_requests_total{method=\"GET\",route=\"/r/0\",status=\"2xx\"} 2",
        true);
    has(m,
        "kordless_http_requests_total{method=\"GET\",route=\"/r/0\",status=\"5xx\"} 1",
        true);
    has(m,
        "kordless_http_requests_total{method=\"any\",route=\"none\",status=\"4xx\"} 1",
        true);
#define DURATION(of, le, n)                                                          \
    "kordless_http_request_duration_seconds_" of "{method=\"GET\",route=\"/r/0\"" le \
    "} " n
    has(m, DURATION("bucket", ",le=\"0.0001\"", "1"), true);
    has(m, DURATION("bucket", ",le=\"2.5\"", "1"), true);
    has(m, DURATION("bucket", ",le=\"5\"", "2"), true);
    has(m, DURATION("bucket", ",le=\"10\"", "2"), true);
    has(m, DURATION("bucket", ",le=\"+Inf\"", "3"), true);
    has(m, DURATION("sum", "", "102.000090"), true);
    has(m, DURATION("count", "", "3"), true);
    has(m, "kordless_reload_last_success_timestamp_seconds 5", true);
    arena_end(&w->arena);
    metrics_free(m);
}

static void slots_stay_with_their_names(void **state)
{
    struct world *w = *state;
    struct metrics *m = metrics_new(1, 0);
    world_begin(w, 3, 3);
    metrics_name(m, &w->g);
    int route = w->routes[2].slot, plugin = w->plugins[2].slot;
    quarantine_kill(w->plugins[2].quarantine, KILL_MEMORY, 0, NULL);
    arena_end(&w->arena);
    world_begin(w, 3, 3);
    w->all[0] = &w->routes[2];
    w->g.n_all = 1;
    metrics_name(m, &w->g);
    assert_int_equal(w->routes[2].slot, route);
    assert_int_equal(w->plugins[2].slot, plugin);
    quarantine_kill(w->plugins[2].quarantine, KILL_MEMORY, 0, NULL);
    has(m, "kordless_lua_kills_total{plugin=\"plugin2\",reason=\"memory\"} 2", true);
    arena_end(&w->arena);
    metrics_free(m);
}

static void there_is_an_end_to_names(void **state)
{
    struct world *w = *state;
    struct metrics *m = metrics_new(1, 0);
    world_begin(w, METRICS_ROUTES + 10, METRICS_PLUGINS + 10);
    metrics_name(m, &w->g);
    metrics_name(m, &w->g);
    int others = 0;
    for (int i = 0; i < METRICS_ROUTES + 10; i++) {
        assert_in_range(w->routes[i].slot, METRICS_OTHER, METRICS_ROUTES - 1);
        others += w->routes[i].slot == METRICS_OTHER;
    }
    assert_int_equal(others, 12);
    assert_int_equal(w->plugins[METRICS_PLUGINS + 9].slot, 0);
    metrics_end(m->workers[0], w->routes[METRICS_ROUTES + 9].slot, 200, 1);
    has(m,
        "kordless_http_requests_total{method=\"any\",route=\"other\",status=\"2xx\"} 1",
        true);
    arena_end(&w->arena);
    metrics_free(m);
}

static void words_that_nobody_knows_share_a_place(void **state)
{
    (void)state;
    struct metrics *m = metrics_new(1, 0);
    metrics_code(m->workers[0], "revoked_api_key");
    metrics_code(m->workers[0], "kord_live_secret\n");
    metrics_fetched(m->workers[0], NULL);
    metrics_fetched(m->workers[0], "timeout");
    metrics_fetched(m->workers[0], "what?");
    has(m, "kordless_auth_failures_total{code=\"revoked_api_key\"} 1", true);
    has(m, "kordless_auth_failures_total{code=\"other\"} 1", true);
    has(m, "kordless_fetches_total{outcome=\"ok\"} 1", true);
    has(m, "kordless_fetches_total{outcome=\"timeout\"} 1", true);
    has(m, "kordless_fetches_total{outcome=\"other\"} 1", true);
    metrics_free(m);
}

static void reloads_say_how_they_ended(void **state)
{
    (void)state;
    struct metrics *m = metrics_new(1, 1000);
    metrics_reloaded(m, true, 9000);
    metrics_reloaded(m, false, 12000);
    has(m, "kordless_reloads_total{result=\"success\"} 1", true);
    has(m, "kordless_reloads_total{result=\"refused\"} 1", true);
    has(m, "kordless_reload_last_success_timestamp_seconds 9", true);
    metrics_free(m);
}

int main(void)
{
    static struct world w;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(organizations_with_a_full_day_are_counted),
        cmocka_unit_test_prestate(workers_are_added_up, &w),
        cmocka_unit_test_prestate(slots_stay_with_their_names, &w),
        cmocka_unit_test_prestate(there_is_an_end_to_names, &w),
        cmocka_unit_test(words_that_nobody_knows_share_a_place),
        cmocka_unit_test(reloads_say_how_they_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
