/* views/artifacts.c: files of runs side by side: which there are, and of one its lines, its JSON values or its picture in every run. What
 * differs is worked out by the resource differences (judge/artifact.h); it is asked once, and again by r: files of a run do not change. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/scope.h"
#include "views/artifacts_int.h"

enum { AROUND = 2, SHIFT = 20 };
static const char *const no_options[] = { NULL };

/* ---- what was asked ---- */

static int query_of(const struct files_state *s, struct sl_query **out, struct sl_err *err)
{
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  some_runs_put(&s->runs, 0, &scope);
  sl_buf_ch(&scope, ' ');
  sl_scope_put(&scope, s->path.n ? sl_buf_zstr(&s->path) : ".", no_options);
  struct sl_query like = {.res = &sl_res_differences, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope)};
  int rc = sl_buf_check(&scope, err);
  rc = rc ? rc : sl_query_new(out, &like, err);
  sl_buf_free(&scope);
  return rc;
}

/* ---- cells ---- */

struct sl_str files_run_name(const struct files_state *s, size_t i)
{
  const struct sl_answer *a = sl_pane_answer(s->pane);
  const struct sl_schema *schema = a->snap ? sl_snap_schema(a->snap) : NULL;
  size_t at = sl_res_differences.ncols + i;
  return schema && at < sl_schema_count(schema) ? sl_str(sl_schema_col(schema, at)->name) : sl_str(s->runs.id[i]);
}

bool files_same(struct files_state *s, uint64_t row)
{
  struct sl_val v = sl_pane_val(s->pane, row, "verdict");
  return !v.null && sl_str_starts(v.u.s, SL_STR("same"));
}

/* A text as it is: bytes that are no UTF-8 stand escaped in JSON, and stay so. */
static void put_text(struct sl_buf *out, struct sl_str json)
{
  json_t *doc = NULL;
  struct sl_str t = sl_strn(json.p + 1, json.n - 2);
  if (memchr(t.p, '\\', t.n) && !sl_json_load(&doc, json, false, NULL))
    t = sl_strn(json_string_value(doc), json_string_length(doc));
  for (size_t i = 0; i < t.n; i++)
    if (t.p[i] == '\t')
      sl_buf_z(out, "    ");
    else
      sl_buf_ch(out, t.p[i]);
  json_decref(doc);
}

bool files_cell(struct files_state *s, uint64_t row, size_t run, struct sl_buf *out)
{
  const struct sl_batch *b;
  uint32_t at;
  if (!sl_pane_row(s->pane, row, &b, &at) || sl_res_differences.ncols + run >= sl_schema_count(sl_batch_schema(b)))
    return false;
  struct sl_val v = sl_batch_get(b, at, (unsigned)(sl_res_differences.ncols + run));
  if (v.null)
    return false;
  bool text = v.u.s.n >= 2 && v.u.s.p[0] == '"';
  if (text)
    put_text(out, v.u.s);
  else
    sl_buf_str(out, v.u.s);
  return true;
}

/* ---- lines ---- */

static void add(struct files_state *s, enum files_kind kind, uint64_t row, uint64_t skipped)
{
  if (!sl_grow((void **)&s->line, &s->cap_line, s->nline + 1, sizeof *s->line, FILES_LINES, NULL))
    s->line[s->nline++] = (struct files_line){ kind, row, skipped };
}

static enum files_kind kind_of(struct files_state *s, uint64_t row)
{
  struct sl_val v = sl_pane_val(s->pane, row, "kind");
  struct sl_str k = v.null ? SL_STR_NONE : v.u.s;
  return sl_str_eqz(k, "line") ? FILES_TEXT : sl_str_eqz(k, "json") ? FILES_VALUE : sl_str_eqz(k, "artifact") ? FILES_LISTED : FILES_FACT;
}

/* A picture in some run, and in no other one something else. */
static bool is_image(struct files_state *s, uint64_t row)
{
  bool any = false, other = false;
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  for (size_t i = 0; i < s->runs.n; i++) {
    sl_buf_clear(&b);
    if (!files_cell(s, row, i, &b))
      continue;
    any = any || sl_str_eqz(sl_buf_view(&b), "image");
    other = other || sl_str_eqz(sl_buf_view(&b), "text") || sl_str_eqz(sl_buf_view(&b), "json") || sl_str_eqz(sl_buf_view(&b), "binary");
  }
  sl_buf_free(&b);
  return any && !other;
}

/* Of what is the same only a little stays around what differs; of JSON nothing. */
static void gather(struct files_state *s)
{
  uint64_t n = sl_pane_count(s->pane), after = 0, held = 0;   /* held: rows before this one that were not added, all the same */
  s->nline = 0;
  s->differ = s->total = 0;
  s->image = false;
  for (uint64_t i = 0; i < n; i++) {
    enum files_kind kind = kind_of(s, i);
    bool same = files_same(s, i);
    struct sl_val name = kind == FILES_FACT ? sl_pane_val(s->pane, i, "name") : sl_null(SL_TEXT);
    s->image = s->image || (!name.null && sl_str_eqz(name.u.s, "content") && is_image(s, i));
    s->total += kind != FILES_FACT;
    s->differ += kind != FILES_FACT && !same;
    uint64_t around = kind == FILES_TEXT ? AROUND : 0;
    bool shown = kind == FILES_FACT || kind == FILES_LISTED || s->all || !same;
    if (!shown && after) {
      after--;
      shown = true;
    } else if (!shown) {
      held++;
    }
    if (!shown)
      continue;
    uint64_t back = !same && held < around ? held : !same ? around : 0;
    if (held > back)
      add(s, FILES_SKIP, i, held - back);
    for (uint64_t k = i - back; k < i; k++)
      add(s, kind, k, 0);
    held = 0;
    add(s, kind, i, 0);
    if (!same && kind == FILES_TEXT)
      after = around;
  }
  if (held)
    add(s, FILES_SKIP, n, held);
  s->cursor = s->cursor < s->nline ? s->cursor : s->nline ? s->nline - 1 : 0;
}

static void files_changed(struct sl_view *v, void *user)
{
  struct files_state *s = sl_view_state(v);
  (void)user;
  if (sl_pane_answer(s->pane)->done) /* what was read is not read again by itself */
    sl_pane_pause(s->pane, true);
  gather(s);
}

/* ---- open, close ---- */

static int files_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct files_state *s = sl_view_state(v);
  struct sl_query *q = NULL;
  struct sl_str rest = sl_str_trim(arg), ids;
  char *word = NULL;
  bool quoted;
  sl_buf_init(&s->path, 1 << 16);
  sl_buf_init(&s->uri, 1 << 16);
  sl_str_cut(&rest, ' ', &ids);
  int rc = some_runs_read(&s->runs, ids, SL_ART_RUNS, err);
  rc = rc ? rc : sl_scope_word(&rest, &word, &quoted, err);
  if (!rc && s->runs.n < 2)
    rc = sl_err_set(err, SL_EUSAGE, "artifacts needs two or more runs: mark them in :runs with Space, then C, then F");
  if (word && strcmp(word, ".") != 0)
    sl_buf_z(&s->path, word);
  sl_free(word);
  rc = rc ? rc : query_of(s, &q, err);
  rc = rc ? rc : sl_pane_open(&s->pane, v, q, files_changed, NULL, err);
  sl_query_unref(q);
  return rc;
}

static void files_close(struct sl_view *v)
{
  struct files_state *s = sl_view_state(v);
  files_images_close(s);
  sl_pane_close(s->pane);
  some_runs_free(&s->runs);
  sl_free(s->line);
  sl_buf_free(&s->path);
  sl_buf_free(&s->uri);
}

/* ---- drawing ---- */

static void view_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct files_state *s = sl_view_state(v);
  if (sl_pane_draw_state(s->pane, g, r, "none of these runs has a file there"))
    return;
  if (s->image && s->path.n)
    files_images_draw(v, s, g, r);
  else
    files_draw(s, g, r);
}

/* ---- commands ---- */

static void column_move(struct files_state *s, int by)
{
  if ((by < 0 && !s->col) || (by > 0 && s->col + 1 >= s->runs.n))
    return;
  s->col = by < 0 ? s->col - 1 : s->col + 1;
}

/* The next line that differs, or the one before; at the end it stays. */
static void change_find(struct files_state *s, int by)
{
  for (size_t i = s->cursor; by > 0 ? ++i < s->nline : i-- > 0;)
    if (s->line[i].kind != FILES_SKIP && s->line[i].kind != FILES_FACT && !files_same(s, s->line[i].row)) {
      s->cursor = i;
      return;
    }
}

static void address_of(const struct files_state *s, struct sl_str path, struct sl_buf *out)
{
  sl_buf_printf(out, "runs:/%s/%.*s", s->runs.id[s->col], SL_ARG(path));
}

/* A file of the list; of a file that is compared, its own preview in the run under the column. */
static void enter(struct sl_view *v, struct files_state *s)
{
  struct sl_buf b;
  const struct files_line *l = s->cursor < s->nline ? &s->line[s->cursor] : NULL;
  sl_buf_init(&b, 1 << 20);
  if (l && l->kind == FILES_LISTED) {
    struct sl_val name = sl_pane_val(s->pane, l->row, "name");
    char *path = name.null ? NULL : sl_strndup(name.u.s.p, name.u.s.n);
    some_runs_put(&s->runs, 0, &b);
    sl_buf_ch(&b, ' ');
    sl_scope_put(&b, path ? path : ".", no_options);
    sl_free(path);
    sl_view_go(v, "artifacts", sl_buf_view(&b));
  } else if (s->path.n) {
    address_of(s, sl_buf_view(&s->path), &b);
    sl_view_go(v, "preview", sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

static void export_typed(struct sl_view *v, void *user, const char *path)
{
  struct sl_query *q = NULL;
  struct sl_err err = {0};
  (void)user;
  if (!path || !path[0])
    return;
  if (query_of(sl_view_state(v), &q, &err))
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
  else
    sl_view_export(v, q, path);
  sl_query_unref(q);
}

static enum sl_handled files_command(struct sl_view *v, const char *command)
{
  struct files_state *s = sl_view_state(v);
  int64_t by;
  if (sl_move_by(command, 10, &by))
    s->cursor = (size_t)sl_move_to(s->cursor, s->nline, by);
  else if (!strcmp(command, "left") || !strcmp(command, "right"))
    column_move(s, command[0] == 'l' ? -1 : 1);
  else if (!strcmp(command, "next-change") || !strcmp(command, "prev-change"))
    change_find(s, command[0] == 'n' ? 1 : -1);
  else if (!strcmp(command, "shift-right"))
    s->shift += SHIFT;
  else if (!strcmp(command, "shift-left"))
    s->shift -= s->shift < SHIFT ? s->shift : SHIFT;
  else if (!strcmp(command, "all"))
    s->all = !s->all, gather(s);
  else if (!strcmp(command, "enter"))
    enter(v, s);
  else if (!strcmp(command, "export"))
    sl_view_prompt(v, "export to (.csv .json .ndjson):", "", export_typed, NULL);
  else if (!strcmp(command, "refresh"))
    sl_pane_pause(s->pane, false), sl_pane_refresh(s->pane);
  else
    return SL_IGNORED;
  return SL_HANDLED;
}

static void files_crumb(struct sl_view *v, struct sl_buf *b)
{
  struct files_state *s = sl_view_state(v);
  if (s->path.n)
    sl_buf_str(b, sl_buf_view(&s->path));
  else
    sl_buf_printf(b, "files of %zu runs", s->runs.n);
}

static void files_count(struct sl_view *v, struct sl_buf *b)
{
  struct files_state *s = sl_view_state(v);
  const char *what = !s->path.n ? "files" : s->nline && s->line[s->nline - 1].kind == FILES_FACT ? NULL : "places";
  for (size_t i = 0; i < s->nline && what && s->path.n; i++)
    if (s->line[i].kind == FILES_TEXT || s->line[i].kind == FILES_VALUE)
      what = s->line[i].kind == FILES_TEXT ? "lines" : "values";
  if (what && s->total)
    sl_buf_printf(b, "%llu of %llu %s differ", (unsigned long long)s->differ, (unsigned long long)s->total, what);
}

static bool files_subject(struct sl_view *v, struct sl_subject *out)
{
  struct files_state *s = sl_view_state(v);
  const struct files_line *l = s->cursor < s->nline ? &s->line[s->cursor] : NULL;
  struct sl_val name = l && l->kind == FILES_LISTED ? sl_pane_val(s->pane, l->row, "name") : sl_null(SL_TEXT);
  struct sl_str path = s->path.n ? sl_buf_view(&s->path) : name.null ? SL_STR_NONE : name.u.s;
  sl_buf_clear(&s->uri);
  address_of(s, path, &s->uri);
  if (!path.n || s->uri.failed)
    return false;
  *out = (struct sl_subject){ .res = &sl_res_objects, .uri = sl_buf_view(&s->uri) };
  out->ref = (struct sl_ref){ SL_STR_NONE, SL_STR("objects"), out->uri };
  return true;
}

static void files_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct files_state *s = sl_view_state(v);
  some_runs_cmdline(&s->runs, b);
  sl_buf_z(b, " --artifact ");
  sl_fmt_shell(b, s->path.n ? sl_buf_view(&s->path) : SL_STR("."));
  if (s->all)
    sl_buf_z(b, " --all");
}

static const struct sl_bind files_binds[] = {
  {"all", "A", "also what is the same in all runs; again: only what differs"},
  {"next-change", "]", "to the next line that differs"},
  {"prev-change", "[", "to the one before"},
  {"shift-right", ">", "text further to the right"},
  {"shift-left", "<", "text further to the left"},
};

const struct sl_view_ops sl_view_artifacts = {
  .name = "artifacts",
  .title = "artifacts",
  .help = "Files of runs side by side, the baseline first. The list shows how large each file is in each run, and where it is missing; "
          "Enter opens one: text line by line, JSON value by value (order and spacing do not count), pictures as shades, anything else by "
          "size and digest. ~ differs from the baseline, + stands only here, - stands only there. h and l choose a run, Enter previews its "
          "file.",
  .arg = "RUN,RUN,... [PATH]",
  .binds = files_binds, .nbinds = sizeof files_binds / sizeof files_binds[0],
  .hints = "enter all next-change export copy",
  .state_size = sizeof(struct files_state),
  .open = files_open,
  .close = files_close,
  .draw = view_draw,
  .command = files_command,
  .key = NULL,
  .crumb = files_crumb,
  .count = files_count,
  .truth = NULL,
  .subject = files_subject,
  .cmdline = files_cmdline,
  .visible = NULL,
};
