#include "aside.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct aside {
    pthread_mutex_t lock; /* guards all below */
    pthread_t thread;
    bool started; /* there is a thread to be joined */
    bool busy;
    void (*run)(void *ctx), (*done)(void *ctx);
    void *ctx;
};

struct aside *aside_new(void)
{
    struct aside *a = calloc(1, sizeof(*a));
    if (!a || pthread_mutex_init(&a->lock, NULL) != 0)
        abort();
    return a;
}

void aside_free(struct aside *a)
{
    if (!a)
        return;
    if (a->started)
        pthread_join(a->thread, NULL);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

static void *thread_main(void *p)
{
    struct aside *a = p;
    void (*done)(void *ctx) = a->done;
    void *ctx = a->ctx;
    a->run(ctx);
    pthread_mutex_lock(&a->lock);
    a->busy = false; /* whoever hears that it is done may ask for the next */
    pthread_mutex_unlock(&a->lock);
    done(ctx);
    return NULL;
}

int aside_run(struct aside *a, void (*run)(void *ctx), void (*done)(void *ctx),
              void *ctx)
{
    int err = 0;
    pthread_mutex_lock(&a->lock);
    if (a->busy) {
        err = ERR_BUSY;
    } else {
        if (a->started)
            pthread_join(a->thread, NULL); /* it has no more to do than to say so */
        a->run = run;
        a->done = done;
        a->ctx = ctx;
        a->started = a->busy = pthread_create(&a->thread, NULL, thread_main, a) == 0;
        err = a->busy ? 0 : ERR_BUSY;
    }
    pthread_mutex_unlock(&a->lock);
    return err;
}
