/* tests/lib/fake_backend.c: the backend that does what a test says. */
#include "fake_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- resources ---- */

static const struct sl_col thing_cols[] = {
  { .name = "name", .type = SL_TEXT }, { .name = "state", .type = SL_STATE }, { .name = "size", .type = SL_I64, .unit = "B" },
  { .name = "score", .type = SL_F64 }, { .name = "tags", .type = SL_FAMILY_TEXT },
};
const struct sl_resource fake_things = {
  .name = "things", .help = "things", .scope = "a shelf", .shape = SL_KEYED, .cols = thing_cols, .ncols = 5, .order = "name",
  .columns = "name,state", .poll_ms = 10000, .cap_rows = 5000, .actions = fake_actions,
};
static const struct sl_col line_cols[] = { { .name = "time", .type = SL_TIME }, { .name = "text", .type = SL_TEXT } };
const struct sl_resource fake_lines = {
  .name = "lines", .help = "lines", .shape = SL_LOG, .cols = line_cols, .ncols = 2, .columns = "time,text", .poll_ms = 1000,
  .cap_rows = 1000,
};
const struct sl_resource fake_parts = {
  .name = "parts", .help = "parts", .scope = "a thing's id", .scope_required = true, .shape = SL_KEYED, .cols = thing_cols, .ncols = 2,
  .order = "name",
};

/* ---- scripts ---- */

enum { FAKES = 4 };
static struct fake fakes[FAKES] = { { .type = "fake" }, { .type = "other" }, { .type = "third" }, { .type = "compute" } };

struct fake *fake_of(const char *type)
{
  for (int i = 0; i < FAKES; i++)
    if (strcmp(fakes[i].type, type) == 0)
      return &fakes[i];
  return NULL;
}

void fake_reset(void)
{
  for (int i = 0; i < FAKES; i++) {
    const char *type = fakes[i].type;
    memset(&fakes[i], 0, sizeof fakes[i]);
    fakes[i].type = type;
  }
}

/* ---- a request ---- */

struct fake_state { struct fake *f; uint32_t touched; };    /* f first: fake_verbs.c reads it */
struct fake_req {
  struct fake *f;
  struct sl_req *r;
  sl_timer t;
  size_t at;
  bool head, stopped, ending;
  int rc;
};
static void step(void *user);

void fake_may_close(struct fake *f, struct sl_backend *b)
{
  if (!f->closing || f->ending)
    return;
  f->closing = false;
  sl_backend_closed(b);
}

static void finish(struct fake_req *q, int rc);

static int start(struct fake_req *q, int ms, struct sl_err *err)
{
  return sl_timer_start(sl_backend_loop(sl_req_backend(q->r)), ms, 0, step, q, &q->t, err);
}

static void later(struct fake_req *q, int ms)
{
  if (start(q, ms, NULL))
    finish(q, SL_ENOMEM);
}

static struct sl_batch *make_batch(const struct fake *f, struct sl_schema *s, size_t at, size_t n)
{
  struct sl_batch *b;
  if (sl_batch_new(&b, s, NULL))
    return NULL;
  for (size_t i = at; i < at + n; i++) {
    char id[32];
    snprintf(id, sizeof id, "r%06zu", i);
    struct fake_row made = { id, id, i % 2 ? "failed" : "ok", (int64_t)i, (double)i / 2 };
    const struct fake_row *row = f->made ? &made : &f->rows[i];
    sl_batch_row(b, SL_PUT, sl_str(row->id));
    if (sl_schema_count(s) == 2 && sl_schema_col(s, 0)->type == SL_TIME) {
      sl_batch_set(b, 0, sl_vt(row->size));
      sl_batch_set(b, 1, sl_vz(row->name));
      continue;
    }
    sl_batch_set(b, 0, sl_vz(row->name));
    sl_batch_set(b, 1, row->state ? sl_vas(SL_STATE, sl_str(row->state)) : sl_null(SL_STATE));
    if (sl_schema_count(s) < 5)
      continue;
    sl_batch_set(b, 2, sl_vi(row->size));
    sl_batch_set(b, 3, sl_vf(row->score));
    sl_batch_key(b, 4, SL_STR("id"), sl_vz(row->id));
  }
  return b;
}

static size_t rows_of(const struct fake *f)
{
  size_t n = f->made ? f->made : f->nrows;
  return (f->fail || f->wrong == FAKE_NO_END) && f->fail_after < n ? f->fail_after : n;
}

static size_t batch_of(const struct fake *f, size_t at)
{
  size_t size = f->batch ? f->batch : 100, left = rows_of(f) - at;
  return left < size ? left : size;
}

static void finish(struct fake_req *q, int rc)
{
  struct fake *f = q->f;
  struct sl_req *r = q->r;
  struct sl_err e = { 0 };
  if (f->wrong == FAKE_NO_END)
    return;
  if (rc)
    sl_err_set(&e, rc, "%s", f->message ? f->message : "scripted failure");
  sl_timer_stop(sl_backend_loop(sl_req_backend(r)), &q->t);
  f->last = NULL;
  sl_req_end(r, rc, &e);
  if (f->wrong == FAKE_END_TWICE)
    sl_req_end(r, SL_OK, NULL);
}

static void head(struct fake_req *q)
{
  struct fake *f = q->f;
  struct sl_req *r = q->r;
  if (f->wrong == FAKE_ROWS_BEFORE_HEAD) {
    struct sl_batch *b = make_batch(f, sl_req_schema(r), 0, 1);
    q->stopped = sl_req_rows(r, &b) != 0;
    return;
  }
  q->head = true;
  q->stopped = sl_req_head(r, NULL, f->wrong == FAKE_LIMIT_ALONE ? SL_DID_LIMIT : f->did, f->total ? f->total : -1) != 0;
  if (!q->stopped && f->wrong == FAKE_TWO_HEADS)
    q->stopped = sl_req_head(r, NULL, 0, -1) != 0;
  if (!q->stopped && f->doc && sl_req_query(r)->kind == SL_Q_GET)
    sl_req_doc(r, sl_str(f->doc));
}

static void step(void *user)
{
  struct fake_req *q = user;
  struct fake *f = q->f;
  struct sl_req *r = q->r;
  q->t.v = 0;
  if (q->ending) {
    struct sl_backend *b = sl_req_backend(r);
    finish(q, q->rc);
    f->ending--;
    fake_may_close(f, b);
    return;
  }
  if (!q->head && f->ask && !f->answers) {
    struct sl_ask a = { .what = f->ask, .prompt = "say it", .secret = true };
    sl_req_ask(r, &a);
    return;
  }
  if (!q->head) {
    head(q);
    if (q->stopped)
      return;
  }
  if (f->say && !q->at)
    sl_req_say(r, f->say);
  if (q->at < rows_of(f)) {
    size_t n = batch_of(f, q->at);
    struct sl_batch *b = make_batch(f, sl_req_schema(r), q->at, n);
    q->at += n;
    int rc = sl_req_rows(r, &b);
    if (rc && f->wrong != FAKE_GOES_ON) {
      f->stopped++;
      return; /* resume or cancel follows */
    }
  }
  if (q->at < rows_of(f)) {
    later(q, f->gap_ms);
    return;
  }
  if (f->cut)
    sl_req_cut(r, f->cut);
  if (!f->never)
    finish(q, f->fail);
}

/* ---- from a lane ---- */

struct work { struct fake *f; struct sl_schema *s; };

static void nap(void)
{
  struct timespec t = { 0, 1000000 };
  nanosleep(&t, NULL);
}

static int work_run(struct sl_feed *feed, void *user, struct sl_err *err)
{
  struct work *k = user;
  struct fake *f = k->f;
  int rc = sl_feed_head(feed, NULL, f->did, f->total ? f->total : -1);
  for (size_t at = 0; at < rows_of(f) && !rc;) {
    if (f->blocks)
      atomic_store(&f->blocked, 1);
    while (f->blocks && !atomic_load(&f->go) && !sl_feed_cancelled(feed))
      nap();
    size_t n = batch_of(f, at);
    struct sl_batch *b = make_batch(f, k->s, at, n);
    at += n;
    rc = sl_feed_rows(feed, &b);
  }
  if (f->cut)
    sl_feed_cut(feed, f->cut);
  atomic_store(&f->worker_rc, rc);
  return rc ? rc : f->fail ? sl_err_set(err, f->fail, "%s", f->message ? f->message : "scripted failure") : SL_OK;
}

static void work_free(void *user)
{
  struct work *k = user;
  atomic_fetch_add(&k->f->freed, 1);
  sl_schema_unref(k->s);
  sl_free(k);
}

static int work_start(struct sl_req *r, struct fake *f, struct sl_err *err)
{
  struct work *k = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  *k = (struct work){ f, sl_schema_ref(sl_req_schema(r)) };
  static const struct sl_feed_ops ops = { .work = work_run, .free = work_free };
  int rc = sl_req_work(r, SL_LANE_LONG, &ops, k, err);
  if (rc)
    work_free(k);
  return rc;
}

/* ---- slots ---- */

static int fake_query(struct sl_req *r, struct sl_err *err)
{
  struct fake *f = ((struct fake_state *)sl_backend_state(sl_req_backend(r)))->f;
  struct fake_req *q = sl_req_state(r);
  f->queries++;
  f->last = r;
  snprintf(f->scope, sizeof f->scope, "%.*s", SL_ARG(sl_req_query(r)->scope));
  snprintf(f->conn, sizeof f->conn, "%s", sl_backend_name(sl_req_backend(r)));
  if (f->refuse)
    return sl_err_set(err, f->refuse, "%s", f->message ? f->message : "scripted refusal");
  *q = (struct fake_req){ .f = f, .r = r };
  if (f->wrong == FAKE_END_IN_SLOT) {
    sl_req_end(r, SL_OK, NULL);
    return SL_OK;
  }
  if (f->worker || f->wrong == FAKE_FAIL_AFTER_WORK) {
    int rc = work_start(r, f, err);
    return rc ? rc : f->wrong == FAKE_FAIL_AFTER_WORK ? sl_err_set(err, SL_EIO, "fails after all") : SL_OK;
  }
  return f->silent ? SL_OK : start(q, f->delay_ms, err);
}

static void fake_cancel(struct sl_req *r)
{
  struct fake_req *q = sl_req_state(r);
  q->f->cancels++;
  sl_timer_stop(sl_backend_loop(sl_req_backend(r)), &q->t);
  q->ending = true;
  q->rc = SL_ECANCELED;
  if (!q->f->late_end_ms) {
    finish(q, SL_ECANCELED);
    return;
  }
  q->f->ending++;
  later(q, q->f->late_end_ms);
}

static void fake_resume(struct sl_req *r)
{
  struct fake_req *q = sl_req_state(r);
  q->f->resumes++;
  later(q, 0);
}

static const char **secret_text(struct fake *f)
{
  return &f->secret;
}

static void on_secret(void *user, struct sl_secret *s, const struct sl_err *err)
{
  struct fake *f = user;
  if (s)
    snprintf(f->secret_was, sizeof f->secret_was, "%.*s", SL_ARG(sl_secret_reveal(s)));
  else
    snprintf(f->secret_was, sizeof f->secret_was, "!%s", sl_code_name(err->code));
}

static int fake_open_type(struct sl_backend *b, struct fake *f, struct sl_err *err)
{
  struct fake_state *s = sl_backend_state(b);
  f->opens++;
  f->b = b;
  f->state_was = s->touched;
  *s = (struct fake_state){ .f = f, .touched = 77 };
  if (f->open_fails)
    return sl_err_set(err, f->open_fails, "scripted: does not open");
  return *secret_text(f) ? sl_backend_secret(b, f->secret, on_secret, f, err) : SL_OK;
}

#define FAKE_OPEN(name, i)                                                                        \
  static int open_##name(struct sl_backend *b, const struct sl_conf *c, struct sl_err *err)       \
  {                                                                                               \
    (void)c;                                                                                      \
    return fake_open_type(b, &fakes[i], err);                                                     \
  }
FAKE_OPEN(fake, 0)
FAKE_OPEN(other, 1)
FAKE_OPEN(third, 2)
FAKE_OPEN(compute, 3)

static void fake_close(struct sl_backend *b)
{
  struct fake *f = ((struct fake_state *)sl_backend_state(b))->f;
  f->closes++;
  f->closing = f->ending > 0;
  if (f->closing)
    return;
  if (f->wrong != FAKE_NO_CLOSE)
    sl_backend_closed(b);
}

static void fake_answer(struct sl_req *r, struct sl_secret **take)
{
  struct fake_req *q = sl_req_state(r);
  struct fake *f = q->f;
  f->answers++;
  struct sl_str said = *take ? sl_secret_reveal(*take) : SL_STR("declined");
  snprintf(f->answer_was, sizeof f->answer_was, "%.*s", SL_ARG(said));
  if (!*take) {
    struct sl_err e = { 0 };
    sl_err_set(&e, SL_EAUTH, "declined");
    f->last = NULL;
    sl_req_end(r, SL_EAUTH, &e);
    return;
  }
  sl_secret_unref(*take);
  *take = NULL;
  later(q, 0);
}

/* ---- SQL: answers how many rows each input had ---- */

static void sql_step(void *user)
{
  struct fake_req *q = user;
  struct sl_req *r = q->r;
  const struct sl_query *query = sl_req_query(r);
  static const struct sl_col cols[] = { { .name = "input", .type = SL_TEXT }, { .name = "n", .type = SL_I64 } };
  struct sl_schema *s;
  struct sl_batch *b;
  q->t.v = 0;
  if (q->ending || sl_schema_new(&s, cols, 2, NULL, 0, NULL)) {
    sl_req_end(r, SL_ECANCELED, NULL);
    return;
  }
  if (!sl_batch_new(&b, s, NULL)) {
    for (size_t i = 0; i < query->ninputs; i++) {
      sl_batch_row(b, SL_PUT, sl_str(query->inputs[i].name));
      sl_batch_set(b, 0, sl_vz(query->inputs[i].name));
      sl_batch_set(b, 1, sl_vi((int64_t)sl_snap_count(query->inputs[i].snap)));
    }
    if (!sl_req_head(r, s, 0, -1))
      sl_req_rows(r, &b);
    sl_batch_unref(b);
  }
  sl_schema_unref(s);
  sl_req_end(r, q->f->fail, NULL);
}

static int fake_sql(struct sl_req *r, struct sl_err *err)
{
  struct fake *f = ((struct fake_state *)sl_backend_state(sl_req_backend(r)))->f;
  struct fake_req *q = sl_req_state(r);
  const struct sl_query *query = sl_req_query(r);
  *q = (struct fake_req){ .f = f, .r = r };
  f->queries++;
  snprintf(f->statement, sizeof f->statement, "%.*s", SL_ARG(query->scope));
  f->inputs[0] = 0;
  for (size_t i = 0; i < query->ninputs; i++) {
    size_t n = strlen(f->inputs);
    snprintf(f->inputs + n, sizeof f->inputs - n, "%s%s", i ? " " : "", query->inputs[i].name);
  }
  return sl_timer_start(sl_backend_loop(sl_req_backend(r)), 0, 0, sql_step, q, &q->t, err);
}

static void sql_cancel(struct sl_req *r)
{
  struct fake_req *q = sl_req_state(r);
  q->f->cancels++;
  q->ending = true; /* its timer comes */
}

static const struct sl_sql_ops sql = { .port = { sizeof(struct fake_req), NULL, sql_cancel }, .readonly = SL_RO_SERVER, .run = fake_sql };

/* ---- bytes ---- */

static void bytes_step(void *user)
{
  struct fake_req *q = user;
  struct fake *f = q->f;
  struct sl_req *r = q->r;
  q->t.v = 0;
  uint64_t from = sl_req_off(r), len = sl_req_len(r);
  size_t end = from > f->nbytes ? 0 : len > f->nbytes - from ? f->nbytes : (size_t)(from + len);
  if (!q->head) {
    q->head = true;
    q->at = (size_t)from;
    sl_req_size(r, (int64_t)f->nbytes);
  }
  while (q->at < end) {
    size_t n = f->chunk && f->chunk < end - q->at ? f->chunk : end - q->at;
    size_t at = q->at;
    q->at += n;
    if (sl_req_bytes(r, f->bytes + at, n)) {
      f->stopped++;
      return;
    }
  }
  finish(q, f->fail);
}

static int fake_read(struct sl_req *r, struct sl_err *err)
{
  struct fake *f = ((struct fake_state *)sl_backend_state(sl_req_backend(r)))->f;
  struct fake_req *q = sl_req_state(r);
  *q = (struct fake_req){ .f = f, .r = r };
  f->queries++;
  snprintf(f->scope, sizeof f->scope, "%.*s", SL_ARG(sl_req_uri(r)));
  return sl_timer_start(sl_backend_loop(sl_req_backend(r)), 0, 0, bytes_step, q, &q->t, err);
}

static void bytes_resume(struct sl_req *r)
{
  struct fake_req *q = sl_req_state(r);
  q->f->resumes++;
  if (sl_timer_start(sl_backend_loop(sl_req_backend(r)), 0, 0, bytes_step, q, &q->t, NULL))
    finish(q, SL_ENOMEM);
}

static const struct sl_bytes_ops bytes = { .port = { sizeof(struct fake_req), bytes_resume, fake_cancel }, .stat = fake_read,
                                           .read = fake_read };

/* ---- the types ---- */

static const struct sl_col other_own[] = { { .name = "shelf", .type = SL_TEXT } };
#define FAKE_SLOTS .req_size = sizeof(struct fake_req), .query = fake_query, .resume = fake_resume, .cancel = fake_cancel
static const struct sl_serve serve_things = { .res = &fake_things, FAKE_SLOTS, .verbs = fake_verbs, .nverbs = FAKE_VERBS };
static const struct sl_serve serve_things_own = { .res = &fake_things, .own = other_own, .nown = 1, FAKE_SLOTS };
static const struct sl_serve serve_lines = { .res = &fake_lines, FAKE_SLOTS };
static const struct sl_serve serve_parts = { .res = &fake_parts, FAKE_SLOTS };
static const struct sl_serve *const serves_fake[] = { &serve_things, &serve_lines, &serve_parts, NULL };
static const struct sl_serve *const serves_other[] = { &serve_things_own, NULL };
static const struct sl_serve *const serves_third[] = { &serve_lines, NULL };
static const char *const schemes[] = { "fake", "file", NULL };
static const struct sl_setting settings[] = { { .name = "token", .help = "a secret", .type = SL_SET_SECRET },
                                               { .name = "uri", .help = "where", .type = SL_SET_URI } };

static const struct sl_backend_ops ops_fake = {
  .type = "fake", .help = "does what it is told", .state_size = sizeof(struct fake_state), .implicit = true, .serves = serves_fake,
  .settings = settings, .nsettings = 2, .open = open_fake, .close = fake_close, .answer = fake_answer, .bytes = &bytes,
  .schemes = schemes,
};
static const struct sl_backend_ops ops_other = {
  .type = "other", .help = "a second one", .state_size = sizeof(struct fake_state), .implicit = true, .serves = serves_other,
  .open = open_other, .close = fake_close, .answer = fake_answer,
};
static const struct sl_backend_ops ops_third = {
  .type = "third", .help = "lines only", .state_size = sizeof(struct fake_state), .implicit = true, .serves = serves_third,
  .open = open_third, .close = fake_close,
};
static const struct sl_backend_ops ops_compute = {
  .type = "compute", .help = "an engine", .state_size = sizeof(struct fake_state), .implicit = true, .open = open_compute,
  .close = fake_close, .sql = &sql,
};
const struct sl_backend_ops *const fake_backends[] = { &ops_fake, &ops_other, &ops_third, &ops_compute, NULL };
