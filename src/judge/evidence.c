/* judge/evidence.c: files of evidence written and kept, and whether they still hold. */
#include "judge/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fmt.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/ws.h"

enum { FUTURE_MS = 5 * 60 * 1000, HASH_MAX = 64 << 20 };

const char *const sl_evidence_kinds[SL_EVIDENCE_KINDS] = { "drift", "rescore", "quality" };

/* ---- writing ---- */

struct writing { struct sl_jw w; bool bad; };

static void put(struct writing *x, const char *key, struct sl_str s, bool may_miss)
{
  sl_jw_key(&x->w, sl_str(key));
  if (may_miss && !s.p)
    sl_jw_null(&x->w);
  else
    sl_jw_str(&x->w, s.p ? s : SL_STR(""));
  x->bad = x->bad || !sl_utf8_valid(s);
}

static void put_int(struct writing *x, const char *key, int64_t v)
{
  sl_jw_key(&x->w, sl_str(key));
  sl_jw_i64(&x->w, v);
}

static void put_lists(struct writing *x, const struct sl_evidence *e)
{
  sl_jw_key(&x->w, SL_STR("inputs"));
  sl_jw_arr(&x->w);
  for (size_t i = 0; i < e->ninputs; i++) {
    const struct sl_evidence_input *in = &e->input[i];
    sl_jw_obj(&x->w);
    put(x, "role", in->role, false);
    put(x, "address", in->address, false);
    put_int(x, "bytes", in->bytes);
    put_int(x, "rows", in->rows);
    put_int(x, "modified", in->modified);
    put(x, "tag", in->tag, false);
    put(x, "sha256", sl_str(in->sha256), false);
    sl_jw_end_obj(&x->w);
  }
  sl_jw_end_arr(&x->w);
  sl_jw_key(&x->w, SL_STR("facts"));
  sl_jw_obj(&x->w);
  for (size_t i = 0; i < e->nfacts; i++) {
    sl_jw_key(&x->w, e->fact[i].name);
    sl_jw_f64(&x->w, e->fact[i].value);
    x->bad = x->bad || !sl_utf8_valid(e->fact[i].name);
  }
  sl_jw_end_obj(&x->w);
}

int sl_evidence_text(struct sl_buf *out, const struct sl_evidence *e, struct sl_err *err)
{
  struct writing x = { .w = sl_jw(out, true) };
  sl_jw_obj(&x.w);
  put_int(&x, "v", 1);
  put(&x, "kind", e->kind, false);
  put(&x, "registry", e->registry, false);
  put(&x, "model", e->model, false);
  put_int(&x, "version", e->version);
  put_int(&x, "at", e->at);
  put(&x, "execution", e->execution, false);
  put(&x, "baseline", e->baseline, true);
  put(&x, "current", e->current, true);
  put(&x, "data", e->data, true);
  put(&x, "label", e->label, true);
  put(&x, "champion", e->champion, false);
  put(&x, "digest", sl_str(e->digest), false);
  put(&x, "refused", e->refused, false);
  put_lists(&x, e);
  sl_jw_end_obj(&x.w);
  sl_buf_ch(out, '\n');
  if (x.bad)
    return sl_err_set(err, SL_EUSAGE, "a name in this evidence is no UTF-8");
  return sl_buf_check(out, err);
}

/* ---- place ---- */

/* One name of a folder: no slash, and never . or .. */
static void put_name(struct sl_buf *b, struct sl_str s)
{
  bool dot = s.n && s.p[0] == '.';
  sl_buf_z(b, dot ? "%2E" : "");
  sl_fmt_percent(b, dot ? sl_str_from(s, 1) : s);
  sl_buf_ch(b, '/');
}

char *sl_evidence_path(const char *state_dir, struct sl_str registry, struct sl_str model, int64_t version, const char *kind)
{
  struct sl_buf b;
  sl_buf_init(&b, 64 << 10);
  sl_buf_printf(&b, "%s/evidence/", state_dir);
  put_name(&b, registry);
  put_name(&b, model);
  sl_buf_printf(&b, "%lld/%s.json", (long long)version, kind);
  char *path = sl_buf_take(&b, NULL);
  sl_buf_free(&b);
  return path;
}

int sl_evidence_save(const char *state_dir, const struct sl_evidence *e, struct sl_err *err)
{
  struct sl_buf b;
  struct sl_str kind = e->kind;
  char word[16];
  snprintf(word, sizeof word, "%.*s", SL_ARG(kind));
  char *path = sl_evidence_path(state_dir, e->registry, e->model, e->version, word), *dir = path ? sl_path_dir(path) : NULL;
  sl_buf_init(&b, SL_EVIDENCE_MAX);
  int rc = dir ? sl_mkdirs(dir, 0700, err) : sl_err_nomem(err);
  rc = rc ? rc : sl_evidence_text(&b, e, err);
  rc = rc ? rc : sl_file_write(path, sl_buf_view(&b), 0600, err);
  sl_buf_free(&b);
  sl_free(path);
  sl_free(dir);
  return rc;
}

static int read_file(struct sl_evidence *out, const char *path, struct sl_arena *mem, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, SL_EVIDENCE_MAX + 1);
  int rc = sl_file_read(&b, path, SL_EVIDENCE_MAX, err);
  rc = rc ? rc : sl_evidence_read(out, sl_buf_view(&b), mem, err);
  sl_buf_free(&b);
  return rc;
}

int sl_evidence_load(struct sl_evidence *out, const char *state_dir, struct sl_str registry, struct sl_str model, int64_t version,
                     const char *kind, struct sl_arena *mem, struct sl_err *err)
{
  char *path = sl_evidence_path(state_dir, registry, model, version, kind);
  *out = (struct sl_evidence){ .version = 0 };
  int rc = path ? read_file(out, path, mem, err) : sl_err_nomem(err);
  sl_free(path);
  bool here = !rc && sl_str_eqz(out->kind, kind) && sl_str_eq(out->registry, registry) && sl_str_eq(out->model, model);
  if (!rc && (!here || out->version != version))
    rc = sl_err_set(err, SL_EPARSE, "this evidence is of %.*s/%lld (%.*s), not of the version where it lies",
                    SL_ARG(sl_str_head(out->model, 60)), (long long)out->version, SL_ARG(sl_str_head(out->kind, 10)));
  return rc;
}

/* ---- does it hold? ---- */

static bool asked(struct sl_str was, const char *now)
{
  return now ? was.p && sl_str_eqz(was, now) : !was.p;
}

bool sl_evidence_foreign(const struct sl_evidence_input *i)
{
  struct sl_str path;
  return !sl_uri_path(i->address, &path);
}

bool sl_evidence_same(const struct sl_evidence_input *i, int64_t bytes, sl_ms modified, struct sl_str tag)
{
  if (bytes >= 0 && bytes != i->bytes)
    return false;
  if (tag.n && i->tag.n)
    return sl_str_eq(tag, i->tag);
  return !modified || !i->modified || modified == i->modified;
}

static bool hash_file(const char *path, char out[65])
{
  struct sl_buf b;
  sl_buf_init(&b, HASH_MAX + 1);
  bool ok = !sl_file_read(&b, path, HASH_MAX, NULL);
  if (ok) {
    struct sl_sha256 d = sl_sha256(sl_buf_view(&b));
    sl_sha256_hex(&d, out);
  }
  sl_buf_free(&b);
  return ok;
}

/* A file of this machine: as it was, or at least with the same bytes. */
static bool file_holds(const struct sl_evidence_input *i, char *why, size_t n)
{
  struct sl_str path = SL_STR("");
  struct stat st;
  char hex[65] = "";
  (void)sl_uri_path(i->address, &path);
  char *z = sl_strndup(path.p, path.n);
  bool there = z && !stat(z, &st) && S_ISREG(st.st_mode);
  sl_ms at = there ? (sl_ms)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 : 0;
  bool same = there && st.st_size == i->bytes && (at == i->modified || (hash_file(z, hex) && !strcmp(hex, i->sha256)));
  const char *name = z ? sl_path_base(z) : "";
  if (!same)
    snprintf(why, n, "%s %.60s", there ? "it was computed from other bytes of" : "what it was computed from is gone:", name);
  sl_free(z);
  return same;
}

bool sl_evidence_holds(const struct sl_evidence *e, const struct sl_evidence_conf *c, sl_ms now, char *why, size_t n)
{
  struct sl_buf age;
  sl_buf_init(&age, 256);
  bool ok = asked(e->baseline, c->baseline) && asked(e->current, c->current) && asked(e->data, c->data) && asked(e->label, c->label);
  if (!ok) {
    snprintf(why, n, "the workspace asks for other data by now");
  } else if (e->at > now + FUTURE_MS) {
    ok = false;
    snprintf(why, n, "it was made in the future; is the clock right?");
  } else if (c->max_age_s > 0 && (double)(now - e->at) > c->max_age_s * 1000) {
    ok = false;
    sl_dur_show(&age, (double)(now - e->at) / 1000);
    snprintf(why, n, "it is %s old, beyond max_age", sl_buf_zstr(&age));
  }
  sl_buf_free(&age);
  for (size_t i = 0; i < e->ninputs && ok; i++)
    ok = sl_evidence_foreign(&e->input[i]) || file_holds(&e->input[i], why, n);
  return ok;
}

/* ---- the artifact ---- */

static int by_address(const void *a, const void *b)
{
  return sl_str_cmp((*(const struct sl_evidence_input *const *)a)->address, (*(const struct sl_evidence_input *const *)b)->address);
}

int sl_evidence_manifest(const struct sl_evidence_input *input, size_t n, struct sl_str root, char out[65], struct sl_err *err)
{
  const struct sl_evidence_input **sorted = sl_calloc(n + 1, sizeof *sorted);
  struct sl_buf b;
  size_t files = 0;
  bool ok = true;
  sl_buf_init(&b, 0);
  out[0] = 0;
  if (!sorted)
    return sl_err_nomem(err);
  for (size_t i = 0; i < n; i++)
    if (sl_str_eqz(input[i].role, "model") && sl_str_starts(input[i].address, root))
      sorted[files++] = &input[i];
  if (files)
    qsort(sorted, files, sizeof *sorted, by_address);
  sl_buf_ch(&b, '[');
  for (size_t i = 0; i < files && ok; i++) {
    sl_buf_printf(&b, "%s{\"bytes\":%lld,\"path\":", i ? "," : "", (long long)sorted[i]->bytes);
    ok = sl_json_canon(&b, sl_str_from(sorted[i]->address, root.n));
    sl_buf_printf(&b, ",\"sha256\":\"%s\"}", sorted[i]->sha256);
  }
  sl_buf_ch(&b, ']');
  int rc = ok ? sl_buf_check(&b, err) : sl_err_set(err, SL_EUNSUP, "a file of the model has a name that is no UTF-8");
  if (!rc && files) {
    struct sl_sha256 d = sl_sha256(sl_buf_view(&b));
    sl_sha256_hex(&d, out);
  }
  sl_free(sorted);
  sl_buf_free(&b);
  return rc;
}
