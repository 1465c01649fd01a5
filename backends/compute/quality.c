/* backends/compute/quality.c: the resource `quality`: a model, or two, over labelled data, handed to the box, whose rows become ours. */
#include "backend_compute/compute_int.h"
#include "base/fmt.h"

static const struct sl_col own[] = {
  { .name = "against", .type = SL_F64, .help = "the other model's value" },
  { .name = "against_low", .type = SL_F64, .help = "lower end of its interval", .flags = SL_COL_HIDDEN },
  { .name = "against_high", .type = SL_F64, .help = "upper end of its interval", .flags = SL_COL_HIDDEN },
  { .name = "difference", .type = SL_F64, .help = "value less against" },
  { .name = "p_value", .type = SL_F64, .help = "of such a difference, were both as good: from 0.05 it is noise" },
  { .name = "test", .type = SL_TEXT, .help = "delong (of auc), mcnemar (of accuracy)" },
  { .name = "row", .type = SL_I64, .help = "of the data, from 0", .flags = SL_COL_HIDDEN },
  { .name = "predicted", .type = SL_TEXT, .help = "the class that the model gives that row", .flags = SL_COL_HIDDEN },
  { .name = "against_predicted", .type = SL_TEXT, .help = "the class that the other one gives it", .flags = SL_COL_HIDDEN },
};

struct work {
  struct compute *c;
  struct sl_quality_ask ask;
  struct compute_score *score;
  struct sl_box_job *job;
  char *scope, *only;          /* only: the id of the one row that is wanted */
};

static void work_leave(struct work *w)
{
  if (w->job)
    compute_cancel(w->c, w->job);
  w->job = NULL;
  compute_score_free(w->score);
  w->score = NULL;
  sl_quality_ask_free(&w->ask);
  sl_free(w->scope);
  sl_free(w->only);
  w->scope = w->only = NULL;
}

static void fail(struct sl_req *r, int rc, const struct sl_err *err)
{
  work_leave(sl_req_state(r));
  sl_req_end(r, rc, err);
}

/* ---- what the box sends ---- */

/* SCOPE#metric:class:slice. Never twice: rows of the data name themselves in the slice. */
static void put_id(struct sl_buf *id, const struct work *w, struct sl_batch *from, uint32_t row)
{
  sl_buf_clear(id);
  sl_buf_printf(id, "%s#", w->scope);
  for (unsigned col = 0; col < 3; col++) {
    struct sl_val v = sl_batch_get(from, row, col);
    sl_buf_z(id, col ? ":" : "");
    sl_fmt_percent(id, v.null ? SL_STR_NONE : v.u.s);
  }
}

static int copy_rows(struct sl_req *r, struct sl_batch *from, struct sl_batch **to, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_buf id;
  size_t ncols = sl_schema_count(sl_batch_schema(from));
  int rc = sl_batch_new(to, sl_req_schema(r), err);
  sl_buf_init(&id, 0);
  if (!rc && ncols != sl_res_quality.ncols + sizeof own / sizeof own[0])
    rc = sl_err_set(err, SL_EPROTO, "the box sent rows of another kind");
  for (uint32_t row = 0; !rc && row < sl_batch_count(from); row++) {
    put_id(&id, w, from, row);
    rc = sl_buf_check(&id, err);
    if (rc || (w->only && strcmp(w->only, sl_buf_zstr(&id)) != 0))
      continue;
    sl_batch_row(*to, SL_PUT, sl_buf_view(&id));
    for (unsigned col = 0; col < ncols; col++) {
      struct sl_val v = sl_batch_get(from, row, col);
      if (!v.null)
        sl_batch_set(*to, col, v);
    }
  }
  sl_buf_free(&id);
  return rc;
}

static int on_rows(void *user, struct sl_batch **take)
{
  struct sl_batch *to = NULL;
  struct sl_err err = { 0 };
  int rc = copy_rows(user, *take, &to, &err);
  if (!rc && sl_batch_count(to))
    rc = sl_req_rows(user, &to);
  sl_batch_unref(to);
  return rc;
}

static void on_progress(void *user, double done, double total)
{
  (void)done;
  (void)total;
  sl_req_touch(user, 0);
}

static void on_done(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  (void)file;
  (void)rows;
  compute_ended(w->c);
  compute_words(w->c, NULL, &e);
  w->job = NULL;
  work_leave(w);
  sl_req_end(r, rc, rc ? &e : NULL);
}

/* ---- start to end ---- */

static void on_scorable(void *user, int rc, const char *job, const char *const *reads, const struct sl_err *err)
{
  static const struct sl_box_ops ops = { .rows = on_rows, .progress = on_progress, .done = on_done };
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  if (!rc)
    rc = compute_start(w->c, &w->job, &(struct sl_box_work){ .kind = "score", .text = sl_str(job), .reads = reads }, &ops, r, &e);
  if (rc) {
    compute_words(w->c, NULL, &e);
    fail(r, rc, &e);
  }
}

static int quality_query(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_str scope = sl_str_trim(q->scope);
  w->c = sl_backend_state(sl_req_backend(r));
  if (q->kind == SL_Q_GET) {
    w->only = sl_strndup(scope.p, scope.n);
    ptrdiff_t hash = sl_str_rchr(scope, '#');
    scope = hash > 0 ? sl_str_head(scope, (size_t)hash) : scope;
  }
  w->scope = sl_strndup(scope.p, scope.n);
  int rc = w->scope && (w->only || q->kind != SL_Q_GET) ? sl_quality_ask_parse(&w->ask, scope, err) : sl_err_nomem(err);
  if (!rc && !w->ask.label)
    rc = sl_err_set(err, SL_EUSAGE, "quality needs the label: label=COLUMN, the column that holds what was true");
  if (!rc)
    rc = compute_score_of(&w->score, &w->ask, err);
  if (!rc)
    rc = sl_req_head(r, NULL, 0, -1);
  if (!rc)
    rc = compute_score_begin(w->score, w->c, r, on_scorable, r, err);
  if (rc)
    work_leave(w);
  return rc;
}

static void quality_resume(struct sl_req *r)
{
  struct work *w = sl_req_state(r);
  if (w->job)
    sl_box_job_resume(w->job);
}

static void quality_cancel(struct sl_req *r) { fail(r, SL_ECANCELED, NULL); }

const struct sl_serve compute_quality = {
  .res = &sl_res_quality,
  .own = own,
  .nown = sizeof own / sizeof own[0],
  .req_size = sizeof(struct work),
  .query = quality_query,
  .resume = quality_resume,
  .cancel = quality_cancel,
};
