/* model/lake.c: a zone's objects, added one by one, as partitions: those that are there, and those that should be.
 *
 * Partition names are read in UTC (base/layout), so that one step of a layout is one step of arithmetic; the moments that they stand for
 * are then looked up on the workspace's clock. */
#include "model/lake.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"

enum { PARTS_MAX = 1000000, MISSING_MAX = 1000, NAMES_MEM = 256 << 20 };

struct lake_part { struct sl_str name; size_t group_n; sl_ms civil; int64_t objects, bytes, rows; sl_ms newest; };

struct sl_lake_acc {
  struct sl_arena mem;
  const char *layout;
  size_t depth;                    /* folders that the layout spans */
  struct sl_cron cron;
  bool has_cron;
  double fresh_s;
  int64_t min_rows;
  const struct sl_tz *tz;
  sl_ms now;
  struct lake_part *parts;
  size_t nparts, capparts, last;   /* last: where the latest object went; nparts: nowhere */
  struct sl_map index;
  int64_t objects, bytes;
  sl_ms newest;
  const char *state;
  struct sl_lake_part *out;
  size_t nout, capout;
};

const struct sl_col sl_lake_own[2] = {
  { .name = "expected", .type = SL_TIME, .help = "when it was due" },
  { .name = "late_s", .type = SL_F64, .help = "how long it has been late", .unit = "s", .flags = SL_COL_LIVE },
};

/* ---- one step of the layout, in its own calendar ---- */

static sl_ms shifted(const struct sl_lake_acc *a, sl_ms civil, int by)
{
  int64_t step = sl_layout_step_ms(a->layout);
  if (step > 0)
    return civil + by * step;
  struct sl_civil c = sl_civil_of(civil, NULL);
  c.year += step == -2 ? by : 0;
  c.month += step == -1 ? by : 0;
  return sl_civil_to_ms(&c);
}

/* When what is named so begins, on the workspace's clock. */
static sl_ms moment(const struct sl_lake_acc *a, sl_ms civil)
{
  struct sl_civil c = sl_civil_of(civil, NULL);
  return sl_tz_to_ms(a->tz, &c);
}

/* The name's moment that `now` falls into. */
static bool civil_now(const struct sl_lake_acc *a, sl_ms *out, struct sl_err *err)
{
  struct sl_civil c = sl_civil_of(a->now, a->tz);
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_layout_format(&b, a->layout, sl_civil_to_ms(&c));
  bool ok = sl_buf_check(&b, err) == SL_OK && sl_layout_parse(a->layout, sl_buf_view(&b), out);
  sl_buf_free(&b);
  return ok;
}

static bool judged(const struct sl_lake_acc *a)
{
  return a->has_cron || a->fresh_s > 0;
}

/* When it is due; false: it is not expected at all. */
static bool due_at(const struct sl_lake_acc *a, sl_ms civil, sl_ms *at)
{
  sl_ms begin = moment(a, civil), end = moment(a, shifted(a, civil, 1));
  if (!a->has_cron) {
    *at = a->fresh_s > 0 ? begin + (sl_ms)(a->fresh_s * 1000) : end;
    return true;
  }
  *at = sl_cron_next(&a->cron, begin - 1, a->tz);
  return *at < end;
}

/* ---- adding ---- */

int sl_lake_begin(struct sl_lake_acc **out, const struct sl_zone *z, const struct sl_tz *tz, sl_ms now, struct sl_err *err)
{
  struct sl_lake_acc *a = sl_calloc(1, sizeof *a);
  *out = NULL;
  if (!a)
    return sl_err_nomem(err);
  sl_arena_init(&a->mem, NAMES_MEM);
  sl_map_init(&a->index);
  a->tz = tz;
  a->now = now;
  a->fresh_s = z->fresh_within_s;
  a->min_rows = z->min_rows;
  a->newest = SL_LAKE_NEVER;
  a->state = "unknown";
  int rc = z->schedule ? sl_cron_parse(&a->cron, sl_str(z->schedule), err) : SL_OK;
  a->has_cron = z->schedule && z->layout;
  if (!rc && z->layout) {
    a->layout = sl_arena_strndup(&a->mem, z->layout, strlen(z->layout));
    rc = a->layout ? SL_OK : sl_err_nomem(err);
    a->depth = 1;
    for (const char *p = z->layout; *p; p++)
      a->depth += *p == '/';
  }
  if (rc)
    sl_lake_free(a);
  else
    *out = a;
  return rc;
}

/* The end of the n-th folder of s that begins at `from`; 0: there are fewer. */
static size_t span_end(struct sl_str s, size_t from, size_t n)
{
  for (size_t i = from; i <= s.n; i++)
    if ((i == s.n || s.p[i] == '/') && --n == 0)
      return i;
  return 0;
}

/* The part of rel that names a partition, and where in it the layout's own begins. */
static bool match(const struct sl_lake_acc *a, struct sl_str rel, struct sl_str *name, size_t *group_n, sl_ms *civil)
{
  *group_n = 0;
  *civil = SL_LAKE_NEVER;
  if (!a->layout) {
    *name = sl_str_head(rel, span_end(rel, 0, 1));
    return name->n > 0;
  }
  for (size_t from = 0; from < rel.n;) {
    size_t end = span_end(rel, from, a->depth);
    if (!end)
      return false;
    if (sl_layout_parse(a->layout, sl_strn(rel.p + from, end - from), civil)) {
      *name = sl_str_head(rel, end);
      *group_n = from;
      return true;
    }
    from = span_end(rel, from, 1) + 1;
  }
  return false;
}

static int new_part(struct sl_lake_acc *a, struct sl_str name, size_t group_n, sl_ms civil, struct sl_err *err)
{
  void *p = a->parts;
  int rc = sl_grow(&p, &a->capparts, a->nparts + 1, sizeof *a->parts, PARTS_MAX, err);
  a->parts = p;
  if (rc == SL_ELIMIT)
    return sl_err_set(err, SL_ELIMIT, "more than %d partitions in one zone", PARTS_MAX);
  char *own = rc ? NULL : sl_arena_strndup(&a->mem, name.p, name.n);
  if (!own)
    return sl_err_nomem(err);
  rc = sl_map_put(&a->index, name, a->nparts, NULL, err);
  if (rc)
    return rc;
  a->parts[a->nparts] = (struct lake_part){ .name = sl_strn(own, name.n), .group_n = group_n, .civil = civil, .newest = SL_LAKE_NEVER };
  a->last = a->nparts++;
  return SL_OK;
}

/* Finds the partition of rel, a->last; listings come folder by folder, so it mostly is the one before. */
static int find_part(struct sl_lake_acc *a, struct sl_str rel, bool *found, struct sl_err *err)
{
  struct sl_str name;
  size_t group_n;
  sl_ms civil;
  uint64_t at;
  *found = true;
  if (a->last < a->nparts) {
    struct sl_str was = a->parts[a->last].name;
    if (sl_str_starts(rel, was) && rel.n > was.n && rel.p[was.n] == '/')
      return SL_OK;
  }
  *found = match(a, rel, &name, &group_n, &civil);
  if (!*found)
    return SL_OK;
  if (!sl_map_get(&a->index, name, &at))
    return new_part(a, name, group_n, civil, err);
  a->last = (size_t)at;
  return SL_OK;
}

int sl_lake_add(struct sl_lake_acc *a, struct sl_str rel, int64_t bytes, sl_ms modified, int64_t rows, struct sl_err *err)
{
  bool found, folder = rel.n && rel.p[rel.n - 1] == '/';
  while (rel.n && rel.p[0] == '/')
    rel = sl_str_from(rel, 1);
  if (!rel.n)
    return SL_OK;
  int rc = find_part(a, rel, &found, err);
  if (rc || folder)
    return rc;
  bytes = bytes < 0 ? 0 : bytes;
  a->objects++;
  a->bytes += bytes;
  a->newest = modified > a->newest ? modified : a->newest;
  if (!found)
    return SL_OK;
  struct lake_part *p = &a->parts[a->last];
  p->rows = rows < 0 || p->rows < 0 ? -1 : p->rows + rows;
  p->objects++;
  p->bytes += bytes;
  p->newest = modified > p->newest ? modified : p->newest;
  return SL_OK;
}

/* ---- judging ---- */

static int put(struct sl_lake_acc *a, const struct sl_lake_part *p, struct sl_err *err)
{
  void *v = a->out;
  int rc = sl_grow(&v, &a->capout, a->nout + 1, sizeof *a->out, 2 * (size_t)PARTS_MAX, err);
  a->out = v;
  if (rc)
    return rc;
  a->out[a->nout++] = *p;
  return SL_OK;
}

static int put_missing(struct sl_lake_acc *a, const struct lake_part *like, sl_ms civil, sl_ms due, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_str(&b, sl_str_head(like->name, like->group_n));
  sl_layout_format(&b, a->layout, civil);
  char *name = b.failed ? NULL : sl_arena_strndup(&a->mem, b.p, b.n);
  sl_buf_free(&b);
  if (!name)
    return sl_err_nomem(err);
  double late = due < a->now ? (double)(a->now - due) / 1000 : 0;
  return put(a, &(struct sl_lake_part){ .name = name, .day = moment(a, civil), .state = "missing", .rows = -1, .newest = SL_LAKE_NEVER,
                                        .expected = due, .late_s = late }, err);
}

/* The expected ones from `to` back to `from`, both left out; overdue: only those whose time has come. *n counts them, up to the cap. */
static int fill(struct sl_lake_acc *a, const struct lake_part *like, sl_ms from, sl_ms to, bool overdue, size_t *n, struct sl_err *err)
{
  size_t steps = 0;
  for (sl_ms d = shifted(a, to, -1); d > from && *n < MISSING_MAX && steps < 100 * (size_t)MISSING_MAX; d = shifted(a, d, -1), steps++) {
    sl_ms due;
    if (!due_at(a, d, &due) || (overdue && due > a->now))
      continue;
    ++*n;
    int rc = put_missing(a, like, d, due, err);
    if (rc)
      return rc;
  }
  return SL_OK;
}

static bool is_empty(const struct sl_lake_acc *a, const struct lake_part *p)
{
  return !p->objects || !p->bytes || (p->rows >= 0 && (p->rows == 0 || p->rows < a->min_rows));
}

static bool too_old(const struct sl_lake_acc *a, sl_ms newest)
{
  return a->fresh_s > 0 && newest != SL_LAKE_NEVER && (double)(a->now - newest) / 1000 > a->fresh_s;
}

/* newest: it is the newest that was due, so its age counts. */
static int put_present(struct sl_lake_acc *a, const struct lake_part *p, bool whole, bool newest, struct sl_err *err)
{
  struct sl_lake_part o = { .name = p->name.p, .day = p->civil == SL_LAKE_NEVER ? SL_LAKE_NEVER : moment(a, p->civil),
    .objects = p->objects, .bytes = p->bytes, .rows = p->objects ? p->rows : -1, .newest = p->newest, .expected = SL_LAKE_NEVER,
    .late_s = NAN };
  sl_ms due;
  if (a->layout && judged(a) && due_at(a, p->civil, &due)) {
    o.expected = due;
    o.late_s = 0;
  }
  bool old = newest && too_old(a, p->newest);
  if (!whole)
    o.state = "unknown";
  else if (is_empty(a, p))
    o.state = "empty";
  else
    o.state = old ? "stale" : judged(a) ? "fresh" : "unknown";
  if (whole && old)
    o.late_s = (double)(a->now - p->newest) / 1000 - a->fresh_s;
  return put(a, &o, err);
}

static int by_series(const void *x, const void *y)
{
  const struct lake_part *p = x, *q = y;
  int c = sl_str_cmp(sl_str_head(p->name, p->group_n), sl_str_head(q->name, q->group_n));
  if (c)
    return c;
  return p->civil != q->civil ? (p->civil < q->civil ? -1 : 1) : sl_str_cmp(p->name, q->name);
}

static bool same_series(const struct lake_part *p, const struct lake_part *q)
{
  return sl_str_eq(sl_str_head(p->name, p->group_n), sl_str_head(q->name, q->group_n));
}

/* Partitions of one series (all that lies below one folder), oldest first. */
static int judge_series(struct sl_lake_acc *a, const struct lake_part *p, size_t n, bool whole, struct sl_err *err)
{
  size_t overdue = 0;
  int rc = SL_OK;
  sl_ms today;
  if (whole && a->layout && judged(a)) {
    if (!civil_now(a, &today, err))
      return err ? err->code : SL_ENOMEM;
    rc = fill(a, &p[n - 1], p[n - 1].civil, shifted(a, today, 1), true, &overdue, err);
  }
  size_t missing = overdue;
  for (size_t i = n; i-- > 0 && !rc;) {
    /* Without a layout nothing says which folder comes next: what came last speaks for the zone. */
    bool newest = a->layout ? i == n - 1 && !overdue : p[i].newest == a->newest;
    rc = put_present(a, &p[i], whole, newest, err);
    if (!rc && i && whole && a->layout)
      rc = fill(a, &p[i], p[i - 1].civil, p[i].civil, false, &missing, err);
  }
  return rc;
}

static int newest_first(const void *x, const void *y)
{
  const struct sl_lake_part *p = x, *q = y;
  if (p->day != q->day)
    return p->day > q->day ? -1 : 1;
  if (p->day == SL_LAKE_NEVER && p->newest != q->newest)
    return p->newest > q->newest ? -1 : 1;
  return strcmp(p->name, q->name);
}

static const char *zone_state(const struct sl_lake_acc *a, bool whole)
{
  bool missing = false;
  for (size_t i = 0; i < a->nout && !missing; i++)
    missing = !strcmp(a->out[i].state, "missing");
  if (!whole)
    return "unknown";
  if (!a->objects)
    return "empty";
  if (too_old(a, a->newest))
    return "stale";
  return missing ? "missing" : judged(a) ? "fresh" : "unknown";
}

int sl_lake_end(struct sl_lake_acc *a, bool whole, const struct sl_lake_part **parts, size_t *n, struct sl_err *err)
{
  int rc = SL_OK;
  a->nout = 0;
  a->last = SIZE_MAX; /* places change */
  if (a->nparts)
    qsort(a->parts, a->nparts, sizeof *a->parts, by_series);
  for (size_t i = 0, end; i < a->nparts && !rc; i = end) {
    for (end = i + 1; end < a->nparts && same_series(&a->parts[i], &a->parts[end]);)
      end++;
    rc = judge_series(a, &a->parts[i], end - i, whole, err);
  }
  if (rc)
    return rc;
  if (a->nout)
    qsort(a->out, a->nout, sizeof *a->out, newest_first);
  a->state = zone_state(a, whole);
  *parts = a->out;
  *n = a->nout;
  return SL_OK;
}

struct sl_lake_zone sl_lake_zone_of(const struct sl_lake_acc *a)
{
  double age = a->newest == SL_LAKE_NEVER ? NAN : (double)(a->now - a->newest) / 1000;
  return (struct sl_lake_zone){ .state = a->state, .newest = a->newest, .age_s = age, .objects = a->objects, .bytes = a->bytes };
}

void sl_lake_free(struct sl_lake_acc *a)
{
  if (!a)
    return;
  sl_map_free(&a->index);
  sl_arena_free(&a->mem);
  sl_free(a->parts);
  sl_free(a->out);
  sl_free(a);
}
