#ifndef KORDLESS_KIT_H
#define KORDLESS_KIT_H

/* What a server that runs for specs has, and no other: `struct shared` points to one
 * only there, and only stage.c makes one; no flag, file or request does. Its clock
 * stands still, so what waits for a time waits in a list here; what would go out is
 * asked of the spec; what calls used is noted. One worker. The list is that thread's
 * own; the rest is under a lock. */

#include "http/outgoing.h"
#include "lua/call.h"
#include "lua/spec.h"
#include "net/loop.h"

struct kit;
struct kit_alarm;
struct kit_fetch;

struct kit *kit_new(void);
void kit_free(struct kit *k); /* after its worker */

/* --- by the worker --- */

/* A one-shot timer on the limit clock. Fires in kit_fire, and is freed by its owner. */
enum kit_kind { KIT_JOB, KIT_SLEEP, KIT_SLEEP_ASKED /* a request's */ };
struct kit_alarm *kit_alarm(struct kit *k, int64_t due_ms, enum kit_kind kind,
                            void (*fire)(void *ctx), void *ctx);
void kit_alarm_free(struct kit_alarm *a);

struct kit_state {
    int asleep, asked; /* calls that sleep; of them, requests */
    int64_t next_ms;   /* the first alarm; INT64_MAX: none */
};
void kit_look(const struct kit *k, struct kit_state *out);
void kit_fire(struct kit *k, int64_t now_ms); /* the first alarm, if it is due */

/* As fetch_start and fetch_free (net/fetch.h), with the spec as the world. */
struct kit_fetch *kit_fetch(struct kit *k, struct loop *l, struct outgoing *o,
                            void (*done)(void *ctx), void *ctx);
void kit_fetch_free(struct kit_fetch *f);

void kit_used(struct kit *k, const struct call *c, const struct call_used *u);

/* --- by main --- */

int kit_fd(const struct kit *k); /* readable: there may be something to answer */
/* Answers one outgoing request. False: there is none. */
bool kit_answer(struct kit *k, void (*answer)(void *ctx, struct spec_fetch *f),
                void *ctx);
void kit_take_used(struct kit *k, struct spec_used *out); /* and begins anew */

#endif
