/* backends/compute/data.c: one data set of a comparison: an address or a query, as a query without columns that are only folders' names; or
 * a model's predictions over it: scored by the box into a file, which is the data set then. */
#include <unistd.h>

#include "backend_compute/compute_int.h"
#include "base/fmt.h"

struct compute_data {
  struct compute *c;
  struct sl_req *touch;
  compute_prepped *fn;
  void *user;
  bool statement;
  struct compute_prep *prep;
  struct compute_score *score; /* NULL: the data itself */
  struct sl_box_job *job;
};

static void data_free(struct compute_data *d)
{
  compute_prep_drop(d->prep);
  compute_score_free(d->score);
  if (d->job)
    compute_cancel(d->c, d->job);
  sl_free(d);
}

static void answer(struct compute_data *d, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct sl_err e = *err;
  compute_prepped *fn = d->fn;
  void *user = d->user;
  data_free(d);
  fn(user, rc, sql, reads, &e);
}

/* ---- the data itself ---- */

static void on_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct compute_data *d = user;
  struct sl_err e = *err;
  d->prep = NULL;
  char *plain = rc || d->statement ? NULL : compute_without_folders(sl_str(sql));
  if (!rc && !d->statement && !plain)
    rc = sl_err_nomem(&e);
  answer(d, rc, plain ? plain : sql, reads, &e);
  sl_free(plain);
}

/* `sql:` alone is the box's own engine; sql:CONN: another connection runs it, which nothing here can. */
static int prepare(struct compute_data *d, struct sl_str data, struct sl_err *err)
{
  struct sl_buf sql;
  sl_buf_init(&sql, 0);
  d->statement = sl_str_starts(data, SL_STR("sql:"));
  if (d->statement) {
    sl_buf_str(&sql, sl_str_from(data, 4));
  } else {
    sl_buf_z(&sql, "FROM ");
    sl_fmt_quote(&sql, data, '\'');
  }
  int rc = sl_buf_check(&sql, err);
  if (!rc)
    rc = compute_prep(&d->prep, d->c, sl_buf_view(&sql), on_prepped, d, err);
  sl_buf_free(&sql);
  return rc;
}

/* ---- predictions over it ---- */

static void on_progress(void *user, double done, double total)
{
  struct compute_data *d = user;
  (void)done;
  (void)total;
  sl_req_say(d->touch, "scoring");
}

static int on_rows(void *user, struct sl_batch **take)
{
  (void)user;
  (void)take; /* one row that sums up */
  return SL_OK;
}

static void on_scored(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows)
{
  struct compute_data *d = user;
  struct sl_err e = *err;
  struct sl_buf sql;
  const char *const reads[] = { file, NULL };
  (void)rows;
  compute_ended(d->c);
  d->job = NULL;
  sl_buf_init(&sql, 0);
  sl_buf_z(&sql, "SELECT COLUMNS(c -> c NOT IN ('row', 'path', 'error')) FROM read_parquet("); /* what is no output */
  sl_fmt_quote(&sql, sl_str(file ? file : ""), '\'');
  sl_buf_ch(&sql, ')');
  if (!rc)
    rc = file ? sl_buf_check(&sql, &e) : sl_err_set(&e, SL_EPROTO, "the box wrote no predictions");
  if (rc && file)
    (void)unlink(file);
  compute_words(d->c, NULL, &e);
  answer(d, rc, rc ? NULL : sl_buf_zstr(&sql), reads, &e);
  sl_buf_free(&sql);
}

static void on_scorable(void *user, int rc, const char *text, const char *const *reads, const struct sl_err *err)
{
  static const struct sl_box_ops ops = { .rows = on_rows, .progress = on_progress, .done = on_scored };
  struct compute_data *d = user;
  struct sl_err e = *err;
  if (!rc)
    rc = compute_start(d->c, &d->job, &(struct sl_box_work){ .kind = "score", .text = sl_str(text), .reads = reads,
                                                             .out_path = "predictions.parquet" }, &ops, d, &e);
  if (rc)
    answer(d, rc, NULL, NULL, &e);
}

int compute_data(struct compute_data **out, struct compute *c, const char *data, const char *model, struct sl_req *touch,
                 compute_prepped *fn, void *user, struct sl_err *err)
{
  struct compute_data *d = *out = sl_calloc(1, sizeof *d);
  if (!d)
    return sl_err_nomem(err);
  *d = (struct compute_data){ .c = c, .touch = touch, .fn = fn, .user = user };
  int rc = model ? compute_score_all(&d->score, model, data, err) : prepare(d, sl_str(data), err);
  if (!rc && model)
    rc = compute_score_begin(d->score, c, touch, on_scorable, d, err);
  if (rc) {
    data_free(d);
    *out = NULL;
  }
  return rc;
}

void compute_data_drop(struct compute_data *d)
{
  if (d)
    data_free(d);
}
