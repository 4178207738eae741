#include "guard/idem.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/sql.h"

/* Marks are few: one for each open request with an Idempotency-Key. The name of a mark
 * is organization, route and key with a NUL between; none of them can hold one. Keys
 * come from outside, so the hash is seeded. */

enum { BUCKETS = 1024, KEY_MAX = 255 };
static const int64_t kept_ms = 24 * 3600 * (int64_t)1000;

struct mark {
    struct mark *next;
    size_t n;
    char name[];
};

struct idem {
    pthread_mutex_t lock;
    unsigned char seed[crypto_shorthash_KEYBYTES];
    struct mark *buckets[BUCKETS];
};

struct idem *idem_new(void)
{
    struct idem *i = calloc(1, sizeof(*i));
    if (!i || pthread_mutex_init(&i->lock, NULL) != 0)
        abort();
    crypto_shorthash_keygen(i->seed);
    return i;
}

void idem_free(struct idem *i)
{
    if (!i)
        return;
    for (int b = 0; b < BUCKETS; b++)
        for (struct mark *m = i->buckets[b], *next; m; m = next) {
            next = m->next;
            free(m);
        }
    pthread_mutex_destroy(&i->lock);
    free(i);
}

bool idem_valid(struct str key)
{
    if (key.n == 0 || key.n > KEY_MAX || key.p[0] == ' ' || key.p[key.n - 1] == ' ')
        return false;
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] < 0x20 || key.p[i] > 0x7E)
            return false;
    return true;
}

/* ---- marks ---- */

static struct mark *mark_new(const struct idem_key *k)
{
    size_t org_n = strlen(k->org), n = org_n + 1 + k->route.n + 1 + k->key.n;
    struct mark *m = malloc(sizeof(*m) + n);
    if (!m)
        abort();
    m->n = n;
    memcpy(m->name, k->org, org_n + 1);
    memcpy(m->name + org_n + 1, k->route.p, k->route.n);
    m->name[org_n + 1 + k->route.n] = '\0';
    memcpy(m->name + n - k->key.n, k->key.p, k->key.n);
    return m;
}

/* The link that points to the mark of this name, or to NULL where it would be. */
static struct mark **mark_link(struct idem *i, const struct mark *m)
{
    unsigned char hash[crypto_shorthash_BYTES];
    unsigned bucket;
    crypto_shorthash(hash, (const unsigned char *)m->name, m->n, i->seed);
    memcpy(&bucket, hash, sizeof(bucket));
    struct mark **at = &i->buckets[bucket % BUCKETS];
    while (*at &&
           !str_eq((struct str){(*at)->name, (*at)->n}, (struct str){m->name, m->n}))
        at = &(*at)->next;
    return at;
}

/* False: there is one already. */
static bool mark_set(struct idem *i, const struct idem_key *k)
{
    struct mark *m = mark_new(k);
    m->next = NULL;
    pthread_mutex_lock(&i->lock);
    struct mark **at = mark_link(i, m);
    bool mine = *at == NULL;
    if (mine)
        *at = m;
    pthread_mutex_unlock(&i->lock);
    if (!mine)
        free(m);
    return mine;
}

void idem_end(struct idem *i, const struct idem_key *k)
{
    struct mark *name = mark_new(k);
    pthread_mutex_lock(&i->lock);
    struct mark **at = mark_link(i, name), *m = *at;
    if (m)
        *at = m->next;
    pthread_mutex_unlock(&i->lock);
    free(m);
    free(name);
}

/* ---- rows ---- */

/* A row that does not open is none of this server's: its answer cannot be told. */
static enum idem_begin open_answer(const struct idem_key *k, struct stmt *s,
                                   struct arena *a, struct str *body)
{
    struct buf text;
    buf_init(&text);
    int err = secret_unbox(k->pepper, stmt_get(s, 2), &text);
    *body = arena_str(a, buf_slice(&text));
    buf_end(&text);
    return err ? IDEM_ERROR : IDEM_REPLAY;
}

/* IDEM_NEW here: no answer stands. */
static enum idem_begin look(struct db *db, const struct idem_key *k, int64_t wall_ms,
                            struct arena *a, int *status, struct str *body)
{
    struct stmt *s;
    int err = sql_row(db,
                      STR("SELECT body, status, answer FROM idempotency WHERE"
                          " organization_id = ? AND route = ? AND key = ? AND at > ?"),
                      SQL_WITH(sql_text(str_of(k->org)), sql_text(k->route),
                               sql_text(k->key), sql_int(wall_ms - kept_ms)),
                      &s);
    if (err)
        return err == ERR_NOT_FOUND ? IDEM_NEW : IDEM_ERROR;
    struct str kept = stmt_get(s, 0);
    bool same = kept.n == DIGEST_BYTES && secret_equal(kept.p, k->body, DIGEST_BYTES);
    *status = (int)stmt_get_int(s, 1);
    enum idem_begin found = same ? open_answer(k, s, a, body) : IDEM_MISMATCH;
    stmt_done(s);
    return found;
}

enum idem_begin idem_begin(struct idem *i, struct db *reader, const struct idem_key *k,
                           int64_t wall_ms, struct arena *a, int *status,
                           struct str *body)
{
    bool mine = mark_set(i, k);
    enum idem_begin found = look(reader, k, wall_ms, a, status, body);
    if (found == IDEM_NEW)
        return mine ? IDEM_NEW : IDEM_RUNNING;
    /* A stored answer stands whoever's mark is there: two that repeat the request at
     * the same time both get it. */
    if (mine)
        idem_end(i, k);
    return found;
}

/* An expired answer is written over. One that still stands means the reader's snapshot
 * was older than the mark: nothing of this transaction may stand. */
int idem_store(struct db *db, const struct idem_key *k, int status, struct str body,
               int64_t wall_ms)
{
    int64_t one;
    struct buf box;
    buf_init(&box);
    secret_box(k->pepper, body, &box);
    int err = sql_number(
        db,
        STR("INSERT INTO idempotency (organization_id, route, key, body, status,"
            " answer, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            " ON CONFLICT (organization_id, route, key) DO UPDATE SET"
            " body = ?4, status = ?5, answer = ?6, at = ?7 WHERE at <= ?8 RETURNING 1"),
        SQL_WITH(sql_text(str_of(k->org)), sql_text(k->route), sql_text(k->key),
                 sql_blob(k->body, DIGEST_BYTES), sql_int(status),
                 sql_blob(box.p, box.n), sql_int(wall_ms), sql_int(wall_ms - kept_ms)),
        &one);
    buf_end(&box);
    return err == ERR_NOT_FOUND ? ERR_EXISTS : err;
}

int idem_sweep(struct db *db, int64_t wall_ms)
{
    return sql_run(db, STR("DELETE FROM idempotency WHERE at <= ?"),
                   SQL_WITH(sql_int(wall_ms - kept_ms)));
}
