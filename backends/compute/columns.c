/* backends/compute/columns.c: the resource `columns`: what a file, a zone, or a statement's result is made of.
 *
 * First the engine says names and types, which costs a header or a sample. Where more is wanted it counts the rows, then profiles the
 * columns: up to COLUMNS_EXACT_ROWS in groups, each group in one statement over the data, exactly (columns_table.c), but for means of
 * doubles, which the box's work `profile` adds up without rounding; beyond, that makes a sketch of each (box/work_profile.c), and
 * statements are left for types that it does not know. Without a scope: names and types of every zone's data. */
#include <stdio.h>

#include "backend_compute/columns_int.h"
#include "backend_compute/push_int.h"
#include "base/fmt.h"
#include "base/json.h"
#include "box/sqlscan.h"
#include "model/engine.h"

struct work {
  struct compute_monitor file; /* of a statistics.json: nothing else is used then */
  struct compute *c;
  struct compute_prep *prep;
  struct compute_ask *ask;
  struct push_profile *push;
  bool pushdown;               /* the engine is asked for aggregations, instead of the box's work */
  struct columns_table t;
  size_t next;                 /* column of it */
  char *only;                  /* the id of the one row that is wanted */
  bool profile;
  size_t zone;                 /* no scope: the next one */
  sl_timer first;              /* begins with the zones, when the starting slot has returned */
  bool all;
};

static void table_reset(struct work *w)
{
  columns_free(&w->t);
  w->next = 0;
}

static void work_leave(struct work *w)
{
  compute_prep_drop(w->prep);
  compute_ask_drop(w->ask);
  push_profile_drop(w->push);
  w->push = NULL;
  sl_timer_stop(sl_backend_loop(w->c->b), &w->first);
  w->prep = NULL;
  w->ask = NULL;
  table_reset(w);
  sl_free(w->only);
  w->only = NULL;
}

static void next_zone(struct sl_req *r);

/* One table is done or has failed: of all zones the others follow, and the failure is a note. */
static void table_end(struct sl_req *r, int rc, const struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  if (w->all && rc != SL_ECANCELED) {
    char note[SL_NOTE_MAX];
    snprintf(note, sizeof note, "%.60s: %.180s", w->t.name ? w->t.name : "", rc ? err->msg : "");
    if (rc && rc != SL_ENOENT)
      sl_req_cut(r, note);
    table_reset(w);
    next_zone(r);
    return;
  }
  work_leave(w);
  sl_req_end(r, rc, err);
}

/* ---- rows ---- */

static void row_id(struct sl_buf *b, const struct work *w, size_t i)
{
  sl_buf_printf(b, "%s%s#%zu:%s", w->pushdown ? "engine=pushdown " : "", w->t.name, i + 1, w->t.col[i].name);
}

static int send(struct sl_req *r, struct sl_batch **b)
{
  int rc = sl_req_rows(r, b);
  sl_batch_unref(*b);
  *b = NULL;
  return rc == SL_EAGAIN ? SL_OK : rc; /* few rows: what is under way may come */
}

/* Columns first..to-1; stats: the row of their statistics, or NULL. */
static int send_rows(struct sl_req *r, size_t first, size_t to, struct sl_batch *stats, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_batch *b = NULL;
  struct sl_buf id;
  sl_buf_init(&id, 0);
  int rc = SL_OK;
  for (size_t i = first; !rc && i < to; i++) {
    sl_buf_clear(&id);
    row_id(&id, w, i);
    if (id.failed && (rc = sl_buf_check(&id, err)))
      break;
    if (w->only && strcmp(w->only, sl_buf_zstr(&id)) != 0)
      continue;
    if (!b && (rc = sl_batch_new(&b, sl_req_schema(r), err)))
      break;
    sl_batch_row(b, SL_PUT, sl_buf_view(&id));
    rc = columns_put_cells(b, &w->t, i, stats, first, err);
    if (!rc && sl_batch_full(b))
      rc = send(r, &b);
  }
  if (b && !rc)
    rc = send(r, &b);
  sl_batch_unref(b);
  sl_buf_free(&id);
  return rc;
}

/* ---- statements ---- */

static int ask(struct sl_req *r, struct sl_buf *sql, compute_answered *fn, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  int rc = sl_buf_check(sql, err);
  if (!rc)
    rc = compute_ask(&w->ask, w->c, sql->p, (const char *const *)w->t.reads, r, fn, r, err);
  sl_buf_free(sql);
  return rc;
}

static void on_profile(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err);

/* *more false: all rows are on their way. */
static int ask_profile(struct sl_req *r, bool *more, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_buf sql;
  size_t to = columns_group(&w->t, w->next);
  int rc = SL_OK;
  for (; !rc && w->next < w->t.ncols && w->t.col[w->next].sketch; to = columns_group(&w->t, w->next)) {
    rc = send_rows(r, w->next, to, NULL, err);
    w->next = to;
  }
  *more = !rc && w->next < w->t.ncols;
  if (!*more)
    return rc;
  sl_buf_init(&sql, 4 << 20);
  columns_put_profile(&sql, &w->t, w->next, to);
  return ask(r, &sql, on_profile, err);
}

static void on_profile(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  w->ask = NULL;
  size_t to = columns_group(&w->t, w->next);
  if (!rc)
    rc = send_rows(r, w->next, to, n ? rows[0] : NULL, &e);
  w->next = to;
  bool more = !rc;
  if (more)
    rc = ask_profile(r, &more, &e);
  if (rc || !more)
    table_end(r, rc, &e);
}

static void on_sketched(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  bool more = false;
  w->ask = NULL;
  if (!rc)
    rc = columns_take_sketches(&w->t, rows, n, &e);
  if (!rc)
    rc = ask_profile(r, &more, &e);
  if (rc || !more)
    table_end(r, rc, &e);
}

static void on_pushed(struct sl_req *r, int rc, const struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct push_profile *p = w->push;
  size_t n;
  struct sl_batch *const *rows = push_profile_rows(p, &n, &w->t.rows);
  w->push = NULL;
  on_sketched(r, rc, rows, n, err);
  push_profile_drop(p);
}

static int ask_sketches(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_buf b;
  sl_buf_init(&b, 8 << 20);
  struct sl_jw j = sl_jw(&b, false);
  sl_jw_obj(&j);
  sl_jw_key(&j, SL_STR("data"));
  sl_jw_str(&j, sl_str(w->t.src));
  sl_jw_key(&j, SL_STR("means"));
  sl_jw_bool(&j, w->t.means);
  sl_jw_end_obj(&j);
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = compute_ask_work(&w->ask, w->c, "profile", sl_buf_view(&b), (const char *const *)w->t.reads, r, on_sketched, r, err);
  sl_buf_free(&b);
  return rc;
}

static void on_count(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  bool more = true;
  w->ask = NULL;
  if (!rc && n)
    w->t.rows = sl_batch_get(rows[0], 0, 0).u.i;
  if (!rc)
    w->t.means = w->t.rows <= COLUMNS_EXACT_ROWS;
  if (!rc)
    rc = !w->t.means || (w->t.rows && columns_has_doubles(&w->t)) ? ask_sketches(r, &e) : ask_profile(r, &more, &e);
  if (rc || !more)
    table_end(r, rc, &e);
}

static void on_described(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  w->ask = NULL;
  if (!rc)
    rc = columns_take_names(&w->t, rows, n, &e);
  if (!rc && w->profile && w->t.ncols && w->pushdown) {
    rc = push_profile_start(&w->push, w->c, r, w->t.src, (const char *const *)w->t.reads, on_pushed, &e);
    if (!rc)
      return;
  } else if (!rc && w->profile && w->t.ncols) {
    struct sl_buf sql;
    sl_buf_init(&sql, 4 << 20);
    columns_put_count(&sql, &w->t);
    rc = ask(r, &sql, on_count, &e);
    if (!rc)
      return;
  } else if (!rc) {
    rc = send_rows(r, 0, w->t.ncols, NULL, &e);
  }
  table_end(r, rc, &e);
}

/* ---- start ---- */

static void on_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct sl_req *r = user;
  struct work *w = sl_req_state(r);
  struct sl_err e = *err;
  w->prep = NULL;
  if (!rc)
    rc = columns_source(&w->t, sql, reads, &e);
  if (!rc) {
    struct sl_buf b;
    sl_buf_init(&b, 4 << 20);
    columns_put_names(&b, &w->t);
    rc = ask(r, &b, on_described, &e);
  }
  if (rc)
    table_end(r, rc, &e);
}

static bool is_statement(struct sl_str s)
{
  static const char *const begin[] = { "select", "from", "with", "values", "(" };
  struct sl_sql_tok t;
  if (!sl_sql_next(&s, &t))
    return false;
  for (size_t i = 0; i < sizeof begin / sizeof begin[0]; i++)
    if (sl_str_ieq(t.s, sl_str(begin[i])))
      return s.n > 0; /* a file may be called "from" */
  return false;
}

static bool is_zone(const struct compute *c, struct sl_str name)
{
  size_t n = 0;
  const struct sl_ws_conf *conf = sl_backend_ws_conf(c->b);
  const struct sl_zone *z = conf ? sl_ws_conf_zones(conf, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(name, z[i].name))
      return true;
  return false;
}

/* scope: a zone's name, an address, sql:STATEMENT or a statement. */
static int begin(struct sl_req *r, struct sl_str scope, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  struct sl_buf sql, address;
  bool colon = sl_str_starts(scope, SL_STR("sql:"));
  sl_buf_init(&sql, 0);
  sl_buf_init(&address, 0);
  w->t.name = sl_strndup(scope.p, scope.n);
  if (colon || is_statement(scope)) {
    sl_buf_str(&sql, colon ? sl_str_from(scope, 4) : scope);
  } else {
    if (is_zone(w->c, scope))
      sl_buf_z(&address, "lake:");
    sl_buf_str(&address, scope);
    sl_buf_z(&sql, "FROM ");
    sl_fmt_quote(&sql, sl_buf_view(&address), '\'');
  }
  int rc = w->t.name ? sl_buf_check(&sql, err) : sl_err_nomem(err);
  rc = rc ? rc : sl_buf_check(&address, err);
  if (!rc)
    rc = compute_prep(&w->prep, w->c, sl_buf_view(&sql), on_prepped, r, err);
  sl_buf_free(&sql);
  sl_buf_free(&address);
  return rc;
}

static void next_zone(struct sl_req *r)
{
  struct work *w = sl_req_state(r);
  struct sl_err err = { 0 };
  struct sl_str path;
  size_t n = 0;
  const struct sl_ws_conf *conf = sl_backend_ws_conf(w->c->b);
  const struct sl_zone *z = conf ? sl_ws_conf_zones(conf, &n) : NULL;
  while (w->zone < n && !sl_uri_path(sl_str(z[w->zone].uri), &path))
    w->zone++;
  int rc = w->zone < n ? begin(r, sl_str(z[w->zone].name), &err) : SL_OK;
  if (!rc && w->zone++ < n)
    return;
  work_leave(w);
  sl_req_end(r, rc, &err);
}

static void zones_first(void *user)
{
  struct work *w = sl_req_state(user);
  w->first.v = 0;
  next_zone(user);
}

/* Any column beyond names and types: the data must be read. */
static bool wants_profile(const struct sl_query *q)
{
  if (!q->want || q->where || q->order)
    return true;
  for (size_t i = 0; i < sl_want_count(q->want); i++) {
    struct sl_str c = sl_want_name(q->want, i).col;
    if (!sl_str_eqz(c, "name") && !sl_str_eqz(c, "type") && !sl_str_eqz(c, "nullable") && !sl_str_eqz(c, "table") &&
        !sl_str_eqz(c, "connection") && !sl_str_eqz(c, "ref"))
      return true;
  }
  return false;
}

static int columns_query(struct sl_req *r, struct sl_err *err)
{
  struct work *w = sl_req_state(r);
  const struct sl_query *q = sl_req_query(r);
  struct sl_str scope = sl_str_trim(q->scope), rest;
  ptrdiff_t end = q->kind == SL_Q_GET ? sl_str_rchr(scope, '#') : -1;
  w->c = sl_backend_state(sl_req_backend(r));
  int rc = sl_engine_scope(scope, &rest, &w->pushdown, err);
  bool monitor = !rc && compute_monitor_is(end > 0 ? sl_str_head(scope, (size_t)end) : scope) && !is_statement(rest);
  if (monitor && rest.n < scope.n)
    rc = sl_err_set(err, SL_EUSAGE, "%.*s has its figures already: leave the engine away", SL_ARG(rest));
  if (rc)
    return rc;
  if (monitor)
    return compute_monitor_columns(r, err);
  w->profile = wants_profile(q);
  w->all = !rest.n;
  if (q->kind == SL_Q_GET) { /* TABLE#NUMBER:NAME */
    w->only = sl_strndup(scope.p, scope.n);
    if (!w->only)
      return sl_err_nomem(err);
    ptrdiff_t hash = sl_str_rchr(rest, '#');
    rest = hash > 0 ? sl_str_head(rest, (size_t)hash) : rest;
  }
  rc = sl_req_head(r, NULL, 0, -1);
  if (!rc && w->all) {
    w->profile = false;
    rc = sl_timer_start(sl_backend_loop(w->c->b), 0, 0, zones_first, r, &w->first, err);
  } else if (!rc) {
    rc = begin(r, rest, err);
  }
  if (rc)
    work_leave(w);
  return rc;
}

static void columns_cancel(struct sl_req *r)
{
  const struct work *w = sl_req_state(r);
  if (w->file.boxed.ops) {
    compute_boxed_cancel(r);
    return;
  }
  work_leave(sl_req_state(r));
  sl_req_end(r, SL_ECANCELED, NULL);
}

const struct sl_serve compute_columns = {
  .res = &sl_res_columns,
  .own = columns_own,
  .nown = COLUMNS_OWN,
  .req_size = sizeof(struct work),
  .query = columns_query,
  .resume = compute_boxed_resume,
  .cancel = columns_cancel,
};
