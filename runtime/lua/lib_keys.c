/* kordless.keys: rows of guard/key_rows.h, and the records in the keyring. */

#include <string.h>

#include "guard/key_use.h"
#include "guard/key_write.h"
#include "guard/limit.h"
#include "guard/tags.h"
#include "lua/lib.h"
#include "lua/platform.h"

enum { LIST_MAX = 100, TRIES = 16 };

struct job {
    struct platform_write p; /* first */
    struct key key;          /* to be made; or whose id says which */
    struct key *live;
    struct str label, note, tags, reason;
    enum key_kind kind;
    char text[KEY_TEXT + 1];
    const struct pepper *pepper;
    struct limits *limits;
    struct key_change change;
    int64_t grace_ms, revoked_ms;
    struct key_row row, old;
};

static void free_job(struct call_write *cw)
{
    struct job *j = (struct job *)cw;
    explicit_bzero(j->text, sizeof(j->text));
    platform_write_free(cw);
}

static struct job *new_job(struct call *c,
                           int (*act)(struct platform_write *, struct db *),
                           int (*resume)(struct call_write *, lua_State *, int *))
{
    struct job *j = platform_write_new(c, sizeof(*j), act, resume);
    j->p.cw.free = free_job;
    j->pepper = c->host->pepper;
    j->limits = c->host->limits;
    return j;
}

/* --- rows --- */

static void push_scopes(lua_State *L, uint32_t scopes)
{
    int n = 0;
    lua_newtable(L);
    for (uint32_t bit = 1; bit & SCOPE_ALL; bit <<= 1) {
        if (!(scopes & bit))
            continue;
        lua_pushstring(L, scope_name(bit));
        lua_rawseti(L, -2, ++n);
    }
    lua_setfield(L, -2, "scopes");
}

static void push_tags(lua_State *L, struct str tags)
{
    struct str word;
    lua_newtable(L);
    for (int n = 1; tags_next(&tags, &word); n++) {
        lua_pushlstring(L, word.p, word.n);
        lua_rawseti(L, -2, n);
    }
    lua_setfield(L, -2, "tags");
}

static void push_row(lua_State *L, const struct key_row *r)
{
    const struct {
        const char *name;
        struct str value;
    } texts[] = {{"id", r->id},
                 {"organization_id", r->organization_id},
                 {"label", r->label},
                 {"last4", r->last4},
                 {"environment", str_of(environment_name(r->environment))},
                 {"created_by", r->created_by},
                 {"revoked_by", r->revoked_by},
                 {"revoke_reason", r->revoke_reason},
                 {"note", r->note},
                 {"last_used_ip", r->last_used_ip},
                 {"rotated_from", r->rotated_from},
                 {"rotated_to", r->rotated_to},
                 {"line", r->family.n ? r->family : r->id}};
    lua_createtable(L, 0, 24);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        platform_set_str(L, texts[i].name, texts[i].value);
    platform_set_ms(L, "created_at", r->created_ms);
    platform_set_ms(L, "revoked_at", r->revoked_ms);
    platform_set_ms(L, "not_before", r->not_before_ms);
    platform_set_ms(L, "expires_at", r->expires_ms);
    platform_set_ms(L, "last_used_at", r->last_used_ms);
    platform_set_json(L, "limits", r->limits);
    push_scopes(L, r->scopes);
    push_tags(L, r->tags);
    lua_pushboolean(L, r->revoked);
    lua_setfield(L, -2, "revoked");
}

/* Of its last use the row lags a few seconds behind; and a key whose revocation the
 * store did not take is refused all the same. */
static void push_live(lua_State *L, struct call *c, struct key_row *row)
{
    char text[KEY_IP_TEXT];
    struct key *k = keyring_key(c->host->keyring, row->id);
    if (k) {
        row->last_used_ms = atomic_load(&k->last_used_ms);
        row->last_used_ip = key_use_text(k, text);
        row->revoked = atomic_load(&k->state) == KEY_REVOKED;
    }
    push_row(L, row);
}

/* --- looking --- */

/* One whose making is not answered yet is not there yet: nothing can be done to it. */
static int push_one(lua_State *L, int (*read)(struct db *db, struct str id,
                                              struct arena *a, struct key_row *out))
{
    struct call *c = call_of(L);
    size_t n;
    const char *p = luaL_checklstring(L, 1, &n);
    struct key_row row;
    int err = read(platform_read(L, c), (struct str){p, n}, c->arena, &row);
    if (err && err != ERR_NOT_FOUND)
        return luaL_error(L, "the keys cannot be read: %s", err_name(err));
    if (err || !keyring_key(c->host->keyring, row.id))
        lua_pushnil(L);
    else
        push_live(L, c, &row);
    return 1;
}

int lib_keys_get(lua_State *L)
{
    return push_one(L, key_rows_get);
}

int lib_keys_newest(lua_State *L)
{
    return push_one(L, key_rows_newest);
}

static int push_all(lua_State *L, struct call *c, int err, struct key_row *rows, int n)
{
    if (err)
        return luaL_error(L, "the keys cannot be read: %s", err_name(err));
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        push_live(L, c, &rows[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

int lib_keys_old(lua_State *L)
{
    struct call *c = call_of(L);
    size_t no;
    const char *org = luaL_checklstring(L, 1, &no);
    int64_t made_ms = luaL_checkinteger(L, 2) * 1000;
    struct key_row *rows;
    int n = 0;
    int err = key_rows_old(platform_read(L, c), (struct str){org, no}, made_ms,
                           c->now.wall_ms, LIST_MAX, c->arena, &rows, &n);
    return push_all(L, c, err, rows, n);
}

int lib_keys_list(lua_State *L)
{
    struct call *c = call_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    const struct key_filter filter = {
        .organization_id = platform_str(L, 1, c, "organization_id", NULL),
        .q = platform_str(L, 1, c, "q", NULL),
        .created_by = platform_str(L, 1, c, "created_by", NULL),
        .cursor = platform_str(L, 1, c, "cursor", NULL),
        .max = LIST_MAX + 1};
    struct key_row *rows;
    int n = 0;
    int err = key_rows_list(platform_read(L, c), &filter, c->arena, &rows, &n);
    return push_all(L, c, err, rows, n);
}

/* --- making --- */

/* Last 4 is unique within an organization, so that people can name a key by it: a key
 * that collides is thrown away and another one made. A run after a rerun finds its own
 * last choice still in the job. */
static int try_texts(struct job *j, struct db *db,
                     int (*store)(struct job *j, struct db *db))
{
    int err = ERR_EXISTS;
    for (int i = 0; i < TRIES && err == ERR_EXISTS; i++) {
        if (i > 0 || !j->text[0])
            key_make(j->kind, j->text);
        struct str text = str_of(j->text);
        secret_digest(j->pepper, text, j->key.digest);
        memcpy(j->key.last4, j->text + KEY_TEXT - LAST4, LAST4 + 1);
        arena_reset(&j->p.arena);
        err = store(j, db);
    }
    return err;
}

/* Where it is counted, which takes room on the disk: without it nothing is made. */
static int take_ring(struct job *j)
{
    struct str family = j->row.family.n ? j->row.family : j->row.id;
    return limits_ring(j->limits, family, &j->key.ring);
}

static int store_new(struct job *j, struct db *db)
{
    int err = key_write_add(db, &j->key, j->note, j->p.now_ms, j->p.actor);
    if (!err)
        err = key_rows_get(db, str_of(j->key.id), &j->p.arena, &j->row);
    return err ? err : take_ring(j);
}

static int add(struct platform_write *w, struct db *db)
{
    return try_texts((struct job *)w, db, store_new);
}

/* The row is durable: now, and not before, any worker may find the key. */
static int into_ring(struct job *j, const struct call_host *h)
{
    struct key_published p;
    struct key *made;
    key_rows_stage(&j->row, &p, &j->key);
    int err = keyring_add_key(h->keyring, &j->key, &made);
    key_rows_unstage(&p);
    return err;
}

static int added(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    if (!cw->w.result)
        cw->w.result = into_ring(j, cw->call->host);
    if (cw->w.result)
        return platform_failed(&j->p, L);
    push_row(L, &j->row);
    platform_set_str(L, "key", str_of(j->text));
    *n = 1;
    return 0;
}

static uint32_t arg_scopes(lua_State *L, int idx)
{
    uint32_t scopes = 0;
    lua_pushliteral(L, "scopes");
    if (lua_rawget(L, idx) != LUA_TTABLE) {
        lua_pop(L, 1);
        return SCOPE_ALL;
    }
    for (int i = 1; i <= (int)lua_rawlen(L, -1); i++) {
        lua_rawgeti(L, -1, i);
        uint32_t bit = scope_bit(str_of(lua_tostring(L, -1)));
        if (!bit)
            luaL_error(L, "'%s' is no scope", lua_tostring(L, -1));
        scopes |= bit;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return scopes ? scopes : SCOPE_ALL;
}

/* What is no list (null) has none. The text is the call's. */
static struct str arg_tags(lua_State *L, int idx, struct call *c)
{
    struct tags tags = {.n = 0};
    char text[TAGS_TEXT];
    struct str word;
    lua_pushliteral(L, "tags");
    if (lua_rawget(L, idx) != LUA_TTABLE) {
        lua_pop(L, 1);
        return str_of(NULL);
    }
    for (int i = 1; i <= (int)lua_rawlen(L, -1); i++) {
        lua_rawgeti(L, -1, i); /* the list keeps the word where it is */
        word.p = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &word.n) : NULL;
        int err = word.p ? tags_add(&tags, word) : ERR_INVALID;
        if (err)
            luaL_error(L, "tags: %s",
                       err == ERR_FULL ? "a key has at most 16" : "one is none");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return arena_str(c->arena, tags_text(&tags, text));
}

int lib_keys_create(lua_State *L)
{
    struct call *c = call_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    struct org *org =
        keyring_org(c->host->keyring, platform_str(L, 1, c, "organization_id", NULL));
    luaL_argcheck(L, org != NULL, 1, "no such organization");
    struct str label = platform_str(L, 1, c, "label", NULL);
    struct str note = platform_str(L, 1, c, "note", NULL);
    struct str tags = arg_tags(L, 1, c);
    struct key row = {.org = org,
                      .environment =
                          environment_of(platform_str(L, 1, c, "environment", NULL)),
                      .scopes = arg_scopes(L, 1),
                      .created_ms = c->now.wall_ms,
                      .not_before_ms = platform_ms(L, 1, "not_before", NULL),
                      .expires_ms = platform_ms(L, 1, "expires_at", NULL)};
    luaL_argcheck(L, label.n, 1, "a label is needed");
    struct job *j = new_job(c, add, added);
    j->key = row;
    j->label = label;
    j->note = note;
    j->tags = tags;
    atomic_init(&j->key.label, &j->label);
    atomic_init(&j->key.tags, &j->tags);
    j->kind = row.environment == ENV_DEVELOPMENT ? KEY_TEST : KEY_LIVE;
    id_make(c->host->ids, "key_", c->now.wall_ms, j->key.id);
    return call_wait(L, &j->p.cw);
}

/* --- changing --- */

static int change(struct platform_write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    return key_write_change(db, str_of(j->live->id), &j->change, j->p.now_ms,
                            j->p.actor, &j->p.arena, &j->row);
}

static int changed(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    if (cw->w.result == ERR_DENIED)
        return platform_refused(L, "rotated", n);
    if (cw->w.result)
        return platform_failed(&j->p, L);
    key_rows_publish(cw->call->host->keyring, j->live, &j->row);
    push_live(L, cw->call, &j->row);
    *n = 1;
    return 0;
}

static void read_change(lua_State *L, struct call *c, struct key_change *to)
{
    static const struct {
        const char *name;
        unsigned bit;
    } members[] = {{"label", KEY_SET_LABEL},   {"note", KEY_SET_NOTE},
                   {"scopes", KEY_SET_SCOPES}, {"expires_at", KEY_SET_EXPIRES},
                   {"limits", KEY_SET_LIMITS}, {"tags", KEY_SET_TAGS}};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (platform_has(L, 2, members[i].name))
            to->set |= members[i].bit;
    to->label = platform_str(L, 2, c, "label", NULL);
    to->note = platform_str(L, 2, c, "note", NULL);
    to->scopes = arg_scopes(L, 2);
    to->tags = arg_tags(L, 2, c);
    to->expires_ms = platform_ms(L, 2, "expires_at", NULL);
    to->limits = platform_json(L, 2, c, "limits");
    to->patch = platform_json(L, 2, c, "patch");
}

/* The key of the id at 1; NULL, and nil is pushed. */
static struct key *key_at_1(lua_State *L, struct call *c)
{
    size_t n;
    const char *id = luaL_checklstring(L, 1, &n);
    struct key *k = keyring_key(c->host->keyring, (struct str){id, n});
    if (!k)
        lua_pushnil(L);
    return k;
}

int lib_keys_change(lua_State *L)
{
    struct call *c = call_of(L);
    struct key_change to = {.set = 0};
    luaL_checktype(L, 2, LUA_TTABLE);
    struct key *live = key_at_1(L, c);
    if (!live)
        return 1;
    read_change(L, c, &to);
    struct job *j = new_job(c, change, changed);
    j->live = live;
    j->change = to;
    return call_wait(L, &j->p.cw);
}

/* --- rotating --- */

static int store_next(struct job *j, struct db *db)
{
    int err = key_write_rotate(db, str_of(j->live->id), &j->key, j->grace_ms,
                               j->p.now_ms, j->p.actor, &j->p.arena, &j->old, &j->row);
    return err ? err : take_ring(j);
}

static int rotate(struct platform_write *w, struct db *db)
{
    return try_texts((struct job *)w, db, store_next);
}

/* Both stand in the store; the new key first, so that there is always one that works.
 */
static int rotated(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    const struct call_host *h = cw->call->host;
    if (cw->w.result == ERR_BUSY && j->old.rotated_to.n)
        return platform_refused(L, "rotated", n);
    if (cw->w.result == ERR_DENIED)
        return platform_refused(L, "ended", n);
    if (!cw->w.result)
        cw->w.result = into_ring(j, h);
    if (!cw->w.result)
        key_rows_publish(h->keyring, j->live, &j->old);
    if (cw->w.result)
        return platform_failed(&j->p, L);
    push_row(L, &j->row);
    platform_set_str(L, "key", str_of(j->text));
    *n = 1;
    return 0;
}

int lib_keys_rotate(lua_State *L)
{
    struct call *c = call_of(L);
    lua_Integer grace = luaL_checkinteger(L, 2);
    luaL_argcheck(L, grace >= 0 && grace <= 7 * 86400, 2, "0 to 604800 seconds");
    struct key *live = key_at_1(L, c);
    int n;
    if (!live)
        return 1;
    if (atomic_load(&live->state) == KEY_REVOKED) { /* the store may not know it yet */
        platform_refused(L, "ended", &n);
        return n;
    }
    struct job *j = new_job(c, rotate, rotated);
    j->live = live;
    j->grace_ms = grace * 1000;
    j->key.org = live->org;
    j->kind = live->environment == ENV_DEVELOPMENT ? KEY_TEST : KEY_LIVE;
    id_make(c->host->ids, "key_", c->now.wall_ms, j->key.id);
    return call_wait(L, &j->p.cw);
}

/* --- revoking --- */

static int revoke(struct platform_write *w, struct db *db)
{
    struct job *j = (struct job *)w;
    int err = key_write_revoke(db, str_of(j->live->id), j->reason, j->p.now_ms,
                               j->p.actor, &j->revoked_ms);
    return err ? err : key_rows_get(db, str_of(j->live->id), &j->p.arena, &j->row);
}

static int revoked(struct call_write *cw, lua_State *L, int *n)
{
    struct job *j = (struct job *)cw;
    int err = cw->w.result;
    if (err) {
        call_fails(
            cw->call, 500, "revocation_not_durable",
            "This key is refused from now on, but the store did not take it, and "
            "a restart would forget it. Revoke it again. Request id %s.");
        lua_pushfstring(L, "the store refused a revocation: %s", err_name(err));
        return err;
    }
    push_live(L, cw->call, &j->row);
    *n = 1;
    return 0;
}

int lib_keys_revoke(lua_State *L)
{
    struct call *c = call_of(L);
    size_t nr;
    const char *reason = luaL_optlstring(L, 2, "", &nr);
    struct key *live = key_at_1(L, c);
    if (!live)
        return 1;
    call_may_wait(L); /* or it would be refused in memory and stay so in the store */
    struct job *j = new_job(c, revoke, revoked);
    j->p.begun = true;
    j->live = live;
    j->reason = arena_str(c->arena, (struct str){reason, nr});
    keyring_revoke(
        live); /* from here on no worker lets it in, whatever the disk says */
    return call_wait(L, &j->p.cw);
}
