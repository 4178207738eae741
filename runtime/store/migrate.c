/* Bookkeeping: `schema_step` has the text of every step that ran, `schema_table` the
 * owner of every table and view. A step runs one statement at a time, and after each
 * the two schemas are compared: what is new belongs to the owner whose statement made
 * it. So the fence of the next statement already knows the table, and a renamed one
 * too. */

#include "store/migrate.h"

#include "base/arena.h"
#include "store/inside.h"

#include <string.h>

enum { TABLES_MAX = 512 };

struct migrator {
    struct db *db;
    struct str owner;
    const struct migration *steps;
    size_t n;
    struct buf *why;
    struct arena memory; /* names in the fence */
    struct str tables[TABLES_MAX];
    struct fence fence;
};

int migrate_init(struct db *db)
{
    return db_exec(
        db, "CREATE TABLE IF NOT EXISTS schema_step(owner TEXT NOT NULL,"
            " place INTEGER NOT NULL, name TEXT NOT NULL, sql TEXT NOT NULL,"
            " PRIMARY KEY(owner, place), UNIQUE(owner, name)) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS schema_table(name TEXT PRIMARY KEY NOT NULL,"
            " owner TEXT NOT NULL) WITHOUT ROWID;"
            "INSERT OR IGNORE INTO schema_table VALUES"
            " ('schema_step', ''), ('schema_table', '')");
}

static int complain(struct migrator *m, struct str step, int err, const char *sentence)
{
    if (m->why)
        buf_fmt(m->why, "%.*s, migration %.*s: %s", (int)m->owner.n, m->owner.p,
                (int)step.n, step.p, sentence);
    return err;
}

/* ---- what ran before ---- */

static bool known(const struct migrator *m, struct str name)
{
    for (size_t i = 0; i < m->n; i++)
        if (str_eq(m->steps[i].name, name))
            return true;
    return false;
}

/* `name` and `sql` ran as step number `i`; is that what stands there now? */
static int same(struct migrator *m, size_t i, struct str name, struct str sql)
{
    if (!known(m, name))
        return complain(m, name, ERR_INVALID,
                        "it ran here before, but its file is gone; put it back");
    if (!str_eq(m->steps[i].name, name))
        return complain(
            m, m->steps[i].name, ERR_INVALID,
            "it comes before one that already ran; number it after the last");
    if (!str_eq(m->steps[i].sql, sql))
        return complain(
            m, name, ERR_INVALID,
            "it was changed after it ran; put the old text back and make the "
            "change in a new migration");
    return 0;
}

static int check_past(struct migrator *m, size_t *past)
{
    struct stmt *s;
    int row,
        err = db_prepare(
            m->db,
            STR("SELECT name, sql FROM schema_step WHERE owner=? ORDER BY place"), &s);
    if (err)
        return complain(m, STR("(past)"), err, db_message(m->db));
    stmt_text(s, 1, m->owner);
    *past = 0;
    while ((row = stmt_step(s)) == 1 && !err) {
        err = same(m, *past, stmt_get(s, 0), stmt_get(s, 1));
        ++*past;
    }
    stmt_done(s);
    return err ? err : row < 0 ? row : 0;
}

static int check_names(struct migrator *m)
{
    for (size_t i = 0; i < m->n; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(m->steps[i].name, m->steps[j].name))
                return complain(m, m->steps[i].name, ERR_INVALID,
                                "the name is there twice");
    return 0;
}

/* ---- one step ---- */

static void add_table(void *ctx, struct str table)
{
    struct migrator *m = ctx;
    if (m->fence.n_write < TABLES_MAX)
        m->tables[m->fence.n_write++] = arena_str(&m->memory, table);
}

static int load_fence(struct migrator *m)
{
    arena_reset(&m->memory);
    m->fence = (struct fence){.write = m->tables, .ddl = true};
    return migrate_tables(m->db, m->owner, add_table, m);
}

/* Tables that came to be are `owner`'s; those that are no more are nobody's. */
static int note_tables(struct migrator *m, struct str owner)
{
    struct stmt *s;
    int err = db_prepare(m->db,
                         STR("INSERT OR IGNORE INTO schema_table SELECT lower(name), ? "
                             "FROM sqlite_schema WHERE type IN ('table', 'view') AND "
                             "lower(name) NOT LIKE 'sqlite^_%' ESCAPE '^'"),
                         &s);
    if (err)
        return err;
    stmt_text(s, 1, owner);
    err = stmt_step(s);
    stmt_done(s);
    if (!err)
        err = db_exec(m->db, "DELETE FROM schema_table WHERE name NOT IN "
                             "(SELECT lower(name) FROM sqlite_schema)");
    return err ? err : load_fence(m);
}

static int run_statement(struct migrator *m, const char *sql)
{
    db_fence(m->db, &m->fence);
    int err = db_exec(m->db, sql);
    db_fence(m->db, NULL);
    return err ? err : note_tables(m, m->owner);
}

/* The length of the first statement: up to the semicolon that completes it (a trigger
 * has several), or all. */
static size_t first_statement(char *sql)
{
    for (size_t i = 0; sql[i]; i++) {
        if (sql[i] != ';')
            continue;
        char after = sql[i + 1];
        sql[i + 1] = '\0';
        bool whole = sqlite3_complete(sql);
        sql[i + 1] = after;
        if (whole)
            return i + 1;
    }
    return strlen(sql);
}

static int run_statements(struct migrator *m, char *sql)
{
    int err = 0;
    while (*sql && !err) {
        size_t n = first_statement(sql);
        char after = sql[n];
        sql[n] = '\0';
        err = run_statement(m, sql);
        sql[n] = after;
        sql += n;
    }
    return err;
}

static int note_step(struct migrator *m, size_t place)
{
    struct stmt *s;
    int err = db_prepare(m->db, STR("INSERT INTO schema_step VALUES (?, ?, ?, ?)"), &s);
    if (err)
        return err;
    stmt_text(s, 1, m->owner);
    stmt_int(s, 2, (int64_t)place);
    stmt_text(s, 3, m->steps[place].name);
    stmt_text(s, 4, m->steps[place].sql);
    err = stmt_step(s);
    stmt_done(s);
    return err;
}

static int run_step(struct migrator *m, size_t place)
{
    const struct migration *step = &m->steps[place];
    struct arena memory;
    arena_init(&memory);
    int err = run_statements(m, arena_cstr(&memory, step->sql));
    arena_end(&memory);
    if (!err)
        err = note_step(m, place);
    return err ? complain(m, step->name, err, db_message(m->db)) : 0;
}

/* ---- a run ---- */

static int run_steps(struct migrator *m, size_t past, bool dry)
{
    if (db_exec(m->db, "SAVEPOINT migrate"))
        return complain(m, STR("(start)"), ERR_BUSY, db_message(m->db));
    int err = note_tables(m, STR("")); /* what is there by now is no plugin's */
    for (size_t i = past; i < m->n && !err; i++)
        err = run_step(m, i);
    bool whole = db_in_transaction(m->db);
    if (whole && (err || dry))
        whole = db_exec(m->db, "ROLLBACK TO migrate") == 0;
    int closed = whole ? db_exec(m->db, "RELEASE migrate") : 0;
    if (err || !closed)
        return err;
    complain(m, STR("(commit)"), closed, db_message(m->db));
    int undone = db_exec(m->db, "ROLLBACK TO migrate; RELEASE migrate");
    return undone ? undone : closed;
}

int migrate_run(struct db *db, struct str owner, const struct migration *steps,
                size_t n, bool dry, int *ran, struct buf *why)
{
    struct migrator m = {.db = db, .owner = owner, .steps = steps, .n = n, .why = why};
    size_t past = 0;
    arena_init(&m.memory);
    db_fence(db, NULL);
    int err = check_names(&m);
    if (!err)
        err = check_past(&m, &past);
    *ran = err ? 0 : (int)(n - past);
    if (!err && past < n && !(dry && db->mode == DB_READ))
        err = run_steps(&m, past, dry);
    if (err)
        *ran = 0;
    arena_end(&m.memory);
    return err;
}

int migrate_tables(struct db *db, struct str owner,
                   void (*each)(void *ctx, struct str table), void *ctx)
{
    struct stmt *s;
    int row,
        err = db_prepare(
            db, STR("SELECT name FROM schema_table WHERE owner=? ORDER BY name"), &s);
    if (err)
        return err;
    stmt_text(s, 1, owner);
    while ((row = stmt_step(s)) == 1)
        each(ctx, stmt_get(s, 0));
    stmt_done(s);
    return row;
}
