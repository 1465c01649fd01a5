/* loop/slots.c: a table of pointers whose ids can be kept for ever: a slot that is used again has another generation. */
#include "base/mem.h"
#include "loop/priv.h"

enum { SLOTS_MAX = 1 << 20 };

int sl_slots_put(struct sl_slots *s, void *p, uint64_t *id, struct sl_err *err)
{
  uint32_t i = s->free;
  if (i) {
    i--;
    s->free = s->at[i].next;
  } else {
    void *grown = s->at;
    int rc = sl_grow(&grown, &s->cap, s->n + 1, sizeof *s->at, SLOTS_MAX, err);
    s->at = grown;
    if (rc)
      return rc;
    i = (uint32_t)s->n++;
    s->at[i] = (struct sl_slot){ .gen = 0 };
  }
  s->at[i].p = p;
  s->at[i].gen++;
  s->live++;
  *id = (uint64_t)s->at[i].gen << 32 | (i + 1u);
  return SL_OK;
}

static struct sl_slot *slot_of(const struct sl_slots *s, uint64_t id)
{
  size_t i = (uint32_t)id;
  if (!i || i > s->n)
    return NULL;
  struct sl_slot *slot = &s->at[i - 1];
  return slot->p && slot->gen == id >> 32 ? slot : NULL;
}

void *sl_slots_get(const struct sl_slots *s, uint64_t id)
{
  struct sl_slot *slot = slot_of(s, id);
  return slot ? slot->p : NULL;
}

void *sl_slots_take(struct sl_slots *s, uint64_t id)
{
  struct sl_slot *slot = slot_of(s, id);
  if (!slot)
    return NULL;
  void *p = slot->p;
  slot->p = NULL;
  slot->next = s->free;
  s->free = (uint32_t)id;
  s->live--;
  return p;
}

void *sl_slots_any(const struct sl_slots *s)
{
  for (size_t i = 0; i < s->n; i++)
    if (s->at[i].p)
      return s->at[i].p;
  return NULL;
}

void sl_slots_free(struct sl_slots *s)
{
  sl_free(s->at);
  *s = (struct sl_slots){ .at = NULL };
}
