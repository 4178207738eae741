#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <lualib.h>

#include "script.h"

static struct script s;
static lua_State *stock;

static int begin(void **state)
{
    (void)state;
    script_begin(&s, 0);
    stock = luaL_newstate();
    luaL_openlibs(stock);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lua_close(stock);
    script_end(&s);
    return 0;
}

static void the_manual_in_examples(void **state)
{
    static const char *const truths[] = {
        "('hello world'):find('wor') == 7",
        "('hello'):find('l+') == 3 and select(2, ('hello'):find('l+')) == 4",
        "('hello'):find('') == 1 and ('hello'):find('', 6) == 6",
        "('hello'):find('', 7) == nil and ('hello'):find('', 10) == nil",
        "('a.b'):find('.', 1, true) == 2 and ('a.b'):find('.', 1) == 1",
        "('hello'):find('l', -2) == 4 and ('hello'):find('h', -100) == 1",
        "('hello'):find('xyz') == nil and (''):find('') == 1",
        "('key = value'):match('^(%w+)%s*=%s*(%w+)$') == 'key'",
        "select(2, ('key = value'):match('^(%w+)%s*=%s*(%w+)$')) == 'value'",
        "('flaaap'):match('()aa()') == 3 and ('xyaa'):match('aa()') == 5",
        "('f(a(b)c)d'):match('%b()') == '(a(b)c)'",
        "('THE (quick) fox'):find('%f[%a]%a+%f[%A]') == 1",
        "('THE (quick) fox'):gsub('%f[%a]%a+', 'x') == 'x (x) x'",
        "('abcabc'):match('(a)(b)(c)%1%2%3') == 'a'",
        "('  trim '):match('^%s*(.-)%s*$') == 'trim'",
        "('2026-03-08'):match('^%d%d%d%d%-%d%d%-%d%d$') ~= nil",
        "('aXb'):match('[^%l]') == 'X' and ('a-b'):match('[a%-]+', 2) == '-'",
        "('a]b'):match('[]]') == ']' and ('a^b'):match('[b^]') == '^'",
        "('x-y'):match('[x-]+') == 'x-' and ('7'):match('[0-9]') == '7'",
        "('ab\\0cd'):match('%z') == '\\0'",
        "('ab\\0cd'):match('b%c') == 'b\\0' and ('a\\0b'):find('\\0') == 2",
        "('$x'):match('$x') == '$x' and ('x$'):match('x%$$') == 'x$'",
        "('hello world'):gsub('o', '0') == 'hell0 w0rld'",
        "select(2, ('hello world'):gsub('o', '0')) == 2",
        "('hello'):gsub('', '-') == '-h-e-l-l-o-'",
        "('abc'):gsub('%w', '%0%0') == 'aabbcc' and ('abc'):gsub('%w', '%%') == '%%%'",
        "('abc def'):gsub('(%w+) (%w+)', '%2 %1') == 'def abc'",
        "('abc'):gsub('b', {b = 'X'}) == 'aXc' and ('abc'):gsub('b', {}) == 'abc'",
        "('abc'):gsub('%w', function(c) if c == 'b' then return 'B' end end) == 'aBc'",
        "('abc'):gsub('b', {b = false}) == 'abc' and ('abc'):gsub('b', 5) == 'a5c'",
        "('aaa'):gsub('a', 'b', 2) == 'bba' and ('aaa'):gsub('^a', 'b') == 'baa'",
        "('aaa'):gsub('a', 'b', 0) == 'aaa' and ('aaa'):gsub('a', 'b', -1) == 'aaa'",
        "('abc'):gsub('()', '%1') == '1a2b3c4'",
        "('a1b'):gsub('%d', 2) == 'a2b' and string.gsub(1212, '1', 'x') == 'x2x2'",
    };
    char text[300];
    (void)state;
    for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
        snprintf(text, sizeof(text), "return %s", truths[i]);
        script_true(&s, text);
    }
    script_true(&s, "local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do "
                    "t[#t + 1] = k .. v end return table.concat(t, ';') == 'a1;b2'");
    script_true(
        &s, "local t = {} for c in ('a\\u{e9}\\0z'):gmatch(utf8.charpattern) do "
            "t[#t + 1] = c end return #t == 4 and t[2] == '\\u{e9}' and t[3] == '\\0'");
    script_true(
        &s, "local n = 0 for w in ('abc'):gmatch('') do n = n + 1 end return n == 4");
    script_true(
        &s,
        "local n = 0 for w in ('^a^a'):gmatch('^a') do n = n + 1 end return n == 2");
    script_true(
        &s, "local t = {} for w in ('one two'):gmatch('%a+', 4) do t[#t + 1] = w end "
            "return #t == 1 and t[1] == 'two'");
}

static void malformed_patterns_are_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"('a'):find('%')", "malformed pattern (ends with '%')"},
        {"('a'):find('[a')", "malformed pattern (missing ']')"},
        {"('a'):find('[]')", "malformed pattern (missing ']')"},
        {"('a'):find('[^]')", "malformed pattern (missing ']')"},
        {"('a'):find('[%')", "malformed pattern (missing ']')"},
        {"('a'):find('[%]')", "malformed pattern (missing ']')"},
        {"('a'):find('(a')", "unfinished capture"},
        {"('a'):match('a)')", "invalid pattern capture"},
        {"('a'):match('%1')", "invalid capture index %1"},
        {"('a'):match('(%1)')", "invalid capture index %1"},
        {"('a'):match('%0')", "invalid capture index"},
        {"('a'):match('%b')", "missing arguments to '%b'"},
        {"('a'):match('%bx')", "missing arguments to '%b'"},
        {"('a'):match('%f')", "missing '[' after '%f'"},
        {"('a'):match('%fa')", "missing '[' after '%f'"},
        {"('a'):gsub('a', '%2')", "invalid capture index %2"},
        {"('a'):gsub('a', '%')", "invalid use of '%' in replacement string"},
        {"('a'):gsub('a', '%x')", "invalid use of '%' in replacement string"},
        {"('a'):gsub('a', function() return {} end)",
         "invalid replacement value (a table)"},
        {"('a'):gsub('a')", "string/function/table expected"},
        {"('a'):gsub('a', true)", "string/function/table expected"},
        {"('a'):find(('()'):rep(33))", "too many captures"},
        {"('a'):rep(300):find(('a?'):rep(300))", "pattern too complex"},
        {"string.find()", "bad argument #1 to 'find'"},
    };
    char text[300];
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(text, sizeof(text), "return %s", wrong[i][0]);
        script_fails(&s, text, wrong[i][1]);
    }
}

/* --- against the stock matcher ---------------------------------------------------- */

static uint64_t seed = 88172645463325252u;

static unsigned rnd(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static void random_text(char *out, const char *const *parts, unsigned n, unsigned max)
{
    *out = '\0';
    for (unsigned i = rnd(max + 1); i > 0; i--)
        strcat(out, parts[rnd(n)]);
}

/* All four functions on one pair, as one line. */
static const char probe[] =
    "local p, s, r, i = ... "
    "local function show(...) local t = table.pack(...) "
    "for k = 1, t.n do t[k] = tostring(t[k]) end return table.concat(t, '|') end "
    "local function all(it) local t = {} for a, b in it do t[#t + 1] = tostring(a) .. "
    "'/' .. tostring(b) end return table.concat(t, '|') end "
    "return show(pcall(string.find, s, p, i)) .. '\\n' .. show(pcall(string.match, s, "
    "p)) .. "
    "'\\n' .. show(pcall(string.gsub, s, p, r)) .. '\\n' .. "
    "show(pcall(string.gsub, s, p, function(a, b) return b end, i)) .. '\\n' .. "
    "show(pcall(function() return all(string.gmatch(s, p)) end))";

static void push_probe(lua_State *L, const char *p, const char *subject, const char *r,
                       int i)
{
    lua_pushstring(L, p);
    lua_pushstring(L, subject);
    lua_pushstring(L, r);
    lua_pushinteger(L, i);
}

static void agrees_with_stock(void **state)
{
    static const char *const items[] = {
        "a",    "b",     "c",     ".",      "%a",   "%d",    "%w",     "%s",
        "%l",   "%u",    "%x",    "%p",     "%A",   "%D",    "%.",     "[ab]",
        "[^a]", "[a-c]", "[%d_]", "[]a]",   "[",    "]",     "(",      ")",
        "()",   "(a)",   "(.-)",  "*",      "+",    "-",     "?",      "^",
        "$",    "%1",    "%2",    "%b()",   "%bab", "%f[a]", "%f[%w]", "%",
        "a*",   "b-",    ".*",    "[^b]-",  "%a+",  "x",     "-",      "*",
        "[a-",  "%z",    "[%]]",  "[a-%%]", "[^^]", "%f",    "[%a-z]", "[+--]"};
    static const char *const letters[] = {"a", "b", "c", "a", "b", "1", "_", " ",   "(",
                                          ")", "A", ".", "-", "]", "^", "%", "\xe9"};
    static const char *const replacements[] = {"",   "x",  "%0", "%1", "<%1%0>",
                                               "%%", "%2", "%",  "%x"};
    char p[128], subject[64];
    lua_State *L = vm_main(s.vm);
    struct budget b;
    int n;
    (void)state;
    assert_int_equal(luaL_loadbuffer(stock, probe, sizeof(probe) - 1, "@probe"),
                     LUA_OK);
    assert_int_equal(vm_load(s.vm, str_of(probe), "probe", false, &s.why), 0);
    int ours = lua_gettop(L), theirs = lua_gettop(stock);
    for (int round = 0; round < 20000; round++) {
        random_text(p, items, sizeof(items) / sizeof(items[0]), 7);
        random_text(subject, letters, sizeof(letters) / sizeof(letters[0]), 14);
        const char *r = replacements[rnd(9)];
        int i = (int)rnd(12) - 4;
        lua_pushvalue(stock, theirs);
        push_probe(stock, p, subject, r, i);
        assert_int_equal(lua_pcall(stock, 4, 1, 0), LUA_OK);
        lua_pushvalue(L, ours);
        push_probe(L, p, subject, r, i);
        b = (struct budget){BUDGET_INSTRUCTIONS, 0};
        assert_int_equal(vm_run(s.vm, L, 4, &b, &n, &s.why), VM_DONE);
        if (strcmp(lua_tostring(stock, -1), lua_tostring(L, -1)) != 0)
            fail_msg("[%s] on [%s], [%s], %d:\nstock %s\nours  %s", p, subject, r, i,
                     lua_tostring(stock, -1), lua_tostring(L, -1));
        lua_settop(stock, theirs);
        lua_settop(L, ours);
    }
}

static void long_subjects_agree(void **state)
{
    (void)state;
    script_true(
        &s, "local x = ('ab'):rep(50000) return select(2, x:gsub('a', '')) == 50000 "
            "and x:find('b', -1) == 100000 and #x:match('.*') == 100000 "
            "and #x:match('^(.-)$') == 100000 and x:match('[^ab]') == nil");
    script_true(
        &s,
        "local x = ('('):rep(1000) .. (')'):rep(1000) return #x:match('%b()') == 2000");
    script_true(
        &s, "local x = ('x'):rep(100000) return x:match('(x+)%1') == ('x'):rep(50000)");
}

static void every_step_is_paid(void **state)
{
    static const char *const endless[] = {
        "return (('a'):rep(24)):match(('a-'):rep(24) .. 'b')",
        "return (('a'):rep(24)):find(('a*'):rep(24) .. 'b')",
        "return (('a'):rep(40)):gsub(('a?'):rep(40) .. ('a'):rep(40) .. 'b', '')",
        "for x in (('a'):rep(30)):gmatch(('(a-)'):rep(20) .. 'b') do end",
        "local x = ('a'):rep(1e6) .. 'b' while true do x:find('[b]') end",
        "local x = ('a'):rep(1e6) while true do x:gsub('', '') end",
        "local x = ('('):rep(1e5) while true do x:match('%b()') end",
        "local x = ('('):rep(1e5) x:gsub('%b()', '')",
        "local x = ('a'):rep(1e5) x:match('(.+)%1b')",
        "local p = '[' .. ('b'):rep(1e5) .. ']' while true do ('a'):match(p) end",
        "while true do ('a'):match(('x'):rep(100)) end",
        "while true do pcall(string.rep, 'x', 1e9) end",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++)
        script_ends(&s, endless[i], VM_BUDGET);
    s.budget = (struct budget){100000, 0};
    assert_int_equal(script_run(&s, "local x = ('a'):rep(50000) return x:find('b$')"),
                     VM_BUDGET);
    s.budget = (struct budget){1000000, 0};
    assert_int_equal(script_run(&s, "local x = ('a'):rep(50000) return x:find('b$')"),
                     VM_DONE);
}

/* A callback that raises, or is killed, leaves nothing behind. */
static void callbacks_may_raise(void **state)
{
    (void)state;
    script_true(&s, "local ok, e = pcall(string.gsub, ('x'):rep(5000), 'x', function() "
                    "error({n = 5}) end) return not ok and e.n == 5");
    script_true(&s,
                "local ok, e = pcall(string.gsub, 'abc', '%w', "
                "setmetatable({}, {__index = function(_, k) error(k .. '!', 0) end})) "
                "return not ok and e == 'a!'");
    script_true(
        &s, "return (('ab'):gsub('%w', function(c) return (c:gsub('a', 'bb')) end)) "
            "== 'bbb'");
    script_ends(&s, "('xy'):gsub('.', function() while true do end end)", VM_BUDGET);
    script_end(&s);
    script_begin(&s, 2 << 20); /* full long before the meter calls it slow */
    script_ends(
        &s,
        "local t = {} ('xy'):rep(1000):gsub('.', function() while true do t[#t + 1]"
        " = {} end end)",
        VM_MEMORY);
    script_true(&s, "return true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_manual_in_examples, begin, end),
        cmocka_unit_test_setup_teardown(malformed_patterns_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(agrees_with_stock, begin, end),
        cmocka_unit_test_setup_teardown(long_subjects_agree, begin, end),
        cmocka_unit_test_setup_teardown(every_step_is_paid, begin, end),
        cmocka_unit_test_setup_teardown(callbacks_may_raise, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
