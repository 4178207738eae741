#include "command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "demo.h"
#include "lua/api.h"
#include "version.h"

static void print_raw(const struct answer *a, const char *path)
{
    struct str raw;
    if (answer_raw(a, path, &raw))
        printf("%.*s\n", (int)raw.n, raw.p);
}

static void print_field(const struct answer *a, const char *label, const char *path)
{
    struct buf text;
    buf_init(&text);
    struct str v = answer_text(a, path, &text);
    printf("%-14s %.*s\n", label, (int)v.n, v.n ? v.p : "");
    buf_end(&text);
}

/* --- organizations --- */

int command_org_create(const struct options *o)
{
    struct client *c;
    struct answer a;
    struct buf body;
    if (!o->slug || !o->name)
        return ask_usage("org create needs --slug S and --name N");
    if (ask_open(&c, o))
        return 1;
    buf_init(&body);
    buf_char(&body, '{');
    ask_put_member(&body, "slug", o->slug);
    ask_put_member(&body, "name", o->name);
    ask_put_member(&body, "plan", o->plan);
    buf_char(&body, '}');
    int code = ask_platform(c, "POST", "/api/platform/v1/organizations",
                            buf_slice(&body), 201, &a);
    if (!code && o->json) {
        print_raw(&a, "organization");
    } else if (!code) {
        print_field(&a, "organization", "organization.id");
        print_field(&a, "slug", "organization.slug");
    }
    buf_end(&a.body);
    buf_end(&body);
    client_close(c);
    return code;
}

/* --- keys --- */

static int create_key(struct client *c, const struct options *o, const char *org)
{
    struct answer a;
    struct buf body, path;
    buf_init(&body);
    buf_init(&path);
    buf_char(&body, '{');
    ask_put_member(&body, "label", o->label);
    ask_put_member(&body, "environment", o->environment);
    buf_char(&body, '}');
    buf_fmt(&path, "/api/platform/v1/organizations/%s/api-keys%c", org, '\0');
    int code = ask_platform(c, "POST", path.p, buf_slice(&body), 201, &a);
    if (!code && o->json) {
        print_raw(&a, "api_key");
    } else if (!code) {
        print_field(&a, "id", "api_key.id");
        print_field(&a, "key", "api_key.key");
        puts("Keep the key now: it is not shown again.");
    }
    if (a.body.n)
        explicit_bzero(a.body.p, a.body.n);
    buf_end(&a.body);
    buf_end(&body);
    buf_end(&path);
    return code;
}

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

int command_key_create(const struct options *o)
{
    if (!o->label)
        return ask_usage("key create needs --label L");
    return with_organization(o, create_key);
}

static void print_key_line(const struct answer *a, int i)
{
    static const char *const columns[] = {
        "label", "environment", "last4", "status", "created_at", "last_used_at", "id"};
    static const int widths[] = {24, 12, 6, 10, 21, 21, 0};
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

/* All pages; with --json one list. */
static int list_keys(struct client *c, const struct options *o, const char *org)
{
    struct buf path, cursor;
    int code = 0, shown = 0;
    buf_init(&path);
    buf_init(&cursor);
    if (o->json)
        fputs("[", stdout);
    else
        printf("%-24s %-12s %-6s %-10s %-21s %-21s %s\n", "LABEL", "ENVIRONMENT",
               "LAST4", "STATUS", "CREATED", "LAST USED", "ID");
    do {
        struct answer a;
        struct str raw;
        char element[32];
        buf_clear(&path);
        buf_fmt(&path, "/api/platform/v1/organizations/%s/api-keys?limit=100%s%.*s%c",
                org, cursor.n ? "&cursor=" : "", (int)cursor.n,
                cursor.n ? cursor.p : "", '\0');
        code = ask_platform(c, "GET", path.p, STR(""), 200, &a);
        for (int i = 0; !code; i++) {
            snprintf(element, sizeof(element), "api_keys.%d", i);
            if (!answer_raw(&a, element, &raw))
                break;
            if (o->json)
                printf("%s%.*s", shown++ ? "," : "", (int)raw.n, raw.p);
            else
                print_key_line(&a, i);
        }
        answer_text(&a, "next_cursor", &cursor);
        buf_end(&a.body);
    } while (!code && cursor.n);
    if (o->json)
        puts("]");
    buf_end(&path);
    buf_end(&cursor);
    return code;
}

int command_key_list(const struct options *o)
{
    return with_organization(o, list_keys);
}

/* An id as it is; else the last 4, of which there is one in an organization. */
static int find_key(struct client *c, const char *org, const char *which,
                    struct buf *id)
{
    struct answer a;
    struct buf path, label;
    int code = 0;
    buf_clear(id);
    if (strncmp(which, "key_", 4) == 0) {
        buf_str(id, str_of(which));
        return 0;
    }
    if (strlen(which) != 4 || strspn(which, "0123456789abcdefghijklmnopqrstuvwxyz"
                                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 4)
        return ask_usage("'%s' is neither a key's id nor its last 4 characters", which);
    buf_init(&path);
    buf_init(&label);
    buf_fmt(&path, "/api/platform/v1/organizations/%s/api-keys?limit=100&q=%s%c", org,
            which, '\0');
    code = ask_platform(c, "GET", path.p, STR(""), 200, &a);
    for (int i = 0; !code && !id->n; i++) {
        char at[48];
        snprintf(at, sizeof(at), "api_keys.%d.last4", i);
        if (!answer_text(&a, at, &label).n)
            break;
        if (!str_eq(buf_slice(&label), str_of(which)))
            continue;
        snprintf(at, sizeof(at), "api_keys.%d.id", i);
        answer_text(&a, at, id);
    }
    if (!code && !id->n) {
        fprintf(stderr, "kordless: no key of this organization ends in %s\n", which);
        code = 1;
    }
    buf_end(&a.body);
    buf_end(&path);
    buf_end(&label);
    return code;
}

static bool confirmed(const struct options *o, struct str id)
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

static int revoke_key(struct client *c, const struct options *o, const char *org)
{
    struct answer a;
    struct buf id, path;
    buf_init(&id);
    buf_init(&path);
    int code = find_key(c, org, o->words[2], &id);
    if (!code && !confirmed(o, buf_slice(&id)))
        code = 1;
    if (!code) {
        buf_fmt(&path, "/api/platform/v1/api-keys/%.*s/revoke%c", (int)id.n, id.p,
                '\0');
        code = ask_platform(c, "POST", path.p, STR(""), 200, &a);
        if (!code && o->json)
            print_raw(&a, "api_key");
        else if (!code)
            printf("revoked %.*s\n", (int)id.n, id.p);
        buf_end(&a.body);
    }
    buf_end(&id);
    buf_end(&path);
    return code;
}

int command_key_revoke(const struct options *o)
{
    if (o->n_words < 3)
        return ask_usage("key revoke needs the key's id or its last 4 characters");
    return with_organization(o, revoke_key);
}

/* --- plugins --- */

static int resume_plugin(struct client *c, const struct options *o)
{
    struct answer a;
    struct buf path;
    struct str resumed;
    buf_init(&path);
    buf_fmt(&path, "/api/platform/v1/plugins/%s/resume%c", o->words[2], '\0');
    int code = ask_platform(c, "POST", path.p, STR(""), 200, &a);
    if (!code && o->json)
        print_raw(&a, "plugin");
    else if (!code)
        printf("%s %s\n", o->words[2],
               answer_raw(&a, "plugin.resumed", &resumed) &&
                       str_eq(resumed, STR("true"))
                   ? "runs again"
                   : "was running");
    buf_end(&a.body);
    buf_end(&path);
    return code;
}

int command_plugin_resume(const struct options *o)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    struct client *c;
    if (o->n_words < 3 || strspn(o->words[2], letters) != strlen(o->words[2]))
        return ask_usage("plugin resume needs the plugin's name");
    if (ask_open(&c, o))
        return 1;
    int code = resume_plugin(c, o);
    client_close(c);
    return code;
}

/* --- demo, api and version --- */

int command_demo(const struct options *o)
{
    struct client *c;
    if (ask_open(&c, o))
        return 1;
    int code = demo_make(c, o, "http://127.0.0.1:8080");
    client_close(c);
    return code;
}

/* The API of scripts, as the Lua language server or a person reads it. */
int command_api(const struct options *o)
{
    bool markdown = o->format && strcmp(o->format, "markdown") == 0;
    struct buf text;
    if (o->format && !markdown && strcmp(o->format, "lua") != 0)
        return ask_usage("--format takes lua or markdown");
    buf_init(&text);
    if (markdown)
        api_put_markdown(&text);
    else
        api_put_lua(&text);
    bool whole = fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0;
    buf_end(&text);
    return whole ? 0 : 1;
}

int command_version(const struct options *o)
{
    printf(o->json ? "{\"version\":\"%s\"}\n" : "kordless %s\n", VERSION);
    return 0;
}
