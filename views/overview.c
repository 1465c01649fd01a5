/* views/overview.c: what is wrong now, worst first, across every connection; then zones, jobs of the last 24 hours and models in a line
 * each. Every row jumps to its place. */
#include <math.h>
#include <stdio.h>

#include "ui/widgets.h"

enum { HOURS = 24 };

struct overview_state { struct sl_tablew *findings; struct sl_pane *zones, *runs, *models; };

static int pane_of(struct sl_pane **out, struct sl_view *v, const struct sl_resource *res, struct sl_err *err)
{
  const struct sl_query like = {.res = res, .kind = SL_Q_LIST, .background = true};
  return sl_ws_serves(sl_view_ws(v), res) ? sl_pane_query(out, v, &like, NULL, NULL, err) : SL_OK;
}

/* A finding leads to what it is about: `subject` is a ref; other kinds open as a row. */
static void overview_enter(struct sl_view *v, const struct sl_subject *s)
{
  int i = sl_schema_find(sl_batch_schema(s->batch), SL_STR("subject"));
  struct sl_val subject = i < 0 ? sl_null(SL_TEXT) : sl_batch_get(s->batch, s->row, (unsigned)i);
  if (subject.null || sl_str_chr(subject.u.s, ':') < 0)
    sl_view_say(v, SL_ROLE_dim, "this finding leads nowhere");
  else
    sl_view_go_ref(v, subject.u.s);
}

static int overview_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  static const struct sl_tablew_opts opts = {
    .columns = "kind,summary,since,next",
    .flex = "summary",
    .lead = "severity",
    .empty = "nothing is wrong: no job failed, no partition is late, every connection answers",
    .enter = overview_enter,
  };
  struct overview_state *s = sl_view_state(v);
  struct sl_query like = {.res = &sl_res_findings, .kind = SL_Q_LIST}, *q = NULL;
  (void)arg;
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_tablew_open(&s->findings, v, q, &opts, err);
  sl_query_unref(q);
  if (!rc)
    rc = pane_of(&s->zones, v, &sl_res_zones, err);
  if (!rc)
    rc = pane_of(&s->runs, v, &sl_res_executions, err);
  if (!rc)
    rc = pane_of(&s->models, v, &sl_res_models, err);
  return rc;
}

static void overview_close(struct sl_view *v)
{
  struct overview_state *s = sl_view_state(v);
  sl_tablew_close(s->findings);
  sl_pane_close(s->zones);
  sl_pane_close(s->runs);
  sl_pane_close(s->models);
}

/* ---- the lines at the foot ---- */

static struct sl_str text_of(struct sl_pane *p, uint64_t i, const char *col)
{
  struct sl_val v = sl_pane_val(p, i, col);
  return v.null || (v.type != SL_TEXT && v.type != SL_STATE) ? SL_STR("") : v.u.s;
}

/* Things side by side, going on in the next line while there is one; what does not fit is counted. */
struct flow { struct sl_grid *g; int w, x, y, last; };   /* g NULL: only measured */
enum { FLOW_AT = 11, FLOW_MORE = 11 };

/* Room for `need` cells, with what says "+N more" behind it unless this is the last thing. False: no more fits. */
static bool flow_room(struct flow *f, int need, uint64_t left)
{
  int more = f->y == f->last && left > 1 ? FLOW_MORE : 0;
  if (f->x + need + more <= f->w)
    return true;
  if (f->y < f->last && f->x > FLOW_AT) {
    f->y++;
    f->x = FLOW_AT;
    return flow_room(f, need, left);
  }
  if (f->x == FLOW_AT) /* alone in its line: cut there */
    return true;
  if (f->g)
    sl_grid_printf(f->g, f->x, f->y, FLOW_MORE, SL_ROLE_dim, "+%llu more", (unsigned long long)left);
  return false;
}

enum { ZONES_LOOK = 64 };

/* The zone after `last` in the order of the data's way; rows that are equal there stay as they came. n: there is none. */
static uint64_t zone_next(struct sl_view *v, struct sl_pane *p, uint64_t n, uint64_t last)
{
  size_t after = last < n ? sl_view_zone_rank(v, text_of(p, last, "name")) : 0, best = SIZE_MAX;
  uint64_t found = n;
  for (uint64_t i = 0; i < n; i++) {
    size_t rank = sl_view_zone_rank(v, text_of(p, i, "name"));
    bool later = last >= n || rank > after || (rank == after && i > last);
    if (later && rank < best) {
      best = rank;
      found = i;
    }
  }
  return found;
}

/* Nothing to show is not the same as nothing there. */
static const char *unsure(const struct sl_pane *p)
{
  const struct sl_answer *a = sl_pane_answer(p);
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED)
      return "? it could not be asked; :connections says why";
  return sl_pane_whole(p) ? "none yet" : "? asking";
}

static bool zone_put(struct sl_view *v, struct sl_pane *p, uint64_t i, struct flow *f, uint64_t left)
{
  const char *glyph;
  enum sl_role role;
  struct sl_val newest = sl_pane_val(p, i, "newest");
  struct sl_str state = text_of(p, i, "state"), name = text_of(p, i, "name");
  struct sl_buf age;
  sl_buf_init(&age, 64);
  if (!newest.null)
    sl_time_show(&age, newest.u.i, sl_view_show(v)->now, sl_view_show(v)->tz);
  size_t wide = sl_text_width(name, SL_TEXT_CELL);
  int named = wide < 16 ? (int)wide : 16, need = named + 3 + (int)(state.n + (age.n ? 1 + age.n : 0));
  bool fits = flow_room(f, need, left);
  sl_state_look(state, &glyph, &role);
  if (fits && f->g) {
    sl_grid_put(f->g, f->x, f->y, 16, SL_ROLE_text, name);
    int x = f->x + named + 1;
    x += sl_grid_printf(f->g, x, f->y, 12, role, "%s %.*s", glyph, SL_ARG(state)) + 1;
    sl_grid_put(f->g, x, f->y, f->w - x, SL_ROLE_dim, sl_buf_view(&age));
  }
  f->x += fits ? need + 2 : 0;
  sl_buf_free(&age);
  return fits;
}

/* Lines used, at most `lines`. g NULL: only counted. */
static int zones_draw(struct sl_view *v, struct overview_state *s, struct sl_grid *g, int w, int y, int lines)
{
  struct flow f = {g, w, FLOW_AT, y, y + lines - 1};
  if (g)
    sl_grid_putz(g, 1, y, 9, SL_ROLE_crumb, "ZONES");
  if (!s->zones || !sl_pane_count(s->zones)) {
    if (g)
      sl_grid_putz(g, f.x, y, w - f.x, SL_ROLE_dim, s->zones ? unsure(s->zones)
          : "none: name them under lake: zones: in the workspace file");
    return 1;
  }
  uint64_t n = sl_pane_count(s->zones) < ZONES_LOOK ? sl_pane_count(s->zones) : ZONES_LOOK, left = n;
  for (uint64_t i = zone_next(v, s->zones, n, n); i < n; i = zone_next(v, s->zones, n, i), left--)
    if (!zone_put(v, s->zones, i, &f, left))
      break;
  return f.y - y + 1;
}

struct day { double started[HOURS]; int ok, failed, running, other; };

static void day_count(struct sl_view *v, struct sl_pane *p, struct day *d)
{
  sl_ms now = sl_view_show(v)->now;
  uint64_t n = sl_pane_count(p) < 5000 ? sl_pane_count(p) : 5000;
  for (uint64_t i = 0; i < n; i++) {
    struct sl_val at = sl_pane_val(p, i, "started");
    struct sl_str state = text_of(p, i, "state");
    int64_t age_h = at.null ? -1 : (now - at.u.i) / 3600000;
    if (age_h < 0 || age_h >= HOURS)
      continue;
    d->started[HOURS - 1 - age_h] += 1;
    int *slot = sl_str_eqz(state, "ok") ? &d->ok : sl_str_eqz(state, "failed") ? &d->failed : &d->other;
    if (sl_str_eqz(state, "running"))
      slot = &d->running;
    *slot += 1;
  }
}

static void jobs_draw(struct sl_view *v, struct overview_state *s, struct sl_grid *g, int y)
{
  struct day d = {0};
  sl_grid_putz(g, 1, y, 9, SL_ROLE_crumb, "JOBS 24h");
  if (!s->runs) {
    sl_grid_putz(g, 11, y, g->w - 12, SL_ROLE_dim, "none: name them under jobs: in the workspace file");
    return;
  }
  if (!sl_pane_count(s->runs) && unsure(s->runs)[0] == '?') {
    sl_grid_putz(g, 11, y, g->w - 12, SL_ROLE_dim, unsure(s->runs));
    return;
  }
  day_count(v, s->runs, &d);
  sl_chart_spark(g, 11, y, HOURS, SL_ROLE_s1, d.started, HOURS);
  int x = 11 + HOURS + 3;
  x += sl_grid_printf(g, x, y, 14, SL_ROLE_ok, "%d ok", d.ok) + 3;
  x += sl_grid_printf(g, x, y, 14, d.failed ? SL_ROLE_bad : SL_ROLE_dim, "%d failed", d.failed) + 3;
  x += sl_grid_printf(g, x, y, 14, d.running ? SL_ROLE_run : SL_ROLE_dim, "%d running", d.running) + 3;
  if (d.other)
    sl_grid_printf(g, x, y, 14, SL_ROLE_dim, "%d other", d.other);
}

/* The aliases of a model, then what waits; drawn, or only measured (g NULL). */
static int model_put(struct sl_grid *g, int x, int y, struct sl_pane *p, uint64_t i)
{
  struct sl_val aliases = sl_pane_val(p, i, "aliases"), pending = sl_pane_val(p, i, "pending");
  struct sl_str rest = aliases.null ? SL_STR("") : aliases.u.s, one, name = text_of(p, i, "name");
  int wide = (int)sl_text_width(name, SL_TEXT_CELL), from = x;
  char words[48];
  x += (g ? sl_grid_put(g, x, y, 20, SL_ROLE_text, name) : wide < 20 ? wide : 20) + 1;
  while (sl_list_next(&rest, &one)) {
    wide = (int)sl_text_width(one, SL_TEXT_CELL);
    x += (g ? sl_grid_put(g, x, y, 20, SL_ROLE_dim, one) : wide < 20 ? wide : 20) + 1;
  }
  if (!pending.null && pending.u.i > 0) {
    snprintf(words, sizeof words, "%s %lld pending", sl_glyph_pick("●", "o"), (long long)pending.u.i);
    x += (g ? sl_grid_putz(g, x, y, 14, SL_ROLE_wait, words) : (int)sl_text_width(sl_str(words), SL_TEXT_CELL)) + 1;
  }
  return x - from;
}

static int models_draw(struct overview_state *s, struct sl_grid *g, int w, int y, int lines)
{
  struct flow f = {g, w, FLOW_AT, y, y + lines - 1};
  if (!s->models)
    return 1;
  if (g)
    sl_grid_putz(g, 1, y, 9, SL_ROLE_crumb, "MODELS");
  uint64_t n = sl_pane_count(s->models);
  for (uint64_t i = 0; i < n; i++) {
    int wide = model_put(NULL, f.x, f.y, s->models, i);
    if (!flow_room(&f, wide - 1, n - i))
      break;
    if (g)
      model_put(g, f.x, f.y, s->models, i);
    f.x += wide + 2;
  }
  return f.y - y + 1;
}

/* What the findings leave goes to zones and models: a line each at least. */
static int foot_lines(const struct overview_state *s, int h, int most, int taken)
{
  uint64_t rows = sl_pane_count(sl_tablew_pane(s->findings));
  int left = h - 6 - taken - (int)(rows < 100 ? rows : 100);
  return left < 1 ? 1 : left > most ? most : left;
}

static void overview_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct overview_state *s = sl_view_state(v);
  int zones = zones_draw(v, s, NULL, g->w, 0, foot_lines(s, r.h, 3, 0));
  int models = models_draw(s, NULL, g->w, 0, foot_lines(s, r.h, 2, zones - 1)), foot = r.h >= 10 ? 2 + zones + models : 0;
  sl_tablew_draw(s->findings, g, (struct sl_rect){ r.x, r.y, r.w, r.h - foot }, true);
  if (!foot)
    return;
  zones_draw(v, s, g, g->w, r.y + r.h - 1 - models - zones, zones);
  jobs_draw(v, s, g, r.y + r.h - 1 - models);
  models_draw(s, g, g->w, r.y + r.h - models, models);
}

static enum sl_handled overview_command(struct sl_view *v, const char *command)
{
  return sl_tablew_command(((struct overview_state *)sl_view_state(v))->findings, command);
}

static void overview_count(struct sl_view *v, struct sl_buf *b)
{
  const struct sl_pane *p = sl_tablew_pane(((struct overview_state *)sl_view_state(v))->findings);
  uint64_t n = sl_pane_live(p);
  if (!n && unsure(p)[0] == '?') {
    sl_buf_z(b, "? findings");
    return;
  }
  sl_buf_printf(b, "%llu finding%s", (unsigned long long)n, n == 1 ? "" : "s");
}

static void overview_truth(struct sl_view *v, struct sl_buf *b)
{
  sl_pane_truth(sl_tablew_pane(((struct overview_state *)sl_view_state(v))->findings), b);
}

static bool overview_subject(struct sl_view *v, struct sl_subject *out)
{
  return sl_tablew_subject(((struct overview_state *)sl_view_state(v))->findings, out);
}

static void overview_cmdline(struct sl_view *v, struct sl_buf *b)
{
  sl_tablew_cmdline(((struct overview_state *)sl_view_state(v))->findings, b);
}

const struct sl_view_ops sl_view_overview = {
  .name = "overview",
  .title = "overview",
  .help = "What is wrong now, worst first: failed executions, stale and missing partitions, connections that do not answer. Enter jumps to "
          "the place; NEXT names the view or action that helps. At the foot: zones, the jobs of the last 24 hours, models.",
  .arg = NULL,
  .binds = NULL, .nbinds = 0,
  .hints = "enter filter refresh describe quit",
  .state_size = sizeof(struct overview_state),
  .open = overview_open,
  .close = overview_close,
  .draw = overview_draw,
  .command = overview_command,
  .key = NULL,
  .crumb = NULL,
  .count = overview_count,
  .truth = overview_truth,
  .subject = overview_subject,
  .cmdline = overview_cmdline,
  .visible = NULL,
};
