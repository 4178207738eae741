#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard_scene.h"

static struct key *one_key(struct scene *s)
{
    struct org a = {.id = "org_a"};
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    assert_int_equal(add_key(s, &a, 1), 0);
    load_again(s);
    return keyring_key(s->r, STR("key_0001"));
}

static void the_last_address_is_whole(void **state)
{
    struct key *k = one_key(*state);
    unsigned char ip[IP_BYTES], none[IP_BYTES] = {0};
    key_use_address(k, ip);
    assert_memory_equal(ip, none, IP_BYTES);
    for (unsigned char i = 1; i < 5; i++) {
        unsigned char a[IP_BYTES];
        memset(a, i, sizeof(a));
        key_use_note(k, i, a);
        key_use_address(k, ip);
        assert_memory_equal(ip, a, IP_BYTES);
        assert_int_equal(atomic_load(&k->last_used_ms), i);
    }
}

static void addresses_are_written_as_people_do(void **state)
{
    static const char *const texts[] = {"192.0.2.7", "2001:db8::1", "::1", "0.0.0.0"};
    struct key *k = one_key(*state);
    char out[KEY_IP_TEXT];
    assert_int_equal(key_use_text(k, out).n, 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        key_use_load_ip(str_of(texts[i]), k);
        assert_true(str_eq(key_use_text(k, out), str_of(texts[i])));
    }
    key_use_load_ip(STR("192.0.2.7"), k);
    key_use_load_ip(STR("192.0.2.700"), k); /* what is none changes nothing */
    key_use_load_ip(STR(""), k);
    key_use_load_ip(STR("2001:db8:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"), k);
    assert_true(str_eq(key_use_text(k, out), STR("192.0.2.7")));
}

static void addresses_survive_a_restart(void **state)
{
    struct scene *s = *state;
    const unsigned char ip[IP_BYTES] = {0x20, 1, 0xd, 0xb8, [15] = 9};
    char out[KEY_IP_TEXT];
    key_use_note(one_key(s), 700, ip);
    assert_int_equal(key_use_flush(s->db, s->r), 0);
    load_again(s);
    struct key *k = keyring_key(s->r, STR("key_0001"));
    assert_true(str_eq(key_use_text(k, out), STR("2001:db8::9")));
    assert_int_equal(atomic_load(&k->last_used_ms), 700);
}

static void last_used_is_written_when_it_changed(void **state)
{
    struct scene *s = *state;
    struct org a = {.id = "org_a"};
    const char *sum = "SELECT coalesce(sum(last_used_at), 0) FROM api_key";
    assert_int_equal(add_org(s, "org_a", "acme"), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(add_key(s, &a, i), 0);
    load_again(s);
    assert_int_equal(key_use_flush(s->db, s->r), 0);
    key_use_flushed(s->r);
    assert_string_equal(value(s, sum), "0");
    atomic_store(&keyring_key(s->r, STR("key_0003"))->last_used_ms, 700);
    atomic_store(&keyring_key(s->r, STR("key_0005"))->last_used_ms, 30);
    assert_int_equal(db_exec(s->db, "BEGIN"), 0);
    assert_int_equal(key_use_flush(s->db, s->r), 0);
    assert_string_equal(value(s, sum), "730");
    assert_int_equal(db_exec(s->db, "ROLLBACK"),
                     0); /* lost: the next one writes again */
    assert_string_equal(value(s, sum), "0");
    assert_int_equal(key_use_flush(s->db, s->r), 0);
    assert_string_equal(value(s, sum), "730");
    key_use_flushed(s->r);
    assert_int_equal(db_exec(s->db, "UPDATE api_key SET last_used_at = NULL"), 0);
    assert_int_equal(key_use_flush(s->db, s->r), 0); /* nothing changed */
    assert_string_equal(value(s, sum), "0");
    atomic_store(&keyring_key(s->r, STR("key_0003"))->last_used_ms, 800);
    assert_int_equal(key_use_flush(s->db, s->r), 0);
    atomic_store(&keyring_key(s->r, STR("key_0003"))->last_used_ms, 900);
    key_use_flushed(s->r); /* 800 is durable, 900 is not */
    assert_int_equal(key_use_flush(s->db, s->r), 0);
    assert_string_equal(value(s, sum), "900");
    load_again(s);
    assert_int_equal(atomic_load(&keyring_key(s->r, STR("key_0003"))->last_used_ms),
                     900);
}

/* What the disk refused is tried again, and nothing is believed that is not there. */
static void a_full_disk_is_told_and_forgets_nothing(void **state)
{
    struct scene *s = *state;
    atomic_store(&one_key(s)->last_used_ms, 700);
    db_fail_after(-1, ERR_FULL);
    assert_int_equal(key_use_flush(s->db, s->r), ERR_FULL);
    db_fail_after(0, 0);
    assert_int_equal(key_use_flush(s->db, s->r), 0);
    assert_string_equal(value(s, "SELECT sum(last_used_at) FROM api_key"), "700");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(the_last_address_is_whole),
        SCENE(addresses_are_written_as_people_do),
        SCENE(addresses_survive_a_restart),
        SCENE(last_used_is_written_when_it_changed),
        SCENE(a_full_disk_is_told_and_forgets_nothing),
    };
    if (secret_init() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
