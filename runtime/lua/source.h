#ifndef KORDLESS_LUA_SOURCE_H
#define KORDLESS_LUA_SOURCE_H

/* The texts a generation is made of: the operator's scripts and the plugins' folders,
 * each file read once, so that what is checked is what runs. */

#include "base/arena.h"
#include "base/buf.h"
#include "store/migrate.h"

enum { SOURCE_FILE_MAX = 1024 * 1024, SOURCE_FILES_MAX = 200 };

struct source {
    struct str module; /* "rules": the file's name without ".lua" */
    struct str name;   /* "plugins/bookings/rules.lua": for messages */
    struct str text;
    bool broken; /* it does not compile (entry.c), and that has been told */
};

struct folder {
    struct str name; /* the folder's own, which the manifest must repeat */
    struct str path;
    struct source *files;
    int n_files;
    struct migration *migrations; /* in the order of their names */
    int n_migrations;
};

/* Reads every *.lua of `path` and, below it, migrations/NNN_*.sql, into `a`. Complaints
 * are appended to `faults`, a line each. ERR_NOT_FOUND: no such folder. */
int source_read(struct arena *a, const char *path, struct folder *out,
                struct buf *faults) MUST_CHECK;
/* 16 hex digits that name a text. */
void source_hash(const struct source *s, char out[17]);
const struct source *source_find(const struct folder *f,
                                 struct str module); /* or NULL */

#endif
