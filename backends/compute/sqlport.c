/* backends/compute/sqlport.c: one statement: its addresses resolved, the rows of resources sent in, its own rows sent on as they come. */
#include "backend_compute/compute_int.h"
#include "box/sqlscan.h"

struct input {
  struct feeder *f;
  struct sl_snap *snap;
  uint64_t at;
  unsigned wanted;             /* batches that the box has room for */
};
/* Lives as long as a page may still come back from the disk for it. */
struct feeder { unsigned pins; struct sl_req *r; struct sl_box_job *job; struct input *in; size_t n; };

struct run {
  struct compute *c;
  struct compute_prep *prep;
  struct sl_box_job *job;
  struct feeder *feed;
  struct compute_score *score; /* a model is to be scored */
  struct compute_monitor_out *monitor; /* a file of Model Monitor's is to be made */
  struct sl_batch *summary;    /* of it, where its rows go into a file */
  struct compute_look *look;   /* a picture, an archive or a member is asked for; NULL: a statement */
  struct compute_fetch *fetch; /* its copy, where a registry has it */
  bool head;
  int64_t started;             /* ms of the loop's clock */
  char *reads;                 /* the one file or folder that it reads; NULL: none, or several */
};

/* ---- inputs ---- */

static void feeder_unpin(struct feeder *f)
{
  if (--f->pins)
    return;
  for (size_t i = 0; i < f->n; i++)
    sl_snap_unref(f->in[i].snap);
  sl_free(f->in);
  sl_free(f);
}

static void feed_pages(struct input *in);

static void page_ready(void *user)
{
  struct input *in = user;
  struct feeder *f = in->f;
  if (f->job)
    feed_pages(in);
  feeder_unpin(f);
}

static void feed_failed(struct feeder *f, int rc, const struct sl_err *err)
{
  struct sl_req *r = f->r;
  struct run *run = sl_req_state(r);
  compute_cancel(run->c, run->job);
  run->job = f->job = NULL;
  run->feed = NULL;
  feeder_unpin(f);
  sl_req_end(r, rc, err);
}

static int feed_page(struct input *in, struct sl_err *err)
{
  struct sl_box_job *job = in->f->job;
  size_t which = (size_t)(in - in->f->in);
  if (in->at >= sl_snap_count(in->snap)) {
    in->wanted = 0;
    return sl_box_job_rows_end(job, which, err);
  }
  struct sl_batch *b = NULL;
  int rc = sl_snap_page(in->snap, in->at, SL_BATCH_ROWS, &b, page_ready, in, err);
  if (!rc && !sl_batch_count(b))
    rc = sl_err_set(err, SL_EINTERNAL, "a page of rows that is empty");
  if (!rc) {
    in->at += sl_batch_count(b);
    rc = sl_box_job_rows(job, which, b, err);
  }
  sl_batch_unref(b);
  return rc;
}

static void feed_pages(struct input *in)
{
  struct sl_err err = { 0 };
  while (in->wanted) {
    in->wanted--;
    int rc = feed_page(in, &err);
    if (rc == SL_EAGAIN) { /* on the disk: page_ready() goes on */
      in->wanted++;
      in->f->pins++;
      return;
    }
    if (rc) {
      feed_failed(in->f, rc, &err);
      return;
    }
  }
}

static void on_feed(void *user, size_t i)
{
  struct run *run = sl_req_state(user);
  struct input *in = &run->feed->in[i];
  bool waits = in->wanted > 0; /* for a page already */
  in->wanted++;
  if (!waits)
    feed_pages(in);
}

static int feeder_new(struct run *run, struct sl_req *r, struct sl_err *err)
{
  const struct sl_query *q = sl_req_query(r);
  struct feeder *f = run->feed = sl_calloc(1, sizeof *f);
  if (!f)
    return sl_err_nomem(err);
  f->pins = 1;
  f->r = r;
  f->in = sl_calloc(q->ninputs + 1, sizeof *f->in);
  if (!f->in)
    return sl_err_nomem(err);
  for (; f->n < q->ninputs; f->n++)
    f->in[f->n] = (struct input){ .f = f, .snap = sl_snap_ref(q->inputs[f->n].snap) };
  return SL_OK;
}

static void run_leave(struct run *run)
{
  compute_prep_drop(run->prep);
  run->prep = NULL;
  if (run->feed) {
    run->feed->job = NULL;
    feeder_unpin(run->feed);
    run->feed = NULL;
  }
  compute_look_free(run->look);
  compute_fetch_drop(run->fetch);
  run->fetch = NULL;
  compute_score_free(run->score);
  compute_monitor_out_free(run->monitor);
  run->monitor = NULL;
  sl_batch_unref(run->summary);
  run->look = NULL;
  sl_free(run->reads);
  run->reads = NULL;
  run->score = NULL;
  run->summary = NULL;
}

/* ---- what comes back ---- */

/* Rows of a statement or of an archive's list; bytes of a picture or a member. A box that sends the other kind is no longer ours. */
static bool wants_rows(const struct run *run) { return !run->look || compute_look_lists(run->look); }

/* A model's rows go into a file: what the box sends is one row about them. */
static bool sums_up(struct sl_req *r)
{
  const struct run *run = sl_req_state(r);
  return run->score && sl_req_query(r)->out.n;
}

static void on_head(void *user, struct sl_schema *s, int64_t total)
{
  struct run *run = sl_req_state(user);
  (void)total;
  if (!wants_rows(run) || sums_up(user)) /* its rows end it, or are for us */
    return;
  if (sl_schema_set_resource(s, SL_STR("rows"), NULL))
    return; /* refs without their resource: nothing leads to them anyway */
  run->head = true;
  sl_req_head(user, s, 0, -1);
}

static int on_rows(void *user, struct sl_batch **take)
{
  struct run *run = sl_req_state(user);
  if (!wants_rows(run) || (sums_up(user) && run->summary))
    return SL_EPROTO;
  if (!sums_up(user))
    return sl_req_rows(user, take);
  run->summary = *take;
  *take = NULL;
  return SL_OK;
}

static int on_bytes(void *user, struct sl_str piece)
{
  struct run *run = sl_req_state(user);
  if (wants_rows(run))
    return SL_EPROTO;
  sl_req_touch(user, piece.n);
  return compute_look_bytes(run->look, piece);
}

/* At work is not idle. How far a query is, its rows say; a model over data has none until it is through. */
static void on_progress(void *user, double done, double total)
{
  struct run *run = sl_req_state(user);
  if (run->score)
    compute_say_progress(user, run->c, run->started, done, total);
  else
    sl_req_touch(user, 0);
}

/* Into a file goes all or nothing, and a picture that cannot be read is no reason for nothing: its row and the summary say so. */
static void on_note(void *user, bool cut, struct sl_str text)
{
  struct run *run = sl_req_state(user);
  compute_say_note(user, run->c, cut && !sums_up(user), text);
}

/* `--out`: where the file lies, as one row. */
static int send_file(struct sl_req *r, const char *file, uint64_t rows, struct sl_err *err)
{
  static const struct sl_col cols[] = { { .name = "file", .type = SL_TEXT, .help = "where the result lies until it is moved" },
                                        { .name = "rows", .type = SL_I64, .help = "rows in it" } };
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  int rc = sl_schema_new(&s, cols, 2, NULL, 0, err);
  if (!rc)
    rc = sl_schema_set_resource(s, SL_STR("rows"), err);
  if (!rc)
    rc = sl_batch_new(&b, s, err);
  if (!rc) {
    sl_batch_row(b, SL_PUT, SL_STR("1"));
    sl_batch_set(b, 0, sl_vz(file));
    sl_batch_set(b, 1, sl_vi((int64_t)rows));
    sl_req_head(r, s, 0, 1);
    rc = sl_req_rows(r, &b);
    rc = rc == SL_EAGAIN ? SL_OK : rc;
  }
  sl_batch_unref(b);
  sl_schema_unref(s);
  return rc;
}

/* The same with what the box said about the rows: its columns behind the file. */
static int send_summary(struct sl_req *r, const char *file, struct sl_err *err)
{
  struct run *run = sl_req_state(r);
  struct sl_schema *from = sl_batch_schema(run->summary), *s = NULL;
  struct sl_col cols[32] = { { .name = "file", .type = SL_TEXT, .help = "where the result lies until it is moved" } };
  size_t n = sl_schema_count(from);
  struct sl_batch *b = NULL;
  if (n + 1 > sizeof cols / sizeof cols[0] || sl_batch_count(run->summary) != 1)
    return sl_err_set(err, SL_EPROTO, "the box summed up in another way than was asked for");
  for (size_t i = 0; i < n; i++)
    cols[i + 1] = *sl_schema_col(from, i);
  int rc = sl_schema_new(&s, cols, n + 1, NULL, 0, err);
  rc = rc ? rc : sl_schema_set_resource(s, SL_STR("rows"), err);
  rc = rc ? rc : sl_batch_new(&b, s, err);
  if (!rc) {
    sl_batch_row(b, SL_PUT, SL_STR("1"));
    sl_batch_set(b, 0, sl_vz(file));
    for (size_t i = 0; i < n; i++)
      sl_batch_set(b, (unsigned)i + 1, sl_batch_get(run->summary, 0, (unsigned)i));
    sl_req_head(r, s, 0, 1);
    rc = sl_req_rows(r, &b);
    rc = rc == SL_EAGAIN ? SL_OK : rc;
  }
  sl_batch_unref(b);
  sl_schema_unref(s);
  return rc;
}

/* The rows of a picture or member, as far as there is room for them; at the end the request's. */
static void send_look(struct sl_req *r, int rc, struct sl_err *err)
{
  struct run *run = sl_req_state(r);
  rc = compute_look_send(run->look, r, rc, err);
  if (rc == SL_EAGAIN)
    return;
  run_leave(run);
  sl_req_end(r, rc, rc ? err : NULL);
}

static void on_done(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows)
{
  struct sl_req *r = user;
  struct run *run = sl_req_state(r);
  struct sl_err e = *err;
  compute_ended(run->c);
  compute_words(run->c, run->reads, &e);
  run->job = NULL;
  if (run->look) {
    send_look(r, rc, &e);
    return;
  }
  struct sl_batch *summary = run->summary;
  if (!rc && file && summary) {
    rc = send_summary(r, file, &e);
    run_leave(run);
    sl_req_end(r, rc, rc ? &e : NULL);
    return;
  }
  run_leave(run);
  if (!rc && file && run->head)
    rc = sl_err_set(&e, SL_EPROTO, "the box sent both rows and a file");
  else if (!rc && file)
    rc = send_file(r, file, rows, &e);
  sl_req_end(r, rc, rc ? &e : NULL);
}

/* ---- from start to end ---- */

static int start(struct sl_req *r, const char *kind, const char *text, const char *const *reads, struct sl_err *err)
{
  static const struct sl_box_ops ops = { .head = on_head, .rows = on_rows, .bytes = on_bytes,
                                         .progress = on_progress, .note = on_note, .feed = on_feed, .done = on_done };
  struct run *run = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_box_input *in = sl_calloc(q->ninputs + 1, sizeof *in);
  char *out = q->out.n ? sl_strndup(q->out.p, q->out.n) : NULL;
  run->started = sl_loop_now(sl_backend_loop(run->c->b));
  int rc = in && (out || !q->out.n) ? feeder_new(run, r, err) : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < q->ninputs; i++)
    in[i] = (struct sl_box_input){ q->inputs[i].name, sl_snap_schema(q->inputs[i].snap) };
  if (!rc)
    rc = compute_start(run->c, &run->job, &(struct sl_box_work){ .kind = kind, .text = sl_str(text), .inputs = in, .ninputs = q->ninputs,
                                                                 .reads = reads, .out_path = out }, &ops, r, err);
  if (!rc)
    run->feed->job = run->job;
  sl_free(in);
  sl_free(out);
  return rc;
}

static void on_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct run *run = sl_req_state(r);
  struct sl_err e = *err;
  run->prep = NULL;
  run->reads = rc ? NULL : compute_only(reads);
  bool parts = !rc && sql_is_files(sl_str(sql), ".partial", NULL);      /* parts of a scoring: joined, or their figures */
  bool sketch = sl_str_ends(sl_req_query(r)->out, SL_STR(".sketch")); /* not the rows, but what statistics need of them */
  struct sl_str out = sl_req_query(r)->out;
  char *plain = !rc && sketch ? compute_without_folders(sl_str(sql)) : NULL;
  if (!rc && sketch && !plain)
    rc = sl_err_nomem(&e);
  if (!rc && out.n && sl_str_ends(out, SL_STR(".partial")) != (parts && !sketch))
    rc = sl_err_set(&e, SL_EUSAGE, parts ? "parts of a scoring are joined into W.partial" : "a .partial is what score --partial writes");
  if (!rc)
    rc = start(r, sketch ? "sketch" : parts ? "partial" : "sql", sketch ? plain : sql, reads, &e);
  sl_free(plain);
  if (rc) {
    run_leave(run);
    sl_req_end(r, rc, &e);
  }
}

static void look_at(struct sl_req *r, int rc, const char *const *reads, const struct sl_err *err)
{
  struct run *run = sl_req_state(r);
  struct sl_err e = *err;
  struct sl_buf json;
  sl_buf_init(&json, 0);
  if (!rc)
    rc = compute_look_job(run->look, reads[0], &json, &e);
  if (!rc)
    rc = start(r, compute_look_kind(run->look), sl_buf_zstr(&json), reads, &e);
  sl_buf_free(&json);
  if (rc) {
    run_leave(run);
    sl_req_end(r, rc, &e);
  }
}

static void on_found(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  (void)sql;
  ((struct run *)sl_req_state(user))->prep = NULL;
  look_at(user, rc, reads, err);
}

static void on_copied(void *user, int rc, const char *dir, const struct sl_err *err)
{
  char *path = rc ? NULL : sl_asprintf("%s/model", dir);
  const char *reads[] = { path, NULL };
  struct sl_err e = *err;
  if (!rc && !path)
    rc = sl_err_nomem(&e);
  look_at(user, rc, reads, &e);
  sl_free(path);
}

static int look_begin(struct sl_req *r, struct sl_err *err)
{
  struct run *run = sl_req_state(r);
  const char *uri = compute_look_uri(run->look);
  if (compute_fetch_needed(sl_str(uri)))
    return compute_fetch_file(&run->fetch, run->c, uri, r, on_copied, r, err);
  return compute_prep_address(&run->prep, run->c, sl_str(uri), on_found, r, err);
}

static void on_scorable(void *user, int rc, const char *job, const char *const *reads, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct sl_err e = *err;
  if (!rc)
    rc = start(r, ((struct run *)sl_req_state(r))->monitor ? "monitor" : "score", job, reads, &e);
  if (rc) {
    compute_words(((struct run *)sl_req_state(r))->c, NULL, &e);
    run_leave(sl_req_state(r));
    sl_req_end(r, rc, &e);
  }
}

static int sql_run(struct sl_req *r, struct sl_err *err)
{
  struct run *run = sl_req_state(r);
  struct sl_str statement = sl_req_query(r)->scope;
  run->c = sl_backend_state(sl_req_backend(r));
  int rc = compute_look_parse(&run->look, statement, err);
  if (!rc && run->look && sl_req_query(r)->out.n)
    rc = sl_err_set(err, SL_EUNSUP, "--out takes rows of a statement, no picture and no archive");
  if (!rc && !run->look)
    rc = compute_score_parse(&run->score, statement, err);
  if (!rc && !run->look && !run->score)
    rc = compute_monitor_out_parse(&run->monitor, statement, sl_req_query(r)->out.n > 0, err);
  if (!rc && run->monitor)
    rc = compute_monitor_out_begin(run->monitor, run->c, on_scorable, r, err);
  else if (!rc && run->score && sl_str_ends(sl_req_query(r)->out, SL_STR(".sketch")))
    rc = sl_err_set(err, SL_EUSAGE, "predictions go into .csv, .parquet or .ndjson; sketch them from there");
  else if (!rc && run->score)
    rc = compute_score_begin(run->score, run->c, r, on_scorable, r, err);
  else if (!rc)
    rc = run->look ? look_begin(r, err)
                   : compute_prep(&run->prep, run->c, statement, on_prepped, r, err);
  if (rc)
    run_leave(run);
  return rc;
}

static void sql_resume(struct sl_req *r)
{
  struct run *run = sl_req_state(r);
  struct sl_err err = { 0 };
  if (run->job)
    sl_box_job_resume(run->job);
  else if (run->look)
    send_look(r, SL_OK, &err);
}

static void sql_cancel(struct sl_req *r)
{
  struct run *run = sl_req_state(r);
  if (run->job)
    compute_cancel(run->c, run->job);
  run->job = NULL;
  run_leave(run);
  sl_req_end(r, SL_ECANCELED, NULL);
}

const struct sl_sql_ops compute_sql = {
  .port = { .req_size = sizeof(struct run), .resume = sql_resume, .cancel = sql_cancel },
  .readonly = SL_RO_SERVER,
  .run = sql_run,
};
