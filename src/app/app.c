/* app/app.c: saying what went wrong. */
#include "app/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* Several lines become several notes; outside bytes in them are harmless wherever standard error leads. */
void sl_app_note(const char *fmt, ...)
{
  struct sl_buf text, clean;
  sl_buf_init(&text, 64 << 10);
  sl_buf_init(&clean, 256 << 10);
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
  if (clean.n)
    (void)!write(STDERR_FILENO, clean.p, clean.n);
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
