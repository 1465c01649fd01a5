/* views/table.c: any resource as a table. The shell around the table widget: what follows the name in the palette is the scope. */
#include "ui/widgets.h"

struct table_state { struct sl_tablew *t; struct sl_buf title; };

static const struct sl_bind table_binds[] = {
  {"reverse-sort", "S", "turn the order round"},
  {"compare", "C", "runs: the marked ones beside each other; the first that was marked is the baseline"},
};

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

static bool table_subject(struct sl_view *v, struct sl_subject *out);

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

/* The marked runs, in the order of marking: the argument of compare. */
static void compare(struct sl_view *v, struct table_state *s)
{
  struct sl_buf ids, scratch;
  struct sl_ref ref;
  size_t n = sl_tablew_marked(s->t);
  sl_buf_init(&ids, 1 << 20);
  sl_buf_init(&scratch, 0);
  for (size_t i = 0; i < n; i++) {
    sl_buf_clear(&scratch);
    if (!sl_ref_parse(sl_tablew_mark(s->t, i), &ref, &scratch, NULL) && sl_str_eqz(ref.res, "runs")) {
      sl_buf_z(&ids, ids.n ? "," : "");
      sl_buf_str(&ids, ref.id);
    }
  }
  if (n > 1 && ids.n)
    sl_view_go(v, "compare", sl_buf_view(&ids));
  else
    sl_view_say(v, SL_ROLE_warn, "mark two or more runs with Space first");
  sl_buf_free(&ids);
  sl_buf_free(&scratch);
}

static enum sl_handled table_command(struct sl_view *v, const char *command)
{
  struct sl_subject at = {0};
  if (sl_str_eqz(sl_str(command), "compare") && table_subject(v, &at) && at.res == &sl_res_runs) {
    compare(v, sl_view_state(v));
    return SL_HANDLED;
  }
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

static struct sl_tablew *table_table(struct sl_view *v)
{
  return ((struct table_state *)sl_view_state(v))->t;
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
  .table = table_table,
  .cmdline = table_cmdline,
  .visible = NULL,
};
