#ifndef KORDLESS_OPERATE_H
#define KORDLESS_OPERATE_H

/* An operator's requests that only main can carry out: POST /api/platform/v1/reload and
 * /rollback, GET /status. The worker goes on with others while main works. */

#include "gates.h"

/* `then` is called on the worker, now or later, when the reply stands. */
void operate_ask(struct flight *f, void (*then)(struct flight *f));

#endif
