/* views/execution.c: one execution: its state in a word, its steps as a graph over time with the critical path, its log from the first
 * error
 * on, and where to go from here: the partition it read, what it feeds, what to do. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "views/exec_links.h"

enum { MAX_STEPS = 200 };

struct step { char name[64], state[16], native[24], cause[160]; double from, to; bool critical, known; char after[256]; };
struct execution_state {
  struct sl_pane *row, *steps, *log;
  char id[256], conn[64];
  struct step step[MAX_STEPS];
  size_t nstep;
  double total;
  uint64_t log_top, log_rows;
  bool log_found, log_follow;
  struct exec_links links;
};

static int pane_of(struct sl_pane **out, struct sl_view *v, const struct sl_resource *res, enum sl_query_kind kind, struct sl_str conn,
                   struct sl_str scope, void (*changed)(struct sl_view *, void *), struct sl_err *err)
{
  const struct sl_query like = {.res = res, .kind = kind, .conn = conn, .scope = scope};
  return sl_pane_query(out, v, &like, changed, NULL, err);
}

/* ---- steps: read, laid out in time, critical path ---- */

static void text_copy(char *out, size_t n, const struct sl_val *v)
{
  snprintf(out, n, "%.*s", v->null ? 0 : (int)(v->u.s.n < n ? v->u.s.n : n - 1), v->null ? "" : v->u.s.p);
}

static void after_copy(struct step *s, const struct sl_val *v)
{
  struct sl_str rest = v->null ? SL_STR("") : v->u.s, one;
  size_t n = 0;
  s->after[0] = 0;
  while (sl_list_next(&rest, &one) && n + one.n + 2 < sizeof s->after)
    n += (size_t)snprintf(s->after + n, sizeof s->after - n, "%.*s,", SL_ARG(one));
}

static bool is_after(const struct step *s, const char *name)
{
  struct sl_str rest = sl_str(s->after), one;
  while (sl_str_cut(&rest, ',', &one))
    if (sl_str_eqz(one, name))
      return true;
  return false;
}

/* Backwards from the step that ended last: of the steps it waited for, the one that ended last held it up. */
static void critical_path(struct execution_state *s)
{
  struct step *at = NULL;
  for (size_t i = 0; i < s->nstep; i++)
    if (s->step[i].known && (!at || s->step[i].to > at->to))
      at = &s->step[i];
  while (at && !at->critical) {
    struct step *held = NULL;
    at->critical = true;
    for (size_t i = 0; i < s->nstep; i++)
      if (s->step[i].known && is_after(at, s->step[i].name) && (!held || s->step[i].to > held->to))
        held = &s->step[i];
    at = held;
  }
}

static void steps_changed(struct sl_view *v, void *user)
{
  struct execution_state *s = sl_view_state(v);
  double first = INFINITY;
  (void)user;
  s->nstep = 0;
  s->total = 0;
  for (uint64_t i = 0; i < sl_pane_count(s->steps) && s->nstep < MAX_STEPS; i++) {
    struct step *p = &s->step[s->nstep++];
    struct sl_val name = sl_pane_val(s->steps, i, "name"), state = sl_pane_val(s->steps, i, "state"), cause = sl_pane_val(s->steps, i,
        "cause"), native = sl_pane_val(s->steps, i, "native");
    struct sl_val from = sl_pane_val(s->steps, i, "started"), to = sl_pane_val(s->steps, i, "ended"), after = sl_pane_val(s->steps, i,
        "after");
    *p = (struct step){ .known = !from.null };
    text_copy(p->name, sizeof p->name, &name);
    text_copy(p->state, sizeof p->state, &state);
    text_copy(p->native, sizeof p->native, &native);
    text_copy(p->cause, sizeof p->cause, &cause);
    after_copy(p, &after);
    p->from = from.null ? 0 : (double)from.u.i;
    p->to = to.null ? (double)sl_ws_now(sl_view_ws(v)) : (double)to.u.i;
    if (p->known && p->from < first)
      first = p->from;
  }
  for (size_t i = 0; i < s->nstep; i++)
    if (s->step[i].known) {
      s->step[i].from = (s->step[i].from - first) / 1000;
      s->step[i].to = (s->step[i].to - first) / 1000;
      s->total = s->step[i].to > s->total ? s->step[i].to : s->total;
    }
  critical_path(s);
}

/* ---- the log: from the first error on, until somebody moves ---- */

static void log_changed(struct sl_view *v, void *user)
{
  struct execution_state *s = sl_view_state(v);
  uint64_t n = sl_pane_count(s->log);
  (void)user;
  for (uint64_t i = s->log_rows; i < n && !s->log_found && i < s->log_rows + 20000; i++) {
    struct sl_val level = sl_pane_val(s->log, i, "level");
    if (!level.null && (sl_str_eqz(level.u.s, "error") || sl_str_eqz(level.u.s, "fatal"))) {
      s->log_found = true;
      s->log_top = i > 1 ? i - 1 : 0;
    }
  }
  s->log_rows = n;
}

/* ---- open ---- */

static void row_changed(struct sl_view *v, void *user)
{
  struct execution_state *s = sl_view_state(v);
  (void)user;
  if (s->row)
    exec_links_row(v, &s->links, s->row);
}

/* The argument is a ref of an execution or a step ("exec/step"), or an id. */
static int execution_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct execution_state *s = sl_view_state(v);
  struct sl_buf scratch;
  struct sl_ref ref = {SL_STR_NONE, SL_STR("executions"), sl_str_trim(arg)};
  struct sl_err no = {0};
  sl_buf_init(&scratch, 0);
  if (sl_str_find(arg, SL_STR(":")) > 0 && sl_ref_parse(sl_str_trim(arg), &ref, &scratch, &no))
    ref = (struct sl_ref){ SL_STR_NONE, SL_STR("executions"), sl_str_trim(arg) };
  ptrdiff_t slash = sl_str_eqz(ref.res, "steps") ? sl_str_rchr(ref.id, '/') : -1;
  struct sl_str id = slash > 0 ? sl_str_head(ref.id, (size_t)slash) : ref.id;
  snprintf(s->id, sizeof s->id, "%.*s", SL_ARG(id));
  snprintf(s->conn, sizeof s->conn, "%.*s", SL_ARG(ref.conn));
  sl_buf_free(&scratch);
  if (!s->id[0])
    return sl_err_set(err, SL_EUSAGE, "execution needs an id; :executions lists them");
  struct sl_str conn = sl_str(s->conn), scope = sl_str(s->id);
  int rc = pane_of(&s->row, v, &sl_res_executions, SL_Q_GET, conn, scope, row_changed, err);
  if (!rc)
    rc = pane_of(&s->steps, v, &sl_res_steps, SL_Q_LIST, conn, scope, steps_changed, err);
  if (!rc)
    rc = pane_of(&s->log, v, &sl_res_log, SL_Q_FOLLOW, conn, scope, log_changed, err);
  return rc;
}

static void execution_close(struct sl_view *v)
{
  struct execution_state *s = sl_view_state(v);
  exec_links_close(&s->links);
  sl_pane_close(s->row);
  sl_pane_close(s->steps);
  sl_pane_close(s->log);
}

/* ---- drawing ---- */

/* How many lines it took: the cause may need more than one. */
static int verdict_draw(struct sl_view *v, struct execution_state *s, struct sl_grid *g, int y, int lines)
{
  struct sl_val state = sl_pane_val(s->row, 0, "state"), native = sl_pane_val(s->row, 0, "native"), job = sl_pane_val(s->row, 0, "job");
  struct sl_val dur = sl_pane_val(s->row, 0, "duration_s"), started = sl_pane_val(s->row, 0, "started"), cause = sl_pane_val(s->row, 0,
      "cause");
  const char *glyph;
  enum sl_role role;
  struct sl_buf b;
  int used = 1;
  if (state.null)
    return used;
  sl_buf_init(&b, 1 << 16);
  sl_state_look(state.u.s, &glyph, &role);
  int x = 1 + sl_grid_put(g, 1, y, 24, SL_ROLE_bright, job.null ? SL_STR("") : job.u.s);
  x += 2 + sl_grid_printf(g, x + 2, y, 20, role, "%s %.*s", glyph, SL_ARG(state.u.s));
  if (!native.null && !sl_str_eq(native.u.s, state.u.s))
    x += 2 + sl_grid_put(g, x + 2, y, 20, SL_ROLE_dim, native.u.s);
  sl_buf_z(&b, dur.null ? "" : "after ");
  if (!dur.null)
    sl_dur_show(&b, dur.u.f);
  sl_buf_z(&b, "  ");
  if (!started.null)
    exec_links_ago(v, &b, started.u.i);
  sl_grid_put(g, x + 2, y, g->w - x - 3, SL_ROLE_dim, sl_buf_view(&b));
  if (!cause.null && cause.u.s.n)
    used += sl_grid_wrap(g, (struct sl_rect){ 3, y + 1, g->w - 4, lines }, role == SL_ROLE_bad ? role : SL_ROLE_text, cause.u.s);
  sl_buf_free(&b);
  return used;
}

static void bar_draw(struct sl_grid *g, int x, int y, int w, const struct step *p, double total, enum sl_role role)
{
  if (!p->known || total <= 0 || w < 4)
    return;
  int from = (int)(p->from / total * (w - 1)), to = (int)(p->to / total * (w - 1));
  for (int i = from; i <= to; i++)
    sl_grid_cell(g, x + i, y, role, p->critical ? sl_glyph_pick("━", "=") : sl_glyph_pick("─", "-"));
}

static int steps_draw(struct execution_state *s, struct sl_grid *g, struct sl_rect r, int y, int rows)
{
  int bx = 36, bw = g->w - bx - 2;
  struct sl_buf scale;
  sl_buf_init(&scale, 64);
  sl_dur_show(&scale, s->total);
  sl_grid_putz(g, 3, y, 20, SL_ROLE_colhead, "step");
  sl_grid_putz(g, 21, y, 12, SL_ROLE_colhead, "state");
  sl_grid_putz(g, bx, y, 3, SL_ROLE_dim, "0");
  sl_grid_right(g, bx, y, bw, SL_ROLE_dim, sl_buf_view(&scale));
  sl_buf_free(&scale);
  y++;
  for (size_t i = 0; i < s->nstep && (int)i < rows; i++, y++) {
    const struct step *p = &s->step[i];
    const char *glyph;
    enum sl_role role;
    bool skipped = !strcmp(p->native, "skipped");
    sl_state_look(sl_str(p->state), &glyph, &role);
    if (skipped) {
      glyph = sl_glyph_pick("–", "-");
      role = SL_ROLE_dim;
    }
    sl_grid_putz(g, 3, y, 17, p->critical ? SL_ROLE_bright : SL_ROLE_text, p->name);
    sl_grid_printf(g, 21, y, 14, role, "%s %s", glyph, skipped ? p->native : p->state);
    bar_draw(g, bx, y, bw, p, s->total, role);
    if (!p->known && p->after[0])
      sl_grid_printf(g, bx, y, bw, SL_ROLE_dim, "after %.*s", (int)strlen(p->after) - 1, p->after);
  }
  (void)r;
  return y;
}

/* How many lines it took: an error may take three. */
static int log_line(struct sl_view *v, struct execution_state *s, struct sl_grid *g, int y, int left, uint64_t i)
{
  struct sl_val at = sl_pane_val(s->log, i, "time"), level = sl_pane_val(s->log, i, "level"), text = sl_pane_val(s->log, i, "text");
  bool bad = !level.null && (sl_str_eqz(level.u.s, "error") || sl_str_eqz(level.u.s, "fatal"));
  struct sl_buf b;
  sl_buf_init(&b, 64);
  if (!at.null)
    sl_time_clock(&b, at.u.i, sl_view_show(v)->tz, true);
  sl_grid_put(g, 1, y, 12, SL_ROLE_dim, sl_buf_view(&b));
  sl_grid_put(g, 15, y, 6, bad ? SL_ROLE_bad : SL_ROLE_dim, level.null ? SL_STR("") : level.u.s);
  int most = bad ? left < 3 ? left : 3 : 1;
  struct sl_rect r = {22, y, g->w - 23, most};
  int used = bad && !text.null ? sl_grid_wrap(g, r, SL_ROLE_bad, text.u.s) : 1;
  if (!bad && !text.null)
    sl_grid_put(g, 22, y, g->w - 23, SL_ROLE_text, text.u.s);
  sl_buf_free(&b);
  return used ? used : 1;
}

static void log_draw(struct sl_view *v, struct execution_state *s, struct sl_grid *g, struct sl_rect r, int y)
{
  uint64_t n = sl_pane_count(s->log);
  int rows = r.y + r.h - y - 1;
  char title[64];
  if (rows < 1)
    return;
  snprintf(title, sizeof title, " log %s ", s->log_found ? "· first error" : s->log_follow ? "· following" : "");
  sl_grid_hline(g, 0, y, g->w, SL_ROLE_border);
  sl_grid_putz(g, 3, y, 30, SL_ROLE_crumb, title);
  struct sl_buf b;
  sl_buf_init(&b, 64);
  sl_buf_ch(&b, ' ');
  sl_count_put(&b, n, "lines");
  sl_buf_ch(&b, ' ');
  sl_grid_right(g, g->w - 20, y, 18, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_free(&b);
  if (s->log_follow || (!s->log_found && n > (uint64_t)rows && s->log_top + (uint64_t)rows > n))
    s->log_top = n > (uint64_t)rows ? n - (uint64_t)rows : 0;
  if (sl_pane_draw_state(s->log, g, (struct sl_rect){ r.x, y + 1, r.w, rows }, "it has written nothing"))
    return;
  uint64_t i = s->log_top;
  for (int at = 0; at < rows && i < n; i++)
    at += log_line(v, s, g, y + 1 + at, rows - at, i);
}

static void execution_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct execution_state *s = sl_view_state(v);
  if (sl_pane_draw_state(s->row, g, r, "this execution is gone; :executions lists those that are kept"))
    return;
  int max_steps = r.h / 2 - 2, foot = r.h >= 14 ? exec_links_height(&s->links) : 0;
  int used = verdict_draw(v, s, g, r.y, r.h >= 14 ? 2 : 1);
  int y = steps_draw(s, g, r, r.y + (used > 2 ? used : 2), max_steps > 0 ? max_steps : 0);
  if (foot) {
    exec_links_draw(v, &s->links, g, (struct sl_rect){ r.x, r.y + r.h - foot, r.w, foot });
    r.h -= foot + 1;
  }
  log_draw(v, s, g, r, y);
}

/* ---- commands ---- */

static void log_scroll(struct execution_state *s, int64_t by)
{
  uint64_t n = sl_pane_count(s->log);
  int64_t to = (int64_t)s->log_top + by;
  s->log_follow = false;
  s->log_found = true; /* somebody moved: stay there */
  s->log_top = to < 0 ? 0 : (uint64_t)to >= n ? (n ? n - 1 : 0) : (uint64_t)to;
}

static void next_error(struct sl_view *v, struct execution_state *s)
{
  for (uint64_t i = s->log_top + 2; i < sl_pane_count(s->log); i++) {
    struct sl_val level = sl_pane_val(s->log, i, "level");
    if (!level.null && sl_str_eqz(level.u.s, "error")) {
      s->log_top = i - 1;
      return;
    }
  }
  sl_view_say(v, SL_ROLE_dim, "no further error");
}

static void go_log(struct sl_view *v, struct execution_state *s)
{
  struct sl_buf b;
  struct sl_ref ref = {sl_str(s->conn), SL_STR("executions"), sl_str(s->id)};
  sl_buf_init(&b, 0);
  if (s->conn[0])
    sl_ref_text(&b, &ref);
  else
    sl_buf_str(&b, ref.id);
  sl_view_go(v, "logs", sl_buf_view(&b));
  sl_buf_free(&b);
}

static enum sl_handled execution_command(struct sl_view *v, const char *command)
{
  struct execution_state *s = sl_view_state(v);
  int64_t by;
  if (sl_move_by(command, 10, &by))
    return log_scroll(s, by), SL_HANDLED;
  if (!strcmp(command, "follow"))
    s->log_follow = !s->log_follow;
  else if (!strcmp(command, "find-next"))
    next_error(v, s);
  else if (!strcmp(command, "enter") || !strcmp(command, "log"))
    go_log(v, s);
  else
    return exec_links_command(v, &s->links, command);
  return SL_HANDLED;
}

static void execution_crumb(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_z(b, ((struct execution_state *)sl_view_state(v))->id);
}

/* The execution's own three; what stands around it is the lake's. */
static void execution_truth(struct sl_view *v, struct sl_buf *b)
{
  struct execution_state *s = sl_view_state(v);
  struct sl_pane *panes[] = {s->log, s->steps, s->row};
  for (size_t i = 0; i < sizeof panes / sizeof panes[0]; i++) {
    sl_buf_z(b, i ? sl_glyph_pick(" · ", " - ") : "");
    sl_pane_truth(panes[i], b);
  }
}

static bool execution_subject(struct sl_view *v, struct sl_subject *out)
{
  struct execution_state *s = sl_view_state(v);
  const struct sl_batch *b;
  uint32_t row;
  if (!sl_pane_row(s->row, 0, &b, &row))
    return false;
  *out = (struct sl_subject){ .res = &sl_res_executions, .batch = b, .row = row };
  out->ref = (struct sl_ref){ sl_batch_conn(b, row), SL_STR("executions"), sl_batch_id(b, row) };
  return true;
}

static void execution_cmdline(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_printf(b, "logs %s", ((struct execution_state *)sl_view_state(v))->id);
}

static const struct sl_bind execution_binds[] = {
  {"follow", "F", "follow the log's end"},
  {"log", "L", "the whole log"},
  {"read-rows", "1", "rows that it read"},
  {"partition", "2", "the partition that it writes, in the lake"},
  {"remedy", "3", "retry it, or stop it while it runs; asks before"},
};

const struct sl_view_ops sl_view_execution = {
  .name = "execution",
  .title = "execution",
  .help = "One execution: what it was, its steps over time (the critical path is drawn heavy), its log from the first error on. n goes to "
          "the next error. Below: what it read and writes, which jobs read that; 1, 2 and 3 go there, or retry or stop it.",
  .arg = "EXECUTION",
  .binds = execution_binds, .nbinds = sizeof execution_binds / sizeof execution_binds[0],
  .hints = "find-next log follow actions follow-link",
  .state_size = sizeof(struct execution_state),
  .open = execution_open,
  .close = execution_close,
  .draw = execution_draw,
  .command = execution_command,
  .key = NULL,
  .crumb = execution_crumb,
  .count = NULL,
  .truth = execution_truth,
  .subject = execution_subject,
  .cmdline = execution_cmdline,
  .visible = NULL,
};
