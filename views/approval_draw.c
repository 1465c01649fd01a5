/* views/approval_draw.c: how the sheet looks: the verdict on top, pinned; candidate beside champion; gates; who, enforced, history; at the
 * foot the reason of the line under the cursor, or what to do next. */
#include <math.h>
#include <stdio.h>

#include "base/fmt.h"
#include "judge/compare.h"
#include "views/approval_int.h"

/* Columns of the comparison and of the gates, by the screen's width. */
struct cols { int name, col, change, mark, gate, value, needs; };
struct pen { struct sl_view *v; struct approval_state *s; struct sl_grid *g; struct cols c; };

static struct cols cols_of(int w)
{
  if (w < 70)
    return (struct cols){ 13, 9, 8, 0, 17, 9, 10 };
  if (w < 120)
    return (struct cols){ 17, 16, 11, 17, 22, 10, 13 };
  return (struct cols){ 28, 24, 12, 20, 36, 14, 20 };
}

static const char *dash(void) { return sl_glyph_pick("–", "-"); }

/* ---- candidate beside champion ---- */

/* Three cells of one line; right: numbers. A text is cut in the middle: both ends of an id or a path tell. */
static void cell_put(const struct pen *p, int y, int at, bool right, enum sl_role role, struct sl_str s)
{
  int x = 2 + p->c.name + at * p->c.col;
  if (right)
    sl_grid_right(p->g, x, y, p->c.col - 1, role, s);
  else {
    struct sl_buf b;
    int wide = (int)sl_text_width(s, SL_TEXT_CELL), room = p->c.col - 1;
    sl_buf_init(&b, 1 << 12);
    sl_grid_keep(p->g, wide < room ? x + room - wide : x, y, room, role, s, SL_KEEP_ENDS);
    sl_buf_free(&b);
  }
}

static void change_put(const struct pen *p, int y, enum sl_role role, struct sl_str s)
{
  int x = 2 + p->c.name + 2 * p->c.col;
  sl_grid_right(p->g, x, y, p->c.change - 1, role, s);
}

static void name_put(const struct pen *p, int y, struct sl_str s) { sl_grid_put(p->g, 2, y, p->c.name - 1, SL_ROLE_text, s); }

static void head_draw(const struct pen *p, int y, size_t shown)
{
  struct approval_state *s = p->s;
  char words[96];
  snprintf(words, sizeof words, shown < s->nmetric ? "METRICS %zu of %zu" : "METRICS", shown, s->nmetric);
  sl_grid_putz(p->g, 1, y, p->c.name, SL_ROLE_crumb, words);
  snprintf(words, sizeof words, "candidate %lld", (long long)s->version);
  sl_grid_right(p->g, 2 + p->c.name, y, p->c.col - 1, SL_ROLE_colhead, sl_str(words));
  if (s->champion == s->version || !s->champion)
    snprintf(words, sizeof words, s->champion ? "is %.80s" : ap_complete(s->versions) ? "no %.80s yet" : "? %.80s", s->to);
  else
    snprintf(words, sizeof words, "%.60s %lld", s->to, (long long)s->champion);
  sl_grid_right(p->g, 2 + p->c.name + p->c.col, y, p->c.col - 1, s->champion && s->champion != s->version ? SL_ROLE_colhead : SL_ROLE_dim,
      sl_str(words));
  if (s->champion && s->champion != s->version)
    change_put(p, y, SL_ROLE_colhead, SL_STR("change"));
}

struct mark { enum sl_cmp_mark m; const char *utf8, *ascii, *word; enum sl_role role; };

static const struct mark *mark_of(struct approval_state *s, const struct ap_metric *m)
{
  static const struct mark marks[] = {
    { SL_CMP_UNSURE, "?", "?", "no repeats", SL_ROLE_unknown }, { SL_CMP_SAME, "=", "=", "same", SL_ROLE_dim },
    { SL_CMP_NOISE, "~", "~", "noise", SL_ROLE_dim }, { SL_CMP_BETTER, "▲", "+", "better", SL_ROLE_ok },
    { SL_CMP_WORSE, "▼", "-", "worse", SL_ROLE_bad }, { SL_CMP_HIGHER, "↑", ">", "higher", SL_ROLE_text },
    { SL_CMP_LOWER, "↓", "<", "lower", SL_ROLE_text },
  };
  struct sl_str text = m->diff == UINT64_MAX ? SL_STR("") : ap_text(s->diff, m->diff, "marks");
  for (size_t i = 0; text.n > 1 && i < sizeof marks / sizeof marks[0]; i++)
    if ((char)marks[i].m == text.p[1])
      return &marks[i];
  return NULL;
}

/* As many decimals as four digits of the larger one need: both then stand on the same point. Whole numbers have none. */
static int decimals(double a, double b)
{
  if (!(fabs(a - rint(a)) > 0) && !(isfinite(b) && fabs(b - rint(b)) > 0))
    return 0;
  double most = fabs(a) > fabs(b) || !isfinite(b) ? fabs(a) : fabs(b);
  int n = most > 0 && isfinite(most) ? 3 - (int)floor(log10(most)) : 0;
  return n < 0 ? 0 : n > 6 ? 6 : n;
}

static void number_put(struct sl_buf *b, double v, int frac)
{
  if (isfinite(v) && fabs(v) < 1e15 && (frac < 6 || fabs(v) >= 1e-4 || v == 0)) /* not exactly: 0 is 0 */
    sl_buf_printf(b, "%.*f", frac, v);
  else
    sl_fmt_sig(b, v, 4);
}

static void delta_put(struct sl_buf *b, double d, int frac)
{
  if (fabs(d) > 0 && fabs(d) < 0.5 * pow(10, -frac)) { /* it would be rounded away */
    sl_buf_z(b, d > 0 ? "+" : "");
    sl_fmt_sig(b, d, 2);
  } else {
    sl_buf_printf(b, "%+.*f", frac, d);
  }
}

static void mark_draw(const struct pen *p, int y, const struct ap_metric *m)
{
  const struct mark *k = mark_of(p->s, m);
  int x = 2 + p->c.name + 2 * p->c.col + p->c.change, w = p->g->w - x - 1;
  if (!k || p->c.mark < 8)
    return;
  int used = sl_grid_printf(p->g, x, y, w, k->role, "%s %s", sl_glyph_pick(k->utf8, k->ascii), k->word);
  struct sl_val spread = sl_pane_val(p->s->diff, m->diff, "spread");
  struct sl_buf b;
  if (spread.null || spread.type != SL_F64 || !isfinite(spread.u.f))
    return;
  sl_buf_init(&b, 64);
  sl_buf_z(&b, sl_glyph_pick("±", "+-"));
  sl_fmt_sig(&b, spread.u.f, 2);
  if (used + 1 + (int)sl_text_width(sl_buf_view(&b), SL_TEXT_CELL) <= w)
    sl_grid_put(p->g, x + used + 1, y, w - used - 1, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void metric_draw(const struct pen *p, int y, size_t i)
{
  struct approval_state *s = p->s;
  const struct ap_metric *m = &s->metric[i];
  struct sl_val mine = ap_pair(s->run[CANDIDATE].pane, 0, "metrics", m->name);
  struct sl_val other = ap_pair(s->run[CHAMPION].pane, 0, "metrics", m->name);
  int frac = decimals(mine.null ? 0 : mine.u.f, other.null ? 0 : other.u.f);
  struct sl_buf b;
  sl_buf_init(&b, 512);
  name_put(p, y, m->name);
  if (!mine.null)
    number_put(&b, mine.u.f, frac);
  cell_put(p, y, 0, true, mine.null ? SL_ROLE_dim : SL_ROLE_bright, mine.null ? sl_str(dash()) : sl_buf_view(&b));
  sl_buf_clear(&b);
  if (!other.null)
    number_put(&b, other.u.f, frac);
  if (s->run[CHAMPION].pane)
    cell_put(p, y, 1, true, other.null ? SL_ROLE_dim : SL_ROLE_text, other.null ? sl_str(dash()) : sl_buf_view(&b));
  sl_buf_clear(&b);
  if (!mine.null && !other.null && isfinite(mine.u.f) && isfinite(other.u.f)) {
    delta_put(&b, mine.u.f - other.u.f, frac);
    change_put(p, y, SL_ROLE_text, sl_buf_view(&b));
  }
  mark_draw(p, y, m);
  sl_buf_free(&b);
}

/* "curated/2026-11-14 +2"; how many rows all of them have, -1: not said. */
static int64_t sets_put(const struct ap_run *r, struct sl_buf *b)
{
  int64_t rows = 0;
  size_t n = 0;
  const char *first = "";
  for (size_t i = 0; i < r->nset; i++) {
    if (!r->set[i].training)
      continue;
    first = n++ ? first : r->set[i].name;
    rows = rows < 0 || r->set[i].rows < 0 ? -1 : rows + r->set[i].rows;
  }
  sl_buf_z(b, first);
  if (n > 1)
    sl_buf_printf(b, " +%zu", n - 1 + r->more);
  return n && !r->more ? rows : -1;
}

static bool same_sets(const struct ap_run *a, const struct ap_run *b)
{
  if (a->nset != b->nset || a->more || b->more || !a->nset)
    return false;
  for (size_t i = 0; i < a->nset; i++)
    if (!a->set[i].digest[0] || strcmp(a->set[i].digest, b->set[i].digest) || strcmp(a->set[i].name, b->set[i].name))
      return false;
  return true;
}

static void data_draw(const struct pen *p, int y)
{
  struct sl_buf b;
  const struct ap_run *r = p->s->run;
  sl_buf_init(&b, 512);
  name_put(p, y, SL_STR("trained on"));
  for (int k = 0; k < 2; k++) {
    sl_buf_clear(&b);
    (void)sets_put(&r[k], &b);
    if (r[k].pane)
      cell_put(p, y, k, false, b.n ? SL_ROLE_text : SL_ROLE_unknown, b.n ? sl_buf_view(&b) : SL_STR("?"));
  }
  if (r[CHAMPION].nset && r[CANDIDATE].nset)
    change_put(p, y, SL_ROLE_dim, same_sets(&r[0], &r[1]) ? SL_STR("same") : SL_STR("differs"));
  sl_buf_free(&b);
}

static void rows_draw(const struct pen *p, int y)
{
  int64_t rows[2] = { -1, -1 };
  struct sl_buf b;
  sl_buf_init(&b, 512);
  name_put(p, y, SL_STR("rows"));
  for (int k = 0; k < 2; k++) {
    const struct ap_run *r = &p->s->run[k];
    rows[k] = sets_put(r, &b);
    sl_buf_clear(&b);
    if (rows[k] >= 0)
      sl_fmt_count(&b, rows[k]);
    if (r->pane)
      cell_put(p, y, k, true, b.n ? SL_ROLE_text : SL_ROLE_unknown, b.n ? sl_buf_view(&b) : SL_STR("?"));
  }
  sl_buf_clear(&b);
  if (rows[0] >= 0 && rows[1] >= 0) {
    sl_buf_z(&b, rows[0] > rows[1] ? "+" : "");
    sl_fmt_count(&b, rows[0] - rows[1]);
    change_put(p, y, SL_ROLE_text, rows[0] == rows[1] ? SL_STR("same") : sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

static void commit_draw(const struct pen *p, int y)
{
  const struct ap_run *r = p->s->run;
  name_put(p, y, SL_STR("commit"));
  for (int k = 0; k < 2; k++)
    if (r[k].pane)
      cell_put(p, y, k, false, r[k].commit[0] ? SL_ROLE_text : SL_ROLE_unknown,
          r[k].commit[0] ? sl_str_head(sl_str(r[k].commit), p->c.col > 10 ? 10 : 7) : SL_STR("?"));
  if (r[0].commit[0] && r[1].commit[0])
    change_put(p, y, SL_ROLE_dim, strcmp(r[0].commit, r[1].commit) ? SL_STR("differs") : SL_STR("same"));
}

/* A run's parameter as the comparison has it: JSON. */
static void diff_cell(struct approval_state *s, uint64_t row, int which, struct sl_buf *out)
{
  const struct sl_show how = {.ascii = sl_glyphs() == SL_GLYPH_ASCII};
  const struct sl_batch *b;
  uint32_t at;
  if (!s->diff || !sl_pane_row(s->diff, row, &b, &at))
    return;
  struct sl_val v = sl_batch_get(b, at, (unsigned)(sl_res_differences.ncols + (which == CHAMPION ? 0 : 1)));
  if (v.null)
    sl_buf_z(out, dash());
  else
    sl_val_show(out, &v, NULL, &how);
}

static void params_draw(const struct pen *p, int y)
{
  struct approval_state *s = p->s;
  char words[64];
  name_put(p, y, SL_STR("parameters"));
  if (!s->run[CHAMPION].pane)
    return;
  if (!s->diff || !sl_pane_count(s->diff)) {
    cell_put(p, y, 0, false, SL_ROLE_unknown, SL_STR("?"));
    return;
  }
  snprintf(words, sizeof words, "%zu of %zu differ", s->nparam, s->params);
  sl_grid_putz(p->g, 2 + p->c.name + p->c.col + (p->c.mark ? p->c.col - 1 - 13 : 0), y, p->g->w, SL_ROLE_text, words);
}

static void param_draw(const struct pen *p, int y, uint64_t row)
{
  sl_grid_put(p->g, 4, y, p->c.name - 3, SL_ROLE_text, ap_text(p->s->diff, row, "name"));
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  for (int k = 0; k < 2; k++) {
    sl_buf_clear(&b);
    diff_cell(p->s, row, k, &b);
    cell_put(p, y, k, false, SL_ROLE_text, sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

/* ---- gates ---- */

static void gates_head(const struct pen *p, int y)
{
  struct ap_tally t = ap_tally(p->s->gates);
  int x = 3 + p->c.gate;
  char words[64] = "GATES";
  if (t.n)
    snprintf(words, sizeof words, "GATES %zu of %zu pass", t.pass, t.n);
  sl_grid_putz(p->g, 1, y, p->c.gate, SL_ROLE_crumb, words);
  if (!t.n)
    return;
  sl_grid_right(p->g, x, y, p->c.value, SL_ROLE_colhead, SL_STR("value"));
  sl_grid_putz(p->g, x + p->c.value + 2, y, p->c.needs, SL_ROLE_colhead, "needs");
  if (x + p->c.value + p->c.needs + 3 < p->g->w)
    sl_grid_putz(p->g, x + p->c.value + p->c.needs + 3, y, 12, SL_ROLE_colhead, "evidence");
}

/* A gate without a name is called as its condition: what it needs stands in its own column already. */
static struct sl_str gate_name(struct sl_str name, struct sl_str needs)
{
  ptrdiff_t at = sl_str_rchr(needs, ' '), end = sl_str_rchr(name, ' ');
  double a, b;
  if (at <= 0 || end <= at || !sl_str_f64(sl_str_from(needs, (size_t)at + 1), &a) || !sl_str_f64(sl_str_from(name, (size_t)end + 1), &b))
    return name;
  struct sl_str left = sl_str_head(name, (size_t)end);
  bool same = !(a < b) && !(a > b) && sl_str_ends(left, sl_str_head(needs, (size_t)at));
  return same ? sl_str_trim(sl_str_head(left, left.n - (size_t)at)) : name;
}

/* ">= 0.98639999999999" as people read it; whatever ends in no number stays. */
static void threshold_put(struct sl_buf *b, struct sl_str s, int digits)
{
  ptrdiff_t at = sl_str_rchr(s, ' ');
  double v;
  if (!sl_str_f64(sl_str_from(s, (size_t)(at + 1)), &v) || !isfinite(v)) {
    sl_buf_str(b, s);
    return;
  }
  sl_buf_str(b, sl_str_head(s, (size_t)(at + 1)));
  sl_fmt_sig(b, v, digits);
}

/* Why, without the gate's name in front: that stands in the same line. */
static struct sl_str why_short(struct sl_str why, struct sl_str name)
{
  ptrdiff_t colon = name.n && sl_str_starts(why, name) ? sl_str_find(why, SL_STR(": ")) : -1;
  return colon > 0 ? sl_str_from(why, (size_t)colon + 2) : why;
}

static void gate_draw(const struct pen *p, int y, uint64_t row)
{
  struct sl_pane *q = p->s->gates;
  struct sl_str state = ap_text(q, row, "state"), value = ap_text(q, row, "value"), needs = ap_text(q, row, "threshold");
  struct sl_str from = ap_text(q, row, "evidence"), why = ap_text(q, row, "why");
  const char *glyph;
  enum sl_role role;
  int x = 3 + p->c.gate, end = x + p->c.value + p->c.needs + 3;
  bool pass = sl_str_eqz(state, "pass"), fail = sl_str_eqz(state, "fail");
  sl_state_look(pass || fail ? state : SL_STR("unknown"), &glyph, &role);
  sl_grid_putz(p->g, 1, y, 1, role, glyph);
  sl_grid_put(p->g, 3, y, p->c.gate - 1, pass ? SL_ROLE_text : role, gate_name(ap_text(q, row, "gate"), needs));
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  threshold_put(&b, value, 6);
  if ((int)sl_text_width(sl_buf_view(&b), SL_TEXT_CELL) > p->c.value) {
    sl_buf_clear(&b);
    threshold_put(&b, value, 3);
  }
  sl_grid_right(p->g, x, y, p->c.value, value.n ? SL_ROLE_text : SL_ROLE_dim, value.n ? sl_buf_view(&b) : sl_str(dash()));
  sl_buf_clear(&b);
  threshold_put(&b, needs, 6);
  sl_grid_put(p->g, x + p->c.value + 2, y, p->c.needs, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
  if (end >= p->g->w)
    return;
  bool both = p->g->w >= 160 && from.n && why.n; /* wide: where from, and why */
  int w = p->g->w - end - 1, half = both ? w / 2 : w;
  bool says = !both && why.n && (!from.n || !(pass || fail)); /* what is not known: why not */
  sl_grid_put(p->g, end, y, half - (both ? 2 : 0), SL_ROLE_dim, says ? why_short(why, gate_name(ap_text(q, row, "gate"), needs)) : from);
  if (both)
    sl_grid_put(p->g, end + half, y, w - half, SL_ROLE_dim, why);
}

static void gates_state(const struct pen *p, int y)
{
  const struct sl_err *bad = ap_failed(p->s->gates);
  bool rules = ap_policy(p->v, p->s) != NULL;
  if (!rules)
    sl_grid_printf(p->g, 3, y, p->g->w - 4, SL_ROLE_text, "add to the workspace:  models: {%s: {gates: [\"metrics.val_auc >= 0.9\"]}}",
        p->s->model);
  else if (!p->s->gates)
    sl_grid_putz(p->g, 3, y, p->g->w - 4, SL_ROLE_unknown, "? nobody judges gates here");
  else if (bad)
    sl_grid_printf(p->g, 3, y, p->g->w - 4, SL_ROLE_bad, "%s %s", sl_glyph_pick("✗", "x"), bad->msg);
  else if (!sl_pane_whole(p->s->gates))
    sl_grid_printf(p->g, 3, y, p->g->w - 4, SL_ROLE_dim, "%s judging", sl_glyph_pick("·", "."));
  else
    sl_grid_putz(p->g, 3, y, p->g->w - 4, SL_ROLE_dim, "none: the rules ask for nothing but an approval");
}

/* ---- sentences ---- */

enum { HEAD_W = 10 };

static void sentence(const struct pen *p, int y, const char *head, void (*put)(struct sl_view *, struct approval_state *, struct sl_buf *))
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  put(p->v, p->s, &b);
  sl_grid_putz(p->g, 1, y, HEAD_W - 1, SL_ROLE_crumb, head);
  sl_grid_put(p->g, 1 + HEAD_W, y, p->g->w - HEAD_W - 2, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

/* One entry; where it ends. */
static int past_draw(const struct pen *p, int x, int y, int end, const struct ap_past *past)
{
  const char *state, *says, *glyph;
  enum sl_role role;
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  ap_past_put(p->v, p->s, past, &b, &state, &says);
  sl_state_look(sl_str(state), &glyph, &role);
  x += sl_grid_put(p->g, x, y, end - x, SL_ROLE_text, sl_buf_view(&b)) + 1;
  if (x < end)
    x += sl_grid_printf(p->g, x, y, end - x, role, "%s %s", glyph, says);
  sl_buf_free(&b);
  return x;
}

static int past_width(const struct pen *p, const struct ap_past *past)
{
  const char *state, *says;
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  ap_past_put(p->v, p->s, past, &b, &state, &says);
  int w = (int)sl_text_width(sl_buf_view(&b), SL_TEXT_CELL) + 3 + (int)strlen(says);
  sl_buf_free(&b);
  return w;
}

/* As many as fit whole; the first in any case. */
static void flow_draw(const struct pen *p, int y)
{
  int x = 1 + HEAD_W;
  sl_grid_putz(p->g, 1, y, HEAD_W - 1, SL_ROLE_crumb, "HISTORY");
  if (!p->s->npast)
    sl_grid_putz(p->g, x, y, p->g->w - x - 1, SL_ROLE_dim, !p->s->approvals || ap_failed(p->s->approvals) ? "? it cannot be read"
        : sl_pane_whole(p->s->approvals) ? "nothing was decided yet" : "loading");
  for (size_t i = 0; i < p->s->npast; i++) {
    const struct ap_past *past = ap_past_nth(p->s, i);
    if (i)
      x += sl_grid_putz(p->g, x, y, 3, SL_ROLE_dim, sl_glyph_pick(" · ", "; "));
    if (i && x + past_width(p, past) + (i + 1 < p->s->npast ? 10 : 0) > p->g->w - 1) {
      sl_grid_printf(p->g, x, y, p->g->w - x - 1, SL_ROLE_dim, "%zu more", p->s->npast - i);
      break;
    }
    x = past_draw(p, x, y, p->g->w - 1, past);
  }
}

static void past_row(const struct pen *p, int y, const struct ap_past *past)
{
  int x = past_draw(p, 3, y, p->g->w - 1, past) + 2;
  struct sl_str more = past->audit ? ap_text(p->s->audit, past->row, "detail") : ap_text(p->s->approvals, past->row, "comment");
  x = x < 58 && p->g->w >= 120 ? 58 : x;
  if (more.n && x + 8 < p->g->w)
    sl_grid_put(p->g, x, y, p->g->w - x - 1, SL_ROLE_dim, more);
}

/* ---- lineage, digests ---- */

static void lineage_draw(const struct pen *p, int y, const struct ap_line *l)
{
  const struct ap_run *r = &p->s->run[CANDIDATE];
  struct sl_buf b;
  sl_buf_init(&b, 2048);
  if (l->kind == AP_LINEAGE_RUN) {
    sl_buf_printf(&b, "%s (%s) ", r->name, r->user[0] ? r->user : "?");
    ap_digest(&b, sl_str(r->id));
  } else if (l->kind == AP_LINEAGE_CODE) {
    sl_buf_printf(&b, "%s%s%s", r->commit[0] ? r->commit : "? no commit is tagged", r->source[0] ? "  " : "", r->source);
  } else {
    const struct ap_set *set = &r->set[l->row];
    sl_buf_printf(&b, "%s  %s", set->name, set->training ? "" : "held out  ");
    if (set->rows >= 0)
      sl_fmt_count(&b, set->rows);
    sl_buf_printf(&b, "%s%s  %s", set->rows >= 0 ? " rows  " : "", set->digest, set->uri);
  }
  sl_grid_putz(p->g, 3, y, 6, SL_ROLE_dim, l->kind == AP_LINEAGE_RUN ? "run" : l->kind == AP_LINEAGE_CODE ? "code" : "data");
  sl_grid_put(p->g, 9, y, p->g->w - 10, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void digests_draw(struct sl_view *v, struct approval_state *s, struct sl_buf *b)
{
  (void)v;
  ap_digests(s, b);
}

/* ---- all ---- */

static void line_draw(const struct pen *p, int y, const struct ap_line *l)
{
  switch (l->kind) {
  case AP_BLANK: break;
  case AP_COMPARE: head_draw(p, y, (size_t)l->row); break;
  case AP_METRIC: metric_draw(p, y, (size_t)l->row); break;
  case AP_DATA: data_draw(p, y); break;
  case AP_ROWS: rows_draw(p, y); break;
  case AP_COMMIT: commit_draw(p, y); break;
  case AP_PARAMS: params_draw(p, y); break;
  case AP_PARAM: param_draw(p, y, l->row); break;
  case AP_GATES: gates_head(p, y); break;
  case AP_GATE: gate_draw(p, y, l->row); break;
  case AP_GATES_STATE: gates_state(p, y); break;
  case AP_WHO: sentence(p, y, "APPROVERS", ap_who); break;
  case AP_ENFORCED: sentence(p, y, "ENFORCED", ap_enforced); break;
  case AP_RACE: sentence(p, y, "", ap_race); break;
  case AP_HISTORY_FLOW: flow_draw(p, y); break;
  case AP_HISTORY_HEAD: sl_grid_putz(p->g, 1, y, 20, SL_ROLE_crumb, "HISTORY"); break;
  case AP_HISTORY_ROW: past_row(p, y, &p->s->past[l->row]); break;
  case AP_LINEAGE: sl_grid_putz(p->g, 1, y, 20, SL_ROLE_crumb, "LINEAGE"); break;
  case AP_LINEAGE_RUN: case AP_LINEAGE_SET: case AP_LINEAGE_CODE: lineage_draw(p, y, l); break;
  case AP_DIGESTS: sentence(p, y, "DIGESTS", digests_draw); break;
  }
}

static int verdict_draw(const struct pen *p, struct sl_rect r, const struct ap_verdict *is)
{
  const char *glyph;
  enum sl_role role;
  sl_state_look(sl_str(is->state), &glyph, &role);
  bool narrow = r.w < 70;
  int x = narrow ? 1 : 1 + HEAD_W;
  if (!narrow)
    sl_grid_putz(p->g, 1, r.y, HEAD_W - 1, SL_ROLE_crumb, "VERDICT");
  sl_grid_putz(p->g, x, r.y, 1, role, glyph);
  int used = sl_grid_wrap(p->g, (struct sl_rect){ x + 2, r.y, r.w - x - 3, r.h > 16 || narrow ? 2 : 1 }, role, sl_str(is->words));
  return used > 0 ? used : 1;
}

/* What to do, until somebody moves; then what the line under the cursor is about: where that needs a second line, over the last one of the
 * list while the cursor is above that. */
static void foot_draw(const struct pen *p, struct sl_rect r, int free_above, const struct ap_verdict *is)
{
  struct sl_buf b;
  int w = r.w - HEAD_W - 2, most = r.h >= 30 ? 2 : 1;
  sl_buf_init(&b, 1 << 14);
  if (p->s->moved)
    ap_reason(p->v, p->s, &b);
  bool next = !b.n;
  if (next)
    sl_buf_z(&b, is->next);
  if (most == 1 && free_above > 0 && (int)sl_text_width(sl_buf_view(&b), SL_TEXT_CELL) > w) {
    most = 2;
    sl_grid_clear(p->g, (struct sl_rect){ r.x, r.y + r.h - 2, r.w, 1 });
  }
  sl_grid_putz(p->g, 1, r.y + r.h - most, HEAD_W - 1, SL_ROLE_crumb, next ? "NEXT" : "HERE");
  sl_grid_wrap(p->g, (struct sl_rect){ 1 + HEAD_W, r.y + r.h - most, w, most }, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

void ap_draw(struct sl_view *v, struct approval_state *s, struct sl_grid *g, struct sl_rect r)
{
  struct pen p = { v, s, g, cols_of(g->w) };
  struct ap_verdict is = {0};
  ap_verdict(v, s, &is);
  int y = r.y + verdict_draw(&p, r, &is), foot = r.h >= 30 ? 2 : 1;
  int room = r.y + r.h - foot - y - (r.h >= 30 ? 2 : 0);
  y += r.h >= 30;
  ap_lines(s, room);
  if (s->cursor < s->top)
    s->top = s->cursor;
  if (room > 0 && s->cursor >= s->top + (size_t)room)
    s->top = s->cursor - (size_t)room + 1;
  if (s->top && s->nline <= (size_t)(room > 0 ? room : 0))
    s->top = 0;
  for (int i = 0; i < room && s->top + (size_t)i < s->nline; i++) {
    line_draw(&p, y + i, &s->line[s->top + (size_t)i]);
    if (s->moved && s->top + (size_t)i == s->cursor)
      sl_grid_over(g, (struct sl_rect){ 0, y + i, g->w, 1 }, SL_ROLE_cursor);
  }
  foot_draw(&p, r, s->moved ? room - 1 - (int)(s->cursor - s->top) : 0, &is);
}
