#ifndef KORDLESS_NET_FETCH_H
#define KORDLESS_NET_FETCH_H

/* Carries an outgoing request out, on a worker's loop: name, connection, TLS, request,
 * response. A connection per request. What the name resolves to is checked as a whole
 * (net/reach.h), and the connection goes to the very addresses that were checked:
 * asking again could get another answer. Redirects are not followed. The deadline is
 * total. */

#include <stdbool.h>

#include "http/outgoing.h"
#include "net/loop.h"

struct fetcher; /* of one loop */
struct fetch;

enum { FETCHES_MAX = 256, FETCHES_BYTES_MAX = 512 << 20 };

struct fetcher *fetcher_new(struct loop *l);
/* All its fetches are freed by then; after the loop's last turn, before loop_free. */
void fetcher_free(struct fetcher *f);

/* `o` is filled by `done`, at a later turn, once; either way the caller then frees. A
 * `fault` is one of: unresolved, address_refused, connect_failed, tls_failed, timeout,
 * too_large, bad_response. `loopback`: 127.0.0.0/8 and ::1 may be reached; tests only.
 * ERR_FULL: FETCHES_MAX are under way, or what they send and may receive adds up to
 * FETCHES_BYTES_MAX. */
int fetch_start(struct fetch **out, struct fetcher *r, struct outgoing *o,
                bool loopback, void (*done)(void *ctx), void *ctx) MUST_CHECK;
void fetch_free(struct fetch *f); /* in any state: also cancels */

#endif
