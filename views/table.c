/* views/table.c: any resource as a table. The shell around the table widget: what follows the name in the palette is the scope. */
#include <string.h>

#include "base/mem.h"
#include "model/saved.h"
#include "ui/widgets.h"
#include "views/score.h"

struct table_state { struct sl_tablew *t; struct sl_buf title; };

static const struct sl_bind table_binds[] = {
  {"reverse-sort", "S", "turn the order round"},
  {"group", "B", "group by columns: a row a group with n, mean, sd, min and max; Enter opens one, Esc leads back"},
  {"save-view", "V", "save filter, grouping, order and columns under a name; `:runs @NAME` opens it, and the palette lists it"},
  {"delete-view", "D", "delete a saved view of these rows"},
  {"compare", "C", "runs: the marked ones beside each other; the first that was marked is the baseline"},
  {"score", "M", "versions: the model over labelled data, beside the champion"},
};

/* "@NAME": a saved view's question; its columns are chosen in the table. */
static int saved_read(struct sl_view *v, struct sl_str name, struct sl_query *like, struct sl_saved_set **set, const struct sl_saved **out,
                      struct sl_err *err)
{
  int rc = sl_saved_load(set, sl_ws_state_dir(sl_view_ws(v)), err);
  rc = rc ? rc : sl_saved_find(*set, sl_str(like->res->name), name, out, err);
  if (rc)
    return rc;
  like->scope = (*out)->scope;
  rc = (*out)->group.n ? sl_want_parse(&like->group, (*out)->group, err) : SL_OK;
  if (!rc && like->group && (*out)->columns.n)
    rc = sl_want_parse(&like->want, (*out)->columns, err);
  if (rc)
    return rc;
  rc = sl_filter_parse(&like->where, (*out)->filter, sl_ws_now(sl_view_ws(v)), sl_ws_tz(sl_view_ws(v)), err);
  return rc || !(*out)->sort.n ? rc : sl_order_parse(&like->order, (*out)->sort, err);
}

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
  struct sl_saved_set *set = NULL;
  const struct sl_saved *saved = NULL;
  int rc = scope.n > 1 && scope.p[0] == '@' ? saved_read(v, sl_str_from(scope, 1), &like, &set, &saved, err) : SL_OK;
  rc = rc ? rc : sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_tablew_open(&s->t, v, q, NULL, err);
  if (!rc && saved && saved->columns.n)
    sl_tablew_choose(s->t, saved->columns);
  sl_query_unref(q);
  sl_filter_unref(like.where);
  sl_order_unref(like.order);
  sl_want_unref(like.group);
  sl_want_unref(like.want);
  sl_saved_free(set);
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

/* The version under the cursor. */
static void score(struct sl_view *v, const struct sl_subject *at)
{
  ptrdiff_t slash = sl_str_rchr(at->ref.id, '/');
  int64_t version;
  if (slash > 0 && sl_str_i64(sl_str_from(at->ref.id, (size_t)slash + 1), &version))
    score_go(v, sl_str_head(at->ref.id, (size_t)slash), version);
}

/* ---- saved views ---- */

static void order_text(const struct sl_order *o, struct sl_buf *b)
{
  for (size_t i = 0; o && i < sl_order_count(o); i++) {
    sl_buf_printf(b, "%s%s", i ? "," : "", sl_order_key(o, i)->desc ? "-" : "");
    sl_name_text(b, &sl_order_key(o, i)->name);
  }
}

static void save_typed(struct sl_view *v, void *user, const char *name)
{
  struct table_state *s = user;
  const struct sl_query *q = sl_tablew_query(s->t);
  struct sl_err err = {0};
  struct sl_buf sort, group;
  if (!name || !name[0])
    return;
  sl_buf_init(&sort, 1 << 16);
  sl_buf_init(&group, 1 << 16);
  order_text(q->order, &sort);
  sl_want_text(&group, q->group);
  struct sl_saved one = {.name = sl_str_trim(sl_str(name)), .resource = sl_str(q->res->name), .scope = q->scope,
    .filter = q->where ? sl_filter_text(q->where) : SL_STR_NONE, .sort = sl_buf_view(&sort), .columns = sl_tablew_columns(s->t),
    .group = sl_buf_view(&group)};
  if (one.name.n && one.name.p[0] == '@')
    one.name = sl_str_from(one.name, 1);
  if (sl_saved_put(sl_ws_state_dir(sl_view_ws(v)), &one, &err))
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
  else
    sl_view_say(v, SL_ROLE_ok, "saved: `:%s @%.*s` opens it", q->res->name, SL_ARG(one.name));
  sl_buf_free(&sort);
  sl_buf_free(&group);
}

static void delete_typed(struct sl_view *v, void *user, const char *name)
{
  struct table_state *s = user;
  struct sl_err err = {0};
  struct sl_str one = sl_str_trim(sl_str(name));
  if (!one.n)
    return;
  if (one.p[0] == '@')
    one = sl_str_from(one, 1);
  if (sl_saved_drop(sl_ws_state_dir(sl_view_ws(v)), sl_str(sl_tablew_query(s->t)->res->name), one, &err))
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
  else
    sl_view_say(v, SL_ROLE_ok, "the saved view %.*s is deleted", SL_ARG(one));
}

static enum sl_handled table_command(struct sl_view *v, const char *command)
{
  struct sl_subject at = {0};
  if (sl_str_eqz(sl_str(command), "compare") && table_subject(v, &at) && at.res == &sl_res_runs) {
    compare(v, sl_view_state(v));
    return SL_HANDLED;
  }
  if (!strcmp(command, "score") && table_subject(v, &at) && at.res == &sl_res_versions) {
    score(v, &at);
    return SL_HANDLED;
  }
  if (!strcmp(command, "save-view")) {
    sl_view_prompt(v, "save this view as:", "", save_typed, sl_view_state(v));
    return SL_HANDLED;
  }
  if (!strcmp(command, "delete-view")) {
    sl_view_prompt(v, "delete the saved view:", "", delete_typed, sl_view_state(v));
    return SL_HANDLED;
  }
  return sl_tablew_command(((struct table_state *)sl_view_state(v))->t, command);
}

static void table_crumb(struct sl_view *v, struct sl_buf *b)
{
  const struct table_state *s = sl_view_state(v);
  sl_buf_str(b, sl_buf_view(&s->title));
  sl_tablew_crumb(s->t, b);
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
