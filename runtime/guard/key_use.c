#include "guard/key_use.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "store/sql.h"

/* ---- in memory ---- */

/* Two halves of one address, by whichever worker comes first; another that comes in the
 * same moment has an address just as new, and leaves it. */
void key_use_note(struct key *k, int64_t wall_ms, const unsigned char address[IP_BYTES])
{
    uint64_t ip[2];
    memcpy(ip, address, sizeof(ip));
    atomic_store_explicit(&k->last_used_ms, wall_ms, memory_order_relaxed);
    if (atomic_load_explicit(&k->last_used_ip[0], memory_order_relaxed) == ip[0] &&
        atomic_load_explicit(&k->last_used_ip[1], memory_order_relaxed) == ip[1])
        return;
    uint32_t turn = atomic_load(&k->ip_turn);
    if ((turn & 1) || !atomic_compare_exchange_strong(&k->ip_turn, &turn, turn + 1))
        return;
    atomic_store(&k->last_used_ip[0], ip[0]);
    atomic_store(&k->last_used_ip[1], ip[1]);
    atomic_store(&k->ip_turn, turn + 2);
}

void key_use_address(const struct key *k, unsigned char out[IP_BYTES])
{
    uint64_t ip[2];
    uint32_t before, after;
    do {
        before = atomic_load(&k->ip_turn);
        ip[0] = atomic_load(&k->last_used_ip[0]);
        ip[1] = atomic_load(&k->last_used_ip[1]);
        after = atomic_load(&k->ip_turn);
    } while ((before & 1) || before != after);
    memcpy(out, ip, sizeof(ip));
}

/* ---- as people write it ---- */

static_assert(KEY_IP_TEXT >= INET6_ADDRSTRLEN, "any address fits");

struct str key_use_text(const struct key *k, char out[KEY_IP_TEXT])
{
    static const struct in6_addr none;
    struct in6_addr ip;
    key_use_address(k, ip.s6_addr);
    if (memcmp(&ip, &none, sizeof(none)) == 0)
        return str_of(NULL);
    bool v4 = IN6_IS_ADDR_V4MAPPED(&ip);
    const void *at = v4 ? (const void *)&ip.s6_addr[12] : &ip;
    return str_of(inet_ntop(v4 ? AF_INET : AF_INET6, at, out, KEY_IP_TEXT));
}

void key_use_load_ip(struct str text, struct key *row)
{
    char c[INET6_ADDRSTRLEN];
    struct in6_addr ip = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    uint64_t halves[2];
    if (text.n == 0 || str_cstr(text, c, sizeof(c)) ||
        (inet_pton(AF_INET, c, &ip.s6_addr[12]) != 1 &&
         inet_pton(AF_INET6, c, &ip) != 1))
        return;
    memcpy(halves, &ip, sizeof(halves));
    for (int i = 0; i < 2; i++)
        atomic_init(&row->last_used_ip[i], halves[i]);
}

/* ---- in the store ---- */

static int write_used(struct db *db, const struct key *k, int64_t used)
{
    char text[KEY_IP_TEXT];
    return sql_run(
        db, STR("UPDATE api_key SET last_used_at = ?, last_used_ip = ? WHERE id = ?"),
        SQL_WITH(sql_int(used), sql_text(key_use_text(k, text)),
                 sql_text(str_of(k->id))));
}

/* What was written is not yet durable, and a lost transaction must be written again: so
 * this notes what it wrote, and only key_use_flushed believes it. */
int key_use_flush(struct db *db, struct keyring *r)
{
    for (size_t i = 0, n = keyring_count(r); i < n; i++) {
        struct key *k = keyring_at(r, i);
        int64_t used = atomic_load_explicit(&k->last_used_ms, memory_order_relaxed);
        if (used == k->used_durable_ms && k->used_written_ms == used)
            continue;
        k->used_written_ms = used;
        if (used == k->used_durable_ms)
            continue;
        int err = write_used(db, k, used);
        if (err < 0)
            return err;
    }
    return 0;
}

void key_use_flushed(struct keyring *r)
{
    for (size_t i = 0, n = keyring_count(r); i < n; i++) {
        struct key *k = keyring_at(r, i);
        if (k->used_durable_ms != k->used_written_ms)
            k->used_durable_ms = k->used_written_ms;
    }
}
