/* box/work_score.c: a model over data: the model's file is read here, the engine reads the data, predictions go back in the order of rows.
 *
 * {"path": file or folder with MLmodel, "file": how the file that MLmodel names is called here, if otherwise, "model": what to call it,
 * "data": a query, "label": column or none, "output": "raw" and so on, "threads": N, "cpu": level of the kernels, "quality": true for rows
 * of quality instead, "wide": true for the rows that are predicted wrongly behind them; with "against_path" (and "against_file") a second
 * model's figures stand beside the first one's; "all": true, into a file: what is predicted and how probable each class is}. With an output
 * file: the file, and one row that sums it up. */
#include <math.h>
#include <sys/stat.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "box/ort.h"
#include "box/score_int.h"
#include "box/sqlscan.h"
#include "compute/partial.h"
#include "compute/quality_cluster.h"

enum { BLOCK_ROWS = 16384, BLOCK_CELLS = 4 << 20, CHUNK = 2048, THREAD_ROWS = 1024, THREADS_MAX = 64,
       TEXTS_MAX = 1 << 16, TEXTS_BYTES = 16 << 20, LACKS_SHOWN = 5 };

double score_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the data ---- */

static int no_column(const char *name, const char *what, const char *const *names, size_t n, struct sl_err *err)
{
  const char *near = sl_str_nearest(sl_str(name), names, n);
  return sl_err_set(err, SL_EUSAGE, "the data has no column %s%s%s%s%s%s", name, near ? " (is " : "", near ? what : "", near ? " " : "",
                    near ? near : "", near ? "?)" : "");
}

/* What the signature asks for and the data has not, all of it; what more the data has is left aside, as MLflow does. */
static int check_missing(const struct score *s, const char *const *names, size_t n, struct sl_err *err)
{
  struct sl_buf list;
  const char *first = NULL;
  size_t lacks = 0;
  sl_buf_init(&list, 4096);
  for (size_t i = 0; i < s->page.n; i++) {
    size_t k = 0;
    while (k < n && strcmp(s->page.names[i], names[k]) != 0)
      k++;
    if (k < n || s->page.optional[i])
      continue;
    first = first ? first : s->page.names[i];
    if (lacks++ < LACKS_SHOWN)
      sl_buf_printf(&list, "%s%s", lacks > 1 ? ", " : "", s->page.names[i]);
  }
  int rc = SL_OK;
  const char *near = lacks == 1 ? sl_str_nearest(sl_str(first), names, n) : NULL;
  if (lacks == 1)
    rc = sl_err_set(err, SL_ENOENT, "the data has no column %s, which the model's signature asks for%s%s%s", first, near ? " (is it " : "",
                    near ? near : "", near ? "?)" : "");
  else if (lacks)
    rc = sl_err_set(err, SL_ENOENT, "the data has none of %zu columns that the model's signature asks for: %.*s%s", lacks,
                    SL_ARG(sl_buf_view(&list)), lacks > LACKS_SHOWN ? ", ..." : "");
  sl_buf_free(&list);
  return rc;
}

static int match(struct score *s, duck_prepared p, struct sl_err *err)
{
  size_t n = (size_t)s->d->prepared_statement_column_count(p);
  const char **names = sl_calloc(n + 1, sizeof *names);
  const char *label = json_string_value(json_object_get(s->args, "label"));
  const char *slice = json_string_value(json_object_get(s->args, "slice"));
  s->of = sl_calloc(sl_model_facts(s->m).features + 1, sizeof *s->of);
  s->label_at = s->slice_at = SIZE_MAX;
  s->said = sl_calloc(sl_model_facts(s->m).features + 1, sizeof *s->said);
  if (!names || !s->of || !s->said) {
    sl_free(names);
    return sl_err_nomem(err);
  }
  for (size_t i = 0; i < n; i++) {
    names[i] = s->d->prepared_statement_column_name(p, i);
    names[i] = names[i] ? names[i] : "";
    if (label && !strcmp(names[i], label))
      s->label_at = i;
    if (slice && !strcmp(names[i], slice))
      s->slice_at = i;
  }
  int rc = SL_OK;
  if (label && s->label_at == SIZE_MAX)
    rc = no_column(label, "the label", names, n, err);
  if (!rc && slice && s->slice_at == SIZE_MAX)
    rc = no_column(slice, "it", names, n, err);
  if (!rc)
    rc = check_missing(s, names, n, err);
  if (!rc)
    rc = sl_model_match(s->m, names, n, (const char *const *)s->page.names, s->page.n, s->label_at, s->of, err);
  rc = score_why_columns(names, n, rc, err);
  sl_free(names);
  return rc;
}

/* The features in their order, then the label, then the groups' column; columns by number, since names may repeat. */
static void put_select(struct score *s, struct sl_buf *b, struct sl_str data, uint64_t ncols)
{
  size_t features = sl_model_facts(s->m).features;
  sl_buf_z(b, "SELECT ");
  for (size_t i = 0; i < features; i++)
    sl_buf_printf(b, "%sc%zu", i ? ", " : "", s->of[i]);
  if (s->label_at != SIZE_MAX)
    sl_buf_printf(b, "%sc%zu", features ? ", " : "", s->label_at);
  if (s->slice_at != SIZE_MAX)
    sl_buf_printf(b, ", CAST(c%zu AS VARCHAR)", s->slice_at);
  sl_buf_printf(b, " FROM (\n%.*s\n) AS t(", SL_ARG(data));
  for (uint64_t i = 0; i < ncols; i++)
    sl_buf_printf(b, "%sc%llu", i ? ", " : "", (unsigned long long)i);
  sl_buf_z(b, ")");
}

/* Noted now, said of the first value: a column without any has only the type that its file happens to give it. */
static void note_types(struct score *s)
{
  for (size_t i = 0; i < s->page.n; i++)
    for (size_t k = 0; k < sl_model_facts(s->m).features; k++)
      if (!strcmp(s->page.names[i], s->f.at[k].name) && !sl_mlmodel_takes(s->page.types[i], &s->f.at[k]))
        s->said[k] = s->page.types[i];
}

static int check_types(const struct score *s, struct sl_err *err)
{
  for (size_t k = 0; k < sl_model_facts(s->m).features; k++)
    if (s->said[k] && s->f.at[k].nulls < s->f.at[k].n)
      return sl_err_set(err, SL_EUSAGE, "column %s is %s; the model's signature says %s", s->f.at[k].name,
                        sl_column_type_name(&s->f.at[k]), s->said[k]);
  return SL_OK;
}

/* Names of the data, since the query numbers its columns. */
static int rename_columns(struct score *s, duck_prepared all, struct sl_err *err)
{
  for (size_t k = 0; k < s->f.n; k++) {
    size_t at = &s->f.at[k] == s->label ? s->label_at : &s->f.at[k] == s->slice ? s->slice_at : s->of[k];
    char *name = sl_strdup(s->d->prepared_statement_column_name(all, at));
    if (!name)
      return sl_err_nomem(err);
    sl_free(s->f.at[k].name);
    s->f.at[k].name = name;
  }
  return SL_OK;
}

static int bind(struct score *s, duck_prepared all, duck_prepared p, struct sl_err *err)
{
  size_t features = sl_model_facts(s->m).features;
  int rc = duck_columns_open(s->d, p, true, &s->f, err);
  if (rc)
    return rc;
  s->label = s->label_at == SIZE_MAX ? NULL : &s->f.at[features];
  s->slice = s->slice_at == SIZE_MAX ? NULL : &s->f.at[features + (s->label != NULL)];
  rc = rename_columns(s, all, err);
  if (!rc)
    note_types(s);
  const struct sl_column **col = sl_calloc(features + 1, sizeof *col);
  if (!rc && !col)
    rc = sl_err_nomem(err);
  for (size_t i = 0; !rc && i < features; i++)
    col[i] = &s->f.at[i];
  if (!rc)
    rc = sl_model_bind(&s->bind, s->m, col, err);
  sl_free(col);
  return rc;
}

/* ---- block after block ---- */

struct part { const struct score *s; enum sl_model_output what; struct sl_model_shape shape; size_t from, n; void *out; int rc;
  struct sl_err err; };

static void *predict_part(void *user)
{
  struct part *p = user;
  size_t wide = p->shape.width * (p->shape.type == SL_COLUMN_F32 ? sizeof(float) : sizeof(double));
  p->rc = sl_model_predict(p->s->bind, p->what, p->from, p->n, (char *)p->out + p->from * wide, &p->err);
  return NULL;
}

/* Contiguous rows to each thread: the sums of a row do not know of it. */
static int predict(const struct score *s, enum sl_model_output what, struct sl_model_shape shape, void *out, struct sl_err *err)
{
  size_t rows = sl_columns_rows(&s->f), n = rows / THREAD_ROWS < s->threads ? rows / THREAD_ROWS : s->threads, started = 0;
  pthread_t id[THREADS_MAX];
  struct part part[THREADS_MAX];
  n = n && !sl_model_facts(s->m).threads ? n : 1;
  for (size_t i = 0; i < n; i++) {
    size_t from = rows * i / n, to = rows * (i + 1) / n;
    part[i] = (struct part){ .s = s, .what = what, .shape = shape, .from = from, .n = to - from, .out = out };
  }
  while (started + 1 < n && !pthread_create(&id[started], NULL, predict_part, &part[started]))
    started++;
  for (size_t i = started; i < n; i++)
    predict_part(&part[i]);
  for (size_t i = 0; i < started; i++)
    pthread_join(id[i], NULL);
  for (size_t i = 0; i < n; i++)
    if (part[i].rc) {
      if (err)
        *err = part[i].err;
      return part[i].rc;
    }
  return SL_OK;
}

static void *outputs(struct sl_model_shape shape, size_t rows)
{
  return sl_alloc_aligned(SL_COLUMN_ALIGN, rows * shape.width * (shape.type == SL_COLUMN_F32 ? sizeof(float) : sizeof(double)) + 1);
}

static int room(struct score *s, struct sl_err *err)
{
  size_t rows = sl_columns_rows(&s->f);
  if (rows <= s->out_rows)
    return SL_OK;
  sl_free(s->out);
  sl_free(s->prob);
  s->out = outputs(s->shape, rows);
  s->prob = score_judged(s) ? outputs(s->prob_shape, rows) : NULL;
  s->out_rows = rows;
  return s->out && (s->prob || !score_judged(s)) ? SL_OK : sl_err_nomem(err);
}

/* How far the engine is through the data; two models read it one after the other. */
static void progress(const struct score *s)
{
  if (s->images) {
    score_images_progress(s);
    return;
  }
  duck_progress at = s->d->query_progress(s->conn);
  double part = !s->more ? 100 : at.percent > 0 ? at.percent : 0; /* all is read: the engine has forgotten it */
  if (s->aside || s->other)
    part = s->aside ? part / 2 : 50 + part / 2;
  if (part > 0)
    box_progress(s->c, (uint64_t)(part * 100), 10000);
  else
    box_progress(s->c, s->row, 0);
}

static enum sl_model_output judged_by(const struct score *s)
{
  return s->clusters ? SL_MODEL_POINT : s->prob_shape.type == SL_COLUMN_I64 ? SL_MODEL_CLASS
         : sl_model_facts(s->m).classes ? SL_MODEL_PROBABILITY : SL_MODEL_PREDICT;
}

static int predict_block(struct score *s, struct sl_err *err)
{
  int rc = room(s, err);
  if (!rc)
    rc = check_types(s, err);
  if (!rc)
    rc = sl_model_bind_rows(s->bind, err);
  double from = score_now();
  if (!rc)
    rc = predict(s, s->what, s->shape, s->out, err);
  s->kernel_s += score_now() - from;
  if (!rc && s->images)
    score_images_check(s);
  if (!rc && score_judged(s))
    rc = predict(s, judged_by(s), s->prob_shape, s->prob, err);
  if (!rc && score_judged(s) && !s->probs)
    rc = s->clusters ? score_clusters_block(s, err) : score_quality_block(s, err);
  if (!rc && s->part)
    rc = score_partial_block(s, err);
  return rc ? rc : score_slices_block(s, err);
}

int score_block_next(struct score *s, struct sl_err *err)
{
  size_t cells = s->f.n + 1 + s->shape.width + (score_judged(s) ? s->prob_shape.width : 0);
  size_t rows = BLOCK_CELLS / cells < BLOCK_ROWS ? BLOCK_CELLS / cells : BLOCK_ROWS;
  int rc = s->images ? score_images_next(s, err) : SL_OK;
  while (!rc && s->more && (!sl_columns_rows(&s->f) || sl_columns_rows(&s->f) + CHUNK <= rows))
    rc = duck_columns_next(s->d, &s->result, &s->f, &s->more, err);
  return rc || !sl_columns_rows(&s->f) ? rc : predict_block(s, err);
}

/* Texts are numbered as they come; what many different ones take is given back. */
static void forget_texts(struct score *s)
{
  bool any = false;
  for (size_t i = 0; i < s->f.n; i++)
    any = sl_column_forget(&s->f.at[i], TEXTS_MAX, TEXTS_BYTES) || any;
  if (any)
    sl_model_bind_forget(s->bind);
}

void score_block_done(struct score *s)
{
  s->row += sl_columns_rows(&s->f);
  sl_columns_clear(&s->f);
  forget_texts(s);
  progress(s);
}

/* The first one is there already. */
static int blocks(struct score *s, struct sl_err *err)
{
  bool none = s->judge || s->part;
  int rc = none ? SL_OK : score_out_head(s, err);
  while (!rc && sl_columns_rows(&s->f)) {
    if (!none)
      rc = score_out_block(s, err);
    score_block_done(s);
    if (!rc)
      rc = score_block_next(s, err);
  }
  return rc;
}

/* From the data's first block, of which nothing was read yet, to the end. */
static int run_blocks(struct score *s, struct sl_err *err)
{
  bool file = s->c->out_file && !s->judge;
  int rc = score_block_next(s, err); /* what the data may not hold is said before anything is given */
  if (!rc)
    rc = file && !s->part ? score_write(s, err) : blocks(s, err);
  if (!rc && s->part)
    rc = score_partial_write(s, err);
  s->total_s = score_now() - s->total_s;
  if (rc || s->aside)
    return rc;
  if (s->images)
    rc = score_images_notes(s, err);
  if (!rc && s->judge)
    return score_quality_rows(s, err);
  uint64_t rows = s->c->rows;
  if (!rc && file)
    rc = score_out_summary(s, err);
  s->c->rows = file ? rows : s->c->rows;
  return rc;
}

static int run_query(struct score *s, duck_prepared p, struct sl_err *err)
{
  int rc = score_out_begin(s, err);
  if (!rc)
    rc = duck_execute(s->d, s->conn, s->c, p, &s->result, err);
  s->more = !rc;
  if (!rc)
    rc = run_blocks(s, err);
  s->d->destroy_result(&s->result);
  return rc;
}

static int over_pictures(struct score *s, struct sl_err *err)
{
  int rc = !score_partial_wanted(s) ? score_images_open(s, err)
                                    : sl_err_set(err, SL_EUNSUP, "--partial keeps results of tables, not of pictures");
  if (!rc)
    rc = score_quality_open(s, err);
  if (!rc)
    rc = score_slices_open(s, err);
  if (!rc)
    rc = score_out_begin(s, err);
  return rc ? rc : run_blocks(s, err);
}

/* What only a model of pictures takes. */
static int check_table(const struct score *s, struct sl_err *err)
{
  struct stat st;
  const char *folder = json_string_value(json_object_get(s->args, "folder")), *data = json_string_value(json_object_get(s->args, "data"));
  if (json_integer_value(json_object_get(s->args, "sample")) > 0)
    return sl_err_set(err, SL_EUSAGE, "--sample is for pictures; of a table take a query: --data 'sql:select ... using sample 1000'");
  if (folder && data && !strstr(data, "/**/*") && !stat(folder, &st) && S_ISDIR(st.st_mode))
    return sl_err_set(err, SL_ENOENT, "%s: no Parquet, CSV or JSON file lies there", folder);
  return SL_OK;
}

static int over_data(struct score *s, struct sl_err *err)
{
  duck_prepared all = NULL, p = NULL;
  struct sl_buf b;
  int type = 0;
  const char *data = json_string_value(json_object_get(s->args, "data"));
  struct sl_str query = sql_without_end(sl_str(data ? data : ""));
  sl_buf_init(&b, 8 << 20);
  int rc = check_table(s, err);
  if (!rc)
    rc = duck_prepare(s->d, s->conn, data ? data : "", &all, &type, err);
  if (!rc && type != DUCK_ST_SELECT)
    rc = sl_err_set(err, SL_EREADONLY, "data is an address or a query");
  if (!rc)
    rc = match(s, all, err);
  if (!rc) {
    put_select(s, &b, query, s->d->prepared_statement_column_count(all));
    rc = sl_buf_check(&b, err);
  }
  if (!rc)
    rc = duck_prepare(s->d, s->conn, b.p, &p, &type, err);
  if (!rc)
    rc = bind(s, all, p, err);
  if (!rc)
    rc = score_quality_open(s, err);
  if (!rc && score_partial_wanted(s))
    rc = score_partial_open(s, err);
  if (!rc)
    rc = score_slices_open(s, err);
  if (!rc)
    rc = run_query(s, p, err);
  if (rc && all)
    rc = score_why(s, query, s->d->prepared_statement_column_count(all), rc, err);
  s->d->destroy_prepare(&p);
  s->d->destroy_prepare(&all);
  sl_buf_free(&b);
  return duck_why_csv(s->d, s->conn, rc, err);
}

/* ---- start ---- */

static int take_output(struct score *s, struct sl_err *err)
{
  static const char *const words[] = { "", "raw", "probability", "class", "leaf" };
  const char *word = json_string_value(json_object_get(s->args, "output")), *cpu = json_string_value(json_object_get(s->args, "cpu"));
  int64_t threads = 0;
  for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++)
    if (!strcmp(word, words[i]))
      s->what = (enum sl_model_output)i;
  if (word && *word && s->what == SL_MODEL_PREDICT)
    return sl_err_set(err, SL_EUSAGE, "--output %.20s: raw, probability, class or leaf", word);
  if (!sl_json_i64(s->args, "threads", &threads) || threads < 1)
    threads = s->c->hello->threads;
  s->threads = threads > THREADS_MAX ? THREADS_MAX : (unsigned)threads;
  s->judge = json_is_true(json_object_get(s->args, "quality"));
  s->all = s->c->out_file && json_is_true(json_object_get(s->args, "all"));
  s->wide = s->judge && json_is_true(json_object_get(s->args, "wide"));
  return cpu ? sl_model_cpu(cpu, err) : SL_OK;
}

static void score_free(struct score *s)
{
  score_out_free(s);
  score_images_free(s);
  score_all_free(s);
  sl_model_bind_free(s->bind);
  sl_columns_free(&s->f);
  sl_model_free(s->m);
  sl_mlmodel_free(&s->page);
  sl_quality_free(s->quality);
  sl_clusters_free(s->clusters);
  sl_partial_free(s->part);
  score_slices_free(s);
  sl_free(s->of);
  sl_free(s->said);
  sl_free(s->out);
  sl_free(s->prob);
  sl_free(s->path);
  json_decref(s->args);
  if (s->conn)
    s->d->disconnect(&s->conn);
}

static int prepare(struct score *s, struct sl_err *err)
{
  int rc = take_output(s, err);
  if (!rc)
    rc = score_model_load(s, err);
  if (rc)
    return rc;
  s->all = s->all && !s->images; /* of pictures the prediction and its own probability are kept anyway */
  return s->all ? score_all_open(s, err) : sl_model_shape(s->m, s->what, &s->shape, err);
}

static int over_model(struct score *s, struct sl_err *err)
{
  int rc = duck_own_connect(s->c, &s->conn, err);
  return rc ? rc : s->images ? over_pictures(s, err) : over_data(s, err);
}

/* The other model first, over the same data: what is kept of it is compared with the first one's. */
static int run_other(struct score *s, struct score *t, struct sl_err *err)
{
  const char *path = json_string_value(json_object_get(s->args, "against_path"));
  if (!path)
    return SL_OK;
  *t = (struct score){ .c = s->c, .d = s->d, .args = json_incref(s->args), .aside = true, .total_s = score_now(),
                       .file = json_string_value(json_object_get(s->args, "against_file")) };
  s->other = t;
  t->path = sl_strdup(path);
  int rc = t->path ? prepare(t, err) : sl_err_nomem(err);
  if (!rc && !t->images != !s->images)
    return sl_err_set(err, SL_EUSAGE, "one model takes pictures, the other columns: there is no data for both");
  if (!rc && !sl_model_facts(t->m).clusters != !sl_model_facts(s->m).clusters)
    return sl_err_set(err, SL_EUSAGE, "one model finds clusters, the other predicts: there is nothing to compare");
  if (!rc && !sl_model_facts(t->m).classes != !sl_model_facts(s->m).classes)
    return sl_err_set(err, SL_EUSAGE, "one model predicts classes, the other numbers: there is nothing to compare");
  if (!rc)
    rc = over_model(t, err);
  if (rc)
    sl_err_prefix(err, "the model to compare with");
  return rc;
}

static int score_run(struct sl_box_ctx *c, struct sl_str text, struct sl_err *err)
{
  struct duck_own *own = c->own;
  struct score s = { .c = c, .d = &own->d, .total_s = score_now() }, t = { .c = NULL };
  int rc = box_args(text, &s.args, &s.path, err);
  s.file = rc ? NULL : json_string_value(json_object_get(s.args, "file"));
  if (!rc)
    rc = prepare(&s, err);
  if (!rc)
    rc = score_quality_asked(&s, err);
  if (!rc)
    rc = run_other(&s, &t, err);
  if (!rc)
    rc = over_model(&s, err);
  if (s.other)
    score_free(&t);
  score_free(&s);
  return rc;
}

static int score_load(struct sl_box_ctx *c, struct sl_err *err)
{
  int rc = duck_own_load(c, err);
  return rc ? rc : ort_load(c, err);
}

const struct sl_box_worker box_worker_score = { .kind = "score", .load = score_load, .run = score_run };
