/* box/drift_past.c: one baseline, and partitions one after the other, from the oldest to the newest: a row a partition, feature and test.
 *
 * By values: a column of the baseline is read and sorted once, then that column of each partition, so that memory is what two columns need
 * and each value is read once. Where the baseline is a file of sketches, a partition after the other is sketched. What cannot be read is a
 * row of its own, and the rest goes on.
 *
 * {"baseline":SQL,"tests":..,"profile":..,"need":M,"of":N,"partitions":[{"name":..,"sql":SQL} or {"name":..,"missing":true} or
 * {"name":..,"unread":WHY}]}. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "box/drift_int.h"
#include "box/drift_sketch.h"

enum { PARTITIONS_MAX = 400, FEATURES_MAX = 1 << 20, OF_MAX = 64, FLUSH_MS = 100 };
enum { P_PARTITION, P_FEATURE, P_KIND, P_TEST, P_DEFINITION, P_STATISTIC, P_P, P_THRESHOLD, P_DRIFTED, P_ROWS, P_RECENT, P_OF,
       P_ALARM, P_SINCE, P_CHOSEN, P_CHANCE, P_BASELINE, P_N, P_MISSING, P_INFINITE, P_BACK, P_NOTE };

/* As the resource `drift_history` and its backend's own columns have them; only order and types count here. */
static const struct sl_col cols[] = {
  { .name = "partition", .type = SL_TEXT }, { .name = "feature", .type = SL_TEXT }, { .name = "kind", .type = SL_TEXT },
  { .name = "test", .type = SL_TEXT }, { .name = "definition", .type = SL_TEXT }, { .name = "statistic", .type = SL_F64 },
  { .name = "p_value", .type = SL_F64 }, { .name = "threshold", .type = SL_F64 }, { .name = "drifted", .type = SL_BOOL },
  { .name = "rows", .type = SL_I64 }, { .name = "recent", .type = SL_I64 }, { .name = "of", .type = SL_I64 },
  { .name = "alarm", .type = SL_BOOL }, { .name = "since", .type = SL_TEXT }, { .name = "chosen", .type = SL_BOOL },
  { .name = "chance", .type = SL_F64 }, { .name = "n_baseline", .type = SL_I64 },
  { .name = "n_current", .type = SL_I64 }, { .name = "missing_current", .type = SL_I64 },
  { .name = "infinite_current", .type = SL_I64 }, { .name = "back", .type = SL_I64 }, { .name = "note", .type = SL_TEXT },
};

struct part {
  const char *name, *sql;
  char why[200];               /* "": it can be read */
  bool missing, told;
  struct drift_side side;
};
/* What became of a feature up to the partition before: bit 0 is the last one. */
struct strip { uint64_t hash, bits; unsigned seen; const char *since; };
struct past {
  struct drift *w;
  struct part *part; size_t n;
  unsigned need, of;
  struct strip *strip; size_t nstrips, cap, hint;
  struct sl_schema *schema;
  struct sl_batch *batch;
  uint64_t rows;
  int64_t flushed;             /* ms */
};

static int64_t now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- rows ---- */

static int flush(struct past *p, struct sl_err *err)
{
  int rc = p->batch ? box_rows(p->w->c, p->batch, err) : SL_OK;
  sl_batch_unref(p->batch);
  p->batch = NULL;
  p->flushed = now_ms();
  return rc;
}

static int row(struct past *p, const struct part *at, struct sl_err *err)
{
  char id[24];
  int rc = p->batch && sl_batch_full(p->batch) ? flush(p, err) : SL_OK;
  if (!rc && !p->batch)
    rc = sl_batch_new(&p->batch, p->schema, err);
  if (rc)
    return rc;
  int n = snprintf(id, sizeof id, "%llu", (unsigned long long)++p->rows);
  sl_batch_row(p->batch, SL_PUT, sl_strn(id, (size_t)n));
  sl_batch_set(p->batch, P_PARTITION, sl_vz(at->name));
  sl_batch_set(p->batch, P_BACK, sl_vi((int64_t)(p->n - 1 - (size_t)(at - p->part))));
  return SL_OK;
}

/* Once: that there is nothing to compare here. */
static int tell(struct past *p, struct part *at, struct sl_err *err)
{
  int rc = at->told ? SL_OK : row(p, at, err);
  if (rc || at->told)
    return rc;
  at->told = true;
  sl_batch_set(p->batch, P_TEST, sl_vz(at->missing ? "missing" : "unread"));
  if (!at->missing)
    sl_batch_set(p->batch, P_NOTE, sl_vz(at->why));
  return SL_OK;
}

/* The bits of the last `of` partitions. */
static unsigned recent(const struct past *p, const struct strip *s)
{
  unsigned of = s->seen < p->of ? s->seen : p->of, n = 0;
  for (unsigned i = 0; i < of; i++)
    n += (unsigned)(s->bits >> i & 1);
  return n;
}

static int put(struct past *p, const struct part *at, const struct drift_held *h, const struct strip *s, struct sl_err *err)
{
  int rc = row(p, at, err);
  struct sl_batch *b = p->batch;
  if (rc)
    return rc;
  sl_batch_set_text(b, P_FEATURE, h->feature);
  sl_batch_set_text(b, P_KIND, h->kind);
  sl_batch_set_text(b, P_TEST, h->test);
  sl_batch_set_text(b, P_DEFINITION, h->tool);
  sl_batch_set_number(b, P_STATISTIC, h->statistic);
  sl_batch_set_number(b, P_P, h->p);
  sl_batch_set_number(b, P_THRESHOLD, h->threshold);
  sl_batch_set_number(b, P_CHANCE, h->chance);
  if (h->drifted >= 0)
    sl_batch_set(b, P_DRIFTED, sl_vb(h->drifted));
  if (h->chosen >= 0)
    sl_batch_set(b, P_CHOSEN, sl_vb(h->chosen));
  sl_batch_set(b, P_ROWS, sl_vi(at->side.rows));
  sl_batch_set(b, P_RECENT, sl_vi(recent(p, s)));
  sl_batch_set(b, P_OF, sl_vi(s->seen < p->of ? s->seen : p->of));
  sl_batch_set(b, P_ALARM, sl_vb((s->bits & 1) && recent(p, s) >= p->need));
  sl_batch_set_text(b, P_SINCE, s->since);
  sl_batch_set(b, P_BASELINE, sl_vi((int64_t)h->n[0]));
  sl_batch_set(b, P_N, sl_vi((int64_t)h->n[1]));
  sl_batch_set(b, P_MISSING, sl_vi(h->missing[1]));
  sl_batch_set(b, P_INFINITE, sl_vi(h->infinite[1]));
  sl_batch_set_text(b, P_NOTE, h->note);
  return SL_OK;
}

/* ---- features over time ---- */

/* It is looked for from the last one on: by values the same feature comes partition after partition, by sketches the next one does. */
static int strip_of(struct past *p, const char *feature, struct strip **out, struct sl_err *err)
{
  uint64_t hash = sl_str_hash(sl_str(feature));
  for (size_t i = 0; i < p->nstrips; i++) {
    struct strip *s = &p->strip[(p->hint + i) % p->nstrips];
    if (s->hash == hash) {
      p->hint = (size_t)(s - p->strip);
      *out = s;
      return SL_OK;
    }
  }
  int rc = sl_grow((void **)&p->strip, &p->cap, p->nstrips + 1, sizeof *p->strip, FEATURES_MAX, err);
  if (rc)
    return rc;
  p->strip[p->nstrips] = (struct strip){ .hash = hash };
  *out = &p->strip[p->nstrips++];
  return SL_OK;
}

/* Rows of one feature that were held: all of them know whether it drifted here. */
static int feature_rows(struct past *p, const struct part *at, const struct drift_held *h, size_t n, struct sl_err *err)
{
  struct strip *s = NULL;
  bool bad = false;
  int rc = strip_of(p, h->feature, &s, err);
  for (size_t i = 0; i < n; i++)
    bad = bad || (h[i].chosen > 0 && h[i].drifted > 0);
  if (rc)
    return rc;
  s->bits = s->bits << 1 | bad;
  s->seen += s->seen < OF_MAX;
  s->since = !bad ? NULL : s->since ? s->since : at->name;
  for (size_t i = 0; i < n && !rc; i++)
    rc = put(p, at, &h[i], s, err);
  return rc;
}

static int take(struct past *p, const struct part *at, struct sl_err *err)
{
  struct drift_rows *o = &p->w->out;
  int rc = SL_OK;
  for (size_t i = 0, n; i < o->nheld && !rc; i += n) {
    for (n = 1; i + n < o->nheld && !strcmp(o->held[i].feature, o->held[i + n].feature);)
      n++;
    rc = feature_rows(p, at, &o->held[i], n, err);
  }
  drift_rows_forget(o);
  return rc || now_ms() - p->flushed < FLUSH_MS ? rc : flush(p, err);
}

/* What is wrong with one partition is no reason to stop; what is wrong with this process is. */
static int survive(struct past *p, struct part *at, int rc, struct sl_err *err)
{
  if (rc != SL_EPARSE && rc != SL_ENOENT && rc != SL_EUNSUP && rc != SL_EDENIED && rc != SL_EIO && rc != SL_EUSAGE)
    return rc;
  snprintf(at->why, sizeof at->why, "%.199s", err && err->msg[0] ? err->msg : "cannot be read");
  if (err)
    *err = (struct sl_err){ 0 };
  drift_rows_forget(&p->w->out);
  return tell(p, at, err);
}

/* ---- by values ---- */

static int column_of(struct past *p, struct part *at, const struct drift_col *base, const char *name, struct sl_err *err)
{
  struct drift *w = p->w;
  const struct drift_col *now = drift_find(&at->side, name);
  if (at->told || (!base && !now))
    return SL_OK;
  w->side[1] = at->side;
  int rc = base && now ? drift_compare_one(w, base, now, err) : drift_only_one(w, base ? base : now, base ? 0 : 1, err);
  w->side[1] = (struct drift_side){ .col = NULL };
  return rc ? survive(p, at, rc, err) : take(p, at, err);
}

/* New columns, each where it is seen first. */
static bool seen_before(const struct past *p, size_t i, const char *name)
{
  if (drift_find(&p->w->side[0], name))
    return true;
  for (size_t k = 0; k < i; k++)
    if (drift_find(&p->part[k].side, name))
      return true;
  return false;
}

static int all_values(struct past *p, struct sl_err *err)
{
  const struct drift_side *base = &p->w->side[0];
  int rc = SL_OK;
  for (size_t c = 0; c < base->n && !rc; c++)
    for (size_t i = 0; i < p->n && !rc; i++) {
      box_progress(p->w->c, c * p->n + i, base->n * p->n);
      rc = column_of(p, &p->part[i], &base->col[c], base->col[c].name, err);
    }
  for (size_t i = 0; i < p->n && !rc; i++)
    for (size_t c = 0; c < p->part[i].side.n && !rc; c++)
      for (size_t k = i; k < p->n && !rc && !seen_before(p, i, p->part[i].side.col[c].name); k++)
        rc = column_of(p, &p->part[k], NULL, p->part[i].side.col[c].name, err);
  return rc;
}

/* Opened first, so that what is not there is said first. */
static int open_part(struct past *p, struct part *at, struct sl_err *err)
{
  struct drift *w = p->w;
  w->side[1] = (struct drift_side){ .col = NULL };
  snprintf(w->side[1].table, sizeof w->side[1].table, "sluice_part_%zu", (size_t)(at - p->part));
  int rc = drift_side_open(w, 1, at->sql, "", err);
  at->side = w->side[1];
  w->side[1] = (struct drift_side){ .col = NULL };
  return rc ? survive(p, at, rc, err) : SL_OK;
}

static int by_values(struct past *p, const char *baseline, struct sl_err *err)
{
  int rc = drift_side_open(p->w, 0, baseline, "baseline", err);
  for (size_t i = 0; i < p->n && !rc; i++)
    rc = p->part[i].sql ? open_part(p, &p->part[i], err) : tell(p, &p->part[i], err);
  rc = rc ? rc : flush(p, err);
  p->w->again = true;
  return rc ? rc : all_values(p, err);
}

/* ---- by sketches ---- */

static int sketch_part(struct past *p, const struct sl_sketches *base, struct part *at, struct sl_err *err)
{
  struct sl_sketches now = { .at = NULL };
  struct drift *w = p->w;
  int rc = sketch_file_load(w->c, w->conn, at->sql, false, &now, err);
  at->side.rows = rc ? 0 : (int64_t)now.rows;
  rc = rc ? rc : drift_sketch_compare(&w->out, base, &now, err);
  sl_sketches_free(&now);
  return rc ? survive(p, at, rc, err) : take(p, at, err);
}

static int by_sketches(struct past *p, const char *baseline, struct sl_err *err)
{
  struct sl_sketches base = { .at = NULL };
  int rc = sketch_file_load(p->w->c, p->w->conn, baseline, false, &base, err);
  if (rc && err && rc != SL_ENOMEM)
    sl_err_prefix(err, "baseline");
  for (size_t i = 0; i < p->n && !rc; i++) {
    box_progress(p->w->c, i, p->n);
    rc = p->part[i].sql ? sketch_part(p, &base, &p->part[i], err) : tell(p, &p->part[i], err);
  }
  sl_sketches_free(&base);
  return rc;
}

/* ---- start ---- */

static int parts_of(struct past *p, const json_t *args, struct sl_err *err)
{
  const json_t *list = json_object_get(args, "partitions"), *one;
  int64_t need = 1, of = 1;
  size_t i;
  if (!json_is_array(list) || json_array_size(list) > PARTITIONS_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d partitions", PARTITIONS_MAX);
  p->part = sl_calloc(json_array_size(list) + 1, sizeof *p->part);
  if (!p->part)
    return sl_err_nomem(err);
  json_array_foreach(list, i, one) {
    const char *name = json_string_value(json_object_get(one, "name")), *why = json_string_value(json_object_get(one, "unread"));
    struct part *at = &p->part[p->n++];
    at->name = name ? name : "";
    at->sql = json_string_value(json_object_get(one, "sql"));
    at->missing = json_is_true(json_object_get(one, "missing"));
    snprintf(at->why, sizeof at->why, "%s", why ? why : at->sql || at->missing ? "" : "cannot be read");
  }
  (void)sl_json_i64(args, "need", &need);
  (void)sl_json_i64(args, "of", &of);
  p->of = of < 1 ? 1 : of > OF_MAX ? OF_MAX : (unsigned)of;
  p->need = need < 1 ? 1 : need > p->of ? p->of : (unsigned)need;
  return SL_OK;
}

int drift_past_run(struct drift *w, const json_t *args, struct sl_err *err)
{
  struct past p = { .w = w, .flushed = now_ms() };
  struct drift_sink to = drift_sink_of(w->c);
  const char *baseline = json_string_value(json_object_get(args, "baseline"));
  int rc = parts_of(&p, args, err);
  rc = rc ? rc : drift_rows_begin(&w->out, &to, sl_json_str(args, "tests"), sl_json_str(args, "profile"), err);
  w->out.one_opinion = true;
  if (!rc && w->out.pca)
    rc = sl_err_set(err, SL_EUSAGE, "pca compares two data sets; a history has no row of it");
  rc = rc ? rc : sl_schema_new(&p.schema, cols, sizeof cols / sizeof cols[0], NULL, 0, err);
  rc = rc ? rc : box_head(w->c, p.schema, -1, err);
  baseline = baseline ? baseline : "";
  if (!rc)
    rc = sketch_file_is(sl_str(baseline)) ? by_sketches(&p, baseline, err) : by_values(&p, baseline, err);
  rc = rc ? rc : flush(&p, err);
  for (size_t i = 0; i < p.n; i++)
    drift_side_free(&p.part[i].side);
  sl_batch_unref(p.batch);
  sl_schema_unref(p.schema);
  sl_free(p.strip);
  sl_free(p.part);
  return rc;
}
