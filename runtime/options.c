#include "options.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

const char options_help[] =
    "Flags (all commands):\n"
    "  --data DIR         database, limits, pepper, lock        (default ./data)\n"
    "  --scripts DIR      kordless.lua, quota.lua, booking.lua  (default ./scripts)\n"
    "  --plugins DIR      plugin folders                        (default ./plugins)\n"
    "  --json             answers as JSON on stdout\n"
    "  --help             this text\n"
    "Flags of serve:\n"
    "  --listen ADDR:PORT port 0 picks one (default: kordless.lua, 127.0.0.1:8080)\n"
    "  --workers N        threads that serve, 1 to 64 (default: one per core)\n"
    "  --load DIR         one more plugin folder; may be given again\n"
    "  --group N          writes per commit at most; 1 commits each by itself\n"
    "  --log-format F     logfmt or json\n"
    "  --demo             makes the demo organization if there is none\n"
    "  --dev              reloads after each edit of scripts and plugins, and answers\n"
    "                     500 for a reply that is not what its route declares\n"
    "Flags of reload:\n"
    "  --dry-run          says what would change, and changes nothing\n"
    "Flags of org …:\n"
    "  --slug S --name N --plan P --metadata JSON --per-day N\n"
    "  --q TEXT           of list: part of name or slug\n"
    "Flags of key … and quota explain (KEY: an id, or with --org the last 4):\n"
    "  --org SLUG --label L --environment production|development --note TEXT\n"
    "  --scopes A,B --not-before TIME --expires-at TIME   'none' clears in set\n"
    "  --tag A --tag B    words for people and quota.lua; --no-tags clears in set\n"
    "  --q TEXT --created-by WHO          of list\n"
    "  --grace SECONDS                    of rotate: how long the old one works\n"
    "  --yes                              do not ask\n"
    "Limits above quota.lua, of key set and org set:\n"
    "  --per-minute N --per-hour N [--reason WHY] [--until TIME]; --no-limits\n"
    "Flags of token …:\n"
    "  --label L --expires-at TIME        of create\n"
    "  --yes                              do not ask\n"
    "Flags of check, test and api:\n"
    "  --format F         check: text, json, or github (annotations of a workflow);\n"
    "                     test: text, plain, tap, json or junit; api: lua, or "
    "markdown\n"
    "Exit codes: 0 done, 1 refused, 2 usage.\n";

enum kind { TEXT, NUMBER, SWITCH, LOAD, TAG, FORMAT };

static const struct flag {
    const char *name;
    enum kind kind;
    size_t at;
    int lo, hi;
} flags[] = {
    {"--data", TEXT, offsetof(struct options, server.data), 0, 0},
    {"--scripts", TEXT, offsetof(struct options, server.scripts), 0, 0},
    {"--plugins", TEXT, offsetof(struct options, server.plugins), 0, 0},
    {"--listen", TEXT, offsetof(struct options, server.listen), 0, 0},
    {"--org", TEXT, offsetof(struct options, org), 0, 0},
    {"--label", TEXT, offsetof(struct options, label), 0, 0},
    {"--environment", TEXT, offsetof(struct options, environment), 0, 0},
    {"--slug", TEXT, offsetof(struct options, slug), 0, 0},
    {"--name", TEXT, offsetof(struct options, name), 0, 0},
    {"--format", TEXT, offsetof(struct options, format), 0, 0},
    {"--plan", TEXT, offsetof(struct options, plan), 0, 0},
    {"--scopes", TEXT, offsetof(struct options, scopes), 0, 0},
    {"--note", TEXT, offsetof(struct options, note), 0, 0},
    {"--not-before", TEXT, offsetof(struct options, not_before), 0, 0},
    {"--expires-at", TEXT, offsetof(struct options, expires_at), 0, 0},
    {"--q", TEXT, offsetof(struct options, q), 0, 0},
    {"--created-by", TEXT, offsetof(struct options, created_by), 0, 0},
    {"--metadata", TEXT, offsetof(struct options, metadata), 0, 0},
    {"--per-minute", TEXT, offsetof(struct options, per_minute), 0, 0},
    {"--per-hour", TEXT, offsetof(struct options, per_hour), 0, 0},
    {"--per-day", TEXT, offsetof(struct options, per_day), 0, 0},
    {"--reason", TEXT, offsetof(struct options, reason), 0, 0},
    {"--until", TEXT, offsetof(struct options, until), 0, 0},
    {"--grace", TEXT, offsetof(struct options, grace), 0, 0},
    {"--no-limits", SWITCH, offsetof(struct options, no_limits), 0, 0},
    {"--workers", NUMBER, offsetof(struct options, server.workers), 1, 64},
    {"--group", NUMBER, offsetof(struct options, server.group), 1, 100000},
    {"--json", SWITCH, offsetof(struct options, json), 0, 0},
    {"--yes", SWITCH, offsetof(struct options, yes), 0, 0},
    {"--help", SWITCH, offsetof(struct options, help), 0, 0},
    {"-h", SWITCH, offsetof(struct options, help), 0, 0},
    {"--demo", SWITCH, offsetof(struct options, demo), 0, 0},
    {"--dev", SWITCH, offsetof(struct options, dev), 0, 0},
    {"--dry-run", SWITCH, offsetof(struct options, dry_run), 0, 0},
    {"--no-tags", SWITCH, offsetof(struct options, no_tags), 0, 0},
    {"--load", LOAD, 0, 0, 0},
    {"--tag", TAG, 0, 0, 0},
    {"--log-format", FORMAT, 0, 0, 0},
};

enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };
static_assert(FLAGS <= 64, "a bit of options.given each");

static const char everywhere[] = "data scripts plugins load log-format json help yes";

static const struct flag *find(const char *arg, size_t n)
{
    for (int i = 0; i < FLAGS; i++)
        if (strlen(flags[i].name) == n && strncmp(flags[i].name, arg, n) == 0)
            return &flags[i];
    return NULL;
}

static int set_number(const struct flag *f, const char *value, void *at,
                      struct buf *why)
{
    uint64_t v;
    if (str_u64(str_of(value), (uint64_t)f->hi, &v) || v < (uint64_t)f->lo) {
        buf_fmt(why, "%s takes a number from %d to %d", f->name, f->lo, f->hi);
        return 2;
    }
    *(int *)at = (int)v;
    return 0;
}

static int set_format(struct options *o, const char *value, struct buf *why)
{
    bool json = strcmp(value, "json") == 0;
    if (!json && strcmp(value, "logfmt") != 0) {
        buf_fmt(why, "--log-format takes logfmt or json");
        return 2;
    }
    o->server.log_format = json ? LOG_JSON : LOG_LOGFMT;
    return 0;
}

static int add(const struct flag *f, const char **list, int *n, int most,
               const char *value, struct buf *why)
{
    if (*n == most) {
        buf_fmt(why, "%s is given more than %d times", f->name, most);
        return 2;
    }
    list[(*n)++] = value;
    return 0;
}

static int set(struct options *o, const struct flag *f, const char *value,
               struct buf *why)
{
    char *at = (char *)o + f->at;
    switch (f->kind) {
    case TEXT:
        memcpy(at, &value, sizeof(value));
        return 0;
    case NUMBER:
        return set_number(f, value, at, why);
    case SWITCH:
        *(bool *)at = true;
        return 0;
    case FORMAT:
        return set_format(o, value, why);
    case LOAD:
        return add(f, o->load, &o->server.n_load, OPTIONS_LOAD_MAX, value, why);
    case TAG:
        break;
    }
    return add(f, o->tags, &o->n_tags, OPTIONS_TAGS_MAX, value, why);
}

/* --flag value, --flag=value, or a switch. */
static int read_flag(struct options *o, char **argv, int argc, int *i, struct buf *why)
{
    const char *arg = argv[*i], *eq = strchr(arg, '=');
    const struct flag *f = find(arg, eq ? (size_t)(eq - arg) : strlen(arg));
    const char *value = eq ? eq + 1 : NULL;
    if (!f) {
        buf_fmt(why, "%s is no flag of kordless; see kordless --help", arg);
        return 2;
    }
    if (f->kind == SWITCH && eq) {
        buf_fmt(why, "%s takes no value", f->name);
        return 2;
    }
    if (f->kind != SWITCH && !value) {
        if (*i + 1 >= argc) {
            buf_fmt(why, "%s needs a value", f->name);
            return 2;
        }
        value = argv[++*i];
    }
    o->given |= (uint64_t)1 << (f - flags);
    return set(o, f, value, why);
}

static bool names(const char *list, struct str name)
{
    struct str rest = str_of(list), one;
    while (rest.n) {
        str_cut(rest, ' ', &one, &rest);
        if (str_eq(one, name))
            return true;
    }
    return false;
}

const char *options_stray(const struct options *o, const char *takes)
{
    for (int i = 0; i < FLAGS; i++) {
        struct str name = str_of(flags[i].name);
        name = (struct str){name.p + 2, name.n - 2};
        if ((o->given >> i & 1) && !names(everywhere, name) && !names(takes, name))
            return flags[i].name;
    }
    return NULL;
}

int options_read(int argc, char **argv, struct options *out, struct buf *why)
{
    *out = (struct options){.server = {.data = "./data",
                                       .scripts = "./scripts",
                                       .plugins = "./plugins",
                                       .log_level = LOG_INFO}};
    out->server.load = out->load;
    out->program = argc > 0 ? argv[0] : "kordless";
    for (int i = 1; i < argc; i++) {
        int err = 0;
        if (argv[i][0] == '-' && argv[i][1] != '\0')
            err = read_flag(out, argv, argc, &i, why);
        else if (out->n_words < OPTIONS_WORDS_MAX)
            out->words[out->n_words++] = argv[i];
        else {
            buf_fmt(why, "'%s' is one word too many", argv[i]);
            err = 2;
        }
        if (err)
            return err;
    }
    return 0;
}
