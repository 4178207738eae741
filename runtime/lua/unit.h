#ifndef KORDLESS_LUA_UNIT_H
#define KORDLESS_LUA_UNIT_H

/* One plugin's Lua state in one thread. A plugin has a unit per worker (its handlers)
 * and one on the writer (its transactions); the operator's policies have one per
 * worker. What leaks, is capped or is killed in a unit is that plugin's own. Only data
 * crosses. */

#include "lua/api.h"
#include "lua/manifest.h"
#include "lua/quarantine.h"
#include "lua/source.h"
#include "lua/vm.h"
#include "store/db.h"

struct zones;
struct log;
struct call;
struct tx;
struct policies;
struct settings;

enum unit_role { UNIT_HANDLERS, UNIT_TRANSACTIONS, UNIT_POLICY };

struct plugin {
    struct folder folder;
    struct manifest manifest;
    const struct folder **uses;      /* manifest.n_uses of them */
    const struct settings *settings; /* of its generation */
    unsigned long heard;             /* bits of its events that someone hooks */
    struct fence fence;              /* writes its own tables, reads what it lists */
    struct quarantine *quarantine;
    int index;
    int slot;    /* of its counts (metrics.h) */
    bool faulty; /* its manifest is no good, so nothing of it can be built */
};

struct unit {
    struct vm *vm;
    enum unit_role role;
    const struct plugin *plugin; /* NULL for policies */
    const struct folder *scripts;
    struct log *log;
    struct zones *zones;
    struct policies *policies; /* of the same worker; handlers only */
    struct unit *writer;       /* this plugin's transactions; handlers only */
    struct stmt *open;         /* a statement an error may have left behind */
    uint32_t steps;            /* of it, when it was begun */
    struct buf why;            /* of a require; here since an error jumps past */
    struct call *call;         /* running now: handlers */
    long calls;                /* begun and not ended, waiting ones too: handlers */
    struct tx *tx;             /* running now: transactions */
    struct api_grant grant;    /* what its `kordless` was made for */
    int table_ref;             /* handlers or transactions, by name */
    int *handler_refs;         /* by route: 1 … n_routes; handlers only */
};

struct unit_options {
    enum unit_role role;
    const struct plugin *plugin;
    const struct folder *scripts;
    struct zones *zones;
    struct log *log;
    struct policies *policies;
    struct unit *writer;
    bool exact; /* budgets: see vm_options */
};

/* Loads the role's file and checks that it has what the manifest names. Faults are
 * lines in `faults`; ERR_INVALID, ERR_NOMEM. A plugin without that file has an empty
 * table. */
int unit_new(struct unit **out, const struct unit_options *o,
             struct buf *faults) MUST_CHECK;
void unit_free(struct unit *u);
struct unit *unit_of(lua_State *L);
void unit_close(struct unit *u); /* gives a statement left open back */

#endif
