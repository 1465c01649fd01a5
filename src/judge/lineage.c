/* judge/lineage.c: the tree itself: nodes in the order in which they came, linked to parent, first child and next; each with an id that is
 * the way to it, so that a row is the same after a refresh. */
#include "judge/lineage.h"

#include <stdio.h>

void sl_lineage_init(struct sl_lineage *l)
{
  *l = (struct sl_lineage){ .n = 0 };
  sl_arena_init(&l->mem, 0);
  sl_map_init(&l->seen);
}

void sl_lineage_free(struct sl_lineage *l)
{
  sl_free(l->node);
  sl_map_free(&l->seen);
  sl_arena_free(&l->mem);
  *l = (struct sl_lineage){ .n = 0 };
}

static int keep(struct sl_lineage *l, struct sl_str *s, struct sl_err *err)
{
  if (!s->n) {
    *s = SL_STR_NONE;
    return SL_OK;
  }
  s->p = sl_arena_strndup(&l->mem, s->p, s->n);
  return s->p ? SL_OK : sl_err_nomem(err);
}

static int id_make(const struct sl_lineage *l, struct sl_lin_at *a, size_t parent, struct sl_err *err)
{
  char head[64], hex[65];
  struct sl_buf b;
  sl_buf_init(&b, 0);
  snprintf(head, sizeof head, "%s/%s/%s/", parent == SL_LIN_NONE ? "" : l->node[parent].id, a->n.kind, a->n.relation);
  sl_buf_z(&b, head);
  sl_buf_str(&b, a->n.key.n ? a->n.key : a->n.label);
  int rc = sl_buf_check(&b, err);
  struct sl_sha256 d = sl_sha256(rc ? SL_STR("") : sl_buf_view(&b));
  sl_sha256_hex(&d, hex);
  sl_buf_free(&b);
  memcpy(a->id, hex, 16);
  a->id[16] = 0;
  return rc;
}

static void link_in(struct sl_lineage *l, size_t parent, size_t at)
{
  if (parent == SL_LIN_NONE)
    return;
  struct sl_lin_at *p = &l->node[parent];
  if (p->last == SL_LIN_NONE)
    p->child = at;
  else
    l->node[p->last].next = at;
  p->last = at;
  p->children++;
}

int sl_lineage_add(struct sl_lineage *l, size_t parent, const struct sl_lin_node *like, size_t *at, struct sl_err *err)
{
  unsigned depth = parent == SL_LIN_NONE ? 0 : l->node[parent].depth + 1;
  *at = SL_LIN_NONE;
  if (l->n >= SL_LIN_NODES || depth >= SL_LIN_DEPTH) {
    l->cut = true;
    return SL_OK;
  }
  int rc = sl_grow((void **)&l->node, &l->cap, l->n + 1, sizeof *l->node, SL_LIN_NODES, err);
  if (rc)
    return rc;
  struct sl_lin_at *a = &l->node[l->n];
  *a = (struct sl_lin_at){ .n = *like, .parent = parent, .child = SL_LIN_NONE, .last = SL_LIN_NONE, .next = SL_LIN_NONE, .depth = depth };
  struct sl_str *texts[] = { &a->n.key, &a->n.label, &a->n.target, &a->n.detail, &a->n.digest, &a->n.known };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !rc; i++)
    rc = keep(l, texts[i], err);
  bool again = !rc && like->key.n && sl_map_get(&l->seen, like->key, NULL);
  if (!rc && like->key.n && !again)
    rc = sl_map_put(&l->seen, like->key, l->n, NULL, err);
  a->again = again;
  rc = rc ? rc : id_make(l, a, parent, err);
  if (rc)
    return rc;
  link_in(l, parent, l->n);
  *at = again ? SL_LIN_NONE : l->n;
  l->n++;
  return SL_OK;
}

size_t sl_lineage_next(const struct sl_lineage *l, size_t at)
{
  if (l->node[at].child != SL_LIN_NONE)
    return l->node[at].child;
  while (at != SL_LIN_NONE && l->node[at].next == SL_LIN_NONE)
    at = l->node[at].parent;
  return at == SL_LIN_NONE ? at : l->node[at].next;
}
