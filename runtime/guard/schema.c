#include "guard/schema.h"

/* What stays true whoever writes: a key is never deleted, never changes its digest or
 * owner, and a revocation is final; the audit only grows. */
const struct migration schema_migrations[] = {
    {STR("001_registry"),
     STR("CREATE TABLE organization ("
         "  id TEXT PRIMARY KEY NOT NULL,"
         "  name TEXT NOT NULL,"
         "  slug TEXT NOT NULL UNIQUE,"
         "  tagline TEXT,"
         "  branding TEXT,"
         "  plan TEXT NOT NULL DEFAULT '',"
         "  metadata TEXT,"
         "  suspended INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),"
         "  created_at INTEGER NOT NULL"
         ") STRICT;"
         "CREATE TABLE api_key ("
         "  id TEXT PRIMARY KEY NOT NULL,"
         "  organization_id TEXT NOT NULL REFERENCES organization (id),"
         "  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),"
         "  last4 TEXT NOT NULL CHECK (length(last4) = 4),"
         "  label TEXT NOT NULL DEFAULT '',"
         "  environment TEXT CHECK (environment IN ('production', 'development')),"
         "  scopes TEXT," /* names with blanks between; NULL: all there ever are */
         "  created_at INTEGER NOT NULL,"
         "  created_by TEXT NOT NULL DEFAULT '',"
         "  not_before INTEGER,"
         "  expires_at INTEGER,"
         "  revoked_at INTEGER,"
         "  revoked_by TEXT,"
         "  revoke_reason TEXT,"
         "  note TEXT,"
         "  limits TEXT,"
         "  rotated_from TEXT REFERENCES api_key (id),"
         "  last_used_at INTEGER,"
         "  last_used_ip TEXT,"
         "  UNIQUE (organization_id, last4)"
         ") STRICT;"
         "CREATE INDEX api_key_newest ON api_key (organization_id, id);"
         "CREATE TRIGGER api_key_stays BEFORE DELETE ON api_key"
         " BEGIN SELECT RAISE(ABORT, 'api_key: rows are never deleted'); END;"
         "CREATE TRIGGER api_key_same BEFORE UPDATE OF id, organization_id, digest, "
         "last4"
         " ON api_key"
         " BEGIN SELECT RAISE(ABORT, 'api_key: identity never changes'); END;"
         "CREATE TRIGGER api_key_final BEFORE UPDATE OF revoked_at, revoked_by, "
         "revoke_reason"
         " ON api_key WHEN OLD.revoked_at IS NOT NULL"
         " BEGIN SELECT RAISE(ABORT, 'api_key: a revocation is final'); END;"
         "CREATE TABLE audit ("
         "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
         "  at INTEGER NOT NULL,"
         "  actor TEXT NOT NULL,"
         "  action TEXT NOT NULL,"
         "  organization_id TEXT,"
         "  object TEXT,"
         "  detail TEXT" /* a JSON object */
         ") STRICT;"
         "CREATE INDEX audit_organization ON audit (organization_id, id);"
         "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
         " BEGIN SELECT RAISE(ABORT, 'audit: rows never change'); END;"
         "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
         " BEGIN SELECT RAISE(ABORT, 'audit: rows are never deleted'); END;"
         /* INSERT OR REPLACE deletes without asking the trigger above */
         "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit"
         " WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
         " BEGIN SELECT RAISE(ABORT, 'audit: rows never change'); END;"
         "CREATE TABLE idempotency ("
         "  organization_id TEXT NOT NULL,"
         "  route TEXT NOT NULL,"
         "  key TEXT NOT NULL,"
         "  body BLOB NOT NULL CHECK (length(body) = 32),"
         "  status INTEGER NOT NULL,"
         "  answer BLOB NOT NULL,"
         "  at INTEGER NOT NULL,"
         "  PRIMARY KEY (organization_id, route, key)"
         ") STRICT;"
         "CREATE INDEX idempotency_at ON idempotency (at);"
         "CREATE TABLE setting ("
         "  name TEXT PRIMARY KEY NOT NULL,"
         "  value ANY NOT NULL"
         ") STRICT;")},
    {STR("002_keys"),
     /* `family`: whose limits it goes on with, the first key of a row of rotations.
      * `limits` of both: what overrides the policy, as guard/override.h reads it. */
     STR("ALTER TABLE organization ADD COLUMN limits TEXT;"
         "ALTER TABLE api_key ADD COLUMN family TEXT;"
         "CREATE UNIQUE INDEX api_key_successor ON api_key (rotated_from)"
         " WHERE rotated_from IS NOT NULL;"
         "CREATE TRIGGER api_key_line BEFORE UPDATE OF rotated_from, family, "
         "created_at,"
         " created_by ON api_key"
         " BEGIN SELECT RAISE(ABORT, 'api_key: origin never changes'); END;")},
    {STR("003_secret"), STR("CREATE TABLE secret ("
                            "  name TEXT PRIMARY KEY NOT NULL,"
                            "  box BLOB NOT NULL," /* nonce and ciphertext */
                            "  at INTEGER NOT NULL"
                            ") STRICT;")},
    /* Numbers instead of ids and labels, and the time first: what is added lies
       together, and what is too old is the beginning of each step. */
    {STR("004_usage"),
     STR("CREATE TABLE usage_name (" /* of organizations, keys and routes */
         "  number INTEGER PRIMARY KEY NOT NULL,"
         "  name TEXT NOT NULL UNIQUE"
         ") STRICT;"
         "CREATE TABLE usage ("
         "  step INTEGER NOT NULL," /* 1 minute, 2 hour, 3 day */
         "  at INTEGER NOT NULL,"   /* which one since 1970 */
         "  organization INTEGER NOT NULL,"
         "  key INTEGER NOT NULL,"
         "  route INTEGER NOT NULL,"
         "  outcome INTEGER NOT NULL," /* 0 refused, 2 to 5 the status' digit */
         "  n INTEGER NOT NULL,"
         "  cost INTEGER NOT NULL,"
         "  PRIMARY KEY (step, at, organization, key, route, outcome)"
         ") STRICT, WITHOUT ROWID;"
         "CREATE TABLE usage_seen (" /* when a key was admitted, in minutes */
         "  organization INTEGER NOT NULL,"
         "  key INTEGER NOT NULL,"
         "  last INTEGER NOT NULL,"
         "  before INTEGER," /* the last time before a month's rest */
         "  again INTEGER,"  /* and the first after it */
         "  PRIMARY KEY (organization, key)"
         ") STRICT, WITHOUT ROWID;")},
    {STR("005_people"),
     /* A member without an organization is an operator; emails are in lower case; a
      * password is an Argon2id string; `version` counts up with every change; a link is
      * the digest of a set-up link. */
     STR("CREATE TABLE member ("
         "  id TEXT PRIMARY KEY NOT NULL,"
         "  organization_id TEXT REFERENCES organization (id),"
         "  email TEXT NOT NULL,"
         "  name TEXT NOT NULL DEFAULT '',"
         "  role TEXT NOT NULL"
         "    CHECK (role IN ('viewer', 'admin', 'owner', 'operator')),"
         "  status TEXT NOT NULL CHECK (status IN ('invited', 'active', 'removed')),"
         "  password TEXT,"
         "  version INTEGER NOT NULL DEFAULT 1,"
         "  created_at INTEGER NOT NULL,"
         "  created_by TEXT NOT NULL,"
         "  link BLOB UNIQUE CHECK (length(link) = 32),"
         "  link_expires_at INTEGER,"
         "  CHECK ((role = 'operator') = (organization_id IS NULL)),"
         "  CHECK ((link IS NULL) = (link_expires_at IS NULL)),"
         "  CHECK (status <> 'removed' OR (password IS NULL AND link IS NULL)),"
         "  CHECK (status <> 'active' OR password IS NOT NULL)"
         ") STRICT;"
         "CREATE UNIQUE INDEX member_email ON member (email) WHERE status <> 'removed';"
         "CREATE INDEX member_newest ON member (organization_id, id);"
         "CREATE TRIGGER member_stays BEFORE DELETE ON member"
         " BEGIN SELECT RAISE(ABORT, 'member: rows are never deleted'); END;"
         "CREATE TRIGGER member_final BEFORE UPDATE ON member"
         " WHEN OLD.status = 'removed'"
         " BEGIN SELECT RAISE(ABORT, 'member: a removal is final'); END;"
         "CREATE TRIGGER member_same BEFORE UPDATE OF id, organization_id, email"
         " ON member"
         " BEGIN SELECT RAISE(ABORT, 'member: identity never changes'); END;"
         "CREATE TABLE session ("
         "  digest BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32),"
         "  member_id TEXT NOT NULL REFERENCES member (id),"
         "  created_at INTEGER NOT NULL,"
         "  seen_at INTEGER NOT NULL"
         ") STRICT, WITHOUT ROWID;"
         "CREATE INDEX session_member ON session (member_id, created_at);"
         "CREATE INDEX session_seen ON session (seen_at);"
         "CREATE TABLE operator_token ("
         "  id TEXT PRIMARY KEY NOT NULL,"
         "  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),"
         "  label TEXT NOT NULL DEFAULT '',"
         "  created_at INTEGER NOT NULL,"
         "  created_by TEXT NOT NULL,"
         "  expires_at INTEGER,"
         "  revoked_at INTEGER,"
         "  revoked_by TEXT"
         ") STRICT;"
         "CREATE TRIGGER operator_token_stays BEFORE DELETE ON operator_token"
         " BEGIN SELECT RAISE(ABORT, 'operator_token: rows are never deleted'); END;"
         "CREATE TRIGGER operator_token_same"
         " BEFORE UPDATE OF id, digest ON operator_token"
         " BEGIN SELECT RAISE(ABORT, 'operator_token: identity never changes'); END;"
         "CREATE TRIGGER operator_token_final"
         " BEFORE UPDATE OF revoked_at, revoked_by ON operator_token"
         " WHEN OLD.revoked_at IS NOT NULL"
         " BEGIN SELECT RAISE(ABORT, 'operator_token: a revocation is final'); END;"
         "CREATE INDEX audit_object ON audit (object, id);"
         "CREATE INDEX audit_action ON audit (action, id);")},
    {STR("006_denial"),
     STR("CREATE TABLE denial ("   /* the newest of each key */
         "  key INTEGER NOT NULL," /* of usage_name, as the route */
         "  id INTEGER NOT NULL,"
         "  at INTEGER NOT NULL,"
         "  wait INTEGER NOT NULL,"
         "  used INTEGER NOT NULL,"
         "  most INTEGER NOT NULL,"
         "  scope INTEGER NOT NULL,"
         "  route INTEGER NOT NULL,"
         "  rule INTEGER NOT NULL," /* as guard/denials.h counts them */
         "  address BLOB NOT NULL,"
         "  request_id TEXT NOT NULL,"
         "  PRIMARY KEY (key, id)"
         ") STRICT, WITHOUT ROWID;")},
    /* In order, with blanks between, as guard/tags.h has them; NULL: none. */
    {STR("007_tags"), STR("ALTER TABLE api_key ADD COLUMN tags TEXT;")},
    /* From here on answers are sealed; those that were not are forgotten a day early.
     */
    {STR("008_idempotency"), STR("DELETE FROM idempotency;")},
    /* Few keys rest for a month, and few are refused: who looks at a page of keys reads
       of an organization these alone. */
    {STR("009_signals"),
     STR("CREATE INDEX usage_again ON usage_seen (organization, again)"
         " WHERE again IS NOT NULL;"
         "CREATE INDEX usage_refused ON usage (organization, at)"
         " WHERE step = 2 AND outcome = 0;")},
    /* The oldest of all keys, and the newest id, without a look at each. */
    {STR("010_denials"), STR("CREATE INDEX denial_oldest ON denial (id);")},
};
const size_t schema_migrations_n =
    sizeof(schema_migrations) / sizeof(schema_migrations[0]);
