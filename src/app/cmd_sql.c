/* app/cmd_sql.c: `sluice sql`: one statement: in the box over resources and files, or by a connection that runs SQL. */
#include "app/session.h"

int sl_cmd_sql(struct sl_app *a);

int sl_cmd_sql(struct sl_app *a)
{
  struct sl_list l = { .query = sl_app_query(a, &sl_res_rows, a->args->pos[0]), .rows = { .bare = true } };
  l.query.kind = SL_Q_SQL;
  return sl_app_list(a, SL_SESSION_ANY, &l);
}
