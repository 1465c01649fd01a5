/* box/duck_run.c: what every worker does with the engine: load it, shut it in, connect, prepare one statement, run it. */
#include "base/mem.h"
#include "box/duck.h"

int duck_own_load(struct sl_box_ctx *c, struct sl_err *err)
{
  struct duck_own *own = sl_calloc(1, sizeof *own);
  if (!own)
    return sl_err_nomem(err);
  c->own = own;
  int rc = duck_load(&own->d, &c->hello->libs, err);
  return rc ? rc : duck_open(&own->d, &own->db, c->hello, err);
}

int duck_own_connect(struct sl_box_ctx *c, duck_conn *conn, struct sl_err *err)
{
  struct duck_own *own = c->own;
  *conn = NULL;
  int rc = own->shut ? SL_OK : duck_shut(&own->d, own->db, c->hello, err);
  own->shut = !rc;
  if (!rc && own->d.connect(own->db, conn) != DUCK_OK)
    rc = sl_err_nomem(err);
  return rc ? rc : duck_do(&own->d, *conn, "SET enable_progress_bar_print = false; SET enable_progress_bar = true", err);
}

int duck_prepare(const struct duck *d, duck_conn conn, const char *text, duck_prepared *out, int *type, struct sl_err *err)
{
  duck_extracted all = NULL;
  int rc = SL_OK;
  *out = NULL;
  uint64_t n = d->extract_statements(conn, text, &all);
  const char *why = n ? NULL : d->extract_statements_error(all);
  if (!n)
    rc = why ? duck_error(err, why) : sl_err_set(err, SL_EUSAGE, "there is no statement");
  else if (n > 1)
    rc = sl_err_set(err, SL_EUSAGE, "one statement at a time, and this is more (a PIVOT names its values: ON x IN (...))");
  else if (d->prepare_extracted_statement(conn, all, 0, out) != DUCK_OK)
    rc = duck_error(err, d->prepare_error(*out));
  if (rc)
    d->destroy_prepare(out);
  else
    *type = d->prepared_statement_type(*out);
  d->destroy_extracted(&all);
  return rc;
}

int duck_execute(const struct duck *d, duck_conn conn, struct sl_box_ctx *c, duck_prepared p, duck_result *r, struct sl_err *err)
{
  duck_pending run = NULL;
  int rc = SL_OK;
  if (d->pending_prepared_streaming(p, &run) != DUCK_OK)
    rc = duck_error(err, run ? d->pending_error(run) : "out of memory");
  for (int state = DUCK_NOT_READY; !rc && state == DUCK_NOT_READY;) {
    state = d->pending_execute_task(run);
    duck_progress at = d->query_progress(conn);
    if (at.percent > 0)
      box_progress(c, (uint64_t)at.percent, 100);
    if (state == DUCK_PENDING_ERROR)
      rc = duck_error(err, d->pending_error(run));
  }
  if (!rc && d->execute_pending(run, r) != DUCK_OK)
    rc = duck_error(err, d->result_error(r));
  d->destroy_pending(&run);
  return rc;
}
