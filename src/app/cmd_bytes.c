/* app/cmd_bytes.c: `sluice cat URI` and `sluice head URI`: what is inside. */
#include "app/session.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

int sl_cmd_cat(struct sl_app *a);
int sl_cmd_head(struct sl_app *a);

struct reading {
  struct sl_app *a;
  bool done;
  int rc;
  struct sl_err err;
  struct sl_buf line;                /* a terminal gets whole lines, so that nothing is cleaned in half */
  bool limited;
  uint64_t lines;                    /* head: how many more */
};

/* To a terminal only what is harmless; anywhere else the bytes as they are. */
static int to_terminal(struct reading *r, struct sl_str s)
{
  sl_buf_str(&r->line, s);
  struct sl_str all = sl_buf_view(&r->line);
  ptrdiff_t end = sl_str_rchr(all, '\n');
  size_t n = end >= 0 ? (size_t)end + 1 : all.n > (64 << 10) ? all.n : 0;
  sl_text_clean(&r->a->out.b, sl_str_head(all, n), SL_TEXT_LINES);
  sl_buf_drop(&r->line, n);
  return sl_buf_check(&r->line, &r->err);
}

/* Cuts s behind the last line that is wanted; true when that was it. */
static bool count_lines(struct reading *r, struct sl_str *s)
{
  for (size_t i = 0; i < s->n && r->lines; i++)
    if (s->p[i] == '\n' && !--r->lines)
      *s = sl_str_head(*s, i + 1);
  return !r->lines;
}

static int data(void *user, uint64_t off, const void *p, size_t n)
{
  struct reading *r = user;
  (void)off;
  if (r->done)
    return SL_ECANCELED;
  struct sl_str s = sl_strn(p, n);
  bool enough = r->limited && count_lines(r, &s);
  if (r->a->out.tty)
    r->rc = to_terminal(r, s);
  else
    sl_buf_str(&r->a->out.b, s);
  if (!r->rc)
    r->rc = sl_out_flush(&r->a->out, &r->err);
  r->done = r->rc || enough;
  return r->done && !r->rc ? SL_ECANCELED : r->rc;
}

static void ended(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct reading *r = user;
  (void)size;
  if (r->done)
    return;
  r->done = true;
  r->rc = rc;
  if (rc && err)
    r->err = *err;
}

static int cat_one(struct sl_session *s, const char *uri, bool limited, uint64_t lines)
{
  struct reading r = { .a = s->app, .limited = limited, .lines = lines };
  static const struct sl_bytes_fn fn = { .data = data, .done = ended };
  sl_watch id = { 0 };
  sl_buf_init(&r.line, 1 << 20);
  int rc = sl_ws_bytes(s->ws, sl_str(uri), 0, UINT64_MAX, &fn, &r, &id, &r.err);
  if (!rc) {
    struct sl_err none;
    (void)!sl_session_wait(s, &r.done, &none);
    rc = r.rc;
    sl_ws_unwatch(s->ws, id);
  }
  if (!rc && r.line.n) {
    sl_text_clean(&s->app->out.b, sl_buf_view(&r.line), SL_TEXT_LINES);
    sl_buf_ch(&s->app->out.b, '\n');
    rc = sl_out_flush(&s->app->out, &r.err);
  }
  sl_buf_free(&r.line);
  if (s->interrupted)
    return SL_EXIT_INTERRUPTED;
  return rc ? sl_app_fail(s->app, &r.err) : SL_EXIT_OK;
}

int sl_cmd_cat(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  int code = sl_session_open(&s, a, SL_SESSION_ANY, &err) ? sl_app_fail(a, &err) : SL_EXIT_OK;
  for (size_t i = 0; i < a->args->npos && !code && !a->out.gone; i++)
    code = cat_one(&s, a->args->pos[i], false, 0);
  sl_session_close(&s);
  return code;
}

/* ---- head ---- */

enum { HEAD_ROWS = 10 };

static bool is_table(struct sl_str uri)
{
  static const char *const ends[] = { ".parquet", ".csv", ".tsv", ".json", ".ndjson", ".jsonl", ".csv.gz", ".json.gz", ".ndjson.gz" };
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
    if (sl_str_ends(uri, sl_str(ends[i])))
      return true;
  return sl_str_ends(uri, SL_STR("/@newest"));
}

/* A table's first rows, by the engine; anything else, its first lines. */
int sl_cmd_head(struct sl_app *a)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  struct sl_buf sql;
  struct sl_str uri = sl_str(a->args->pos[0]);
  uint64_t n = sl_args_count(a->args, SL_O_limit, HEAD_ROWS);
  sl_buf_init(&sql, 1 << 20);
  sl_buf_z(&sql, "select * from '");
  for (size_t i = 0; i < uri.n; i++) {
    sl_buf_ch(&sql, uri.p[i]);
    if (uri.p[i] == '\'')
      sl_buf_ch(&sql, '\'');
  }
  sl_buf_printf(&sql, "' limit %llu", (unsigned long long)n);
  int code, rc = sl_session_open(&s, a, SL_SESSION_ANY, &err);
  rc = rc ? rc : sl_buf_check(&sql, &err);
  if (rc)
    code = sl_app_fail(a, &err);
  else if (is_table(uri)) {
    struct sl_list l = { .query = sl_app_query(a, &sl_res_rows, sl_buf_zstr(&sql)), .rows = { .bare = true } };
    l.query.kind = SL_Q_SQL;
    l.query.limit = n;
    code = sl_session_list(&s, &l);
  } else
    code = n ? cat_one(&s, a->args->pos[0], true, n) : SL_EXIT_OK;
  sl_buf_free(&sql);
  sl_session_close(&s);
  return code;
}
