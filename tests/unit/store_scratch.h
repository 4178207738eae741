#ifndef KORDLESS_TESTS_STORE_SCRATCH_H
#define KORDLESS_TESTS_STORE_SCRATCH_H

/* A store in a directory of its own, for the tests of store/. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"

struct scratch {
    char dir[256], path[300];
};

static inline void scratch_make(struct scratch *s)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(s->dir, sizeof(s->dir), "%s/kordless-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(s->dir))
        abort();
    snprintf(s->path, sizeof(s->path), "%s/kordless.db", s->dir);
}

/* 0, or -1 if something else was left behind. */
static inline int scratch_remove(const struct scratch *s)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char name[320];
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", s->path, tails[i]);
        unlink(name);
    }
    return rmdir(s->dir);
}

static inline int64_t scratch_wal_bytes(const struct scratch *s)
{
    char name[320];
    struct stat st;
    snprintf(name, sizeof(name), "%s-wal", s->path);
    return stat(name, &st) == 0 ? st.st_size : 0;
}

/* Opens or dies; runs `sql` if there is any. */
static inline struct db *scratch_open(const struct scratch *s, enum db_mode mode,
                                      const char *sql)
{
    struct db *db;
    struct buf why;
    buf_init(&why);
    if (db_open(&db, s->path, mode, &why) || (sql && db_exec(db, sql)))
        abort();
    buf_end(&why);
    return db;
}

/* The one integer that a query gives; -1 if it gives none. */
static inline int64_t scratch_one(struct db *db, const char *sql)
{
    struct stmt *s;
    int64_t v = -1;
    if (db_prepare(db, str_of(sql), &s)) {
        fprintf(stderr, "%s: %s\n", sql, db_message(db));
        abort();
    }
    if (stmt_step(s) == 1)
        v = stmt_get_int(s, 0);
    stmt_done(s);
    return v;
}

#endif
