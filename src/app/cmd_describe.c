/* app/cmd_describe.c: `sluice describe`: everything known about one row, with the original document of its source. */
#include <jansson.h>
#include <string.h>

#include "app/session.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

int sl_cmd_describe(struct sl_app *a);

struct describing { struct sl_session *s; bool done; int rc, code; struct sl_err err; struct sl_rows_opts how; };

/* The document, indented, behind the row. */
static int put_document(struct describing *d, struct sl_str doc)
{
  struct sl_out *o = &d->s->app->out;
  json_t *j = NULL;
  if (!doc.n || d->how.format != SL_FMT_TABLE)
    return SL_OK;
  int rc = sl_json_load(&j, doc, true, &d->err);
  char *text = rc ? NULL : json_dumps(j, JSON_INDENT(2) | JSON_ENCODE_ANY);
  if (!rc && !text)
    rc = sl_err_nomem(&d->err);
  if (!rc) {
    sl_buf_ch(&o->b, '\n');
    sl_text_clean(&o->b, sl_str(text), SL_TEXT_LINES);
    sl_buf_ch(&o->b, '\n');
    rc = sl_out_flush(o, &d->err);
  }
  sl_free(text);
  json_decref(j);
  return rc;
}

static int put_row(struct describing *d, const struct sl_answer *a)
{
  struct sl_rows *r = NULL;
  struct sl_batch *b = NULL;
  struct sl_app *app = d->s->app;
  if (a->nsrc && a->src[0].state == SL_FAILED) {
    d->err = a->src[0].err;
    return d->err.code ? d->err.code : SL_EIO;
  }
  if (!a->snap || !sl_snap_count(a->snap))
    return sl_err_set(&d->err, SL_ENOENT, "there is no such row (any more)");
  int rc = sl_app_want(app, &d->how.want, &d->err);
  d->how.document = a->doc;
  if (!rc)
    rc = sl_rows_open(&r, &app->out, &d->how, sl_snap_schema(a->snap), &d->err);
  if (!rc)
    rc = sl_snap_page_wait(a->snap, 0, 1, &b, &d->err);
  if (!rc && sl_rows_wants_scan(r))
    rc = sl_rows_scan(r, b, &d->err);
  if (!rc)
    rc = sl_rows_put(r, b, &d->err);
  if (!rc)
    rc = sl_rows_end(r, &d->err);
  if (!rc)
    sl_app_notes(r);
  sl_rows_free(r);
  sl_batch_unref(b);
  sl_want_unref(d->how.want);
  return rc ? rc : put_document(d, a->doc);
}

static void changed(void *user, sl_watch id, const struct sl_answer *a)
{
  struct describing *d = user;
  (void)id;
  if (!a->done || d->done)
    return;
  d->done = true;
  d->rc = put_row(d, a);
  if (!d->rc) /* the row may lack what could not be read */
    d->code = sl_sources_exit(d->s->app, a->src, a->nsrc, true);
}

static int describe(struct sl_session *s, const struct sl_resource *res, const struct sl_ref *ref)
{
  struct describing d = { .s = s, .how = { .format = s->app->format, .vertical = true } };
  struct sl_query like = { .res = res, .kind = SL_Q_GET, .conn = ref->conn, .scope = ref->id }, *q = NULL;
  sl_watch id = { 0 };
  d.how.show = (struct sl_show){ .now = sl_loop_wall(s->loop), .tz = s->person->tz };
  int rc = sl_query_new(&q, &like, &d.err);
  if (!rc)
    rc = sl_ws_query(s->ws, q, true, changed, &d, &id, &d.err);
  if (!rc) {
    struct sl_err none;
    (void)!sl_session_wait(s, &d.done, &none);
    rc = d.rc;
    if (d.done)
      sl_session_settle(s);
    sl_ws_unwatch(s->ws, id);
  }
  sl_query_unref(q);
  return s->interrupted ? SL_EXIT_INTERRUPTED : rc ? sl_app_fail(s->app, &d.err) : d.code;
}

/* RESOURCE ID, or a ref alone: it names its resource. */
static int target(const struct sl_args *args, const struct sl_resource **res, const char **text, struct sl_err *err)
{
  struct sl_ref ref;
  struct sl_buf scratch;
  sl_buf_init(&scratch, 64 << 10);
  *text = args->pos[args->npos - 1];
  bool is_ref = !sl_ref_parse(sl_str(*text), &ref, &scratch, NULL);
  struct sl_str name = args->npos > 1 ? sl_str(args->pos[0]) : is_ref ? ref.res : SL_STR_NONE;
  *res = sl_resource_find(name);
  const char *near = name.n ? sl_resource_nearest(name) : NULL;
  sl_buf_free(&scratch);
  if (*res)
    return SL_OK;
  if (!name.n)
    return sl_err_set(err, SL_EUSAGE, "describe takes RESOURCE and an id, or a ref: CONNECTION:RESOURCE/ID");
  return sl_err_set(err, SL_EUSAGE, "no resource %.*s%s%s%s", SL_ARG(name), near ? "; did you mean " : "", near ? near : "",
                    near ? "?" : "");
}

int sl_cmd_describe(struct sl_app *a)
{
  struct sl_session s = { 0 };
  struct sl_err err = { 0 };
  struct sl_found at = { 0 };
  const struct sl_resource *res = NULL;
  const char *text = NULL;
  int code, rc = target(a->args, &res, &text, &err);
  if (!rc)
    rc = sl_session_open(&s, a, SL_SESSION_ANY, &err);
  if (!rc)
    rc = sl_session_find(&s, res, text, &at, &err);
  code = s.interrupted ? SL_EXIT_INTERRUPTED : rc ? sl_app_fail(a, &err) : describe(&s, res, &at.ref);
  sl_found_free(&at);
  sl_session_close(&s);
  return code;
}
