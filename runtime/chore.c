#include "chore.h"

static void done(struct write *w)
{
    struct chore *c = (struct chore *)w;
    if (w->result == 0 && c->kept)
        c->kept(c);
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->cond);
    pthread_mutex_unlock(&c->lock);
}

int chore_wait(struct writer *w, struct chore *c)
{
    c->w.done = done;
    c->w.bookkeeping = true;
    c->done = false;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->cond, NULL);
    int err = writer_queue(w, &c->w);
    if (!err) {
        pthread_mutex_lock(&c->lock);
        while (!c->done)
            pthread_cond_wait(&c->cond, &c->lock);
        pthread_mutex_unlock(&c->lock);
        err = c->w.result;
    }
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->cond);
    return err;
}
