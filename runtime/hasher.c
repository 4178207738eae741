#include "hasher.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { THREADS_MAX = 4 };

struct hasher {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t threads[THREADS_MAX];
    int n_threads, queued, queue_max;
    struct hash_job *first, *last;
    void (*run)(struct hashing *h);
    bool stopping;
};

static struct hash_job *take(struct hasher *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->stopping)
        pthread_cond_wait(&p->work, &p->lock);
    struct hash_job *j = p->stopping ? NULL : p->first;
    if (j) {
        p->first = j->next;
        p->queued--;
    }
    pthread_mutex_unlock(&p->lock);
    return j;
}

static void *hash(void *ctx)
{
    struct hasher *p = ctx;
    struct hash_job *j;
    while ((j = take(p)) != NULL) {
        p->run(&j->h);
        j->done(j);
    }
    return NULL;
}

int hasher_new(struct hasher **out, int threads, int queue_max,
               void (*run)(struct hashing *h))
{
    struct hasher *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->queue_max = queue_max;
    p->run = run;
    if (pthread_mutex_init(&p->lock, NULL) || pthread_cond_init(&p->work, NULL))
        abort();
    while (p->n_threads < threads && p->n_threads < THREADS_MAX &&
           pthread_create(&p->threads[p->n_threads], NULL, hash, p) == 0)
        p->n_threads++;
    if (p->n_threads == 0) {
        hasher_free(p);
        return ERR_IO;
    }
    *out = p;
    return 0;
}

int hasher_queue(struct hasher *p, struct hash_job *j)
{
    int err = 0;
    pthread_mutex_lock(&p->lock);
    if (p->queued >= p->queue_max || p->stopping) {
        err = ERR_FULL;
    } else {
        j->next = NULL;
        *(p->first ? &p->last->next : &p->first) = j;
        p->last = j;
        p->queued++;
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

void hasher_stop(struct hasher *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (; p->n_threads; p->n_threads--)
        pthread_join(p->threads[p->n_threads - 1], NULL);
}

void hasher_free(struct hasher *p)
{
    if (!p)
        return;
    hasher_stop(p);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
