#include "command_quota.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/json.h"

enum { POLICY_MAX = 256 << 10 }; /* as its route takes it */

static int read_policy(const char *path, struct buf *body)
{
    struct buf text;
    FILE *f = fopen(path, "re");
    if (!f)
        return ask_usage("%s: %s", path, strerror(errno));
    buf_init(&text);
    for (size_t n; (n = fread(buf_reserve(&text, 65536), 1, 65536, f)) > 0;)
        if ((text.n += n) > POLICY_MAX)
            break;
    int code = ferror(f) ? ask_usage("%s: %s", path, strerror(errno)) : 0;
    fclose(f);
    buf_lit(body, "{\"source\":");
    if (!code && (text.n > POLICY_MAX || json_put_string(body, buf_slice(&text))))
        code = ask_usage("%s: is no text of at most 256 KiB", path);
    buf_char(body, '}');
    buf_end(&text);
    return code;
}

static void print_changed(const struct answer *a, int i)
{
    static const char *const columns[] = {"becomes", "organization", "label",
                                          "last4",   "from",         "to"};
    static const int widths[] = {8, 20, 20, 5, 0, 0};
    static const char *const counts[][2] = {{"dearer", "dearer "},
                                            {"cheaper", "cheaper"}};
    char path[64];
    struct str raw;
    struct buf text;
    buf_init(&text);
    for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
        snprintf(path, sizeof(path), "diff.first.%d.%s", i, columns[k]);
        struct str v = answer_text(a, path, &text);
        if (!v.n && answer_raw(a, path, &raw))
            v = raw;
        printf("%-*.*s ", widths[k], (int)v.n, v.n ? v.p : "");
    }
    for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
        snprintf(path, sizeof(path), "diff.first.%d.%s", i, counts[k][0]);
        if (answer_raw(a, path, &raw) && !str_eq(raw, STR("0")))
            printf("%.*s %s", (int)raw.n, raw.p, counts[k][1]);
    }
    puts("");
    buf_end(&text);
}

/* False: there is no such line. */
static bool print_cost(const struct answer *a, int i)
{
    char path[64];
    struct str from, to;
    struct buf text;
    buf_init(&text);
    snprintf(path, sizeof(path), "diff.costs.%d.from", i);
    bool found = answer_raw(a, path, &from);
    snprintf(path, sizeof(path), "diff.costs.%d.to", i);
    found = found && answer_raw(a, path, &to);
    snprintf(path, sizeof(path), "diff.costs.%d.route", i);
    struct str route = answer_text(a, path, &text);
    if (found)
        printf("%-14s %.*s from %.*s to %.*s\n", "cost", (int)route.n,
               route.n ? route.p : "", (int)from.n, from.p, (int)to.n, to.p);
    buf_end(&text);
    return found;
}

static void show_diff(const struct options *o, const struct answer *a)
{
    char path[64];
    struct str raw;
    if (o->json) {
        ask_print_raw(a, "diff");
        return;
    }
    ask_print_field(a, "live keys", "diff.keys");
    ask_print_field(a, "tighter", "diff.tighter");
    ask_print_field(a, "looser", "diff.looser");
    for (int i = 0; print_cost(a, i); i++)
        ;
    for (int i = 0;; i++) {
        snprintf(path, sizeof(path), "diff.first.%d", i);
        if (!answer_raw(a, path, &raw))
            return;
        print_changed(a, i);
    }
}

int command_quota_diff(const struct options *o)
{
    struct client *c;
    struct answer a;
    struct buf body;
    if (o->n_words < 3)
        return ask_usage("quota diff needs a file: NEW.lua");
    buf_init(&body);
    int code = read_policy(o->words[2], &body);
    if (!code && ask_open(&c, o))
        code = 1;
    else if (!code) {
        code = ask_platform(c, "POST", "/api/platform/v1/quota/diff", buf_slice(&body),
                            200, &a);
        if (!code)
            show_diff(o, &a);
        buf_end(&a.body);
        client_close(c);
    }
    buf_end(&body);
    return code;
}
