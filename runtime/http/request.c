#include "http/request.h"

#include <assert.h>

struct str http_field_get(const struct http_request *r, struct str name)
{
    for (int i = 0; i < r->n_fields; i++)
        if (str_eq_nocase(r->fields[i].name, name))
            return r->fields[i].value;
    return (struct str){0, 0};
}

int http_field_count(const struct http_request *r, struct str name)
{
    int n = 0;
    for (int i = 0; i < r->n_fields; i++)
        n += str_eq_nocase(r->fields[i].name, name);
    return n;
}

const char *http_method_name(enum http_method m)
{
    static const char *const names[] = {"GET",     "HEAD",   "POST",    "PUT",
                                        "PATCH",   "DELETE", "OPTIONS", "TRACE",
                                        "CONNECT", "OTHER"};
    static_assert(sizeof(names) / sizeof(names[0]) == HTTP_OTHER + 1,
                  "every method has a name");
    return names[m];
}
