/* app/export.c: `e` in the console: the rows of a pane, to a file of the person's; by its ending .csv, .json or .ndjson. The file appears
 * whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/console_int.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

struct export { struct export *next; struct console *c; struct sl_ws *ws; char *path, *temp; enum sl_format format; };

static void export_free(struct export *e)
{
  struct export **at = &e->c->exports;
  while (*at && *at != e)
    at = &(*at)->next;
  if (*at)
    *at = e->next;
  sl_free(e->path);
  sl_free(e->temp);
  sl_free(e);
}

static int write_rows(struct export *e, struct sl_snap *snap, struct sl_out *o, struct sl_err *err)
{
  struct sl_rows *r = NULL;
  struct sl_rows_opts how = { .format = e->format };
  uint64_t n = snap ? sl_snap_count(snap) : 0;
  int rc = sl_rows_open(&r, o, &how, snap ? sl_snap_schema(snap) : NULL, err);
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    rc = sl_snap_page_wait(snap, at, n - at < SL_BATCH_ROWS ? (uint32_t)(n - at) : SL_BATCH_ROWS, &b, err);
    if (!rc)
      rc = sl_rows_put(r, b, err);
    sl_batch_unref(b);
  }
  if (!rc)
    rc = sl_rows_end(r, err);
  sl_rows_free(r);
  return rc;
}

static int write_file(struct export *e, struct sl_snap *snap, struct sl_err *err)
{
  struct sl_out o;
  int fd = open(e->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); /* the folder may be everybody's */
  if (fd < 0)
    return sl_err_sys(err, errno, "cannot write %s", e->temp);
  sl_out_open(&o, fd);
  int rc = write_rows(e, snap, &o, err);
  sl_out_close(&o);
  if (close(fd) && !rc)
    rc = sl_err_sys(err, errno, "cannot write %s", e->temp);
  if (!rc && rename(e->temp, e->path))
    rc = sl_err_sys(err, errno, "cannot write %s", e->path);
  if (rc)
    unlink(e->temp);
  return rc;
}

static void say(struct console *c, enum sl_role role, const char *words)
{
  if (c->ui)
    sl_ui_notice(c->ui, role, sl_str(words));
  else
    sl_app_note("%s", words);
}

static void exported(void *user, sl_watch id, const struct sl_answer *a)
{
  struct export *e = user;
  struct sl_err err = { 0 };
  char words[400];
  (void)id;
  if (!a->done)
    return;
  size_t missing = 0;
  for (size_t i = 0; i < a->nsrc; i++)
    missing += a->src[i].state == SL_FAILED || a->src[i].state == SL_CUT;
  if (write_file(e, a->snap, &err))
    snprintf(words, sizeof words, "export: %s", err.msg);
  else
    snprintf(words, sizeof words, "%llu rows written to %.200s%s", a->snap ? (unsigned long long)sl_snap_count(a->snap) : 0ull, e->path,
             missing ? "; not all sources are whole" : "");
  say(e->c, err.code ? SL_ROLE_bad : missing ? SL_ROLE_warn : SL_ROLE_ok, words);
  export_free(e);
}

static bool format_of(const char *path, enum sl_format *out)
{
  struct sl_str s = sl_str(path);
  *out = sl_str_ends(s, SL_STR(".json")) ? SL_FMT_JSON : sl_str_ends(s, SL_STR(".ndjson")) ? SL_FMT_NDJSON : SL_FMT_CSV;
  return *out != SL_FMT_CSV || sl_str_ends(s, SL_STR(".csv"));
}

void console_export(void *user, const struct sl_query *q, const char *path)
{
  struct console *c = user;
  struct sl_err err = { 0 };
  struct sl_query *own = NULL;
  sl_watch id;
  char unique[37];
  struct export *e = sl_calloc(1, sizeof *e);
  if (!e)
    return;
  *e = (struct export){ .next = c->exports, .c = c, .ws = c->s.ws, .path = sl_path_abs(path, NULL) };
  c->exports = e;
  int rc = sl_uuid4(unique, &err);
  e->temp = !rc && e->path ? sl_asprintf("%s.%s", e->path, unique) : NULL;
  if (!rc && !e->temp)
    rc = sl_err_nomem(&err);
  if (!rc && !format_of(path, &e->format))
    rc = sl_err_set(&err, SL_EUSAGE, "name a file that ends in .csv, .json or .ndjson");
  if (!rc)
    rc = sl_query_new(&own, q, &err);
  if (!rc)
    rc = sl_ws_query(c->s.ws, own, true, exported, e, &id, &err);
  sl_query_unref(own);
  if (rc) {
    sl_ui_notice(c->ui, SL_ROLE_bad, sl_str(err.msg));
    export_free(e);
  }
}

/* A workspace that closes tells nobody. */
void console_exports_drop(struct console *c, const struct sl_ws *closed)
{
  char words[400];
  for (struct export *e = c->exports, *next; e; e = next) {
    next = e->next;
    if (e->ws != closed)
      continue;
    snprintf(words, sizeof words, "%.300s was not written: its workspace was left before all rows had come", e->path ? e->path : "");
    say(c, SL_ROLE_bad, words);
    export_free(e);
  }
}
