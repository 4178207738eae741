#ifndef KORDLESS_TESTCLOCK_H
#define KORDLESS_TESTCLOCK_H

/* PUT /test/clock, in build/kordless-test only: freezes the wall and limit clocks and
 * moves them together. {"now": "2026-03-08T07:00:00Z"} or {"advance_seconds": 60}.
 * Socket deadlines are never moved. */

#include "base/now.h"
#include "http/reply.h"

extern const bool testclock_built; /* whether this binary has the route */
void testclock_answer(struct clock *clock, struct str body, struct reply *r);

#endif
