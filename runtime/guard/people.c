#include "guard/people.h"

#include <string.h>

#include "guard/audit.h"

/* ---- small change ---- */

/* Runs a statement that gives no rows, and hands it back. */
static int finish(struct stmt *s)
{
    int got = stmt_step(s);
    stmt_done(s);
    return got < 0 ? got : 0;
}

static struct str or_null(struct str s)
{
    return s.n ? s : str_of(NULL);
}

static int seat_of(struct db *db, struct str id, struct seat *out)
{
    struct stmt *s;
    int got = db_prepare(db,
                         STR("SELECT id, organization_id, email, role, status, version"
                             " FROM member WHERE id = ?"),
                         &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, id);
    got = stmt_step(s);
    int err = got == 1 ? 0 : got < 0 ? got : ERR_NOT_FOUND;
    memset(out, 0, sizeof(*out));
    if (!err &&
        (str_cstr(stmt_get(s, 0), out->id, sizeof(out->id)) ||
         str_cstr(stmt_get(s, 1), out->organization_id, sizeof(out->organization_id)) ||
         str_cstr(stmt_get(s, 2), out->email, sizeof(out->email))))
        err = ERR_CORRUPT;
    if (!err) {
        out->role = role_of(stmt_get(s, 3));
        out->active = str_eq(stmt_get(s, 4), STR("active"));
        out->version = stmt_get_int(s, 5);
    }
    stmt_done(s);
    return err;
}

/* The audit of what was done to a member takes organization and email from its row. */
static int note(struct db *db, struct str id, struct str action, const struct deed *by)
{
    struct stmt *s;
    int err = db_prepare(db,
                         STR("INSERT INTO audit (at, actor, action, organization_id,"
                             " object, detail) SELECT ?1, ?2, ?3, organization_id, id,"
                             " json_object('email', email, 'role', role)"
                             " FROM member WHERE id = ?4"),
                         &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, by->now_ms);
    stmt_text(s, 2, by->actor);
    stmt_text(s, 3, action);
    stmt_text(s, 4, id);
    return finish(s);
}

/* Of a change: 0, or ERR_NOT_FOUND when it met no member that can change. */
static int changed(struct db *db, struct stmt *s, struct str id, struct str action,
                   const struct deed *by, struct seat *out)
{
    int err = finish(s);
    if (!err && db_changes(db) == 0)
        err = ERR_NOT_FOUND;
    if (!err)
        err = note(db, id, action, by);
    return err ? err : seat_of(db, id, out);
}

static int end_sessions(struct db *db, struct str id, const unsigned char *keep)
{
    struct stmt *s;
    int err = db_prepare(db,
                         STR("DELETE FROM session WHERE member_id = ?1"
                             " AND (?2 IS NULL OR digest <> ?2)"),
                         &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, id);
    if (keep)
        stmt_blob(s, 2, keep, DIGEST_BYTES);
    return finish(s);
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

static int read_one(struct stmt *s, struct arena *a, struct member_row *out)
{
    int got = stmt_step(s);
    if (got == 1)
        read_row(s, a, out);
    stmt_done(s);
    return got == 1 ? 0 : got < 0 ? got : ERR_NOT_FOUND;
}

int people_get(struct db *db, struct str id, struct arena *a, struct member_row *out)
{
    struct stmt *s;
    int err = db_prepare(db, STR(COLUMNS " WHERE id = ?"), &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, id);
    return read_one(s, a, out);
}

int people_by_email(struct db *db, struct str email, struct arena *a,
                    struct member_row *out)
{
    struct stmt *s;
    int err =
        db_prepare(db, STR(COLUMNS " WHERE email = ? AND status <> 'removed'"), &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, email);
    return read_one(s, a, out);
}

int people_by_link(struct db *db, const unsigned char digest[DIGEST_BYTES],
                   int64_t now_ms, struct arena *a, struct member_row *out)
{
    struct stmt *s;
    int err =
        db_prepare(db, STR(COLUMNS " WHERE link = ? AND link_expires_at > ?"), &s);
    if (err < 0)
        return err;
    stmt_blob(s, 1, digest, DIGEST_BYTES);
    stmt_int(s, 2, now_ms);
    return read_one(s, a, out);
}

int people_list(struct db *db, struct str organization_id, struct str cursor, int max,
                struct arena *a, struct member_row **rows, int *n)
{
    struct stmt *s;
    *n = 0;
    *rows = arena_alloc(a, (size_t)(max > 0 ? max : 1) * sizeof(**rows));
    int got = db_prepare(db,
                         STR(COLUMNS " WHERE organization_id IS ?1 AND id > ?2"
                                     " AND status <> 'removed' ORDER BY id LIMIT ?3"),
                         &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, or_null(organization_id));
    stmt_text(s, 2, cursor.n ? cursor : STR(""));
    stmt_int(s, 3, max > 0 ? max : 0);
    while ((got = stmt_step(s)) == 1)
        read_row(s, a, &(*rows)[(*n)++]);
    stmt_done(s);
    return got;
}

/* ---- members come, change and go ---- */

int people_add(struct db *db, const struct member_row *m, const struct link *l,
               const struct deed *by, struct seat *out)
{
    struct stmt *s;
    int err = db_prepare(db,
                         STR("INSERT INTO member (id, organization_id, email, name,"
                             " role, status, created_at, created_by, link,"
                             " link_expires_at)"
                             " VALUES (?, ?, ?, ?, ?, 'invited', ?, ?, ?, ?)"),
                         &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, m->id);
    stmt_text(s, 2, or_null(m->organization_id));
    stmt_text(s, 3, m->email);
    stmt_text(s, 4, m->name.n ? m->name : STR(""));
    stmt_text(s, 5, str_of(role_name(m->role)));
    stmt_int(s, 6, by->now_ms);
    stmt_text(s, 7, by->actor);
    stmt_blob(s, 8, l->digest, DIGEST_BYTES);
    stmt_int(s, 9, l->expires_ms);
    return changed(db, s, m->id, STR("member.create"), by, out);
}

/* Without it nobody of the organization could let anybody in. */
static int keeps_an_owner(struct db *db, const struct seat *m)
{
    struct stmt *s;
    if (m->role != ROLE_OWNER || !m->active)
        return 0;
    int got = db_prepare(db,
                         STR("SELECT 1 FROM member WHERE organization_id = ?"
                             " AND role = 'owner' AND status = 'active' AND id <> ?"),
                         &s);
    if (got < 0)
        return got;
    stmt_text(s, 1, str_of(m->organization_id));
    stmt_text(s, 2, str_of(m->id));
    got = stmt_step(s);
    stmt_done(s);
    return got == 0 ? ERR_DENIED : got < 0 ? got : 0;
}

int people_change(struct db *db, struct str id, enum role role, struct str name,
                  const struct deed *by, struct seat *out)
{
    struct seat was;
    struct stmt *s;
    int err = seat_of(db, id, &was);
    if (!err && role != ROLE_NONE && role != was.role)
        err = keeps_an_owner(db, &was);
    if (!err)
        err = db_prepare(db,
                         STR("UPDATE member SET role = COALESCE(?2, role),"
                             " name = COALESCE(?3, name), version = version + 1"
                             " WHERE id = ?1 AND status <> 'removed'"),
                         &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, id);
    stmt_text(s, 2, str_of(role_name(role)));
    stmt_text(s, 3, name);
    bool moved = role != ROLE_NONE && role != was.role;
    return changed(db, s, id, moved ? STR("member.role") : STR("member.change"), by,
                   out);
}

int people_remove(struct db *db, struct str id, const struct deed *by, struct seat *out)
{
    struct seat was;
    struct stmt *s;
    int err = seat_of(db, id, &was);
    if (!err)
        err = keeps_an_owner(db, &was);
    if (!err)
        err = end_sessions(db, id, NULL);
    if (!err)
        err = db_prepare(db,
                         STR("UPDATE member SET status = 'removed', password = NULL,"
                             " link = NULL, link_expires_at = NULL,"
                             " version = version + 1"
                             " WHERE id = ? AND status <> 'removed'"),
                         &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, id);
    return changed(db, s, id, STR("member.remove"), by, out);
}

int people_link(struct db *db, struct str id, const struct link *l,
                const struct deed *by, struct seat *out)
{
    struct stmt *s;
    int err = db_prepare(db,
                         STR("UPDATE member SET link = ?, link_expires_at = ?"
                             " WHERE id = ? AND status <> 'removed'"),
                         &s);
    if (err < 0)
        return err;
    stmt_blob(s, 1, l->digest, DIGEST_BYTES);
    stmt_int(s, 2, l->expires_ms);
    stmt_text(s, 3, id);
    return changed(db, s, id, STR("member.link"), by, out);
}

/* ---- passwords ---- */

static int id_by_link(struct db *db, const unsigned char *link, int64_t now_ms,
                      char out[ID_MAX])
{
    struct stmt *s;
    int got = db_prepare(
        db, STR("SELECT id FROM member WHERE link = ? AND link_expires_at > ?"), &s);
    if (got < 0)
        return got;
    stmt_blob(s, 1, link, DIGEST_BYTES);
    stmt_int(s, 2, now_ms);
    got = stmt_step(s);
    int err = got == 1  ? str_cstr(stmt_get(s, 0), out, ID_MAX)
              : got < 0 ? got
                        : ERR_NOT_FOUND;
    stmt_done(s);
    return err;
}

int people_set_up(struct db *db, const unsigned char link[DIGEST_BYTES],
                  struct str password, struct str name, int64_t now_ms,
                  struct seat *out)
{
    struct stmt *s;
    char id[ID_MAX];
    int err = id_by_link(db, link, now_ms, id);
    if (!err)
        err = seat_of(db, str_of(id), out); /* whose email is the actor's name */
    if (!err)
        err = end_sessions(db, str_of(id), NULL);
    if (!err)
        err = db_prepare(db,
                         STR("UPDATE member SET status = 'active', password = ?,"
                             " name = COALESCE(?, name), link = NULL,"
                             " link_expires_at = NULL, version = version + 1"
                             " WHERE id = ?"),
                         &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, password);
    stmt_text(s, 2, name);
    stmt_text(s, 3, str_of(id));
    char email[EMAIL_MAX + 1];
    memcpy(email, out->email, sizeof(email));
    return changed(db, s, str_of(id), STR("member.set_up"),
                   &(struct deed){str_of(email), now_ms}, out);
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
    struct stmt *s;
    int err = same(db, id, version);
    if (!err)
        err = end_sessions(db, id, keep);
    if (!err)
        err = db_prepare(db,
                         STR("UPDATE member SET password = ?, link = NULL,"
                             " link_expires_at = NULL, version = version + 1"
                             " WHERE id = ?"),
                         &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, password);
    stmt_text(s, 2, id);
    return changed(db, s, id, STR("member.password"), by, out);
}

/* ---- sessions ---- */

static int make_room(struct db *db, struct str id)
{
    struct stmt *s;
    int err = db_prepare(db,
                         STR("DELETE FROM session WHERE digest IN (SELECT digest"
                             " FROM session WHERE member_id = ?"
                             " ORDER BY created_at DESC LIMIT -1 OFFSET ?)"),
                         &s);
    if (err < 0)
        return err;
    stmt_text(s, 1, id);
    stmt_int(s, 2, SESSIONS_EACH - 1);
    return finish(s);
}

int people_enter(struct db *db, struct str id, int64_t version,
                 const unsigned char digest[DIGEST_BYTES], int64_t now_ms)
{
    struct seat m;
    struct stmt *s;
    int err = same(db, id, version);
    if (!err)
        err = seat_of(db, id, &m);
    if (!err)
        err = make_room(db, id);
    if (!err)
        err = db_prepare(db,
                         STR("INSERT INTO session (digest, member_id, created_at,"
                             " seen_at) VALUES (?1, ?2, ?3, ?3)"),
                         &s);
    if (err < 0)
        return err;
    stmt_blob(s, 1, digest, DIGEST_BYTES);
    stmt_text(s, 2, id);
    stmt_int(s, 3, now_ms);
    err = finish(s);
    return err ? err
               : note(db, id, STR("session.begin"),
                      &(struct deed){str_of(m.email), now_ms});
}

int people_leave(struct db *db, const unsigned char digest[DIGEST_BYTES],
                 const struct deed *by)
{
    struct stmt *s;
    char id[ID_MAX] = "";
    int got = db_prepare(db, STR("SELECT member_id FROM session WHERE digest = ?"), &s);
    if (got < 0)
        return got;
    stmt_blob(s, 1, digest, DIGEST_BYTES);
    got = stmt_step(s);
    int err = got == 1 ? str_cstr(stmt_get(s, 0), id, sizeof(id)) : got;
    stmt_done(s);
    if (err || got == 0)
        return err;
    err = db_prepare(db, STR("DELETE FROM session WHERE digest = ?"), &s);
    if (err < 0)
        return err;
    stmt_blob(s, 1, digest, DIGEST_BYTES);
    err = finish(s);
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
    struct stmt *s;
    int err =
        db_prepare(db, STR("UPDATE session SET seen_at = ? WHERE digest = ?"), &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, seen_ms);
    stmt_blob(s, 2, digest, DIGEST_BYTES);
    return finish(s);
}

int people_sweep(struct db *db, int64_t now_ms)
{
    struct stmt *s;
    int err = db_prepare(
        db, STR("DELETE FROM session WHERE seen_at <= ? OR created_at <= ?"), &s);
    if (err < 0)
        return err;
    stmt_int(s, 1, now_ms - SESSION_IDLE_MS);
    stmt_int(s, 2, now_ms - SESSION_LIFE_MS);
    return finish(s);
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
