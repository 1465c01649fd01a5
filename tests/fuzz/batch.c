/* Encoded schemas and batches: what is accepted can be read everywhere, and encodes to the same bytes. The first byte chooses: 0 a schema,
 * else a batch of the fixed one. */
#include <stdlib.h>

#include "base/mem.h"
#include "table/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sl_col cols[] = {
  { .name = "t", .type = SL_TEXT }, { .name = "i", .type = SL_I64 },        { .name = "f", .type = SL_F64 },
  { .name = "b", .type = SL_BOOL }, { .name = "m", .type = SL_FAMILY_F64 }, { .name = "p", .type = SL_FAMILY_TEXT },
};
enum { NCOLS = sizeof cols / sizeof *cols };

static void fuzz_schema(struct sl_str in)
{
  struct sl_schema *s;
  if (sl_schema_decode(&s, in, NULL))
    return;
  for (size_t i = 0; i < sl_schema_count(s); i++)
    if (sl_schema_find(s, sl_str(sl_schema_col(s, i)->name)) < 0)
      abort();
  sl_schema_unref(s);
}

static uint64_t read_row(const struct sl_batch *b, uint32_t row)
{
  uint64_t sum = sl_batch_hash(b, row) + sl_batch_op(b, row);
  for (unsigned c = 0; c < NCOLS; c++) {
    struct sl_val v = sl_batch_get(b, row, c);
    uint32_t key;
    if (c < 4)
      sum += sl_val_hash(&v);
    for (uint32_t i = 0; sl_batch_pair(b, row, c, i, &key, &v); i++) {
      struct sl_val w = sl_batch_get_key(b, row, c, key);
      if (!sl_val_eq(&v, &w))
        abort();
    }
  }
  return sum;
}

static void fuzz_batch(struct sl_str in)
{
  struct sl_schema *s;
  struct sl_batch *b;
  static volatile uint64_t sink;
  if (sl_schema_new(&s, cols, NCOLS, NULL, 0, NULL))
    abort();
  if (sl_batch_decode(&b, s, in, NULL) == SL_OK) {
    struct sl_buf out;
    for (uint32_t r = 0; r < sl_batch_count(b); r++)
      sink += read_row(b, r);
    sl_buf_init(&out, 0);
    if (sl_batch_encode(&out, b, NULL) || !sl_str_eq(sl_buf_view(&out), in))
      abort();
    sl_buf_free(&out);
    sl_batch_unref(b);
  }
  sl_schema_unref(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (!size || size > 1 << 16)
    return 0;
  char *exact = sl_strndup((const char *)data + 1, size - 1);
  if (!exact)
    return 0;
  if (data[0])
    fuzz_batch(sl_strn(exact, size - 1));
  else
    fuzz_schema(sl_strn(exact, size - 1));
  sl_free(exact);
  return 0;
}
