/* views/drift_past.c: drift over time as a strip: a feature's line has a cell for each of the last partitions. A glyph says how far beyond
 * its limit the feature was; which partition and which figures, the words of the chosen cell. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "views/drift_int.h"

enum { STRIPS_MAX = 20000, SHORT = 5, ROOMY = 132 };
static const double NEAR = 0.75, FAR = 2, NEAR_P = 4, FAR_P = 1e-3;     /* of the limit; of p, which falls */

/* ---- rows -> cells ---- */

static struct drift_strip *strip_of(struct drift_past *p, uint64_t hash, bool make)
{
  for (size_t i = 0; i < p->n; i++) {
    struct drift_strip *s = &p->strip[(p->hint + i) % p->n];
    if (s->hash == hash) {
      p->hint = (size_t)(s - p->strip);
      return s;
    }
  }
  if (!make || sl_grow((void **)&p->strip, &p->cap, p->n + 1, sizeof *p->strip, STRIPS_MAX, NULL))
    return NULL;
  p->strip[p->n] = (struct drift_strip){ .hash = hash };
  return &p->strip[p->n++];
}

static enum drift_level level_of(struct sl_pane *pane, uint64_t i)
{
  struct sl_val drifted = sl_pane_val(pane, i, "drifted");
  double stat = drift_f64(sl_pane_val(pane, i, "statistic")), p = drift_f64(sl_pane_val(pane, i, "p_value")),
         limit = drift_f64(sl_pane_val(pane, i, "threshold"));
  if (drifted.null)
    return DRIFT_UNJUDGED;
  bool by_p = !isnan(p);
  if (drifted.u.b)
    return isnan(limit) || (by_p ? p < limit * FAR_P : stat >= limit * FAR) ? DRIFT_FAR : DRIFT_BEYOND;
  return !isnan(limit) && (by_p ? p < limit * NEAR_P : stat >= limit * NEAR) ? DRIFT_NEAR : DRIFT_FINE;
}

/* Partitions are known by how far they lie before the newest: which is the oldest is known only at the end. */
static void take(struct drift_past *p, uint64_t i)
{
  struct sl_val back = sl_pane_val(p->pane, i, "back"), feature = sl_pane_val(p->pane, i, "feature");
  struct sl_str name = drift_text(sl_pane_val(p->pane, i, "partition")), test = drift_text(sl_pane_val(p->pane, i, "test"));
  if (back.null || back.u.i < 0 || back.u.i >= DRIFT_PARTS)
    return;
  size_t k = (size_t)back.u.i;
  p->nparts = p->nparts > k ? p->nparts : k + 1;
  snprintf(p->part[k], sizeof p->part[k], "%.*s", SL_ARG(sl_str_head(name, sizeof p->part[k] - 1)));
  if (feature.null) {
    p->state[k] = sl_str_eqz(test, "missing") ? DRIFT_MISSING : DRIFT_UNREAD;
    return;
  }
  struct drift_strip *s = strip_of(p, sl_str_hash(feature.u.s), true);
  struct sl_val chosen = sl_pane_val(p->pane, i, "chosen");
  enum drift_level level = level_of(p->pane, i);
  if (!s || (!chosen.null && !chosen.u.b))
    return;
  bool judged = s->cell[k].level && s->cell[k].level != DRIFT_UNJUDGED;
  if (!judged || (level != DRIFT_UNJUDGED && level > s->cell[k].level))
    s->cell[k] = (struct drift_cell){ i, (uint8_t)level };
}

static void start_again(struct drift_past *p)
{
  p->n = p->hint = p->nparts = 0;
  p->seen = 0;
  memset(p->state, 0, sizeof p->state);
  p->tally = (struct sl_drift_past){ .span = p->tally.span };
}

static void past_changed(struct sl_view *v, void *user)
{
  struct drift_past *p = &((struct drift_state *)sl_view_state(v))->past;
  const struct sl_batch *last = NULL, *b;
  uint64_t n = sl_pane_count(p->pane);
  uint32_t row;
  (void)user;
  if (n < p->seen || sl_pane_answer(p->pane)->done)
    start_again(p);
  for (; p->seen < n && sl_pane_row(p->pane, p->seen, &b, &row); p->seen++) {
    if (b != last && sl_pane_answer(p->pane)->done)
      sl_drift_past_add(&p->tally, b);
    last = b;
    take(p, p->seen);
  }
}

/* ---- open ---- */

/* lake:raw/@newest, lake:raw/dt=.../x, lake:raw/: a zone that has partitions. named: what follows it, to the next slash. */
static bool zone_of(const char *uri, struct sl_str *zone, struct sl_str *named)
{
  struct sl_str rest = sl_str_from(sl_str(uri), 5), part = SL_STR("");
  if (!sl_str_starts(sl_str(uri), SL_STR("lake:")))
    return false;
  if (!sl_str_cut(&rest, '/', zone))
    return false;
  if (rest.n && !sl_str_cut(&rest, '/', &part))
    part = rest;
  *named = part;
  return zone->n > 0 && zone->n < sizeof ((struct drift_past *)0)->zone && (!part.n || part.p[0] == '@' || sl_str_chr(part, '=') > 0);
}

int drift_past_open(struct drift_past *p, struct sl_view *v, const struct sl_drift_ask *ask, struct sl_err *err)
{
  char current[80];
  struct sl_str zone, part;
  struct sl_buf scope;
  if (!ask->current || !zone_of(ask->current, &zone, &part) || !sl_ws_serves(sl_view_ws(v), &sl_res_drift_history))
    return SL_OK;
  snprintf(p->zone, sizeof p->zone, "%.*s", SL_ARG(zone));
  snprintf(p->home, sizeof p->home, "%.*s", SL_ARG(part));
  snprintf(current, sizeof current, "lake:%s/", p->zone);
  struct sl_drift_ask a = *ask;
  a.current = current;
  a.tests = NULL;
  int rc = sl_drift_span_of(&p->tally.span, &a, err);
  start_again(p);
  sl_buf_init(&scope, 1 << 20);
  sl_drift_ask_text(&scope, &a);
  struct sl_query like = { .res = &sl_res_drift_history, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope) };
  rc = rc ? rc : sl_buf_check(&scope, err);
  rc = rc ? rc : sl_pane_query(&p->pane, v, &like, past_changed, NULL, err);
  sl_buf_free(&scope);
  return rc;
}

void drift_past_close(struct drift_past *p)
{
  if (p->pane)
    sl_pane_close(p->pane);
  sl_free(p->strip);
}

/* ---- drawing ---- */

bool drift_past_shown(const struct drift_past *p) { return p->pane && p->nparts > 0; }

static int pitch(int w) { return w >= ROOMY ? 2 : 1; }
int drift_past_width(const struct drift_past *p, int w) { return (int)p->nparts * pitch(w); }

/* As `back`; until one is chosen by hand it is the partition that is compared, where the strip has it, else the newest. */
static size_t chosen(const struct drift_past *p)
{
  if (p->chosen)
    return p->at < p->nparts ? p->at : 0;
  for (size_t k = 0; p->home[0] && k < p->nparts; k++)
    if (!strcmp(p->part[k], p->home))
      return k;
  return 0;
}

int drift_past_x(const struct drift_past *p, struct sl_rect r)
{
  int step = p->nparts ? r.w / (int)p->nparts : 1;
  return r.x + (int)(p->nparts - 1 - chosen(p)) * step;
}

static const char *glyph_of(enum drift_level l)
{
  static const char *const utf8[] = { " ", "·", "░", "▓", "█", "?", "–", "!" }, *const ascii[] = { " ", ".", ":", "x", "#", "?", "-", "!" };
  return sl_glyph_pick(utf8[l], ascii[l]);
}

static enum sl_role role_of(enum drift_level l)
{
  static const enum sl_role roles[] = { SL_ROLE_dim, SL_ROLE_dim, SL_ROLE_text, SL_ROLE_warn, SL_ROLE_bad, SL_ROLE_unknown, SL_ROLE_dim,
                                        SL_ROLE_bad };
  return roles[l];
}

/* What tells a partition from its neighbours: the end of its name. */
static struct sl_str short_name(const struct drift_past *p, size_t back)
{
  struct sl_str s = sl_str(p->part[back]);
  return s.n > SHORT ? sl_str_from(s, s.n - SHORT) : s;
}

/* The name of the chosen one, over its cell as far as there is room. */
void drift_past_head(const struct drift_past *p, struct sl_grid *g, struct sl_rect r)
{
  struct sl_str name = short_name(p, chosen(p));
  int x = drift_past_x(p, r) - (int)name.n / 2;
  x = x < r.x ? r.x : x + (int)name.n > r.x + r.w ? r.x + r.w - (int)name.n : x;
  sl_grid_put(g, x < r.x ? r.x : x, r.y, r.w < (int)name.n ? r.w : (int)name.n, SL_ROLE_colhead, name);
}

void drift_past_draw(const struct drift_past *p, uint64_t hash, struct sl_grid *g, struct sl_rect r)
{
  const struct drift_strip *s = strip_of((struct drift_past *)(uintptr_t)p, hash, false);
  int step = p->nparts ? r.w / (int)p->nparts : 1;
  for (size_t back = 0; back < p->nparts; back++) {
    enum drift_level l = p->state[back] ? (enum drift_level)p->state[back] : s ? (enum drift_level)s->cell[back].level : DRIFT_NOWHERE;
    sl_grid_cell(g, r.x + (int)(p->nparts - 1 - back) * step, r.y, role_of(l), glyph_of(l));
  }
}

/* ---- words ---- */

/* dt=2026-11-18 -> 2026-11-18 */
static struct sl_str value_of(struct sl_str partition)
{
  ptrdiff_t at = sl_str_rchr(partition, '=');
  return at >= 0 ? sl_str_from(partition, (size_t)at + 1) : partition;
}

static void put_number(struct sl_buf *b, const char *before, double v)
{
  if (isnan(v))
    return;
  sl_buf_z(b, before);
  sl_fmt_sig(b, v, 3);
}

void drift_past_words(const struct drift_past *p, uint64_t hash, bool brief, struct sl_buf *b)
{
  size_t back = chosen(p);
  const struct drift_strip *s = strip_of((struct drift_past *)(uintptr_t)p, hash, false);
  const struct drift_cell *c = s ? &s->cell[back] : NULL;
  sl_buf_printf(b, "%.*s: ", SL_ARG(value_of(sl_str(p->part[back]))));
  if (p->state[back] || !c || !c->level) {
    sl_buf_z(b, p->state[back] == DRIFT_MISSING ? "missing" : p->state[back] ? "could not be read" : "not compared");
    return;
  }
  double stat = drift_f64(sl_pane_val(p->pane, c->row, "statistic")), pv = drift_f64(sl_pane_val(p->pane, c->row, "p_value"));
  struct sl_str test = drift_text(sl_pane_val(p->pane, c->row, "test")), note = drift_text(sl_pane_val(p->pane, c->row, "note")),
                since = drift_text(sl_pane_val(p->pane, c->row, "since"));
  if (c->level == DRIFT_UNJUDGED || isnan(stat))
    sl_buf_printf(b, "%.*s", SL_ARG(note.n ? note : SL_STR("not judged")));
  else
    sl_buf_printf(b, "%.*s", SL_ARG(test));
  put_number(b, " ", stat);
  put_number(b, ", p ", pv);
  if (!brief)
    put_number(b, ", limit ", drift_f64(sl_pane_val(p->pane, c->row, "threshold")));
  sl_buf_printf(b, ", %lld rows; drifted in %lld of %lld", (long long)drift_i64(sl_pane_val(p->pane, c->row, "rows")),
                (long long)drift_i64(sl_pane_val(p->pane, c->row, "recent")), (long long)drift_i64(sl_pane_val(p->pane, c->row, "of")));
  if (since.n)
    sl_buf_printf(b, ", since %.*s", SL_ARG(value_of(since)));
}

/* Of whole answers alone; what it waits for, and what went wrong, in the source's own words. */
void drift_past_verdict(const struct drift_past *p, struct sl_buf *b)
{
  const struct sl_answer *a = p->pane ? sl_pane_answer(p->pane) : NULL;
  if (!a)
    return;
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED) {
      sl_buf_printf(b, "over time: %s", a->src[i].err.msg);
      return;
    }
  if (!a->done) {
    sl_buf_printf(b, "over time: %s", a->nsrc && a->src[0].note[0] ? a->src[0].note : "comparing partitions");
    return;
  }
  const struct sl_drift_past *t = &p->tally;
  size_t shown = t->alarms < 3 ? t->alarms : 3;
  bool alike = shown > 0;
  for (size_t i = 1; i < shown; i++)
    alike = alike && !strcmp(t->first[i].since, t->first[0].since);
  sl_buf_printf(b, "over time: %zu persist (%u of %u)", t->alarms, t->span.need, t->span.of);
  if (alike)
    sl_buf_printf(b, " since %.*s", SL_ARG(value_of(sl_str(t->first[0].since))));
  for (size_t i = 0; i < shown; i++) {
    sl_buf_printf(b, "%s%s", i ? ", " : ": ", t->first[i].name);
    if (!alike)
      sl_buf_printf(b, " since %.*s", SL_ARG(value_of(sl_str(t->first[i].since))));
  }
  sl_buf_z(b, t->alarms > shown ? ", ..." : "");
  if (t->drifted > t->alarms)
    sl_buf_printf(b, "; %zu only lately", t->drifted - t->alarms);
}

/* ---- the chosen one ---- */

void drift_past_move(struct drift_past *p, int by)
{
  size_t at = chosen(p);
  if (!p->nparts)
    return;
  if (by < 0)
    at = at + 1 < p->nparts ? at + 1 : at;
  else
    at = at ? at - 1 : 0;
  p->at = at;
  p->chosen = true;
}

bool drift_past_uri(const struct drift_past *p, struct sl_buf *b)
{
  if (!drift_past_shown(p))
    return false;
  sl_buf_printf(b, "lake:%s/%s/", p->zone, p->part[chosen(p)]);
  return true;
}
