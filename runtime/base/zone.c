#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tzrule.h"

enum {
    DAY = 86400,
    OFFSET_MAX = 26 * 3600, /* RFC 8536, section 3.2: -25 h to 26 h, both excluded */
    NAME_BYTES = 64,
    FILE_MAX = 256 * 1024,
    ZONES_MAX = 2000,
    SLOTS = 4096 /* of the table of zones; a power of two, never half full */
};

/* Scripts may ask about any integer. Past this there are no dates either: date.h. */
static const int64_t INSTANT_MAX = (int64_t)999999 * 365 * DAY;
static const int64_t EXTEND_TO = 4102444800; /* 2100 */
enum { STRIDE = 1 << 24, STRIDES = 245 };    /* half years and a bit, to 2100 */

static int64_t day_of(int64_t t)
{
    return t / DAY - (t % DAY < 0);
}

/* ---- the table ---- */

struct zone {
    char name[NAME_BYTES + 1];
    size_t n;
    int64_t *at;               /* n instants, ascending */
    int32_t *offset;           /* n + 1: before at[0], then from at[i] on */
    uint16_t strides[STRIDES]; /* how many of `at` are before each STRIDE since 1970 */
    struct tzrule rule;
};

static void zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->at);
    free(z->offset);
    free(z);
}

/* Nearly all that is asked about is of this time: there it is a step or two. */
static size_t first_after(const struct zone *z, int64_t t)
{
    size_t lo = 0, hi = z->n;
    if (t >= 0 && t < (int64_t)STRIDE * STRIDES) {
        for (lo = z->strides[t / STRIDE]; lo < z->n && z->at[lo] <= t;)
            lo++;
        return lo;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (z->at[mid] <= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The offset at `t`, and the instant up to which it stays. */
static int32_t offset_at(const struct zone *z, int64_t t, int64_t *until)
{
    size_t i = first_after(z, t);
    *until = i < z->n ? z->at[i] : INT64_MAX;
    if (i < z->n || !z->rule.present)
        return z->offset[i];
    struct tz_stretch s = tzrule_at(&z->rule, t);
    *until = s.until;
    return s.offset;
}

static int64_t clamp(int64_t t)
{
    return t > INSTANT_MAX ? INSTANT_MAX : t < -INSTANT_MAX ? -INSTANT_MAX : t;
}

int64_t zone_wall(const struct zone *z, int64_t t)
{
    int64_t until;
    t = clamp(t);
    return t + offset_at(z, t, &until);
}

int64_t zone_day(const struct zone *z, int64_t t)
{
    return day_of(zone_wall(z, t));
}

void zone_civil(const struct zone *z, int64_t t, struct civil *out)
{
    int64_t until;
    t = clamp(t);
    int32_t offset = offset_at(z, t, &until);
    int64_t wall = t + offset, days = day_of(wall);
    int in_day = (int)(wall - days * DAY);
    struct date date = date_of_days(days);
    *out = (struct civil){.date = date,
                          .hour = in_day / 3600,
                          .minute = in_day / 60 % 60,
                          .second = in_day % 60,
                          .weekday = date_weekday(date),
                          .offset = offset};
}

/* All three cases are one: the earliest instant at which the wall shows this or later.
 * The walk begins where no offset can have brought the wall there yet. */
static int64_t first_showing(const struct zone *z, int64_t wall, int64_t *until)
{
    for (int64_t t = wall - OFFSET_MAX;; t = *until) {
        int64_t there = wall - offset_at(z, t, until);
        if (there < *until)
            return there < t ? t : there;
    }
}

int64_t zone_instant_on(const struct zone *z, int64_t day, int minutes)
{
    int64_t until;
    return first_showing(z, clamp(day * DAY) + (int64_t)minutes * 60, &until);
}

/* Where the wall leaps over midnight, what comes first is the transition, and minutes
 * after it are not minutes after midnight. */
int64_t zone_midnight(const struct zone *z, int64_t day, bool *steady)
{
    int64_t until, wall = clamp(day * DAY), t = first_showing(z, wall, &until);
    int64_t unused;
    *steady = until > t + DAY && t + offset_at(z, t, &unused) == wall;
    return t;
}

int64_t zone_instant(const struct zone *z, struct date d, int minutes)
{
    return zone_instant_on(z, date_days(d), minutes);
}

/* ---- TZif files: RFC 8536, section 3 ---- */

struct header {
    int version; /* 1, or 2 for all after */
    size_t isut, isstd, leap, time, type, chars;
};

static uint64_t big_endian(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static bool take_bytes(struct str *s, size_t n, const char **out)
{
    if (s->n < n)
        return false;
    *out = s->p;
    *s = (struct str){s->p + n, s->n - n};
    return true;
}

static bool take_header(struct str *s, struct header *h)
{
    const char *p;
    if (!take_bytes(s, 44, &p) || memcmp(p, "TZif", 4) != 0)
        return false;
    size_t n[6];
    for (size_t i = 0; i < 6; i++)
        n[i] = (size_t)big_endian(p + 20 + i * 4, 4);
    *h = (struct header){p[4] == '\0' ? 1 : 2, n[0], n[1], n[2], n[3], n[4], n[5]};
    for (size_t i = 0; i < 6; i++)
        if (n[i] > FILE_MAX)
            return false;
    return p[4] == '\0' || p[4] >= '2';
}

static bool skip_block(struct str *s, const struct header *h)
{
    const char *p;
    return take_bytes(s, h->time * 5 + h->type * 6 + h->chars + h->leap * 8, &p) &&
           take_bytes(s, h->isstd + h->isut, &p);
}

static bool take_offsets(const char *kinds, const char *types, size_t n_types,
                         struct zone *z)
{
    for (size_t i = 0; i <= z->n; i++) {
        size_t kind = i ? (unsigned char)kinds[i - 1] : 0; /* the first one is before */
        if (kind >= n_types)
            return false;
        z->offset[i] = (int32_t)big_endian(types + kind * 6, 4);
        if (z->offset[i] <= -OFFSET_MAX || z->offset[i] >= OFFSET_MAX)
            return false;
    }
    return true;
}

static bool take_times(const char *times, size_t width, struct zone *z)
{
    for (size_t i = 0; i < z->n; i++) {
        uint64_t v = big_endian(times + i * width, width);
        z->at[i] = width == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
        if (i && z->at[i] <= z->at[i - 1])
            return false;
    }
    return true;
}

static void set_size(struct zone *z, size_t n)
{
    z->n = n;
    z->at = reallocarray(z->at, n + 1, sizeof(*z->at));
    z->offset = reallocarray(z->offset, n + 1, sizeof(*z->offset));
    if (!z->at || !z->offset)
        abort();
}

/* A file with leap seconds is refused: ours have none, it counts differently. */
static bool take_block(struct str *s, const struct header *h, size_t width,
                       struct zone *z)
{
    const char *times, *kinds, *types, *rest;
    if (h->leap || h->type == 0 || !take_bytes(s, h->time * width, &times) ||
        !take_bytes(s, h->time, &kinds) || !take_bytes(s, h->type * 6, &types) ||
        !take_bytes(s, h->chars + h->isstd + h->isut, &rest))
        return false;
    set_size(z, h->time);
    return take_offsets(kinds, types, h->type, z) && take_times(times, width, z);
}

/* Looking up costs a tenth of following the rule, and some systems' files leave to the
 * rule even what is past. So the next decades are written out. */
static void extend(struct zone *z)
{
    while (z->n && z->rule.changes && z->at[z->n - 1] >= 0 &&
           z->at[z->n - 1] < EXTEND_TO) {
        int64_t next = tzrule_at(&z->rule, z->at[z->n - 1]).until;
        set_size(z, z->n + 1);
        z->at[z->n - 1] = next;
        z->offset[z->n] = tzrule_at(&z->rule, next).offset;
    }
}

static void fill_strides(struct zone *z)
{
    for (size_t i = 0, n = 0; i < STRIDES; i++) {
        while (n < z->n && z->at[n] < (int64_t)i * STRIDE)
            n++;
        z->strides[i] = (uint16_t)n;
    }
}

static bool parse_file(struct str s, struct zone *z)
{
    struct header h;
    struct str footer, rest;
    const char *newline;
    if (!take_header(&s, &h))
        return false;
    if (h.version == 1)
        return take_block(&s, &h, 4, z);
    return skip_block(&s, &h) && take_header(&s, &h) && take_block(&s, &h, 8, z) &&
           take_bytes(&s, 1, &newline) && *newline == '\n' &&
           str_cut(s, '\n', &footer, &rest) && tzrule_parse(footer, &z->rule) == 0;
}

/* ---- all zones: looked up without a lock; entries appear and never go ---- */

struct zones {
    char *dir;
    pthread_mutex_t lock; /* held while a zone is read and put into the table */
    size_t n;
    _Atomic(struct zone *) slots[SLOTS];
};

_Static_assert(ZONES_MAX < SLOTS / 2, "probing ends soon");

struct zones *zones_new(const char *dir)
{
    struct zones *z = calloc(1, sizeof(*z));
    if (!z || !(z->dir = strdup(dir ? dir : "/usr/share/zoneinfo")) ||
        pthread_mutex_init(&z->lock, NULL) != 0)
        abort();
    return z;
}

void zones_free(struct zones *z)
{
    if (!z)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        zone_free(atomic_load(&z->slots[i]));
    pthread_mutex_destroy(&z->lock);
    free(z->dir);
    free(z);
}

/* No dots at all, so neither "..", nor "zone.tab". What begins with a small letter is
 * no name of IANA's but a file beside them: localtime, posixrules, right/. */
static bool name_valid(struct str name)
{
    if (name.n == 0 || name.n > NAME_BYTES || name.p[0] < 'A' || name.p[0] > 'Z')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i], lower = (char)(c | 0x20);
        bool word = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
        if (!word && c != '_' && c != '-' && c != '+' && c != '/')
            return false;
        if (c == '/' && (i + 1 == name.n || name.p[i + 1] == '/'))
            return false;
    }
    return true;
}

/* Where the name stands, or where it would. */
static size_t slot_of(struct zones *zs, struct str name)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 16777619u;
    for (size_t i = h % SLOTS;; i = (i + 1) % SLOTS) {
        const struct zone *z =
            atomic_load_explicit(&zs->slots[i], memory_order_acquire);
        if (!z || str_eq(str_of(z->name), name))
            return i;
    }
}

/* Running out of descriptors must not say that there is no such zone. */
static int open_file(const char *path, int *fd)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
        return st.st_size <= FILE_MAX ? 0 : ERR_CORRUPT;
    return ERR_NOT_FOUND;
}

static int read_file(const char *path, char **out, size_t *n)
{
    int fd, rc = open_file(path, &fd);
    if (rc < 0)
        goto out;
    if (!(*out = malloc(FILE_MAX)))
        abort();
    ssize_t got, have = 0;
    while ((got = read(fd, *out + have, (size_t)(FILE_MAX - have))) > 0)
        have += got;
    *n = (size_t)have;
    rc = got < 0 ? ERR_IO : 0;
out:
    if (fd >= 0)
        close(fd);
    return rc;
}

static int load(const char *dir, struct str name, struct zone **out)
{
    char path[4096], *bytes = NULL;
    size_t n = 0;
    int len = snprintf(path, sizeof(path), "%s/%.*s", dir, (int)name.n, name.p);
    if (len < 0 || (size_t)len >= sizeof(path))
        return ERR_NOT_FOUND;
    int rc = read_file(path, &bytes, &n);
    struct zone *z = calloc(1, sizeof(*z));
    if (!z)
        abort();
    memcpy(z->name, name.p, name.n);
    if (rc == 0 && !parse_file((struct str){bytes, n}, z))
        rc = ERR_CORRUPT;
    free(bytes);
    if (rc < 0) {
        zone_free(z);
        return rc;
    }
    extend(z);
    fill_strides(z);
    *out = z;
    return 0;
}

/* Under the lock. Another thread may have been here first. */
static int load_once(struct zones *zs, struct str name, struct zone **out)
{
    size_t at = slot_of(zs, name);
    *out = atomic_load(&zs->slots[at]);
    if (*out)
        return 0;
    if (zs->n == ZONES_MAX)
        return ERR_FULL;
    int rc = load(zs->dir, name, out);
    if (rc == 0) {
        atomic_store_explicit(&zs->slots[at], *out, memory_order_release);
        zs->n++;
    }
    return rc;
}

int zones_get(struct zones *zs, struct str name, const struct zone **out)
{
    if (!name_valid(name))
        return ERR_NOT_FOUND;
    size_t at = slot_of(zs, name);
    struct zone *z = atomic_load_explicit(&zs->slots[at], memory_order_acquire);
    int rc = 0;
    if (!z) {
        pthread_mutex_lock(&zs->lock);
        rc = load_once(zs, name, &z);
        pthread_mutex_unlock(&zs->lock);
    }
    if (rc == 0)
        *out = z;
    return rc;
}
