/* model/ws_clock.c: the loop's clock, for those who may not see the loop. */
#include "loop/loop.h"
#include "model/ws.h"

sl_ms sl_ws_now(const struct sl_ws *w)
{
  /* The workspace outlives every view; its loop is only read here. */
  return sl_loop_wall(sl_ws_loop((struct sl_ws *)(uintptr_t)w));
}

int64_t sl_ws_mono(const struct sl_ws *w)
{
  return sl_loop_now(sl_ws_loop((struct sl_ws *)(uintptr_t)w));
}
