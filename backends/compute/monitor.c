/* backends/compute/monitor.c: Model Monitor's statistics.json as `columns`: an address by itself, whose file the box reads. */
#include <string.h>

#include "backend_compute/compute_int.h"
#include "base/json.h"

static const char statistics[] = "statistics.json", constraints[] = "constraints.json";

bool compute_monitor_is(struct sl_str address) { return sl_str_ends(address, sl_str(statistics)); }

char *compute_monitor_beside(const char *path)
{
  size_t n = strlen(path) - (sizeof statistics - 1);
  return sl_asprintf("%.*s%s", (int)n, path, constraints);
}

static void leave(struct compute_boxed *b)
{
  struct compute_monitor *w = (struct compute_monitor *)b;
  compute_prep_drop(w->prep);
  sl_free(w->path);
  w->prep = NULL;
  w->path = NULL;
}

static int parse(struct sl_req *r, struct sl_str scope, struct sl_err *err)
{
  (void)r;
  (void)scope;
  (void)err;
  return SL_OK;
}

/* SCOPE#number:name, as the other columns have it. */
static void put_id(struct sl_buf *id, const char *scope, struct sl_batch *from, uint32_t row)
{
  struct sl_val name = sl_batch_get(from, row, 0);
  sl_buf_printf(id, "%s#%.*s:%.*s", scope, SL_ARG(sl_batch_id(from, row)), SL_ARG(name.null ? SL_STR_NONE : name.u.s));
}

static int start(struct sl_req *r, struct sl_err *err)
{
  struct compute_monitor *w = sl_req_state(r);
  const char *const reads[] = { w->path, NULL };
  struct sl_buf b;
  sl_buf_init(&b, 0);
  struct sl_jw j = sl_jw(&b, false);
  sl_jw_obj(&j);
  sl_jw_key(&j, SL_STR("do"));
  sl_jw_str(&j, SL_STR("columns"));
  sl_jw_key(&j, SL_STR("path"));
  sl_jw_str(&j, sl_str(w->path));
  sl_jw_end_obj(&j);
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = compute_boxed_start(r, &(struct sl_box_work){ .kind = "monitor", .text = sl_buf_view(&b), .reads = reads }, err);
  sl_buf_free(&b);
  return rc;
}

static void on_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct compute_monitor *w = sl_req_state(r);
  struct sl_err e = *err;
  (void)sql;
  w->prep = NULL;
  if (!rc && !(w->path = sl_strdup(reads[0])))
    rc = sl_err_nomem(&e);
  if (!rc)
    rc = start(r, &e);
  if (rc)
    compute_boxed_fail(r, rc, &e);
}

static int begin(struct sl_req *r, struct sl_err *err)
{
  struct compute_monitor *w = sl_req_state(r);
  return compute_prep_address(&w->prep, w->boxed.c, sl_str(w->boxed.scope), on_prepped, r, err);
}

int compute_monitor_columns(struct sl_req *r, struct sl_err *err)
{
  static const struct compute_boxed_ops ops = { .parse = parse, .begin = begin, .put_id = put_id, .leave = leave };
  return compute_boxed_query(r, &ops, err);
}
