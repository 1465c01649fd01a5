/* views/lineage.c: what something came from and what depends on it, as a tree; each line opens what it names. What is unknown says why in
 * the foot. Nothing is followed here that the rows do not name as theirs to open. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "ui/widgets.h"

enum { ROWS = 5000, STATE_W = 10, AT_W = 12, DIGEST_W = 11, KNOWN_W = 16, FOOT = 3, DEPTH = 31 };
struct lineage_state {
  struct sl_pane *pane;
  char scope[512];
  uint32_t rail[ROWS];               /* levels at which more follows below */
  unsigned char depth[ROWS];
  uint64_t n, cursor, top;
  struct { unsigned ok, missing, changed, unknown, runs, versions, data; } has;
};

static struct sl_str text(struct sl_pane *p, uint64_t row, const char *col)
{
  struct sl_val v = sl_pane_val(p, row, col);
  bool is = !v.null && (v.type == SL_TEXT || v.type == SL_STATE || v.type == SL_REF);
  return is ? v.u.s : SL_STR("");
}

/* ---- the shape ---- */

static void tally(struct lineage_state *s, uint64_t i)
{
  struct sl_str state = text(s->pane, i, "state"), kind = text(s->pane, i, "kind");
  s->has.ok += sl_str_eqz(state, "ok");
  s->has.missing += sl_str_eqz(state, "missing");
  s->has.changed += sl_str_eqz(state, "changed");
  s->has.unknown += sl_str_eqz(state, "unknown");
  s->has.runs += i && sl_str_eqz(kind, "run");
  s->has.versions += i && sl_str_eqz(kind, "version");
  s->has.data += i && sl_str_eqz(kind, "data");
}

static void shape(struct sl_view *v, void *user)
{
  struct lineage_state *s = sl_view_state(v);
  uint64_t n = sl_pane_count(s->pane);
  uint32_t open = 0;
  (void)user;
  s->n = n < ROWS ? n : ROWS;
  memset(&s->has, 0, sizeof s->has);
  for (uint64_t i = s->n; i-- > 0;) {
    struct sl_val d = sl_pane_val(s->pane, i, "depth");
    unsigned depth = d.null || d.u.i < 0 ? 0 : d.u.i > DEPTH ? DEPTH : (unsigned)d.u.i;
    uint32_t below = depth >= 31 ? UINT32_MAX : (1u << (depth + 1)) - 1;
    s->rail[i] = open & below;
    s->depth[i] = (unsigned char)depth;
    open = (open & below) | 1u << depth;
    tally(s, i);
  }
  if (s->cursor >= s->n)
    s->cursor = s->n ? s->n - 1 : 0;
}

/* ---- open, close ---- */

static int lineage_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct lineage_state *s = sl_view_state(v);
  arg = sl_str_trim(arg);
  if (!arg.n || arg.n >= sizeof s->scope)
    return sl_err_set(err, SL_EUSAGE, "lineage needs a version (MODEL/VERSION), a run's id or a partition (ZONE/PARTITION)");
  snprintf(s->scope, sizeof s->scope, "%.*s", SL_ARG(arg));
  const struct sl_query like = {.res = &sl_res_lineage, .kind = SL_Q_LIST, .scope = arg};
  return sl_pane_query(&s->pane, v, &like, shape, NULL, err);
}

static void lineage_close(struct sl_view *v)
{
  sl_pane_close(((struct lineage_state *)sl_view_state(v))->pane);
}

/* ---- drawing ---- */

/* "2 changed, 1 unknown", or that all is there; then what hangs on it. */
static void verdict_draw(const struct lineage_state *s, struct sl_grid *g, struct sl_rect r)
{
  const char *glyph, *state = s->has.missing || s->has.changed ? "warn" : s->has.unknown ? "unknown" : "ok";
  const struct { unsigned n; const char *word; } parts[] = {
    {s->has.changed, "changed"}, {s->has.missing, "missing"}, {s->has.unknown, "unknown"}};
  enum sl_role role;
  struct sl_buf b;
  sl_buf_init(&b, 1024);
  for (size_t i = 0; i < 3; i++)
    if (parts[i].n)
      sl_buf_printf(&b, "%s%u %s", b.n ? ", " : "", parts[i].n, parts[i].word);
  if (!b.n)
    sl_buf_z(&b, "all of it is there, as far as it can be seen");
  if (s->has.versions)
    sl_buf_printf(&b, "; %u %s, %u %s", s->has.runs, s->has.runs == 1 ? "run" : "runs", s->has.versions,
                  s->has.versions == 1 ? "version" : "versions");
  sl_state_look(sl_str(state), &glyph, &role);
  sl_grid_putz(g, r.x + 1, r.y, 8, SL_ROLE_crumb, "VERDICT");
  sl_grid_printf(g, r.x + 10, r.y, r.w - 10, role, "%s %s", glyph, sl_buf_zstr(&b));
  sl_buf_free(&b);
}

static int rail_draw(const struct lineage_state *s, struct sl_grid *g, int x, int y, int w, uint64_t i)
{
  unsigned depth = s->depth[i], room = w > 24 ? (unsigned)(w - 24) / 2 : 0, from = depth > room ? depth - room : 1;
  if (from > 1)
    x += sl_grid_putz(g, x, y, 2, SL_ROLE_border, sl_glyph_pick("…", "~"));
  for (unsigned k = from; k < depth; k++, x += 2)
    if (s->rail[i] >> k & 1)
      sl_grid_putz(g, x, y, 1, SL_ROLE_border, sl_glyph_pick("│", "|"));
  if (depth) {
    sl_grid_putz(g, x, y, 1, SL_ROLE_border, s->rail[i] >> depth & 1 ? sl_glyph_pick("├", "|") : sl_glyph_pick("└", "`"));
    x += 2;
  }
  return x;
}

static void row_draw(struct sl_view *v, struct lineage_state *s, struct sl_grid *g, struct sl_rect r, int y, uint64_t i)
{
  bool wide = r.w >= 110;
  int end = r.x + r.w - 1, at_x = end - AT_W, state_x = at_x - STATE_W, known_x = state_x - KNOWN_W, digest_x = known_x - DIGEST_W;
  int room = (r.w < 60 ? (r.w < 40 ? end : at_x + 2) : wide ? digest_x : state_x) - r.x - 2;
  struct sl_str state = text(s->pane, i, "state"), relation = text(s->pane, i, "relation"), digest = text(s->pane, i, "digest");
  struct sl_val when = sl_pane_val(s->pane, i, "at");
  const char *glyph = " ";
  enum sl_role role = SL_ROLE_text;
  int x = rail_draw(s, g, r.x + 1, y, room, i), stop = r.x + 1 + room;
  if (relation.n)
    x += sl_grid_put(g, x, y, stop - x, SL_ROLE_dim, relation) + 1;
  if (state.n)
    sl_state_look(state, &glyph, &role);
  sl_grid_put(g, x, y, stop - x, i ? SL_ROLE_text : SL_ROLE_bright, text(s->pane, i, "label"));
  if (wide) {
    sl_grid_keep(g, digest_x, y, DIGEST_W - 2, SL_ROLE_dim, digest, SL_KEEP_HEAD);
    sl_grid_put(g, known_x, y, KNOWN_W - 2, SL_ROLE_dim, text(s->pane, i, "known"));
  }
  if (r.w >= 60 && state.n)
    sl_grid_printf(g, state_x, y, STATE_W - 1, role, "%s %.*s", glyph, SL_ARG(state));
  else if (r.w < 60)
    sl_grid_printf(g, end - 10, y, 10, role, "%s %.*s", glyph, SL_ARG(state));
  if (r.w >= 60 && !when.null) {
    struct sl_buf b;
    sl_buf_init(&b, 64);
    sl_time_show(&b, when.u.i, sl_view_show(v)->now, sl_view_show(v)->tz);
    sl_grid_right(g, at_x, y, AT_W, SL_ROLE_dim, sl_buf_view(&b));
    sl_buf_free(&b);
  }
  if (i == s->cursor)
    sl_grid_over(g, (struct sl_rect){ r.x, y, r.w, 1 }, SL_ROLE_cursor);
}

/* All about the line under the cursor. */
static void foot_draw(struct lineage_state *s, struct sl_grid *g, struct sl_rect r)
{
  struct sl_buf b;
  sl_buf_init(&b, 8192);
  sl_buf_str(&b, text(s->pane, s->cursor, "kind"));
  sl_buf_z(&b, ": ");
  sl_buf_str(&b, text(s->pane, s->cursor, "detail"));
  if (text(s->pane, s->cursor, "known").n)
    sl_buf_printf(&b, " (known by: %.*s)", SL_ARG(text(s->pane, s->cursor, "known")));
  if (text(s->pane, s->cursor, "digest").n)
    sl_buf_printf(&b, " %.*s", SL_ARG(text(s->pane, s->cursor, "digest")));
  sl_grid_putz(g, r.x + 1, r.y, 8, SL_ROLE_crumb, "HERE");
  sl_grid_wrap(g, (struct sl_rect){ r.x + 10, r.y, r.w - 11, r.h }, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void lineage_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct lineage_state *s = sl_view_state(v);
  if (sl_pane_draw_state(s->pane, g, r, "nothing is known of it; :versions, :runs and :lake list what there is"))
    return;
  int foot = r.h >= 12 ? FOOT : r.h >= 6 ? 1 : 0, rows = r.h - 2 - foot - (foot > 1);
  if (rows < 1)
    return;
  if (s->cursor < s->top)
    s->top = s->cursor;
  if (s->cursor >= s->top + (uint64_t)rows)
    s->top = s->cursor - (uint64_t)rows + 1;
  verdict_draw(s, g, r);
  for (int k = 0; k < rows && s->top + (uint64_t)k < s->n; k++)
    row_draw(v, s, g, r, r.y + 2 + k, s->top + (uint64_t)k);
  if (foot && s->n)
    foot_draw(s, g, (struct sl_rect){ r.x, r.y + r.h - foot, r.w, foot });
}

/* ---- commands ---- */

static bool lineage_subject(struct sl_view *v, struct sl_subject *out)
{
  struct lineage_state *s = sl_view_state(v);
  const struct sl_batch *b;
  uint32_t row;
  if (!sl_pane_row(s->pane, s->cursor, &b, &row))
    return false;
  *out = (struct sl_subject){ .res = &sl_res_lineage, .batch = b, .row = row };
  out->ref = (struct sl_ref){ sl_batch_conn(b, row), SL_STR("lineage"), sl_batch_id(b, row) };
  return true;
}

static void enter(struct sl_view *v, struct lineage_state *s)
{
  struct sl_str target = text(s->pane, s->cursor, "target"), digest = text(s->pane, s->cursor, "digest");
  if (target.n)
    sl_view_go_ref(v, target);
  else if (digest.n)
    sl_view_copy(v, digest);
  else
    sl_view_say(v, SL_ROLE_dim, "it is a name only: there is nothing to open");
}

/* The tree of what stands here, where it has one. */
static void root(struct sl_view *v, struct lineage_state *s)
{
  struct sl_str target = text(s->pane, s->cursor, "target");
  static const char *const kinds[] = { ":versions/", ":runs/", ":partitions/" };
  for (size_t i = 0; i < 3; i++)
    if (sl_str_find(target, sl_str(kinds[i])) > 0) {
      sl_view_go(v, "lineage", target);
      return;
    }
  sl_view_say(v, SL_ROLE_dim, "a version, a run and a partition have a lineage of their own");
}

static enum sl_handled lineage_command(struct sl_view *v, const char *command)
{
  static const struct { const char *name; int64_t by; } moves[] = {{"down", 1}, {"up", -1}, {"page-down", 15}, {"page-up", -15},
    {"first", -ROWS}, {"last", ROWS}};
  struct lineage_state *s = sl_view_state(v);
  for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
    if (!strcmp(command, moves[i].name)) {
      int64_t to = (int64_t)s->cursor + moves[i].by, last = s->n ? (int64_t)s->n - 1 : 0;
      s->cursor = (uint64_t)(to < 0 ? 0 : to > last ? last : to);
      return SL_HANDLED;
    }
  if (!strcmp(command, "enter"))
    enter(v, s);
  else if (!strcmp(command, "lineage"))
    root(v, s);
  else
    return SL_IGNORED;
  return SL_HANDLED;
}

static void lineage_crumb(struct sl_view *v, struct sl_buf *b)
{
  struct lineage_state *s = sl_view_state(v);
  struct sl_str label = s->n ? text(s->pane, 0, "label") : SL_STR("");
  sl_buf_z(b, "lineage ");
  sl_buf_str(b, label.n ? label : sl_str(s->scope));
}

static void lineage_count(struct sl_view *v, struct sl_buf *b)
{
  struct lineage_state *s = sl_view_state(v);
  sl_count_put(b, s->n, "things");
}

static void lineage_cmdline(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_z(b, "get lineage ");
  sl_fmt_shell(b, sl_str(((struct lineage_state *)sl_view_state(v))->scope));
}

static const struct sl_bind lineage_binds[] = {
  {"lineage", "L", "the lineage of what is under the cursor: of a partition also all that was trained on it"},
};

const struct sl_view_ops sl_view_lineage = {
  .name = "lineage",
  .title = "lineage",
  .help = "What a version came from: its run, the data that the run read, the partitions that the data is, the executions that wrote "
          "them and what those read; its code; the evidence. Of a run and a partition also what depends on it: the blast radius. What is "
          "missing, changed since it was used, or unknown says so, and why, in the foot. Enter opens what the line names.",
  .arg = "MODEL/VERSION | RUN | ZONE/PARTITION",
  .binds = lineage_binds, .nbinds = sizeof lineage_binds / sizeof lineage_binds[0],
  .hints = "enter lineage describe copy refresh",
  .state_size = sizeof(struct lineage_state),
  .open = lineage_open,
  .close = lineage_close,
  .draw = lineage_draw,
  .command = lineage_command,
  .key = NULL,
  .crumb = lineage_crumb,
  .count = lineage_count,
  .truth = NULL,
  .subject = lineage_subject,
  .cmdline = lineage_cmdline,
  .visible = NULL,
};
