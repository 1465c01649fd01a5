/* judge/gates_words.c: the gates that do not pass, in one line: all of them by name, those of one reason together, and the reasons as far
 * as there is room. A line that stops in the middle says less than a shorter one. */
#include "judge/gates.h"

#include <stdio.h>

/* A gate without a name is called as its condition; what it needs is no part of what it is called. */
static struct sl_str label(const struct sl_gate_row *r)
{
  struct sl_str name = sl_str(r->name), needs = sl_str(r->needs);
  ptrdiff_t end = sl_str_rchr(name, ' '), at = sl_str_rchr(needs, ' '); /* "drift.share <" "0.5", "<" "0.5" */
  double a, b;
  if (end <= 0 || at <= 0)
    return name;
  struct sl_str left = sl_str_head(name, (size_t)end), sign = sl_str_head(needs, (size_t)at);
  struct sl_str mine = sl_str_from(name, (size_t)end + 1), its = sl_str_from(needs, (size_t)at + 1);
  bool same = sl_str_eq(mine, its) || (sl_str_f64(mine, &a) && sl_str_f64(its, &b) && !(a < b) && !(a > b));
  bool tail = same && left.n > sign.n + 1 && sl_str_ends(left, sign) && left.p[left.n - sign.n - 1] == ' ';
  return tail ? sl_str_trim(sl_str_head(left, left.n - sign.n)) : name;
}

/* "drift.share is missing: not computed yet" -> "not computed yet": whose it is stands before it. */
static struct sl_str reason(const struct sl_gate_row *r)
{
  static const char *const states[] = { " is missing: ", " is stale: ", " is known only in part: " };
  struct sl_str why = sl_str(r->why);
  for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
    ptrdiff_t at = sl_str_find(why, sl_str(states[i]));
    if (at >= 0)
      return sl_str_from(why, (size_t)at + strlen(states[i]));
  }
  return why;
}

static bool is_bad(const struct sl_gate_row *r) { return r->state != SL_GATE_PASS; }

static bool alike(const struct sl_gate_row *a, const struct sl_gate_row *b)
{
  return is_bad(a) && is_bad(b) && a->state == b->state && sl_str_eq(reason(a), reason(b));
}

/* As far as whole parts of it go; else whole words, and a sign that there is more. */
static void put_reason(struct sl_buf *b, struct sl_str s, size_t most)
{
  size_t part = 0, word = 0;
  for (size_t i = 0; i + 3 < most && i < s.n; i++) {
    if (s.p[i] != ' ')
      continue;
    word = i;
    if (i && strchr(":;,", s.p[i - 1]))
      part = i - 1;
  }
  if (s.n <= most)
    sl_buf_printf(b, " (%.*s)", SL_ARG(s));
  else if (part)
    sl_buf_printf(b, " (%.*s)", SL_ARG(sl_str_head(s, part)));
  else
    sl_buf_printf(b, " (%.*s...)", SL_ARG(sl_str_head(s, word ? word : most - 3)));
}

/* One reason's gates, from the first of them. names: how long each may be; why: how long the reason, 0: without. */
static void put_group(struct sl_buf *b, const struct sl_gates *g, size_t first, size_t names, size_t why)
{
  size_t n = 0;
  for (size_t i = first; i < g->n; i++)
    if (alike(&g->row[first], &g->row[i]))
      sl_buf_printf(b, "%s%.*s", n++ ? ", " : "", SL_ARG(sl_str_head(label(&g->row[i]), names)));
  sl_buf_z(b, g->row[first].state == SL_GATE_FAIL ? (n > 1 ? " fail" : " fails") : n > 1 ? " are unknown" : " is unknown");
  if (why && reason(&g->row[first]).n)
    put_reason(b, reason(&g->row[first]), why);
}

static bool leads(const struct sl_gates *g, size_t i)
{
  for (size_t k = 0; k < i; k++)
    if (alike(&g->row[k], &g->row[i]))
      return false;
  return is_bad(&g->row[i]);
}

static void put_all(struct sl_buf *b, const struct sl_gates *g, size_t bad, size_t names, size_t why)
{
  bool any = false;
  sl_buf_clear(b);
  if (bad > 1)
    sl_buf_printf(b, "%zu gates do not pass: ", bad);
  for (size_t i = 0; i < g->n; i++)
    if (leads(g, i)) {
      sl_buf_z(b, any ? "; " : "");
      put_group(b, g, i, names, why);
      any = true;
    }
}

void sl_gates_words(struct sl_buf *out, const struct sl_gates *g, size_t room)
{
  static const struct { size_t names, why; } tries[] = { { 200, 400 }, { 200, 120 }, { 200, 100 }, { 100, 80 }, { 60, 64 }, { 60, 48 },
    { 60, 32 }, { 60, 0 }, { 30, 0 } };
  size_t bad = 0;
  for (size_t i = 0; i < g->n; i++)
    bad += is_bad(&g->row[i]);
  if (!bad)
    return;
  for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
    put_all(out, g, bad, tries[i].names, tries[i].why);
    if (out->n <= room)
      return;
  }
  sl_buf_clear(out);
  sl_buf_printf(out, "%zu gates do not pass; sluice gate %.60s/%lld lists them", bad, g->model, (long long)g->version);
}
