/* box/work_sketch.c: a data set's sketches, or files of sketches merged, into the job's file. The text is the query. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "box/sketch_file.h"

static int write_all(const char *path, struct sl_str bytes, struct sl_err *err)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int rc = fd < 0 ? sl_err_sys(err, errno, "cannot write the file") : SL_OK;
  if (!rc && sl_fd_write(fd, bytes))
    rc = sl_err_sys(err, errno, "cannot write the file");
  if (fd >= 0 && close(fd) && !rc)
    rc = sl_err_sys(err, errno, "cannot write the file");
  return rc;
}

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
  rc = rc ? rc : write_all(c->out_file, sl_buf_view(&b), err);
  if (!rc) {
    c->wrote = true;
    c->rows = all.rows;
  }
  if (conn)
    own->d.disconnect(&conn);
  sl_sketches_free(&all);
  sl_buf_free(&b);
  sl_free(sql);
  return rc;
}

const struct sl_box_worker box_worker_sketch = { .kind = "sketch", .load = duck_own_load, .run = sketch_run };
