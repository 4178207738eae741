#ifndef KORDLESS_GUARD_HUSH_H
#define KORDLESS_GUARD_HUSH_H

/* Refusals of strangers, gathered so that the log gets one line per address and minute,
 * never one per request. Shared by all workers. Bounded: at the cap what further
 * addresses are refused goes into one line of "others". */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { HUSH_CODES = 8, HUSH_ADDRESS = 56 };

struct hush_line {
    char address[HUSH_ADDRESS]; /* IPv6 with /64; "others" */
    uint64_t n;
    struct {
        const char *code;
        uint64_t n;
    } codes[HUSH_CODES]; /* the last stands for all further ones, as "other" */
    int n_codes;
};

struct hush;
struct hush *hush_new(size_t max);
void hush_free(struct hush *h);

/* One more refusal with this code, a literal. `who` as peers_name names an address. */
void hush_add(struct hush *h, struct str who, const char *code, int64_t boot_ms);
/* The next line whose minute is over, or any with `all`; false: none. */
bool hush_next(struct hush *h, int64_t boot_ms, bool all, struct hush_line *out);
size_t hush_count(struct hush *h); /* addresses with a line to come */

#endif
