/* backends/compute/ask.c: a statement of our own, its small result kept until it has ended. */
#include "backend_compute/compute_int.h"

enum { BATCHES_MAX = 64 };

struct compute_ask {
  struct compute *c;
  struct sl_req *touch;
  struct sl_box_job *job;
  compute_answered *fn;
  void *user;
  struct sl_batch *rows[BATCHES_MAX];
  size_t n;
  char *reads;                         /* as compute_only() says */
};

static void ask_free(struct compute_ask *a)
{
  for (size_t i = 0; i < a->n; i++)
    sl_batch_unref(a->rows[i]);
  sl_free(a->reads);
  sl_free(a);
}

static int on_rows(void *user, struct sl_batch **take)
{
  struct compute_ask *a = user;
  if (a->n == BATCHES_MAX)
    return SL_ELIMIT;
  a->rows[a->n++] = *take;
  *take = NULL;
  return SL_OK;
}

static void on_progress(void *user, double done, double total)
{
  struct compute_ask *a = user;
  (void)done;
  (void)total;
  if (a->touch)
    sl_req_touch(a->touch, 0);
}

static void on_done(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows)
{
  struct compute_ask *a = user;
  (void)file;
  (void)rows;
  struct sl_err e = *err;
  compute_ended(a->c);
  compute_words(a->c, a->reads, &e);
  a->job = NULL;
  a->fn(a->user, rc, a->rows, a->n, &e);
  ask_free(a);
}

int compute_ask(struct compute_ask **out, struct compute *c, const char *sql, const char *const *reads, struct sl_req *touch,
                compute_answered *fn, void *user, struct sl_err *err)
{
  return compute_ask_work(out, c, "sql", sl_str(sql), reads, touch, fn, user, err);
}

int compute_ask_work(struct compute_ask **out, struct compute *c, const char *kind, struct sl_str text, const char *const *reads,
                     struct sl_req *touch, compute_answered *fn, void *user, struct sl_err *err)
{
  static const struct sl_box_ops ops = { .rows = on_rows, .progress = on_progress, .done = on_done };
  struct compute_ask *a = *out = sl_calloc(1, sizeof *a);
  if (!a)
    return sl_err_nomem(err);
  *a = (struct compute_ask){ .c = c, .touch = touch, .fn = fn, .user = user, .reads = compute_only(reads) };
  int rc = compute_start(c, &a->job, &(struct sl_box_work){ .kind = kind, .text = text, .reads = reads }, &ops, a, err);
  if (rc) {
    ask_free(a);
    *out = NULL;
  }
  return rc;
}

void compute_ask_drop(struct compute_ask *a)
{
  if (!a)
    return;
  compute_cancel(a->c, a->job);
  ask_free(a);
}
