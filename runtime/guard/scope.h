#ifndef KORDLESS_GUARD_SCOPE_H
#define KORDLESS_GUARD_SCOPE_H

/* What a key may do, as bits; all of them is full access. Kept as their names with
 * blanks between. */

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum {
    SCOPE_BOOKINGS_READ = 1 << 0,
    SCOPE_BOOKINGS_WRITE = 1 << 1,
    SCOPE_AVAILABILITY_READ = 1 << 2,
    SCOPE_AVAILABILITY_WRITE = 1 << 3,
    SCOPE_SERVICES_READ = 1 << 4,
    SCOPE_SERVICES_WRITE = 1 << 5,
    SCOPE_ORGANIZATION_READ = 1 << 6,
    SCOPE_ORGANIZATION_WRITE = 1 << 7,
    SCOPE_WEBHOOKS_WRITE = 1 << 8,
    SCOPE_ALL = (1 << 9) - 1
};
/* "bookings:read" to its bit, 0 for no scope; and back (one bit), NULL. */
uint32_t scope_bit(struct str name);
const char *scope_name(uint32_t bit);

/* All of `scopes` to the end of `out`; and back, where what is no scope is passed over.
 */
void scope_list(uint32_t scopes, struct buf *out);
uint32_t scope_read(struct str list);

#endif
