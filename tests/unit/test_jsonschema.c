#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "lua/jsonschema.h"

/* What a manifest says nothing of. */
#define OPEN \
    .min_length = -1, .max_length = -1, .minimum = -INFINITY, .maximum = INFINITY

static void shows(const struct schema *s, enum jsonschema_place place, const char *json)
{
    struct buf b;
    buf_init(&b);
    jsonschema_put(&b, s, place);
    buf_char(&b, '\0');
    assert_string_equal(b.p, json);
    buf_end(&b);
}

static void text_ends_where_its_carrier_does(void **state)
{
    (void)state;
    const struct schema s = {OPEN};
    shows(&s, PLACE_QUERY,
          "{\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\",\"maxLength\":8192}");
    shows(
        &s, PLACE_BODY,
        "{\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\",\"maxLength\":1048576}");
    shows(
        &s, PLACE_REPLY,
        "{\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\",\"maxLength\":16777216}");
}

static void what_is_declared_stands_as_it_is(void **state)
{
    (void)state;
    struct schema s = {.format = FORMAT_EMAIL, .nullable = true, OPEN};
    s.min_length = 3;
    s.max_length = 254;
    shows(&s, PLACE_BODY,
          "{\"type\":[\"string\",\"null\"],\"format\":\"email\",\"minLength\":3,"
          "\"maxLength\":254}");
    struct str words[] = {STR("a"), STR("b\"")};
    const struct schema choice = {.choices = words, .n_choices = 2, OPEN};
    shows(&choice, PLACE_BODY, "{\"type\":\"string\",\"enum\":[\"a\",\"b\\\"\"]}");
}

static void an_instant_has_a_fraction_only_on_the_way_in(void **state)
{
    (void)state;
    const struct schema s = {.format = FORMAT_DATE_TIME, OPEN};
    shows(&s, PLACE_BODY,
          "{\"type\":\"string\",\"format\":\"date-time\",\"maxLength\":1048576}");
    shows(&s, PLACE_REPLY,
          "{\"type\":\"string\",\"format\":\"date-time\",\"maxLength\":20}");
}

static void whole_numbers_have_both_bounds(void **state)
{
    (void)state;
    struct schema s = {.type = SCHEMA_INTEGER, OPEN};
    shows(&s, PLACE_BODY,
          "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":-9223372036854775808,"
          "\"maximum\":9223372036854775807}");
    shows(&s, PLACE_QUERY,
          "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0,"
          "\"maximum\":1000000000000000}");
    s.minimum = 1;
    s.maximum = 100;
    shows(&s, PLACE_BODY,
          "{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":1,\"maximum\":100}");
    struct schema price = {.type = SCHEMA_NUMBER, OPEN};
    price.minimum = 0.5;
    shows(&price, PLACE_BODY, "{\"type\":\"number\",\"minimum\":0.5}");
}

static void lists_and_objects_bound_what_is_in_them(void **state)
{
    (void)state;
    struct schema members[] = {
        {.name = STR("id"), .format = FORMAT_ID, .required = true, OPEN},
        {.name = STR("any"), .type = SCHEMA_ANY, OPEN}};
    struct schema object = {
        .type = SCHEMA_OBJECT, .properties = members, .n_properties = 2, OPEN};
    struct schema list = {.type = SCHEMA_ARRAY, .items = &object, OPEN};
    shows(&list, PLACE_REPLY,
          "{\"type\":\"array\",\"maxItems\":8388608,\"items\":{\"type\":\"object\","
          "\"properties\":{\"id\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9_-]{1,"
          "40}$\","
          "\"maxLength\":40},\"any\":{\"description\":\"Any value.\"}},"
          "\"required\":[\"id\"]}}");
    list.items = NULL;
    list.max_length = 3;
    shows(&list, PLACE_REPLY, "{\"type\":\"array\",\"maxItems\":3,\"items\":{}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_ends_where_its_carrier_does),
        cmocka_unit_test(what_is_declared_stands_as_it_is),
        cmocka_unit_test(an_instant_has_a_fraction_only_on_the_way_in),
        cmocka_unit_test(whole_numbers_have_both_bounds),
        cmocka_unit_test(lists_and_objects_bound_what_is_in_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
