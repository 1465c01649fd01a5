/* ui/keyname.c: keys as people write them, both ways. */
#include <stdio.h>

#include "ui/term.h"

static const struct { const char *name; int key; } named[] = {
  {"Enter", SL_KEY_ENTER}, {"Esc", SL_KEY_ESC}, {"Tab", SL_KEY_TAB}, {"Space", SL_KEY_SPACE}, {"Up", SL_KEY_UP}, {"Down", SL_KEY_DOWN},
  {"Left", SL_KEY_LEFT}, {"Right", SL_KEY_RIGHT}, {"Home", SL_KEY_HOME}, {"End", SL_KEY_END}, {"PgUp", SL_KEY_PGUP}, {"PgDn", SL_KEY_PGDN},
  {"Ins", SL_KEY_INS}, {"Del", SL_KEY_DEL}, {"Backspace", SL_KEY_BACKSPACE}, {"BackTab", SL_KEY_BACKTAB}};

void sl_key_name(int key, struct sl_buf *out)
{
  if (key >= 0 && key & SL_KEY_ALT) {
    sl_buf_z(out, "Alt-");
    key &= ~SL_KEY_ALT;
  }
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
    if (named[i].key == key) {
      sl_buf_z(out, named[i].name);
      return;
    }
  if (key >= SL_KEY_F1 && key <= SL_KEY_F12)
    sl_buf_printf(out, "F%d", key - SL_KEY_F1 + 1);
  else if (key > 0 && key < 32)
    sl_buf_printf(out, "Ctrl-%c", key + 64);
  else if (key >= 32)
    sl_buf_u8(out, (uint32_t)key);
}

bool sl_key_parse(struct sl_str name, int *key)
{
  int alt = 0;
  if (sl_str_starts(name, SL_STR("Alt-"))) {
    alt = SL_KEY_ALT;
    name = sl_str_from(name, 4);
  }
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
    if (sl_str_ieq(name, sl_str(named[i].name)))
      return *key = named[i].key | alt, true;
  int64_t n;
  if (name.n >= 2 && name.p[0] == 'F' && sl_str_i64(sl_str_from(name, 1), &n) && n >= 1 && n <= 12)
    return *key = (SL_KEY_F1 + (int)n - 1) | alt, true;
  if (name.n == 6 && sl_str_starts(name, SL_STR("Ctrl-"))) {
    int c = name.p[5] & ~0x20;
    return c >= 'A' && c <= '_' ? (*key = (c & 31) | alt, true) : false;
  }
  uint32_t cp;
  int used = sl_utf8_next(name, &cp);
  return used > 0 && (size_t)used == name.n && cp >= 32 && cp != 127 ? (*key = (int)cp | alt, true) : false;
}
