/* table/order.c: orders of rows as text: "started", "-metrics.auc,name". The ref is the last key of every order and needs no name. */
#include "base/mem.h"
#include "table/batch_int.h"

enum { ORDER_KEYS_MAX = 16, ORDER_TEXT_MAX = 4096 };

struct sl_order {
  uint32_t refs;
  struct sl_arena arena;
  struct sl_order_key keys[ORDER_KEYS_MAX];
  size_t n;
};

static int parse_key(struct sl_order *o, struct sl_str *rest, struct sl_err *err)
{
  if (o->n == ORDER_KEYS_MAX)
    return sl_err_set(err, SL_ELIMIT, "an order may have %d columns", ORDER_KEYS_MAX);
  struct sl_order_key *k = &o->keys[o->n];
  *rest = sl_str_trim(*rest);
  if (rest->n && (rest->p[0] == '-' || rest->p[0] == '+')) {
    k->desc = rest->p[0] == '-';
    *rest = sl_str_from(*rest, 1);
  }
  struct sl_err why = { 0 };
  size_t used = name_read(*rest, &k->name, &o->arena, false, &why);
  if (!used)
    return sl_err_set(err, why.code == SL_ENOMEM ? SL_ENOMEM : SL_EUSAGE, "order, column %zu: %s", o->n + 1,
                      why.code ? why.msg : "the name of a column is expected, as in started,-metrics.auc");
  *rest = sl_str_trim(sl_str_from(*rest, used));
  o->n++;
  return SL_OK;
}

int sl_order_parse(struct sl_order **out, struct sl_str text, struct sl_err *err)
{
  *out = NULL;
  text = sl_str_trim(text);
  if (!text.n)
    return SL_OK;
  if (text.n > ORDER_TEXT_MAX)
    return sl_err_set(err, SL_ELIMIT, "an order of %zu bytes; %d is the limit", text.n, ORDER_TEXT_MAX);
  struct sl_order *o = sl_calloc(1, sizeof *o);
  if (!o)
    return sl_err_nomem(err);
  o->refs = 1;
  sl_arena_init(&o->arena, 0);
  char *copy = sl_arena_strndup(&o->arena, text.p, text.n);
  struct sl_str rest = sl_strn(copy, text.n);
  int rc = copy ? parse_key(o, &rest, err) : sl_err_nomem(err);
  while (!rc && rest.n) {
    if (rest.p[0] != ',') {
      rc = sl_err_set(err, SL_EUSAGE, "order: a comma is expected before '%.*s'", SL_ARG(sl_str_head(rest, 40)));
      break;
    }
    rest = sl_str_from(rest, 1);
    rc = parse_key(o, &rest, err);
  }
  if (rc)
    sl_order_unref(o);
  else
    *out = o;
  return rc;
}

struct sl_order *sl_order_ref(struct sl_order *o)
{
  __atomic_add_fetch(&o->refs, 1, __ATOMIC_RELAXED);
  return o;
}

void sl_order_unref(struct sl_order *o)
{
  if (!o || __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL))
    return;
  sl_arena_free(&o->arena);
  sl_free(o);
}

size_t sl_order_count(const struct sl_order *o) { return o->n; }
const struct sl_order_key *sl_order_key(const struct sl_order *o, size_t i) { return i < o->n ? &o->keys[i] : NULL; }

int sl_order_check(const struct sl_order *o, const struct sl_schema *s, struct sl_err *err)
{
  for (size_t i = 0; i < o->n; i++) {
    struct name_at at = name_find(s, &o->keys[i].name);
    if (at.kind == NAME_NONE)
      return name_unknown(s, &o->keys[i].name, err);
    const struct sl_col *c = at.kind == NAME_COL ? sl_schema_col(s, (size_t)at.col) : NULL;
    if (c && type_is_family(c->type))
      return sl_err_set(err, SL_EUSAGE, "'%.80s' is many values; sort by one: %.80s.KEY", c->name, c->name);
  }
  return SL_OK;
}
