/* app/provide.c: what the program itself knows, as resources like any other: doctor's checks. */
#include "app/session.h"

static int fill_checks(void *user, const struct sl_query *q, struct sl_rows_sink *s, struct sl_err *err)
{
  static struct sl_checks c; /* 40 KiB */
  (void)user;
  (void)q;
  sl_checks_run(&c);
  for (size_t i = 0; i < c.n; i++) {
    const struct sl_check *k = &c.item[i];
    const struct sl_val v[] = { sl_vz(k->name), sl_vas(SL_STATE, sl_str(k->state)), sl_vz(k->value),
                                k->advice[0] ? sl_vz(k->advice) : sl_null(SL_TEXT) };
    int rc = sl_rows_sink_put(s, sl_str(k->name), v, sizeof v / sizeof v[0]);
    if (rc)
      return sl_err_set(err, rc, "%s", sl_code_words(rc));
  }
  return SL_OK;
}

int sl_provide(struct sl_session *s, struct sl_err *err)
{
  return sl_ws_provide(s->ws, &sl_res_checks, fill_checks, s, err);
}
