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

#include <stdio.h>
#include <string.h>

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

static const struct {
    const char *words[2];
    int (*run)(const struct options *o);
    const char *help;
} commands[] = {
    {{"serve", NULL}, serve, "run the server"},
    {{"check", NULL}, command_check, "look at scripts and plugins without going live"},
    {{"reload", NULL}, live_reload, "take scripts and plugins from disk, all or none"},
    {{"rollback", NULL}, live_rollback, "run the sources from before the last reload"},
    {{"status", NULL}, live_status, "what runs, and how the disk differs from it"},
    {{"org", "create"}, orgs_create, "make an organization: --slug S --name N"},
    {{"org", "list"}, orgs_list, "all organizations, newest first"},
    {{"org", "show"}, orgs_show, "one: SLUG or id"},
    {{"org", "set"}, orgs_set, "change name, plan, metadata or its day: SLUG"},
    {{"org", "suspend"}, orgs_suspend, "refuse all its keys at once: SLUG"},
    {{"org", "resume"}, orgs_resume, "take its keys again: SLUG"},
    {{"key", "create"}, keys_create, "make an API key: --org SLUG --label L"},
    {{"key", "list"}, keys_list, "list an organization's keys: --org SLUG"},
    {{"key", "show"}, keys_show, "one key: KEY"},
    {{"key", "set"},
     keys_set,
     "change label, note, scopes, tags, expiry or limits: KEY"},
    {{"key", "rotate"}, keys_rotate, "a successor with the same limits: KEY"},
    {{"key", "revoke"}, keys_revoke, "revoke KEY at once, and for good"},
    {{"quota", "explain"},
     keys_quota,
     "which limits KEY has, from where, what is left"},
    {{"quota", "diff"},
     command_quota_diff,
     "whom another quota.lua would treat otherwise"},
    {{"test", NULL},
     author_test,
     "run specs and the tests in scripts: [PATH…], or all"},
    {{"plugin", "new"}, author_new, "write a plugin to begin with: NAME"},
    {{"plugin", "resume"},
     command_plugin_resume,
     "run a quarantined plugin again: NAME"},
    {{"secret", "set"},
     command_secret_set,
     "set what a plugin reads: PLUGIN.NAME <file"},
    {{"secret", "list"}, command_secret_list, "the names of all that are set"},
    {{"secret", "drop"}, command_secret_drop, "drop one: PLUGIN.NAME"},
    {{"token", "create"},
     command_token_create,
     "make a token for an operator's programs"},
    {{"token", "list"}, command_token_list, "list them"},
    {{"token", "revoke"}, command_token_revoke, "revoke one at once: ID"},
    {{"api", NULL}, command_api, "print what scripts may call"},
    {{"demo", NULL}, command_demo, "make the demo organization acme-salon"},
    {{"version", NULL}, command_version, "print the version"},
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
    if (i < 0) {
        if (o.n_words)
            fprintf(stderr, "kordless: '%s%s%s' is no command\n\n", o.words[0],
                    o.n_words > 1 ? " " : "", o.n_words > 1 ? o.words[1] : "");
        print_help(stderr, -1);
        return 2;
    }
    if (secret_init())
        return ask_usage("the cryptographic library cannot be used") - 1;
    return commands[i].run(&o);
}
