/* backends/local/log.c: log lines once through: executions' logs and any text file. Following is follow.c's. */
#include <stdio.h>

#include "backend_local/log_int.h"
#include "base/fmt.h"

enum { TAIL_BYTES = 256 << 20, PIECE = 64 << 20 };

static int send(void *user, struct sl_batch **take)
{
  return sl_feed_rows(user, take);
}

static bool stop(void *user)
{
  sl_feed_touch(user); /* a search that finds nothing is at work all the same */
  return sl_feed_cancelled(user);
}

static bool hex(struct sl_str s, uint64_t *out)
{
  *out = 0;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (v < 0 || s.n > 16)
      return false;
    *out = *out << 4 | (uint64_t)v;
  }
  return s.n > 0;
}

static int one_line(struct local_scan *x, struct sl_str id, struct sl_err *err)
{
  struct sl_str rest = sl_str_from(id, (size_t)(sl_str_rchr(id, '#') + 1)), ino;
  uint64_t file, off;
  if (!sl_str_cut(&rest, '.', &ino) || !hex(ino, &file) || !rest.p || !hex(rest, &off))
    return sl_err_set(err, SL_ENOENT, "%.*s names no line", SL_ARG(sl_str_head(id, 100)));
  return local_scan_one(x, file, off, err);
}

static void say_skipped(struct sl_feed *f, int64_t bytes)
{
  char note[96];
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_fmt_bytes(&b, bytes);
  snprintf(note, sizeof note, "the first %s were skipped; a filter searches all of it", sl_buf_zstr(&b));
  sl_feed_cut(f, note);
  sl_buf_free(&b);
}

static int log_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  struct local_scan *x = NULL;
  struct sl_rower w; /* for the request's schema */
  bool more = true;
  int rc = sl_rower_begin(&w, f, NULL, err);
  if (rc)
    return rc;
  rc = local_scan_open(&x, a, w.s, err);
  sl_rower_abort(&w);
  if (rc)
    return rc;
  x->send = send;
  x->stop = stop;
  x->user = f;
  x->last_counts = true;
  rc = sl_feed_head(f, NULL, x->filter_here ? SL_DID_WHERE : 0, -1);
  if (!rc && a->q->kind == SL_Q_GET) {
    rc = one_line(x, a->q->scope, err);
  } else if (!rc) {
    local_scan_tail(x, TAIL_BYTES);
    if (x->skipped)
      say_skipped(f, x->skipped);
    while (!rc && more)
      rc = local_scan_some(x, PIECE, &more, err);
  }
  local_scan_free(x);
  return rc;
}
LOCAL_ASK(log_once, log_work)

static int log_query(struct sl_req *r, struct sl_err *err)
{
  return sl_req_query(r)->kind == SL_Q_FOLLOW ? local_follow(r, err) : log_once(r, err);
}

const struct sl_serve local_log = { .res = &sl_res_log, .req_size = sizeof(void *), .query = log_query, .resume = local_follow_resume,
                                    .cancel = local_follow_cancel };
