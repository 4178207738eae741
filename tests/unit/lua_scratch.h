#ifndef KORDLESS_TESTS_LUA_SCRATCH_H
#define KORDLESS_TESTS_LUA_SCRATCH_H

/* A folder of scripts of its own, for the tests of what the Lua room reads from files.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lua/source.h"

struct folder_scratch {
    char dir[256];
    struct arena arena;
    struct folder folder;
    struct buf faults;
};

static inline void folder_path(struct folder_scratch *s, const char *name,
                               char out[512])
{
    snprintf(out, 512, "%s/%s", s->dir, name);
}

static inline void folder_write(struct folder_scratch *s, const char *name,
                                const char *text)
{
    char path[512];
    folder_path(s, name, path);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(text, 1, strlen(text), f) != strlen(text) || fclose(f) != 0)
        abort();
}

static inline void folder_begin(struct folder_scratch *s)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(s->dir, sizeof(s->dir), "%s/kordless-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(s->dir))
        abort();
    arena_init(&s->arena);
    buf_init(&s->faults);
}

static inline void folder_end(struct folder_scratch *s)
{
    char line[300];
    snprintf(line, sizeof(line), "rm -rf '%s'", s->dir);
    if (system(line) != 0)
        abort();
    arena_end(&s->arena);
    buf_end(&s->faults);
}

static inline int folder_read(struct folder_scratch *s)
{
    buf_clear(&s->faults);
    return source_read(&s->arena, s->dir, &s->folder, &s->faults);
}

/* One file with this text, read anew. */
static inline void folder_one(struct folder_scratch *s, const char *name,
                              const char *text)
{
    folder_write(s, name, text);
    if (folder_read(s))
        abort();
}

static inline const char *folder_faults(struct folder_scratch *s)
{
    *buf_reserve(&s->faults, 1) = '\0';
    return s->faults.p;
}

static inline size_t folder_fault_lines(struct folder_scratch *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->faults.n; i++)
        n += s->faults.p[i] == '\n';
    return n;
}

/* A line of the faults must hold both: the file and what is wrong with it. */
static inline void folder_told(struct folder_scratch *s, const char *file,
                               const char *what)
{
    struct str rest = {folder_faults(s), s->faults.n}, line;
    char text[1024];
    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        snprintf(text, sizeof(text), "%.*s", (int)line.n, line.p);
        if (strstr(text, file) && strstr(text, what))
            return;
    }
    fail_msg("no fault of %s says [%s]: %s", file, what, folder_faults(s));
}

#endif
