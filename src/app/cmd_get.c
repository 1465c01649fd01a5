/* app/cmd_get.c: rows of a resource: `get`, and its short forms `ls`, `schema`, `profile` and `freshness`. */
#include "app/session.h"

#include "base/mem.h"

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

int sl_cmd_profile(struct sl_app *a)
{
  struct sl_list l = about_uri(a, &sl_res_columns, sl_res_columns.columns);
  return sl_app_list(a, SL_SESSION_ANY, &l);
}

int sl_cmd_freshness(struct sl_app *a)
{
  struct sl_list l = about_uri(a, &sl_res_partitions, "zone,partition,state,late_s,expected,newest,rows,objects,bytes");
  l.breach = true;
  return sl_app_list(a, 0, &l);
}
