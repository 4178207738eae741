#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "worker.h"

struct client {
    struct server *own; /* NULL: another process serves */
    struct server *given;
    char data[4096];
};

enum { TRIES = 50, ANSWER_MAX = 16 << 20 };

static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
}

/* A server that is starting or stopping holds the folder without answering yet, or no
 * more: worth a few seconds. */
int client_open(struct client **out, const struct server_options *o, struct buf *why)
{
    struct server_options quiet = *o;
    struct client *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    int err = ERR_BUSY;
    quiet.no_listen = true;
    quiet.workers = 1;
    quiet.log_level = LOG_WARN;
    snprintf(c->data, sizeof(c->data), "%s", o->data);
    for (int i = 0; i < TRIES && err == ERR_BUSY; i++) {
        int fd;
        if (i > 0)
            wait_a_little();
        buf_clear(why);
        err = connect_unix(c->data, "admin.sock", &fd);
        if (!err)
            close(fd);
        else
            err = server_open(&c->own, &quiet, why);
    }
    if (err)
        free(c);
    else
        *out = c;
    return err;
}

int client_of(struct client **out, struct server *s)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        abort();
    (*out)->given = s;
    return 0;
}

void client_close(struct client *c)
{
    if (c->own)
        server_close(c->own, 1000);
    free(c);
}

static int open_connection(struct client *c, int *fd)
{
    if (c->own || c->given)
        return server_connect(c->own ? c->own : c->given, fd);
    return connect_unix(c->data, "admin.sock", fd);
}

static int send_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        s = (struct str){s.p + n, s.n - (size_t)n};
    }
    return 0;
}

static int receive_all(int fd, struct buf *in)
{
    for (;;) {
        ssize_t n = read(fd, buf_reserve(in, 16384), 16384);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || in->n > ANSWER_MAX)
            return ERR_IO;
        if (n == 0)
            return 0;
        in->n += (size_t)n;
    }
}

/* Connection: close, so the body ends where the bytes end. */
static int split(struct buf *in, struct answer *out)
{
    uint64_t status;
    const char *end = in->n ? memmem(in->p, in->n, "\r\n\r\n", 4) : NULL;
    if (!end || in->n < 12 || str_u64((struct str){in->p + 9, 3}, 599, &status))
        return ERR_IO;
    out->status = (int)status;
    buf_add(&out->body, end + 4, in->n - (size_t)(end + 4 - in->p));
    return 0;
}

static int converse(struct client *c, struct str request, struct buf *response)
{
    int fd, err = open_connection(c, &fd);
    if (err)
        return err;
    err = send_all(fd, request);
    if (!err)
        err = receive_all(fd, response);
    close(fd);
    return err;
}

int client_ask(struct client *c, const char *method, const char *path,
               const char *fields, struct str body, struct answer *out)
{
    struct buf request, response;
    out->status = 0;
    buf_init(&out->body);
    buf_init(&request);
    buf_init(&response);
    buf_fmt(&request, "%s %s HTTP/1.1\r\nHost: kordless\r\nConnection: close\r\n%s",
            method, path, fields);
    if (body.n)
        buf_fmt(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                body.n);
    buf_lit(&request, "\r\n");
    buf_str(&request, body);
    int err = converse(c, buf_slice(&request), &response);
    if (!err)
        err = split(&response, out);
    explicit_bzero(request.p, request.n); /* a key may have stood in them */
    if (response.n)
        explicit_bzero(response.p, response.n);
    buf_end(&request);
    buf_end(&response);
    return err;
}

/* --- reading answers --- */

static bool skip_value(struct json_reader *r)
{
    struct json_event e;
    int depth = 0;
    do {
        if (json_next(r, &e) || e.kind == JSON_END)
            return false;
        if (e.kind == JSON_OBJECT || e.kind == JSON_ARRAY)
            depth++;
        if ((e.kind == JSON_OBJECT_END || e.kind == JSON_ARRAY_END) && --depth < 0)
            return false; /* the end of what it would have been in */
    } while (depth > 0 || e.kind == JSON_NAME);
    return true;
}

static struct str bare(struct str s)
{
    while (s.n && (*s.p == ' ' || *s.p == ',' || *s.p == ':'))
        s = (struct str){s.p + 1, s.n - 1};
    return s;
}

/* One step down: the raw text of member or element `name` of the value `in`. */
static bool step(struct str in, struct str name, struct str *out)
{
    struct json_reader r;
    struct json_event e;
    struct buf scratch;
    uint64_t index = 0, i = 0;
    bool found = false, here;
    buf_init(&scratch);
    json_reader_init(&r, in, &scratch);
    bool ok = !json_next(&r, &e) && (e.kind == JSON_OBJECT || e.kind == JSON_ARRAY);
    bool list = ok && e.kind == JSON_ARRAY;
    if (list && str_u64(name, 1000000, &index))
        ok = false;
    while (ok && !found) {
        here = i++ == index;
        if (!list) {
            ok = !json_next(&r, &e) && e.kind == JSON_NAME;
            here = ok && str_eq(e.text, name);
        }
        size_t from = r.at;
        ok = ok && skip_value(&r);
        found = ok && here;
        *out = bare((struct str){in.p + from, r.at - from});
    }
    buf_end(&scratch);
    return found;
}

bool answer_raw(const struct answer *a, const char *path, struct str *out)
{
    struct str rest = str_of(path), name;
    *out = buf_slice(&a->body);
    while (rest.n) {
        str_cut(rest, '.', &name, &rest);
        if (!step(*out, name, out))
            return false;
    }
    return true;
}

/* Somebody else may have chosen it, and a terminal obeys control characters (C0, DEL,
 * and C1, which UTF-8 writes as C2 80 to C2 9F): they are shown as JSON writes them. */
static void put_shown(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i], next = 0;
        if (i + 1 < text.n)
            next = (unsigned char)text.p[i + 1];
        bool pair = c == 0xc2 && next >= 0x80 && next <= 0x9f;
        if (c == '\n')
            buf_lit(b, "\\n");
        else if (c < 0x20 || c == 0x7f || pair)
            buf_fmt(b, "\\u%04x", (unsigned)(pair ? next : c));
        else
            buf_char(b, (char)c);
        i += pair;
    }
}

struct str answer_text(const struct answer *a, const char *path, struct buf *out)
{
    struct json_reader r;
    struct json_event e;
    struct buf scratch;
    struct str raw;
    buf_clear(out);
    buf_init(&scratch);
    if (answer_raw(a, path, &raw)) {
        json_reader_init(&r, raw, &scratch);
        if (!json_next(&r, &e) && e.kind == JSON_STRING)
            put_shown(out, e.text);
    }
    buf_end(&scratch);
    return buf_slice(out);
}
