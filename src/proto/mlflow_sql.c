/* proto/mlflow_sql.c: our filters and orders over runs as SQL for MLflow's own schema.
 *
 * A key of a family is a join on its table's primary key (key, run_uuid). A condition that needs the key to be there makes the join an
 * inner one, and the first such join leads: the rows of one metric are read, not all runs. SQL's nulls are our unknown: a missing key, a
 * missing value and NaN all become null. */
#include "proto/mlflow.h"

/* The largest double stands for infinity in a store, and NaN has a flag. 9e999 is SQLite's infinity. */
#define METRIC "CASE WHEN j%zu.is_nan THEN NULL WHEN j%zu.value>=1.7976931348623157e308 THEN 9e999 " \
  "WHEN j%zu.value<=-1.7976931348623157e308 THEN -9e999 ELSE j%zu.value END"

static const struct { const char *name, *sql; } columns[] = {
  { "id", "r.run_uuid" },
  { "name", "nullif(r.name,'')" },
  { "experiment", "e.name" },
  { "state", "CASE r.status WHEN 'FINISHED' THEN 'ok' WHEN 'RUNNING' THEN 'running' WHEN 'FAILED' THEN 'failed' "
    "WHEN 'KILLED' THEN 'stopped' WHEN 'SCHEDULED' THEN 'pending' ELSE 'unknown' END" },
  { "started", "r.start_time" },
  { "ended", "r.end_time" },
  { "user", "nullif(r.user_id,'')" },
  { "native", "r.status" },
  { "lifecycle", "r.lifecycle_stage" },
  { "artifacts", "r.artifact_uri" },
};

void sl_mlflow_sql_init(struct sl_mlflow_sql *q, sl_ms now)
{
  q->narg = q->njoin = 0;
  q->now = now;
  sl_buf_init(&q->from, 0);
  sl_buf_init(&q->where, 0);
  sl_buf_init(&q->order, 0);
}

void sl_mlflow_sql_free(struct sl_mlflow_sql *q)
{
  sl_buf_free(&q->from);
  sl_buf_free(&q->where);
  sl_buf_free(&q->order);
}

unsigned sl_mlflow_sql_arg(struct sl_mlflow_sql *q, struct sl_val v)
{
  if (q->narg == SL_MLFLOW_ARGS)
    return 0;
  q->arg[q->narg] = v;
  return (unsigned)++q->narg;
}

/* ---- names ---- */

static char family_of(struct sl_str col)
{
  return sl_str_eqz(col, "metrics") ? 'm' : sl_str_eqz(col, "params") ? 'p' : sl_str_eqz(col, "tags") ? 't' : 0;
}

/* The join that brings this key; -1: too many. */
static int join_of(struct sl_mlflow_sql *q, const struct sl_name *n, bool inner)
{
  char family = family_of(n->col);
  for (size_t i = 0; i < q->njoin; i++)
    if (q->join[i].family == family && sl_str_eq(q->join[i].key, n->key)) {
      q->join[i].inner |= inner;
      return (int)i;
    }
  if (q->njoin == SL_MLFLOW_JOINS)
    return -1;
  q->join[q->njoin] = (struct sl_mlflow_join){ .family = family, .key = n->key, .inner = inner };
  return (int)q->njoin++;
}

static bool put_duration(struct sl_mlflow_sql *q, struct sl_buf *b)
{
  unsigned now = sl_mlflow_sql_arg(q, sl_vi(q->now));
  sl_buf_printf(b, "((CASE WHEN r.end_time IS NOT NULL THEN r.end_time WHEN r.status='RUNNING' THEN ?%u END)-r.start_time)/1000.0", now);
  return now > 0;
}

/* The value of a column or key as an expression; false: cannot be said. */
static bool put_name(struct sl_mlflow_sql *q, struct sl_buf *b, const struct sl_name *n, bool inner)
{
  if (n->key.p) {
    int j = family_of(n->col) ? join_of(q, n, inner) : -1;
    size_t i = (size_t)j;
    if (j < 0)
      return false;
    if (q->join[i].family == 'm')
      sl_buf_printf(b, METRIC, i, i, i, i);
    else
      sl_buf_printf(b, "j%zu.value", i);
    return true;
  }
  if (sl_str_eqz(n->col, "duration_s"))
    return put_duration(q, b);
  for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
    if (sl_str_eqz(n->col, columns[i].name)) {
      sl_buf_z(b, columns[i].sql);
      return true;
    }
  return false;
}

/* ---- conditions ---- */

static bool is_text(enum sl_type t)
{
  return t == SL_TEXT || t == SL_STATE || t == SL_URI || t == SL_REF || t == SL_FAMILY_TEXT;
}

/* A text beside an unquoted number compares as a number here and there: no SQL says that. */
static bool put_lit(struct sl_mlflow_sql *q, struct sl_buf *b, const struct sl_lit *l, const struct sl_col *col)
{
  struct sl_val v;
  if (!sl_lit_value(l, col, &v) || v.null || is_text(v.type) != is_text(col->type))
    return false;
  unsigned n = sl_mlflow_sql_arg(q, v);
  sl_buf_printf(b, "?%u", n);
  return n > 0;
}

static const char *sign_of(enum sl_filter_op op)
{
  switch (op) {
  case SL_F_EQ: return "=";
  case SL_F_NE: return "<>";
  case SL_F_LT: return "<";
  case SL_F_LE: return "<=";
  case SL_F_GT: return ">";
  case SL_F_GE: return ">=";
  case SL_F_IN: return " IN ";
  default: return NULL;
  }
}

static bool put_null(struct sl_mlflow_sql *q, struct sl_buf *b, const struct sl_filter_node *n)
{
  const char *is = n->op == SL_F_NULL ? " IS NULL" : " IS NOT NULL";
  if (n->name.key.p && family_of(n->name.col) == 'm') { /* NaN is a value */
    int j = join_of(q, &n->name, false);
    sl_buf_printf(b, "j%d.run_uuid%s", j, is);
    return j >= 0;
  }
  sl_buf_ch(b, '(');
  bool ok = put_name(q, b, &n->name, false);
  sl_buf_ch(b, ')');
  sl_buf_z(b, is);
  return ok;
}

static bool put_leaf(struct sl_mlflow_sql *q, struct sl_buf *b, const struct sl_filter_node *n, const struct sl_schema *s, bool top)
{
  int at = sl_schema_find(s, n->name.col);
  const char *sign = sign_of(n->op);
  if (n->op == SL_F_NULL || n->op == SL_F_NOTNULL)
    return at >= 0 && put_null(q, b, n);
  if (at < 0 || !sign || !n->nlits || n->re)
    return false;
  sl_buf_z(b, "((");
  bool ok = put_name(q, b, &n->name, top);
  sl_buf_printf(b, ")%s%s", sign, n->op == SL_F_IN ? "(" : "");
  for (size_t i = 0; ok && i < n->nlits; i++) {
    sl_buf_z(b, i ? "," : "");
    ok = put_lit(q, b, &n->lits[i], sl_schema_col(s, (size_t)at));
  }
  sl_buf_z(b, n->op == SL_F_IN ? "))" : ")");
  return ok;
}

static bool put_node(struct sl_mlflow_sql *q, struct sl_buf *b, const struct sl_filter_node *n, const struct sl_schema *s, bool top)
{
  if (n->op != SL_F_AND && n->op != SL_F_OR && n->op != SL_F_NOT)
    return put_leaf(q, b, n, s, top);
  sl_buf_z(b, n->op == SL_F_NOT ? "(NOT " : "(");
  bool ok = put_node(q, b, n->a, s, false);
  if (ok && n->op != SL_F_NOT) {
    sl_buf_z(b, n->op == SL_F_AND ? " AND " : " OR ");
    ok = put_node(q, b, n->b, s, false);
  }
  sl_buf_ch(b, ')');
  return ok;
}

/* Each conjunct by itself: those that cannot be said are left out, with the arguments and joins that they had begun. */
static bool put_conjunct(struct sl_mlflow_sql *q, const struct sl_filter_node *n, const struct sl_schema *s)
{
  if (n->op == SL_F_AND) {
    bool a = put_conjunct(q, n->a, s), b = put_conjunct(q, n->b, s);
    return a && b;
  }
  size_t at = q->where.n, narg = q->narg, njoin = q->njoin;
  bool inner[SL_MLFLOW_JOINS];
  for (size_t i = 0; i < njoin; i++)
    inner[i] = q->join[i].inner;
  sl_buf_z(&q->where, " AND ");
  if (put_node(q, &q->where, n, s, true))
    return true;
  sl_buf_cut(&q->where, at);
  q->narg = narg;
  q->njoin = njoin;
  for (size_t i = 0; i < njoin; i++)
    q->join[i].inner = inner[i];
  return false;
}

bool sl_mlflow_sql_where(struct sl_mlflow_sql *q, const struct sl_filter *f, const struct sl_schema *s)
{
  return !f || put_conjunct(q, sl_filter_root(f), s);
}

/* ---- order ---- */

static bool put_order(struct sl_mlflow_sql *q, struct sl_buf *b, const struct sl_order_key *k)
{
  const char *dir = k->desc ? " DESC" : "";
  if (sl_str_eqz(k->name.col, "connection") && !k->name.key.p)
    return true; /* all the same */
  if (sl_str_eqz(k->name.col, "ref") && !k->name.key.p) {
    sl_buf_printf(b, "r.run_uuid%s,", dir);
    return true;
  }
  if (k->name.key.p && family_of(k->name.col) == 'm') { /* numbers, NaN, missing: in this order whichever way */
    int j = join_of(q, &k->name, false);
    if (j >= 0)
      sl_buf_printf(b, "CASE WHEN j%d.is_nan THEN 1 WHEN j%d.run_uuid IS NULL THEN 2 ELSE 0 END,", j, j);
  }
  bool ok = put_name(q, b, &k->name, false);
  sl_buf_printf(b, "%s NULLS LAST,", dir);
  return ok;
}

bool sl_mlflow_sql_order(struct sl_mlflow_sql *q, const struct sl_order *o)
{
  size_t narg = q->narg, njoin = q->njoin;
  bool ok = true;
  sl_buf_z(&q->order, " ORDER BY ");
  for (size_t i = 0; o && ok && i < sl_order_count(o); i++)
    ok = put_order(q, &q->order, sl_order_key(o, i));
  sl_buf_z(&q->order, "r.run_uuid");
  if (!ok) {
    sl_buf_clear(&q->order);
    q->narg = narg;
    q->njoin = njoin;
  }
  return ok;
}

/* ---- the whole ---- */

static const char *table_of(char family)
{
  return family == 'm' ? "latest_metrics" : family == 'p' ? "params" : "tags";
}

/* CROSS JOIN is SQLite's word for "in this order": the leading metric, then its run. */
static void put_joins(struct sl_buf *b, const struct sl_mlflow_sql *q, size_t lead, size_t first_arg)
{
  for (size_t i = 0; i < q->njoin; i++) {
    const struct sl_mlflow_join *j = &q->join[i];
    if (i != lead)
      sl_buf_printf(b, " %s JOIN %s j%zu ON j%zu.key=?%zu AND j%zu.run_uuid=r.run_uuid", j->inner ? "CROSS" : "LEFT", table_of(j->family),
                    i, i, first_arg + i, i);
  }
}

int sl_mlflow_sql_text(const struct sl_mlflow_sql *q, const char *cols, struct sl_buf *out, struct sl_err *err)
{
  size_t lead = 0, first_arg = q->narg + 1;
  while (lead < q->njoin && !q->join[lead].inner)
    lead++;
  sl_buf_printf(out, "SELECT %s FROM ", cols);
  if (lead < q->njoin)
    sl_buf_printf(out, "%s j%zu CROSS JOIN runs r ON r.run_uuid=j%zu.run_uuid", table_of(q->join[lead].family), lead, lead);
  else
    sl_buf_z(out, "runs r");
  sl_buf_z(out, " CROSS JOIN experiments e ON e.experiment_id=r.experiment_id");
  put_joins(out, q, lead, first_arg);
  sl_buf_z(out, " WHERE 1");
  if (lead < q->njoin)
    sl_buf_printf(out, " AND j%zu.key=?%zu", lead, first_arg + lead);
  sl_buf_str(out, sl_buf_view(&q->where));
  sl_buf_str(out, sl_buf_view(&q->order));
  int rc = sl_buf_check(&q->where, err);
  rc = rc ? rc : sl_buf_check(&q->order, err);
  return rc ? rc : sl_buf_check(out, err);
}
