#ifndef KORDLESS_LUA_LIB_H
#define KORDLESS_LUA_LIB_H

/* The C functions of the `kordless` API, a file each library, named
 * lib_<library>_<function>; what they take and give stands in their rows (api.h), which
 * is also where they become part of a state. Below them what libraries lend to C. */

#include <lua.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

struct spans;
struct taken;
struct zone;
struct call;
struct api_grant;

int lib_audit_list(lua_State *L);
int lib_audit_record(lua_State *L);
int lib_crypto_equal(lua_State *L);
int lib_crypto_hash(lua_State *L);
int lib_crypto_token(lua_State *L);
int lib_db_exec(lua_State *L);
int lib_db_one(lua_State *L);
int lib_db_query(lua_State *L);
int lib_db_taken(lua_State *L);
int lib_fetch_wait(lua_State *L);
int lib_host_answer(lua_State *L);
int lib_host_error(lua_State *L);
int lib_host_fresh(lua_State *L);
int lib_host_id(lua_State *L);
int lib_host_info(lua_State *L);
int lib_host_now(lua_State *L);
int lib_host_options(lua_State *L, const struct api_grant *g);
int lib_host_problem(lua_State *L);
int lib_host_refuse(lua_State *L);
int lib_host_sleep(lua_State *L);
int lib_host_warn(lua_State *L);
int lib_json_array(lua_State *L);
int lib_json_decode(lua_State *L);
int lib_json_encode(lua_State *L);
int lib_json_is_array(lua_State *L);
int lib_json_null(lua_State *L, const struct api_grant *g);
int lib_keys_change(lua_State *L);
int lib_keys_create(lua_State *L);
int lib_keys_get(lua_State *L);
int lib_keys_list(lua_State *L);
int lib_keys_newest(lua_State *L);
int lib_keys_old(lua_State *L);
int lib_keys_revoke(lua_State *L);
int lib_keys_rotate(lua_State *L);
int lib_orgs_change(lua_State *L);
int lib_orgs_create(lua_State *L);
int lib_orgs_get(lua_State *L);
int lib_orgs_list(lua_State *L);
int lib_people_by_email(lua_State *L);
int lib_people_by_link(lua_State *L);
int lib_people_change(lua_State *L);
int lib_people_check(lua_State *L);
int lib_people_create(lua_State *L);
int lib_people_get(lua_State *L);
int lib_people_hash(lua_State *L);
int lib_people_link(lua_State *L);
int lib_people_list(lua_State *L);
int lib_people_remove(lua_State *L);
int lib_platform_resume(lua_State *L);
int lib_quota_diff(lua_State *L);
int lib_quota_explain(lua_State *L);
int lib_policy_call(lua_State *L);
int lib_policy_fail(lua_State *L);
int lib_policy_has(lua_State *L);
int lib_policy_hash(lua_State *L);
int lib_policy_trace(lua_State *L);
int lib_session_attempt(lua_State *L);
int lib_session_begin(lua_State *L);
int lib_session_csrf(lua_State *L);
int lib_session_finish(lua_State *L);
int lib_session_finish_all(lua_State *L);
int lib_session_forgive(lua_State *L);
int lib_session_password(lua_State *L);
int lib_session_refused(lua_State *L);
int lib_session_set_up(lua_State *L);
int lib_slots_add(lua_State *L);
int lib_slots_column(lua_State *L);
int lib_slots_drop(lua_State *L);
int lib_slots_get(lua_State *L);
int lib_slots_new(lua_State *L);
int lib_slots_rank(lua_State *L);
int lib_slots_share(lua_State *L, const struct api_grant *g);
int lib_slots_show(lua_State *L);
int lib_span_add(lua_State *L);
int lib_span_covers(lua_State *L);
int lib_span_each(lua_State *L);
int lib_span_get(lua_State *L);
int lib_span_intersect(lua_State *L);
int lib_span_new(lua_State *L);
int lib_span_peak(lua_State *L);
int lib_span_share(lua_State *L, const struct api_grant *g);
int lib_span_subtract(lua_State *L);
int lib_span_total(lua_State *L);
int lib_span_touches(lua_State *L);
int lib_span_union(lua_State *L);
int lib_time_date(lua_State *L);
int lib_time_days(lua_State *L);
int lib_time_format(lua_State *L);
int lib_time_parse(lua_State *L);
int lib_time_weekday(lua_State *L);
int lib_token_create(lua_State *L);
int lib_token_list(lua_State *L);
int lib_token_revoke(lua_State *L);
int lib_usage_again(lua_State *L);
int lib_usage_refused(lua_State *L);
int lib_usage_denials(lua_State *L);
int lib_usage_rows(lua_State *L);
int lib_usage_windows(lua_State *L);
int lib_vault_drop(lua_State *L);
int lib_vault_list(lua_State *L);
/* measure.h */
int lib_measure_add(lua_State *L);
int lib_measure_set(lua_State *L);
int lib_vault_secret(lua_State *L);
int lib_vault_set(lua_State *L);
int lib_zone_instant(lua_State *L);
int lib_zone_known(lua_State *L);
int lib_zone_open(lua_State *L);
int lib_zone_share(lua_State *L, const struct api_grant *g);
int lib_zone_wall(lua_State *L);

/* The value at `idx` as JSON, appended; 0, or ERR_INVALID with `why`: the path is
 * appended to the value's name, if the caller put one there, else to "value"
 * ("body.a[2]: a function is no JSON value"). Objects: string keys, in sorted order so
 * that answers read the same twice. An empty table is {} unless marked by json.array; a
 * table of 1 … n is an array. Metatables are not asked. May raise: budget, memory. */
int json_encode(lua_State *L, int idx, struct buf *out, struct buf *why) MUST_CHECK;
/* Pushes the value of `text`; ERR_INVALID with a sentence. Arrays are marked, null is
 * json.null (light userdata NULL) wherever it stands. May raise: budget, memory. */
int json_decode(lua_State *L, struct str text, struct buf *why) MUST_CHECK;
/* The mark of an array, a metatable of the state's own. */
void json_mark(lua_State *L); /* marks the table on top */
bool json_is_marked(lua_State *L, int idx);
/* Are the table's members those of 1 … n and no others? */
bool json_only_positions(lua_State *L, int idx, lua_Integer n);

/* A new, empty kordless.span on top, for C that fills it; it dies with the object. Once
 * filled, span_settle counts its memory (and may raise). */
struct spans *span_push(lua_State *L);
void span_settle(lua_State *L, int idx);
const struct spans *span_check(lua_State *L, int idx); /* raises if it is none */

/* The same of a kordless.taken. */
struct taken *taken_push(lua_State *L);
void taken_settle(lua_State *L, int idx);

/* For functions that share what lib_zone_share pushes: the zone named at `idx`. Raises
 * if there is none. */
const struct zone *zone_check(lua_State *L, int idx);

/* Of a fetch that is over: what it held. */
void lib_fetch_drop(struct call *c);

/* string.find and its kin, budgeted: replaces the four functions in the table on top.
 */
void pattern_install(lua_State *L);

#endif
