#include "scribe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct scribe {
    char path[4200];
    struct log *log;
    pthread_t thread;
    pthread_mutex_t lock; /* guards all down to the line */
    pthread_cond_t more;
    struct buf queue; /* whole lines */
    long queued;      /* of them */
    uint64_t written, dropped;
    uint64_t told; /* of the dropped: those the file speaks of */
    char *tail[SCRIBE_TAIL];
    uint64_t n_tail; /* ever */
    bool stop;
    /* ---- the thread's own */
    int fd;
    off_t size;
    struct buf out;
    bool failing; /* the last write failed, and that was logged */
};

static int open_file(struct scribe *s)
{
    struct stat st;
    s->fd = open(s->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (s->fd < 0 || fstat(s->fd, &st) != 0)
        return ERR_IO;
    s->size = st.st_size;
    return 0;
}

static void turn_over(struct scribe *s)
{
    char old[4210];
    snprintf(old, sizeof(old), "%s.1", s->path);
    close(s->fd);
    s->fd = -1;
    if (rename(s->path, old) != 0)
        LOG(s->log, LOG_ERROR, "scribe_not_turned_over", LOG_C("path", s->path),
            LOG_N("errno", errno));
}

/* All of it, or none that counts: half a line is cut off again. */
static int write_all(struct scribe *s, struct str text)
{
    if (s->fd < 0 && open_file(s))
        return ERR_IO;
    size_t at = 0;
    while (at < text.n) {
        ssize_t n = write(s->fd, text.p + at, text.n - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (ftruncate(s->fd, s->size) != 0)
                s->size += (off_t)at;
            return ERR_IO;
        }
        at += (size_t)n;
    }
    s->size += (off_t)text.n;
    return 0;
}

static void note_failure(struct scribe *s, int err)
{
    if (err && !s->failing)
        LOG(s->log, LOG_ERROR, "scribe_cannot_write", LOG_C("path", s->path),
            LOG_N("errno", errno));
    s->failing = err != 0;
}

/* Takes what queued, writes it without the lock, and counts what came of it. */
static void write_queue(struct scribe *s)
{
    struct buf taken = s->queue;
    long n = s->queued;
    uint64_t missing = s->dropped - s->told;
    s->queue = s->out;
    s->queued = 0;
    pthread_mutex_unlock(&s->lock);
    if (missing)
        buf_fmt(&taken, "{\"dropped\":%llu}\n", (unsigned long long)missing);
    if (s->size + (off_t)taken.n > SCRIBE_FILE && s->size > 0)
        turn_over(s);
    int err = write_all(s, buf_slice(&taken));
    note_failure(s, err);
    buf_clear(&taken);
    pthread_mutex_lock(&s->lock);
    s->out = taken;
    s->told += err ? 0 : missing;
    s->written += err ? 0 : (uint64_t)n;
    s->dropped += err ? (uint64_t)n : 0;
}

static void *scribe_main(void *ctx)
{
    struct scribe *s = ctx;
    pthread_mutex_lock(&s->lock);
    while (!s->stop || s->queued) {
        if (s->queued)
            write_queue(s);
        else
            pthread_cond_wait(&s->more, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int scribe_open(struct scribe **out, const char *path, struct log *log, struct buf *why)
{
    struct scribe *s = calloc(1, sizeof(*s));
    if (!s || pthread_mutex_init(&s->lock, NULL) != 0 ||
        pthread_cond_init(&s->more, NULL) != 0)
        abort();
    snprintf(s->path, sizeof(s->path), "%s", path);
    s->log = log;
    buf_init(&s->queue);
    buf_init(&s->out);
    int err = open_file(s);
    if (err)
        buf_fmt(why, "%s cannot be written (errno %d)", path, errno);
    if (!err && pthread_create(&s->thread, NULL, scribe_main, s) != 0) {
        buf_fmt(why, "a thread for %s cannot start", path);
        err = ERR_IO;
    }
    if (!err) {
        *out = s;
        return 0;
    }
    if (s->fd >= 0)
        close(s->fd);
    free(s);
    return err;
}

void scribe_close(struct scribe *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    if (s->fd >= 0)
        close(s->fd);
    for (int i = 0; i < SCRIBE_TAIL; i++)
        free(s->tail[i]);
    buf_end(&s->queue);
    buf_end(&s->out);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->more);
    free(s);
}

static void keep(struct scribe *s, struct str line)
{
    char **place = &s->tail[s->n_tail++ % SCRIBE_TAIL];
    free(*place);
    *place = strndup(line.p, line.n);
    if (!*place)
        abort();
}

void scribe_line(struct scribe *s, struct str line)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    if (line.n > SCRIBE_LINE || s->queue.n + line.n + 1 > SCRIBE_QUEUE) {
        s->dropped++;
    } else {
        buf_str(&s->queue, line);
        buf_char(&s->queue, '\n');
        s->queued++;
        keep(s, line);
        pthread_cond_signal(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
}

static uint64_t read_count(struct scribe *s, const uint64_t *count)
{
    pthread_mutex_lock(&s->lock);
    uint64_t n = *count;
    pthread_mutex_unlock(&s->lock);
    return n;
}

uint64_t scribe_written(struct scribe *s)
{
    return s ? read_count(s, &s->written) : 0;
}

uint64_t scribe_dropped(struct scribe *s)
{
    return s ? read_count(s, &s->dropped) : 0;
}

void scribe_tail(struct scribe *s, int n, struct buf *out)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < n && i < SCRIBE_TAIL && (uint64_t)i < s->n_tail; i++) {
        if (i)
            buf_char(out, ',');
        buf_str(out, str_of(s->tail[(s->n_tail - 1 - (uint64_t)i) % SCRIBE_TAIL]));
    }
    pthread_mutex_unlock(&s->lock);
}
