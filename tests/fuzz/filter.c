/* The filter language: whatever is typed is parsed or refused with a place, and what is parsed can be checked, run, and parsed again from
 * its own text. */
#include <stdlib.h>

#include "table/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sl_col cols[] = {
  { .name = "name", .type = SL_TEXT },       { .name = "bytes", .type = SL_I64, .unit = "B" }, { .name = "s", .type = SL_F64, .unit = "s" },
  { .name = "started", .type = SL_TIME },    { .name = "done", .type = SL_BOOL },              { .name = "aliases", .type = SL_LIST },
  { .name = "m", .type = SL_FAMILY_F64 },    { .name = "p", .type = SL_FAMILY_TEXT },
};

static struct sl_batch *fixed(struct sl_schema **s)
{
  struct sl_batch *b;
  if (sl_schema_new(s, cols, sizeof cols / sizeof *cols, NULL, 0, NULL) || sl_batch_new(&b, *s, NULL))
    abort();
  for (int i = 0; i < 20; i++) {
    sl_batch_row(b, SL_PUT, sl_strn("abcdefghijklmnopqrst" + i, 1));
    if (i % 3 == 0)
      continue;
    sl_batch_set(b, 0, sl_vz(i % 2 ? "10" : "text"));
    sl_batch_set(b, 1, sl_vi(i * 1000));
    sl_batch_set(b, 2, sl_vf(i / 7.0));
    sl_batch_set(b, 3, sl_vt(i * 100000));
    sl_batch_set(b, 4, sl_vb(i % 2));
    sl_batch_set(b, 5, sl_vas(SL_LIST, sl_strn("\1\0\0\0x", 5)));
    sl_batch_key(b, 6, SL_STR("a"), sl_vf(i));
    sl_batch_key(b, 7, SL_STR("a b"), sl_vz("0.1"));
  }
  if (sl_batch_seal(b, NULL))
    abort();
  return b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct sl_batch *b;
  static struct sl_schema *s;
  struct sl_filter *f, *again;
  struct sl_err err = { 0 };
  uint8_t keep[SL_BATCH_ROWS];
  if (size > 4096)
    return 0;
  if (!b)
    b = fixed(&s);
  int rc = sl_filter_parse(&f, sl_strn((const char *)data, size), 1763704800000, NULL, &err);
  if ((rc && (f || !err.msg[0])) || (!rc && err.code))
    abort();
  if (rc || !f)
    return 0;
  int fits = sl_filter_check(f, s, &err);
  if (fits == SL_OK && sl_filter_run(f, b, keep, &err))
    abort();
  if (sl_filter_parse(&again, sl_filter_text(f), 1763704800000, NULL, &err) || !again || sl_filter_check(again, s, &err) != fits)
    abort();
  sl_filter_unref(again);
  sl_filter_unref(f);
  return 0;
}
