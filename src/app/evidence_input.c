/* app/evidence_input.c: what evidence is computed from: listed, hashed byte by byte, copied where the box cannot reach it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/evidence_make.h"
#include "base/file.h"
#include "base/hash.h"

enum { DEPTH_MAX = 8, THIS_FOLDER = 1000 };

/* ---- one question ---- */

struct asking { bool done; int rc; struct sl_err err; struct sl_snap *snap; };

static void answered(void *user, sl_watch id, const struct sl_answer *a)
{
  struct asking *x = user;
  (void)id;
  if (!a->done || x->done)
    return;
  x->done = true;
  for (size_t i = 0; i < a->nsrc && !x->rc; i++)
    if (a->src[i].state == SL_FAILED)
      x->rc = sl_err_set(&x->err, a->src[i].err.code ? a->src[i].err.code : SL_EIO, "%s", a->src[i].err.msg);
    else if (a->src[i].state == SL_CUT)
      x->rc = sl_err_set(&x->err, SL_EPARTIAL, "%.*s: not all of it came: %s", SL_ARG(a->src[i].conn), a->src[i].note);
  if (!x->rc && a->snap)
    x->snap = sl_snap_ref(a->snap);
}

int sl_maker_ask(struct sl_session *s, const struct sl_query *like, struct sl_snap **out, struct sl_err *err)
{
  struct asking x = { .done = false };
  struct sl_query *q = NULL;
  sl_watch id = { 0 };
  *out = NULL;
  int rc = sl_query_new(&q, like, err);
  rc = rc ? rc : sl_ws_query(s->ws, q, true, answered, &x, &id, err);
  if (!rc) {
    rc = sl_session_wait(s, &x.done, err);
    sl_ws_unwatch(s->ws, id);
  }
  sl_query_unref(q);
  if (!rc && x.rc)
    *err = x.err;
  *out = x.snap;
  return rc ? rc : x.rc;
}

struct sl_val sl_maker_cell(const struct sl_batch *b, uint32_t row, const char *col)
{
  int c = b ? sl_schema_find(sl_batch_schema(b), sl_str(col)) : -1;
  return c < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)c);
}

/* ---- bytes: hashed, and kept where a copy is wanted ---- */

struct copying { struct sl_sha256_ctx *hash; int fd; int64_t got; bool done; int rc; struct sl_err err; };

static int write_all(int fd, struct sl_str s, struct sl_err *err)
{
  return sl_fd_write(fd, s) ? sl_err_sys(err, errno, "cannot keep a copy") : SL_OK;
}

static int on_data(void *user, uint64_t off, const void *p, size_t n)
{
  struct copying *x = user;
  (void)off;
  sl_sha256_add(x->hash, p, n);
  x->got += (int64_t)n;
  return x->fd < 0 ? SL_OK : x->rc ? x->rc : (x->rc = write_all(x->fd, sl_strn(p, n), &x->err));
}

static void on_done(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct copying *x = user;
  (void)size;
  if (!x->rc && rc) {
    x->rc = rc;
    if (err)
      x->err = *err;
  }
  x->done = true;
}

static int hash_one(struct sl_maker *k, struct sl_evidence_input *in, int fd, struct sl_err *err)
{
  static const struct sl_bytes_fn fn = { .data = on_data, .done = on_done };
  struct copying x = { .fd = fd };
  sl_watch id = { 0 };
  int rc = sl_sha256_open(&x.hash, err);
  if (rc)
    return rc;
  rc = sl_ws_bytes(k->s->ws, in->address, 0, UINT64_MAX, &fn, &x, &id, err);
  if (!rc) {
    rc = sl_session_wait(k->s, &x.done, err);
    sl_ws_unwatch(k->s->ws, id);
  }
  struct sl_sha256 d = sl_sha256_end(&x.hash);
  sl_sha256_hex(&d, in->sha256);
  if (!rc && x.rc)
    *err = x.err;
  rc = rc ? rc : x.rc;
  if (!rc && x.got != in->bytes)
    rc = sl_err_set(err, SL_ECONFLICT, "%.*s changed while it was read; run it again", SL_ARG(sl_str_head(in->address, 120)));
  return rc;
}

/* ---- copies ---- */

static int copies_dir(struct sl_maker *k, struct sl_err *err)
{
  if (k->dir)
    return SL_OK;
  char *dir = sl_path_join(sl_ws_state_dir(k->s->ws), "evidence"), *name = dir ? sl_path_join(dir, "copy-XXXXXX") : NULL;
  int rc = name ? sl_mkdirs(dir, 0700, err) : sl_err_nomem(err);
  if (!rc && !mkdtemp(name))
    rc = sl_err_sys(err, errno, "cannot make a folder in %s", dir);
  sl_free(dir);
  if (rc)
    sl_free(name);
  else
    k->dir = name;
  return rc;
}

/* Its own name, where that is plain: the ending says what it is. */
static const char *copy_name(const char *base)
{
  size_t n = strspn(base, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
  return *base && !base[n] && n <= 100 && *base != '.' ? base : "file";
}

static int copy_one(struct sl_maker *k, struct sl_evidence_input *in, char **path, struct sl_err *err)
{
  int rc = copies_dir(k, err);
  ptrdiff_t slash = sl_str_rchr(in->address, '/');
  const char *base = in->address.p + (slash < 0 ? 0 : slash + 1);   /* NUL-ended: of the arena */
  *path = rc ? NULL : sl_arena_printf(&k->mem, "%s/%zu-%s", k->dir, (size_t)(in - k->input), copy_name(base));
  if (!rc && !*path)
    rc = sl_err_nomem(err);
  int fd = rc ? -1 : open(*path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (!rc && fd < 0)
    rc = sl_err_sys(err, errno, "cannot keep a copy as %s", *path);
  rc = rc ? rc : hash_one(k, in, fd, err);
  if (fd >= 0)
    close(fd);
  return rc;
}

/* ---- lists ---- */

static struct sl_str keep(struct sl_maker *k, struct sl_str s, int *rc, struct sl_err *err)
{
  char *p = sl_arena_strndup(&k->mem, s.n ? s.p : "", s.n);
  if (!p && !*rc)
    *rc = sl_err_nomem(err);
  return sl_strn(p, p ? s.n : 0);
}

/* A row of `objects` as an input without its digest. */
static int as_input(struct sl_maker *k, const struct sl_batch *b, uint32_t row, struct sl_evidence_input *out, struct sl_err *err)
{
  struct sl_val uri = sl_maker_cell(b, row, "uri"), bytes = sl_maker_cell(b, row, "bytes"), at = sl_maker_cell(b, row, "modified");
  struct sl_val tag = sl_maker_cell(b, row, "etag");
  int rc = SL_OK;
  *out = (struct sl_evidence_input){ .address = keep(k, uri.u.s, &rc, err), .rows = -1, .bytes = bytes.null ? -1 : bytes.u.i,
                                     .modified = at.null ? 0 : at.u.i, .tag = keep(k, tag.null ? SL_STR("") : tag.u.s, &rc, err) };
  if (!rc && out->bytes < 0)
    rc = sl_err_set(err, SL_EUNSUP, "%.*s: its size is not known", SL_ARG(sl_str_head(out->address, 120)));
  return rc;
}

typedef int file_fn(void *user, const struct sl_evidence_input *in, struct sl_err *err);

/* Files at and below an address, in the order of their names. */
static int walk(struct sl_maker *k, struct sl_str address, unsigned depth, file_fn *fn, void *user, struct sl_err *err)
{
  struct sl_snap *snap = NULL;
  struct sl_query like = { .res = &sl_res_objects, .kind = SL_Q_LIST, .scope = address, .no_cap = true };
  if (depth > DEPTH_MAX && depth != THIS_FOLDER)
    return sl_err_set(err, SL_ELIMIT, "folders more than %d deep below %.*s", DEPTH_MAX, SL_ARG(sl_str_head(address, 100)));
  int rc = sl_maker_ask(k->s, &like, &snap, err);
  uint64_t n = snap ? sl_snap_count(snap) : 0;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++) {
      struct sl_evidence_input in;
      struct sl_val kind = sl_maker_cell(b, i, "kind"), uri = sl_maker_cell(b, i, "uri");
      bool folder = !kind.null && sl_str_eqz(kind.u.s, "prefix");
      if (sl_snap_struck(snap, at + i) || uri.null || (folder && depth == THIS_FOLDER))
        continue;
      if (folder)
        rc = walk(k, keep(k, uri.u.s, &rc, err), depth + 1, fn, user, err);
      else if (!(rc = as_input(k, b, i, &in, err)))
        rc = fn(user, &in, err);
    }
    sl_batch_unref(b);
  }
  sl_snap_unref(snap);
  return rc;
}

struct taking { struct sl_maker *k; const char *role; bool copy, logged; char *path; };

static bool is_logged(struct sl_str address)
{
  return sl_str_ends(address, SL_STR("/predictions.parquet")) || sl_str_ends(address, SL_STR("/predictions.csv"));
}

static int take(void *user, const struct sl_evidence_input *in, struct sl_err *err)
{
  struct taking *t = user;
  struct sl_maker *k = t->k;
  int rc = sl_grow((void **)&k->input, &k->cap_inputs, k->ninputs + 1, sizeof *k->input, SL_EVIDENCE_INPUTS, err);
  if (rc)
    return rc;
  struct sl_evidence_input *at = &k->input[k->ninputs];
  bool logged = t->logged && !k->predictions && is_logged(in->address);
  char *path = NULL;
  *at = *in;
  at->role = sl_str(t->role);
  rc = t->copy || logged ? copy_one(k, at, &path, err) : hash_one(k, at, -1, err);
  k->ninputs += !rc;
  if (logged)
    k->predictions = path;
  if (t->copy && t->path)
    return rc ? rc : sl_err_set(err, SL_EUNSUP, "%s in a registry is several files; name one of them", t->role);
  t->path = path;
  return rc;
}

/* models:/NAME@ALIAS/rest -> models:/NAME/3/rest, for the model that this is about: another one's is left to its registry. */
static int settle_alias(struct sl_maker *k, const char *address, char **out, struct sl_err *err)
{
  char *prefix = sl_arena_printf(&k->mem, "models:/%s@", k->m->name);
  struct sl_str rest = sl_str(address), alias;
  *out = sl_arena_strndup(&k->mem, address, strlen(address));
  if (!prefix || !*out)
    return sl_err_nomem(err);
  if (!sl_str_starts(rest, sl_str(prefix)))
    return SL_OK;
  rest = sl_str_from(rest, strlen(prefix));
  if (!sl_str_cut(&rest, '/', &alias))
    return SL_OK;
  struct sl_query like = { .res = &sl_res_models, .kind = SL_Q_GET, .conn = k->e.registry, .scope = k->e.model };
  struct sl_snap *snap = NULL;
  struct sl_batch *b = NULL;
  char *found = NULL;
  int rc = sl_maker_ask(k->s, &like, &snap, err);
  if (!rc && snap && sl_snap_count(snap))
    rc = sl_snap_page_wait(snap, 0, 1, &b, err);
  struct sl_val list = b ? sl_maker_cell(b, 0, "aliases") : sl_null(SL_LIST);
  struct sl_str items = list.null ? SL_STR("") : list.u.s, one;
  while (!rc && !found && sl_list_next(&items, &one)) /* champion=3 */
    if (one.n > alias.n && one.p[alias.n] == '=' && sl_str_starts(one, alias))
      found = sl_arena_strndup(&k->mem, one.p + alias.n + 1, one.n - alias.n - 1);
  sl_batch_unref(b);
  sl_snap_unref(snap);
  if (!rc && !found)
    return sl_err_set(err, SL_ENOENT, "%.100s: no version has that alias", address);
  if (!rc && !(*out = sl_arena_printf(&k->mem, "models:/%s/%s/%.*s", k->m->name, found, SL_ARG(rest))))
    rc = sl_err_nomem(err);
  k->e.champion = sl_str(found);
  return rc;
}

/* models:/NAME/... is read from the connection that serves models:, the first one of several: it must be this version's registry. */
static int same_registry(struct sl_maker *k, const char *address, struct sl_err *err)
{
  struct sl_buf uri, conn;
  sl_buf_init(&uri, 64 << 10);
  sl_buf_init(&conn, 4096);
  int rc = sl_session_resolve(k->s, address, &uri, &conn, err);
  if (!rc && !sl_str_eq(sl_buf_view(&conn), k->e.registry))
    rc = sl_err_set(err, SL_EUNSUP, "%.100s is read from %s, but this version is %.*s's: put %.*s first below connections:", address,
                    sl_buf_zstr(&conn), SL_ARG(sl_str_head(k->e.registry, 40)), SL_ARG(sl_str_head(k->e.registry, 40)));
  sl_buf_free(&uri);
  sl_buf_free(&conn);
  return rc;
}

int sl_maker_input(struct sl_maker *k, const char *role, const char *address, char **path, struct sl_err *err)
{
  struct sl_buf uri, conn;
  struct taking t = { .k = k, .role = role };
  struct sl_str file;
  char *settled = NULL;
  size_t before = k->ninputs;
  sl_buf_init(&uri, 64 << 10);
  sl_buf_init(&conn, 4096);
  int rc = settle_alias(k, address, &settled, err);
  if (!rc && sl_str_starts(sl_str(address), SL_STR("sql:")))
    rc = sl_err_set(err, SL_EUNSUP, "%s: evidence is over files, whose bytes can be named; sql: has none", role);
  bool registry = !rc && (sl_str_starts(sl_str(settled), SL_STR("models:/")) || sl_str_starts(sl_str(settled), SL_STR("runs:/")));
  if (!rc && !registry)
    rc = sl_session_resolve(k->s, settled, &uri, &conn, err);
  if (!rc && sl_str_starts(sl_str(settled), SL_STR("models:/")))
    rc = same_registry(k, settled, err);
  t.copy = registry;
  *path = rc ? NULL : sl_arena_printf(&k->mem, "%s", registry ? settled : sl_buf_zstr(&uri));
  if (!rc && !*path)
    rc = sl_err_nomem(err);
  if (!rc && !registry && !sl_uri_path(sl_str(*path), &file))
    rc = sl_err_set(err, SL_EUNSUP, "%s: %.100s: rows are read from files of this machine; copy it here first", role, *path);
  rc = rc ? rc : walk(k, sl_str(*path), 0, take, &t, err);
  if (!rc && k->ninputs == before)
    rc = sl_err_set(err, SL_ENOENT, "%s: there is no file in %.120s", role, *path);
  if (!rc && registry)
    *path = t.path;
  sl_buf_free(&uri);
  sl_buf_free(&conn);
  return rc;
}

int sl_maker_model(struct sl_maker *k, char **root, struct sl_err *err)
{
  struct taking t = { .k = k, .role = "model", .logged = true };
  *root = sl_arena_printf(&k->mem, "models:/%s/%lld/", k->m->name, (long long)k->e.version);
  int rc = *root ? same_registry(k, *root, err) : sl_err_nomem(err);
  rc = rc ? rc : walk(k, sl_str(*root), 0, take, &t, err);
  return rc ? rc : sl_evidence_manifest(k->input, k->ninputs, sl_str(*root), k->e.digest, err);
}

/* ---- again ---- */

static int compare(void *user, const struct sl_evidence_input *in, struct sl_err *err)
{
  struct sl_maker *k = user;
  for (size_t i = 0; i < k->ninputs; i++)
    if (sl_str_eq(k->input[i].address, in->address))
      return sl_evidence_same(&k->input[i], in->bytes, in->modified, in->tag) ? SL_OK
        : sl_err_set(err, SL_ECONFLICT, "%.*s changed meanwhile; run it again", SL_ARG(sl_str_head(in->address, 120)));
  return SL_OK;
}

int sl_maker_again(struct sl_maker *k, struct sl_err *err)
{
  struct sl_str last = SL_STR("");
  int rc = SL_OK;
  for (size_t i = 0; i < k->ninputs && !rc; i++) { /* folder by folder: they stand behind each other */
    ptrdiff_t slash = sl_str_rchr(k->input[i].address, '/');
    struct sl_str folder = sl_str_head(k->input[i].address, (size_t)(slash + 1));
    if (!sl_str_eq(folder, last))
      rc = walk(k, folder, THIS_FOLDER, compare, k, err);
    last = folder;
  }
  return rc;
}

int sl_maker_fact(struct sl_maker *k, const char *name, double value, struct sl_err *err)
{
  int rc = sl_grow((void **)&k->fact, &k->cap_facts, k->nfacts + 1, sizeof *k->fact, SL_EVIDENCE_FACTS, err);
  char *copy = rc ? NULL : sl_arena_strndup(&k->mem, name, strlen(name));
  if (!rc && !copy)
    rc = sl_err_nomem(err);
  for (size_t i = 0; i < k->nfacts && !rc; i++)
    if (sl_str_eqz(k->fact[i].name, name))
      return SL_OK; /* the first of a name */
  if (!rc)
    k->fact[k->nfacts++] = (struct sl_evidence_fact){ sl_str(copy), value };
  return rc;
}

void sl_maker_free(struct sl_maker *k)
{
  struct sl_err none;
  if (k->dir)
    (void)!sl_rmtree(k->dir, &none);
  sl_free(k->dir);
  sl_batch_unref(k->run);
  sl_free(k->input);
  sl_free(k->fact);
  sl_arena_free(&k->mem);
}
