/* app/cmd_drift.c: `sluice drift`: the resource of that name, or drift_history, and the verdict of all its rows as a sentence and an exit
 * code. */
#include <math.h>

#include "app/do.h"
#include "app/report.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "model/drift.h"

int sl_cmd_drift(struct sl_app *a);

struct judging {
  struct report_rows report;
  struct sl_drift_tally tally;
  struct sl_drift_ask ask;
  double share;
  bool over_time;
  struct sl_drift_past past;
};

static void count(void *user, const struct sl_batch *b)
{
  struct judging *j = user;
  if (j->over_time)
    sl_drift_past_add(&j->past, b);
  else
    sl_drift_tally_add(&j->tally, b);
  report_keep(&j->report, b);
}

static int fail_share(const struct sl_app *a, double *out, struct sl_err *err)
{
  const char *text = sl_args_text(a->args, SL_O_fail_share, NULL);
  *out = -1;
  if (!text)
    return SL_OK;
  if (!sl_str_f64(sl_str(text), out) || !(*out >= 0 && *out <= 1))
    return sl_err_set(err, SL_EUSAGE, "--fail-share %s: a share from 0 to 1", text);
  return SL_OK;
}

/* The option table hands out text that lives as long as the program. */
static struct sl_drift_ask ask_of(const struct sl_app *a)
{
  return (struct sl_drift_ask){ .baseline = (char *)(uintptr_t)sl_args_text(a->args, SL_O_baseline, NULL),
                                .current = (char *)(uintptr_t)sl_args_text(a->args, SL_O_current, NULL),
                                .tests = (char *)(uintptr_t)sl_args_text(a->args, SL_O_tests, NULL),
                                .profile = (char *)(uintptr_t)sl_args_text(a->args, SL_O_profile, NULL),
                                .model = (char *)(uintptr_t)sl_args_text(a->args, SL_O_model, NULL),
                                .last = (char *)(uintptr_t)sl_args_text(a->args, SL_O_last, NULL),
                                .persist = (char *)(uintptr_t)sl_args_text(a->args, SL_O_persist, NULL),
                                .engine = (char *)(uintptr_t)sl_args_text(a->args, SL_O_engine, NULL) };
}

static int check_time(struct judging *j, const struct sl_app *a, struct sl_err *err)
{
  const char *by = sl_args_text(a->args, SL_O_by, NULL);
  j->over_time = by != NULL;
  if (!by && (j->ask.last || j->ask.persist))
    return sl_err_set(err, SL_EUSAGE, "--last and --persist are about partitions: --by partition");
  return sl_drift_span_of(&j->past.span, &j->ask, err);
}

/* Before anything is read. */
static int check_out(const struct sl_app *a, const struct sl_drift_ask *ask, struct sl_err *err)
{
  const char *to = sl_args_text(a->args, SL_O_out, NULL);
  bool pair = ask->current && sl_str_ends(sl_str(ask->baseline), SL_STR("statistics.json")) &&
              !sl_str_ends(sl_str(ask->current), SL_STR("statistics.json"));
  if (!to || (pair && sl_str_ends(sl_str(to), SL_STR("violations.json"))))
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "--out FILE ending in violations.json: what Model Monitor reports of data against a statistics.json");
}

/* The rows are on stdout; the file comes after them, and its failure counts more than a breach. */
static int write_out(struct sl_app *a, const struct sl_drift_ask *ask, int code)
{
  const char *to = sl_args_text(a->args, SL_O_out, NULL);
  if (!to || (code != SL_EXIT_OK && code != SL_EXIT_BREACH))
    return code;
  int rc = sl_app_monitor_file(a, "violations", ask->baseline, ask->current, to);
  return rc ? rc : code;
}

static int write_report(struct judging *j, struct sl_session *s, struct sl_str words, struct sl_err *err)
{
  static const char *const names[] = { "--baseline", "--current", "--tests", "--profile", "--fail-share", "--model",
                                       "--by", "--last", "--persist", "--engine" };
  bool pair = j->ask.current != NULL; /* else the one is a report of another tool */
  const char *const values[] = { pair ? j->ask.baseline : NULL, pair ? j->ask.current : j->ask.baseline, j->ask.tests, j->ask.profile,
                                 sl_args_text(s->app->args, SL_O_fail_share, NULL), j->ask.model,
                                 j->over_time ? "partition" : NULL, j->ask.last, j->ask.persist, j->ask.engine };
  const char *const input[] = { "baseline", values[0], "current", values[1], j->ask.model ? "model" : NULL, j->ask.model, NULL };
  struct sl_document d;
  struct sl_buf command, out;
  sl_buf_init(&command, 1 << 20);
  sl_buf_init(&out, 0);
  sl_buf_z(&command, "sluice drift");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (values[i]) {
      sl_buf_printf(&command, " %s ", names[i]);
      sl_fmt_shell(&command, sl_str(values[i]));
    }
  const char *title = j->ask.model ? "Whether the predictions have drifted" : "Whether the data has drifted";
  struct report_asked asked = { title, sl_buf_zstr(&command), input, words };
  int rc = sl_buf_check(&command, err);
  rc = rc ? rc : report_begin(&d, &out, &j->report, s, &asked, err);
  rc = rc ? rc : j->over_time ? report_drift_history(&d, &j->report, err) : report_drift(&d, &j->report, err);
  rc = rc ? rc : report_save(&j->report, &d, err);
  sl_buf_free(&out);
  sl_buf_free(&command);
  return rc;
}

static int verdict(struct judging *j, struct sl_session *s, int code)
{
  const char *profile = sl_drift_ask_profile(&j->ask);
  struct sl_buf words;
  struct sl_err err = { 0 };
  sl_drift_tally_end(&j->tally);
  sl_buf_init(&words, 0);
  if (j->over_time)
    sl_drift_past_words(&words, &j->past, profile, j->share);
  else
    sl_drift_words(&words, &j->tally, profile, j->share);
  int rc = sl_buf_check(&words, &err);
  if (rc || code != SL_EXIT_OK) /* half an answer is no verdict, nor is half a sentence */
    sl_buf_clear(&words);
  if (words.n)
    sl_app_note("%s", sl_buf_zstr(&words));
  rc = rc ? rc : code == SL_EXIT_OK && j->report.path ? write_report(j, s, sl_buf_view(&words), &err) : SL_OK;
  sl_buf_free(&words);
  if (rc)
    return sl_app_fail(s->app, &err);
  bool bad = j->over_time ? sl_drift_past_verdict(&j->past, profile, j->share) : sl_drift_verdict(&j->tally, profile, j->share);
  return code == SL_EXIT_OK && bad ? SL_EXIT_BREACH : code;
}

static int judge(struct judging *j, struct sl_app *a, const char *scope)
{
  struct sl_session s;
  struct sl_err err = { 0 };
  const struct sl_resource *res = j->over_time ? &sl_res_drift_history : &sl_res_drift;
  struct sl_list l = { .query = sl_app_query(a, res, scope), .rows = { .columns = res->columns },
                       .page = count, .page_user = j };
  int code = sl_session_open(&s, a, SL_SESSION_ANY, &err) ? sl_app_fail(a, &err) : verdict(j, &s, sl_session_list(&s, &l));
  sl_session_close(&s);
  return write_out(a, &j->ask, code);
}

/* ---- files of sketches ---- */

static void put_from(struct sl_buf *b, const char *address, bool first)
{
  sl_buf_z(b, first ? "FROM " : " UNION ALL FROM ");
  sl_fmt_quote(b, sl_str(address), '\'');
}

static int put_sketch(const struct sl_app *a, struct sl_buf *b, struct sl_err *err)
{
  const char *current = sl_args_text(a->args, SL_O_current, NULL);
  bool partial = sl_args_has(a->args, SL_O_partial), merge = sl_args_has(a->args, SL_O_merge);
  struct sl_str to = sl_str(sl_args_text(a->args, SL_O_out, ""));
  if (sl_str_eqz(sl_str(sl_args_text(a->args, SL_O_engine, "local")), "pushdown"))
    return sl_err_set(err, SL_EUSAGE, "sketches are made of the values, which --engine pushdown leaves where they are: leave it away");
  if (partial == merge || sl_args_has(a->args, SL_O_baseline))
    return sl_err_set(err, SL_EUSAGE, "one of --partial --current D, --merge W.sketch..., --baseline D --current D");
  if (!sl_str_ends(to, SL_STR(".sketch")))
    return sl_err_set(err, SL_EUSAGE, "sketches go into a file: --output W.sketch");
  if (partial ? !current || a->args->npos : !a->args->npos || current)
    return sl_err_set(err, SL_EUSAGE, partial ? "--partial needs --current D, and nothing else" : "--merge needs the files to join");
  if (partial && sl_str_starts(sl_str(current), SL_STR("sql:")))
    sl_buf_z(b, current + 4);
  else if (partial)
    put_from(b, current, true);
  for (size_t i = 0; i < a->args->npos; i++) {
    if (!sl_str_ends(sl_str(a->args->pos[i]), SL_STR(".sketch")))
      return sl_err_set(err, SL_EUSAGE, "%s: files to join end in .sketch", a->args->pos[i]);
    put_from(b, a->args->pos[i], !i);
  }
  return sl_buf_check(b, err);
}

/* A statement whose result is kept as sketches. */
static int cmd_sketch(struct sl_app *a)
{
  struct sl_err err = { 0 };
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  int rc = put_sketch(a, &b, &err);
  int code = rc ? sl_app_fail(a, &err) : sl_app_sql(a, b.p);
  sl_buf_free(&b);
  return code;
}

int sl_cmd_drift(struct sl_app *a)
{
  bool file = sl_str_ends(sl_str(sl_args_text(a->args, SL_O_out, "")), SL_STR(".sketch"));
  if (file || sl_args_has(a->args, SL_O_partial) || sl_args_has(a->args, SL_O_merge) || a->args->npos)
    return cmd_sketch(a);
  struct sl_err err = { 0 };
  struct judging j = { .ask = ask_of(a) };
  struct sl_drift_ask check = { 0 };
  struct sl_buf scope;
  sl_buf_init(&scope, 4 << 20);
  int rc = fail_share(a, &j.share, &err);
  if (!j.ask.baseline) { /* --current alone: a report */
    j.ask.baseline = j.ask.current;
    j.ask.current = NULL;
  }
  if (!rc && !j.ask.baseline)
    rc = sl_err_set(&err, SL_EUSAGE, "drift needs --baseline D and --current D, or --current REPORT.json");
  if (!rc)
    sl_drift_ask_text(&scope, &j.ask);
  rc = rc ? rc : check_time(&j, a, &err);
  rc = rc ? rc : check_out(a, &j.ask, &err);
  rc = rc ? rc : report_open(&j.report, a, &err);
  rc = rc ? rc : sl_buf_check(&scope, &err);
  rc = rc ? rc : sl_drift_ask_parse(&check, sl_buf_view(&scope), &err); /* the profile's name, before anything is read */
  int code = rc ? sl_app_fail(a, &err) : judge(&j, a, sl_buf_zstr(&scope));
  report_free(&j.report);
  sl_drift_ask_free(&check);
  sl_buf_free(&scope);
  return code;
}
