/* box/score_why.c: what a person needs beside "the data does not fit": what columns there are, which row holds the text, that there is no
 * row at all. It is looked for only when scoring has failed; where it cannot be found, what was said stands. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "box/score_int.h"
#include "box/sqlscan.h"

enum { COLUMNS_SHOWN = 6, VALUE_MAX = 40, NAME_MAX_SHOWN = 24 };

/* Behind what is said already. */
static int add(struct sl_err *err, const char *text)
{
  struct sl_err was = *err;
  return sl_err_set(err, was.code, "%s%s", was.msg, text);
}

int score_why_columns(const char *const *names, size_t n, int rc, struct sl_err *err)
{
  struct sl_buf b;
  bool none = !n || (n == 1 && !strcmp(names[0], "column0")); /* what the engine calls the one column of an empty file */
  if (!err || (rc != SL_ENOENT && rc != SL_EUSAGE) || strstr(err->msg, "(is ") || !strstr(err->msg, "the data has no"))
    return rc;
  sl_buf_init(&b, 4096);
  sl_buf_z(&b, none ? ": it is empty" : "; it has ");
  for (size_t i = 0; !none && i < n && i < COLUMNS_SHOWN; i++)
    sl_buf_printf(&b, "%s%.*s", i ? ", " : "", SL_ARG(sl_str_head(sl_str(names[i]), NAME_MAX_SHOWN)));
  if (!none && n > COLUMNS_SHOWN)
    sl_buf_printf(&b, " and %zu more", n - COLUMNS_SHOWN);
  (void)add(err, sl_buf_zstr(&b));
  sl_buf_free(&b);
  return rc;
}

static void put_label(struct sl_buf *b, const struct sl_column *c, size_t r)
{
  if (c->type == SL_COLUMN_DICT)
    sl_buf_printf(b, "\"%.*s\"", SL_ARG(sl_str_head(sl_column_dict_text(c, c->v.code[r]), VALUE_MAX)));
  else if (c->type == SL_COLUMN_F64 || c->type == SL_COLUMN_F32)
    sl_fmt_sig(b, c->type == SL_COLUMN_F64 ? c->v.f64[r] : (double)c->v.f32[r], 6);
  else if (c->type == SL_COLUMN_I64)
    sl_buf_printf(b, "%lld", (long long)c->v.i64[r]);
  else
    sl_buf_z(b, "another");
}

int score_why_label(const struct score *s, size_t r, struct sl_err *err)
{
  struct sl_model_labels l = sl_model_labels(s->m);
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_buf_printf(&b, "row %llu of the data: its label is none of the model's classes: it is ", (unsigned long long)(s->row + r));
  put_label(&b, s->label, r);
  sl_buf_z(&b, ", they are ");
  size_t n = l.n ? l.n : sl_model_facts(s->m).classes;
  for (size_t i = 0; i < n && i < COLUMNS_SHOWN; i++) {
    sl_buf_z(&b, i ? ", " : "");
    if (l.n && l.type == SL_COLUMN_TEXT)
      sl_buf_str(&b, sl_str_head(l.text[i], NAME_MAX_SHOWN));
    else
      sl_fmt_sig(&b, l.n ? l.number[i] : (double)i, 6);
  }
  sl_buf_z(&b, n > COLUMNS_SHOWN ? ", ..." : "");
  int rc = sl_err_set(err, SL_EUSAGE, "%s", sl_buf_zstr(&b));
  sl_buf_free(&b);
  return rc;
}

/* The first rows of a statement; false: none, or it cannot be had. */
static bool first(const struct score *s, const char *sql, struct sl_columns *out)
{
  duck_prepared p = NULL;
  duck_result r = { { 0 }, { NULL } };
  struct sl_err none;
  int type = 0;
  bool more = true;
  int rc = duck_prepare(s->d, s->conn, sql, &p, &type, &none);
  if (!rc)
    rc = duck_columns_open(s->d, p, true, out, &none);
  if (rc) {
    s->d->destroy_prepare(&p);
    return false;
  }
  rc = duck_execute(s->d, s->conn, s->c, p, &r, &none);
  while (!rc && more && !sl_columns_rows(out))
    rc = duck_columns_next(s->d, &r, out, &more, &none);
  s->d->destroy_result(&r);
  s->d->destroy_prepare(&p);
  return !rc && sl_columns_rows(out) > 0;
}

static bool no_rows(const struct score *s, struct sl_str data)
{
  struct sl_buf b;
  struct sl_columns f = { .n = 0 };
  sl_buf_init(&b, 8 << 20);
  sl_buf_printf(&b, "SELECT count(*) FROM (SELECT 1 FROM (\n%.*s\n) LIMIT 1)", SL_ARG(data));
  bool told = !sl_buf_check(&b, NULL) && first(s, b.p, &f) && f.n && f.at[0].type == SL_COLUMN_I64 && !f.at[0].v.i64[0];
  sl_columns_free(&f);
  sl_buf_free(&b);
  return told;
}

/* Of column k, the first text that is no number. */
static void put_row(const struct score *s, struct sl_str data, uint64_t ncols, size_t k, struct sl_err *err)
{
  struct sl_buf b, say;
  struct sl_columns f = { .n = 0 };
  sl_buf_init(&b, 8 << 20);
  sl_buf_init(&say, 4096);
  sl_buf_printf(&b, "SELECT r, v FROM (SELECT row_number() OVER () - 1 AS r, CAST(c%zu AS VARCHAR) AS v FROM (\n%.*s\n) AS t(", s->of[k],
                SL_ARG(data));
  for (uint64_t i = 0; i < ncols; i++)
    sl_buf_printf(&b, "%sc%llu", i ? ", " : "", (unsigned long long)i);
  sl_buf_z(&b, ")) WHERE v IS NOT NULL AND TRY_CAST(v AS DOUBLE) IS NULL LIMIT 1");
  if (!sl_buf_check(&b, NULL) && first(s, b.p, &f) && f.n == 2 && f.at[0].type == SL_COLUMN_I64 && f.at[1].type == SL_COLUMN_DICT)
    sl_buf_printf(&say, ": row %lld of the data holds \"%.*s\"", (long long)f.at[0].v.i64[0],
                  SL_ARG(sl_str_head(sl_column_dict_text(&f.at[1], f.at[1].v.code[0]), VALUE_MAX)));
  else {
    sl_buf_z(&say, "; all of it can be read as one: sql:select * replace (");
    for (int i = 0; i < 2; i++) {
      sl_fmt_quote(&say, sl_str(s->f.at[k].name), '"');
      sl_buf_z(&say, i ? ") from ..." : "::double as ");
    }
  }
  (void)add(err, sl_buf_zstr(&say));
  sl_columns_free(&f);
  sl_buf_free(&say);
  sl_buf_free(&b);
}

/* Which feature that message is about. */
static bool about_text(const struct score *s, const struct sl_err *err, size_t *k)
{
  char text[sizeof err->msg];
  for (*k = 0; s->of && s->m && *k < sl_model_facts(s->m).features && *k < s->f.n; ++*k) {
    const char *name = sl_model_feature(s->m, *k);
    snprintf(text, sizeof text, "column %s is text, and the model takes a number", name ? name : s->f.at[*k].name ? s->f.at[*k].name : "");
    if (!strcmp(text, err->msg))
      return true;
  }
  return false;
}

int score_why(const struct score *s, struct sl_str data, uint64_t ncols, int rc, struct sl_err *err)
{
  size_t k;
  if (!err)
    return rc;
  if (rc == SL_EUNSUP && s->judge && strstr(err->msg, "the label ") && no_rows(s, data))
    return sl_err_set(err, SL_EPARSE, "the data has no rows: there is nothing to judge");
  if (rc == SL_EUSAGE && about_text(s, err, &k))
    put_row(s, data, ncols, k, err);
  return rc;
}
