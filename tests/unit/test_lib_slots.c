#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

#include "base/taken.h"
#include "base/zone.h"
#include "lua/data.h"
#include "script.h"

static struct script s;
static struct zones *zones;

/* {{subject, a, b[, blocks[, at, units]]}, …} */
static int l_taken(lua_State *L)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    struct taken *t = taken_push(L);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_Integer v[6];
        lua_rawgeti(L, 1, i);
        for (int k = 2; k <= 6; k++) {
            lua_rawgeti(L, 3, k);
            v[k - 1] = lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
        lua_rawgeti(L, 3, 1);
        struct str name = str_of(lua_tostring(L, -1));
        if (v[5])
            taken_gather(t, name, (struct gathering){v[4], v[1], v[2], v[5]});
        else if (v[3])
            taken_block(t, name, v[1], v[2]);
        else
            taken_busy(t, name, v[1], v[2]);
        lua_pop(L, 2);
    }
    taken_settle(L, 2);
    return 1;
}

/* What goes to a policy and what it would see. */
static int l_across(lua_State *L)
{
    struct buf packed, why;
    buf_init(&packed);
    buf_init(&why);
    int err = data_pack(L, 1, 1 << 20, &packed, &why);
    if (!err)
        err = data_unpack(L, buf_slice(&packed));
    lua_pushlstring(L, why.p ? why.p : "", why.n);
    buf_end(&packed);
    buf_end(&why);
    if (err)
        return luaL_error(L, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
    return 1;
}

static int begin(void **state)
{
    (void)state;
    zones = zones_new(NULL);
    script_begin(&s, 8 << 20);
    script_api(&s, API_HANDLER, NEED_SPAN | NEED_SLOTS | NEED_ZONE | NEED_TIME, zones);
    lua_pushcfunction(vm_main(s.vm), l_taken);
    vm_set_library(s.vm, "taken_of");
    lua_pushcfunction(vm_main(s.vm), l_across);
    vm_set_library(s.vm, "across");
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    zones_free(zones);
    return 0;
}

/* `list(more)` makes an hour's slots each half hour of a day in UTC; `show` writes a
 * list as "540/1/1", minute, places, candidate. */
#define PRELUDE                                                                        \
    "local span, taken, across = kordless.span, kordless.taken_of, kordless.across "   \
    "local function list(more) local g = { zone = 'UTC', step = 1800, length = 3600, " \
    "before = 0, after = 0, lo = 0, hi = 86400, capacity = 1, units = 1, most = 100, " \
    "look = 100 } for k, v in pairs(more or {}) do g[k] = v end "                      \
    "return kordless.slots.new(g) end "                                                \
    "local function show(l) local t = {} for i = 1, #l do local a, f, w = l:get(i) "   \
    "t[i] = a // 60 .. '/' .. f .. '/' .. w end return table.concat(t, ' ') end "

static void holds(const char *text)
{
    char chunk[4000];
    snprintf(chunk, sizeof(chunk), PRELUDE "%s", text);
    script_true(&s, chunk);
}

static void fails(const char *text, const char *part)
{
    char chunk[4000];
    snprintf(chunk, sizeof(chunk), PRELUDE "%s", text);
    script_fails(&s, chunk, part);
}

static void lists_are_filled_and_walked(void **state)
{
    (void)state;
    holds("local l = list() return #l == 0 and l:get(1) == nil and show(l) == ''");
    holds(
        "local l = list() return l:add(1, span.new(36000, 43200)) and #l == 3 and "
        "show(l) == '600/1/1 630/1/1 660/1/1' and l:get(0) == nil and l:get(4) == nil");
    holds("local l = list() l:add(1, span.new(36000, 41400)) l:add(2, span.new(34200, "
          "39600)) return show(l) == '570/1/2 600/1/1 600/1/2 630/1/1'");
    holds("local l, t = list({ capacity = 4 }), taken({ { 'ada', 36000, 37000 }, "
          "{ 'ben', 39600, 43200, 0, 39600, 3 } }) l:add(1, span.new(36000, 43200), t, "
          "{ 'ada' }) l:add(2, span.new(36000, 43200), t, { 'ben' }) "
          "l:add(3, span.new(36000, 43200), t, { 'cyd' }) return show(l) == "
          "'600/4/2 600/4/3 630/4/1 630/4/3 660/4/1 660/1/2 660/4/3'");
    holds("local l = list({ most = 2 }) return not l:add(1, span.new(36000, 43200))");
    holds("local l = list({ look = 3 }) return not l:add(1, span.new(36000, 43200))");
}

static void lists_are_thinned_out_and_ranked(void **state)
{
    (void)state;
    holds("local l = list() l:add(1, span.new(36000, 43200)) return rawequal(l:drop({ "
          "[2] = 'why', [3] = false }), l) and show(l) == '600/1/1 660/1/1'");
    holds(
        "local l = list() l:add(1, span.new(36000, 43200)) return #l:drop({ true, "
        "true, "
        "true, true }) == 0 and show(l:drop({})) == '' and l:add(2, span.new(0, 3600)) "
        "and show(l) == '0/1/2'");
    holds("local l = list() for who = 1, 3 do l:add(who, span.new(36000, 41400)) end "
          "return show(l:rank({ 2, 2, 1, 0 / 0, '-1', nil })) == "
          "'600/1/3 600/1/1 600/1/2 630/1/2 630/1/1 630/1/3'");
}

static void columns_are_lists_where_they_go(void **state)
{
    (void)state;
#define TWO                                                                       \
    "local l = list({ zone = 'Asia/Kolkata' }) l:add(1, span.new(36000, 41400)) " \
    "l:add(2, span.new(36000, 39600)) local names = { 'ada', 'ben' } "
    holds(TWO
          "local c = l:column('minutes') return #c == 3 and c[1] == 930 and c[3] == "
          "960 and c[4] == nil and c[0] == nil and c.x == nil");
    holds(TWO "local r = across({ n = #l, starts = l:column('starts'), minutes = "
              "l:column('minutes'), weekdays = l:column('weekdays'), host_ids = "
              "l:column('names', names) }) return r.n == 3 and "
              "table.concat(r.starts, ' ') == '36000 36000 37800' and "
              "table.concat(r.minutes, ' ') == '930 930 960' and "
              "table.concat(r.weekdays, ' ') == '4 4 4' and "
              "table.concat(r.host_ids, ' ') == 'ada ben ada' and #r.starts == 3 and "
              "rawequal(r.starts, r.starts) and r.nothing == nil");
    holds(TWO "local r, seen = across({ n = 3, starts = l:column('starts'), host_ids = "
              "l:column('names', names) }), {} for k, v in pairs(r) do seen[k] = v end "
              "return seen.n == 3 and seen.starts[3] == 37800 and seen.host_ids[2] == "
              "'ben' and getmetatable(r) == false");
    holds(TWO "local r = across({ starts = l:column('starts') }) r.starts = 5 "
              "return r.starts == 5");
    holds(TWO "return across(l:column('starts'))[3] == 37800");
    holds(
        "local r = across({ starts = list():column('starts') }) return #r.starts == 0");
    fails(TWO "across({ l })", "is a userdata");
    fails(TWO "l:column('names', { 'ada' })", "candidate 2 has no name");
    fails(TWO "l:column('names', { 'ada', 5 })", "names[2] is no string");
    fails(TWO "l:column('names')", "table expected");
    fails(TWO "l:column('ends')", "invalid option");
#undef TWO
}

static void lists_are_shown(void **state)
{
    (void)state;
#define ONE                                                                   \
    "local names = { start = 'startsAt', finish = 'endsAt', free = 'left' } " \
    "local l = list({ capacity = 12, lo = 951696000, hi = 951868800 }) "      \
    "l:add(1, span.new(951780600, 951786000)) "
    holds(ONE
          "return kordless.json.encode({ slots = l:show(names, { { host = 'Ad\"a', "
          "tags = kordless.json.array({}) } }) }) == "
          "'{\"slots\":[{\"endsAt\":\"2000-02-29T00:30:00Z\",\"host\":\"Ad\\\\\"a\","
          "\"left\":12,\"startsAt\":\"2000-02-28T23:30:00Z\",\"tags\":[]},{\"endsAt\":"
          "\"2000-02-29T01:00:00Z\",\"host\":\"Ad\\\\\"a\",\"left\":12,\"startsAt\":"
          "\"2000-02-29T00:00:00Z\",\"tags\":[]}]}'");
    holds(ONE "return kordless.json.encode(list():show(names, {})) == '[]'");
    holds("local names = { start = 'a', finish = 'b', free = 'c' } for day, text in "
          "pairs({ "
          "[-719528] = '0000-01-01T00:00:00Z', [-719163] = '0000-12-31T00:00:00Z', "
          "[-1] = '1969-12-31T00:00:00Z', [0] = '1970-01-01T00:00:00Z', "
          "[2932897] = '10000-01-01T00:00:00Z' }) do local lo = day * 86400 "
          "local l = list({ lo = lo, hi = lo + 86400 }) l:add(1, span.new(lo, lo + "
          "88200)) "
          "local t = kordless.json.decode(kordless.json.encode(l:show(names, { {} }))) "
          "if t[1].a ~= text or t[1].b ~= t[3].a then return false end "
          "end return true");
    fails(ONE "l:show(names, {})", "candidate 1 has no face");
    fails(ONE "l:show({ start = 'a', finish = 'b' }, { {} })", "names has no free");
    fails(ONE "l:show(names, { { print = function() end } })", "a face is no JSON");
    fails(ONE "l:show(names, { { 'x' } })", "with names");
    fails(ONE "local shown = l:show(names, { {} }) l:add(2, span.new(951780600, "
              "951786000)) kordless.json.encode(shown)",
          "a userdata is no JSON value");
    fails(ONE "kordless.json.encode(l)", "a userdata is no JSON value");
#undef ONE
}

static void wrong_arguments_are_named(void **state)
{
    (void)state;
    fails("list({ step = 0 })", "step is a whole number from 1 to");
    fails("list({ length = 0.5 })", "length is a whole number");
    fails("list({ before = -1 })", "before is a whole number from 0");
    fails("list({ lo = math.mininteger })", "lo is a whole number");
    fails("list({ hi = 1 << 50 })", "hi is a whole number");
    fails("list({ capacity = 0 })", "capacity is a whole number from 1");
    fails("list({ zone = 'Mars/Base' })", "'Mars/Base' is no known time zone");
    fails("list():add(0, span.new())", "a number from 1 on");
    fails("list():add(1, {})", "kordless.span expected");
    fails("list():add(1, span.new(), {})", "kordless.taken expected");
    fails("list():add(1, span.new(0, 9), taken({}), { 5 })", "a list of names");
    fails("list():drop()", "table expected");
    fails("list():rank(5)", "table expected");
    fails("kordless.slots.new()", "table expected");
    fails("kordless.span.add(list(), 1, 2)",
          "nil value"); /* classes are not mixed up */
}

/* The calls charge what they do, and hold memory that the state knows of. */
static void nothing_is_free_of_charge(void **state)
{
    (void)state;
    s.budget = (struct budget){200000, 0};
    enum vm_end was = script_run(
        &s, PRELUDE "while true do local l = list({ step = 60, hi = 8640000, "
                    "most = 1000000, look = 16777216 }) "
                    "l:add(1, span.new(0, 8640000)) end");
    assert_int_equal(was, VM_BUDGET);
    script_ends(&s,
                PRELUDE "local all = {} for i = 1, 1000 do local l = list({ step = 60, "
                        "hi = 864000, most = 100000, look = 100000 }) "
                        "l:add(1, span.new(0, 864000)) all[i] = l end",
                VM_MEMORY);
    script_true(&s, "return true");
}

static void there_is_none_without_slots(void **state)
{
    (void)state;
    struct script bare;
    script_begin(&bare, 1 << 20);
    script_api(&bare, API_HANDLER, NEED_ZONE, zones);
    lua_pushcfunction(vm_main(bare.vm), l_taken);
    vm_set_library(bare.vm, "taken_of");
    script_fails(&bare, "kordless.taken_of({})", "needs needs = {\"slots\"}");
    script_fails(&bare, "kordless.zone.open('UTC', {}, {}, 0, 1)",
                 "needs needs = {\"span\"}");
    script_end(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_filled_and_walked),
        cmocka_unit_test(lists_are_thinned_out_and_ranked),
        cmocka_unit_test(columns_are_lists_where_they_go),
        cmocka_unit_test(lists_are_shown),
        cmocka_unit_test(wrong_arguments_are_named),
        cmocka_unit_test(nothing_is_free_of_charge),
        cmocka_unit_test(there_is_none_without_slots),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
