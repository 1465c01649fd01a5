/* model/feed.c: a request that works in a lane: it blocks there and flows here.
 *
 * Pieces go to the loop in order, a few at a time: the worker waits while as many are under way as PIECES_MAX, or while the reader is full.
 * What the two threads share stands under one lock; everything else is one's or the other's. */
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "model/ws_int.h"

enum { PIECES_MAX = 4, WAIT_MS = 50, CHUNK = 256 << 10 };

struct sl_feed {
  struct sl_req *r;               /* the loop's */
  struct sl_loop *l;
  struct sl_feed_ops ops;
  void *user;
  sl_job job;
  struct sl_schema *schema;       /* the request's, for rowers */
  int end_rc;                     /* the loop's: what an answer of ours refused */
  bool ended;
  const atomic_bool *cancel;      /* the job's own flag; [worker] */
  atomic_bool stop;               /* ours: told to stop, by whoever */
  int64_t touched;                /* the worker's, s */
  pthread_mutex_t lock;
  pthread_cond_t cond;
  unsigned under_way;             /* under the lock, as is: */
  bool full;
};

enum piece_kind { PIECE_HEAD, PIECE_ROWS, PIECE_BYTES, PIECE_SIZE, PIECE_DOC, PIECE_DID, PIECE_CUT, PIECE_TOUCH };
struct piece {
  struct sl_feed *f;
  enum piece_kind kind;
  struct sl_schema *s;
  unsigned did;
  int64_t total;
  struct sl_batch *batch;
  char *text;                     /* bytes, document, note; DID: the three parts of the ref */
  size_t n, target;
  int rc;
  bool has_ref, has_err;
  size_t conn_n, res_n;
  struct sl_err err;
};

static void piece_free(struct piece *p)
{
  if (!p)
    return;
  sl_schema_unref(p->s);
  sl_batch_unref(p->batch);
  sl_free(p->text);
  sl_free(p);
}

/* ---- on the loop ---- */

static int piece_did(struct sl_req *r, const struct piece *p)
{
  struct sl_ref ref = { sl_strn(p->text, p->conn_n), SL_STR_NONE, SL_STR_NONE };
  if (p->has_ref) {
    ref.res = sl_strn(p->text + p->conn_n, p->res_n);
    ref.id = sl_strn(p->text + p->conn_n + p->res_n, p->n - p->conn_n - p->res_n);
  }
  return sl_req_did(r, p->target, p->rc, p->has_ref ? &ref : NULL, p->has_err ? &p->err : NULL);
}

static int piece_give(struct sl_req *r, struct piece *p)
{
  switch (p->kind) {
  case PIECE_HEAD: return sl_req_head(r, p->s, p->did, p->total);
  case PIECE_ROWS: return sl_req_rows(r, &p->batch);
  case PIECE_BYTES: return sl_req_bytes(r, p->text, p->n);
  case PIECE_SIZE: sl_req_size(r, p->total); return SL_OK;
  case PIECE_DOC: return sl_req_doc(r, sl_strn(p->text, p->n));
  case PIECE_DID: return piece_did(r, p);
  case PIECE_CUT: sl_req_cut(r, p->text); return SL_OK;
  case PIECE_TOUCH: sl_req_touch(r, 0); return SL_OK;
  }
  return SL_OK;
}

static void feed_deliver(void *piece)
{
  struct piece *p = piece;
  struct sl_feed *f = p->f;
  int rc = f->r->cancelled ? SL_ECANCELED : piece_give(f->r, p);
  pthread_mutex_lock(&f->lock);
  f->under_way--;
  f->full = f->full || rc == SL_EAGAIN;
  pthread_cond_signal(&f->cond);
  pthread_mutex_unlock(&f->lock);
  if (rc && rc != SL_EAGAIN)
    ws_feed_cancel(f);
  piece_free(p);
}

void ws_feed_cancel(struct sl_feed *f)
{
  if (f->ended)
    return;
  atomic_store(&f->stop, true);
  pthread_mutex_lock(&f->lock);
  pthread_cond_signal(&f->cond);
  pthread_mutex_unlock(&f->lock);
  sl_job_cancel(f->l, &f->job);
}

void ws_feed_resume(struct sl_feed *f)
{
  pthread_mutex_lock(&f->lock);
  f->full = false;
  pthread_cond_signal(&f->cond);
  pthread_mutex_unlock(&f->lock);
}

static void feed_free(struct sl_feed *f)
{
  pthread_cond_destroy(&f->cond);
  pthread_mutex_destroy(&f->lock);
  sl_schema_unref(f->schema);
  sl_free(f);
}

static void feed_done(void *user, int rc, const struct sl_err *err)
{
  struct sl_feed *f = user;
  struct sl_req *r = f->r;
  f->ended = true;
  r->b->feeds--;
  r->feed = NULL;
  sl_req_end(r, rc, err);
  if (f->ops.free)
    f->ops.free(f->user);
  feed_free(f);
}

static int feed_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct sl_feed *f = user;
  f->cancel = cancel;
  return f->ops.work(f, f->user, err);
}

int sl_req_work(struct sl_req *r, enum sl_lane lane, const struct sl_feed_ops *ops, void *user, struct sl_err *err)
{
  struct sl_feed *f = sl_calloc(1, sizeof *f);
  if (!f)
    return sl_err_nomem(err);
  *f = (struct sl_feed){ .r = r, .l = r->w->l, .ops = *ops, .user = user };
  struct sl_schema *s = r->kind == WS_REQ_QUERY ? sl_req_schema(r) : NULL;
  f->schema = s ? sl_schema_ref(s) : NULL;
  pthread_mutex_init(&f->lock, NULL);
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&f->cond, &attr);
  pthread_condattr_destroy(&attr);
  static const struct sl_job_ops job = { .work = feed_work, .done = feed_done };
  int rc = sl_job_start(r->w->l, lane, &job, f, &f->job, err);
  if (rc) {
    feed_free(f);
    return rc;
  }
  r->feed = f;
  r->b->feeds++;
  return SL_OK;
}

/* ---- in the worker ---- */

bool sl_feed_cancelled(const struct sl_feed *f)
{
  return atomic_load(&f->stop) || atomic_load(f->cancel);
}

const atomic_bool *sl_feed_cancel_flag(const struct sl_feed *f)
{
  return f->cancel;
}

/* Wakes now and then by itself: the loop may close, and then only the job's flag says so. */
static bool feed_wait(struct sl_feed *f)
{
  pthread_mutex_lock(&f->lock);
  while ((f->under_way >= PIECES_MAX || f->full) && !sl_feed_cancelled(f)) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += WAIT_MS * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000L;
    t.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&f->cond, &f->lock, &t);
  }
  bool go = !sl_feed_cancelled(f);
  if (go)
    f->under_way++;
  pthread_mutex_unlock(&f->lock);
  return go;
}

/* Takes p, also on failure. */
static int feed_post(struct sl_feed *f, struct piece *p)
{
  if (!p)
    return SL_ENOMEM;
  p->f = f;
  if (!feed_wait(f)) {
    piece_free(p);
    return SL_ECANCELED;
  }
  int rc = sl_job_post(f->l, feed_deliver, p, NULL);
  if (rc) {
    pthread_mutex_lock(&f->lock);
    f->under_way--;
    pthread_mutex_unlock(&f->lock);
    piece_free(p);
  }
  return rc;
}

static struct piece *piece_new(enum piece_kind kind, const void *p, size_t n)
{
  struct piece *x = sl_calloc(1, sizeof *x);
  if (x && p && !(x->text = sl_strndup(p, n))) {
    sl_free(x);
    return NULL;
  }
  if (x) {
    x->kind = kind;
    x->n = n;
  }
  return x;
}

int sl_feed_head(struct sl_feed *f, struct sl_schema *s, unsigned did, int64_t total)
{
  struct piece *p = piece_new(PIECE_HEAD, NULL, 0);
  if (p) {
    p->s = s ? sl_schema_ref(s) : NULL;
    p->did = did;
    p->total = total;
  }
  return feed_post(f, p);
}

int sl_feed_rows(struct sl_feed *f, struct sl_batch **take)
{
  struct piece *p = *take ? piece_new(PIECE_ROWS, NULL, 0) : NULL;
  if (!p) {
    sl_batch_unref(*take);
    *take = NULL;
    return SL_ENOMEM;
  }
  p->batch = *take;
  *take = NULL;
  int rc = sl_batch_seal(p->batch, NULL); /* here, not on the loop */
  if (rc) {
    piece_free(p);
    return rc;
  }
  return feed_post(f, p);
}

int sl_feed_bytes(struct sl_feed *f, const void *p, size_t n)
{
  return feed_post(f, piece_new(PIECE_BYTES, p, n));
}

int sl_feed_file(struct sl_feed *f, int fd, uint64_t off, uint64_t len, struct sl_err *err)
{
  char *chunk = sl_alloc(CHUNK);
  int rc = chunk ? SL_OK : sl_err_nomem(err);
  while (!rc && len && off <= INT64_MAX) {
    ssize_t n = pread(fd, chunk, len < CHUNK ? (size_t)len : CHUNK, (off_t)off);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      rc = sl_err_sys(err, errno, "cannot read");
    if (n <= 0)
      break;
    rc = sl_feed_bytes(f, chunk, (size_t)n);
    off += (uint64_t)n;
    len -= (uint64_t)n;
  }
  sl_free(chunk);
  return rc;
}

void sl_feed_size(struct sl_feed *f, int64_t size)
{
  struct piece *p = piece_new(PIECE_SIZE, NULL, 0);
  if (p)
    p->total = size;
  feed_post(f, p);
}

int sl_feed_doc(struct sl_feed *f, struct sl_str json)
{
  return feed_post(f, piece_new(PIECE_DOC, json.n ? json.p : "", json.n));
}

int sl_feed_did(struct sl_feed *f, size_t target, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  if (started) {
    sl_buf_str(&b, started->conn);
    sl_buf_str(&b, started->res);
    sl_buf_str(&b, started->id);
  }
  struct piece *p = b.failed ? NULL : piece_new(PIECE_DID, b.n ? b.p : "", b.n);
  sl_buf_free(&b);
  if (p) {
    p->target = target;
    p->rc = rc;
    p->has_ref = started != NULL;
    p->has_err = err != NULL;
    p->conn_n = started ? started->conn.n : 0;
    p->res_n = started ? started->res.n : 0;
    if (err)
      p->err = *err;
  }
  return feed_post(f, p);
}

void sl_feed_cut(struct sl_feed *f, const char *note)
{
  feed_post(f, piece_new(PIECE_CUT, note ? note : "", note ? strlen(note) : 0));
}

void sl_feed_touch(struct sl_feed *f)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  if (t.tv_sec == f->touched)
    return; /* once a second is enough */
  f->touched = t.tv_sec;
  feed_post(f, piece_new(PIECE_TOUCH, NULL, 0));
}

/* ---- rows by and by ---- */

int sl_rower_begin(struct sl_rower *w, struct sl_feed *f, struct sl_schema *s, struct sl_err *err)
{
  *w = (struct sl_rower){ .f = f };
  if (!s)
    s = f->schema;
  if (!s)
    return w->rc = sl_err_set(err, SL_EINTERNAL, "rows without a schema");
  w->s = sl_schema_ref(s);
  return SL_OK;
}

static int rower_send(struct sl_rower *w, struct sl_err *err)
{
  if (!w->b)
    return SL_OK;
  struct sl_batch *b = w->b;
  w->b = NULL;
  int rc = sl_batch_seal(b, err);
  if (rc) {
    sl_batch_unref(b);
    return rc;
  }
  rc = sl_feed_rows(w->f, &b);
  return rc ? sl_err_set(err, rc, "%s", sl_code_words(rc)) : SL_OK;
}

int sl_rower_row(struct sl_rower *w, enum sl_op op, struct sl_str id)
{
  if (!w->rc && w->b && sl_batch_full(w->b))
    w->rc = rower_send(w, NULL);
  if (!w->rc && !w->b)
    w->rc = sl_batch_new(&w->b, w->s, NULL);
  if (w->rc)
    return w->rc;
  sl_batch_row(w->b, op, id);
  w->rows++;
  return SL_OK;
}

struct sl_batch *sl_rower_batch(struct sl_rower *w)
{
  return w->b;
}

int sl_rower_end(struct sl_rower *w, struct sl_err *err)
{
  if (w->rc && err)
    sl_err_set(err, w->rc, "%s", sl_code_words(w->rc));
  if (!w->rc)
    w->rc = rower_send(w, err);
  int rc = w->rc;
  sl_rower_abort(w);
  return rc;
}

void sl_rower_abort(struct sl_rower *w)
{
  sl_batch_unref(w->b);
  w->b = NULL;
  sl_schema_unref(w->s);
  w->s = NULL;
}
