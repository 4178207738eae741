#include "base/id.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void id_source_init(struct id_source *s)
{
    s->left = 0;
}

static const unsigned char *ten_random_bytes(struct id_source *s)
{
    if (s->left == 0) {
        size_t have = 0;
        while (have < sizeof(s->pool)) {
            ssize_t n = getrandom(s->pool + have, sizeof(s->pool) - have, 0);
            if (n > 0)
                have += (size_t)n;
        }
        s->left = sizeof(s->pool) / 10;
    }
    return s->pool + --s->left * 10;
}

void id_make(struct id_source *s, const char *prefix, int64_t wall_ms, char out[ID_MAX])
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    size_t n = strlen(prefix);
    assert(n + 26 < ID_MAX);
    memcpy(out, prefix, n);
    uint64_t ms = (uint64_t)wall_ms;
    for (int i = 9; i >= 0; i--) {
        out[n + (size_t)i] = alphabet[ms & 31];
        ms >>= 5;
    }
    const unsigned char *r = ten_random_bytes(s);
    for (size_t half = 0; half < 2; half++) {
        uint64_t v = 0;
        for (size_t i = 0; i < 5; i++)
            v = v << 8 | r[half * 5 + i];
        for (size_t i = 8; i-- > 0; v >>= 5)
            out[n + 10 + half * 8 + i] = alphabet[v & 31];
    }
    out[n + 26] = '\0';
}
