/* box/sketch_file.c: sketches of a data set: files of them merged, or one pass over a query. */
#include "box/sketch_file.h"

#include <glob.h>

#include "base/file.h"
#include "base/mem.h"
#include "box/sqlscan.h"
#include "compute/partial.h"

enum { FILE_MAX = 256 << 20 };

bool sketch_file_is(struct sl_str sql) { return sql_is_files(sql, ".sketch", ".partial"); }

/* ---- files ---- */

/* Of a partial scoring: its outputs. */
static int read_one(struct sl_sketches *out, struct sl_str bytes, struct sl_err *err)
{
  struct sl_partial *p;
  if (!sl_partial_is(bytes))
    return sl_sketches_read(out, bytes, err);
  int rc = sl_partial_read(&p, bytes, err);
  if (rc)
    return rc;
  *out = *sl_partial_outputs(p);
  *sl_partial_outputs(p) = (struct sl_sketches){ .at = NULL };
  sl_partial_free(p);
  return SL_OK;
}

static int add_file(struct sl_sketches *all, const char *path, struct sl_err *err)
{
  struct sl_sketches part = { .at = NULL };
  struct sl_buf b;
  sl_buf_init(&b, FILE_MAX + 1);
  int rc = sl_file_read(&b, path, FILE_MAX, err);
  if (!rc && (rc = read_one(&part, sl_buf_view(&b), err)) && rc != SL_ENOMEM)
    sl_err_prefix(err, "%s", sl_path_base(path));
  sl_buf_free(&b);
  if (!rc && !all->at) {
    *all = part;
    return SL_OK;
  }
  if (!rc && (rc = sl_sketches_merge(all, &part, err)) && rc != SL_ENOMEM)
    sl_err_prefix(err, "%s", sl_path_base(path));
  sl_sketches_free(&part);
  return rc;
}

static int add_files(struct sl_sketches *all, const char *pattern, struct sl_err *err)
{
  glob_t g = { .gl_pathc = 0 };
  int found = glob(pattern, GLOB_ERR, NULL, &g);
  int rc = found == GLOB_NOSPACE ? sl_err_nomem(err) : found ? sl_err_set(err, SL_ENOENT, "no file %s", pattern) : SL_OK;
  for (size_t i = 0; i < g.gl_pathc && !rc; i++)
    rc = add_file(all, g.gl_pathv[i], err);
  globfree(&g);
  return rc;
}

static int load_files(struct sl_str sql, struct sl_sketches *out, struct sl_err *err)
{
  struct sl_buf name;
  bool first = true;
  int rc = SL_OK;
  sl_buf_init(&name, 1 << 20);
  for (; !rc && sql_next_file(&sql, first, &name); first = false)
    rc = add_files(out, sl_buf_zstr(&name), err);
  sl_buf_free(&name);
  return rc;
}

/* ---- a query ---- */

static int add(void *user, const struct scan_span *s, struct sl_err *err)
{
  return scan_sketch(((struct sl_sketches *)user)->at[s->column].s, s, err);
}

static int open_column(struct sl_sketch_column *c, struct scan_column *from, bool distinct, struct sl_err *err)
{
  bool number = from->is == SL_SKETCH_NUMBER;
  *c = (struct sl_sketch_column){ .name = from->name, .type = sl_strdup(scan_type_name(from->type)), .is = from->is,
                                  .narrow = from->type == DUCK_FLOAT,
                                  .whole = number && from->type != DUCK_FLOAT && from->type != DUCK_DOUBLE && from->type != DUCK_DECIMAL };
  from->name = NULL;
  int rc = sl_sketch_new(&c->s, from->kind, distinct, err);
  return c->name && c->type ? rc : sl_err_nomem(err);
}

static int scan(struct sl_box_ctx *c, struct sl_str sql, struct scan_columns *all, bool distinct, struct sl_sketches *out,
                struct sl_err *err)
{
  size_t *which = sl_calloc(all->n + 1, sizeof *which);
  out->at = sl_calloc(all->n + 1, sizeof *out->at);
  int rc = which && out->at ? SL_OK : sl_err_nomem(err);
  for (size_t i = 0; i < all->n && !rc; i++) {
    which[i] = i;
    out->n++;
    rc = open_column(&out->at[i], &all->at[i], distinct, err);
  }
  rc = rc ? rc : scan_run(c, sql, all, which, all->n, c->hello->threads, add, out, err);
  out->rows = rc || !out->n ? 0 : sl_sketch_counts(out->at[0].s).rows;
  for (size_t i = 0; i < out->n && !rc; i++)
    if (sl_sketch_counts(out->at[i].s).rows != out->rows)
      rc = sl_err_set(err, SL_ECONFLICT, "the data changed while it was read");
  sl_free(which);
  return rc;
}

int sketch_file_load(struct sl_box_ctx *c, duck_conn conn, const char *sql, bool distinct, struct sl_sketches *out, struct sl_err *err)
{
  const struct duck *d = &((struct duck_own *)c->own)->d;
  struct scan_columns all = { .at = NULL };
  struct sl_str text = sql_without_end(sl_str(sql));
  bool files = sketch_file_is(text);
  *out = (struct sl_sketches){ .at = NULL };
  int rc = files ? load_files(text, out, err) : scan_columns(d, conn, sql, &all, err);
  if (!rc && !files)
    rc = duck_why_csv(d, conn, scan(c, text, &all, distinct, out, err), err);
  scan_columns_free(&all);
  for (size_t i = 0; i < out->n && !rc; i++)
    rc = sl_sketch_tidy(out->at[i].s, err);
  if (!rc && !out->rows)
    rc = sl_err_set(err, SL_EPARSE, "no rows");
  if (rc)
    sl_sketches_free(out);
  return rc;
}
