#include "guard/idem.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

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

static void bind_name(struct stmt *s, const struct idem_key *k)
{
    stmt_text(s, 1, str_of(k->org));
    stmt_text(s, 2, k->route);
    stmt_text(s, 3, k->key);
}

/* IDEM_NEW here: no answer stands. */
static enum idem_begin look(struct db *db, const struct idem_key *k, int64_t wall_ms,
                            struct arena *a, int *status, struct str *body)
{
    struct stmt *s;
    if (db_prepare(
            db,
            STR("SELECT body, status, answer FROM idempotency"
                " WHERE organization_id = ? AND route = ? AND key = ? AND at > ?"),
            &s) < 0)
        return IDEM_ERROR;
    bind_name(s, k);
    stmt_int(s, 4, wall_ms - kept_ms);
    enum idem_begin found = IDEM_NEW;
    int got = stmt_step(s);
    if (got == 1) {
        found =
            str_eq(stmt_get(s, 0), (struct str){(const char *)k->body, DIGEST_BYTES})
                ? IDEM_REPLAY
                : IDEM_MISMATCH;
        *status = (int)stmt_get_int(s, 1);
        *body = arena_str(a, stmt_get(s, 2));
    }
    stmt_done(s);
    return got < 0 ? IDEM_ERROR : found;
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
    struct stmt *s;
    int got =
        db_prepare(db,
                   STR("INSERT INTO idempotency (organization_id, route, key, body,"
                       " status, answer, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                       " ON CONFLICT (organization_id, route, key) DO UPDATE SET"
                       " body = ?4, status = ?5, answer = ?6, at = ?7"
                       " WHERE at <= ?8 RETURNING 1"),
                   &s);
    if (got < 0)
        return got;
    bind_name(s, k);
    stmt_blob(s, 4, k->body, DIGEST_BYTES);
    stmt_int(s, 5, status);
    stmt_blob(s, 6, body.p ? body.p : "", body.n);
    stmt_int(s, 7, wall_ms);
    stmt_int(s, 8, wall_ms - kept_ms);
    got = stmt_step(s);
    bool stored = got == 1;
    if (stored)
        got = stmt_step(s); /* to its end */
    stmt_done(s);
    return got < 0 ? got : stored ? 0 : ERR_EXISTS;
}

int idem_sweep(struct db *db, int64_t wall_ms)
{
    struct stmt *s;
    int err = db_prepare(db, STR("DELETE FROM idempotency WHERE at <= ?"), &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, wall_ms - kept_ms);
    int got = stmt_step(s);
    stmt_done(s);
    return got < 0 ? got : 0;
}
