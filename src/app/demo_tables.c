/* app/demo_tables.c: what of the demo's dates stands inside Parquet files, and the zone of --rows: statements in the box, their results
 * put in place whole. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/demo.h"
#include "backend_local/local.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "box/box.h"

struct shop { struct sl_demo *d; struct sl_loop *l; struct sl_box_pool *pool; const json_t *columns; bool done; int rc; struct sl_err err;
  const char *to, *state; };

/* The box wrote into its scratch folder; the file moves to its place by name, or by copy where that is another file system. */
static int place(const char *from, const char *to, struct sl_err *err)
{
  struct sl_buf b;
  if (!rename(from, to))
    return SL_OK;
  sl_buf_init(&b, (size_t)2 << 30);
  int rc = sl_file_read(&b, from, (size_t)1 << 30, err);
  if (!rc)
    rc = sl_file_write(to, sl_buf_view(&b), 0644, err);
  sl_buf_free(&b);
  unlink(from);
  return rc;
}

static void on_done(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows)
{
  struct shop *s = user;
  (void)rows;
  s->rc = rc;
  if (rc && err)
    s->err = *err;
  if (!rc)
    s->rc = place(file, s->to, &s->err);
  s->done = true;
}

static int make(struct shop *s, struct sl_str statement, const char *to, struct sl_err *err)
{
  static const struct sl_box_ops ops = {.done = on_done};
  const struct sl_box_work work = {.kind = "sql", .text = statement, .out_path = "out.parquet"};
  struct sl_box_job *job;
  s->done = false;
  s->to = to;
  int rc = sl_box_start(&job, s->pool, &work, &ops, s, err);
  while (!rc && !s->done)
    sl_loop_turn(s->l, 100);
  if (!rc && s->rc) {
    rc = s->rc;
    if (err)
      *err = s->err;
  }
  return rc;
}

static void quoted(struct sl_buf *b, const char *path)
{
  for (; *path; path++)
    sl_buf_add(b, *path == '\'' ? "''" : path, *path == '\'' ? 2 : 1);
}

static int file_move(void *user, const char *path, struct sl_err *err)
{
  struct shop *s = user;
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  sl_buf_z(&b, "select * replace (");
  for (size_t i = 0; i < json_array_size(s->columns); i++) {
    const char *c = json_string_value(json_array_get(s->columns, i));
    sl_buf_printf(&b, "%s\"%s\" + interval (%lld) day as \"%s\"", i ? ", " : "", c ? c : "", (long long)s->d->days, c ? c : "");
  }
  sl_buf_z(&b, ") from read_parquet('");
  quoted(&b, path);
  sl_buf_z(&b, "', hive_partitioning = false)");
  int rc = make(s, sl_buf_view(&b), path, err);
  sl_buf_free(&b);
  return rc;
}

static int columns_move(struct shop *s, struct sl_err *err)
{
  const json_t *rules = json_object_get(s->d->manifest, "parquet_dates");
  int rc = SL_OK;
  for (size_t i = 0; i < json_array_size(rules) && !rc && s->d->days; i++) {
    const json_t *rule = json_array_get(rules, i);
    s->columns = json_object_get(rule, "columns");
    rc = sl_demo_each(s->d, json_string_value(json_object_get(rule, "files")), file_move, s, err);
  }
  return rc;
}

/* A zone `big`: the processed measurements over and over, each a little different, so that it compresses as real data would. */
static int big_make(struct shop *s, int64_t rows, struct sl_err *err)
{
  char *dir = sl_path_join(s->d->to, "lake/big"), *file = sl_path_join(s->d->to, "lake/big/part.parquet");
  char *conf = sl_path_join(s->d->to, "sluice.yaml");
  struct sl_buf b, yaml;
  static const char mark[] = "lake:\n  zones:\n";
  sl_buf_init(&b, 1 << 16);
  sl_buf_init(&yaml, 2 << 20);
  int rc = dir && file && conf ? sl_mkdirs(dir, 0755, err) : sl_err_nomem(err);
  sl_buf_printf(&b, "with p as (select *, row_number() over () - 1 as k, count(*) over () as n from read_parquet('");
  quoted(&b, s->d->to);
  sl_buf_printf(&b, "/lake/processed/*/part.parquet', hive_partitioning = false)) select r.range as row, p.* exclude (k, n) replace "
                "((mean_area * (1 + (r.range %% 97) / 9700.0))::float as mean_area) from range(%lld) r, p where p.k = r.range %% p.n",
                (long long)rows);
  if (!rc)
    rc = make(s, sl_buf_view(&b), file, err);
  if (!rc)
    rc = sl_file_read(&yaml, conf, 1 << 20, err);
  struct sl_str text = sl_buf_view(&yaml);
  ptrdiff_t at = sl_str_find(text, SL_STR("lake:\n  zones:\n"));
  if (!rc && at < 0)
    rc = sl_err_set(err, SL_EINTERNAL, "the demo's workspace has no lake: zones:");
  if (!rc) {
    size_t cut = (size_t)at + sizeof mark - 1;
    sl_buf_clear(&b);
    sl_buf_str(&b, sl_str_head(text, cut));
    sl_buf_printf(&b, "    - {name: big, uri: \"lake/big/\"}   # %lld rows, by --rows\n", (long long)rows);
    sl_buf_str(&b, sl_str_from(text, cut));
    rc = sl_file_write(conf, sl_buf_view(&b), 0644, err);
  }
  sl_buf_free(&b);
  sl_buf_free(&yaml);
  sl_free(dir);
  sl_free(file);
  sl_free(conf);
  return rc;
}

static int shop_open(struct shop *s, struct sl_app *a, struct sl_err *err)
{
  const char *const roots[] = {s->d->to, NULL};
  char *tmp = sl_xdg_path(SL_XDG_CACHE, "box");
  int rc = tmp ? sl_mkdirs(tmp, 0700, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_loop_open(&s->l, err);
  const struct sl_box_opts o = {.loop = s->l, .exe = a->exe, .lib_dirs = sl_lib_dirs(), .roots = roots, .tmp_dir = tmp};
  if (!rc)
    rc = sl_box_pool_open(&s->pool, &o, err);
  sl_free(tmp);
  return rc;
}

static void shop_close(struct shop *s)
{
  sl_box_pool_close(s->pool);
  if (s->l)
    sl_loop_close(s->l);
}

int sl_demo_tables(struct sl_demo *d, struct sl_app *a, int64_t rows, struct sl_err *err)
{
  struct shop s = {.d = d};
  int rc = shop_open(&s, a, err);
  if (!rc)
    rc = columns_move(&s, err);
  if (!rc && rows > 0)
    rc = big_make(&s, rows, err);
  shop_close(&s);
  return rc;
}

/* ---- rows of each file ---- */

static int note_rows(void *user, struct sl_batch **take)
{
  const struct shop *s = user;
  for (uint32_t i = 0; i < sl_batch_count(*take); i++) {
    struct sl_val file = sl_batch_get(*take, i, 0), rows = sl_batch_get(*take, i, 1);
    char *path = file.null || rows.null ? NULL : sl_strndup(file.u.s.p, file.u.s.n);
    int rc = path ? sl_local_rows_note(s->state, path, rows.u.i, NULL) : SL_OK; /* without a note the rows are unknown, no more */
    sl_free(path);
    if (rc)
      break;
  }
  sl_batch_unref(*take);
  *take = NULL;
  return SL_OK;
}

static void on_noted(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows)
{
  struct shop *s = user;
  (void)file;
  (void)rows;
  s->rc = rc;
  if (rc && err)
    s->err = *err;
  s->done = true;
}

static int count_rows(struct shop *s, struct sl_err *err)
{
  static const struct sl_box_ops ops = {.rows = note_rows, .done = on_noted};
  struct sl_box_job *job;
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  sl_buf_z(&b, "select file_name, num_rows::bigint from parquet_file_metadata('");
  quoted(&b, s->d->to);
  sl_buf_z(&b, "/lake/**/*.parquet')");
  const struct sl_box_work work = {.kind = "sql", .text = sl_buf_view(&b)};
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = sl_box_start(&job, s->pool, &work, &ops, s, err);
  while (!rc && !s->done)
    sl_loop_turn(s->l, 100);
  if (!rc && s->rc)
    rc = sl_err_set(err, s->rc, "%s", s->err.msg);
  sl_buf_free(&b);
  return rc;
}

int sl_demo_rows(struct sl_demo *d, struct sl_app *a, struct sl_err *err)
{
  struct shop s = {.d = d};
  struct sl_session e = {.app = a};
  char *conf = sl_path_join(d->to, "sluice.yaml"), *state = NULL;
  int rc = conf ? sl_session_types(&e, err) : sl_err_nomem(err);
  if (!rc)
    rc = sl_ws_conf_load(&e.conf, conf, e.types, e.ntypes, err);
  if (!rc && !(state = sl_xdg_path(SL_XDG_STATE, sl_ws_conf_id(e.conf))))
    rc = sl_err_nomem(err);
  s.state = state;
  if (!rc)
    rc = shop_open(&s, a, err);
  if (!rc)
    rc = count_rows(&s, err);
  shop_close(&s);
  sl_session_close(&e);
  sl_free(state);
  sl_free(conf);
  return rc;
}
