#include "boot.h"

#include "guard/registry.h"
#include "guard/schema.h"
#include "guard/token.h"
#include "lastgood.h"
#include "reload.h"

#include <unistd.h>

struct boot {
    struct server *s;
    const struct server_options *o;
    struct db *db; /* the only connection yet; it writes */
    bool loaded;   /* the keys are in memory */
    bool fatal;    /* it is not the sources' fault: others would not help */
};

/* --- the store --- */

/* SQLite's word, or where it had nothing against a row, ours. */
static void say_why(struct boot *b, int err, struct buf *why)
{
    const char *message = db_message(b->db);
    if (*message)
        buf_fmt(why, "%s: %s", b->s->db_path, message);
    else
        buf_fmt(why,
                "%s: a row is not as this server writes them (%s). Put a good copy of "
                "the file back.",
                b->s->db_path, err_name(err));
}

static int own_store(struct boot *b, struct buf *why)
{
    struct server *s = b->s;
    int ran = 0, err = migrate_init(b->db);
    if (!err)
        err = migrate_run(b->db, STR("kordless"), schema_migrations,
                          schema_migrations_n, false, &ran, why);
    if (!err && registry_check_pepper(b->db, &s->shared.pepper)) {
        buf_fmt(why,
                "%s/pepper is not the one this database was made with. Put the right "
                "file back: without it no key can be checked.",
                s->data);
        return ERR_DENIED;
    }
    if (!err && !b->loaded) {
        err = registry_load(b->db, s->shared.keyring, s->shared.limits);
        if (!err)
            err = denials_open(s->shared.denials, b->db);
        if (!err)
            err = vault_load(s->shared.vault, b->db, &s->shared.pepper);
        b->loaded = true;
    }
    if (err && why->n == 0)
        say_why(b, err, why);
    return err;
}

/* --- one attempt --- */

static int worker_count(const struct boot *b, const struct generation *g)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (b->o->workers)
        return b->o->workers;
    if (g->settings.workers)
        return g->settings.workers;
    return cores > 0 && cores < 64 ? (int)cores : 1;
}

static int build(struct boot *b, struct generation *g, struct buf *faults)
{
    struct shared *sh = &b->s->shared;
    int ran, err = own_store(b, faults);
    if (err) {
        b->fatal = true;
        return err;
    }
    err = generation_migrate(g, b->db, false, &ran, faults);
    int e = generation_build(g, b->db, sh->zones, sh->log, sh->keyring,
                             worker_count(b, g), 1, faults);
    return err ? err : e;
}

/* All or nothing of the store, whatever the generation does. */
static int build_in_transaction(struct boot *b, struct generation *g, int err,
                                struct buf *faults)
{
    int e = db_begin(b->db);
    if (e) {
        say_why(b, e, faults);
        b->fatal = true;
        return e;
    }
    e = build(b, g, faults);
    err = err ? err : e;
    if (!err)
        err = generation_start(g, b->s->sources.natives, faults);
    if (!err && (err = db_commit(b->db)) != 0) {
        say_why(b, err, faults);
        b->fatal = true;
    }
    if (err)
        db_rollback(b->db);
    return err;
}

static int verify(struct boot *b, const struct generation *g, struct buf *faults)
{
    struct source_list l;
    struct arena a;
    arena_init(&a);
    sources_list(&a, g, &l);
    int err = lastgood_verify(b->s->data, LASTGOOD_GOOD, &l, faults);
    arena_end(&a);
    return err;
}

static int attempt(struct boot *b, const struct generation_options *from, bool kept,
                   struct buf *faults)
{
    struct generation *g;
    int err = generation_read(&g, from, faults);
    if (!err && kept)
        err = verify(b, g, faults);
    if (err != ERR_NOT_FOUND) /* of half the files there is nothing more to find */
        err = build_in_transaction(b, g, err, faults);
    if (err) {
        for (int i = 0; i < g->n_plugins; i++)
            db_forget(b->db, &g->plugins[i].fence);
        generation_drop(g);
    } else {
        b->s->generation = g;
    }
    return err;
}

static int attempt_kept(struct boot *b, struct buf *faults)
{
    struct generation_options from;
    struct arena a;
    arena_init(&a);
    int err = lastgood_options(&a, b->s->data, LASTGOOD_GOOD, &b->s->sources, &from);
    if (!err)
        err = attempt(b, &from, true, faults);
    arena_end(&a);
    return err;
}

/* --- which sources --- */

static void say_loudly(struct server *s, const struct buf *faults, const char *event,
                       const char *what)
{
    reload_log_faults(s, "start_fault", buf_slice(faults));
    LOG(s->shared.log, LOG_ERROR, event, LOG_C("what", what));
}

static int start_pinned(struct boot *b, struct buf *why)
{
    struct buf faults;
    buf_init(&faults);
    int err = attempt_kept(b, &faults);
    if (err) {
        say_loudly(b->s, &faults, "pinned_sources_do_not_start",
                   "the sources that a rollback pinned do not start; those on disk are "
                   "tried");
    } else {
        b->s->origin = ORIGIN_PINNED;
        LOG(b->s->shared.log, LOG_WARN, "started_pinned",
            LOG_C("what", "the sources that a rollback pinned run; kordless reload "
                          "takes those on disk"));
    }
    if (b->fatal)
        buf_str(why, buf_slice(&faults));
    buf_end(&faults);
    return err;
}

static int start_last_good(struct boot *b, const struct buf *why)
{
    struct buf faults;
    buf_init(&faults);
    int err = attempt_kept(b, &faults);
    if (!err) {
        b->s->origin = ORIGIN_LAST_GOOD;
        say_loudly(b->s, why, "started_last_good",
                   "the sources on disk do not start: those that last went live run. "
                   "Mend the faults above, then kordless reload");
    }
    buf_end(&faults);
    return err;
}

/* What the command line names is not there: covering that up would help nobody. */
static bool folders_missing(const struct server_options *o)
{
    bool missing = access(o->scripts, F_OK) != 0 || access(o->plugins, F_OK) != 0;
    for (int i = 0; i < o->n_load; i++)
        missing = missing || access(o->load[i], F_OK) != 0;
    return missing;
}

static int choose(struct boot *b, struct buf *why)
{
    struct server *s = b->s;
    if (lastgood_pinned(s->data) && start_pinned(b, why) == 0)
        return 0;
    int err = b->fatal ? ERR_IO : attempt(b, &s->sources, false, why);
    if (!err) {
        s->origin = ORIGIN_DISK;
    } else if (!b->fatal && !folders_missing(b->o) && start_last_good(b, why) == 0) {
        buf_clear(why);
        err = 0;
    }
    return err;
}

/* --- people --- */

static int people(struct boot *b, struct buf *why)
{
    struct server *s = b->s;
    struct id_source ids;
    struct token first;
    int64_t now_ms = clock_read(s->shared.clock).wall_ms;
    id_source_init(&ids);
    int err = db_begin(b->db);
    if (!err)
        err = people_load(b->db, s->shared.sessions, now_ms);
    if (!err)
        err = token_first(b->db, s->data, &s->shared.pepper, &ids, now_ms, &first, why);
    if (!err)
        err = token_load(b->db, s->shared.sessions);
    if (!err)
        err = db_commit(b->db);
    s->first_token = !err && first.id[0];
    if (err)
        db_rollback(b->db);
    if (err && why->n == 0)
        say_why(b, err, why);
    return err;
}

int boot_generation(struct server *s, const struct server_options *o, struct buf *why)
{
    struct boot b = {.s = s, .o = o};
    int err = db_open(&b.db, s->db_path, DB_WRITE, why);
    if (err)
        return err;
    err = choose(&b, why);
    if (!err)
        err = people(&b, why);
    db_close(
        b.db); /* from here on the writer's connection is the only one that writes */
    return err;
}
