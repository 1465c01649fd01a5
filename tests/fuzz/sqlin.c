/* Statements: whatever is typed, the names that are resources are found or a mistake in their arguments is told, and what is handed on
 * reads the same when it is parsed again. */
#include <stdlib.h>
#include <string.h>

#include "model/ws_int.h" /* lint-ok: internal: the parser is no public function */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sl_resource *find(void *user, struct sl_str name)
{
  (void)user;
  return sl_resource_find(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct ws_sql s, again;
  struct sl_err err = { 0 };
  if (size > 8192)
    return 0;
  int rc = ws_sql_parse(&s, sl_strn((const char *)data, size), find, NULL, &err);
  if (rc && (rc != SL_EUSAGE || !err.msg[0]))
    abort();
  if (rc)
    return 0;
  for (size_t i = 0; i < s.n; i++)
    if (!s.name[i].res || !strstr(s.statement, s.name[i].res->name))
      abort();
  if (ws_sql_parse(&again, sl_str(s.statement), find, NULL, &err) || strcmp(again.statement, s.statement) != 0 || again.n > s.n)
    abort();
  ws_sql_free(&again);
  ws_sql_free(&s);
  return 0;
}
