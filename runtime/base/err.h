#ifndef KORDLESS_BASE_ERR_H
#define KORDLESS_BASE_ERR_H

/* Errors are values: a fallible function returns 0 or one of these, and its caller
 * must look. The sentence for people is logged once, where the cause is known. */

enum err {
    ERR_NOMEM = -1,       /* a quota of ours, never malloc: that aborts */
    ERR_IO = -2,          /* the kernel or the disk said no */
    ERR_FULL = -3,        /* no room: disk, queue or table */
    ERR_INVALID = -4,     /* the bytes are not what they should be */
    ERR_TOO_LARGE = -5,   /* over a cap */
    ERR_NOT_FOUND = -6,   /* no such thing */
    ERR_EXISTS = -7,      /* there is one already; a UNIQUE or a key */
    ERR_BUSY = -8,        /* somebody else holds it; later it may work */
    ERR_DENIED = -9,      /* not allowed to the one who asks */
    ERR_CORRUPT = -10,    /* a file of ours does not hold what we wrote */
    ERR_CLOSED = -11,     /* it is shutting down, or the peer is gone */
    ERR_BUDGET = -12,     /* used up its instructions */
    ERR_CONSTRAINT = -13, /* a CHECK, a foreign key or a RAISE(ABORT) */
    ERR_ENDED = -14       /* who asked is not let in any more */
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* One lower-case word for logs. Never NULL. */
const char *err_name(int err);

#endif
