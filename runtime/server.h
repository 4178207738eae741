#ifndef KORDLESS_SERVER_H
#define KORDLESS_SERVER_H

/* The server as a whole, for the main thread: up and down in order, housekeeping,
 * reload.
 */

#include "lua/generation.h"
#include "net/listen.h"
#include "shared.h"

struct worker;

enum origin { ORIGIN_DISK, ORIGIN_LAST_GOOD, ORIGIN_PINNED }; /* of the live sources */

struct server { /* main's own; threads see only `shared` */
    struct shared shared;
    struct worker **workers;
    int n_workers;
    struct listen_address address;
    struct generation *generation;  /* the live one */
    struct generation *retired[64]; /* let go of once no worker holds them */
    int n_retired;
    struct generation_options sources;
    struct db *db; /* read-only, for reloads */
    int lock_fd;
    int64_t swept_ms, flushed_ms, started_ms; /* the last on the steady clock */
    struct {
        struct tally *spare; /* empty, for the next worker */
        int64_t flushed_ms, swept_ms, complained_ms;
    } counts; /* counts.c's own, on the steady clock */
    struct {  /* the last that was to go live, as status tells; reload.c's own */
        int64_t wall_ms; /* 0: none since the start */
        bool rollback, live;
        struct buf faults; /* a line each */
    } last_reload;
    enum origin origin;
    bool first_token; /* this start made DIR/operator-token */
    char data[4096], db_path[4200];
};

struct server_options {
    const char *data, *scripts, *plugins;
    const char *const *load; /* more plugin folders */
    int n_load;
    const char *listen; /* NULL: as scripts/kordless.lua says, else 127.0.0.1:8080 */
    bool no_listen; /* neither TCP nor the administrator's socket: a command's own */
    bool strict;    /* a reply that is not what its route declares fails: for authors */
    struct kit *kit; /* of specs, outlives the server; NULL: the world is the world */
    int workers;     /* 0: settings, else one per core */
    int group;       /* members a commit; 0: no bound */
    enum log_format log_format;
    enum log_level log_level;
};

/* Brings everything up in order; on failure everything is down again and `why` says
 * what to do. ERR_BUSY: another process holds DIR/lock. */
int server_open(struct server **out, const struct server_options *o,
                struct buf *why) MUST_CHECK;
/* A second or so of housekeeping: limits synced, last use flushed, sweeps. From main.
 */
void server_tick(struct server *s);
/* Room for one more generation? ERR_BUSY, with a line in `faults`. From main. */
int server_room(struct server *s, struct buf *faults) MUST_CHECK;
/* It is built, and goes live; the one before is let go of when its last call ends. */
void server_adopt(struct server *s, struct generation *g);
/* A connection to the first worker as an operator, without a socket file. */
int server_connect(struct server *s, int *fd) MUST_CHECK;
/* Drains, and brings all down in order. */
void server_close(struct server *s, int64_t drain_ms);

#endif
