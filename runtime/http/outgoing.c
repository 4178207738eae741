#include "http/outgoing.h"

#include <string.h>

#include "http/bytes.h"

void outgoing_init(struct outgoing *o)
{
    memset(o, 0, sizeof(*o));
    buf_init(&o->bytes);
    buf_init(&o->why);
    response_init(&o->response, &http_caps_default, false);
}

void outgoing_end(struct outgoing *o)
{
    buf_end(&o->bytes);
    buf_end(&o->why);
    response_end(&o->response);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The name or address in front, and what is behind it; 0 bytes of a name: none. */
static int read_name(struct str s, struct str *name, struct str *rest)
{
    size_t i = 0;
    bool bracket = s.n && s.p[0] == '[';
    if (bracket) {
        i = 1;
        while (i < s.n && s.p[i] && strchr("0123456789abcdefABCDEF:.", s.p[i]))
            i++;
        if (i == s.n || s.p[i] != ']')
            return ERR_INVALID;
        *name = (struct str){s.p + 1, i - 1};
        i++;
    } else {
        while (i < s.n && byte_is(s.p[i], BYTE_HOST))
            i++;
        *name = (struct str){s.p, i};
    }
    *rest = (struct str){s.p + i, s.n - i};
    return name->n == 0 || name->n > 255 ? ERR_INVALID : 0;
}

/* ":8443", or nothing, which leaves `port`. */
static int read_port(struct str s, uint16_t *port)
{
    uint64_t n;
    if (s.n == 0)
        return 0;
    struct str digits = {s.p + 1, s.n - 1};
    if (*s.p != ':' || digits.n > 5 || str_u64(digits, 65535, &n) || n == 0)
        return ERR_INVALID;
    *port = (uint16_t)n;
    return 0;
}

static int read_scheme(struct outgoing *o, struct str url, struct str *rest)
{
    struct str scheme;
    if (!str_cut(url, ':', &scheme, rest) || !str_starts(*rest, STR("//")))
        return ERR_INVALID;
    o->tls = str_eq_nocase(scheme, STR("https"));
    o->port = o->tls ? 443 : 80;
    *rest = (struct str){rest->p + 2, rest->n - 2};
    return o->tls || str_eq_nocase(scheme, STR("http")) ? 0 : ERR_INVALID;
}

int outgoing_url(struct outgoing *o, struct str url, struct str *target)
{
    struct str rest, name, port;
    size_t n = 0;
    if (read_scheme(o, url, &rest))
        return ERR_INVALID;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    *target = (struct str){rest.p + n, rest.n - n};
    for (size_t i = 0; i < target->n; i++)
        if (!byte_is(target->p[i], BYTE_TARGET))
            return ERR_INVALID;
    if (read_name((struct str){rest.p, n}, &name, &port) || read_port(port, &o->port))
        return ERR_INVALID;
    for (size_t i = 0; i < name.n; i++)
        o->host[i] = lower(name.p[i]);
    o->host[name.n] = '\0';
    return 0;
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is(s.p[i], BYTE_TOKEN))
            return false;
    return s.n > 0;
}

int outgoing_begin(struct outgoing *o, struct str method, struct str target)
{
    bool six = strchr(o->host, ':') != NULL;
    if (!is_token(method) || method.n > 16)
        return ERR_INVALID;
    o->to_head = str_eq(method, STR("HEAD"));
    buf_str(&o->bytes, method);
    buf_fmt(&o->bytes, " %s%.*s HTTP/1.1\r\nHost: %s%s%s",
            target.n && *target.p == '/' ? "" : "/", (int)target.n, target.p,
            six ? "[" : "", o->host, six ? "]" : "");
    if (o->port != (o->tls ? 443 : 80))
        buf_fmt(&o->bytes, ":%u", (unsigned)o->port);
    buf_lit(&o->bytes, "\r\nConnection: close\r\nUser-Agent: kordless\r\n");
    return 0;
}

static bool is_ours(struct str name)
{
    static const struct str names[] = {STR("host"),           STR("connection"),
                                       STR("content-length"), STR("transfer-encoding"),
                                       STR("upgrade"),        STR("te"),
                                       STR("trailer"),        STR("keep-alive"),
                                       STR("expect"),         STR("user-agent")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq_nocase(name, names[i]))
            return true;
    return false;
}

int outgoing_field(struct outgoing *o, struct str name, struct str value)
{
    if (!is_token(name))
        return ERR_INVALID;
    for (size_t i = 0; i < value.n; i++)
        if (!byte_is(value.p[i], BYTE_VALUE))
            return ERR_INVALID;
    if (is_ours(name))
        return ERR_DENIED;
    buf_str(&o->bytes, name);
    buf_lit(&o->bytes, ": ");
    buf_str(&o->bytes, value);
    buf_lit(&o->bytes, "\r\n");
    return 0;
}

void outgoing_finish(struct outgoing *o, struct str body, bool has_body)
{
    if (has_body)
        buf_fmt(&o->bytes, "Content-Length: %zu\r\n", body.n);
    buf_lit(&o->bytes, "\r\n");
    buf_str(&o->bytes, body);
}

bool outgoing_entry_ok(struct str entry)
{
    struct str name, rest;
    uint16_t port;
    for (size_t i = 0; i < entry.n; i++)
        if (lower(entry.p[i]) != entry.p[i])
            return false;
    return !read_name(entry, &name, &rest) && !read_port(rest, &port);
}

bool outgoing_matches(const struct outgoing *o, struct str entry)
{
    struct str name, rest;
    uint16_t port = 0;
    if (read_name(entry, &name, &rest) || read_port(rest, &port) ||
        !str_eq(name, str_of(o->host)))
        return false;
    return port ? o->port == port : o->port == 80 || o->port == 443;
}
