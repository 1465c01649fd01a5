/* A document as the tree widget reads, folds, searches and draws it: no byte of it reaches a cell as a control, and the cursor always
 * stands on a value. First byte: which commands. */
#include "fuzz.h"
#include "ui/widgets.h"

/* The frame, as the widget sees it. */
static max_align_t place;
static struct sl_view *const nobody = (struct sl_view *)&place;
void sl_view_dirty(struct sl_view *v) { FUZZ_CHECK(v == nobody); }
void sl_view_copy(struct sl_view *v, struct sl_str text) { FUZZ_CHECK(v == nobody && (text.p || !text.n)); }
void sl_view_say(struct sl_view *v, enum sl_role role, const char *fmt, ...) { FUZZ_CHECK(v == nobody && role < SL_ROLE_N && fmt); }
void sl_view_prompt(struct sl_view *v, const char *label, const char *initial, sl_typed *done, void *user)
{
  FUZZ_CHECK(v == nobody && label && initial && done && user);
}

static void check_cells(const struct sl_grid *g)
{
  for (int i = 0; i < g->w * g->h; i++) {
    struct sl_str s = sl_strn(g->cell[i].t, g->cell[i].n);
    FUZZ_CHECK(sl_utf8_valid(s));
    for (size_t k = 0; k < s.n; k++)
      FUZZ_CHECK((unsigned char)s.p[k] >= 0x20 && s.p[k] != 0x7f);
  }
}

static void walk(struct sl_treew *t, struct sl_grid *g, unsigned seed)
{
  static const char *const commands[] = {"down", "enter", "right", "left", "last", "first", "page-down", "up", "find-next", "copy"};
  for (int i = 0; i < 24; i++) {
    struct sl_str value;
    sl_treew_command(t, commands[seed % 10]);
    seed = seed * 1103515245u + 12345u;
    sl_grid_clear(g, sl_grid_all(g));
    sl_treew_draw(t, g, (struct sl_rect){0, 0, 10 + (int)(seed >> 28), g->h});
    check_cells(g);
    FUZZ_CHECK(sl_treew_at(t, NULL, &value) == (sl_treew_lines(t) > 0));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_treew *t;
  struct sl_grid g;
  if (!size || size > 1 << 16 || sl_treew_open(&t, nobody, NULL))
    return 0;
  if (sl_grid_init(&g, 40, 8, NULL))
    abort();
  struct sl_str json = sl_strn((const char *)data + 1, size - 1);
  if (!sl_treew_json(t, json, NULL)) {
    sl_treew_find(t, SL_STR("e"));
    walk(t, &g, data[0]);
    FUZZ_CHECK(!sl_treew_json(t, json, NULL)); /* a refresh */
    walk(t, &g, data[0] * 7919u);
  }
  sl_grid_free(&g);
  sl_treew_close(t);
  return 0;
}
