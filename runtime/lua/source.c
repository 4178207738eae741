#include "lua/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/secret.h"

static int read_all(int fd, char *p, size_t n)
{
    while (n) {
        ssize_t got = read(fd, p, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ERR_IO;
        p += got;
        n -= (size_t)got;
    }
    return 0;
}

static int read_file(struct arena *a, const char *path, struct str *out,
                     struct buf *faults)
{
    struct stat st;
    int err = ERR_IO, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        buf_fmt(faults, "%s: cannot be read: %s\n", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_size > SOURCE_FILE_MAX) {
        buf_fmt(faults, "%s: is no regular file of at most 1 MiB\n", path);
    } else {
        char *p = arena_alloc(a, (size_t)st.st_size + 1);
        p[st.st_size] = '\0';
        *out = (struct str){p, (size_t)st.st_size};
        err = read_all(fd, p, out->n);
        if (err)
            buf_fmt(faults, "%s: changed while it was read\n", path);
    }
    if (fd >= 0)
        close(fd);
    return err;
}

static bool ends_with(struct str s, struct str tail)
{
    return s.n > tail.n && str_eq((struct str){s.p + s.n - tail.n, tail.n}, tail);
}

/* The names in a folder that end like this, sorted. */
static int list(struct arena *a, DIR *dir, const char *path, struct str tail,
                struct str *names, int *out, struct buf *faults)
{
    struct dirent *e;
    int n = 0, err = 0;
    while (!err && (e = readdir(dir)) != NULL) {
        struct str name = str_of(e->d_name);
        if (name.p[0] == '.' || !ends_with(name, tail))
            continue;
        if (n == SOURCE_FILES_MAX) {
            buf_fmt(faults, "%s: more than %d files\n", path, SOURCE_FILES_MAX);
            err = ERR_TOO_LARGE;
            break;
        }
        int i = n++;
        for (; i > 0 && str_cmp(name, names[i - 1]) < 0; i--)
            names[i] = names[i - 1];
        names[i] = arena_str(a, name);
    }
    closedir(dir);
    *out = n;
    return err;
}

static int read_sources(struct arena *a, struct folder *f, struct str *names, int n,
                        struct buf *faults)
{
    int err = 0;
    f->files = arena_zero(a, sizeof(*f->files) * (size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        struct source *s = &f->files[f->n_files++];
        s->name = arena_fmt(a, "%s/%s", f->path.p, names[i].p);
        s->module = arena_str(a, (struct str){names[i].p, names[i].n - 4});
        int e = read_file(a, s->name.p, &s->text, faults);
        err = err ? err : e;
    }
    return err;
}

static int read_migrations(struct arena *a, struct folder *f, struct str *names,
                           struct buf *faults)
{
    struct str path = arena_fmt(a, "%s/migrations", f->path.p);
    DIR *dir = opendir(path.p);
    int n = 0, err = dir ? list(a, dir, path.p, STR(".sql"), names, &n, faults) : 0;
    f->migrations = arena_zero(a, sizeof(*f->migrations) * (size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        struct migration *m = &f->migrations[f->n_migrations++];
        m->name = arena_str(a, (struct str){names[i].p, names[i].n - 4});
        int e =
            read_file(a, arena_fmt(a, "%s/%s", path.p, names[i].p).p, &m->sql, faults);
        err = err ? err : e;
    }
    return err;
}

int source_read(struct arena *a, const char *path, struct folder *out,
                struct buf *faults)
{
    struct str names[SOURCE_FILES_MAX];
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    *out = (struct folder){.path = arena_str(a, (struct str){path, n})};
    const char *slash = strrchr(out->path.p, '/');
    out->name = str_of(slash ? slash + 1 : out->path.p);
    DIR *dir = opendir(out->path.p);
    if (!dir) {
        buf_fmt(faults, "%s: cannot be read: %s\n", out->path.p, strerror(errno));
        return ERR_NOT_FOUND;
    }
    int found, err = list(a, dir, out->path.p, STR(".lua"), names, &found, faults);
    int e = read_sources(a, out, names, found, faults);
    err = err ? err : e;
    e = read_migrations(a, out, names, faults);
    return err ? err : e;
}

const struct source *source_find(const struct folder *f, struct str module)
{
    for (int i = 0; i < f->n_files; i++)
        if (str_eq(f->files[i].module, module))
            return &f->files[i];
    return NULL;
}

void source_hash(const struct source *s, char out[17])
{
    unsigned char digest[DIGEST_BYTES];
    secret_hash(s->text, digest);
    for (int i = 0; i < 8; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
