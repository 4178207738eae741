#include "http/asset.h"

static const struct {
    struct str name, value;
} fields[] = {
    {STR("Content-Security-Policy"),
     STR("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
         "data:; "
         "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
         "form-action 'self'")},
    {STR("X-Content-Type-Options"), STR("nosniff")},
    {STR("Referrer-Policy"), STR("no-referrer")},
    {STR("Cross-Origin-Opener-Policy"), STR("same-origin")},
    {STR("Cross-Origin-Resource-Policy"), STR("same-origin")},
    {STR("Vary"), STR("Accept-Encoding")},
};

/* "gzip;q=0.0": refused in so many words (RFC 9110 12.4.2). */
static bool is_zero(struct str params)
{
    struct str one, name, value;
    while (params.n) {
        str_cut(params, ';', &one, &params);
        if (!str_cut(str_trim(one), '=', &name, &value) ||
            !str_eq_nocase(str_trim(name), STR("q")))
            continue;
        for (size_t i = 0; i < value.n; i++)
            if (value.p[i] >= '1' && value.p[i] <= '9')
                return false;
        return true;
    }
    return false;
}

/* RFC 9110 12.5.3; gzip named beats "*". */
static bool takes_gzip(const struct http_request *req)
{
    bool any = false;
    for (int i = 0; i < req->n_fields; i++) {
        struct str list = req->fields[i].value, one, coding, params;
        if (!str_eq_nocase(req->fields[i].name, STR("accept-encoding")))
            continue;
        while (list.n) {
            str_cut(list, ',', &one, &list);
            str_cut(str_trim(one), ';', &coding, &params);
            coding = str_trim(coding);
            if (str_eq_nocase(coding, STR("gzip")))
                return !is_zero(params);
            any = any || (str_eq(coding, STR("*")) && !is_zero(params));
        }
    }
    return any;
}

/* If-None-Match compares weakly (RFC 9110 13.1.2). */
static bool has_it(const struct http_request *req, struct str etag)
{
    struct str list = http_field_get(req, STR("if-none-match")), one;
    while (list.n) {
        str_cut(list, ',', &one, &list);
        one = str_trim(one);
        if (str_eq(one, STR("*")) || str_eq(one, etag))
            return true;
    }
    return false;
}

void asset_answer(const struct asset *a, const struct http_request *req,
                  struct reply *r)
{
    bool packed = a->packed.n && takes_gzip(req), had = has_it(req, a->etag);
    int err = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !err; i++)
        err = reply_field(r, fields[i].name, fields[i].value);
    if (!err)
        err = reply_field(r, STR("ETag"), a->etag);
    if (!err)
        err = reply_field(r, STR("Cache-Control"),
                          a->fixed ? STR("public, max-age=31536000, immutable")
                                   : STR("no-cache"));
    if (!err && packed && !had)
        err = reply_field(r, STR("Content-Encoding"), STR("gzip"));
    if (err) {
        reply_problem(r, 500, "internal_error", STR(""));
        return;
    }
    r->cacheable = true;
    r->status = had ? 304 : 200;
    r->content_type = a->type;
    buf_clear(&r->body);
    if (!had)
        buf_str(&r->body, packed ? a->packed : a->plain);
}
