/* ui/actions.c: what can be done to the row under the cursor, and where it leads: both from the resource's description. */
#include <stdio.h>

#include "model/judge.h"
#include "ui/ui_int.h"
#include "ui/widgets.h"

/* ---- a copy of the subject that outlives the turn ---- */

struct todo {
  const struct sl_resource *res;
  const struct sl_action *act[32];
  size_t n, chosen;
  char **target; size_t ntarget, cap_target;   /* refs: the marked rows, else the one under the cursor */
  struct sl_val args[SL_ACTION_ARGS];
  struct sl_buf text[SL_ACTION_ARGS];
  size_t at;
};

static void todo_free(void *user)
{
  struct todo *t = user;
  for (size_t i = 0; i < t->ntarget; i++)
    sl_free(t->target[i]);
  sl_free(t->target);
  for (size_t i = 0; i < SL_ACTION_ARGS; i++)
    sl_buf_free(&t->text[i]);
  sl_free(t);
}

static int todo_add(struct todo *t, struct sl_str ref)
{
  int rc = sl_grow((void **)&t->target, &t->cap_target, t->ntarget + 1, sizeof *t->target, 100000, NULL);
  char *text = rc ? NULL : sl_strndup(ref.p, ref.n);
  if (!text)
    return SL_ENOMEM;
  t->target[t->ntarget++] = text;
  return SL_OK;
}

static struct todo *todo_new(const struct sl_resource *res)
{
  struct todo *t = sl_calloc(1, sizeof *t);
  if (!t)
    return NULL;
  t->res = res;
  for (size_t i = 0; i < SL_ACTION_ARGS; i++)
    sl_buf_init(&t->text[i], 1 << 16);
  return t;
}

/* What it is to be done to. */
static struct todo *todo_of(struct sl_view *v, const struct sl_subject *s)
{
  struct sl_tablew *table = v->ops->table ? v->ops->table(v) : NULL;
  size_t marked = table ? sl_tablew_marked(table) : 0;
  struct todo *t = todo_new(s->res);
  struct sl_buf ref;
  int rc = t ? SL_OK : SL_ENOMEM;
  sl_buf_init(&ref, 1 << 16);
  for (size_t i = 0; i < marked && !rc; i++)
    rc = todo_add(t, sl_tablew_mark(table, i));
  if (!rc && !marked) {
    sl_ref_text(&ref, &s->ref);
    rc = todo_add(t, sl_buf_view(&ref));
  }
  sl_buf_free(&ref);
  if (rc && t)
    todo_free(t);
  return rc ? NULL : t;
}

static void todo_plan(struct sl_ui *ui, struct todo *t)
{
  struct sl_ref *ref = sl_calloc(t->ntarget, sizeof *ref);
  struct sl_buf *scratch = sl_calloc(t->ntarget, sizeof *scratch);
  struct sl_err err = {0};
  int rc = ref && scratch ? SL_OK : sl_err_nomem(&err);
  for (size_t i = 0; i < t->ntarget && !rc; i++) {
    sl_buf_init(&scratch[i], 0);
    rc = sl_ref_parse(sl_str(t->target[i]), &ref[i], &scratch[i], &err);
  }
  if (rc)
    sl_ui_say_err(ui, &err);
  else if (sl_ui_top(ui))
    sl_view_act(sl_ui_top(ui), t->act[t->chosen], t->res, ref, t->ntarget, t->args);
  for (size_t i = 0; scratch && i < t->ntarget; i++)
    sl_buf_free(&scratch[i]);
  sl_free(scratch);
  sl_free(ref);
}

/* ---- arguments, one prompt each ---- */

struct asking { struct sl_ui *ui; struct todo *t; };
static void ask_next(struct sl_ui *ui, struct todo *t);

static int arg_take(struct todo *t, const struct sl_arg *a, struct sl_str text, struct sl_ui *ui)
{
  struct sl_val *v = &t->args[t->at];
  struct sl_buf *b = &t->text[t->at];
  *v = sl_null(a->type);
  if (!text.n)
    return a->required ? (sl_ui_say(ui, SL_ROLE_warn, "%s is needed; nothing was done", a->name), SL_EUSAGE) : SL_OK;
  if (a->type == SL_LIST) {
    struct sl_str word;
    while (sl_str_cut(&text, ' ', &word))
      if (word.n)
        sl_list_add(b, word);
    *v = sl_vas(SL_LIST, sl_buf_view(b));
  } else if (a->type == SL_BOOL) {
    bool yes = sl_str_eqz(text, "yes") || sl_str_eqz(text, "true") || sl_str_eqz(text, "y");
    if (!yes && !sl_str_eqz(text, "no") && !sl_str_eqz(text, "false") && !sl_str_eqz(text, "n"))
      return sl_ui_say(ui, SL_ROLE_warn, "%s is yes or no; nothing was done", a->name), SL_EUSAGE;
    *v = sl_vb(yes);
  } else if (a->type == SL_I64) {
    int64_t n;
    if (!sl_str_i64(text, &n))
      return sl_ui_say(ui, SL_ROLE_warn, "%s is a number; nothing was done", a->name), SL_EUSAGE;
    *v = sl_vi(n);
  } else {
    sl_buf_str(b, text);
    *v = sl_vas(a->type, sl_buf_view(b));
  }
  return SL_OK;
}

static void arg_typed(void *user, const char *text)
{
  struct asking *k = user;
  struct todo *t = k->t;
  struct sl_ui *ui = k->ui;
  sl_free(k);
  if (!text || arg_take(t, &t->act[t->chosen]->args[t->at], sl_str_trim(sl_str(text)), ui)) {
    todo_free(t);
    return;
  }
  t->at++;
  ask_next(ui, t);
}

static void ask_next(struct sl_ui *ui, struct todo *t)
{
  const struct sl_action *a = t->act[t->chosen];
  while (t->at < a->nargs && t->at < SL_ACTION_ARGS && (a->args[t->at].computed || a->args[t->at].quiet))
    t->at++;
  if (t->at == a->nargs || t->at == SL_ACTION_ARGS) {
    todo_plan(ui, t);
    todo_free(t);
    return;
  }
  struct asking *k = sl_calloc(1, sizeof *k);
  if (!k) {
    todo_free(t);
    return;
  }
  *k = (struct asking){ ui, t };
  char label[160];
  const struct sl_arg *arg = &a->args[t->at];
  snprintf(label, sizeof label, "%s %s (%s%s):", a->name, arg->name, arg->help, arg->required ? "" : ", Enter: none");
  sl_prompt_open(ui, label, arg->dflt, false, arg_typed, k);
}

static void action_chosen(struct sl_ui *ui, void *user, size_t i)
{
  const struct todo *from = user;
  struct todo *t = todo_new(from->res);
  int rc = t ? SL_OK : SL_ENOMEM;
  for (size_t k = 0; k < from->ntarget && !rc; k++)
    rc = todo_add(t, sl_str(from->target[k]));
  if (rc) {
    if (t)
      todo_free(t);
    return;
  }
  memcpy(t->act, from->act, sizeof t->act);
  t->n = from->n;
  t->chosen = i;
  for (size_t k = 0; k < SL_ACTION_ARGS && k < t->act[i]->nargs; k++)
    t->args[k] = sl_null(t->act[i]->args[k].type);
  ask_next(ui, t);
}

/* False where the action's `when` says no to this row: then its text is the reason. */
static bool applies(const struct sl_action *a, const struct sl_subject *s)
{
  struct sl_filter *f = NULL;
  uint8_t keep[SL_BATCH_ROWS];
  bool yes = true;
  if (!a->when || !s->batch)
    return true;
  if (!sl_filter_parse(&f, sl_str(a->when), 0, NULL, NULL) && f && !sl_filter_run(f, s->batch, keep, NULL))
    yes = keep[s->row] != 0;
  sl_filter_unref(f);
  return yes;
}

/* The row under the cursor is what it is done to: not where another one is marked. */
static bool is_here(const struct todo *t, const struct sl_subject *s)
{
  struct sl_buf ref;
  sl_buf_init(&ref, 1 << 16);
  sl_ref_text(&ref, &s->ref);
  bool here = t->ntarget == 1 && sl_str_eqz(sl_buf_view(&ref), t->target[0]);
  sl_buf_free(&ref);
  return here;
}

static void title_put(const struct todo *t, char *out, size_t size)
{
  struct sl_ref ref;
  struct sl_buf scratch;
  sl_buf_init(&scratch, 0);
  if (t->ntarget > 1)
    snprintf(out, size, "%zu %s", t->ntarget, t->res->name);
  else if (sl_ref_parse(sl_str(t->target[0]), &ref, &scratch, NULL))
    snprintf(out, size, "%s", t->res->name);
  else if (ref.id.n <= 60)
    snprintf(out, size, "%s %.*s", t->res->name, SL_ARG(ref.id));
  else /* of a path the end says most */
    snprintf(out, size, "%s %.*s...%.*s", t->res->name, SL_ARG(sl_str_head(ref.id, 18)), SL_ARG(sl_str_from(ref.id, ref.id.n - 39)));
  sl_buf_free(&scratch);
}

void sl_actions_open(struct sl_ui *ui)
{
  struct sl_view *v = sl_ui_top(ui);
  struct sl_subject s = {0};
  struct sl_menu_item item[32];
  char off[32][96], title[128];
  if (!v || !v->ops->subject || !v->ops->subject(v, &s) || !s.res || !s.res->actions || !s.res->actions[0]) {
    sl_ui_say(ui, SL_ROLE_dim, "nothing can be done to this row");
    return;
  }
  struct todo *t = todo_of(v, &s);
  if (!t)
    return;
  bool here = is_here(t, &s); /* of others, each is looked at by the plan */
  for (size_t i = 0; s.res->actions[i] && t->n < 32; i++) {
    const struct sl_action *a = s.res->actions[i];
    if (!sl_ws_offers(ui->ws, a))
      continue;
    bool yes = !here || applies(a, &s);
    snprintf(off[t->n], sizeof off[t->n], "only when %s", a->when ? a->when : "");
    item[t->n] = (struct sl_menu_item){ a->name, a->help, yes ? NULL : off[t->n] };
    t->act[t->n++] = a;
  }
  if (!t->n) {
    todo_free(t);
    sl_ui_say(ui, SL_ROLE_dim, "nothing can be done to this row");
    return;
  }
  title_put(t, title, sizeof title);
  sl_menu_open(ui, title, item, t->n, action_chosen, t, todo_free);
}

/* ---- links: columns that lead to another resource ---- */

/* ref: a row; or, where res says so, what is asked of that resource about this row. */
struct links { char *ref[16]; const struct sl_resource *res[16]; size_t n; };

static void links_free(void *user)
{
  struct links *l = user;
  for (size_t i = 0; i < l->n; i++)
    sl_free(l->ref[i]);
  sl_free(l);
}

static void link_chosen(struct sl_ui *ui, void *user, size_t i)
{
  const struct links *l = user;
  if (sl_ui_top(ui) && l->res[i])
    sl_ui_go_about(ui, l->res[i], sl_str(l->ref[i]));
  else if (sl_ui_top(ui))
    sl_view_go_ref(sl_ui_top(ui), sl_str(l->ref[i]));
}

/* The value of a linking column is the other row's id, or its whole ref. */
static char *link_ref(const struct sl_subject *s, const struct sl_col *c, const struct sl_val *v)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  struct sl_ref r = {s->ref.conn, sl_str(c->link), v->u.s};
  if (v->type == SL_REF)
    sl_buf_str(&b, v->u.s);
  else
    sl_ref_text(&b, &r);
  size_t n;
  return sl_buf_take(&b, &n);
}

void sl_ui_go_about(struct sl_ui *ui, const struct sl_resource *res, struct sl_str ref)
{
  struct sl_buf b;
  if (sl_ui_view_find(ui, sl_str(res->name))) {
    sl_ui_go(ui, res->name, ref);
    return;
  }
  sl_buf_init(&b, 1 << 16);
  sl_buf_printf(&b, "%s %.*s", res->name, SL_ARG(ref));
  sl_ui_go(ui, "table", sl_buf_view(&b));
  sl_buf_free(&b);
}

static bool named_in(const char *list, const char *name)
{
  struct sl_str rest = sl_str(list), one;
  while (sl_str_cut(&rest, ',', &one))
    if (sl_str_eqz(one, name))
      return true;
  return false;
}

static void link_add(struct links *l, struct sl_menu_item *item, const char *name, const char *detail, char *ref,
                     const struct sl_resource *res)
{
  if (!ref)
    return;
  l->ref[l->n] = ref;
  l->res[l->n] = res;
  item[l->n++] = (struct sl_menu_item){ name, detail ? detail : ref, NULL };
}

/* What can be asked about this row: its lineage. */
static void links_about(struct sl_ui *ui, const struct sl_subject *s, struct links *l, struct sl_menu_item *item)
{
  for (size_t i = 0; sl_resources[i] && l->n < 16; i++) {
    const struct sl_resource *r = sl_resources[i];
    if (!r->about || !s->res || !named_in(r->about, s->res->name) || !sl_ws_serves(ui->ws, r))
      continue;
    struct sl_buf b;
    sl_buf_init(&b, 1 << 16);
    sl_ref_text(&b, &s->ref);
    link_add(l, item, r->name, r->help, sl_buf_take(&b, NULL), r);
  }
}

void sl_links_open(struct sl_ui *ui)
{
  struct sl_view *v = sl_ui_top(ui);
  struct sl_subject s = {0};
  struct sl_menu_item item[16];
  struct links *l = sl_calloc(1, sizeof *l);
  if (!l || !v || !v->ops->subject || !v->ops->subject(v, &s) || !s.batch) {
    sl_free(l);
    sl_ui_say(ui, SL_ROLE_dim, "this leads nowhere");
    return;
  }
  struct sl_schema *schema = sl_batch_schema(s.batch);
  for (size_t i = 0; i < sl_schema_count(schema) && l->n < 15; i++) {
    const struct sl_col *c = sl_schema_col(schema, i);
    struct sl_val val = c->link || c->type == SL_REF ? sl_batch_get(s.batch, s.row, (unsigned)i) : sl_null(SL_TEXT);
    if (!val.null && (val.type == SL_TEXT || val.type == SL_REF || val.type == SL_URI) && val.u.s.n)
      link_add(l, item, c->name, NULL, link_ref(&s, c, &val), NULL);
  }
  links_about(ui, &s, l, item);
  if (l->n == 1) {
    link_chosen(ui, l, 0);
    links_free(l);
  } else if (l->n) {
    sl_menu_open(ui, "leads to", item, l->n, link_chosen, l, links_free);
  } else {
    links_free(l);
    sl_ui_say(ui, SL_ROLE_dim, "this leads nowhere");
  }
}
