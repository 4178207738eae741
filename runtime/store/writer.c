/* The order of a group, which everything here serves:
 *
 *     BEGIN  [mark run keep|undo] [mark run keep|undo] …  COMMIT  number++  done done …
 *              \_ the transaction is gone: ROLLBACK, this member fails, and each other
 *                 one, before and after it, runs again:  BEGIN run COMMIT number++ done
 *
 * A COMMIT that fails sends everybody the same way. */

#include "store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/now.h"
#include "base/counter.h"

struct writer {
    struct writer_options o;
    char *wal; /* the name of its file */
    struct db *db;
    pthread_t thread;
    bool running; /* the thread is to be joined; of whoever starts and stops */

    pthread_mutex_t lock; /* guards the queue and `closing` */
    pthread_cond_t work;
    struct write *head, **tail;
    int queued;
    bool closing;

    pthread_mutex_t gate_lock;
    pthread_cond_t gate_down;
    atomic_bool gate;

    _Atomic uint64_t commits, changes;
    _Atomic uint64_t members, reruns, checkpoints;
    _Atomic int64_t wal_bytes;
    struct counter unfinished, commit_micros, wal_pages, sizes[WRITER_SIZES],
        failures[WRITER_ERRORS];
    struct counter refusals; /* any thread's, under `lock` */
    int checkpoint_at; /* pages; more than wal_pages after one that did not finish */
};

/* ---- one member ---- */

/* What the last one left on the connection is not the next one's. */
static int run(struct writer *w, struct write *m)
{
    int err = m->run(m, w->db);
    db_fence(w->db, NULL);
    db_budget(w->db, NULL, NULL);
    db_reset(w->db);
    return err < 0 ? err : 0;
}

/* Inside the group's transaction. Whether that still stands is the caller's to ask. */
static void run_marked(struct writer *w, struct write *m)
{
    m->result = db_mark(w->db);
    if (!m->result)
        m->result = run(w, m);
    if (db_lost(w->db))
        return;
    int err = m->result ? db_undo(w->db) : db_keep(w->db);
    if (err) { /* the savepoint was taken from under us: nothing here can be trusted */
        m->result = err;
        db_rollback(w->db);
    }
}

/* The result of the member that just ran: what ended the transaction, if anything did,
 * since a script may have hidden it. */
static int fate(struct writer *w, const struct write *m, bool *lost)
{
    int cause = db_lost(w->db);
    *lost = cause != 0;
    if (!cause || (cause == ERR_DENIED && m->result))
        return m->result;
    return cause;
}

static int commit(struct writer *w)
{
    int64_t began = clock_micros();
    int err = db_commit(w->db);
    if (!err)
        counter_add(&w->commit_micros, (uint64_t)(clock_micros() - began));
    return err;
}

static void finish(struct writer *w, struct write *m)
{
    if (m->result < 0)
        counter_add(&w->failures[-m->result < WRITER_ERRORS ? -m->result : 0], 1);
    m->done(m);
}

static void committed(struct writer *w, uint64_t members, bool changed)
{
    int size = 0;
    while (size < WRITER_SIZES - 1 && members > (uint64_t)1 << size)
        size++;
    counter_add(&w->sizes[size], 1);
    atomic_fetch_add_explicit(&w->members, members, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->changes, changed, memory_order_release);
    atomic_fetch_add_explicit(&w->commits, 1, memory_order_release);
}

static void run_alone(struct writer *w, struct write *m)
{
    bool lost;
    m->result = db_begin(w->db);
    if (!m->result) {
        m->result = run(w, m);
        m->result = fate(w, m, &lost);
        if (m->result)
            db_rollback(w->db);
        else
            m->result = commit(w);
    }
    if (!m->result)
        committed(w, 1, !m->bookkeeping);
    finish(w, m);
}

/* ---- a group ---- */

static void tell_all(struct writer *w, struct write *m)
{
    while (m) {
        struct write *next = m->next;
        finish(w, m);
        m = next;
    }
}

static void fail_all(struct writer *w, struct write *group, int err)
{
    for (struct write *m = group; m; m = m->next)
        m->result = err;
    tell_all(w, group);
}

static void note(struct writer *w, enum log_level level, const char *event, int err)
{
    LOG(w->o.log, level, event, LOG_C("error", err_name(err)),
        LOG_C("message", db_message(w->db)));
}

/* Everybody but `culprit` (NULL: nobody knows whose fault it was) once more. */
static void rerun(struct writer *w, struct write *group, struct write *culprit)
{
    for (struct write *m = group, *next; m; m = next) {
        next = m->next;
        if (m == culprit) {
            finish(w, m);
            continue;
        }
        atomic_fetch_add_explicit(&w->reruns, 1, memory_order_relaxed);
        run_alone(w, m);
    }
}

/* How many want to be kept; -1 and `culprit` when the transaction is gone. */
static int run_members(struct writer *w, struct write *group, struct write **culprit)
{
    int kept = 0;
    bool lost = false;
    for (struct write *m = group; m && !lost; m = m->next) {
        run_marked(w, m);
        m->result = fate(w, m, &lost);
        kept += !m->result;
        if (lost)
            *culprit = m;
    }
    return lost ? -1 : kept;
}

static bool has_changes(const struct write *group)
{
    while (group && (group->result || group->bookkeeping))
        group = group->next;
    return group != NULL;
}

static void run_group(struct writer *w, struct write *group)
{
    struct write *culprit = NULL;
    int err = db_begin(w->db);
    if (err) {
        note(w, LOG_ERROR, "write_begin_failed", err);
        fail_all(w, group, err);
        return;
    }
    int kept = run_members(w, group, &culprit);
    if (kept < 0)
        err = culprit->result;
    if (kept > 0)
        err = commit(w);
    else
        db_rollback(w->db);
    if (err) {
        note(w, LOG_WARN, "write_group_lost", err);
        rerun(w, group, culprit);
        return;
    }
    if (kept > 0)
        committed(w, (uint64_t)kept, has_changes(group));
    tell_all(w, group);
}

/* ---- checkpoints ---- */

bool writer_gate(const struct writer *w)
{
    return atomic_load_explicit(&w->gate, memory_order_acquire);
}

void writer_gate_wait(struct writer *w)
{
    pthread_mutex_lock(&w->gate_lock);
    while (writer_gate(w))
        pthread_cond_wait(&w->gate_down, &w->gate_lock);
    pthread_mutex_unlock(&w->gate_lock);
}

static void set_gate(struct writer *w, bool up)
{
    pthread_mutex_lock(&w->gate_lock);
    atomic_store_explicit(&w->gate, up, memory_order_release);
    pthread_mutex_unlock(&w->gate_lock);
    if (!up)
        pthread_cond_broadcast(&w->gate_down);
}

/* Most is copied while the workers go on; behind the gate only the rest. */
static void checkpoint(struct writer *w)
{
    int err = db_checkpoint(w->db, false);
    if (!err) {
        set_gate(w, true);
        err = db_checkpoint(w->db, true);
        set_gate(w, false);
    }
    if (err) {
        note(w, LOG_WARN, "checkpoint_unfinished", err);
        counter_add(&w->unfinished, 1);
        w->checkpoint_at = db_wal_frames(w->db) + w->o.wal_pages;
        return;
    }
    w->checkpoint_at = w->o.wal_pages;
    atomic_fetch_add_explicit(&w->checkpoints, 1, memory_order_relaxed);
}

static void look_at_wal(struct writer *w)
{
    struct stat st;
    if (db_wal_frames(w->db) >= w->checkpoint_at)
        checkpoint(w);
    counter_set(&w->wal_pages, (uint64_t)db_wal_frames(w->db));
    if (stat(w->wal, &st) == 0)
        atomic_store_explicit(&w->wal_bytes, st.st_size, memory_order_relaxed);
}

/* ---- the thread ---- */

/* Cuts the group off the queue: all of it, or its first `group_max`. */
static struct write *cut(struct writer *w)
{
    struct write *group = w->head, **end = &w->head;
    int n = 0;
    while (*end && (w->o.group_max == 0 || n < w->o.group_max)) {
        end = &(*end)->next;
        n++;
    }
    w->head = *end;
    *end = NULL;
    if (!w->head)
        w->tail = &w->head;
    w->queued -= n;
    return group;
}

/* Sleeps until there is work. NULL: closing, and nothing is left. */
static struct write *next_group(struct writer *w)
{
    struct write *group = NULL;
    pthread_mutex_lock(&w->lock);
    while (!w->head && !w->closing)
        pthread_cond_wait(&w->work, &w->lock);
    if (w->head)
        group = cut(w);
    pthread_mutex_unlock(&w->lock);
    return group;
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct write *group;
    while ((group = next_group(w)) != NULL) {
        if (w->o.turn)
            w->o.turn(w->o.ctx);
        if (group->next)
            run_group(w, group);
        else
            run_alone(w, group);
        look_at_wal(w);
    }
    checkpoint(w);
    return NULL;
}

/* ---- from outside ---- */

static struct writer *make(const struct writer_options *o)
{
    struct writer *w = calloc(1, sizeof(*w));
    size_t n = strlen(o->path) + sizeof("-wal");
    if (!w || !(w->wal = malloc(n)))
        abort();
    snprintf(w->wal, n, "%s-wal", o->path);
    w->o = *o;
    w->checkpoint_at = o->wal_pages;
    w->tail = &w->head;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_mutex_init(&w->gate_lock, NULL);
    pthread_cond_init(&w->gate_down, NULL);
    return w;
}

/* Signals are main's: the thread begins with all of them blocked. */
static int start_thread(struct writer *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&w->thread, NULL, writer_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->running = !failed;
    return failed ? ERR_IO : 0;
}

int writer_start(struct writer **out, const struct writer_options *o, struct buf *why)
{
    struct writer *w = make(o);
    *out = NULL;
    int err = db_open(&w->db, o->path, DB_WRITE, why);
    if (!err && (err = start_thread(w)) != 0 && why)
        buf_lit(why, "the writer's thread cannot be started");
    if (err) {
        writer_free(w);
        return err;
    }
    *out = w;
    return 0;
}

void writer_stop(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_mutex_unlock(&w->lock);
    pthread_cond_signal(&w->work);
    if (w->running)
        pthread_join(w->thread, NULL);
    w->running = false;
    db_close(w->db);
    w->db = NULL;
}

void writer_free(struct writer *w)
{
    if (!w)
        return;
    writer_stop(w);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->gate_lock);
    pthread_cond_destroy(&w->gate_down);
    free(w->wal);
    free(w);
}

int writer_queue(struct writer *w, struct write *job)
{
    int err = 0;
    job->next = NULL;
    pthread_mutex_lock(&w->lock);
    if (w->closing)
        err = ERR_CLOSED;
    else if (w->queued >= w->o.queue_max)
        err = ERR_BUSY;
    if (err == ERR_BUSY)
        counter_add(&w->refusals, 1);
    if (!err) {
        *w->tail = job;
        w->tail = &job->next;
        w->queued++;
    }
    pthread_mutex_unlock(&w->lock);
    if (!err)
        pthread_cond_signal(&w->work);
    return err;
}

int writer_queued(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    int n = w->queued;
    pthread_mutex_unlock(&w->lock);
    return n;
}

uint64_t writer_commits(const struct writer *w)
{
    return atomic_load_explicit(&w->commits, memory_order_acquire);
}

uint64_t writer_changes(const struct writer *w)
{
    return atomic_load_explicit(&w->changes, memory_order_acquire);
}

void writer_stats(const struct writer *w, struct writer_stats *out)
{
    *out = (struct writer_stats){
        .groups = writer_commits(w),
        .members = atomic_load_explicit(&w->members, memory_order_relaxed),
        .reruns = atomic_load_explicit(&w->reruns, memory_order_relaxed),
        .checkpoints = atomic_load_explicit(&w->checkpoints, memory_order_relaxed),
        .unfinished = counter_read(&w->unfinished),
        .refusals = counter_read(&w->refusals),
        .commit_micros = counter_read(&w->commit_micros),
        .wal_bytes = atomic_load_explicit(&w->wal_bytes, memory_order_relaxed),
        .wal_pages = (int)counter_read(&w->wal_pages),
    };
    for (int i = 0; i < WRITER_SIZES; i++)
        out->sizes[i] = counter_read(&w->sizes[i]);
    for (int i = 0; i < WRITER_ERRORS; i++)
        out->failures[i] = counter_read(&w->failures[i]);
}
