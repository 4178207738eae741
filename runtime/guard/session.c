#include "guard/session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sessions hang in buckets by their digest, which is its own hash and nobody's to
 * steer; members by their id. A member stays when it is removed, empty: one that signs
 * in at that moment finds no seat. */

enum { BUCKETS = 1024 };

struct member {
    struct member *next;
    struct seat seat;
};

struct session {
    struct session *next;
    unsigned char digest[DIGEST_BYTES];
    struct member *of;
    int64_t created_ms, written_ms, durable_ms; /* the last two: of `seen_ms` */
    _Atomic int64_t seen_ms;
};

struct pass {
    struct pass *next;
    struct token token;
    bool over;
};

struct sessions {
    pthread_rwlock_t lock;
    struct session *buckets[BUCKETS];
    struct member *members[BUCKETS];
    struct pass *passes;
    size_t n;
};

/* ---- roles ---- */

static const char *const roles[] = {NULL, "viewer", "admin", "owner", "operator"};
_Static_assert(sizeof(roles) / sizeof(roles[0]) == ROLE_OPERATOR + 1,
               "every role a name");

const char *role_name(enum role r)
{
    return roles[r];
}

enum role role_of(struct str name)
{
    for (int i = ROLE_VIEWER; i <= ROLE_OPERATOR; i++)
        if (str_eq(name, str_of(roles[i])))
            return (enum role)i;
    return ROLE_NONE;
}

uint32_t role_scopes(enum role r)
{
    if (r >= ROLE_ADMIN)
        return SCOPE_ALL;
    return r == ROLE_VIEWER ? SCOPE_BOOKINGS_READ | SCOPE_AVAILABILITY_READ |
                                  SCOPE_SERVICES_READ | SCOPE_ORGANIZATION_READ
                            : 0;
}

/* ---- the table ---- */

static void *must_calloc(size_t size)
{
    void *p = calloc(1, size);
    if (!p)
        abort();
    return p;
}

struct sessions *sessions_new(void)
{
    struct sessions *s = must_calloc(sizeof(*s));
    if (pthread_rwlock_init(&s->lock, NULL) != 0)
        abort();
    return s;
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    for (int i = 0; i < BUCKETS; i++) {
        for (struct session *v = s->buckets[i], *next; v; v = next) {
            next = v->next;
            free(v);
        }
        for (struct member *m = s->members[i], *next; m; m = next) {
            next = m->next;
            free(m);
        }
    }
    for (struct pass *p = s->passes, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    pthread_rwlock_destroy(&s->lock);
    free(s);
}

static struct session **bucket(struct sessions *s, const unsigned char *digest)
{
    return &s->buckets[(digest[0] << 8 | digest[1]) % BUCKETS];
}

static struct member **seats(struct sessions *s, struct str id)
{
    uint32_t h = 2166136261u; /* FNV-1a; ids are ours */
    for (size_t i = 0; i < id.n; i++)
        h = (h ^ (unsigned char)id.p[i]) * 16777619u;
    return &s->members[h % BUCKETS];
}

static struct session *find(struct sessions *s, const unsigned char *digest)
{
    struct session *v = *bucket(s, digest);
    while (v && !secret_equal(v->digest, digest, DIGEST_BYTES))
        v = v->next;
    return v;
}

static struct member *member_of(struct sessions *s, struct str id)
{
    struct member *m = *seats(s, id);
    while (m && !str_eq(str_of(m->seat.id), id))
        m = m->next;
    return m;
}

static bool over(const struct session *v, int64_t wall_ms)
{
    return wall_ms - atomic_load(&v->seen_ms) >= SESSION_IDLE_MS ||
           wall_ms - v->created_ms >= SESSION_LIFE_MS;
}

/* ---- ending ---- */

static void drop(struct sessions *s, struct session **at)
{
    struct session *v = *at;
    *at = v->next;
    s->n--;
    free(v);
}

typedef bool which_fn(const struct session *v, const void *ctx);

static void drop_those(struct sessions *s, which_fn *which, const void *ctx)
{
    for (int i = 0; i < BUCKETS; i++)
        for (struct session **at = &s->buckets[i]; *at;) {
            if (which(*at, ctx))
                drop(s, at);
            else
                at = &(*at)->next;
        }
}

struct whose {
    const struct member *of;
    const unsigned char *keep;
};

static bool is_whose(const struct session *v, const void *ctx)
{
    const struct whose *w = ctx;
    return v->of == w->of &&
           !(w->keep && secret_equal(v->digest, w->keep, DIGEST_BYTES));
}

static bool is_over(const struct session *v, const void *ctx)
{
    return over(v, *(const int64_t *)ctx);
}

void sessions_end(struct sessions *s, const unsigned char digest[DIGEST_BYTES])
{
    pthread_rwlock_wrlock(&s->lock);
    struct session **at = bucket(s, digest);
    while (*at && !secret_equal((*at)->digest, digest, DIGEST_BYTES))
        at = &(*at)->next;
    if (*at)
        drop(s, at);
    pthread_rwlock_unlock(&s->lock);
}

void sessions_end_all(struct sessions *s, struct str member_id,
                      const unsigned char *keep)
{
    pthread_rwlock_wrlock(&s->lock);
    struct whose w = {member_of(s, member_id), keep};
    if (w.of)
        drop_those(s, is_whose, &w);
    pthread_rwlock_unlock(&s->lock);
}

void sessions_sweep(struct sessions *s, int64_t wall_ms)
{
    pthread_rwlock_wrlock(&s->lock);
    drop_those(s, is_over, &wall_ms);
    pthread_rwlock_unlock(&s->lock);
}

/* ---- members and their sessions ---- */

void sessions_seat(struct sessions *s, const struct seat *seat)
{
    pthread_rwlock_wrlock(&s->lock);
    struct member *m = member_of(s, str_of(seat->id));
    if (!m) {
        struct member **at = seats(s, str_of(seat->id));
        m = must_calloc(sizeof(*m));
        m->next = *at;
        *at = m;
    }
    m->seat = *seat;
    if (!seat->active)
        drop_those(s, is_whose, &(struct whose){m, NULL});
    pthread_rwlock_unlock(&s->lock);
}

/* A member at its cap loses the session that began first. */
static void make_room(struct sessions *s, const struct member *m)
{
    const struct session *oldest = NULL;
    int n = 0;
    for (int i = 0; i < BUCKETS; i++)
        for (const struct session *v = s->buckets[i]; v; v = v->next) {
            if (v->of != m)
                continue;
            n++;
            if (!oldest || v->created_ms < oldest->created_ms)
                oldest = v;
        }
    if (n < SESSIONS_EACH)
        return;
    struct session **at = bucket(s, oldest->digest);
    while (*at != oldest)
        at = &(*at)->next;
    drop(s, at);
}

void sessions_open(struct sessions *s, const unsigned char digest[DIGEST_BYTES],
                   struct str member_id, int64_t created_ms, int64_t seen_ms)
{
    pthread_rwlock_wrlock(&s->lock);
    struct member *m = member_of(s, member_id);
    if (m && m->seat.active && !find(s, digest)) {
        make_room(s, m);
        struct session *v = must_calloc(sizeof(*v)), **at = bucket(s, digest);
        memcpy(v->digest, digest, DIGEST_BYTES);
        v->of = m;
        v->created_ms = created_ms;
        v->written_ms = v->durable_ms = seen_ms;
        atomic_init(&v->seen_ms, seen_ms);
        v->next = *at;
        *at = v;
        s->n++;
    }
    pthread_rwlock_unlock(&s->lock);
}

static void tell(const struct session *v, struct arena *a, struct caller *out)
{
    const struct seat *seat = &v->of->seat;
    *out = (struct caller){.kind = CALLER_MEMBER, .role = seat->role};
    memcpy(out->id, seat->id, sizeof(out->id));
    memcpy(out->organization_id, seat->organization_id, sizeof(out->organization_id));
    memcpy(out->digest, v->digest, DIGEST_BYTES);
    out->email = arena_str(a, str_of(seat->email));
}

static void see(struct session *v, int64_t wall_ms)
{
    int64_t seen = atomic_load(&v->seen_ms);
    while (seen < wall_ms && !atomic_compare_exchange_weak(&v->seen_ms, &seen, wall_ms))
        ;
}

bool sessions_find(struct sessions *s, const unsigned char digest[DIGEST_BYTES],
                   int64_t wall_ms, struct arena *a, struct caller *out)
{
    pthread_rwlock_rdlock(&s->lock);
    struct session *v = find(s, digest);
    bool found = v && !over(v, wall_ms);
    if (found) {
        see(v, wall_ms);
        tell(v, a, out);
    }
    pthread_rwlock_unlock(&s->lock);
    return found;
}

size_t sessions_count(struct sessions *s)
{
    pthread_rwlock_rdlock(&s->lock);
    size_t n = s->n;
    pthread_rwlock_unlock(&s->lock);
    return n;
}

/* ---- tokens ---- */

void sessions_token(struct sessions *s, const struct token *t)
{
    struct pass *p = must_calloc(sizeof(*p) + t->label.n + 1);
    char *label = (char *)(p + 1);
    p->token = *t;
    if (t->label.n)
        memcpy(label, t->label.p, t->label.n);
    p->token.label.p = label;
    pthread_rwlock_wrlock(&s->lock);
    p->next = s->passes;
    s->passes = p;
    pthread_rwlock_unlock(&s->lock);
}

void sessions_token_end(struct sessions *s, struct str id)
{
    pthread_rwlock_wrlock(&s->lock);
    for (struct pass *p = s->passes; p; p = p->next)
        p->over = p->over || str_eq(str_of(p->token.id), id);
    pthread_rwlock_unlock(&s->lock);
}

static const struct pass *pass_of(struct sessions *s, const unsigned char *digest,
                                  int64_t wall_ms)
{
    const struct pass *p = s->passes;
    while (p && !secret_equal(p->token.digest, digest, DIGEST_BYTES))
        p = p->next;
    bool good =
        p && !p->over && (!p->token.expires_ms || wall_ms < p->token.expires_ms);
    return good ? p : NULL;
}

bool sessions_find_token(struct sessions *s, const unsigned char digest[DIGEST_BYTES],
                         int64_t wall_ms, struct arena *a, struct caller *out)
{
    pthread_rwlock_rdlock(&s->lock);
    const struct pass *p = pass_of(s, digest, wall_ms);
    if (p) {
        *out = (struct caller){.kind = CALLER_TOKEN, .role = ROLE_OPERATOR};
        memcpy(out->id, p->token.id, sizeof(out->id));
        memcpy(out->digest, digest, DIGEST_BYTES);
        out->label = arena_str(a, p->token.label);
    }
    pthread_rwlock_unlock(&s->lock);
    return p != NULL;
}

/* A member that was demoted meanwhile is turned away: what it began, it may not end. */
enum auth sessions_again(struct sessions *s, const struct caller *c, int64_t wall_ms)
{
    bool good = true;
    pthread_rwlock_rdlock(&s->lock);
    if (c->kind == CALLER_TOKEN)
        good = pass_of(s, c->digest, wall_ms) != NULL;
    if (c->kind == CALLER_MEMBER) {
        const struct session *v = find(s, c->digest);
        good = v && !over(v, wall_ms) && v->of->seat.role >= c->role;
    }
    pthread_rwlock_unlock(&s->lock);
    return good ? AUTH_OK : AUTH_ENDED;
}

/* ---- activity ---- */

int sessions_flush(struct sessions *s,
                   int (*each)(void *ctx, const unsigned char digest[DIGEST_BYTES],
                               int64_t seen_ms),
                   void *ctx)
{
    int err = 0;
    pthread_rwlock_rdlock(&s->lock);
    for (int i = 0; i < BUCKETS; i++)
        for (struct session *v = s->buckets[i]; v && !err; v = v->next) {
            v->written_ms = atomic_load(&v->seen_ms);
            if (v->written_ms != v->durable_ms)
                err = each(ctx, v->digest, v->written_ms);
        }
    pthread_rwlock_unlock(&s->lock);
    return err;
}

void sessions_flushed(struct sessions *s)
{
    pthread_rwlock_rdlock(&s->lock);
    for (int i = 0; i < BUCKETS; i++)
        for (struct session *v = s->buckets[i]; v; v = v->next)
            v->durable_ms = v->written_ms;
    pthread_rwlock_unlock(&s->lock);
}

/* ---- what a page sends along ---- */

void session_csrf(const struct pepper *p, struct str token, char out[CSRF_TEXT + 1])
{
    unsigned char digest[DIGEST_BYTES];
    struct buf b;
    buf_init(&b);
    buf_lit(&b, "csrf ");
    buf_str(&b, token);
    secret_digest(p, buf_slice(&b), digest);
    explicit_bzero(b.p, b.n);
    buf_end(&b);
    for (int i = 0; i < CSRF_TEXT / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
