#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/natives.h"

/* The shared objects that `make units` built beside this program. */
static const char *object(const char *name)
{
    static char path[4096];
    const char *build = getenv("BUILD");
    snprintf(path, sizeof(path), "%s/abi/%s", build ? build : "build", name);
    return path;
}

static void told(const struct buf *faults, const char *what)
{
    struct buf text;
    buf_init(&text);
    buf_str(&text, buf_slice(faults));
    buf_char(&text, '\0');
    if (!strstr(text.p, what))
        fail_msg("'%s' is not in: %s", what, text.p);
    buf_end(&text);
}

/* Refused, and this was said of it. */
static void refuses_path(struct natives *set, const char *path, const char *what)
{
    const struct native *n = NULL;
    struct buf faults;
    buf_init(&faults);
    assert_int_equal(natives_load(set, path, &n, &faults), ERR_INVALID);
    told(&faults, path);
    told(&faults, what);
    buf_end(&faults);
}

static void refuses(const char *how, const char *what)
{
    struct natives *set = natives_new(NULL);
    setenv("KORDLESS_WRONG", how, 1);
    refuses_path(set, object("wrong.so"), what);
    unsetenv("KORDLESS_WRONG");
    natives_free(set);
}

static const struct native *loads(struct natives *set, const char *path)
{
    const struct native *n = NULL;
    struct buf faults;
    buf_init(&faults);
    int err = natives_load(set, path, &n, &faults);
    if (err)
        fail_msg("%.*s", (int)faults.n, faults.p);
    buf_end(&faults);
    return n;
}

/* --- what fits --- */

static void a_good_one_shows_its_routes(void **state)
{
    (void)state;
    struct natives *set = natives_new(NULL);
    const struct native *n = loads(set, object("wrong.so"));
    const struct native_route *r;
    assert_true(str_eq(native_name(n), STR("wrong")));
    assert_int_equal(native_routes(n, &r), 2);
    assert_int_equal(r[1].method, HTTP_POST);
    assert_true(str_eq(r[1].label, STR("POST /wrong/{id}")));
    assert_true(r[1].scope != 0 && r[0].scope == 0);
    assert_int_equal(r[0].auth, KORDLESS_NONE);
    assert_true(str_eq(r[0].summary, STR("Does nothing.")) && r[1].summary.n == 0);
    assert_true(str_eq(native_version(n), STR("1")));
    assert_ptr_equal(loads(set, object("wrong.so")), n);
    assert_ptr_equal(loads(set, object("../abi/wrong.so")), n);
    natives_free(set);
}

static void the_first_abi_loads(void **state)
{
    (void)state;
    struct natives *set = natives_new(NULL);
    const struct native_route *r;
    assert_int_equal(native_routes(loads(set, object("v1/all.so")), &r), 6);
    for (int i = 0; i < 6; i++) /* its routes end before it */
        assert_int_equal(r[i].summary.n, 0);
    natives_free(set);
}

/* --- what does not --- */

static void numbers_that_differ_are_both_told(void **state)
{
    (void)state;
    char sizes[100];
    int ours = (int)sizeof(struct kordless_plugin);
    refuses("abi", "built for ABI 7; this server has ABI 1");
    snprintf(sizes, sizeof(sizes), "%d bytes; this server takes %d to %d", ours + 8,
             ours, ours);
    refuses("size", sizes);
    snprintf(sizes, sizeof(sizes), "%d bytes; this server takes", ours - 8);
    refuses("small", sizes);
    refuses("tiny", "has 3 bytes; ABI 1 has");
    refuses("route_size",
            "struct kordless_route has 16 bytes; this server takes 40 to");
}

static void what_is_no_plugin_is_refused(void **state)
{
    (void)state;
    struct natives *set = natives_new(NULL);
    refuses_path(set, object("empty.so"), "exports no function kordless_plugin_entry");
    refuses_path(set, object("absent.so"), "cannot be read: No such file");
    refuses_path(set, object("v1"), "is no file");
    refuses_path(set, "Makefile", "cannot be loaded: ");
    natives_free(set);
    refuses("none", "will not run here");
}

static void faults_of_the_plugin_are_named(void **state)
{
    (void)state;
    refuses("name", "name: 'Wrong Name' must be 1 to 40 lower-case");
    refuses("no_name", "name: '' must be");
    refuses("no_name", "version is missing");
    refuses("many", "n_routes: 1000000 is more than 200");
    refuses("no_routes", "routes is missing, and n_routes is 2");
}

static void faults_of_a_route_are_named(void **state)
{
    (void)state;
    refuses("method", "routes[0].method: 'FETCH' is none of GET POST");
    refuses("no_path", "routes[0].path is missing");
    refuses("handle", "routes[1].handle is missing");
    refuses("auth", "routes[1].auth: 0 is no kind");
    refuses("scope", "routes[1].scope: 'bookings:eat' is no scope");
    refuses("flags", "routes[0].flags: 0x40 has a bit");
    refuses("all", "routes[0].method: ''");
    refuses("all", "routes[0].handle is missing");
    refuses("all", "routes[0].auth: 0");
    refuses("all", "routes[0].scope: 'x'");
}

static void a_name_is_taken_once(void **state)
{
    (void)state;
    struct natives *set = natives_new(NULL);
    loads(set, object("v1/all.so"));
    setenv("KORDLESS_WRONG", "shared_name", 1);
    refuses_path(set, object("wrong.so"), "name: 'v1' is the name of ");
    unsetenv("KORDLESS_WRONG");
    loads(set, object("wrong.so")); /* a refused one, mended */
    natives_free(set);
}

/* --- a copy of its own --- */

static void copy_to(const char *path)
{
    char line[9000];
    snprintf(line, sizeof(line), "cp '%s' '%s.new' && mv '%s.new' '%s'",
             object("wrong.so"), path, path, path);
    assert_int_equal(system(line), 0);
}

static void a_file_is_the_operators_and_stays_as_it_is(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    char dir[3000], path[3100];
    snprintf(dir, sizeof(dir), "%s/kordless-natives-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/x.so", dir);
    copy_to(path);
    struct natives *set = natives_new(NULL);
    assert_int_equal(chmod(path, 0666), 0);
    refuses_path(set, path, "anybody may write it");
    assert_int_equal(chmod(path, 0644), 0);
    const struct native *n = loads(set, path);
    assert_ptr_equal(loads(set, path), n);
    copy_to(path);
    refuses_path(set, path, "has changed since it was loaded: restart");
    natives_free(set);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* --- start --- */

static void one_that_does_not_start_says_why(void **state)
{
    (void)state;
    struct natives *set = natives_new(NULL);
    struct buf faults;
    buf_init(&faults);
    setenv("KORDLESS_WRONG", "start", 1);
    const struct native *n = loads(set, object("wrong.so"));
    unsetenv("KORDLESS_WRONG");
    assert_int_equal(natives_start(set, n, &faults), ERR_INVALID);
    told(&faults, "it does not start: the moon is not full");
    natives_stop(set);
    buf_end(&faults);
    natives_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_shows_its_routes),
        cmocka_unit_test(the_first_abi_loads),
        cmocka_unit_test(numbers_that_differ_are_both_told),
        cmocka_unit_test(what_is_no_plugin_is_refused),
        cmocka_unit_test(faults_of_the_plugin_are_named),
        cmocka_unit_test(faults_of_a_route_are_named),
        cmocka_unit_test(a_name_is_taken_once),
        cmocka_unit_test(a_file_is_the_operators_and_stays_as_it_is),
        cmocka_unit_test(one_that_does_not_start_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
