/* views/logs.c: log lines as they come: follow, pause, wrap, find, filter by regex at the source, jump to a time, hide the prefix. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ui/widgets.h"

struct logs_state {
  struct sl_pane *pane;
  struct sl_textw *text;
  struct sl_query *query;
  struct sl_buf line, title;
  bool bare, found;
  uint64_t seen, version;
  struct sl_view *v;
};

/* ---- lines for the text widget ---- */

static uint64_t logs_lines(void *ctx) { return sl_pane_count(((struct logs_state *)ctx)->pane); }

static bool bad_level(const struct sl_val *level)
{
  return !level->null && (sl_str_eqz(level->u.s, "error") || sl_str_eqz(level->u.s, "fatal"));
}

static bool logs_line(void *ctx, uint64_t i, struct sl_str *out, enum sl_role *role)
{
  struct logs_state *s = ctx;
  const struct sl_batch *b;
  uint32_t row;
  if (!sl_pane_row(s->pane, i, &b, &row))
    return false;
  struct sl_val at = sl_pane_val(s->pane, i, "time"), level = sl_pane_val(s->pane, i, "level"), text = sl_pane_val(s->pane, i, "text");
  struct sl_val source = sl_pane_val(s->pane, i, "source");
  sl_buf_clear(&s->line);
  if (!s->bare) {
    if (!at.null)
      sl_time_clock(&s->line, at.u.i, sl_view_show(s->v)->tz, true);
    sl_buf_printf(&s->line, "  %-5.*s  ", SL_ARG(level.null ? SL_STR("") : level.u.s));
    if (!source.null && source.u.s.n)
      sl_buf_printf(&s->line, "%.*s: ", SL_ARG(sl_str_head(source.u.s, 24)));
  }
  if (!text.null)
    sl_buf_str(&s->line, text.u.s);
  *role = bad_level(&level) ? SL_ROLE_bad : !level.null && sl_str_eqz(level.u.s, "warn") ? SL_ROLE_warn : SL_ROLE_text;
  *out = sl_buf_view(&s->line);
  return true;
}

/* ---- answers ---- */

/* The first error is where one wants to be; until it is found the view follows the end. */
static void logs_changed(struct sl_view *v, void *user)
{
  struct logs_state *s = sl_view_state(v);
  uint64_t n = sl_pane_count(s->pane);
  (void)user;
  for (uint64_t i = s->seen; i < n && !s->found && i < s->seen + 20000; i++) {
    struct sl_val level = sl_pane_val(s->pane, i, "level");
    if (bad_level(&level)) {
      s->found = true;
      sl_textw_goto(s->text, i > 2 ? i - 2 : 0);
    }
  }
  s->seen = n;
  sl_textw_changed(s->text);
}

static int logs_ask(struct sl_view *v, struct sl_filter *where, struct sl_err *err)
{
  struct logs_state *s = sl_view_state(v);
  struct sl_query like = *s->query, *q = NULL;
  like.where = where;
  int rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = s->pane ? sl_pane_ask(s->pane, q, err) : sl_pane_open(&s->pane, v, q, logs_changed, NULL, err);
  if (!rc) {
    sl_query_unref(s->query);
    s->query = sl_query_ref(q);
    s->seen = 0;
  }
  sl_query_unref(q);
  return rc;
}

static int logs_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct logs_state *s = sl_view_state(v);
  struct sl_buf scratch;
  struct sl_ref ref = {SL_STR_NONE, SL_STR("executions"), sl_str_trim(arg)}, parsed;
  const struct sl_text_source source = {.ctx = s, .count = logs_lines, .line = logs_line};
  s->v = v;
  sl_buf_init(&scratch, 0);
  sl_buf_init(&s->line, 1 << 20);
  sl_buf_init(&s->title, 4096);
  if (!sl_ref_parse(ref.id, &parsed, &scratch, NULL))
    ref = parsed;
  sl_buf_str(&s->title, ref.id);
  struct sl_query like = {.res = &sl_res_log, .kind = SL_Q_FOLLOW, .conn = ref.conn, .scope = ref.id};
  int rc = ref.id.n ? sl_query_new(&s->query, &like, err) : sl_err_set(err, SL_EUSAGE, "logs needs an execution; :executions lists them");
  if (!rc)
    rc = sl_textw_open(&s->text, v, &source, err);
  if (!rc)
    rc = logs_ask(v, NULL, err);
  sl_buf_free(&scratch);
  return rc;
}

static void logs_close(struct sl_view *v)
{
  struct logs_state *s = sl_view_state(v);
  sl_textw_close(s->text);
  sl_pane_close(s->pane);
  sl_query_unref(s->query);
  sl_buf_free(&s->line);
  sl_buf_free(&s->title);
}

static void logs_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct logs_state *s = sl_view_state(v);
  if (!sl_pane_draw_state(s->pane, g, r, "it has written nothing"))
    sl_textw_draw(s->text, g, r);
}

/* ---- filter, jump ---- */

/* A plain word means a regex over the text; whole filters (`level = error and text ~ "x"`) work too. */
static int filter_of(struct sl_view *v, const char *typed, struct sl_filter **out, struct sl_err *err)
{
  struct sl_err no = {0};
  sl_ms now = sl_ws_now(sl_view_ws(v));
  struct sl_buf b;
  *out = NULL;
  if (!typed[0])
    return SL_OK;
  if (!sl_filter_parse(out, sl_str(typed), now, NULL, &no))
    return SL_OK;
  sl_buf_init(&b, 1 << 16);
  sl_buf_z(&b, "text ~ '");
  for (const char *p = typed; *p; p++)
    sl_buf_add(&b, *p == '\'' ? "." : p, 1);
  sl_buf_ch(&b, '\'');
  int rc = sl_filter_parse(out, sl_buf_view(&b), now, NULL, err);
  sl_buf_free(&b);
  return rc;
}

static void filter_typed(struct sl_view *v, void *user, const char *text)
{
  struct sl_filter *f = NULL;
  struct sl_err err = {0};
  (void)user;
  if (!text)
    return;
  if (filter_of(v, text, &f, &err) || logs_ask(v, f, &err))
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
  sl_filter_unref(f);
}

static void time_typed(struct sl_view *v, void *user, const char *text)
{
  struct logs_state *s = sl_view_state(v);
  sl_ms at;
  (void)user;
  if (!text || !text[0])
    return;
  if (!sl_time_parse(sl_str(text), sl_ws_now(sl_view_ws(v)), sl_view_show(v)->tz, &at)) {
    sl_view_say(v, SL_ROLE_warn, "`%s` is no time; write 2026-11-20 06:00, -2h, today", text);
    return;
  }
  uint64_t lo = 0, hi = sl_pane_count(s->pane);
  while (lo < hi) { /* lines are in order of time */
    uint64_t mid = lo + (hi - lo) / 2;
    struct sl_val t = sl_pane_val(s->pane, mid, "time");
    if (!t.null && t.u.i < at)
      lo = mid + 1;
    else
      hi = mid;
  }
  sl_textw_goto(s->text, lo);
}

static void next_error(struct sl_view *v, struct logs_state *s)
{
  uint64_t n = sl_pane_count(s->pane);
  for (uint64_t i = sl_textw_top(s->text) + 3; i < n; i++) {
    struct sl_val level = sl_pane_val(s->pane, i, "level");
    if (bad_level(&level)) {
      sl_textw_goto(s->text, i > 2 ? i - 2 : 0);
      return;
    }
  }
  sl_view_say(v, SL_ROLE_dim, "no further error");
}

static enum sl_handled logs_command(struct sl_view *v, const char *command)
{
  struct logs_state *s = sl_view_state(v);
  if (!strcmp(command, "filter"))
    sl_view_prompt(v, "filter (a regex, or level = error and ...):", "", filter_typed, NULL);
  else if (!strcmp(command, "time"))
    sl_view_prompt(v, "jump to time:", "", time_typed, NULL);
  else if (!strcmp(command, "bare"))
    s->bare = !s->bare;
  else if (!strcmp(command, "next-error"))
    next_error(v, s);
  else if (!strcmp(command, "follow"))
    sl_textw_goto(s->text, UINT64_MAX);
  else if (!strcmp(command, "back") && s->query->where)
    filter_typed(v, NULL, "");
  else
    return sl_textw_command(s->text, command);
  return SL_HANDLED;
}

static void logs_crumb(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_printf(b, "log %.*s", SL_ARG(sl_buf_view(&((struct logs_state *)sl_view_state(v))->title)));
}

static void logs_count(struct sl_view *v, struct sl_buf *b)
{
  struct logs_state *s = sl_view_state(v);
  sl_buf_printf(b, "line %llu of %llu", (unsigned long long)sl_textw_top(s->text) + 1, (unsigned long long)sl_pane_count(s->pane));
}

static void logs_cmdline(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_printf(b, "logs %.*s", SL_ARG(sl_buf_view(&((struct logs_state *)sl_view_state(v))->title)));
}

static const struct sl_bind logs_binds[] = {
  {"follow", "F", "go to the end and follow it"},
  {"wrap", "W", "wrap long lines, or cut them"},
  {"time", "t", "jump to a time"},
  {"next-error", "E", "the next error"},
  {"bare", "T", "hide or show time, level and source"},
};

const struct sl_view_ops sl_view_logs = {
  .name = "logs",
  .title = "logs",
  .help = "Log lines as they come. It opens at the first error; F follows the end, E goes to the next error. / filters at the source, over "
          "all lines, not only the loaded ones: a regex, or a filter such as `level = error`.",
  .arg = "EXECUTION",
  .binds = logs_binds, .nbinds = sizeof logs_binds / sizeof logs_binds[0],
  .hints = "follow next-error filter find wrap time",
  .state_size = sizeof(struct logs_state),
  .open = logs_open,
  .close = logs_close,
  .draw = logs_draw,
  .command = logs_command,
  .key = NULL,
  .crumb = logs_crumb,
  .count = logs_count,
  .truth = NULL,
  .subject = NULL,
  .cmdline = logs_cmdline,
  .visible = NULL,
};
