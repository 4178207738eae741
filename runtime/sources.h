#ifndef KORDLESS_SOURCES_H
#define KORDLESS_SOURCES_H

/* The files a generation was made of, named alike wherever they were read from
 * ("scripts/quota.lua", "plugins/bookings/migrations/001_ledger.sql"), a hash each and
 * one over all. Texts are the generation's: the list must not outlive it. */

#include "lua/generation.h"

enum { SOURCE_HASH = 64 }; /* hex digits of BLAKE2b-256, as `b2sum -l 256` prints */

struct source_file {
    struct str name, text;
    char hash[SOURCE_HASH + 1];
};

struct source_list {
    struct source_file *files;
    int n;
    char hash[17]; /* over names and hashes: the name of these sources as a whole */
};

void sources_list(struct arena *a, const struct generation *g, struct source_list *out);
const struct source_file *sources_find(const struct source_list *l, struct str name);
/* 16 digits over the files whose names begin so: "plugins/bookings/". */
void sources_hash_of(const struct source_list *l, struct str prefix, char out[17]);
/* False: a file whose name begins so differs, is new or is gone. */
bool sources_same(const struct source_list *a, const struct source_list *b,
                  struct str prefix);
/* "changed":[…],"added":[…],"removed":[…] as JSON; how many there are in all. */
int sources_put_diff(struct buf *out, const struct source_list *from,
                     const struct source_list *to);

/* [{"name", "hash", "text"}, …] as JSON of the files whose names begin so. */
void sources_put_texts(struct buf *out, const struct source_list *l, struct str prefix);

/* For the reports: "name":"text", with what is not UTF-8 as null; after a comma unless
 * it is the first. */
void sources_put_str(struct buf *out, const char *name, struct str text);
void sources_put_comma(struct buf *out); /* unless after an opening bracket */

#endif
