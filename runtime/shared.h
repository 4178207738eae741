#ifndef KORDLESS_SHARED_H
#define KORDLESS_SHARED_H

/* What all threads share. Made by server.c before the first thread starts and freed
 * after the last one ended; everything in it is either constant by then or safe on its
 * own. */

#include <stdatomic.h>

#include "aside.h"
#include "base/log.h"
#include "base/now.h"
#include "base/zone.h"
#include "desk.h"
#include "guard/denials.h"
#include "guard/hush.h"
#include "guard/idem.h"
#include "guard/keyring.h"
#include "guard/limit.h"
#include "guard/peers.h"
#include "guard/session.h"
#include "guard/vault.h"
#include "guard/usage.h"
#include "hasher.h"
#include "scribe.h"
#include "store/writer.h"

struct kit;
enum { SESSION_PER_MINUTE = 300, SIGN_INS_PER_MINUTE = 5 /* that fail */ };
struct metrics;

struct shared {
    struct clock *clock;
    struct log *log;
    struct zones *zones;
    struct pepper pepper;
    struct keyring *keyring;
    struct limits *limits;
    struct peers *strangers; /* callers without a key, by address or number */
    struct peers *lookups;   /* GET /rate-limit, by key; and what sessions ask */
    struct sessions *sessions;
    struct hasher *hasher;
    struct idem *idem;
    struct vault *vault;
    struct usage *usage;
    struct denials *denials; /* the last refusals of each key */
    struct hush *hush;       /* refusals of strangers, for the log */
    struct writer *writer;
    struct aside *aside;      /* for what would keep a worker too long */
    struct scribe *decisions; /* of policies; NULL in a server without listeners */
    struct desk *desk;        /* what workers ask of main */
    struct kit *kit;          /* of `kordless test`; NULL in a server that serves */
    bool strict;              /* replies are held to what their routes declare */
    struct metrics *metrics;
    char public_url[256]; /* where clients reach us, unless the settings say */
    char etag_salt[17];   /* differs per start: commit numbers begin anew */
    atomic_bool ready;
};

#endif
