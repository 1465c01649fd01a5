/* compute/skl_compose.c: estimators made of others: pipelines, unions, transformers by column, and those that only hand on. */
#include <math.h>

#include "compute/skl_int.h"

struct steps { struct skl_est **at; size_t n; };

/* What it answers is what another one answers. */
static void become(struct skl_est *e, const struct skl_est *other)
{
  e->classes = other->classes;
  e->clusters = other->clusters;
  e->values = other->values;
  e->raw = other->raw;
  e->proba = other->proba;
  e->leaves = other->leaves;
  e->points = other->points;
  e->single = other->single;
  e->labels = other->labels;
}

/* "passthrough" and None stand for leaving the columns alone. */
static bool is_nothing(const struct pk *o) { return pk_none(o) || sl_str_eqz(pk_text(o), "passthrough"); }

/* ---- pipelines ---- */

static int load_steps(struct skl_load *l, const struct pk *o, struct skl_est *e, const char *name, struct steps **out)
{
  const struct pk *list = pk_get(o, name);
  size_t n = pk_count(list);
  struct steps *s = *out = e->own = skl_alloc(l, 1, sizeof *s);
  if (!s || !(s->at = skl_alloc(l, n, sizeof *s->at)))
    return skl_fail(l);
  int rc = n ? SL_OK : skl_bad(l, e, "no %s", name);
  for (size_t i = 0; !rc && i < n; i++) {
    const struct pk *est = pk_item(pk_item(list, i), 1);
    if (pk_count(pk_item(list, i)) != 2)
      return skl_bad(l, e, "a step that is none");
    if (is_nothing(est) || sl_str_eqz(pk_text(est), "drop"))
      continue;
    rc = skl_est_load(l, est, &s->at[s->n]);
    s->n += !rc;
  }
  return rc;
}

static int load_pipeline(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct steps *s;
  int rc = load_steps(l, o, e, "steps", &s);
  for (size_t i = 0; !rc && i + 1 < s->n; i++)
    if (!s->at[i]->ops->transform)
      rc = skl_unsup(l, e, "its step %s transforms nothing", s->at[i]->cls);
  const struct pk *list = pk_get(o, "steps"), *last = pk_item(pk_item(list, pk_count(list) - 1), 1);
  if (!rc && s->n && !is_nothing(last))
    become(e, s->at[s->n - 1]);
  e->in = SIZE_MAX; /* its first step counts */
  return rc;
}

/* Through the first n steps; out may be in itself where there are none. */
static int through(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, size_t n, struct skl_block *out)
{
  const struct steps *s = e->own;
  struct skl_block now = *in;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < n; i++) {
    struct skl_block next = { 0 };
    rc = skl_transform(s->at[i], r, &now, &next);
    now = next;
  }
  *out = now;
  return rc;
}

static int pipeline(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  return through(e, r, in, ((const struct steps *)e->own)->n, out);
}

static int predict_pipeline(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  const struct steps *s = e->own;
  struct skl_block made;
  int rc = through(e, r, in, s->n - 1, &made);
  return rc ? rc : skl_predict(s->at[s->n - 1], r, &made, want, out);
}

/* ---- side by side ---- */

static int append(struct skl_run *r, const struct skl_block *in, double weight, struct skl_block *out)
{
  struct skl_block both;
  int rc = skl_out(r, in, out->n + in->n, &both);
  if (rc)
    return rc;
  memcpy(both.col, out->col, out->n * sizeof *both.col);
  memcpy(both.col + out->n, in->col, in->n * sizeof *both.col);
  for (size_t j = out->n; weight != 1 && j < both.n; j++) {
    struct skl_col *c = &both.col[j];
    double *v = skl_room(r, in->rows);
    if (!v || c->type == SKL_TEXT)
      return v ? sl_err_set(r->err, SL_EUSAGE, "column %s is text, and is given a weight", c->name ? c->name : "?") : skl_nomem(r);
    for (size_t i = 0; i < in->rows; i++)
      v[i] = c->type == SKL_F32 ? (double)(float)(c->v[i] * weight) : c->v[i] * weight;
    c->v = v;
  }
  both.sparse = out->sparse;
  *out = both;
  return SL_OK;
}

static int load_union(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  struct steps *s;
  int rc = load_steps(l, o, e, "transformer_list", &s);
  e->in = SIZE_MAX;
  for (size_t i = 0; !rc && i < s->n; i++)
    if (!s->at[i]->ops->transform)
      rc = skl_unsup(l, e, "its part %s transforms nothing", s->at[i]->cls);
  if (!rc && (s->n != pk_count(pk_get(o, "transformer_list")) || !pk_none(pk_get(o, "transformer_weights"))))
    rc = skl_unsup(l, e, "parts that are left out, or weighted");
  return rc;
}

static int join(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  const struct steps *s = e->own;
  int rc = skl_out(r, in, 0, out);
  for (size_t i = 0; !rc && i < s->n; i++) {
    struct skl_block part;
    rc = skl_transform(s->at[i], r, in, &part);
    if (!rc)
      rc = append(r, &part, 1, out);
    out->sparse = out->sparse || (!rc && part.sparse);
  }
  return rc;
}

/* ---- by column ---- */

struct part { struct skl_est *est; size_t *col, n; double weight; };   /* est NULL: as they are */
struct columns { struct part *at; size_t n; bool sparse; };

static bool one_of(const struct pk *names, struct sl_str s, size_t *out)
{
  const struct npy *a = pk_array(names);
  for (size_t i = 0; a && a->type.kind == 'O' && i < a->n; i++)
    if (sl_str_eq(pk_text(pk_item(names, i)), s)) {
      *out = i;
      return true;
    }
  return false;
}

/* One column of a list: its number, its name. */
static bool column_of(const struct pk *o, const struct pk *list, size_t i, size_t features, size_t *out)
{
  const struct npy *a = pk_array(list);
  const struct pk *v = pk_item(list, i);
  int64_t k = -1;
  if (pk_text(v).p)
    return one_of(pk_get(o, "feature_names_in_"), pk_text(v), out);
  if (a && npy_is_number(&a->type))
    k = npy_i64(a, i);
  else if (!pk_i64(v, &k))
    return false;
  k += k < 0 ? (int64_t)features : 0;
  *out = (size_t)k;
  return k >= 0 && (size_t)k < features;
}

/* Since 1.0 each transformer's columns are told as numbers beside the way in which a person named them. */
static int take_columns(struct skl_load *l, const struct skl_est *e, const struct pk *o, const struct pk *triple, struct part *p)
{
  char name[256];
  struct sl_str s = pk_text(pk_item(triple, 0));
  if (!s.p || s.n >= sizeof name || memchr(s.p, 0, s.n))
    return skl_unsup(l, e, "a transformer with an odd name");
  memcpy(name, s.p, s.n);
  name[s.n] = 0;
  const struct pk *told = pk_get(pk_get(o, "_transformer_to_input_indices"), name), *list = told ? told : pk_item(triple, 2);
  const struct npy *a = pk_array(list);
  bool mask = a && a->type.kind == 'b';
  if (!list || (list->kind != PK_LIST && list->kind != PK_TUPLE && !(a && (npy_is_number(&a->type) || a->type.kind == 'O'))))
    return skl_unsup(l, e, "columns of %s that are chosen in a way that is not known here", name);
  size_t n = pk_count(list);
  p->col = skl_alloc(l, n, sizeof *p->col);
  if (!p->col)
    return skl_fail(l);
  for (size_t i = 0; i < n; i++) {
    if (mask && !npy_i64(a, i))
      continue;
    if (mask ? (p->col[p->n] = i) >= e->in : !column_of(o, list, i, e->in, &p->col[p->n]))
      return skl_bad(l, e, "a column of %s that there is not", name);
    p->n++;
  }
  return SL_OK;
}

static int take_part(struct skl_load *l, const struct skl_est *e, const struct pk *o, const struct pk *triple, struct columns *c)
{
  const struct pk *est = pk_item(triple, 1), *weights = pk_get(o, "transformer_weights");
  struct part *p = &c->at[c->n];
  if (pk_count(triple) != 3)
    return skl_bad(l, e, "a transformer that is none");
  if (sl_str_eqz(pk_text(est), "drop"))
    return SL_OK;
  if (!pk_none(weights) && pk_count(weights))
    return skl_unsup(l, e, "its parts are weighted");
  p->weight = 1;
  int rc = take_columns(l, e, o, triple, p);
  if (rc || !p->n)
    return rc;
  if (!is_nothing(est)) {
    rc = skl_est_load(l, est, &p->est);
    if (!rc && !p->est->ops->transform)
      rc = skl_unsup(l, e, "its part %s transforms nothing", p->est->cls);
  }
  c->n++;
  return rc;
}

static int load_columns(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  const struct pk *list = pk_get(o, "transformers_");
  struct columns *c = e->own = skl_alloc(l, 1, sizeof *c);
  size_t n = pk_count(list);
  if (!c || !(c->at = skl_alloc(l, n, sizeof *c->at)))
    return skl_fail(l);
  if (!n || e->in == SIZE_MAX)
    return skl_bad(l, e, "no transformers, or no number of features");
  c->sparse = skl_flag(o, "sparse_output_", false);
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < n; i++)
    rc = take_part(l, e, o, pk_item(list, i), c);
  return rc;
}

static int choose(struct skl_run *r, const struct skl_block *in, const struct part *p, struct skl_block *out)
{
  int rc = skl_out(r, in, p->n, out);
  for (size_t j = 0; !rc && j < p->n; j++)
    out->col[j] = in->col[p->col[j]];
  return rc;
}

static int by_column(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  const struct columns *c = e->own;
  int rc = in->n == e->in ? skl_out(r, in, 0, out)
                          : sl_err_set(r->err, SL_EPARSE, "%s takes %zu columns and is given %zu", e->cls, e->in, in->n);
  for (size_t i = 0; !rc && i < c->n; i++) {
    struct skl_block mine, made;
    rc = choose(r, in, &c->at[i], &mine);
    made = mine;
    if (!rc && c->at[i].est)
      rc = skl_transform(c->at[i].est, r, &mine, &made);
    if (!rc)
      rc = append(r, &made, c->at[i].weight, out);
  }
  out->sparse = c->sparse;
  return rc;
}

/* ---- functions: none, or one that only checks ---- */

static int load_function(struct skl_load *l, const struct pk *o, struct skl_est *e)
{
  const struct pk *f = pk_get(o, "func");
  bool partial = f && f->kind == PK_OBJECT && pk_is_class(f, "functools.partial");
  const struct pk *inner = partial ? pk_item(f->u.o.args, 0) : NULL;
  e->in = SIZE_MAX;
  return pk_none(f) || pk_is_class(inner, "sklearn.utils.validation.check_array") ? SL_OK : skl_unsup(l, e, "a function of its own");
}

static int same(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, struct skl_block *out)
{
  (void)e;
  (void)r;
  *out = *in;
  return SL_OK;
}

/* ---- handing on ---- */

static int load_inner(struct skl_load *l, const struct pk *o, struct skl_est *e, const char *name)
{
  struct skl_est *inner;
  const struct pk *found = pk_get(o, name);
  int rc = found ? skl_est_load(l, found, &inner) : skl_unsup(l, e, "it was not refitted: it holds no %s", name);
  if (rc)
    return rc;
  e->own = inner;
  e->in = SIZE_MAX;
  become(e, inner);
  return inner->ops->predict ? SL_OK : skl_unsup(l, e, "its %s predicts nothing", inner->cls);
}

static int load_search(struct skl_load *l, const struct pk *o, struct skl_est *e) { return load_inner(l, o, e, "best_estimator_"); }
static int load_frozen(struct skl_load *l, const struct pk *o, struct skl_est *e) { return load_inner(l, o, e, "estimator"); }

static int predict_inner(const struct skl_est *e, struct skl_run *r, const struct skl_block *in, enum skl_want want, double *out)
{
  return skl_predict(e->own, r, in, want, out);
}

const struct skl_ops skl_pipeline = { .load = load_pipeline, .transform = pipeline, .predict = predict_pipeline };
const struct skl_ops skl_union = { .load = load_union, .transform = join };
const struct skl_ops skl_columns = { .load = load_columns, .transform = by_column };
const struct skl_ops skl_function = { .load = load_function, .transform = same };
const struct skl_ops skl_search = { .load = load_search, .predict = predict_inner };
const struct skl_ops skl_frozen = { .load = load_frozen, .predict = predict_inner };
