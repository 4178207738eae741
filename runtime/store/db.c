#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    VALUE_MAX = 16 << 20, /* bytes of one value or row */
    SQL_MAX = 256 << 10,  /* bytes of one statement */
    LIKE_MAX = 128,      /* of a LIKE pattern: its matching fires no progress handler */
    CHARGE_EVERY = 1000, /* virtual machine steps */
    SLEEP_US = 200,      /* between two tries at a lock */
    SLEEPS_OTHERS = 25000,    /* 5 s, for another process that writes */
    SLEEPS_CHECKPOINT = 2500, /* 0.5 s, for readers */
};

/* ---- errors ---- */

static int error_of(int rc)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_EXISTS;
    case SQLITE_CONSTRAINT_COMMITHOOK:
        return ERR_DENIED;
    case SQLITE_IOERR_NOMEM:
        return ERR_NOMEM;
    }
    switch (rc & 0xFF) {
    case SQLITE_CONSTRAINT:
        return ERR_CONSTRAINT;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return ERR_IO;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_INTERRUPT:
        return ERR_BUDGET;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_AUTH:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERR_DENIED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_TOOBIG:
        return ERR_TOO_LARGE;
    }
    return ERR_INVALID;
}

int db_failed(struct db *db, int rc)
{
    /* SQLite does not always pass on that it was the fence that refused. */
    int err = db->denied.n ? ERR_DENIED : error_of(rc);
    buf_clear(&db->message);
    if (db->denied.n)
        buf_str(&db->message, buf_slice(&db->denied));
    else if (rc == SQLITE_CONSTRAINT_COMMITHOOK)
        buf_lit(&db->message, "COMMIT from inside a transaction");
    else
        buf_fmt(&db->message, "%s", sqlite3_errmsg(db->h));
    if (err == ERR_INVALID && sqlite3_error_offset(db->h) >= 0)
        buf_fmt(&db->message, " (at byte %d)", 1 + sqlite3_error_offset(db->h));
    buf_clear(&db->denied);
    if (db->gone && !db->gone_error)
        db->gone_error = err;
    return err;
}

const char *db_message(struct db *db)
{
    *buf_reserve(&db->message, 1) = '\0';
    return db->message.p;
}

/* ---- callbacks of SQLite ---- */

static int on_progress(void *ctx)
{
    struct db *db = ctx;
    return db->charge ? db->charge(db->charge_ctx, CHARGE_EVERY) : 0;
}

static int on_busy(void *ctx, int tries)
{
    struct db *db = ctx;
    if (tries >= db->sleeps)
        return 0;
    usleep(SLEEP_US);
    return 1;
}

static int on_commit(void *ctx)
{
    struct db *db = ctx;
    return db->own && !db->ending;
}

static void on_rollback(void *ctx)
{
    struct db *db = ctx;
    if (db->own && !db->ending)
        db->gone = true;
}

static int on_wal(void *ctx, sqlite3 *h, const char *name, int frames)
{
    struct db *db = ctx;
    (void)h, (void)name;
    db->wal_frames = frames;
    return SQLITE_OK;
}

/* ---- opening ---- */

static void sqlite_once(void)
{
    /* Its statistics cost a process-wide mutex around every malloc. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
}

/* Only a file that is not there yet may be opened by us: closing a descriptor of one
 * that is would drop the locks of every connection this process has on it (POSIX). */
static int create_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : ERR_IO;
    close(fd);
    return 0;
}

static void set_limits(sqlite3 *h)
{
    sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "x" is never a string */
    sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_limit(h, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    sqlite3_limit(h, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
    sqlite3_limit(h, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LIKE_MAX);
    sqlite3_limit(h, SQLITE_LIMIT_ATTACHED, 0);
}

static void set_callbacks(struct db *db)
{
    sqlite3_extended_result_codes(db->h, 1);
    sqlite3_set_authorizer(db->h, fence_authorize, db);
    sqlite3_progress_handler(db->h, CHARGE_EVERY, on_progress, db);
    sqlite3_busy_handler(db->h, on_busy, db);
    sqlite3_commit_hook(db->h, on_commit, db);
    sqlite3_rollback_hook(db->h, on_rollback, db);
    sqlite3_wal_hook(db->h, on_wal, db); /* takes the automatic checkpoint's place */
}

static int is_wal(void *ctx, int n, char **values, char **names)
{
    (void)n, (void)names;
    *(bool *)ctx = values[0] && !strcmp(values[0], "wal");
    return 0;
}

static int set_pragmas(struct db *db)
{
    static const char common[] =
        "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL;"
        "PRAGMA mmap_size=0;"
        "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;"
        "PRAGMA journal_size_limit=67108864;"
        "SELECT 1 FROM json_each('[]')"; /* sets it up: no fence would allow that */
    bool wal = false;
    const char *mode =
        db->mode == DB_WRITE ? "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode";
    int rc = sqlite3_exec(db->h, common, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->h, mode, is_wal, &wal, NULL);
    if (rc != SQLITE_OK)
        return db_failed(db, rc);
    if (wal)
        return 0;
    buf_clear(&db->message);
    buf_lit(&db->message, "this file or file system does not do write-ahead logging");
    return ERR_INVALID;
}

static int open_file(struct db *db, const char *path)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    bool write = db->mode == DB_WRITE;
    pthread_once(&once, sqlite_once);
    if (write ? create_file(path) < 0 : access(path, F_OK) < 0) {
        int cause = errno;
        buf_fmt(&db->message, "%s", strerror(cause));
        return cause == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    int flags = write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(path, &db->h, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return db_failed(db, rc);
    set_limits(db->h);
    set_callbacks(db);
    rc = fold_open(db);
    return rc == SQLITE_OK ? set_pragmas(db) : db_failed(db, rc);
}

int db_open(struct db **out, const char *path, enum db_mode mode, struct buf *why)
{
    struct db *db = calloc(1, sizeof(*db));
    if (!db)
        abort();
    db->mode = mode;
    db->sleeps = SLEEPS_OTHERS;
    *out = NULL;
    int err = open_file(db, path);
    if (err < 0) {
        if (why)
            buf_fmt(why, "%s: %s", path, db_message(db));
        db_close(db);
        return err;
    }
    *out = db;
    return 0;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    stmt_end_all(db);
    for (int i = 0; i < CONTROLS; i++)
        sqlite3_finalize(db->control[i]);
    sqlite3_close(db->h);
    buf_end(&db->denied);
    buf_end(&db->doubt);
    buf_end(&db->message);
    free(db);
}

/* ---- fence and budget ---- */

void db_fence(struct db *db, const struct fence *f)
{
    db->fence = f;
}

void db_budget(struct db *db, int (*charge)(void *ctx, int n), void *ctx)
{
    db->charge = charge;
    db->charge_ctx = ctx;
}

/* ---- statements without results ---- */

int db_compile(struct db *db, const struct fence *fence, const char *sql,
               unsigned flags, sqlite3_stmt **out, const char **tail)
{
    buf_clear(&db->denied);
    buf_clear(&db->doubt);
    db->creating[0] = '\0';
    db->checking = fence;
    int rc = sqlite3_prepare_v3(db->h, sql, -1, flags, out, tail);
    db->checking = NULL;
    if (rc != SQLITE_OK)
        return db_failed(db, rc);
    if (!fence_doubtful(db))
        return 0;
    sqlite3_finalize(*out);
    *out = NULL;
    return db_failed(db, SQLITE_AUTH);
}

static int run_to_end(struct db *db, const struct fence *fence, sqlite3_stmt *s)
{
    int rc;
    db->creating[0] = '\0';
    db->checking = fence;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        ;
    db->checking = NULL;
    int err = rc == SQLITE_DONE ? 0 : db_failed(db, rc);
    sqlite3_reset(s);
    return err;
}

int db_exec(struct db *db, const char *sql)
{
    int err = 0;
    while (!err && *sql) {
        sqlite3_stmt *s = NULL;
        err = db_compile(db, db->fence, sql, 0, &s, &sql);
        if (!err && s)
            err = run_to_end(db, db->fence, s);
        sqlite3_finalize(s);
    }
    return err;
}

int64_t db_changes(struct db *db)
{
    return sqlite3_changes64(db->h);
}

bool db_in_transaction(struct db *db)
{
    return !sqlite3_get_autocommit(db->h);
}

/* ---- transactions ---- */

static int control(struct db *db, enum control what)
{
    static const char *const texts[CONTROLS] = {[COMMIT] = "COMMIT",
                                                [ROLLBACK] = "ROLLBACK",
                                                [MARK] = "SAVEPOINT member",
                                                [KEEP] = "RELEASE member",
                                                [UNDO] = "ROLLBACK TO member"};
    const char *text = texts[what];
    if (what == BEGIN)
        text = db->mode == DB_WRITE ? "BEGIN IMMEDIATE" : "BEGIN";
    if (!db->control[what]) {
        int err = db_compile(db, NULL, text, SQLITE_PREPARE_PERSISTENT,
                             &db->control[what], NULL);
        if (err)
            return err;
    }
    int (*charge)(void *, int) = db->charge;
    db->charge = NULL; /* nobody's budget ends a COMMIT */
    int err = run_to_end(db, NULL, db->control[what]);
    db->charge = charge;
    return err;
}

int db_begin(struct db *db)
{
    int err = control(db, BEGIN);
    db->own = !err;
    db->gone = false;
    db->gone_error = 0;
    return err;
}

void db_rollback(struct db *db)
{
    db->ending = true;
    if (db_in_transaction(db)) {
        int err = control(db, ROLLBACK);
        (void)err; /* what was not committed is gone, one way or the other */
    }
    db->own = db->ending = false;
}

static int to_int(void *ctx, int n, char **values, char **names)
{
    (void)n, (void)names;
    *(int *)ctx = values[0] ? atoi(values[0]) : 0;
    return 0;
}

/* A COMMIT that fails at its fsync has left whole frames in the WAL, past the end that
 * readers know of. After a crash they would be found valid, and a write that was
 * refused would rise again. The next commit overwrites them; this is one, of no
 * meaning. */
static void bury(struct db *db)
{
    int version = 0;
    char sql[64];
    sqlite3_exec(db->h, "PRAGMA user_version", to_int, &version, NULL);
    sqlite3_snprintf(sizeof(sql), sql, "PRAGMA user_version=%d", version);
    sqlite3_exec(db->h, sql, NULL, NULL, NULL);
}

int db_commit(struct db *db)
{
    int err = db_lost(db);
    if (err) {
        db_rollback(db);
        return err;
    }
    db->ending = true;
    err = control(db, COMMIT);
    db_rollback(db);
    if (err == ERR_IO || err == ERR_FULL)
        bury(db);
    return err;
}

int db_lost(struct db *db)
{
    if (db->own && !db->gone && db_in_transaction(db))
        return 0;
    return db->gone_error ? db->gone_error : ERR_DENIED;
}

int db_mark(struct db *db)
{
    return control(db, MARK);
}

int db_keep(struct db *db)
{
    return control(db, KEEP);
}

int db_undo(struct db *db)
{
    int err = control(db, UNDO);
    return err ? err : control(db, KEEP);
}

/* ---- the WAL ---- */

int db_checkpoint(struct db *db, bool restart)
{
    int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    db->sleeps = SLEEPS_CHECKPOINT;
    int rc = sqlite3_wal_checkpoint_v2(db->h, "main", mode, NULL, NULL);
    db->sleeps = SLEEPS_OTHERS;
    if (rc != SQLITE_OK)
        return db_failed(db, rc);
    if (restart)
        db->wal_frames = 0;
    return 0;
}

int db_wal_frames(struct db *db)
{
    return db->wal_frames;
}
