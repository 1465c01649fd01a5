/* views/compare_sort.c: the order of the metrics: as they were answered, by name, or by what one run adds to the baseline. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "views/compare_int.h"

struct ranked { struct line line; double key; struct sl_str name; };

static int by_name(const void *a, const void *b)
{
  return sl_str_cmp(((const struct ranked *)a)->name, ((const struct ranked *)b)->name);
}

/* The greater key first; what has none comes last. */
static int by_key(const void *a, const void *b)
{
  const struct ranked *x = a, *y = b;
  if (isnan(x->key) || isnan(y->key))
    return isnan(x->key) == isnan(y->key) ? by_name(a, b) : isnan(x->key) ? 1 : -1;
  return x->key > y->key ? -1 : x->key < y->key ? 1 : by_name(a, b);
}

/* As a share of the baseline's value: metrics have no unit in common. */
static double rise(struct compare_state *s, uint64_t row)
{
  double base = compare_number(s, 0, row), mine = compare_number(s, s->order_run, row), d = mine - base;
  return !isfinite(d) ? (double)NAN : d == 0 ? 0 : d / fmax(fabs(base), fabs(mine));
}

static void reverse(struct ranked *r, size_t n)
{
  for (size_t i = 0; i < n / 2; i++) {
    struct ranked was = r[i];
    r[i] = r[n - 1 - i];
    r[n - 1 - i] = was;
  }
}

static bool rank(struct compare_state *s, struct sl_arena *mem, struct ranked *r, size_t from, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    struct sl_val name = sl_pane_val(s->diff, s->line[from + i].row, "name");
    char *copy = sl_arena_strndup(mem, name.null ? "" : name.u.s.p, name.null ? 0 : name.u.s.n); /* pages come and go */
    if (!copy)
      return false;
    r[i] = (struct ranked){ .line = s->line[from + i], .name = sl_strn(copy, name.null ? 0 : name.u.s.n), .key = (double)NAN };
    if (s->order >= ORDER_RISE)
      r[i].key = s->order == ORDER_RISE ? rise(s, r[i].line.row) : -rise(s, r[i].line.row);
  }
  return true;
}

void compare_sort(struct compare_state *s)
{
  size_t from = 0, n = 0;
  struct sl_arena mem;
  while (from < s->nline && s->line[from].kind != LINE_METRIC)
    from++;
  while (from + n < s->nline && s->line[from + n].kind == LINE_METRIC)
    n++;
  struct ranked *r = s->order && n ? sl_calloc(n, sizeof *r) : NULL;
  if (!r)
    return;
  sl_arena_init(&mem, 0);
  if (rank(s, &mem, r, from, n)) {
    qsort(r, n, sizeof *r, s->order >= ORDER_RISE ? by_key : by_name);
    if (s->order == ORDER_NAME_BACK)
      reverse(r, n);
    for (size_t i = 0; i < n; i++)
      s->line[from + i] = r[i].line;
  }
  sl_arena_free(&mem);
  sl_free(r);
}

void compare_unsort(struct compare_state *s)
{
  if (s->order >= ORDER_RISE)
    s->order = ORDER_ANSWER;
}

/* As in every table: by the column under the cursor, again: the other way; then back to the answer's own order. The baseline's column
 * stands for the names. */
static enum compare_order next(const struct compare_state *s)
{
  bool same = s->order >= ORDER_RISE ? s->order_run == s->col : !s->col;
  if (!same || s->order == ORDER_ANSWER)
    return s->col ? ORDER_RISE : ORDER_NAME;
  return s->order == ORDER_NAME || s->order == ORDER_RISE ? s->order + 1 : ORDER_ANSWER;
}

void compare_sort_next(struct sl_view *v, struct compare_state *s)
{
  struct line at = s->cursor < s->nline ? s->line[s->cursor] : (struct line){ LINE_PARAMS, 0 };
  s->order = next(s);
  s->order_run = s->col;
  compare_lines(v, s);
  for (size_t i = 0; i < s->nline; i++) /* the cursor stays on its metric */
    if (s->line[i].kind == at.kind && s->line[i].row == at.row)
      s->cursor = i;
}

const char *compare_order_words(struct compare_state *s)
{
  static const char *const words[] = { "", " by name", " by name, backwards", " by rise in ", " by fall in " };
  struct sl_str run = s->order >= ORDER_RISE ? sl_str_head(compare_run_name(s, s->order_run), 40) : SL_STR_NONE;
  snprintf(s->order_words, sizeof s->order_words, "%s%.*s", words[s->order], SL_ARG(run));
  return s->order_words;
}
