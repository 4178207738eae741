/* Migrations run on a store of their own, which is thrown away. */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/json.h"
#include "guard/registry.h"
#include "guard/schema.h"
#include "native/natives.h"
#include "store/migrate.h"

static int check_store(struct generation *g, const char *path, struct buf *faults)
{
    struct zones *zones = zones_new(NULL);
    struct keyring *ring = keyring_new();
    struct db *db;
    int ran, err = db_open(&db, path, DB_WRITE, faults);
    if (!err) {
        err = migrate_init(db);
        if (!err)
            err = migrate_run(db, STR("kordless"), schema_migrations,
                              schema_migrations_n, false, &ran, faults);
        if (!err)
            err = generation_migrate(g, db, false, &ran, faults);
        if (!err)
            err = generation_build(g, db, zones, NULL, ring, 1, 1, faults);
        db_close(db);
    }
    keyring_free(ring);
    zones_free(zones);
    return err;
}

static void remove_store(const char *dir, const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char name[300];
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, tails[i]);
        unlink(name);
    }
    rmdir(dir);
}

static int check_generation(struct generation *g, struct buf *faults)
{
    const char *tmp = getenv("TMPDIR");
    char dir[200], path[256];
    snprintf(dir, sizeof(dir), "%s/kordless-check-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir)) {
        buf_fmt(faults, "%s: cannot be made\n", dir);
        return ERR_IO;
    }
    snprintf(path, sizeof(path), "%s/check.db", dir);
    int err = check_store(g, path, faults);
    remove_store(dir, path);
    return err;
}

enum format { AS_TEXT, AS_JSON, AS_GITHUB, FORMATS };

static enum format format_of(const struct options *o)
{
    static const char *const names[FORMATS] = {"text", "json", "github"};
    if (!o->format)
        return o->json ? AS_JSON : AS_TEXT;
    int i = 0;
    while (i < FORMATS && strcmp(names[i], o->format) != 0)
        i++;
    return (enum format)i;
}

/* The number in "…:12: what", and what stands behind it. Lua cuts long file names short
 * in its messages, so the file in front may stand there twice; what else stands in
 * front, such as the name of a test, is part of the message. */
static bool find_line(struct str s, uint64_t *line, struct str *what)
{
    struct str head, rest = s;
    bool more = str_starts(str_trim(s), STR("tests:"));
    while (str_cut(rest, ':', &head, &rest))
        if (!str_u64(head, 1000000, line)) {
            *what = str_trim(more ? s : rest);
            return true;
        }
    return false;
}

static void print_annotation(struct str fault)
{
    struct str file, rest, what;
    uint64_t line;
    str_cut(fault, ':', &file, &rest);
    if (find_line(rest, &line, &what))
        printf("::error file=%.*s,line=%llu::%.*s\n", (int)file.n, file.p,
               (unsigned long long)line, (int)what.n, what.n ? what.p : "");
    else
        printf("::error file=%.*s::%.*s\n", (int)file.n, file.p, (int)str_trim(rest).n,
               rest.n ? str_trim(rest).p : "");
}

static void add_json(struct buf *out, struct str line)
{
    buf_add(out, ",", out->n ? 1 : 0);
    if (json_put_string(out, line))
        buf_lit(out, "\"a fault that is not UTF-8\"");
}

static void print_faults(const struct buf *faults, enum format as)
{
    struct str rest = buf_slice(faults), line;
    struct buf out;
    buf_init(&out);
    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        if (!line.n)
            continue;
        if (as == AS_JSON)
            add_json(&out, line);
        else if (as == AS_GITHUB)
            print_annotation(line);
        else
            fprintf(stderr, "%.*s\n", (int)line.n, line.p);
    }
    if (as == AS_JSON)
        printf("{\"ok\":%s,\"faults\":[%.*s]}\n", out.n ? "false" : "true", (int)out.n,
               out.n ? out.p : "");
    buf_end(&out);
}

int command_check(const struct options *o)
{
    struct generation_options go = {.scripts = o->server.scripts,
                                    .plugins = o->server.plugins,
                                    .extra = o->server.load,
                                    .n_extra = o->server.n_load};
    struct generation *g = NULL;
    struct buf faults;
    enum format as = format_of(o);
    if (as == FORMATS)
        return ask_usage("--format takes text, json or github");
    buf_init(&faults);
    go.natives = natives_new(NULL);
    int err = generation_read(&g, &go, &faults);
    int e = check_generation(g, &faults);
    err = err ? err : e;
    if (!err && as == AS_TEXT)
        printf("ok: plugins %d, classes of keys %d\n", g->n_plugins,
               quota_classes(g->quota));
    else
        print_faults(&faults, as);
    if (g)
        generation_drop(g);
    natives_free(go.natives);
    buf_end(&faults);
    return err ? 1 : 0;
}
