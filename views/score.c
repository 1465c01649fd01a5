/* views/score.c: a model over labelled data, beside the champion or another model: the verdict in words, the rows that make the
 * difference, figures with their intervals and whether the difference is noise, the classes, both confusion matrices, groups. What is
 * asked, and which line shows which row of the answer; score_draw.c draws them. */
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "model/config.h"
#include "model/scope.h"
#include "views/score.h"
#include "views/score_int.h"

enum { LINES_MAX = 4096, FIRST_ROWS = 5 };

/* ---- rows -> lines ---- */

static void add(struct score_state *s, enum score_kind kind, uint64_t row)
{
  if (!sl_grow((void **)&s->line, &s->cap, s->n + 1, sizeof *s->line, LINES_MAX, NULL))
    s->line[s->n++] = (struct score_line){ kind, row };
}

/* precision, recall and f1 of a class follow each other; of several classes a line of their means comes below. */
static void add_classes(struct score_state *s, uint64_t n)
{
  for (uint64_t i = 0; i + 2 < n; i++)
    if (score_is(s, i, "precision")) {
      if (!s->classes++)
        add(s, CLASS_HEAD, 0);
      add(s, CLASS, i);
    }
  if (s->classes > 2)
    add(s, MACRO, 0);
}

/* rows, inertia and silhouette of a cluster follow each other. */
static void add_clusters(struct score_state *s, uint64_t n)
{
  bool first = true;
  for (uint64_t i = 0; i + 2 < n; i++)
    if (score_is(s, i, "cluster_rows")) {
      if (first)
        add(s, CLUSTER_HEAD, 0);
      first = false;
      add(s, CLUSTER, i);
    }
}

static void add_confusion(struct score_state *s, uint64_t n)
{
  uint64_t i = 0;
  while (i < n && !score_is(s, i, "confusion"))
    i++;
  if (i >= n || !s->classes || i + s->classes * s->classes > n)
    return;
  s->confusion = i;
  add(s, CONFUSION_SIDES, i);
  add(s, CONFUSION_HEAD, i);
  for (size_t k = 0; k < s->classes; k++)
    add(s, CONFUSION, i + k * s->classes);
}

/* from, n: of those rows. */
static void add_rows(struct score_state *s, uint64_t n, uint64_t from, uint64_t max)
{
  uint64_t k = 0;
  for (uint64_t i = 0; i < n; i++) {
    if (!score_is(s, i, score_pair(s) ? "disagreement" : "mistake"))
      continue;
    if (k == from && max)
      add(s, from ? ROW_MORE : ROW_HEAD, 0);
    if (k >= from && k - from < max)
      add(s, ROW, i);
    k++;
  }
}

/* The figures of a group follow each other; the first one stands for all. */
static void add_slices(struct score_state *s, uint64_t n)
{
  bool first = true;
  for (uint64_t i = 0; i < n; i++) {
    bool begins = score_is(s, i, "accuracy") || score_is(s, i, "mae");
    if (score_is(s, i, "slices_left_out"))
      add(s, SLICE, i);
    if (!begins || !score_text_at(s, i, "slice").n)
      continue;
    if (first)
      add(s, SLICE_HEAD, i);
    first = false;
    add(s, SLICE, i);
  }
}

/* Figures of all rows; what is looked for again and again is found here once. */
static void add_figures(struct score_state *s, uint64_t n)
{
  bool first = true;
  for (uint64_t i = 0; i < n; i++) {
    bool all = !score_text_at(s, i, "class").n && !score_text_at(s, i, "slice").n;
    if (s->auc == SCORE_NONE && score_is(s, i, "auc") && score_text_at(s, i, "class").n)
      s->auc = i;
    if (!all || score_is(s, i, "mistakes") || score_is(s, i, "disagreements") || score_is(s, i, "slices_left_out"))
      continue;
    if (first)
      add(s, FIGURE_HEAD, 0);
    first = false;
    add(s, score_is(s, i, "preprocessing") ? PREPARED : FIGURE, i);
    s->numbers = s->numbers || score_is(s, i, "rmse");
    s->balanced = score_is(s, i, "balanced_accuracy") ? i : s->balanced;
    s->f1_macro = score_is(s, i, "f1_macro") ? i : s->f1_macro;
    s->auc_mean = score_is(s, i, "auc") ? i : s->auc_mean;
  }
}

static void tally(struct score_state *s, uint64_t n)
{
  const struct sl_batch *last = NULL, *b;
  uint32_t row;
  sl_quality_tally_init(&s->tally);
  for (uint64_t i = 0; i < n && sl_pane_row(s->pane, i, &b, &row); i++) {
    if (b != last)
      sl_quality_tally_add(&s->tally, b);
    last = b;
  }
}

/* Of two models first where they differ; of one how good it is. */
static void gather(struct score_state *s)
{
  uint64_t n = sl_pane_count(s->pane);
  s->n = s->classes = 0;
  s->numbers = false;
  s->auc = s->auc_mean = s->balanced = s->f1_macro = SCORE_NONE;
  tally(s, n);
  if (score_pair(s))
    add_rows(s, n, 0, FIRST_ROWS);
  add_figures(s, n);
  if (!score_pair(s))
    add_rows(s, n, 0, FIRST_ROWS);
  add_classes(s, n);
  add_clusters(s, n);
  add_confusion(s, n);
  add_slices(s, n);
  add_rows(s, n, FIRST_ROWS, LINES_MAX);
  score_chart_gather(s);
  s->at = s->at < s->n ? s->at : 0;
  while (s->at + 1 < s->n && score_is_head(s->line[s->at].kind))
    s->at++;
}

/* ---- open ---- */

static int ask(struct sl_view *v, struct sl_err *err);

static void retitle(struct score_state *s)
{
  sl_buf_clear(&s->title);
  sl_buf_printf(&s->title, "%s%s%s over %s", s->ask.model, score_pair(s) ? " against " : "", score_pair(s) ? s->ask.against : "",
                s->ask.data);
}

static void score_changed(struct sl_view *v, void *user)
{
  struct score_state *s = sl_view_state(v);
  const struct sl_answer *a = sl_pane_answer(s->pane);
  struct sl_err err = { 0 };
  (void)user;
  if (s->guessed && a->done && a->nsrc && a->src[0].state == SL_FAILED && a->src[0].err.code == SL_ENOENT) { /* there is no champion */
    s->guessed = false;
    sl_free(s->ask.against);
    s->ask.against = NULL;
    retitle(s);
    if (ask(v, &err))
      sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
    return;
  }
  gather(s);
}

static int ask(struct sl_view *v, struct sl_err *err)
{
  struct score_state *s = sl_view_state(v);
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  sl_quality_ask_text(&scope, &s->ask);
  struct sl_query like = { .res = &sl_res_quality, .kind = SL_Q_LIST, .scope = sl_buf_view(&scope) };
  int rc = sl_buf_check(&scope, err);
  if (!rc)
    rc = sl_pane_query(&s->pane, v, &like, score_changed, NULL, err);
  sl_buf_free(&scope);
  return rc;
}

static int take_words(struct sl_quality_ask *a, struct sl_str arg, struct sl_err *err)
{
  char **const to[] = { &a->model, &a->data, &a->label, &a->against };
  size_t n = 0;
  bool quoted;
  char *w;
  int rc;
  while (!(rc = sl_scope_word(&arg, &w, &quoted, err)) && w) {
    struct sl_str s = sl_str(w);
    bool label = !quoted && sl_str_starts(s, SL_STR("label=")), against = !quoted && sl_str_starts(s, SL_STR("against="));
    bool slice = !quoted && sl_str_starts(s, SL_STR("slice="));
    char **slot = label ? &a->label : against ? &a->against : slice ? &a->slice : n < 4 ? to[n++] : NULL;
    rc = !slot || *slot ? sl_err_set(err, SL_EUSAGE, "one too many: %s; it is MODEL DATA LABEL [OTHER MODEL] [slice=COLUMN]", w) : SL_OK;
    if (!rc && !(*slot = sl_strdup(w + (label || slice ? 6 : against ? 8 : 0))))
      rc = sl_err_nomem(err);
    sl_free(w);
    if (rc)
      return rc;
  }
  return rc;
}

static const struct sl_model_conf *conf_of(struct sl_view *v, struct sl_str name)
{
  const struct sl_ws_conf *c = sl_ws_config(sl_view_ws(v));
  size_t n = 0;
  const struct sl_model_conf *m = c ? sl_ws_conf_models(c, &n) : NULL;
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(name, m[i].name))
      return &m[i];
  return NULL;
}

/* What the workspace says of this model: the data that its evidence is worked out over, and the alias of the one it would replace. */
static int fill_in(struct sl_view *v, struct score_state *s, struct sl_err *err)
{
  struct sl_str rest = sl_str(s->ask.model), head = SL_STR("models:/"), name;
  if (!sl_str_starts(rest, head))
    return SL_OK;
  rest = sl_str_from(rest, head.n);
  if (!sl_str_cut(&rest, '/', &name) || sl_str_chr(name, '@') >= 0 || !rest.n)
    return SL_OK;
  const struct sl_model_conf *m = conf_of(v, name);
  for (size_t i = 0; m && i < m->nevidence; i++) {
    const struct sl_evidence_conf *e = &m->evidence[i];
    if (!s->ask.data && e->data && !(s->ask.data = sl_strdup(e->data)))
      return sl_err_nomem(err);
    if (!s->ask.label && e->label && !(s->ask.label = sl_strdup(e->label)))
      return sl_err_nomem(err);
  }
  if (s->ask.against)
    return SL_OK;
  s->guessed = true;
  s->ask.against = sl_asprintf("models:/%.*s@%s", SL_ARG(name), m && m->alias ? m->alias : "champion");
  return s->ask.against ? SL_OK : sl_err_nomem(err);
}

static int score_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct score_state *s = sl_view_state(v);
  sl_buf_init(&s->title, 1 << 20);
  sl_buf_init(&s->of, 4096);
  int rc = take_words(&s->ask, arg, err);
  if (!rc && s->ask.model)
    rc = fill_in(v, s, err);
  if (!rc && (!s->ask.model || !s->ask.data))
    rc = sl_err_set(err, SL_EUSAGE, "score needs a model, data, and (unless it finds clusters) the column of what was true: "
                                      "`:score models:/NAME/3 lake:zone/file LABEL`");
  if (!rc)
    rc = ask(v, err);
  if (!rc)
    retitle(s);
  return rc;
}

static void score_close(struct sl_view *v)
{
  struct score_state *s = sl_view_state(v);
  sl_pane_close(s->pane);
  sl_buf_free(&s->title);
  sl_quality_ask_free(&s->ask);
  sl_free(s->line);
  score_chart_free(s);
}

/* ---- the way here ---- */

static void data_typed(struct sl_view *v, void *user, const char *text)
{
  char *model = user;
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  if (text && sl_str_trim(sl_str(text)).n) {
    sl_buf_printf(&b, "%s %s", model, text);
    sl_view_go(v, "score", sl_buf_view(&b));
  }
  sl_buf_free(&b);
  sl_free(model);
}

static bool has_data(const struct sl_model_conf *m)
{
  for (size_t i = 0; m && i < m->nevidence; i++)
    if (m->evidence[i].data && m->evidence[i].label)
      return true;
  return false;
}

void score_go(struct sl_view *v, struct sl_str model, int64_t version)
{
  static const char *const keys[] = { "label=", "against=", "slice=", NULL };
  struct sl_buf b;
  char *uri = sl_asprintf("models:/%.*s/%lld", SL_ARG(model), (long long)version);
  if (!uri)
    return;
  sl_buf_init(&b, 1 << 16);
  sl_scope_put(&b, uri, keys);
  sl_free(uri);
  if (has_data(conf_of(v, model)))
    sl_view_go(v, "score", sl_buf_view(&b));
  else
    sl_view_prompt(v, "score over (DATA LABEL):", "", data_typed, sl_buf_take(&b, NULL));
  sl_buf_free(&b);
}

/* ---- commands ---- */

/* The row itself, by its number. */
static void open_row(struct sl_view *v, struct score_state *s)
{
  struct sl_val row = s->n ? sl_pane_val(s->pane, s->line[s->at].row, "row") : sl_null(SL_I64);
  struct sl_str data = sl_str(s->ask.data);
  struct sl_buf b;
  if (!s->n || s->line[s->at].kind != ROW || row.null)
    return;
  sl_buf_init(&b, 1 << 20);
  if (sl_str_starts(data, SL_STR("sql:"))) {
    sl_buf_printf(&b, "from (%s)", s->ask.data + 4);
  } else {
    sl_buf_z(&b, "from ");
    sl_fmt_quote(&b, data, '\'');
  }
  sl_buf_printf(&b, " limit 1 offset %lld", (long long)row.u.i);
  sl_view_go(v, "sql", sl_buf_view(&b));
  sl_buf_free(&b);
}

/* Headings are passed over. */
static void move(struct score_state *s, int64_t by)
{
  size_t was = s->at;
  s->at = (size_t)sl_move_to(s->at, s->n, by);
  while (s->at > 0 && s->at < was && score_is_head(s->line[s->at].kind))
    s->at--;
  while (s->at + 1 < s->n && score_is_head(s->line[s->at].kind))
    s->at++;
}

/* A chart in the figures' place is left before the view is; nothing is opened or chosen behind it. */
static bool chart_over(const struct score_state *s) { return s->chart && !s->split; }

static enum sl_handled score_command(struct sl_view *v, const char *command)
{
  struct score_state *s = sl_view_state(v);
  int64_t by;
  bool over = chart_over(s);
  if (over && (!strcmp(command, "back") || !strcmp(command, "enter")))
    s->chart = 0;
  else if (sl_move_by(command, 10, &by))
    move(s, over ? 0 : by);
  else if (!strcmp(command, "enter"))
    open_row(v, s);
  else if (!strcmp(command, "refresh"))
    sl_pane_refresh(s->pane);
  else if (!strcmp(command, "chart") || !strcmp(command, "of-class"))
    score_chart_next(s, !strcmp(command, "of-class"));
  else
    return SL_IGNORED;
  sl_view_dirty(v);
  return SL_HANDLED;
}

static void score_crumb(struct sl_view *v, struct sl_buf *b)
{
  sl_buf_printf(b, "score %s %s", sl_glyph_pick("›", ">"), sl_buf_zstr(&((struct score_state *)sl_view_state(v))->title));
}

static void score_count(struct sl_view *v, struct sl_buf *b)
{
  struct score_state *s = sl_view_state(v);
  if (s->n)
    sl_count_put(b, (uint64_t)s->tally.rows, "rows");
}

static bool score_subject(struct sl_view *v, struct sl_subject *out)
{
  struct score_state *s = sl_view_state(v);
  const struct sl_batch *b;
  uint32_t row;
  if (!s->n || score_is_head(s->line[s->at].kind) || !sl_pane_row(s->pane, s->line[s->at].row, &b, &row))
    return false;
  *out = (struct sl_subject){ .res = &sl_res_quality, .ref = { sl_batch_conn(b, row), SL_STR("quality"), sl_batch_id(b, row) },
                              .batch = b, .row = row };
  return true;
}

static void score_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct sl_buf scope;
  sl_buf_init(&scope, 1 << 20);
  sl_quality_ask_text(&scope, &((struct score_state *)sl_view_state(v))->ask);
  sl_buf_z(b, "get quality ");
  sl_fmt_shell(b, sl_buf_view(&scope));
  sl_buf_free(&scope);
}

static void score_visible(struct sl_view *v, bool visible)
{
  sl_pane_visible(((struct score_state *)sl_view_state(v))->pane, visible);
}

static const struct sl_bind score_binds[] = {
  { "chart", "v", "the next chart: ROC, precision over recall, calibration, gain, lift; of numbers predicted beside true, errors" },
  { "of-class", "o", "the chart of the next class" },
};

const struct sl_view_ops sl_view_score = {
  .name = "score",
  .title = "score",
  .help = "A model over labelled data, beside another one: without one named, beside the champion of the same registered model, where it "
          "has one. First whether it is better, worse, or not to be told from noise: auc by DeLong's test, accuracy by McNemar's, p below "
          "0.05 counts. Then the rows on which the two disagree most (of one model, those it gets wrong): Enter shows the row. Then the "
          "figures with their 95 % intervals, the classes (of several, auc and average_precision are the mean of theirs), both confusion "
          "matrices; slice=COLUMN adds the figures of each group of that column. A model that finds clusters needs no LABEL: inertia and "
          "silhouette, of each cluster, too. v shows the curves, both models on one pair of axes, o the next class; on a wide "
          "screen one stands beside the figures. Esc leaves a chart, then the view, and ends the work.",
  .arg = "MODEL DATA LABEL [OTHER MODEL] [slice=COLUMN]",
  .binds = score_binds,
  .nbinds = sizeof score_binds / sizeof score_binds[0],
  .hints = "enter chart describe refresh copy",
  .state_size = sizeof(struct score_state),
  .open = score_open,
  .close = score_close,
  .draw = score_draw,
  .command = score_command,
  .crumb = score_crumb,
  .count = score_count,
  .subject = score_subject,
  .cmdline = score_cmdline,
  .visible = score_visible,
};
