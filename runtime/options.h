#ifndef KORDLESS_OPTIONS_H
#define KORDLESS_OPTIONS_H

/* The command line as one struct: every flag of every command, so that a flag means the
 * same wherever it is taken. */

#include "server.h"

enum { OPTIONS_LOAD_MAX = 16, OPTIONS_WORDS_MAX = 32, OPTIONS_TAGS_MAX = 16 };

struct options {
    struct server_options server;
    const char *load[OPTIONS_LOAD_MAX];
    const char *words[OPTIONS_WORDS_MAX]; /* what is no flag: "key", "create" … */
    int n_words;
    const char *program; /* as it was called, for lines to paste */
    const char *org, *label, *environment, *slug, *name, *plan;
    const char *scopes, *note, *not_before, *expires_at, *q, *created_by, *metadata;
    const char *per_minute, *per_hour, *per_day, *reason, *until; /* an override */
    const char *grace;                                            /* seconds */
    const char *format; /* of check: text, json, github; NULL: text */
    const char *tags[OPTIONS_TAGS_MAX];
    int n_tags;
    bool json, yes, help, demo, dev, dry_run, no_limits, no_tags;
    uint64_t given; /* bits, for options_stray */
};

/* 0, or 2 (usage) with a sentence in `why`. `argv` outlives `out`. */
int options_read(int argc, char **argv, struct options *out, struct buf *why);
/* A flag that was given and has no place: it is none of all commands, nor of `takes`
 * ("org label"). Its name, or NULL. */
const char *options_stray(const struct options *o, const char *takes);
/* One paragraph per flag, for --help. */
extern const char options_help[];

#endif
