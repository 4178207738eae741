#include "guard/registry.h"

#include "guard/key_rows.h"
#include "guard/org_rows.h"
#include "store/db.h"

/* ---- the pepper's check value ---- */

static int any_key(struct db *db)
{
    struct stmt *s;
    int got = db_prepare(db, STR("SELECT 1 FROM api_key LIMIT 1"), &s);
    if (got == 0) {
        got = stmt_step(s);
        stmt_done(s);
    }
    return got;
}

static int keep_check(struct db *db, const unsigned char check[DIGEST_BYTES])
{
    struct stmt *s;
    int got = any_key(db);
    if (got != 0) /* keys without a check value: nothing says this pepper made them */
        return got < 0 ? got : ERR_DENIED;
    got = db_prepare(
        db, STR("INSERT INTO setting (name, value) VALUES ('pepper_check', ?)"), &s);
    if (got < 0)
        return got;
    stmt_blob(s, 1, check, DIGEST_BYTES);
    got = stmt_step(s);
    stmt_done(s);
    return got < 0 ? got : 0;
}

int registry_check_pepper(struct db *db, const struct pepper *p)
{
    unsigned char check[DIGEST_BYTES];
    struct stmt *s;
    pepper_check(p, check);
    int got = db_prepare(
        db, STR("SELECT value FROM setting WHERE name = 'pepper_check'"), &s);
    if (got < 0)
        return got;
    got = stmt_step(s);
    struct str kept = got == 1 ? stmt_get(s, 0) : STR("");
    bool same = kept.n == DIGEST_BYTES && secret_equal(kept.p, check, DIGEST_BYTES);
    stmt_done(s);
    if (got < 0)
        return got;
    if (got == 0)
        return keep_check(db, check);
    return same ? 0 : ERR_DENIED;
}

/* ---- loading ---- */

int registry_load(struct db *db, struct keyring *r, struct limits *l)
{
    int err = org_rows_load(db, r, l);
    return err ? err : key_rows_load(db, r, l);
}
