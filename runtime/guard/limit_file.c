#include "guard/limit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    FIRST = 64 * 1024,
    STEP_MIN = 256 * 1024,
    STEP_MAX = 64 * 1024 * 1024,
    VERSION = 1
};
static const int64_t never = (int64_t)1 << 60; /* beyond all times that are */
static const char magic[8] = {'K', 'O', 'R', 'D', 'L', 'I', 'M', '\n'};

static size_t word_bytes(uint64_t word)
{
    return (size_t)4 << limit_file_bits(word);
}

/* ---- growing ---- */

static int full_or_io(int errnum)
{
    bool full = errnum == ENOSPC || errnum == EFBIG || errnum == EDQUOT;
    return full ? ERR_FULL : ERR_IO;
}

static size_t step(size_t size)
{
    size_t s = size / 8 / PAGE * PAGE;
    return s < STEP_MIN ? STEP_MIN : s > STEP_MAX ? STEP_MAX : s;
}

/* The length must be durable before anything in the new part can be: opening tells a
 * file that was cut short by it. */
static int grow_to(struct limit_file *f, size_t size)
{
    size_t have = atomic_load(&f->size);
    if (size > f->reserve)
        return ERR_FULL;
    int err = posix_fallocate(f->fd, (off_t)have, (off_t)(size - have));
    if (err)
        return full_or_io(err);
    if (fdatasync(f->fd) != 0)
        return ERR_IO;
    atomic_store(&f->size, size);
    return 0;
}

static int grow(struct limit_file *f, size_t need)
{
    size_t have = atomic_load(&f->size), wish = have + step(have);
    if (wish >= need && grow_to(f, wish) == 0)
        return 0;
    return grow_to(f, (need + PAGE - 1) / PAGE * PAGE);
}

static int take_bytes(struct limit_file *f, size_t n, uint64_t *at)
{
    uint64_t used = atomic_load(&f->head->used);
    int err = used + n > atomic_load(&f->size) ? grow(f, used + n) : 0;
    if (err)
        return err;
    atomic_store(&f->head->used, used + n);
    *at = used;
    return 0;
}

void limit_file_spare(struct limit_file *f)
{
    pthread_mutex_lock(&f->lock);
    size_t have = atomic_load(&f->size);
    int err = 0;
    if (have - atomic_load(&f->head->used) < step(have) / 2)
        err = grow_to(f, have + step(have));
    (void)err; /* who needs the room will say that there is none */
    pthread_mutex_unlock(&f->lock);
}

int limit_file_flush(struct limit_file *f)
{
    return fdatasync(f->fd) == 0 ? 0 : ERR_IO;
}

/* ---- regions ---- */

static void *more(void *p, size_t n, size_t *cap, size_t each)
{
    if (n < *cap)
        return p;
    *cap = *cap ? *cap * 2 : 16;
    p = realloc(p, *cap * each);
    if (!p)
        abort();
    return p;
}

static void free_locked(struct limit_file *f, unsigned bits, uint64_t at)
{
    struct limit_freed *l = &f->freed[bits];
    l->at = more(l->at, l->n, &l->cap, sizeof(*l->at));
    l->at[l->n++] = at;
}

void limit_file_free(struct limit_file *f, uint64_t word)
{
    pthread_mutex_lock(&f->lock);
    free_locked(f, limit_file_bits(word), word >> 8);
    pthread_mutex_unlock(&f->lock);
}

int limit_file_alloc(struct limit_file *f, unsigned bits, uint64_t *word)
{
    uint64_t at = 0;
    int err = 0;
    pthread_mutex_lock(&f->lock);
    struct limit_freed *l = &f->freed[bits];
    if (l->n)
        at = l->at[--l->n];
    else
        err = take_bytes(f, (size_t)4 << bits, &at);
    pthread_mutex_unlock(&f->lock);
    *word = at << 8 | bits;
    return err;
}

void limit_file_retire_locked(struct limit_file *f, struct limit_ring *r, uint64_t word)
{
    f->retired = more(f->retired, f->retired_n, &f->retired_cap, sizeof(*f->retired));
    f->retired[f->retired_n++] = (struct limit_retired){r, word};
}

void limit_file_retire(struct limit_file *f, struct limit_ring *r, uint64_t word)
{
    pthread_mutex_lock(&f->lock);
    limit_file_retire_locked(f, r, word);
    pthread_mutex_unlock(&f->lock);
}

static size_t chunk_bytes(unsigned k)
{
    return ((size_t)LIMIT_CHUNK_0 << k) * sizeof(struct limit_slot);
}

struct limit_slot *limit_file_chunk(const struct limit_file *f, unsigned k)
{
    uint64_t at = atomic_load(&f->head->chunk[k]);
    return at ? (void *)(f->map + at) : NULL;
}

/* Its zeros are durable before its name: old bytes there would read as slots. */
int limit_file_add_chunk(struct limit_file *f, unsigned k)
{
    uint64_t at;
    pthread_mutex_lock(&f->lock);
    int err = take_bytes(f, chunk_bytes(k), &at);
    if (!err) {
        memset(f->map + at, 0, chunk_bytes(k));
        err = limit_file_flush(f);
    }
    if (!err)
        atomic_store(&f->head->chunk[k], at);
    pthread_mutex_unlock(&f->lock);
    return err;
}

/* ---- who owns what, found out when opening ---- */

static void claim(struct limit_file *f, uint64_t at, uint64_t n)
{
    f->claim = more(f->claim, f->claim_n, &f->claim_cap, sizeof(*f->claim));
    f->claim[f->claim_n++] = (struct limit_extent){at, n};
}

static bool inside(const struct limit_file *f, uint64_t at, uint64_t n)
{
    size_t size = atomic_load(&f->size);
    return at >= PAGE && at % sizeof(struct limit_slot) == 0 && at <= size &&
           n <= size - at;
}

bool limit_file_claim(struct limit_file *f, uint64_t word)
{
    unsigned bits = limit_file_bits(word);
    bool good = bits >= LIMIT_BITS_MIN && bits <= LIMIT_BITS_MAX &&
                inside(f, word >> 8, word_bytes(word));
    if (good)
        claim(f, word >> 8, word_bytes(word));
    return good;
}

static int by_offset(const void *a, const void *b)
{
    uint64_t x = ((const struct limit_extent *)a)->at;
    uint64_t y = ((const struct limit_extent *)b)->at;
    return x < y ? -1 : x > y;
}

static void free_gap(struct limit_file *f, uint64_t at, uint64_t end)
{
    for (unsigned bits = LIMIT_BITS_MAX; bits >= LIMIT_BITS_MIN; bits--)
        for (; end - at >= (uint64_t)4 << bits; at += (uint64_t)4 << bits)
            free_locked(f, bits, at);
}

/* `used` may be older than the slots after power loss, and newer. */
int limit_file_settle(struct limit_file *f)
{
    uint64_t at = PAGE;
    if (f->claim_n)
        qsort(f->claim, f->claim_n, sizeof(*f->claim), by_offset);
    for (size_t i = 0; i < f->claim_n; i++) {
        if (f->claim[i].at < at)
            return ERR_CORRUPT;
        free_gap(f, at, f->claim[i].at);
        at = f->claim[i].at + f->claim[i].n;
    }
    if (at > atomic_load(&f->head->used))
        atomic_store(&f->head->used, at);
    free_gap(f, at, atomic_load(&f->head->used));
    free(f->claim);
    f->claim = NULL;
    return 0;
}

/* ---- the clock ---- */

void limit_file_note(struct limit_file *f, int64_t t, int64_t wall)
{
    int64_t mark = atomic_load(&f->head->mark);
    while (t > mark && !atomic_compare_exchange_weak(&f->head->mark, &mark, t))
        ;
    atomic_store(&f->epoch->wall_ms, wall);
}

/* The other record is filled first and named by one store. */
static void new_epoch(struct limit_file *f, const struct limit_boot *boot, int64_t t)
{
    uint32_t which = (atomic_load(&f->head->which) & 1) ^ 1;
    struct limit_epoch *e = &f->head->epoch[which];
    memcpy(e->boot_id, boot->id, sizeof(e->boot_id));
    e->boot_ms = boot->now.boot_ms - t;
    atomic_store(&e->wall_ms, boot->now.wall_ms - t);
    atomic_store(&f->head->which, which);
    f->epoch = e;
}

/* In the same boot its clock goes on. One that lies is another's: a container may carry
 * the boot id of its host and a clock of its own. */
static bool same_boot(const struct limit_epoch *e, const struct limit_boot *boot,
                      int64_t least)
{
    return boot->id[0] && strncmp(e->boot_id, boot->id, sizeof(e->boot_id)) == 0 &&
           boot->now.boot_ms - e->boot_ms >= least - LIMIT_MARK_MS;
}

/* After a reboot the wall clock has gone on, give or take: it may have been set back,
 * so time is at least what it is known to have been. Set forward while the machine was
 * off is not told from off for long. */
void limit_file_start(struct limit_file *f, const struct limit_boot *boot,
                      int64_t newest)
{
    f->epoch = &f->head->epoch[atomic_load(&f->head->which) & 1];
    int64_t least = atomic_load(&f->head->mark);
    if (least < newest)
        least = newest;
    if (!same_boot(f->epoch, boot, least)) {
        int64_t wall = atomic_load(&f->epoch->wall_ms) + LIMIT_SLACK_MS;
        int64_t t = boot->now.wall_ms - wall;
        new_epoch(f, boot, t < least ? least : t);
    }
    f->base = f->epoch->boot_ms;
    limit_file_time(f, &boot->now);
}

/* ---- opening ---- */

static int refuse(struct buf *why, int err, const char *path, const char *sentence)
{
    buf_fmt(why, "%s: %s", path, sentence);
    if (err == ERR_CORRUPT)
        buf_lit(why, "; move it away, and all limits begin anew");
    return err;
}

static int refuse_errno(struct buf *why, const char *path, int errnum)
{
    return refuse(why, full_or_io(errnum), path, strerror(errnum));
}

static int reserve(struct limit_file *f, const char *path, struct buf *why)
{
    void *p = MAP_FAILED;
    f->reserve = (size_t)1 << 37;
    do {
        f->reserve /= 2; /* under `ulimit -v` there may be less */
        p = mmap(NULL, f->reserve, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    } while (p == MAP_FAILED && f->reserve > (size_t)1 << 30);
    if (p == MAP_FAILED)
        return refuse_errno(why, path, errno);
    f->map = p;
    f->head = p;
    return 0;
}

static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder)
        abort();
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    if (fd >= 0)
        close(fd);
    free(folder);
    return failed ? ERR_IO : 0;
}

/* The first boot needs no id: any is another one, and file time starts at 0. */
static int make(struct limit_file *f, const char *path, struct buf *why)
{
    int err = posix_fallocate(f->fd, 0, FIRST);
    if (err)
        return refuse_errno(why, path, err);
    atomic_store(&f->size, FIRST);
    memset(f->map, 0, PAGE);
    f->head->version = VERSION;
    atomic_store(&f->head->used, PAGE);
    atomic_store(&f->head->epoch[0].wall_ms, never);
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(f->head->magic, magic, sizeof(magic));
    if (limit_file_flush(f) || sync_folder(path))
        return refuse_errno(why, path, errno);
    return 0;
}

static bool sane(const struct limit_head *h)
{
    uint64_t used = atomic_load(&h->used);
    const struct limit_epoch *e = &h->epoch[atomic_load(&h->which) & 1];
    int64_t mark = atomic_load(&h->mark), wall = atomic_load(&e->wall_ms);
    return used >= PAGE && used % sizeof(struct limit_slot) == 0 && mark >= 0 &&
           mark < never && wall >= -never && wall <= never && e->boot_ms >= -never &&
           e->boot_ms <= never;
}

static int look(struct limit_file *f, const char *path, struct buf *why)
{
    size_t size = atomic_load(&f->size);
    if (size < PAGE || memcmp(f->head->magic, magic, sizeof(magic)) != 0)
        return refuse(why, ERR_CORRUPT, path, "is no file of limits");
    if (f->head->version != VERSION)
        return refuse(why, ERR_CORRUPT, path,
                      "is of another version than this program");
    if (atomic_load(&f->head->used) > size)
        return refuse(why, ERR_CORRUPT, path, "has been cut short");
    if (!sane(f->head))
        return refuse(why, ERR_CORRUPT, path, "does not hold what was written");
    int err = posix_fallocate(f->fd, 0, (off_t)size); /* a copy may have holes */
    return err ? refuse_errno(why, path, err) : 0;
}

static int claim_chunks(struct limit_file *f, const char *path, struct buf *why)
{
    for (unsigned k = 0; k < LIMIT_CHUNKS; k++) {
        uint64_t at = atomic_load(&f->head->chunk[k]);
        if (at && !inside(f, at, chunk_bytes(k)))
            return refuse(why, ERR_CORRUPT, path, "names slots outside of itself");
        if (at)
            claim(f, at, chunk_bytes(k));
    }
    return 0;
}

/* An empty file, or one whose making was cut off by power loss. */
static bool blank(const struct limit_file *f)
{
    static const char zeros[sizeof(struct limit_head)];
    size_t size = atomic_load(&f->size);
    return size == 0 || (size == FIRST && memcmp(f->map, zeros, sizeof(zeros)) == 0);
}

static int open_locked(struct limit_file *f, const char *path, struct buf *why)
{
    struct stat st;
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f->fd < 0 || fstat(f->fd, &st) != 0)
        return refuse_errno(why, path, errno);
    if (!S_ISREG(st.st_mode))
        return refuse(why, ERR_CORRUPT, path, "is no file of limits");
    if (flock(f->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? refuse(why, ERR_BUSY, path, "another process has it")
                   : refuse_errno(why, path, errno);
    if (fstat(f->fd, &st) != 0) /* again: it may have been growing until now */
        return refuse_errno(why, path, errno);
    atomic_store(&f->size, (size_t)st.st_size);
    return 0;
}

int limit_file_open(struct limit_file *f, const char *path, struct buf *why)
{
    *f = (struct limit_file){.fd = -1};
    pthread_mutex_init(&f->lock, NULL);
    int err = open_locked(f, path, why);
    if (!err)
        err = reserve(f, path, why);
    if (!err)
        err = blank(f) ? make(f, path, why) : look(f, path, why);
    if (!err)
        err = claim_chunks(f, path, why);
    if (err)
        limit_file_close(f);
    return err;
}

void limit_file_close(struct limit_file *f)
{
    if (f->map)
        munmap(f->map, f->reserve);
    if (f->fd >= 0)
        close(f->fd);
    for (unsigned bits = 0; bits <= LIMIT_BITS_MAX; bits++)
        free(f->freed[bits].at);
    free(f->retired);
    free(f->claim);
    pthread_mutex_destroy(&f->lock);
}
