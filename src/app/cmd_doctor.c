/* app/cmd_doctor.c: `sluice doctor`: is everything there? */
#include "app/session.h"

#include <string.h>

#include "base/mem.h"

int sl_cmd_doctor(struct sl_app *a);

static void worst_first(struct sl_checks *c)
{
  static const char *const order[] = { "failed", "late", "unknown", "ok" };
  struct sl_checks *sorted = sl_alloc(sizeof *sorted);
  if (!sorted)
    return;
  sorted->n = 0;
  for (size_t k = 0; k < 4; k++)
    for (size_t i = 0; i < c->n; i++)
      if (!strcmp(c->item[i].state, order[k]))
        sorted->item[sorted->n++] = c->item[i];
  if (sorted->n == c->n)
    *c = *sorted;
  sl_free(sorted);
}

int sl_cmd_doctor(struct sl_app *a)
{
  static struct sl_checks c;
  struct sl_err err = { 0 };
  struct sl_batch *b = NULL;
  struct sl_session s;
  sl_checks_run(&c);
  bool opened = !sl_session_open(&s, a, SL_SESSION_ANY, &err);
  sl_checks_workspace(&c, &s, opened ? NULL : &err);
  sl_session_close(&s);
  worst_first(&c);
  int rc = sl_checks_batch(&c, &b, &err);
  if (!rc)
    rc = sl_app_print(a, b, &(struct sl_rows_opts){ .conn = "sluice", .columns = "state,name,value,advice" }, &err);
  sl_batch_unref(b);
  if (rc)
    return sl_app_fail(a, &err);
  for (size_t i = 0; i < c.n; i++)
    if (!strcmp(c.item[i].state, "failed"))
      return SL_EXIT_BREACH;
  return SL_EXIT_OK;
}
