/* The demo organization: a salon to try the API on. Its catalogue is the services
 * plugin's; here it is only asked for, and what a person needs next is printed. */

#include "demo.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "base/zone.h"

#define SLUG "acme-salon"

static int make_organization(struct client *c, struct buf *id)
{
    struct answer a;
    int code = 1;
    if (client_ask(c, "POST", "/api/platform/v1/organizations", "",
                   STR("{\"slug\":\"" SLUG "\",\"name\":\"Acme Salon\"}"), &a)) {
        fprintf(stderr, "kordless: the server does not answer\n");
    } else if (a.status == 201) {
        answer_text(&a, "organization.id", id);
        buf_char(id, '\0');
        code = 0;
    } else if (a.status == 409) {
        code = ask_organization(c, SLUG, id); /* a demo that was cut short, perhaps */
    } else {
        code = ask_refused(&a);
    }
    buf_end(&a.body);
    return code;
}

static void say_how_to_go_on(const struct options *o)
{
    bool usual = strcmp(o->server.data, "./data") == 0;
    fprintf(stderr,
            "kordless: the demo data is there already. Make another key with:\n"
            "  %s key create --org " SLUG " --label NAME%s%s\n",
            o->program, usual ? "" : " --data ", usual ? "" : o->server.data);
}

static int seed(struct client *c, const struct options *o, const char *id,
                struct answer *a)
{
    struct buf path;
    buf_init(&path);
    buf_fmt(&path, "/api/platform/v1/organizations/%s/demo%c", id, '\0');
    int err = client_ask(c, "POST", path.p, "", STR(""), a);
    buf_end(&path);
    if (err || (a->status != 201 && a->status != 409))
        return err ? 1 : ask_refused(a);
    if (a->status == 409)
        say_how_to_go_on(o);
    return a->status == 409;
}

static int make_key(struct client *c, const char *id, struct answer *a)
{
    struct buf path;
    buf_init(&path);
    buf_fmt(&path, "/api/platform/v1/organizations/%s/api-keys%c", id, '\0');
    int err = client_ask(c, "POST", path.p, "",
                         STR("{\"label\":\"Demo\",\"environment\":\"production\"}"), a);
    buf_end(&path);
    return err || a->status != 201 ? (err ? 1 : ask_refused(a)) : 0;
}

/* The first free slot of the coming fortnight, so that the third line really books. */
static void first_slot(struct client *c, const char *key, const char *service,
                       struct buf *from, struct buf *to)
{
    struct answer a;
    struct buf path, fields;
    char begin[32], until[32];
    int64_t now = (int64_t)time(NULL);
    time_format(now + 86400, begin);
    time_format(now + 15 * 86400, until);
    buf_init(&path);
    buf_init(&fields);
    buf_fmt(&path,
            "/api/calendar/v1/public/availability?org_slug=" SLUG
            "&service_slug=%s&from=%s&to=%s%c",
            service, begin, until, '\0');
    buf_fmt(&fields, "x-kordless-key: %s\r\n%c", key, '\0');
    if (!client_ask(c, "GET", path.p, fields.p, STR(""), &a)) {
        answer_text(&a, "slots.0.startsAt", from);
        answer_text(&a, "slots.0.endsAt", to);
    }
    buf_end(&a.body);
    buf_end(&path);
    buf_end(&fields);
}

static void print_lines(struct client *c, const char *base, const char *org,
                        const char *key, const char *service)
{
    struct buf from, to;
    char begin[32], until[32];
    int64_t now = (int64_t)time(NULL);
    time_format(now + 86400, begin);
    time_format(now + 8 * 86400, until);
    buf_init(&from);
    buf_init(&to);
    first_slot(c, key, service, &from, &to);
    printf("\nDemo organization   %s (%s)\nDemo API key        %s\n"
           "The key is shown this once. Try:\n\n",
           SLUG, org, key);
    printf("curl -s -H 'x-kordless-key: %s' %s/api/calendar/v1/public/org/" SLUG "\n\n",
           key, base);
    printf("curl -s -H 'x-kordless-key: %s' "
           "'%s/api/calendar/v1/public/availability?org_slug=" SLUG
           "&service_slug=%s&from=%s&to=%s'\n\n",
           key, base, service, begin, until);
    printf(
        "curl -s -H 'x-kordless-key: %s' -H 'Content-Type: application/json' "
        "-d '{\"org_slug\":\"" SLUG "\",\"service_slug\":\"%s\",\"starts_at\":\"%.*s\","
        "\"ends_at\":\"%.*s\",\"timezone\":\"America/New_York\",\"contact\":{\"name\":"
        "\"Ada\",\"email\":\"ada@example.com\"}}' "
        "%s/api/calendar/v1/public/bookings\n\n",
        key, service, (int)from.n, from.n ? from.p : "", (int)to.n, to.n ? to.p : "",
        base);
    buf_end(&from);
    buf_end(&to);
}

static void say_where_to_look(const struct options *o, const char *base)
{
    printf("The dashboard is at %s/: the first time it asks for the token in "
           "%s/operator-token.\n\n",
           base, o->server.data);
}

static void print_json(const char *org, const char *key, const struct answer *seeded)
{
    struct str services;
    if (!answer_raw(seeded, "services", &services))
        services = STR("[]");
    printf("{\"organization\":{\"id\":\"%s\",\"slug\":\"" SLUG "\"},\"key\":\"%s\","
           "\"services\":%.*s}\n",
           org, key, (int)services.n, services.p);
}

int demo_make(struct client *c, const struct options *o, const char *base)
{
    struct answer seeded = {0}, made = {0};
    struct buf id, key, service;
    buf_init(&id);
    buf_init(&key);
    buf_init(&service);
    int code = make_organization(c, &id);
    if (!code)
        code = seed(c, o, id.p, &seeded);
    if (!code)
        code = make_key(c, id.p, &made);
    if (!code) {
        answer_text(&made, "api_key.key", &key);
        buf_char(&key, '\0');
        answer_text(&seeded, "services.0.slug", &service);
        buf_char(&service, '\0');
        if (o->json) {
            print_json(id.p, key.p, &seeded);
        } else {
            print_lines(c, base, id.p, key.p, service.p);
            say_where_to_look(o, base);
        }
        explicit_bzero(key.p, key.n);
        explicit_bzero(made.body.p, made.body.n);
    }
    buf_end(&id);
    buf_end(&key);
    buf_end(&service);
    buf_end(&seeded.body);
    buf_end(&made.body);
    return code;
}
