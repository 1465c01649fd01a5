/* judge/artifact.c: what a file is, and the facts that stand above its content. */
#include <stdio.h>

#include "base/json.h"
#include "base/utf8.h"
#include "judge/artifact_int.h"

enum { SNIFF = 8192 };

const char *sl_art_word(enum sl_art_kind k)
{
  static const char *const words[] = { "missing", "text", "json", "image", "binary" };
  return words[k];
}

/* The PNG and JPEG that are drawn; text has no NUL, and hardly a byte that is no UTF-8. */
enum sl_art_kind sl_art_kind(struct sl_str head)
{
  if (sl_str_starts(head, SL_STR("\x89PNG\r\n\x1a\n")) || sl_str_starts(head, SL_STR("\xff\xd8\xff")))
    return SL_ART_IMAGE;
  struct sl_str some = sl_str_head(head, SNIFF);
  size_t odd = 0;
  for (size_t i = 0; i < some.n; i++) {
    unsigned char c = (unsigned char)some.p[i];
    if (!c)
      return SL_ART_BINARY;
    odd += c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b;
  }
  if (odd * 20 > some.n)
    return SL_ART_BINARY;
  struct sl_str t = sl_str_trim(head);
  return t.n && (t.p[0] == '{' || t.p[0] == '[') ? SL_ART_JSON : SL_ART_TEXT;
}

/* ---- rows ---- */

void art_row(struct art *a)
{
  for (size_t i = 0; i < a->n; i++) {
    sl_buf_clear(&a->cell[i]);
    a->there[i] = false;
  }
}

void art_text(struct art *a, size_t run, struct sl_str s)
{
  struct sl_jw w = sl_jw(&a->cell[run], false);
  a->there[run] = true;
  if (s.n <= SL_ART_CELL) {
    sl_jw_str(&w, s);
    return;
  }
  struct sl_buf cut;
  size_t n = SL_ART_CELL;
  while (n > SL_ART_CELL - 4 && ((unsigned char)s.p[n] & 0xc0) == 0x80) /* not inside a character */
    n--;
  sl_buf_init(&cut, SL_ART_CELL + 8);
  sl_buf_str(&cut, sl_str_head(s, n));
  sl_buf_z(&cut, "…");
  sl_jw_str(&w, sl_buf_view(&cut));
  sl_buf_free(&cut);
}

int art_send(struct art *a, const char *kind, struct sl_str name, bool same, struct sl_err *err)
{
  struct sl_str cell[SL_ART_RUNS];
  for (size_t i = 0; i < a->n; i++) {
    int rc = sl_buf_check(&a->cell[i], err);
    if (rc)
      return rc;
    cell[i] = a->there[i] ? sl_buf_view(&a->cell[i]) : SL_STR_NONE;
  }
  if (art_cancelled(a))
    return SL_ECANCELED;
  return a->fn(a->user, &(struct sl_art_row){ .kind = kind, .name = name, .cell = cell, .same = same }, err);
}

bool art_cancelled(const struct art *a) { return a->cancel && atomic_load(a->cancel); }

/* ---- the facts ---- */

static int send_content(struct art *a, const enum sl_art_kind *kind, struct sl_err *err)
{
  bool same = true;
  art_row(a);
  for (size_t i = 0; i < a->n; i++) {
    struct sl_buf b;
    sl_buf_init(&b, 4096);
    if (a->side[i].why)
      sl_buf_printf(&b, "not read: %s", a->side[i].why);
    else
      sl_buf_z(&b, sl_art_word(kind[i]));
    art_text(a, i, sl_buf_view(&b));
    sl_buf_free(&b);
    same = same && kind[i] == kind[0] && !a->side[i].why;
  }
  return art_send(a, "file", SL_STR("content"), same, err);
}

static int send_bytes(struct art *a, struct sl_err *err)
{
  bool same = true;
  art_row(a);
  for (size_t i = 0; i < a->n; i++) {
    a->there[i] = a->side[i].there && a->side[i].size >= 0;
    if (a->there[i])
      sl_buf_printf(&a->cell[i], "%lld", (long long)a->side[i].size);
    same = same && a->there[i] == a->there[0] && a->side[i].size == a->side[0].size;
  }
  return art_send(a, "file", SL_STR("bytes"), same, err);
}

static int send_digest(struct art *a, struct sl_err *err)
{
  bool same = true, any = false;
  art_row(a);
  for (size_t i = 0; i < a->n; i++) {
    if (a->side[i].there && a->side[i].sha256[0])
      art_text(a, i, sl_str(a->side[i].sha256));
    any = any || a->there[i];
    same = same && a->there[i] && !strcmp(a->side[i].sha256, a->side[0].sha256);
  }
  return any ? art_send(a, "file", SL_STR("sha256"), same, err) : SL_OK;
}

/* Only where something was left out. */
static int send_compared(struct art *a, struct sl_err *err)
{
  bool any = false;
  art_row(a);
  for (size_t i = 0; i < a->n; i++) {
    bool cut = a->side[i].there && a->side[i].size > (int64_t)a->side[i].head.n;
    if (cut)
      art_text(a, i, SL_STR("the first 1 MiB"));
    else if (a->side[i].there)
      art_text(a, i, SL_STR("all of it"));
    any = any || cut;
  }
  return any ? art_send(a, "file", SL_STR("compared"), false, err) : SL_OK;
}

/* ---- the whole ---- */

/* Their content can be laid side by side only as the same kind of thing; JSON is text, too. */
static enum sl_art_kind common(const enum sl_art_kind *kind, size_t n)
{
  enum sl_art_kind k = SL_ART_MISSING;
  for (size_t i = 0; i < n; i++) {
    bool words = (kind[i] == SL_ART_TEXT || kind[i] == SL_ART_JSON) && (k == SL_ART_TEXT || k == SL_ART_JSON);
    if (kind[i] == SL_ART_MISSING || kind[i] == k)
      continue;
    k = k == SL_ART_MISSING ? kind[i] : words ? SL_ART_TEXT : SL_ART_BINARY;
  }
  return k;
}

static int content(struct art *a, enum sl_art_kind k, struct sl_err *err)
{
  bool done = false;
  int rc = SL_OK;
  if (k == SL_ART_JSON)
    rc = art_values(a, &done, err);
  if (!rc && !done && (k == SL_ART_TEXT || k == SL_ART_JSON))
    rc = art_lines(a, err);
  return rc;
}

int sl_art_compare(const struct sl_art_side *side, size_t n, const atomic_bool *cancel, sl_art_fn *fn, void *user, struct sl_err *err)
{
  enum sl_art_kind kind[SL_ART_RUNS];
  if (!n || n > SL_ART_RUNS)
    return sl_err_set(err, SL_EUSAGE, "a file of 1 to %d runs is compared", SL_ART_RUNS);
  struct art *a = sl_calloc(1, sizeof *a);
  if (!a)
    return sl_err_nomem(err);
  *a = (struct art){ .side = side, .n = n, .cancel = cancel, .fn = fn, .user = user };
  for (size_t i = 0; i < n; i++) {
    sl_buf_init(&a->cell[i], 6 * SL_ART_CELL + 64);
    kind[i] = side[i].there ? sl_art_kind(side[i].head) : SL_ART_MISSING;
  }
  int rc = send_content(a, kind, err);
  rc = rc ? rc : send_bytes(a, err);
  rc = rc ? rc : send_digest(a, err);
  rc = rc ? rc : send_compared(a, err);
  rc = rc ? rc : content(a, common(kind, n), err);
  for (size_t i = 0; i < n; i++)
    sl_buf_free(&a->cell[i]);
  sl_free(a);
  return rc;
}
