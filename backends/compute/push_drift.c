/* backends/compute/push_drift.c: drift where the data lies in an engine: columns matched, categories counted there, rows made here by the
 * tests that the box uses, from the same counts. The rules are those of box/work_drift.c. */
#include "backend_compute/push_drift_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- a feature's life ---- */

static void feature_leave(struct push_feature *n)
{
  for (int s = 0; s < 2; s++)
    sl_free(n->x[s]);
  for (size_t i = 0; i < n->known.nbins; i++) {
    sl_free(n->known.bins[i].edges);
    sl_free(n->known.bins[i].count[0]);
    sl_free(n->known.bins[i].chunk);
  }
  sl_free(n->known.value);
  sl_free(n->known.cell[0]);
  for (int s = 0; s < 2; s++)
    sl_buf_free(&n->only[s]);
  sl_free(n->cells);
  sl_free(n->chunk);
  sl_free(n->edge);
  sl_free(n->last);
  sl_buf_free(&n->labels);
  *n = (struct push_feature){ .few = false };
}

static int next_feature(struct push_drift *w, struct sl_err *err);

int push_drift_feature(struct push_drift *w, struct sl_err *err)
{
  int rc = drift_rows_feature(&w->out, &w->now.f, err);
  return rc ? rc : next_feature(w, err);
}

int push_drift_counts(struct push_drift *w, struct sl_err *err)
{
  int rc = drift_rows_counts(&w->out, &w->now.f, err);
  return rc ? rc : next_feature(w, err);
}

int push_drift_ask(struct push_drift *w, push_step *next, struct sl_err *err)
{
  return push_ask(&w->push, 2, w->now.f.name, next, err);
}

size_t push_drift_chunks(const struct push_drift *w, size_t *size)
{
  size_t n = sl_drift_chunk_count((size_t)w->push.side[0].rows, size);
  return w->push.p.d->number_rows ? n : 0;
}

/* ---- categories ---- */

int push_drift_take_cells(struct push_drift *w, const struct push_answer *a, size_t cells, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  struct sl_drift_chunks *k = &now->f.chunks;
  size_t size, n = push_drift_chunks(w, &size);
  if (push_rows(a) != cells)
    return sl_err_set(err, SL_ECONFLICT, "the data changed while it was read");
  now->chunk = sl_calloc(n * cells + 1, sizeof *now->chunk);
  if (!now->chunk)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++) {
    double all = 0;
    for (size_t c = 0; c < cells; c++)
      all += now->chunk[i * cells + c] = push_f64(a, c, (unsigned)i + 1);
    k->at[i + 1] = k->at[i] + (size_t)all;
  }
  k->n = n;
  k->cell = now->chunk;
  return SL_OK;
}

static int on_value_chunks(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  int rc = push_drift_take_cells(w, a, w->now.f.pair.ncells, err);
  return rc ? rc : push_drift_feature(w, err);
}

static int ask_value_chunks(struct push_drift *w, struct sl_err *err)
{
  size_t size, n = push_drift_chunks(w, &size);
  if (!w->out.chunked)
    return push_drift_feature(w, err);
  w->now.f.pair.chunks = w->push.p.d->number_rows ? &w->now.f.chunks : NULL;
  if (!n)
    return push_drift_feature(w, err);
  sl_push_value_chunks(&w->push.sql, &w->push.p, w->now.col, size, n, SL_PUSH_CELLS);
  return push_drift_ask(w, on_value_chunks, err);
}

int push_drift_too_many(struct push_drift *w, struct sl_err *err)
{
  snprintf(w->now.f.note, sizeof w->now.f.note, "more than %d values: too many to ask for", SL_PUSH_CELLS);
  return push_drift_counts(w, err);
}

/* The values that only one side has, the most frequent first: side after side. */
static int ask_only(struct push_drift *w, struct sl_err *err);

static int on_only(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  struct push_feature *now = &w->now;
  struct sl_buf *list = &now->only[now->nonly - 1];
  for (size_t i = 0; i < push_rows(a); i++)
    drift_only_add(list, push_text(a, i, 0));
  now->f.only[now->nonly - 1] = sl_buf_view(list);
  int rc = sl_buf_check(list, err);
  return rc ? rc : ask_only(w, err);
}

static int ask_only(struct push_drift *w, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  double share[2];
  drift_only_shares(&now->f.pair, share);
  while (now->nonly < 2 && !(share[now->nonly] > 0))
    now->nonly++;
  if (now->nonly == 2)
    return ask_value_chunks(w, err);
  sl_buf_init(&now->only[now->nonly], 0);
  sl_push_only(&w->push.sql, &w->push.p, now->col, now->nonly++, DRIFT_ONLY_BYTES, DRIFT_ONLY_NAMES);
  return push_drift_ask(w, on_only, err);
}

static int on_values(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  struct push_drift *w = (struct push_drift *)p;
  struct push_feature *now = &w->now;
  size_t k = push_rows(a);
  if (k > SL_PUSH_CELLS)
    return push_drift_too_many(w, err);
  now->cells = sl_calloc(2 * k + 1, sizeof *now->cells);
  if (!now->cells)
    return sl_err_nomem(err);
  for (size_t i = 0; i < k; i++) {
    now->cells[i] = push_f64(a, i, 1);
    now->cells[k + i] = push_f64(a, i, 2);
    if (k <= DRIFT_BINS)
      sl_list_add(&now->labels, drift_label(push_text(a, i, 0)));
  }
  now->f.labels = sl_buf_view(&now->labels);
  now->f.pair.ncells = k;
  now->f.pair.cell[0] = now->cells;
  now->f.pair.cell[1] = now->cells + k;
  int rc = sl_buf_check(&now->labels, err);
  return rc ? rc : ask_only(w, err);
}

static double count_of(const struct push_drift *w, int side, int which) { return w->push.side[side].count[w->now.at[side]][which]; }

static void count_others(struct push_drift *w, int side)
{
  double n = count_of(w, side, 0);
  w->now.f.pair.n[side] = (size_t)n;
  w->now.f.missing[side] = (int64_t)(w->push.side[side].rows - n);
}

/* Evidently's rule: text where more than half of the current values differ from each other. */
static int judge_texts(struct push_drift *w, double before, double different, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  const struct sl_push_column *b = now->col[1];
  bool text = b->is == SL_PUSH_TEXT;
  bool category = text && (different * 2 <= (double)now->f.pair.n[1] || w->out.texts_are_categories);
  now->f.pair.kind = b->is == SL_PUSH_BOOL ? SL_DRIFT_BOOLEAN : category ? SL_DRIFT_CATEGORICAL
                     : b->is == SL_PUSH_TIME ? SL_DRIFT_TIME : SL_DRIFT_TEXT;
  if (!category && b->is != SL_PUSH_BOOL)
    return push_drift_feature(w, err);
  if (before > SL_PUSH_CELLS || different > SL_PUSH_CELLS)
    return push_drift_too_many(w, err);
  bool shown = before <= DRIFT_BINS && different <= DRIFT_BINS;
  sl_push_values(&w->push.sql, &w->push.p, now->col, shown ? DRIFT_LABEL_MAX : 0, SL_PUSH_CELLS + 1);
  return push_drift_ask(w, on_values, err);
}

static int on_distinct(struct push *p, const struct push_answer *a, struct sl_err *err)
{
  return judge_texts((struct push_drift *)p, push_f64(a, 0, 1), push_f64(a, 1, 1), err);
}

static int texts(struct push_drift *w, struct sl_err *err)
{
  if (w->now.col[1]->is != SL_PUSH_TEXT)
    return judge_texts(w, 0, 0, err);
  sl_push_distinct(&w->push.sql, &w->push.p, w->now.col);
  return push_drift_ask(w, on_distinct, err);
}

/* ---- columns of both, and of one ---- */

static const char *class_name(enum sl_push_class c)
{
  static const char *const names[] = { "number", "boolean", "text", "time", "nested value" };
  return names[c];
}

static enum sl_drift_kind kind_of(enum sl_push_class c)
{
  static const enum sl_drift_kind kinds[] = { SL_DRIFT_NUMERIC, SL_DRIFT_BOOLEAN, SL_DRIFT_TEXT, SL_DRIFT_TIME, SL_DRIFT_TEXT };
  return kinds[c];
}

static int both(struct push_drift *w, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  const struct sl_push_column *a = now->col[0], *b = now->col[1];
  if (a->is == b->is && b->is == SL_PUSH_NUMBER)
    return push_number(w, err);
  count_others(w, 0);
  count_others(w, 1);
  if (a->is == b->is)
    return texts(w, err);
  bool seen = now->f.pair.n[0] > 0, empty = !seen || !now->f.pair.n[1];
  now->f.pair.kind = kind_of(seen ? a->is : b->is);
  if (empty) /* a column that is empty on one side has no type of its own there */
    return push_drift_counts(w, err);
  snprintf(now->f.note, sizeof now->f.note, "retyped: %s, was %s", class_name(b->is), class_name(a->is));
  int rc = drift_rows_schema(&w->out, &now->f, err);
  return rc ? rc : next_feature(w, err);
}

static size_t find(const struct push_side *s, const char *name)
{
  size_t i = 0;
  while (i < s->n && strcmp(s->col[i].name, name) != 0)
    i++;
  return i;
}

static int only_one(struct push_drift *w, int side, size_t at, struct sl_err *err)
{
  struct push_feature *now = &w->now;
  const struct sl_push_column *c = &w->push.side[side].col[at];
  now->f.name = c->name;
  now->at[side] = at;
  now->f.pair.kind = kind_of(c->is);
  count_others(w, side);
  snprintf(now->f.note, sizeof now->f.note, side ? "new" : "gone");
  return drift_rows_schema(&w->out, &now->f, err);
}

/* The next one that both have and that must be asked for; what only one has becomes a row on the way. */
static int next_feature(struct push_drift *w, struct sl_err *err)
{
  const struct push_side *a = &w->push.side[0], *b = &w->push.side[1];
  int rc = SL_OK;
  while (!rc && w->next[0] < a->n) {
    size_t i = w->next[0]++, other = find(b, a->col[i].name);
    feature_leave(&w->now);
    w->push.done++;
    if (other < b->n) {
      w->now = (struct push_feature){ .col = { &a->col[i], &b->col[other] }, .at = { i, other }, .f.name = b->col[other].name };
      sl_buf_init(&w->now.labels, 0);
      return both(w, err);
    }
    rc = only_one(w, 0, i, err);
  }
  while (!rc && w->next[1] < b->n) {
    size_t i = w->next[1]++;
    feature_leave(&w->now);
    if (find(a, b->col[i].name) == a->n)
      rc = only_one(w, 1, i, err);
  }
  feature_leave(&w->now);
  return rc ? rc : drift_rows_end(&w->out, err);
}

static int counted(struct push *p, struct sl_err *err) { return next_feature((struct push_drift *)p, err); }

/* ---- from start to end ---- */

static int no_head(void *user, const struct sl_schema *s, struct sl_err *err)
{
  (void)user;
  (void)s;
  (void)err;
  return SL_OK; /* the resource's own head is out already */
}

static int to_request(void *user, struct sl_batch *b, struct sl_err *err) { return compute_boxed_rows(user, b, err); }

int push_drift_start(struct push_drift **out, struct compute *c, struct sl_req *r, const struct push_drift_ask *ask, push_end *end,
                     struct sl_err *err)
{
  struct push_drift *w = *out = sl_calloc(1, sizeof *w);
  struct drift_sink sink = { no_head, to_request, r };
  if (!w)
    return sl_err_nomem(err);
  w->push = (struct push){ .c = c, .r = r, .reads = ask->reads, .p = { &sl_push_duckdb, { ask->sql[0], ask->sql[1] } }, .sides = 2,
                           .counted = counted, .end = end };
  int rc = drift_rows_open(&w->out, &sink, sl_str(ask->tests), sl_str(ask->profile), err);
  return rc ? rc : push_start(&w->push, err);
}

void push_drift_drop(struct push_drift *w)
{
  if (!w)
    return;
  feature_leave(&w->now);
  push_leave(&w->push);
  drift_rows_free(&w->out);
  sl_free(w);
}
