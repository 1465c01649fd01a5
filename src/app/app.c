/* app/app.c: one run of the program, from its arguments to its exit code, and saying what went wrong. */
#include "app/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

/* Without memory the note is still said: cut to what fits, what is not plain ASCII as '?'. */
static void note_plain(const char *fmt, va_list ap)
{
  char line[512] = "sluice: ";
  size_t at = strlen(line);
  int n = vsnprintf(line + at, sizeof line - at - 1, fmt, ap);
  size_t end = n < 0 ? at : at + (size_t)n < sizeof line - 2 ? at + (size_t)n : sizeof line - 2;
  for (; at < end; at++)
    line[at] = line[at] >= ' ' && line[at] <= '~' ? line[at] : line[at] == '\n' ? ' ' : '?';
  line[end] = '\n';
  (void)!write(STDERR_FILENO, line, end + 1);
}

/* Several lines become several notes; outside bytes in them are harmless wherever standard error leads. */
void sl_app_note(const char *fmt, ...)
{
  struct sl_buf text, clean;
  sl_buf_init(&text, 64 << 10);
  sl_buf_init(&clean, 256 << 10);
  sl_app_progress(NULL);
  va_list ap;
  va_start(ap, fmt);
  sl_buf_vprintf(&text, fmt, ap);
  va_end(ap);
  struct sl_str rest = sl_buf_view(&text), line;
  while (rest.p && sl_str_cut(&rest, '\n', &line)) {
    if (!line.n)
      continue;
    sl_buf_z(&clean, "sluice: ");
    sl_text_clean(&clean, line, SL_TEXT_CELL);
    sl_buf_ch(&clean, '\n');
  }
  va_start(ap, fmt);
  if (text.failed == SL_ENOMEM || clean.failed == SL_ENOMEM)
    note_plain(fmt, ap);
  else if (clean.n)
    (void)!write(STDERR_FILENO, clean.p, clean.n);
  va_end(ap);
  sl_buf_free(&text);
  sl_buf_free(&clean);
}

bool sl_app_readonly(const struct sl_app *a)
{
  const char *ro = getenv("SLUICE_READONLY");
  return sl_args_has(a->args, SL_O_read_only) || (ro && *ro && strcmp(ro, "0") != 0);
}

int sl_app_writes(const struct sl_app *a, struct sl_err *err)
{
  return sl_app_readonly(a) ? sl_err_set(err, SL_EREADONLY, "read-only: --read-only or SLUICE_READONLY=1; nothing was written") : SL_OK;
}

int sl_app_fail(struct sl_app *a, const struct sl_err *err)
{
  if (a->out.gone)
    return SL_EXIT_OK;
  if (err->code != SL_ECANCELED || err->msg[0])
    sl_app_note("%s", err->msg[0] ? err->msg : sl_code_words(err->code));
  return sl_code_exit(err->code);
}

const char *sl_version(void) { return SLUICE_VERSION; }

/* ---- a run ---- */

/* *out NULL: nothing here says it. */
static int own_path(char **out, struct sl_err *err)
{
  char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  *out = n > 0 ? sl_strndup(path, (size_t)n) : NULL;
  return n > 0 && !*out ? sl_err_nomem(err) : SL_OK;
}

static int print_text(struct sl_app *a, const struct sl_cmd *c)
{
  struct sl_err err = { 0 };
  if (sl_args_has(a->args, SL_O_version))
    sl_buf_printf(&a->out.b, "sluice %s (build %s)\n", sl_version(), sl_build_id());
  else if (c)
    sl_help_cmd(&a->out.b, c);
  else
    sl_help_all(&a->out.b);
  return sl_out_flush(&a->out, &err) ? sl_app_fail(a, &err) : SL_EXIT_OK;
}

static int app_run(struct sl_app *a, int argc, char **argv)
{
  static struct sl_args args;
  struct sl_err err = { 0 };
  int rc = sl_args_parse(&args, argc, argv, &err);
  a->args = &args;
  if (rc)
    return sl_app_fail(a, &err);
  a->format = sl_format_of(sl_args_text(&args, SL_O_output, NULL));
  if (sl_args_has(&args, SL_O_help) || sl_args_has(&args, SL_O_version))
    return print_text(a, args.cmd);
  if (args.cmd)
    return args.cmd->run(a);
  return sl_console(a);
}

int sl_app_main(int argc, char **argv)
{
  struct sl_app a = { 0 };
  sl_out_open(&a.out, STDOUT_FILENO);
  struct sl_err err = { 0 };
  int code = own_path(&a.exe, &err) ? sl_app_fail(&a, &err) : app_run(&a, argc, argv);
  code = code ? code : a.tape_code;
  sl_out_close(&a.out);
  sl_free(a.exe);
  return code;
}
