#include "base/prom.h"

static void put_escaped(struct buf *b, struct str s, bool quotes)
{
    if (!str_utf8(s))
        s = STR("?");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            buf_lit(b, "\\\\");
        else if (s.p[i] == '\n')
            buf_lit(b, "\\n");
        else if (s.p[i] == '"' && quotes)
            buf_lit(b, "\\\"");
        else
            buf_char(b, s.p[i]);
    }
}

void prom_head(struct buf *b, const char *name, enum prom_type type, const char *help)
{
    static const char *const types[] = {[PROM_COUNTER] = "counter",
                                        [PROM_GAUGE] = "gauge",
                                        [PROM_HISTOGRAM] = "histogram",
                                        [PROM_SUMMARY] = "summary"};
    buf_fmt(b, "# HELP %s ", name);
    put_escaped(b, str_of(help), false);
    buf_fmt(b, "\n# TYPE %s %s\n", name, types[type]);
}

static void put_name(struct buf *b, const char *name, const char *suffix,
                     const struct prom_label *labels, int n)
{
    buf_str(b, str_of(name));
    buf_str(b, str_of(suffix));
    for (int i = 0; i < n; i++) {
        buf_fmt(b, "%s%s=\"", i ? "," : "{", labels[i].name);
        put_escaped(b, labels[i].value, true);
        buf_char(b, '"');
    }
    buf_str(b, n ? STR("} ") : STR(" "));
}

void prom_u64(struct buf *b, const char *name, const char *suffix,
              const struct prom_label *labels, int n_labels, uint64_t v)
{
    put_name(b, name, suffix, labels, n_labels);
    buf_u64(b, v);
    buf_char(b, '\n');
}

void prom_micros(struct buf *b, const char *name, const char *suffix,
                 const struct prom_label *labels, int n_labels, uint64_t micros)
{
    put_name(b, name, suffix, labels, n_labels);
    buf_fmt(b, "%llu.%06llu\n", (unsigned long long)(micros / 1000000),
            (unsigned long long)(micros % 1000000));
}

void prom_one(struct buf *b, const char *name, enum prom_type type, const char *help,
              uint64_t v)
{
    prom_head(b, name, type, help);
    prom_u64(b, name, "", NULL, 0, v);
}
