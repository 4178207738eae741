#include "lastgood.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const links[] = {"good", "before"};

/* --- small steps --- */

static int failed(struct buf *why, const char *path)
{
    buf_fmt(why, "%s: cannot be written: %s", path, strerror(errno));
    return ERR_IO;
}

static int make_parents(char *path, size_t from)
{
    for (char *p = path + from; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        int err = mkdir(path, 0700) != 0 && errno != EEXIST ? ERR_IO : 0;
        *p = '/';
        if (err)
            return err;
    }
    return 0;
}

static int write_file(const char *path, struct str text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t done = 0;
    while (fd >= 0 && done < text.n) {
        ssize_t n = write(fd, text.p + done, text.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    bool good = fd >= 0 && done == text.n && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    return good ? 0 : ERR_IO;
}

static int sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) != 0 ? ERR_IO : 0;
    if (fd >= 0)
        close(fd);
    return err;
}

static int sync_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)at;
    return type == FTW_DP ? sync_dir(path) : 0; /* files are synced as written */
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path) != 0 && errno != ENOENT;
}

enum { OPEN_AT_ONCE = 8 };

static int walk(const char *path, __nftw_func_t each)
{
    return nftw(path, each, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS) ? ERR_IO : 0;
}

/* The folder's name behind a link; false when there is none. */
static bool read_link(struct arena *a, const char *data, enum lastgood which,
                      char out[17])
{
    const char *path = arena_fmt(a, "%s/last-good/%s", data, links[which]).p;
    ssize_t n = readlink(path, out, 17);
    if (n != 16)
        return false;
    out[16] = '\0';
    return true;
}

/* A link is replaced, never missing. */
static int set_link(struct arena *a, const char *root, enum lastgood which,
                    const char *to)
{
    const char *path = arena_fmt(a, "%s/%s", root, links[which]).p;
    const char *aside = arena_fmt(a, "%s/.link", root).p;
    if (unlink(aside) != 0 && errno != ENOENT)
        return ERR_IO;
    return symlink(to, aside) != 0 || rename(aside, path) != 0 ? ERR_IO : 0;
}

/* --- keeping --- */

static void read_text(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "re");
    size_t n;
    while (f && (n = fread(buf_reserve(out, 4096), 1, 4096, f)) > 0)
        out->n += n;
    if (f)
        fclose(f);
}

/* A file that stands alike in the last good folder is the same file: what a reload did
 * not change needs no writing. */
static int put_file(const char *old, const char *path, struct str text)
{
    struct buf was;
    buf_init(&was);
    read_text(old, &was);
    bool same = text.n > 0 && str_eq(buf_slice(&was), text);
    buf_end(&was);
    return same && link(old, path) == 0 ? 0 : write_file(path, text);
}

static int write_all(struct arena *a, const char *root, const char *dir,
                     const struct source_list *l)
{
    struct buf hashes;
    int err = mkdir(dir, 0700) != 0 ? ERR_IO : 0;
    buf_init(&hashes);
    for (int i = 0; i < l->n && !err; i++) {
        const struct source_file *f = &l->files[i];
        struct str path = arena_fmt(a, "%s/%s", dir, f->name.p);
        err = make_parents(arena_cstr(a, path), strlen(dir) + 1);
        if (!err)
            err = put_file(arena_fmt(a, "%s/good/%s", root, f->name.p).p, path.p,
                           f->text);
        buf_fmt(&hashes, "%s  %s\n", f->hash, f->name.p);
    }
    if (!err)
        err = write_file(arena_fmt(a, "%s/hashes", dir).p, buf_slice(&hashes));
    buf_end(&hashes);
    return err ? err : walk(dir, sync_one);
}

static int make_folder(struct arena *a, const char *root, const struct source_list *l)
{
    const char *dir = arena_fmt(a, "%s/%s", root, l->hash).p;
    const char *aside = arena_fmt(a, "%s/.new", root).p;
    struct stat st;
    if (stat(dir, &st) == 0)
        return 0;
    int err = stat(aside, &st) == 0 ? walk(aside, remove_one) : 0;
    if (!err)
        err = write_all(a, root, aside, l);
    if (!err && rename(aside, dir) != 0)
        err = ERR_IO;
    return err;
}

static int keep(struct arena *a, const char *data, const struct source_list *l)
{
    const char *root = arena_fmt(a, "%s/last-good", data).p;
    char good[17], before[17];
    if (mkdir(root, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    bool had = read_link(a, data, LASTGOOD_GOOD, good);
    bool old = read_link(a, data, LASTGOOD_BEFORE, before);
    if (had && strcmp(good, l->hash) == 0)
        return 0;
    int err = make_folder(a, root, l);
    if (!err && had) /* this one first: a crash in between loses no good one */
        err = set_link(a, root, LASTGOOD_BEFORE, good);
    if (!err)
        err = set_link(a, root, LASTGOOD_GOOD, l->hash);
    if (!err)
        err = sync_dir(root);
    if (!err && old && strcmp(before, l->hash) != 0 &&
        (!had || strcmp(before, good) != 0))
        err = walk(arena_fmt(a, "%s/%s", root, before).p, remove_one);
    return err;
}

int lastgood_keep(const char *data, const struct source_list *l, struct buf *why)
{
    struct arena a;
    arena_init(&a);
    int err = keep(&a, data, l);
    if (err)
        failed(why, arena_fmt(&a, "%s/last-good", data).p);
    arena_end(&a);
    return err;
}

/* --- taking them back --- */

int lastgood_options(struct arena *a, const char *data, enum lastgood which,
                     const struct generation_options *now,
                     struct generation_options *out)
{
    char name[17];
    struct stat st;
    const char **extra = arena_zero(a, sizeof(*extra) * (size_t)(now->n_extra + 1));
    if (!read_link(a, data, which, name))
        return ERR_NOT_FOUND;
    const char *root = arena_fmt(a, "%s/last-good/%s", data, name).p;
    *out = *now;
    out->kept = true;
    out->scripts = arena_fmt(a, "%s/scripts", root).p;
    out->plugins = arena_fmt(a, "%s/plugins", root).p;
    out->extra = extra;
    out->n_extra = 0;
    for (int i = 0; i < now->n_extra; i++) {
        struct str path = str_of(now->extra[i]);
        while (path.n > 1 && path.p[path.n - 1] == '/')
            path.n--;
        const char *slash = memrchr(path.p, '/', path.n);
        size_t skip = slash ? (size_t)(slash + 1 - path.p) : 0;
        const char *kept =
            arena_fmt(a, "%s/%.*s", out->plugins, (int)(path.n - skip), path.p + skip)
                .p;
        if (stat(kept, &st) == 0) /* one that came later was not part of it */
            extra[out->n_extra++] = kept;
    }
    return 0;
}

/* Every file that was read must stand in `hashes` as it is now. */
int lastgood_verify(const char *data, enum lastgood which, const struct source_list *l,
                    struct buf *faults)
{
    struct arena a;
    struct buf hashes;
    int err = 0;
    arena_init(&a);
    buf_init(&hashes);
    const char *at = arena_fmt(&a, "%s/last-good/%s", data, links[which]).p;
    read_text(arena_fmt(&a, "%s/hashes", at).p, &hashes);
    for (int i = 0; i < l->n; i++) {
        const struct source_file *f = &l->files[i];
        struct str line = arena_fmt(&a, "%s  %s\n", f->hash, f->name.p);
        if (hashes.n && memmem(hashes.p, hashes.n, line.p, line.n))
            continue;
        buf_fmt(faults, "%s/%s: was changed since it was kept\n", at, f->name.p);
        err = ERR_CORRUPT;
    }
    buf_end(&hashes);
    arena_end(&a);
    return err;
}

static void pin_path(const char *data, struct buf *out)
{
    buf_init(out);
    buf_fmt(out, "%s/last-good/pinned%c", data, '\0');
}

bool lastgood_pinned(const char *data)
{
    struct buf path;
    pin_path(data, &path);
    bool pinned = access(path.p, F_OK) == 0;
    buf_end(&path);
    return pinned;
}

int lastgood_pin(const char *data, bool pinned)
{
    struct buf path;
    int err = 0;
    pin_path(data, &path);
    if (pinned)
        err = write_file(path.p, STR("kordless reload takes this away\n"));
    else if (unlink(path.p) != 0)
        err = errno == ENOENT ? 0 : ERR_IO;
    path.p[path.n - 1 - strlen("/pinned")] = '\0'; /* its folder */
    if (!err && access(path.p, F_OK) == 0)
        err = sync_dir(path.p);
    buf_end(&path);
    return err;
}
