#ifndef KORDLESS_LUA_METER_H
#define KORDLESS_LUA_METER_H

/* What no count of instructions sees: a single one may keep C busy for long (comparing
 * two megabytes of text, reading a number from them, looking through an emptied table,
 * following two thousand __index, passing on 200,000 values). There are too many such
 * for a charge each, so processor time is charged: while a run lasts, a timer of the
 * thread's own ticks for each METER_TICK_MS it has really worked, and the count hook
 * takes for each tick what an honest script would have used many times over. Such a
 * script therefore never pays anything, and waiting, other threads and a stopped clock
 * cost nobody anything.
 *
 * A tick is a signal (SIGVTALRM) to the very thread: lua_sethook may be called from
 * one, and from no other thread. */

#include <signal.h>

/* A build that checks every access is several times slower, and so is an honest script.
 */
#if defined(__SANITIZE_ADDRESS__)
enum { METER_TICK_MS = 25 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { METER_TICK_MS = 25 };
#else
enum { METER_TICK_MS = 5 };
#endif
#else
enum { METER_TICK_MS = 5 };
#endif

struct vm;

/* The run of `vm` that begins is the one that ticks are for. Gives back whose they
 * were, for meter_leave. Starts the thread's timer when it is its first. */
struct vm *meter_enter(struct vm *vm);
void meter_leave(struct vm *outer);

#endif
