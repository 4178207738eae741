#include "guard/environment.h"

#include <stddef.h>

static const char *const names[] = {NULL, "production", "development"};

const char *environment_name(int e)
{
    return names[e];
}

int environment_of(struct str name)
{
    for (int e = ENV_PRODUCTION; e <= ENV_DEVELOPMENT; e++)
        if (str_eq(name, str_of(names[e])))
            return e;
    return ENV_NONE;
}
