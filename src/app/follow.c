/* app/follow.c: the log of an execution as lines, and waiting for its end.
 *
 * Two watches: the log, which never ends by itself, and the execution's own row, whose state decides. The last lines may come after the
 * state: it is over when the state is final and the log has been quiet for a moment. */
#include <stdio.h>
#include <string.h>

#include "app/do.h"
#include "base/mem.h"
#include "base/text.h"

enum { LOG_QUIET_MS = 250, BLIND_MS = 5000 };

struct following {
  struct sl_session *s;
  bool follow;                       /* goes on until the execution has ended */
  bool judge;                        /* its state is what counts, with or without a log */
  bool log_done, row_done, done;
  uint64_t printed;
  char state[32], cause[400];
  int rc;
  struct sl_err err;
  sl_timer quiet, blind;
};

static void settle(struct following *f)
{
  f->done = f->done || f->rc || (f->log_done && (f->row_done || !f->follow));
}

static int put_line(struct following *f, const struct sl_batch *b, uint32_t row, int col)
{
  struct sl_out *o = &f->s->app->out;
  struct sl_val v = sl_batch_get(b, row, (unsigned)col);
  if (o->tty && !v.null)
    sl_text_clean(&o->b, v.u.s, SL_TEXT_CELL);
  else if (!v.null)
    sl_buf_str(&o->b, v.u.s);
  sl_buf_ch(&o->b, '\n');
  return sl_out_spill(o, &f->err);
}

static int put_lines(struct following *f, struct sl_snap *snap)
{
  uint64_t n = sl_snap_count(snap);
  int rc = SL_OK;
  for (; f->printed < n && !rc;) {
    struct sl_batch *b = NULL;
    uint32_t want = n - f->printed < SL_BATCH_ROWS ? (uint32_t)(n - f->printed) : SL_BATCH_ROWS;
    rc = sl_snap_page_wait(snap, f->printed, want, &b, &f->err);
    int col = rc ? -1 : sl_schema_find(sl_batch_schema(b), SL_STR("text"));
    for (uint32_t row = 0; !rc && col >= 0 && row < sl_batch_count(b); row++)
      rc = put_line(f, b, row, col);
    f->printed += want;
    sl_batch_unref(b);
  }
  return rc ? rc : sl_out_flush(&f->s->app->out, &f->err);
}

static void log_failed(struct following *f, const struct sl_err *err)
{
  if (f->judge) {
    sl_app_note("no log: %s", err->msg[0] ? err->msg : sl_code_words(err->code));
    f->log_done = true;
    return;
  }
  f->err = *err;
  f->rc = err->code ? err->code : SL_EIO;
}

static void quiet_over(void *user)
{
  struct following *f = user;
  f->quiet.v = 0;
  f->log_done = true;
  settle(f);
}

static void be_quiet(struct following *f)
{
  sl_timer_stop(f->s->loop, &f->quiet);
  int rc = sl_timer_start(f->s->loop, LOG_QUIET_MS, 0, quiet_over, f, &f->quiet, &f->err);
  f->rc = f->rc ? f->rc : rc;
}

static void log_changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct following *f = user;
  (void)id;
  if (f->log_done)
    return;
  uint64_t before = f->printed;
  if (a->snap && (f->follow || a->done))
    f->rc = put_lines(f, a->snap);
  if (f->printed != before && f->row_done)
    be_quiet(f);
  bool ended = a->nsrc > 0;
  for (size_t i = 0; i < a->nsrc; i++) {
    ended = ended && a->src[i].state >= SL_WHOLE;
    if (a->src[i].state == SL_FAILED && !f->rc)
      log_failed(f, &a->src[i].err);
  }
  f->log_done = f->log_done || a->done || (f->follow && ended);
  settle(f);
}

static bool final_state(const char *state)
{
  return !strcmp(state, "ok") || !strcmp(state, "failed") || !strcmp(state, "stopped");
}

static void text_of(const struct sl_batch *b, const char *name, char *out, size_t n)
{
  int c = sl_schema_find(sl_batch_schema(b), sl_str(name));
  struct sl_val v = c >= 0 ? sl_batch_get(b, 0, (unsigned)c) : sl_null(SL_TEXT);
  snprintf(out, n, "%.*s", v.null ? 0 : SL_ARG(v.u.s));
}

static void blind_over(void *user)
{
  struct following *f = user;
  f->blind.v = 0;
  f->rc = f->err.code;
  settle(f);
}

/* Its state cannot be read: once may be an accident, for seconds is the end of waiting. */
static void row_sources(struct following *f, const struct sl_answer *a)
{
  const struct sl_source *s = a->nsrc ? &a->src[0] : NULL;
  if (!s || (s->state != SL_FAILED && s->state != SL_CUT)) {
    if (s && s->state == SL_WHOLE)
      sl_timer_stop(f->s->loop, &f->blind);
  } else if (!f->blind.v) {
    int code = s->err.code ? s->err.code : SL_EIO;
    sl_err_set(&f->err, code, "how it goes cannot be read: %s", s->err.msg[0] ? s->err.msg : s->note);
    f->rc = sl_timer_start(f->s->loop, BLIND_MS, 0, blind_over, f, &f->blind, &f->err);
  }
}

static void row_changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct following *f = user;
  (void)id;
  if (f->row_done)
    return;
  row_sources(f, a);
  settle(f);
  if (!a->snap || !sl_snap_count(a->snap))
    return;
  struct sl_batch *b = NULL;
  f->rc = f->rc ? f->rc : sl_snap_page_wait(a->snap, 0, 1, &b, &f->err);
  if (!f->rc) {
    text_of(b, "state", f->state, sizeof f->state);
    text_of(b, "cause", f->cause, sizeof f->cause);
    f->row_done = final_state(f->state);
  }
  sl_batch_unref(b);
  if (f->row_done && !f->log_done)
    be_quiet(f);
  settle(f);
}

static int start(struct following *f, const struct sl_ref *e, sl_watch *log, sl_watch *row)
{
  struct sl_query log_q = { .res = &sl_res_log, .kind = f->follow ? SL_Q_FOLLOW : SL_Q_LIST, .conn = e->conn, .scope = e->id };
  struct sl_query row_q = { .res = &sl_res_executions, .kind = SL_Q_GET, .conn = e->conn, .scope = e->id, .max_age_ms = 500 };
  struct sl_query *q = NULL;
  int rc = sl_query_new(&q, &log_q, &f->err);
  if (!rc)
    rc = sl_ws_query(f->s->ws, q, !f->follow, log_changed, f, log, &f->err);
  if (rc && f->judge) {
    log_failed(f, &f->err);
    rc = SL_OK;
  }
  sl_query_unref(q);
  q = NULL;
  if (!rc && f->follow)
    rc = sl_query_new(&q, &row_q, &f->err);
  if (q)
    rc = sl_ws_query(f->s->ws, q, false, row_changed, f, row, &f->err);
  sl_query_unref(q);
  return rc;
}

static int run(struct following *f, const struct sl_ref *execution)
{
  sl_watch log = { 0 }, row = { 0 };
  int rc = start(f, execution, &log, &row);
  if (!rc) {
    struct sl_err none;
    (void)!sl_session_wait(f->s, &f->done, &none);
    rc = f->rc;
  }
  sl_timer_stop(f->s->loop, &f->quiet);
  sl_timer_stop(f->s->loop, &f->blind);
  sl_ws_unwatch(f->s->ws, log);
  sl_ws_unwatch(f->s->ws, row);
  return rc;
}

int sl_session_log(struct sl_session *s, const struct sl_ref *execution, bool follow)
{
  struct following f = { .s = s, .follow = follow };
  int rc = run(&f, execution);
  return s->interrupted ? SL_EXIT_INTERRUPTED : rc ? sl_app_fail(s->app, &f.err) : SL_EXIT_OK;
}

int sl_session_follow(struct sl_session *s, const struct sl_ref *execution)
{
  struct following f = { .s = s, .follow = true, .judge = true };
  int rc = run(&f, execution);
  if (s->interrupted) {
    sl_app_note("%.*s goes on; sluice logs %.*s -f shows it, sluice stop %.*s stops it", SL_ARG(execution->id), SL_ARG(execution->id),
                SL_ARG(execution->id));
    return SL_EXIT_INTERRUPTED;
  }
  if (rc)
    return sl_app_fail(s->app, &f.err);
  if (!strcmp(f.state, "ok"))
    return SL_EXIT_OK;
  sl_app_note("%.*s %s%s%s", SL_ARG(execution->id), f.state, f.cause[0] ? ": " : "", f.cause);
  return SL_EXIT_FAILED;
}
