/* backends/compute/quality.c: the resource `quality`: a model, or two, over labelled data, handed to the box, whose rows become ours. */
#include "backend_compute/compute_int.h"
#include "base/fmt.h"

static const struct sl_col own[] = {
  { .name = "against", .type = SL_F64, .help = "the other model's value" },
  { .name = "against_low", .type = SL_F64, .help = "lower end of its interval", .flags = SL_COL_HIDDEN },
  { .name = "against_high", .type = SL_F64, .help = "upper end of its interval", .flags = SL_COL_HIDDEN },
  { .name = "difference", .type = SL_F64, .help = "value less against" },
  { .name = "p_value", .type = SL_F64, .help = "of such a difference, were both as good: from 0.05 it is noise" },
  { .name = "test", .type = SL_TEXT, .help = "delong (of auc), mcnemar (of accuracy), bootstrap (of the rest)" },
  { .name = "row", .type = SL_I64, .help = "of the data, from 0", .flags = SL_COL_HIDDEN },
  { .name = "predicted", .type = SL_TEXT, .help = "the class that the model gives that row", .flags = SL_COL_HIDDEN },
  { .name = "against_predicted", .type = SL_TEXT, .help = "the class that the other one gives it", .flags = SL_COL_HIDDEN },
  { .name = "at", .type = SL_F64, .help = "of a curve's point, how far along: roc the false positive rate, pr recall, calibration the mean "
    "probability, gain and lift the share of the rows", .flags = SL_COL_HIDDEN },
  { .name = "threshold", .type = SL_F64, .help = "of a curve's point: what is at least so much is predicted", .flags = SL_COL_HIDDEN },
  { .name = "note", .type = SL_TEXT, .help = "what to know of it: few rows", .flags = SL_COL_HIDDEN },
};

struct work {
  struct compute_boxed boxed;
  struct sl_quality_ask ask;
  struct compute_score *score;
};

static void quality_leave(struct compute_boxed *b)
{
  struct work *w = (struct work *)b;
  compute_score_free(w->score);
  w->score = NULL;
  sl_quality_ask_free(&w->ask);
}

/* SCOPE#metric:class:slice. Never twice: rows of the data name themselves in the slice. */
static void put_id(struct sl_buf *id, const char *scope, struct sl_batch *from, uint32_t row)
{
  sl_buf_printf(id, "%s#", scope);
  for (unsigned col = 0; col < 3; col++) {
    struct sl_val v = sl_batch_get(from, row, col);
    sl_buf_z(id, col ? ":" : "");
    sl_fmt_percent(id, v.null ? SL_STR_NONE : v.u.s);
  }
}

static void on_scorable(void *user, int rc, const char *job, const char *const *reads, const struct sl_err *err)
{
  struct work *w = sl_req_state(user);
  struct sl_err e = *err;
  if (!rc)
    rc = compute_boxed_start(user, &(struct sl_box_work){ .kind = "score", .text = sl_str(job), .reads = reads }, &e);
  if (rc) {
    compute_words(w->boxed.c, NULL, &e);
    compute_boxed_fail(user, rc, &e);
  }
}

static int quality_parse(struct sl_req *r, struct sl_str scope, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  int rc = sl_quality_ask_parse(&w->ask, scope, err);
  return rc ? rc : compute_score_of(&w->score, &w->ask, err);
}

static int quality_begin(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  return compute_score_begin(w->score, w->boxed.c, r, on_scorable, r, err);
}

static int quality_query(struct sl_req *r, struct sl_err *err)
{
  static const struct compute_boxed_ops ops = { .parse = quality_parse, .begin = quality_begin, .put_id = put_id, .leave = quality_leave };
  return compute_boxed_query(r, &ops, err);
}

const struct sl_serve compute_quality = {
  .res = &sl_res_quality,
  .own = own,
  .nown = sizeof own / sizeof own[0],
  .req_size = sizeof(struct work),
  .query = quality_query,
  .resume = compute_boxed_resume,
  .cancel = compute_boxed_cancel,
};
