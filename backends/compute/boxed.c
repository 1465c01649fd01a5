/* backends/compute/boxed.c: a resource whose rows the box works out: they come with the columns that the resource has here, and get ids. */
#include <stdio.h>

#include "backend_compute/compute_int.h"
#include "base/text.h"

static int copy_rows(struct sl_req *r, struct sl_batch *from, struct sl_batch **to, struct sl_err *err)
{
  struct compute_boxed *w = sl_req_state(r);
  struct sl_buf id;
  size_t ncols = sl_schema_count(sl_batch_schema(from));
  int rc = sl_batch_new(to, sl_req_schema(r), err);
  sl_buf_init(&id, 0);
  if (!rc && ncols != sl_schema_count(sl_req_schema(r)))
    rc = sl_err_set(err, SL_EPROTO, "the box sent rows of another kind");
  for (uint32_t row = 0; !rc && row < sl_batch_count(from); row++) {
    sl_buf_clear(&id);
    w->ops->put_id(&id, w->scope, from, row);
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

int compute_boxed_rows(struct sl_req *r, struct sl_batch *from, struct sl_err *err)
{
  struct sl_batch *to = NULL;
  int rc = sl_batch_seal(from, err);
  rc = rc ? rc : copy_rows(r, from, &to, err);
  if (!rc && sl_batch_count(to))
    rc = sl_req_rows(r, &to);
  sl_batch_unref(to);
  return rc == SL_EAGAIN ? SL_OK : rc; /* few rows: what is under way may come */
}

/* How far it is, and when it will be there, once that can be told. started: ms of the loop's clock. */
void compute_say_progress(struct sl_req *r, struct compute *c, int64_t started, double done, double total)
{
  char words[64];
  double ms = (double)(sl_loop_now(sl_backend_loop(c->b)) - started);
  double left = total > 0 && done > 0 ? ms / 1000 * (total - done) / done : 0;
  if (total > 0 && done >= total)
    snprintf(words, sizeof words, "all is read, working out what it comes to");
  else if (total > 0 && ms > 5000 && left >= 2)
    snprintf(words, sizeof words, left < 100 ? "computing, %.0f %%, about %.0f s left" : "computing, %.0f %%, about %.0f min left",
             100 * done / total, left < 100 ? left : left / 60);
  else if (total > 0)
    snprintf(words, sizeof words, "computing, %.0f %%", 100 * done / total);
  else
    snprintf(words, sizeof words, done > 0 ? "computing, %.0f rows" : "computing", done);
  sl_req_say(r, words);
}

static void on_progress(void *user, double done, double total)
{
  struct compute_boxed *w = sl_req_state(user);
  compute_say_progress(user, w->c, w->started, done, total);
}

/* What the box has to say of the work for people: a line; or why not all of it came. */
void compute_say_note(struct sl_req *r, struct compute *c, bool cut, struct sl_str text)
{
  struct sl_buf b;
  sl_buf_init(&b, 64 << 10);
  sl_text_clean(&b, text, SL_TEXT_CELL);
  if (cut)
    sl_req_cut(r, sl_buf_zstr(&b));
  else
    sl_ws_say(sl_backend_ws(c->b), sl_buf_zstr(&b));
  sl_buf_free(&b);
}

static void on_note(void *user, bool cut, struct sl_str text)
{
  struct compute_boxed *w = sl_req_state(user);
  compute_say_note(user, w->c, cut, text);
}

static void on_done(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows)
{
  struct compute_boxed *w = sl_req_state(user);
  struct sl_err e = *err;
  (void)file;
  (void)rows;
  compute_ended(w->c);
  compute_words(w->c, NULL, &e);
  w->job = NULL;
  compute_boxed_leave(w);
  sl_req_end(user, rc, rc ? &e : NULL);
}

int compute_boxed_query(struct sl_req *r, const struct compute_boxed_ops *ops, struct sl_err *err)
{
  struct compute_boxed *w = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_str scope = sl_str_trim(q->scope);
  w->c = sl_backend_state(sl_req_backend(r));
  w->ops = ops;
  if (q->kind == SL_Q_GET) {
    w->only = sl_strndup(scope.p, scope.n);
    ptrdiff_t hash = sl_str_rchr(scope, '#');
    scope = hash > 0 ? sl_str_head(scope, (size_t)hash) : scope;
  }
  w->scope = sl_strndup(scope.p, scope.n);
  int rc = w->scope && (w->only || q->kind != SL_Q_GET) ? ops->parse(r, scope, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_req_head(r, NULL, 0, -1);
  if (!rc)
    rc = ops->begin(r, err);
  if (rc)
    compute_boxed_leave(w);
  return rc;
}

int compute_boxed_start(struct sl_req *r, const struct sl_box_work *work, struct sl_err *err)
{
  static const struct sl_box_ops ops = { .rows = on_rows, .progress = on_progress, .note = on_note, .done = on_done };
  struct compute_boxed *w = sl_req_state(r);
  w->started = sl_loop_now(sl_backend_loop(w->c->b));
  return compute_start(w->c, &w->job, work, &ops, r, err);
}

void compute_boxed_leave(struct compute_boxed *w)
{
  if (w->job)
    compute_cancel(w->c, w->job);
  w->job = NULL;
  w->ops->leave(w);
  sl_free(w->scope);
  sl_free(w->only);
  w->scope = w->only = NULL;
}

void compute_boxed_fail(struct sl_req *r, int rc, const struct sl_err *err)
{
  compute_boxed_leave(sl_req_state(r));
  sl_req_end(r, rc, err);
}

void compute_boxed_resume(struct sl_req *r)
{
  struct compute_boxed *w = sl_req_state(r);
  if (w->job)
    sl_box_job_resume(w->job);
}

void compute_boxed_cancel(struct sl_req *r) { compute_boxed_fail(r, SL_ECANCELED, NULL); }
