/* backends/mlflow/rows.c: what a row of each resource holds, whoever answers: the store or a server. */
#include <stdio.h>

#include "backend_mlflow/mlflow_int.h"
#include "base/fmt.h"

const struct sl_col mlflow_run_cols[] = {
  { .name = "native", .type = SL_TEXT, .help = "MLflow's own word for the state", .flags = SL_COL_HIDDEN },
  { .name = "lifecycle", .type = SL_TEXT, .help = "active or deleted", .flags = SL_COL_HIDDEN },
  { .name = "artifacts", .type = SL_URI, .help = "where its files lie", .flags = SL_COL_HIDDEN },
  { .name = "parent", .type = SL_TEXT, .help = "run that it is a part of", .link = "runs", .flags = SL_COL_HIDDEN },
  { .name = "files", .type = SL_URI, .help = "address of its artifacts", .link = "objects", .flags = SL_COL_HIDDEN },
  { .name = "inputs", .type = SL_LIST, .help = "addresses of the data that it logged as read", .flags = SL_COL_HIDDEN },
};
const struct sl_col mlflow_experiment_cols[] = {
  { .name = "artifacts", .type = SL_URI, .help = "where files of its runs lie", .flags = SL_COL_HIDDEN },
  { .name = "tags", .type = SL_FAMILY_TEXT, .help = "tags: tags.team", .flags = SL_COL_HIDDEN },
};

/* An empty text says nothing: both faces have both. */
static void put_text(struct sl_batch *b, unsigned col, enum sl_type type, struct sl_str s)
{
  if (s.n)
    sl_batch_set(b, col, sl_vas(type, s));
}

static void put_time(struct sl_batch *b, unsigned col, bool has, sl_ms t)
{
  if (has)
    sl_batch_set(b, col, sl_vt(t));
}

void mlflow_put_run(struct sl_batch *b, const struct mlflow_run *r, sl_ms now)
{
  const char *state = sl_mlflow_state(r->status);
  bool running = sl_str_eqz(r->status, "RUNNING");
  put_text(b, RUN_ID, SL_TEXT, r->id);
  put_text(b, RUN_NAME, SL_TEXT, r->name);
  put_text(b, RUN_EXPERIMENT, SL_TEXT, r->experiment);
  sl_batch_set(b, RUN_STATE, sl_vas(SL_STATE, sl_str(state)));
  put_time(b, RUN_STARTED, r->has_start, r->start);
  put_time(b, RUN_ENDED, r->has_end, r->end);
  if (r->has_start && (r->has_end || running))
    sl_batch_set(b, RUN_DURATION, sl_vf((double)((r->has_end ? r->end : now) - r->start) / 1000.0));
  put_text(b, RUN_USER, SL_TEXT, r->user);
  put_text(b, RUN_NATIVE, SL_TEXT, r->status);
  put_text(b, RUN_LIFECYCLE, SL_TEXT, r->lifecycle);
  put_text(b, RUN_ARTIFACTS, SL_URI, r->artifacts);
  put_text(b, RUN_PARENT, SL_TEXT, r->parent);
  char files[80];
  int n = snprintf(files, sizeof files, "runs:/%.*s/", SL_ARG(r->id));
  if (n > 0 && (size_t)n < sizeof files)
    sl_batch_set(b, RUN_FILES, sl_vas(SL_URI, sl_strn(files, (size_t)n)));
}

void mlflow_input_add(struct sl_buf *list, struct sl_str name, struct sl_str source)
{
  struct sl_buf address;
  sl_buf_init(&address, 64 << 10);
  sl_mlflow_dataset_address(&address, source);
  sl_list_add(list, address.n && !address.failed ? sl_buf_view(&address) : name);
  sl_buf_free(&address);
}

void mlflow_put_metric(struct sl_batch *b, struct sl_str key, double v)
{
  sl_batch_key(b, RUN_METRICS, key, sl_vf(v));
}

void mlflow_put_experiment(struct sl_batch *b, const struct mlflow_experiment *e)
{
  put_text(b, EXP_ID, SL_TEXT, e->id);
  put_text(b, EXP_NAME, SL_TEXT, e->name);
  put_text(b, EXP_STATE, SL_STATE, e->lifecycle);
  put_time(b, EXP_CREATED, e->has_created, e->created);
  put_time(b, EXP_UPDATED, e->has_updated, e->updated);
  put_text(b, EXP_ARTIFACTS, SL_URI, e->artifacts);
}

void mlflow_point_id(struct sl_buf *out, const struct mlflow_point *p)
{
  sl_buf_clear(out);
  sl_buf_printf(out, "%.*s/%.*s/%lld/%lld/", SL_ARG(p->run), SL_ARG(p->key), (long long)p->step, (long long)p->time);
  sl_fmt_f64(out, p->value);
}

void mlflow_put_point(struct sl_batch *b, const struct mlflow_point *p)
{
  sl_batch_set(b, POINT_NAME, sl_vs(p->key));
  sl_batch_key(b, POINT_LABELS, SL_STR("run"), sl_vs(p->run));
  sl_batch_set(b, POINT_STEP, sl_vi(p->step));
  sl_batch_set(b, POINT_TIME, sl_vt(p->time));
  sl_batch_set(b, POINT_VALUE, sl_vf(p->value));
}
