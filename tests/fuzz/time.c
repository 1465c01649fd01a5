/* Everything that reads a text of time: times, durations, sizes, cron, layouts. The first byte chooses; what is read must be shown and
 * read back. */
#include "base/time.h"

#include <stdlib.h>

#include "base/fmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const sl_ms noon = INT64_C(1795262400000); /* 2026-11-21T12:00Z */

static void try_time(struct sl_str s, struct sl_buf *b)
{
  sl_ms t, back;
  if (!sl_time_parse(s, noon, NULL, &t))
    return;
  sl_time_show(b, t, noon, NULL);
  sl_buf_clear(b);
  sl_time_rfc3339(b, t);
  if (sl_civil_of(t, NULL).year <= 9999 && sl_civil_of(t, NULL).year >= 0 && (!sl_time_parse(sl_buf_view(b), 0, NULL, &back) || back != t))
    abort();
}

static void try_cron(struct sl_str s)
{
  struct sl_cron c;
  if (sl_cron_parse(&c, s, NULL))
    return;
  sl_ms next = sl_cron_next(&c, noon, NULL);
  if (next <= noon || (next != INT64_MAX && sl_cron_next(&c, next - 1, NULL) != next))
    abort();
  if (next != INT64_MAX && (sl_cron_prev(&c, next, NULL) > noon || sl_cron_prev(&c, next + 1, NULL) != next))
    abort();
}

/* layout NUL text */
static void try_layout(struct sl_str s, struct sl_buf *b)
{
  sl_ms t;
  char layout[64];
  struct sl_str head;
  if (!sl_str_cut(&s, 0, &head) || head.n >= sizeof layout)
    return;
  memcpy(layout, head.p, head.n);
  layout[head.n] = 0;
  sl_layout_format(b, layout, noon);
  sl_buf_clear(b);
  if (!sl_layout_parse(layout, s, &t))
    return;
  sl_layout_format(b, layout, t);
  if (!sl_str_eq(sl_buf_view(b), s))
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_buf b;
  double seconds;
  int64_t bytes;
  if (!size || size > 256)
    return 0;
  struct sl_str s = sl_strn((const char *)data + 1, size - 1);
  sl_buf_init(&b, 0);
  switch (data[0]) {
  case 't': try_time(s, &b); break;
  case 'c': try_cron(s); break;
  case 'l': try_layout(s, &b); break;
  case 'd':
    if (sl_dur_parse(s, &seconds))
      sl_dur_show(&b, seconds);
    break;
  default:
    if (sl_parse_bytes(s, &bytes))
      sl_fmt_bytes(&b, bytes);
  }
  sl_buf_free(&b);
  return 0;
}
