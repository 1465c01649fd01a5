/* proto/mlflow_filter.c: our filters over runs in the server's own language: `clause AND clause`, no OR, no NOT.
 *
 * Its reader is simple (no escapes, quotes are cut off at both ends), so only plain keys and values are sent. What it means differs from us
 * in one way that matters: a NaN is stored as 0, so `metrics.x < 1` keeps it. Such a clause narrows, and is judged here again. */
#include <math.h>
#include <float.h>
#include <stdio.h>

#include "base/fmt.h"
#include "base/json.h"
#include "proto/mlflow.h"

enum { VALUE_MAX = 500 };

struct clause { struct sl_buf *out; const struct sl_schema *s; bool exact; };

/* The sign that op is in that language; NULL: none. */
static const char *sign_of(enum sl_filter_op op)
{
  switch (op) {
  case SL_F_EQ: return "=";
  case SL_F_NE: return "!=";
  case SL_F_LT: return "<";
  case SL_F_LE: return "<=";
  case SL_F_GT: return ">";
  case SL_F_GE: return ">=";
  default: return NULL;
  }
}

bool sl_mlflow_plain(struct sl_str s)
{
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(" _.:/@+-", c));
    if (!ok || (c == '-' && i && s.p[i - 1] == '-'))
      return false;
  }
  return s.n > 0 && s.n <= VALUE_MAX && s.p[0] != ' ' && s.p[s.n - 1] != ' ';
}

static bool holds_zero(enum sl_filter_op op, double v)
{
  switch (op) {
  case SL_F_EQ: return v == 0;
  case SL_F_NE: return v != 0;
  case SL_F_LT: return 0 < v;
  case SL_F_LE: return 0 <= v;
  case SL_F_GT: return 0 > v;
  default: return 0 >= v;
  }
}

/* Its reader knows 1e300 and 1e-300, and stumbles over 1e+300. */
static void put_number(struct sl_buf *out, double f)
{
  size_t from = out->n;
  sl_fmt_f64(out, f);
  char *plus = out->failed ? NULL : memchr(out->p + from, '+', out->n - from);
  if (!plus)
    return;
  memmove(plus, plus + 1, (size_t)(out->p + out->n - plus - 1));
  sl_buf_cut(out, out->n - 1);
}

static bool put_metric(struct clause *c, const struct sl_filter_node *n, const struct sl_val *v)
{
  double f = v->type == SL_F64 ? v->u.f : (double)v->u.i;
  if ((v->type != SL_F64 && v->type != SL_I64) || !isfinite(f) || fabs(f) >= DBL_MAX || (v->type == SL_I64 && fabs(f) > 9e15))
    return false;
  sl_buf_printf(c->out, "metrics.`%.*s` %s ", SL_ARG(n->name.key), sign_of(n->op));
  put_number(c->out, f);
  c->exact &= !holds_zero(n->op, f);
  return true;
}

static bool put_text(struct clause *c, const struct sl_filter_node *n, const char *what, struct sl_str value)
{
  if ((n->op != SL_F_EQ && n->op != SL_F_NE) || !sl_mlflow_plain(value))
    return false;
  sl_buf_printf(c->out, "%s %s '%.*s'", what, sign_of(n->op), SL_ARG(value));
  return true;
}

static bool put_family(struct clause *c, const struct sl_filter_node *n, const struct sl_val *v)
{
  char what[VALUE_MAX + 16];
  if (!sl_mlflow_plain(n->name.key))
    return false;
  if (sl_str_eqz(n->name.col, "metrics"))
    return put_metric(c, n, v);
  if (v->type != SL_TEXT)
    return false;
  snprintf(what, sizeof what, "%.*s.`%.*s`", SL_ARG(n->name.col), SL_ARG(n->name.key));
  return put_text(c, n, what, v->u.s);
}

static bool put_state(struct clause *c, const struct sl_filter_node *n, struct sl_str word)
{
  const char *native = sl_mlflow_native(word);
  return native && put_text(c, n, "attributes.status", sl_str(native));
}

static bool put_attribute(struct clause *c, const struct sl_filter_node *n, const struct sl_val *v)
{
  struct sl_str col = n->name.col;
  bool text = v->type == SL_TEXT || v->type == SL_STATE;
  if (v->type == SL_TIME && (sl_str_eqz(col, "started") || sl_str_eqz(col, "ended"))) {
    sl_buf_printf(c->out, "attributes.%s %s %lld", sl_str_eqz(col, "started") ? "start_time" : "end_time", sign_of(n->op),
                  (long long)v->u.i);
    return true;
  }
  if (text && sl_str_eqz(col, "state"))
    return put_state(c, n, v->u.s);
  if (!text || n->op != SL_F_EQ)
    return false;
  if (sl_str_eqz(col, "id"))
    return put_text(c, n, "attributes.run_id", v->u.s);
  return sl_str_eqz(col, "user") && put_text(c, n, "attributes.user_id", v->u.s);
}

static bool put_leaf(struct clause *c, const struct sl_filter_node *n)
{
  int at = sl_schema_find(c->s, n->name.col);
  struct sl_val v;
  if (at < 0 || !sign_of(n->op) || n->nlits != 1 || !sl_lit_value(&n->lits[0], sl_schema_col(c->s, (size_t)at), &v) || v.null)
    return false;
  size_t was = c->out->n;
  if (was)
    sl_buf_z(c->out, " AND ");
  bool exact = c->exact;
  if (n->name.key.p ? put_family(c, n, &v) : put_attribute(c, n, &v))
    return true;
  c->exact = exact;
  sl_buf_cut(c->out, was);
  return false;
}

static void put_node(struct clause *c, const struct sl_filter_node *n)
{
  if (n->op == SL_F_AND) {
    put_node(c, n->a);
    put_node(c, n->b);
  } else if (n->op == SL_F_OR || n->op == SL_F_NOT || !put_leaf(c, n))
    c->exact = false;
}

bool sl_mlflow_rest_where(struct sl_buf *out, const struct sl_filter *f, const struct sl_schema *s)
{
  struct clause c = { out, s, true };
  if (f)
    put_node(&c, sl_filter_root(f));
  return c.exact && !out->failed;
}

/* ---- order: numbers only; texts sort by the collation of whatever stands behind the server ---- */

static bool order_name(struct sl_buf *b, const struct sl_name *n)
{
  bool metric = n->key.p && sl_str_eqz(n->col, "metrics") && sl_mlflow_plain(n->key);
  bool start = !n->key.p && sl_str_eqz(n->col, "started"), end = !n->key.p && sl_str_eqz(n->col, "ended");
  if (metric)
    sl_buf_printf(b, "metrics.`%.*s`", SL_ARG(n->key));
  else
    sl_buf_z(b, start ? "attributes.start_time" : "attributes.end_time");
  return metric || start || end;
}

bool sl_mlflow_rest_order(struct sl_jw *w, const struct sl_order *o)
{
  struct sl_buf b;
  size_t n = o ? sl_order_count(o) : 0;
  bool ok = n > 0 && n <= 4;
  sl_buf_init(&b, 0);
  for (int write = 0; write < 2 && ok; write++) /* first whether, then what */
    for (size_t i = 0; i < n && ok; i++) {
      sl_buf_clear(&b);
      ok = order_name(&b, &sl_order_key(o, i)->name);
      sl_buf_z(&b, sl_order_key(o, i)->desc ? " DESC" : " ASC");
      for (size_t k = 0; k < i; k++) /* the server refuses a name twice */
        ok = ok && !(sl_str_eq(sl_order_key(o, k)->name.col, sl_order_key(o, i)->name.col) &&
                     sl_str_eq(sl_order_key(o, k)->name.key, sl_order_key(o, i)->name.key));
      if (write && ok)
        sl_jw_str(w, sl_buf_view(&b));
    }
  if (ok)
    sl_jw_str(w, SL_STR("attributes.run_id ASC"));
  sl_buf_free(&b);
  return ok;
}
