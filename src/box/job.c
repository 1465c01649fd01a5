/* box/job.c: one piece of work, from the caller's side: what goes in, what comes out, and that it ends exactly once. */
#include <signal.h>

#include "base/mem.h"
#include "box/pool_int.h"

void job_free(struct sl_box_job *j)
{
  for (size_t i = 0; j->inputs && i < j->ninputs; i++) {
    sl_free(j->inputs[i].name);
    sl_schema_unref(j->inputs[i].schema);
  }
  for (size_t i = 0; i < j->reads.n; i++)
    sl_free((void *)(uintptr_t)j->reads.at[i].p);
  sl_free(j->reads.at);
  sl_free(j->inputs);
  sl_free(j->kind);
  sl_free(j->out);
  sl_buf_free(&j->text);
  sl_schema_unref(j->schema);
  sl_free(j);
}

static int copy_inputs(struct sl_box_job *j, const struct sl_box_work *w, struct sl_err *err)
{
  j->inputs = sl_calloc(w->ninputs + 1, sizeof *j->inputs);
  if (!j->inputs)
    return sl_err_nomem(err);
  for (; j->ninputs < w->ninputs; j->ninputs++) {
    struct job_input *in = &j->inputs[j->ninputs];
    in->schema = sl_schema_ref(w->inputs[j->ninputs].schema);
    in->name = sl_strdup(w->inputs[j->ninputs].name);
    if (!in->name) {
      j->ninputs++;
      return sl_err_nomem(err);
    }
  }
  return SL_OK;
}

static int copy_reads(struct sl_box_job *j, const char *const *reads, struct sl_err *err)
{
  size_t n = 0;
  while (reads && reads[n])
    n++;
  if (n > WIRE_LIST_MAX / 8)
    return sl_err_set(err, SL_ELIMIT, "%zu files in one statement; %d is the limit", n, WIRE_LIST_MAX / 8);
  j->reads.at = sl_calloc(n + 1, sizeof *j->reads.at);
  if (!j->reads.at)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    char *copy = sl_strdup(reads[i]);
    if (!copy)
      return sl_err_nomem(err);
    j->reads.at[j->reads.n++] = sl_str(copy);
  }
  return SL_OK;
}

static int copy_work(struct sl_box_job *j, const struct sl_box_work *w, struct sl_err *err)
{
  if (w->ninputs > WIRE_LIST_MAX)
    return sl_err_set(err, SL_ELIMIT, "%zu tables in one statement; %d is the limit", w->ninputs, WIRE_LIST_MAX);
  sl_buf_init(&j->text, 0);
  sl_buf_str(&j->text, w->text);
  j->limit = w->limit;
  j->kind = sl_strdup(w->kind);
  j->out = sl_strdup(w->out_path);
  if (!j->kind || (w->out_path && !j->out))
    return sl_err_nomem(err);
  int rc = sl_buf_check(&j->text, err);
  if (!rc)
    rc = copy_inputs(j, w, err);
  return rc ? rc : copy_reads(j, w->reads, err);
}

/* Unlinked from the pool's waiting list if it is there. */
static void job_unlink(struct sl_box_job *j)
{
  struct sl_box_job **at = &j->pool->waiting;
  while (*at && *at != j)
    at = &(*at)->next;
  if (!*at)
    return;
  *at = j->next;
  if (j->pool->waiting_tail == &j->next)
    j->pool->waiting_tail = at;
}

int sl_box_start(struct sl_box_job **out, struct sl_box_pool *p, const struct sl_box_work *w, const struct sl_box_ops *ops, void *user,
                 struct sl_err *err)
{
  *out = NULL;
  if (w->out_path && (strchr(w->out_path, '/') || w->out_path[0] == '.' || !w->out_path[0]))
    return sl_err_set(err, SL_EINTERNAL, "the box writes only into its own folder, not to %s", w->out_path);
  struct sl_box_job *j = sl_calloc(1, sizeof *j);
  if (!j)
    return sl_err_nomem(err);
  j->pool = p;
  j->ops = *ops;
  j->user = user;
  int rc = copy_work(j, w, err);
  if (rc) {
    job_free(j);
    return rc;
  }
  *p->waiting_tail = j;
  p->waiting_tail = &j->next;
  if (!pool_kick(p)) { /* nobody would ever look at it */
    job_unlink(j);
    job_free(j);
    return sl_err_nomem(err);
  }
  sl_loop_busy(p->loop, 1);
  *out = j;
  return SL_OK;
}

static void job_drop(struct sl_box_job *j)
{
  sl_loop_busy(j->pool->loop, -1);
  if (j->calling)
    j->gone = true; /* freed by the one who calls */
  else
    job_free(j);
}

void job_end(struct sl_box_job *j, int rc, const struct sl_err *e, const char *file, uint64_t rows)
{
  static const struct sl_err none;
  struct sl_box_ops ops = j->ops;
  void *user = j->user;
  job_drop(j);
  ops.done(user, rc, e ? e : &none, file, rows);
}

void sl_box_job_cancel(struct sl_box_job *j)
{
  struct box *b = j->box;
  job_unlink(j);
  if (b) {
    b->job = NULL;
    box_kill(b, SL_ECANCELED, NULL);
  }
  j->box = NULL;
  job_drop(j);
}

int sl_box_job_pid(const struct sl_box_job *j)
{
  return j->box && j->box->child ? sl_child_pid(j->box->child) : 0;
}

/* ---- in ---- */

int job_send(struct sl_box_job *j, struct sl_err *err)
{
  struct sl_buf f, schemas;
  struct wire_input *in = sl_calloc(j->ninputs + 1, sizeof *in);
  size_t *ends = sl_calloc(j->ninputs + 1, sizeof *ends);
  sl_buf_init(&f, WIRE_MAX_IN);
  sl_buf_init(&schemas, WIRE_MAX_IN);
  int rc = in && ends ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; !rc && i < j->ninputs; i++) {
    rc = sl_schema_encode(&schemas, j->inputs[i].schema, err);
    ends[i] = schemas.n;
  }
  for (size_t i = 0; !rc && i < j->ninputs; i++) {
    size_t from = i ? ends[i - 1] : 0;
    in[i] = (struct wire_input){ sl_str(j->inputs[i].name), sl_strn(schemas.p + from, ends[i] - from) };
  }
  if (!rc)
    wire_put_work(&f, &(struct wire_work){ .text = sl_buf_view(&j->text), .out = j->out ? sl_str(j->out) : SL_STR(""), .limit = j->limit,
                                           .inputs = in, .ninputs = j->ninputs });
  if (!rc)
    rc = sl_buf_check(&f, err);
  if (!rc)
    rc = sl_frames_send(j->box->frames, WIRE_WORK, sl_buf_view(&f), err);
  sl_buf_free(&f);
  sl_buf_free(&schemas);
  sl_free(in);
  sl_free(ends);
  return rc;
}

static int check_input(const struct sl_box_job *j, size_t input, struct sl_err *err)
{
  if (input >= j->ninputs || j->inputs[input].ended)
    return sl_err_set(err, SL_EINTERNAL, "rows for a table that takes none any more");
  if (!j->box || !j->box->frames)
    return sl_err_set(err, SL_EIO, "the box is gone");
  return SL_OK;
}

/* Runs of rows of one connection: u32 rows, then its name. */
static void put_conns(struct sl_buf *f, const struct sl_batch *b)
{
  struct sl_buf runs;
  uint32_t n = sl_batch_count(b), from = 0;
  sl_buf_init(&runs, 0);
  for (uint32_t row = 1; row <= n; row++) {
    if (row < n && sl_str_eq(sl_batch_conn(b, row), sl_batch_conn(b, from)))
      continue;
    sl_buf_le(&runs, row - from, 4);
    sl_buf_lstr(&runs, sl_batch_conn(b, from));
    from = row;
  }
  sl_buf_lstr(f, sl_buf_view(&runs));
  if (runs.failed)
    f->failed = runs.failed;
  sl_buf_free(&runs);
}

int sl_box_job_rows(struct sl_box_job *j, size_t input, struct sl_batch *b, struct sl_err *err)
{
  struct sl_buf f;
  struct sl_batch *open = NULL;
  int rc = check_input(j, input, err);
  if (!rc)
    rc = sl_batch_public(&open, b, err); /* what runs in there may be told to do anything with them */
  if (rc)
    return rc;
  sl_buf_init(&f, WIRE_MAX_IN);
  sl_buf_le(&f, input, 4);
  put_conns(&f, open);
  rc = sl_batch_encode(&f, open, err);
  sl_batch_unref(open);
  if (!rc)
    rc = sl_buf_check(&f, err);
  if (!rc)
    rc = sl_frames_send(j->box->frames, WIRE_INPUT, sl_buf_view(&f), err);
  sl_buf_free(&f);
  return rc;
}

int sl_box_job_rows_end(struct sl_box_job *j, size_t input, struct sl_err *err)
{
  char n[4] = { (char)(input & 0xff), (char)(input >> 8 & 0xff), 0, 0 };
  int rc = check_input(j, input, err);
  if (rc)
    return rc;
  j->inputs[input].ended = true;
  return sl_frames_send(j->box->frames, WIRE_INPUT_END, sl_strn(n, sizeof n), err);
}

/* ---- out ---- */

void sl_box_job_resume(struct sl_box_job *j)
{
  if (!j->box || !j->box->frames)
    return;
  j->box->paused = false;
  j->box->alive = sl_loop_now(j->pool->loop);
  sl_frames_pause(j->box->frames, false);
}

/* Back from the owner: EAGAIN stops the reading, and with it the engine. */
static int job_taken(struct sl_box_job *j, int rc, struct sl_err *err)
{
  if (rc == SL_EAGAIN) {
    j->box->paused = true;
    sl_frames_pause(j->box->frames, true);
    return SL_OK;
  }
  return rc ? sl_err_set(err, rc, "%s", sl_code_words(rc)) : SL_OK;
}

static int frame_head(struct sl_box_job *j, struct sl_str payload, struct sl_err *err)
{
  struct sl_rd r = sl_rd(payload);
  int64_t total = (int64_t)sl_rd_le(&r, 8);
  if (r.bad || j->schema)
    return sl_err_set(err, SL_EPROTO, "a head that does not belong there");
  int rc = sl_schema_decode(&j->schema, sl_rd_bytes(&r, (size_t)(r.end - r.p)), err);
  if (!rc && j->ops.head)
    j->ops.head(j->user, j->schema, total < -1 ? -1 : total);
  return rc;
}

static int frame_rows(struct sl_box_job *j, struct sl_str payload, struct sl_err *err)
{
  struct sl_batch *b = NULL;
  if (!j->schema)
    return sl_err_set(err, SL_EPROTO, "rows before their columns");
  int rc = sl_batch_decode(&b, j->schema, payload, err);
  if (rc)
    return rc;
  rc = j->ops.rows ? j->ops.rows(j->user, &b) : SL_OK;
  sl_batch_unref(b);
  return j->gone ? SL_OK : job_taken(j, rc, err);
}

static int frame_feed(struct sl_box_job *j, struct sl_str payload, struct sl_err *err)
{
  struct sl_rd r = sl_rd(payload);
  uint64_t input = sl_rd_le(&r, 4);
  if (r.bad || input >= j->ninputs)
    return sl_err_set(err, SL_EPROTO, "it wants rows of a table that there is not");
  if (!j->inputs[input].ended && j->ops.feed)
    j->ops.feed(j->user, (size_t)input);
  return SL_OK;
}

static int frame_progress(struct sl_box_job *j, struct sl_str payload, struct sl_err *err)
{
  struct sl_rd r = sl_rd(payload);
  uint64_t done = sl_rd_le(&r, 8), total = sl_rd_le(&r, 8);
  if (r.bad)
    return sl_err_set(err, SL_EPROTO, "progress that cannot be read");
  if (j->ops.progress)
    j->ops.progress(j->user, (double)done, (double)total);
  return SL_OK;
}

static int frame_note(struct sl_box_job *j, struct sl_str payload, struct sl_err *err)
{
  struct sl_rd r = sl_rd(payload);
  bool cut = sl_rd_le(&r, 1) != 0;
  if (r.bad || payload.n > WIRE_NOTE_MAX + 1)
    return sl_err_set(err, SL_EPROTO, "a note that cannot be read");
  if (j->ops.note)
    j->ops.note(j->user, cut, sl_str_from(payload, 1));
  return SL_OK;
}

static int frame_any(struct sl_box_job *j, uint8_t kind, struct sl_str payload, struct sl_err *err)
{
  switch (kind) {
  case WIRE_HEAD: return frame_head(j, payload, err);
  case WIRE_ROWS: return frame_rows(j, payload, err);
  case WIRE_FEED: return frame_feed(j, payload, err);
  case WIRE_PROGRESS: return frame_progress(j, payload, err);
  case WIRE_NOTE: return frame_note(j, payload, err);
  case WIRE_BYTES: {
    int rc = j->ops.bytes ? j->ops.bytes(j->user, payload) : SL_OK;
    return j->gone ? SL_OK : job_taken(j, rc, err);
  }
  default: return sl_err_set(err, SL_EPROTO, "a message of kind %u", kind);
  }
}

/* The owner may cancel inside any of its callbacks: then j is freed here, behind it. */
int job_frame(struct sl_box_job *j, uint8_t kind, struct sl_str payload, struct sl_err *err)
{
  j->calling = true;
  int rc = frame_any(j, kind, payload, err);
  j->calling = false;
  if (!j->gone)
    return rc;
  job_free(j);
  return SL_OK;
}
