/* backends/compute/score.c: a model over data, as a statement that stands alone:
 *
 *     [select *] from score('MODEL', 'DATA' [, label => 'C'] [, output => 'raw'] [, threads => N] [, sample => N])    predictions
 *     [select *] from quality('MODEL', 'DATA', label => 'C' [, against => 'MODEL'] [, slice => 'C'])                     how good they are
 *
 * and the same for the resource `quality` (quality.c). MODEL: a file, a folder with MLmodel, models:/NAME/3, models:/NAME@alias,
 * runs:/ID/path, predicted:KIND (the data holds what was predicted). What a registry holds is copied into a folder of ours first
 * (fetch.c). DATA: an address, or sql:QUERY; for a model of pictures a folder or an archive of them, which the box finds out. */
#include <stdlib.h>

#include "backend_compute/compute_int.h"
#include "base/fmt.h"
#include "base/json.h"
#include "base/utf8.h"
#include "box/sqlscan.h"

enum { READS_MAX = 300, MODELS = 2 };
enum word { MODEL, DATA, LABEL, OUTPUT, AGAINST, SLICE, WORDS };

struct compute_score {
  struct compute *c;
  struct sl_req *touch;
  bool quality, wide, all;
  bool nomem;                  /* while the statement was read: not the statement's fault */
  bool later, gone;            /* a model that the data holds is about to be found; k is dropped meanwhile */
  char *word[WORDS];
  uint64_t threads, sample;    /* 0: none */
  compute_prepped *fn;
  void *user;
  struct compute_prep *prep;
  struct compute_fetch *fetch[MODELS];
  char *path[MODELS];          /* of the model, then of the one to compare with */
  size_t at;                   /* which of them is being found */
  char *query;                 /* the data's, addresses resolved */
  char *folder;                /* the data's own place, where it is an address without wildcards */
  char *reads[READS_MAX + 13]; size_t nreads;
};

/* ---- the statement ---- */

static bool is(const struct sl_sql_tok *t, const char *z) { return sl_str_ieq(t->s, sl_str(z)); }

static int form_of(struct sl_str *rest)
{
  struct sl_sql_tok t, open;
  if (!sl_sql_next(rest, &t))
    return -1;
  if (is(&t, "select") && (!sl_sql_next(rest, &t) || !is(&t, "*") || !sl_sql_next(rest, &t)))
    return -1;
  if (!is(&t, "from") || !sl_sql_next(rest, &t) || t.kind != SL_SQL_WORD || !sl_sql_next(rest, &open) || !is(&open, "("))
    return -1;
  return is(&t, "score") ? 0 : is(&t, "quality") ? 1 : -1;
}

static char *text_of(struct compute_score *k, const struct sl_sql_tok *t)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  bool text = t->kind == SL_SQL_TEXT && sl_sql_unquote(t, &b);
  k->nomem = k->nomem || b.failed == SL_ENOMEM;
  char *out = text && b.n ? sl_buf_take(&b, NULL) : NULL;
  sl_buf_free(&b);
  return out;
}

/* => behind a name; the scanner may give it as one or two. */
static bool arrow(struct sl_str *rest)
{
  struct sl_sql_tok t;
  return sl_sql_next(rest, &t) && (is(&t, "=>") || (is(&t, "=") && sl_sql_next(rest, &t) && is(&t, ">")));
}

static bool named(struct compute_score *k, const struct sl_sql_tok *name, struct sl_str *rest)
{
  struct sl_sql_tok v;
  if (!arrow(rest) || !sl_sql_next(rest, &v))
    return false;
  if (is(name, "threads"))
    return v.kind == SL_SQL_NUMBER && sl_str_u64(v.s, &k->threads) && k->threads <= 1024;
  if (is(name, "sample"))
    return v.kind == SL_SQL_NUMBER && sl_str_u64(v.s, &k->sample) && k->sample > 0 && k->sample <= SL_QUALITY_SAMPLE_MAX;
  char **slot = is(name, "label") ? &k->word[LABEL] : is(name, "output") ? &k->word[OUTPUT]
                : is(name, "against") && k->quality ? &k->word[AGAINST]
                : is(name, "slice") && k->quality ? &k->word[SLICE] : NULL;
  if (!slot || *slot)
    return false;
  *slot = text_of(k, &v);
  return *slot != NULL;
}

static bool args_of(struct compute_score *k, struct sl_str *rest)
{
  struct sl_sql_tok t;
  for (size_t i = 0;; i++) {
    if (!sl_sql_next(rest, &t))
      return false;
    if (i < 2 ? !(k->word[i] = text_of(k, &t)) : t.kind != SL_SQL_WORD || !named(k, &t, rest))
      return false;
    if (!sl_sql_next(rest, &t) || !(is(&t, ",") || is(&t, ")")))
      return false;
    if (is(&t, ")"))
      return i > 0 && (!sl_sql_next(rest, &t) || (is(&t, ";") && !sl_sql_next(rest, &t)));
  }
}

int compute_score_parse(struct compute_score **out, struct sl_str sql, struct sl_err *err)
{
  int form = form_of(&sql);
  *out = NULL;
  if (form < 0)
    return SL_OK;
  struct compute_score *k = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  k->quality = form == 1;
  if (!args_of(k, &sql)) {
    bool nomem = k->nomem;
    compute_score_free(k);
    if (nomem)
      return sl_err_nomem(err);
    return sl_err_set(err, SL_EUSAGE, "it stands alone: `from %s('MODEL', 'DATA', label => 'COLUMN'%s)`", form ? "quality" : "score",
                      form ? "" : ", output => 'raw'");
  }
  *out = k;
  return SL_OK;
}

/* For the resource: the same as a statement, and the rows that matter behind the figures. */
int compute_score_of(struct compute_score **out, const struct sl_quality_ask *a, struct sl_err *err)
{
  const char *const words[WORDS] = { [MODEL] = a->model, [DATA] = a->data, [LABEL] = a->label, [AGAINST] = a->against,
                                      [SLICE] = a->slice };
  struct compute_score *k = *out = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  k->quality = k->wide = true;
  if (a->sample)
    (void)sl_str_u64(sl_str(a->sample), &k->sample);
  for (size_t i = 0; i < WORDS; i++)
    if (words[i] && !(k->word[i] = sl_strdup(words[i]))) {
      compute_score_free(k);
      *out = NULL;
      return sl_err_nomem(err);
    }
  return SL_OK;
}

/* What is predicted, into a file: prediction, probability_CLASS. */
int compute_score_all(struct compute_score **out, const char *model, const char *data, struct sl_err *err)
{
  struct compute_score *k = *out = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  k->all = true;
  k->word[MODEL] = sl_strdup(model);
  k->word[DATA] = sl_strdup(data);
  if (k->word[MODEL] && k->word[DATA])
    return SL_OK;
  compute_score_free(k);
  *out = NULL;
  return sl_err_nomem(err);
}

void compute_score_free(struct compute_score *k)
{
  if (!k)
    return;
  if (k->later) { /* first_given() comes yet */
    k->gone = true;
    return;
  }
  compute_prep_drop(k->prep);
  for (size_t i = 0; i < MODELS; i++) {
    compute_fetch_drop(k->fetch[i]);
    sl_free(k->path[i]);
  }
  for (size_t i = 0; i < WORDS; i++)
    sl_free(k->word[i]);
  for (size_t i = 0; i < k->nreads; i++)
    sl_free(k->reads[i]);
  sl_free(k->query);
  sl_free(k->folder);
  sl_free(k);
}

/* ---- what the box is asked ---- */

const char *const compute_beside[] = { "preprocessor_config.json", "config.json", "classes.txt", NULL };

static bool is_given(struct sl_str model) { return sl_str_starts(model, SL_STR("predicted:")); }

static void put_text(struct sl_buf *b, const char *key, const char *v)
{
  if (!v)
    return;
  sl_buf_printf(b, "\"%s\":", key);
  sl_json_quote(b, sl_str(v));
  sl_buf_ch(b, ',');
}

static void finish(struct compute_score *k, int rc, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 4 << 20);
  sl_buf_ch(&b, '{');
  put_text(&b, "path", k->path[0]);
  put_text(&b, "file", k->fetch[0] ? "model" : NULL);
  put_text(&b, "against_path", k->path[1]);
  put_text(&b, "against_file", k->fetch[1] ? "model" : NULL);
  put_text(&b, "model", k->word[MODEL]);
  put_text(&b, "data", k->query);
  put_text(&b, "folder", k->folder);
  put_text(&b, "label", k->word[LABEL]);
  put_text(&b, "slice", k->word[SLICE]);
  put_text(&b, "output", k->word[OUTPUT]);
  put_text(&b, "cpu", getenv("SLUICE_CPU"));
  sl_buf_printf(&b, "\"sample\":%llu,\"all\":%s,", (unsigned long long)k->sample, k->all ? "true" : "false");
  sl_buf_printf(&b, "\"threads\":%llu,\"quality\":%s,\"wide\":%s}", (unsigned long long)k->threads, k->quality ? "true" : "false",
                k->wide ? "true" : "false");
  if (!rc)
    rc = sl_buf_check(&b, err);
  k->fn(k->user, rc, b.p, (const char *const *)k->reads, err);
  sl_buf_free(&b);
}

static int add_read(struct compute_score *k, const char *path, struct sl_err *err)
{
  if (k->nreads > READS_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d files", READS_MAX);
  k->reads[k->nreads] = sl_strdup(path);
  return k->reads[k->nreads++] ? SL_OK : sl_err_nomem(err);
}

/* Weights of an ONNX file lie beside it under one of two names, as a rule; what is told of it in files of fixed names. */
static int add_model(struct compute_score *k, const char *path, struct sl_err *err)
{
  static const char *const behind[] = { "", ".data", "_data" };
  const char *slash = strrchr(path, '/');
  bool onnx = sl_str_ends(sl_str(path), SL_STR(".onnx")) && slash;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < (onnx ? 3 : 1); i++) {
    char *name = sl_asprintf("%s%s", path, behind[i]);
    rc = name ? add_read(k, name, err) : sl_err_nomem(err);
    sl_free(name);
  }
  for (size_t i = 0; !rc && onnx && compute_beside[i]; i++) {
    char *name = sl_asprintf("%.*s/%s", (int)(slash - path), path, compute_beside[i]);
    rc = name ? add_read(k, name, err) : sl_err_nomem(err);
    sl_free(name);
  }
  return rc;
}

static void on_data(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct compute_score *k = user;
  struct sl_err e = *err;
  k->prep = NULL;
  if (!rc && !sl_utf8_valid(sl_str(sql)))
    rc = sl_err_set(&e, SL_EUNSUP, "a name that is no UTF-8");
  bool place = !sl_str_starts(sl_str(k->word[DATA]), SL_STR("sql:")) && !k->word[DATA][strcspn(k->word[DATA], "*?[")];
  k->query = rc ? NULL : sl_strdup(sql);
  k->folder = rc || !place ? NULL : sl_strdup(reads[0]);
  if (!rc && (!k->query || (place && reads[0] && !k->folder)))
    rc = sl_err_nomem(&e);
  for (size_t i = 0; !rc && reads[i]; i++)
    rc = add_read(k, reads[i], &e);
  for (size_t i = 0; !rc && i < MODELS; i++)
    rc = k->path[i] && !is_given(sl_str(k->word[i ? AGAINST : MODEL])) ? add_model(k, k->path[i], &e) : SL_OK;
  finish(k, rc, &e);
}

static void then_data(struct compute_score *k, int rc, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_str data = sl_str(k->word[DATA]);
  sl_buf_init(&b, 1 << 20);
  if (sl_str_starts(data, SL_STR("sql:"))) {
    sl_buf_str(&b, sl_str_from(data, 4));
  } else {
    sl_buf_z(&b, "FROM ");
    sl_fmt_quote(&b, data, '\'');
  }
  if (!rc)
    rc = sl_buf_check(&b, err);
  if (!rc)
    rc = (sl_str_starts(data, SL_STR("sql:")) ? compute_prep : compute_prep_data)(&k->prep, k->c, sl_buf_view(&b), on_data, k, err);
  sl_buf_free(&b);
  if (rc)
    finish(k, rc, err);
}

/* ---- the models: paths of this machine, or copied from a registry ---- */

static int next_model(struct compute_score *k, struct sl_err *err);

static void model_found(struct compute_score *k, int rc, const char *path, const struct sl_err *err)
{
  struct sl_err e = *err;
  k->path[k->at] = rc ? NULL : sl_strdup(path);
  if (!rc && !k->path[k->at])
    rc = sl_err_nomem(&e);
  if (!rc && !sl_utf8_valid(sl_str(k->path[k->at])))
    rc = sl_err_set(&e, SL_EUNSUP, "a name that is no UTF-8");
  if (rc && k->at)
    sl_err_prefix(&e, "the model to compare with");
  if (!rc && ++k->at < MODELS && k->word[AGAINST]) {
    rc = next_model(k, &e);
    if (!rc)
      return;
  }
  then_data(k, rc, &e);
}

static void on_path(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct compute_score *k = user;
  (void)sql;
  k->prep = NULL;
  model_found(k, rc, rc ? NULL : reads[0], err);
}

static void on_folder(void *user, int rc, const char *dir, const struct sl_err *err) { model_found(user, rc, dir, err); }

static void first_given(void *user)
{
  static const struct sl_err none;
  struct compute_score *k = user;
  k->later = false;
  if (k->gone) {
    compute_score_free(k);
    return;
  }
  char *path = sl_asprintf("/%s", k->word[k->at ? AGAINST : MODEL]);
  struct sl_err err = none;
  model_found(k, path ? SL_OK : sl_err_nomem(&err), path, &err);
  sl_free(path);
}

static int given(struct compute_score *k, struct sl_err *err)
{
  int rc = sl_loop_later(sl_backend_loop(k->c->b), first_given, k, err);
  k->later = !rc;
  return rc;
}

static int next_model(struct compute_score *k, struct sl_err *err)
{
  const char *model = k->word[k->at ? AGAINST : MODEL];
  struct sl_str s = sl_str(model);
  if (is_given(s)) /* the data has them already */
    return given(k, err);
  if (compute_fetch_needed(s))
    return compute_fetch(&k->fetch[k->at], k->c, model, k->touch, on_folder, k, err);
  return compute_prep_address(&k->prep, k->c, s, on_path, k, err);
}

int compute_score_begin(struct compute_score *k, struct compute *c, struct sl_req *touch, compute_prepped *fn, void *user,
                        struct sl_err *err)
{
  k->c = c;
  k->touch = touch;
  k->fn = fn;
  k->user = user;
  for (size_t i = 0; i < WORDS; i++)
    if (k->word[i] && !sl_utf8_valid(sl_str(k->word[i])))
      return sl_err_set(err, SL_EUNSUP, "a name that is no UTF-8");
  return next_model(k, err);
}
