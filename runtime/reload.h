#ifndef KORDLESS_RELOAD_H
#define KORDLESS_RELOAD_H

/* A reload is a transaction: everything is read once, checked and built aside, and then
 * all of it goes live, or nothing. Main's alone. */

#include "server.h"

enum reload_kind {
    RELOAD_LIVE,    /* what is on disk */
    RELOAD_DRY,     /* the same, short of going live */
    RELOAD_ROLLBACK /* the sources before these, and pins them until the next reload */
};

/* 0: `report` is a JSON object that says what changed. Else nothing did, and `faults`
 * has a line each, file:line first. Logs the outcome either way, and what went live
 * stands in the audit as `actor`'s doing. ERR_INVALID; ERR_BUSY:
 * requests of too many generations still run; ERR_NOT_FOUND: nothing to roll back to.
 */
int reload_run(struct server *s, enum reload_kind kind, struct str actor,
               struct buf *report, struct buf *faults) MUST_CHECK;
/* Makes the live sources the last good ones, with or without the pin. False: they could
 * not be kept, which has been logged. */
bool reload_keep(struct server *s, bool pinned);
void reload_log_faults(struct server *s, const char *event, struct str lines);

#endif
