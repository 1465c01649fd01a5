/* model/recorded.c: who is asked what was recorded about a version's files. */
#include "model/recorded.h"

#include "base/mem.h"
#include "model/ws_int.h"

struct sl_recorder { const struct sl_recorded_ops *ops; void *held; };

void sl_ws_recorded(struct sl_ws *w, const struct sl_recorded_ops *ops)
{
  w->recorded = ops;
}

struct sl_recorder *sl_recorder_open(struct sl_backend *b)
{
  struct sl_ws *w = sl_backend_ws(b);
  void *held = w->recorded ? w->recorded->open(w) : NULL;
  struct sl_recorder *k = held ? sl_alloc(sizeof *k) : NULL;
  if (k)
    *k = (struct sl_recorder){ w->recorded, held };
  else if (held)
    w->recorded->close(held);
  return k;
}

bool sl_recorder_find(struct sl_recorder *k, const struct sl_recorded_version *v, struct sl_recorded *out)
{
  return k && k->ops->find(k->held, v, out);
}

void sl_recorder_close(struct sl_recorder *k)
{
  if (!k)
    return;
  k->ops->close(k->held);
  sl_free(k);
}
