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
#include "base/zone.h"
#include "lua/promise.h"
#include "lua/settings.h"
#include "lua/spec.h"
#include "stage.h"

enum { FILES_MAX = 200 };

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

/* --- which specs --- */

/* Plugin folders, each with its specs, and scripts with promises. */
struct specs {
    const struct options *o;
    struct arena arena;
    struct settings settings;
    struct folder scripts;
    struct promises *promises;
    struct stage *stage;
    const char *files[FILES_MAX];
    const char *folders[FILES_MAX]; /* NULL: a script */
    int n;
    bool faulty; /* what was asked for is not there */
};

static void add(struct specs *s, const char *file, const char *folder)
{
    if (s->n == FILES_MAX)
        return;
    s->folders[s->n] = folder;
    s->files[s->n++] = file;
}

static bool ends_with(const char *name, const char *tail)
{
    size_t n = strlen(name), m = strlen(tail);
    return n > m && strcmp(name + n - m, tail) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How many there are. */
static int add_folder(struct specs *s, const char *folder)
{
    struct dirent *e;
    int from = s->n;
    DIR *d = opendir(arena_fmt(&s->arena, "%s/spec", folder).p);
    while (d && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && ends_with(e->d_name, "_spec.lua"))
            add(s, arena_fmt(&s->arena, "%s/spec/%s", folder, e->d_name).p, folder);
    if (d)
        closedir(d);
    qsort(&s->files[from], (size_t)(s->n - from), sizeof(s->files[0]), by_name);
    return s->n - from;
}

/* "plugins/x/spec/y_spec.lua" belongs to plugins/x. */
static void add_spec(struct specs *s, const char *file)
{
    const char *spec = strstr(file, "/spec/");
    if (!spec || access(file, R_OK) != 0) {
        fprintf(stderr, "kordless: %s: no spec of a plugin (FOLDER/spec/X_spec.lua)\n",
                file);
        s->faulty = true;
        return;
    }
    add(s, file, arena_cstr(&s->arena, (struct str){file, (size_t)(spec - file)}));
}

/* All scripts, or the one of that name. */
static int add_scripts(struct specs *s, const char *only)
{
    const char *last = NULL;
    int found = 0;
    for (int i = 0; i < promises_count(s->promises); i++) {
        const char *file = promises_at(s->promises, i).file;
        if (file == last || (only && !same_file(file, only)))
            continue;
        add(s, last = file, NULL);
        found++;
    }
    return found;
}

static void add_path(struct specs *s, const char *path)
{
    int found = 1;
    if (same_file(path, s->o->server.scripts))
        found = add_scripts(s, NULL);
    else if (ends_with(path, "_spec.lua"))
        add_spec(s, path);
    else if (ends_with(path, ".lua"))
        found = add_scripts(s, path);
    else
        found = add_folder(s, path);
    if (found)
        return;
    fprintf(stderr,
            "kordless: %s: has no spec/*_spec.lua and is no script with tests in %s\n",
            path, s->o->server.scripts);
    s->faulty = true;
}

static void add_all(struct specs *s)
{
    add_scripts(s, NULL);
    for (int i = 0; i < s->settings.n_plugins; i++)
        add_folder(s, arena_fmt(&s->arena, "%s/%s", s->o->server.plugins,
                                s->settings.plugins[i].p)
                          .p);
}

/* --- running them --- */

static bool is_listed(struct specs *s, const char *folder)
{
    for (int i = 0; i < s->settings.n_plugins; i++) {
        struct str path = arena_fmt(&s->arena, "%s/%s", s->o->server.plugins,
                                    s->settings.plugins[i].p);
        if (same_file(path.p, folder))
            return true;
    }
    return false;
}

static void enter(void *ctx, const char *file)
{
    struct specs *s = ctx;
    for (int i = 0; i < s->n; i++)
        if (s->folders[i] && strcmp(s->files[i], file) == 0)
            stage_enter(s->stage, s->folders[i], is_listed(s, s->folders[i]));
}

static int run_all(struct specs *s, const char *form)
{
    struct spec_host host = {.promises = s->promises, .enter = enter, .whose = s};
    struct buf why;
    int code = 1;
    buf_init(&why);
    s->stage = stage_new(s->o);
    stage_lend(s->stage, &host);
    if (spec_run(&host, s->files, s->n, form, &code, &why)) {
        fprintf(stderr, "kordless: %.*s\n", (int)why.n, why.n ? why.p : "");
        code = 1;
    }
    stage_free(s->stage);
    buf_end(&why);
    return code || s->faulty ? 1 : 0;
}

static int find_and_run(struct specs *s, const char *form)
{
    int given = s->o->n_words - 1;
    for (int i = 0; i < given; i++)
        add_path(s, s->o->words[1 + i]);
    if (!given)
        add_all(s);
    if (s->n)
        return run_all(s, form);
    if (!s->faulty)
        fprintf(stderr, "kordless: no spec/*_spec.lua in %s, no tests in %s\n",
                s->o->server.plugins, s->o->server.scripts);
    return 1;
}

/* As busted names them. */
static bool form_of(const struct options *o, const char **out)
{
    static const char *const forms[][2] = {{"text", NULL},
                                           {"plain", "plainTerminal"},
                                           {"tap", "TAP"},
                                           {"json", "json"},
                                           {"junit", "junit"}};
    *out = NULL;
    for (size_t i = 0; o->format && i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(o->format, forms[i][0]) == 0) {
            *out = forms[i][1];
            return true;
        }
    return !o->format;
}

int author_test(const struct options *o)
{
    struct specs s = {.o = o};
    struct buf faults;
    const char *form;
    if (!form_of(o, &form))
        return ask_usage("--format of test takes text, plain, tap, json or junit");
    arena_init(&s.arena);
    buf_init(&faults);
    struct zones *zones = zones_new(NULL);
    int err = source_read(&s.arena, o->server.scripts, &s.scripts, &faults);
    if (!err)
        err = settings_read(&s.arena, &s.scripts, &s.settings, &faults);
    if (err)
        fprintf(stderr, "%.*s", (int)faults.n, faults.p);
    else
        s.promises = promises_new(&s.scripts, zones);
    int code = err ? 1 : find_and_run(&s, form);
    promises_free(s.promises);
    zones_free(zones);
    buf_end(&faults);
    arena_end(&s.arena);
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
           "  test it:  %s test %s\n"
           "  run it:   add \"%s\" to plugins in %s/kordless.lua and say %s reload\n"
           "  ask it:   GET /%s/Ada with a key (%s key create --org SLUG --label L)\n",
           folder, o->program, folder, o->words[2], o->server.scripts, o->program,
           o->words[2], o->program);
    return 0;
}
