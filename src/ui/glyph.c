/* ui/glyph.c: how much of Unicode the person's terminal shows, and what states look like. State is never shown by colour alone. */
#include "ui/grid.h"

static enum sl_glyphs level = SL_GLYPH_BRAILLE;

void sl_grid_glyphs(enum sl_glyphs l) { level = l; }
enum sl_glyphs sl_glyphs(void) { return level; }
const char *sl_glyph_pick(const char *utf8, const char *ascii) { return level == SL_GLYPH_ASCII ? ascii : utf8; }

static const struct { const char *word, *utf8, *ascii; enum sl_role role; } looks[] = {
  {"ok", "✓", "+", SL_ROLE_ok}, {"fresh", "✓", "+", SL_ROLE_ok}, {"approved", "✓", "+", SL_ROLE_ok}, {"pass", "✓", "+", SL_ROLE_ok},
  {"active", "✓", "+", SL_ROLE_ok}, {"whole", "✓", "+", SL_ROLE_ok},
  {"failed", "✗", "x", SL_ROLE_bad}, {"fail", "✗", "x", SL_ROLE_bad}, {"rejected", "✗", "x", SL_ROLE_bad}, {"refused", "✗", "x",
      SL_ROLE_bad},
  {"late", "▲", "^", SL_ROLE_warn}, {"stale", "▲", "^", SL_ROLE_warn}, {"missing", "▲", "^", SL_ROLE_warn}, {"empty", "▲", "^",
      SL_ROLE_warn},
  {"changed", "▲", "^", SL_ROLE_warn},
  {"cut", "▲", "^", SL_ROLE_warn}, {"slow", "▲", "^", SL_ROLE_warn}, {"warn", "▲", "^", SL_ROLE_warn}, {"short", "▲", "^", SL_ROLE_warn},
  {"waiting", "●", "o", SL_ROLE_wait}, {"pending", "●", "o", SL_ROLE_wait}, {"login", "●", "o", SL_ROLE_wait}, {"asked", "●", "o",
      SL_ROLE_wait},
  {"intent", "●", "o", SL_ROLE_wait},
  {"running", "▶", ">", SL_ROLE_run}, {"flowing", "▶", ">", SL_ROLE_run},
  {"stopped", "■", "#", SL_ROLE_dim}, {"none", "–", "-", SL_ROLE_dim}, {"skipped", "–", "-", SL_ROLE_dim}, {"deleted", "–", "-",
      SL_ROLE_dim},
  {"unknown", "?", "?", SL_ROLE_unknown},
};

void sl_state_look(struct sl_str word, const char **glyph, enum sl_role *role)
{
  for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
    if (sl_str_eqz(word, looks[i].word)) {
      *glyph = sl_glyph_pick(looks[i].utf8, looks[i].ascii);
      *role = looks[i].role;
      return;
    }
  *glyph = sl_glyph_pick("·", ".");
  *role = SL_ROLE_text;
}
