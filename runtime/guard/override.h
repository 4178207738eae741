#ifndef KORDLESS_GUARD_OVERRIDE_H
#define KORDLESS_GUARD_OVERRIDE_H

/* What an operator set for one key or one organization, above the quota policy, with a
 * reason and, if wanted, an end: when that has come the policy's numbers hold again
 * without anybody doing anything. In the store a JSON object {"per_minute": 500,
 * "reason": "…", "until": seconds}. A published one never changes. */

#include "base/str.h"
#include "guard/limit.h"

struct override {
    uint32_t limit[LIMIT_WINDOWS]; /* 0: as the policy says */
    int64_t until_ms;              /* 0: no end */
    struct str reason;
};

extern const char *const override_names[LIMIT_WINDOWS]; /* "per_minute", … */

/* False: it overrides nothing (an empty text, or one without a number). `reason` points
 * into `scratch`, which the caller ends. */
bool override_read(struct str json, struct buf *scratch, struct override *out);

/* What a column `limits` becomes by a merge patch, in SQL; `patch` and `now_ms` name
 * parameters. Of one that has ended nothing is left, or a new number would be none: but
 * where the patch says when it ends, it goes on. */
#define OVERRIDE_PATCH(patch, now_ms)                                              \
    "CASE WHEN " patch " IS NULL THEN limits WHEN " patch " = 'null' THEN NULL"    \
    " ELSE json_patch(CASE WHEN json_extract(limits, '$.until') * 1000 <= " now_ms \
    " AND json_type(" patch ", '$.until') IS NULL THEN '{}'"                       \
    " ELSE coalesce(limits, '{}') END, " patch ") END"

/* Puts its numbers over the policy's, if it still holds. NULL does nothing. */
static inline void override_apply(const struct override *o, int64_t wall_ms,
                                  struct limit_rule *rule)
{
    if (!o || (o->until_ms && wall_ms >= o->until_ms))
        return;
    for (int w = 0; w < LIMIT_WINDOWS; w++)
        if (o->limit[w])
            rule->limit[w] = o->limit[w];
}

#endif
