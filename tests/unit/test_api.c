#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>

#include "base/zone.h"
#include "lua/api.h"
#include "lua/sandbox.h"
#include "lua/unit.h"
#include "lua_scratch.h"

struct fixture {
    struct folder_scratch s;
    struct zones *zones;
    struct plugin plugin;
    struct unit *unit;
    struct buf why;
};

static int set_up(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));
    folder_begin(&x->s);
    folder_one(&x->s, "plugin.lua", "return {}");
    x->zones = zones_new(NULL);
    x->plugin.folder = x->s.folder;
    x->plugin.manifest.name = STR("made");
    buf_init(&x->why);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    unit_free(x->unit);
    zones_free(x->zones);
    folder_end(&x->s);
    buf_end(&x->why);
    free(x);
    return 0;
}

/* A real state of that role; a policy has no plugin. */
static lua_State *open_state(struct fixture *x, enum unit_role role, unsigned needs)
{
    unit_free(x->unit);
    x->unit = NULL;
    x->plugin.manifest.needs = needs;
    struct unit_options o = {.role = role,
                             .plugin = role == UNIT_POLICY ? NULL : &x->plugin,
                             .scripts = &x->s.folder,
                             .zones = x->zones};
    assert_int_equal(unit_new(&x->unit, &o, &x->s.faults), 0);
    return vm_main(x->unit->vm);
}

/* Runs `text` with `kordless` at hand: the error it must end with. */
static const char *error_of(struct fixture *x, const char *text)
{
    struct budget budget = {100000, 10};
    struct vm *vm = x->unit->vm;
    int n;
    buf_clear(&x->why);
    assert_int_equal(vm_load(vm, str_of(text), "t", false, &x->why), 0);
    lua_State *co = vm_thread(vm);
    lua_xmove(vm_main(vm), co, 1);
    if (vm_run(vm, co, 0, &budget, &n, &x->why) != VM_ERROR)
        fail_msg("[%s] ends well", text);
    vm_thread_end(vm, co, true);
    buf_char(&x->why, '\0');
    return x->why.p;
}

static void says(struct fixture *x, const char *text, const char *part)
{
    const char *why = error_of(x, text);
    if (!strstr(why, part))
        fail_msg("[%s] says [%s], not [%s]", text, why, part);
}

static const struct api_row *find(const char *name, bool class)
{
    for (const struct api_row *r = api_first(); r; r = api_next(r))
        if (strcmp(r->name, name) == 0 && (r->kind == API_CLASS) == class)
            return r;
    return NULL;
}

static bool is_outer(const struct api_row *r)
{
    return !strpbrk(r->name, ".:");
}

/* --- the table itself ------------------------------------------------------------- */

static bool is_even(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '`';
    return n % 2 == 0;
}

static void values_are_whole(const struct api_row *r, const struct api_value *v)
{
    for (; v && v->type; v++) {
        if (!v->name || !v->text || !*v->type || !is_even(v->text))
            fail_msg("%s: a value is not whole", r->name);
        if (!*v->name && r->kind != API_VALUE)
            fail_msg("%s: a value has no name", r->name);
    }
}

static void a_row_says_everything(void **state)
{
    (void)state;
    for (const struct api_row *r = api_first(); r; r = api_next(r)) {
        bool calls = r->kind == API_FUNCTION || r->kind == API_METHOD;
        size_t n = r->text ? strlen(r->text) : 0;
        if (n < 8 || !strchr(".?", r->text[n - 1]) || !is_even(r->text))
            fail_msg("%s: its text is no sentence", r->name);
        if (!r->phases || r->phases & ~(unsigned)API_ANYWHERE || !api_where(r->phases))
            fail_msg("%s: may be used nowhere", r->name);
        if (calls != (r->call != NULL) || (r->kind == API_VALUE) > (r->open != NULL))
            fail_msg("%s: nothing stands behind it", r->name);
        if (r->need && !api_need_word(r->need))
            fail_msg("%s: its need has no word", r->name);
        if (find(r->name, r->kind == API_CLASS) != r)
            fail_msg("%s: stands there twice", r->name);
        values_are_whole(r, r->takes);
        values_are_whole(r, r->gives);
    }
}

static void members_stand_behind_their_library(void **state)
{
    const struct api_row *library = NULL;
    unsigned sum = 0;
    (void)state;
    for (const struct api_row *r = api_first(); r; r = api_next(r)) {
        if (is_outer(r) && r->kind != API_CLASS) {
            assert_true(!library || library->phases == sum);
            library = r->kind == API_LIBRARY ? r : NULL;
            sum = 0;
        } else if (!is_outer(r)) {
            if (!library || !api_is_member(r, library) || r->need != library->need)
                fail_msg("%s: is not with its library", r->name);
            sum |= r->phases;
        }
    }
}

static void each_need_grants_what_it_is_called(void **state)
{
    (void)state;
    for (int i = 0; api_needs[i]; i++) {
        const struct api_row *r = find(api_needs[i], false);
        if (!r || r->need != 1u << i)
            fail_msg("needs \"%s\" grants no kordless.%s", api_needs[i], api_needs[i]);
        assert_string_equal(api_need_word(1u << i), api_needs[i]);
    }
    assert_null(api_need_word(NEED_END));
}

/* --- the table and a state -------------------------------------------------------- */

static const enum unit_role roles[] = {UNIT_HANDLERS, UNIT_TRANSACTIONS, UNIT_POLICY};

/* The table behind the read-only one on top. */
static void look_behind(lua_State *L)
{
    assert_true(lua_getmetatable(L, -1));
    lua_getfield(L, -1, "__index");
}

/* What `L` has under this name is of this row: itself, or what says that it is not. */
static void is_of_row(lua_State *L, const struct api_row *r, unsigned phase)
{
    bool here = r->phases & phase;
    if (r->kind == API_FUNCTION && here && lua_tocfunction(L, -1) != r->call)
        fail_msg("%s: is another function", r->name);
    if (r->kind == API_FUNCTION && !here && lua_tocfunction(L, -1) == r->call)
        fail_msg("%s: may not be used here, and is there", r->name);
    if (r->kind != API_FUNCTION && !here)
        fail_msg("%s: may not be used here, and is there", r->name);
    if (r->kind == API_LIBRARY && !lua_istable(L, -1))
        fail_msg("%s: is no table", r->name);
}

/* All keys of the table at the top are rows, and the rows of `library` (or the outer
 * ones) are keys. */
static void compare(lua_State *L, const struct api_row *library, unsigned phase)
{
    char name[100];
    int there = 0, rows = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        snprintf(name, sizeof(name), "%s%s%s", library ? library->name : "",
                 library ? "." : "", lua_tostring(L, -2));
        const struct api_row *r = find(name, false);
        if (!r)
            fail_msg("kordless.%s has no row", name);
        is_of_row(L, r, phase);
        there++;
        lua_pop(L, 1);
    }
    for (const struct api_row *r = api_first(); r; r = api_next(r)) {
        bool listed = library ? api_is_member(r, library) : is_outer(r);
        if (r->kind == API_FUNCTION)
            rows += listed; /* elsewhere it says so */
        else if (r->kind == API_LIBRARY || r->kind == API_VALUE)
            rows += listed && (r->phases & phase);
    }
    assert_int_equal(there, rows);
}

static void a_state_has_what_the_table_says(void **state)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        lua_State *L = open_state(*state, roles[i], ~0u);
        unsigned phase = 1u << roles[i];
        sandbox_push_kordless(L);
        compare(L, NULL, phase);
        for (const struct api_row *r = api_first(); r; r = api_next(r)) {
            if (r->kind != API_LIBRARY || !(r->phases & phase))
                continue;
            int top = lua_gettop(L);
            lua_getfield(L, -1, r->name);
            look_behind(L);
            compare(L, r, phase);
            lua_settop(L, top);
        }
        lua_settop(L, 0);
    }
}

/* How many the class has. */
static int compare_methods(lua_State *L, const char *class)
{
    char name[100];
    int there = 0;
    snprintf(name, sizeof(name), "kordless.%s", class);
    luaL_getmetatable(L, name);
    lua_getfield(L, -1, "__index");
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        snprintf(name, sizeof(name), "%s:%s", class, lua_tostring(L, -2));
        const struct api_row *r = find(name, false);
        if (!r || r->call != lua_tocfunction(L, -1))
            fail_msg("%s has no row", name);
        there++;
        lua_pop(L, 1);
    }
    lua_settop(L, 0);
    return there;
}

static void a_class_has_the_methods_the_table_says(void **state)
{
    lua_State *L = open_state(*state, UNIT_HANDLERS, ~0u);
    int there = compare_methods(L, "span") + compare_methods(L, "slots"), rows = 0;
    for (const struct api_row *r = api_first(); r; r = api_next(r))
        rows += r->kind == API_METHOD;
    assert_int_equal(there, rows);
    lua_settop(L, 0);
}

/* The row whose phases decide: of a library that is not there at all, the library's. */
static const struct api_row *deciding(const struct api_row *r, unsigned phase)
{
    char name[40];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(r->name, "."), r->name);
    const struct api_row *outer = find(name, false);
    return outer->phases & phase ? r : outer;
}

static void what_is_of_elsewhere_says_where(void **state)
{
    char text[100], part[200];
    int said = 0;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        unsigned phase = 1u << roles[i];
        open_state(*state, roles[i], ~0u);
        for (const struct api_row *r = api_first(); r; r = api_next(r)) {
            if (r->phases & phase || r->kind != API_FUNCTION)
                continue;
            const struct api_row *d = deciding(r, phase);
            snprintf(text, sizeof(text), "kordless.%s()", r->name);
            snprintf(part, sizeof(part), "t:1: kordless.%s may only be used in %s",
                     d->name, api_where(d->phases));
            says(*state, text, part);
            said++;
        }
    }
    assert_true(said > 20);
    says(*state, "kordless.crypto.token(1)",
         "in a handler: rules must say the same twice");
    says(*state, "return kordless.options", "in a handler or a transaction");
}

static void what_was_not_asked_for_says_how(void **state)
{
    char text[100], part[100];
    int said = 0;
    open_state(*state, UNIT_HANDLERS, 0);
    for (const struct api_row *r = api_first(); r; r = api_next(r)) {
        if (!is_outer(r) || !r->need || r->kind == API_CLASS ||
            !(r->phases & API_HANDLER))
            continue;
        snprintf(text, sizeof(text), "return kordless.%s", r->name);
        snprintf(part, sizeof(part), "t:1: kordless.%s needs needs = {\"%s\"} in ",
                 r->name, api_need_word(r->need));
        says(*state, text, part);
        said++;
    }
    assert_true(said > 10);
    says(*state, "kordless.sleep(1)", "plugin.lua");
    says(*state, "kordless.slep(1)", "is not there: did you mean kordless.sleep?");
    says(*state, "kordless.something(1)", "kordless.something is not there");
    says(*state, "kordless[{}] = 1", "read-only");
    says(*state, "return kordless[{}]", "is not there");
}

static void only_while_something_runs(void **state)
{
    open_state(*state, UNIT_HANDLERS, ~0u);
    says(*state, "kordless.now()",
         "kordless.now may only be used while a handler runs");
    says(*state, "kordless.keys.get('x')", "kordless.keys.get may only be used while");
    open_state(*state, UNIT_TRANSACTIONS, ~0u);
    says(*state, "kordless.db.exec('x')",
         "kordless.db.exec may only be used while a transaction runs");
}

/* --- written down ----------------------------------------------------------------- */

static void the_editors_file_is_lua_and_has_all(void **state)
{
    struct fixture *x = *state;
    lua_State *L = open_state(x, UNIT_HANDLERS, 0);
    struct buf text;
    char line[200];
    buf_init(&text);
    api_put_lua(&text);
    assert_int_equal(luaL_loadbufferx(L, text.p, text.n, "api", "t"), LUA_OK);
    lua_settop(L, 0);
    buf_char(&text, '\0');
    for (const struct api_row *r = api_first(); r; r = api_next(r)) {
        const char *before = r->kind == API_CLASS    ? "---@class kordless."
                             : r->kind == API_METHOD ? "function "
                             : r->kind == API_GLOBAL ? "function "
                             : r->call               ? "function kordless."
                                                     : "kordless.";
        snprintf(line, sizeof(line), "\n%s%s", before, r->name);
        if (!strstr(text.p, line))
            fail_msg("%s is not written down", r->name);
    }
    buf_end(&text);
}

static void a_signature_reads_like_a_call(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out);
    api_put_signature(find("db.exec", false), false, &out);
    buf_char(&out, '|');
    api_put_signature(find("log.info", false), false, &out);
    buf_char(&out, '|');
    api_put_signature(find("span:get", false), true, &out);
    buf_char(&out, '\0');
    assert_string_equal(out.p,
                        "kordless.db.exec(sql, ...)|kordless.log.info(event, fields)|"
                        "span:get(i: integer) → integer?, integer?");
    buf_end(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_says_everything),
        cmocka_unit_test(members_stand_behind_their_library),
        cmocka_unit_test(each_need_grants_what_it_is_called),
        cmocka_unit_test_setup_teardown(a_state_has_what_the_table_says, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_class_has_the_methods_the_table_says, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_of_elsewhere_says_where, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_asked_for_says_how, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_while_something_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_editors_file_is_lua_and_has_all, set_up,
                                        tear_down),
        cmocka_unit_test(a_signature_reads_like_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
