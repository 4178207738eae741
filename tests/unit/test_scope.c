#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard/environment.h"
#include "guard/scope.h"

static void scopes_have_names(void **state)
{
    (void)state;
    uint32_t all = 0;
    for (uint32_t bit = 1; bit < SCOPE_ALL; bit <<= 1) {
        assert_non_null(scope_name(bit));
        assert_int_equal(scope_bit(str_of(scope_name(bit))), bit);
        all |= bit;
    }
    assert_int_equal(all, SCOPE_ALL);
    assert_int_equal(scope_bit(STR("bookings:read")), SCOPE_BOOKINGS_READ);
    assert_int_equal(scope_bit(STR("availability:write")), SCOPE_AVAILABILITY_WRITE);
    assert_int_equal(scope_bit(STR("services:read")), SCOPE_SERVICES_READ);
    assert_int_equal(scope_bit(STR("organization:write")), SCOPE_ORGANIZATION_WRITE);
    assert_int_equal(scope_bit(STR("webhooks:write")), SCOPE_WEBHOOKS_WRITE);
    assert_int_equal(scope_bit(STR("webhooks:read")), 0);
    assert_int_equal(scope_bit(STR("")), 0);
    assert_null(scope_name(0));
    assert_null(scope_name(3));
    assert_null(scope_name(SCOPE_ALL));
    assert_null(scope_name(1u << 31));
}

static void lists_go_there_and_back(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    for (uint32_t scopes = 0; scopes <= SCOPE_ALL; scopes++) {
        buf_clear(&b);
        scope_list(scopes, &b);
        assert_int_equal(scope_read(buf_slice(&b)), scopes);
    }
    buf_clear(&b);
    buf_lit(&b, "in front ");
    scope_list(SCOPE_BOOKINGS_READ | SCOPE_WEBHOOKS_WRITE, &b);
    assert_true(str_eq(buf_slice(&b), STR("in front bookings:read webhooks:write")));
    buf_end(&b);
}

/* Scopes of a later server, and blanks where none should be. */
static void what_is_no_scope_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(scope_read(STR("")), 0);
    assert_int_equal(scope_read(STR("moon:read bookings:read  services:read ")),
                     SCOPE_BOOKINGS_READ | SCOPE_SERVICES_READ);
    assert_int_equal(scope_read(STR("bookings:rea")), 0);
}

static void environments_have_names(void **state)
{
    (void)state;
    assert_null(environment_name(ENV_NONE));
    assert_int_equal(environment_of(str_of(environment_name(ENV_PRODUCTION))),
                     ENV_PRODUCTION);
    assert_int_equal(environment_of(STR("development")), ENV_DEVELOPMENT);
    assert_int_equal(environment_of(STR("staging")), ENV_NONE);
    assert_int_equal(environment_of(str_of(NULL)), ENV_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_have_names),
        cmocka_unit_test(lists_go_there_and_back),
        cmocka_unit_test(what_is_no_scope_is_passed_over),
        cmocka_unit_test(environments_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
