/* box/work_partial.c: files of partial scorings, joined: into the job's file, or as figures, a row each. The text names them:
 * FROM 'a.partial' UNION ALL FROM 'b.partial', wildcards allowed. No engine is loaded for it. */
#include <glob.h>
#include <stdio.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "box/inside.h"
#include "box/sqlscan.h"
#include "compute/partial.h"

enum { FILE_MAX = 256 << 20 };
enum { P_METRIC, P_CLASS, P_SLICE, P_VALUE, P_LOW, P_HIGH, P_N, P_AT, P_THRESHOLD, P_NOTE, COLUMNS };
static const struct sl_col cols[COLUMNS] = {
  [P_METRIC] = { .name = "metric", .type = SL_TEXT, .help = "what was measured" },
  [P_CLASS] = { .name = "class", .type = SL_TEXT, .help = "of this class; none: of all" },
  [P_SLICE] = { .name = "slice", .type = SL_TEXT, .help = "confusion: what was predicted; output: of which" },
  [P_VALUE] = { .name = "value", .type = SL_F64, .help = "its value; between two bounds: their middle" },
  [P_LOW] = { .name = "low", .type = SL_F64, .help = "lower end of its interval, or lower bound (note)" },
  [P_HIGH] = { .name = "high", .type = SL_F64, .help = "upper end, or upper bound" },
  [P_N] = { .name = "n", .type = SL_I64, .help = "rows that it rests on", .unit = "rows" },
  [P_AT] = { .name = "at", .type = SL_F64, .help = "of a curve's point: how far along" },
  [P_THRESHOLD] = { .name = "threshold", .type = SL_F64, .help = "of a curve's point: outputs from here on" },
  [P_NOTE] = { .name = "note", .type = SL_TEXT, .help = "what to know of it" },
};

/* ---- files ---- */

static int add_file(struct sl_partial **all, const char *path, struct sl_err *err)
{
  struct sl_partial *part = NULL;
  struct sl_buf b;
  sl_buf_init(&b, FILE_MAX + 1);
  int rc = sl_file_read(&b, path, FILE_MAX, err);
  rc = rc ? rc : sl_partial_read(&part, sl_buf_view(&b), err);
  sl_buf_free(&b);
  if (!rc && !*all) {
    *all = part;
    return SL_OK;
  }
  rc = rc ? rc : sl_partial_merge(*all, part, err);
  if (rc && rc != SL_ENOMEM)
    sl_err_prefix(err, "%s", sl_path_base(path));
  sl_partial_free(part);
  return rc;
}

static int add_files(struct sl_box_ctx *c, struct sl_partial **all, const char *pattern, struct sl_err *err)
{
  glob_t g = { .gl_pathc = 0 };
  int found = glob(pattern, GLOB_ERR, NULL, &g);
  int rc = found == GLOB_NOSPACE ? sl_err_nomem(err) : found ? sl_err_set(err, SL_ENOENT, "no file %s", pattern) : SL_OK;
  for (size_t i = 0; i < g.gl_pathc && !rc; i++) {
    rc = add_file(all, g.gl_pathv[i], err);
    box_progress(c, i + 1, 0);
  }
  globfree(&g);
  return rc;
}

static int load(struct sl_box_ctx *c, struct sl_partial **all, struct sl_str sql, struct sl_err *err)
{
  struct sl_buf name;
  int rc = SL_OK;
  sl_buf_init(&name, 1 << 20);
  for (bool first = true; !rc && sql_next_file(&sql, first, &name); first = false)
    rc = add_files(c, all, sl_buf_zstr(&name), err);
  sl_buf_free(&name);
  return rc || *all ? rc : sl_err_set(err, SL_EUSAGE, "no file of a partial scoring is named");
}

/* ---- figures ---- */

struct rows { struct sl_box_ctx *c; const struct sl_partial *p; struct sl_schema *schema; struct sl_batch *batch; uint64_t n;
  struct sl_err *err; };

static int flush(struct rows *w)
{
  int rc = w->batch ? box_rows(w->c, w->batch, w->err) : SL_OK;
  sl_batch_unref(w->batch);
  w->batch = NULL;
  return rc;
}

static void put_class(struct rows *w, unsigned col, const char *before, int cls)
{
  char text[160];
  struct sl_str name = sl_str(sl_partial_called(w->p, cls));
  if (cls < 0)
    return;
  if (name.p)
    snprintf(text, sizeof text, "%s%.*s", before, SL_ARG(sl_str_head(name, sl_utf8_cut(name, 100))));
  else
    snprintf(text, sizeof text, "%s%d", before, cls);
  sl_batch_set(w->batch, col, sl_vz(text));
}

static void put_cells(struct rows *w, const struct sl_partial_figure *f)
{
  sl_batch_set(w->batch, P_METRIC, sl_vz(f->metric));
  put_class(w, P_CLASS, "", f->cls);
  put_class(w, P_SLICE, "predicted ", f->other);
  sl_batch_set_text(w->batch, P_SLICE, f->output);
  sl_batch_set_number(w->batch, P_VALUE, f->value);
  sl_batch_set_number(w->batch, P_LOW, f->low);
  sl_batch_set_number(w->batch, P_HIGH, f->high);
  sl_batch_set(w->batch, P_N, sl_vi((int64_t)f->n));
  sl_batch_set_number(w->batch, P_AT, f->at);
  sl_batch_set_number(w->batch, P_THRESHOLD, f->threshold);
  if (f->between)
    sl_batch_set(w->batch, P_NOTE, sl_vz("lies between low and high: a partial knows the outputs' order by bucket only"));
}

static int add_row(void *user, const struct sl_partial_figure *f)
{
  struct rows *w = user;
  char id[24];
  int rc = w->batch && sl_batch_full(w->batch) ? flush(w) : SL_OK;
  if (!rc && !w->batch)
    rc = sl_batch_new(&w->batch, w->schema, w->err);
  if (rc)
    return rc;
  int n = snprintf(id, sizeof id, "%llu", (unsigned long long)++w->n);
  sl_batch_row(w->batch, SL_PUT, sl_strn(id, (size_t)n));
  put_cells(w, f);
  return SL_OK;
}

static int say(struct sl_box_ctx *c, const struct sl_partial *p, struct sl_err *err)
{
  struct rows w = { .c = c, .p = p, .err = err };
  int rc = sl_schema_new(&w.schema, NULL, 0, cols, COLUMNS, err);
  rc = rc ? rc : box_head(c, w.schema, -1, err);
  rc = rc ? rc : sl_partial_end(p, add_row, &w);
  rc = rc ? rc : flush(&w);
  sl_batch_unref(w.batch);
  sl_schema_unref(w.schema);
  return rc;
}

static int write_joined(struct sl_box_ctx *c, struct sl_partial *p, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, FILE_MAX);
  int rc = sl_partial_write(&b, p, err);
  rc = rc ? rc : box_write_file(c, sl_buf_view(&b), err);
  c->rows = rc ? 0 : sl_partial_outputs(p)->rows;
  sl_buf_free(&b);
  return rc;
}

static int partial_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  struct sl_partial *all = NULL;
  int rc = load(c, &all, text, err);
  if (!rc)
    rc = c->out_file ? write_joined(c, all, err) : say(c, all, err);
  sl_partial_free(all);
  return rc;
}

const struct sl_box_worker box_worker_partial = { .kind = "partial", .run = partial_run };
