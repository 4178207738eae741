#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/secret.h"

static const char *const vectors[] = {
    "kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE",
    "kord_test_abcdefghijklmnopqrstuvwxyzABCDEF4WAbBO",
};

static enum key_form form(const char *text)
{
    enum key_kind kind;
    return key_check(str_of(text), &kind);
}

static void vectors_verify(void **state)
{
    (void)state;
    enum key_kind kind = KEY_KINDS;
    assert_int_equal(key_check(str_of(vectors[0]), &kind), KEY_WELL_FORMED);
    assert_int_equal(kind, KEY_LIVE);
    assert_int_equal(key_check(str_of(vectors[1]), &kind), KEY_WELL_FORMED);
    assert_int_equal(kind, KEY_TEST);
}

static void any_one_character_changed_is_refused(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++)
        for (size_t i = 0; i < KEY_TEXT; i++)
            for (int c = 0; c < 256; c++) {
                char text[KEY_TEXT];
                enum key_kind kind;
                memcpy(text, vectors[v], KEY_TEXT);
                if (text[i] == (char)c)
                    continue;
                text[i] = (char)c;
                assert_int_not_equal(key_check((struct str){text, KEY_TEXT}, &kind),
                                     KEY_WELL_FORMED);
            }
}

static void neighbours_swapped_are_refused(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++)
        for (size_t i = 10; i + 1 < KEY_TEXT; i++) {
            char text[KEY_TEXT + 1];
            memcpy(text, vectors[v], sizeof(text));
            text[i] = vectors[v][i + 1];
            text[i + 1] = vectors[v][i];
            if (text[i] != text[i + 1])
                assert_int_equal(form(text), KEY_CHECKSUM);
        }
}

static void the_form_says_what_is_wrong(void **state)
{
    (void)state;
    enum key_kind kind;
    for (size_t n = 0; n < KEY_TEXT; n++)
        assert_int_equal(key_check((struct str){vectors[0], n}, &kind),
                         n < 10 ? KEY_NO_PREFIX : KEY_LENGTH);
    assert_int_equal(form("kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE "),
                     KEY_LENGTH);
    assert_int_equal(form(" kord_live_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE"),
                     KEY_NO_PREFIX);
    assert_int_equal(form("KORD_LIVE_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE"),
                     KEY_NO_PREFIX);
    assert_int_equal(form("kord_live_0123456789-BCDEFGHIJKLMNOPQRSTUV2Gm4wE"),
                     KEY_ALPHABET);
    assert_int_equal(form("kord_live_0123456789BBCDEFGHIJKLMNOPQRSTUV2Gm4wE"),
                     KEY_CHECKSUM);
    assert_int_equal(form("kord_test_0123456789ABCDEFGHIJKLMNOPQRSTUV2Gm4wE"),
                     KEY_CHECKSUM);
    assert_int_equal(key_check((struct str){NULL, 0}, &kind), KEY_NO_PREFIX);
}

static void made_keys_are_well_formed_and_differ(void **state)
{
    (void)state;
    enum { N = 300 };
    static char keys[N][KEY_TEXT + 1];
    bool seen[256] = {false};
    int letters = 0;
    for (int i = 0; i < N; i++) {
        enum key_kind kind, want = i % 2 ? KEY_TEST : KEY_LIVE;
        key_make(want, keys[i]);
        assert_int_equal(strlen(keys[i]), KEY_TEXT);
        assert_int_equal(key_check(str_of(keys[i]), &kind), KEY_WELL_FORMED);
        assert_int_equal(kind, want);
        for (size_t c = 10; c < 42; c++)
            seen[(unsigned char)keys[i][c]] = true;
        for (int j = 0; j < i; j++)
            assert_string_not_equal(keys[i], keys[j]);
    }
    for (int c = 0; c < 256; c++)
        letters += seen[c];
    assert_int_equal(letters, 62);
}

static void whatever_begins_like_a_key_is_masked(void **state)
{
    (void)state;
    assert_true(key_looks_like(STR("kord_live_")));
    assert_true(key_looks_like(STR("kord_test_anything at all")));
    assert_false(key_looks_like(STR("kord_live")));
    assert_false(key_looks_like(STR("xkord_live_")));
    assert_false(key_looks_like(STR("")));
    assert_string_equal(key_kind_prefix(KEY_LIVE), "kord_live_");
}

static void assert_hex(const unsigned char *p, const char *hex)
{
    char got[2 * DIGEST_BYTES + 1];
    for (int i = 0; i < DIGEST_BYTES; i++)
        snprintf(got + 2 * i, 3, "%02x", p[i]);
    assert_string_equal(got, hex);
}

static void hashes_are_blake2b(void **state)
{
    (void)state;
    unsigned char out[DIGEST_BYTES];
    secret_hash((struct str){NULL, 0}, out);
    assert_hex(out, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    secret_hash(STR("abc"), out);
    assert_hex(out, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void digests_depend_on_key_and_text(void **state)
{
    (void)state;
    struct pepper a, b;
    unsigned char x[DIGEST_BYTES], y[DIGEST_BYTES];
    memset(&a, 1, sizeof(a));
    b = a;
    b.hash_key[31] ^= 1;
    pepper_ready(&a);
    pepper_ready(&b);
    secret_digest(&a, str_of(vectors[0]), x);
    secret_digest(&a, str_of(vectors[0]), y);
    assert_true(secret_equal(x, y, DIGEST_BYTES));
    secret_digest(&b, str_of(vectors[0]), y);
    assert_false(secret_equal(x, y, DIGEST_BYTES));
    secret_digest(&a, str_of(vectors[1]), y);
    assert_false(secret_equal(x, y, DIGEST_BYTES));
    secret_hash(str_of(vectors[0]), y);
    assert_false(secret_equal(x, y, DIGEST_BYTES));
}

/* Any one bit apart is apart. */
static void two_digests_are_one_or_not(void **state)
{
    (void)state;
    unsigned char x[DIGEST_BYTES], y[DIGEST_BYTES];
    secret_random(x, sizeof(x));
    memcpy(y, x, sizeof(y));
    assert_true(secret_equal_digest(x, y));
    for (int bit = 0; bit < DIGEST_BYTES * 8; bit++) {
        y[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_false(secret_equal_digest(x, y));
        y[bit / 8] = x[bit / 8];
    }
    assert_true(secret_equal_digest(x, y));
}

static void the_check_value_sees_both_halves(void **state)
{
    (void)state;
    struct pepper a;
    unsigned char x[DIGEST_BYTES], y[DIGEST_BYTES];
    memset(&a, 7, sizeof(a));
    pepper_check(&a, x);
    pepper_check(&a, y);
    assert_memory_equal(x, y, DIGEST_BYTES);
    a.box_key[0] ^= 1;
    pepper_check(&a, y);
    assert_memory_not_equal(x, y, DIGEST_BYTES);
    a.box_key[0] ^= 1;
    a.hash_key[0] ^= 1;
    pepper_check(&a, y);
    assert_memory_not_equal(x, y, DIGEST_BYTES);
    pepper_end(&a);
    for (size_t i = 0; i < sizeof(a); i++)
        assert_int_equal(((const unsigned char *)&a)[i], 0);
}

static void a_box_comes_back(void **state)
{
    (void)state;
    struct pepper p;
    struct buf box, out;
    char text[300];
    memset(&p, 9, sizeof(p));
    memset(text, 'x', sizeof(text));
    buf_init(&box);
    buf_init(&out);
    for (size_t n = 0; n <= sizeof(text); n += 50) {
        buf_clear(&box);
        buf_clear(&out);
        secret_box(&p, (struct str){text, n}, &box);
        assert_int_equal(box.n, n + 40);
        buf_lit(&out, "kept ");
        assert_int_equal(secret_unbox(&p, buf_slice(&box), &out), 0);
        assert_int_equal(out.n, n + 5);
        assert_memory_equal(out.p, "kept ", 5);
        assert_memory_equal(out.p + 5, text, n);
    }
    buf_end(&box);
    buf_end(&out);
}

static void a_changed_box_stays_shut(void **state)
{
    (void)state;
    struct pepper p;
    struct buf box, out;
    memset(&p, 9, sizeof(p));
    buf_init(&box);
    buf_init(&out);
    secret_box(&p, STR("whsec_0123456789"), &box);
    for (size_t i = 0; i < box.n; i++) {
        box.p[i] ^= 1;
        assert_int_equal(secret_unbox(&p, buf_slice(&box), &out), ERR_CORRUPT);
        box.p[i] ^= 1;
        assert_int_equal(secret_unbox(&p, (struct str){box.p, i}, &out), ERR_CORRUPT);
    }
    p.box_key[5] ^= 1;
    assert_int_equal(secret_unbox(&p, buf_slice(&box), &out), ERR_CORRUPT);
    assert_int_equal(out.n, 0);
    buf_end(&box);
    buf_end(&out);
}

/* ---- the file ---- */

struct place {
    char dir[200], file[256];
    struct buf why;
    struct pepper p;
};

static int place_make(void **state)
{
    struct place *at = calloc(1, sizeof(*at));
    const char *tmp = getenv("TMPDIR");
    snprintf(at->dir, sizeof(at->dir), "%s/secret.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(at->dir))
        return -1;
    snprintf(at->file, sizeof(at->file), "%s/pepper", at->dir);
    *state = at;
    return 0;
}

static int place_drop(void **state)
{
    struct place *at = *state;
    unlink(at->file);
    int gone = rmdir(at->dir);
    buf_end(&at->why);
    free(at);
    return gone;
}

static int load(struct place *at, bool create)
{
    buf_clear(&at->why);
    return pepper_load(at->dir, create, &at->p, &at->why);
}

static void a_pepper_is_made_once(void **state)
{
    struct place *at = *state;
    struct pepper first;
    struct stat st;
    mode_t mask = umask(0);
    assert_int_equal(load(at, true), 0);
    umask(mask);
    first = at->p;
    assert_int_equal(stat(at->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 64);
    assert_int_equal(st.st_nlink, 1);
    assert_memory_not_equal(first.hash_key, first.box_key, 32);
    assert_int_equal(load(at, true), 0);
    assert_memory_equal(&first, &at->p, sizeof(first));
    assert_int_equal(load(at, false), 0);
    assert_memory_equal(&first, &at->p, sizeof(first));
    assert_int_equal(at->why.n, 0);
    /* nothing else lies about: place_drop removes the directory */
}

static void a_pepper_made_under_a_tight_umask_can_be_read(void **state)
{
    struct place *at = *state;
    mode_t mask = umask(0777);
    int err = load(at, true);
    umask(mask);
    struct stat st;
    assert_int_equal(err, 0);
    assert_int_equal(stat(at->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(load(at, false), 0);
}

static void a_missing_pepper_is_told(void **state)
{
    struct place *at = *state;
    assert_int_equal(load(at, false), ERR_NOT_FOUND);
    buf_char(&at->why, '\0');
    assert_non_null(strstr(at->why.p, "missing"));
    assert_non_null(strstr(at->why.p, at->file));
}

static void a_pepper_of_another_size_is_corrupt(void **state)
{
    struct place *at = *state;
    assert_int_equal(load(at, true), 0);
    assert_int_equal(truncate(at->file, 63), 0);
    assert_int_equal(load(at, true), ERR_CORRUPT);
    assert_int_equal(truncate(at->file, 65), 0);
    assert_int_equal(load(at, true), ERR_CORRUPT);
    assert_int_equal(truncate(at->file, 0), 0);
    assert_int_equal(load(at, true), ERR_CORRUPT);
    assert_true(at->why.n > 0);
}

static void a_pepper_others_can_read_is_refused(void **state)
{
    struct place *at = *state;
    static const mode_t modes[] = {0604, 0640, 0610, 0602, 0666};
    assert_int_equal(load(at, true), 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(at->file, modes[i]), 0);
        assert_int_equal(load(at, true), ERR_DENIED);
    }
    assert_int_equal(chmod(at->file, 0400), 0);
    assert_int_equal(load(at, true), 0);
}

static void what_is_no_file_is_refused(void **state)
{
    struct place *at = *state;
    assert_int_equal(symlink("/dev/zero", at->file), 0);
    assert_int_equal(load(at, true), ERR_CORRUPT);
    assert_int_equal(unlink(at->file), 0);
    assert_int_equal(mkfifo(at->file, 0600), 0);
    assert_int_equal(load(at, true), ERR_CORRUPT);
    struct place nowhere = {.dir = "/nonexistent/kordless"};
    assert_int_equal(load(&nowhere, true), ERR_IO);
    buf_end(&nowhere.why);
}

static void no_core_is_written(void **state)
{
    (void)state;
    struct rlimit core;
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_verify),
        cmocka_unit_test(any_one_character_changed_is_refused),
        cmocka_unit_test(neighbours_swapped_are_refused),
        cmocka_unit_test(the_form_says_what_is_wrong),
        cmocka_unit_test(made_keys_are_well_formed_and_differ),
        cmocka_unit_test(whatever_begins_like_a_key_is_masked),
        cmocka_unit_test(hashes_are_blake2b),
        cmocka_unit_test(digests_depend_on_key_and_text),
        cmocka_unit_test(two_digests_are_one_or_not),
        cmocka_unit_test(the_check_value_sees_both_halves),
        cmocka_unit_test(a_box_comes_back),
        cmocka_unit_test(a_changed_box_stays_shut),
        cmocka_unit_test_setup_teardown(a_pepper_is_made_once, place_make, place_drop),
        cmocka_unit_test_setup_teardown(a_pepper_made_under_a_tight_umask_can_be_read,
                                        place_make, place_drop),
        cmocka_unit_test_setup_teardown(a_missing_pepper_is_told, place_make,
                                        place_drop),
        cmocka_unit_test_setup_teardown(a_pepper_of_another_size_is_corrupt, place_make,
                                        place_drop),
        cmocka_unit_test_setup_teardown(a_pepper_others_can_read_is_refused, place_make,
                                        place_drop),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, place_make,
                                        place_drop),
        cmocka_unit_test(no_core_is_written),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
