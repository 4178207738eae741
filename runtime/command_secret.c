#include "command_secret.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ask.h"
#include "base/json.h"
#include "guard/vault.h"

#define PATH "/api/platform/v1/secrets"

static const char usage[] =
    "secret %s needs the secret's name: plugin.name, words of a-z, 0-9 and _";

/* --- the value --- */

static void read_all(struct buf *out)
{
    ssize_t n;
    while (out->n <= VAULT_VALUE_MAX &&
           (n = read(STDIN_FILENO, buf_reserve(out, 4096), 4096)) > 0)
        out->n += (size_t)n;
}

/* From a person a line that is not shown, else all there is; without the newline at its
 * end. */
static void read_value(const char *name, struct buf *out)
{
    struct termios was, quiet;
    bool person = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;
    if (person) {
        fprintf(stderr, "value of %s: ", name);
        quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        ssize_t n = read(STDIN_FILENO, buf_reserve(out, 4096), 4096);
        out->n += n > 0 ? (size_t)n : 0;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        fputc('\n', stderr);
    } else {
        read_all(out);
    }
    while (out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
        out->n--;
}

static int put_body(struct str value, struct buf *body)
{
    if (value.n == 0 || value.n > VAULT_VALUE_MAX || memchr(value.p, '\0', value.n))
        return ERR_INVALID;
    buf_lit(body, "{\"value\":");
    int err = json_put_string(body, value);
    buf_char(body, '}');
    return err;
}

static void wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_end(b);
}

/* --- the commands --- */

static int ask(const struct options *o, const char *method, struct str body, int good,
               struct answer *a)
{
    struct client *c;
    struct buf path;
    *a = (struct answer){0};
    if (ask_open(&c, o))
        return 1;
    buf_init(&path);
    buf_fmt(&path, PATH "%s%s%c", o->n_words > 2 ? "/" : "",
            o->n_words > 2 ? o->words[2] : "", '\0');
    int code = ask_platform(c, method, path.p, body, good, a);
    buf_end(&path);
    client_close(c);
    return code;
}

static bool named(const struct options *o)
{
    return o->n_words == 3 && vault_name_ok(str_of(o->words[2]));
}

int command_secret_set(const struct options *o)
{
    struct buf value, body;
    struct answer a = {0};
    if (!named(o))
        return ask_usage(usage, "set");
    buf_init(&value);
    buf_init(&body);
    read_value(o->words[2], &value);
    int code = put_body(buf_slice(&value), &body)
                   ? ask_usage("a value is text of 1 to %d bytes on standard input",
                               VAULT_VALUE_MAX)
                   : ask(o, "PUT", buf_slice(&body), 200, &a);
    wipe(&value);
    wipe(&body);
    buf_end(&a.body);
    if (!code && !o->json)
        printf("%s is set\n", o->words[2]);
    return code;
}

int command_secret_drop(const struct options *o)
{
    struct answer a;
    if (!named(o))
        return ask_usage(usage, "drop");
    int code = ask(o, "DELETE", STR(""), 204, &a);
    buf_end(&a.body);
    return code;
}

int command_secret_list(const struct options *o)
{
    struct answer a;
    struct buf name, at;
    struct options none = *o;
    char path[40];
    struct str raw;
    none.n_words = 2;
    int code = ask(&none, "GET", STR(""), 200, &a);
    buf_init(&name);
    buf_init(&at);
    if (!code && o->json && answer_raw(&a, "secrets", &raw))
        printf("%.*s\n", (int)raw.n, raw.p);
    for (int i = 0; !code && !o->json; i++) {
        snprintf(path, sizeof(path), "secrets.%d.name", i);
        struct str n = answer_text(&a, path, &name);
        if (!n.n)
            break;
        snprintf(path, sizeof(path), "secrets.%d.set_at", i);
        struct str t = answer_text(&a, path, &at);
        printf("%-40.*s %.*s\n", (int)n.n, n.p, (int)t.n, t.p);
    }
    buf_end(&name);
    buf_end(&at);
    buf_end(&a.body);
    return code;
}
