/* ui/treew_read.c: JSON into the tree widget's flat list, by the pull parser: bounded in values and in text, whatever the document. */
#include <stdio.h>

#include "base/json.h"
#include "ui/treew_int.h"

void sl_tree_free(struct sl_tree *t)
{
  sl_free(t->node);
  sl_buf_free(&t->text);
  *t = (struct sl_tree){0};
}

struct sl_str sl_tree_key(const struct sl_tree *t, const struct sl_tree_node *n) { return sl_strn(t->text.p + n->key, n->key_n); }
struct sl_str sl_tree_val(const struct sl_tree *t, const struct sl_tree_node *n) { return sl_strn(t->text.p + n->val, n->val_n); }

void sl_tree_path(const struct sl_tree *t, size_t i, struct sl_buf *out)
{
  uint32_t up[256];
  size_t depth = 0;
  for (uint32_t k = (uint32_t)i; k != UINT32_MAX && depth < 256; k = t->node[k].parent)
    up[depth++] = k;
  while (depth--) {
    const struct sl_tree_node *n = &t->node[up[depth]];
    if (n->keyed) {
      sl_buf_z(out, out->n ? "." : "");
      sl_buf_str(out, sl_tree_key(t, n));
    } else if (n->parent != UINT32_MAX) {
      sl_buf_printf(out, "[%u]", n->index);
    }
  }
}

/* ---- reading ---- */

struct reader {
  struct sl_tree *t;
  struct sl_json_pull *p;
  uint32_t parent;             /* the container that is being filled */
  uint32_t key, key_n;
  bool keyed;
};

static uint32_t text_add(struct sl_tree *t, struct sl_str s)
{
  uint32_t at = (uint32_t)t->text.n;
  sl_buf_str(&t->text, s);
  return at;
}

static int node_add(struct reader *r, enum sl_tree_kind kind, struct sl_str val, struct sl_err *err)
{
  struct sl_tree *t = r->t;
  if (t->n == SL_TREE_NODES || t->text.n + val.n >= SL_TREE_TEXT)
    return t->cut = true, SL_ELIMIT;
  int rc = sl_grow((void **)&t->node, &t->cap, t->n + 1, sizeof *t->node, SL_TREE_NODES, err);
  if (rc)
    return rc;
  struct sl_tree_node *up = r->parent == UINT32_MAX ? NULL : &t->node[r->parent], *n = &t->node[t->n];
  *n = (struct sl_tree_node){.key = r->key, .key_n = r->key_n, .keyed = r->keyed, .val = text_add(t, val), .val_n = (uint32_t)val.n,
    .parent = r->parent, .kind = (uint8_t)kind, .depth = (uint8_t)(up ? up->depth + 1 : 0), .index = up ? up->count++ : 0};
  if (t->text.failed)
    return sl_buf_check(&t->text, err);
  if (kind <= SL_TREE_ARR)
    r->parent = (uint32_t)t->n;
  n->open = kind <= SL_TREE_ARR;
  n->end = (uint32_t)++t->n;
  r->keyed = false;
  r->key_n = 0;
  return SL_OK;
}

static void container_end(struct reader *r)
{
  struct sl_tree_node *n = &r->t->node[r->parent];
  n->end = (uint32_t)r->t->n;
  r->parent = n->parent;
}

static int token(struct reader *r, enum sl_json_tok tok, struct sl_str text, struct sl_err *err)
{
  switch (tok) {
  case SL_JT_OBJ: return node_add(r, SL_TREE_OBJ, SL_STR_NONE, err);
  case SL_JT_ARR: return node_add(r, SL_TREE_ARR, SL_STR_NONE, err);
  case SL_JT_STR: return node_add(r, SL_TREE_STR, text, err);
  case SL_JT_NUM: return node_add(r, SL_TREE_NUM, text, err);
  case SL_JT_TRUE: return node_add(r, SL_TREE_WORD, SL_STR("true"), err);
  case SL_JT_FALSE: return node_add(r, SL_TREE_WORD, SL_STR("false"), err);
  case SL_JT_NULL: return node_add(r, SL_TREE_NULL, SL_STR("null"), err);
  case SL_JT_END_OBJ: case SL_JT_END_ARR: container_end(r); return SL_OK;
  case SL_JT_KEY:
    if (r->t->text.n + text.n >= SL_TREE_TEXT)
      return r->t->cut = true, SL_ELIMIT;
    r->key = text_add(r->t, text);
    r->key_n = (uint32_t)text.n;
    r->keyed = true;
    return sl_buf_check(&r->t->text, err);
  default: return SL_OK;
  }
}

/* In pieces, so that the parser never holds more than one of them beside its longest scalar. */
static int tokens(struct reader *r, struct sl_str json, struct sl_err *err)
{
  enum { PIECE = 256 << 10 };
  for (size_t at = 0;;) {
    struct sl_str text = SL_STR_NONE;
    enum sl_json_tok tok = sl_json_pull_next(r->p, &text, err);
    int rc = SL_OK;
    if (tok == SL_JT_END)
      return SL_OK;
    if (tok == SL_JT_BAD)
      return err->code ? err->code : SL_EPARSE;
    if (tok == SL_JT_MORE && at < json.n) {
      size_t n = json.n - at < PIECE ? json.n - at : PIECE;
      rc = sl_json_pull_feed(r->p, json.p + at, n, err);
      at += n;
    } else if (tok == SL_JT_MORE) {
      sl_json_pull_eof(r->p);
    } else {
      rc = token(r, tok, text, err);
    }
    if (rc)
      return rc;
  }
}

int sl_tree_read(struct sl_tree *t, struct sl_str json, struct sl_err *err)
{
  struct reader r = {.t = t, .parent = UINT32_MAX};
  struct sl_err why = {0};
  *t = (struct sl_tree){0};
  sl_buf_init(&t->text, SL_TREE_TEXT + SL_TREE_SCALAR);
  int rc = sl_json_pull_open(&r.p, SL_TREE_SCALAR, true, err);
  if (rc)
    return rc;
  rc = tokens(&r, json, &why);
  while (rc && r.parent != UINT32_MAX) /* what was read before it stopped is shown */
    container_end(&r);
  if (rc && rc != SL_ENOMEM && t->n > 0) {
    if (!t->cut)
      snprintf(t->bad, sizeof t->bad, "%s", why.msg);
    rc = SL_OK;
  }
  if (rc) {
    sl_tree_free(t);
    sl_err_set(err, rc, "%s", why.msg[0] ? why.msg : sl_code_words(rc));
  }
  sl_json_pull_free(r.p);
  return rc;
}
