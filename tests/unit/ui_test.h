/* tests/unit/ui_test.h: pictures of a grid beside what they should be, hostile text, and a view that only listens (so that widgets are
 * tested without a workspace). */
#ifndef SL_TESTS_UI_TEST_H
#define SL_TESTS_UI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "ui/view.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline struct sl_grid grid_new(int w, int h)
{
  struct sl_grid g;
  assert_int_equal(sl_grid_init(&g, w, h, NULL), SL_OK);
  return g;
}

/* Rows without blanks at their ends, blank rows at the bottom dropped. */
static inline void picture(struct sl_grid *g, bool roles, struct sl_buf *out)
{
  sl_buf_init(out, 1 << 20);
  assert_int_equal(sl_grid_dump(g, roles, out), SL_OK);
  while (out->n > 1 && out->p[out->n - 1] == '\n' && out->p[out->n - 2] == '\n')
    sl_buf_cut(out, out->n - 1);
}

static inline void expect_picture_at(struct sl_grid *g, bool roles, const char *want, const char *file, int line)
{
  struct sl_buf b;
  picture(g, roles, &b);
  if (strcmp(sl_buf_zstr(&b), want))
    print_error("%s:%d: the picture is\n%s", file, line, sl_buf_zstr(&b));
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}
#define expect_picture(g, want) expect_picture_at(g, false, want, __FILE__, __LINE__)
#define expect_roles(g, want) expect_picture_at(g, true, want, __FILE__, __LINE__)

/* ---- hostile text: reliability.md 2.5 ---- */
struct hostile { const char *p; size_t n; };
#define HOSTILE(s) {s, sizeof(s) - 1}
static const struct hostile hostile[] = {
  HOSTILE("\033[31m"), HOSTILE("\033[2J\033[3J\033[H"), HOSTILE("\033[?1049l\033[1;1r\033[6n\033[c\033[>c\033[21t"), HOSTILE("\033c\033#8"),
  HOSTILE("\033(0qqq\033[?2026h"), HOSTILE("\033]0;pwn\a"), HOSTILE("\033]2;x\033\\"),
  HOSTILE("\033]8;;http://evil/\033\\text\033]8;;\033\\"),
  HOSTILE("\033]50;$(x)\a"), HOSTILE("\033]52;c;cm0gLXJmIC8=\a"), HOSTILE("\033]52;c;?\a"), HOSTILE("\033]2;AAAA"),
  HOSTILE("\033P$qBAD\033\\"), HOSTILE("\033P+q544e\033\\"), HOSTILE("\033_Gi=1;AAAA\033\\"), HOSTILE("\033^x\033\\\033Xx\033\\"),
  HOSTILE("\033Ptmux;\033\033]52;c;QQ==\a\033\\"), HOSTILE("\033[?9999z"), HOSTILE("\x9b" "31m"), HOSTILE("\x9d" "0;x\a"),
  HOSTILE("\x90" "a\x9c"), HOSTILE("\x85\x8d"), HOSTILE("\xc2\x9b" "31m"), HOSTILE("\xc2\x9d"), HOSTILE("\xc2\x85"), HOSTILE("a\0b"),
  HOSTILE("delete prod\rdelete test"), HOSTILE("prod\b\b\b\bdev "), HOSTILE("ok\n\033[1A"), HOSTILE("\v\f\016\017\177"),
  HOSTILE("user\xe2\x80\xae" "nimda"), HOSTILE("a\xe2\x81\xa6\xe2\x81\xa7" "b\xe2\x81\xa9"), HOSTILE("\xd8\x9c\xe2\x80\x8f" "12/34"),
  HOSTILE("s3://\xd8\xa8/1-2"), HOSTILE("prod\xe2\x80\x8b"), HOSTILE("\xef\xbb\xbf" "prod\xe2\x81\xa0"), HOSTILE("prod\xf3\xa0\x81\xa1"),
  HOSTILE("\xc2\xad\xcd\x8f\xe3\x85\xa4\xe1\x85\x9f\xef\xb8\x8f"), HOSTILE("\xe2\x80\xa8\xe2\x80\xa9\xc2\xa0\xe2\x80\x87\xe3\x80\x80"),
  HOSTILE("\xd1\x80rod pr\xce\xbf" "d \xef\xbd\x90\xef\xbd\x92"), HOSTILE("\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97"),
  HOSTILE("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"), HOSTILE("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"),
  HOSTILE("1\xef\xb8\x8f\xe2\x83\xa3"), HOSTILE("\xc2\xb1\xef\xb7\xbd"),
  HOSTILE("Z\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87\xcc\x88\xcc\x89\xcc\x8a"), HOSTILE("\xcc\x81lone"),
  HOSTILE("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"), HOSTILE("\xff\xfe\xc0\xaf\xe0\x80\xaf\xf4\x90\x80\x80\xed\xa0\x80"),
  HOSTILE("\xe2\x82"), HOSTILE("\xe2\x82> \x80 \xf8\x88\x80\x80\x80"), HOSTILE(""), HOSTILE("   "), HOSTILE(". .. / a//b a\\b -"),
  HOSTILE("%n%s%1000000d"), HOSTILE("[red]x[-] {bad:y}"), HOSTILE("\033[200~rm -rf\n\033[201~"), HOSTILE("\tx\ty"),
};

/* No control byte in any cell, every cell's text is valid, widths add up to the row. */
static inline void grid_is_clean(const struct sl_grid *g)
{
  for (int y = 0; y < g->h; y++) {
    int width = 0;
    for (int x = 0; x < g->w; x++) {
      const struct sl_cell *c = &g->cell[y * g->w + x];
      struct sl_str s = sl_strn(c->t, c->n), rest = s;
      width += c->w;
      if (c->w == 0) {
        assert_true(x > 0 && g->cell[y * g->w + x - 1].w == 2);
        assert_int_equal(c->n, 0);
        continue;
      }
      assert_true(c->w == 1 || c->w == 2);
      assert_true(c->n > 0 && c->n < sizeof c->t && sl_utf8_valid(s) && c->t[c->n] == 0);
      uint32_t cp;
      int cells = 0;
      for (int used; (used = sl_utf8_next(rest, &cp)) > 0; rest = sl_str_from(rest, (size_t)used)) {
        assert_true(cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0));
        cells += sl_cp_width(cp);
      }
      assert_int_equal(cells, c->w);
      if (c->w == 2)
        assert_true(x + 1 < g->w && g->cell[y * g->w + x + 1].w == 0);
    }
    assert_int_equal(width, g->w);
  }
}

#endif
