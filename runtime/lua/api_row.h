#ifndef KORDLESS_LUA_API_ROW_H
#define KORDLESS_LUA_API_ROW_H

/* How rows of the API are written down. For api_table.c and its neighbours alone. */

#include "lua/api.h"
#include "lua/lib.h"
#include "lua/manifest.h"

#define H    API_HANDLER
#define T    API_TRANSACTION
#define P    API_POLICY
#define LIST (const struct api_value[])
#define END              \
    {                    \
        NULL, NULL, NULL \
    }

extern const struct api_row api_data[], api_slots[], api_host[], api_platform[],
    api_people[], api_usage[];

#endif
