#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "guard/secret.h"
#include "hasher.h"

/* A run that waits until it is let go, so that a queue can be filled. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool open;
    int running, ran;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0};

static void run_gated(struct hashing *h)
{
    pthread_mutex_lock(&gate.lock);
    gate.running++;
    pthread_cond_broadcast(&gate.cond);
    while (!gate.open)
        pthread_cond_wait(&gate.cond, &gate.lock);
    gate.ran++;
    pthread_mutex_unlock(&gate.lock);
    h->good = true;
}

static void wait_running(int n)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.running < n)
        pthread_cond_wait(&gate.cond, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void set_gate(bool open)
{
    pthread_mutex_lock(&gate.lock);
    gate.open = open;
    gate.running = gate.ran = 0;
    pthread_cond_broadcast(&gate.cond);
    pthread_mutex_unlock(&gate.lock);
}

static atomic_int told;

static void tell(struct hash_job *j)
{
    assert_true(j->h.good);
    atomic_fetch_add(&told, 1);
}

static void a_full_queue_says_so_and_all_of_it_is_done(void **state)
{
    (void)state;
    struct hasher *p;
    struct hash_job jobs[8];
    set_gate(false);
    atomic_store(&told, 0);
    assert_int_equal(hasher_new(&p, 2, 4, run_gated), 0);
    for (int i = 0; i < 8; i++)
        jobs[i] = (struct hash_job){.done = tell};
    for (int i = 0; i < 2; i++)
        assert_int_equal(hasher_queue(p, &jobs[i]), 0);
    wait_running(2); /* both threads are busy */
    for (int i = 2; i < 6; i++)
        assert_int_equal(hasher_queue(p, &jobs[i]), 0);
    assert_int_equal(hasher_queue(p, &jobs[6]), ERR_FULL);
    set_gate(true);
    while (atomic_load(&told) < 6)
        sched_yield();
    assert_int_equal(hasher_queue(p, &jobs[7]), 0);
    while (atomic_load(&told) < 7)
        sched_yield();
    hasher_free(p);
}

static void *stop(void *p)
{
    hasher_stop(p);
    return NULL;
}

static void what_runs_at_the_end_is_done_and_what_waits_is_dropped(void **state)
{
    enum { LATE = 2000 };
    static struct hash_job late[LATE];
    (void)state;
    struct hasher *p;
    struct hash_job first = {.done = tell};
    pthread_t stopping;
    int queued = 0;
    set_gate(false);
    atomic_store(&told, 0);
    assert_int_equal(hasher_new(&p, 1, LATE, run_gated), 0);
    assert_int_equal(hasher_queue(p, &first), 0);
    wait_running(1);
    assert_int_equal(pthread_create(&stopping, NULL, stop, p), 0);
    while (queued < LATE && hasher_queue(p, &late[queued]) == 0) { /* until it heard */
        queued++;
        usleep(1000);
    }
    assert_in_range(queued, 0, LATE - 1);
    pthread_mutex_lock(&gate.lock);
    gate.open = true;
    pthread_cond_broadcast(&gate.cond);
    pthread_mutex_unlock(&gate.lock);
    pthread_join(stopping, NULL);
    assert_int_equal(atomic_load(&told), 1);
    hasher_free(p);
}

static void hash_of(struct hashing *h, const char *password)
{
    password_set(h, str_of(password), STR(""), false);
    password_run(h);
    assert_int_equal(h->result, 0);
}

static bool is(const char *password, const char *hash)
{
    struct hashing h;
    password_set(&h, str_of(password), str_of(hash), true);
    password_run(&h);
    assert_int_equal(h.password[0], 0); /* forgotten */
    return h.good;
}

static void a_password_is_checked_and_forgotten(void **state)
{
    (void)state;
    struct hashing one, two;
    hash_of(&one, "correct horse");
    hash_of(&two, "correct horse");
    assert_int_equal(strncmp(one.hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31), 0);
    assert_string_not_equal(one.hash, two.hash); /* salted */
    assert_int_equal(one.password[0], 0);
    assert_true(is("correct horse", one.hash));
    assert_false(is("correct hors", one.hash));
    assert_false(is("", one.hash));
}

static void nobodys_password_is_none(void **state)
{
    struct hashing h;
    char long_one[PASSWORD_MAX + 2];
    (void)state;
    assert_false(is("anything", ""));
    assert_false(is("", ""));
    assert_false(is("anything", "no hash at all"));
    memset(long_one, 'x', sizeof(long_one));
    long_one[PASSWORD_MAX + 1] = '\0';
    hash_of(&h, "");
    assert_false(is(long_one, h.hash)); /* not what is left when it is cut off */
}

static void without_an_account_as_much_is_done(void **state)
{
    struct hashing h;
    (void)state;
    password_set(&h, STR("anything"), STR(""), true);
    password_run(&h); /* … against a hash of the same cost */
    assert_int_equal(strncmp(h.hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31), 0);
    password_wipe(&h);
    assert_int_equal(h.hash[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_queue_says_so_and_all_of_it_is_done),
        cmocka_unit_test(what_runs_at_the_end_is_done_and_what_waits_is_dropped),
        cmocka_unit_test(a_password_is_checked_and_forgotten),
        cmocka_unit_test(nobodys_password_is_none),
        cmocka_unit_test(without_an_account_as_much_is_done),
    };
    return secret_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
