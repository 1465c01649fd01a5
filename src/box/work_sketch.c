/* box/work_sketch.c: a data set's sketches, or files of sketches merged, into the job's file. The text is the query. */
#include "base/mem.h"
#include "box/sketch_file.h"

static int sketch_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  struct duck_own *own = c->own;
  struct sl_sketches all = { .at = NULL };
  struct sl_buf b;
  duck_conn conn = NULL;
  char *sql = sl_strndup(text.n ? text.p : "", text.n);
  sl_buf_init(&b, (size_t)256 << 20);
  int rc = sql ? duck_own_connect(c, &conn, err) : sl_err_nomem(err);
  if (!rc && !c->out_file)
    rc = sl_err_set(err, SL_EINTERNAL, "sketches go into a file");
  rc = rc ? rc : sketch_file_load(c, conn, sql, true, &all, err);
  rc = rc ? rc : sl_sketches_write(&b, &all, err);
  rc = rc ? rc : box_write_file(c, sl_buf_view(&b), err);
  c->rows = rc ? 0 : all.rows;
  if (conn)
    own->d.disconnect(&conn);
  sl_sketches_free(&all);
  sl_buf_free(&b);
  sl_free(sql);
  return rc;
}

const struct sl_box_worker box_worker_sketch = { .kind = "sketch", .load = duck_own_load, .run = sketch_run };
