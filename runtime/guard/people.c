#include "guard/people.h"

#include <string.h>

#include "store/sql.h"

/* ---- small change ---- */

static int read_seat(struct stmt *s, struct seat *out)
{
    *out = (struct seat){.role = role_of(stmt_get(s, 3)),
                         .active = str_eq(stmt_get(s, 4), STR("active")),
                         .version = stmt_get_int(s, 5)};
    bool fits =
        !str_cstr(stmt_get(s, 0), out->id, sizeof(out->id)) &&
        !str_cstr(stmt_get(s, 1), out->organization_id, sizeof(out->organization_id)) &&
        !str_cstr(stmt_get(s, 2), out->email, sizeof(out->email));
    return fits ? 0 : ERR_CORRUPT;
}

static int seat_of(struct db *db, struct str id, struct seat *out)
{
    struct stmt *s;
    memset(out, 0, sizeof(*out));
    int err = sql_row(db,
                      STR("SELECT id, organization_id, email, role, status, version"
                          " FROM member WHERE id = ?"),
                      SQL_WITH(sql_text(id)), &s);
    if (err)
        return err;
    err = read_seat(s, out);
    stmt_done(s);
    return err;
}

/* The audit of what was done to a member takes organization and email from its row. */
static int note(struct db *db, struct str id, struct str action, const struct deed *by)
{
    return sql_run(db,
                   STR("INSERT INTO audit (at, actor, action, organization_id,"
                       " object, detail) SELECT ?1, ?2, ?3, organization_id, id,"
                       " json_object('email', email, 'role', role)"
                       " FROM member WHERE id = ?4"),
                   SQL_WITH(sql_int(by->now_ms), sql_text(by->actor), sql_text(action),
                            sql_text(id)));
}

/* What `text` does to the member, with its audit; ERR_NOT_FOUND when it met none that
 * can change. */
static int change(struct db *db, struct str id, struct str action,
                  const struct deed *by, struct str text, struct sql_values with,
                  struct seat *out)
{
    int err = sql_run(db, text, with);
    if (!err && db_changes(db) == 0)
        err = ERR_NOT_FOUND;
    if (!err)
        err = note(db, id, action, by);
    return err ? err : seat_of(db, id, out);
}

static int end_sessions(struct db *db, struct str id, const unsigned char *keep)
{
    return sql_run(
        db,
        STR("DELETE FROM session WHERE member_id = ?1"
            " AND (?2 IS NULL OR digest <> ?2)"),
        SQL_WITH(sql_text(id), keep ? sql_blob(keep, DIGEST_BYTES) : sql_null()));
}

/* ---- reading ---- */

#define COLUMNS                                                                    \
    "SELECT id, organization_id, email, name, status, created_by, password, role," \
    " version, created_at, link_expires_at FROM member"

static void read_row(struct stmt *s, struct arena *a, struct member_row *m)
{
    *m = (struct member_row){.id = arena_str(a, stmt_get(s, 0)),
                             .organization_id = arena_str(a, stmt_get(s, 1)),
                             .email = arena_str(a, stmt_get(s, 2)),
                             .name = arena_str(a, stmt_get(s, 3)),
                             .status = arena_str(a, stmt_get(s, 4)),
                             .created_by = arena_str(a, stmt_get(s, 5)),
                             .password = arena_str(a, stmt_get(s, 6)),
                             .role = role_of(stmt_get(s, 7)),
                             .version = stmt_get_int(s, 8),
                             .created_ms = stmt_get_int(s, 9),
                             .link_expires_ms = stmt_get_int(s, 10)};
}

static int read_one(struct db *db, struct str text, struct sql_values with,
                    struct arena *a, struct member_row *out)
{
    struct stmt *s;
    int err = sql_row(db, text, with, &s);
    if (err)
        return err;
    read_row(s, a, out);
    stmt_done(s);
    return 0;
}

int people_get(struct db *db, struct str id, struct arena *a, struct member_row *out)
{
    return read_one(db, STR(COLUMNS " WHERE id = ?"), SQL_WITH(sql_text(id)), a, out);
}

int people_by_email(struct db *db, struct str email, struct arena *a,
                    struct member_row *out)
{
    return read_one(db, STR(COLUMNS " WHERE email = ? AND status <> 'removed'"),
                    SQL_WITH(sql_text(email)), a, out);
}

int people_by_link(struct db *db, const unsigned char digest[DIGEST_BYTES],
                   int64_t now_ms, struct arena *a, struct member_row *out)
{
    return read_one(db, STR(COLUMNS " WHERE link = ? AND link_expires_at > ?"),
                    SQL_WITH(sql_blob(digest, DIGEST_BYTES), sql_int(now_ms)), a, out);
}

int people_list(struct db *db, struct str organization_id, struct str cursor, int max,
                struct arena *a, struct member_row **rows, int *n)
{
    struct stmt *s;
    max = max > 0 ? max : 0;
    *n = 0;
    *rows = arena_alloc(a, (size_t)(max + 1) * sizeof(**rows));
    int got = sql_open(
        db,
        STR(COLUMNS " WHERE organization_id IS ?1 AND id > ?2"
                    " AND status <> 'removed' ORDER BY id LIMIT ?3"),
        SQL_WITH(sql_some(organization_id), sql_full(cursor), sql_int(max)), &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1)
        read_row(s, a, &(*rows)[(*n)++]);
    stmt_done(s);
    return got;
}

/* ---- members come, change and go ---- */

int people_add(struct db *db, const struct member_row *m, const struct link *l,
               const struct deed *by, struct seat *out)
{
    return change(db, m->id, STR("member.create"), by,
                  STR("INSERT INTO member (id, organization_id, email, name, role,"
                      " status, created_at, created_by, link, link_expires_at)"
                      " VALUES (?, ?, ?, ?, ?, 'invited', ?, ?, ?, ?)"),
                  SQL_WITH(sql_text(m->id), sql_some(m->organization_id),
                           sql_text(m->email), sql_full(m->name),
                           sql_text(str_of(role_name(m->role))), sql_int(by->now_ms),
                           sql_text(by->actor), sql_blob(l->digest, DIGEST_BYTES),
                           sql_int(l->expires_ms)),
                  out);
}

/* Without it nobody of the organization could let anybody in. */
static int keeps_an_owner(struct db *db, const struct seat *m)
{
    int64_t another;
    if (m->role != ROLE_OWNER || !m->active)
        return 0;
    int err = sql_number(
        db,
        STR("SELECT EXISTS (SELECT 1 FROM member WHERE organization_id = ?"
            " AND role = 'owner' AND status = 'active' AND id <> ?)"),
        SQL_WITH(sql_text(str_of(m->organization_id)), sql_text(str_of(m->id))),
        &another);
    return err ? err : another ? 0 : ERR_DENIED;
}

int people_change(struct db *db, struct str id, enum role role, struct str name,
                  const struct deed *by, struct seat *out)
{
    struct seat was;
    int err = seat_of(db, id, &was);
    bool moved = role != ROLE_NONE && role != was.role;
    if (!err && moved)
        err = keeps_an_owner(db, &was);
    if (err)
        return err;
    return change(
        db, id, moved ? STR("member.role") : STR("member.change"), by,
        STR("UPDATE member SET role = COALESCE(?2, role), name = COALESCE(?3, name),"
            " version = version + 1 WHERE id = ?1 AND status <> 'removed'"),
        SQL_WITH(sql_text(id), sql_text(str_of(role_name(role))), sql_text(name)), out);
}

int people_remove(struct db *db, struct str id, const struct deed *by, struct seat *out)
{
    struct seat was;
    int err = seat_of(db, id, &was);
    if (!err)
        err = keeps_an_owner(db, &was);
    if (!err)
        err = end_sessions(db, id, NULL);
    if (err)
        return err;
    return change(db, id, STR("member.remove"), by,
                  STR("UPDATE member SET status = 'removed', password = NULL,"
                      " link = NULL, link_expires_at = NULL, version = version + 1"
                      " WHERE id = ? AND status <> 'removed'"),
                  SQL_WITH(sql_text(id)), out);
}

int people_link(struct db *db, struct str id, const struct link *l,
                const struct deed *by, struct seat *out)
{
    return change(db, id, STR("member.link"), by,
                  STR("UPDATE member SET link = ?, link_expires_at = ?"
                      " WHERE id = ? AND status <> 'removed'"),
                  SQL_WITH(sql_blob(l->digest, DIGEST_BYTES), sql_int(l->expires_ms),
                           sql_text(id)),
                  out);
}

/* ---- passwords ---- */

static int id_by_link(struct db *db, const unsigned char *link, int64_t now_ms,
                      char out[ID_MAX])
{
    struct stmt *s;
    int err =
        sql_row(db, STR("SELECT id FROM member WHERE link = ? AND link_expires_at > ?"),
                SQL_WITH(sql_blob(link, DIGEST_BYTES), sql_int(now_ms)), &s);
    if (err)
        return err;
    err = str_cstr(stmt_get(s, 0), out, ID_MAX);
    stmt_done(s);
    return err;
}

int people_set_up(struct db *db, const unsigned char link[DIGEST_BYTES],
                  struct str password, struct str name, int64_t now_ms,
                  struct seat *out)
{
    char id[ID_MAX], email[EMAIL_MAX + 1];
    int err = id_by_link(db, link, now_ms, id);
    if (!err)
        err = seat_of(db, str_of(id), out);
    if (!err)
        err = end_sessions(db, str_of(id), NULL);
    if (err)
        return err;
    memcpy(email, out->email, sizeof(email)); /* the actor's name */
    return change(
        db, str_of(id), STR("member.set_up"), &(struct deed){str_of(email), now_ms},
        STR("UPDATE member SET status = 'active', password = ?,"
            " name = COALESCE(?, name), link = NULL, link_expires_at = NULL,"
            " version = version + 1 WHERE id = ?"),
        SQL_WITH(sql_text(password), sql_text(name), sql_text(str_of(id))), out);
}

/* Of an active member that is still what it was then. */
static int same(struct db *db, struct str id, int64_t version)
{
    struct seat m;
    int err = seat_of(db, id, &m);
    if (err)
        return err;
    return m.active && m.version == version ? 0 : ERR_DENIED;
}

int people_password(struct db *db, struct str id, int64_t version, struct str password,
                    const unsigned char keep[DIGEST_BYTES], const struct deed *by,
                    struct seat *out)
{
    int err = same(db, id, version);
    if (!err)
        err = end_sessions(db, id, keep);
    if (err)
        return err;
    return change(db, id, STR("member.password"), by,
                  STR("UPDATE member SET password = ?, link = NULL,"
                      " link_expires_at = NULL, version = version + 1 WHERE id = ?"),
                  SQL_WITH(sql_text(password), sql_text(id)), out);
}

/* ---- sessions ---- */

static int make_room(struct db *db, struct str id)
{
    return sql_run(db,
                   STR("DELETE FROM session WHERE digest IN (SELECT digest"
                       " FROM session WHERE member_id = ?"
                       " ORDER BY created_at DESC LIMIT -1 OFFSET ?)"),
                   SQL_WITH(sql_text(id), sql_int(SESSIONS_EACH - 1)));
}

int people_enter(struct db *db, struct str id, int64_t version,
                 const unsigned char digest[DIGEST_BYTES], int64_t now_ms)
{
    struct seat m;
    int err = same(db, id, version);
    if (!err)
        err = seat_of(db, id, &m);
    if (!err)
        err = make_room(db, id);
    if (!err)
        err = sql_run(
            db,
            STR("INSERT INTO session (digest, member_id, created_at, seen_at)"
                " VALUES (?1, ?2, ?3, ?3)"),
            SQL_WITH(sql_blob(digest, DIGEST_BYTES), sql_text(id), sql_int(now_ms)));
    if (err)
        return err;
    return note(db, id, STR("session.begin"), &(struct deed){str_of(m.email), now_ms});
}

int people_leave(struct db *db, const unsigned char digest[DIGEST_BYTES],
                 const struct deed *by)
{
    struct stmt *s;
    char id[ID_MAX];
    int err = sql_row(db, STR("SELECT member_id FROM session WHERE digest = ?"),
                      SQL_WITH(sql_blob(digest, DIGEST_BYTES)), &s);
    if (err)
        return err == ERR_NOT_FOUND ? 0 : err;
    err = str_cstr(stmt_get(s, 0), id, sizeof(id));
    stmt_done(s);
    if (!err)
        err = sql_run(db, STR("DELETE FROM session WHERE digest = ?"),
                      SQL_WITH(sql_blob(digest, DIGEST_BYTES)));
    return err ? err : note(db, str_of(id), STR("session.end"), by);
}

int people_leave_all(struct db *db, struct str id, const struct deed *by)
{
    struct seat m;
    int err = seat_of(db, id, &m);
    if (!err)
        err = end_sessions(db, id, NULL);
    return err ? err : note(db, id, STR("session.end_all"), by);
}

int people_refused(struct db *db, struct str id, const struct deed *by)
{
    return note(db, id, STR("session.refused"), by);
}

/* ---- over the days ---- */

int people_seen(struct db *db, const unsigned char digest[DIGEST_BYTES],
                int64_t seen_ms)
{
    return sql_run(db, STR("UPDATE session SET seen_at = ? WHERE digest = ?"),
                   SQL_WITH(sql_int(seen_ms), sql_blob(digest, DIGEST_BYTES)));
}

int people_sweep(struct db *db, int64_t now_ms)
{
    return sql_run(
        db, STR("DELETE FROM session WHERE seen_at <= ? OR created_at <= ?"),
        SQL_WITH(sql_int(now_ms - SESSION_IDLE_MS), sql_int(now_ms - SESSION_LIFE_MS)));
}

static int load_members(struct db *db, struct sessions *all)
{
    struct stmt *s;
    struct seat m;
    int got =
        db_prepare(db, STR("SELECT id FROM member WHERE status <> 'removed'"), &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1) {
        if ((got = seat_of(db, stmt_get(s, 0), &m)) < 0)
            break;
        sessions_seat(all, &m);
    }
    stmt_done(s);
    return got;
}

int people_load(struct db *db, struct sessions *all, int64_t now_ms)
{
    struct stmt *s;
    int got = people_sweep(db, now_ms);
    if (!got)
        got = load_members(db, all);
    if (!got)
        got = db_prepare(db,
                         STR("SELECT digest, member_id, created_at, seen_at"
                             " FROM session ORDER BY created_at"),
                         &s);
    if (got < 0)
        return got;
    while ((got = stmt_step(s)) == 1) {
        struct str digest = stmt_get(s, 0);
        unsigned char d[DIGEST_BYTES];
        if (digest.n != DIGEST_BYTES)
            break;
        memcpy(d, digest.p, DIGEST_BYTES);
        sessions_open(all, d, stmt_get(s, 1), stmt_get_int(s, 2), stmt_get_int(s, 3));
    }
    stmt_done(s);
    return got == 1 ? ERR_CORRUPT : got;
}
