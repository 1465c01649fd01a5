/* app/do.c: plan, confirm, act, tell. Whatever changes anything from the command line comes through here. */
#include "app/do.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

struct doing {
  bool done;
  int rc;
  struct sl_err err;
  struct sl_plan *plan;
  struct sl_buf *started;
};

static void planned(void *user, struct sl_plan **take, const struct sl_err *err)
{
  struct doing *d = user;
  d->done = true;
  if (take && *take) {
    d->plan = *take;
    *take = NULL;
    return;
  }
  d->err = err ? *err : (struct sl_err){ .code = SL_EINTERNAL };
  d->rc = d->err.code ? d->err.code : SL_EINTERNAL;
}

static void acted(void *user, int rc, const struct sl_ref *started, const struct sl_err *err)
{
  struct doing *d = user;
  d->done = true;
  d->rc = rc;
  if (started && d->started)
    sl_ref_text(d->started, started);
  if (rc && err)
    d->err = *err;
  if (!rc && d->started && sl_buf_check(d->started, NULL))
    d->rc = sl_err_set(&d->err, SL_ENOMEM, "done, but the name of what it started is lost: out of memory; sluice get executions shows it");
}

/* ---- the plan in words ---- */

static int print_plan(struct sl_app *a, const struct sl_plan *p, struct sl_err *err)
{
  struct sl_buf *b = &a->out.b;
  if (a->format != SL_FMT_TABLE) {
    struct sl_schema *s = NULL;
    struct sl_batch *rows = NULL;
    static const struct sl_col cols[] = { { .name = "call", .type = SL_TEXT }, { .name = "undo", .type = SL_TEXT } };
    int rc = sl_schema_new(&s, cols, 2, NULL, 0, err);
    rc = rc ? rc : sl_batch_new(&rows, s, err);
    for (size_t i = 0; i < sl_plan_calls(p) && !rc; i++) {
      sl_batch_row(rows, SL_PUT, sl_str(sl_plan_call(p, i)));
      sl_batch_set(rows, 0, sl_vz(sl_plan_call(p, i)));
      sl_batch_set(rows, 1, sl_vz(sl_plan_undo(p)));
    }
    rc = rc ? rc : sl_batch_seal(rows, err);
    rc = rc ? rc : sl_app_print(a, rows, &(struct sl_rows_opts){ .bare = true }, err);
    sl_batch_unref(rows);
    sl_schema_unref(s);
    return rc;
  }
  for (size_t i = 0; i < sl_plan_calls(p); i++) {
    sl_text_clean(b, sl_str(sl_plan_call(p, i)), SL_TEXT_CELL);
    sl_buf_ch(b, '\n');
  }
  sl_buf_z(b, "undo: ");
  sl_text_clean(b, sl_str(sl_plan_undo(p) ? sl_plan_undo(p) : "cannot be undone"), SL_TEXT_CELL);
  sl_buf_ch(b, '\n');
  for (size_t i = 0; i < sl_plan_guards(p); i++) {
    if (!sl_str_starts(sl_str(sl_plan_guard(p, i)), SL_STR("race guard: ")))
      sl_buf_z(b, "only while: ");
    sl_text_clean(b, sl_str(sl_plan_guard(p, i)), SL_TEXT_CELL);
    sl_buf_ch(b, '\n');
  }
  return sl_out_flush(&a->out, err);
}

/* ---- what must be typed ---- */

static int confirm(struct sl_session *s, const struct sl_plan *p, struct sl_buf *typed, struct sl_err *err)
{
  const char *must = sl_plan_must_type(p), *given = sl_args_text(s->app->args, SL_O_confirm, NULL);
  if (!must)
    return SL_OK;
  if (given) {
    sl_buf_z(typed, given);
    return SL_OK;
  }
  struct sl_secret *answer = NULL;
  struct sl_err ignored = { 0 };
  bool may = !sl_args_has(s->app->args, SL_O_no_input) && isatty(STDIN_FILENO);
  if (!may)
    return sl_err_set(err, SL_EUSAGE, "this environment is protected: say what is meant with --confirm '%s'", must);
  char prompt[300];
  (void)!print_plan(s->app, p, &ignored);
  snprintf(prompt, sizeof prompt, "protected; type %.200s to go on", must);
  if (!sl_ask_terminal(&(struct sl_ask){ .conn = "sluice", .what = "confirmation", .prompt = prompt }, &answer))
    return sl_err_set(err, SL_EUSAGE, "not confirmed; nothing was changed");
  sl_buf_str(typed, sl_secret_reveal(answer));
  sl_secret_unref(answer);
  return SL_OK;
}

/* ---- the two steps ---- */

static int plan(struct sl_session *s, const struct sl_call *c, struct doing *d)
{
  int rc = sl_ws_plan(s->ws, c, planned, d, &d->err);
  if (rc)
    return rc;
  rc = sl_session_wait(s, &d->done, &d->err);
  return rc ? rc : d->rc;
}

/* An interrupt while the answer is on its way ends the waiting, not the action: the audit and `reconcile` know more. */
static int act(struct sl_session *s, struct doing *d)
{
  struct sl_buf typed;
  sl_buf_init(&typed, 4096);
  int rc = confirm(s, d->plan, &typed, &d->err);
  d->done = false;
  if (!rc)
    rc = sl_ws_act(s->ws, &d->plan, sl_buf_view(&typed), acted, d, &d->err);
  if (!rc)
    rc = sl_session_wait(s, &d->done, &d->err);
  if (rc == SL_ECANCELED)
    sl_app_note("stopped waiting; what was sent may still happen: sluice audit list says what is known");
  sl_buf_free(&typed);
  return rc ? rc : d->rc;
}

/* What is said of it to others goes out; the decision stands already. */
static void errands(struct sl_session *s)
{
  while (!s->interrupted && sl_ws_errands(s->ws) && sl_loop_turn(s->loop, -1))
    ;
}

static int do_it(struct sl_session *s, const struct sl_call *c, struct doing *d, void (*words)(const struct sl_plan *p, struct sl_buf *out))
{
  struct sl_call call = *c;
  struct sl_buf said;
  bool dry = call.ask_only = sl_args_has(s->app->args, SL_O_dry_run);
  sl_buf_init(&said, 64 << 10);
  int rc = plan(s, &call, d), code;
  if (!rc && words && !dry)
    words(d->plan, &said);
  if (!rc)
    rc = dry ? print_plan(s->app, d->plan, &d->err) : act(s, d);
  code = s->interrupted ? SL_EXIT_INTERRUPTED : rc ? sl_app_fail(s->app, &d->err) : SL_EXIT_OK;
  if (!code && said.n)
    sl_app_note("%s", sl_buf_zstr(&said));
  errands(s);
  sl_plan_free(d->plan);
  sl_buf_free(&said);
  return code;
}

int sl_session_do(struct sl_session *s, const struct sl_call *c, struct sl_buf *started)
{
  struct doing d = { .started = started };
  return do_it(s, c, &d, NULL);
}

int sl_session_do_tell(struct sl_session *s, const struct sl_call *c, void (*words)(const struct sl_plan *p, struct sl_buf *out))
{
  struct doing d = { .started = NULL };
  return do_it(s, c, &d, words);
}

/* ---- arguments ---- */

static const struct sl_arg *arg_find(const struct sl_action *act, struct sl_str name)
{
  for (size_t i = 0; i < act->nargs; i++)
    if (sl_str_eqz(name, act->args[i].name))
      return &act->args[i];
  return NULL;
}

static int arg_value(const struct sl_arg *a, struct sl_str text, struct sl_val *out, struct sl_err *err)
{
  int64_t i;
  double f;
  bool yes = sl_str_eqz(text, "true") || sl_str_eqz(text, "yes"), no = sl_str_eqz(text, "false") || sl_str_eqz(text, "no");
  if (a->type == SL_BOOL && (yes || no))
    *out = sl_vb(yes);
  else if (a->type == SL_I64 && sl_str_i64(text, &i))
    *out = sl_vi(i);
  else if (a->type == SL_F64 && sl_str_f64(text, &f))
    *out = sl_vf(f);
  else if (a->type != SL_BOOL && a->type != SL_I64 && a->type != SL_F64)
    *out = sl_vas(a->type, text);
  else
    return sl_err_set(err, SL_EUSAGE, "%s is %s, not '%.*s'", a->name, sl_type_name(a->type), SL_ARG(text));
  return SL_OK;
}

/* An action whose one list argument is called p (run) takes every -p as an item; others take -p NAME=VALUE by name. */
int sl_call_args(const struct sl_args *args, const struct sl_action *act, struct sl_val *vals, struct sl_buf *scratch, struct sl_err *err)
{
  for (size_t i = 0; i < act->nargs; i++)
    vals[i] = sl_null(act->args[i].type);
  for (size_t k = 0; k < args->nlist; k++) {
    struct sl_str text = sl_str(args->list[k].val), name = SL_STR_NONE;
    const struct sl_arg *list = arg_find(act, SL_STR("p"));
    if (!sl_str_cut(&text, '=', &name) || !text.p || !name.n)
      return sl_err_set(err, SL_EUSAGE, "-p takes NAME=VALUE, not '%s'", args->list[k].val);
    if (list && list->type == SL_LIST) {
      sl_list_add(scratch, sl_str(args->list[k].val));
      vals[list - act->args] = sl_vas(SL_LIST, sl_buf_view(scratch));
      continue;
    }
    const struct sl_arg *a = arg_find(act, name);
    if (!a)
      return sl_err_set(err, SL_EUSAGE, "%s has no argument '%.*s'", act->name, SL_ARG(name));
    int rc = arg_value(a, text, &vals[a - act->args], err);
    if (rc)
      return rc;
  }
  return sl_buf_check(scratch, err);
}
