/* The pull parser: whole or in pieces whose sizes the input chooses, the tokens must be the same; what is read as one string must be
 * written and read back the same. */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(struct sl_str text)
{
  struct sl_buf b;
  struct sl_json_pull *p;
  struct sl_str back;
  sl_buf_init(&b, 0);
  sl_json_quote(&b, text);
  if (sl_json_pull_open(&p, 0, false, NULL) || sl_json_pull_feed(p, b.p, b.n, NULL))
    abort();
  if (sl_json_pull_next(p, &back, NULL) != SL_JT_STR || !sl_str_eq(text, back))
    abort();
  sl_json_pull_free(p);
  sl_buf_free(&b);
}

/* The tokens as bytes, with the error at the end. step 0: all at once. */
static void tokens(struct sl_buf *log, const char *p, size_t n, size_t step, bool lax)
{
  struct sl_json_pull *j;
  struct sl_str text;
  struct sl_err err = {0};
  enum sl_json_tok t;
  size_t at = 0;
  if (sl_json_pull_open(&j, 4096, lax, NULL))
    abort();
  do {
    t = sl_json_pull_next(j, &text, &err);
    if (t == SL_JT_MORE && at == n) {
      sl_json_pull_eof(j);
    } else if (t == SL_JT_MORE) {
      size_t piece = step && step < n - at ? step : n - at;
      if (sl_json_pull_feed(j, p + at, piece, NULL))
        abort();
      at += piece;
    } else {
      sl_buf_printf(log, "%d %u ", (int)t, sl_json_pull_depth(j));
      sl_buf_str(log, text);
      if (t == SL_JT_STR && !step)
        same_again(text);
    }
  } while (t != SL_JT_END && t != SL_JT_BAD);
  sl_buf_z(log, err.msg);
  sl_json_pull_free(j);
}

/* First byte: piece size and whether lax. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_buf whole, cut;
  if (!size || size > 1 << 16)
    return 0;
  sl_buf_init(&whole, 0);
  sl_buf_init(&cut, 0);
  bool lax = data[0] & 1;
  tokens(&whole, (const char *)data + 1, size - 1, 0, lax);
  tokens(&cut, (const char *)data + 1, size - 1, (size_t)(data[0] >> 4) + 1, lax);
  if (!sl_str_eq(sl_buf_view(&whole), sl_buf_view(&cut)))
    abort();
  sl_buf_free(&whole);
  sl_buf_free(&cut);
  return 0;
}
