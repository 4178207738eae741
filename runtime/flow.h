#ifndef KORDLESS_FLOW_H
#define KORDLESS_FLOW_H

/* The way of a request, from whole bytes to a reply. Read flow_request: it is the order
 * of answers. The gates are in gates.c and its neighbours. */

#include "net/conn.h"

void flow_request(void *ctx, struct exchange *x); /* ctx: the worker */
void flow_gone(void *ctx, struct exchange *x);

#endif
