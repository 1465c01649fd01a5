/* model/engine.c: the names of the engines, as options and scopes have them. */
#include "model/engine.h"

const char *const sl_engines[] = { "local", "pushdown", NULL };

int sl_engine_check(struct sl_str name, bool *push, struct sl_err *err)
{
  if (push)
    *push = sl_str_eqz(name, "pushdown");
  for (size_t i = 0; sl_engines[i]; i++)
    if (sl_str_eqz(name, sl_engines[i]))
      return SL_OK;
  const char *near = sl_str_nearest(name, sl_engines, 2);
  return sl_err_set(err, SL_EUSAGE, "there is no engine %.*s; there are local and pushdown%s%s%s", SL_ARG(sl_str_head(name, 40)),
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

int sl_engine_scope(struct sl_str scope, struct sl_str *rest, bool *push, struct sl_err *err)
{
  struct sl_str key = SL_STR("engine="), word;
  *push = false;
  *rest = scope;
  if (!sl_str_starts(scope, key))
    return SL_OK;
  scope = sl_str_from(scope, key.n);
  bool more = sl_str_cut(&scope, ' ', &word);
  *rest = more ? sl_str_trim(scope) : SL_STR_NONE;
  return sl_engine_check(word, push, err);
}
