/* YAML: the whole tree is walked as a reader of settings would, aliases written out; every place lies inside the text; every scalar that
 * was read can be quoted and read again. */
#include "base/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk { int lines; size_t nodes, quoted; };

static void quote_again(struct walk *w, struct sl_str text)
{
  struct sl_buf b;
  struct sl_yaml *y;
  if (++w->quoted > 20) /* enough of them */
    return;
  sl_buf_init(&b, 0);
  sl_yaml_quote(&b, text);
  if (sl_yaml_parse(&y, sl_buf_view(&b), "quoted", NULL) || !sl_str_eq(sl_yaml_root(y)->text, text) || sl_yaml_is_null(sl_yaml_root(y)))
    abort();
  sl_yaml_free(y);
  sl_buf_free(&b);
}

static void walk(struct walk *w, const struct sl_yaml_node *n, int depth)
{
  if (depth > 64 || ++w->nodes > 400000 || n->line < 1 || n->line > w->lines || n->column < 1)
    abort();
  if (n->kind == SL_YAML_SCALAR)
    quote_again(w, n->text);
  for (size_t i = 0; i < n->n; i++) {
    if (n->kind == SL_YAML_MAP)
      walk(w, n->keys[i], depth + 1);
    walk(w, n->items[i], depth + 1);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_yaml *y;
  struct sl_err err = {0};
  struct walk w = {.lines = 2};
  if (size > 1 << 16)
    return 0;
  for (size_t i = 0; i < size; i++) /* YAML 1.1 also breaks lines at CR, NEL, LS and PS: their last bytes */
    w.lines += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xa8 || data[i] == 0xa9;
  int rc = sl_yaml_parse(&y, sl_strn((const char *)data, size), "f", &err);
  if ((rc == SL_OK) != (y != NULL) || (rc && strncmp(err.msg, "f:", 2)))
    abort();
  if (y && sl_yaml_root(y))
    walk(&w, sl_yaml_root(y), 1);
  sl_yaml_free(y);
  return 0;
}
