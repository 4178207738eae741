/* Statements and their cache. The cache is sets of eight: a statement lives in the set
 * its owner and text hash to, and the one of that set longest unused makes room. A
 * statement in use stays where it is; asked for again meanwhile, a second one is made
 * beside the cache and ends with its use. */

#include "store/inside.h"

#include <stdlib.h>
#include <string.h>

struct stmt {
    sqlite3_stmt *h;
    struct db *db;
    const struct fence *owner;
    struct stmt *next_out;
    uint64_t hash, used;
    bool cached, busy, folds;
    int columns;
    int bind_error; /* SQLite's, of the first parameter that was refused */
    struct str sql; /* behind the struct, with a NUL */
};

static uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 1099511628211u;
    return hash ^ hash >> 29;
}

/* FNV-1a by words instead of bytes: texts are long, and every look-up waits for it. */
static uint64_t hash_of(const struct fence *owner, struct str sql)
{
    uint64_t h = 14695981039346656037u ^ (uintptr_t)owner, word;
    size_t i = 0;
    for (; i + sizeof(word) <= sql.n; i += sizeof(word)) {
        memcpy(&word, sql.p + i, sizeof(word));
        h = mixed(h, word);
    }
    for (; i < sql.n; i++)
        h = mixed(h, (unsigned char)sql.p[i]);
    return h;
}

static void end(struct stmt *s)
{
    sqlite3_finalize(s->h);
    free(s);
}

static struct stmt *find(struct stmt **set, const struct fence *owner, struct str sql,
                         uint64_t hash, bool folds)
{
    for (int i = 0; i < CACHE_WAYS; i++) {
        struct stmt *s = set[i];
        if (s && s->hash == hash && s->owner == owner && s->folds == folds &&
            str_eq(s->sql, sql))
            return s;
    }
    return NULL;
}

/* Into the set, in the place of the one longest unused. Not at all when all are busy.
 */
static void keep(struct stmt **set, struct stmt *s)
{
    struct stmt **place = NULL;
    for (int i = 0; i < CACHE_WAYS; i++) {
        if (set[i] && set[i]->busy)
            continue;
        if (!place || !set[i] || (*place && set[i]->used < (*place)->used))
            place = &set[i];
        if (!set[i])
            break;
    }
    if (!place)
        return;
    if (*place)
        end(*place);
    *place = s;
    s->cached = true;
}

static int refuse(struct db *db, const char *sentence)
{
    buf_clear(&db->message);
    buf_fmt(&db->message, "%s", sentence);
    return ERR_INVALID;
}

/* In place of the query, which was compiled to `tail`: its rows handed on. */
static int compile_fold(struct stmt *s, const char *tail)
{
    struct buf text;
    struct str sql = {s->sql.p, (size_t)(tail - s->sql.p)};
    if (sql.n && sql.p[sql.n - 1] == ';')
        sql.n--;
    buf_init(&text);
    fold_text(sql, s->columns, &text);
    sqlite3_finalize(s->h);
    s->h = NULL;
    int err =
        db_compile(s->db, s->owner, text.p, SQLITE_PREPARE_PERSISTENT, &s->h, NULL);
    buf_end(&text);
    return err;
}

static int compile(struct stmt *s)
{
    const char *tail;
    sqlite3_stmt *more = NULL;
    int err =
        db_compile(s->db, s->owner, s->sql.p, SQLITE_PREPARE_PERSISTENT, &s->h, &tail);
    if (err)
        return err;
    if (!s->h)
        return refuse(s->db, "there is no statement in this text");
    if (*tail)
        err = db_compile(s->db, s->owner, tail, 0, &more, NULL);
    if (!err && more)
        err = refuse(s->db, "one statement at a time");
    sqlite3_finalize(more);
    s->columns = sqlite3_column_count(s->h);
    return !err && s->folds ? compile_fold(s, tail) : err;
}

static int make(struct db *db, struct str sql, uint64_t hash, bool folds,
                struct stmt **out)
{
    struct stmt *s = calloc(1, sizeof(*s) + sql.n + 1);
    if (!s)
        abort();
    char *text = (char *)(s + 1);
    memcpy(text, sql.p, sql.n);
    *s = (struct stmt){.db = db,
                       .owner = db->fence,
                       .hash = hash,
                       .folds = folds,
                       .sql = {text, sql.n}};
    int err = compile(s);
    if (err)
        end(s);
    else
        *out = s;
    return err;
}

static int prepare(struct db *db, struct str sql, bool folds, struct stmt **out)
{
    *out = NULL;
    uint64_t hash = hash_of(db->fence, sql);
    struct stmt **set = db->cache + hash % CACHE_SETS * CACHE_WAYS;
    struct stmt *s = find(set, db->fence, sql, hash, folds);
    if (!s && (sql.n == 0 || memchr(sql.p, '\0', sql.n)))
        return refuse(db, "SQL is text, without NUL");
    if (!s || s->busy) {
        bool second = s != NULL;
        int err = make(db, sql, hash, folds, &s);
        if (err)
            return err;
        if (!second)
            keep(set, s);
    }
    s->busy = true;
    s->used = ++db->tick;
    s->next_out = db->out;
    db->out = s;
    *out = s;
    return 0;
}

int db_prepare(struct db *db, struct str sql, struct stmt **out)
{
    return prepare(db, sql, false, out);
}

int db_prepare_fold(struct db *db, struct str sql, struct stmt **out)
{
    return prepare(db, sql, true, out);
}

static void take_back(struct stmt *s)
{
    struct stmt **at = &s->db->out;
    while (*at && *at != s)
        at = &(*at)->next_out;
    if (*at)
        *at = s->next_out;
    s->busy = false;
}

void stmt_done(struct stmt *s)
{
    if (!s)
        return;
    take_back(s);
    if (!s->cached) {
        end(s);
        return;
    }
    sqlite3_reset(s->h);
    sqlite3_clear_bindings(s->h);
    s->bind_error = 0;
}

void db_reset(struct db *db)
{
    for (struct stmt *s = db->out; s; s = s->next_out)
        sqlite3_reset(s->h);
}

void db_forget(struct db *db, const struct fence *f)
{
    for (int i = 0; i < CACHE_SETS * CACHE_WAYS; i++) {
        struct stmt *s = db->cache[i];
        if (!s || s->owner != f)
            continue;
        db->cache[i] = NULL;
        s->cached = false;
        if (!s->busy)
            end(s);
    }
}

void stmt_end_all(struct db *db)
{
    for (int i = 0; i < CACHE_SETS * CACHE_WAYS; i++) {
        struct stmt *s = db->cache[i];
        if (s && !s->busy)
            end(s);
    }
    while (db->out) {
        struct stmt *s = db->out;
        db->out = s->next_out;
        end(s);
    }
}

/* ---- parameters ---- */

struct db *stmt_db(struct stmt *s)
{
    return s->db;
}

bool stmt_readonly(struct stmt *s)
{
    return sqlite3_stmt_readonly(s->h);
}

int stmt_params(struct stmt *s)
{
    return sqlite3_bind_parameter_count(s->h);
}

static void bound(struct stmt *s, int rc)
{
    if (rc != SQLITE_OK && !s->bind_error)
        s->bind_error = rc;
}

void stmt_int(struct stmt *s, int i, int64_t v)
{
    bound(s, sqlite3_bind_int64(s->h, i, v));
}

void stmt_real(struct stmt *s, int i, double v)
{
    bound(s, sqlite3_bind_double(s->h, i, v));
}

void stmt_text(struct stmt *s, int i, struct str v)
{
    bound(s, sqlite3_bind_text64(s->h, i, v.p, v.n, SQLITE_TRANSIENT, SQLITE_UTF8));
}

void stmt_blob(struct stmt *s, int i, const void *p, size_t n)
{
    bound(s, sqlite3_bind_blob64(s->h, i, p, n, SQLITE_TRANSIENT));
}

void stmt_null(struct stmt *s, int i)
{
    bound(s, sqlite3_bind_null(s->h, i));
}

/* ---- rows ---- */

int stmt_step(struct stmt *s)
{
    struct db *db = s->db;
    if (s->bind_error) {
        buf_clear(&db->message);
        buf_fmt(&db->message, "a parameter: %s", sqlite3_errstr(s->bind_error));
        return (s->bind_error & 0xFF) == SQLITE_TOOBIG ? ERR_TOO_LARGE : ERR_INVALID;
    }
    buf_clear(&db->denied);
    db->checking = s->owner;
    int rc = sqlite3_step(s->h);
    db->checking = NULL;
    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : db_failed(db, rc);
}

uint32_t stmt_steps(struct stmt *s)
{
    return (uint32_t)sqlite3_stmt_status(s->h, SQLITE_STMTSTATUS_VM_STEP, 0);
}

int stmt_columns(struct stmt *s)
{
    return s->columns;
}

const char *stmt_name(struct stmt *s, int i)
{
    return sqlite3_column_name(s->h, i);
}

enum column stmt_type(struct stmt *s, int i)
{
    switch (sqlite3_column_type(s->h, i)) {
    case SQLITE_INTEGER:
        return COL_INT;
    case SQLITE_FLOAT:
        return COL_REAL;
    case SQLITE_TEXT:
        return COL_TEXT;
    case SQLITE_BLOB:
        return COL_BLOB;
    }
    return COL_NULL;
}

int64_t stmt_get_int(struct stmt *s, int i)
{
    return sqlite3_column_int64(s->h, i);
}

double stmt_get_real(struct stmt *s, int i)
{
    return sqlite3_column_double(s->h, i);
}

struct str stmt_get(struct stmt *s, int i)
{
    const void *p = sqlite3_column_blob(s->h, i); /* of a text: its UTF-8 */
    return (struct str){p, (size_t)sqlite3_column_bytes(s->h, i)};
}
