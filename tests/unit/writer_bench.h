#ifndef KORDLESS_TESTS_WRITER_BENCH_H
#define KORDLESS_TESTS_WRITER_BENCH_H

/* A writer over a scratch store, and jobs for it. Groups are made on purpose: a plug
 * holds the writer's thread while members queue up behind it, then the plug is pulled.
 */

#include <pthread.h>
#include <string.h>

#include "store/reader.h"
#include "store/writer.h"
#include "store_scratch.h"

struct bench {
    struct scratch at;
    struct writer *w;
    struct db *witness; /* used by `done`, on the writer's thread */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int pending;
    bool plugged, pulled;
    _Atomic int turns;
};

struct job {
    struct write w;
    struct bench *b;
    const char *sql;
    int id; /* bound as ?1 where sql is NULL: INSERT of an item */
    void (*before)(struct job *j, struct db *db); /* within run, before the SQL */
    bool hide;                                    /* run says 0 whatever happened */
    const char *then; /* run after sql, also when that failed */
    int runs, dones;
    bool seen; /* by the witness, when `done` ran */
};

static const char bench_tables[] =
    "CREATE TABLE item(id INTEGER PRIMARY KEY, fat BLOB);"
    "CREATE TABLE parent(id INTEGER PRIMARY KEY);"
    "CREATE TABLE child(parent REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);"
    "CREATE TRIGGER no_minus BEFORE INSERT ON item WHEN new.id < 0 BEGIN"
    " SELECT RAISE(ROLLBACK, 'less than nothing'); END;"
    "INSERT INTO item VALUES (1000, NULL)";

static inline int bench_insert(struct db *db, int id)
{
    struct stmt *s;
    int err = db_prepare(db, STR("INSERT INTO item(id) VALUES (?)"), &s);
    if (err)
        return err;
    stmt_int(s, 1, id);
    err = stmt_step(s);
    stmt_done(s);
    return err;
}

static inline int job_run(struct write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    j->runs++;
    if (j->before)
        j->before(j, db);
    int err = j->sql ? db_exec(db, j->sql) : bench_insert(db, j->id);
    if (j->then) {
        int ignored = db_exec(db, j->then);
        (void)ignored;
    }
    return j->hide ? 0 : err;
}

static inline void bench_less(struct bench *b)
{
    pthread_mutex_lock(&b->lock);
    b->pending--;
    pthread_cond_broadcast(&b->moved);
    pthread_mutex_unlock(&b->lock);
}

static inline void job_done(struct write *w)
{
    struct job *j = (struct job *)w;
    struct bench *b = j->b;
    char sql[80];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM item WHERE id = %d", j->id);
    j->seen = scratch_one(b->witness, sql) == 1;
    j->dones++;
    bench_less(b);
}

static inline void bench_turn(void *ctx)
{
    ((struct bench *)ctx)->turns++;
}

static inline void bench_start(struct bench *b, int group_max, int queue_max,
                               int wal_pages)
{
    struct writer_options o = {.path = b->at.path,
                               .group_max = group_max,
                               .queue_max = queue_max,
                               .wal_pages = wal_pages,
                               .turn = bench_turn,
                               .ctx = b};
    if (writer_start(&b->w, &o, NULL))
        abort();
}

static inline struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof(*b));
    if (!b)
        abort();
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->moved, NULL);
    db_fail_after(0, 0); /* the shim must be there before a connection is */
    scratch_make(&b->at);
    db_close(scratch_open(&b->at, DB_WRITE, bench_tables));
    b->witness = scratch_open(&b->at, DB_READ, NULL);
    return b;
}

static inline void bench_free(struct bench *b)
{
    writer_free(b->w);
    db_close(b->witness);
    scratch_remove(&b->at);
    free(b);
}

static inline int bench_queue(struct bench *b, struct job *j)
{
    j->b = b;
    j->w.run = job_run;
    j->w.done = job_done;
    pthread_mutex_lock(&b->lock);
    b->pending++;
    pthread_mutex_unlock(&b->lock);
    int err = writer_queue(b->w, &j->w);
    if (err)
        bench_less(b);
    return err;
}

static inline void bench_wait(struct bench *b)
{
    pthread_mutex_lock(&b->lock);
    while (b->pending)
        pthread_cond_wait(&b->moved, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

/* Runs one piece of SQL on the writer, in a transaction of its own. */
static inline int bench_do(struct bench *b, const char *sql)
{
    struct job j = {.sql = sql, .id = -1};
    if (bench_queue(b, &j))
        abort();
    bench_wait(b);
    return j.w.result;
}

static inline int plug_run(struct write *w, struct db *db)
{
    struct bench *b = ((struct job *)w)->b;
    (void)db;
    pthread_mutex_lock(&b->lock);
    b->plugged = true;
    pthread_cond_broadcast(&b->moved);
    while (!b->pulled)
        pthread_cond_wait(&b->moved, &b->lock);
    pthread_mutex_unlock(&b->lock);
    return ERR_INVALID; /* leaves no commit */
}

/* The writer's thread stands still in `plug` until bench_pull. */
static inline void bench_plug(struct bench *b, struct job *plug)
{
    *plug = (struct job){.b = b, .w = {.run = plug_run, .done = job_done}, .id = -1};
    b->plugged = b->pulled = false;
    b->pending++;
    if (writer_queue(b->w, &plug->w))
        abort();
    pthread_mutex_lock(&b->lock);
    while (!b->plugged)
        pthread_cond_wait(&b->moved, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

static inline void bench_pull(struct bench *b)
{
    pthread_mutex_lock(&b->lock);
    b->pulled = true;
    pthread_cond_broadcast(&b->moved);
    pthread_mutex_unlock(&b->lock);
}

/* All of them as one group. */
static inline void bench_group(struct bench *b, struct job *jobs, size_t n)
{
    struct job plug;
    bench_plug(b, &plug);
    for (size_t i = 0; i < n; i++)
        if (bench_queue(b, &jobs[i]))
            abort();
    bench_pull(b);
    bench_wait(b);
}

#endif
