/* app/cmd_gate.c: `sluice gate`: the resource gates of one version, and an exit code: 0 only where every gate says pass. */
#include "app/session.h"
#include "base/mem.h"

int sl_cmd_gate(struct sl_app *a);

static void count(void *user, const struct sl_batch *b)
{
  uint64_t *open = user;
  int state = sl_schema_find(sl_batch_schema(b), SL_STR("state"));
  for (uint32_t i = 0; state >= 0 && i < sl_batch_count(b); i++) {
    struct sl_val v = sl_batch_get(b, i, (unsigned)state);
    *open += v.null || !sl_str_eqz(v.u.s, "pass");
  }
}

/* MODEL/VERSION, as a ref where -c says whose it is. */
static int scope_of(const struct sl_app *a, struct sl_buf *scope, struct sl_err *err)
{
  const char *conn = sl_args_text(a->args, SL_O_connection, NULL), *to = sl_args_text(a->args, SL_O_to, NULL);
  struct sl_str id = sl_str(a->args->pos[0]);
  if (conn && sl_str_find(id, SL_STR(":versions/")) < 0)
    sl_ref_text(scope, &(struct sl_ref){ sl_str(conn), SL_STR("versions"), id });
  else
    sl_buf_str(scope, id);
  if (to)
    sl_buf_printf(scope, "@%s", to);
  return sl_buf_check(scope, err);
}

int sl_cmd_gate(struct sl_app *a)
{
  struct sl_err err = { 0 };
  struct sl_buf scope;
  uint64_t open = 0;
  sl_buf_init(&scope, 64 << 10);
  int code;
  if (scope_of(a, &scope, &err)) {
    code = sl_app_fail(a, &err);
  } else {
    struct sl_list l = { .query = sl_app_query(a, &sl_res_gates, sl_buf_zstr(&scope)), .rows = { .columns = sl_res_gates.columns },
                         .page = count, .page_user = &open };
    l.query.conn = SL_STR(""); /* the judging is ours */
    code = sl_app_list(a, 0, &l);
  }
  sl_buf_free(&scope);
  return code == SL_EXIT_OK && open ? SL_EXIT_BREACH : code;
}
