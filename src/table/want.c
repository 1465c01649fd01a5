/* table/want.c: which columns somebody wants: names, `metrics.*`, `metrics.auc`. */
#include "base/mem.h"
#include "table/batch_int.h"

enum { WANT_MAX = 4096, WANT_TEXT_MAX = 256 << 10 };

struct sl_want {
  uint32_t refs;
  struct sl_arena arena;
  struct sl_name *names;
  size_t n, cap;
};

static int parse_name(struct sl_want *w, struct sl_str *rest, struct sl_err *err)
{
  int rc = sl_grow((void **)&w->names, &w->cap, w->n + 1, sizeof *w->names, WANT_MAX, err);
  if (rc)
    return rc;
  *rest = sl_str_trim(*rest);
  struct sl_err why = { 0 };
  struct sl_name *name = &w->names[w->n];
  size_t used = name_read(*rest, name, &w->arena, true, &why);
  if (!used)
    return sl_err_set(err, why.code == SL_ENOMEM ? SL_ENOMEM : SL_EUSAGE, "columns, number %zu: %s", w->n + 1,
                      why.code ? why.msg : "a name is expected, as in name,metrics.*,params.lr");
  if (name->key.p && rest->p[used - 1] != '"' && rest->p[used - 1] != '`' && sl_str_chr(name->key, '*') >= 0 && name->key.n > 1)
    return sl_err_set(err, SL_EUSAGE, "columns: '*' stands for all keys and goes alone: %.*s.*", SL_ARG(sl_str_head(name->col, 80)));
  *rest = sl_str_trim(sl_str_from(*rest, used));
  w->n++;
  return SL_OK;
}

int sl_want_parse(struct sl_want **out, struct sl_str text, struct sl_err *err)
{
  *out = NULL;
  text = sl_str_trim(text);
  if (!text.n)
    return SL_OK;
  if (text.n > WANT_TEXT_MAX)
    return sl_err_set(err, SL_ELIMIT, "a list of columns of %zu bytes; %d is the limit", text.n, WANT_TEXT_MAX);
  struct sl_want *w = sl_calloc(1, sizeof *w);
  if (!w)
    return sl_err_nomem(err);
  w->refs = 1;
  sl_arena_init(&w->arena, 0);
  char *copy = sl_arena_strndup(&w->arena, text.p, text.n);
  struct sl_str rest = sl_strn(copy, text.n);
  int rc = copy ? parse_name(w, &rest, err) : sl_err_nomem(err);
  while (!rc && rest.n) {
    if (rest.p[0] != ',') {
      rc = sl_err_set(err, SL_EUSAGE, "columns: a comma is expected before '%.*s'", SL_ARG(sl_str_head(rest, 40)));
      break;
    }
    rest = sl_str_from(rest, 1);
    rc = parse_name(w, &rest, err);
  }
  if (rc)
    sl_want_unref(w);
  else
    *out = w;
  return rc;
}

struct sl_want *sl_want_ref(struct sl_want *w)
{
  __atomic_add_fetch(&w->refs, 1, __ATOMIC_RELAXED);
  return w;
}

void sl_want_unref(struct sl_want *w)
{
  if (!w || __atomic_sub_fetch(&w->refs, 1, __ATOMIC_ACQ_REL))
    return;
  sl_free(w->names);
  sl_arena_free(&w->arena);
  sl_free(w);
}

size_t sl_want_count(const struct sl_want *w) { return w->n; }

void sl_name_text(struct sl_buf *b, const struct sl_name *name) { name_text(b, name); }

void sl_want_text(struct sl_buf *b, const struct sl_want *w)
{
  for (size_t i = 0; w && i < w->n; i++) {
    sl_buf_z(b, i ? "," : "");
    name_text(b, &w->names[i]);
  }
}

struct sl_name sl_want_name(const struct sl_want *w, size_t i)
{
  return i < w->n ? w->names[i] : (struct sl_name){ SL_STR_NONE, SL_STR_NONE };
}
