/* judge/gates_rows.c: the resource gates: one evaluation as rows. The scope may be a version's ref, which says whose version it is. */
#include <stdio.h>

#include "base/mem.h"
#include "judge/gates.h"
#include "judge/judge_int.h"
#include "model/backend.h"

struct rows_state { struct sl_gates_job *job; };

static const struct sl_col own_cols[] = {
  { .name = "why", .type = SL_TEXT, .help = "in words" },
  { .name = "policy_sha256", .type = SL_TEXT, .help = "of what is asked of the version; a statement names it", .flags = SL_COL_HIDDEN },
  { .name = "evidence_sha256", .type = SL_TEXT, .help = "of all evidence that holds", .flags = SL_COL_HIDDEN },
  { .name = "files_sha256", .type = SL_TEXT, .help = "of the version's files, as evidence was computed over them, or as they lie there",
    .flags = SL_COL_HIDDEN },
};
enum { OWN_COLS = sizeof own_cols / sizeof own_cols[0] };
enum { COL_GATE, COL_STATE, COL_VALUE, COL_THRESHOLD, COL_EVIDENCE, COL_WHY, COL_POLICY, COL_EVIDENCE_DIGEST, COL_FILES };

static void put_text(struct sl_batch *b, unsigned col, enum sl_type type, const char *text)
{
  if (*text)
    sl_batch_set(b, col, sl_vas(type, sl_str(text)));
}

static void put_row(struct sl_batch *b, const struct sl_gates *g, const struct sl_gate_row *row, struct sl_buf *id)
{
  sl_buf_clear(id);
  sl_buf_printf(id, "%s/%lld@%s/%s", g->model, (long long)g->version, g->alias, row->name);
  sl_batch_row(b, SL_PUT, sl_buf_view(id));
  put_text(b, COL_GATE, SL_TEXT, row->name);
  put_text(b, COL_STATE, SL_STATE, sl_gate_word(row->state));
  put_text(b, COL_VALUE, SL_TEXT, row->value);
  put_text(b, COL_THRESHOLD, SL_TEXT, row->needs);
  put_text(b, COL_EVIDENCE, SL_TEXT, row->evidence);
  put_text(b, COL_WHY, SL_TEXT, row->why);
  put_text(b, COL_POLICY, SL_TEXT, g->policy);
  put_text(b, COL_EVIDENCE_DIGEST, SL_TEXT, g->evidence);
  put_text(b, COL_FILES, SL_TEXT, g->digest);
}

/* Of one row that was asked for by its id only that. */
static bool wanted(const struct sl_query *q, const struct sl_gates *g, const struct sl_gate_row *row, struct sl_buf *id)
{
  sl_buf_clear(id);
  sl_buf_printf(id, "%s/%lld@%s/%s", g->model, (long long)g->version, g->alias, row->name);
  return q->kind != SL_Q_GET || sl_str_eq(sl_buf_view(id), q->scope);
}

static int emit(struct sl_req *r, const struct sl_gates *g, struct sl_err *err)
{
  struct sl_schema *s = NULL;
  struct sl_batch *b = NULL;
  struct sl_buf id;
  sl_buf_init(&id, 64 << 10);
  int rc = sl_schema_new(&s, sl_res_gates.cols, sl_res_gates.ncols, own_cols, OWN_COLS, err);
  rc = rc ? rc : sl_schema_set_resource(s, SL_STR("gates"), err);
  rc = rc ? rc : sl_req_head(r, s, 0, sl_req_query(r)->kind == SL_Q_GET ? 1 : (int64_t)g->n);
  for (size_t i = 0; i < g->n && !rc; i++) {
    if (!wanted(sl_req_query(r), g, &g->row[i], &id))
      continue;
    rc = b && sl_batch_full(b) ? sl_req_rows(r, &b) : SL_OK;
    rc = rc == SL_EAGAIN ? SL_OK : rc; /* all of it is here already: nothing to slow down */
    rc = rc || b ? rc : sl_batch_new(&b, s, err);
    if (!rc)
      put_row(b, g, &g->row[i], &id);
  }
  rc = rc || !b ? rc : sl_req_rows(r, &b);
  sl_batch_unref(b);
  sl_schema_unref(s);
  sl_buf_free(&id);
  return rc == SL_EAGAIN ? SL_OK : rc;
}

static void told(void *user, const struct sl_gates *g, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct rows_state *s = sl_req_state(r);
  struct sl_err e = err ? *err : (struct sl_err){ 0 };
  s->job = NULL;
  int rc = g ? emit(r, g, &e) : e.code;
  sl_req_end(r, rc, &e);
}

/* CONNECTION:versions/ID[@TO], or ID[@TO]. An @ of the id is encoded in a ref. */
static int scope_read(struct sl_str scope, struct sl_str *conn, struct sl_buf *id, struct sl_err *err)
{
  ptrdiff_t at = sl_str_find(scope, SL_STR(":versions/"));
  struct sl_ref ref;
  struct sl_buf scratch;
  *conn = SL_STR("");
  if (at < 0) {
    sl_buf_str(id, scope);
    return sl_buf_check(id, err);
  }
  ptrdiff_t to = sl_str_chr(scope, '@');
  struct sl_str text = to < 0 ? scope : sl_str_head(scope, (size_t)to);
  sl_buf_init(&scratch, 64 << 10);
  int rc = sl_ref_parse(text, &ref, &scratch, err);
  *conn = sl_str_head(scope, (size_t)at);
  if (!rc) {
    sl_buf_str(id, ref.id);
    sl_buf_str(id, sl_str_from(scope, text.n));
    rc = sl_buf_check(id, err);
  }
  sl_buf_free(&scratch);
  return rc;
}

/* MODEL/VERSION@TO/GATE of a row: a gate's name may hold anything, but it comes last. */
static struct sl_str without_gate(struct sl_str id, struct sl_str *model, int64_t *version, struct sl_str *to)
{
  for (size_t i = id.n; i > 0; i--)
    if (id.p[i - 1] == '/' && sl_gates_scope(sl_str_head(id, i - 1), model, version, to) && to->n)
      return sl_str_head(id, i - 1);
  return SL_STR_NONE;
}

static int gates_query(struct sl_req *r, struct sl_err *err)
{
  struct rows_state *s = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_str conn, model, to;
  int64_t version;
  struct sl_buf id;
  sl_buf_init(&id, 64 << 10);
  int rc = scope_read(q->scope, &conn, &id, err);
  bool ok = !rc && (q->kind == SL_Q_GET ? without_gate(sl_buf_view(&id), &model, &version, &to).p != NULL
                                        : sl_gates_scope(sl_buf_view(&id), &model, &version, &to));
  if (!rc && !ok)
    rc = sl_err_set(err, SL_EUSAGE, "%.*s is no version; write MODEL/VERSION, such as %s", SL_ARG(sl_str_head(q->scope, 80)),
                    q->kind == SL_Q_GET ? "care/4@champion/GATE" : "care/4");
  if (!rc)
    rc = sl_gates_start(&s->job, sl_backend_ws(sl_req_backend(r)), conn, model, version, to, told, r, err);
  sl_buf_free(&id);
  return rc;
}

static void gates_cancel(struct sl_req *r)
{
  struct rows_state *s = sl_req_state(r);
  sl_gates_cancel(s->job);
  sl_req_end(r, SL_ECANCELED, NULL);
}

const struct sl_serve judge_gates_serve = {
  .res = &sl_res_gates,
  .own = own_cols,
  .nown = OWN_COLS,
  .req_size = sizeof(struct rows_state),
  .query = gates_query,
  .cancel = gates_cancel,
};
