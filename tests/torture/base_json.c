/* Reading JSON short of memory: never a syntax error, and never less than what the text says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "torture.h"

/* Tokens about as long as the parser's buffer at each of its sizes, with escapes at their ends. */
static const char text[] =
  "{\"seq\":1,\"time\":\"2026-11-21T12:00:00.000Z\",\"kind\":\"intent\",\"targets\":[\"local:jobs/ingest\",\"b\",\"0123456789abc\\n\"],"
  "\"more\":{\"x\":1.5,\"y\":true,\"z\":null,\"\\u00e4\\\"\":\"\\u00e4\",\"w\":123456789012345678},"
  "\"\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\":[[["
  "\"0123456789012345678901234567890\","
  "\"0123456789012345678901234567890123456789012345678901234567890123456789\\\\\"]]]}";
static json_t *whole, *got;

static int load(struct sl_err *err)
{
  return sl_json_load(&got, sl_str(text), false, err);
}

static int load_lax(struct sl_err *err)
{
  return sl_json_load(&got, sl_str(text), true, err);
}

static void loaded(int rc, bool harmed)
{
  if (!harmed && !whole)
    whole = json_deep_copy(got);
  if (rc)
    assert_int_equal(rc, SL_ENOMEM);
  else
    assert_true(json_equal(got, whole));
}

static void give_back(void)
{
  json_decref(got);
  got = NULL;
}

static void loading(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "load", .always = true, .run = load, .after = loaded, .finish = give_back });
  torture(&(struct torture){ .name = "load lax", .always = true, .run = load_lax, .after = loaded, .finish = give_back });
  json_decref(whole);
}

int main(void)
{
  sl_mem_install_hooks();
  const struct CMUnitTest tests[] = { cmocka_unit_test(loading) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
