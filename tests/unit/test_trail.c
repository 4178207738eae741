#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lua/trail.h"
#include "script.h"

static struct script s;

static int begin(void **state)
{
    (void)state;
    script_begin(&s, 8 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    script_end(&s);
    return 0;
}

/* The text is a file; the last function to return is what is asked. */
static void decides(const char *text, int line)
{
    struct trail t;
    s.budget = (struct budget){BUDGET_INSTRUCTIONS, BUDGET_YIELDS};
    trail_begin(&t, s.vm);
    enum vm_end how = script_run(&s, text);
    trail_end(s.vm);
    if (how != VM_DONE)
        fail_msg("[%s]: %s", text, script_why(&s));
    assert_string_equal(t.source, "@test.lua");
    if (t.line != line)
        fail_msg("line %d, not %d, of [%s]", t.line, line, text);
}

static void the_line_that_put_it_there(void **state)
{
    (void)state;
    decides("local f = function(n)\n"
            "  local refused = {}\n"
            "  for i = 1, n do\n"
            "    if i % 2 == 1 then\n"
            "      refused[i] = 'no'\n" /* 5 */
            "    end\n"
            "  end\n"
            "  return refused\n"
            "end\n"
            "local found = f(1)\n"
            "local more = 1\n"
            "return (function() return f(1) end)()",
            5);
    decides("local function f()\n"
            "  local refused = { 'yes', 'no' }\n" /* 2 */
            "  local x = 1\n"
            "  return refused\n"
            "end\n"
            "return (function() return f() end)()",
            2);
    decides("local function f() return (function()\n"
            "  local t = {} t[1] = 'a' return t\n" /* 2: all in one line */
            "end)() end\n"
            "return (f())",
            2);
    decides("local function f()\n"
            "  local t = { 'first' }\n"
            "  t[1] = 'second'\n" /* 3: what is there in the end */
            "  return t\n"
            "end\n"
            "return (f())",
            3);
}

static void a_helper_s_line(void **state)
{
    (void)state;
    decides("local function no(t, i)\n"
            "  t[i] = 'no'\n" /* 2 */
            "end\n"
            "local function f()\n"
            "  local t = {}\n"
            "  no(t, 1)\n"
            "  return t\n"
            "end\n"
            "return (f())",
            2);
}

static void other_answers_are_their_return_s(void **state)
{
    (void)state;
    decides("local function f(x)\n"
            "  if x then\n"
            "    return 'No.'\n" /* 3 */
            "  end\n"
            "end\n"
            "return (f(1))",
            3);
    decides("local function f()\n"
            "  local t = 1\n"
            "  return { message = 'No.' }\n" /* 3 */
            "end\n"
            "return (f())",
            3);
}

static void none_is_where_the_function_begins(void **state)
{
    (void)state;
    static const char *const empty[] = {"",
                                        "return",
                                        "return {}",
                                        "return false",
                                        "local t = {} t[1] = 'x' t[1] = nil return t",
                                        "local t = {}\nt[2] = 1\nt[2] = nil\nreturn t"};
    char text[256];
    for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
        snprintf(text, sizeof(text),
                 "\n\nlocal function f()\nlocal x = 1\n%s\nend\nreturn f()", empty[i]);
        decides(text, 3);
    }
}

static void many_tables_and_an_end(void **state)
{
    (void)state;
    struct trail t;
    decides("local function f()\n"
            "  for i = 1, 1000 do\n"
            "    local t = { i }\n"
            "    local u = { i, t }\n"
            "  end\n"
            "  local refused = {}\n"
            "  refused[1] = 'no'\n" /* 7 */
            "  return refused\n"
            "end\n"
            "return (f())",
            7);
    trail_begin(&t, s.vm); /* an endless one ends as ever */
    script_ends(&s, "while true do local t = { 1 } end", VM_BUDGET);
    trail_end(s.vm);
    assert_null(t.source);
    t.last_line = 0;
    script_true(&s, "return true"); /* and nobody watches any more */
    assert_int_equal(t.last_line, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_line_that_put_it_there, begin, end),
        cmocka_unit_test_setup_teardown(a_helper_s_line, begin, end),
        cmocka_unit_test_setup_teardown(other_answers_are_their_return_s, begin, end),
        cmocka_unit_test_setup_teardown(none_is_where_the_function_begins, begin, end),
        cmocka_unit_test_setup_teardown(many_tables_and_an_end, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
