/* table/val.c: values: their order, equality, and texts for machines and people. */
#include "table/val.h"

#include <math.h>

#include "base/fmt.h"
#include "base/json.h"
#include "table/num_int.h"

static const char *const type_names[] = {
  [SL_BOOL] = "bool", [SL_I64] = "integer", [SL_F64] = "number", [SL_TIME] = "time", [SL_TEXT] = "text", [SL_STATE] = "state",
  [SL_REF] = "ref", [SL_URI] = "uri", [SL_LIST] = "list", [SL_JSON] = "json", [SL_FAMILY_F64] = "family of numbers",
  [SL_FAMILY_TEXT] = "family of texts"
};

const char *sl_type_name(enum sl_type t)
{
  return (size_t)t < sizeof type_names / sizeof type_names[0] ? type_names[t] : "?";
}

/* ---- lists ---- */

void sl_list_add(struct sl_buf *b, struct sl_str item)
{
  sl_buf_lstr(b, item);
}

bool sl_list_next(struct sl_str *rest, struct sl_str *item)
{
  if (!rest->p || !rest->n)
    return false;
  struct sl_rd r = sl_rd(*rest);
  struct sl_str s = sl_rd_lstr(&r);
  if (r.bad) { /* bytes of somebody else: what is left of them is no list */
    *rest = SL_STR_NONE;
    return false;
  }
  *item = s;
  *rest = sl_strn((const char *)r.p, (size_t)(r.end - r.p));
  return true;
}

/* ---- order ---- */

static bool is_number(enum sl_type t)
{
  return t == SL_BOOL || t == SL_I64 || t == SL_F64 || t == SL_TIME || t == SL_FAMILY_F64;
}

static struct num number_of(const struct sl_val *v)
{
  if (v->type == SL_F64 || v->type == SL_FAMILY_F64)
    return num_f(v->u.f);
  return num_i(v->type == SL_BOOL ? v->u.b : v->u.i);
}

static int numbers_cmp(struct num a, struct num b)
{
  int c = num_cmp(a, b);
  if (c != NUM_UNORDERED)
    return c;
  bool an = !a.is_int && isnan(a.f), bn = !b.is_int && isnan(b.f);
  return an - bn;
}

static int lists_cmp(struct sl_str a, struct sl_str b)
{
  for (;;) {
    struct sl_str x, y;
    bool more_a = sl_list_next(&a, &x), more_b = sl_list_next(&b, &y);
    if (!more_a || !more_b)
      return more_a - more_b;
    int c = sl_str_cmp(x, y);
    if (c)
      return c < 0 ? -1 : 1;
  }
}

int sl_val_cmp(const struct sl_val *a, const struct sl_val *b)
{
  if (a->null || b->null)
    return a->null - b->null;
  bool an = is_number(a->type), bn = is_number(b->type);
  if (an != bn)
    return an ? -1 : 1;
  if (an)
    return numbers_cmp(number_of(a), number_of(b));
  if (a->type == SL_LIST && b->type == SL_LIST)
    return lists_cmp(a->u.s, b->u.s);
  int c = sl_str_cmp(a->u.s, b->u.s);
  return (c > 0) - (c < 0);
}

bool sl_val_eq(const struct sl_val *a, const struct sl_val *b)
{
  return sl_val_cmp(a, b) == 0;
}

static uint64_t hash_number(struct num n)
{
  if (!n.is_int && n.f >= -9223372036854775808.0 && n.f < 9223372036854775808.0 && n.f == (double)(int64_t)n.f)
    n = num_i((int64_t)n.f); /* equal across kinds, so the same hash */
  else if (!n.is_int && isnan(n.f))
    n.f = NAN;
  return n.is_int ? sl_str_hash(sl_strn((const char *)&n.i, sizeof n.i)) : sl_str_hash(sl_strn((const char *)&n.f, sizeof n.f));
}

uint64_t sl_val_hash(const struct sl_val *v)
{
  if (v->null)
    return 0x9e3779b97f4a7c15u;
  return is_number(v->type) ? hash_number(number_of(v)) : sl_str_hash(v->u.s);
}

/* ---- texts ---- */

static void list_json(struct sl_jw *w, struct sl_str rest)
{
  sl_jw_arr(w);
  for (struct sl_str item; sl_list_next(&rest, &item);)
    sl_jw_str(w, item);
  sl_jw_end_arr(w);
}

/* A document that is one string is that text; false: it is anything else, or does not parse. */
static bool json_text(struct sl_buf *b, struct sl_str doc)
{
  json_t *j = NULL;
  doc = sl_str_trim(doc);
  if (!doc.n || doc.p[0] != '"' || sl_json_load(&j, doc, false, NULL))
    return false;
  sl_buf_add(b, json_string_value(j), json_string_length(j));
  json_decref(j);
  return true;
}

static void float_text(struct sl_buf *b, const struct sl_val *v)
{
  if (v->f32)
    sl_fmt_f32(b, (float)v->u.f);
  else
    sl_fmt_f64(b, v->u.f);
}

static void float_json(struct sl_jw *w, const struct sl_val *v)
{
  if (!v->f32 || !isfinite(v->u.f)) {
    sl_jw_f64(w, v->u.f);
    return;
  }
  sl_jw_raw(w, SL_STR("")); /* what comes between values */
  sl_fmt_f32(w->b, (float)v->u.f);
}

void sl_val_text(struct sl_buf *b, const struct sl_val *v)
{
  if (v->null)
    return;
  switch (v->type) {
  case SL_BOOL: sl_buf_z(b, v->u.b ? "true" : "false"); return;
  case SL_I64: sl_buf_printf(b, "%lld", (long long)v->u.i); return;
  case SL_F64:
  case SL_FAMILY_F64: float_text(b, v); return;
  case SL_TIME: sl_time_rfc3339(b, v->u.i); return;
  case SL_LIST: {
    struct sl_jw w = sl_jw(b, false);
    list_json(&w, v->u.s);
    return;
  }
  case SL_JSON:
    if (!json_text(b, v->u.s))
      sl_buf_str(b, v->u.s);
    return;
  default: sl_buf_str(b, v->u.s);
  }
}

static void time_json(struct sl_jw *w, sl_ms t)
{
  struct sl_buf text;
  sl_buf_init(&text, 64);
  sl_time_rfc3339(&text, t);
  sl_jw_str(w, sl_buf_view(&text));
  sl_buf_free(&text);
}

void sl_val_json(struct sl_jw *w, const struct sl_val *v)
{
  if (v->null) {
    sl_jw_null(w);
    return;
  }
  switch (v->type) {
  case SL_BOOL: sl_jw_bool(w, v->u.b); return;
  case SL_I64: sl_jw_i64(w, v->u.i); return;
  case SL_F64:
  case SL_FAMILY_F64: float_json(w, v); return;
  case SL_TIME: time_json(w, v->u.i); return;
  case SL_LIST: list_json(w, v->u.s); return;
  case SL_JSON: sl_jw_raw(w, v->u.s); return;
  default: sl_jw_str(w, v->u.s);
  }
}

static bool unit_is(const char *unit, const char *what)
{
  return unit && strcmp(unit, what) == 0;
}

static void show_i64(struct sl_buf *b, int64_t i, const char *unit)
{
  if (unit_is(unit, "B"))
    sl_fmt_bytes(b, i);
  else if (unit_is(unit, "s"))
    sl_dur_show(b, (double)i);
  else if (unit_is(unit, "ms"))
    sl_dur_show(b, (double)i / 1000);
  else if (unit)
    sl_fmt_count(b, i);
  else
    sl_buf_printf(b, "%lld", (long long)i);
}

static void show_f64(struct sl_buf *b, double f, const char *unit)
{
  bool whole = f >= -9e15 && f <= 9e15;
  if (unit_is(unit, "B") && whole)
    sl_fmt_bytes(b, (int64_t)f);
  else if (unit_is(unit, "s") && isfinite(f))
    sl_dur_show(b, f);
  else if (unit_is(unit, "ms") && isfinite(f))
    sl_dur_show(b, f / 1000);
  else
    sl_fmt_sig(b, f, 6);
}

static void show_json(struct sl_buf *b, struct sl_str doc, const char *unit)
{
  double f;
  if (json_text(b, doc))
    return;
  if (sl_str_f64(doc, &f))
    show_f64(b, f, unit);
  else
    sl_buf_str(b, doc);
}

static void show_list(struct sl_buf *b, struct sl_str rest)
{
  bool first = true;
  for (struct sl_str item; sl_list_next(&rest, &item); first = false) {
    if (!first)
      sl_buf_z(b, ", ");
    sl_buf_str(b, item);
  }
}

static void show_time(struct sl_buf *b, sl_ms at, const struct sl_show *how)
{
  if (!how->data) {
    sl_time_show(b, at, how->now, how->tz);
    return;
  }
  struct sl_civil c = sl_civil_of(at, how->tz);
  sl_buf_printf(b, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
  if (c.ms)
    sl_buf_printf(b, ".%03d", c.ms);
}

void sl_val_show(struct sl_buf *b, const struct sl_val *v, const char *unit, const struct sl_show *how)
{
  if (v->null)
    return;
  switch (v->type) {
  case SL_BOOL: sl_buf_z(b, v->u.b ? "yes" : "no"); return;
  case SL_I64: show_i64(b, v->u.i, unit); return;
  case SL_F64:
  case SL_FAMILY_F64: show_f64(b, v->u.f, unit); return;
  case SL_TIME: show_time(b, v->u.i, how); return;
  case SL_LIST: show_list(b, v->u.s); return;
  case SL_JSON: show_json(b, v->u.s, unit); return;
  default: sl_buf_str(b, v->u.s);
  }
}
