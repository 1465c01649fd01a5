/* app/progress.c: how far a command is, as one line on standard error that is written over, and gone before anything else is written.
 *
 * Only where a person sees it: standard error is a terminal that can go back to its line's beginning. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "base/text.h"

enum { CELLS = 70 };

static bool shown;

static bool can_show(void)
{
  const char *term = getenv("TERM");
  return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

void sl_app_progress(const char *words)
{
  struct sl_buf b;
  bool on = words && *words && can_show();
  if (!on && !shown)
    return;
  sl_buf_init(&b, 4096);
  sl_buf_z(&b, "\r\033[K");
  if (on) {
    sl_buf_z(&b, "sluice: ");
    (void)sl_text_fit(&b, sl_str(words), CELLS, SL_KEEP_HEAD, true);
  }
  if (!b.failed)
    (void)!write(STDERR_FILENO, b.p, b.n);
  shown = on;
  sl_buf_free(&b);
}

void sl_app_progress_of(const struct sl_answer *a)
{
  const char *words = NULL;
  for (size_t i = 0; i < a->nsrc && !a->done; i++)
    if (a->src[i].state <= SL_FLOWING && a->src[i].note[0])
      words = a->src[i].note;
  sl_app_progress(words);
}
