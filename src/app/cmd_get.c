/* app/cmd_get.c: rows of a resource: `get`, and its short forms `ls`, `schema`, `profile` and `freshness`. */
#include "app/do.h"
#include "app/session.h"

#include "base/mem.h"
#include "model/saved.h"

int sl_cmd_get(struct sl_app *a);
int sl_cmd_ls(struct sl_app *a);
int sl_cmd_schema(struct sl_app *a);
int sl_cmd_profile(struct sl_app *a);
int sl_cmd_freshness(struct sl_app *a);

static const struct sl_resource *resource_of(struct sl_app *a, const char *name, int *code)
{
  const struct sl_resource *res = sl_resource_find(sl_str(name));
  if (res)
    return res;
  struct sl_err err;
  const char *near = sl_resource_nearest(sl_str(name));
  sl_err_set(&err, SL_EUSAGE, "no resource %s%s%s%s", name, near ? "; did you mean " : " (man sluice lists them)", near ? near : "",
             near ? "?" : "");
  *code = sl_app_fail(a, &err);
  return NULL;
}

/* The saved view's words stand in for options that were not given. They live as long as the set. */
static int view_take(struct sl_session *s, struct sl_args *args, struct sl_list *l, struct sl_saved_set **set, struct sl_err *err)
{
  const struct sl_saved *v = NULL;
  int rc = sl_saved_load(set, sl_ws_state_dir(s->ws), err);
  struct sl_str name = sl_str(sl_args_text(args, SL_O_view, ""));
  rc = rc ? rc : sl_saved_find(*set, sl_str(l->query.res->name), name, &v, err);
  if (rc)
    return rc;
  const struct { enum sl_opt_id option; struct sl_str text; } words[] = { { SL_O_filter, v->filter }, { SL_O_sort, v->sort },
    { SL_O_columns, v->columns }, { SL_O_group_by, v->group } };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (words[i].text.n && !sl_args_has(args, words[i].option))
      args->val[words[i].option] = words[i].text.p;
  if (!l->query.scope.n)
    l->query.scope = v->scope;
  return SL_OK;
}

/* What can be read as filter, order and columns is saved; a column that no row has is no mistake, as it may come. */
static int view_save(struct sl_session *s, const struct sl_list *l, struct sl_err *err)
{
  const struct sl_args *args = s->app->args;
  struct sl_saved v = { .name = sl_str(sl_args_text(args, SL_O_save_view, "")), .resource = sl_str(l->query.res->name),
                        .scope = l->query.scope, .filter = sl_str(sl_args_text(args, SL_O_filter, "")),
                        .sort = sl_str(sl_args_text(args, SL_O_sort, "")), .columns = sl_str(sl_args_text(args, SL_O_columns, "")),
                        .group = sl_str(sl_args_text(args, SL_O_group_by, "")) };
  struct sl_filter *where = NULL;
  struct sl_order *order = NULL;
  struct sl_want *want = NULL, *group = NULL;
  int rc = sl_filter_parse(&where, v.filter, sl_loop_wall(s->loop), sl_ws_tz(s->ws), err);
  if (!rc && v.sort.n)
    rc = sl_order_parse(&order, v.sort, err);
  if (!rc && v.columns.n)
    rc = sl_want_parse(&want, v.columns, err);
  if (!rc && v.group.n)
    rc = sl_want_parse(&group, v.group, err);
  rc = rc ? rc : sl_saved_put(sl_ws_state_dir(s->ws), &v, err);
  sl_filter_unref(where);
  sl_order_unref(order);
  sl_want_unref(want);
  sl_want_unref(group);
  return rc;
}

static int get_with_view(struct sl_app *a, struct sl_list *l)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  struct sl_saved_set *set = NULL;
  struct sl_args *own = sl_alloc(sizeof *own);
  const struct sl_args *given = a->args;
  int rc = own ? sl_session_open(&s, a, 0, &err) : sl_err_nomem(&err);
  if (!own)
    return sl_app_fail(a, &err);
  *own = *given;
  a->args = own;
  if (!rc && sl_args_has(own, SL_O_view))
    rc = view_take(&s, own, l, &set, &err);
  if (!rc && sl_args_has(a->args, SL_O_save_view))
    rc = view_save(&s, l, &err);
  int code = rc ? sl_app_fail(a, &err) : sl_session_list(&s, l);
  sl_session_close(&s);
  sl_saved_free(set);
  a->args = given;
  sl_free(own);
  return code;
}

int sl_cmd_get(struct sl_app *a)
{
  int code = SL_EXIT_USAGE;
  const struct sl_args *args = a->args;
  const struct sl_resource *res = resource_of(a, args->pos[0], &code);
  if (!res)
    return code;
  struct sl_list l = { .query = sl_app_query(a, res, args->npos > 1 ? args->pos[1] : NULL), .watch = sl_args_has(args, SL_O_watch),
                       .rows = { .columns = res->columns, .bare = res == &sl_res_rows } };
  if (l.watch && res->shape == SL_LOG)
    l.query.kind = SL_Q_FOLLOW;
  if (res == &sl_res_rows)
    l.query.kind = SL_Q_SQL;
  if (sl_args_has(args, SL_O_view) || sl_args_has(args, SL_O_save_view))
    return get_with_view(a, &l);
  bool own = res == &sl_res_checks || res == &sl_res_keys;
  return sl_app_list(a, own ? SL_SESSION_ANY : 0, &l);
}

/* A path that looks like a path is one from here, not from the workspace's folder. */
static struct sl_list about_uri(const struct sl_app *a, const struct sl_resource *res, const char *columns)
{
  return (struct sl_list){ .query = sl_app_query(a, res, a->args->npos ? a->args->pos[0] : NULL), .rows = { .columns = columns } };
}

int sl_cmd_ls(struct sl_app *a)
{
  struct sl_list l = about_uri(a, &sl_res_objects, "name,bytes,modified,kind,uri");
  return sl_app_list(a, SL_SESSION_ANY, &l);
}

/* Names and types cost nothing; the rest is `profile`. */
int sl_cmd_schema(struct sl_app *a)
{
  struct sl_list l = about_uri(a, &sl_res_columns, "name,type,nullable");
  struct sl_err err = { 0 };
  int rc = sl_args_has(a->args, SL_O_columns) ? SL_OK : sl_want_parse(&l.query.want, SL_STR("name,type,nullable"), &err);
  return rc ? sl_app_fail(a, &err) : sl_app_list(a, SL_SESSION_ANY, &l);
}

/* The profile as Model Monitor's baselining writes it. */
static int profile_out(struct sl_app *a, const char *to)
{
  struct sl_err err = { 0 };
  const char *what = sl_str_ends(sl_str(to), SL_STR("statistics.json")) ? "statistics"
                     : sl_str_ends(sl_str(to), SL_STR("constraints.json")) ? "constraints" : NULL;
  if (sl_args_text(a->args, SL_O_engine, NULL) && !strcmp(sl_args_text(a->args, SL_O_engine, ""), "pushdown")) {
    sl_err_set(&err, SL_EUSAGE, "--out needs sketches of the values, which --engine pushdown leaves where they are: leave one away");
    return sl_app_fail(a, &err);
  }
  if (what)
    return sl_app_monitor_file(a, what, NULL, a->args->pos[0], to);
  sl_err_set(&err, SL_EUSAGE, "--out %s: a profile goes into a file whose name ends in statistics.json or constraints.json", to);
  return sl_app_fail(a, &err);
}

int sl_cmd_profile(struct sl_app *a)
{
  if (sl_args_has(a->args, SL_O_out))
    return profile_out(a, sl_args_text(a->args, SL_O_out, ""));
  struct sl_list l = about_uri(a, &sl_res_columns, sl_res_columns.columns);
  char *scope = sl_args_has(a->args, SL_O_engine)
                  ? sl_asprintf("engine=%s %s", sl_args_text(a->args, SL_O_engine, ""), a->args->pos[0]) : NULL;
  if (scope)
    l.query.scope = sl_str(scope);
  struct sl_err err = { 0 };
  int rc = scope || !sl_args_has(a->args, SL_O_engine) ? SL_OK : sl_err_nomem(&err);
  int code = rc ? sl_app_fail(a, &err) : sl_app_list(a, SL_SESSION_ANY, &l);
  sl_free(scope);
  return code;
}

int sl_cmd_freshness(struct sl_app *a)
{
  struct sl_list l = about_uri(a, &sl_res_partitions, "zone,partition,state,late_s,expected,newest,rows,objects,bytes");
  l.breach = true;
  return sl_app_list(a, 0, &l);
}
