/* views/describe.c: everything known about one row: its columns, then the source's own document as a tree. */
#include "base/json.h"
#include "ui/widgets.h"

struct describe_state { struct sl_pane *pane; struct sl_treew *tree; struct sl_buf ref; const struct sl_resource *res; };

static void write_family(struct sl_jw *w, const struct sl_batch *b, uint32_t row, unsigned col)
{
  struct sl_keys *keys = sl_schema_keys(sl_batch_schema(b));
  uint32_t key;
  struct sl_val v;
  sl_jw_obj(w);
  for (uint32_t i = 0; sl_batch_pair(b, row, col, i, &key, &v); i++) {
    sl_jw_key(w, sl_keys_name(keys, key));
    sl_val_json(w, &v);
  }
  sl_jw_end_obj(w);
}

static void write_row(struct sl_jw *w, const struct sl_batch *b, uint32_t row)
{
  struct sl_schema *s = sl_batch_schema(b);
  sl_jw_key(w, SL_STR("connection"));
  sl_jw_str(w, sl_batch_conn(b, row));
  for (size_t i = 0; i < sl_schema_count(s); i++) {
    const struct sl_col *c = sl_schema_col(s, i);
    struct sl_val v;
    sl_jw_key(w, sl_str(c->name));
    if (c->type == SL_FAMILY_F64 || c->type == SL_FAMILY_TEXT) {
      write_family(w, b, row, (unsigned)i);
    } else if (c->flags & SL_COL_SECRET) {
      sl_jw_str(w, SL_STR("***"));
    } else {
      v = sl_batch_get(b, row, (unsigned)i);
      sl_val_json(w, &v);
    }
  }
}

static void describe_changed(struct sl_view *v, void *user)
{
  struct describe_state *s = sl_view_state(v);
  const struct sl_batch *b;
  uint32_t row;
  struct sl_buf json;
  (void)user;
  if (!sl_pane_row(s->pane, 0, &b, &row))
    return;
  sl_buf_init(&json, 16 << 20);
  struct sl_jw w = sl_jw(&json, false);
  sl_jw_obj(&w);
  write_row(&w, b, row);
  if (sl_pane_answer(s->pane)->doc.n) {
    sl_jw_key(&w, SL_STR("document"));
    sl_jw_raw(&w, sl_pane_answer(s->pane)->doc);
  }
  sl_jw_end_obj(&w);
  struct sl_err err = {0};
  if (json.failed || sl_treew_json(s->tree, sl_buf_view(&json), &err))
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg[0] ? err.msg : "the document is too large to show");
  sl_buf_free(&json);
}

static int describe_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct describe_state *s = sl_view_state(v);
  struct sl_buf scratch;
  struct sl_ref ref;
  sl_buf_init(&scratch, 0);
  sl_buf_init(&s->ref, 1 << 16);
  sl_buf_str(&s->ref, sl_str_trim(arg));
  int rc = sl_ref_parse(sl_buf_view(&s->ref), &ref, &scratch, err);
  s->res = rc ? NULL : sl_resource_find(ref.res);
  if (!rc && !s->res)
    rc = sl_err_set(err, SL_EUSAGE, "no resource `%.*s`", SL_ARG(ref.res));
  struct sl_query like = {.res = s->res, .kind = SL_Q_GET, .conn = ref.conn, .scope = ref.id};
  if (!rc)
    rc = sl_treew_open(&s->tree, v, err);
  if (!rc)
    rc = sl_pane_query(&s->pane, v, &like, describe_changed, NULL, err);
  sl_buf_free(&scratch);
  return rc;
}

static void describe_close(struct sl_view *v)
{
  struct describe_state *s = sl_view_state(v);
  sl_pane_close(s->pane);
  sl_treew_close(s->tree);
  sl_buf_free(&s->ref);
}

static void describe_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct describe_state *s = sl_view_state(v);
  if (!sl_pane_draw_state(s->pane, g, r, "this row is gone"))
    sl_treew_draw(s->tree, g, r);
}

static enum sl_handled describe_command(struct sl_view *v, const char *command)
{
  return sl_treew_command(((struct describe_state *)sl_view_state(v))->tree, command);
}

static void describe_crumb(struct sl_view *v, struct sl_buf *b)
{
  struct sl_buf scratch;
  struct sl_ref ref;
  struct sl_str text = sl_buf_view(&((struct describe_state *)sl_view_state(v))->ref);
  sl_buf_init(&scratch, 1 << 16);
  if (!sl_ref_parse(text, &ref, &scratch, NULL)) /* as it is read, not as it is written in a command */
    sl_buf_printf(b, "%.*s %.*s", SL_ARG(ref.res), SL_ARG(ref.id));
  else
    sl_buf_str(b, text);
  sl_buf_free(&scratch);
}

static bool describe_subject(struct sl_view *v, struct sl_subject *out)
{
  struct describe_state *s = sl_view_state(v);
  const struct sl_batch *b;
  uint32_t row;
  if (!sl_pane_row(s->pane, 0, &b, &row))
    return false;
  *out = (struct sl_subject){ .res = s->res, .batch = b, .row = row };
  out->ref = (struct sl_ref){ sl_batch_conn(b, row), sl_str(s->res->name), sl_batch_id(b, row) };
  return true;
}

static void describe_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct describe_state *s = sl_view_state(v);
  sl_buf_printf(b, "describe %.*s", SL_ARG(sl_buf_view(&s->ref)));
}

const struct sl_view_ops sl_view_describe = {
  .name = "describe",
  .title = "describe",
  .help = "Everything known about one row: its columns, then the source's own document. Enter folds and unfolds; f finds.",
  .arg = "REF",
  .binds = NULL, .nbinds = 0,
  .hints = "enter find actions follow-link copy back",
  .state_size = sizeof(struct describe_state),
  .open = describe_open,
  .close = describe_close,
  .draw = describe_draw,
  .command = describe_command,
  .key = NULL,
  .crumb = describe_crumb,
  .count = NULL,
  .truth = NULL,
  .subject = describe_subject,
  .cmdline = describe_cmdline,
  .visible = NULL,
};
