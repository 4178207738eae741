#ifndef KORDLESS_LUA_LIB_PEOPLE_H
#define KORDLESS_LUA_LIB_PEOPLE_H

/* What the libraries about people share (lib_people.c, lib_session.c, lib_token.c): a
 * write that a handler of the platform waits for, and how its fate is told. The rows
 * are guard/people.c's and guard/token.c's; what every worker sees is
 * guard/session.c's, and changes in the order of commits. */

#include "guard/people.h"
#include "lua/platform.h"

struct people_job {
    struct call_write cw; /* first */
    /* On the writer's thread, unless who asks is not let in any more. */
    int (*act)(struct people_job *j, struct db *db);
    struct deed by;
    const struct pepper *pepper;
    struct member_row row; /* strings in the call's arena */
    struct link link;
    struct seat seat;
    struct token token;
    unsigned char digest[DIGEST_BYTES];
    char text[KEY_TEXT + 1]; /* of a link, a token or a session: told once */
};

struct people_job *
people_job(struct call *c, int (*act)(struct people_job *j, struct db *db),
           void (*settled)(struct call_write *cw),
           int (*resume)(struct call_write *cw, lua_State *L, int *n));
/* 0 with nil and a word pushed (exists, not_found, denied), or an error to raise. */
int people_job_failed(struct people_job *j, lua_State *L, int *n);
/* `settled`: the member as the job left it. */
void people_job_seat(struct call_write *cw);

struct str people_text(lua_State *L, struct call *c,
                       int arg); /* an argument; or no p */

#endif
