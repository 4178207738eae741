#include "exposition.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lua/measure.h"
#include "metrics.h"
#include "scribe.h"
#include "version.h"

/* --- the process: the names that all of Prometheus's own clients use --- */

static uint64_t open_descriptors(void)
{
    uint64_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n > 3 ? n - 3 : 0; /* ".", "..", and the folder's own */
}

static void put_memory(struct buf *b)
{
    unsigned long long all = 0, resident = 0,
                       page = (unsigned long long)sysconf(_SC_PAGESIZE);
    FILE *f = fopen("/proc/self/statm", "re");
    bool ok = f && fscanf(f, "%llu %llu", &all, &resident) == 2;
    if (f)
        fclose(f);
    if (!ok)
        return;
    prom_one(b, "process_virtual_memory_bytes", PROM_GAUGE, "Virtual memory.",
             all * page);
    prom_one(b, "process_resident_memory_bytes", PROM_GAUGE, "Resident memory.",
             resident * page);
}

static void put_process(const struct metrics *m, struct buf *b)
{
    struct rusage used;
    struct rlimit most;
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        const struct timeval *u = &used.ru_utime, *s = &used.ru_stime;
        prom_head(b, "process_cpu_seconds_total", PROM_COUNTER,
                  "Processor time, user and system.");
        prom_micros(b, "process_cpu_seconds_total", "", NULL, 0,
                    (uint64_t)(u->tv_sec + s->tv_sec) * 1000000 +
                        (uint64_t)(u->tv_usec + s->tv_usec));
    }
    put_memory(b);
    prom_one(b, "process_open_fds", PROM_GAUGE, "Open descriptors.",
             open_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &most) == 0)
        prom_one(b, "process_max_fds", PROM_GAUGE, "Descriptors at most.",
                 most.rlim_cur);
    prom_one(b, "process_start_time_seconds", PROM_GAUGE,
             "When it started, in Unix seconds.", (uint64_t)m->started_ms / 1000);
}

/* --- the store --- */

static void put_groups(const struct writer_stats *s, struct buf *b)
{
    static const char name[] = "kordless_writer_group_size";
    uint64_t n = 0;
    char le[24];
    prom_head(b, name, PROM_HISTOGRAM, "Transactions in a commit.");
    for (int i = 0; i < WRITER_SIZES; i++) {
        snprintf(le, sizeof(le), "%d", 1 << i);
        n += s->sizes[i];
        prom_u64(
            b, name, "_bucket",
            &(struct prom_label){"le", i + 1 < WRITER_SIZES ? str_of(le) : STR("+Inf")},
            1, n);
    }
    prom_u64(b, name, "_sum", NULL, 0, s->members);
    prom_u64(b, name, "_count", NULL, 0, n);
}

static void put_failures(const struct writer_stats *s, struct buf *b)
{
    static const char name[] = "kordless_writer_failures_total";
    prom_head(b, name, PROM_COUNTER,
              "Transactions that do not stand, by what was wrong.");
    for (int i = 0; i < WRITER_ERRORS; i++)
        prom_u64(b, name, "",
                 &(struct prom_label){"kind", i ? str_of(err_name(-i)) : STR("other")},
                 1, s->failures[i]);
}

static void put_writer(struct writer *w, struct buf *b)
{
    struct writer_stats s;
    writer_stats(w, &s);
    prom_one(b, "kordless_writer_queue_length", PROM_GAUGE, "Transactions that wait.",
             (uint64_t)writer_queued(w));
    prom_one(b, "kordless_writer_queue_refusals_total", PROM_COUNTER,
             "Transactions not taken because too many waited.", s.refusals);
    prom_one(b, "kordless_writer_transactions_total", PROM_COUNTER,
             "Transactions made durable.", s.members);
    put_groups(&s, b);
    prom_head(b, "kordless_writer_commit_duration_seconds", PROM_SUMMARY,
              "From COMMIT until it is durable.");
    prom_micros(b, "kordless_writer_commit_duration_seconds", "_sum", NULL, 0,
                s.commit_micros);
    prom_u64(b, "kordless_writer_commit_duration_seconds", "_count", NULL, 0, s.groups);
    prom_one(b, "kordless_writer_reruns_total", PROM_COUNTER,
             "Transactions run once more because their group was lost.", s.reruns);
    put_failures(&s, b);
    prom_one(b, "kordless_writer_checkpoints_total", PROM_COUNTER,
             "Checkpoints that emptied the WAL.", s.checkpoints);
    prom_one(b, "kordless_writer_checkpoints_unfinished_total", PROM_COUNTER,
             "Checkpoints that could not empty it.", s.unfinished);
    prom_one(b, "kordless_writer_wal_bytes", PROM_GAUGE, "The WAL's file.",
             (uint64_t)s.wal_bytes);
    prom_one(b, "kordless_writer_wal_pages", PROM_GAUGE, "Pages in the WAL.",
             (uint64_t)s.wal_pages);
}

/* --- the rest --- */

static void put_quota(const struct worker *w, const struct generation *g, struct buf *b)
{
    struct now now = clock_read(w->shared->clock);
    prom_one(b, "kordless_quota_classes", PROM_GAUGE,
             "Classes of keys that quota.lua was asked for.",
             (uint64_t)quota_classes(g->quota));
    prom_one(
        b, "kordless_quota_organizations_over", PROM_GAUGE,
        "Organizations whose day was full in the last whole minute, refused or not.",
        metrics_orgs_over(w->shared->metrics, now.boot_ms));
}

static void put_quarantines(const struct generation *g, struct buf *b)
{
    static const char name[] = "kordless_lua_quarantined";
    prom_head(b, name, PROM_GAUGE,
              "1: it is not run, because it was killed too often.");
    for (int i = 0; i < g->n_plugins; i++)
        prom_u64(b, name, "",
                 &(struct prom_label){"plugin", g->plugins[i].manifest.name}, 1,
                 quarantine_on(g->plugins[i].quarantine));
    if (quarantine_find(&g->ward, STR("policy")) == g->ward.policies)
        prom_u64(b, name, "", &(struct prom_label){"plugin", STR("policy")}, 1,
                 quarantine_on(g->ward.policies));
}

static void put_log(const struct log *l, struct buf *b)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    prom_head(b, "kordless_log_lines_total", PROM_COUNTER, "Lines of the log.");
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++)
        prom_u64(b, "kordless_log_lines_total", "",
                 &(struct prom_label){"level", str_of(levels[i])}, 1,
                 log_lines(l, (enum log_level)i));
}

void exposition_put(const struct worker *w, const struct generation *g, struct buf *b)
{
    const struct shared *s = w->shared;
    uint64_t bytes, rings;
    prom_head(b, "kordless_build_info", PROM_GAUGE, "Which kordless this is.");
    prom_u64(b, "kordless_build_info", "",
             &(struct prom_label){"version", STR(VERSION)}, 1, 1);
    put_process(s->metrics, b);
    prom_one(b, "kordless_workers", PROM_GAUGE, "Threads that serve.",
             (uint64_t)s->metrics->n_workers);
    prom_one(b, "kordless_ready", PROM_GAUGE, "1: requests are taken.",
             atomic_load(&s->ready));
    prom_one(b, "kordless_generation", PROM_GAUGE,
             "Number of the sources that run; begins anew with the process.",
             g->number);
    metrics_put(s->metrics, b);
    put_quota(w, g, b);
    put_quarantines(g, b);
    limits_size(s->limits, &bytes, &rings);
    prom_one(b, "kordless_limits_file_bytes", PROM_GAUGE, "The file of the limits.",
             bytes);
    prom_one(b, "kordless_limits_rings", PROM_GAUGE,
             "Keys and organizations that it counts for.", rings);
    put_writer(s->writer, b);
    prom_one(b, "kordless_decisions_written_total", PROM_COUNTER,
             "Lines of the decision log.", scribe_written(s->decisions));
    prom_one(b, "kordless_decisions_dropped_total", PROM_COUNTER,
             "Decisions that found no room in it.", scribe_dropped(s->decisions));
    put_log(s->log, b);
    for (int i = 0; i < g->n_plugins; i++)
        measure_put(&g->plugins[i].manifest, b);
}
