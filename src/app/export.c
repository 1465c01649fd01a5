/* app/export.c: `e` in the console: the rows of a pane, to a file of the person's; by its ending .csv, .json or .ndjson. It is written in a
 * lane, from a snapshot that nobody changes; the file appears whole (synced, then renamed) or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/console_int.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "loop/loop.h"

struct export {
  struct export *next;
  struct console *c;
  struct sl_ws *ws;
  char *path, *temp;
  enum sl_format format;
  struct sl_snap *snap;              /* what is written; NULL before */
  char *text; size_t ntext;          /* or this */
  struct sl_want *want;              /* groups: what is worth a column in CSV; NULL: all */
  size_t missing;                    /* sources that are not whole */
  bool writing;                      /* the lane's job owns it until its end */
};

static void export_free(struct export *e)
{
  struct export **at = &e->c->exports;
  while (*at && *at != e)
    at = &(*at)->next;
  if (*at)
    *at = e->next;
  sl_snap_unref(e->snap);
  sl_want_unref(e->want);
  sl_free(e->path);
  sl_free(e->temp);
  sl_free(e->text);
  sl_free(e);
}

/* ---- [lane] ---- */

static int write_rows(struct export *e, struct sl_out *o, const atomic_bool *cancel, struct sl_err *err)
{
  struct sl_rows *r = NULL;
  struct sl_rows_opts how = { .format = e->format, .want = e->format == SL_FMT_CSV ? e->want : NULL };
  uint64_t n = e->snap ? sl_snap_count(e->snap) : 0;
  int rc = sl_rows_open(&r, o, &how, e->snap ? sl_snap_schema(e->snap) : NULL, err);
  for (uint64_t at = 0; at < n && !rc; at += SL_BATCH_ROWS) {
    struct sl_batch *b = NULL;
    if (atomic_load(cancel))
      rc = sl_err_set(err, SL_ECANCELED, "the console was left before all rows were written");
    else
      rc = sl_snap_page_wait(e->snap, at, n - at < SL_BATCH_ROWS ? (uint32_t)(n - at) : SL_BATCH_ROWS, &b, err);
    if (!rc)
      rc = sl_rows_put(r, b, err);
    sl_batch_unref(b);
  }
  if (!rc)
    rc = sl_rows_end(r, err);
  sl_rows_free(r);
  return rc;
}

/* That the name survives a power cut, too; the file stands whole either way. */
static void sync_folder(const char *path)
{
  char *dir = sl_path_dir(path);
  int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (fd >= 0) {
    (void)!fsync(fd);
    close(fd);
  }
  sl_free(dir);
}

static int write_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct export *e = user;
  struct sl_out o;
  int fd = open(e->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); /* the folder may be everybody's */
  if (fd < 0)
    return sl_err_sys(err, errno, "cannot write %s", e->temp);
  sl_out_open(&o, fd);
  int rc = SL_OK;
  if (e->text) {
    sl_buf_add(&o.b, e->text, e->ntext);
    rc = sl_out_flush(&o, err);
  } else
    rc = write_rows(e, &o, cancel, err);
  sl_out_close(&o);
  if (!rc && fsync(fd))
    rc = sl_err_sys(err, errno, "cannot write %s to the disk", e->temp);
  if (close(fd) && !rc)
    rc = sl_err_sys(err, errno, "cannot write %s", e->temp);
  if (!rc && rename(e->temp, e->path))
    rc = sl_err_sys(err, errno, "cannot write %s", e->path);
  if (rc)
    unlink(e->temp);
  else
    sync_folder(e->path);
  return rc;
}

/* ---- on the loop ---- */

static void say(struct console *c, enum sl_role role, const char *words)
{
  if (c->ui)
    sl_ui_notice(c->ui, role, sl_str(words));
  else
    sl_app_note("%s", words);
}

static void write_done(void *user, int rc, const struct sl_err *err)
{
  struct export *e = user;
  char words[400];
  if (rc)
    snprintf(words, sizeof words, "%.120s was not written: %.200s", e->path, err->msg[0] ? err->msg : "the console was left");
  else if (e->text)
    snprintf(words, sizeof words, "%zu bytes written to %.200s", e->ntext, e->path);
  else
    snprintf(words, sizeof words, "%llu rows written to %.200s%s", e->snap ? (unsigned long long)sl_snap_count(e->snap) : 0ull, e->path,
             e->missing ? "; not all sources are whole" : "");
  say(e->c, rc ? SL_ROLE_bad : e->missing ? SL_ROLE_warn : SL_ROLE_ok, words);
  export_free(e);
}

static int writing_start(struct export *e, struct sl_err *err)
{
  static const struct sl_job_ops ops = { .work = write_work, .done = write_done };
  e->writing = true;
  return sl_job_start(e->c->s.loop, SL_LANE_LONG, &ops, e, &(sl_job){ 0 }, err);
}

static void exported(void *user, sl_watch id, const struct sl_answer *a)
{
  struct export *e = user;
  struct sl_err err = { 0 };
  (void)id;
  if (!a->done)
    return;
  for (size_t i = 0; i < a->nsrc; i++)
    e->missing += a->src[i].state == SL_FAILED || a->src[i].state == SL_CUT;
  e->snap = a->snap ? sl_snap_ref(a->snap) : NULL;
  int rc = a->grouped && a->columns.n ? sl_want_parse(&e->want, a->columns, &err) : SL_OK;
  rc = rc ? rc : writing_start(e, &err);
  if (rc)
    write_done(e, rc, &err);
}

static bool format_of(const char *path, enum sl_format *out)
{
  struct sl_str s = sl_str(path);
  *out = sl_str_ends(s, SL_STR(".json")) ? SL_FMT_JSON : sl_str_ends(s, SL_STR(".ndjson")) ? SL_FMT_NDJSON : SL_FMT_CSV;
  return *out != SL_FMT_CSV || sl_str_ends(s, SL_STR(".csv"));
}

/* Named and in the list; NULL: said why. */
static struct export *export_new(struct console *c, const char *path, struct sl_err *err)
{
  char unique[37];
  struct export *e = sl_calloc(1, sizeof *e);
  if (!e) {
    sl_err_nomem(err);
    return NULL;
  }
  *e = (struct export){ .next = c->exports, .c = c, .ws = c->s.ws, .path = sl_path_abs(path, NULL) };
  c->exports = e;
  int rc = sl_uuid4(unique, err);
  e->temp = !rc && e->path ? sl_asprintf("%s.%s", e->path, unique) : NULL;
  if (!rc && !e->temp)
    rc = sl_err_nomem(err);
  if (!rc)
    return e;
  export_free(e);
  return NULL;
}

void console_export(void *user, const struct sl_query *q, const char *path)
{
  struct console *c = user;
  struct sl_err err = { 0 };
  struct sl_query *own = NULL;
  sl_watch id;
  struct export *e = export_new(c, path, &err);
  int rc = e ? SL_OK : SL_ENOMEM;
  if (!rc && !format_of(path, &e->format))
    rc = sl_err_set(&err, SL_EUSAGE, "name a file that ends in .csv, .json or .ndjson");
  if (!rc)
    rc = sl_query_new(&own, q, &err);
  if (!rc)
    rc = sl_ws_query(c->s.ws, own, true, exported, e, &id, &err);
  sl_query_unref(own);
  if (rc) {
    sl_ui_notice(c->ui, SL_ROLE_bad, sl_str(err.msg));
    if (e)
      export_free(e);
  }
}

void console_export_text(void *user, struct sl_str text, const char *path)
{
  struct console *c = user;
  struct sl_err err = { 0 };
  struct export *e = export_new(c, path, &err);
  int rc = e ? SL_OK : SL_ENOMEM;
  if (!rc && !(e->text = sl_strndup(text.n ? text.p : "", text.n)))
    rc = sl_err_nomem(&err);
  if (!rc) {
    e->ntext = text.n;
    rc = writing_start(e, &err);
  }
  if (rc) {
    sl_ui_notice(c->ui, SL_ROLE_bad, sl_str(err.msg));
    if (e)
      export_free(e);
  }
}

/* A workspace that closes tells nobody. */
void console_exports_drop(struct console *c, const struct sl_ws *closed)
{
  char words[400];
  for (struct export *e = c->exports, *next; e; e = next) {
    next = e->next;
    if (e->ws != closed || e->writing) /* what is being written has all its rows */
      continue;
    snprintf(words, sizeof words, "%.300s was not written: its workspace was left before all rows had come", e->path ? e->path : "");
    say(c, SL_ROLE_bad, words);
    export_free(e);
  }
}
