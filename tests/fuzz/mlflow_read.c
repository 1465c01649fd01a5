/* Pages of an MLflow server: whole or in pieces, with a reader that pauses now and then, the items must be the same; each item's JSON must
 * be JSON. First byte: the size of a piece; second: after how many items the reader pauses. */
#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "proto/mlflow.h"

struct reader { struct sl_buf out; unsigned pause, items; };

static int on_item(void *user, const struct sl_mlflow_node *n, struct sl_err *err)
{
  struct reader *r = user;
  size_t at = r->out.n;
  struct sl_jw w = sl_jw(&r->out, false);
  double f;
  int64_t i;
  (void)err;
  sl_mlflow_json(&w, n);
  sl_mlflow_int(n, "step", &i);
  sl_mlflow_num(n, "value", &f);
  sl_mlflow_text(sl_mlflow_get(n, "info"), "run_id");
  json_t *doc = NULL;
  struct sl_err e = { 0 };
  int rc = sl_json_load(&doc, sl_str_from(sl_buf_view(&r->out), at), false, &e);
  json_decref(doc);
  FUZZ_CHECK(rc == SL_OK || rc == SL_ELIMIT || r->out.failed || sl_str_find(sl_str(e.msg), SL_STR("twice")) >= 0 ||
             sl_str_find(sl_str(e.msg), SL_STR("duplicate")) >= 0 || sl_str_find(sl_buf_view(&r->out), SL_STR("\\ud")) >= 0 ||
             sl_str_find(sl_buf_view(&r->out), SL_STR("\\u0000")) >= 0);
  sl_buf_ch(&r->out, '\n');
  return r->pause && ++r->items % r->pause == 0 ? SL_EAGAIN : SL_OK;
}

/* Everything that was read, then how it ended. */
static void run(struct reader *r, const char *p, size_t n, size_t piece)
{
  struct sl_mlflow_page *page;
  struct sl_err err = { 0 };
  int rc = SL_OK;
  FUZZ_CHECK(!sl_mlflow_page_open(&page, "runs", on_item, r, &err));
  for (size_t at = 0; at < n && !rc; at += piece) {
    rc = sl_mlflow_page_feed(page, p + at, n - at < piece ? n - at : piece, &err);
    while (rc == SL_EAGAIN)
      rc = sl_mlflow_page_go(page, &err);
  }
  if (!rc)
    rc = sl_mlflow_page_end(page, &err);
  while (rc == SL_EAGAIN)
    rc = sl_mlflow_page_end(page, &err);
  sl_buf_printf(&r->out, "%d %llu ", rc, (unsigned long long)sl_mlflow_page_items(page));
  sl_buf_str(&r->out, sl_mlflow_page_token(page));
  sl_mlflow_page_free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct reader whole = { .pause = 0 }, cut = { .pause = 0 };
  if (size < 2 || size > 1 << 16)
    return 0;
  cut.pause = data[1] % 4;
  sl_buf_init(&whole.out, 0);
  sl_buf_init(&cut.out, 0);
  run(&whole, (const char *)data + 2, size - 2, size);
  run(&cut, (const char *)data + 2, size - 2, (size_t)data[0] % 50 + 1);
  FUZZ_CHECK(sl_str_eq(sl_buf_view(&whole.out), sl_buf_view(&cut.out)));
  sl_buf_free(&whole.out);
  sl_buf_free(&cut.out);
  return 0;
}
