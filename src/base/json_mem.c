/* base/json_mem.c: jansson's memory. Its lexer ignores that its buffer could not grow: it drops a byte, reads on behind the end, or calls
 * abort(). So what that buffer may need is set aside before a document is read; it is the only thing that asks for powers of two from 32
 * upwards in a row. After the first refusal it is served from there, everything else is refused, which ends the reading; and the
 * document counts for nothing. */
#include "base/json_int.h"

#include "base/mem.h"

static _Thread_local struct { char *p; size_t n, used; bool refused; } aside;

static bool is_aside(const void *p)
{
  uintptr_t at = (uintptr_t)p, from = (uintptr_t)aside.p;
  return aside.p && at >= from && at < from + aside.n;
}

static void *json_hook_malloc(size_t n)
{
  void *p = aside.refused ? NULL : sl_hook_malloc(n);
  if (p || !aside.p)
    return p;
  aside.refused = true;
  if (n < 32 || (n & (n - 1)))
    return NULL;
  if (n > aside.n - aside.used)
    return sl_hook_malloc(n);
  p = aside.p + aside.used;
  aside.used += n;
  return p;
}

static void json_hook_free(void *p)
{
  if (!is_aside(p))
    sl_hook_free(p);
}

int sl_json_mem_begin(size_t longest, struct sl_err *err)
{
  /* 32, 64, ... up to twice the longest token and its quotes */
  size_t n = 4 * (longest + 32);
  aside.p = sl_alloc(n);
  aside.n = n;
  aside.used = 0;
  aside.refused = false;
  return aside.p ? SL_OK : sl_err_nomem(err);
}

bool sl_json_mem_refused(void)
{
  return aside.refused;
}

void sl_json_mem_end(void)
{
  sl_free_wipe(aside.p, aside.used);
  aside.p = NULL;
  aside.refused = false;
}

void sl_mem_install_hooks(void)
{
  json_set_alloc_funcs(json_hook_malloc, json_hook_free);
}
