/* views/table.c: any resource as a table. The shell around the table widget: what follows the name in the palette is the scope. */
#include "ui/widgets.h"

struct table_state { struct sl_tablew *t; struct sl_buf title; };

static const struct sl_bind table_binds[] = {{"reverse-sort", "S", "turn the order round"}};

static int table_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct table_state *s = sl_view_state(v);
  struct sl_str name, scope = sl_str_trim(arg);
  sl_str_cut(&scope, ' ', &name);
  const struct sl_resource *res = sl_resource_find(name);
  if (!res) {
    const char *near = sl_resource_nearest(name);
    return sl_err_set(err, SL_EUSAGE, "no resource `%.*s`%s%s", SL_ARG(name), near ? "; did you mean " : "", near ? near : "");
  }
  scope = sl_str_trim(scope);
  if (res->scope_required && !scope.n)
    return sl_err_set(err, SL_EUSAGE, "%s needs %s: `:%s ...`", res->name, res->scope, res->name);
  struct sl_query like = {.res = res, .kind = res->shape == SL_LOG ? SL_Q_FOLLOW : SL_Q_LIST, .scope = scope}, *q = NULL;
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_tablew_open(&s->t, v, q, NULL, err);
  sl_query_unref(q);
  sl_buf_init(&s->title, 4096);
  sl_buf_str(&s->title, arg);
  return rc;
}

static void table_close(struct sl_view *v)
{
  struct table_state *s = sl_view_state(v);
  sl_tablew_close(s->t);
  sl_buf_free(&s->title);
}

static void table_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct table_state *s = sl_view_state(v);
  sl_tablew_draw(s->t, g, r, true);
}

static enum sl_handled table_command(struct sl_view *v, const char *command)
{
  return sl_tablew_command(((struct table_state *)sl_view_state(v))->t, command);
}

static void table_crumb(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_str(b, sl_buf_view(&((struct table_state *)sl_view_state(v))->title));
}

static void table_count(struct sl_view *v, struct sl_buf *b)
{
  sl_tablew_count(((struct table_state *)sl_view_state(v))->t, b);
}

static bool table_subject(struct sl_view *v, struct sl_subject *out)
{
  return sl_tablew_subject(((struct table_state *)sl_view_state(v))->t, out);
}

static void table_cmdline(struct sl_view *v, struct sl_buf *b)
{
  sl_tablew_cmdline(((struct table_state *)sl_view_state(v))->t, b);
}

const struct sl_view_ops sl_view_table = {
  .name = "table",
  .title = "table",
  .help = "Rows of one resource. Columns that are not shown come with a wider terminal, with l, or with c. A filter such as "
          "`state = failed and started > -2h` runs at the source where it can; the line of truth says where it ran and over how much.",
  .arg = "RESOURCE [SCOPE]",
  .binds = table_binds, .nbinds = sizeof table_binds / sizeof table_binds[0],
  .hints = "enter filter sort describe actions copy",
  .state_size = sizeof(struct table_state),
  .open = table_open,
  .close = table_close,
  .draw = table_draw,
  .command = table_command,
  .key = NULL,
  .crumb = table_crumb,
  .count = table_count,
  .truth = NULL,
  .subject = table_subject,
  .cmdline = table_cmdline,
  .visible = NULL,
};
