#include "guard/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/audit.h"
#include "store/sql.h"

static int note(struct db *db, struct str id, struct str action, const struct deed *by)
{
    return audit_add(db, &(struct audit_row){.at_ms = by->now_ms,
                                             .actor = by->actor,
                                             .action = action,
                                             .object = id});
}

int token_any(struct db *db)
{
    int64_t any;
    int err = sql_number(db, STR("SELECT EXISTS (SELECT 1 FROM operator_token)"),
                         SQL_ALONE, &any);
    return err ? err : (int)any;
}

int token_load(struct db *db, struct sessions *all)
{
    struct stmt *s;
    int got = db_prepare(db,
                         STR("SELECT id, digest, label, expires_at FROM operator_token"
                             " WHERE revoked_at IS NULL"),
                         &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1) {
        struct token t = {.label = stmt_get(s, 2), .expires_ms = stmt_get_int(s, 3)};
        struct str digest = stmt_get(s, 1);
        if (digest.n != DIGEST_BYTES || str_cstr(stmt_get(s, 0), t.id, sizeof(t.id)))
            break;
        memcpy(t.digest, digest.p, DIGEST_BYTES);
        sessions_token(all, &t);
    }
    stmt_done(s);
    return got == 1 ? ERR_CORRUPT : got;
}

int token_add(struct db *db, const struct token *t, const struct deed *by)
{
    int err =
        sql_run(db,
                STR("INSERT INTO operator_token (id, digest, label, created_at,"
                    " created_by, expires_at) VALUES (?, ?, ?, ?, ?, ?)"),
                SQL_WITH(sql_text(str_of(t->id)), sql_blob(t->digest, DIGEST_BYTES),
                         sql_full(t->label), sql_int(by->now_ms), sql_text(by->actor),
                         sql_time(t->expires_ms)));
    return err ? err : note(db, str_of(t->id), STR("token.create"), by);
}

static void read_row(struct stmt *s, struct arena *a, struct token_row *t)
{
    *t = (struct token_row){.id = arena_str(a, stmt_get(s, 0)),
                            .label = arena_str(a, stmt_get(s, 1)),
                            .created_by = arena_str(a, stmt_get(s, 2)),
                            .revoked_by = arena_str(a, stmt_get(s, 3)),
                            .created_ms = stmt_get_int(s, 4),
                            .expires_ms = stmt_get_int(s, 5),
                            .revoked_ms = stmt_get_int(s, 6)};
}

#define COLUMNS                                                                    \
    "SELECT id, label, created_by, revoked_by, created_at, expires_at, revoked_at" \
    " FROM operator_token"

int token_get(struct db *db, struct str id, struct arena *a, struct token_row *out)
{
    struct stmt *s;
    int err = sql_row(db, STR(COLUMNS " WHERE id = ?"), SQL_WITH(sql_text(id)), &s);
    if (err)
        return err;
    read_row(s, a, out);
    stmt_done(s);
    return 0;
}

int token_list(struct db *db, struct str cursor, int max, struct arena *a,
               struct token_row **rows, int *n)
{
    struct stmt *s;
    max = max > 0 ? max : 0;
    *n = 0;
    *rows = arena_alloc(a, (size_t)(max + 1) * sizeof(**rows));
    int got = sql_open(db,
                       STR(COLUMNS " WHERE (?1 IS NULL OR id < ?1)"
                                   " ORDER BY id DESC LIMIT ?2"),
                       SQL_WITH(sql_some(cursor), sql_int(max)), &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1)
        read_row(s, a, &(*rows)[(*n)++]);
    stmt_done(s);
    return got;
}

int token_revoke(struct db *db, struct str id, const struct deed *by)
{
    int64_t at;
    int err = sql_number(db, STR("SELECT revoked_at FROM operator_token WHERE id = ?"),
                         SQL_WITH(sql_text(id)), &at);
    if (err || at)
        return err;
    err = sql_run(
        db,
        STR("UPDATE operator_token SET revoked_at = ?, revoked_by = ? WHERE id = ?"),
        SQL_WITH(sql_int(by->now_ms), sql_text(by->actor), sql_text(id)));
    return err ? err : note(db, id, STR("token.revoke"), by);
}

/* ---- the first one ---- */

/* Whole under its name or not at all; one that a start left behind before its row was
 * durable opens nothing and is replaced. */
static int write_file(int dir, const char *text)
{
    static const char aside[] = "operator-token.new";
    unlinkat(dir, aside, 0);
    int fd = openat(dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    bool good = write(fd, text, KEY_TEXT) == KEY_TEXT && write(fd, "\n", 1) == 1 &&
                fchmod(fd, 0600) == 0 && fsync(fd) == 0;
    int cause = errno;
    close(fd);
    if (good && renameat(dir, aside, dir, "operator-token") == 0 && fsync(dir) == 0)
        return 0;
    errno = good ? errno : cause;
    return ERR_IO;
}

static int put_file(const char *data, const char *text, struct buf *why)
{
    int dir = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = dir < 0 ? ERR_IO : write_file(dir, text);
    if (err)
        buf_fmt(why, "%s/operator-token: cannot be written: %s", data, strerror(errno));
    if (dir >= 0)
        close(dir);
    return err;
}

int token_first(struct db *db, const char *dir, const struct pepper *p,
                struct id_source *ids, int64_t now_ms, struct token *t, struct buf *why)
{
    char text[KEY_TEXT + 1];
    memset(t, 0, sizeof(*t));
    int got = token_any(db);
    if (got)
        return got < 0 ? got : 0;
    id_make(ids, "tok_", now_ms, t->id);
    t->label = STR("first");
    key_make(TEXT_TOKEN, text);
    secret_digest(p, str_of(text), t->digest);
    int err = put_file(dir, text, why);
    explicit_bzero(text, sizeof(text));
    return err ? err : token_add(db, t, &(struct deed){STR("server"), now_ms});
}
