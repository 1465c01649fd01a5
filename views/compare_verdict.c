/* views/compare_verdict.c: the line at the foot of the comparison: each run against the baseline, in words. */
#include "base/mem.h"
#include "table/pick.h"
#include "views/compare_int.h"

/* Over held-out metrics where there are such. */
struct tally { int better, worse, noise, unsure; };

static void tally_row(const struct compare_state *s, uint64_t row, struct tally *t)
{
  for (size_t run = 1; run < s->runs.n; run++)
    switch (compare_mark(s, row, run)) {
    case SL_CMP_BETTER: t[run].better++; break;
    case SL_CMP_WORSE: t[run].worse++; break;
    case SL_CMP_NOISE:
    case SL_CMP_SAME: t[run].noise++; break;
    case SL_CMP_UNSURE: t[run].unsure++; break;
    default: break;
    }
}

static void say(const struct compare_state *s, const struct tally *t, bool (*is)(const struct tally *t), const char *words,
    struct sl_buf *out)
{
  size_t n = 0;
  for (size_t i = 1; i < s->runs.n; i++) {
    if (!is(&t[i]))
      continue;
    if (n < 4) {
      sl_buf_z(out, n ? ", " : out->n ? "; " : "");
      sl_buf_str(out, compare_run_name(s, i));
    }
    n++;
  }
  if (n > 4)
    sl_buf_printf(out, " and %zu more", n - 4);
  if (n)
    sl_buf_printf(out, ": %s", words);
}

static bool is_better(const struct tally *t) { return t->better && !t->worse; }
static bool is_worse(const struct tally *t) { return t->worse && !t->better; }
static bool is_mixed(const struct tally *t) { return t->worse && t->better; }
static bool is_noise(const struct tally *t) { return !t->worse && !t->better && t->noise && !t->unsure; }
static bool is_unsure(const struct tally *t) { return !t->worse && !t->better && t->unsure; }

void compare_verdict(struct compare_state *s)
{
  struct tally *t = sl_calloc(s->runs.n, sizeof *t);
  bool any = false, cost;
  sl_buf_clear(&s->verdict);
  for (size_t i = 0; i < s->nline; i++) {
    struct sl_val name = s->line[i].kind == LINE_METRIC ? sl_pane_val(s->diff, s->line[i].row, "name") : sl_null(SL_TEXT);
    any |= !name.null && sl_metric_held_out(name.u.s);
  }
  for (size_t i = 0; t && i < s->nline; i++) {
    struct sl_val name = s->line[i].kind == LINE_METRIC ? sl_pane_val(s->diff, s->line[i].row, "name") : sl_null(SL_TEXT);
    if (name.null || (any && !sl_metric_held_out(name.u.s)) || !sl_compare_direction(name.u.s, &cost) || cost)
      continue;
    tally_row(s, s->line[i].row, t);
  }
  if (t) {
    say(s, t, is_worse, "worse", &s->verdict);
    say(s, t, is_better, "better", &s->verdict);
    say(s, t, is_mixed, "better in some, worse in others", &s->verdict);
    say(s, t, is_noise, "no difference beyond repeats", &s->verdict);
    say(s, t, is_unsure, "no repeats to judge by", &s->verdict);
  }
  sl_free(t);
}

