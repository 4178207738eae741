#include "store/reader.h"

#include <stdlib.h>

struct reader {
    struct db *db;
    struct writer *w;
    bool inside;   /* a read transaction is open, */
    uint64_t seen; /* and holds at least this many commits */
    uint64_t begins;
};

int reader_open(struct reader **out, const char *path, struct writer *w,
                struct buf *why)
{
    struct reader *r = calloc(1, sizeof(*r));
    if (!r)
        abort();
    r->w = w;
    *out = r;
    int err = db_open(&r->db, path, DB_READ, why);
    if (err) {
        free(r);
        *out = NULL;
    }
    return err;
}

void reader_close(struct reader *r)
{
    if (!r)
        return;
    db_close(r->db);
    free(r);
}

void reader_rest(struct reader *r)
{
    if (!r->inside)
        return;
    db_reset(r->db);
    db_rollback(r->db);
    r->inside = false;
}

int reader_fresh(struct reader *r, struct db **out)
{
    *out = r->db;
    db_fence(r->db, NULL);
    db_budget(r->db, NULL, NULL);
    if (writer_gate(r->w)) { /* first let go of what the checkpoint waits for */
        reader_rest(r);
        writer_gate_wait(r->w);
    }
    /* The number is read before the snapshot is taken: it may say too little, never too
     * much. */
    uint64_t commits = writer_commits(r->w);
    if (r->inside && r->seen == commits)
        return 0;
    reader_rest(r);
    int err = db_begin(r->db);
    r->inside = !err;
    r->seen = commits;
    r->begins += !err;
    return err;
}

uint64_t reader_begins(const struct reader *r)
{
    return r->begins;
}
