/* compute/skl_wrap.c: scikit-learn's wrappers of XGBoost and LightGBM: their files hold the library's own model, which is read as such.
 *
 * A file that is nothing else becomes that model, to the bit, categories and names included. Within a pipeline it takes the columns that
 * come to it, as numbers. */
#include <math.h>

#include "compute/skl_int.h"

static bool is_module(const struct pk *o, const char *package)
{
  size_t n = strlen(package);
  const struct pk *c = o && o->kind == PK_OBJECT ? o->u.o.cls : NULL;
  return c && sl_str_starts(c->u.cls.module, sl_str(package)) && (c->u.cls.module.n == n || c->u.cls.module.p[n] == '.');
}

static bool ends(const struct pk *o, const char *tail) { return sl_str_ends(o->u.o.cls->u.cls.name, sl_str(tail)); }

static enum sl_model_wrapper wrapper_of(const struct pk *o)
{
  return ends(o, "Classifier") ? SL_MODEL_CLASSIFIER : ends(o, "Booster") ? SL_MODEL_BOOSTER : SL_MODEL_REGRESSOR;
}

static struct sl_str bytes_of(const struct pk *booster)
{
  const struct pk *h = pk_get(booster, "_handle");
  h = h ? h : pk_get(booster, "handle");
  return h && (h->kind == PK_BYTES || h->kind == PK_TEXT) ? h->u.s : SL_STR_NONE;
}

bool skl_native_of(const struct pk *o, struct skl_native *out)
{
  bool x = is_module(o, "xgboost"), g = is_module(o, "lightgbm");
  int64_t best;
  *out = (struct skl_native){ .rounds = SIZE_MAX, .missing = (double)NAN };
  if (!x && !g)
    return false;
  const struct pk *booster = ends(o, "Booster") ? o : pk_get(o, "_Booster");
  out->bytes = bytes_of(booster);
  out->wrapper = wrapper_of(o);
  (void)pk_f64(pk_get(o, "missing"), &out->missing);
  if (g && pk_i64(pk_get(booster, "best_iteration"), &best) && best > 0)
    out->rounds = (size_t)best;
  const struct pk *le = pk_get(o, "_le");
  out->classes = out->wrapper == SL_MODEL_CLASSIFIER && g ? pk_get(le, "classes_") : NULL;
  return true;
}

/* A LightGBM that was pickled holds every round; its wrapper predicts with the best ones. */
static int cut(struct sl_model *m, size_t rounds, struct sl_err *err)
{
  size_t per = m->groups ? m->groups : 1;
  if (!m->lgb || rounds >= m->lgb->ntrees / per)
    return SL_OK;
  m->lgb->ntrees = rounds * per;
  m->trees = m->lgb->ntrees;
  tree_free(m->lgb->engine); /* it was made for all of them */
  m->lgb->engine = NULL;
  return lgb_engine(m, err);
}

/* ---- the file of a wrapper itself ---- */

static int take_named(struct sl_model *m, const struct pk *classes, struct sl_err *err)
{
  struct skl s = { .root = NULL };
  struct skl_est e = { .cls = m->objective ? m->objective : "" };
  struct skl_load l = { .s = &s, .m = m, .file = m->file, .err = err };
  sl_arena_init(&s.mem, 64 << 20);
  int rc = pk_none(classes) ? SL_OK : skl_labels_load(&l, &e, classes);
  if (!rc)
    rc = skl_name_classes(m, &e.labels, err);
  sl_arena_free(&s.mem);
  return rc;
}

int skl_native_read(struct sl_model *m, const struct skl_native *n, struct sl_err *err)
{
  if (!n->bytes.n)
    return sl_err_set(err, SL_EUNSUP, "%s: its pickle holds no model of the library's own", m->file);
  m->wrapper = n->wrapper;
  int rc = model_read(m, n->bytes, err);
  if (!rc)
    rc = cut(m, n->rounds, err);
  return rc ? rc : take_named(m, n->classes, err);
}

/* ---- within a pipeline ---- */

struct wrapped { struct sl_model *m; double missing; bool single; };

static int load(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct skl_native n;
  struct sl_model_shape s;
  struct wrapped *w = e->own = skl_alloc(l, 1, sizeof *w);
  int rc = !w ? skl_fail(l) : skl_native_of(o, &n) && n.bytes.n ? SL_OK : skl_bad(l, e, "it holds no model of the library's own");
  if (!rc)
    rc = skl_inner_load(l, n.bytes, n.wrapper, &w->m);
  if (!rc)
    rc = cut(w->m, n.rounds, l->err);
  if (!rc && !pk_none(n.classes))
    rc = skl_labels_load(l, e, n.classes);
  if (rc)
    return rc;
  w->missing = n.missing;
  e->in = w->m->features;
  e->classes = n.wrapper == SL_MODEL_CLASSIFIER ? w->m->classes : 0;
  if (e->labels.n && e->labels.n != e->classes)
    return skl_bad(l, e, "other classes than its model has");
  if (n.wrapper == SL_MODEL_CLASSIFIER && !e->classes)
    return skl_unsup(l, e, "several labels at once");
  rc = sl_model_shape(w->m, SL_MODEL_PREDICT, &s, l->err);
  e->values = rc ? 0 : s.width;
  e->raw = rc || sl_model_shape(w->m, SL_MODEL_RAW, &s, NULL) ? 0 : s.width;
  e->proba = e->classes && !rc && !sl_model_shape(w->m, SL_MODEL_PROBABILITY, &s, NULL) ? e->classes : 0;
  w->single = e->single = s.type == SL_COLUMN_F32 || w->m->xgb;
  return rc;
}

static int columns(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct sl_column *c)
{
  const struct wrapped *w = e->own;
  for (size_t j = 0; j < in->n; j++) {
    double *v = skl_room(r, in->rows);
    if (!v)
      return skl_nomem(r);
    for (size_t i = 0; i < in->rows; i++)
      v[i] = (float)in->col[j].v[i] == (float)w->missing ? (double)NAN : in->col[j].v[i]; /* XGBoost's, which compares its floats */
    c[j] = (struct sl_column){ .type = SL_COLUMN_F64, .n = in->rows, .cap = in->rows, .v.f64 = v };
  }
  return SL_OK;
}

static double at(const void *v, enum sl_column_type t, size_t i)
{
  return t == SL_COLUMN_F32 ? (double)((const float *)v)[i] : t == SL_COLUMN_I64 ? (double)((const int64_t *)v)[i] : ((const double *)v)[i];
}

static void answer(const struct skl_est *e, const struct sl_model_shape *s, const void *v, size_t rows, enum skl_want want, double *out)
{
  bool pair = want == SKL_PROBA && s->width == 1;
  for (size_t i = 0; i < rows * s->width; i++)
    if (!pair)
      out[i] = at(v, s->type, i);
    else {
      double p = at(v, s->type, i);
      out[2 * i] = e->single ? (double)(1.0f - (float)p) : 1 - p;
      out[2 * i + 1] = p;
    }
}

static int run(const struct skl_est *e, struct skl_run *r, const struct sl_column *const *col, size_t rows, enum skl_want want, double *out)
{
  const struct wrapped *w = e->own;
  enum sl_model_output what = want == SKL_RAW ? SL_MODEL_RAW : want == SKL_PROBA ? SL_MODEL_PROBABILITY : SL_MODEL_PREDICT;
  struct sl_model_shape s;
  struct sl_model_bind *b = NULL;
  int rc = sl_model_shape(w->m, what, &s, r->err);
  void *v = rc ? NULL : skl_room(r, rows * s.width);
  if (!rc)
    rc = v ? sl_model_bind(&b, w->m, col, r->err) : skl_nomem(r);
  if (!rc)
    rc = sl_model_bind_rows(b, r->err);
  if (!rc)
    rc = sl_model_predict(b, what, 0, rows, v, r->err);
  if (!rc)
    answer(e, &s, v, rows, want, out);
  sl_model_bind_free(b);
  return rc;
}

static int predict(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  enum skl_type type;
  int rc = skl_check(e, r, in, SKL_ANY, &type);
  struct sl_column *c = rc ? NULL : sl_arena_alloc(r->mem, (in->n + 1) * sizeof *c);
  const struct sl_column **ptr = rc ? NULL : sl_arena_alloc(r->mem, (in->n + 1) * sizeof *ptr);
  if (rc)
    return rc;
  rc = c && ptr ? columns(e, r, in, c) : skl_nomem(r);
  for (size_t j = 0; !rc && j < in->n; j++)
    ptr[j] = &c[j];
  return rc ? rc : run(e, r, ptr, in->rows, want, out);
}

const struct skl_ops skl_wrapped = { .load = load, .predict = predict };
