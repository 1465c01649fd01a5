/* model/conf_check.c: whether one value of the file is what its setting wants, and what it means. Texts go to the reading's arena. */
#include "base/file.h"
#include "base/fmt.h"
#include "base/text.h"
#include "model/conf_int.h"

const char *conf_quote(char out[CONF_QUOTE], struct sl_str s)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_text_fit(&b, s, 40, SL_KEEP_HEAD, true);
  size_t n = sl_utf8_cut(sl_buf_view(&b), CONF_QUOTE - 1);
  memcpy(out, sl_buf_zstr(&b), n);
  out[n] = 0;
  sl_buf_free(&b);
  return out;
}

int conf_fail(struct conf_ctx *x, const struct sl_yaml_node *n, const char *fmt, ...)
{
  struct sl_err e;
  va_list ap;
  va_start(ap, fmt);
  sl_err_vset(&e, SL_ECONFIG, fmt, ap);
  va_end(ap);
  return sl_yaml_fail(x->y, n, x->err, "%s", e.msg);
}

int conf_warn(struct conf_ctx *x, const struct sl_yaml_node *n, const char *fmt, ...)
{
  struct sl_ws_conf *c = x->ws;
  struct sl_err what, line;
  if (!c)
    return SL_OK;
  va_list ap;
  va_start(ap, fmt);
  sl_err_vset(&what, SL_ECONFIG, fmt, ap);
  va_end(ap);
  sl_yaml_fail(x->y, n, &line, "%s", what.msg);
  void *p = c->warnings;
  int rc = sl_grow(&p, &c->capwarnings, c->nwarnings + 1, sizeof *c->warnings, 1000, x->err);
  c->warnings = p;
  if (rc == SL_ELIMIT) /* a thousand are enough */
    return SL_OK;
  if (rc)
    return rc;
  const char *text = conf_dup(x, sl_str(line.msg));
  if (!text)
    return conf_nomem(x);
  c->warnings[c->nwarnings++] = text;
  return SL_OK;
}

int conf_nomem(struct conf_ctx *x)
{
  return sl_err_nomem(x->err);
}

char *conf_dup(struct conf_ctx *x, struct sl_str s)
{
  return sl_arena_strndup(x->mem, s.n ? s.p : "", s.n);
}

const char *conf_hint(struct conf_ctx *x, struct sl_str s, const char *const *names, size_t n)
{
  const char *near = sl_str_nearest(s, names, n);
  const char *text = near ? sl_arena_printf(x->mem, "; did you mean `%s`?", near) : NULL;
  return text ? text : "";
}

bool conf_name_ok(struct sl_str s)
{
  if (!s.n || s.n > CONF_NAME_MAX)
    return false;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && (!i || (c != '_' && c != '.' && c != '-')))
      return false;
  }
  return true;
}

int conf_check_key(struct conf_ctx *x, const struct sl_yaml_node *key, const char *of)
{
  char q[CONF_QUOTE];
  if (conf_name_ok(key->text))
    return SL_OK;
  return conf_fail(x, key, "`%s` is no name for %s: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)",
                   conf_quote(q, key->text), of);
}

static bool has_control(struct sl_str s, bool lines)
{
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c == 0x7f || (c < 0x20 && !(lines && (c == '\n' || c == '\t' || c == '\r'))))
      return true;
  }
  return false;
}

/* ---- by type; each gets the text and fills v ---- */

struct conf_one { struct conf_ctx *x; const struct sl_yaml_node *n; struct sl_str s; struct conf_value *v; char quoted[CONF_QUOTE]; };

static int bad(struct conf_one *o, const char *must)
{
  return conf_fail(o->x, o->n, "`%s` must be %s, not `%s`", o->v->def->name, must, conf_quote(o->quoted, o->s));
}

static int check_int(struct conf_one *o)
{
  const struct sl_setting *d = o->v->def;
  if (!sl_str_i64(o->s, &o->v->i))
    return bad(o, "a whole number");
  if ((d->min || d->max) && o->v->i < d->min && d->max == INT64_MAX)
    return conf_fail(o->x, o->n, "`%s` must be %lld or more, not %lld", d->name, (long long)d->min, (long long)o->v->i);
  if ((d->min || d->max) && (o->v->i < d->min || o->v->i > d->max))
    return conf_fail(o->x, o->n, "`%s` must be between %lld and %lld, not %lld", d->name, (long long)d->min, (long long)d->max,
                     (long long)o->v->i);
  return SL_OK;
}

static int check_bool(struct conf_one *o)
{
  const struct sl_yaml_node scalar = { .kind = SL_YAML_SCALAR, .text = o->s };
  return sl_yaml_bool(o->n ? o->n : &scalar, &o->v->b) ? SL_OK : bad(o, "true or false");
}

static int check_duration(struct conf_one *o)
{
  const struct sl_setting *d = o->v->def;
  double s;
  if (!sl_dur_parse(o->s, &s))
    return bad(o, "a duration such as 90s, 15m, 26h or 7d");
  if ((d->min || d->max) && (s < (double)d->min || s > (double)d->max)) {
    struct sl_buf lo, hi;
    sl_buf_init(&lo, 0);
    sl_buf_init(&hi, 0);
    sl_dur_show(&lo, (double)d->min);
    sl_dur_show(&hi, (double)d->max);
    int rc = conf_fail(o->x, o->n, "`%s` must be between %s and %s, not %s", d->name, sl_buf_zstr(&lo), sl_buf_zstr(&hi),
                       conf_quote(o->quoted, o->s));
    sl_buf_free(&lo);
    sl_buf_free(&hi);
    return rc;
  }
  if (s > 9e15 / 1000)
    return bad(o, "a shorter duration");
  o->v->i = (int64_t)(s * 1000.0 + 0.5);
  return SL_OK;
}

static int check_bytes(struct conf_one *o)
{
  const struct sl_setting *d = o->v->def;
  if (!sl_parse_bytes(o->s, &o->v->i))
    return bad(o, "a size such as 512MB or 2GiB");
  if ((d->min || d->max) && (o->v->i < d->min || o->v->i > d->max)) {
    struct sl_buf lo, hi;
    sl_buf_init(&lo, 0);
    sl_buf_init(&hi, 0);
    sl_fmt_bytes(&lo, d->min);
    sl_fmt_bytes(&hi, d->max);
    int rc = conf_fail(o->x, o->n, "`%s` must be between %s and %s, not %s", d->name, sl_buf_zstr(&lo), sl_buf_zstr(&hi),
                       conf_quote(o->quoted, o->s));
    sl_buf_free(&lo);
    sl_buf_free(&hi);
    return rc;
  }
  return SL_OK;
}

static int check_path(struct conf_one *o)
{
  char *abs = sl_path_abs(o->v->text, o->x->dir);
  if (!abs)
    return conf_nomem(o->x);
  o->v->text = conf_dup(o->x, sl_str(abs));
  sl_free(abs);
  return o->v->text ? SL_OK : conf_nomem(o->x);
}

static int check_enum(struct conf_one *o)
{
  const char *const *words = o->v->def->words;
  size_t n = 0;
  struct sl_buf all;
  for (; words[n]; n++)
    if (sl_str_eqz(o->s, words[n]))
      return SL_OK;
  sl_buf_init(&all, 0);
  for (size_t i = 0; i < n; i++)
    sl_buf_printf(&all, "%s%s", i ? ", " : "", words[i]);
  int rc = conf_fail(o->x, o->n, "`%s` must be one of %s, not `%s`%s", o->v->def->name, sl_buf_zstr(&all), conf_quote(o->quoted, o->s),
                     conf_hint(o->x, o->s, words, n));
  sl_buf_free(&all);
  return rc;
}

static int check_name(struct conf_one *o)
{
  if (conf_name_ok(o->s))
    return SL_OK;
  return conf_fail(o->x, o->n, "`%s` is no name for `%s`: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)",
                   conf_quote(o->quoted, o->s), o->v->def->name);
}

/* A workspace is the same for everybody who opens it: the machine's own zone is none that it could name. */
static int check_tz(struct conf_one *o)
{
  struct sl_tz *tz = NULL;
  struct sl_err e = { 0 };
  if (o->x->ws && sl_str_eqz(o->s, "local"))
    return conf_fail(o->x, o->n, "`%s` must name a zone, such as Europe/Berlin: local differs between machines", o->v->def->name);
  int rc = sl_tz_open(&tz, o->v->text, &e);
  sl_tz_free(tz);
  if (rc == SL_ENOMEM)
    return conf_nomem(o->x);
  return rc ? bad(o, "a time zone such as Europe/Berlin or UTC") : SL_OK;
}

static int check_cron(struct conf_one *o)
{
  struct sl_cron c;
  struct sl_err e = { 0 };
  if (sl_cron_parse(&c, o->s, &e) == SL_OK)
    return SL_OK;
  return conf_fail(o->x, o->n, "`%s`: %s", o->v->def->name, e.msg);
}

static int check_layout(struct conf_one *o)
{
  struct sl_buf b;
  sl_ms back;
  sl_buf_init(&b, 0);
  sl_layout_format(&b, o->v->text, 1795219200000 /* 2026-11-21, a day that no field folds */);
  bool failed = b.failed, ok = sl_layout_step_ms(o->v->text) && !failed && sl_layout_parse(o->v->text, sl_buf_view(&b), &back);
  ok = ok && o->s.p[0] != '/' && o->s.p[o->s.n - 1] != '/' && sl_str_find(o->s, SL_STR("//")) < 0;
  sl_buf_free(&b);
  if (failed)
    return conf_nomem(o->x);
  return ok ? SL_OK : bad(o, "a folder's name with %Y, %m, %d, %H, such as dt=%Y-%m-%d");
}

static int check_text(struct conf_one *o)
{
  (void)o;
  return SL_OK;
}

static int check_address(struct conf_one *o)
{
  return conf_address(o->x, o->n, o->s, o->v);
}

static int (*const checks[])(struct conf_one *o) = {
  [SL_SET_TEXT] = check_text, [SL_SET_INT] = check_int, [SL_SET_BOOL] = check_bool, [SL_SET_DURATION] = check_duration,
  [SL_SET_BYTES] = check_bytes, [SL_SET_PATH] = check_path, [SL_SET_URI] = check_address, [SL_SET_ENUM] = check_enum,
  [SL_SET_LIST] = NULL, [SL_SET_NAMES] = NULL, [SL_SET_SECRET] = NULL,
  [SL_SET_PLACE] = check_address, [SL_SET_NAME] = check_name, [SL_SET_TZ] = check_tz,
  [SL_SET_CRON] = check_cron, [SL_SET_LAYOUT] = check_layout, [SL_SET_MAP] = NULL, [SL_SET_MAPS] = NULL,
};

int conf_check_scalar(struct conf_ctx *x, const struct sl_yaml_node *n, struct sl_str s, struct conf_value *v)
{
  struct conf_one o = { .x = x, .n = n, .s = s, .v = v };
  if (!s.n)
    return conf_fail(x, n, "`%s` is empty; write e.g. %s: %s, or remove it", v->def->name, v->def->name, v->def->example);
  if (has_control(s, false))
    return conf_fail(x, n, "`%s` holds a control character; write it in one plain line", v->def->name);
  if (!(v->text = conf_dup(x, s)))
    return conf_nomem(x);
  return checks[v->def->type](&o);
}

/* ---- lists, and the switch over kinds of nodes ---- */

static const char *kind_name(const struct sl_yaml_node *n)
{
  if (n->kind == SL_YAML_SCALAR)
    return sl_yaml_is_null(n) ? "nothing" : "a text";
  return n->kind == SL_YAML_SEQ ? "a list" : "a map";
}

static int list_item(struct conf_ctx *x, const struct sl_yaml_node *item, const struct sl_setting *d, const char **out)
{
  char q[CONF_QUOTE];
  if (item->kind != SL_YAML_SCALAR || sl_yaml_is_null(item))
    return conf_fail(x, item, "`%s` must hold texts, not %s; put it in quotes", d->name, kind_name(item));
  if (has_control(item->text, true))
    return conf_fail(x, item, "`%s` holds a control character; remove it", d->name);
  if (d->type == SL_SET_NAMES && !conf_name_ok(item->text))
    return conf_fail(x, item, "`%s` is no name for `%s`: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)",
                     conf_quote(q, item->text), d->name);
  return (*out = conf_dup(x, item->text)) ? SL_OK : conf_nomem(x);
}

static int list_items(struct conf_ctx *x, const struct sl_yaml_node *n, struct conf_value *v)
{
  bool one = n->kind == SL_YAML_SCALAR;
  size_t count = one ? 1 : n->n;
  const char **list = sl_arena_alloc(x->mem, (count + 1) * sizeof *list);
  if (!list)
    return conf_nomem(x);
  for (size_t i = 0; i < count; i++) {
    int rc = list_item(x, one ? n : n->items[i], v->def, &list[i]);
    if (rc)
      return rc;
  }
  v->list = list;
  return SL_OK;
}

/* Also as one text, so that whoever compares two readings needs to know nothing of lists. */
static int check_list(struct conf_ctx *x, const struct sl_yaml_node *n, struct conf_value *v)
{
  struct sl_buf b;
  int rc = list_items(x, n, v);
  if (rc)
    return rc;
  sl_buf_init(&b, 0);
  for (size_t i = 0; v->list[i]; i++)
    sl_buf_printf(&b, "%s%s", i ? "\n" : "", v->list[i]);
  rc = sl_buf_check(&b, x->err);
  if (!rc && !(v->text = conf_dup(x, sl_buf_view(&b))))
    rc = conf_nomem(x);
  sl_buf_free(&b);
  return rc;
}

static bool fits(enum sl_set_type t, const struct sl_yaml_node *n)
{
  if (t == SL_SET_MAP || t == SL_SET_MAPS)
    return n->kind == (t == SL_SET_MAP ? SL_YAML_MAP : SL_YAML_SEQ);
  if (t == SL_SET_LIST || t == SL_SET_NAMES)
    return n->kind == SL_YAML_SEQ || (t == SL_SET_NAMES && n->kind == SL_YAML_SCALAR);
  return n->kind == SL_YAML_SCALAR;
}

int conf_check(struct conf_ctx *x, const struct sl_yaml_node *n, struct conf_value *v)
{
  enum sl_set_type t = v->def->type;
  bool map = t == SL_SET_MAP || t == SL_SET_MAPS, list = t == SL_SET_LIST || t == SL_SET_NAMES;
  if (map && sl_yaml_is_null(n)) /* `jobs:` with nothing below it yet */
    return SL_OK;
  v->node = n;
  if (t == SL_SET_SECRET)
    return conf_check_secret(x, n, v);
  if (!map && sl_yaml_is_null(n))
    return conf_check_scalar(x, n, SL_STR_NONE, v);
  if (!fits(t, n))
    return conf_fail(x, n, "`%s` must be %s, such as %s, not %s", v->def->name,
                     t == SL_SET_MAP ? "a map" : list || map ? "a list" : "a text", v->def->example, kind_name(n));
  if (map)
    return SL_OK;
  return list ? check_list(x, n, v) : conf_check_scalar(x, n, n->text, v);
}

int conf_default(struct conf_ctx *x, struct conf_value *v)
{
  return v->def->dflt ? conf_check_scalar(x, NULL, sl_str(v->def->dflt), v) : SL_OK;
}
