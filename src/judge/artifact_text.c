/* judge/artifact_text.c: the lines of several texts beside the baseline's.
 *
 * For each other text: what it shares with the baseline at both ends is taken off; the rest is matched by Myers' greedy algorithm (An O(ND)
 * Difference Algorithm and Its Variations, 1986), whose memory grows with the square of the edits: beyond EDITS the rest is rewritten.
 * Then each line of the baseline has a line of every text beside it, or none, and between two of them stand those that were added. */
#include <stdio.h>

#include "base/hash.h"
#include "judge/artifact_int.h"

enum { LINES = 100000, EDITS = 1500 };
#define NONE SIZE_MAX

struct text { struct sl_str *line; uint64_t *hash; size_t n, cap, cap_hash; };
struct beside {
  struct text t;
  size_t *at;                  /* by the baseline's lines: the line beside it, or NONE */
  size_t *added, *from;        /* by gap (before line g; after the last): how many lines were added there, and the first of them */
};

static void text_free(struct text *t)
{
  sl_free(t->line);
  sl_free(t->hash);
}

/* A line's end is no part of it; a last one without an end is a line. */
static int text_split(struct text *t, struct sl_str s, struct sl_err *err)
{
  int rc = SL_OK;
  while (s.n && !rc) {
    ptrdiff_t nl = sl_str_chr(s, '\n');
    struct sl_str line = nl < 0 ? s : sl_str_head(s, (size_t)nl);
    s = sl_str_from(s, line.n + (nl >= 0));
    if (line.n && line.p[line.n - 1] == '\r')
      line.n--;
    if (t->n == LINES)
      return sl_err_set(err, SL_ELIMIT, "more than %d lines: its content is not compared", LINES);
    rc = sl_grow((void **)&t->line, &t->cap, t->n + 1, sizeof *t->line, LINES, err);
    rc = rc ? rc : sl_grow((void **)&t->hash, &t->cap_hash, t->n + 1, sizeof *t->hash, LINES, err);
    if (!rc) {
      t->hash[t->n] = sl_str_hash(line);
      t->line[t->n++] = line;
    }
  }
  return rc;
}

/* ---- the matching ---- */

struct pair { const struct text *a, *b; size_t a0, b0, na, nb; };   /* the middle of both */

static bool line_same(const struct pair *p, size_t i, size_t k)
{
  i += p->a0;
  k += p->b0;
  return p->a->hash[i] == p->b->hash[k] && sl_str_eq(p->a->line[i], p->b->line[k]);
}

/* Row d of the trace: how far each diagonal -d..d had come before the d-th edit. */
static int32_t *trace_row(int32_t *trace, size_t d) { return trace + d * d + d; }

/* One more edit on every diagonal; true: the end was reached. */
static bool step(const struct pair *p, int32_t *v, int32_t d)
{
  int32_t na = (int32_t)p->na, nb = (int32_t)p->nb;
  for (int32_t k = -d; k <= d; k += 2) {
    int32_t x = k == -d || (k != d && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1, y = x - k;
    while (x < na && y < nb && line_same(p, (size_t)x, (size_t)y))
      x++, y++;
    v[k] = x;
    if (x >= na && y >= nb)
      return true;
  }
  return false;
}

/* From the end back along the trace: the diagonals are the lines that both have. */
static void walk_back(const struct pair *p, int32_t *trace, int32_t d, size_t *match)
{
  int32_t x = (int32_t)p->na, y = (int32_t)p->nb;
  for (; d >= 0; d--) {
    const int32_t *v = trace_row(trace, (size_t)d);
    int32_t k = x - y;
    int32_t from = d == 0 ? 0 : k == -d || (k != d && v[k - 1] < v[k + 1]) ? k + 1 : k - 1;
    int32_t px = d == 0 ? 0 : v[from], py = px - from;
    while (x > px && y > py && x > 0 && y > 0)
      match[p->a0 + (size_t)--x] = p->b0 + (size_t)--y;
    x = px;
    y = py;
  }
}

/* Only a few edits lie between most texts: memory for more is taken as they are found. */
static int middle(const struct art *a, const struct pair *p, size_t *match, struct sl_err *err)
{
  int32_t *v = sl_calloc(2 * EDITS + 3, sizeof *v), *trace = NULL;
  size_t cap = 0, most = p->na + p->nb < EDITS ? p->na + p->nb : EDITS;
  int rc = v ? SL_OK : sl_err_nomem(err);
  for (size_t d = 0; !rc && d <= most; d++) {
    rc = sl_grow((void **)&trace, &cap, (d + 1) * (d + 1), sizeof *trace, (size_t)(EDITS + 1) * (EDITS + 1), err);
    if (!rc && art_cancelled(a))
      rc = SL_ECANCELED;
    if (rc)
      break;
    memcpy(trace_row(trace, d) - d, v + EDITS + 1 - d, (2 * d + 1) * sizeof *v);
    if (step(p, v + EDITS + 1, (int32_t)d)) {
      walk_back(p, trace, (int32_t)d, match);
      break;
    }
  }
  sl_free(trace);
  sl_free(v);
  return rc;
}

static int match_lines(const struct art *a, const struct text *x, const struct text *y, size_t *match, struct sl_err *err)
{
  struct pair p = { x, y, 0, 0, x->n, y->n };
  for (size_t i = 0; i < x->n; i++)
    match[i] = NONE;
  while (p.na && p.nb && line_same(&p, 0, 0)) {
    match[p.a0] = p.b0;
    p.a0++, p.b0++, p.na--, p.nb--;
  }
  while (p.na && p.nb && line_same(&p, p.na - 1, p.nb - 1)) {
    p.na--, p.nb--;
    match[p.a0 + p.na] = p.b0 + p.nb;
  }
  return p.na && p.nb ? middle(a, &p, match, err) : SL_OK;
}

/* ---- what stands beside what ---- */

/* Lines i..to of the baseline were taken out and k..kto put in their place: side by side as far as both go. */
static void block(struct beside *b, size_t i, size_t to, size_t k, size_t kto)
{
  while (i < to && k < kto)
    b->at[i++] = k++;
  while (i < to)
    b->at[i++] = NONE;
  b->from[to] = k;
  b->added[to] = kto - k;
}

static void lay(struct beside *b, size_t n, size_t *match)
{
  size_t i = 0, k = 0;
  for (size_t at = 0; at <= n; at++) {
    if (at < n && match[at] == NONE)
      continue;
    size_t to = at < n ? match[at] : b->t.n;
    block(b, i, at, k, to);
    if (at < n)
      b->at[at] = to;
    i = at + 1;
    k = to + 1;
  }
}

static int beside_make(const struct art *a, struct beside *b, const struct text *base, struct sl_str s, struct sl_err *err)
{
  size_t *match = sl_calloc(base->n + 1, sizeof *match);
  b->at = sl_calloc(base->n + 1, sizeof *b->at);
  b->added = sl_calloc(base->n + 1, sizeof *b->added);
  b->from = sl_calloc(base->n + 1, sizeof *b->from);
  int rc = match && b->at && b->added && b->from ? text_split(&b->t, s, err) : sl_err_nomem(err);
  rc = rc ? rc : match_lines(a, base, &b->t, match, err);
  if (!rc)
    lay(b, base->n, match);
  sl_free(match);
  return rc;
}

static void beside_free(struct beside *b)
{
  text_free(&b->t);
  sl_free(b->at);
  sl_free(b->added);
  sl_free(b->from);
}

/* ---- rows ---- */

static int send_added(struct art *a, const struct beside *b, size_t gap, struct sl_err *err)
{
  size_t most = 0;
  int rc = SL_OK;
  for (size_t k = 1; k < a->n; k++)
    if (a->side[k].there && b[k].added[gap] > most)
      most = b[k].added[gap];
  for (size_t e = 0; e < most && !rc; e++) {
    char name[48];
    int n = snprintf(name, sizeof name, "%zu+%zu", gap, e + 1);
    art_row(a);
    for (size_t k = 1; k < a->n; k++)
      if (a->side[k].there && e < b[k].added[gap])
        art_text(a, k, b[k].t.line[b[k].from[gap] + e]);
    rc = art_send(a, "line", sl_strn(name, (size_t)n), false, err);
  }
  return rc;
}

static int send_line(struct art *a, const struct text *base, const struct beside *b, size_t i, struct sl_err *err)
{
  char name[24];
  int n = snprintf(name, sizeof name, "%zu", i + 1);
  bool same = true;
  art_row(a);
  art_text(a, 0, base->line[i]);
  for (size_t k = 1; k < a->n; k++) {
    if (!a->side[k].there)
      continue; /* the whole file is missing: that is said above, not at every line */
    bool has = b[k].at[i] != NONE;
    if (has)
      art_text(a, k, b[k].t.line[b[k].at[i]]);
    same = same && has && sl_str_eq(base->line[i], b[k].t.line[b[k].at[i]]);
  }
  return art_send(a, "line", sl_strn(name, (size_t)n), same, err);
}

int art_lines(struct art *a, struct sl_err *err)
{
  struct text base = { .line = NULL };
  struct beside b[SL_ART_RUNS] = { { .at = NULL } };
  int rc = a->side[0].there ? text_split(&base, a->side[0].head, err) : SL_OK;
  for (size_t k = 1; k < a->n && !rc; k++)
    if (a->side[k].there)
      rc = beside_make(a, &b[k], &base, a->side[k].head, err);
  for (size_t i = 0; i <= base.n && !rc; i++) {
    rc = send_added(a, b, i, err);
    if (!rc && i < base.n)
      rc = send_line(a, &base, b, i, err);
  }
  for (size_t k = 0; k < a->n; k++)
    beside_free(&b[k]);
  text_free(&base);
  return rc;
}
