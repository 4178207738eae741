#ifndef KORDLESS_BASE_PROM_H
#define KORDLESS_BASE_PROM_H

/* Prometheus text, format 0.0.4: families and samples into a buffer. A family's head
 * comes once and before its samples, which is the caller's to see to. Pure. */

#include "base/buf.h"

enum prom_type { PROM_COUNTER, PROM_GAUGE, PROM_HISTOGRAM, PROM_SUMMARY };

struct prom_label {
    const char *name;
    struct str value; /* escaped; what is no UTF-8 is "?" */
};

void prom_head(struct buf *b, const char *name, enum prom_type type, const char *help);
/* `suffix`: "_sum" … of a histogram, or "". */
void prom_u64(struct buf *b, const char *name, const char *suffix,
              const struct prom_label *labels, int n_labels, uint64_t v);
/* Microseconds, shown in seconds. */
void prom_micros(struct buf *b, const char *name, const char *suffix,
                 const struct prom_label *labels, int n_labels, uint64_t micros);

/* A family of one sample without labels. */
void prom_one(struct buf *b, const char *name, enum prom_type type, const char *help,
              uint64_t v);

#endif
