/* app/cmd_score.c: `sluice score`: a model over data: a statement that stands alone, written down from the options; or, with --against,
 * --slice or --report, how good it is: the resource `quality`. */
#include "app/do.h"
#include "app/report.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "model/quality.h"

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

/* ---- how good it is ---- */

static bool judges(const struct sl_app *a)
{
  return sl_args_has(a->args, SL_O_against) || sl_args_has(a->args, SL_O_slice) || sl_args_has(a->args, SL_O_report);
}

struct judging { struct report_rows report; struct sl_quality_tally tally; struct sl_quality_ask ask; };

static void page(void *user, const struct sl_batch *b)
{
  struct judging *j = user;
  sl_quality_tally_add(&j->tally, b);
  report_keep(&j->report, b);
}

static int write_report(struct judging *j, struct sl_session *s, struct sl_str verdict, struct sl_err *err)
{
  static const char *const names[] = { "--model", "--data", "--label", "--against", "--slice", "--sample" };
  const char *const values[] = { j->ask.model, j->ask.data, j->ask.label, j->ask.against, j->ask.slice, j->ask.sample };
  const char *const input[] = { "model", j->ask.model, "against", j->ask.against, "data", j->ask.data, NULL };
  struct sl_document d;
  struct sl_buf command, out;
  sl_buf_init(&command, 1 << 20);
  sl_buf_init(&out, 0);
  sl_buf_z(&command, "sluice score");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (values[i]) {
      sl_buf_printf(&command, " %s ", names[i]);
      sl_fmt_shell(&command, sl_str(values[i]));
    }
  struct report_asked asked = { "How good a model is", sl_buf_zstr(&command), input, verdict };
  int rc = sl_buf_check(&command, err);
  rc = rc ? rc : report_begin(&d, &out, &j->report, s, &asked, err);
  rc = rc ? rc : report_score(&d, &j->report, j->ask.against != NULL, err);
  rc = rc ? rc : report_save(&j->report, &d, err);
  sl_buf_free(&out);
  sl_buf_free(&command);
  return rc;
}

static int judge(struct judging *j, struct sl_session *s, struct sl_err *err)
{
  struct sl_buf scope, words;
  sl_buf_init(&scope, 1 << 20);
  sl_buf_init(&words, 0);
  sl_quality_ask_text(&scope, &j->ask);
  if (sl_buf_check(&scope, err)) { /* part of it would be another question */
    sl_buf_free(&scope);
    return sl_app_fail(s->app, err);
  }
  struct sl_list l = { .query = sl_app_query(s->app, &sl_res_quality, sl_buf_zstr(&scope)), .rows = { .columns = sl_res_quality.columns },
                       .page = page, .page_user = j };
  int code = sl_session_list(s, &l);
  if (!code || code == SL_EXIT_PARTIAL) { /* what failed is no verdict; of pictures that cannot be read it says how many */
    sl_quality_words(&words, &j->tally, j->ask.against != NULL);
    if (sl_buf_check(&words, err))
      code = sl_app_fail(s->app, err);
    else
      sl_app_note("%s", sl_buf_zstr(&words));
  }
  if ((!code || code == SL_EXIT_PARTIAL) && j->report.path && write_report(j, s, sl_buf_view(&words), err))
    code = sl_app_fail(s->app, err);
  sl_buf_free(&words);
  sl_buf_free(&scope);
  return code;
}

/* The option table hands out text that lives as long as the program. */
static char *text_of(const struct sl_app *a, enum sl_opt_id id) { return (char *)(uintptr_t)sl_args_text(a->args, id, NULL); }

static int judge_open(struct judging *j, const struct sl_app *a, struct sl_err *err)
{
  sl_quality_tally_init(&j->tally);
  j->ask = (struct sl_quality_ask){ .model = text_of(a, SL_O_model), .data = text_of(a, SL_O_data), .label = text_of(a, SL_O_label),
                                    .against = text_of(a, SL_O_against), .slice = text_of(a, SL_O_slice),
                                    .sample = sl_args_count(a->args, SL_O_sample, 0) ? text_of(a, SL_O_sample) : NULL };
  if (sl_args_has(a->args, SL_O_out) || sl_args_has(a->args, SL_O_outputs))
    return sl_err_set(err, SL_EUSAGE, "--against, --slice and --report judge, --out and --output keep predictions: two commands");
  return report_open(&j->report, a, err);
}

static int cmd_judge(struct sl_app *a)
{
  struct judging j = { .report = { .path = NULL } };
  struct sl_session s;
  struct sl_err err = { 0 };
  int rc = check(a, &err);
  rc = rc ? rc : judge_open(&j, a, &err);
  if (rc)
    return sl_app_fail(a, &err);
  int code = sl_session_open(&s, a, SL_SESSION_ANY, &err) ? sl_app_fail(a, &err) : judge(&j, &s, &err);
  sl_session_close(&s);
  report_free(&j.report);
  return code;
}

/* ---- parts ---- */

static int check_parts(const struct sl_app *a, struct sl_err *err)
{
  bool partial = sl_args_has(a->args, SL_O_partial), merge = sl_args_has(a->args, SL_O_merge);
  const char *to = sl_args_text(a->args, SL_O_out, NULL);
  bool file = to && sl_str_ends(sl_str(to), SL_STR(".partial"));
  if (!partial && !merge && !file && !a->args->npos)
    return SL_OK;
  if (partial == merge)
    return sl_err_set(err, SL_EUSAGE, "one of --partial --model M --data D --output W.partial, --merge W.partial...");
  if (judges(a))
    return sl_err_set(err, SL_EUSAGE, "--against, --slice and --report judge whole data: not with --partial and --merge");
  if (partial && (!file || a->args->npos))
    return sl_err_set(err, SL_EUSAGE, "--partial --model M --data D goes into a file: --output W.partial");
  if (merge && (!a->args->npos || (to && !file)))
    return sl_err_set(err, SL_EUSAGE, "--merge needs the files to join, W.partial..., and at most --output W.partial");
  if (merge && (sl_args_has(a->args, SL_O_model) || sl_args_has(a->args, SL_O_data) || sl_args_has(a->args, SL_O_label)))
    return sl_err_set(err, SL_EUSAGE, "--merge takes files alone: they know their model and label");
  return SL_OK;
}

/* Joined into a file, or their figures as rows. */
static int cmd_merge(struct sl_app *a)
{
  struct sl_err err = { 0 };
  struct sl_buf b;
  int rc = SL_OK;
  sl_buf_init(&b, 1 << 20);
  for (size_t i = 0; !rc && i < a->args->npos; i++) {
    if (!sl_str_ends(sl_str(a->args->pos[i]), SL_STR(".partial")))
      rc = sl_err_set(&err, SL_EUSAGE, "%s: files to join end in .partial", a->args->pos[i]);
    sl_buf_z(&b, i ? " UNION ALL FROM " : "FROM ");
    sl_fmt_quote(&b, sl_str(a->args->pos[i]), '\'');
  }
  rc = rc ? rc : sl_buf_check(&b, &err);
  int code = rc ? sl_app_fail(a, &err) : sl_app_sql(a, b.p);
  sl_buf_free(&b);
  return code;
}

int sl_cmd_score(struct sl_app *a)
{
  struct sl_err wrong = { 0 };
  if (check_parts(a, &wrong))
    return sl_app_fail(a, &wrong);
  if (sl_args_has(a->args, SL_O_merge))
    return cmd_merge(a);
  if (judges(a))
    return cmd_judge(a);
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
    uint64_t sample = sl_args_count(a->args, SL_O_sample, 0);
    if (sample)
      sl_buf_printf(&b, ", sample => %llu", (unsigned long long)sample);
    if (threads)
      sl_buf_printf(&b, ", threads => %llu", (unsigned long long)threads);
    sl_buf_ch(&b, ')');
    rc = sl_buf_check(&b, &err);
  }
  int code = rc ? sl_app_fail(a, &err) : sl_app_sql(a, b.p);
  sl_buf_free(&b);
  return code;
}
