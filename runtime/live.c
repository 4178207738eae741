#include "live.h"

#include <stdio.h>
#include <unistd.h>

#include "ask.h"
#include "net/listen.h"

/* --- what a reload answers --- */

static int print_faults(const struct answer *a)
{
    struct buf text;
    char at[32];
    buf_init(&text);
    for (int i = 0;; i++) {
        snprintf(at, sizeof(at), "faults.%d", i);
        struct str line = answer_text(a, at, &text);
        if (!line.n)
            break;
        fprintf(stderr, "%.*s\n", (int)line.n, line.p);
    }
    buf_end(&text);
    return ask_refused(a);
}

/* A list of texts, a line each; how many. */
static int print_list(const struct answer *a, const char *path, const char *label,
                      bool show)
{
    struct buf text;
    char at[64];
    int n = 0;
    buf_init(&text);
    for (;; n++) {
        snprintf(at, sizeof(at), "%s.%d", path, n);
        struct str line = answer_text(a, at, &text);
        if (!line.n)
            break;
        if (show)
            printf("  %-8s %.*s\n", label, (int)line.n, line.p);
    }
    buf_end(&text);
    return n;
}

static struct str raw(const struct answer *a, const char *path)
{
    struct str v = STR("-");
    if (!answer_raw(a, path, &v))
        v = STR("-");
    return v;
}

static void print_line(const struct answer *a, const char *label, const char *path,
                       const char *after)
{
    struct buf text;
    buf_init(&text);
    struct str v = answer_text(a, path, &text);
    if (!v.n)
        v = raw(a, path); /* a number */
    printf("%-12s %.*s%s\n", label, (int)v.n, v.p, after);
    buf_end(&text);
}

static void print_change(const struct answer *a)
{
    static const char *const fates[] = {"changed", "added", "removed"};
    char path[32];
    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        snprintf(path, sizeof(path), "files.%s", fates[i]);
        print_list(a, path, fates[i], true);
    }
    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        snprintf(path, sizeof(path), "routes.%s", fates[i]);
        print_list(a, path, fates[i], true);
    }
    struct str keys = raw(a, "limits.keys"), tighter = raw(a, "limits.tighter"),
               looser = raw(a, "limits.looser");
    printf("%d routes kept; of %.*s live keys %.*s get tighter limits, %.*s looser\n",
           print_list(a, "routes.kept", "", false), (int)keys.n, keys.p, (int)tighter.n,
           tighter.p, (int)looser.n, looser.p);
}

static void print_reloaded(const struct answer *a)
{
    struct buf hash;
    struct str n = raw(a, "generation");
    buf_init(&hash);
    struct str h = answer_text(a, "hash", &hash);
    bool live = str_eq(raw(a, "live"), STR("true"));
    printf("generation %.*s, sources %.*s: %s\n", (int)n.n, n.p, (int)h.n, h.p,
           live ? "live" : "good, and not live (dry run)");
    buf_end(&hash);
    print_change(a);
    if (live && !str_eq(raw(a, "kept"), STR("true")))
        puts("They could not be kept as the last good ones; the log says why.");
}

/* --- what status answers --- */

static void print_plugin(const struct answer *a, int i)
{
    static const char *const columns[] = {"name", "version", "hash"};
    static const int widths[] = {-16, -9, -17};
    char at[64];
    struct buf text;
    buf_init(&text);
    for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
        snprintf(at, sizeof(at), "status.plugins.%d.%s", i, columns[k]);
        struct str v = answer_text(a, at, &text);
        printf("%*.*s ", widths[k], (int)v.n, v.n ? v.p : "");
    }
    snprintf(at, sizeof(at), "status.plugins.%d.routes", i);
    struct str routes = raw(a, at);
    snprintf(at, sizeof(at), "status.plugins.%d.calls", i);
    struct str calls = raw(a, at);
    snprintf(at, sizeof(at), "status.plugins.%d.kills", i);
    struct str kills = raw(a, at);
    snprintf(at, sizeof(at), "status.plugins.%d.memory", i);
    struct str memory = raw(a, at);
    snprintf(at, sizeof(at), "status.plugins.%d.quarantined", i);
    bool out = str_eq(raw(a, at), STR("true"));
    printf("%6.*s %6.*s %6.*s  %.*s%s\n", (int)routes.n, routes.p, (int)calls.n,
           calls.p, (int)kills.n, kills.p, (int)memory.n, memory.p,
           out ? "  quarantined" : "");
    buf_end(&text);
}

static void print_drift(const struct answer *a)
{
    int n = print_list(a, "status.drift.changed", "", false) +
            print_list(a, "status.drift.added", "", false) +
            print_list(a, "status.drift.removed", "", false);
    int faults = print_list(a, "status.drift.faults", "", false);
    if (n + faults == 0) {
        puts("drift        none: the disk holds what runs");
        return;
    }
    printf("drift        %d file%s on disk differ%s from what runs\n", n,
           n == 1 ? "" : "s", n == 1 ? "s" : "");
    print_list(a, "status.drift.changed", "changed", true);
    print_list(a, "status.drift.added", "added", true);
    print_list(a, "status.drift.removed", "removed", true);
    print_list(a, "status.drift.faults", "fault", true);
}

static void print_status(const struct answer *a)
{
    struct str some;
    char at[32];
    print_line(a, "generation", "status.generation", "");
    print_line(a, "sources", "status.hash", "");
    print_line(a, "taken from", "status.source", "");
    print_line(a, "up", "status.uptime_seconds", " s");
    print_line(a, "workers", "status.workers", "");
    print_line(a, "keys", "status.keys", "");
    print_line(a, "queue", "status.queue", "");
    print_drift(a);
    printf("\n%-16s %-9s %-17s %6s %6s %6s  %s\n", "PLUGIN", "VERSION", "HASH",
           "ROUTES", "CALLS", "KILLS", "BYTES IN EACH WORKER");
    for (int i = 0;; i++) {
        snprintf(at, sizeof(at), "status.plugins.%d", i);
        if (!answer_raw(a, at, &some))
            break;
        print_plugin(a, i);
    }
}

/* --- asking --- */

static int ask(const struct options *o, const char *method, const char *path,
               struct str body, void (*print)(const struct answer *a))
{
    struct client *c;
    struct answer a;
    int fd;
    if (connect_unix(o->server.data, "admin.sock", &fd)) {
        fprintf(stderr,
                "kordless: no server runs on %s; kordless serve starts one, kordless "
                "check looks at scripts and plugins without one\n",
                o->server.data);
        return 1;
    }
    close(fd);
    if (ask_open(&c, o))
        return 1;
    int code = client_ask(c, method, path, "", body, &a) ? 1 : 0;
    if (code)
        fprintf(stderr, "kordless: the server does not answer\n");
    else if (o->json)
        printf("%.*s\n", (int)a.body.n, a.body.n ? a.body.p : "");
    else if (a.status == 200)
        print(&a);
    else
        print_faults(&a);
    if (!code && a.status != 200)
        code = 1;
    buf_end(&a.body);
    client_close(c);
    return code;
}

int live_reload(const struct options *o)
{
    struct str body = o->dry_run ? STR("{\"dry_run\":true}") : STR("");
    return ask(o, "POST", "/api/platform/v1/reload", body, print_reloaded);
}

int live_rollback(const struct options *o)
{
    return ask(o, "POST", "/api/platform/v1/rollback", STR(""), print_reloaded);
}

int live_status(const struct options *o)
{
    return ask(o, "GET", "/api/platform/v1/status", STR(""), print_status);
}
