#include "command_token.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"

static const char tokens[] = "/api/platform/v1/tokens";

static void print_member(const struct answer *a, const char *path, int width)
{
    struct buf text;
    buf_init(&text);
    struct str v = answer_text(a, path, &text);
    if (!v.n)
        v = STR("-");
    printf("%-*.*s%s", width, (int)v.n, v.p, width ? " " : "\n");
    buf_end(&text);
}

static void print_raw(const struct answer *a)
{
    struct str raw;
    if (answer_raw(a, "token", &raw))
        printf("%.*s\n", (int)raw.n, raw.p);
}

static int create_one(struct client *c, const struct options *o)
{
    struct answer a;
    struct buf body;
    buf_init(&body);
    buf_char(&body, '{');
    ask_put_member(&body, "label", o->label);
    ask_put_member(&body, "expires_at", o->expires_at);
    buf_char(&body, '}');
    int code = ask_platform(c, "POST", tokens, buf_slice(&body), 201, &a);
    if (!code && o->json) {
        print_raw(&a);
    } else if (!code) {
        printf("%-14s ", "token");
        print_member(&a, "token.token", 0);
        printf("%-14s ", "id");
        print_member(&a, "token.id", 0);
        puts("It is shown this once.");
    }
    if (a.body.n)
        explicit_bzero(a.body.p, a.body.n);
    buf_end(&a.body);
    buf_end(&body);
    return code;
}

static void print_page(const struct answer *a, bool json, int *shown)
{
    static const char *const columns[] = {"label", "status", "created_at", "created_by",
                                          "id"};
    static const int widths[] = {24, 10, 21, 30, 0};
    struct str raw;
    char path[48];
    for (int i = 0;; i++) {
        snprintf(path, sizeof(path), "tokens.%d", i);
        if (!answer_raw(a, path, &raw))
            return;
        if (json)
            printf("%s%.*s", (*shown)++ ? "," : "", (int)raw.n, raw.p);
        for (size_t k = 0; !json && k < sizeof(columns) / sizeof(columns[0]); k++) {
            snprintf(path, sizeof(path), "tokens.%d.%s", i, columns[k]);
            print_member(a, path, widths[k]);
        }
    }
}

/* All pages; with --json one list. */
static int list_all(struct client *c, const struct options *o)
{
    struct buf path, cursor;
    int code = 0, shown = 0;
    buf_init(&path);
    buf_init(&cursor);
    if (o->json)
        fputs("[", stdout);
    else
        printf("%-24s %-10s %-21s %-30s %s\n", "LABEL", "STATUS", "CREATED",
               "CREATED BY", "ID");
    do {
        struct answer a;
        buf_clear(&path);
        buf_fmt(&path, "%s?limit=100%s%.*s%c", tokens, cursor.n ? "&cursor=" : "",
                (int)cursor.n, cursor.n ? cursor.p : "", '\0');
        code = ask_platform(c, "GET", path.p, STR(""), 200, &a);
        if (!code)
            print_page(&a, o->json, &shown);
        answer_text(&a, "next_cursor", &cursor);
        buf_end(&a.body);
    } while (!code && cursor.n);
    if (o->json)
        puts("]");
    buf_end(&path);
    buf_end(&cursor);
    return code;
}

static bool confirmed(const struct options *o)
{
    char line[16];
    if (o->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        ask_usage("revoking is final; add --yes to do it without a terminal");
        return false;
    }
    printf("Revoke %s? It is refused at once and for good. [y/N] ", o->words[2]);
    fflush(stdout);
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static int revoke_one(struct client *c, const struct options *o)
{
    struct answer a;
    struct buf path;
    if (!confirmed(o))
        return 1;
    buf_init(&path);
    buf_fmt(&path, "%s/%s/revoke%c", tokens, o->words[2], '\0');
    int code = ask_platform(c, "POST", path.p, STR(""), 200, &a);
    if (!code && o->json)
        print_raw(&a);
    else if (!code)
        printf("revoked %s\n", o->words[2]);
    buf_end(&a.body);
    buf_end(&path);
    return code;
}

static int with_client(const struct options *o,
                       int (*then)(struct client *c, const struct options *o))
{
    struct client *c;
    if (ask_open(&c, o))
        return 1;
    int code = then(c, o);
    client_close(c);
    return code;
}

int command_token_create(const struct options *o)
{
    return with_client(o, create_one);
}

int command_token_list(const struct options *o)
{
    return with_client(o, list_all);
}

int command_token_revoke(const struct options *o)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (o->n_words < 3 || strspn(o->words[2], letters) != strlen(o->words[2]))
        return ask_usage("token revoke needs the token's id, tok_…");
    return with_client(o, revoke_one);
}
