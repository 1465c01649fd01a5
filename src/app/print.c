/* app/print.c: a batch that the program made itself, printed in the format that was asked for. */
#include "app/app.h"

#include <stdlib.h>
#include <time.h>

int sl_app_want(const struct sl_app *a, struct sl_want **out, struct sl_err *err)
{
  *out = NULL;
  const char *text = sl_args_text(a->args, SL_O_columns, NULL);
  return text ? sl_want_parse(out, sl_str(text), err) : SL_OK;
}

sl_ms sl_app_now(void)
{
  struct timespec t = { 0 };
  clock_gettime(CLOCK_REALTIME, &t);
  return (sl_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void sl_app_notes(const struct sl_rows *r)
{
  struct sl_buf notes;
  sl_buf_init(&notes, 64 << 10);
  sl_rows_notes(r, &notes);
  if (notes.n)
    sl_app_note("%s", sl_buf_zstr(&notes));
  sl_buf_free(&notes);
}

int sl_app_print(struct sl_app *a, struct sl_batch *b, const struct sl_rows_opts *like, struct sl_err *err)
{
  struct sl_rows *r = NULL;
  struct sl_rows_opts how = *like;
  how.format = a->format;
  how.show = (struct sl_show){ .now = sl_app_now(), .ascii = a->out.ascii };
  int rc = sl_app_want(a, &how.want, err);
  if (!rc)
    rc = sl_rows_open(&r, &a->out, &how, sl_batch_schema(b), err);
  if (!rc && sl_rows_wants_scan(r))
    rc = sl_rows_scan(r, b, err);
  if (!rc)
    rc = sl_rows_put(r, b, err);
  if (!rc)
    rc = sl_rows_end(r, err);
  if (!rc)
    sl_app_notes(r);
  sl_rows_free(r);
  sl_want_unref(how.want);
  return rc;
}
