/* backends/compute/monitor_out.c: statements that stand alone, whose result is one of Model Monitor's files (--out FILE.json):
 *
 *     [select *] from statistics('DATA')                  statistics.json
 *     [select *] from constraints('DATA')                 constraints.json, as suggested of them
 *     [select *] from violations('BASELINE', 'DATA')      constraint_violations.json; BASELINE: a statistics.json
 *
 * DATA: an address, or sql:QUERY. */
#include <string.h>

#include "backend_compute/compute_int.h"
#include "base/fmt.h"
#include "base/json.h"
#include "box/sqlscan.h"

enum { READS_MAX = 300 };
enum what { STATISTICS, CONSTRAINTS, VIOLATIONS, WHATS };
static const char *const names[WHATS] = { "statistics", "constraints", "violations" };

struct compute_monitor_out {
  enum what what;
  struct compute *c;
  char *data, *base, *path;    /* path: base's */
  bool nomem;                  /* while the statement was read: not the statement's fault */
  struct compute_prep *prep;
  compute_prepped *fn;
  void *user;
  char *reads[READS_MAX + 2];
  size_t nreads;
};

/* ---- the statement ---- */

static bool is(const struct sl_sql_tok *t, const char *z) { return sl_str_ieq(t->s, sl_str(z)); }

static enum what form_of(struct sl_str *rest)
{
  struct sl_sql_tok t, open;
  if (!sl_sql_next(rest, &t))
    return WHATS;
  if (is(&t, "select") && (!sl_sql_next(rest, &t) || !is(&t, "*") || !sl_sql_next(rest, &t)))
    return WHATS;
  if (!is(&t, "from") || !sl_sql_next(rest, &t) || t.kind != SL_SQL_WORD || !sl_sql_next(rest, &open) || !is(&open, "("))
    return WHATS;
  for (int i = 0; i < WHATS; i++)
    if (is(&t, names[i]))
      return (enum what)i;
  return WHATS;
}

static char *text_of(struct compute_monitor_out *k, struct sl_str *rest)
{
  struct sl_sql_tok t;
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  bool text = sl_sql_next(rest, &t) && t.kind == SL_SQL_TEXT && sl_sql_unquote(&t, &b);
  k->nomem = k->nomem || b.failed == SL_ENOMEM;
  char *out = text && b.n ? sl_buf_take(&b, NULL) : NULL;
  sl_buf_free(&b);
  return out;
}

static bool mark(struct sl_str *rest, const char *z)
{
  struct sl_sql_tok t;
  return sl_sql_next(rest, &t) && is(&t, z);
}

static bool args_of(struct compute_monitor_out *k, struct sl_str *rest)
{
  struct sl_sql_tok t;
  if (k->what == VIOLATIONS && (!(k->base = text_of(k, rest)) || !mark(rest, ",") || !compute_monitor_is(sl_str(k->base))))
    return false;
  return (k->data = text_of(k, rest)) && mark(rest, ")") && (!sl_sql_next(rest, &t) || (is(&t, ";") && !sl_sql_next(rest, &t)));
}

int compute_monitor_out_parse(struct compute_monitor_out **out, struct sl_str sql, bool file, struct sl_err *err)
{
  enum what what = form_of(&sql);
  *out = NULL;
  if (what == WHATS)
    return SL_OK;
  struct compute_monitor_out *k = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  k->what = what;
  if (!args_of(k, &sql) || !file) {
    bool nomem = k->nomem;
    compute_monitor_out_free(k);
    if (nomem)
      return sl_err_nomem(err);
    return sl_err_set(err, SL_EUSAGE, "it stands alone, and makes a file: `from %s(%s'DATA')` --out FILE.json", names[what],
                      what == VIOLATIONS ? "'.../statistics.json', " : "");
  }
  *out = k;
  return SL_OK;
}

void compute_monitor_out_free(struct compute_monitor_out *k)
{
  if (!k)
    return;
  compute_prep_drop(k->prep);
  for (size_t i = 0; i < k->nreads; i++)
    sl_free(k->reads[i]);
  sl_free(k->data);
  sl_free(k->base);
  sl_free(k->path);
  sl_free(k);
}

/* ---- addresses, then the box's job ---- */

static int add_read(struct compute_monitor_out *k, const char *path, struct sl_err *err)
{
  if (k->nreads == READS_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d files", READS_MAX);
  k->reads[k->nreads] = sl_strdup(path);
  return k->reads[k->nreads++] ? SL_OK : sl_err_nomem(err);
}

static void put(struct sl_jw *j, const char *key, const char *z)
{
  sl_jw_key(j, sl_str(key));
  sl_jw_str(j, sl_str(z ? z : ""));
}

static int put_job(struct sl_buf *b, struct compute_monitor_out *k, const char *sql, struct sl_err *err)
{
  struct sl_jw j = sl_jw(b, false);
  char *beside = k->path ? compute_monitor_beside(k->path) : NULL;
  if (k->path && !beside)
    return sl_err_nomem(err);
  sl_jw_obj(&j);
  put(&j, "do", names[k->what]);
  put(&j, "path", k->path ? k->path : "/");
  put(&j, "constraints", beside);
  put(&j, "current", sql);
  sl_jw_end_obj(&j);
  int rc = beside ? add_read(k, beside, err) : SL_OK;
  sl_free(beside);
  return rc ? rc : sl_buf_check(b, err);
}

static void on_data(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct compute_monitor_out *k = user;
  struct sl_err e = *err;
  struct sl_buf b;
  char *plain = rc ? NULL : sl_str_starts(sl_str(k->data), SL_STR("sql:")) ? sl_strdup(sql) : compute_without_folders(sl_str(sql));
  k->prep = NULL;
  sl_buf_init(&b, 8 << 20);
  if (!rc && !plain)
    rc = sl_err_nomem(&e);
  for (size_t i = 0; !rc && reads[i]; i++)
    rc = add_read(k, reads[i], &e);
  rc = rc ? rc : put_job(&b, k, plain, &e);
  sl_free(plain);
  k->fn(k->user, rc, sl_buf_zstr(&b), (const char *const *)k->reads, &e);
  sl_buf_free(&b);
}

static int find_data(struct compute_monitor_out *k, struct sl_err *err)
{
  struct sl_str data = sl_str(k->data);
  struct sl_buf sql;
  sl_buf_init(&sql, 0);
  if (sl_str_starts(data, SL_STR("sql:"))) {
    sl_buf_str(&sql, sl_str_from(data, 4));
  } else {
    sl_buf_z(&sql, "FROM ");
    sl_fmt_quote(&sql, data, '\'');
  }
  int rc = sl_buf_check(&sql, err);
  rc = rc ? rc : compute_prep(&k->prep, k->c, sl_buf_view(&sql), on_data, k, err);
  sl_buf_free(&sql);
  return rc;
}

static void on_base(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct compute_monitor_out *k = user;
  struct sl_err e = *err;
  (void)sql;
  k->prep = NULL;
  if (!rc && !(k->path = sl_strdup(reads[0])))
    rc = sl_err_nomem(&e);
  rc = rc ? rc : add_read(k, k->path, &e);
  rc = rc ? rc : find_data(k, &e);
  if (rc)
    k->fn(k->user, rc, "", NULL, &e);
}

int compute_monitor_out_begin(struct compute_monitor_out *k, struct compute *c, compute_prepped *fn, void *user, struct sl_err *err)
{
  k->c = c;
  k->fn = fn;
  k->user = user;
  return k->base ? compute_prep_address(&k->prep, c, sl_str(k->base), on_base, k, err) : find_data(k, err);
}
