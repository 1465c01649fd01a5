/* model/conf_circle.c: whether names that come `after` each other go round in a circle. Without recursion: the file chooses the depth. */
#include "base/hash.h"
#include "model/conf_int.h"

/* Every name in an `after` is in the graph; done[i]: nothing that i waits for is still waiting. */
static bool ready(const struct conf_graph *g, const struct sl_map *at, const bool *done, size_t i)
{
  for (size_t k = 0; g->after[i][k]; k++) {
    uint64_t j = 0;
    if (!sl_map_get(at, sl_str(g->after[i][k]), &j) || !done[j])
      return false;
  }
  return true;
}

/* Takes away what waits for nothing, again and again: in a graph without a circle nothing is left. */
static size_t take_away(const struct conf_graph *g, const struct sl_map *at, bool *done)
{
  size_t left = g->n;
  for (bool more = true; more && left;) {
    more = false;
    for (size_t i = 0; i < g->n; i++) {
      if (done[i] || !ready(g, at, done, i))
        continue;
      done[i] = more = true;
      left--;
    }
  }
  return left;
}

static size_t next_waiting(const struct conf_graph *g, const struct sl_map *at, const bool *done, size_t i)
{
  for (size_t k = 0; g->after[i][k]; k++) {
    uint64_t j = 0;
    if (sl_map_get(at, sl_str(g->after[i][k]), &j) && !done[j])
      return j;
  }
  return i;
}

/* From any that is left, following what it waits for: after n steps we are in the circle. */
static const char *circle_words(struct conf_ctx *x, const struct conf_graph *g, const struct sl_map *at, const bool *done, size_t *first)
{
  size_t i = 0, shown = 0;
  struct sl_buf b;
  while (done[i])
    i++;
  for (size_t k = 0; k < g->n; k++)
    i = next_waiting(g, at, done, i);
  *first = i;
  sl_buf_init(&b, 0);
  sl_buf_printf(&b, "`%s`", g->names[i]);
  do {
    i = next_waiting(g, at, done, i);
    if (shown++ < 8 || i == *first)
      sl_buf_printf(&b, " after %s`%s`", shown > 9 ? "... " : "", g->names[i]);
  } while (i != *first);
  char *words = b.failed ? NULL : conf_dup(x, sl_buf_view(&b));
  sl_buf_free(&b);
  return words;
}

bool conf_circle(struct conf_ctx *x, const struct conf_graph *g, size_t *at, const char **words)
{
  struct sl_map index;
  bool *done = sl_calloc(g->n + 1, sizeof *done), circle = true;
  int rc = done ? SL_OK : SL_ENOMEM;
  *words = NULL;
  sl_map_init(&index);
  for (size_t i = 0; i < g->n && !rc; i++)
    rc = sl_map_put(&index, sl_str(g->names[i]), i, NULL, NULL);
  if (!rc && !take_away(g, &index, done))
    circle = false;
  else if (!rc)
    *words = circle_words(x, g, &index, done, at);
  sl_map_free(&index);
  sl_free(done);
  return circle;
}
