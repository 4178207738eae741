#ifndef KORDLESS_GUARD_ORG_ROWS_H
#define KORDLESS_GUARD_ORG_ROWS_H

/* The rows behind the organizations, and the audit of what was done to them; as
 * guard/key_rows.h. What customers see of them (tagline, branding) is kept here and
 * means something to plugins alone. */

#include "base/arena.h"
#include "guard/keyring.h"

struct db;

struct org_row { /* empty: none */
    struct str id, slug, name, plan;
    struct str metadata; /* a JSON object */
    struct str limits;   /* JSON, see guard/override.h */
    struct str tagline;
    struct str branding; /* a JSON object */
    bool suspended;
    int64_t created_ms;
    int64_t version; /* of the change that made it so; set by what changes */
};

int org_rows_load(struct db *db, struct keyring *r, struct limits *l) MUST_CHECK;

/* By id, with or without the prefix, or by slug. ERR_NOT_FOUND. Texts end in `a`. */
int org_rows_get(struct db *db, struct str name, struct arena *a,
                 struct org_row *out) MUST_CHECK;

/* Newest first. `q`: a part of name or slug in any ASCII case; `cursor`: an id. */
int org_rows_list(struct db *db, struct str q, struct str cursor, int max,
                  struct arena *a, struct org_row **rows, int *n) MUST_CHECK;

/* ERR_EXISTS: the slug is taken. Ids and times are the caller's. */
int org_rows_add(struct db *db, const struct org *row, int64_t now_ms,
                 struct str actor) MUST_CHECK;

enum { ORG_METADATA = 16384 }; /* bytes of it at most */
enum {
    ORG_SET_NAME = 1 << 0,
    ORG_SET_PLAN = 1 << 1,
    ORG_SET_METADATA = 1 << 2,
    ORG_SET_LIMITS = 1 << 3,
    ORG_SET_SUSPENDED = 1 << 4,
    ORG_SET_TAGLINE = 1 << 5,
    ORG_SET_BRANDING = 1 << 6
};
struct org_change {
    unsigned set;
    struct str name, plan, tagline;
    struct str metadata, limits,
        branding; /* JSON objects merged (RFC 7396), or "null" */
    bool suspended;
    struct str patch; /* for the audit: what was asked, a JSON object */
};
/* ERR_NOT_FOUND; ERR_TOO_LARGE: with this it has too much metadata. */
int org_rows_change(struct db *db, struct str id, const struct org_change *c,
                    int64_t now_ms, struct str actor, struct arena *a,
                    struct org_row *out) MUST_CHECK;

/* For the ring, of a row that is durable; `lift`: suspension was what changed. */
void org_rows_publish(struct keyring *r, struct org *o, const struct org_row *row,
                      bool lift);

#endif
