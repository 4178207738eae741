#ifndef KORDLESS_TESTS_STORE_SCENE_H
#define KORDLESS_TESTS_STORE_SCENE_H

/* A store with a few tables, of which the fence gives one to write and two to read. */

#include <string.h>

#include "store_scratch.h"

struct fixture {
    struct scratch at;
    struct db *db;
};

static const char tables[] =
    "CREATE TABLE mine(id INTEGER PRIMARY KEY, a TEXT, n INTEGER CHECK(n < 100));"
    "CREATE UNIQUE INDEX mine_a ON mine(a);"
    "CREATE TABLE other(id INTEGER PRIMARY KEY, b TEXT);"
    "CREATE TABLE secret(id INTEGER PRIMARY KEY, s TEXT);"
    "CREATE VIEW peek AS SELECT s FROM secret;"
    "INSERT INTO mine VALUES (1, 'one', 1), (2, 'two', 2); INSERT INTO other VALUES "
    "(1, 'b');"
    "INSERT INTO secret VALUES (1, 'hush')";

static const struct str writes[] = {{"mine", 4}}, reads[] = {{"other", 5}, {"peek", 4}};
static const struct fence fence = {writes, reads, 1, 2, false};

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    scratch_make(&f->at);
    f->db = scratch_open(&f->at, DB_WRITE, tables);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    db_close(f->db);
    scratch_remove(&f->at);
    free(f);
    return 0;
}

/* Runs it to its end: 0, or why not. */
static inline int run(struct db *db, const char *sql)
{
    struct stmt *s;
    int err = db_prepare(db, str_of(sql), &s);
    if (err)
        return err;
    while ((err = stmt_step(s)) == 1)
        ;
    stmt_done(s);
    return err;
}

#endif
