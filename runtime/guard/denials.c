#include "guard/denials.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guard/keyring.h"
#include "guard/usage.h"
#include "guard/usage_name.h"
#include "store/sql.h"

enum { PLACES = 2 * DENIALS_KEYS };

struct line { /* a key's newest; the oldest is at `head` once it is full */
    const struct key *key;
    unsigned n, head;
    struct denial d[DENIALS_KEPT];
};

struct batch {
    struct line *lines[PLACES]; /* open addressing by key */
    int n;
};

struct denials {
    pthread_mutex_t lock; /* guards all below, but what `writing` points to */
    struct usage *labels;
    int64_t next;
    int64_t rows, rows_then; /* in the store; and when this batch is durable */
    struct batch waiting;
    struct batch writing; /* changed by main alone, while the writer is not at it */
};

const char *denial_code(enum denial_rule r)
{
    static const char *const codes[DENIAL_RULES] = {
        [DENIAL_NONE] = "none",
        [DENIAL_MINUTE] = "key-minute",
        [DENIAL_HOUR] = "key-hour",
        [DENIAL_DAY] = "org-day",
        [DENIAL_LOOKUPS] = "rate-limit-lookups",
        [DENIAL_REVOKED] = "revoked_api_key",
        [DENIAL_EXPIRED] = "expired_api_key",
        [DENIAL_NOT_YET] = "not_yet_valid",
        [DENIAL_SUSPENDED] = "organization_suspended",
        [DENIAL_ORGANIZATION] = "wrong_organization",
        [DENIAL_SCOPE] = "insufficient_scope",
    };
    return r < DENIAL_RULES ? codes[r] : codes[DENIAL_NONE];
}

struct denials *denials_new(struct usage *labels)
{
    struct denials *d = calloc(1, sizeof(*d));
    if (!d || pthread_mutex_init(&d->lock, NULL) != 0)
        abort();
    d->labels = labels;
    d->next = 1;
    return d;
}

static void batch_clear(struct batch *b)
{
    for (int i = 0; i < PLACES; i++)
        free(b->lines[i]);
    memset(b, 0, sizeof(*b));
}

void denials_free(struct denials *d)
{
    if (!d)
        return;
    batch_clear(&d->waiting);
    batch_clear(&d->writing);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

int denials_open(struct denials *d, struct db *db)
{
    int64_t newest;
    int err = sql_number(db, STR("SELECT max(id) FROM denial"), SQL_ALONE, &newest);
    if (!err)
        err = sql_number(db, STR("SELECT count(*) FROM denial"), SQL_ALONE, &d->rows);
    d->next = newest + 1;
    return err;
}

/* ---- in memory ---- */

static struct line **place(struct batch *b, const struct key *k)
{
    for (size_t i = (size_t)(((uintptr_t)k >> 4) * 0x9E3779B97F4A7C15u >> 32);; i++) {
        struct line **at = &b->lines[i % PLACES];
        if (!*at || (*at)->key == k)
            return at;
    }
}

void denials_add(struct denials *d, const struct key *k, const struct denial *one)
{
    pthread_mutex_lock(&d->lock);
    struct line **at = place(&d->waiting, k);
    if (!*at && d->waiting.n < DENIALS_KEYS) {
        *at = calloc(1, sizeof(**at));
        if (!*at)
            abort();
        (*at)->key = k;
        d->waiting.n++;
    }
    struct line *l = *at;
    if (l) {
        struct denial *to = &l->d[(l->head + l->n) % DENIALS_KEPT];
        *to = *one;
        to->id = d->next++;
        if (l->n < DENIALS_KEPT)
            l->n++;
        else
            l->head = (l->head + 1) % DENIALS_KEPT;
    }
    pthread_mutex_unlock(&d->lock);
}

bool denials_take(struct denials *d)
{
    pthread_mutex_lock(&d->lock);
    if (d->writing.n == 0) {
        d->writing = d->waiting;
        memset(&d->waiting, 0, sizeof(d->waiting));
    }
    bool any = d->writing.n > 0;
    pthread_mutex_unlock(&d->lock);
    return any;
}

void denials_flushed(struct denials *d)
{
    pthread_mutex_lock(&d->lock);
    batch_clear(&d->writing);
    d->rows = d->rows_then;
    pthread_mutex_unlock(&d->lock);
}

/* ---- into the store ---- */

static int insert(struct denials *d, struct db *db, int64_t key,
                  const struct denial *one)
{
    int64_t route;
    int err = usage_name_make(db, usage_label(d->labels, one->route), &route);
    if (err)
        return err;
    return sql_run(
        db,
        STR("INSERT INTO denial (key, id, at, wait, used, most, scope, route, rule,"
            " address, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        SQL_WITH(sql_int(key), sql_int(one->id), sql_int(one->at_ms),
                 sql_int(one->wait_ms), sql_int(one->used), sql_int(one->limit),
                 sql_int(one->scope), sql_int(route), sql_int(one->rule),
                 sql_blob(&one->address, sizeof(one->address)),
                 sql_text(str_of(one->request_id))));
}

static int drop_old(struct denials *d, struct db *db, int64_t key)
{
    int err = sql_run(db,
                      STR("DELETE FROM denial WHERE key = ?1 AND id <= (SELECT id"
                          " FROM denial WHERE key = ?1 ORDER BY id DESC"
                          " LIMIT 1 OFFSET ?2)"),
                      SQL_WITH(sql_int(key), sql_int(DENIALS_KEPT)));
    if (!err)
        d->rows_then -= db_changes(db);
    return err;
}

/* The oldest, of whichever key. */
static int drop_oldest(struct denials *d, struct db *db)
{
    if (d->rows_then <= DENIALS_ROWS)
        return 0;
    int err = sql_run(db,
                      STR("DELETE FROM denial WHERE id IN (SELECT id FROM denial"
                          " ORDER BY id LIMIT ?1)"),
                      SQL_WITH(sql_int(d->rows_then - DENIALS_ROWS)));
    if (!err)
        d->rows_then -= db_changes(db);
    return err;
}

static int flush_line(struct denials *d, struct db *db, const struct line *l)
{
    int64_t key;
    int err = usage_name_make(db, str_of(l->key->id), &key);
    for (unsigned i = 0; i < l->n && !err; i++)
        err = insert(d, db, key, &l->d[(l->head + i) % DENIALS_KEPT]);
    d->rows_then += l->n;
    return err ? err : drop_old(d, db, key);
}

int denials_flush(struct denials *d, struct db *db)
{
    int err = 0;
    d->rows_then = d->rows;
    for (int i = 0; i < PLACES && !err; i++)
        if (d->writing.lines[i])
            err = flush_line(d, db, d->writing.lines[i]);
    return err ? err : drop_oldest(d, db);
}

/* ---- reading ---- */

struct found {
    struct denials *d;
    struct arena *a;
    struct denial_row *rows;
    int n;
};

static void add_row(struct found *f, const struct denial *one, struct str route)
{
    for (int i = 0; i < f->n; i++)
        if (f->rows[i].d.id == one->id)
            return; /* it was written while we looked */
    if (f->n < 3 * DENIALS_KEPT)
        f->rows[f->n++] = (struct denial_row){*one, arena_str(f->a, route)};
}

static void add_line(struct found *f, struct batch *b, const struct key *k)
{
    const struct line *l = *place(b, k);
    for (unsigned i = 0; l && i < l->n; i++)
        add_row(f, &l->d[i], usage_label(f->d->labels, l->d[i].route));
}

static void add_stored(struct found *f, struct stmt *s)
{
    struct denial one = {.id = stmt_get_int(s, 0),
                         .at_ms = stmt_get_int(s, 1),
                         .wait_ms = stmt_get_int(s, 2),
                         .used = (uint32_t)stmt_get_int(s, 3),
                         .limit = (uint32_t)stmt_get_int(s, 4),
                         .scope = (uint32_t)stmt_get_int(s, 5),
                         .rule = (uint8_t)stmt_get_int(s, 6)};
    struct str address = stmt_get(s, 7);
    if (address.n == sizeof(one.address))
        memcpy(&one.address, address.p, address.n);
    if (str_cstr(stmt_get(s, 8), one.request_id, sizeof(one.request_id)))
        one.request_id[0] = '\0';
    add_row(f, &one, stmt_get(s, 9));
}

static int read_stored(struct found *f, struct db *db, const struct key *k)
{
    struct stmt *s;
    int got = sql_open(
        db,
        STR("SELECT id, at, wait, used, most, scope, rule, address, request_id,"
            " (SELECT name FROM usage_name WHERE number = route) FROM denial"
            " WHERE key = (SELECT number FROM usage_name WHERE name = ?1)"
            " ORDER BY id DESC LIMIT ?2"),
        SQL_WITH(sql_text(str_of(k->id)), sql_int(DENIALS_KEPT)), &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1)
        add_stored(f, s);
    stmt_done(s);
    return got;
}

static int newest_first(const void *a, const void *b)
{
    const struct denial_row *x = a, *y = b;
    return x->d.id > y->d.id ? -1 : x->d.id < y->d.id;
}

int denials_read(struct denials *d, struct db *db, const struct key *k, struct arena *a,
                 struct denial_row **rows, int *n)
{
    struct found f = {.d = d, .a = a};
    f.rows = arena_alloc(a, 3 * DENIALS_KEPT * sizeof(*f.rows));
    pthread_mutex_lock(&d->lock);
    add_line(&f, &d->waiting, k);
    add_line(&f, &d->writing, k);
    pthread_mutex_unlock(&d->lock);
    int err = read_stored(&f, db, k);
    qsort(f.rows, (size_t)f.n, sizeof(*f.rows), newest_first);
    *rows = f.rows;
    *n = f.n < DENIALS_KEPT ? f.n : DENIALS_KEPT;
    return err;
}
