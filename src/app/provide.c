/* app/provide.c: what the program itself knows, as resources like any other: the keys, and doctor's checks. */
#include <stdio.h>

#include "app/session.h"
#include "judge/judge.h"
#include "ui/view.h"

static int fill_checks(void *user, const struct sl_query *q, struct sl_rows_sink *s, struct sl_err *err)
{
  static struct sl_checks c; /* 40 KiB */
  (void)q;
  sl_checks_run(&c);
  sl_checks_workspace(&c, user, NULL);
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

static int open_keymap(const struct sl_person *p, struct sl_keymap **out, struct sl_err *err)
{
  int rc = sl_keymap_open(out, err);
  if (!rc)
    rc = sl_keymap_add(*out, "global", sl_global_binds, sl_global_nbinds, err);
  for (size_t i = 0; sl_views[i] && !rc; i++)
    rc = sl_keymap_add(*out, sl_views[i]->name, sl_views[i]->binds, sl_views[i]->nbinds, err);
  if (!rc && p && p->keys)
    rc = sl_keymap_person(*out, p->doc, p->keys, err);
  return rc;
}

static int fill_keys(void *user, const struct sl_query *q, struct sl_rows_sink *s, struct sl_err *err)
{
  const struct sl_session *session = user;
  struct sl_keymap *m = NULL;
  struct sl_keyrow k;
  struct sl_buf scratch;
  char id[160];
  (void)q;
  sl_buf_init(&scratch, 4096);
  int rc = open_keymap(session->person, &m, err);
  for (size_t i = 0; !rc && sl_keymap_row(m, i, &k, &scratch); i++) {
    snprintf(id, sizeof id, "%s.%s", k.where, k.command);
    const struct sl_val v[] = { sl_vz(k.where), k.keys.n ? sl_vs(k.keys) : sl_null(SL_TEXT), sl_vz(k.command), sl_vz(k.help) };
    if (sl_rows_sink_put(s, sl_str(id), v, sizeof v / sizeof v[0]))
      rc = sl_err_nomem(err);
  }
  if (m)
    sl_keymap_free(m);
  sl_buf_free(&scratch);
  return rc;
}

int sl_provide_for(struct sl_session *s, struct sl_session *user, struct sl_err *err)
{
  int rc = sl_ws_provide(s->ws, &sl_res_checks, fill_checks, user, err);
  if (!rc)
    rc = sl_ws_provide(s->ws, &sl_res_keys, fill_keys, user, err);
  return rc ? rc : sl_judge_open(s->ws, err);
}

int sl_provide(struct sl_session *s, struct sl_err *err)
{
  return sl_provide_for(s, s, err);
}
