/* backends/compute/score.c: a model over data, as a statement that stands alone:
 *
 *     [select *] from score('MODEL', 'DATA' [, label => 'C'] [, output => 'raw'] [, threads => N])     predictions, a row each
 *     [select *] from quality('MODEL', 'DATA', label => 'C')                                            how good they are
 *
 * MODEL: a file, a folder with MLmodel, models:/NAME/3, models:/NAME@alias, runs:/ID/path. What a registry holds is copied into a folder of
 * ours first: the page that names the file, then that file; the bytes of a model are opened in the box alone. DATA: an address, or
 * sql:QUERY. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend_compute/compute_int.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "box/sqlscan.h"
#include "compute/mlmodel.h"

enum { MODEL_MAX = 256 << 20, READS_MAX = 300 };
enum word { MODEL, DATA, LABEL, OUTPUT, WORDS };

struct compute_score {
  struct compute *c;
  struct sl_req *touch;
  bool quality;
  char *word[WORDS];
  uint64_t threads;
  compute_prepped *fn;
  void *user;
  struct compute_prep *prep;
  char *path, *dir;            /* of the model; dir: ours, to be removed */
  char *query;                 /* the data's, addresses resolved */
  char *reads[READS_MAX + 2]; size_t nreads;
  sl_watch fetch;
  struct sl_buf page;          /* MLmodel, as it comes */
  char *file;                  /* beside it; NULL: not known yet */
  int fd;
  uint64_t got;
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

static char *text_of(const struct sl_sql_tok *t)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  char *out = t->kind == SL_SQL_TEXT && sl_sql_unquote(t, &b) && b.n ? sl_buf_take(&b, NULL) : NULL;
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
  char **slot = is(name, "label") ? &k->word[LABEL] : is(name, "output") ? &k->word[OUTPUT] : NULL;
  if (!slot || *slot)
    return false;
  *slot = text_of(&v);
  return *slot != NULL;
}

static bool args_of(struct compute_score *k, struct sl_str *rest)
{
  struct sl_sql_tok t;
  for (size_t i = 0;; i++) {
    if (!sl_sql_next(rest, &t))
      return false;
    if (i < 2 ? !(k->word[i] = text_of(&t)) : t.kind != SL_SQL_WORD || !named(k, &t, rest))
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
  k->fd = -1;
  k->quality = form == 1;
  sl_buf_init(&k->page, SL_MLMODEL_MAX);
  if (!args_of(k, &sql)) {
    compute_score_free(k);
    return sl_err_set(err, SL_EUSAGE, "it stands alone: `from %s('MODEL', 'DATA', label => 'COLUMN'%s)`", form ? "quality" : "score",
                      form ? "" : ", output => 'raw'");
  }
  *out = k;
  return SL_OK;
}

static void remove_dir(struct compute_score *k)
{
  static const char *const names[] = { "MLmodel", "model" };
  for (size_t i = 0; k->dir && i < sizeof names / sizeof names[0]; i++) {
    char *path = sl_path_join(k->dir, names[i]);
    if (path)
      unlink(path);
    sl_free(path);
  }
  if (k->dir)
    rmdir(k->dir);
  sl_free(k->dir);
}

void compute_score_free(struct compute_score *k)
{
  if (!k)
    return;
  if (k->fetch.v)
    sl_ws_unwatch(sl_backend_ws(k->c->b), k->fetch);
  compute_prep_drop(k->prep);
  if (k->fd >= 0)
    close(k->fd);
  remove_dir(k);
  for (size_t i = 0; i < WORDS; i++)
    sl_free(k->word[i]);
  for (size_t i = 0; i < k->nreads; i++)
    sl_free(k->reads[i]);
  sl_buf_free(&k->page);
  sl_free(k->path);
  sl_free(k->file);
  sl_free(k->query);
  sl_free(k);
}

/* ---- what the box is asked ---- */

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
  put_text(&b, "path", k->dir ? k->dir : k->path);
  put_text(&b, "file", k->dir ? "model" : NULL);
  put_text(&b, "model", k->word[MODEL]);
  put_text(&b, "data", k->query);
  put_text(&b, "label", k->word[LABEL]);
  put_text(&b, "output", k->word[OUTPUT]);
  sl_buf_printf(&b, "\"threads\":%llu,\"quality\":%s}", (unsigned long long)k->threads, k->quality ? "true" : "false");
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

static void on_data(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct compute_score *k = user;
  struct sl_err e = *err;
  k->prep = NULL;
  if (!rc && !sl_utf8_valid(sl_str(sql)))
    rc = sl_err_set(&e, SL_EUNSUP, "a name that is no UTF-8");
  k->query = rc ? NULL : sl_strdup(sql);
  if (!rc && !k->query)
    rc = sl_err_nomem(&e);
  for (size_t i = 0; !rc && reads[i]; i++)
    rc = add_read(k, reads[i], &e);
  if (!rc)
    rc = add_read(k, k->dir ? k->dir : k->path, &e);
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
    compute_quote(&b, data, '\'');
  }
  if (!rc)
    rc = sl_buf_check(&b, err);
  if (!rc)
    rc = compute_prep(&k->prep, k->c, sl_buf_view(&b), on_data, k, err);
  sl_buf_free(&b);
  if (rc)
    finish(k, rc, err);
}

/* ---- the model: a path of this machine ---- */

static void on_path(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct compute_score *k = user;
  struct sl_err e = *err;
  (void)sql;
  k->prep = NULL;
  k->path = rc ? NULL : sl_strdup(reads[0]);
  if (!rc && !k->path)
    rc = sl_err_nomem(&e);
  if (!rc && !sl_utf8_valid(sl_str(k->path)))
    rc = sl_err_set(&e, SL_EUNSUP, "a name that is no UTF-8");
  then_data(k, rc, &e);
}

/* ---- the model: of a registry ---- */

static int fetch(struct compute_score *k, const char *name, struct sl_err *err);

static int write_all(int fd, const char *p, size_t n, struct sl_err *err)
{
  while (n) {
    ssize_t k = write(fd, p, n);
    if (k < 0 && errno == EINTR)
      continue;
    if (k <= 0)
      return sl_err_sys(err, errno, "cannot keep the model");
    p += k;
    n -= (size_t)k;
  }
  return SL_OK;
}

static int on_bytes(void *user, uint64_t off, const void *p, size_t n)
{
  struct compute_score *k = user;
  (void)off;
  if (k->touch)
    sl_req_touch(k->touch, n);
  k->got += n;
  if (k->fd < 0) {
    sl_buf_add(&k->page, p, n);
    return k->page.failed;
  }
  return k->got > MODEL_MAX ? SL_ELIMIT : write_all(k->fd, p, n, NULL);
}

/* MLmodel is there: kept for the box, with the one file that it names called `model` beside it. */
static int keep_page(struct compute_score *k, struct sl_err *err)
{
  struct sl_mlmodel page;
  int rc = sl_mlmodel_read(&page, sl_buf_view(&k->page), "MLmodel", err);
  if (rc) {
    sl_err_prefix(err, "not re-scored");
    return rc;
  }
  k->file = sl_strdup(page.file);
  sl_mlmodel_free(&page);
  return k->file ? SL_OK : sl_err_nomem(err);
}

static char *template_path(struct compute_score *k)
{
  const char *state = sl_backend_state_dir(k->c->b);
  return sl_path_join(state ? state : "/tmp", "score-XXXXXX");
}

/* A file of the folder; k->fd is open for it. */
static int make_file(struct compute_score *k, const char *name, struct sl_err *err)
{
  char *path = sl_path_join(k->dir, name);
  int rc = path ? SL_OK : sl_err_nomem(err);
  if (k->fd >= 0)
    close(k->fd);
  k->fd = rc ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (!rc && k->fd < 0)
    rc = sl_err_sys(err, errno, "cannot keep the model in %s", path);
  sl_free(path);
  return rc;
}

static int put_page(struct compute_score *k, struct sl_err *err)
{
  int rc = make_file(k, "MLmodel", err);
  return rc ? rc : write_all(k->fd, k->page.p, k->page.n, err);
}

static int page_done(struct compute_score *k, struct sl_err *err)
{
  int rc = keep_page(k, err);
  k->dir = rc ? NULL : template_path(k);
  if (!rc && !k->dir)
    rc = sl_err_nomem(err);
  if (!rc && !mkdtemp(k->dir)) {
    rc = sl_err_sys(err, errno, "cannot make a folder for the model: %s", k->dir);
    sl_free(k->dir);
    k->dir = NULL;
  }
  if (!rc)
    rc = put_page(k, err);
  if (!rc)
    rc = make_file(k, "model", err);
  return rc ? rc : fetch(k, k->file, err);
}

static void on_fetched(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct compute_score *k = user;
  struct sl_err e = { 0 };
  (void)size;
  if (err)
    e = *err;
  k->fetch.v = 0;
  if (rc == SL_ELIMIT || k->got > MODEL_MAX)
    rc = sl_err_set(&e, SL_ELIMIT, "not re-scored: the model is larger than %d MiB", MODEL_MAX >> 20);
  if (!rc && !k->file) {
    rc = page_done(k, &e);
    if (!rc)
      return;
  }
  if (k->fd >= 0)
    close(k->fd);
  k->fd = -1;
  then_data(k, rc, &e);
}

static int fetch(struct compute_score *k, const char *name, struct sl_err *err)
{
  static const struct sl_bytes_fn fn = { .data = on_bytes, .done = on_fetched };
  struct sl_buf uri;
  sl_buf_init(&uri, 64 << 10);
  sl_buf_printf(&uri, "%s%s%s", k->word[MODEL], sl_str_ends(sl_str(k->word[MODEL]), SL_STR("/")) ? "" : "/", name);
  k->got = 0;
  int rc = sl_buf_check(&uri, err);
  if (!rc)
    rc = sl_ws_bytes(sl_backend_ws(k->c->b), sl_buf_view(&uri), 0, UINT64_MAX, &fn, k, &k->fetch, err);
  sl_buf_free(&uri);
  return rc;
}

int compute_score_begin(struct compute_score *k, struct compute *c, struct sl_req *touch, compute_prepped *fn, void *user,
                        struct sl_err *err)
{
  struct sl_str model = sl_str(k->word[MODEL]);
  k->c = c;
  k->touch = touch;
  k->fn = fn;
  k->user = user;
  for (size_t i = 0; i < WORDS; i++)
    if (k->word[i] && !sl_utf8_valid(sl_str(k->word[i])))
      return sl_err_set(err, SL_EUNSUP, "a name that is no UTF-8");
  if (sl_str_starts(model, SL_STR("models:/")) || sl_str_starts(model, SL_STR("runs:/")))
    return fetch(k, "MLmodel", err);
  return compute_prep_address(&k->prep, c, model, on_path, k, err);
}
