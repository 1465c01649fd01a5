/* ui/tablew.c: the table over a query. State is the cursor's row by hash, the marks, the order, the filter: never a pointer into rows,
 * so that a
 * row which vanishes never makes us act on its neighbour. */
#include <stdio.h>

#include "base/fmt.h"
#include "ui/tablew_int.h"

enum { NEAR = 4096, FIND_ROWS = 50000 };

const struct sl_bind sl_tablew_binds[1] = {{"reverse-sort", "S", "turn the order round"}};
const size_t sl_tablew_nbinds = 1;

/* ---- open, ask ---- */

static void on_changed(struct sl_view *v, void *user)
{
  struct sl_tablew *t = user;
  (void)t;
  sl_view_dirty(v);
}

int sl_tablew_open(struct sl_tablew **out, struct sl_view *v, struct sl_query *q, const struct sl_tablew_opts *o, struct sl_err *err)
{
  struct sl_tablew *t = sl_calloc(1, sizeof *t);
  if (!t)
    return sl_err_nomem(err);
  t->v = v;
  if (o)
    t->o = *o;
  sl_buf_init(&t->columns, 1 << 16);
  sl_buf_init(&t->group_columns, 1 << 20);
  int rc = sl_pane_open(&t->pane, v, q, on_changed, t, err);
  if (rc) {
    sl_free(t);
    return rc;
  }
  t->query = sl_query_ref(q);
  t->filtered = q->where != NULL;
  *out = t;
  return SL_OK;
}

static void marks_forget(struct sl_tablew *t)
{
  while (t->nmark)
    sl_free(t->mark[--t->nmark].ref);
}

void sl_tablew_close(struct sl_tablew *t)
{
  if (!t)
    return;
  sl_pane_close(t->pane);
  sl_query_unref(t->query);
  sl_schema_unref(t->schema);
  sl_buf_free(&t->columns);
  sl_buf_free(&t->group_columns);
  sl_query_unref(t->outer);
  marks_forget(t);
  sl_free(t->mark);
  sl_free(t);
}

int sl_tablew_ask(struct sl_tablew *t, struct sl_query *q, struct sl_err *err)
{
  int rc = sl_pane_ask(t->pane, q, err);
  if (rc)
    return rc;
  struct sl_query *old = t->query;
  t->query = sl_query_ref(q);
  sl_query_unref(old);
  return SL_OK;
}

/* Other rows: which of their keys are shown is asked again; the column under the cursor stays where it still is there. */
void tw_ask_anew(struct sl_tablew *t)
{
  const char *best = t->o.columns ? t->o.columns : t->query->res ? t->query->res->columns : NULL;
  t->picking = !t->chosen && best && strstr(best, ".?");
  t->picked = NULL;
}

struct sl_pane *sl_tablew_pane(struct sl_tablew *t) { return t->pane; }
size_t sl_tablew_marked(struct sl_tablew *t) { return t->nmark; }
struct sl_str sl_tablew_mark(const struct sl_tablew *t, size_t i) { return i < t->nmark ? sl_str(t->mark[i].ref) : SL_STR_NONE; }

static void mark_drop(struct sl_tablew *t, size_t i)
{
  sl_free(t->mark[i].ref);
  memmove(&t->mark[i], &t->mark[i + 1], (--t->nmark - i) * sizeof *t->mark);
}

void sl_tablew_unmark(struct sl_tablew *t, struct sl_str ref)
{
  for (size_t i = t->nmark; i-- > 0;)
    if (sl_str_eqz(ref, t->mark[i].ref))
      mark_drop(t, i);
}

int tw_ask(struct sl_tablew *t, const struct sl_query *like)
{
  struct sl_query *q = NULL;
  struct sl_err err = {0};
  int rc = sl_query_new(&q, like, &err);
  if (!rc)
    rc = sl_tablew_ask(t, q, &err);
  sl_query_unref(q);
  if (rc)
    sl_ui_say_err(t->v->ui, &err);
  return rc;
}

/* The same question with another filter or order. */
static int ask_like(struct sl_tablew *t, struct sl_filter *where, struct sl_order *order)
{
  struct sl_query like = *t->query;
  like.where = where;
  like.order = order;
  like.any_age = true; /* a statement is not run again for it; r does */
  return tw_ask(t, &like);
}

/* ---- the cursor keeps its row ---- */

static void remember(struct sl_tablew *t)
{
  struct sl_snap *s = sl_pane_answer(t->pane)->snap;
  t->have_hash = s && t->at < sl_snap_count(s);
  t->at_hash = t->have_hash ? sl_snap_hash(s, t->at) : 0;
}

static void found_later(void *user) { sl_view_dirty(((struct sl_tablew *)user)->v); }

void tw_follow(struct sl_tablew *t)
{
  struct sl_snap *s = sl_pane_answer(t->pane)->snap;
  uint64_t n = s ? sl_snap_count(s) : 0;
  if (!t->have_hash || !n) {
    if (n && t->at < n)
      remember(t);
    return;
  }
  if (t->at < n && sl_snap_hash(s, t->at) == t->at_hash)
    return;
  for (uint64_t d = 1; d < NEAR; d++) {
    if (t->at + d < n && sl_snap_hash(s, t->at + d) == t->at_hash) {
      t->at += d;
      return;
    }
    if (d <= t->at && t->at - d < n && sl_snap_hash(s, t->at - d) == t->at_hash) {
      t->at -= d;
      return;
    }
  }
  uint64_t pos = UINT64_MAX;
  if (sl_snap_find(s, &t->at_hash, 1, &pos, found_later, t, NULL) == SL_EAGAIN)
    return;
  if (pos != UINT64_MAX)
    t->at = pos;
  else
    t->have_hash = false; /* gone: the cursor stays where it was, on another row, and forgets the old one */
}

static void moved(struct sl_tablew *t)
{
  remember(t);
  if (t->o.moved)
    t->o.moved(t->v);
}

static bool move(struct sl_tablew *t, const char *command)
{
  int64_t by;
  if (!sl_move_by(command, t->rows > 1 ? (uint64_t)t->rows - 1 : 1, &by))
    return false;
  uint64_t at = sl_move_to(t->at, sl_pane_count(t->pane), by);
  if (at != t->at) {
    t->at = at;
    moved(t);
  }
  return true;
}

/* ---- marks ---- */

bool tw_marked(const struct sl_tablew *t, uint64_t hash)
{
  for (size_t i = 0; i < t->nmark; i++)
    if (t->mark[i].hash == hash)
      return true;
  return false;
}

static void mark(struct sl_tablew *t)
{
  remember(t);
  if (!t->have_hash)
    return;
  for (size_t i = 0; i < t->nmark; i++)
    if (t->mark[i].hash == t->at_hash) {
      mark_drop(t, i);
      move(t, "down");
      return;
    }
  const struct sl_batch *b;
  uint32_t row;
  if (!sl_pane_row(t->pane, t->at, &b, &row)) /* on the disk still: painted, and marked, in a moment */
    return;
  struct sl_buf ref;
  sl_buf_init(&ref, 1 << 16);
  sl_batch_ref_text(b, row, &ref);
  char *text = sl_buf_take(&ref, NULL);
  if (!text)
    return;
  if (sl_grow((void **)&t->mark, &t->mark_cap, t->nmark + 1, sizeof *t->mark, TW_MARKS, NULL)) {
    sl_view_say(t->v, SL_ROLE_warn, "%d rows are marked; no more", TW_MARKS);
    sl_free(text);
    return;
  }
  t->mark[t->nmark++] = (struct tw_mark){ t->at_hash, text };
  move(t, "down");
}

/* ---- filter, sort, columns, find ---- */

static void filter_typed(struct sl_view *v, void *user, const char *text)
{
  struct sl_tablew *t = user;
  struct sl_filter *f = NULL;
  struct sl_err err = {0};
  if (!text)
    return;
  int rc = sl_filter_parse(&f, sl_str(text), sl_ws_now(sl_view_ws(v)), sl_ws_tz(sl_view_ws(v)), &err);
  if (!rc && f && t->schema && !t->query->group) /* which is of the groups: the filter is of the rows */
    rc = sl_filter_check(f, t->schema, &err);
  if (rc)
    sl_ui_say_err(v->ui, &err);
  else {
    t->filtered = !ask_like(t, f, t->query->order) && f;
    tw_ask_anew(t);
  }
  sl_filter_unref(f);
}

static void filter(struct sl_tablew *t)
{
  char now[1024];
  snprintf(now, sizeof now, "%.*s", t->query->where ? (int)sl_filter_text(t->query->where).n : 0,
           t->query->where ? sl_filter_text(t->query->where).p : "");
  sl_view_prompt(t->v, "filter:", now, filter_typed, t);
}

/* Keys are anything, so they are quoted by what they do not hold. */
static bool order_text(const struct sl_tablew *t, const struct tw_col *c, bool desc, struct sl_buf *out)
{
  struct sl_str key = tw_key(t, c);
  char quote = sl_str_chr(key, '"') < 0 ? '"' : '`';
  sl_buf_z(out, desc ? "-" : "");
  if (!key.p) {
    sl_buf_z(out, c->name);
    return true;
  }
  sl_buf_printf(out, "%s.%c%.*s%c", sl_schema_col(t->schema, c->family)->name, quote, SL_ARG(key), quote);
  return sl_str_chr(key, quote) < 0;
}

static void sort(struct sl_tablew *t, bool turn)
{
  bool desc = false;
  struct sl_order *o = NULL;
  struct sl_err err = {0};
  struct sl_buf text;
  if (!t->ncol)
    return;
  const struct tw_col *c = &t->col[t->at_col];
  bool same = tw_sorted(t, c, &desc), down = (same || turn) && !desc;
  sl_buf_init(&text, SL_LINE_MAX);
  if (!order_text(t, c, down, &text))
    sl_view_say(t->v, SL_ROLE_warn, "this key holds both kinds of quotes; rows cannot be ordered by it");
  else if (sl_order_parse(&o, sl_buf_view(&text), &err))
    sl_ui_say_err(t->v->ui, &err);
  else if (!ask_like(t, t->query->where, o))
    sl_view_say(t->v, SL_ROLE_dim, "sorted by %s%s; h and l choose the column", c->name, down ? ", descending" : "");
  sl_buf_free(&text);
  sl_order_unref(o);
}

const struct sl_query *sl_tablew_query(const struct sl_tablew *t) { return t->query; }
struct sl_str sl_tablew_columns(const struct sl_tablew *t) { return sl_buf_view(&t->columns); }

void sl_tablew_choose(struct sl_tablew *t, struct sl_str columns)
{
  sl_buf_clear(&t->columns);
  sl_buf_str(&t->columns, sl_str_trim(columns));
  t->ncol = 0;
  t->at_col = t->left_col = 0;
}

static void columns_typed(struct sl_view *v, void *user, const char *text)
{
  struct sl_tablew *t = user;
  (void)v;
  if (text && t->query->group)
    tw_group_columns(t, text);
  else if (text)
    sl_tablew_choose(t, sl_str(text));
}

static void columns(struct sl_tablew *t)
{
  struct sl_buf b;
  sl_buf_init(&b, SL_LINE_MAX);
  for (size_t i = 0; i < t->ncol && !t->query->group; i++)
    sl_buf_printf(&b, "%s%s", i ? "," : "", t->col[i].name);
  if (t->query->group)
    sl_buf_str(&b, t->columns.n ? sl_buf_view(&t->columns) : sl_buf_view(&t->group_columns));
  sl_view_prompt(t->v, "columns (metrics.* for a family; empty: defaults):", sl_buf_zstr(&b), columns_typed, t);
  sl_buf_free(&b);
}

static bool row_holds(struct sl_tablew *t, uint64_t pos, struct sl_buf *scratch)
{
  const struct sl_batch *b;
  uint32_t row;
  if (!sl_pane_row(t->pane, pos, &b, &row))
    return false;
  for (size_t i = 0; i < t->ncol; i++) {
    enum sl_role role;
    sl_buf_clear(scratch);
    tw_cell(t, &t->col[i], b, row, scratch, &role);
    if (strcasestr(sl_buf_zstr(scratch), t->find))
      return true;
  }
  return false;
}

static void find(struct sl_tablew *t, int step)
{
  uint64_t n = sl_pane_count(t->pane), pos = t->at;
  struct sl_buf scratch;
  if (!n || !t->find[0])
    return;
  sl_buf_init(&scratch, 1 << 20);
  uint64_t look = n < FIND_ROWS ? n : FIND_ROWS, i = 0;
  for (; i < look; i++) {
    pos = step > 0 ? (pos + 1) % n : (pos + n - 1) % n;
    if (row_holds(t, pos, &scratch))
      break;
  }
  if (i < look) {
    t->at = pos;
    moved(t);
  } else {
    sl_view_say(t->v, SL_ROLE_warn, "`%s` is not in the %llu rows looked at%s", t->find, (unsigned long long)look,
                look < n ? "; a filter looks at all" : "");
  }
  sl_buf_free(&scratch);
}

static void find_typed(struct sl_view *v, void *user, const char *text)
{
  struct sl_tablew *t = user;
  (void)v;
  if (!text)
    return;
  snprintf(t->find, sizeof t->find, "%s", text);
  find(t, 1);
}

static void export_typed(struct sl_view *v, void *user, const char *text)
{
  struct sl_tablew *t = user;
  struct sl_ui *ui = v->ui;
  if (text && text[0])
    ui->o.export_rows(ui->o.user, t->query, text);
}

/* ---- commands ---- */

static void enter(struct sl_tablew *t)
{
  struct sl_subject s = {0};
  if (!sl_tablew_subject(t, &s))
    return;
  if (t->o.enter) {
    t->o.enter(t->v, &s);
    return;
  }
  sl_view_go_row(t->v, &s);
}

static bool asks(struct sl_tablew *t, const char *command)
{
  if (!strcmp(command, "filter"))
    filter(t);
  else if (!strcmp(command, "columns"))
    columns(t);
  else if (!strcmp(command, "find"))
    sl_view_prompt(t->v, "find:", t->find, find_typed, t);
  else if (!strcmp(command, "export") && t->v->ui->o.export_rows)
    sl_view_prompt(t->v, "export to (.csv .json .ndjson):", "", export_typed, t);
  else
    return false;
  return true;
}

enum sl_handled sl_tablew_command(struct sl_tablew *t, const char *command)
{
  if (move(t, command) || tw_group_command(t, command) || asks(t, command))
    return SL_HANDLED;
  if (!strcmp(command, "left") && t->at_col > 0)
    t->at_col--;
  else if (!strcmp(command, "right") && t->at_col + 1 < t->ncol)
    t->at_col++;
  else if (!strcmp(command, "sort") || !strcmp(command, "reverse-sort"))
    sort(t, !strcmp(command, "reverse-sort"));
  else if (!strcmp(command, "mark"))
    mark(t);
  else if (!strcmp(command, "unmark-all"))
    marks_forget(t);
  else if (!strcmp(command, "find-next"))
    find(t, 1);
  else if (!strcmp(command, "find-prev"))
    find(t, -1);
  else if (!strcmp(command, "enter"))
    enter(t);
  else if (!strcmp(command, "back") && t->filtered)
    filter_typed(t->v, t, "");
  else
    return SL_IGNORED;
  return SL_HANDLED;
}

bool sl_tablew_subject(struct sl_tablew *t, struct sl_subject *out)
{
  const struct sl_batch *b;
  uint32_t row;
  if (!sl_pane_row(t->pane, t->at, &b, &row))
    return false;
  bool group = sl_pane_answer(t->pane)->grouped; /* no row of any source: nothing can be done to it */
  *out = (struct sl_subject){ .res = group ? NULL : t->query->res, .batch = b, .row = row };
  out->ref = (struct sl_ref){ sl_batch_conn(b, row), group ? SL_STR("groups") : sl_str(t->query->res->name), sl_batch_id(b, row) };
  int uri = sl_schema_find(sl_batch_schema(b), SL_STR("uri"));
  if (uri >= 0) {
    struct sl_val v = sl_batch_get(b, row, (unsigned)uri);
    out->uri = v.null ? SL_STR_NONE : v.u.s;
  }
  return true;
}

void sl_tablew_count(struct sl_tablew *t, struct sl_buf *b)
{
  uint64_t n = sl_pane_count(t->pane);
  if (t->nmark)
    sl_buf_printf(b, "%zu marked  ", t->nmark);
  if (n)
    sl_buf_printf(b, "%llu of %llu", (unsigned long long)(t->at < n ? t->at + 1 : n), (unsigned long long)n);
}

static void names_option(struct sl_buf *b, const char *option, const struct sl_want *names)
{
  struct sl_buf text;
  sl_buf_init(&text, 1 << 16);
  sl_want_text(&text, names);
  sl_buf_z(b, option);
  sl_fmt_shell(b, sl_buf_view(&text));
  sl_buf_free(&text);
}

static void order_option(struct sl_buf *b, const struct sl_order *o)
{
  struct sl_buf text;
  sl_buf_init(&text, 1 << 16);
  for (size_t i = 0; i < sl_order_count(o); i++) {
    sl_buf_printf(&text, "%s%s", i ? "," : "", sl_order_key(o, i)->desc ? "-" : "");
    sl_name_text(&text, &sl_order_key(o, i)->name);
  }
  sl_buf_z(b, " --sort ");
  sl_fmt_shell(b, sl_buf_view(&text));
  sl_buf_free(&text);
}

void sl_tablew_cmdline(struct sl_tablew *t, struct sl_buf *b)
{
  const struct sl_query *q = t->query;
  if (q->kind == SL_Q_SQL) {
    sl_buf_z(b, "sql ");
    sl_fmt_shell(b, q->scope);
    return;
  }
  sl_buf_printf(b, "get %s", q->res->name);
  if (q->scope.n) {
    sl_buf_ch(b, ' ');
    sl_fmt_shell(b, q->scope);
  }
  if (q->conn.n) {
    sl_buf_z(b, " -c ");
    sl_fmt_shell(b, q->conn);
  }
  if (q->where) {
    sl_buf_z(b, " --filter ");
    sl_fmt_shell(b, sl_filter_text(q->where));
  }
  if (q->group)
    names_option(b, " --group-by ", q->group);
  if (q->group && q->want)
    names_option(b, " --columns ", q->want);
  if (q->order)
    order_option(b, q->order);
  if (q->deleted)
    sl_buf_z(b, " --deleted");
}
