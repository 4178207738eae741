#include "base/err.h"

#include <stddef.h>

const char *err_name(int err)
{
    static const char *const names[] = {
        "ok",        "no_memory", "io",     "full",       "invalid",
        "too_large", "not_found", "exists", "busy",       "denied",
        "corrupt",   "closed",    "budget", "constraint", "ended",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == 1 - ERR_ENDED,
                   "every error has a name");
    size_t i = err <= 0 ? (size_t)-err : (size_t)-1;
    return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}
