/* model/quality.c: the scope of `quality` read and written, its rows put into a sentence. */
#include "model/quality.h"

#include <math.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "model/scope.h"

static const char *const keys[] = { "label=", "against=", "slice=", "sample=", NULL };

/* ---- scope ---- */

static int keep(struct sl_quality_ask *a, const char *w, bool quoted, struct sl_err *err)
{
  char **const named[] = { &a->label, &a->against, &a->slice, &a->sample };
  char **to = !a->model ? &a->model : &a->data;
  size_t skip = 0;
  for (size_t i = 0; !quoted && keys[i]; i++)
    if (sl_str_starts(sl_str(w), sl_str(keys[i]))) {
      to = named[i];
      skip = strlen(keys[i]);
    }
  if (*to)
    return sl_err_set(err, SL_EUSAGE, "one too many: %s; it is MODEL DATA label=COLUMN [against=MODEL] [slice=COLUMN] [sample=N]", w);
  *to = sl_strdup(w + skip);
  return *to ? SL_OK : sl_err_nomem(err);
}

int sl_quality_ask_parse(struct sl_quality_ask *out, struct sl_str scope, struct sl_err *err)
{
  bool quoted;
  char *w;
  int rc;
  *out = (struct sl_quality_ask){ 0 };
  while (!(rc = sl_scope_next(&scope, keys, &w, &quoted, err)) && w) {
    rc = keep(out, w, quoted, err);
    sl_free(w);
    if (rc)
      break;
  }
  if (!rc && (!out->model || !out->data))
    rc = sl_err_set(err, SL_EUSAGE, "quality is that of a model over data: MODEL DATA label=COLUMN");
  uint64_t n;
  if (!rc && out->sample && (!sl_str_u64(sl_str(out->sample), &n) || n < 1 || n > SL_QUALITY_SAMPLE_MAX))
    rc = sl_err_set(err, SL_EUSAGE, "sample=%.40s: how many pictures of the data are taken, from 1 on", out->sample);
  if (rc)
    sl_quality_ask_free(out);
  return rc;
}

void sl_quality_ask_free(struct sl_quality_ask *a)
{
  sl_free(a->model);
  sl_free(a->data);
  sl_free(a->label);
  sl_free(a->against);
  sl_free(a->slice);
  sl_free(a->sample);
  *a = (struct sl_quality_ask){ 0 };
}

void sl_quality_ask_text(struct sl_buf *b, const struct sl_quality_ask *a)
{
  const char *values[] = { a->label, a->against, a->slice, a->sample };
  sl_scope_put(b, a->model, keys);
  sl_buf_ch(b, ' ');
  sl_scope_put(b, a->data, keys);
  for (size_t i = 0; keys[i]; i++)
    if (values[i]) {
      sl_buf_printf(b, " %s", keys[i]);
      sl_scope_put(b, values[i], keys);
    }
}

/* ---- verdict ---- */

void sl_quality_tally_init(struct sl_quality_tally *t)
{
  *t = (struct sl_quality_tally){ .apart = (double)NAN, .unread = (double)NAN };
}

static double f64_at(const struct sl_batch *b, uint32_t row, const char *col)
{
  int i = sl_schema_find(sl_batch_schema(b), sl_str(col));
  struct sl_val v = i < 0 ? sl_null(SL_F64) : sl_batch_get(b, row, (unsigned)i);
  return v.null ? (double)NAN : v.u.f;
}

static struct sl_str text_at(const struct sl_batch *b, uint32_t row, const char *col)
{
  int i = sl_schema_find(sl_batch_schema(b), sl_str(col));
  struct sl_val v = i < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)i);
  return v.null ? SL_STR("") : v.u.s;
}

static void take(struct sl_quality_tally *t, struct sl_quality_figure *f, const struct sl_batch *b, uint32_t row)
{
  int n = sl_schema_find(sl_batch_schema(b), SL_STR("n"));
  struct sl_val rows = n < 0 ? sl_null(SL_I64) : sl_batch_get(b, row, (unsigned)n);
  *f = (struct sl_quality_figure){ .there = true, .value = f64_at(b, row, "value"), .low = f64_at(b, row, "low"),
                                   .high = f64_at(b, row, "high"), .against = f64_at(b, row, "against"),
                                   .difference = f64_at(b, row, "difference"), .p = f64_at(b, row, "p_value") };
  t->rows = rows.null ? t->rows : rows.u.i;
}

/* Whether a smaller figure is the better one. */
static bool is_loss(struct sl_str metric)
{
  static const char *const losses[] = { "log_loss", "brier", "calibration_error", "mae", "rmse", "mape" };
  for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
    if (sl_str_eqz(metric, losses[i]))
      return true;
  return false;
}

static void take_other(struct sl_quality_tally *t, struct sl_str metric, const struct sl_batch *b, uint32_t row)
{
  double p = f64_at(b, row, "p_value"), d = f64_at(b, row, "difference");
  if (isnan(p) || p >= SL_QUALITY_NOISE || isnan(d) || !(d < 0 || d > 0))
    return;
  *((d > 0) != is_loss(metric) ? &t->better : &t->worse) += 1;
}

void sl_quality_tally_add(struct sl_quality_tally *t, const struct sl_batch *b)
{
  for (uint32_t row = 0; row < sl_batch_count(b); row++) {
    struct sl_str metric = text_at(b, row, "metric");
    if (text_at(b, row, "class").n || text_at(b, row, "slice").n)
      continue;
    if (sl_str_eqz(metric, "accuracy"))
      take(t, &t->accuracy, b, row);
    else if (sl_str_eqz(metric, "auc"))
      take(t, &t->auc, b, row);
    else if (sl_str_eqz(metric, "rmse"))
      take(t, &t->rmse, b, row);
    else if (sl_str_eqz(metric, "silhouette"))
      take(t, &t->silhouette, b, row);
    else if (sl_str_eqz(metric, "inertia")) /* behind it: of all rows, not of a sample */
      take(t, &t->inertia, b, row);
    else if (sl_str_eqz(metric, "clusters"))
      take(t, &t->clusters, b, row);
    else if (sl_str_eqz(metric, "disagreements") || sl_str_eqz(metric, "mistakes"))
      t->apart = f64_at(b, row, "value");
    else if (sl_str_eqz(metric, "pictures_unread"))
      t->unread = f64_at(b, row, "value");
    else
      take_other(t, metric, b, row);
  }
}

/* -1, 0, 1: worse, noise, better. Only where a test was possible. */
static int side(const struct sl_quality_figure *f)
{
  return !f->there || isnan(f->p) || f->p >= SL_QUALITY_NOISE ? 0 : f->difference < 0 ? -1 : f->difference > 0;
}

static bool tested(const struct sl_quality_figure *f) { return f->there && !isnan(f->p); }

enum sl_quality_verdict sl_quality_verdict(const struct sl_quality_tally *t, bool pair)
{
  int a = side(&t->accuracy) - side(&t->rmse), r = side(&t->auc); /* of errors less is better */
  if (!pair)
    return SL_QUALITY_ALONE;
  if (!tested(&t->accuracy) && !tested(&t->auc) && !tested(&t->rmse))
    return SL_QUALITY_UNKNOWN;
  if (a * r < 0)
    return SL_QUALITY_MIXED;
  return a + r > 0 ? SL_QUALITY_BETTER : a + r < 0 ? SL_QUALITY_WORSE : SL_QUALITY_SAME;
}

static void put_change(struct sl_buf *b, const char *name, const struct sl_quality_figure *f, bool say_noise)
{
  sl_buf_printf(b, "%s %s", name, f->difference > 0 ? "+" : "");
  sl_fmt_sig(b, f->difference, 3);
  if (isnan(f->p))
    return;
  sl_buf_z(b, say_noise && f->p >= SL_QUALITY_NOISE ? " is noise (p " : " (p ");
  sl_fmt_sig(b, f->p, 2);
  sl_buf_ch(b, ')');
}

static void put_figure(struct sl_buf *b, const char *name, const struct sl_quality_figure *f)
{
  sl_buf_printf(b, "%s ", name);
  if (isnan(f->value))
    sl_buf_z(b, "unknown");
  else
    sl_fmt_sig(b, f->value, 4);
  if (isnan(f->low) || isnan(f->high))
    return;
  sl_buf_z(b, " (");
  sl_fmt_sig(b, f->low, 3);
  sl_buf_z(b, " to ");
  sl_fmt_sig(b, f->high, 3);
  sl_buf_ch(b, ')');
}

static void alone(struct sl_buf *b, const struct sl_quality_tally *t)
{
  bool some = t->accuracy.there;
  if (t->accuracy.there)
    put_figure(b, "accuracy", &t->accuracy);
  if (t->auc.there) {
    sl_buf_z(b, some ? ", " : "");
    put_figure(b, "auc", &t->auc);
  }
  if (t->rmse.there)
    put_figure(b, "rmse", &t->rmse);
  sl_buf_printf(b, " over %lld row%s", (long long)t->rows, t->rows == 1 ? "" : "s");
  if (t->accuracy.there && !isnan(t->apart))
    sl_buf_printf(b, "; %.0f %s wrong", t->apart, t->apart > 1 || t->apart < 1 ? "are" : "is");
}

/* What a verdict of two figures leaves out: others that say something else. */
static void put_others(struct sl_buf *b, const struct sl_quality_tally *t, enum sl_quality_verdict v)
{
  size_t n = v == SL_QUALITY_SAME ? t->better + t->worse : v == SL_QUALITY_BETTER ? t->worse : v == SL_QUALITY_WORSE ? t->better : 0;
  const char *what = v == SL_QUALITY_SAME ? "beyond it" : v == SL_QUALITY_BETTER ? "worse" : "better";
  if (n)
    sl_buf_printf(b, "%s %zu other figure%s %s", v == SL_QUALITY_SAME ? ";" : ", but", n, n == 1 ? " is" : "s are", what);
}

static void beside(struct sl_buf *b, const struct sl_quality_tally *t, enum sl_quality_verdict v)
{
  static const char *const words[] = { [SL_QUALITY_BETTER] = "better", [SL_QUALITY_WORSE] = "worse",
                                       [SL_QUALITY_SAME] = "no difference beyond noise", [SL_QUALITY_MIXED] = "mixed",
                                       [SL_QUALITY_UNKNOWN] = "whether it is noise cannot be told" };
  bool say = v != SL_QUALITY_SAME, some = false;
  sl_buf_printf(b, "%s: ", words[v]);
  if (t->auc.there && !isnan(t->auc.difference)) {
    put_change(b, "auc", &t->auc, say);
    some = true;
  }
  if (t->accuracy.there && !isnan(t->accuracy.difference)) {
    sl_buf_z(b, some ? ", " : "");
    put_change(b, "accuracy", &t->accuracy, say);
    some = true;
  }
  if (t->rmse.there && !isnan(t->rmse.difference))
    put_change(b, "rmse", &t->rmse, say);
  put_others(b, t, v);
  if (t->accuracy.there && !isnan(t->apart))
    sl_buf_printf(b, "%sthey disagree on %.0f of %lld rows", some ? "; " : "", t->apart, (long long)t->rows);
}

/* Of two models no test says which clusters are better: both figures, and no verdict. */
static void clusters(struct sl_buf *b, const struct sl_quality_tally *t, bool pair)
{
  if (!pair || isnan(t->silhouette.difference))
    put_figure(b, "silhouette", &t->silhouette);
  else
    put_change(b, "silhouette", &t->silhouette, false);
  sl_buf_z(b, ", ");
  if (pair)
    put_change(b, "inertia", &t->inertia, false);
  else
    put_figure(b, "inertia", &t->inertia);
  sl_buf_printf(b, " of %.0f cluster%s", t->clusters.value, t->clusters.value > 1 ? "s" : "");
  if (pair)
    sl_buf_printf(b, " (the other has %.0f)", t->clusters.against);
  sl_buf_printf(b, " over %lld row%s%s", (long long)t->rows, t->rows == 1 ? "" : "s", pair ? "; whether it is noise cannot be told" : "");
}

void sl_quality_words(struct sl_buf *b, const struct sl_quality_tally *t, bool pair)
{
  enum sl_quality_verdict v = sl_quality_verdict(t, pair);
  if (t->inertia.there) {
    clusters(b, t, pair);
    return;
  }
  if (!t->rows)
    sl_buf_z(b, "no row has a label: nothing can be told");
  else if (v == SL_QUALITY_ALONE)
    alone(b, t);
  else
    beside(b, t, v);
  if (t->unread > 0)
    sl_buf_printf(b, "; %.0f picture%s unread", t->unread, t->unread > 1 ? "s" : "");
}
