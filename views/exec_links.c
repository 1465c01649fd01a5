/* views/exec_links.c: the lines below an execution's log. The job's own words (reads, writes) lead to the zones; the execution's parameter
 * that is also a partition's name leads to the partition. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "views/exec_links.h"

enum { PARTS_LOOK = 5000, JOBS_LOOK = 1000 };

struct sl_str exec_links_text(struct sl_pane *p, uint64_t i, const char *col)
{
  struct sl_val v = p ? sl_pane_val(p, i, col) : sl_null(SL_TEXT);
  bool text = !v.null && (v.type == SL_TEXT || v.type == SL_STATE || v.type == SL_REF || v.type == SL_URI);
  return text ? v.u.s : SL_STR("");
}

static struct sl_str list_of(struct sl_pane *p, uint64_t i, const char *col)
{
  struct sl_val v = p ? sl_pane_val(p, i, col) : sl_null(SL_LIST);
  return !v.null && v.type == SL_LIST ? v.u.s : SL_STR_NONE;
}

static bool list_has(struct sl_str list, struct sl_str item)
{
  for (struct sl_str one; list.n && sl_list_next(&list, &one);)
    if (sl_str_eq(one, item))
      return true;
  return false;
}

void exec_links_ago(struct sl_view *v, struct sl_buf *b, sl_ms at)
{
  int64_t ago = sl_view_show(v)->now - at;
  sl_time_show(b, at, sl_view_show(v)->now, sl_view_show(v)->tz);
  sl_buf_z(b, ago >= 0 && ago < 86400000 ? " ago" : "");
}

/* ---- from the row to the job, from the job to the zones ---- */

static void pane_open(struct sl_pane **out, struct sl_view *v, const struct sl_resource *res, struct sl_str conn, const char *scope,
                      void (*changed)(struct sl_view *, void *), void *user)
{
  const struct sl_query like = {.res = res, .kind = SL_Q_LIST, .conn = conn, .scope = sl_str(scope)};
  if (*out || !sl_ws_serves(sl_view_ws(v), res))
    return;
  (void)!sl_pane_query(out, v, &like, changed, user, NULL); /* without it the lines stay away */
}

static void jobs_changed(struct sl_view *v, void *user)
{
  struct exec_links *l = user;
  for (uint64_t i = 0; l->jobs && i < sl_pane_count(l->jobs) && i < JOBS_LOOK; i++) {
    struct sl_str reads = list_of(l->jobs, i, "reads"), first = SL_STR("");
    if (!sl_str_eqz(exec_links_text(l->jobs, i, "name"), l->job))
      continue;
    if (reads.n && !sl_list_next(&reads, &first))
      first = SL_STR("");
    snprintf(l->from, sizeof l->from, "%.*s", SL_ARG(first));
    snprintf(l->to, sizeof l->to, "%.*s", SL_ARG(exec_links_text(l->jobs, i, "writes")));
    if (l->from[0])
      pane_open(&l->read, v, &sl_res_partitions, SL_STR_NONE, l->from, NULL, NULL);
    if (l->to[0])
      pane_open(&l->written, v, &sl_res_partitions, SL_STR_NONE, l->to, NULL, NULL);
  }
}

void exec_links_row(struct sl_view *v, struct exec_links *l, struct sl_pane *row)
{
  struct sl_str job = row && sl_pane_count(row) ? exec_links_text(row, 0, "job") : SL_STR("");
  l->row = row;
  if (!job.n)
    return;
  snprintf(l->job, sizeof l->job, "%.*s", SL_ARG(job));
  if (!l->jobs)
    pane_open(&l->jobs, v, &sl_res_jobs, exec_links_text(row, 0, "connection"), "", jobs_changed, l);
}

void exec_links_close(struct exec_links *l)
{
  sl_pane_close(l->jobs);
  sl_pane_close(l->read);
  sl_pane_close(l->written);
}

/* ---- drawing ---- */

/* The partition that a parameter of the execution names; false: none that is listed. */
static bool part_find(const struct exec_links *l, struct sl_pane *zone, uint64_t *at)
{
  struct sl_str params = list_of(l->row, 0, "params");
  for (uint64_t i = 0; zone && params.n && i < sl_pane_count(zone) && i < PARTS_LOOK; i++)
    if (list_has(params, exec_links_text(zone, i, "partition"))) {
      *at = i;
      return true;
    }
  return false;
}

/* Where it ends. */
static int zone_draw(const struct exec_links *l, struct sl_grid *g, int x, int y, int w, const char *word, const char *zone,
                      struct sl_pane *pane)
{
  uint64_t at;
  sl_grid_putz(g, x, y, 7, SL_ROLE_colhead, word);
  x += 8;
  w -= 8;
  if (!zone[0]) {
    x += sl_grid_putz(g, x, y, w, SL_ROLE_dim, sl_glyph_pick("–", "-"));
  } else if (part_find(l, pane, &at)) {
    struct sl_str state = exec_links_text(pane, at, "state");
    const char *glyph;
    enum sl_role role;
    sl_state_look(state, &glyph, &role);
    int n = sl_grid_printf(g, x, y, w, SL_ROLE_text, "%s %.*s ", zone, SL_ARG(exec_links_text(pane, at, "partition")));
    x += n + sl_grid_printf(g, x + n, y, w - n, role, "%s %.*s", glyph, SL_ARG(state));
  } else {
    x += sl_grid_putz(g, x, y, w, SL_ROLE_text, zone);
  }
  return x;
}

/* The jobs that read what this one writes. */
static void fed_put(const struct exec_links *l, struct sl_buf *b)
{
  for (uint64_t i = 0; l->to[0] && l->jobs && i < sl_pane_count(l->jobs) && i < JOBS_LOOK; i++) {
    struct sl_str to = exec_links_text(l->jobs, i, "writes");
    if (!list_has(list_of(l->jobs, i, "reads"), sl_str(l->to)))
      continue;
    sl_buf_printf(b, "%s%.*s", b->n ? ", " : "", SL_ARG(exec_links_text(l->jobs, i, "name")));
    if (to.n)
      sl_buf_printf(b, " (%.*s)", SL_ARG(to));
  }
}

/* What can be done to it now; NULL: nothing. */
static const struct sl_action *remedy(const struct exec_links *l)
{
  struct sl_str state = exec_links_text(l->row, 0, "state");
  if (sl_str_eqz(state, "failed") || sl_str_eqz(state, "stopped"))
    return &sl_act_retry;
  return sl_str_eqz(state, "running") || sl_str_eqz(state, "pending") ? &sl_act_stop : NULL;
}

static void do_draw(const struct exec_links *l, struct sl_grid *g, int y)
{
  const struct sl_action *act = remedy(l);
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  if (l->from[0])
    sl_buf_z(&b, "1 rows that it read  ");
  if (l->to[0])
    sl_buf_z(&b, "2 its partition in the lake  ");
  if (act)
    sl_buf_printf(&b, "3 %s it", act->name);
  sl_grid_putz(g, 1, y, 7, SL_ROLE_colhead, "DO");
  sl_grid_put(g, 9, y, g->w - 10, SL_ROLE_text, sl_buf_view(&b));
  sl_buf_free(&b);
}

int exec_links_height(const struct exec_links *l)
{
  return l->from[0] || l->to[0] ? 3 : 0;
}

void exec_links_draw(struct sl_view *v, struct exec_links *l, struct sl_grid *g, struct sl_rect r)
{
  struct sl_buf b;
  (void)v;
  sl_buf_init(&b, 1 << 16);
  int x = zone_draw(l, g, 1, r.y, r.w - 2, "READ", l->from, l->read) + 3;
  if (x + 12 < r.w)
    zone_draw(l, g, x, r.y, r.w - x, "WRITES", l->to, l->written);
  fed_put(l, &b);
  sl_grid_putz(g, 1, r.y + 1, 7, SL_ROLE_colhead, "FEEDS");
  if (b.n)
    sl_grid_put(g, 9, r.y + 1, r.w - 10, SL_ROLE_text, sl_buf_view(&b));
  else
    sl_grid_putz(g, 9, r.y + 1, r.w - 10, SL_ROLE_dim, "no job of this workspace");
  do_draw(l, g, r.y + 2);
  sl_buf_free(&b);
}

/* ---- commands ---- */

static void go_rows(struct sl_view *v, const struct exec_links *l)
{
  struct sl_buf b;
  uint64_t at;
  if (!l->from[0]) {
    sl_view_say(v, SL_ROLE_dim, "what it reads is not known");
    return;
  }
  sl_buf_init(&b, 1 << 16);
  sl_buf_printf(&b, "lake:%s/", l->from);
  if (part_find(l, l->read, &at))
    sl_buf_printf(&b, "%.*s/", SL_ARG(exec_links_text(l->read, at, "partition")));
  sl_view_go(v, "preview", sl_buf_view(&b));
  sl_buf_free(&b);
}

static void act(struct sl_view *v, const struct exec_links *l)
{
  const struct sl_action *a = remedy(l);
  const struct sl_batch *b;
  uint32_t row;
  if (!a || !sl_pane_row(l->row, 0, &b, &row)) {
    sl_view_say(v, SL_ROLE_dim, "it has ended well: nothing to retry or stop");
    return;
  }
  struct sl_ref ref = {sl_batch_conn(b, row), SL_STR("executions"), sl_batch_id(b, row)};
  sl_view_act(v, a, &sl_res_executions, &ref, 1, NULL);
}

enum sl_handled exec_links_command(struct sl_view *v, struct exec_links *l, const char *command)
{
  uint64_t at;
  if (!strcmp(command, "read-rows")) {
    go_rows(v, l);
  } else if (!strcmp(command, "partition")) {
    struct sl_pane *p = l->written ? l->written : l->read;
    sl_view_go(v, "lake", part_find(l, p, &at) ? exec_links_text(p, at, "partition") : SL_STR(""));
  } else if (!strcmp(command, "remedy")) {
    act(v, l);
  } else {
    return SL_IGNORED;
  }
  return SL_HANDLED;
}
