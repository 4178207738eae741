#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "chore.h"
#include "counts.h"
#include "flow.h"
#include "guard/key_use.h"
#include "guard/people.h"
#include "reload.h"
#include "metrics.h"
#include "lua/measure.h"
#include "native/natives.h"
#include "testclock.h"
#include "worker.h"

enum {
    STRANGERS_MAX = 65536,
    HUSHED_MAX = 1024, /* addresses that get a line a minute in the log */
    QUEUE_MAX = 1024,
    HASHERS = 2, /* 64 MiB each, while they hash */
    HASHES_MAX = 16,
    WAL_PAGES = 1000,
    FLUSH_MS = 10 * 1000,
    SWEEP_MS = 60 * 60 * 1000
};

static const uint32_t stranger_limits[PEER_COUNTS] = {[PEER_AUTH_FAILURE] = 60,
                                                      [PEER_CONTACT_REQUEST] = 120,
                                                      [PEER_CONTACT_FAILURE] = 10,
                                                      [PEER_SIGN_IN] =
                                                          SIGN_INS_PER_MINUTE};
static const uint32_t lookup_limits[PEER_COUNTS] = {
    [PEER_AUTH_FAILURE] = 60, [PEER_SESSION_REQUEST] = SESSION_PER_MINUTE};

/* --- the data folder --- */

static int open_data(struct server *s, const char *data, struct buf *why)
{
    char lock[4200];
    snprintf(s->data, sizeof(s->data), "%s", data);
    snprintf(s->db_path, sizeof(s->db_path), "%s/kordless.db", data);
    snprintf(lock, sizeof(lock), "%s/lock", data);
    if (mkdir(data, 0700) != 0 && errno != EEXIST) {
        buf_fmt(why, "%s: cannot be made: %s", data, strerror(errno));
        return ERR_IO;
    }
    s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0) {
        buf_fmt(why, "%s: cannot be opened: %s", lock, strerror(errno));
        return ERR_IO;
    }
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        buf_fmt(why, "%s is in use by another kordless process", data);
        return ERR_BUSY;
    }
    return 0;
}

/* The pepper is made together with the database and never again: a new one under old
 * digests would turn every key away. */
static int open_pepper(struct server *s, struct buf *why)
{
    struct stat st;
    bool fresh = stat(s->db_path, &st) != 0;
    return pepper_load(s->data, fresh, &s->shared.pepper, why);
}

/* --- what is in memory --- */

static int read_boot(struct server *s, struct limit_boot *boot)
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    bool ok = f && fscanf(f, "%36s", boot->id) == 1;
    if (f)
        fclose(f);
    boot->now = clock_read(s->shared.clock);
    boot->cut =
        !testclock_built; /* a clock that runs is read in the middle of a millisecond */
    return ok ? 0 : ERR_IO;
}

static int open_memory(struct server *s, struct buf *why)
{
    char path[4200];
    struct limit_boot boot = {.id = ""};
    snprintf(path, sizeof(path), "%s/limits", s->data);
    int err = read_boot(s, &boot);
    if (err)
        buf_fmt(why, "/proc/sys/kernel/random/boot_id cannot be read");
    if (!err)
        err = limits_open(&s->shared.limits, path, &boot, why);
    if (err)
        return err;
    s->shared.keyring = keyring_new();
    s->shared.strangers = peers_new(STRANGERS_MAX, stranger_limits);
    s->shared.lookups = peers_new(STRANGERS_MAX, lookup_limits);
    s->shared.idem = idem_new();
    s->shared.vault = vault_new();
    s->shared.usage = usage_new();
    s->shared.sessions = sessions_new();
    s->shared.denials = denials_new(s->shared.usage);
    s->shared.hush = hush_new(HUSHED_MAX);
    return 0;
}

/* --- threads --- */

static int claim_address(struct server *s, const struct server_options *o,
                         struct buf *why)
{
    struct str text = str_of(o->listen);
    if (o->no_listen)
        return 0;
    if (!text.n)
        text = s->generation->settings.listen;
    if (!text.n)
        text = STR("127.0.0.1:8080");
    if (listen_parse(text, &s->address)) {
        buf_fmt(why, "'%.*s' is no address to listen on; 127.0.0.1:8080 is one",
                (int)text.n, text.p);
        return ERR_INVALID;
    }
    int err = listen_claim(&s->address, why);
    struct buf b;
    buf_init(&b);
    listen_text(&s->address, &b);
    snprintf(s->shared.public_url, sizeof(s->shared.public_url), "http://%.*s",
             (int)b.n, b.p);
    buf_end(&b);
    return err;
}

static int start_worker(struct server *s, const struct server_options *o,
                        struct buf *why)
{
    struct worker_options wo = {.shared = &s->shared,
                                .index = s->n_workers,
                                .generation = s->generation,
                                .db_path = s->db_path,
                                .listen_fd = -1,
                                .admin_fd = -1,
                                .request = flow_request,
                                .gone = flow_gone};
    int err = o->no_listen ? 0 : listen_tcp(&s->address, &wo.listen_fd, why);
    if (!err && !o->no_listen && wo.index == 0)
        err = listen_unix(s->data, "admin.sock", &wo.admin_fd, why);
    if (err)
        return err;
    generation_hold(s->generation);
    err = worker_start(&s->workers[s->n_workers], &wo, why);
    if (!err)
        s->n_workers++;
    return err;
}

static int start_hasher(struct server *s, struct buf *why)
{
    int err = hasher_new(&s->shared.hasher, HASHERS, HASHES_MAX, password_run);
    if (err)
        buf_fmt(why, "a thread for passwords cannot start");
    return err;
}

static int start_threads(struct server *s, const struct server_options *o, int workers,
                         struct buf *why)
{
    const struct writer_options wo = {.path = s->db_path,
                                      .group_max = o->group,
                                      .queue_max = QUEUE_MAX,
                                      .wal_pages = WAL_PAGES,
                                      .log = s->shared.log};
    int err = writer_start(&s->shared.writer, &wo, why);
    if (!err)
        err = start_hasher(s, why);
    s->workers = calloc((size_t)workers, sizeof(struct worker *));
    if (!s->workers)
        abort();
    s->shared.metrics = metrics_new(workers, clock_read(s->shared.clock).wall_ms);
    metrics_name(s->shared.metrics, s->generation);
    metrics_count_keys(s->shared.metrics, s->shared.keyring,
                       clock_read(s->shared.clock).wall_ms);
    for (int i = 0; i < workers && !err; i++)
        err = start_worker(s, o, why);
    return err;
}

static int open_decisions(struct server *s, struct buf *why)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/decisions.jsonl", s->data);
    return scribe_open(&s->shared.decisions, path, s->shared.log, why);
}

static void make_salt(struct server *s)
{
    unsigned char r[8];
    secret_random(r, sizeof(r));
    for (size_t i = 0; i < sizeof(r); i++)
        snprintf(s->shared.etag_salt + 2 * i, 3, "%02x", r[i]);
}

/* --- up --- */

static int bring_up(struct server *s, const struct server_options *o, struct buf *why)
{
    int err = open_data(s, o->data, why);
    if (!err)
        err = open_pepper(s, why);
    if (!err)
        err = open_memory(s, why);
    if (!err)
        err = boot_generation(s, o, why);
    if (!err)
        err = db_open(&s->db, s->db_path, DB_READ, why);
    if (!err)
        err = claim_address(s, o, why);
    if (!err && !o->no_listen)
        err = open_decisions(s, why);
    if (!err)
        err = start_threads(s, o, s->generation->n_workers, why);
    if (!err && !o->no_listen && s->origin == ORIGIN_DISK)
        reload_keep(s, false);
    if (!err && s->first_token)
        LOG(s->shared.log, LOG_INFO, "operator_token_made", LOG_C("in", s->data),
            LOG_C("file", "operator-token"));
    atomic_store(&s->shared.ready, !err);
    return err;
}

int server_open(struct server **out, const struct server_options *o, struct buf *why)
{
    struct server *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->lock_fd = -1;
    buf_init(&s->last_reload.faults);
    s->shared.clock = clock_new();
    s->shared.log =
        log_new(s->shared.clock, o->log_level, o->log_format, log_to_stderr, NULL);
    s->shared.kit = o->kit;
    s->shared.strict = o->strict || testclock_built;
    s->shared.zones = zones_new(NULL);
    s->shared.desk = desk_new();
    s->shared.aside = aside_new();
    s->sources = (struct generation_options){.scripts = o->scripts,
                                             .plugins = o->plugins,
                                             .extra = o->load,
                                             .n_extra = o->n_load,
                                             .natives = natives_new(s->shared.log),
                                             .measures = measures_new(),
                                             .test_clock = testclock_built,
                                             .exact = o->kit != NULL};
    make_salt(s);
    struct now now = clock_read(s->shared.clock);
    s->swept_ms = s->flushed_ms = now.boot_ms;
    s->started_ms = now.steady_ms;
    int err = bring_up(s, o, why);
    while (why->n && why->p[why->n - 1] == '\n')
        why->n--; /* faults are lines; a sentence ends where its caller says */
    if (err)
        server_close(s, 0);
    else
        *out = s;
    return err;
}

int server_connect(struct server *s, int *fd)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return ERR_IO;
    int flags = fcntl(pair[1], F_GETFL);
    if (flags < 0 || fcntl(pair[1], F_SETFL, flags | O_NONBLOCK) != 0) {
        close(pair[0]);
        close(pair[1]);
        return ERR_IO;
    }
    worker_accept(s->workers[0], pair[1], true);
    *fd = pair[0];
    return 0;
}

/* --- writes of main's own --- */

struct task {
    struct chore c; /* first */
    struct server *server;
    struct generation *generation;
    int64_t wall_ms;
};

static void do_task(struct server *s, const char *what, struct task *t)
{
    t->server = s;
    int err = chore_wait(s->shared.writer, &t->c);
    if (err)
        LOG(s->shared.log, LOG_ERROR, "chore_failed", LOG_C("what", what),
            LOG_C("why", err_name(err)));
}

static int flush_seen(void *db, const unsigned char *digest, int64_t seen_ms)
{
    return people_seen(db, digest, seen_ms);
}

static int flush_used(struct write *w, struct db *db)
{
    struct shared *sh = &((struct task *)w)->server->shared;
    int err = key_use_flush(db, sh->keyring);
    return err ? err : sessions_flush(sh->sessions, flush_seen, db);
}

static void used_flushed(struct chore *c)
{
    struct shared *sh = &((struct task *)c)->server->shared;
    key_use_flushed(sh->keyring);
    sessions_flushed(sh->sessions);
}

static void flush_last_use(struct server *s)
{
    do_task(s, "flush last use",
            &(struct task){.c = {.w.run = flush_used, .kept = used_flushed}});
}

static int sweep_old(struct write *w, struct db *db)
{
    int64_t now_ms = ((struct task *)w)->wall_ms;
    int err = idem_sweep(db, now_ms);
    return err ? err : people_sweep(db, now_ms);
}

static int forget_statements(struct write *w, struct db *db)
{
    struct generation *g = ((struct task *)w)->generation;
    for (int i = 0; i < g->n_plugins; i++)
        db_forget(db, &g->plugins[i].fence);
    return 0;
}

/* --- housekeeping --- */

static void reap(struct server *s)
{
    int kept = 0;
    for (int i = 0; i < s->n_retired; i++) {
        struct generation *g = s->retired[i];
        if (atomic_load(&g->holders) > 1) {
            s->retired[kept++] = g;
            continue;
        }
        do_task(s, "forget statements",
                &(struct task){.c.w.run = forget_statements, .generation = g});
        generation_drop(g);
    }
    s->n_retired = kept;
}

void server_tick(struct server *s)
{
    struct now now = clock_read(s->shared.clock);
    limits_sync(s->shared.limits);
    reap(s);
    if (now.boot_ms - s->flushed_ms >= FLUSH_MS) {
        s->flushed_ms = now.boot_ms;
        flush_last_use(s);
        metrics_count_keys(s->shared.metrics, s->shared.keyring, now.wall_ms);
    }
    counts_tick(s);
    if (now.boot_ms - s->swept_ms >= SWEEP_MS) {
        s->swept_ms = now.boot_ms;
        limits_sweep(s->shared.limits, &now);
        sessions_sweep(s->shared.sessions, now.wall_ms);
        do_task(s, "sweep what is over",
                &(struct task){.c.w.run = sweep_old, .wall_ms = now.wall_ms});
    }
}

int server_room(struct server *s, struct buf *faults)
{
    reap(s);
    if (s->n_retired < (int)(sizeof(s->retired) / sizeof(s->retired[0])))
        return 0;
    buf_fmt(faults, "too many requests still run under older sources; try again\n");
    return ERR_BUSY;
}

void server_adopt(struct server *s, struct generation *g)
{
    metrics_name(s->shared.metrics, g);
    for (int i = 0; i < s->n_workers; i++) {
        generation_hold(g);
        worker_adopt(s->workers[i], g);
    }
    s->retired[s->n_retired++] = s->generation;
    s->generation = g;
}

/* --- down --- */

void server_close(struct server *s, int64_t drain_ms)
{
    atomic_store(&s->shared.ready, false);
    for (int i = 0; i < s->n_workers;
         i++) /* all begin to drain, then each is waited for */
        worker_drain(s->workers[i], drain_ms);
    for (int i = 0; i < s->n_workers; i++)
        worker_join(s->workers[i]);
    hasher_free(s->shared.hasher);
    if (s->shared.writer) {
        if (s->shared.keyring)
            flush_last_use(s);
        counts_last(s);
        writer_stop(s->shared.writer);
    }
    aside_free(s->shared.aside);
    for (int i = 0; i < s->n_workers; i++) /* to whose loops the writer still posted */
        worker_free(s->workers[i]);
    writer_free(s->shared.writer);
    scribe_close(s->shared.decisions);
    metrics_free(s->shared.metrics);
    natives_stop(s->sources.natives);
    for (int i = 0; i < s->n_retired; i++)
        generation_drop(s->retired[i]);
    generation_drop(s->generation);
    natives_free(s->sources.natives);
    measures_free(s->sources.measures);
    if (s->db)
        db_close(s->db);
    if (s->shared.limits)
        limits_close(s->shared.limits);
    keyring_free(s->shared.keyring);
    peers_free(s->shared.strangers);
    peers_free(s->shared.lookups);
    idem_free(s->shared.idem);
    vault_free(s->shared.vault);
    denials_free(s->shared.denials);
    usage_free(s->shared.usage);
    sessions_free(s->shared.sessions);
    hush_free(s->shared.hush);
    zones_free(s->shared.zones);
    desk_free(s->shared.desk);
    buf_end(&s->last_reload.faults);
    pepper_end(&s->shared.pepper);
    log_free(s->shared.log);
    clock_free(s->shared.clock);
    free(s->workers);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}
