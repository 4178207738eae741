#include "guard/auth.h"

#include "base/zone.h"

/* What each verdict is on the wire (API.md, "Authentication" and "Errors"). */
static const struct {
    int status;
    const char *code;
} verdicts[] = {
    [AUTH_OK] = {200, "ok"},
    [AUTH_MISSING] = {401, "missing_api_key"},
    [AUTH_MALFORMED] = {401, "malformed_api_key"},
    [AUTH_UNKNOWN] = {401, "unknown_api_key"},
    [AUTH_REVOKED] = {401, "revoked_api_key"},
    [AUTH_EXPIRED] = {401, "expired_api_key"},
    [AUTH_NOT_YET] = {401, "not_yet_valid"},
    [AUTH_SUSPENDED] = {403, "organization_suspended"},
    [AUTH_ENDED] = {401, "session_ended"},
};
_Static_assert(sizeof(verdicts) / sizeof(verdicts[0]) == AUTH_ENDED + 1,
               "every verdict has its answer");

int auth_status(enum auth a)
{
    return verdicts[a].status;
}

const char *auth_code(enum auth a)
{
    return verdicts[a].code;
}

/* The order matters to whoever reads the answer: a revoked key stays revoked whatever
 * its dates say, and only the holder of a good key learns that the organization is off.
 */
enum auth auth_again(const struct key *k, int64_t wall_ms)
{
    if (atomic_load(&k->state) != KEY_ACTIVE)
        return AUTH_REVOKED;
    int64_t expires_ms = atomic_load(&k->expires_ms);
    if (expires_ms && wall_ms >= expires_ms)
        return AUTH_EXPIRED;
    if (k->not_before_ms && wall_ms < k->not_before_ms)
        return AUTH_NOT_YET;
    return atomic_load(&k->org->suspended) ? AUTH_SUSPENDED : AUTH_OK;
}

enum auth auth_identify(const struct keyring *r, const struct pepper *p,
                        struct str text, int64_t wall_ms, struct key **out)
{
    unsigned char digest[DIGEST_BYTES];
    enum key_kind kind;
    *out = NULL;
    if (text.n == 0)
        return AUTH_MISSING;
    if (key_check(text, &kind) != KEY_WELL_FORMED)
        return AUTH_MALFORMED;
    secret_digest(p, text, digest);
    *out = keyring_find(r, digest);
    return *out ? auth_again(*out, wall_ms) : AUTH_UNKNOWN;
}

bool auth_is_proof(struct str header)
{
    static const char *const names[] = {"x-kordless-key", "authorization", "cookie",
                                        "x-kordless-csrf"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq_nocase(header, str_of(names[i])))
            return true;
    return false;
}

/* ---- sentences ---- */

#define PLACE   "Settings → Integration → API Keys"
#define HEADER  "x-kordless-key"
#define NEW_KEY " Create another key under " PLACE " and send it in " HEADER "."

static void say_prefixes(struct buf *out)
{
    for (int k = 0; k < KEY_KINDS; k++) {
        buf_str(out, str_of(k == 0 ? "" : k == KEY_KINDS - 1 ? " or " : ", "));
        buf_str(out, str_of(key_kind_prefix((enum key_kind)k)));
    }
}

static void say_malformed(struct str text, struct buf *out)
{
    enum key_kind kind;
    switch (key_check(text, &kind)) {
    case KEY_NO_PREFIX:
        buf_lit(out, "The value of " HEADER " is no API key: keys begin with ");
        say_prefixes(out);
        break;
    case KEY_LENGTH:
        buf_fmt(out, "The API key in " HEADER " has %zu characters and a key has %d",
                text.n, KEY_TEXT);
        break;
    case KEY_ALPHABET:
        buf_lit(out, "The API key in " HEADER
                     " holds a character other than letters and digits");
        break;
    default:
        buf_lit(out, "The API key in " HEADER
                     " has a wrong checksum, so a character of it was changed");
        break;
    }
    buf_lit(out, ". Copy the whole key again, as it was shown when it was created.");
}

static void say_key(const struct key *k, struct buf *out)
{
    struct str label = keyring_label(k);
    buf_lit(out, "The API key ");
    if (label.n) {
        buf_char(out, '\'');
        buf_str(out, label);
        buf_lit(out, "' (…");
        buf_str(out, str_of(k->last4));
        buf_char(out, ')');
    } else {
        buf_lit(out, "…");
        buf_str(out, str_of(k->last4));
    }
}

static void say_time(const char *before, int64_t ms, struct buf *out)
{
    char text[32];
    time_format(ms / 1000, text);
    buf_str(out, str_of(before));
    buf_str(out, str_of(text));
    buf_char(out, '.');
}

static void say_known(enum auth a, const struct key *k, struct buf *out)
{
    if (a == AUTH_SUSPENDED) {
        buf_lit(out, "The organization '");
        buf_str(out, keyring_name(k->org));
        buf_lit(out,
                "' is suspended. Its keys work again as they are when the operator of "
                "this server lifts the suspension; please ask there.");
        return;
    }
    say_key(k, out);
    if (a == AUTH_REVOKED) {
        buf_lit(out, " was revoked." NEW_KEY);
    } else if (a == AUTH_EXPIRED) {
        say_time(" expired at ", atomic_load(&k->expires_ms), out);
        buf_lit(out, NEW_KEY);
    } else {
        say_time(" is not valid before ", k->not_before_ms + 999, out);
        buf_lit(out, " Send it from then on, or use another key.");
    }
}

void auth_detail(enum auth a, const struct key *k, struct str text, struct buf *out)
{
    if (a == AUTH_OK)
        buf_lit(out, "The API key is good.");
    else if (a == AUTH_MISSING)
        buf_lit(out, "No API key was sent. Send one in the header " HEADER
                     "; keys are created under " PLACE ".");
    else if (a == AUTH_MALFORMED)
        say_malformed(text, out);
    else if (a == AUTH_ENDED)
        buf_lit(out, "You are not signed in any more, or may do less than before. Sign "
                     "in again.");
    else if (a == AUTH_SUSPENDED && !k)
        buf_lit(out, "Your organization is suspended. Please ask the operator of this "
                     "server.");
    else if (a == AUTH_UNKNOWN || !k)
        buf_lit(out, "This server does not know the API key in " HEADER
                     ". Check that the key was created on this server." NEW_KEY);
    else
        say_known(a, k, out);
}
