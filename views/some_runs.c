/* views/some_runs.c: the runs that a view was opened with. */
#include "views/some_runs.h"

#include "base/fmt.h"
#include "base/mem.h"

int some_runs_read(struct some_runs *r, struct sl_str ids, size_t most, struct sl_err *err)
{
  struct sl_str one;
  int rc = SL_OK;
  while (!rc && sl_str_cut(&ids, ',', &one)) {
    one = sl_str_trim(one);
    if (!one.n)
      continue;
    if (r->n == most)
      return sl_err_set(err, SL_EUSAGE, "at most %zu runs stand side by side here: mark fewer", most);
    rc = sl_grow((void **)&r->id, &r->cap, r->n + 1, sizeof *r->id, most, err);
    char *id = rc ? NULL : sl_strndup(one.p, one.n);
    if (!rc && !id)
      rc = sl_err_nomem(err);
    if (!rc)
      r->id[r->n++] = id;
  }
  return rc;
}

void some_runs_put(const struct some_runs *r, size_t first, struct sl_buf *b)
{
  sl_buf_z(b, r->id[first]);
  for (size_t i = 0; i < r->n; i++)
    if (i != first)
      sl_buf_printf(b, ",%s", r->id[i]);
}

void some_runs_cmdline(const struct some_runs *r, struct sl_buf *b)
{
  sl_buf_z(b, "compare");
  for (size_t i = 0; i < r->n; i++) {
    sl_buf_ch(b, ' ');
    sl_fmt_shell(b, sl_str(r->id[i]));
  }
}

void some_runs_free(struct some_runs *r)
{
  for (size_t i = 0; i < r->n; i++)
    sl_free(r->id[i]);
  sl_free(r->id);
  *r = (struct some_runs){ .id = NULL };
}
