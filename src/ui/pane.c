/* ui/pane.c: one query with its states. A pane holds a reference of the last snapshot, so that drawing never depends on what a source does
 * meanwhile; it says how old that is, how much of how much, and what failed. */
#include <stdio.h>

#include "ui/pane_int.h"
#include "ui/ui_int.h"

enum { CACHED = 3, MAX_SOURCES = 64 };

struct sl_pane {
  struct sl_view *v;
  struct sl_pane *next;
  sl_watch watch;
  struct sl_query *query;
  void (*changed)(struct sl_view *v, void *user);
  void *user;
  struct sl_answer a;
  struct sl_source src[MAX_SOURCES];
  char conn[MAX_SOURCES][64];
  struct sl_buf doc, columns;
  struct { struct sl_batch *b; uint64_t first; } page[CACHED];
  unsigned turn;
  bool answered;
  sl_ms good_at;                 /* when the rows that are shown came */
  bool failed;                   /* the last whole answer was that somebody failed */
  bool whole;                    /* this question was answered once: asking again is no news */
};

static void pages_drop(struct sl_pane *p)
{
  for (int i = 0; i < CACHED; i++) {
    sl_batch_unref(p->page[i].b);
    p->page[i].b = NULL;
  }
}

static bool any_failed(const struct sl_answer *a)
{
  for (size_t i = 0; i < a->nsrc; i++)
    if (a->src[i].state == SL_FAILED)
      return true;
  return false;
}

/* Keeps what it needs of a borrowed answer. */
static void answer_keep(struct sl_pane *p, const struct sl_answer *a)
{
  struct sl_snap *old = p->a.snap;
  bool waits = !a->snap && !a->done && old && !any_failed(a); /* another order or filter: the old rows until the first new ones */
  bool moved = !waits && old != a->snap, was_grouped = p->a.grouped;
  p->a = *a;
  p->a.stale |= waits;
  p->a.snap = waits ? old : a->snap ? sl_snap_ref(a->snap) : NULL;
  if (!waits)
    sl_snap_unref(old);
  p->a.nsrc = a->nsrc > MAX_SOURCES ? MAX_SOURCES : a->nsrc;
  for (size_t i = 0; i < p->a.nsrc; i++) {
    p->src[i] = a->src[i];
    snprintf(p->conn[i], sizeof p->conn[i], "%.*s", SL_ARG(a->src[i].conn));
    p->src[i].conn = sl_str(p->conn[i]);
  }
  p->a.src = p->src;
  sl_buf_clear(&p->doc);
  sl_buf_str(&p->doc, a->doc);
  p->a.doc = sl_buf_view(&p->doc);
  if (waits) /* the rows that still stand there are what they were */
    p->a.grouped = was_grouped;
  else {
    sl_buf_clear(&p->columns);
    sl_buf_str(&p->columns, a->columns);
  }
  p->a.columns = sl_buf_view(&p->columns);
  if (moved)
    pages_drop(p);
}

static const struct sl_source *first_failed(const struct sl_pane *p)
{
  for (size_t i = 0; i < p->a.nsrc; i++)
    if (p->src[i].state == SL_FAILED)
      return &p->src[i];
  return NULL;
}

static void on_change(void *user, sl_watch id, const struct sl_answer *a)
{
  struct sl_pane *p = user;
  (void)id;
  answer_keep(p, a);
  p->answered = true;
  p->whole |= a->done;
  p->failed = a->done ? first_failed(p) != NULL : p->failed;
  for (size_t i = 0; i < p->a.nsrc; i++)
    if (p->src[i].state != SL_FAILED && p->src[i].state != SL_ASKED)
      p->good_at = p->src[i].at > p->good_at ? p->src[i].at : p->good_at;
  p->v->ui->dirty = true;
  if (p->changed)
    p->changed(p->v, p->user);
}

int sl_pane_ask(struct sl_pane *p, struct sl_query *q, struct sl_err *err)
{
  sl_watch fresh = {0};
  struct sl_query *keep = sl_query_ref(q);
  int rc = sl_ws_query(p->v->ui->ws, keep, false, on_change, p, &fresh, err);
  if (rc) {
    sl_query_unref(keep);
    return rc;
  }
  sl_ws_unwatch(p->v->ui->ws, p->watch);
  sl_query_unref(p->query);
  p->query = keep;
  p->watch = fresh;
  p->a.done = p->whole = false; /* the old rows stay until the new ones come */
  p->a.stale = p->a.snap != NULL;
  return SL_OK;
}

int sl_pane_open(struct sl_pane **out, struct sl_view *v, struct sl_query *q, void (*changed)(struct sl_view *v, void *user), void *user,
                 struct sl_err *err)
{
  struct sl_pane *p = sl_calloc(1, sizeof *p);
  if (!p)
    return sl_err_nomem(err);
  p->v = v;
  p->changed = changed;
  p->user = user;
  sl_buf_init(&p->doc, 8 << 20);
  sl_buf_init(&p->columns, 1 << 20);
  int rc = sl_pane_ask(p, q, err);
  if (rc) {
    sl_free(p);
    return rc;
  }
  p->next = v->panes;
  v->panes = p;
  *out = p;
  return SL_OK;
}

int sl_pane_query(struct sl_pane **p, struct sl_view *v, const struct sl_query *like, void (*changed)(struct sl_view *v, void *user),
                  void *user, struct sl_err *err)
{
  struct sl_query *q = NULL;
  int rc = sl_query_new(&q, like, err);
  if (!rc)
    rc = *p ? sl_pane_ask(*p, q, err) : sl_pane_open(p, v, q, changed, user, err);
  sl_query_unref(q);
  return rc;
}

void sl_pane_close(struct sl_pane *p)
{
  if (!p)
    return;
  for (struct sl_pane **at = &p->v->panes; *at; at = &(*at)->next)
    if (*at == p) {
      *at = p->next;
      break;
    }
  sl_ws_unwatch(p->v->ui->ws, p->watch);
  pages_drop(p);
  sl_snap_unref(p->a.snap);
  sl_query_unref(p->query);
  sl_buf_free(&p->doc);
  sl_buf_free(&p->columns);
  sl_free(p);
}

const struct sl_answer *sl_pane_answer(const struct sl_pane *p) { return &p->a; }
bool sl_pane_whole(const struct sl_pane *p) { return p->whole; }
uint64_t sl_pane_count(const struct sl_pane *p) { return p->a.snap ? sl_snap_count(p->a.snap) : 0; }
uint64_t sl_pane_live(const struct sl_pane *p)
{
  uint64_t n = sl_pane_count(p), live = n;
  for (uint64_t i = 0; i < n && i < 100000; i++)
    live -= sl_snap_struck(p->a.snap, i);
  return live;
}

struct sl_pane *sl_pane_next(const struct sl_pane *p) { return p->next; }
void sl_pane_refresh(struct sl_pane *p) { sl_ws_refresh(p->v->ui->ws, p->watch); }
void sl_pane_visible(struct sl_pane *p, bool visible) { sl_ws_visible(p->v->ui->ws, p->watch, visible); }
void sl_pane_pause(struct sl_pane *p, bool paused) { sl_ws_pause(p->v->ui->ws, p->watch, paused); }

void sl_panes_visible(struct sl_view *v, bool visible)
{
  for (struct sl_pane *p = v->panes; p; p = p->next)
    sl_pane_visible(p, visible);
}

void sl_panes_refresh(struct sl_view *v)
{
  for (struct sl_pane *p = v->panes; p; p = p->next)
    sl_pane_refresh(p);
}

void sl_panes_pause(struct sl_view *v, bool paused)
{
  for (struct sl_pane *p = v->panes; p; p = p->next)
    sl_pane_pause(p, paused);
}

size_t sl_panes_failed(const struct sl_view *v)
{
  size_t n = 0;
  for (const struct sl_pane *p = v->panes; p; p = p->next)
    for (size_t i = 0; i < p->a.nsrc; i++)
      n += p->src[i].state == SL_FAILED;
  return n;
}

/* ---- rows ---- */

static void page_ready(void *user)
{
  struct sl_pane *p = user;
  p->v->ui->dirty = true;
}

static struct sl_batch *page_load(struct sl_pane *p, uint64_t first)
{
  struct sl_batch *b = NULL;
  if (sl_snap_page(p->a.snap, first, SL_BATCH_ROWS, &b, page_ready, p, NULL) || !b)
    return NULL; /* on disk: the listener repaints */
  unsigned slot = p->turn++ % CACHED;
  sl_batch_unref(p->page[slot].b);
  p->page[slot].b = b;
  p->page[slot].first = first;
  return b;
}

bool sl_pane_row(struct sl_pane *p, uint64_t i, const struct sl_batch **b, uint32_t *row)
{
  if (i >= sl_pane_count(p))
    return false;
  uint64_t first = i - i % SL_BATCH_ROWS;
  struct sl_batch *page = NULL;
  for (int k = 0; k < CACHED && !page; k++)
    page = p->page[k].b && p->page[k].first == first ? p->page[k].b : NULL;
  if (!page)
    page = page_load(p, first);
  if (!page || i - first >= sl_batch_count(page))
    return false;
  *b = page;
  *row = (uint32_t)(i - first);
  return true;
}

struct sl_val sl_pane_val(struct sl_pane *p, uint64_t i, const char *col)
{
  const struct sl_batch *b;
  uint32_t row;
  if (!sl_pane_row(p, i, &b, &row))
    return sl_null(SL_TEXT);
  int c = sl_schema_find(sl_batch_schema(b), sl_str(col));
  return c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)c);
}

/* ---- words ---- */


static const char *what_to_do(int code)
{
  switch (code) {
  case SL_EAUTH: return "log in with `sluice login CONNECTION`, then r";
  case SL_ENET: case SL_ETIMEOUT: return "r asks again; :connections says who answers";
  case SL_ECONFIG: return "mend the workspace file: it is read again at once";
  case SL_EDENIED: return "ask for the right, then r";
  default: return "r asks again";
  }
}

static int wrap_put(struct sl_grid *g, struct sl_rect r, int y, enum sl_role role, const char *text)
{
  return y + sl_grid_wrap(g, (struct sl_rect){ r.x + 3, y, r.w > 8 ? r.w - 6 : r.w, r.y + r.h - y }, role, sl_str(text));
}

bool sl_pane_draw_state(struct sl_pane *p, struct sl_grid *g, struct sl_rect r, const char *empty)
{
  if (sl_pane_count(p) > 0 || r.h < 1)
    return false;
  const struct sl_source *bad = first_failed(p);
  int y = r.y + (r.h > 6 ? r.h / 4 : 0);
  bool over = p->a.done || p->whole || (bad && p->query->kind == SL_Q_FOLLOW); /* a log never ends by itself */
  if (bad && over) {
    const char *glyph;
    enum sl_role role;
    sl_state_look(SL_STR("failed"), &glyph, &role);
    sl_grid_printf(g, r.x + 3, y, r.w - 4, role, "%s %.*s: %s", glyph, SL_ARG(bad->conn), sl_code_words(bad->err.code));
    y = wrap_put(g, r, y + 1, SL_ROLE_text, bad->err.msg);
    sl_grid_putz(g, r.x + 3, y + 1, r.w - 4, SL_ROLE_dim, what_to_do(bad->err.code));
  } else if (!p->a.done && (!p->whole || p->failed)) { /* asked again after a failure, too */
    const char *at = p->a.nsrc && p->src[0].state <= SL_FLOWING && p->src[0].note[0] ? p->src[0].note : "loading";
    sl_grid_printf(g, r.x + 3, y, r.w - 4, SL_ROLE_dim, "%s %s", sl_glyph_pick("·", "."), at);
  } else if (p->a.loaded > 0) {
    sl_grid_printf(g, r.x + 3, y, r.w - 4, SL_ROLE_text, "no row passes the filter (%llu looked at)", (unsigned long long)p->a.loaded);
    sl_grid_putz(g, r.x + 3, y + 1, r.w - 4, SL_ROLE_dim, "Esc ends the filter");
  } else {
    wrap_put(g, r, y, SL_ROLE_dim, empty ? empty : "nothing here");
  }
  return true;
}

/* Coarse on purpose: a line that changes every second would never let the screen be quiet. */
static void age_words(struct sl_buf *b, int64_t ms)
{
  if (ms < 15000)
    sl_buf_z(b, "now");
  else if (ms < 60000)
    sl_buf_z(b, "under 1 min ago");
  else if (ms < 3600000)
    sl_buf_printf(b, "%lld min ago", (long long)(ms / 60000));
  else
    sl_buf_printf(b, "%lld h ago", (long long)(ms / 3600000));
}

/* Asked again while its rows stand there whole. That is no news: where nothing has changed in the end, nothing is painted for it. */
static bool refreshing(const struct sl_pane *p)
{
  return p->whole && !p->a.done && p->good_at && p->query->kind == SL_Q_LIST;
}

static void source_words(const struct sl_pane *p, const struct sl_source *s, struct sl_buf *b)
{
  bool quiet = refreshing(p) && (s->state == SL_ASKED || s->state == SL_FLOWING);
  sl_buf_printf(b, "%.*s: ", SL_ARG(s->conn));
  if (quiet) {
    age_words(b, p->v->ui->show.now - p->good_at);
    return;
  }
  switch (s->state) {
  case SL_ASKED: sl_buf_z(b, "asked"); break;
  case SL_FLOWING:
    sl_buf_z(b, p->query->kind == SL_Q_FOLLOW ? "live" : s->note[0] ? s->note : "loading");
    break;
  case SL_FAILED:
    sl_buf_z(b, "failed");
    if (sl_pane_count(p)) { /* the last good rows are still there: how old are they */
      sl_buf_z(b, ", these rows are of ");
      age_words(b, p->v->ui->show.now - p->good_at);
    }
    sl_buf_printf(b, ", %s", s->err.msg);
    break;
  case SL_CUT: sl_buf_printf(b, "cut: %s", s->note[0] ? s->note : "not all of it"); break;
  case SL_WHOLE: age_words(b, p->v->ui->show.now - s->at); break;
  }
  if (s->state == SL_FLOWING && s->total > 0)
    sl_buf_printf(b, " %llu of %lld", (unsigned long long)s->rows, (long long)s->total);
}

/* "2 executions", "1 execution"; what has no plural of its own is counted by what a row is. */
void sl_count_put(struct sl_buf *b, uint64_t n, const char *plural)
{
  static const struct { const char *res, *word; } other[] = {
    {"log", "lines"}, {"series", "points"}, {"drift", "tests"}, {"quality", "figures"}, {"audit", "actions"}};
  for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
    if (!strcmp(plural, other[i].res))
      plural = other[i].word;
  size_t len = strlen(plural);
  bool one = n == 1 && len > 1 && plural[len - 1] == 's';
  sl_buf_printf(b, "%llu %.*s", (unsigned long long)n, (int)(len - one), plural);
}

static void words_of(const struct sl_pane *p, const char *dot, uint64_t n, struct sl_buf *b)
{
  sl_buf_z(b, dot);
  sl_count_put(b, n, p->query->res ? p->query->res->name : "rows");
}

/* What the groups are made of, and what their means leave out. */
static void group_words(const struct sl_pane *p, const char *dot, uint64_t n, struct sl_buf *b)
{
  sl_buf_z(b, dot);
  sl_count_put(b, n, "groups");
  sl_buf_z(b, " of ");
  sl_count_put(b, p->a.group_rows, p->query->res ? p->query->res->name : "rows");
  if (p->query->where)
    sl_buf_printf(b, ", filter ran %s", p->a.filtered_here ? "here" : "at the source");
  if (p->a.group_left_out)
    sl_buf_printf(b, "%s%llu NaN or infinite left out", dot, (unsigned long long)p->a.group_left_out);
  sl_buf_printf(b, "%ssd of n-1", dot);
}

void sl_pane_truth(struct sl_pane *p, struct sl_buf *b)
{
  const char *dot = sl_glyph_pick(" · ", " - ");
  for (size_t i = 0; i < p->a.nsrc && i < 4; i++) {
    sl_buf_z(b, i ? dot : "");
    source_words(p, &p->src[i], b);
  }
  if (!p->a.nsrc)
    sl_buf_z(b, "asking");
  uint64_t n = sl_pane_live(p);
  if (p->a.grouped)
    group_words(p, dot, n, b);
  else if (p->query->where)
    sl_buf_printf(b, "%s%llu of %llu, filter ran %s", dot, (unsigned long long)n, (unsigned long long)p->a.loaded,
                  p->a.filtered_here ? "here" : "at the source");
  else if (p->a.snap)
    words_of(p, dot, n, b);
  if (p->a.dropped)
    sl_buf_printf(b, "%s%llu older rows dropped", dot, (unsigned long long)p->a.dropped);
  if (p->a.stale && !refreshing(p))
    sl_buf_printf(b, "%sstale", dot);
  if (p->v->ui->paused)
    sl_buf_printf(b, "%spaused", dot);
}
