#include "watch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

struct watch {
    int fd;
};

int watch_new(struct watch **out)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0)
        return ERR_IO;
    *out = malloc(sizeof(**out));
    if (!*out)
        abort();
    (*out)->fd = fd;
    return 0;
}

void watch_free(struct watch *w)
{
    if (w)
        close(w->fd);
    free(w);
}

void watch_folder(struct watch *w, const char *path)
{
    int wd = inotify_add_watch(w->fd, path,
                               IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                   IN_CREATE | IN_DELETE | IN_ONLYDIR);
    (void)wd; /* not there: it is looked for again after the next reload */
}

int watch_fd(const struct watch *w)
{
    return w ? w->fd : -1;
}

static bool concerns_us(const struct inotify_event *e)
{
    size_t n = e->len ? strlen(e->name) : 0;
    if (e->mask & (IN_ISDIR | IN_Q_OVERFLOW))
        return true;
    /* editors write aside, under dotted names and with tildes */
    return n > 4 && e->name[0] != '.' &&
           (strcmp(e->name + n - 4, ".lua") == 0 ||
            strcmp(e->name + n - 4, ".sql") == 0);
}

bool watch_edited(struct watch *w)
{
    _Alignas(struct inotify_event) char
        b[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    bool edited = false;
    ssize_t n;
    while ((n = read(w->fd, b, sizeof(b))) > 0) {
        for (char *p = b; p < b + n;) {
            struct inotify_event e;
            memcpy(&e, p, sizeof(e));
            edited =
                concerns_us((const struct inotify_event *)(const void *)p) || edited;
            p += sizeof(e) + e.len;
        }
    }
    return edited;
}
