/* proto/mlflow_read.c: a page of a server's answer, read as it comes: {"runs": [...], "next_page_token": "..."}.
 *
 * Items may be as many as they like, each is a tree of nodes in an arena that is emptied before the next: memory is bounded by the largest
 * item, and that is capped. Order of keys, unknown keys, missing arrays: anything goes that JSON allows.
 *
 * A value that is longer than any that MLflow takes is cut, with words at its end that say so: one of them must not cost the others. In an
 * item that has had its share of memory, values are cut much earlier. */
#include "base/json.h"
#include "base/mem.h"
#include "proto/mlflow.h"

enum { ITEM_MAX = 64 << 20, ITEM_SHARE = 16 << 20, VALUE_LATE_MAX = 2 << 10, TOKEN_MAX = 64 << 10, DEPTH_MAX = 64 };

struct sl_mlflow_page {
  struct sl_json_pull *json;
  const char *list;
  sl_mlflow_item *fn;
  void *user;
  struct sl_arena mem;
  struct sl_mlflow_node *open[DEPTH_MAX];   /* from the item down to what is being filled */
  unsigned depth;                           /* of those */
  unsigned skip;                            /* below a top-level value that is not ours */
  enum { AT_START, AT_KEY, AT_VALUE, IN_LIST, IN_OBJECT, AT_END } at;
  bool is_list, is_token;                   /* what the top-level key was */
  struct sl_str key;                        /* of the member that comes, in the arena */
  struct sl_buf token;
  uint64_t items, cuts;
};

int sl_mlflow_page_open(struct sl_mlflow_page **out, const char *list, sl_mlflow_item *fn, void *user, struct sl_err *err)
{
  struct sl_mlflow_page *p = *out = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  *p = (struct sl_mlflow_page){ .list = list, .fn = fn, .user = user };
  sl_arena_init(&p->mem, ITEM_MAX);
  sl_buf_init(&p->token, TOKEN_MAX);
  int rc = sl_json_pull_open(&p->json, SL_MLFLOW_VALUE_MAX, true, err);
  if (rc) {
    sl_mlflow_page_free(p);
    *out = NULL;
  } else
    sl_json_pull_cut(p->json);
  return rc;
}

void sl_mlflow_page_free(struct sl_mlflow_page *p)
{
  if (!p)
    return;
  sl_json_pull_free(p->json);
  sl_arena_free(&p->mem);
  sl_buf_free(&p->token);
  sl_free(p);
}

struct sl_str sl_mlflow_page_token(const struct sl_mlflow_page *p) { return p->token.n ? sl_buf_view(&p->token) : SL_STR_NONE; }
uint64_t sl_mlflow_page_items(const struct sl_mlflow_page *p) { return p->items; }
uint64_t sl_mlflow_page_cuts(const struct sl_mlflow_page *p) { return p->cuts; }

/* ---- building an item ---- */

static int too_large(struct sl_err *err)
{
  return sl_err_set(err, SL_ELIMIT, "the server sent one entry of more than %d MiB", ITEM_MAX >> 20);
}

/* A value's text, in the arena. */
static struct sl_str text_keep(struct sl_mlflow_page *p, struct sl_str text, int kind)
{
  uint64_t lost = kind == SL_MLFLOW_STR ? sl_json_pull_lost(p->json) : 0;
  char *copy;
  if (!lost && (p->mem.used < ITEM_SHARE || text.n <= VALUE_LATE_MAX)) {
    copy = sl_arena_strndup(&p->mem, text.n ? text.p : "", text.n);
    return copy ? sl_strn(copy, text.n) : SL_STR_NONE;
  }
  p->cuts++;
  struct sl_buf b;
  sl_buf_init(&b, SL_MLFLOW_VALUE_MAX + 64);
  sl_mlflow_cut(&b, text, lost, p->mem.used < ITEM_SHARE ? SL_MLFLOW_VALUE_MAX : VALUE_LATE_MAX);
  copy = b.failed ? NULL : sl_arena_strndup(&p->mem, b.p, b.n);
  struct sl_str out = copy ? sl_strn(copy, b.n) : SL_STR_NONE;
  sl_buf_free(&b);
  return out;
}

static int node_new(struct sl_mlflow_page *p, struct sl_mlflow_node **out, struct sl_str text, int kind, struct sl_err *err)
{
  struct sl_mlflow_node *n = *out = sl_arena_alloc(&p->mem, sizeof *n), *parent = p->depth ? p->open[p->depth - 1] : NULL;
  struct sl_str kept = n ? text_keep(p, text, kind) : SL_STR_NONE;
  if (!kept.p)
    return too_large(err);
  n->kind = kind;
  n->text = kept;
  n->key = p->key;
  p->key = SL_STR_NONE;
  if (parent && parent->last)
    parent->last->next = n;
  else if (parent)
    parent->child = n;
  if (parent)
    parent->last = n;
  return SL_OK;
}

static int item_done(struct sl_mlflow_page *p, const struct sl_mlflow_node *n, struct sl_err *err)
{
  p->items++;
  int rc = p->fn(p->user, n, err);
  sl_arena_reset(&p->mem);
  p->key = SL_STR_NONE;
  return rc;
}

static int item_key(struct sl_mlflow_page *p, struct sl_str text, struct sl_err *err)
{
  char *copy = sl_arena_strndup(&p->mem, text.n ? text.p : "", text.n);
  p->key = sl_strn(copy, text.n);
  return copy ? SL_OK : too_large(err);
}

static int kind_of(enum sl_json_tok t)
{
  switch (t) {
  case SL_JT_OBJ: return SL_MLFLOW_OBJ;
  case SL_JT_ARR: return SL_MLFLOW_ARR;
  case SL_JT_STR: return SL_MLFLOW_STR;
  case SL_JT_NUM: return SL_MLFLOW_NUM;
  case SL_JT_TRUE:
  case SL_JT_FALSE: return SL_MLFLOW_BOOL;
  default: return SL_MLFLOW_NULL;
  }
}

/* A token inside the list or object that is meant. */
static int item_token(struct sl_mlflow_page *p, enum sl_json_tok t, struct sl_str text, struct sl_err *err)
{
  struct sl_mlflow_node *n;
  if (t == SL_JT_KEY)
    return item_key(p, text, err);
  if (t == SL_JT_END_OBJ || t == SL_JT_END_ARR) {
    if (!p->depth) { /* the list itself */
      p->at = AT_KEY;
      return SL_OK;
    }
    n = p->open[--p->depth];
    if (p->depth)
      return SL_OK;
    if (p->at == IN_OBJECT)
      p->at = AT_KEY;
    return item_done(p, n, err);
  }
  if (t == SL_JT_TRUE || t == SL_JT_FALSE)
    text = t == SL_JT_TRUE ? SL_STR("true") : SL_STR("false");
  int rc = node_new(p, &n, text, kind_of(t), err);
  if (rc || (t != SL_JT_OBJ && t != SL_JT_ARR))
    return rc || p->depth ? rc : item_done(p, n, err);
  if (p->depth == DEPTH_MAX)
    return sl_err_set(err, SL_ELIMIT, "the server sent an entry more than %d levels deep", DEPTH_MAX);
  p->open[p->depth++] = n;
  return SL_OK;
}

/* ---- the top level ---- */

static int top_value(struct sl_mlflow_page *p, enum sl_json_tok t, struct sl_str text, struct sl_err *err)
{
  bool opens = t == SL_JT_OBJ || t == SL_JT_ARR;
  p->at = AT_KEY;
  if (p->is_token && t == SL_JT_STR) {
    sl_buf_clear(&p->token);
    sl_buf_str(&p->token, text);
    return sl_buf_check(&p->token, err);
  }
  if (p->is_list && opens) {
    p->at = t == SL_JT_ARR ? IN_LIST : IN_OBJECT;
    return t == SL_JT_ARR ? SL_OK : item_token(p, t, text, err);
  }
  p->skip = opens;
  return SL_OK;
}

static int token(struct sl_mlflow_page *p, enum sl_json_tok t, struct sl_str text, struct sl_err *err)
{
  if (p->skip) {
    p->skip += t == SL_JT_OBJ || t == SL_JT_ARR;
    p->skip -= t == SL_JT_END_OBJ || t == SL_JT_END_ARR;
    return SL_OK;
  }
  switch (p->at) {
  case AT_START:
    p->at = AT_KEY;
    return t == SL_JT_OBJ ? SL_OK : sl_err_set(err, SL_EPROTO, "the server's answer is JSON, but no object");
  case AT_KEY:
    if (t == SL_JT_END_OBJ) {
      p->at = AT_END;
      return SL_OK;
    }
    p->is_list = sl_str_eqz(text, p->list);
    p->is_token = sl_str_eqz(text, "next_page_token");
    p->at = AT_VALUE;
    return SL_OK;
  case AT_VALUE: return top_value(p, t, text, err);
  default: return item_token(p, t, text, err);
  }
}

int sl_mlflow_page_go(struct sl_mlflow_page *p, struct sl_err *err)
{
  for (;;) {
    struct sl_str text = SL_STR_NONE;
    struct sl_err e = { 0 };
    enum sl_json_tok t = sl_json_pull_next(p->json, &text, &e);
    if (t == SL_JT_MORE || t == SL_JT_END)
      return SL_OK;
    if (t == SL_JT_BAD)
      return sl_err_set(err, e.code == SL_EPARSE ? SL_EPROTO : e.code, "the server's answer is no JSON: %s", e.msg);
    int rc = token(p, t, text, err);
    if (rc)
      return rc;
  }
}

int sl_mlflow_page_feed(struct sl_mlflow_page *p, const void *data, size_t n, struct sl_err *err)
{
  int rc = sl_json_pull_feed(p->json, data, n, err);
  return rc ? rc : sl_mlflow_page_go(p, err);
}

int sl_mlflow_page_end(struct sl_mlflow_page *p, struct sl_err *err)
{
  sl_json_pull_eof(p->json);
  int rc = sl_mlflow_page_go(p, err);
  if (!rc && p->at != AT_END)
    rc = sl_err_set(err, SL_EPROTO, "the server's answer ends in the middle");
  return rc;
}

/* ---- looking into an item ---- */

const struct sl_mlflow_node *sl_mlflow_get(const struct sl_mlflow_node *n, const char *key)
{
  for (const struct sl_mlflow_node *c = n && n->kind == SL_MLFLOW_OBJ ? n->child : NULL; c; c = c->next)
    if (sl_str_eqz(c->key, key))
      return c;
  return NULL;
}

struct sl_str sl_mlflow_text(const struct sl_mlflow_node *n, const char *key)
{
  const struct sl_mlflow_node *c = sl_mlflow_get(n, key);
  return c && (c->kind == SL_MLFLOW_STR || c->kind == SL_MLFLOW_NUM) ? c->text : SL_STR_NONE;
}

bool sl_mlflow_int(const struct sl_mlflow_node *n, const char *key, int64_t *out)
{
  struct sl_str s = sl_mlflow_text(n, key);
  double f;
  if (sl_str_i64(s, out))
    return true;
  if (!sl_str_f64(s, &f) || !(f > -9e18 && f < 9e18)) /* 1.7e12 is a number, too */
    return false;
  *out = (int64_t)f;
  return true;
}

bool sl_mlflow_num(const struct sl_mlflow_node *n, const char *key, double *out)
{
  double f;
  if (!sl_str_f64(sl_mlflow_text(n, key), &f))
    return false;
  *out = sl_mlflow_f64(f, f != f);
  return true;
}

void sl_mlflow_json(struct sl_jw *w, const struct sl_mlflow_node *n)
{
  bool obj = n->kind == SL_MLFLOW_OBJ, nan = n->kind == SL_MLFLOW_NUM && n->text.n && (n->text.p[n->text.n - 1] | 32) >= 'a';
  switch (n->kind) {
  case SL_MLFLOW_NULL: sl_jw_null(w); return;
  case SL_MLFLOW_STR: sl_jw_str(w, n->text); return;
  case SL_MLFLOW_BOOL:
  case SL_MLFLOW_NUM:
    if (nan) /* bare NaN: no JSON */
      sl_jw_str(w, n->text);
    else
      sl_jw_raw(w, n->text);
    return;
  default: break;
  }
  if (obj)
    sl_jw_obj(w);
  else
    sl_jw_arr(w);
  for (const struct sl_mlflow_node *c = n->child; c; c = c->next) {
    if (obj)
      sl_jw_key(w, c->key);
    sl_mlflow_json(w, c);
  }
  if (obj)
    sl_jw_end_obj(w);
  else
    sl_jw_end_arr(w);
}
