/* app/cmd_audit.c: `sluice audit list|verify|export`: what was done through Sluice, and whether the record is whole. */
#include <string.h>

#include "app/session.h"
#include "model/audit.h"

int sl_cmd_audit(struct sl_app *a);

struct writing { struct sl_app *a; struct sl_err err; int rc; };

static int put_record(void *user, const struct sl_audit_rec *r)
{
  struct writing *w = user;
  sl_buf_str(&w->a->out.b, r->raw);
  sl_buf_ch(&w->a->out.b, '\n');
  w->rc = sl_out_spill(&w->a->out, &w->err);
  return w->rc;
}

/* Every record as it stands in the file: JSON lines, escapes and all. */
static int put_records(struct sl_session *s)
{
  struct writing w = { .a = s->app };
  uint64_t bad = 0;
  const char *path = sl_ws_audit_path(s->ws);
  struct sl_err err = { 0 };
  int rc = sl_audit_read(path, put_record, &w, &bad, &err);
  if (w.rc) {
    rc = w.rc;
    err = w.err;
  }
  if (rc == SL_ENOENT)
    rc = SL_OK; /* nothing was done yet */
  if (!rc)
    rc = sl_out_flush(&s->app->out, &err);
  if (!rc && bad)
    sl_app_note("%s: %llu lines are no records; sluice audit verify says more", path, (unsigned long long)bad);
  return rc ? sl_app_fail(s->app, &err) : SL_EXIT_OK;
}

static int list(struct sl_session *s)
{
  if (sl_args_has(s->app->args, SL_O_records))
    return put_records(s);
  struct sl_list l = { .query = sl_app_query(s->app, &sl_res_audit, NULL), .rows = { .columns = sl_res_audit.columns } };
  return sl_session_list(s, &l);
}

static int verify(struct sl_session *s)
{
  struct sl_audit_report r = { 0 };
  struct sl_err err = { 0 };
  int rc = sl_audit_verify(sl_ws_audit_path(s->ws), &r, &err);
  if (rc)
    return sl_app_fail(s->app, &err);
  sl_buf_printf(&s->app->out.b, "whole: %llu record%s, %llu action%s", (unsigned long long)r.records, r.records == 1 ? "" : "s",
                (unsigned long long)r.actions, r.actions == 1 ? "" : "s");
  if (r.unknown)
    sl_buf_printf(&s->app->out.b, ", %llu with unknown outcome", (unsigned long long)r.unknown);
  if (r.torn)
    sl_buf_z(&s->app->out.b, ", a torn last line (the next action mends it)");
  if (r.anchor)
    sl_buf_printf(&s->app->out.b, "; compared with %s", r.anchor);
  sl_buf_printf(&s->app->out.b, "%s%s\n", r.head[0] ? "; head " : "", r.head);
  return sl_out_flush(&s->app->out, &err) ? sl_app_fail(s->app, &err) : SL_EXIT_OK;
}

int sl_cmd_audit(struct sl_app *a)
{
  static const struct { const char *word; int (*run)(struct sl_session *s); } sub[] = {
    { "list", list }, { "verify", verify }, { "export", put_records },
  };
  struct sl_session s;
  struct sl_err err = { 0 };
  size_t i = 0, n = sizeof sub / sizeof sub[0];
  while (i < n && strcmp(a->args->pos[0], sub[i].word) != 0)
    i++;
  if (i == n) {
    sl_err_set(&err, SL_EUSAGE, "audit list, verify or export; not '%s'", a->args->pos[0]);
    return sl_app_fail(a, &err);
  }
  int rc = sl_session_open(&s, a, 0, &err);
  if (!rc && sl_ws_replay(s.ws) && (i > 0 || sl_args_has(a->args, SL_O_records)))
    rc = sl_err_set(&err, SL_EUNSUP, "a recording holds rows of the audit, not its file; ask the workspace itself");
  int code = rc ? sl_app_fail(a, &err) : sub[i].run(&s);
  sl_session_close(&s);
  return code;
}
