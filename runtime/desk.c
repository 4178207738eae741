#include "desk.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct desk {
    pthread_mutex_t lock; /* guards all below */
    struct desk_job *first, **last;
    bool open;
    int fd; /* an eventfd: readable while a job may wait */
};

struct desk *desk_new(void)
{
    struct desk *d = calloc(1, sizeof(*d));
    if (!d || pthread_mutex_init(&d->lock, NULL) != 0)
        abort();
    d->last = &d->first;
    d->fd = -1;
    return d;
}

void desk_free(struct desk *d)
{
    if (!d)
        return;
    if (d->fd >= 0)
        close(d->fd);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

int desk_open(struct desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->open = d->fd >= 0;
    pthread_mutex_unlock(&d->lock);
    return d->fd;
}

void desk_close(struct desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->open = false;
    pthread_mutex_unlock(&d->lock);
}

/* The bell is silenced before the queue is looked at: a job that comes later rings
 * again. */
struct desk_job *desk_take(struct desk *d)
{
    eventfd_t rung;
    pthread_mutex_lock(&d->lock);
    struct desk_job *j = d->first;
    if (j)
        d->first = j->next;
    if (!d->first) {
        d->last = &d->first;
        if (d->fd >= 0 && eventfd_read(d->fd, &rung) != 0)
            rung = 0; /* it was silent already */
    }
    pthread_mutex_unlock(&d->lock);
    return j;
}

int desk_ask(struct desk *d, struct desk_job *j)
{
    pthread_mutex_lock(&d->lock);
    bool open = d->open;
    if (open) {
        j->next = NULL;
        *d->last = j;
        d->last = &j->next;
        if (eventfd_write(d->fd, 1) != 0)
            abort(); /* only a full counter fails, and we ring 2^64 times never */
    }
    pthread_mutex_unlock(&d->lock);
    return open ? 0 : ERR_CLOSED;
}
