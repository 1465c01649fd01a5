/* The sanitiser: whatever goes in, what comes out is valid, printable and as wide as it says. The first byte picks how wide it must fit. */
#include "base/text.h"
#include "fuzz.h"

static size_t printable_width(struct sl_str s, bool lines)
{
  size_t width = 0;
  uint32_t cp;
  for (int n; s.n; s = sl_str_from(s, (size_t)n)) {
    n = sl_utf8_next(s, &cp);
    FUZZ_CHECK(n > 0);
    if (lines && cp == '\n')
      continue;
    FUZZ_CHECK(cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0) && !(cp >= 0x200b && cp <= 0x200f) && !(cp >= 0x2028 && cp <= 0x202e));
    width += (size_t)sl_cp_width(cp);
  }
  return width;
}

static void try_mode(struct sl_str s, enum sl_text_mode mode)
{
  struct sl_buf once, twice;
  sl_buf_init(&once, 0);
  sl_buf_init(&twice, 0);
  sl_text_clean(&once, s, mode);
  size_t width = printable_width(sl_buf_view(&once), mode == SL_TEXT_LINES);
  FUZZ_CHECK(mode == SL_TEXT_LINES || width == sl_text_width(s, mode));
  sl_text_clean(&twice, sl_buf_view(&once), mode);
  FUZZ_CHECK(sl_str_eq(sl_buf_view(&once), sl_buf_view(&twice)));
  sl_buf_free(&once);
  sl_buf_free(&twice);
}

static void try_fit(struct sl_str s, size_t cells)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (int keep = SL_KEEP_HEAD; keep <= SL_KEEP_TAIL; keep++) {
    sl_buf_clear(&b);
    size_t used = sl_text_fit(&b, s, cells, (enum sl_text_keep)keep, cells & 1);
    FUZZ_CHECK(used <= cells && printable_width(sl_buf_view(&b), false) == used);
  }
  sl_buf_clear(&b);
  sl_text_filename(&b, s);
  FUZZ_CHECK(b.n > 0 && b.n <= 200 && b.p[0] != '.' && b.p[0] != '-' && sl_str_chr(sl_buf_view(&b), '/') < 0);
  (void)printable_width(sl_buf_view(&b), false);
  sl_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  struct sl_str s = sl_strn((const char *)data + 1, size - 1);
  try_mode(s, SL_TEXT_CELL);
  try_mode(s, SL_TEXT_LINES);
  try_mode(s, SL_TEXT_STRICT);
  try_fit(s, data[0]);
  (void)sl_text_suspicious(s);
  FUZZ_CHECK(!sl_text_alike(s, s));
  (void)sl_text_alike(s, sl_str_head(s, s.n / 2));
  return 0;
}
