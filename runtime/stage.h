#ifndef KORDLESS_STAGE_H
#define KORDLESS_STAGE_H

/* A server for specs: in this process, on an empty store in a folder of its own, with
 * one worker and a clock that stands still until it is moved. Brought up when the first
 * request needs it. */

#include "lua/spec.h"
#include "options.h"

struct stage;

struct stage *stage_new(const struct options *o);
void stage_free(struct stage *s);
/* Whose specs come next: a plugin folder, loaded beside those that kordless.lua lists
 * unless it is `listed`. A server of another folder is put down. */
void stage_enter(struct stage *s, const char *folder, bool listed);
/* Fills in the verbs of specs, with the stage as `ctx`; not `enter` and `promises`. */
void stage_lend(struct stage *s, struct spec_host *out);

#endif
