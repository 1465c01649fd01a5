/* app/console.c: the console. */
#include "app/app.h"

int sl_console(struct sl_app *a)
{
  struct sl_err err = { 0 };
  sl_help_all(&a->out.b);
  return sl_out_flush(&a->out, &err) ? sl_app_fail(a, &err) : SL_EXIT_USAGE;
}
