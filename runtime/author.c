#include "author.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "lua/settings.h"
#include "lua/spec.h"

enum { FILES_MAX = 200 };

/* --- a server for specs --- */

struct bench {
    const struct options *o;
    const char *folder; /* of the plugin; loaded beside those that kordless.lua lists */
    bool listed;
    struct server *server;
    struct client *client;
    char dir[200];
    struct buf why;
};

static void remove_dir(const char *path)
{
    char name[600];
    struct dirent *e;
    DIR *d = opendir(path);
    while (d && (e = readdir(d)) != NULL) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        if (unlink(name) != 0 && errno == EISDIR)
            remove_dir(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static void put_down(struct bench *b)
{
    if (b->client)
        client_close(b->client);
    if (b->server)
        server_close(b->server, 1000);
    if (b->dir[0])
        remove_dir(b->dir);
    b->client = NULL;
    b->server = NULL;
    b->dir[0] = '\0';
}

static int set_up(struct bench *b)
{
    const char *tmp = getenv("TMPDIR");
    struct server_options so = b->o->server;
    const char *load[] = {b->folder};
    snprintf(b->dir, sizeof(b->dir), "%s/kordless-test-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(b->dir)) {
        b->dir[0] = '\0';
        buf_fmt(&b->why, "no folder can be made for the test's data");
        return ERR_IO;
    }
    so.data = b->dir;
    so.no_listen = true;
    so.workers = 1;
    so.log_level = LOG_WARN;
    so.load = load;
    so.n_load = b->listed ? 0 : 1;
    int err = server_open(&b->server, &so, &b->why);
    if (!err)
        err = client_of(&b->client, b->server);
    if (!err)
        clock_advance(b->server->shared.clock, 0); /* it stands still from here on */
    return err;
}

static int bench_ask(void *ctx, struct str request, struct buf *response)
{
    struct bench *b = ctx;
    return client_send(b->client, request, response);
}

static int64_t bench_now(struct bench *b)
{
    return clock_read(b->server->shared.clock).wall_ms / 1000;
}

static int bench_set_clock(void *ctx, struct str at, int64_t *now)
{
    struct bench *b = ctx;
    bool fraction;
    int64_t seconds;
    int err = time_parse(at, &seconds, &fraction);
    if (!err)
        clock_set(b->server->shared.clock, seconds * 1000);
    *now = bench_now(b);
    return err;
}

static int64_t bench_advance(void *ctx, int64_t seconds)
{
    struct bench *b = ctx;
    clock_advance(b->server->shared.clock, seconds * 1000);
    return bench_now(b);
}

static int bench_renew(void *ctx)
{
    struct bench *b = ctx;
    put_down(b);
    return set_up(b);
}

/* --- which specs --- */

static bool is_spec(const char *name)
{
    size_t n = strlen(name);
    return name[0] != '.' && n > 9 && strcmp(name + n - 9, "_spec.lua") == 0;
}

static int find_specs(struct arena *a, const char *folder, const char **out)
{
    struct dirent *e;
    int n = 0;
    DIR *d = opendir(arena_fmt(a, "%s/spec", folder).p);
    while (d && n < FILES_MAX && (e = readdir(d)) != NULL)
        if (is_spec(e->d_name))
            out[n++] = arena_fmt(a, "%s/spec/%s", folder, e->d_name).p;
    if (d)
        closedir(d);
    return n;
}

static bool is_listed(const struct settings *s, const char *folder)
{
    struct folder f;
    struct arena a;
    struct buf faults;
    bool found = false;
    arena_init(&a);
    buf_init(&faults);
    if (!source_read(&a, folder, &f, &faults))
        for (int i = 0; i < s->n_plugins && !found; i++)
            found = str_eq(s->plugins[i], f.name);
    buf_end(&faults);
    arena_end(&a);
    return found;
}

static int run_specs(struct bench *b, const char *const *files, int n)
{
    const struct spec_host host = {.ctx = b,
                                   .ask = bench_ask,
                                   .set_clock = bench_set_clock,
                                   .advance = bench_advance,
                                   .renew = bench_renew};
    int code = 1;
    if (set_up(b) || spec_run(&host, files, n, &code, &b->why)) {
        fprintf(stderr, "kordless: %.*s\n", (int)b->why.n, b->why.n ? b->why.p : "");
        code = 1;
    }
    put_down(b);
    return code ? 1 : 0;
}

static int test_folder(const struct options *o, const struct settings *s,
                       const char *folder, int *found)
{
    const char *files[FILES_MAX];
    struct arena a;
    struct bench b = {.o = o, .folder = folder, .listed = is_listed(s, folder)};
    arena_init(&a);
    buf_init(&b.why);
    int n = find_specs(&a, folder, files), code = 0;
    if (n) {
        printf("%s\n", folder);
        fflush(stdout);
        code = run_specs(&b, files, n);
    }
    *found += n;
    buf_end(&b.why);
    arena_end(&a);
    return code;
}

static int test_all(const struct options *o, const struct settings *s, struct arena *a)
{
    int code = 0, found = 0, given = o->n_words - 1;
    for (int i = 0; i < (given ? given : s->n_plugins); i++) {
        const char *folder =
            given ? o->words[1 + i]
                  : arena_fmt(a, "%s/%s", o->server.plugins, s->plugins[i].p).p;
        code |= test_folder(o, s, folder, &found);
    }
    if (found)
        return code;
    fprintf(stderr, "kordless: no spec/*_spec.lua in %s\n",
            given ? o->words[1] : o->server.plugins);
    return 1;
}

int author_test(const struct options *o)
{
    struct arena a;
    struct folder scripts;
    struct settings s;
    struct buf faults;
    arena_init(&a);
    buf_init(&faults);
    int err = source_read(&a, o->server.scripts, &scripts, &faults);
    if (!err)
        err = settings_read(&a, &scripts, &s, &faults);
    if (err)
        fprintf(stderr, "%.*s", (int)faults.n, faults.p);
    int code = err ? 1 : test_all(o, &s, &a);
    buf_end(&faults);
    arena_end(&a);
    return code;
}

/* --- a new plugin --- */

/* %s is the plugin's name, wherever it stands. */
static const struct {
    const char *file, *text;
} skeleton[] = {
    {"plugin.lua",
     "-- What it is and what it asks for, as plain data: see plugins/README.md.\n"
     "return {\n"
     "  name = \"%s\",\n"
     "  version = \"0.1.0\",\n"
     "  api = 1,\n"
     "  needs = {},\n"
     "  routes = {\n"
     "    { method = \"GET\", path = \"/%s/{name}\", handler = \"greet\", auth "
     "= \"key\",\n"
     "      summary = \"Greets\" },\n"
     "  },\n"
     "}\n"},
    {"rules.lua", "-- Pure functions: everything they look at is given.\n"
                  "local rules = {}\n\n"
                  "function rules.greeting(name, organization)\n"
                  "  return \"Hello \" .. name .. \", from \" .. organization\n"
                  "end\n\n"
                  "return rules\n"},
    {"handlers.lua", "local rules = require(\"%s.rules\")\n\n"
                     "local handlers = {}\n\n"
                     "function handlers.greet(req)\n"
                     "  return 200, { greeting = rules.greeting(req.params.name, "
                     "req.organization.name) }\n"
                     "end\n\n"
                     "return handlers\n"},
    {"spec/%s_spec.lua", "local test = require(\"kordless.test\")\n\n"
                         "describe(\"%s\", function()\n"
                         "  it(\"greets whoever has a key\", function()\n"
                         "    local org = test.organization(\"acme\")\n"
                         "    local r = org:get(\"/%s/Ada\")\n"
                         "    assert.equal(200, r.status)\n"
                         "    assert.equal(\"Hello Ada, from acme\", r.body.greeting)\n"
                         "    assert.equal(401, test.request({ path = \"/%s/Ada\" "
                         "}).status)\n"
                         "  end)\n"
                         "end)\n"},
};

static void fill_in(const char *text, const char *name, struct buf *out)
{
    buf_clear(out);
    for (const char *at; (at = strstr(text, "%s")) != NULL; text = at + 2) {
        buf_add(out, text, (size_t)(at - text));
        buf_str(out, str_of(name));
    }
    buf_str(out, str_of(text));
    buf_char(out, '\0');
}

static int write_file(const char *path, struct str text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return ERR_IO;
    ssize_t n = write(fd, text.p, text.n);
    return close(fd) == 0 && n == (ssize_t)text.n ? 0 : ERR_IO;
}

static int write_plugin(const char *folder, const char *name)
{
    struct buf path, rest, text;
    int err = 0;
    buf_init(&path);
    buf_init(&rest);
    buf_init(&text);
    for (size_t i = 0; i < sizeof(skeleton) / sizeof(skeleton[0]) && !err; i++) {
        fill_in(skeleton[i].file, name, &rest);
        fill_in(skeleton[i].text, name, &text);
        buf_clear(&path);
        buf_fmt(&path, "%s/%s%c", folder, rest.p, '\0');
        err = write_file(path.p, (struct str){text.p, text.n - 1});
    }
    buf_end(&path);
    buf_end(&rest);
    buf_end(&text);
    return err;
}

static bool good_name(const char *name)
{
    return strlen(name) <= 32 && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

int author_new(const struct options *o)
{
    char folder[4200], spec[4300];
    if (o->n_words < 3 || !good_name(o->words[2]))
        return ask_usage("plugin new needs a name of lower-case letters, digits and _");
    snprintf(folder, sizeof(folder), "%s/%s", o->server.plugins, o->words[2]);
    snprintf(spec, sizeof(spec), "%s/spec", folder);
    if (mkdir(folder, 0755) != 0 || mkdir(spec, 0755) != 0 ||
        write_plugin(folder, o->words[2])) {
        fprintf(stderr, "kordless: %s cannot be written: %s\n", folder,
                strerror(errno));
        return 1;
    }
    printf("wrote %s\n"
           "  test it:  kordless test %s\n"
           "  run it:   add \"%s\" to plugins in %s/kordless.lua and say kordless "
           "reload\n",
           folder, folder, o->words[2], o->server.scripts);
    return 0;
}
