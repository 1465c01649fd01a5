/* backends/mlflow/write.c: from an action to what it changes: which tags, notes, stages and aliases, in which order, under MLflow's own
 * rules for names and lengths. Nothing is sent here. */
#include <stdio.h>

#include "backend_mlflow/write_int.h"
#include "base/fmt.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/judge.h"

enum { KEY_MAX = 250, RUN_VALUE_MAX = 8000, VALUE_MAX = 100000, ALIAS_MAX = 255, DESCRIPTION_MAX = 5000, WORDS_MAX = 60 };

/* ---- MLflow's rules ---- */

static size_t characters(struct sl_str s)
{
  size_t n = 0;
  uint32_t cp;
  for (int len; s.n && (len = sl_utf8_next(s, &cp)) > 0; s = sl_str_from(s, (size_t)len))
    n++;
  return n;
}

static int text_check(struct sl_str s, const char *what, size_t max, struct sl_err *err)
{
  if (!sl_utf8_valid(s) || memchr(s.p ? s.p : "", 0, s.n))
    return sl_err_set(err, SL_EUSAGE, "%s is no text that MLflow can hold", what);
  if (characters(s) > max)
    return sl_err_set(err, SL_ELIMIT, "%s has %zu characters; MLflow takes %zu", what, characters(s), max);
  return SL_OK;
}

static bool name_char(unsigned char c, const char *more)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80 || (c && strchr(more, c));
}

/* A name that is its own path: no empty part, no dots alone, no slash at either end. */
static bool own_path(struct sl_str s)
{
  struct sl_str part;
  while (sl_str_cut(&s, '/', &part))
    if (!part.n || sl_str_eqz(part, ".") || sl_str_eqz(part, ".."))
      return false;
  return true;
}

static int key_check(struct sl_str key, struct sl_err *err)
{
  int rc = text_check(key, "the tag's name", KEY_MAX, err);
  for (size_t i = 0; !rc && i < key.n; i++)
    if (!name_char((unsigned char)key.p[i], "/.- :"))
      rc = sl_err_set(err, SL_EUSAGE, "a tag's name has letters, digits and _ - . : / and blanks only");
  if (!rc && (!key.n || !own_path(key)))
    rc = sl_err_set(err, SL_EUSAGE, "'%.*s' cannot name a tag: it would be another path", SL_ARG(sl_str_head(key, 80)));
  return rc;
}

static int alias_check(struct sl_str a, struct sl_err *err)
{
  int rc = text_check(a, "the alias", ALIAS_MAX, err);
  for (size_t i = 0; !rc && i < a.n; i++)
    if (!name_char((unsigned char)a.p[i], "-"))
      rc = sl_err_set(err, SL_EUSAGE, "an alias has letters, digits, _ and - only");
  bool number = a.n > 1 && (a.p[0] == 'v' || a.p[0] == 'V');
  for (size_t i = 1; i < a.n; i++)
    number = number && a.p[i] >= '0' && a.p[i] <= '9';
  if (!rc && (!a.n || number || sl_str_ieq(a, SL_STR("latest"))))
    rc = sl_err_set(err, SL_EUSAGE, "'%.*s' is no name for an alias: MLflow keeps it for itself", SL_ARG(sl_str_head(a, 40)));
  return rc;
}

static int stage_check(struct sl_str *s, bool archive, struct sl_err *err)
{
  static const char *const stages[] = { "None", "Staging", "Production", "Archived" };
  size_t i = 0;
  while (i < 4 && !sl_str_ieq(*s, sl_str(stages[i])))
    i++;
  if (i == 4)
    return sl_err_set(err, SL_EUSAGE, "'%.*s' is no stage: None, Staging, Production, Archived", SL_ARG(sl_str_head(*s, 40)));
  *s = sl_str(stages[i]);
  if (archive && (i == 0 || i == 3))
    return sl_err_set(err, SL_EUSAGE, "archive goes with Staging and Production only");
  return SL_OK;
}

static int change_check(struct mlflow_change *c, struct sl_err *err)
{
  int rc = SL_OK;
  switch (c->what) {
  case MLFLOW_TAG:
  case MLFLOW_UNTAG:
    rc = key_check(c->key, err);
    if (!rc && c->on == MLFLOW_RUN && sl_str_eqz(c->key, "mlflow.runName"))
      rc = sl_err_set(err, SL_EUNSUP, "mlflow.runName is the run's name and no tag of its own");
    return rc ? rc : text_check(c->value, "the tag's value", c->on == MLFLOW_RUN ? RUN_VALUE_MAX : VALUE_MAX, err);
  case MLFLOW_NOTE: return text_check(c->value, "the text", DESCRIPTION_MAX, err);
  case MLFLOW_STAGE: return stage_check(&c->key, c->archive, err);
  default: return alias_check(c->key, err);
  }
}

/* ---- arguments ---- */

static const struct sl_val *arg(const struct sl_call *c, const char *name)
{
  for (size_t i = 0; i < c->act->nargs; i++)
    if (sl_str_eqz(sl_str(name), c->act->args[i].name))
      return c->args[i].null ? NULL : &c->args[i];
  return NULL;
}

static struct sl_str text(const struct sl_call *c, const char *name)
{
  const struct sl_val *v = arg(c, name);
  return v ? v->u.s : SL_STR("");
}

static bool yes(const struct sl_call *c, const char *name)
{
  const struct sl_val *v = arg(c, name);
  return v && v->u.b;
}

/* What a guard held when the call was planned; false: there was none. */
static bool held(const struct sl_call *c, size_t target, const char *col, struct sl_str key, struct sl_val *out)
{
  for (size_t i = 0; i < c->nheld; i++) {
    struct sl_str name = sl_str(c->held[i].col);
    if (!sl_str_eq(c->held[i].ref.id, c->targets[target].id) || !sl_str_starts(name, sl_str(col)))
      continue;
    if (!sl_str_eq(sl_str_from(name, strlen(col)), key))
      continue;
    *out = c->held[i].was;
    return true;
  }
  return false;
}

static void add(struct mlflow_changes *x, struct mlflow_change c)
{
  sl_assert(x->n < MLFLOW_CHANGES);
  x->c[x->n++] = c;
  x->reads[c.what == MLFLOW_ALIAS || c.what == MLFLOW_UNALIAS ? MLFLOW_MODEL : c.on] = true;
}

/* The value that a guard saw must still be there; an empty text and none are the same to the rows. */
static void compare(struct mlflow_changes *x, const struct sl_call *c, size_t target, const char *col, struct sl_str key)
{
  struct sl_val v;
  struct mlflow_change *last = &x->c[x->n - 1];
  if (!held(c, target, col, key, &v))
    return;
  last->compare = true;
  last->was = v.null ? SL_STR_NONE : v.u.s;
}

/* ---- the actions ---- */

/* "champion=6" of what a model's row said. */
static void compare_alias(struct mlflow_changes *x, const struct sl_call *c, size_t target)
{
  struct sl_val v;
  struct mlflow_change *last = &x->c[x->n - 1];
  if (!held(c, target, "aliases", SL_STR(""), &v))
    return;
  struct sl_str rest = v.null ? SL_STR("") : v.u.s, one, name;
  last->compare = true;
  last->was = SL_STR_NONE;
  while (sl_list_next(&rest, &one))
    if (sl_str_cut(&one, '=', &name) && sl_str_eq(name, last->key))
      last->was = one;
}

static int statement_key(struct mlflow_changes *x, struct sl_str by, struct sl_str *out, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 12);
  int rc = sl_statement_key(&b, by, err);
  char *p = rc ? NULL : sl_arena_strndup(&x->mem, b.p, b.n);
  *out = sl_strn(p, p ? b.n : 0);
  sl_buf_free(&b);
  return rc || p ? rc : sl_err_nomem(err);
}

static int decision(struct mlflow_changes *x, const struct sl_call *c, const char *word, struct sl_str to, struct sl_err *err)
{
  struct sl_str mine;
  int rc = statement_key(x, text(c, "by"), &mine, err);
  if (rc)
    return rc;
  const struct { struct sl_str key, value; } tags[] = {
    { SL_STR("approval.statement"), text(c, "statement") }, { mine, text(c, "statement") }, { SL_STR("approval.decision"), sl_str(word) },
    { SL_STR("approval.by"), text(c, "by") }, { SL_STR("approval.at"), text(c, "at") }, { SL_STR("approval.comment"), text(c, "comment") },
    { SL_STR("approval.to"), to },
  };
  for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
    add(x, (struct mlflow_change){ .what = MLFLOW_TAG, .on = MLFLOW_VERSION, .key = tags[i].key, .value = tags[i].value });
  return SL_OK;
}

/* The alias last, and only from where the statement says that it stood. */
static void promote(struct mlflow_changes *x, const struct sl_call *c, struct sl_str to)
{
  struct sl_str was = text(c, "was");
  if (sl_str_starts(to, SL_STR("stage:")))
    add(x, (struct mlflow_change){ .what = MLFLOW_STAGE, .on = MLFLOW_VERSION, .key = sl_str_from(to, 6), .archive = true,
                                   .holder = true, .was = was.n ? was : SL_STR_NONE });
  else
    add(x, (struct mlflow_change){ .what = MLFLOW_ALIAS, .on = MLFLOW_MODEL, .key = to, .compare = true,
                                   .was = was.n ? was : SL_STR_NONE });
}

static int decide(struct mlflow_changes *x, const struct sl_call *c, struct sl_err *err)
{
  struct sl_str act = sl_str(c->act->name), to = text(c, "to");
  bool move = yes(c, "move");
  if (sl_str_eqz(act, "request"))
    return decision(x, c, "requested", to, err);
  if (sl_str_eqz(act, "reject"))
    return decision(x, c, "rejected", to, err);
  if (sl_str_eqz(act, "rollback")) {
    const struct sl_val *version = arg(c, "version");
    to = text(c, "alias");
    x->version = version ? version->u.i : 0;
    move = true;
  }
  int rc = decision(x, c, move ? "approved" : "requested", to, err); /* while further approvers are needed it stays requested */
  if (!rc && move)
    promote(x, c, to);
  return rc;
}

static int simple(struct mlflow_changes *x, const struct sl_call *c, size_t target, enum mlflow_on on, struct sl_err *err)
{
  struct sl_str act = sl_str(c->act->name), key = text(c, "key");
  const struct sl_val *version = arg(c, "version");
  if (sl_str_eqz(act, "tag") || sl_str_eqz(act, "untag")) {
    bool set = act.n == 3;
    add(x, (struct mlflow_change){ .what = set ? MLFLOW_TAG : MLFLOW_UNTAG, .on = on, .key = key, .value = text(c, "value") });
    compare(x, c, target, "tags.", key);
  } else if (sl_str_eqz(act, "note") && on == MLFLOW_RUN) {
    key = SL_STR("mlflow.note.content");
    add(x, (struct mlflow_change){ .what = MLFLOW_TAG, .on = on, .key = key, .value = text(c, "text") });
    compare(x, c, target, "tags.", key);
  } else if (sl_str_eqz(act, "note")) {
    add(x, (struct mlflow_change){ .what = MLFLOW_NOTE, .on = on, .value = text(c, "text") });
    compare(x, c, target, "description", SL_STR(""));
  } else if (sl_str_eqz(act, "stage")) {
    add(x, (struct mlflow_change){ .what = MLFLOW_STAGE, .on = on, .key = text(c, "stage"), .archive = yes(c, "archive") });
    compare(x, c, target, "stage", SL_STR(""));
  } else if (sl_str_eqz(act, "alias") || sl_str_eqz(act, "unalias")) {
    x->version = version ? version->u.i : 0;
    add(x, (struct mlflow_change){ .what = act.n == 5 ? MLFLOW_ALIAS : MLFLOW_UNALIAS, .on = on, .key = text(c, "alias") });
    compare_alias(x, c, target);
  } else
    return decide(x, c, err);
  return SL_OK;
}

int mlflow_changes_make(struct mlflow_changes *x, const struct sl_call *c, size_t target, struct sl_err *err)
{
  struct sl_str id = c->targets[target].id, res = sl_str(c->res->name), model;
  *x = (struct mlflow_changes){ .n = 0 };
  sl_arena_init(&x->mem, 1 << 20);
  enum mlflow_on on = sl_str_eqz(res, "runs") ? MLFLOW_RUN : sl_str_eqz(res, "models") ? MLFLOW_MODEL : MLFLOW_VERSION;
  if (on == MLFLOW_RUN)
    x->run = id;
  else
    x->model = id;
  if (on == MLFLOW_VERSION) {
    model = mlflow_version_model(id);
    if (model.n == id.n || !sl_str_i64(sl_str_from(id, model.n + 1), &x->version))
      return sl_err_set(err, SL_EUSAGE, "%.*s is no version: MODEL/NUMBER", SL_ARG(sl_str_head(id, 80)));
    x->model = model;
  }
  int rc = simple(x, c, target, on, err);
  for (size_t i = 0; !rc && i < x->n; i++)
    rc = change_check(&x->c[i], err);
  bool names = x->n && (x->c[x->n - 1].what == MLFLOW_ALIAS || x->reads[MLFLOW_VERSION]); /* a version, and they begin with 1 */
  if (!rc && (x->version < 0 || (names && !x->version)))
    rc = sl_err_set(err, SL_EUSAGE, "%lld is no version", (long long)x->version);
  return rc;
}

void mlflow_changes_free(struct mlflow_changes *x)
{
  sl_arena_free(&x->mem);
}

/* ---- words ---- */

static void on_words(const struct mlflow_changes *x, enum mlflow_on on, struct sl_buf *out)
{
  if (on == MLFLOW_RUN)
    sl_buf_printf(out, "run %.*s", SL_ARG(x->run));
  else if (on == MLFLOW_MODEL)
    sl_buf_str(out, x->model);
  else
    sl_buf_printf(out, "%.*s/%lld", SL_ARG(x->model), (long long)x->version);
}

static void value_words(struct sl_str v, struct sl_buf *out)
{
  if (characters(v) > WORDS_MAX || sl_str_chr(v, '\n') >= 0)
    sl_buf_printf(out, "%zu bytes", v.n);
  else
    sl_buf_printf(out, "'%.*s'", SL_ARG(v));
}

static void was_words(const struct mlflow_change *c, struct sl_buf *out)
{
  if (!c->compare && !c->holder)
    return;
  sl_buf_z(out, " (now ");
  if (!c->was.p)
    sl_buf_z(out, c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS ? "nowhere" : c->holder ? "nobody" : "not set");
  else if (c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS || c->what == MLFLOW_STAGE)
    sl_buf_str(out, c->was);
  else
    value_words(c->was, out);
  sl_buf_ch(out, ')');
}

void mlflow_change_words(const struct mlflow_changes *x, const struct mlflow_change *c, struct sl_buf *out)
{
  static const char *const verbs[] = { "tag ", "remove tag ", "description of ", "stage of ", "", "remove alias " };
  sl_buf_z(out, verbs[c->what]);
  if (c->what == MLFLOW_TAG || c->what == MLFLOW_UNTAG || c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS) {
    sl_buf_str(out, c->key);
    sl_buf_z(out, " of ");
  }
  on_words(x, c->on, out);
  if (c->what == MLFLOW_ALIAS)
    sl_buf_printf(out, " -> %lld", (long long)x->version);
  else if (c->what == MLFLOW_STAGE)
    sl_buf_printf(out, ": %.*s%s", SL_ARG(c->key), c->archive ? ", what is there becomes Archived" : "");
  else if (c->what != MLFLOW_UNALIAS && c->what != MLFLOW_UNTAG) {
    sl_buf_z(out, ": ");
    value_words(c->value, out);
  }
  was_words(c, out);
}

int mlflow_change_moved(const struct mlflow_changes *x, const struct mlflow_change *c, struct sl_str now, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  bool alias = c->what == MLFLOW_ALIAS || c->what == MLFLOW_UNALIAS;
  if (alias || c->holder)
    sl_buf_printf(&b, "%.*s of %.*s is %.*s now (was %.*s): somebody moved it; look again", SL_ARG(sl_str_head(c->key, 60)),
                  SL_ARG(sl_str_head(x->model, 60)), SL_ARG(now.p ? now : SL_STR("nowhere")),
                  SL_ARG(c->was.p ? c->was : SL_STR("nowhere")));
  else {
    sl_buf_printf(&b, "%s%.*s of ", c->what == MLFLOW_NOTE ? "the description" : c->what == MLFLOW_STAGE ? "the stage" : "tag ",
                  SL_ARG(c->what == MLFLOW_TAG || c->what == MLFLOW_UNTAG ? sl_str_head(c->key, 60) : SL_STR("")));
    on_words(x, c->on, &b);
    sl_buf_z(&b, " is not what you saw: somebody changed it; look again");
  }
  sl_err_set(err, SL_ECONFLICT, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
  return SL_ECONFLICT;
}

static bool same(struct sl_str a, struct sl_str b) { return a.n == b.n && (!a.n || sl_str_eq(a, b)); }

bool mlflow_change_stands(const struct mlflow_change *c, struct sl_str now)
{
  if (c->what == MLFLOW_STAGE && sl_str_eqz(now, "None"))
    now = SL_STR_NONE;
  return !c->compare || same(now, c->was);
}

bool mlflow_change_holds(const struct mlflow_changes *x, const struct mlflow_change *c, struct sl_str now)
{
  int64_t version;
  switch (c->what) {
  case MLFLOW_TAG:
  case MLFLOW_NOTE: return now.p ? same(now, c->value) : c->what == MLFLOW_NOTE && !c->value.n;
  case MLFLOW_STAGE: return now.p && sl_str_eq(now, c->key);
  case MLFLOW_ALIAS: return now.p && sl_str_i64(now, &version) && version == x->version;
  default: return !now.p;
  }
}

bool mlflow_changes_count(const struct mlflow_changes *x, size_t i)
{
  return i + 1 == x->n || sl_str_eqz(x->c[i].key, "approval.statement");
}

/* ---- the dry call ---- */

static void undo_words(const struct sl_call *c, const struct mlflow_changes *x, struct sl_buf *out)
{
  const struct mlflow_change *last = &x->c[x->n - 1];
  struct sl_buf arg_text;
  if (c->ntargets == 1 && x->n > 1 && last->what == MLFLOW_ALIAS) { /* a decision */
    sl_buf_z(out, "sluice rollback ");
    sl_fmt_shell(out, x->model);
    sl_buf_z(out, " --alias ");
    sl_fmt_shell(out, last->key);
    sl_buf_printf(out, "     (back to %.*s)", SL_ARG(last->was.p ? last->was : SL_STR("nothing: it names no version now")));
  }
  if (c->ntargets == 1 && last->holder && last->was.p) {
    sl_buf_init(&arg_text, 4096);
    sl_buf_printf(&arg_text, "%.*s/%.*s", SL_ARG(x->model), SL_ARG(last->was));
    sl_buf_z(out, "sluice approve ");
    sl_fmt_shell(out, sl_buf_view(&arg_text));
    sl_buf_printf(out, " --to stage:%.*s", SL_ARG(last->key));
    sl_buf_free(&arg_text);
  }
  if (c->ntargets != 1 || !last->compare || x->n > 1)
    return;
  sl_buf_init(&arg_text, VALUE_MAX * 8);
  bool alias = last->what == MLFLOW_ALIAS || last->what == MLFLOW_UNALIAS, had = last->was.p != NULL;
  const char *verb = last->what == MLFLOW_STAGE ? "stage" : last->what == MLFLOW_NOTE || !strcmp(c->act->name, "note") ? "note"
    : alias ? (had ? "alias" : "unalias") : had ? "tag" : "untag";
  sl_buf_printf(out, "sluice act %s ", verb);
  sl_ref_text(&arg_text, &c->targets[0]);
  sl_fmt_shell(out, sl_buf_view(&arg_text));
  bool note = !strcmp(verb, "note"), stage = !strcmp(verb, "stage");
  if (!note) {
    sl_buf_clear(&arg_text);
    sl_buf_printf(&arg_text, "%s=%.*s", alias ? "alias" : stage ? "stage" : "key",
                  SL_ARG(stage ? had ? last->was : SL_STR("None") : last->key));
    sl_buf_z(out, " -p ");
    sl_fmt_shell(out, sl_buf_view(&arg_text));
  }
  if (!stage && (had || note)) {
    sl_buf_clear(&arg_text);
    sl_buf_printf(&arg_text, "%s=%.*s", note ? "text" : alias ? "version" : "value", SL_ARG(had ? last->was : SL_STR("")));
    sl_buf_z(out, " -p ");
    sl_fmt_shell(out, sl_buf_view(&arg_text));
  }
  sl_buf_free(&arg_text);
}

static int something_there(const struct mlflow_changes *x, const struct mlflow_change *c, struct sl_err *err)
{
  struct sl_buf on;
  if (!c->compare || c->was.p || (c->what != MLFLOW_UNTAG && c->what != MLFLOW_UNALIAS))
    return SL_OK;
  sl_buf_init(&on, 4096);
  on_words(x, c->on, &on);
  sl_err_set(err, SL_ENOENT, "%.100s has no %s %.*s: there is nothing to remove", sl_buf_zstr(&on),
             c->what == MLFLOW_UNTAG ? "tag" : "alias", SL_ARG(sl_str_head(c->key, 80)));
  sl_buf_free(&on);
  return SL_ENOENT;
}

int mlflow_dry_doc(const struct sl_call *c, void (*before)(const struct mlflow_change *c, struct sl_buf *out), struct sl_buf *out,
                   struct sl_err *err)
{
  struct sl_jw w = sl_jw(out, false);
  struct sl_buf line, undo;
  int rc = SL_OK;
  sl_buf_init(&line, 1 << 20);
  sl_buf_init(&undo, 1 << 20);
  sl_jw_obj(&w);
  sl_jw_key(&w, SL_STR("calls"));
  sl_jw_arr(&w);
  for (size_t t = 0; t < c->ntargets && !rc; t++) {
    struct mlflow_changes x;
    rc = mlflow_changes_make(&x, c, t, err);
    for (size_t i = 0; !rc && i < x.n && !(rc = something_there(&x, &x.c[i], err)); i++) {
      sl_buf_clear(&line);
      if (before)
        before(&x.c[i], &line);
      mlflow_change_words(&x, &x.c[i], &line);
      sl_jw_str(&w, sl_buf_view(&line));
    }
    if (!rc)
      undo_words(c, &x, &undo);
    mlflow_changes_free(&x);
  }
  sl_jw_end_arr(&w);
  if (undo.n && !undo.failed) {
    sl_jw_key(&w, SL_STR("undo"));
    sl_jw_str(&w, sl_buf_view(&undo));
  }
  sl_jw_end_obj(&w);
  rc = rc ? rc : sl_buf_check(&line, err);
  sl_buf_free(&line);
  sl_buf_free(&undo);
  return rc ? rc : sl_buf_check(out, err);
}
