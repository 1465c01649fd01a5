/* app/cmd_score.c: `sluice score`: a model over data: a statement that stands alone, written down from the options. */
#include "app/do.h"
#include "base/fmt.h"

int sl_cmd_score(struct sl_app *a);

static void option(struct sl_buf *b, const char *name, const char *value)
{
  if (!value)
    return;
  sl_buf_printf(b, ", %s => ", name);
  sl_fmt_quote(b, sl_str(value), '\'');
}

static int check(const struct sl_app *a, struct sl_err *err)
{
  bool both = sl_args_has(a->args, SL_O_model) && sl_args_has(a->args, SL_O_data);
  return both ? SL_OK : sl_err_set(err, SL_EUSAGE, "score needs --model and --data (sluice score --help)");
}

int sl_cmd_score(struct sl_app *a)
{
  struct sl_buf b;
  struct sl_err err = { 0 };
  uint64_t threads = sl_args_count(a->args, SL_O_threads, 0);
  int rc = check(a, &err);
  sl_buf_init(&b, 1 << 20);
  if (!rc) {
    sl_buf_z(&b, "from score(");
    sl_fmt_quote(&b, sl_str(sl_args_text(a->args, SL_O_model, "")), '\'');
    sl_buf_z(&b, ", ");
    sl_fmt_quote(&b, sl_str(sl_args_text(a->args, SL_O_data, "")), '\'');
    option(&b, "label", sl_args_text(a->args, SL_O_label, NULL));
    option(&b, "output", sl_args_text(a->args, SL_O_outputs, NULL));
    if (threads)
      sl_buf_printf(&b, ", threads => %llu", (unsigned long long)threads);
    sl_buf_ch(&b, ')');
    rc = sl_buf_check(&b, &err);
  }
  int code = rc ? sl_app_fail(a, &err) : sl_app_sql(a, b.p);
  sl_buf_free(&b);
  return code;
}
