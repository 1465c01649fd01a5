/* views/lake_days.c: rows of four resources into days by zones. What is unusual is judged here: only days side by side show it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "views/lake_int.h"

enum { COUNT_PARTS = 500, KNOWN_MAX = 6000, FEW = 3, RUNS_LOOK = 5000 };

/* ---- cells of rows ---- */

struct sl_val lake_val(struct sl_pane *p, uint64_t i, const char *col, enum sl_type type)
{
  struct sl_val v = sl_pane_val(p, i, col);
  return !v.null && v.type == type ? v : sl_null(type);
}

struct sl_str lake_text(struct sl_pane *p, uint64_t i, const char *col)
{
  struct sl_val v = sl_pane_val(p, i, col);
  bool text = !v.null && (v.type == SL_TEXT || v.type == SL_STATE || v.type == SL_URI || v.type == SL_REF);
  return text ? v.u.s : SL_STR("");
}

static int64_t int_of(struct sl_pane *p, uint64_t i, const char *col)
{
  struct sl_val v = lake_val(p, i, col, SL_I64);
  return v.null ? -1 : v.u.i;
}

static int zone_index(const struct lake_state *s, struct sl_str name)
{
  for (size_t i = 0; i < s->nzone; i++)
    if (sl_str_eqz(name, s->zone[i]))
      return (int)i;
  return -1;
}

static struct lake_day *day_of(struct lake_state *s, struct sl_str name)
{
  for (size_t i = s->nday; i-- > 0;)
    if (sl_str_eqz(name, s->day[i].name))
      return &s->day[i];
  if (sl_grow((void **)&s->day, &s->cap, s->nday + 1, sizeof *s->day, LAKE_DAYS, NULL))
    return NULL;
  struct lake_day *d = &s->day[s->nday++];
  memset(d, 0, sizeof *d);
  snprintf(d->name, sizeof d->name, "%.*s", SL_ARG(name));
  return d;
}

/* Days first; files that lie loose in a zone after them. */
static int newest_first(const void *a, const void *b)
{
  const struct lake_day *x = a, *y = b;
  int loose = !strchr(x->name, '=') - !strchr(y->name, '=');
  return loose ? loose : strcmp(y->name, x->name);
}

/* ---- what is usual ---- */

static int by_size(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static int64_t median_of(const struct lake_state *s, size_t zone, bool rows, int64_t *room)
{
  size_t n = 0;
  for (size_t i = 0; i < s->nday; i++) {
    const struct lake_cell *c = &s->day[i].zone[zone];
    int64_t v = rows ? c->rows : c->bytes;
    if (c->there && c->objects > 0 && v > 0)
      room[n++] = v;
  }
  if (n < FEW)
    return -1;
  qsort(room, n, sizeof *room, by_size);
  return room[n / 2];
}

static void usual_learn(struct lake_state *s)
{
  int64_t *room = sl_calloc(s->nday + 1, sizeof *room);
  for (size_t z = 0; z < s->nzone; z++) {
    size_t there = 0;
    s->counted[z] = false;
    for (size_t i = 0; i < s->nday; i++) {
      there += s->day[i].zone[z].there;
      s->counted[z] = s->counted[z] || s->day[i].zone[z].rows >= 0;
    }
    s->daily[z] = there * 2 > s->nday;
    s->usual_rows[z] = room ? median_of(s, z, true, room) : -1;
    s->usual_bytes[z] = room ? median_of(s, z, false, room) : -1;
  }
  sl_free(room);
}

bool lake_change(const struct lake_state *s, size_t zone, const struct lake_cell *c, double *share)
{
  bool rows = c->rows >= 0 && s->usual_rows[zone] > 0;
  int64_t is = rows ? c->rows : c->bytes, usual = rows ? s->usual_rows[zone] : s->usual_bytes[zone];
  if (!c->there || c->objects <= 0 || is < 0 || usual <= 0)
    return false;
  *share = (double)(is - usual) / (double)usual;
  return true;
}

/* ---- rows that the storage does not know: the footers of Parquet files tell, cheaply ---- */

static void known_drop(struct lake_state *s, const char *zone)
{
  size_t k = 0;
  for (size_t i = 0; i < s->nknown; i++)
    if (strcmp(s->known[i].zone, zone) != 0)
      s->known[k++] = s->known[i];
  s->nknown = k;
}

static void known_add(struct lake_state *s, size_t zone, struct sl_str part, int64_t rows)
{
  struct lake_known *k = NULL;
  for (size_t i = s->nknown; !k && i-- > 0;)
    if (!strcmp(s->known[i].zone, s->zone[zone]) && sl_str_eqz(part, s->known[i].part))
      k = &s->known[i];
  if (!k) {
    if (sl_grow((void **)&s->known, &s->known_cap, s->nknown + 1, sizeof *s->known, KNOWN_MAX, NULL))
      return;
    k = &s->known[s->nknown++];
    *k = (struct lake_known){ .files = 0 };
    snprintf(k->zone, sizeof k->zone, "%s", s->zone[zone]);
    snprintf(k->part, sizeof k->part, "%.*s", SL_ARG(part));
  }
  k->files++;
  k->rows += rows;
}

/* "/data/raw/dt=2026-11-20/part.parquet" in zone file:///data/raw: the day that it lies in. */
static void count_file(struct lake_state *s, size_t zone, struct sl_str file, int64_t rows)
{
  struct sl_str root = sl_str(s->uri[zone] + strlen("file://"));
  if (!sl_str_starts(file, root))
    return;
  struct sl_str rel = sl_str_from(file, root.n);
  rel = rel.n && rel.p[0] == '/' ? sl_str_from(rel, 1) : rel;
  for (size_t i = 0; i < s->nday; i++) {
    struct sl_str name = sl_str(s->day[i].name);
    if (sl_str_starts(rel, name) && rel.n > name.n && rel.p[name.n] == '/') {
      known_add(s, zone, name, rows);
      return;
    }
  }
}

static void known_apply(struct lake_state *s)
{
  for (size_t i = 0; i < s->nknown; i++) {
    const struct lake_known *k = &s->known[i];
    int z = zone_index(s, sl_str(k->zone));
    for (size_t d = 0; z >= 0 && d < s->nday; d++) {
      struct lake_cell *c = &s->day[d].zone[z];
      if (c->rows < 0 && c->objects == k->files && !strcmp(s->day[d].name, k->part))
        c->rows = k->rows;
    }
  }
}

static void on_counted(void *user, sl_watch id, const struct sl_answer *a)
{
  struct lake_count *c = user;
  struct lake_state *s = sl_view_state(c->v);
  size_t zone = (size_t)(c - s->count);
  (void)id;
  if (!a->done)
    return;
  c->id.v = 0;
  known_drop(s, s->zone[zone]);
  for (uint64_t at = 0, n = a->snap && zone < s->nzone ? sl_snap_count(a->snap) : 0; at < n;) {
    struct sl_batch *b = NULL;
    if (sl_snap_page(a->snap, at, SL_BATCH_ROWS, &b, NULL, NULL, NULL) || !sl_batch_count(b)) {
      sl_batch_unref(b);
      break; /* on the disk: then without */
    }
    for (uint32_t r = 0; r < sl_batch_count(b); r++) {
      struct sl_val file = sl_batch_get(b, r, 0), rows = sl_batch_get(b, r, 1);
      if (!file.null && !rows.null && file.type == SL_TEXT && rows.type == SL_I64)
        count_file(s, zone, file.u.s, rows.u.i);
    }
    at += sl_batch_count(b);
    sl_batch_unref(b);
  }
  known_apply(s);
  usual_learn(s);
  sl_view_dirty(c->v);
}

static void count_ask(struct sl_view *v, struct lake_state *s, size_t zone)
{
  struct lake_count *c = &s->count[zone];
  struct sl_query like = {.res = &sl_res_rows, .kind = SL_Q_SQL, .conn = SL_STR("compute")}, *q = NULL;
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_buf_z(&b, "select file_name, num_rows from parquet_file_metadata('lake:");
  for (const char *p = s->zone[zone]; *p; p++) {
    sl_buf_ch(&b, *p);
    if (*p == '\'')
      sl_buf_ch(&b, *p);
  }
  sl_buf_z(&b, "/**/*.parquet')");
  like.scope = sl_buf_view(&b);
  c->v = v;
  if (!sl_query_new(&q, &like, NULL) && sl_ws_query(sl_view_ws(v), q, true, on_counted, c, &c->id, NULL))
    c->id.v = 0; /* no engine: bytes are shown */
  sl_query_unref(q);
  sl_buf_free(&b);
}

/* Asked once for what lies there, and again when that has changed. */
static void counts_want(struct sl_view *v, struct lake_state *s)
{
  if (s->nday > COUNT_PARTS)
    return;
  for (size_t z = 0; z < s->nzone; z++) {
    int64_t sum = 0;
    for (size_t i = 0; i < s->nday; i++) {
      const struct lake_cell *c = &s->day[i].zone[z];
      sum += c->there && c->rows < 0 && c->bytes > 0 ? c->bytes : 0;
    }
    if (!sum || sum == s->count[z].asked || s->count[z].id.v || strncmp(s->uri[z], "file://", 7) != 0)
      continue;
    s->count[z].asked = sum;
    count_ask(v, s, z);
  }
}

/* ---- partitions, zones ---- */

static void cell_read(struct lake_state *s, uint64_t i)
{
  int z = zone_index(s, lake_text(s->parts, i, "zone"));
  struct lake_day *d = z < 0 ? NULL : day_of(s, lake_text(s->parts, i, "partition"));
  if (!d)
    return;
  struct lake_cell *c = &d->zone[z];
  c->there = true;
  snprintf(c->state, sizeof c->state, "%.*s", SL_ARG(lake_text(s->parts, i, "state")));
  c->objects = int_of(s->parts, i, "objects");
  c->bytes = int_of(s->parts, i, "bytes");
  c->rows = int_of(s->parts, i, "rows");
}

static void parts_changed(struct sl_view *v, void *user)
{
  struct lake_state *s = sl_view_state(v);
  char keep[64] = "";
  (void)user;
  if (s->at < s->nday)
    snprintf(keep, sizeof keep, "%s", s->day[s->at].name);
  s->nday = 0;
  for (uint64_t i = 0; i < sl_pane_count(s->parts); i++)
    cell_read(s, i);
  if (s->nday)
    qsort(s->day, s->nday, sizeof *s->day, newest_first);
  const char *want = s->want[0] ? s->want : keep;
  for (size_t i = 0; i < s->nday; i++)
    if (!strcmp(s->day[i].name, want)) {
      s->at = i;
      s->want[0] = 0;
      break;
    }
  if (s->at >= s->nday)
    s->at = s->nday ? s->nday - 1 : 0;
  counts_want(v, s);
  known_apply(s);
  usual_learn(s);
}

/* Rows of zones in the order of the data's way, which is the workspace file's; only then can one say where a partition stopped. */
static size_t zones_in_order(struct sl_view *v, struct sl_pane *p, uint64_t row[LAKE_ZONES])
{
  size_t n = 0, rank[LAKE_ZONES];
  for (uint64_t i = 0; i < sl_pane_count(p); i++) {
    size_t r = sl_view_zone_rank(v, lake_text(p, i, "name")), at = n < LAKE_ZONES ? n++ : LAKE_ZONES;
    for (; at > 0 && rank[at - 1] > r; at--)
      if (at < LAKE_ZONES) {
        rank[at] = rank[at - 1];
        row[at] = row[at - 1];
      }
    if (at < LAKE_ZONES) {
      rank[at] = r;
      row[at] = i;
    }
  }
  return n;
}

static void counts_end(struct sl_view *v, struct lake_state *s)
{
  for (size_t z = 0; z < LAKE_ZONES; z++) {
    sl_ws_unwatch(sl_view_ws(v), s->count[z].id);
    s->count[z] = (struct lake_count){ .v = v };
  }
}

static void zones_changed(struct sl_view *v, void *user)
{
  struct lake_state *s = sl_view_state(v);
  uint64_t row[LAKE_ZONES];
  size_t n = zones_in_order(v, s->zones, row);
  bool same = n == s->nzone;
  for (size_t z = 0; same && z < n; z++)
    same = sl_str_eqz(lake_text(s->zones, row[z], "name"), s->zone[z]);
  if (!same)
    counts_end(v, s);
  s->nzone = n;
  for (size_t z = 0; z < s->nzone; z++) {
    snprintf(s->zone[z], sizeof s->zone[z], "%.*s", SL_ARG(lake_text(s->zones, row[z], "name")));
    snprintf(s->uri[z], sizeof s->uri[z], "%.*s", SL_ARG(lake_text(s->zones, row[z], "uri")));
    snprintf(s->zone_state[z], sizeof s->zone_state[z], "%.*s", SL_ARG(lake_text(s->zones, row[z], "state")));
  }
  int want = s->want_zone[0] ? zone_index(s, sl_str(s->want_zone)) : -1;
  if (want >= 0) {
    s->at_zone = (size_t)want;
    s->want_zone[0] = 0;
  }
  parts_changed(v, user);
}

/* ---- who wrote it ---- */

static bool list_has(struct sl_val v, const char *item)
{
  struct sl_str rest = v.null ? SL_STR_NONE : v.u.s, one;
  while (rest.n && sl_list_next(&rest, &one))
    if (sl_str_eqz(one, item))
      return true;
  return false;
}

bool lake_run(const struct lake_state *s, const char *zone, const char *part, uint64_t *row, struct sl_str *job)
{
  *job = SL_STR("");
  for (uint64_t i = 0; s->jobs && !job->n && i < sl_pane_count(s->jobs); i++)
    if (sl_str_eqz(lake_text(s->jobs, i, "writes"), zone))
      *job = lake_text(s->jobs, i, "name");
  for (uint64_t i = 0; s->runs && job->n && i < sl_pane_count(s->runs) && i < RUNS_LOOK; i++)
    if (sl_str_eq(lake_text(s->runs, i, "job"), *job) && list_has(lake_val(s->runs, i, "params", SL_LIST), part)) {
      *row = i; /* the newest come first */
      return true;
    }
  return false;
}

/* ---- open, close ---- */

static int pane_of(struct sl_pane **out, struct sl_view *v, const struct sl_resource *res, const char *order,
                   void (*changed)(struct sl_view *, void *), struct sl_err *err)
{
  struct sl_query like = {.res = res, .kind = SL_Q_LIST};
  int rc = order ? sl_order_parse(&like.order, sl_str(order), err) : SL_OK;
  if (!rc)
    rc = sl_pane_query(out, v, &like, changed, NULL, err);
  sl_order_unref(like.order);
  return rc;
}

int lake_days_open(struct sl_view *v, struct sl_err *err)
{
  struct lake_state *s = sl_view_state(v);
  int rc = pane_of(&s->zones, v, &sl_res_zones, NULL, zones_changed, err);
  if (!rc)
    rc = pane_of(&s->parts, v, &sl_res_partitions, NULL, parts_changed, err);
  if (rc)
    return rc;
  if (!sl_ws_serves(sl_view_ws(v), &sl_res_jobs)) /* a lake without jobs is a lake */
    return SL_OK;
  if (pane_of(&s->jobs, v, &sl_res_jobs, NULL, NULL, NULL) || pane_of(&s->runs, v, &sl_res_executions, "-started", NULL, NULL))
    sl_view_say(v, SL_ROLE_dim, "who wrote the partitions is not known");
  return SL_OK;
}

void lake_days_close(struct sl_view *v)
{
  struct lake_state *s = sl_view_state(v);
  counts_end(v, s);
  sl_pane_close(s->zones);
  sl_pane_close(s->parts);
  sl_pane_close(s->jobs);
  sl_pane_close(s->runs);
  sl_free(s->day);
  sl_free(s->known);
}
