#ifndef KORDLESS_COUNTS_H
#define KORDLESS_COUNTS_H

/* What the workers counted, on its way to the store: once a second from main, and once
 * more when all workers have ended. */

struct server;

/* Both from main. */
void counts_tick(struct server *s);
void counts_last(struct server *s);

#endif
