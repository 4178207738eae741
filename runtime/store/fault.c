/* Failures on demand. SQLite's own VFS under another name, but for two methods of its
 * files: we let it open each file and exchange the table of methods for a copy in which
 * write and sync are ours. It has several such tables (with locks, without), which
 * differ in other methods only. Nothing here runs unless db_fail_after was called. */

#include "store/inside.h"

#include <pthread.h>
#include <stdatomic.h>

enum { TABLES = 4 };

/* SQLite has one list of VFSs for the process, so this is one too; the only mutable
 * state of the room. */
static struct {
    pthread_mutex_t lock;
    sqlite3_vfs *real, ours;
    const sqlite3_io_methods *theirs[TABLES];
    sqlite3_io_methods copy[TABLES];
    int (*write)(sqlite3_file *, const void *, int, sqlite3_int64);
    int (*sync)(sqlite3_file *, int);
    atomic_int left; /* writes to go before the failure; 0: none is planned */
    atomic_int code; /* SQLite's */
    atomic_bool for_good;
} fault = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int strike(int otherwise_io)
{
    int left = atomic_load(&fault.left);
    while (left > 1 && !atomic_compare_exchange_weak(&fault.left, &left, left - 1))
        ;
    if (left != 1)
        return SQLITE_OK;
    if (!atomic_load(&fault.for_good) &&
        !atomic_compare_exchange_strong(&fault.left, &left, 0))
        return SQLITE_OK;
    int code = atomic_load(&fault.code);
    return code == SQLITE_IOERR ? otherwise_io : code;
}

static int our_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    int rc = strike(SQLITE_IOERR_WRITE);
    return rc ? rc : fault.write(f, p, n, at);
}

static int our_sync(sqlite3_file *f, int flags)
{
    int rc = strike(SQLITE_IOERR_FSYNC);
    return rc ? rc : fault.sync(f, flags);
}

/* Our copy of a table of methods, made when it is first met. */
static const sqlite3_io_methods *copy_of(const sqlite3_io_methods *io)
{
    for (int i = 0; i < TABLES; i++) {
        if (fault.theirs[i] && fault.theirs[i] != io)
            continue;
        if (!fault.theirs[i]) {
            fault.theirs[i] = io;
            fault.copy[i] = *io;
            fault.write = io->xWrite;
            fault.sync = io->xSync;
            fault.copy[i].xWrite = our_write;
            fault.copy[i].xSync = our_sync;
        }
        return &fault.copy[i];
    }
    return io;
}

static int our_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
                    int *out_flags)
{
    (void)vfs;
    int rc = fault.real->xOpen(fault.real, name, f, flags, out_flags);
    pthread_mutex_lock(&fault.lock);
    if (rc == SQLITE_OK && f->pMethods)
        f->pMethods = copy_of(f->pMethods);
    pthread_mutex_unlock(&fault.lock);
    return rc;
}

static void install(void)
{
    pthread_mutex_lock(&fault.lock);
    if (!fault.real) {
        fault.real = sqlite3_vfs_find(NULL);
        fault.ours = *fault.real;
        fault.ours.zName = "kordless-fault";
        fault.ours.xOpen = our_open;
        sqlite3_vfs_register(&fault.ours, 1);
    }
    pthread_mutex_unlock(&fault.lock);
}

void db_fail_after(int writes, int err)
{
    install();
    atomic_store(&fault.left, 0);
    atomic_store(&fault.code, err == ERR_FULL ? SQLITE_FULL : SQLITE_IOERR);
    atomic_store(&fault.for_good, writes < 0);
    atomic_store(&fault.left, writes < 0 ? -writes : writes);
}
