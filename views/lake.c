/* views/lake.c: zones side by side, a row a partition (a day): did the data arrive, whole, and where did it stop. The lines below the table
 * follow the partition under the cursor through the zones and say who failed to write it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "views/lake_int.h"

enum { DAY_W = 14, ZONE_W = 16, ZONE_MAX = 22, STORY = 4 };
static const double ODD = 0.25;           /* further than this share from the median of the zone's partitions */

/* ---- open ---- */

/* The argument may be the ref of a partition ("local:partitions/raw/dt=...") or of a zone: the cursor goes there. */
static void want_from(struct lake_state *s, struct sl_str arg)
{
  struct sl_buf scratch;
  struct sl_ref ref;
  sl_buf_init(&scratch, 0);
  if (arg.n && !sl_ref_parse(arg, &ref, &scratch, NULL)) {
    ptrdiff_t slash = sl_str_chr(ref.id, '/');
    snprintf(s->want_zone, sizeof s->want_zone, "%.*s", SL_ARG(slash < 0 ? ref.id : sl_str_head(ref.id, (size_t)slash)));
    snprintf(s->want, sizeof s->want, "%.*s", slash < 0 ? 0 : SL_ARG(sl_str_from(ref.id, (size_t)slash + 1)));
  } else {
    snprintf(s->want, sizeof s->want, "%.*s", SL_ARG(arg));
  }
  sl_buf_free(&scratch);
}

static int lake_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct lake_state *s = sl_view_state(v);
  want_from(s, sl_str_trim(arg));
  return lake_days_open(v, err);
}

/* ---- drawing: one cell ---- */

static struct sl_str dash(void) { return sl_str(sl_glyph_pick("–", "-")); }

/* "−62 %"; nothing where it is as usual. */
static void change_put(struct sl_buf *b, double share)
{
  int percent = (int)lround(fmin(fabs(share), 99) * 100);
  if (percent)
    sl_buf_printf(b, " %s%d %%", share < 0 ? sl_glyph_pick("−", "-") : "+", percent);
}

/* What is not there: whose fault it is, if that is known; on the first day it may be on its way. */
static void hole_draw(const struct lake_state *s, struct sl_grid *g, int x, int y, int w, size_t day, size_t zone)
{
  const struct lake_cell *c = &s->day[day].zone[zone];
  struct sl_str job, state = c->there ? sl_str(c->state) : SL_STR("");
  const char *glyph;
  enum sl_role role;
  uint64_t run;
  bool ran = (c->there || s->daily[zone]) && lake_run(s, s->zone[zone], s->day[day].name, &run, &job);
  struct sl_str how = ran ? lake_text(s->runs, run, "state") : SL_STR("");
  if (ran && (sl_str_eqz(how, "failed") || sl_str_eqz(how, "running"))) {
    sl_state_look(how, &glyph, &role);
    sl_grid_printf(g, x, y, w, role, "%s %.*s", glyph, SL_ARG(lake_text(s->runs, run, "id")));
  } else if (c->there) {
    sl_state_look(state, &glyph, &role);
    sl_grid_printf(g, x, y, w, role, "%s %.*s", glyph, SL_ARG(state));
  } else if (day == 0 && s->daily[zone]) {
    sl_state_look(SL_STR("waiting"), &glyph, &role);
    sl_grid_printf(g, x, y, w, role, "%s not yet", glyph);
  } else {
    sl_grid_put(g, x, y, w, SL_ROLE_dim, dash());
  }
}

static bool is_odd(const struct lake_state *s, size_t zone, const struct lake_cell *c, double *share)
{
  return lake_change(s, zone, c, share) && fabs(*share) > ODD;
}

/* Number, glyph, how far from usual: "569 ✓", "219 ▲ −62 %". Where data lands, files are counted by bytes. */
static void cell_draw(const struct lake_state *s, struct sl_grid *g, int x, int y, int w, size_t day, size_t zone)
{
  const struct lake_cell *c = &s->day[day].zone[zone];
  const char *glyph;
  enum sl_role role;
  struct sl_buf b;
  double share = 0;
  bool bytes = c->rows < 0 || zone == 0;
  if (!c->there || c->objects <= 0) {
    hole_draw(s, g, x, y, w, day, zone);
    return;
  }
  sl_buf_init(&b, 128);
  bool odd = is_odd(s, zone, c, &share), ok = !strcmp(c->state, "fresh");
  sl_state_look(sl_str(odd && ok ? "late" : c->state), &glyph, &role);
  if (bytes)
    sl_fmt_bytes(&b, c->bytes);
  else
    sl_fmt_count(&b, c->rows);
  int at = bytes ? 7 : 6;
  sl_grid_right(g, x, y, at, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_clear(&b);
  if (odd || ok)
    change_put(&b, odd || !bytes ? share : 0);
  else
    sl_buf_printf(&b, " %s", c->state);
  sl_grid_printf(g, x + at + 1, y, w - at - 1, role, "%s%s", glyph, sl_buf_zstr(&b));
  sl_buf_free(&b);
}

static void heads_draw(const struct lake_state *s, struct sl_grid *g, int y, int zw, size_t show, bool both)
{
  sl_grid_putz(g, 1, y, DAY_W - 1, SL_ROLE_colhead, "partition");
  for (size_t i = s->left_zone; i < s->nzone && i < s->left_zone + show; i++) {
    int x = DAY_W + 1 + (int)(i - s->left_zone) * zw;
    const char *glyph;
    enum sl_role role;
    sl_state_look(sl_str(s->zone_state[i]), &glyph, &role);
    int n = sl_grid_putz(g, x, y, zw - 4, i == s->at_zone ? SL_ROLE_bright : SL_ROLE_colhead, s->zone[i]);
    sl_grid_cell(g, x + n + 1, y, role, glyph);
    if (both)
      sl_grid_putz(g, x, y + 1, zw - 1, SL_ROLE_dim,
                   i == 0 || !s->counted[i] ? "  bytes" : s->usual_rows[i] < 0 ? "  rows" : "  rows vs usual");
  }
}

/* ---- drawing: the story of one partition ---- */

struct stop { int good, bad; };           /* zones; -1: none */

static struct stop stop_of(const struct lake_state *s, const struct lake_day *d)
{
  struct stop p = {-1, -1};
  for (size_t i = 0; i < s->nzone && p.bad < 0; i++)
    if (d->zone[i].there && d->zone[i].objects > 0 && !strcmp(d->zone[i].state, "fresh"))
      p.good = (int)i;
    else if (d->zone[i].there)
      p.bad = (int)i;
  return p;
}

/* "clean-2 failed 18m ago: why", or that nothing was run. */
static bool cause_put(struct sl_view *v, const struct lake_state *s, struct sl_buf *b, int zone)
{
  const char *part = s->day[s->at].name;
  struct sl_str job;
  uint64_t run;
  if (zone >= 0 && lake_run(s, s->zone[zone], part, &run, &job)) {
    struct sl_val ended = lake_val(s->runs, run, "ended", SL_TIME);
    struct sl_str cause = lake_text(s->runs, run, "cause");
    sl_buf_printf(b, "%.*s %.*s ", SL_ARG(lake_text(s->runs, run, "id")), SL_ARG(lake_text(s->runs, run, "state")));
    if (!ended.null) {
      int64_t ago = sl_view_show(v)->now - ended.u.i;
      sl_time_show(b, ended.u.i, sl_view_show(v)->now, sl_view_show(v)->tz);
      sl_buf_z(b, ago >= 0 && ago < 86400000 ? " ago" : "");
    }
    sl_buf_printf(b, "%s%.*s", cause.n ? ": " : "", SL_ARG(cause));
    return true;
  }
  if (zone >= 0 && job.n)
    sl_buf_printf(b, "no execution of %.*s for %s is known; :jobs runs it", SL_ARG(job), part);
  return b->n > 0;
}

/* The first zone in figures, later ones by name: what is odd there mostly came from it. */
static void unusual_put(const struct lake_state *s, struct sl_buf *b)
{
  double share;
  for (size_t i = 0; i < s->nzone; i++) {
    const struct lake_cell *c = &s->day[s->at].zone[i];
    bool rows = c->rows >= 0 && s->usual_rows[i] > 0;
    if (!is_odd(s, i, c, &share))
      continue;
    if (b->n) {
      sl_buf_printf(b, ", %s", s->zone[i]);
      continue;
    }
    if (rows)
      sl_buf_printf(b, "%lld rows, usually %lld,", (long long)c->rows, (long long)s->usual_rows[i]);
    else
      sl_fmt_bytes(b, c->bytes);
    change_put(b, share);
    sl_buf_printf(b, " in %s", s->zone[i]);
  }
}

/* Zones after the stop that are wanting because of it. */
static void waiting_put(const struct lake_state *s, struct sl_buf *b, int bad)
{
  for (int i = bad + 1; bad >= 0 && i < (int)s->nzone; i++) {
    const struct lake_cell *c = &s->day[s->at].zone[i];
    if ((c->there && c->objects <= 0) || (!c->there && s->daily[i]))
      sl_buf_printf(b, "%s%s", b->n ? ", " : "downstream waiting: ", s->zone[i]);
  }
}

static void path_put(const struct lake_state *s, struct sl_buf *b)
{
  bool day = false;
  for (size_t i = 0; i < s->nzone; i++)
    day = day || (s->daily[i] && s->day[s->at].zone[i].there);
  for (size_t i = 0; i < s->nzone; i++) {
    const struct lake_cell *c = &s->day[s->at].zone[i];
    if (!c->there || (day && !s->daily[i]))
      continue;
    sl_buf_printf(b, "%s%s ", b->n ? sl_glyph_pick(" → ", " -> ") : "", s->zone[i]);
    if (c->objects > 0)
      sl_fmt_bytes(b, c->bytes);
    else
      sl_buf_str(b, dash());
  }
}

/* Long ones take more lines where there is room, but for `keep` lines that come after. */
static void story_line(struct sl_grid *g, int *y, int end, int keep, enum sl_role role, struct sl_buf *b)
{
  int room = end - *y - keep;
  struct sl_rect r = {3, *y, g->w - 4, *y >= end ? 0 : room > 1 ? room : 1};
  *y += sl_grid_wrap(g, r, role, sl_buf_view(b));
  sl_buf_clear(b);
}

static void story_draw(struct sl_view *v, struct lake_state *s, struct sl_grid *g, int y, int end)
{
  const struct lake_day *d = &s->day[s->at];
  struct stop p = stop_of(s, d);
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  int x = 3 + sl_grid_putz(g, 1, y, 30, SL_ROLE_bright, d->name);
  unusual_put(s, &b);
  if (p.bad >= 0 && p.good >= 0)
    sl_grid_printf(g, x, y, g->w - x, SL_ROLE_warn, "stopped between %s and %s", s->zone[p.good], s->zone[p.bad]);
  else if (p.bad >= 0)
    sl_grid_printf(g, x, y, g->w - x, SL_ROLE_warn, "did not arrive in %s", s->zone[p.bad]);
  else if (b.n)
    sl_grid_putz(g, x, y, g->w - x, SL_ROLE_warn, "arrived, but unlike the other days");
  else
    sl_grid_putz(g, x, y, g->w - x, SL_ROLE_ok, "arrived everywhere it was expected");
  y++;
  story_line(g, &y, end, 3, SL_ROLE_warn, &b);
  if (p.bad >= 0 && cause_put(v, s, &b, p.bad))
    story_line(g, &y, end, 2, SL_ROLE_text, &b);
  waiting_put(s, &b, p.bad);
  story_line(g, &y, end, 1, SL_ROLE_text, &b);
  path_put(s, &b);
  story_line(g, &y, end, end, SL_ROLE_dim, &b);
  sl_buf_free(&b);
}

/* ---- drawing: all of it ---- */

static void scroll_fit(struct lake_state *s, size_t show)
{
  if (s->at < s->top)
    s->top = s->at;
  if (s->rows > 0 && s->at >= s->top + (size_t)s->rows)
    s->top = s->at - (size_t)s->rows + 1;
  if (s->at_zone >= s->nzone)
    s->at_zone = s->nzone ? s->nzone - 1 : 0;
  if (s->at_zone < s->left_zone)
    s->left_zone = s->at_zone;
  if (show && s->at_zone >= s->left_zone + show)
    s->left_zone = s->at_zone - show + 1;
}

static void lake_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct lake_state *s = sl_view_state(v);
  int foot = r.h >= 16 ? STORY + 2 : r.h >= 8 ? 3 : 0, heads = r.h >= 8 ? 2 : 1, room = r.w - DAY_W - 1;
  size_t fit = room >= ZONE_W ? (size_t)(room / ZONE_W) : 1, show = s->nzone < fit ? s->nzone : fit;
  int zw = show ? room / (int)show : ZONE_MAX;
  zw = zw > ZONE_MAX ? ZONE_MAX : zw;
  if (sl_pane_draw_state(s->zones, g, r, "no zone: name folders or buckets under lake: zones: in the workspace file") ||
      sl_pane_draw_state(s->parts, g, r, "no partition in any zone yet"))
    return;
  s->rows = r.h - heads - foot;
  scroll_fit(s, show);
  heads_draw(s, g, r.y, zw, show, heads == 2);
  for (int y = 0; y < s->rows && s->top + (size_t)y < s->nday; y++) {
    size_t day = s->top + (size_t)y;
    int gy = r.y + heads + y;
    sl_grid_putz(g, 1, gy, DAY_W - 1, SL_ROLE_text, s->day[day].name);
    for (size_t i = 0; i < show; i++)
      cell_draw(s, g, DAY_W + 1 + (int)i * zw, gy, zw - 1, day, s->left_zone + i);
    if (day == s->at)
      sl_grid_over(g, (struct sl_rect){ r.x, gy, r.w, 1 }, SL_ROLE_cursor);
  }
  if (foot && s->nday)
    story_draw(v, s, g, r.y + r.h - foot + 1, r.y + r.h);
}

/* ---- commands ---- */

static void part_uri(struct lake_state *s, struct sl_buf *b)
{
  size_t n = strlen(s->uri[s->at_zone]);
  sl_buf_z(b, s->uri[s->at_zone]);
  if (n && s->uri[s->at_zone][n - 1] != '/')
    sl_buf_ch(b, '/');
  sl_buf_z(b, s->day[s->at].name);
  sl_buf_ch(b, '/');
}

static void lake_files(struct sl_view *v, struct lake_state *s, const char *view, const char *before)
{
  struct sl_buf b;
  if (s->at >= s->nday || s->at_zone >= s->nzone)
    return;
  sl_buf_init(&b, 1 << 16);
  sl_buf_z(&b, before);
  part_uri(s, &b);
  sl_view_go(v, view, sl_buf_view(&b));
  sl_buf_free(&b);
}

static bool lake_move(struct lake_state *s, const char *c)
{
  int64_t by;
  if (sl_move_by(c, s->rows > 1 ? (uint64_t)s->rows - 1 : 1, &by))
    s->at = (size_t)sl_move_to(s->at, s->nday, by);
  else if (!strcmp(c, "left"))
    s->at_zone -= s->at_zone > 0;
  else if (!strcmp(c, "right") && s->at_zone + 1 < s->nzone)
    s->at_zone++;
  else
    return !strcmp(c, "right");
  return true;
}

static enum sl_handled lake_command(struct sl_view *v, const char *command)
{
  struct lake_state *s = sl_view_state(v);
  if (lake_move(s, command))
    return SL_HANDLED;
  if (!strcmp(command, "enter"))
    lake_files(v, s, "table", "objects ");
  else if (!strcmp(command, "preview"))
    lake_files(v, s, "preview", "");
  else if (!strcmp(command, "freshness"))
    sl_view_go(v, "table", SL_STR("partitions"));
  else if (!strcmp(command, "jobs"))
    sl_view_go(v, "table", SL_STR("executions"));
  else
    return SL_IGNORED;
  return SL_HANDLED;
}

static void lake_count(struct sl_view *v, struct sl_buf *b)
{
  struct lake_state *s = sl_view_state(v);
  sl_count_put(b, s->nzone, "zones");
  sl_buf_z(b, "  ");
  sl_count_put(b, s->nday, "partitions");
}

/* The partitions; of the others only what is wrong with them. */
static void lake_truth(struct sl_view *v, struct sl_buf *b)
{
  struct lake_state *s = sl_view_state(v);
  struct sl_pane *other[] = {s->zones, s->jobs, s->runs};
  sl_pane_truth(s->parts, b);
  for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
    const struct sl_answer *a = other[i] ? sl_pane_answer(other[i]) : NULL;
    bool bad = false;
    for (size_t k = 0; a && k < a->nsrc; k++)
      bad = bad || a->src[k].state == SL_FAILED || a->src[k].state == SL_CUT;
    if (!bad)
      continue;
    sl_buf_z(b, sl_glyph_pick(" · ", " - "));
    sl_pane_truth(other[i], b);
  }
}

/* The partition under the cursor in the chosen zone. */
static bool lake_subject(struct sl_view *v, struct sl_subject *out)
{
  struct lake_state *s = sl_view_state(v);
  if (s->at >= s->nday || s->at_zone >= s->nzone)
    return false;
  for (uint64_t i = 0; i < sl_pane_count(s->parts); i++) {
    const struct sl_batch *b;
    uint32_t row;
    if (!sl_str_eqz(lake_text(s->parts, i, "zone"), s->zone[s->at_zone]) || !sl_str_eqz(lake_text(s->parts, i, "partition"),
        s->day[s->at].name))
      continue;
    if (!sl_pane_row(s->parts, i, &b, &row))
      return false;
    *out = (struct sl_subject){ .res = &sl_res_partitions, .batch = b, .row = row };
    out->ref = (struct sl_ref){ sl_batch_conn(b, row), SL_STR("partitions"), sl_batch_id(b, row) };
    return true;
  }
  return false;
}

static void lake_cmdline(struct sl_view *v, struct sl_buf *b)
{
  (void)v;
  sl_buf_z(b, "get partitions");
}

static const struct sl_bind lake_binds[] = {
  {"preview", "v", "preview the partition's data"},
  {"freshness", "F", "every partition with when it was expected"},
  {"jobs", "J", "the executions that made these"},
};

const struct sl_view_ops sl_view_lake = {
  .name = "lake",
  .title = "lake",
  .help = "Zones side by side, a row a partition: did the data arrive, whole, and where did it stop. h and l choose the zone, Enter lists "
          "its files, v previews them. What differs by more than a quarter from the other days is marked. The lines below follow the "
          "partition through the zones and say who failed to write it.",
  .arg = "[PARTITION]",
  .binds = lake_binds, .nbinds = sizeof lake_binds / sizeof lake_binds[0],
  .hints = "enter preview freshness jobs describe",
  .state_size = sizeof(struct lake_state),
  .open = lake_open,
  .close = lake_days_close,
  .draw = lake_draw,
  .command = lake_command,
  .key = NULL,
  .crumb = NULL,
  .count = lake_count,
  .truth = lake_truth,
  .subject = lake_subject,
  .cmdline = lake_cmdline,
  .visible = NULL,
};
