/* tests/unit/mlflow_test.h: a workspace with one connection of type mlflow, and questions to it. */
#ifndef SL_TESTS_MLFLOW_TEST_H
#define SL_TESTS_MLFLOW_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/backend.h"
#include "model/ws.h"

extern const struct sl_backend_ops sl_backend_mlflow;

struct mt { struct sl_loop *l; struct sl_ws *w; char dir[64]; };
struct mt_answer {                   /* yours: mt_free() */
  bool done;
  int code;                          /* of the source's error */
  enum sl_src_state state;
  unsigned did;
  uint64_t rows;
  struct sl_buf json;                /* an array of rows, each an object of what is not null */
  struct sl_buf doc, ids;            /* ids: each followed by a newline, in their order */
  char error[256], note[SL_NOTE_MAX];
};

static inline void mt_open(struct mt *t, const char *settings)
{
  static const struct sl_backend_ops *const backends[] = { &sl_backend_mlflow, NULL };
  struct sl_type_conf type = { .type = "mlflow", .help = "", .settings = sl_backend_mlflow.settings,
                               .nsettings = sl_backend_mlflow.nsettings };
  char yaml[2048], path[96];
  struct sl_ws_conf *conf = NULL;
  struct sl_err e = { 0 };
  snprintf(t->dir, sizeof t->dir, "/tmp/sluice-mlflow-XXXXXX");
  assert_non_null(mkdtemp(t->dir));
  setenv("HOME", t->dir, 1);
  setenv("XDG_RUNTIME_DIR", t->dir, 1);
  snprintf(path, sizeof path, "%s/ws.yaml", t->dir);
  snprintf(yaml, sizeof yaml, "connections:\n  reg:\n    type: mlflow\n%s", settings);
  if (sl_loop_open(&t->l, &e) || sl_ws_conf_parse(&conf, sl_str(yaml), path, t->dir, &type, 1, &e))
    fail_msg("%s", e.msg);
  struct sl_ws_opts o = { .conf = conf, .backends = backends, .state_dir = t->dir, .headless = true, .no_input = true };
  if (sl_ws_open(&t->w, t->l, &o, &e))
    fail_msg("%s", e.msg);
  sl_ws_conf_unref(conf);
}

static inline void mt_close(struct mt *t)
{
  sl_ws_close(t->w);
  sl_loop_close(t->l);
  assert_int_equal(sl_rmtree(t->dir, NULL), SL_OK);
}

static inline void mt_cell(struct sl_jw *w, const struct sl_batch *b, uint32_t row, unsigned c)
{
  const struct sl_col *col = sl_schema_col(sl_batch_schema(b), c);
  struct sl_val v = sl_batch_get(b, row, c);
  uint32_t key;
  for (uint32_t i = 0; (col->type == SL_FAMILY_F64 || col->type == SL_FAMILY_TEXT) && sl_batch_pair(b, row, c, i, &key, &v); i++) {
    char name[512];
    snprintf(name, sizeof name, "%s.%.*s", col->name, SL_ARG(sl_keys_name(sl_schema_keys(sl_batch_schema(b)), key)));
    sl_jw_key(w, sl_str(name));
    sl_val_json(w, &v);
  }
  if (v.null || col->type == SL_FAMILY_F64 || col->type == SL_FAMILY_TEXT)
    return;
  sl_jw_key(w, sl_str(col->name));
  sl_val_json(w, &v);
}

static inline void mt_rows(struct mt_answer *a, struct sl_snap *snap)
{
  struct sl_jw w = sl_jw(&a->json, false);
  a->rows = snap ? sl_snap_count(snap) : 0;
  sl_jw_arr(&w);
  for (uint64_t at = 0; at < a->rows; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    uint32_t n = a->rows - at < SL_BATCH_ROWS ? (uint32_t)(a->rows - at) : SL_BATCH_ROWS;
    assert_int_equal(sl_snap_page_wait(snap, at, n, &b, NULL), SL_OK);
    for (uint32_t row = 0; row < n; row++) {
      sl_buf_str(&a->ids, sl_batch_id(b, row));
      sl_buf_ch(&a->ids, '\n');
      sl_jw_obj(&w);
      for (unsigned c = 0; c < sl_schema_count(sl_batch_schema(b)); c++)
        mt_cell(&w, b, row, c);
      sl_jw_end_obj(&w);
    }
    sl_batch_unref(b);
  }
  sl_jw_end_arr(&w);
}

static inline void mt_changed(void *user, sl_watch id, const struct sl_answer *s)
{
  struct mt_answer *a = user;
  (void)id;
  if (!s->done || a->done)
    return;
  a->done = true;
  assert_int_equal(s->nsrc, 1);
  a->code = s->src[0].state == SL_FAILED ? s->src[0].err.code : SL_OK;
  a->state = s->src[0].state;
  a->did = s->src[0].did;
  snprintf(a->error, sizeof a->error, "%s", s->src[0].err.msg);
  snprintf(a->note, sizeof a->note, "%s", s->src[0].note);
  sl_buf_str(&a->doc, s->doc);
  mt_rows(a, s->snap);
}

struct mt_ask { const struct sl_resource *res; const char *scope, *where, *order, *want; uint64_t limit; bool get, deleted;
  uint32_t idle_ms; };
static inline struct mt_answer *mt_ask(struct mt *t, struct mt_ask ask)
{
  struct mt_answer *a = calloc(1, sizeof *a);
  struct sl_query like = { .res = ask.res, .kind = ask.get ? SL_Q_GET : SL_Q_LIST, .conn = SL_STR("reg"), .scope = sl_str(ask.scope),
                           .limit = ask.limit, .deleted = ask.deleted, .no_cap = true, .idle_ms = ask.idle_ms }, *q = NULL;
  struct sl_err e = { 0 };
  sl_watch id = { 0 };
  sl_buf_init(&a->json, 64 << 20);
  sl_buf_init(&a->doc, 0);
  sl_buf_init(&a->ids, 0);
  int rc = sl_filter_parse(&like.where, sl_str(ask.where ? ask.where : ""), 0, NULL, &e);
  rc = rc ? rc : sl_order_parse(&like.order, sl_str(ask.order ? ask.order : ""), &e);
  rc = rc ? rc : ask.want ? sl_want_parse(&like.want, sl_str(ask.want), &e) : SL_OK;
  rc = rc ? rc : sl_query_new(&q, &like, &e);
  sl_filter_unref(like.where);
  sl_order_unref(like.order);
  sl_want_unref(like.want);
  rc = rc ? rc : sl_ws_query(t->w, q, true, mt_changed, a, &id, &e);
  sl_query_unref(q);
  if (rc) {
    a->done = true;
    a->code = rc;
    a->state = SL_FAILED;
    snprintf(a->error, sizeof a->error, "%s", e.msg);
  }
  for (int64_t end = sl_loop_now(t->l) + 50000; !a->done
      && sl_loop_now(t->l) < end;) /* by time: an endless body takes any number of turns */
    sl_loop_turn(t->l, 20);
  assert_true(a->done);
  sl_ws_unwatch(t->w, id);
  return a;
}

static inline void mt_free(struct mt_answer *a)
{
  sl_buf_free(&a->json);
  sl_buf_free(&a->doc);
  sl_buf_free(&a->ids);
  free(a);
}

/* One text of an answer, for a look. */
static inline bool mt_has(const struct mt_answer *a, const char *text)
{
  return sl_str_find(sl_buf_view(&a->json), sl_str(text)) >= 0;
}

#endif
