#include "guard/scope.h"

#include <stddef.h>

static const char *const scopes[] = {
    "bookings:read",      "bookings:write",     "availability:read",
    "availability:write", "services:read",      "services:write",
    "organization:read",  "organization:write", "webhooks:write",
};
enum { SCOPES = sizeof(scopes) / sizeof(scopes[0]) };
_Static_assert((1 << SCOPES) - 1 == SCOPE_ALL, "every scope a name");

uint32_t scope_bit(struct str name)
{
    for (unsigned i = 0; i < SCOPES; i++)
        if (str_eq(name, str_of(scopes[i])))
            return 1u << i;
    return 0;
}

const char *scope_name(uint32_t bit)
{
    for (unsigned i = 0; i < SCOPES; i++)
        if (bit == 1u << i)
            return scopes[i];
    return NULL;
}

void scope_list(uint32_t of, struct buf *out)
{
    size_t from = out->n;
    for (unsigned i = 0; i < SCOPES; i++) {
        if (!(of & 1u << i))
            continue;
        if (out->n > from)
            buf_char(out, ' ');
        buf_str(out, str_of(scopes[i]));
    }
}

uint32_t scope_read(struct str list)
{
    uint32_t found = 0;
    struct str name, rest;
    for (; list.n; list = rest) {
        str_cut(list, ' ', &name, &rest);
        found |= scope_bit(name);
    }
    return found;
}
