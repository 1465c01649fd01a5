/* ui/view.c: what the frame does for a view: its place on the stack, messages, prompts, actions, the way on and back. */
#include <stdio.h>

#include "ui/pane_int.h"
#include "ui/ui_int.h"

void *sl_view_state(struct sl_view *v) { return v->state; }
struct sl_ui *sl_view_ui(struct sl_view *v) { return v->ui; }
struct sl_ws *sl_view_ws(struct sl_view *v) { return v->ui->ws; }
void sl_view_dirty(struct sl_view *v) { v->ui->dirty = true; }
void sl_view_typing(struct sl_view *v, bool typing) { v->typing = typing; }
const struct sl_show *sl_view_show(struct sl_view *v) { return &v->ui->show; }

size_t sl_view_zone_rank(struct sl_view *v, struct sl_str zone)
{
  const struct sl_ws_conf *c = sl_ws_config(v->ui->ws);
  size_t n = 0, i = 0;
  const struct sl_zone *z = c ? sl_ws_conf_zones(c, &n) : NULL;
  while (i < n && !sl_str_eqz(zone, z[i].name))
    i++;
  return i;
}

void sl_view_say(struct sl_view *v, enum sl_role role, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(v->ui->msg, sizeof v->ui->msg, fmt, ap);
  va_end(ap);
  v->ui->msg_role = role;
  sl_ui_dirty_now(v->ui);
}

void sl_view_go(struct sl_view *v, const char *view, struct sl_str arg)
{
  sl_ui_go(v->ui, view, arg);
}

void sl_view_back(struct sl_view *v) { sl_ui_pop(v->ui); }

/* Which view shows a row best: its own where there is one of the resource's (singular) name, else the document. */
static const char *view_for(struct sl_ui *ui, struct sl_str res)
{
  static const struct { const char *res, *view; } best[] = {
    {"executions", "execution"}, {"steps", "execution"}, {"partitions", "lake"}, {"zones", "lake"}, {"objects", "preview"}, {"log",
        "logs"}, {"versions", "approval"}};
  for (size_t i = 0; i < sizeof best / sizeof best[0]; i++)
    if (sl_str_eqz(res, best[i].res) && sl_ui_view_find(ui, sl_str(best[i].view)))
      return best[i].view;
  return "describe";
}

void sl_view_go_ref(struct sl_view *v, struct sl_str ref)
{
  struct sl_buf scratch;
  struct sl_ref r;
  struct sl_err err = {0};
  sl_buf_init(&scratch, 0);
  if (sl_ref_parse(ref, &r, &scratch, &err))
    sl_ui_say_err(v->ui, &err);
  else if (sl_str_eqz(r.res, "objects") && sl_str_ends(r.id, SL_STR("/"))) { /* a folder is listed */
    char *arg = sl_asprintf("objects %.*s", SL_ARG(r.id));
    sl_ui_go(v->ui, "table", sl_str(arg ? arg : "objects"));
    sl_free(arg);
  } else
    sl_ui_go(v->ui, view_for(v->ui, r.res), ref);
  sl_buf_free(&scratch);
}

static bool text_is(const struct sl_subject *s, const char *col, const char *z)
{
  int c = s->batch ? sl_schema_find(sl_batch_schema(s->batch), sl_str(col)) : -1;
  struct sl_val v = c < 0 ? sl_null(SL_TEXT) : sl_batch_get(s->batch, s->row, (unsigned)c);
  return !v.null && sl_str_eqz(v.u.s, z);
}

/* The first of a row's `opens` that somebody serves here; none: nowhere. */
static struct sl_str opens_of(struct sl_view *v, const struct sl_resource *res)
{
  struct sl_str rest = res && res->opens ? sl_str(res->opens) : SL_STR_NONE, name;
  while (rest.n && sl_str_cut(&rest, ',', &name)) {
    const struct sl_resource *to = sl_resource_find(name);
    if (to && sl_ws_serves(v->ui->ws, to))
      return name;
  }
  return SL_STR_NONE;
}

/* A prefix is listed; rows without a view of their own lead to the rows that belong to them. */
void sl_view_go_row(struct sl_view *v, const struct sl_subject *s)
{
  const char *view = view_for(v->ui, s->ref.res);
  bool lists = !strcmp(view, "describe") || text_is(s, "kind", "prefix");
  struct sl_str to = lists ? opens_of(v, s->res) : SL_STR_NONE;
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  if (to.n) {
    sl_buf_printf(&b, "%.*s %.*s", SL_ARG(to), SL_ARG(s->ref.id));
    sl_ui_go(v->ui, "table", sl_buf_view(&b));
  } else {
    sl_ref_text(&b, &s->ref);
    sl_ui_go(v->ui, view, sl_buf_view(&b));
  }
  sl_buf_free(&b);
}

void sl_view_copy(struct sl_view *v, struct sl_str text)
{
  struct sl_err err = {0};
  if (v->ui->o.term && sl_term_copy(v->ui->o.term, text, &err))
    sl_ui_say_err(v->ui, &err);
  else
    sl_view_say(v, SL_ROLE_ok, "copied %zu bytes: %.*s", text.n, SL_ARG(sl_str_head(text, 60)));
}

void sl_view_export(struct sl_view *v, const struct sl_query *q, const char *path)
{
  if (v->ui->o.export_rows)
    v->ui->o.export_rows(v->ui->o.user, q, path);
}

void sl_view_export_text(struct sl_view *v, struct sl_str text, const char *path)
{
  if (v->ui->o.export_text)
    v->ui->o.export_text(v->ui->o.user, text, path);
}

/* ---- a prompt whose answer goes to a view that may be gone by then ---- */

struct typed { struct sl_ui *ui; struct sl_view *v; sl_typed *done; void *user; };

static void typed_done(void *user, const char *text)
{
  struct typed *t = user;
  for (size_t i = 0; i < t->ui->depth; i++)
    if (t->ui->stack[i] == t->v) {
      t->done(t->v, t->user, text);
      break;
    }
  sl_free(t);
}

void sl_view_prompt(struct sl_view *v, const char *label, const char *initial, sl_typed *done, void *user)
{
  struct typed *t = sl_calloc(1, sizeof *t);
  if (!t) {
    done(v, user, NULL);
    return;
  }
  *t = (struct typed){ v->ui, v, done, user };
  sl_prompt_open(v->ui, label, initial, false, typed_done, t);
}

/* ---- actions ---- */

static void planned(void *user, struct sl_plan **take, const struct sl_err *err)
{
  struct sl_ui *ui = user;
  if (take && *take)
    sl_confirm_open(ui, take);
  else
    sl_ui_say_err(ui, err);
}

void sl_view_act(struct sl_view *v, const struct sl_action *act, const struct sl_resource *res, const struct sl_ref *targets, size_t n,
                 const struct sl_val *args)
{
  struct sl_call call = {.act = act, .res = res, .targets = targets, .ntargets = n, .args = args};
  struct sl_err err = {0};
  if (sl_ws_plan(v->ui->ws, &call, planned, v->ui, &err))
    sl_ui_say_err(v->ui, &err);
  else
    sl_ui_say(v->ui, SL_ROLE_dim, "planning: %s", act->help);
}
