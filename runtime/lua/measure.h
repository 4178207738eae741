#ifndef KORDLESS_LUA_MEASURE_H
#define KORDLESS_LUA_MEASURE_H

/* What plugins count for GET /metrics: each lists its metrics in plugin.lua, at most
 * 32, without labels, so that no request can make a new one. A value outlives reloads:
 * cells are kept by name until the process ends. Any thread. */

#include <lua.h>
#include <stdatomic.h>

#include "base/buf.h"

struct fields;
struct manifest;

enum measure_type { MEASURE_COUNTER, MEASURE_GAUGE };

struct measure_cell {
    struct measure_cell *next;
    char *name; /* "kordless_plugin_notes_kept_total" */
    _Atomic int64_t value;
};

struct measure { /* as plugin.lua declares it */
    struct str name, help;
    enum measure_type type;
    struct measure_cell *cell; /* NULL in sources that never go live */
};

struct measures; /* all cells of the process */
struct measures *measures_new(void);
void measures_free(struct measures *all);

/* `metrics` of a manifest. */
void measure_read(struct fields *f, struct manifest *out);
/* Finds or makes the cells of these. */
void measure_bind(struct measures *all, struct manifest *m);
/* As Prometheus text. */
void measure_put(const struct manifest *m, struct buf *b);

#endif
