#ifndef KORDLESS_COUNTS_H
#define KORDLESS_COUNTS_H

/* What the workers counted and why keys were refused, on its way to the store, and what
 * strangers were refused, on its way to the log: once a second from main, and once more
 * when all workers have ended. */

struct server;

/* Both from main. */
void counts_tick(struct server *s);
void counts_last(struct server *s);

#endif
