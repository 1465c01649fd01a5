/* judge/files.c: see files.h. Each run's folders are listed one after the other, all runs side by side; one that cannot be listed or read
 * is said as such beside the others. */
#include "judge/files.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"

enum { READ_MAX = 64 << 20, FILES = 5000, FOLDERS = 400, PATH = 4096 };

struct found { struct sl_str path; int64_t bytes[SL_ART_RUNS]; };   /* -2: it is not there; -1: its size is not known */
struct run_files {
  struct judge_files *up;
  struct sl_str id;
  sl_watch watch;
  /* one file */
  struct sl_buf head;
  struct sl_sha256_ctx *sha;
  struct sl_art_side side;
  char why[sizeof ((struct sl_err *)NULL)->msg];
  uint64_t got;
  /* a folder: those that are still to be listed */
  char **todo; size_t ntodo, cap_todo, folders;
  struct sl_err err;
};
struct judge_files {
  struct sl_ws *w;
  judge_files_fn *fn;
  void *user;
  struct sl_arena mem;
  struct sl_str path;                 /* without slashes at its end */
  bool lists, cut, starting;
  struct run_files run[SL_ART_RUNS]; size_t n, left;
  struct found *found; size_t nfound, cap_found;
  struct sl_map at;                   /* path -> found */
};

bool judge_files_cut(const struct judge_files *f) { return f->cut; }

void judge_files_free(struct judge_files *f)
{
  if (!f)
    return;
  for (size_t i = 0; i < f->n; i++) {
    struct run_files *r = &f->run[i];
    if (r->watch.v)
      sl_ws_unwatch(f->w, r->watch);
    if (r->sha)
      (void)sl_sha256_end(&r->sha);
    sl_buf_free(&r->head);
    for (size_t k = 0; k < r->ntodo; k++)
      sl_free(r->todo[k]);
    sl_free(r->todo);
  }
  sl_map_free(&f->at);
  sl_free(f->found);
  sl_arena_free(&f->mem);
  sl_free(f);
}

/* ---- the end: one answer that counts is enough ---- */

static bool of_use(const struct judge_files *f, const struct run_files *r)
{
  return f->lists ? !r->err.code || r->err.code == SL_ENOENT : !r->side.why;
}

static void one_done(struct run_files *r)
{
  struct judge_files *f = r->up;
  bool any = false;
  if (--f->left || f->starting)
    return;
  for (size_t i = 0; i < f->n; i++)
    any = any || of_use(f, &f->run[i]);
  struct sl_err e = f->run[0].err;
  f->fn(f->user, any ? SL_OK : e.code, &e);
}

/* ---- one file ---- */

static int on_bytes(void *user, uint64_t off, const void *p, size_t n)
{
  struct run_files *r = user;
  size_t room = r->head.n < SL_ART_HEAD ? SL_ART_HEAD - r->head.n : 0;
  (void)off;
  if (room)
    sl_buf_add(&r->head, p, n < room ? n : room);
  sl_sha256_add(r->sha, p, n);
  r->got += n;
  return r->head.failed;
}

static void on_read(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct run_files *r = user;
  r->watch.v = 0;
  struct sl_sha256 d = sl_sha256_end(&r->sha);
  if (rc && err)
    r->err = *err;
  r->side.there = !rc;
  r->side.size = size >= 0 ? size : r->got < READ_MAX ? (int64_t)r->got : -1;
  r->side.head = sl_buf_view(&r->head);
  if (!rc && r->side.size == (int64_t)r->got)
    sl_sha256_hex(&d, r->side.sha256);
  if (rc && rc != SL_ENOENT) {
    snprintf(r->why, sizeof r->why, "%s", err && err->msg[0] ? err->msg : sl_code_words(rc));
    r->side.why = r->why;
  }
  one_done(r);
}

static int read_one(struct run_files *r, struct sl_err *err)
{
  static const struct sl_bytes_fn fn = { .data = on_bytes, .done = on_read };
  struct sl_buf uri;
  sl_buf_init(&uri, 2 * PATH);
  sl_buf_init(&r->head, SL_ART_HEAD + 64);
  sl_buf_printf(&uri, "runs:/%.*s/%.*s", SL_ARG(r->id), SL_ARG(r->up->path));
  int rc = sl_buf_check(&uri, err);
  rc = rc ? rc : sl_sha256_open(&r->sha, err);
  rc = rc ? rc : sl_ws_bytes(r->up->w, sl_buf_view(&uri), 0, READ_MAX, &fn, r, &r->watch, err);
  sl_buf_free(&uri);
  return rc;
}

/* ---- a folder ---- */

static int todo_add(struct run_files *r, struct sl_str folder, struct sl_err *err)
{
  if (r->folders + r->ntodo >= FOLDERS) {
    r->up->cut = true;
    return SL_OK;
  }
  int rc = sl_grow((void **)&r->todo, &r->cap_todo, r->ntodo + 1, sizeof *r->todo, FOLDERS, err);
  char *copy = rc ? NULL : sl_strndup(folder.p, folder.n);
  if (!rc && !copy)
    rc = sl_err_nomem(err);
  if (!rc)
    r->todo[r->ntodo++] = copy;
  return rc;
}

static int found_add(struct run_files *r, struct sl_str path, int64_t bytes, struct sl_err *err)
{
  struct judge_files *f = r->up;
  uint64_t at = f->nfound;
  int rc = SL_OK;
  if (!sl_map_get(&f->at, path, &at)) {
    if (f->nfound == FILES) {
      f->cut = true;
      return SL_OK;
    }
    rc = sl_grow((void **)&f->found, &f->cap_found, f->nfound + 1, sizeof *f->found, FILES, err);
    char *copy = rc ? NULL : sl_arena_strndup(&f->mem, path.p, path.n);
    if (!rc && !copy)
      rc = sl_err_nomem(err);
    rc = rc ? rc : sl_map_put(&f->at, path, at, NULL, err);
    if (rc)
      return rc;
    f->found[f->nfound++].path = sl_strn(copy, path.n);
    for (size_t i = 0; i < SL_ART_RUNS; i++)
      f->found[at].bytes[i] = -2;
  }
  f->found[at].bytes[r - f->run] = bytes;
  return rc;
}

static struct sl_val cell(const struct sl_batch *b, uint32_t row, const char *col)
{
  int i = sl_schema_find(sl_batch_schema(b), sl_str(col));
  return i < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)i);
}

/* The address is runs:/ID/PATH; whatever else it may be is not followed. */
static int row_take(struct run_files *r, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_val uri = cell(b, row, "uri"), kind = cell(b, row, "kind"), bytes = cell(b, row, "bytes");
  struct sl_str path = uri.null ? SL_STR_NONE : uri.u.s, head = SL_STR("runs:/");
  if (!sl_str_starts(path, head) || !sl_str_starts(sl_str_from(path, head.n), r->id))
    return SL_OK;
  path = sl_str_from(path, head.n + r->id.n);
  while (path.n && path.p[0] == '/')
    path = sl_str_from(path, 1);
  bool folder = !kind.null && sl_str_eqz(kind.u.s, "prefix");
  while (path.n && path.p[path.n - 1] == '/')
    path.n--;
  if (!path.n || path.n > PATH)
    return SL_OK;
  return folder ? todo_add(r, path, err) : found_add(r, path, bytes.null ? -1 : bytes.u.i, err);
}

static int snap_take(struct run_files *r, struct sl_snap *snap, struct sl_err *err)
{
  uint64_t n = sl_snap_count(snap);
  int rc = SL_OK;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++)
      rc = row_take(r, b, i, err);
    sl_batch_unref(b);
  }
  return rc;
}

static void list_next(struct run_files *r);

static void on_list(void *user, sl_watch id, const struct sl_answer *a)
{
  struct run_files *r = user;
  (void)id;
  if (!a->done)
    return;
  r->watch.v = 0;
  for (size_t i = 0; i < a->nsrc; i++) {
    if (a->src[i].state == SL_FAILED && !r->err.code)
      r->err = a->src[i].err;
    r->up->cut = r->up->cut || a->src[i].state == SL_CUT;
  }
  if (a->snap && !r->err.code && snap_take(r, a->snap, &r->err) && !r->err.code)
    (void)sl_err_nomem(&r->err);
  list_next(r);
}

static void list_next(struct run_files *r)
{
  struct sl_buf uri;
  struct sl_query *q = NULL;
  if (r->err.code || !r->ntodo) {
    one_done(r);
    return;
  }
  char *folder = r->todo[--r->ntodo];
  r->folders++;
  sl_buf_init(&uri, 2 * PATH);
  sl_buf_printf(&uri, "runs:/%.*s%s%s", SL_ARG(r->id), *folder ? "/" : "", folder);
  struct sl_query like = { .res = &sl_res_objects, .kind = SL_Q_LIST, .scope = sl_buf_view(&uri), .no_cap = true };
  int rc = sl_buf_check(&uri, &r->err);
  rc = rc ? rc : sl_query_new(&q, &like, &r->err);
  rc = rc ? rc : sl_ws_query(r->up->w, q, true, on_list, r, &r->watch, &r->err);
  sl_query_unref(q);
  sl_buf_free(&uri);
  sl_free(folder);
  if (rc)
    one_done(r);
}

/* ---- start ---- */

static int begin(struct judge_files *f, struct sl_str ids, struct sl_str path, struct sl_err *err)
{
  struct sl_str id;
  while (f->n < SL_ART_RUNS && sl_list_next(&ids, &id)) {
    char *copy = sl_arena_strndup(&f->mem, id.p, id.n);
    if (!copy)
      return sl_err_nomem(err);
    f->run[f->n++] = (struct run_files){ .up = f, .id = sl_strn(copy, id.n) };
  }
  if (sl_list_next(&ids, &id))
    return sl_err_set(err, SL_EUSAGE, "files of at most %d runs are compared: name fewer", SL_ART_RUNS);
  f->lists = sl_str_eqz(path, ".") || sl_str_ends(path, SL_STR("/"));
  path = sl_str_eqz(path, ".") ? SL_STR("") : path;
  while (path.n && path.p[path.n - 1] == '/')
    path.n--;
  while (path.n && path.p[0] == '/')
    path = sl_str_from(path, 1);
  if ((!path.n && !f->lists) || path.n > PATH)
    return sl_err_set(err, SL_EUSAGE, "no file is called `%.*s`", SL_ARG(sl_str_head(path, 60)));
  char *copy = sl_arena_strndup(&f->mem, path.n ? path.p : "", path.n);
  f->path = sl_strn(copy, path.n);
  return copy ? SL_OK : sl_err_nomem(err);
}

static int start_all(struct judge_files *f, struct sl_err *err)
{
  int rc = SL_OK;
  f->left = f->n;
  f->starting = true;
  for (size_t i = 0; i < f->n && !rc; i++)
    rc = f->lists ? todo_add(&f->run[i], f->path, err) : read_one(&f->run[i], err);
  for (size_t i = 0; f->lists && i < f->n && !rc; i++)
    list_next(&f->run[i]);
  f->starting = false;
  if (rc || f->left)
    return rc;
  if (err)
    *err = f->run[0].err; /* nobody could even be asked */
  return f->run[0].err.code ? f->run[0].err.code : sl_err_nomem(err);
}

int judge_files_start(struct judge_files **out, struct sl_ws *w, struct sl_str ids, struct sl_str path, judge_files_fn *fn, void *user,
                      struct sl_err *err)
{
  struct judge_files *f = *out = sl_calloc(1, sizeof *f);
  if (!f)
    return sl_err_nomem(err);
  *f = (struct judge_files){ .w = w, .fn = fn, .user = user };
  sl_arena_init(&f->mem, 0);
  sl_map_init(&f->at);
  int rc = begin(f, ids, path, err);
  rc = rc ? rc : start_all(f, err);
  if (rc) {
    judge_files_free(f);
    *out = NULL;
  }
  return rc;
}

/* ---- in the lane ---- */

static int by_path(const void *a, const void *b)
{
  return sl_str_cmp(((const struct found *)a)->path, ((const struct found *)b)->path);
}

static int list_rows(const struct judge_files *f, sl_art_fn *fn, void *user, struct sl_err *err)
{
  char text[SL_ART_RUNS][24];
  struct sl_str cells[SL_ART_RUNS];
  int rc = SL_OK;
  if (f->nfound)
    qsort(f->found, f->nfound, sizeof *f->found, by_path);
  for (size_t i = 0; i < f->nfound && !rc; i++) {
    const struct found *x = &f->found[i];
    bool same = true;
    for (size_t k = 0; k < f->n; k++) {
      int n = snprintf(text[k], sizeof text[k], "%lld", (long long)x->bytes[k]);
      cells[k] = x->bytes[k] == -2 ? SL_STR_NONE : x->bytes[k] == -1 ? SL_STR("\"?\"") : sl_strn(text[k], (size_t)n);
      same = same && x->bytes[k] == x->bytes[0] && x->bytes[k] >= 0;
    }
    rc = fn(user, &(struct sl_art_row){ .kind = "artifact", .name = x->path, .cell = cells, .same = same }, err);
  }
  return rc;
}

int judge_files_rows(const struct judge_files *f, const atomic_bool *cancel, sl_art_fn *fn, void *user, struct sl_err *err)
{
  struct sl_art_side side[SL_ART_RUNS];
  if (f->lists)
    return list_rows(f, fn, user, err);
  for (size_t i = 0; i < f->n; i++)
    side[i] = f->run[i].side;
  return sl_art_compare(side, f->n, cancel, fn, user, err);
}
