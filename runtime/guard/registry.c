#include "guard/registry.h"

#include "guard/key_rows.h"
#include "guard/org_rows.h"
#include "store/sql.h"

/* ---- the pepper's check value ---- */

static int keep_check(struct db *db, const unsigned char check[DIGEST_BYTES])
{
    int64_t any;
    int err =
        sql_number(db, STR("SELECT EXISTS (SELECT 1 FROM api_key)"), SQL_ALONE, &any);
    if (err || any) /* keys without a check value: nothing says this pepper made them */
        return err ? err : ERR_DENIED;
    return sql_run(db,
                   STR("INSERT INTO setting (name, value) VALUES ('pepper_check', ?)"),
                   SQL_WITH(sql_blob(check, DIGEST_BYTES)));
}

int registry_check_pepper(struct db *db, const struct pepper *p)
{
    unsigned char check[DIGEST_BYTES];
    struct stmt *s;
    pepper_check(p, check);
    int err = sql_row(db, STR("SELECT value FROM setting WHERE name = 'pepper_check'"),
                      SQL_ALONE, &s);
    if (err)
        return err == ERR_NOT_FOUND ? keep_check(db, check) : err;
    struct str kept = stmt_get(s, 0);
    bool same = kept.n == DIGEST_BYTES && secret_equal(kept.p, check, DIGEST_BYTES);
    stmt_done(s);
    return same ? 0 : ERR_DENIED;
}

/* ---- loading ---- */

int registry_load(struct db *db, struct keyring *r, struct limits *l)
{
    int err = org_rows_load(db, r, l);
    return err ? err : key_rows_load(db, r, l);
}
