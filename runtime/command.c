#include "command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "demo.h"
#include "lua/api.h"
#include "version.h"

/* --- plugins --- */

static int resume_plugin(struct client *c, const struct options *o)
{
    struct answer a;
    struct buf path;
    struct str resumed;
    buf_init(&path);
    buf_fmt(&path, "/api/platform/v1/plugins/%s/resume%c", o->words[2], '\0');
    int code = ask_platform(c, "POST", path.p, STR(""), 200, &a);
    if (!code && o->json)
        ask_print_raw(&a, "plugin");
    else if (!code)
        printf("%s %s\n", o->words[2],
               answer_raw(&a, "plugin.resumed", &resumed) &&
                       str_eq(resumed, STR("true"))
                   ? "runs again"
                   : "was running");
    buf_end(&a.body);
    buf_end(&path);
    return code;
}

int command_plugin_resume(const struct options *o)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    struct client *c;
    if (o->n_words < 3 || strspn(o->words[2], letters) != strlen(o->words[2]))
        return ask_usage("plugin resume needs the plugin's name");
    if (ask_open(&c, o))
        return 1;
    int code = resume_plugin(c, o);
    client_close(c);
    return code;
}

/* --- demo, api and version --- */

int command_demo(const struct options *o)
{
    struct client *c;
    if (ask_open(&c, o))
        return 1;
    int code = demo_make(c, o, "http://127.0.0.1:8080");
    client_close(c);
    return code;
}

/* The API of scripts, as the Lua language server or a person reads it. */
int command_api(const struct options *o)
{
    bool markdown = o->format && strcmp(o->format, "markdown") == 0;
    struct buf text;
    if (o->format && !markdown && strcmp(o->format, "lua") != 0)
        return ask_usage("--format takes lua or markdown");
    buf_init(&text);
    if (markdown)
        api_put_markdown(&text);
    else
        api_put_lua(&text);
    bool whole = fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0;
    buf_end(&text);
    return whole ? 0 : 1;
}

int command_version(const struct options *o)
{
    printf(o->json ? "{\"version\":\"%s\"}\n" : "kordless %s\n", VERSION);
    return 0;
}
