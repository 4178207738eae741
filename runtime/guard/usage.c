#include "guard/usage.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guard/keyring.h"
#include "guard/usage_name.h"
#include "store/sql.h"

/* The store knows numbers. They are looked up anew in each transaction: one that was
 * rolled back may have made them, and then nothing must remember. */

#define MINUTE_MS ((int64_t)60 * 1000)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

const int64_t usage_step_ms[USAGE_DAY + 1] = {
    [USAGE_MINUTE] = MINUTE_MS, [USAGE_HOUR] = HOUR_MS, [USAGE_DAY] = DAY_MS};
const int64_t usage_kept_ms[USAGE_DAY + 1] = {[USAGE_MINUTE] = 48 * HOUR_MS,
                                              [USAGE_HOUR] = 90 * DAY_MS,
                                              [USAGE_DAY] = 730 * DAY_MS};

struct usage {
    pthread_mutex_t lock; /* guards labels */
    struct str labels[USAGE_ROUTES];
    size_t n_labels;
    struct tally *waiting;        /* main's; the writer reads it while main waits */
    struct cell *sorted;          /* of one flush */
    int64_t routes[USAGE_ROUTES]; /* numbers in the store, of one flush; 0: not yet */
};

struct usage *usage_new(void)
{
    struct usage *u = calloc(1, sizeof(*u));
    if (!u || pthread_mutex_init(&u->lock, NULL) != 0)
        abort();
    u->labels[0] = STR("other");
    u->n_labels = 1;
    u->waiting = tally_new(TALLY_MAX);
    return u;
}

void usage_free(struct usage *u)
{
    if (!u)
        return;
    for (size_t i = 1; i < u->n_labels; i++)
        free((void *)(uintptr_t)u->labels[i].p);
    tally_free(u->waiting);
    free(u->sorted);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

static size_t find_label(const struct usage *u, struct str label)
{
    size_t i = 1;
    while (i < u->n_labels && !str_eq(u->labels[i], label))
        i++;
    return i;
}

uint16_t usage_route(struct usage *u, struct str label)
{
    pthread_mutex_lock(&u->lock);
    size_t i = find_label(u, label);
    if (i == USAGE_ROUTES) {
        i = 0;
    } else if (i == u->n_labels) {
        char *p = malloc(label.n + 1);
        if (!p)
            abort();
        memcpy(p, label.p, label.n);
        u->labels[u->n_labels++] = (struct str){p, label.n};
    }
    pthread_mutex_unlock(&u->lock);
    return (uint16_t)i;
}

/* Labels are never moved or freed before the end. */
struct str usage_label(struct usage *u, uint16_t route)
{
    pthread_mutex_lock(&u->lock);
    struct str label = u->labels[route < u->n_labels ? route : 0];
    pthread_mutex_unlock(&u->lock);
    return label;
}

void usage_collect(struct usage *u, struct tally *t)
{
    tally_pour(t, u->waiting);
}

size_t usage_waiting(const struct usage *u)
{
    return tally_count(u->waiting);
}

uint64_t usage_lost(struct usage *u)
{
    return tally_lost(u->waiting);
}

/* ---- into the store ---- */

static int by_key_and_time(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;
    if (x->key != y->key)
        return (uintptr_t)x->key < (uintptr_t)y->key ? -1 : 1;
    return x->minute < y->minute ? -1 : x->minute > y->minute;
}

static size_t sort_waiting(struct usage *u)
{
    size_t n = 0;
    free(u->sorted);
    u->sorted = malloc((tally_count(u->waiting) + 1) * sizeof(*u->sorted));
    if (!u->sorted)
        abort();
    for (size_t i = 0; i < tally_places(u->waiting); i++)
        if (tally_at(u->waiting, i)->key)
            u->sorted[n++] = *tally_at(u->waiting, i);
    qsort(u->sorted, n, sizeof(*u->sorted), by_key_and_time);
    return n;
}

static int route_number(struct usage *u, struct db *db, uint16_t route)
{
    if (u->routes[route])
        return 0;
    return usage_name_make(db, usage_label(u, route), &u->routes[route]);
}

struct owner { /* of the cells that follow each other */
    const struct key *key;
    int64_t organization, number;
};

static int owner_numbers(struct db *db, const struct key *k, struct owner *o)
{
    struct arena a;
    struct str root;
    if (o->key == k)
        return 0;
    arena_init(&a);
    int err = usage_name_make(db, str_of(k->org->id), &o->organization);
    if (!err)
        err = usage_root(db, str_of(k->id), &a, &root);
    if (!err)
        err = usage_name_make(db, root, &o->number);
    arena_end(&a);
    o->key = k;
    return err;
}

static int add_step(struct db *db, enum usage_step step, const struct owner *o,
                    int64_t route, const struct cell *c)
{
    return sql_run(
        db,
        STR("INSERT INTO usage (step, at, organization, key, route, outcome, n, cost)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET n = n + excluded.n, cost = cost + excluded.cost"),
        SQL_WITH(sql_int(step), sql_int(c->minute * MINUTE_MS / usage_step_ms[step]),
                 sql_int(o->organization), sql_int(o->number), sql_int(route),
                 sql_int(c->outcome), sql_int((int64_t)c->n),
                 sql_int((int64_t)c->cost)));
}

/* A month without one admitted request, and then one: both times are kept. */
static int see(struct db *db, const struct owner *o, const struct cell *c)
{
    if (c->outcome == OUTCOME_REFUSED)
        return 0;
    return sql_run(
        db,
        STR("INSERT INTO usage_seen (organization, key, last) VALUES (?1, ?2, ?3)"
            " ON CONFLICT DO UPDATE SET"
            " before = iif(?3 - last >= ?4, last, before),"
            " again = iif(?3 - last >= ?4, ?3, again), last = max(last, ?3)"
            " WHERE ?3 > last"),
        SQL_WITH(sql_int(o->organization), sql_int(o->number), sql_int(c->minute),
                 sql_int(USAGE_IDLE_DAYS * DAY_MS / MINUTE_MS)));
}

int usage_flush(struct usage *u, struct db *db)
{
    struct owner o = {NULL, 0, 0};
    size_t n = sort_waiting(u);
    memset(u->routes, 0, sizeof(u->routes));
    for (size_t i = 0; i < n; i++) {
        const struct cell *c = &u->sorted[i];
        int err = route_number(u, db, c->route);
        if (!err)
            err = owner_numbers(db, c->key, &o);
        if (!err)
            err = see(db, &o, c);
        for (enum usage_step step = USAGE_MINUTE; step <= USAGE_DAY && !err; step++)
            err = add_step(db, step, &o, u->routes[c->route], c);
        if (err)
            return err;
    }
    return 0;
}

void usage_flushed(struct usage *u)
{
    tally_clear(u->waiting);
    free(u->sorted);
    u->sorted = NULL;
}

int usage_sweep(struct db *db, int64_t wall_ms, int most, int64_t *gone)
{
    *gone = 0;
    for (enum usage_step step = USAGE_MINUTE; step <= USAGE_DAY && *gone < most;
         step++) {
        int64_t end = (wall_ms - usage_kept_ms[step]) / usage_step_ms[step];
        int err = sql_run(
            db,
            STR("DELETE FROM usage WHERE (step, at, organization, key, route, outcome)"
                " IN (SELECT step, at, organization, key, route, outcome FROM usage"
                " WHERE step = ?1 AND at < ?2 LIMIT ?3)"),
            SQL_WITH(sql_int(step), sql_int(end), sql_int(most - *gone)));
        if (err)
            return err;
        *gone += db_changes(db);
    }
    return 0;
}
