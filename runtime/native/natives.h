#ifndef KORDLESS_NATIVE_NATIVES_H
#define KORDLESS_NATIVE_NATIVES_H

/* The native plugins of this process: shared objects that the operator lists, looked at
 * whole before anything of them runs but their entry. Never unloaded, so pointers into
 * one are good for ever; a later generation finds what an earlier one loaded. Main's
 * thread only; the routes are only read afterwards, by any. */

#include "base/buf.h"
#include "base/log.h"
#include "http/request.h"
#include "kordless_plugin.h"

struct natives;
struct native;

struct native_route {
    const struct native *of;
    enum http_method method;
    int auth; /* enum kordless_auth, looked at */
    struct str path, label;
    struct str summary; /* or empty */
    uint32_t scope;     /* a bit, or 0 */
    bool json;
    kordless_handler *handle;
};

struct natives *natives_new(struct log *log); /* NULL: what plugins log is dropped */
void natives_free(struct natives *set); /* the memory; shared objects stay mapped */

/* The plugin of this file, loaded now or before. ERR_INVALID: all that is wrong is in
 * `faults`, a line each. A file that changed since it was loaded is a fault too: only a
 * new process can run it. */
int natives_load(struct natives *set, const char *path, const struct native **out,
                 struct buf *faults) MUST_CHECK;

struct str native_name(const struct native *n);
struct str native_version(const struct native *n);
int native_routes(const struct native *n, const struct native_route **out);
const struct kordless_host *native_host(const struct native *n);
void *native_state(const struct native *n);

/* Starts this one unless it runs already. ERR_INVALID with its own words in `faults`.
 */
int natives_start(struct natives *set, const struct native *n,
                  struct buf *faults) MUST_CHECK;
void natives_stop(struct natives *set); /* all that run, last started first */

#endif
