/* ui/tablew_group.c: rows put together by what they hold, in the place where they stand: groups, the rows of one, and the way back. */
#include "ui/tablew_int.h"

/* Columns chosen for the rows say nothing about groups, and the other way round. */
static int ask(struct sl_tablew *t, struct sl_query *like)
{
  like->any_age = true;
  int rc = tw_ask(t, like);
  if (rc)
    return rc;
  sl_buf_clear(&t->columns);
  t->chosen = false;
  t->ncol = 0;
  t->at = t->top = 0;
  t->have_hash = false;
  tw_ask_anew(t);
  return SL_OK;
}

static void outer_drop(struct sl_tablew *t)
{
  sl_query_unref(t->outer);
  t->outer = NULL;
}

static void ungroup(struct sl_tablew *t)
{
  struct sl_query like = *t->query;
  like.group = like.want = NULL;
  like.order = NULL;
  ask(t, &like);
}

static void group_typed(struct sl_view *v, void *user, const char *text)
{
  struct sl_tablew *t = user;
  struct sl_err err = {0};
  struct sl_want *by = NULL;
  struct sl_query like = *t->query;
  if (!text)
    return;
  if (sl_want_parse(&by, sl_str(text), &err)) {
    sl_ui_say_err(v->ui, &err);
    return;
  }
  like.group = by;
  like.want = NULL;
  like.order = NULL;
  if (!by && t->query->group)
    ungroup(t);
  else if (by && !ask(t, &like))
    outer_drop(t);
  sl_want_unref(by);
}

/* The column that was gone to is the first guess. */
static void group(struct sl_tablew *t)
{
  struct sl_buf b;
  sl_buf_init(&b, SL_LINE_MAX);
  const struct tw_col *c = t->at_col && t->at_col < t->ncol ? &t->col[t->at_col] : NULL;
  if (t->query->group) {
    sl_want_text(&b, t->query->group);
  } else if (c && c->index != -1) {
    struct sl_name name = { c->index == -2 ? sl_str(sl_schema_col(t->schema, c->family)->name) : sl_str(c->name), tw_key(t, c) };
    sl_name_text(&b, &name);
  }
  sl_view_prompt(t->v, "group by (params.depth, state; empty: rows):", sl_buf_zstr(&b), group_typed, t);
  sl_buf_free(&b);
}

void tw_group_columns(struct sl_tablew *t, const char *text)
{
  struct sl_err err = {0};
  struct sl_query like = *t->query;
  struct sl_want *want = NULL;
  if (sl_want_parse(&want, sl_str(text), &err)) {
    sl_ui_say_err(t->v->ui, &err);
    return;
  }
  like.want = want;
  like.any_age = true;
  if (!tw_ask(t, &like)) {
    sl_buf_clear(&t->columns);
    sl_buf_str(&t->columns, sl_str_trim(sl_str(text)));
    t->at_col = t->left_col = 0;
  }
  sl_want_unref(want);
}

/* ---- the rows of a group ---- */

static int both(struct sl_tablew *t, struct sl_str where, struct sl_filter **out, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  if (t->query->where)
    sl_buf_printf(&b, "(%.*s) and ", SL_ARG(sl_filter_text(t->query->where)));
  sl_buf_str(&b, where);
  int rc = sl_buf_check(&b, err);
  rc = rc ? rc : sl_filter_parse(out, sl_buf_view(&b), sl_ws_now(sl_view_ws(t->v)), sl_ws_tz(sl_view_ws(t->v)), err);
  sl_buf_free(&b);
  return rc;
}

static void open_group(struct sl_tablew *t)
{
  struct sl_subject s = {0};
  struct sl_err err = {0};
  struct sl_query like = *t->query, *outer;
  if (!sl_tablew_subject(t, &s))
    return;
  int c = sl_schema_find(sl_batch_schema(s.batch), SL_STR("where"));
  struct sl_val where = c < 0 ? sl_null(SL_TEXT) : sl_batch_get(s.batch, s.row, (unsigned)c);
  if (where.null) {
    sl_view_say(t->v, SL_ROLE_warn, "a NaN is equal to nothing: no filter finds these rows");
    return;
  }
  like.group = like.want = NULL;
  like.order = NULL;
  like.where = NULL;
  outer = sl_query_ref(t->query);
  bool filtered = t->filtered;
  if (both(t, where.u.s, &like.where, &err))
    sl_ui_say_err(t->v->ui, &err);
  else if (!ask(t, &like)) {
    outer_drop(t);
    t->outer = sl_query_ref(outer);
    t->outer_filtered = filtered;
    t->filtered = false;
  }
  sl_filter_unref(like.where);
  sl_query_unref(outer);
}

static void close_group(struct sl_tablew *t)
{
  struct sl_query like = *t->outer;
  if (ask(t, &like))
    return;
  t->filtered = t->outer_filtered;
  outer_drop(t);
}

bool tw_group_command(struct sl_tablew *t, const char *command)
{
  bool grouped = sl_pane_answer(t->pane)->grouped && t->query->group;
  if (!strcmp(command, "group"))
    group(t);
  else if (!strcmp(command, "enter") && grouped)
    open_group(t);
  else if (!strcmp(command, "back") && t->outer)
    close_group(t);
  else if (!strcmp(command, "back") && t->query->group && !t->filtered)
    ungroup(t);
  else if (!strcmp(command, "mark") && grouped)
    sl_view_say(t->v, SL_ROLE_dim, "Enter opens a group; its rows can be marked");
  else
    return false;
  return true;
}

void sl_tablew_crumb(const struct sl_tablew *t, struct sl_buf *b)
{
  if (t->query->group) {
    sl_buf_z(b, " by ");
    sl_want_text(b, t->query->group);
  } else if (t->outer && t->query->where) {
    sl_buf_z(b, " where ");
    sl_buf_str(b, sl_filter_text(t->query->where));
  }
}
