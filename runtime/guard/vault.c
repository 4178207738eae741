#include "guard/vault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guard/audit.h"
#include "store/sql.h"

struct entry {
    char name[VAULT_NAME_MAX + 1];
    struct buf value;
    int64_t at_ms;
};

struct vault {
    pthread_rwlock_t lock;
    struct entry *entries; /* sorted by name */
    int n, cap;
};

struct vault *vault_new(void)
{
    struct vault *v = calloc(1, sizeof(*v));
    if (!v || pthread_rwlock_init(&v->lock, NULL) != 0)
        abort();
    return v;
}

static void wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_end(b);
}

void vault_free(struct vault *v)
{
    if (!v)
        return;
    for (int i = 0; i < v->n; i++)
        wipe(&v->entries[i].value);
    free(v->entries);
    pthread_rwlock_destroy(&v->lock);
    free(v);
}

bool vault_name_ok(struct str name)
{
    struct str plugin, rest;
    return name.n <= VAULT_NAME_MAX && str_cut(name, '.', &plugin, &rest) &&
           str_is_word(plugin) && str_is_word(rest);
}

/* --- memory --- */

/* Where the name is, or would be. */
static int place(const struct vault *v, struct str name, bool *there)
{
    int i = 0, order = 1;
    while (i < v->n && (order = strcmp(v->entries[i].name, name.p)) < 0)
        i++;
    *there = i < v->n && order == 0;
    return i;
}

static void insert(struct vault *v, int at, struct str name)
{
    if (v->n == v->cap) {
        v->cap = v->cap ? 2 * v->cap : 16;
        v->entries = realloc(v->entries, (size_t)v->cap * sizeof(*v->entries));
        if (!v->entries)
            abort();
    }
    memmove(&v->entries[at + 1], &v->entries[at],
            (size_t)(v->n - at) * sizeof(*v->entries));
    v->entries[at] = (struct entry){.at_ms = 0};
    memcpy(v->entries[at].name, name.p, name.n);
    v->n++;
}

static void take_out(struct vault *v, int at)
{
    wipe(&v->entries[at].value);
    v->n--;
    memmove(&v->entries[at], &v->entries[at + 1],
            (size_t)(v->n - at) * sizeof(*v->entries));
}

void vault_set(struct vault *v, struct str name, struct str value, int64_t now_ms)
{
    char text[VAULT_NAME_MAX + 1];
    bool there;
    if (str_cstr(name, text, sizeof(text)))
        return;
    pthread_rwlock_wrlock(&v->lock);
    int at = place(v, str_of(text), &there);
    if (there && value.n == 0)
        take_out(v, at);
    if (!there && value.n)
        insert(v, at, str_of(text));
    if (value.n) {
        wipe(&v->entries[at].value);
        buf_init(&v->entries[at].value);
        buf_str(&v->entries[at].value, value);
        v->entries[at].at_ms = now_ms;
    }
    pthread_rwlock_unlock(&v->lock);
}

bool vault_get(struct vault *v, struct str name, struct buf *out)
{
    char text[VAULT_NAME_MAX + 1];
    bool there;
    if (str_cstr(name, text, sizeof(text)))
        return false;
    pthread_rwlock_rdlock(&v->lock);
    int at = place(v, str_of(text), &there);
    if (there)
        buf_str(out, buf_slice(&v->entries[at].value));
    pthread_rwlock_unlock(&v->lock);
    return there;
}

struct vault_entry *vault_list(struct vault *v, struct arena *a, int *n)
{
    pthread_rwlock_rdlock(&v->lock);
    struct vault_entry *list = arena_alloc(a, sizeof(*list) * (size_t)(v->n + 1));
    for (int i = 0; i < v->n; i++)
        list[i] = (struct vault_entry){arena_str(a, str_of(v->entries[i].name)),
                                       v->entries[i].at_ms};
    *n = v->n;
    pthread_rwlock_unlock(&v->lock);
    return list;
}

/* --- rows --- */

static int audit(struct db *db, struct str action, struct str name, int64_t now_ms,
                 struct str actor)
{
    return audit_add(
        db, &(struct audit_row){
                .at_ms = now_ms, .actor = actor, .action = action, .object = name});
}

int vault_row_put(struct db *db, struct str name, struct str box, int64_t now_ms,
                  struct str actor)
{
    int64_t others;
    int err = sql_number(db, STR("SELECT COUNT(*) FROM secret WHERE name <> ?"),
                         SQL_WITH(sql_text(name)), &others);
    if (!err && others >= VAULT_MAX)
        return ERR_TOO_LARGE;
    if (!err)
        err =
            sql_run(db,
                    STR("INSERT INTO secret (name, box, at) VALUES (?, ?, ?)"
                        " ON CONFLICT (name) DO UPDATE SET box = excluded.box,"
                        " at = excluded.at"),
                    SQL_WITH(sql_text(name), sql_blob(box.p, box.n), sql_int(now_ms)));
    return err ? err : audit(db, STR("secret.set"), name, now_ms, actor);
}

int vault_row_drop(struct db *db, struct str name, int64_t now_ms, struct str actor)
{
    int err =
        sql_run(db, STR("DELETE FROM secret WHERE name = ?"), SQL_WITH(sql_text(name)));
    if (!err && db_changes(db) == 0)
        err = ERR_NOT_FOUND;
    return err ? err : audit(db, STR("secret.drop"), name, now_ms, actor);
}

int vault_load(struct vault *v, struct db *db, const struct pepper *p)
{
    struct stmt *s;
    struct buf value;
    int got = db_prepare(db, STR("SELECT name, box, at FROM secret ORDER BY name"), &s);
    if (got < 0)
        return got;
    buf_init(&value);
    while ((got = stmt_step(s)) == 1) {
        buf_clear(&value);
        got = secret_unbox(p, stmt_get(s, 1), &value);
        if (got < 0)
            break;
        vault_set(v, stmt_get(s, 0), buf_slice(&value), stmt_get_int(s, 2));
    }
    stmt_done(s);
    wipe(&value);
    return got < 0 ? got : 0;
}
