/* ui/fuzzy.c: how well what was typed fits a name. Greedy on purpose: starts of words and runs count, early matches count. */
#include "ui/ui_int.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

int sl_fuzzy(struct sl_str pat, struct sl_str text)
{
  int score = 0;
  size_t at = 0, run = 0;
  for (size_t i = 0; i < pat.n; i++) {
    size_t from = at;
    while (at < text.n && lower(text.p[at]) != lower(pat.p[i]))
      at++;
    if (at == text.n)
      return -1;
    bool start = at == 0 || text.p[at - 1] == ' ' || text.p[at - 1] == '-' || text.p[at - 1] == '_' || text.p[at - 1] == '/';
    run = at == from ? run + 1 : 0;
    score += 10 + (start ? 12 : 0) + (int)(run * 6) - (int)(at - from > 8 ? 8 : at - from);
    at++;
  }
  return 200 + score * 4 - (int)(text.n > 200 ? 200 : text.n) + (pat.n == text.n ? 40 : 0); /* never below 0: that means no match */
}
