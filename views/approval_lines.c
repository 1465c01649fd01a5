/* views/approval_lines.c: which lines the sheet has. The verdict's facts (gates, who, what is enforced) always; metrics, parameters,
 * history and lineage as many as the screen leaves room for, in that order; all of them when somebody wants to scroll. */
#include "views/approval_int.h"

struct room { size_t metrics, params, history; bool lineage, digests, race, blanks; };
enum { METRICS_FIRST = 3 };

bool ap_selectable(const struct ap_line *l)
{
  return l->kind != AP_BLANK && l->kind != AP_COMPARE && l->kind != AP_GATES && l->kind != AP_HISTORY_HEAD && l->kind != AP_LINEAGE;
}

static size_t lineage_n(const struct approval_state *s) { return 3 + s->run[CANDIDATE].nset; }

static size_t gates_n(struct approval_state *s)
{
  uint64_t n = s->gates ? sl_pane_count(s->gates) : 0;
  return n < AP_LINES / 4 ? (size_t)n : AP_LINES / 4;
}

static void add(struct approval_state *s, enum ap_kind kind, uint64_t row)
{
  if (s->nline < AP_LINES)
    s->line[s->nline++] = (struct ap_line){ kind, row };
}

static void blank(struct approval_state *s, const struct room *r)
{
  if (r->blanks)
    add(s, AP_BLANK, 0);
}

/* What always stands: the comparison's head and its four lines, the gates with theirs, who, enforced, history. */
static size_t least(struct approval_state *s)
{
  size_t gates = gates_n(s);
  return 5 + 1 + (gates ? gates : 1) + 3;
}

static size_t take(size_t *left, size_t want)
{
  size_t n = want < *left ? want : *left;
  *left -= n;
  return n;
}

/* All or nothing. */
static bool whole(size_t *left, size_t need)
{
  bool fits = need <= *left;
  *left -= fits ? need : 0;
  return fits;
}

static struct room share(struct approval_state *s, int lines)
{
  struct room r = {0};
  size_t must = least(s), left = lines > 0 && (size_t)lines > must ? (size_t)lines - must : 0;
  if (s->all)
    return (struct room){ s->nmetric, s->nparam, s->npast, true, true, true, true };
  r.metrics = take(&left, s->nmetric < METRICS_FIRST ? s->nmetric : METRICS_FIRST);
  if (!r.metrics && s->nmetric)
    r.metrics = 1; /* scrolled */
  r.metrics += take(&left, s->nmetric - r.metrics);
  r.blanks = whole(&left, 3);
  r.history = s->npast && whole(&left, s->npast < 6 ? s->npast : 6) ? (s->npast < 6 ? s->npast : 6) : 0;
  r.params = take(&left, s->nparam < 12 ? s->nparam : 12);
  r.lineage = whole(&left, lineage_n(s) + 1);
  r.race = whole(&left, 1);
  r.digests = whole(&left, 1);
  if (r.history == 6)
    r.history += take(&left, s->npast - 6);
  return r;
}

static void compared(struct approval_state *s, const struct room *r)
{
  add(s, AP_COMPARE, r->metrics);
  for (size_t i = 0; i < r->metrics; i++)
    add(s, AP_METRIC, i);
  add(s, AP_DATA, 0);
  add(s, AP_ROWS, 0);
  add(s, AP_COMMIT, 0);
  add(s, AP_PARAMS, 0);
  for (size_t i = 0; i < r->params; i++)
    add(s, AP_PARAM, s->param[i]);
}

static void gates(struct approval_state *s)
{
  size_t n = gates_n(s);
  add(s, AP_GATES, 0);
  for (size_t i = 0; i < n; i++)
    add(s, AP_GATE, i);
  if (!n)
    add(s, AP_GATES_STATE, 0);
}

static void history(struct approval_state *s, const struct room *r)
{
  if (!r->history) {
    add(s, AP_HISTORY_FLOW, 0);
    return;
  }
  add(s, AP_HISTORY_HEAD, 0);
  for (size_t i = 0; i < r->history && i < s->npast; i++)
    add(s, AP_HISTORY_ROW, i);
}

static void lineage(struct approval_state *s)
{
  const struct ap_run *run = &s->run[CANDIDATE];
  add(s, AP_LINEAGE, 0);
  add(s, AP_LINEAGE_RUN, 0);
  for (size_t i = 0; i < run->nset; i++)
    add(s, AP_LINEAGE_SET, i);
  add(s, AP_LINEAGE_CODE, 0);
}

void ap_lines(struct approval_state *s, int room)
{
  struct room r = share(s, room);
  s->nline = 0;
  compared(s, &r);
  blank(s, &r);
  gates(s);
  blank(s, &r);
  add(s, AP_WHO, 0);
  add(s, AP_ENFORCED, 0);
  if (r.race)
    add(s, AP_RACE, 0);
  blank(s, &r);
  history(s, &r);
  if (r.lineage) {
    blank(s, &r);
    lineage(s);
  }
  if (r.digests)
    add(s, AP_DIGESTS, 0);
  if (!s->moved) { /* what stands in the way first */
    s->cursor = s->nline;
    for (size_t i = 0; i < s->nline && s->cursor == s->nline; i++)
      if (s->line[i].kind == AP_GATE && !sl_str_eqz(ap_text(s->gates, s->line[i].row, "state"), "pass"))
        s->cursor = i;
    for (size_t i = 0; i < s->nline && s->cursor == s->nline; i++)
      if (ap_selectable(&s->line[i]))
        s->cursor = i;
  }
  if (s->cursor >= s->nline)
    s->cursor = s->nline ? s->nline - 1 : 0;
  while (s->cursor > 0 && !ap_selectable(&s->line[s->cursor])) /* the screen has another size now */
    s->cursor--;
  while (s->cursor + 1 < s->nline && !ap_selectable(&s->line[s->cursor]))
    s->cursor++;
}
