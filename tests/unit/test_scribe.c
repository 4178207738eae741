#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scribe.h"

struct scratch {
    char dir[64], path[128], old[136];
    struct buf why;
};

static int begin(void **state)
{
    struct scratch *s = calloc(1, sizeof(*s));
    snprintf(s->dir, sizeof(s->dir), "/tmp/kordless-scribe.XXXXXX");
    if (!s || !mkdtemp(s->dir))
        return -1;
    snprintf(s->path, sizeof(s->path), "%s/log", s->dir);
    snprintf(s->old, sizeof(s->old), "%s/log.1", s->dir);
    buf_init(&s->why);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct scratch *s = *state;
    unlink(s->path);
    unlink(s->old);
    rmdir(s->dir);
    buf_end(&s->why);
    free(s);
    return 0;
}

static void read_file(const char *path, struct buf *out)
{
    char block[4096];
    ssize_t n;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    buf_clear(out);
    while ((n = read(fd, block, sizeof(block))) > 0)
        buf_add(out, block, (size_t)n);
    close(fd);
}

static void lines_stand_in_the_file_in_their_order(void **state)
{
    struct scratch *t = *state;
    struct scribe *s;
    struct buf text;
    struct stat st;
    buf_init(&text);
    for (int run = 0; run < 2; run++) { /* the second goes on where the first ended */
        assert_int_equal(scribe_open(&s, t->path, NULL, &t->why), 0);
        scribe_line(s, STR("{\"a\":1}"));
        scribe_line(s, STR("{\"b\":2}"));
        scribe_line(s, STR("{\"c\":3}"));
        scribe_tail(s, 2, &text);
        assert_true(str_eq(buf_slice(&text), STR("{\"c\":3},{\"b\":2}")));
        buf_clear(&text);
        scribe_close(s);
    }
    read_file(t->path, &text);
    assert_true(str_eq(buf_slice(&text), STR("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"
                                             "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n")));
    assert_int_equal(stat(t->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    buf_end(&text);
}

static void a_full_file_is_turned_over(void **state)
{
    struct scratch *t = *state;
    struct scribe *s;
    struct buf text;
    struct stat st;
    buf_init(&text);
    int fd = open(t->path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, SCRIBE_FILE - 3), 0);
    close(fd);
    assert_int_equal(scribe_open(&s, t->path, NULL, &t->why), 0);
    scribe_line(s, STR("{\"a\":1}"));
    scribe_close(s);
    assert_int_equal(stat(t->old, &st), 0);
    assert_int_equal(st.st_size, SCRIBE_FILE - 3);
    read_file(t->path, &text);
    assert_true(str_eq(buf_slice(&text), STR("{\"a\":1}\n")));
    buf_end(&text);
}

static void drain(int fd, struct buf *out)
{
    for (ssize_t n; (n = read(fd, buf_reserve(out, 4096), 4096)) > 0;)
        out->n += (size_t)n;
}

/* A pipe that nobody reads is a disk that takes its time. */
static void a_full_queue_drops_and_says_how_many(void **state)
{
    struct scratch *t = *state;
    struct scribe *s;
    struct buf text;
    char line[1000];
    uint64_t lines = 3 * SCRIBE_QUEUE / sizeof(line);
    memset(line, 'x', sizeof(line));
    buf_init(&text);
    assert_int_equal(mkfifo(t->path, 0600), 0);
    int reader = open(t->path, O_RDWR | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(scribe_open(&s, t->path, NULL, &t->why), 0);
    for (uint64_t i = 0; i < lines; i++)
        scribe_line(s, (struct str){line, sizeof(line)});
    uint64_t dropped = scribe_dropped(s);
    assert_true(dropped > 0 && dropped < lines);
    while (scribe_written(s) < lines - dropped)
        drain(reader, &text);
    drain(reader, &text); /* or the last line would wait for room in the pipe */
    scribe_line(s, STR("{\"last\":true}"));
    scribe_close(s);
    drain(reader, &text);
    close(reader);
    uint64_t seen = 0, told = 0;
    for (size_t i = 0; i + 1 < text.n; i++)
        seen += text.p[i] == 'x' && text.p[i + 1] == '\n';
    buf_char(&text, '\0');
    for (const char *p = text.p; (p = strstr(p, "{\"dropped\":")); p++)
        told += strtoull(p + 11, NULL, 10);
    assert_int_equal(seen, lines - dropped);
    assert_int_equal(told, dropped);
    assert_non_null(strstr(text.p, "{\"last\":true}\n"));
    buf_end(&text);
}

static void a_full_disk_is_counted(void **state)
{
    struct scratch *t = *state;
    struct scribe *s;
    assert_int_equal(symlink("/dev/full", t->path), 0);
    assert_int_equal(scribe_open(&s, t->path, NULL, &t->why), 0);
    scribe_line(s, STR("{}"));
    while (scribe_dropped(s) == 0)
        usleep(1000);
    assert_int_equal(scribe_written(s), 0);
    scribe_close(s);
    assert_int_equal(scribe_open(&s, "/nowhere/log", NULL, &t->why), ERR_IO);
    assert_true(t->why.n > 0);
}

static void none_keeps_nothing(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b);
    scribe_line(NULL, STR("{}"));
    scribe_tail(NULL, 5, &b);
    assert_int_equal(b.n, 0);
    assert_int_equal(scribe_written(NULL) + scribe_dropped(NULL), 0);
    scribe_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_stand_in_the_file_in_their_order, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_full_file_is_turned_over, begin, end),
        cmocka_unit_test_setup_teardown(a_full_queue_drops_and_says_how_many, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_full_disk_is_counted, begin, end),
        cmocka_unit_test(none_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
