#include "keys.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/json.h"

#define ROUTE "/api/platform/v1"

/* --- which key --- */

/* The last 4, of which there is one in an organization. */
static int find_by_last4(struct client *c, const char *org, const char *last4,
                         struct buf *id)
{
    struct answer a;
    struct buf path, text;
    char at[48];
    buf_init(&path);
    buf_init(&text);
    buf_fmt(&path, ROUTE "/organizations/%s/api-keys?limit=100&q=%s%c", org, last4,
            '\0');
    int code = ask_platform(c, "GET", path.p, STR(""), 200, &a);
    for (int i = 0; !code && !id->n; i++) {
        snprintf(at, sizeof(at), "api_keys.%d.last4", i);
        if (!answer_text(&a, at, &text).n)
            break;
        if (!str_eq(buf_slice(&text), str_of(last4)))
            continue;
        snprintf(at, sizeof(at), "api_keys.%d.id", i);
        answer_text(&a, at, id);
    }
    if (!code && !id->n) {
        fprintf(stderr, "kordless: no key of this organization ends in %s\n", last4);
        code = 1;
    }
    buf_end(&a.body);
    buf_end(&path);
    buf_end(&text);
    return code;
}

static int find_key(struct client *c, const struct options *o, struct buf *id)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *which = o->words[2];
    struct buf org;
    if (strncmp(which, "kord_", 5) == 0) /* not told again: it is a secret */
        return ask_usage("name a key by its id or its last 4 characters, never by the "
                         "key itself: commands are kept in histories");
    if (strncmp(which, "key_", 4) == 0 &&
        strspn(which + 4, letters) == strlen(which + 4)) {
        buf_str(id, str_of(which));
        return 0;
    }
    if (strlen(which) != 4 || strspn(which, letters) != 4)
        return ask_usage("'%s' is neither a key's id nor its last 4 characters", which);
    if (!o->org)
        return ask_usage("a key named by its last 4 needs --org SLUG");
    buf_init(&org);
    int code = ask_organization(c, o->org, &org);
    if (!code)
        code = find_by_last4(c, org.p, which, id);
    buf_end(&org);
    return code;
}

/* --- one key --- */

static void show_signals(const struct answer *a)
{
    char path[64];
    struct buf text;
    buf_init(&text);
    for (int i = 0;; i++) {
        snprintf(path, sizeof(path), "api_key.signals.%d.detail", i);
        struct str detail = answer_text(a, path, &text);
        if (!detail.n)
            break;
        printf("worth a look   %.*s\n", (int)detail.n, detail.p);
    }
    buf_end(&text);
}

static void show(const struct options *o, const struct answer *a)
{
    static const char *const fields[] = {
        "label",      "environment", "last4",      "status",        "scopes",
        "tags",       "created_at",  "created_by", "last_used_at",  "last_used_ip",
        "not_before", "expires_at",  "revoked_at", "revoke_reason", "rotated_from",
        "rotated_to", "note",        "limits"};
    char path[64];
    if (o->json) {
        ask_print_raw(a, "api_key");
        return;
    }
    ask_print_field(a, "id", "api_key.id");
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        snprintf(path, sizeof(path), "api_key.%s", fields[i]);
        ask_print_field(a, fields[i], path);
    }
    show_signals(a);
}

/* The one answer in which the key stands. */
static void show_made(const struct options *o, const struct answer *a)
{
    if (o->json) {
        ask_print_raw(a, "api_key");
        return;
    }
    ask_print_field(a, "id", "api_key.id");
    ask_print_field(a, "key", "api_key.key");
    puts("Keep the key now: it is not shown again.");
}

struct errand {
    const char *method, *tail; /* behind /api-keys/{id} */
    struct str body;
    int good;
    void (*show)(const struct options *o, const struct answer *a);
    bool (*sure)(const struct options *o, struct str id);
};

static int run(const struct options *o, struct client *c, const struct errand *e)
{
    struct answer a;
    struct buf id, path;
    buf_init(&id);
    buf_init(&path);
    int code = find_key(c, o, &id);
    if (!code && e->sure && !e->sure(o, buf_slice(&id)))
        code = 1;
    if (!code) {
        buf_fmt(&path, ROUTE "/api-keys/%.*s%s%c", (int)id.n, id.p, e->tail, '\0');
        code = ask_platform(c, e->method, path.p, e->body, e->good, &a);
        if (!code)
            e->show(o, &a);
        if (a.body.n)
            explicit_bzero(a.body.p, a.body.n);
        buf_end(&a.body);
    }
    buf_end(&id);
    buf_end(&path);
    return code;
}

static int with_key(const struct options *o, const struct errand *e)
{
    struct client *c;
    if (o->n_words < 3)
        return ask_usage("%s %s needs the key's id or its last 4 characters",
                         o->words[0], o->words[1]);
    if (ask_open(&c, o))
        return 1;
    int code = run(o, c, e);
    client_close(c);
    return code;
}

int keys_show(const struct options *o)
{
    return with_key(
        o, &(struct errand){.method = "GET", .tail = "", .good = 200, .show = show});
}

/* None at all would be all there are: that is asked for by name. */
static bool scopes_fault(const struct options *o)
{
    bool empty = o->scopes && !*o->scopes;
    if (empty)
        ask_usage("--scopes needs names, such as bookings:read,services:read; a key "
                  "that may use all has none");
    return empty;
}

/* "a,b" as a list; "none": null, which is all. */
static void put_scopes(struct buf *b, const char *list)
{
    struct str rest = str_of(list), one;
    if (!list || strcmp(list, "none") == 0) {
        ask_put_setting(b, "scopes", list);
        return;
    }
    buf_fmt(b, "%s\"scopes\":[", b->n > 1 ? "," : "");
    for (bool first = true; rest.n; first = false) {
        str_cut(rest, ',', &one, &rest);
        buf_add(b, ",", first ? 0 : 1);
        if (json_put_string(b, str_trim(one)))
            buf_lit(b, "null"); /* not UTF-8: the server says what is wrong */
    }
    buf_char(b, ']');
}

/* All of them; what is none is the server's to refuse. */
static void put_tags(struct buf *b, const struct options *o)
{
    if (!o->n_tags && !o->no_tags)
        return;
    buf_fmt(b, "%s\"tags\":[", b->n > 1 ? "," : "");
    for (int i = 0; i < o->n_tags; i++) {
        buf_add(b, ",", i ? 1 : 0);
        if (json_put_string(b, str_of(o->tags[i])))
            buf_lit(b, "null");
    }
    buf_char(b, ']');
}

int keys_set(const struct options *o)
{
    struct buf body;
    if (o->per_day)
        return ask_usage(
            "a day is an organization's: kordless org set SLUG --per-day N");
    if (ask_limits_fault(o) || scopes_fault(o))
        return 2;
    buf_init(&body);
    buf_char(&body, '{');
    ask_put_member(&body, "label", o->label);
    ask_put_setting(&body, "note", o->note);
    put_scopes(&body, o->scopes);
    put_tags(&body, o);
    ask_put_setting(&body, "expires_at", o->expires_at);
    ask_put_limits(&body, o);
    buf_char(&body, '}');
    int code = body.n == 2 ? ask_usage("key set needs a flag that says what to change")
                           : with_key(o, &(struct errand){.method = "PATCH",
                                                          .tail = "",
                                                          .body = buf_slice(&body),
                                                          .good = 200,
                                                          .show = show});
    buf_end(&body);
    return code;
}

int keys_rotate(const struct options *o)
{
    struct buf body;
    buf_init(&body);
    buf_char(&body, '{');
    ask_put_number(&body, "grace_seconds", o->grace);
    buf_char(&body, '}');
    int code = with_key(o, &(struct errand){.method = "POST",
                                            .tail = "/rotate",
                                            .body = buf_slice(&body),
                                            .good = 201,
                                            .show = show_made});
    buf_end(&body);
    return code;
}

static bool sure(const struct options *o, struct str id)
{
    char line[16];
    if (o->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        ask_usage("revoking is final; add --yes to do it without a terminal");
        return false;
    }
    printf("Revoke %.*s? It is refused at once and for good. [y/N] ", (int)id.n, id.p);
    fflush(stdout);
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static void show_revoked(const struct options *o, const struct answer *a)
{
    if (o->json)
        ask_print_raw(a, "api_key");
    else
        ask_print_field(a, "revoked", "api_key.id");
}

int keys_revoke(const struct options *o)
{
    struct buf body;
    buf_init(&body);
    buf_char(&body, '{');
    ask_put_member(&body, "reason", o->reason);
    buf_char(&body, '}');
    int code = with_key(o, &(struct errand){.method = "POST",
                                            .tail = "/revoke",
                                            .body = buf_slice(&body),
                                            .good = 200,
                                            .show = show_revoked,
                                            .sure = sure});
    buf_end(&body);
    return code;
}

/* --- an organization's --- */

static int with_organization(const struct options *o,
                             int (*then)(struct client *, const struct options *,
                                         const char *org))
{
    struct client *c;
    struct buf id;
    if (!o->org)
        return ask_usage("%s %s needs --org SLUG", o->words[0], o->words[1]);
    if (ask_open(&c, o))
        return 1;
    buf_init(&id);
    int code = ask_organization(c, o->org, &id);
    if (!code)
        code = then(c, o, id.p);
    buf_end(&id);
    client_close(c);
    return code;
}

static int create(struct client *c, const struct options *o, const char *org)
{
    struct answer a;
    struct buf body, path;
    buf_init(&body);
    buf_init(&path);
    buf_char(&body, '{');
    ask_put_member(&body, "label", o->label);
    ask_put_member(&body, "environment", o->environment);
    ask_put_member(&body, "note", o->note);
    put_scopes(&body, o->scopes);
    put_tags(&body, o);
    ask_put_member(&body, "not_before", o->not_before);
    ask_put_member(&body, "expires_at", o->expires_at);
    buf_char(&body, '}');
    buf_fmt(&path, ROUTE "/organizations/%s/api-keys%c", org, '\0');
    int code = ask_platform(c, "POST", path.p, buf_slice(&body), 201, &a);
    if (!code)
        show_made(o, &a);
    if (a.body.n)
        explicit_bzero(a.body.p, a.body.n);
    buf_end(&a.body);
    buf_end(&body);
    buf_end(&path);
    return code;
}

int keys_create(const struct options *o)
{
    if (!o->label)
        return ask_usage("key create needs --label L");
    if (scopes_fault(o))
        return 2;
    return with_organization(o, create);
}

static void print_line(const struct answer *a, int i)
{
    static const char *const columns[] = {"label",      "environment", "last4",
                                          "status",     "created_at",  "last_used_at",
                                          "created_by", "id"};
    static const int widths[] = {24, 12, 6, 10, 21, 21, 12, 0};
    char path[64];
    struct buf text;
    buf_init(&text);
    for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
        snprintf(path, sizeof(path), "api_keys.%d.%s", i, columns[k]);
        struct str v = answer_text(a, path, &text);
        if (!v.n)
            v = STR("-");
        printf("%-*.*s%s", widths[k], (int)v.n, v.p, widths[k] ? " " : "\n");
    }
    buf_end(&text);
}

static int list(struct client *c, const struct options *o, const char *org)
{
    struct buf path;
    buf_init(&path);
    buf_fmt(&path, ROUTE "/organizations/%s/api-keys?limit=100", org);
    ask_put_query(&path, "q", o->q);
    ask_put_query(&path, "created_by", o->created_by);
    buf_char(&path, '\0');
    if (!o->json)
        printf("%-24s %-12s %-6s %-10s %-21s %-21s %-12s %s\n", "LABEL", "ENVIRONMENT",
               "LAST4", "STATUS", "CREATED", "LAST USED", "BY", "ID");
    int code = ask_pages(c, o, path.p, "api_keys", print_line);
    buf_end(&path);
    return code;
}

int keys_list(const struct options *o)
{
    return with_organization(o, list);
}

/* --- quotas --- */

static void print_window(const struct answer *a, int i)
{
    static const char *const columns[] = {"name",      "limit",       "used",
                                          "remaining", "retry_after", "from"};
    char path[64];
    struct str raw;
    struct buf text;
    buf_init(&text);
    for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
        snprintf(path, sizeof(path), "quota.limits.%d.%s", i, columns[k]);
        struct str v = answer_text(a, path, &text);
        if (!v.n && answer_raw(a, path, &raw))
            v = raw;
        printf("%-11.*s ", (int)v.n, v.n ? v.p : "");
    }
    snprintf(path, sizeof(path), "quota.limits.%d.reason", i);
    struct str reason = answer_text(a, path, &text);
    printf("%.*s", (int)reason.n, reason.n ? reason.p : "");
    snprintf(path, sizeof(path), "quota.limits.%d.until", i);
    struct str until = answer_text(a, path, &text);
    printf(until.n ? " until %.*s\n" : "%.*s\n", (int)until.n, until.n ? until.p : "");
    buf_end(&text);
}

static void show_quota(const struct options *o, const struct answer *a)
{
    if (o->json) {
        ask_print_raw(a, "quota");
        return;
    }
    ask_print_field(a, "key", "quota.label");
    ask_print_field(a, "last4", "quota.last4");
    ask_print_field(a, "policy", "quota.policy");
    ask_print_field(a, "hash", "quota.hash");
    ask_print_field(a, "reads", "quota.reads");
    ask_print_field(a, "mode", "quota.mode");
    ask_print_field(a, "withheld", "quota.withheld");
    printf("\n%-11s %-11s %-11s %-11s %-11s %s\n", "WINDOW", "LIMIT", "USED",
           "REMAINING", "WAIT", "FROM");
    for (int i = 0; i < 3; i++)
        print_window(a, i);
}

int keys_quota(const struct options *o)
{
    return with_key(
        o, &(struct errand){
               .method = "GET", .tail = "/quota", .good = 200, .show = show_quota});
}
