/* backends/compute/look.c: statements for what is no table: a picture as shades, what lies in an archive, one member as lines.
 *
 *     [select *] from image('ADDRESS', WIDTH, HEIGHT)     a row a line of cells: `luma`, a hex pair a cell
 *     [select *] from archive('ADDRESS')                  name, kind, bytes, modified
 *     [select *] from member('ADDRESS', 'NAME' | N)       line, text, bytes (with the line's end)
 *
 * They stand alone, since the engine never sees them: the box's decoders read the file, and their bytes become rows here. */
#include <stdio.h>

#include "backend_compute/compute_int.h"
#include "base/json.h"
#include "base/utf8.h"
#include "box/sqlscan.h"

enum { CELLS_MAX = 1000, ARGS = 3, MEMBER_MAX = 4 << 20, PIECE_MAX = 32 << 10, IMAGE_HEAD = 16 };
enum kind { IMAGE, ARCHIVE, MEMBER, KINDS };

struct compute_look {
  enum kind kind;
  char *uri, *name;            /* name: of the member; NULL: its number */
  uint64_t number[2];          /* width and height, or the member's */
  bool nomem;                  /* while the statement was read: not the statement's fault */
  struct sl_buf bytes;
  struct sl_schema *schema;
  size_t at;                   /* member: bytes before are rows already; image: lines sent */
  uint64_t line, rows;
};

/* ---- the three forms ---- */

struct arg { bool text; struct sl_sql_tok t; };

static const struct { const char *name, *worker, *form; size_t args; } forms[KINDS] = {
  [IMAGE] = { "image", "image", "from image('ADDRESS', WIDTH, HEIGHT)", 3 },
  [ARCHIVE] = { "archive", "archive", "from archive('ADDRESS')", 1 },
  [MEMBER] = { "member", "archive", "from member('ADDRESS', 'NAME')", 2 },
};

static bool is(const struct sl_sql_tok *t, const char *z) { return sl_str_ieq(t->s, sl_str(z)); }

/* "[select *] from image (": which of them; KINDS: none. */
static enum kind form_of(struct sl_str *rest)
{
  struct sl_sql_tok t, open;
  if (!sl_sql_next(rest, &t))
    return KINDS;
  if (is(&t, "select") && (!sl_sql_next(rest, &t) || !is(&t, "*") || !sl_sql_next(rest, &t)))
    return KINDS;
  if (!is(&t, "from") || !sl_sql_next(rest, &t) || t.kind != SL_SQL_WORD || !sl_sql_next(rest, &open) || !is(&open, "("))
    return KINDS;
  for (int k = 0; k < KINDS; k++)
    if (is(&t, forms[k].name))
      return (enum kind)k;
  return KINDS;
}

/* Arguments and the closing parenthesis, then the end; how many, 0 when it is written otherwise. */
static size_t args_of(struct sl_str *rest, struct arg *arg)
{
  struct sl_sql_tok t;
  size_t n = 0;
  bool open = true;
  while (open && n < ARGS && sl_sql_next(rest, &t) && (t.kind == SL_SQL_TEXT || t.kind == SL_SQL_NUMBER)) {
    arg[n++] = (struct arg){ t.kind == SL_SQL_TEXT, t };
    if (!sl_sql_next(rest, &t) || !(is(&t, ",") || is(&t, ")")))
      return 0;
    open = is(&t, ",");
  }
  bool end = !sl_sql_next(rest, &t) || (is(&t, ";") && !sl_sql_next(rest, &t));
  return open || !end ? 0 : n;
}

static char *text_arg(struct compute_look *k, const struct arg *a)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  bool text = a->text && sl_sql_unquote(&a->t, &b);
  k->nomem = k->nomem || b.failed == SL_ENOMEM;
  char *out = text && b.n ? sl_buf_take(&b, NULL) : NULL;
  sl_buf_free(&b);
  return out;
}

static bool number_arg(const struct arg *a, uint64_t max, uint64_t *out)
{
  return !a->text && sl_str_u64(a->t.s, out) && *out > 0 && *out <= max;
}

static bool args_take(struct compute_look *k, const struct arg *a)
{
  k->uri = text_arg(k, &a[0]);
  if (!k->uri)
    return false;
  if (k->kind == IMAGE)
    return number_arg(&a[1], CELLS_MAX, &k->number[0]) && number_arg(&a[2], CELLS_MAX, &k->number[1]);
  if (k->kind == MEMBER)
    return (k->name = text_arg(k, &a[1])) || number_arg(&a[1], INT64_MAX, &k->number[0]);
  return true;
}

int compute_look_parse(struct compute_look **out, struct sl_str sql, struct sl_err *err)
{
  struct arg arg[ARGS];
  enum kind kind = form_of(&sql);
  *out = NULL;
  if (kind == KINDS)
    return SL_OK;
  struct compute_look *k = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  k->kind = kind;
  sl_buf_init(&k->bytes, kind == IMAGE ? CELLS_MAX * CELLS_MAX * 3 + IMAGE_HEAD : MEMBER_MAX);
  if (args_of(&sql, arg) != forms[kind].args || !args_take(k, arg)) {
    bool nomem = k->nomem;
    compute_look_free(k);
    if (nomem)
      return sl_err_nomem(err);
    return sl_err_set(err, SL_EUSAGE, "%s() stands alone: `%s`%s", forms[kind].name, forms[kind].form,
                      kind == IMAGE ? ", at most 1000 x 1000 cells" : "");
  }
  *out = k;
  return SL_OK;
}

void compute_look_free(struct compute_look *k)
{
  if (!k)
    return;
  sl_buf_free(&k->bytes);
  sl_schema_unref(k->schema);
  sl_free(k->name);
  sl_free(k->uri);
  sl_free(k);
}

bool compute_look_lists(const struct compute_look *k) { return k->kind == ARCHIVE; }
const char *compute_look_uri(const struct compute_look *k) { return k->uri; }
const char *compute_look_kind(const struct compute_look *k) { return forms[k->kind].worker; }

/* ---- what the box is asked ---- */

int compute_look_job(const struct compute_look *k, const char *path, struct sl_buf *json, struct sl_err *err)
{
  if (!sl_utf8_valid(sl_str(path)) || (k->name && !sl_utf8_valid(sl_str(k->name))))
    return sl_err_set(err, SL_EUNSUP, "a name that is no UTF-8%s", k->name ? "; say the member's number in the list" : "");
  sl_buf_z(json, "{\"path\":");
  sl_json_quote(json, sl_str(path));
  if (k->kind == IMAGE)
    sl_buf_printf(json, ",\"width\":%llu,\"height\":%llu,\"fit\":true", (unsigned long long)k->number[0], (unsigned long long)k->number[1]);
  if (k->kind == MEMBER) {
    sl_buf_printf(json, ",\"max\":%d,\"%s\":", MEMBER_MAX, k->name ? "member" : "number");
    if (k->name)
      sl_json_quote(json, sl_str(k->name));
    else
      sl_buf_printf(json, "%llu", (unsigned long long)k->number[0]);
  }
  sl_buf_ch(json, '}');
  return sl_buf_check(json, err);
}

int compute_look_bytes(struct compute_look *k, struct sl_str piece)
{
  sl_buf_str(&k->bytes, piece);
  return k->bytes.failed;
}

/* ---- what it answered, as rows ---- */

static int row_begin(struct compute_look *k, struct sl_batch **b, struct sl_err *err)
{
  char id[24];
  int n = snprintf(id, sizeof id, "%llu", (unsigned long long)++k->rows);
  int rc = *b ? SL_OK : sl_batch_new(b, k->schema, err);
  if (!rc)
    sl_batch_row(*b, SL_PUT, sl_strn(id, (size_t)n));
  return rc;
}

/* Rec. 601, as a black and white set would show it; around the picture it is dark. */
static unsigned luma(const unsigned char *rgb) { return (299u * rgb[0] + 587u * rgb[1] + 114u * rgb[2] + 500u) / 1000u; }

static bool image_size(const struct compute_look *k, size_t *w, size_t *h)
{
  struct sl_rd rd = sl_rd(sl_buf_view(&k->bytes));
  *w = (size_t)sl_rd_le(&rd, 4);
  *h = (size_t)sl_rd_le(&rd, 4);
  return !rd.bad && *w && *h && *w <= k->number[0] && *h <= k->number[1] && k->bytes.n == IMAGE_HEAD + *w * *h * 3;
}

static int image_row(struct compute_look *k, struct sl_batch **b, struct sl_err *err)
{
  static const char hex[] = "0123456789abcdef";
  char text[CELLS_MAX * 2];
  size_t w, h, all = (size_t)k->number[0];
  if (!image_size(k, &w, &h))
    return sl_err_set(err, SL_EPROTO, "%s: the picture came in another size than was asked for", k->uri);
  size_t left = (all - w) / 2, top = ((size_t)k->number[1] - h) / 2, y = k->at++;
  const unsigned char *rgb = (const unsigned char *)k->bytes.p + IMAGE_HEAD;
  for (size_t x = 0; x < all; x++) {
    bool in = x >= left && x < left + w && y >= top && y < top + h;
    unsigned l = in ? luma(rgb + ((y - top) * w + x - left) * 3) : 0;
    text[x * 2] = hex[l >> 4];
    text[x * 2 + 1] = hex[l & 15];
  }
  int rc = row_begin(k, b, err);
  if (!rc)
    sl_batch_set(*b, 0, sl_vs(sl_strn(text, all * 2)));
  return rc;
}

/* A line; of one that is very long, a piece. */
static int line_row(struct compute_look *k, struct sl_batch **b, struct sl_err *err)
{
  struct sl_str rest = sl_str_from(sl_buf_view(&k->bytes), k->at);
  ptrdiff_t nl = sl_str_chr(rest, '\n');
  size_t n = nl < 0 ? rest.n : (size_t)nl, end = nl >= 0;
  if (n > PIECE_MAX) {
    n = PIECE_MAX;
    end = 0;
  }
  bool piece = k->at && k->bytes.p[k->at - 1] != '\n'; /* of the line before */
  k->line += !piece;
  int rc = row_begin(k, b, err);
  if (rc)
    return rc;
  sl_batch_set(*b, 0, sl_vi((int64_t)k->line));
  sl_batch_set(*b, 1, sl_vs(sl_str_head(rest, n)));
  sl_batch_set(*b, 2, sl_vi((int64_t)(n + end)));
  k->at += n + end;
  return SL_OK;
}

static bool more(const struct compute_look *k) { return k->kind == IMAGE ? k->at < k->number[1] : k->at < k->bytes.n; }

static int head(struct compute_look *k, struct sl_req *r, struct sl_err *err)
{
  static const struct sl_col image[] = { { .name = "luma", .type = SL_TEXT, .help = "brightness of each cell, a hex pair each" } };
  static const struct sl_col lines[] = {
    { .name = "line", .type = SL_I64, .help = "number of the line" },
    { .name = "text", .type = SL_TEXT, .help = "the line without its end; a very long one comes in pieces" },
    { .name = "bytes", .type = SL_I64, .help = "its length, with its end", .unit = "B" } };
  int rc = k->kind == IMAGE ? sl_schema_new(&k->schema, image, 1, NULL, 0, err) : sl_schema_new(&k->schema, lines, 3, NULL, 0, err);
  if (!rc)
    rc = sl_schema_set_resource(k->schema, SL_STR("rows"), err);
  return rc ? rc : sl_req_head(r, k->schema, 0, k->kind == IMAGE ? (int64_t)k->number[1] : -1);
}

int compute_look_send(struct compute_look *k, struct sl_req *r, int rc, struct sl_err *err)
{
  bool longer = rc == SL_ELIMIT && k->kind == MEMBER && k->bytes.n;
  if (k->kind == ARCHIVE || (rc && !longer))
    return rc;
  if (longer)
    sl_req_cut(r, "the member's first 4 MiB");
  rc = k->schema ? SL_OK : head(k, r, err);
  while (!rc && more(k)) {
    struct sl_batch *b = NULL;
    while (!rc && more(k) && !(b && sl_batch_full(b)))
      rc = k->kind == IMAGE ? image_row(k, &b, err) : line_row(k, &b, err);
    if (!rc)
      rc = sl_req_rows(r, &b);
    sl_batch_unref(b);
  }
  return rc == SL_EAGAIN && !more(k) ? SL_OK : rc;
}
