#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lua_scratch.h"

static int set_up(void **state)
{
    struct folder_scratch *s = calloc(1, sizeof(*s));
    folder_begin(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    folder_end(*state);
    free(*state);
    return 0;
}

static void files_are_read_sorted_and_whole(void **state)
{
    struct folder_scratch *s = *state;
    folder_write(s, "rules.lua", "return {}");
    folder_write(s, "empty.lua", "");
    folder_write(s, "notes.txt", "not for us");
    folder_write(s, ".hidden.lua", "nor this");
    folder_write(s, ".lua", "nor a file without a name");
    assert_int_equal(folder_read(s), 0);
    assert_int_equal(s->faults.n, 0);
    assert_int_equal(s->folder.n_files, 2);
    assert_true(str_eq(s->folder.files[0].module, STR("empty")));
    assert_true(str_eq(s->folder.files[1].module, STR("rules")));
    assert_true(str_eq(s->folder.files[1].text, STR("return {}")));
    assert_int_equal(s->folder.files[0].text.n, 0);
    assert_ptr_equal(source_find(&s->folder, STR("rules")), &s->folder.files[1]);
    assert_null(source_find(&s->folder, STR("rule")));
    assert_null(source_find(&s->folder, STR("")));
}

static void a_folder_is_named_by_its_last_part(void **state)
{
    struct folder_scratch *s = *state;
    struct folder f;
    char path[512];
    snprintf(path, sizeof(path), "%s///", s->dir);
    assert_int_equal(source_read(&s->arena, path, &f, &s->faults), 0);
    assert_string_equal(f.name.p, strrchr(s->dir, '/') + 1);
    assert_string_equal(f.path.p, s->dir);
}

static void migrations_come_in_the_order_of_their_names(void **state)
{
    struct folder_scratch *s = *state;
    char path[512];
    folder_path(s, "migrations", path);
    assert_int_equal(mkdir(path, 0700), 0);
    folder_write(s, "migrations/010_c.sql", "SELECT 3;");
    folder_write(s, "migrations/001_a.sql", "SELECT 1;");
    folder_write(s, "migrations/002_b.sql", "SELECT 2;");
    folder_write(s, "migrations/readme.md", "no step");
    assert_int_equal(folder_read(s), 0);
    assert_int_equal(s->folder.n_migrations, 3);
    assert_true(str_eq(s->folder.migrations[0].name, STR("001_a")));
    assert_true(str_eq(s->folder.migrations[2].name, STR("010_c")));
    assert_true(str_eq(s->folder.migrations[1].sql, STR("SELECT 2;")));
}

static void a_folder_that_is_not_there_is_said(void **state)
{
    struct folder_scratch *s = *state;
    struct folder f;
    char path[512];
    folder_path(s, "nowhere", path);
    assert_int_equal(source_read(&s->arena, path, &f, &s->faults), ERR_NOT_FOUND);
    folder_told(s, path, "No such file");
    folder_write(s, "nowhere", "a file is no folder");
    assert_int_equal(source_read(&s->arena, path, &f, &s->faults), ERR_NOT_FOUND);
    folder_told(s, path, "Not a directory");
}

static void what_is_no_file_is_said_and_not_waited_for(void **state)
{
    struct folder_scratch *s = *state;
    char path[512];
    folder_write(s, "good.lua", "return {}");
    folder_path(s, "a_folder.lua", path);
    assert_int_equal(mkdir(path, 0700), 0);
    folder_path(s, "a_pipe.lua", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    folder_path(s, "a_link.lua", path);
    assert_int_equal(symlink("nothing", path), 0);
    assert_int_not_equal(folder_read(s), 0);
    folder_told(s, "a_folder.lua", "no regular file");
    folder_told(s, "a_pipe.lua", "no regular file");
    folder_told(s, "a_link.lua", "No such file");
    assert_int_equal(folder_fault_lines(s), 3);
}

static void sizes_are_bounded(void **state)
{
    struct folder_scratch *s = *state;
    char path[512], name[32];
    folder_write(s, "large.lua", "");
    folder_path(s, "large.lua", path);
    assert_int_equal(truncate(path, SOURCE_FILE_MAX), 0);
    assert_int_equal(folder_read(s), 0);
    assert_int_equal(truncate(path, SOURCE_FILE_MAX + 1), 0);
    assert_int_not_equal(folder_read(s), 0);
    folder_told(s, "large.lua", "at most 1 MiB");
    unlink(path);
    for (int i = 0; i < SOURCE_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "f%03d.lua", i);
        folder_write(s, name, "");
    }
    assert_int_equal(folder_read(s), 0);
    assert_int_equal(s->folder.n_files, SOURCE_FILES_MAX);
    folder_write(s, "one_more.lua", "");
    assert_int_equal(folder_read(s), ERR_TOO_LARGE);
    folder_told(s, s->dir, "more than 200 files");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_are_read_sorted_and_whole),
        TEST(a_folder_is_named_by_its_last_part),
        TEST(migrations_come_in_the_order_of_their_names),
        TEST(a_folder_that_is_not_there_is_said),
        TEST(what_is_no_file_is_said_and_not_waited_for),
        TEST(sizes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
