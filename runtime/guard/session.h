#ifndef KORDLESS_GUARD_SESSION_H
#define KORDLESS_GUARD_SESSION_H

/* Who is signed in, and the operators' tokens: all of it in memory, one table for all
 * workers behind a lock, since people are not the hot path of keys. What is ended here
 * is over for every worker at its next look. Tokens stand here as digests only. Whoever
 * opens, seats or ends does so in the order of commits (the writer's thread); an end
 * may come earlier, too. */

#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "guard/auth.h"

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_ADMIN, ROLE_OWNER, ROLE_OPERATOR };
const char *role_name(enum role r); /* NULL for none */
enum role role_of(struct str name); /* ROLE_NONE: no role */
uint32_t role_scopes(enum role r);  /* on the organization routes */

enum { EMAIL_MAX = 254, CSRF_TEXT = 32 };
enum {
    SESSION_IDLE_MS = 12 * 3600 * 1000,
    SESSION_LIFE_MS = 7 * 24 * 3600 * 1000,
    SESSIONS_EACH = 20 /* of one member; one more ends the oldest */
};

struct seat { /* what the gates need of a member */
    char id[ID_MAX], organization_id[ID_MAX] /* "": an operator */,
        email[EMAIL_MAX + 1];
    enum role role;
    bool active;
    int64_t version;
};

enum caller_kind { CALLER_OPERATOR /* on the machine */, CALLER_TOKEN, CALLER_MEMBER };

struct caller { /* who asks, if it is no API key */
    enum caller_kind kind;
    enum role role;
    char id[ID_MAX], organization_id[ID_MAX];
    struct str email, label;            /* of a member, of a token */
    unsigned char digest[DIGEST_BYTES]; /* of its session or token */
    char csrf[CSRF_TEXT + 1];           /* of a session; the gate's to fill */
};

struct sessions;
struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);

/* A member as it is now; one that is not active has no sessions. */
void sessions_seat(struct sessions *s, const struct seat *m);
void sessions_open(struct sessions *s, const unsigned char digest[DIGEST_BYTES],
                   struct str member_id, int64_t created_ms, int64_t seen_ms);
void sessions_end(struct sessions *s, const unsigned char digest[DIGEST_BYTES]);
/* All of a member but `keep` (NULL: all). */
void sessions_end_all(struct sessions *s, struct str member_id,
                      const unsigned char *keep);

/* False: no session of this digest, or over. A hit counts as activity. */
bool sessions_find(struct sessions *s, const unsigned char digest[DIGEST_BYTES],
                   int64_t wall_ms, struct arena *a, struct caller *out);
/* The same question later, and whether the caller still may what it might: AUTH_OK or
 * AUTH_ENDED. */
enum auth sessions_again(struct sessions *s, const struct caller *c, int64_t wall_ms);

struct token { /* of an operator; `expires_ms` 0: never */
    char id[ID_MAX];
    unsigned char digest[DIGEST_BYTES];
    struct str label;
    int64_t expires_ms;
};
void sessions_token(struct sessions *s, const struct token *t);
void sessions_token_end(struct sessions *s, struct str id);
bool sessions_find_token(struct sessions *s, const unsigned char digest[DIGEST_BYTES],
                         int64_t wall_ms, struct arena *a, struct caller *out);

/* Calls `each` for every session whose activity is newer than what is durable; when
 * that is written, sessions_flushed believes it. On the writer's thread. */
int sessions_flush(struct sessions *s,
                   int (*each)(void *ctx, const unsigned char digest[DIGEST_BYTES],
                               int64_t seen_ms),
                   void *ctx) MUST_CHECK;
void sessions_flushed(struct sessions *s);
void sessions_sweep(struct sessions *s, int64_t wall_ms); /* forgets what is over */
size_t sessions_count(struct sessions *s);

/* What a page must send along: made of the session's token, so it is kept nowhere. */
void session_csrf(const struct pepper *p, struct str token, char out[CSRF_TEXT + 1]);

#endif
