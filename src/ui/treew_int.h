/* ui/treew_int.h: a document as a flat list of values in reading order, so that folding, searching and drawing are loops. */
#ifndef SL_UI_TREEW_INT_H
#define SL_UI_TREEW_INT_H

#include "base/mem.h"
#include "ui/widgets.h"

enum { SL_TREE_NODES = 200000, SL_TREE_TEXT = 32 << 20, SL_TREE_SCALAR = 4 << 20 };

enum sl_tree_kind { SL_TREE_OBJ, SL_TREE_ARR, SL_TREE_STR, SL_TREE_NUM, SL_TREE_WORD /* true, false */, SL_TREE_NULL };
struct sl_tree_node {
  uint32_t key, key_n, val, val_n;   /* in the text; an item of an array has its number as val of no key: index */
  uint32_t end;                      /* the first node behind this one's children */
  uint32_t parent;                   /* UINT32_MAX: none */
  uint32_t count, index;             /* children; place among its siblings */
  uint8_t kind, depth;
  bool keyed, open;                  /* open: children (of a text: all of it) are seen */
};
struct sl_tree {
  struct sl_tree_node *node; size_t n, cap;
  struct sl_buf text;
  bool cut;                          /* there was more than SL_TREE_NODES */
  char bad[256];                     /* why reading stopped; "" : it did not */
};
/* ENOMEM, or EPARSE where not even the first value can be read. */
int sl_tree_read(struct sl_tree *t, struct sl_str json, struct sl_err *err) SL_NODISCARD;
void sl_tree_free(struct sl_tree *t);
struct sl_str sl_tree_key(const struct sl_tree *t, const struct sl_tree_node *n);
struct sl_str sl_tree_val(const struct sl_tree *t, const struct sl_tree_node *n);
void sl_tree_path(const struct sl_tree *t, size_t i, struct sl_buf *out);      /* steps[0].name */

#endif
