/* Sketches with every allocation of feeding, writing, reading, merging and comparing failing in turn: out of memory each time, nothing left
 * behind. */
#include <stdio.h>

#include "compute/sketch.h"
#include "oom_test.h"

enum { ROWS = 1100, TEXTS = 40 };

static int column(struct sl_sketches *f, const char *name, enum sl_sketch_kind kind, struct sl_err *err)
{
  struct sl_sketch_column *c = &f->at[f->n++];
  *c = (struct sl_sketch_column){ .name = sl_strdup(name), .type = sl_strdup("T") };
  int rc = sl_sketch_new(&c->s, kind, true, err);
  return c->name && c->type ? rc : sl_err_nomem(err);
}

static int fill(struct sl_sketches *f, struct sl_err *err)
{
  static double x[ROWS];
  char text[16];
  f->at = sl_calloc(2, sizeof *f->at);
  if (!f->at)
    return sl_err_nomem(err);
  for (size_t i = 0; i < ROWS; i++) /* many values, and one that is no float */
    x[i] = i ? (double)i : 1e-310;
  int rc = column(f, "x", SL_SKETCH_FLOAT, err);
  rc = rc ? rc : sl_sketch_add_f64(f->at[0].s, x, NULL, ROWS, err);
  rc = rc ? rc : column(f, "t", SL_SKETCH_TEXT, err);
  for (size_t i = 0; i < ROWS && !rc; i++) {
    int n = snprintf(text, sizeof text, "%zu", i % TEXTS);
    rc = sl_sketch_add_text(f->at[1].s, sl_strn(text, (size_t)n), err);
  }
  f->rows = ROWS;
  return rc;
}

static int compare(const struct sl_sketches *a, const struct sl_sketches *b, struct sl_err *err)
{
  struct sl_sketch_cells cells = { .k = 0 };
  double low, high, step[4];
  bool known;
  int rc = sl_sketch_ks(a->at[0].s, b->at[0].s, &low, &high, err);
  rc = rc ? rc : sl_sketch_wasserstein(a->at[0].s, b->at[0].s, &low, &high, err);
  rc = rc ? rc : sl_sketch_steps(a->at[0].s, 0, ROWS, 4, step, err);
  rc = rc ? rc : sl_sketch_cells(a->at[1].s, b->at[1].s, &cells, &known, err);
  if (!rc && !(known && cells.k == TEXTS))
    rc = sl_err_set(err, SL_EINTERNAL, "cells");
  sl_sketch_cells_free(&cells);
  return rc;
}

static int whole(void *user, struct sl_err *err)
{
  struct sl_sketches a = { .at = NULL }, b = { .at = NULL };
  struct sl_buf bytes;
  (void)user;
  sl_buf_init(&bytes, 0);
  int rc = fill(&a, err);
  rc = rc ? rc : sl_sketches_write(&bytes, &a, err);
  rc = rc ? rc : sl_sketches_read(&b, sl_buf_view(&bytes), err);
  rc = rc ? rc : sl_sketches_merge(&b, &a, err);
  rc = rc ? rc : sl_sketch_tidy(b.at[1].s, err);
  rc = rc ? rc : compare(&a, &b, err);
  sl_buf_free(&bytes);
  sl_sketches_free(&a);
  sl_sketches_free(&b);
  return rc;
}

static void out_of_memory(void **state)
{
  (void)state;
  oom_each("sketches", whole, NULL, 50);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(out_of_memory) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
