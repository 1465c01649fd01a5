/* app/evidence_make.c: the kinds of evidence: what the box is asked, and what of its answers become facts. */
#include "app/evidence_make.h"

#include <math.h>
#include <stdio.h>

#include "base/fmt.h"
#include "model/drift.h"

enum { COLUMNS_MAX = 64 };

/* ---- drift ---- */

struct widest { double psi; int64_t n[2]; };

static void note(struct widest *w, const struct sl_batch *b, uint32_t row)
{
  struct sl_val test = sl_maker_cell(b, row, "test"), stat = sl_maker_cell(b, row, "statistic");
  static const char *const cols[] = { "n_baseline", "n_current" };
  if (!test.null && sl_str_eqz(test.u.s, "psi") && !stat.null && !(stat.u.f <= w->psi))
    w->psi = stat.u.f;
  for (size_t i = 0; i < 2; i++) {
    struct sl_val n = sl_maker_cell(b, row, cols[i]);
    if (!n.null && n.u.i > w->n[i])
      w->n[i] = n.u.i;
  }
}

/* back: of a history, how many partitions ago; only the newest one's rows are those that count. */
static bool newest(const struct sl_batch *b, uint32_t row, bool past)
{
  struct sl_val back = past ? sl_maker_cell(b, row, "back") : sl_vi(0);
  return !back.null && !back.u.i;
}

/* past: the rows are a history's, else t hears them. */
static int read_rows(struct sl_snap *snap, struct sl_drift_tally *t, struct sl_drift_past *past, struct widest *w, struct sl_err *err)
{
  uint64_t n = snap ? sl_snap_count(snap) : 0;
  int rc = SL_OK;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    if (!rc && past)
      sl_drift_past_add(past, b);
    else if (!rc)
      sl_drift_tally_add(t, b);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++)
      if (newest(b, i, past != NULL))
        note(w, b, i);
    sl_batch_unref(b);
  }
  return rc;
}

static int tally(struct sl_snap *snap, struct sl_drift_tally *t, struct widest *w, struct sl_err *err)
{
  int rc = read_rows(snap, t, NULL, w, err);
  sl_drift_tally_end(t);
  return rc;
}

/* Features that persist stand for drifted ones. */
static int tally_past(struct sl_snap *snap, struct sl_drift_tally *t, struct widest *w, struct sl_err *err)
{
  struct sl_drift_past p = { .features = 0 };
  int rc = read_rows(snap, NULL, &p, w, err);
  t->features = p.features;
  t->drifted = p.alarms;
  if (!rc && p.unread)
    rc = sl_err_set(err, SL_EPARTIAL, "%zu of the last %zu partitions are missing or unreadable", p.unread, p.partitions);
  return rc;
}

static int drift_facts(struct sl_maker *k, const struct sl_drift_tally *t, const struct widest *w, struct sl_err *err)
{
  const struct { const char *name; double v; } facts[] = {
    { "drifted", (double)t->drifted }, { "features", (double)t->features }, { "unjudged", (double)t->unjudged },
    { "share", t->features ? (double)t->drifted / (double)t->features : NAN }, { "n_baseline", (double)w->n[0] },
    { "n_current", (double)w->n[1] }, { "n", (double)(w->n[0] < w->n[1] ? w->n[0] : w->n[1]) }, { "max_psi", w->psi },
  };
  int rc = SL_OK;
  for (size_t i = 0; i < sizeof facts / sizeof facts[0] && !rc; i++)
    if (strcmp(facts[i].name, "max_psi") != 0 || w->psi >= 0)
      rc = sl_maker_fact(k, facts[i].name, facts[i].v, err);
  return rc;
}

int sl_make_drift(struct sl_maker *k, struct sl_err *err)
{
  char last[16], tests[] = "auto,psi";
  struct sl_drift_ask ask = { .tests = tests };
  struct sl_drift_span span = { .of = 0 };
  struct sl_drift_tally t = { 0 };
  struct widest w = { .psi = -1 };
  struct sl_snap *snap = NULL;
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  int rc = sl_maker_input(k, "baseline", k->c->baseline, &ask.baseline, err);
  rc = rc ? rc : sl_maker_input(k, "current", k->c->current, &ask.current, err);
  bool past = k->c->persist != NULL;
  if (!rc && past) {
    ask.persist = (char *)(uintptr_t)k->c->persist;
    rc = sl_drift_span_of(&span, &ask, err);
    snprintf(last, sizeof last, "%u", span.of); /* no more are needed */
    ask.last = last;
  }
  if (!rc) {
    sl_drift_ask_text(&scope, &ask);
    rc = sl_buf_check(&scope, err);
  }
  const struct sl_resource *res = past ? &sl_res_drift_history : &sl_res_drift;
  struct sl_query like = { .res = res, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope), .no_cap = true, .unordered = true };
  rc = rc ? rc : sl_maker_ask(k->s, &like, &snap, err);
  rc = rc ? rc : past ? tally_past(snap, &t, &w, err) : tally(snap, &t, &w, err);
  rc = rc ? rc : drift_facts(k, &t, &w, err);
  sl_snap_unref(snap);
  sl_buf_free(&scope);
  return rc;
}

/* ---- statements ---- */

/* One statement. out: a bare file's name for its rows, or NULL. */
static int run_sql(struct sl_maker *k, struct sl_buf *sql, const char *out, struct sl_snap **snap, struct sl_err *err)
{
  struct sl_query like = { .res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_buf_view(sql), .out = sl_str(out), .no_cap = true };
  int rc = sl_buf_check(sql, err);
  rc = rc ? rc : sl_maker_ask(k->s, &like, snap, err);
  sl_buf_clear(sql);
  return rc;
}

static int first_row(struct sl_snap *snap, struct sl_batch **b, struct sl_err *err)
{
  if (!snap || !sl_snap_count(snap))
    return sl_err_set(err, SL_EPROTO, "the engine answered nothing");
  return sl_snap_page_wait(snap, 0, 1, b, err);
}

static void refuse(struct sl_maker *k, const char *why, int *rc, struct sl_err *err)
{
  char *p = sl_arena_strndup(&k->mem, why, strlen(why));
  k->e.refused = sl_str(p);
  k->nfacts = 0;
  *rc = p ? SL_OK : sl_err_nomem(err);
}

/* A model that the program does not read is no failure: it is what there is to say. */
static int refused_or(struct sl_maker *k, int rc, struct sl_err *err)
{
  const char *at = rc ? strstr(err->msg, "not re-scored: ") : NULL;
  if (at)
    refuse(k, at + strlen("not re-scored: "), &rc, err);
  return rc;
}

/* ---- quality: recomputed from the labels ---- */

static bool whole(const struct sl_batch *b, uint32_t row)
{
  return sl_maker_cell(b, row, "slice").null;
}

/* accuracy, auc; of a class recall_1 */
static int quality_fact(struct sl_maker *k, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_val metric = sl_maker_cell(b, row, "metric"), class = sl_maker_cell(b, row, "class"), v = sl_maker_cell(b, row, "value");
  struct sl_buf name;
  if (metric.null || v.null || v.type != SL_F64 || !whole(b, row))
    return SL_OK;
  sl_buf_init(&name, 4096);
  sl_buf_str(&name, metric.u.s);
  if (!class.null) {
    sl_buf_ch(&name, '_');
    sl_val_text(&name, &class);
  }
  int rc = sl_buf_check(&name, err);
  rc = rc ? rc : sl_maker_fact(k, sl_buf_zstr(&name), v.u.f, err);
  sl_buf_free(&name);
  return rc;
}

static int quality_rows(struct sl_maker *k, struct sl_snap *snap, struct sl_err *err)
{
  uint64_t n = snap ? sl_snap_count(snap) : 0;
  int rc = SL_OK;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++) {
      struct sl_val n_rows = sl_maker_cell(b, i, "n");
      if (!at && !i && !n_rows.null && n_rows.type == SL_I64)
        rc = sl_maker_fact(k, "n", (double)n_rows.u.i, err);
      rc = rc ? rc : quality_fact(k, b, i, err);
    }
    sl_batch_unref(b);
  }
  return rc;
}

static int ask_quality(struct sl_maker *k, const char *root, const char *data, struct sl_err *err)
{
  struct sl_snap *snap = NULL;
  struct sl_buf sql;
  sl_buf_init(&sql, 1 << 20);
  sl_buf_z(&sql, "from quality(");
  sl_fmt_quote(&sql, sl_str(root), '\'');
  sl_buf_z(&sql, ", ");
  sl_fmt_quote(&sql, sl_str(data), '\'');
  sl_buf_z(&sql, ", label => ");
  sl_fmt_quote(&sql, sl_str(k->c->label), '\'');
  sl_buf_ch(&sql, ')');
  int rc = run_sql(k, &sql, NULL, &snap, err);
  rc = rc ? rc : quality_rows(k, snap, err);
  sl_snap_unref(snap);
  sl_buf_free(&sql);
  return rc;
}

int sl_make_quality(struct sl_maker *k, struct sl_err *err)
{
  char *root = NULL, *data = NULL;
  int rc = k->c->label ? SL_OK : sl_err_set(err, SL_ECONFIG, "models: %s: evidence: quality: add label: the column of what was true",
                                            k->m->name);
  rc = rc ? rc : sl_maker_model(k, &root, err);
  rc = rc ? rc : sl_maker_input(k, "data", k->c->data, &data, err);
  rc = rc ? rc : ask_quality(k, root, data, err);
  return refused_or(k, rc, err);
}

/* ---- re-scoring: beside the predictions that were logged ---- */

static bool is_output(const char *name)
{
  return !strcmp(name, "prediction") || (name[0] == 'p' && name[1] >= '0' && name[1] <= '9' && !name[1 + strspn(name + 1, "0123456789")]);
}

/* Columns of a file that are a model's outputs. */
static int outputs_of(struct sl_maker *k, const char *path, const char **out, size_t *n, struct sl_err *err)
{
  struct sl_snap *snap = NULL;
  struct sl_buf sql;
  sl_buf_init(&sql, 1 << 20);
  sl_buf_z(&sql, "select * from ");
  sl_fmt_quote(&sql, sl_str(path), '\'');
  sl_buf_z(&sql, " limit 1");
  int rc = run_sql(k, &sql, NULL, &snap, err);
  const struct sl_schema *s = !rc && snap ? sl_snap_schema(snap) : NULL;
  *n = 0;
  for (size_t i = 0; s && i < sl_schema_count(s) && !rc; i++) {
    const char *name = sl_schema_col(s, i)->name;
    if (!is_output(name) || *n >= COLUMNS_MAX)
      continue;
    out[*n] = sl_arena_strndup(&k->mem, name, strlen(name));
    rc = out[*n] ? SL_OK : sl_err_nomem(err);
    ++*n;
  }
  sl_snap_unref(snap);
  sl_buf_free(&sql);
  return rc;
}

static bool has(const char *const *names, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (!strcmp(names[i], name))
      return true;
  return false;
}

static void put_compare(struct sl_buf *b, const char *ours, const char *theirs, const char *const *cols, size_t n)
{
  sl_buf_z(b, "select (select count(*) from ");
  sl_fmt_quote(b, sl_str(ours), '\'');
  sl_buf_z(b, ")::bigint as n, (select count(*) from ");
  sl_fmt_quote(b, sl_str(theirs), '\'');
  sl_buf_z(b, ")::bigint as logged, count(*) filter (");
  for (size_t i = 0; i < n; i++)
    sl_buf_printf(b, "%s(a.%s is null or b.%s is null)", i ? " or " : "", cols[i], cols[i]);
  sl_buf_z(b, ")::bigint as missing, greatest(");
  for (size_t i = 0; i < n; i++)
    sl_buf_printf(b, "%smax(case when isnan(a.%s::double) and isnan(b.%s::double) then 0 else abs(a.%s::double - b.%s::double) end)",
                  i ? ", " : "", cols[i], cols[i], cols[i], cols[i]);
  sl_buf_z(b, ")::double as diff from ");
  sl_fmt_quote(b, sl_str(ours), '\'');
  sl_buf_z(b, " a positional join ");
  sl_fmt_quote(b, sl_str(theirs), '\'');
  sl_buf_z(b, " b");
}

static int compare_row(struct sl_maker *k, struct sl_snap *snap, struct sl_err *err)
{
  struct sl_batch *b = NULL;
  char why[160];
  int rc = first_row(snap, &b, err);
  if (rc)
    return rc;
  struct sl_val n = sl_maker_cell(b, 0, "n"), logged = sl_maker_cell(b, 0, "logged"), missing = sl_maker_cell(b, 0, "missing");
  struct sl_val diff = sl_maker_cell(b, 0, "diff");
  if (n.null || logged.null || missing.null)
    rc = sl_err_set(err, SL_EPROTO, "the engine counted nothing");
  else if (n.u.i != logged.u.i) {
    snprintf(why, sizeof why, "%lld predictions were logged, the data has %lld rows", (long long)logged.u.i, (long long)n.u.i);
    refuse(k, why, &rc, err);
  } else if (missing.u.i || diff.null) {
    snprintf(why, sizeof why, "%lld of the logged predictions are missing", (long long)missing.u.i);
    refuse(k, why, &rc, err);
  } else {
    rc = sl_maker_fact(k, "max_abs_diff", diff.u.f, err);
    rc = rc ? rc : sl_maker_fact(k, "n", (double)n.u.i, err);
  }
  sl_batch_unref(b);
  return rc;
}

static int compare_files(struct sl_maker *k, const char *ours, struct sl_err *err)
{
  const char *made[COLUMNS_MAX], *logged[COLUMNS_MAX], *both[COLUMNS_MAX];
  size_t nmade = 0, nlogged = 0, n = 0;
  struct sl_snap *snap = NULL;
  struct sl_buf sql;
  int rc = outputs_of(k, ours, made, &nmade, err);
  rc = rc ? rc : outputs_of(k, k->predictions, logged, &nlogged, err);
  for (size_t i = 0; i < nmade; i++)
    if (has(logged, nlogged, made[i]))
      both[n++] = made[i];
  if (!rc && (!n || n != nmade)) {
    refuse(k, "the logged predictions have other columns than prediction, or p0, p1, ...", &rc, err);
    return rc;
  }
  sl_buf_init(&sql, 1 << 20);
  if (!rc) {
    put_compare(&sql, ours, k->predictions, both, n);
    rc = run_sql(k, &sql, NULL, &snap, err);
  }
  rc = rc ? rc : compare_row(k, snap, err);
  sl_snap_unref(snap);
  sl_buf_free(&sql);
  return rc;
}

/* The model's own predictions over the data, in a file of the engine's; beside those that were logged. */
static int ask_scores(struct sl_maker *k, const char *root, const char *data, struct sl_err *err)
{
  struct sl_snap *snap = NULL;
  struct sl_batch *b = NULL;
  struct sl_buf sql;
  sl_buf_init(&sql, 1 << 20);
  sl_buf_z(&sql, "from score(");
  sl_fmt_quote(&sql, sl_str(root), '\'');
  sl_buf_z(&sql, ", ");
  sl_fmt_quote(&sql, sl_str(data), '\'');
  sl_buf_ch(&sql, ')');
  int rc = run_sql(k, &sql, "out.parquet", &snap, err);
  rc = rc ? rc : first_row(snap, &b, err);
  struct sl_val file = rc ? sl_null(SL_TEXT) : sl_maker_cell(b, 0, "file");
  char *path = file.null ? NULL : sl_arena_strndup(&k->mem, file.u.s.p, file.u.s.n);
  if (!rc && !path)
    rc = sl_err_set(err, SL_EPROTO, "the engine named no result");
  sl_batch_unref(b);
  sl_snap_unref(snap);
  sl_buf_free(&sql);
  return rc ? rc : compare_files(k, path, err);
}

/* ---- re-scoring: beside the metrics that were claimed ---- */

static int beside_claims(struct sl_maker *k, struct sl_err *err)
{
  double worst = -1, was = 0;
  struct sl_str whose;
  for (size_t i = 0; i < k->nfacts; i++) {
    const char *name = k->fact[i].name.p;
    if (!strcmp(name, "n") || !sl_evidence_claim(k->run, 0, name, &whose, &was))
      continue;
    double d = fabs(k->fact[i].value - was);
    worst = isnan(d) || isnan(worst) ? NAN : d > worst ? d : worst;
  }
  return worst >= 0 || isnan(worst) ? sl_maker_fact(k, "max_abs_diff", worst, err) : SL_OK;
}

int sl_make_rescore(struct sl_maker *k, struct sl_err *err)
{
  char *root = NULL, *data = NULL;
  int rc = sl_maker_model(k, &root, err);
  rc = rc ? rc : sl_maker_input(k, "data", k->c->data, &data, err);
  if (!rc && !k->predictions && !k->c->label)
    return sl_err_set(err, SL_ECONFIG, "no predictions.parquet was logged with it: add label: below models: %s: evidence: rescore, so that "
                      "its metrics can be recomputed", k->m->name);
  if (!rc && k->predictions)
    rc = ask_scores(k, root, data, err);
  if (!rc && !k->e.refused.n && k->c->label)
    rc = ask_quality(k, root, data, err);
  if (!rc && !k->e.refused.n && !k->predictions)
    rc = beside_claims(k, err);
  return refused_or(k, rc, err);
}
