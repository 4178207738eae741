/* What it costs to know a key and to count its request, without the wire: the text of a
 * key to its record, the quota's numbers aside, and the three windows in the mapped
 * file under the organization's lock. Beside it the same key by an indexed look-up in
 * SQLite, and what this machine's memory allows at best. `identify KEYS DIR`: a line of
 * JSON. Keys are asked in random order, so that what is measured is memory, not a
 * cache. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/huge.h"
#include "guard/auth.h"
#include "guard/limit.h"
#include "store/db.h"

enum { ASKED = 1000000, PER_ORG = 10, LINE = 64 };

struct bench {
    size_t n, next;
    char (*texts)[LINE]; /* a cache line each: one look ahead is all of it */
    struct keyring *ring;
    struct limits *limits;
    struct pepper pepper;
    struct db *db;
    uint64_t seed;
    char dir[400];
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t dice(struct bench *b)
{
    b->seed ^= b->seed << 13;
    b->seed ^= b->seed >> 7;
    b->seed ^= b->seed << 17;
    return b->seed;
}

static void must(int err, const char *what)
{
    if (err < 0) {
        fprintf(stderr, "identify: %s: %s\n", what, err_name(err));
        exit(1);
    }
}

static void add_org(struct bench *b, size_t i, struct org **out)
{
    char slug[32];
    struct org row = {.name = &STR("Bench")};
    snprintf(row.id, sizeof(row.id), "org_%022zu", i);
    snprintf(slug, sizeof(slug), "bench-%zu", i);
    row.slug = str_of(slug);
    must(limits_ring(b->limits, str_of(row.id), &row.ring), "a ring");
    must(keyring_add_org(b->ring, &row, out), "an organization");
}

static void add_key(struct bench *b, size_t i, struct org *org)
{
    struct key row = {.label = &STR("bench"), .scopes = SCOPE_ALL, .org = org}, *k;
    struct stmt *s;
    key_make(KEY_LIVE, b->texts[i]);
    snprintf(row.id, sizeof(row.id), "key_%022zu", i);
    secret_digest(&b->pepper, str_of(b->texts[i]), row.digest);
    must(limits_ring(b->limits, str_of(row.id), &row.ring), "a ring");
    must(keyring_add_key(b->ring, &row, &k), "a key");
    must(db_prepare(b->db, STR("INSERT INTO k VALUES (?, ?)"), &s), "insert");
    stmt_blob(s, 1, row.digest, DIGEST_BYTES);
    stmt_text(s, 2, str_of(row.id));
    must(stmt_step(s), "insert");
    stmt_done(s);
}

static void fill(struct bench *b)
{
    struct org *org = NULL;
    struct buf why;
    char path[512];
    const struct limit_boot boot = {.id = "bench", .now = {1700000000000, 5000}};
    buf_init(&why);
    snprintf(path, sizeof(path), "%s/limits", b->dir);
    must(limits_open(&b->limits, path, &boot, &why), "limits");
    snprintf(path, sizeof(path), "%s/keys.db", b->dir);
    must(db_open(&b->db, path, DB_WRITE, &why), "store");
    must(db_exec(b->db, "CREATE TABLE k (digest BLOB PRIMARY KEY, id TEXT) STRICT"),
         "table");
    must(db_begin(b->db), "begin");
    for (size_t i = 0; i < b->n; i++) {
        if (i % PER_ORG == 0)
            add_org(b, i, &org);
        add_key(b, i, org);
    }
    must(db_commit(b->db), "commit");
    buf_end(&why);
}

/* The text as a request has it: in the connection's buffer, just received. */
static void hand(struct bench *b, char out[KEY_TEXT + 1])
{
    size_t next = b->next;
    b->next = (size_t)(dice(b) % b->n);
    __builtin_prefetch(b->texts[b->next]);
    memcpy(out, b->texts[next], KEY_TEXT + 1);
}

static double ask_ours(struct bench *b, bool count)
{
    const struct limit_rule rule = {{1000, 10000, 100000}};
    struct now now = {.wall_ms = 1700000001000, .boot_ms = 6000};
    struct limit_verdict v;
    char text[2][KEY_TEXT + 1];
    double begun = seconds();
    hand(b, text[0]);
    for (int i = 0; i < ASKED; i++) {
        struct key *k;
        hand(b, text[(i + 1) % 2]);
        if (auth_identify(b->ring, &b->pepper, str_of(text[i % 2]), now.wall_ms, &k) !=
            AUTH_OK)
            exit(1);
        if (count)
            limits_near(b->limits, k->ring, k->org_ring);
        now.boot_ms += i % 100 == 0;
        if (count)
            must(limits_take(b->limits, k->ring, k->org->ring, &rule, &now, 1, &v),
                 "take");
    }
    return (seconds() - begun) * 1e6 / ASKED;
}

static double ask_sqlite(struct bench *b)
{
    int asked = ASKED / 10;
    must(db_begin(b->db), "begin");
    double begun = seconds();
    for (int i = 0; i < asked; i++) {
        unsigned char digest[DIGEST_BYTES];
        char text[KEY_TEXT + 1];
        struct stmt *s;
        hand(b, text);
        secret_digest(&b->pepper, str_of(text), digest);
        must(db_prepare(b->db, STR("SELECT id FROM k WHERE digest = ?"), &s), "select");
        stmt_blob(s, 1, digest, DIGEST_BYTES);
        if (stmt_step(s) != 1)
            exit(1);
        stmt_done(s);
    }
    double took = (seconds() - begun) * 1e6 / asked;
    db_rollback(b->db);
    return took;
}

static uint64_t *random_lines(struct bench *b, size_t lines)
{
    uint64_t *memory = huge_calloc(lines, LINE);
    for (size_t i = 0; i < lines; i++)
        memory[i * LINE / sizeof(*memory)] = dice(b);
    return memory;
}

/* The key checked and hashed, then three looks, each of which says where the next one
 * goes, at as many bytes as the records are: a place, a record and a ring is the least
 * that there can be. No lock, no file, nothing decided. */
static double ask_floor(struct bench *b)
{
    size_t lines = LINE;
    while (lines * LINE < b->n * sizeof(struct key))
        lines *= 2;
    uint64_t *memory = random_lines(b, lines), sum = 0;
    double begun = seconds();
    for (int i = 0; i < ASKED; i++) {
        unsigned char digest[DIGEST_BYTES];
        char text[KEY_TEXT + 1];
        enum key_kind kind;
        uint64_t at;
        hand(b, text);
        if (key_check(str_of(text), &kind) != KEY_WELL_FORMED)
            exit(1);
        secret_digest(&b->pepper, str_of(text), digest);
        memcpy(&at, digest, sizeof(at));
        for (int look = 0; look < 3; look++)
            at ^= memory[(at & (lines - 1)) * LINE / sizeof(*memory)];
        sum += at;
    }
    double took = (seconds() - begun) * 1e6 / ASKED;
    huge_free(memory, lines, LINE);
    return sum ? took : 0; /* what nobody reads is not computed */
}

static long resident_kib(void)
{
    long kib = 0;
    char line[128];
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "RssAnon: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib;
}

int main(int argc, char **argv)
{
    struct bench b = {.n = argc > 2 ? strtoul(argv[1], NULL, 10) : 0,
                      .seed = 88172645463325252};
    struct stat st;
    char path[512];
    if (b.n == 0 || secret_init() != 0)
        return 2;
    snprintf(b.dir, sizeof(b.dir), "%s", argv[2]);
    memset(&b.pepper, 7, sizeof(b.pepper));
    pepper_ready(&b.pepper);
    b.texts = aligned_alloc(LINE, b.n * sizeof(*b.texts));
    if (!b.texts)
        abort();
    memset(b.texts, 0, b.n * sizeof(*b.texts)); /* no part of what is kept for a key */
    b.ring = keyring_new();
    long before = resident_kib();
    fill(&b);
    long after = resident_kib();
    ask_ours(&b, true); /* each ring has its first entries, and all is warm */
    double identify = ask_ours(&b, false), both = ask_ours(&b, true);
    double least = ask_floor(&b), sqlite = ask_sqlite(&b);
    snprintf(path, sizeof(path), "%s/limits", b.dir);
    printf("{\"identify\":%.3f,\"both\":%.3f,\"floor\":%.3f,\"sqlite\":%.3f,\"anon_"
           "mib\":%.1f,"
           "\"file_mib\":%.1f}\n",
           identify, both, least, sqlite, (double)(after - before) / 1024,
           stat(path, &st) ? 0 : (double)st.st_blocks / 2048);
    return 0;
}
