/* kordless: a self-hosted booking API server. The map of the house, top floor down; an
 * include only ever goes down or sideways within a floor:
 *
 *   main.c        which command               options.c   flags of all commands
 *   serve.c       runs until a signal         command.c   org, key, api, version
 *   check.c       looks without going live    demo.c      a salon to try things on
 *   command_secret.c  what plugins read     command_token.c  for operators' programs
 *   author.c      test, plugin new            ask.c       asks, and tells a person
 *   stage.c       a server for specs        kit.c       clock and world of specs
 *   client.c      commands talk HTTP        keys.c      key, quota explain
 *   orgs.c        org                       command_quota.c  quota diff
 *   live.c        reload, rollback, status  operate.c   what only main can answer
 *   boot.c        the first generation      reload.c    the next ones, all or nothing
 *   change.c      what a reload changes     status.c    what runs, and from where
 *   sources.c     files with their hashes   lastgood.c  those that last went live
 *   desk.c        what is asked of main     watch.c     notices edits, for --dev
 *   server.c      up and down in order        shared.h    what all threads share
 *   flow.c        a request's way, one screen gates.c     which route, whose, may it
 *   gates_who.c   who asks, by a key        gates_people.c sessions, tokens
 *   gates_often.c how often                 gates_what.c  what it sends, and once
 *   gates_count.c what is noted of it
 *   ratelimit.c   what callers hear of limits worker.c    a thread that serves
 *   counts.c      counts go to the store    chore.c       a write main waits for
 *   metrics.c     what workers count        exposition.c  /metrics, all of it
 *   pauses.c      what calls wait for, on the loop   aside.c   what takes too long
 * there hasher.c      passwords, on threads of their own scribe.c      lines for a
 * file: the decision log testclock.c   time for tests
 *
 *   lua/          everything that speaks Lua
 *     source      files, read once            settings    scripts/kordless.lua
 *     manifest    plugin.lua as data          fields      typed values from tables
 *     generation  all of it, live at once     unit        a plugin's state in a thread
 *     call        one run of a handler: its request, its reply
 *     identity    who asks, for handlers
 *     transaction one run on the writer
 *     policy      the operator's functions    quota       limits per class of keys
 *     decision    a line about an answer      hook        who hears of a commit
 *     trail       which line decided
 *     measure     what plugins count
 *     entry       a file that returns a table   quarantine  who was killed too often
 *     meter       processor time, charged
 *     vm          a state that cannot harm    sandbox     what scripts may call
 *     pattern     string.find, counted        data        values between states
 *     api         the `kordless` API, a table api_page    /docs/lua
 *     lib_*       its functions, a file a library
 *     job         kordless.after              option      what operators set of plugins
 *     spec        busted, and what it asks    promise     the tests in scripts
 *     used        what a call cost        lazy        unpacked when looked at
 *     schema      shapes of values            declare     what a route takes and gives
 *     openapi     /openapi.json               docs        /docs, for people
 *     components  what it refers to           jsonschema  shapes in its words
 *     reference   both of a generation        builtin     routes of the runtime's own
 *     locate      a key's line in its file    nearest     did you mean …?
 *     attach      files built in, natives
 *   native/       shared objects as plugins: natives (load, start), handler (a call)
 *   net/          sockets and the loop: loop, listen, conn; outwards: fetch, resolve,
 *                 reach (where to), tls
 *   guard/        who, how often: secret, blake (its digests), keyring, scope, tags,
 *                 environment, auth, limit, peers, idem, registry, key_rows (read),
 *                 key_write, key_use (when and from where), org_rows, override (above a
 *                 policy),
 *                 vault (secrets of plugins), schema (the tables),
 *                 tally and usage (who asked how often), denials, hush (refusals of
 *                 keys, of strangers); people: session (who is signed in), people,
 *                 token, audit (rows), password
 *   store/        SQLite: db, sql (a statement in a line), fence, migrate, writer,
 * reader http/         bytes to meaning and back: parse, chunks, query, route, reply,
 *                 forwarded (whom a proxy asks for), asset (files built in);
 *                 outwards: outgoing, response
 *   base/         err, str, arena, buf, log, now, id, json, span, zone, counter, prom,
 *                 huge, crc, taken (of whose time), slots (free starts of a grid)
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "author.h"
#include "check.h"
#include "command.h"
#include "command_quota.h"
#include "command_secret.h"
#include "command_token.h"
#include "guard/secret.h"
#include "keys.h"
#include "live.h"
#include "orgs.h"
#include "serve.h"

#define SERVE  "listen workers group demo dev" /* check is asked as serve is */
#define LIMITS "per-minute per-hour per-day no-limits reason until"

static const struct {
    const char *words[2];
    int (*run)(const struct options *o);
    const char *help;
    int most; /* words behind it */
    const char *flags;
    bool later; /* it has a meaning only where there is a store already */
} commands[] = {
    {{"serve", NULL}, serve, "run the server", 0, SERVE, false},
    {{"check", NULL},
     command_check,
     "look at scripts and plugins without going live",
     0,
     "format " SERVE,
     false},
    {{"reload", NULL},
     live_reload,
     "take scripts and plugins from disk, all or none",
     0,
     "dry-run",
     false},
    {{"rollback", NULL},
     live_rollback,
     "run the sources from before the last reload",
     0,
     "",
     false},
    {{"status", NULL},
     live_status,
     "what runs, and how the disk differs from it",
     0,
     "",
     false},
    {{"org", "create"},
     orgs_create,
     "make an organization: --slug S --name N",
     0,
     "slug name plan metadata",
     false},
    {{"org", "list"}, orgs_list, "all organizations, newest first", 0, "q", true},
    {{"org", "show"}, orgs_show, "one: SLUG or id", 1, "org", true},
    {{"org", "set"},
     orgs_set,
     "change name, plan, metadata or its day: SLUG",
     1,
     "org name plan metadata " LIMITS,
     true},
    {{"org", "suspend"},
     orgs_suspend,
     "refuse all its keys at once: SLUG",
     1,
     "org",
     true},
    {{"org", "resume"}, orgs_resume, "take its keys again: SLUG", 1, "org", true},
    {{"key", "create"},
     keys_create,
     "make an API key: --org SLUG --label L",
     0,
     "org label environment note scopes tag not-before expires-at",
     true},
    {{"key", "list"},
     keys_list,
     "list an organization's keys: --org SLUG",
     0,
     "org q created-by",
     true},
    {{"key", "show"}, keys_show, "one key: KEY", 1, "org", true},
    {{"key", "set"},
     keys_set,
     "change label, note, scopes, tags, expiry or limits: KEY",
     1,
     "org label note scopes tag no-tags expires-at " LIMITS,
     true},
    {{"key", "rotate"},
     keys_rotate,
     "a successor with the same limits: KEY",
     1,
     "org grace",
     true},
    {{"key", "revoke"},
     keys_revoke,
     "revoke KEY at once, and for good",
     1,
     "org reason",
     true},
    {{"quota", "explain"},
     keys_quota,
     "which limits KEY has, from where, what is left",
     1,
     "org",
     true},
    {{"quota", "diff"},
     command_quota_diff,
     "whom another quota.lua would treat otherwise",
     1,
     "",
     true},
    {{"test", NULL},
     author_test,
     "run specs and the tests in scripts: [PATH…], or all",
     OPTIONS_WORDS_MAX,
     "format",
     false},
    {{"plugin", "new"}, author_new, "write a plugin to begin with: NAME", 1, "", false},
    {{"plugin", "resume"},
     command_plugin_resume,
     "run a quarantined plugin again: NAME",
     1,
     "",
     true},
    {{"secret", "set"},
     command_secret_set,
     "set what a plugin reads: PLUGIN.NAME <file",
     1,
     "",
     false},
    {{"secret", "list"},
     command_secret_list,
     "the names of all that are set",
     0,
     "",
     true},
    {{"secret", "drop"}, command_secret_drop, "drop one: PLUGIN.NAME", 1, "", true},
    {{"token", "create"},
     command_token_create,
     "make a token for an operator's programs",
     0,
     "label expires-at",
     false},
    {{"token", "list"}, command_token_list, "list them", 0, "", true},
    {{"token", "revoke"}, command_token_revoke, "revoke one at once: ID", 1, "", true},
    {{"api", NULL}, command_api, "print what scripts may call", 0, "format", false},
    {{"demo", NULL},
     command_demo,
     "make the demo organization acme-salon",
     0,
     "",
     false},
    {{"version", NULL}, command_version, "print the version", 0, "", false},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static bool matches(int i, const struct options *o)
{
    int words = commands[i].words[1] ? 2 : 1;
    if (o->n_words < words)
        return false;
    for (int k = 0; k < words; k++)
        if (strcmp(commands[i].words[k], o->words[k]) != 0)
            return false;
    return true;
}

/* All commands, or the one that is asked about. */
static void print_help(FILE *to, int only)
{
    if (only < 0)
        fputs("kordless: a self-hosted booking API server\n\nUsage: kordless COMMAND "
              "[FLAGS]\n\n",
              to);
    for (int i = 0; i < COMMANDS; i++) {
        const char *second = commands[i].words[1] ? commands[i].words[1] : "";
        if (only < 0 || only == i)
            fprintf(to, "  kordless %s %-*s %s\n", commands[i].words[0],
                    (int)(14 - strlen(commands[i].words[0])), second, commands[i].help);
    }
    fprintf(to, "\n%s", options_help);
}

static int find_command(const struct options *o)
{
    for (int i = 0; i < COMMANDS; i++)
        if (matches(i, o))
            return i;
    return -1;
}

/* What has no place would be passed over, and nobody would know. */
static int misplaced(int i, const struct options *o)
{
    const char *const *w = commands[i].words;
    const char *first = w[0], *gap = w[1] ? " " : "", *second = w[1] ? w[1] : "";
    const char *stray = options_stray(o, commands[i].flags);
    int behind = o->n_words - (w[1] ? 2 : 1);
    if (stray)
        return ask_usage("%s%s%s takes no %s; see kordless --help", first, gap, second,
                         stray);
    if (behind > commands[i].most)
        return ask_usage("%s%s%s takes %d word%s behind it, and there are %d", first,
                         gap, second, commands[i].most,
                         commands[i].most == 1 ? "" : "s", behind);
    return 0;
}

/* A folder that is none would be made one, and answer that there is nothing. */
static int too_early(int i, const struct options *o)
{
    struct buf path;
    buf_init(&path);
    buf_fmt(&path, "%s/kordless.db%c", o->server.data, '\0');
    bool none = commands[i].later && access(path.p, F_OK) != 0 && errno == ENOENT;
    buf_end(&path);
    if (none)
        ask_usage("there is no store in %s yet; is --data right?", o->server.data);
    return none;
}

/* A key stands in one answer only: who did not get it has to hear of that. */
static int all_told(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fputs("kordless: the answer could not be written to standard output\n", stderr);
    return code ? code : 1;
}

int main(int argc, char **argv)
{
    struct options o;
    struct buf why;
    buf_init(&why);
    if (options_read(argc, argv, &o, &why)) {
        int code = ask_usage("%.*s", (int)why.n, why.p);
        buf_end(&why);
        return code;
    }
    int i = find_command(&o);
    if (o.help) {
        print_help(stdout, i);
        return 0;
    }
    if (i < 0 && o.n_words)
        return ask_usage("'%s%s%s' is no command; kordless --help lists them",
                         o.words[0], o.n_words > 1 ? " " : "",
                         o.n_words > 1 ? o.words[1] : "");
    if (i < 0) {
        print_help(stderr, -1);
        return 2;
    }
    if (secret_init())
        return ask_usage("the cryptographic library cannot be used") - 1;
    int code = misplaced(i, &o);
    if (!code)
        code = too_early(i, &o);
    if (!code)
        code = commands[i].run(&o);
    return commands[i].run == serve ? code : all_told(code);
}
