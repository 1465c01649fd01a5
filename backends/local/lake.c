/* backends/local/lake.c: zones and partitions of folders: every file of a zone, handed to the model's judge. */
#include <errno.h>
#include <stdio.h>

#include "backend_local/local_int.h"
#include "model/lake.h"

enum { COUNT_BUDGET = 64 << 20 };

struct listing {
  struct local_ask *a;
  struct sl_feed *f;
  struct sl_lake_acc *acc;
  const struct sl_zone *z;
  struct sl_buf path;                 /* of the file, for the rows that are known of it */
  bool whole;
  int64_t budget;
};

static void cut_short(struct sl_feed *f, const char *what, struct sl_str name, int errnum)
{
  char note[SL_NOTE_MAX];
  struct sl_err e = { 0 };
  if (errnum == EXDEV)
    sl_err_set(&e, SL_EDENIED, "a link out of its zone");
  else
    sl_err_sys(&e, errnum, "%s", what);
  snprintf(note, sizeof note, "%.100s/: %.150s", name.n > 100 ? name.p + name.n - 100 : name.p, e.msg);
  sl_feed_cut(f, note);
}

static void on_unreadable(void *user, struct sl_str rel, int errnum)
{
  struct listing *l = user;
  struct sl_buf name;
  l->whole = false;
  sl_buf_init(&name, 64 << 10);
  sl_buf_printf(&name, "%s%s%.*s", l->z->name, rel.n ? "/" : "", SL_ARG(rel));
  cut_short(l->f, "cannot be read", name.failed ? rel : sl_buf_view(&name), errnum);
  sl_buf_free(&name);
}

static int on_entry(void *user, const struct local_entry *e, struct sl_err *err)
{
  struct listing *l = user;
  if (e->folder) { /* makes an empty partition known */
    sl_buf_clear(&l->path);
    sl_buf_str(&l->path, e->rel);
    sl_buf_ch(&l->path, '/');
    int rc = sl_buf_check(&l->path, err);
    return rc ? rc : sl_lake_add(l->acc, sl_buf_view(&l->path), 0, SL_LAKE_NEVER, -1, err);
  }
  sl_buf_clear(&l->path);
  sl_buf_str(&l->path, local_zone_path(l->z));
  sl_buf_ch(&l->path, '/');
  sl_buf_str(&l->path, e->rel);
  int64_t rows = l->path.failed ? -1 : local_rows_of(l->a->s->rows, sl_buf_view(&l->path), e, &l->budget);
  return sl_lake_add(l->acc, e->rel, e->known ? e->bytes : 0, e->known ? local_entry_ms(e) : SL_LAKE_NEVER, rows, err);
}

/* A folder that is not there yet is an empty zone, not a broken one. */
static int list_zone(struct listing *l, const struct sl_lake_part **parts, size_t *n, struct sl_err *err)
{
  struct local_ask *a = l->a;
  const struct local_bounds in = local_bounds(a->s, a->conf);
  struct local_walk w = { .entry = on_entry, .unreadable = on_unreadable, .user = l, .feed = l->f, .in = &in, .deep = true };
  struct sl_err e = { 0 };
  l->whole = true;
  l->budget = COUNT_BUDGET;
  int rc = sl_lake_begin(&l->acc, l->z, sl_ws_conf_tz(a->conf), a->now, err);
  if (rc)
    return rc;
  struct sl_str top = local_zone_path(l->z);
  char *path = sl_strndup(top.p, top.n);
  rc = path ? local_walk(path, &w, &e) : sl_err_nomem(&e);
  sl_free(path);
  if (rc == SL_EDENIED || rc == SL_EIO) {
    l->whole = false;
    local_cut(l->f, e.msg);
    rc = SL_OK;
  } else if (rc == SL_ENOENT) {
    rc = SL_OK;
  } else if (rc) {
    return sl_err_set(err, rc, "%s", e.msg);
  }
  return sl_lake_end(l->acc, l->whole, parts, n, err);
}

typedef int rows_of_zone(struct listing *l, struct sl_rower *w, const struct sl_lake_part *parts, size_t n);

static int each_zone(struct local_ask *a, struct sl_feed *f, struct sl_str zone, rows_of_zone *put, struct sl_err *err)
{
  struct sl_rower w;
  size_t nz = 0, known = 0;
  const struct sl_zone *z = a->conf ? sl_ws_conf_zones(a->conf, &nz) : NULL;
  for (size_t i = 0; i < nz; i++)
    known += sl_str_eqz(zone, z[i].name);
  if (zone.n && !known)
    return sl_err_set(err, SL_ENOENT, "this workspace has no zone %.*s", SL_ARG(zone));
  int rc = sl_feed_head(f, NULL, 0, -1);
  if (rc || (rc = sl_rower_begin(&w, f, NULL, err)))
    return rc;
  local_rows_load(a->s->rows);
  for (size_t i = 0; i < nz && !rc; i++) {
    if ((zone.n && !sl_str_eqz(zone, z[i].name)) || !local_zone_ours(a, &z[i]))
      continue;
    struct listing l = { .a = a, .f = f, .z = &z[i] };
    const struct sl_lake_part *parts = NULL;
    size_t n = 0;
    sl_buf_init(&l.path, 1 << 20);
    rc = list_zone(&l, &parts, &n, err);
    if (!rc)
      rc = put(&l, &w, parts, n);
    sl_lake_free(l.acc);
    sl_buf_free(&l.path);
  }
  if (!rc)
    return sl_rower_end(&w, err);
  sl_rower_abort(&w);
  return rc;
}

/* ---- zones ---- */

static struct sl_val when(sl_ms t)
{
  return t == SL_LAKE_NEVER ? sl_null(SL_TIME) : sl_vt(t);
}

static struct sl_val seconds(double s)
{
  return s == s ? sl_vf(s) : sl_null(SL_F64);
}

static int put_zone(struct listing *l, struct sl_rower *w, const struct sl_lake_part *parts, size_t n)
{
  (void)parts;
  (void)n;
  struct sl_lake_zone o = sl_lake_zone_of(l->acc);
  int rc = sl_rower_row(w, SL_PUT, sl_str(l->z->name));
  struct sl_batch *b = sl_rower_batch(w);
  if (rc)
    return rc;
  sl_batch_set(b, 0, sl_vz(l->z->name));
  sl_batch_set(b, 1, sl_vas(SL_URI, sl_str(l->z->uri)));
  sl_batch_set(b, 2, sl_vas(SL_STATE, sl_str(o.state)));
  sl_batch_set(b, 3, when(o.newest));
  sl_batch_set(b, 4, seconds(o.age_s));
  if (l->z->fresh_within_s > 0)
    sl_batch_set(b, 5, sl_vf(l->z->fresh_within_s));
  sl_batch_set(b, 6, sl_vi(o.objects));
  sl_batch_set(b, 7, sl_vi(o.bytes));
  return SL_OK;
}

static int zones_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  return each_zone(a, f, a->q->kind == SL_Q_GET ? a->q->scope : SL_STR_NONE, put_zone, err);
}
LOCAL_ASK(zones_query, zones_work)

const struct sl_serve local_zones = { .res = &sl_res_zones, .query = zones_query };

/* ---- partitions ---- */

static int put_parts(struct listing *l, struct sl_rower *w, const struct sl_lake_part *parts, size_t n)
{
  struct sl_buf id;
  bool get = l->a->q->kind == SL_Q_GET;
  int rc = SL_OK;
  sl_buf_init(&id, 1 << 20);
  for (size_t i = 0; i < n && !rc; i++) {
    const struct sl_lake_part *p = &parts[i];
    sl_buf_clear(&id);
    sl_buf_printf(&id, "%s/%s", l->z->name, p->name);
    if (get && !sl_str_eq(sl_buf_view(&id), l->a->q->scope))
      continue;
    rc = id.failed ? id.failed : sl_rower_row(w, SL_PUT, sl_buf_view(&id));
    struct sl_batch *b = sl_rower_batch(w);
    if (rc)
      break;
    sl_batch_set(b, 0, sl_vz(l->z->name));
    sl_batch_set(b, 1, sl_vz(p->name));
    sl_batch_set(b, 2, sl_vas(SL_STATE, sl_str(p->state)));
    sl_batch_set(b, 3, sl_vi(p->objects));
    sl_batch_set(b, 4, sl_vi(p->bytes));
    if (p->rows >= 0)
      sl_batch_set(b, 5, sl_vi(p->rows));
    sl_batch_set(b, 6, when(p->newest));
    sl_batch_set(b, 7, when(p->expected));
    sl_batch_set(b, 8, seconds(p->late_s));
  }
  sl_buf_free(&id);
  return rc;
}

static int partitions_work(struct sl_feed *f, void *user, struct sl_err *err)
{
  struct local_ask *a = user;
  struct sl_str zone = a->q->scope, rest = zone;
  if (a->q->kind == SL_Q_GET)
    sl_str_cut(&rest, '/', &zone);
  return each_zone(a, f, zone, put_parts, err);
}
LOCAL_ASK(partitions_query, partitions_work)

const struct sl_serve local_partitions = { .res = &sl_res_partitions, .own = sl_lake_own, .nown = 2, .query = partitions_query };
