/* views/lake.c: zones side by side, a row a partition (a day): did the data arrive, whole, and where did it stop. The line below the table
 * follows the partition under the cursor through the zones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "ui/widgets.h"

enum { ZONES = 12, MAX_DAYS = 4000 };

struct cell { bool there; char state[12]; int64_t objects, bytes, rows; };
struct day { char name[64]; struct cell zone[ZONES]; };
struct lake_state {
  struct sl_pane *zones, *parts;
  char zone[ZONES][40], uri[ZONES][256], zone_state[ZONES][12];
  size_t nzone, at_zone, left_zone;
  struct day *day;
  size_t nday, cap, at, top;
  int rows;
  char want[64];        /* partition to put the cursor on when it arrives */
};

/* ---- rows of two resources into a table of days by zones ---- */

static struct sl_str text_of(struct sl_pane *p, uint64_t i, const char *col)
{
  struct sl_val v = sl_pane_val(p, i, col);
  return v.null ? SL_STR("") : v.u.s;
}

static int64_t int_of(struct sl_pane *p, uint64_t i, const char *col)
{
  struct sl_val v = sl_pane_val(p, i, col);
  return v.null ? -1 : v.u.i;
}

static int zone_index(const struct lake_state *s, struct sl_str name)
{
  for (size_t i = 0; i < s->nzone; i++)
    if (sl_str_eqz(name, s->zone[i]))
      return (int)i;
  return -1;
}

static struct day *day_of(struct lake_state *s, struct sl_str name)
{
  for (size_t i = 0; i < s->nday; i++)
    if (sl_str_eqz(name, s->day[i].name))
      return &s->day[i];
  if (sl_grow((void **)&s->day, &s->cap, s->nday + 1, sizeof *s->day, MAX_DAYS, NULL))
    return NULL;
  struct day *d = &s->day[s->nday++];
  memset(d, 0, sizeof *d);
  snprintf(d->name, sizeof d->name, "%.*s", SL_ARG(name));
  return d;
}

static int newest_first(const void *a, const void *b)
{
  return strcmp(((const struct day *)b)->name, ((const struct day *)a)->name);
}

static void parts_changed(struct sl_view *v, void *user)
{
  struct lake_state *s = sl_view_state(v);
  char keep[64] = "";
  (void)user;
  if (s->at < s->nday)
    snprintf(keep, sizeof keep, "%s", s->day[s->at].name);
  s->nday = 0;
  for (uint64_t i = 0; i < sl_pane_count(s->parts); i++) {
    int z = zone_index(s, text_of(s->parts, i, "zone"));
    struct day *d = z < 0 ? NULL : day_of(s, text_of(s->parts, i, "partition"));
    if (!d)
      continue;
    struct cell *c = &d->zone[z];
    c->there = true;
    snprintf(c->state, sizeof c->state, "%.*s", SL_ARG(text_of(s->parts, i, "state")));
    c->objects = int_of(s->parts, i, "objects");
    c->bytes = int_of(s->parts, i, "bytes");
    c->rows = int_of(s->parts, i, "rows");
  }
  if (s->nday)
    qsort(s->day, s->nday, sizeof *s->day, newest_first);
  const char *want = s->want[0] ? s->want : keep;
  for (size_t i = 0; i < s->nday; i++)
    if (!strcmp(s->day[i].name, want)) {
      s->at = i;
      s->want[0] = 0;
    }
  if (s->at >= s->nday)
    s->at = s->nday ? s->nday - 1 : 0;
}

/* Rows of zones in the order of the data's way, which is the workspace file's; only then can one say where a partition stopped. */
static size_t zones_in_order(struct sl_view *v, struct sl_pane *p, uint64_t row[ZONES])
{
  size_t n = 0, rank[ZONES];
  for (uint64_t i = 0; i < sl_pane_count(p); i++) {
    size_t r = sl_view_zone_rank(v, text_of(p, i, "name")), at = n < ZONES ? n++ : ZONES;
    for (; at > 0 && rank[at - 1] > r; at--)
      if (at < ZONES) {
        rank[at] = rank[at - 1];
        row[at] = row[at - 1];
      }
    if (at < ZONES) {
      rank[at] = r;
      row[at] = i;
    }
  }
  return n;
}

static void zones_changed(struct sl_view *v, void *user)
{
  struct lake_state *s = sl_view_state(v);
  uint64_t row[ZONES];
  s->nzone = zones_in_order(v, s->zones, row);
  for (size_t z = 0; z < s->nzone; z++) {
    snprintf(s->zone[z], sizeof s->zone[0], "%.*s", SL_ARG(text_of(s->zones, row[z], "name")));
    snprintf(s->uri[z], sizeof s->uri[0], "%.*s", SL_ARG(text_of(s->zones, row[z], "uri")));
    snprintf(s->zone_state[z], sizeof s->zone_state[0], "%.*s", SL_ARG(text_of(s->zones, row[z], "state")));
  }
  parts_changed(v, user);
}

/* ---- open ---- */

static int pane_of(struct sl_pane **out, struct sl_view *v, const struct sl_resource *res, const char *order,
                   void (*changed)(struct sl_view *, void *), struct sl_err *err)
{
  struct sl_query like = {.res = res, .kind = SL_Q_LIST}, *q = NULL;
  int rc = order ? sl_order_parse(&like.order, sl_str(order), err) : SL_OK;
  if (!rc)
    rc = sl_query_new(&q, &like, err);
  if (!rc)
    rc = sl_pane_open(out, v, q, changed, NULL, err);
  sl_query_unref(q);
  sl_order_unref(like.order);
  return rc;
}

/* The argument may be the ref of a partition ("local:partitions/raw/dt=...") or of a zone: the cursor goes there. */
static void want_from(struct lake_state *s, struct sl_str arg)
{
  struct sl_buf scratch;
  struct sl_ref ref;
  sl_buf_init(&scratch, 0);
  if (arg.n && !sl_ref_parse(arg, &ref, &scratch, NULL)) {
    ptrdiff_t slash = sl_str_chr(ref.id, '/');
    snprintf(s->want, sizeof s->want, "%.*s", slash < 0 ? 0 : SL_ARG(sl_str_from(ref.id, (size_t)slash + 1)));
  } else {
    snprintf(s->want, sizeof s->want, "%.*s", SL_ARG(arg));
  }
  sl_buf_free(&scratch);
}

static int lake_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct lake_state *s = sl_view_state(v);
  want_from(s, sl_str_trim(arg));
  int rc = pane_of(&s->zones, v, &sl_res_zones, NULL, zones_changed, err);
  return rc ? rc : pane_of(&s->parts, v, &sl_res_partitions, NULL, parts_changed, err);
}

static void lake_close(struct sl_view *v)
{
  struct lake_state *s = sl_view_state(v);
  sl_pane_close(s->zones);
  sl_pane_close(s->parts);
  sl_free(s->day);
}

/* ---- drawing ---- */

static void cell_draw(struct sl_grid *g, int x, int y, int w, const struct cell *c)
{
  const char *glyph;
  enum sl_role role;
  struct sl_buf b;
  if (!c->there) {
    sl_grid_right(g, x, y, w - 10, SL_ROLE_dim, sl_str(sl_glyph_pick("–", "-")));
    return;
  }
  sl_buf_init(&b, 64);
  sl_state_look(sl_str(c->state), &glyph, &role);
  if (c->rows >= 0)
    sl_fmt_count(&b, c->rows);
  else if (c->bytes >= 0 && c->objects > 0)
    sl_fmt_bytes(&b, c->bytes);
  sl_grid_right(g, x, y, w - 10, SL_ROLE_text, sl_buf_view(&b));
  bool plain = role == SL_ROLE_ok;
  sl_grid_printf(g, x + w - 9, y, 9, role, "%s%s%s", glyph, plain ? "" : " ", plain ? "" : c->state);
  sl_buf_free(&b);
}

static void head_draw(struct lake_state *s, struct sl_grid *g, int y, int zw)
{
  sl_grid_putz(g, 1, y, 14, SL_ROLE_colhead, "partition");
  for (size_t i = s->left_zone; i < s->nzone; i++) {
    int x = 16 + (int)(i - s->left_zone) * zw;
    const char *glyph;
    enum sl_role role;
    if (x + zw > g->w)
      break;
    sl_state_look(sl_str(s->zone_state[i]), &glyph, &role);
    sl_grid_right(g, x, y, zw - 10, i == s->at_zone ? SL_ROLE_bright : SL_ROLE_colhead, sl_str(s->zone[i]));
    sl_grid_cell(g, x + zw - 9, y, role, glyph);
  }
}

/* One partition followed through the zones: where it stopped. */
static void story_draw(struct lake_state *s, struct sl_grid *g, struct sl_rect r, int y)
{
  const struct day *d = &s->day[s->at];
  const char *last_good = NULL, *broken = NULL;
  struct sl_buf b;
  for (size_t i = 0; i < s->nzone && !broken; i++)
    if (d->zone[i].there && !strcmp(d->zone[i].state, "fresh"))
      last_good = s->zone[i];
    else if (d->zone[i].there)
      broken = s->zone[i];
  sl_buf_init(&b, 4096);
  sl_grid_putz(g, 1, y, 30, SL_ROLE_bright, d->name);
  int x = 3 + (int)sl_text_width(sl_str(d->name), SL_TEXT_CELL);
  if (broken && last_good)
    sl_grid_printf(g, x, y, r.w - x, SL_ROLE_warn, "stopped between %s and %s", last_good, broken);
  else if (broken)
    sl_grid_printf(g, x, y, r.w - x, SL_ROLE_warn, "did not arrive in %s", broken);
  else
    sl_grid_putz(g, x, y, r.w - x, SL_ROLE_ok, "arrived everywhere it was expected");
  for (size_t i = 0; i < s->nzone; i++) {
    const struct cell *c = &d->zone[i];
    if (!c->there)
      continue;
    sl_buf_printf(&b, "%s%s: ", b.n ? sl_glyph_pick(" → ", " -> ") : "", s->zone[i]);
    if (c->objects >= 0)
      sl_buf_printf(&b, "%lld file%s ", (long long)c->objects, c->objects == 1 ? "" : "s");
    if (c->bytes > 0)
      sl_fmt_bytes(&b, c->bytes);
  }
  sl_grid_put(g, 3, y + 1, r.w - 4, SL_ROLE_dim, sl_buf_view(&b));
  sl_buf_free(&b);
}

static void lake_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct lake_state *s = sl_view_state(v);
  int foot = r.h >= 8 ? 3 : 0, fit = (r.w - 16) / 22 > 0 ? (r.w - 16) / 22 : 1;
  size_t show = s->nzone < (size_t)fit ? s->nzone : (size_t)fit;
  int zw = show ? (r.w - 16) / (int)show : 22;
  zw = zw > 26 ? 26 : zw;
  if (sl_pane_draw_state(s->zones, g, r, "no zone: name folders or buckets under lake: zones: in the workspace file") ||
      sl_pane_draw_state(s->parts, g, r, "no partition in any zone yet"))
    return;
  s->rows = r.h - 1 - foot;
  if (s->at < s->top)
    s->top = s->at;
  if (s->rows > 0 && s->at >= s->top + (size_t)s->rows)
    s->top = s->at - (size_t)s->rows + 1;
  if (s->at_zone < s->left_zone)
    s->left_zone = s->at_zone;
  if (s->at_zone >= s->left_zone + show && show)
    s->left_zone = s->at_zone - show + 1;
  head_draw(s, g, r.y, zw);
  for (int y = 0; y < s->rows && s->top + (size_t)y < s->nday; y++) {
    const struct day *d = &s->day[s->top + (size_t)y];
    sl_grid_putz(g, 1, r.y + 1 + y, 15, SL_ROLE_text, d->name);
    for (size_t i = 0; i < show; i++)
      cell_draw(g, 16 + (int)i * zw, r.y + 1 + y, zw, &d->zone[s->left_zone + i]);
    if (s->top + (size_t)y == s->at)
      sl_grid_over(g, (struct sl_rect){ r.x, r.y + 1 + y, r.w, 1 }, SL_ROLE_cursor);
  }
  if (foot && s->nday)
    story_draw(s, g, r, r.y + r.h - 2);
}

/* ---- commands ---- */

static void part_uri(struct lake_state *s, struct sl_buf *b)
{
  size_t n = strlen(s->uri[s->at_zone]);
  sl_buf_z(b, s->uri[s->at_zone]);
  if (n && s->uri[s->at_zone][n - 1] != '/')
    sl_buf_ch(b, '/');
  sl_buf_z(b, s->day[s->at].name);
  sl_buf_ch(b, '/');
}

static void lake_files(struct sl_view *v, struct lake_state *s, const char *view, const char *before)
{
  struct sl_buf b;
  if (s->at >= s->nday || s->at_zone >= s->nzone)
    return;
  sl_buf_init(&b, 1 << 16);
  sl_buf_z(&b, before);
  part_uri(s, &b);
  sl_view_go(v, view, sl_buf_view(&b));
  sl_buf_free(&b);
}

static bool lake_move(struct lake_state *s, const char *c)
{
  size_t last = s->nday ? s->nday - 1 : 0, page = s->rows > 1 ? (size_t)s->rows - 1 : 1;
  if (!strcmp(c, "down"))
    s->at = s->at < last ? s->at + 1 : last;
  else if (!strcmp(c, "up"))
    s->at -= s->at > 0;
  else if (!strcmp(c, "page-down"))
    s->at = s->at + page < last ? s->at + page : last;
  else if (!strcmp(c, "page-up"))
    s->at = s->at > page ? s->at - page : 0;
  else if (!strcmp(c, "first"))
    s->at = 0;
  else if (!strcmp(c, "last"))
    s->at = last;
  else if (!strcmp(c, "left"))
    s->at_zone -= s->at_zone > 0;
  else if (!strcmp(c, "right") && s->at_zone + 1 < s->nzone)
    s->at_zone++;
  else
    return !strcmp(c, "right");
  return true;
}

static enum sl_handled lake_command(struct sl_view *v, const char *command)
{
  struct lake_state *s = sl_view_state(v);
  if (lake_move(s, command))
    return SL_HANDLED;
  if (!strcmp(command, "enter"))
    lake_files(v, s, "table", "objects ");
  else if (!strcmp(command, "preview"))
    lake_files(v, s, "preview", "");
  else if (!strcmp(command, "freshness"))
    sl_view_go(v, "table", SL_STR("partitions"));
  else if (!strcmp(command, "jobs"))
    sl_view_go(v, "table", SL_STR("executions"));
  else
    return SL_IGNORED;
  return SL_HANDLED;
}

static void lake_count(struct sl_view *v, struct sl_buf *b)
{
  struct lake_state *s = sl_view_state(v);
  sl_count_put(b, s->nzone, "zones");
  sl_buf_z(b, "  ");
  sl_count_put(b, s->nday, "partitions");
}

/* The partition under the cursor in the chosen zone. */
static bool lake_subject(struct sl_view *v, struct sl_subject *out)
{
  struct lake_state *s = sl_view_state(v);
  if (s->at >= s->nday || s->at_zone >= s->nzone)
    return false;
  for (uint64_t i = 0; i < sl_pane_count(s->parts); i++) {
    const struct sl_batch *b;
    uint32_t row;
    if (!sl_str_eqz(text_of(s->parts, i, "zone"), s->zone[s->at_zone]) || !sl_str_eqz(text_of(s->parts, i, "partition"),
        s->day[s->at].name))
      continue;
    if (!sl_pane_row(s->parts, i, &b, &row))
      return false;
    *out = (struct sl_subject){ .res = &sl_res_partitions, .batch = b, .row = row };
    out->ref = (struct sl_ref){ sl_batch_conn(b, row), SL_STR("partitions"), sl_batch_id(b, row) };
    return true;
  }
  return false;
}

static void lake_cmdline(struct sl_view *v, struct sl_buf *b)
{
  (void)v;
  sl_buf_z(b, "get partitions");
}

static const struct sl_bind lake_binds[] = {
  {"preview", "v", "preview the partition's data"},
  {"freshness", "F", "every partition with when it was expected"},
  {"jobs", "J", "the executions that made these"},
};

const struct sl_view_ops sl_view_lake = {
  .name = "lake",
  .title = "lake",
  .help = "Zones side by side, a row a partition: did the data arrive, whole, and where did it stop. h and l choose the zone, Enter lists "
          "its files, v previews them. The lines below follow the partition through the zones.",
  .arg = "[PARTITION]",
  .binds = lake_binds, .nbinds = sizeof lake_binds / sizeof lake_binds[0],
  .hints = "enter preview freshness jobs describe",
  .state_size = sizeof(struct lake_state),
  .open = lake_open,
  .close = lake_close,
  .draw = lake_draw,
  .command = lake_command,
  .key = NULL,
  .crumb = NULL,
  .count = lake_count,
  .truth = NULL,
  .subject = lake_subject,
  .cmdline = lake_cmdline,
  .visible = NULL,
};
