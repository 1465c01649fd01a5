/* judge/gates_files.c: evidence over files of a registry holds while they are as they were: by size, and by the server's tag or time. They
 * are listed folder by folder; no byte of them is read again. */
#include <stdio.h>

#include "base/hash.h"
#include "judge/gates_int.h"

struct seen { struct sl_str tag; int64_t bytes; sl_ms modified; };

static struct sl_str folder_of(struct sl_str address)
{
  return sl_str_head(address, (size_t)(sl_str_rchr(address, '/') + 1));
}

static void doubt(struct facts_evidence *v, enum sl_fact_state state, const char *what, struct sl_str which)
{
  v->state = state;
  snprintf(v->why, sizeof v->why, "%s %.*s", what, SL_ARG(sl_str_head(which, 70)));
}

static int add_folder(struct facts *f, struct facts_evidence *v, struct gates_folder *out, size_t *n, struct sl_str address,
                      struct sl_err *err)
{
  struct sl_str folder = folder_of(address);
  for (size_t i = 0; i < *n; i++)
    if (sl_str_eqz(folder, out[i].address))
      return SL_OK;
  if (*n == GATES_FOLDERS) {
    doubt(v, SL_FACT_PARTIAL, "its files lie in more folders than are compared, such as", folder);
    return SL_OK;
  }
  out[*n] = (struct gates_folder){ .address = sl_arena_strndup(&f->mem, folder.p, folder.n) };
  if (!out[*n].address)
    return sl_err_nomem(err);
  ++*n;
  return SL_OK;
}

int gates_folders(struct facts *f, struct gates_folder *out, size_t *n, struct sl_err *err)
{
  struct facts_side *sides[] = { &f->own, &f->champion };
  int rc = SL_OK;
  *n = 0;
  for (size_t i = 0; i < 2 * SL_EVIDENCE_KINDS && !rc; i++) {
    struct facts_evidence *v = &sides[i / SL_EVIDENCE_KINDS]->ev[i % SL_EVIDENCE_KINDS];
    for (size_t k = 0; v->read && k < v->e.ninputs && !rc; k++)
      if (sl_evidence_foreign(&v->e.input[k]))
        rc = add_folder(f, v, out, n, v->e.input[k].address, err);
  }
  return rc;
}

/* ---- what lies there ---- */

static struct sl_val cell(const struct sl_batch *b, uint32_t row, const char *col)
{
  return facts_cell(&(struct facts_row){ (struct sl_batch *)(uintptr_t)b, row }, col);
}

static int index_folder(struct facts *f, const struct gates_folder *d, struct sl_map *by, struct sl_err *err)
{
  uint64_t n = d->snap ? sl_snap_count(d->snap) : 0;
  int rc = SL_OK;
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(d->snap, at, SL_BATCH_ROWS, &b, err);
    for (uint32_t i = 0; !rc && i < sl_batch_count(b); i++) {
      struct sl_val uri = cell(b, i, "uri"), bytes = cell(b, i, "bytes"), time = cell(b, i, "modified"), tag = cell(b, i, "etag");
      struct seen *s = uri.null || sl_snap_struck(d->snap, at + i) ? NULL : sl_arena_alloc(&f->mem, sizeof *s);
      if (!s)
        continue; /* also for want of memory: then the file is taken for gone */
      *s = (struct seen){ .bytes = bytes.null ? -1 : bytes.u.i, .modified = time.null ? 0 : time.u.i };
      s->tag = tag.null ? SL_STR("") : sl_str(sl_arena_strndup(&f->mem, tag.u.s.p, tag.u.s.n));
      rc = sl_map_put(by, uri.u.s, (uint64_t)(uintptr_t)s, NULL, err);
    }
    sl_batch_unref(b);
  }
  return rc;
}

static void compare(struct facts_evidence *v, const struct sl_evidence_input *in, const struct gates_folder *folder, size_t n,
                    const struct sl_map *by)
{
  uint64_t at;
  struct sl_str name = sl_str_from(in->address, folder_of(in->address).n);
  for (size_t i = 0; i < n; i++)
    if (folder[i].why[0] && sl_str_eqz(folder_of(in->address), folder[i].address)) {
      doubt(v, SL_FACT_PARTIAL, "its files cannot be listed:", sl_str(folder[i].why));
      return;
    }
  if (!sl_map_get(by, in->address, &at)) {
    doubt(v, SL_FACT_STALE, "what it was computed from is gone:", name);
    return;
  }
  const struct seen *s = (const struct seen *)(uintptr_t)at;
  if (!sl_evidence_same(in, s->bytes, s->modified, s->tag))
    doubt(v, SL_FACT_STALE, "it was computed from other bytes of", name);
}

int gates_files_compare(struct facts *f, const struct gates_folder *folder, size_t n, struct sl_err *err)
{
  struct facts_side *sides[] = { &f->own, &f->champion };
  struct sl_map by;
  int rc = SL_OK;
  sl_map_init(&by);
  for (size_t i = 0; i < n && !rc; i++)
    rc = index_folder(f, &folder[i], &by, err);
  for (size_t i = 0; i < 2 * SL_EVIDENCE_KINDS && !rc; i++) {
    struct facts_evidence *v = &sides[i / SL_EVIDENCE_KINDS]->ev[i % SL_EVIDENCE_KINDS];
    for (size_t k = 0; v->read && k < v->e.ninputs && v->state != SL_FACT_STALE && v->state != SL_FACT_PARTIAL; k++)
      if (sl_evidence_foreign(&v->e.input[k]))
        compare(v, &v->e.input[k], folder, n, &by);
  }
  sl_map_free(&by);
  return rc;
}
