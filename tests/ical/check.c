/* An .ics file read by somebody else's parser, libical: from standard input, and told
 * on standard output as one line for each property of its one event, "NAME value" (a
 * newline in a value is \n there, a backslash \\). Exits with 1, and says why on
 * standard error, when libical finds the least fault: in a line, in a value, or in what
 * a VEVENT must and may have (RFC 5545, 3.6.1). */

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20 };

static int fail(const char *why, const char *what)
{
    fprintf(stderr, "%s%s%s\n", why, what ? ": " : "", what ? what : "");
    return 1;
}

/* libical keeps what it could not read as X-LIC-ERROR, wherever it stood. */
static int tell_errors(icalcomponent *c)
{
    int n = 0;
    icalproperty *p = icalcomponent_get_first_property(c, ICAL_XLICERROR_PROPERTY);
    for (; p; p = icalcomponent_get_next_property(c, ICAL_XLICERROR_PROPERTY))
        n += fail("an error", icalproperty_get_xlicerror(p));
    icalcomponent *in = icalcomponent_get_first_component(c, ICAL_ANY_COMPONENT);
    for (; in; in = icalcomponent_get_next_component(c, ICAL_ANY_COMPONENT))
        n += tell_errors(in);
    return n;
}

static void put_value(const char *v)
{
    for (; *v; v++) {
        if (*v == '\n')
            fputs("\\n", stdout);
        else if (*v == '\\')
            fputs("\\\\", stdout);
        else
            putchar(*v);
    }
    putchar('\n');
}

/* A text as it was meant, and any other value as it stands. */
static void put_property(icalproperty *p)
{
    const icalvalue *value = icalproperty_get_value(p);
    printf("%s ", icalproperty_get_property_name(p));
    if (icalvalue_isa(value) == ICAL_TEXT_VALUE)
        put_value(icalvalue_get_text(value));
    else
        put_value(icalproperty_get_value_as_string(p));
}

static int look(icalcomponent *root)
{
    if (icalcomponent_isa(root) != ICAL_VCALENDAR_COMPONENT)
        return fail("it is no VCALENDAR", NULL);
    if (tell_errors(root) || icalcomponent_count_errors(root))
        return fail("libical found faults", NULL);
    if (icalcomponent_count_components(root, ICAL_ANY_COMPONENT) != 1 ||
        icalcomponent_count_components(root, ICAL_VEVENT_COMPONENT) != 1)
        return fail("it has other than one VEVENT", NULL);
    if (!icalrestriction_check(root) || tell_errors(root))
        return fail("it lacks, or has too much of, what RFC 5545 restricts", NULL);
    icalcomponent *event = icalcomponent_get_first_real_component(root);
    if (!icalcomponent_get_uid(event)) /* libical asks for it of invitations only */
        return fail("it has no UID", NULL);
    icalproperty *p = icalcomponent_get_first_property(event, ICAL_ANY_PROPERTY);
    for (; p; p = icalcomponent_get_next_property(event, ICAL_ANY_PROPERTY))
        put_property(p);
    return 0;
}

int main(void)
{
    static char text[MOST];
    size_t n = fread(text, 1, MOST - 1, stdin);
    if (n == MOST - 1 || strlen(text) != n)
        return fail("it is too long, or has a zero byte", NULL);
    icalcomponent *root = icalparser_parse_string(text);
    if (!root)
        return fail("it cannot be parsed", icalerror_strerror(icalerrno));
    int rc = look(root);
    icalcomponent_free(root);
    icalmemory_free_ring();
    return rc;
}
