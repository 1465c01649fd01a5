/* app/cmd_view.c: `sluice view`: what was saved, and how one gets rid of it. */
#include <string.h>

#include "app/session.h"
#include "base/fmt.h"
#include "model/saved.h"

int sl_cmd_view(struct sl_app *a);

static void option(struct sl_buf *b, const char *name, struct sl_str text)
{
  if (!text.n)
    return;
  sl_buf_printf(b, " %s", name);
  sl_fmt_shell(b, text);
}

/* The command that each stands for. */
static int list(struct sl_session *s, struct sl_err *err)
{
  struct sl_saved_set *set = NULL;
  struct sl_buf *b = &s->app->out.b;
  int rc = sl_saved_load(&set, sl_ws_state_dir(s->ws), err);
  for (size_t i = 0; !rc && i < sl_saved_count(set); i++) {
    const struct sl_saved *v = sl_saved_at(set, i);
    sl_buf_printf(b, "%.*s: sluice get %.*s", SL_ARG(v->name), SL_ARG(v->resource));
    option(b, "", v->scope);
    option(b, "--filter ", v->filter);
    option(b, "--group-by ", v->group);
    option(b, "--sort ", v->sort);
    option(b, "--columns ", v->columns);
    sl_buf_ch(b, '\n');
  }
  sl_saved_free(set);
  return rc ? rc : sl_out_flush(&s->app->out, err);
}

int sl_cmd_view(struct sl_app *a)
{
  const struct sl_args *args = a->args;
  struct sl_session s;
  struct sl_err err = { 0 };
  bool drop = !strcmp(args->pos[0], "delete"), right = drop ? args->npos == 3 : !strcmp(args->pos[0], "list") && args->npos == 1;
  int rc = right ? SL_OK : sl_err_set(&err, SL_EUSAGE, "sluice view list, or sluice view delete RESOURCE NAME");
  if (rc)
    return sl_app_fail(a, &err);
  rc = sl_session_open(&s, a, 0, &err);
  if (!rc && drop)
    rc = sl_saved_drop(sl_ws_state_dir(s.ws), sl_str(args->pos[1]), sl_str(args->pos[2]), &err);
  else if (!rc)
    rc = list(&s, &err);
  int code = rc ? sl_app_fail(a, &err) : SL_EXIT_OK;
  sl_session_close(&s);
  return code;
}
