#ifndef KORDLESS_LUA_API_H
#define KORDLESS_LUA_API_H

/* The `kordless` API as one table. A row is a function, a value or a library: its name,
 * where it may be used, what of the manifest's `needs` grants it, whether it waits, its
 * types and what it does. From it come a state's `kordless`, the errors of what is used
 * where it may not be, include/kordless.lua and /docs/lua.
 *
 * To add a function: write `int lib_<file>_<verb>(lua_State *L)`, declare it in
 * lua/lib.h, add its row behind those of its library (api_table.c, api_host.c,
 * api_platform.c) and say `make api`. A new library is a row of its own in front of
 * them. A new word for `needs` is a bit in lua/manifest.h and a line in api_needs. */

#include <lua.h>

#include "base/buf.h"
#include "base/str.h"

struct vm;
struct zones;
struct manifest;

enum api_phase {                       /* one bit for each enum unit_role */
                 API_HANDLER = 1 << 0, /* and what it requires, and kordless.after */
                 API_TRANSACTION = 1 << 1,
                 API_POLICY = 1 << 2,
                 API_ANYWHERE = API_HANDLER | API_TRANSACTION | API_POLICY
};
enum { API_PHASES = 3 };

enum api_kind {
    API_LIBRARY,  /* "db": a table; its members' rows follow it */
    API_FUNCTION, /* "db.exec", "now" */
    API_VALUE,    /* "json.null", "options" */
    API_CLASS,    /* "span": a type of values, for readers and editors */
    API_METHOD,   /* "span:add" */
    API_GLOBAL    /* "require": beside `kordless`, made by vm.c; here to be read of */
};

enum api_wait { API_STAYS, API_MAY_WAIT /* the promise leaves it open */, API_WAITS };

/* A parameter ("fields?" may be left out), a result, or a field of a class; the type as
 * the Lua language server writes it. A list ends with one without a type. */
struct api_value {
    const char *name, *type, *text;
};

struct api_grant;

struct api_row {
    const char *name; /* without "kordless." */
    enum api_kind kind;
    unsigned
        phases; /* of enum api_phase; those of a library are the sum of its members' */
    unsigned need; /* a NEED_ bit, or 0 */
    enum api_wait waits;
    lua_CFunction call;
    /* Of a value: pushes it. Of a library: pushes what its members share as upvalues.
     * Returns how many. */
    int (*open)(lua_State *L, const struct api_grant *g);
    const char *elsewhere; /* why it may be used there alone; NULL: that is plain */
    const char *text;      /* sentences; `code` in backquotes */
    const struct api_value *takes, *gives; /* of a class: its fields, NULL */
    const struct api_row
        *next; /* of a part's last row, which has no name: the next part */
};

/* All rows in the order in which they are read: the first, and the one behind; NULL at
 * the end. */
const struct api_row *api_first(void);
const struct api_row *api_next(const struct api_row *r);
/* Of a library: the row behind the last member. */
bool api_is_member(const struct api_row *r, const struct api_row *library);
/* The name without its library: "exec" of "db.exec". */
const char *api_member(const struct api_row *r);

/* The words of `needs` by bit: api_needs[0] is 1 << 0; NULL behind the last. */
extern const char *const api_needs[];
const char *api_need_word(unsigned need);

/* What a state is made for. */
struct api_grant {
    struct vm *vm;
    enum api_phase phase;
    unsigned needs;
    struct zones *zones;
    const struct manifest *manifest; /* NULL: without options */
    const char *file;                /* where needs would be declared */
};

/* Fills the state's `kordless`. What the phase may not use says so when it is called,
 * what was not asked for when it is read. `g` outlives the state. May raise. */
void api_open(const struct api_grant *g);

/* For the libraries' errors: the row of the C function that runs; NULL if none does. */
const struct api_row *api_running(lua_State *L);
/* Raises: kordless.<the function that runs> may only be used while `what`. */
int api_only_while(lua_State *L, const char *what);

/* "a handler or a transaction" */
const char *api_where(unsigned phases);

/* api_text.c: include/kordless.lua; the same to read. */
void api_put_lua(struct buf *out);
void api_put_markdown(struct buf *out);
/* "kordless.db.exec(sql, ...)"; with `types` of parameters and results, too. */
void api_put_signature(const struct api_row *r, bool types, struct buf *out);

#endif
