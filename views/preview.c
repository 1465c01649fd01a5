/* views/preview.c: what is in a file, without opening it elsewhere: rows and profile of tables (Parquet, CSV, JSON), text, hex, images as
 * shades, members of archives. Bytes come by ranges through the second half of the reading door; parsing of tables, images and archives
 * happens in the box. */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/widgets.h"

enum { TEXT_BYTES = 4 << 20, MAX_LINES = 400000, HEX_ROW = 16, LOOK_BACK = 20000 };
static const char MEMBER_HEAD[] = "from member(";
enum mode { ROWS, PROFILE, TEXT, HEX, IMAGE, MEMBERS };

struct preview_state {
  struct sl_view *v;
  struct sl_buf uri, bytes, line;
  enum mode mode;
  struct sl_tablew *table;
  struct sl_textw *text;
  struct sl_pane *image;
  int image_w, image_h;
  struct sl_pane *member;      /* its lines, where the argument is the statement that reads a member of an archive */
  struct sl_buf title;
  uint64_t filled;             /* of its lines, how many stand in bytes */
  bool inside, cut;
  sl_watch read;
  size_t *at; size_t nline, cap_line;
  int64_t size;
  bool whole, asked;
  struct sl_err err;
};

/* ---- what kind of file ---- */

static bool ends(struct sl_str s, const char *z) { return s.n >= strlen(z) && sl_str_ieq(sl_str_from(s, s.n - strlen(z)), sl_str(z)); }

static bool ends_any(struct sl_str s, const char *const *list)
{
  for (; *list; list++)
    if (ends(s, *list))
      return true;
  return false;
}

static enum mode mode_of(struct sl_str uri)
{
  static const char *const tables[] = {".parquet", ".csv", ".csv.gz", ".tsv", ".json", ".jsonl", ".ndjson", ".json.gz", NULL};
  static const char *const images[] = {".png", ".jpg", ".jpeg", NULL};
  static const char *const archives[] = {".tar", ".tar.gz", ".tgz", ".zip", ".tar.xz", ".tar.zst", ".skops", NULL};
  static const char *const binary[] = {".ubj", ".onnx", ".pkl", ".npy", ".bin", ".db", ".so", ".joblib", NULL};
  ptrdiff_t slash = sl_str_rchr(uri, '/');
  bool bare = sl_str_chr(sl_str_from(uri, (size_t)(slash + 1)), '.') < 0;
  if ((uri.n && uri.p[uri.n - 1] == '/') || (bare && sl_str_starts(uri, SL_STR("lake:")))) /* a zone, a partition: all its data files */
    return ROWS;
  return ends_any(uri, tables) ? ROWS : ends_any(uri, images) ? IMAGE : ends_any(uri, archives) ? MEMBERS : ends_any(uri, binary) ? HEX
      : TEXT;
}

/* ---- addresses inside statements ---- */

/* "from member('x.zip', 'a/b')" for people: x.zip, the arrow, a/b. */
static void title_put(struct sl_buf *b, struct sl_str statement)
{
  bool in = false;
  for (size_t i = 0; i < statement.n; i++) {
    char c = statement.p[i];
    if (c == '\'' && in && i + 1 < statement.n && statement.p[i + 1] == '\'')
      sl_buf_ch(b, statement.p[i++]);
    else if (c == '\'')
      in = !in;
    else if (in || (c >= '0' && c <= '9'))
      sl_buf_ch(b, c);
    else if (c == ',')
      sl_buf_z(b, sl_glyph_pick(" › ", " > "));
  }
}

/* ---- rows, profile, members: queries ---- */

static void statement(struct preview_state *s, struct sl_buf *b)
{
  struct sl_str uri = sl_buf_view(&s->uri);
  while (uri.n > 1 && uri.p[uri.n - 1] == '/') /* a folder stands for the data files in it */
    uri.n--;
  sl_buf_z(b, s->mode == MEMBERS ? "from archive(" : "from ");
  sl_fmt_quote(b, uri, '\'');
  sl_buf_z(b, s->mode == MEMBERS ? ")" : "");
}

/* A name that came before means the first of them; its number, this one. */
static bool name_is_plain(struct preview_state *s, struct sl_str name, uint64_t number)
{
  struct sl_pane *p = sl_tablew_pane(s->table);
  for (uint64_t i = 0; i + 1 < number && i < sl_pane_count(p) && i < LOOK_BACK; i++) {
    struct sl_val v = sl_pane_val(p, i, "name");
    if (!v.null && sl_str_eq(v.u.s, name))
      return false;
  }
  return number <= LOOK_BACK && sl_utf8_valid(name);
}

static void member_enter(struct sl_view *v, const struct sl_subject *at)
{
  struct preview_state *s = sl_view_state(v);
  struct sl_schema *schema = sl_batch_schema(at->batch);
  int name_col = sl_schema_find(schema, SL_STR("name")), kind_col = sl_schema_find(schema, SL_STR("kind"));
  uint64_t number;
  struct sl_buf b;
  if (name_col < 0 || kind_col < 0 || !sl_str_u64(at->ref.id, &number))
    return;
  struct sl_val name = sl_batch_get(at->batch, at->row, (unsigned)name_col), kind = sl_batch_get(at->batch, at->row, (unsigned)kind_col);
  if (name.null || kind.null || !sl_str_eqz(kind.u.s, "file")) {
    sl_view_say(v, SL_ROLE_dim, "a %.*s has no bytes to preview", kind.null ? 6 : (int)kind.u.s.n, kind.null ? "member" : kind.u.s.p);
    return;
  }
  sl_buf_init(&b, 1 << 16);
  sl_buf_z(&b, MEMBER_HEAD);
  sl_fmt_quote(&b, sl_buf_view(&s->uri), '\'');
  sl_buf_z(&b, ", ");
  if (name_is_plain(s, name.u.s, number))
    sl_fmt_quote(&b, name.u.s, '\'');
  else
    sl_buf_printf(&b, "%llu", (unsigned long long)number);
  sl_buf_ch(&b, ')');
  sl_view_go(v, "preview", sl_buf_view(&b));
  sl_buf_free(&b);
}

static int table_ask(struct preview_state *s, struct sl_err *err)
{
  static const struct sl_tablew_opts rows_opts = {.empty = "no row in this file"};
  static const struct sl_tablew_opts member_opts = {.empty = "nothing in this archive", .enter = member_enter};
  struct sl_buf b;
  struct sl_query *q = NULL;
  sl_buf_init(&b, 1 << 16);
  statement(s, &b);
  struct sl_query sql = {.res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_buf_view(&b)};
  struct sl_query profile = {.res = &sl_res_columns, .kind = SL_Q_LIST, .scope = sl_buf_view(&s->uri)};
  int rc = sl_query_new(&q, s->mode == PROFILE ? &profile : &sql, err);
  sl_tablew_close(s->table);
  s->table = NULL;
  if (!rc)
    rc = sl_tablew_open(&s->table, s->v, q, s->mode == PROFILE ? NULL : s->mode == MEMBERS ? &member_opts : &rows_opts, err);
  sl_query_unref(q);
  sl_buf_free(&b);
  return rc;
}

/* ---- text and hex: bytes by ranges, bounded ---- */

static uint64_t text_lines(void *ctx)
{
  struct preview_state *s = ctx;
  return s->mode == HEX ? (s->bytes.n + HEX_ROW - 1) / HEX_ROW : s->nline;
}

static void hex_line(struct preview_state *s, uint64_t i)
{
  size_t from = (size_t)i * HEX_ROW, n = s->bytes.n - from < HEX_ROW ? s->bytes.n - from : HEX_ROW;
  const unsigned char *p = (const unsigned char *)s->bytes.p + from;
  sl_buf_printf(&s->line, "%08zx  ", from);
  for (size_t k = 0; k < HEX_ROW; k++)
    if (k < n)
      sl_buf_printf(&s->line, "%02x%s", p[k], k == 7 ? "  " : " ");
    else
      sl_buf_z(&s->line, k == 7 ? "    " : "   ");
  sl_buf_ch(&s->line, ' ');
  for (size_t k = 0; k < n; k++)
    sl_buf_ch(&s->line, p[k] >= 32 && p[k] < 127 ? (char)p[k] : '.');
}

static bool text_line(void *ctx, uint64_t i, struct sl_str *out, enum sl_role *role)
{
  struct preview_state *s = ctx;
  *role = SL_ROLE_text;
  if (i >= text_lines(s))
    return false;
  if (s->mode == HEX) {
    sl_buf_clear(&s->line);
    hex_line(s, i);
    *out = sl_buf_view(&s->line);
    return true;
  }
  size_t from = s->at[i], to = i + 1 < s->nline ? s->at[i + 1] - 1 : s->bytes.n;
  to -= i + 1 == s->nline && to > from && s->bytes.p[to - 1] == '\n';
  *out = sl_strn(s->bytes.p + from, to > from ? to - from : 0);
  return true;
}

static void lines_index(struct preview_state *s)
{
  s->nline = 0;
  for (size_t at = 0; at < s->bytes.n && s->nline < MAX_LINES;) {
    if (sl_grow((void **)&s->at, &s->cap_line, s->nline + 1, sizeof *s->at, MAX_LINES, NULL))
      return;
    s->at[s->nline++] = at;
    const char *nl = memchr(s->bytes.p + at, '\n', s->bytes.n - at);
    at = nl ? (size_t)(nl - s->bytes.p) + 1 : s->bytes.n;
  }
}

static bool looks_binary(const struct preview_state *s)
{
  return memchr(s->bytes.p ? s->bytes.p : "", 0, s->bytes.n < 4096 ? s->bytes.n : 4096) != NULL;
}

static int bytes_data(void *user, uint64_t off, const void *p, size_t n)
{
  struct preview_state *s = user;
  (void)off;
  sl_buf_add(&s->bytes, p, n);
  return s->bytes.failed;
}

static void bytes_whole(struct preview_state *s)
{
  s->whole = true;
  if (s->mode == TEXT && looks_binary(s))
    s->mode = HEX;
  lines_index(s);
  if (s->text)
    sl_textw_goto(s->text, 0);
  sl_view_dirty(s->v);
}

static void bytes_done(void *user, int rc, int64_t size, const struct sl_err *err)
{
  struct preview_state *s = user;
  s->read.v = 0;
  s->size = size;
  if (rc && err)
    s->err = *err;
  bytes_whole(s);
}

/* A member comes as lines: put together again, they are its bytes. What is on the disk just now comes with a later picture. */
static void member_fill(struct preview_state *s)
{
  for (uint64_t n = sl_pane_count(s->member); s->filled < n; s->filled++) {
    struct sl_val text = sl_pane_val(s->member, s->filled, "text"), bytes = sl_pane_val(s->member, s->filled, "bytes");
    if (text.null || bytes.null)
      return;
    sl_buf_str(&s->bytes, text.u.s);
    if (bytes.u.i > (int64_t)text.u.s.n)
      sl_buf_ch(&s->bytes, '\n');
  }
  bytes_whole(s);
}

static void member_changed(struct sl_view *v, void *user)
{
  struct preview_state *s = sl_view_state(v);
  const struct sl_answer *a = s->member ? sl_pane_answer(s->member) : NULL;
  (void)user;
  if (!a || !a->done)
    return;
  s->filled = 0;
  sl_buf_clear(&s->bytes);
  sl_err_clear(&s->err);
  if (a->nsrc && a->src[0].state == SL_FAILED)
    s->err = a->src[0].err;
  s->cut = a->nsrc && a->src[0].state == SL_CUT;
  member_fill(s);
}

static int member_ask(struct preview_state *s, struct sl_err *err)
{
  const struct sl_query like = {.res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_buf_view(&s->uri)};
  return sl_pane_query(&s->member, s->v, &like, member_changed, NULL, err);
}

static int bytes_ask(struct preview_state *s, struct sl_err *err)
{
  static const struct sl_bytes_fn fn = {.data = bytes_data, .done = bytes_done};
  const struct sl_text_source source = {.ctx = s, .count = text_lines, .line = text_line};
  if (!s->text) {
    int rc = sl_textw_open(&s->text, s->v, &source, err);
    if (rc)
      return rc;
  }
  if (s->asked)
    return SL_OK;
  s->asked = true;
  if (s->inside)
    return member_ask(s, err);
  return sl_ws_bytes(sl_view_ws(s->v), sl_buf_view(&s->uri), 0, TEXT_BYTES, &fn, s, &s->read, err);
}

/* ---- images: the box decodes and scales; rows of luminance come back as hex ---- */

static int image_ask(struct preview_state *s, int w, int h, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 16);
  sl_buf_z(&b, "from image(");
  sl_fmt_quote(&b, sl_buf_view(&s->uri), '\'');
  sl_buf_printf(&b, ", %d, %d)", w, h);
  struct sl_query like = {.res = &sl_res_rows, .kind = SL_Q_SQL, .scope = sl_buf_view(&b)};
  int rc = sl_pane_query(&s->image, s->v, &like, NULL, NULL, err);
  s->image_w = w;
  s->image_h = h;
  sl_buf_free(&b);
  return rc;
}

static void image_row(struct sl_pane *p, uint64_t i, struct sl_grid *g, int x, int y, int w)
{
  static const char *const utf8[] = {" ", "░", "▒", "▓", "█"}, *const ascii[] = {" ", ".", ":", "+", "#"};
  struct sl_val v = sl_pane_val(p, i, "luma");
  for (int k = 0; !v.null && k < w && (size_t)k * 2 + 1 < v.u.s.n; k++) {
    unsigned char l;
    if (!sl_parse_hex(sl_strn(v.u.s.p + k * 2, 2), &l, 1))
      return;
    int level = l * 5 / 256;
    sl_grid_cell(g, x + k, y, SL_ROLE_text, sl_glyph_pick(utf8[level], ascii[level]));
  }
}

static void image_draw(struct preview_state *s, struct sl_grid *g, struct sl_rect r)
{
  struct sl_err err = {0};
  if ((s->image_w != r.w - 2 || s->image_h != r.h) && image_ask(s, r.w - 2, r.h, &err)) {
    sl_view_say(s->v, SL_ROLE_bad, "%s", err.msg);
    return;
  }
  if (sl_pane_draw_state(s->image, g, r, "this image is empty"))
    return;
  for (uint64_t i = 0; i < sl_pane_count(s->image) && (int)i < r.h; i++)
    image_row(s->image, i, g, r.x + 1, r.y + (int)i, r.w - 2);
}

/* ---- open, close, draw ---- */

static int mode_set(struct preview_state *s, enum mode m, struct sl_err *err)
{
  s->mode = m;
  if (m == TEXT || m == HEX)
    return bytes_ask(s, err);
  return m == IMAGE ? SL_OK : table_ask(s, err);
}

static int preview_open(struct sl_view *v, struct sl_str arg, struct sl_err *err)
{
  struct preview_state *s = sl_view_state(v);
  struct sl_buf scratch;
  struct sl_ref ref;
  s->v = v;
  s->size = -1;
  arg = sl_str_trim(arg);
  sl_buf_init(&scratch, 0);
  sl_buf_init(&s->uri, 1 << 16);
  sl_buf_init(&s->bytes, TEXT_BYTES + 4096);
  sl_buf_init(&s->line, 4096);
  bool is_ref = !sl_ref_parse(arg, &ref, &scratch, NULL) && sl_str_eqz(ref.res, "objects");
  sl_buf_str(&s->uri, is_ref ? ref.id : arg);
  sl_buf_free(&scratch);
  sl_buf_init(&s->title, 1 << 16);
  s->inside = sl_str_starts(sl_buf_view(&s->uri), sl_str(MEMBER_HEAD));
  if (s->inside)
    title_put(&s->title, sl_str_from(sl_buf_view(&s->uri), sizeof MEMBER_HEAD - 1));
  int rc = s->uri.n ? mode_set(s, s->inside ? TEXT : mode_of(sl_buf_view(&s->uri)), err)
                    : sl_err_set(err, SL_EUSAGE, "preview needs an address: a path, lake:zone/path, file:...");
  return rc;
}

static void preview_close(struct sl_view *v)
{
  struct preview_state *s = sl_view_state(v);
  sl_ws_unwatch(sl_view_ws(v), s->read);
  sl_tablew_close(s->table);
  sl_textw_close(s->text);
  sl_pane_close(s->image);
  sl_pane_close(s->member);
  sl_buf_free(&s->title);
  sl_buf_free(&s->uri);
  sl_buf_free(&s->bytes);
  sl_buf_free(&s->line);
  sl_free(s->at);
}

static void text_draw(struct preview_state *s, struct sl_grid *g, struct sl_rect r)
{
  int y = r.y + (r.h > 6 ? r.h / 4 : 0);
  if (s->member && s->whole && s->filled < sl_pane_count(s->member))
    member_fill(s);
  if (s->err.code && !s->bytes.n) {
    sl_grid_putz(g, r.x + 3, y, r.w - 4, SL_ROLE_bad, sl_code_words(s->err.code));
    y += sl_grid_wrap(g, (struct sl_rect){ r.x + 3, y + 1, r.w - 6, r.y + r.h - y - 3 }, SL_ROLE_text, sl_str(s->err.msg));
    sl_grid_putz(g, r.x + 3, y + 2, r.w - 4, SL_ROLE_dim, "r asks again");
  } else if (!s->bytes.n) {
    sl_grid_putz(g, r.x + 3, y, r.w - 4, SL_ROLE_dim, s->whole ? "an empty file" : "loading");
  } else {
    sl_textw_draw(s->text, g, r);
  }
}

static void preview_draw(struct sl_view *v, struct sl_grid *g, struct sl_rect r)
{
  struct preview_state *s = sl_view_state(v);
  if (s->mode == TEXT || s->mode == HEX)
    text_draw(s, g, r);
  else if (s->mode == IMAGE)
    image_draw(s, g, r);
  else if (s->table)
    sl_tablew_draw(s->table, g, r, true);
}

/* ---- commands ---- */

/* R leads back to what the file is first of all: rows, a picture, members. */
static void mode_want(struct sl_view *v, struct preview_state *s, enum mode m)
{
  struct sl_err err = {0};
  enum mode own = mode_of(sl_buf_view(&s->uri));
  if (s->inside && (m == ROWS || m == PROFILE))
    sl_view_say(v, SL_ROLE_dim, "of a member: T its text, X its bytes");
  else if (mode_set(s, m == ROWS && (own == IMAGE || own == MEMBERS) ? own : m, &err))
    sl_view_say(v, SL_ROLE_bad, "%s", err.msg);
}

static enum sl_handled preview_command(struct sl_view *v, const char *command)
{
  struct preview_state *s = sl_view_state(v);
  static const struct { const char *name; enum mode mode; } modes[] = {{"rows", ROWS}, {"profile", PROFILE}, {"text", TEXT}, {"hex", HEX}};
  struct sl_err err = {0};
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (!strcmp(command, modes[i].name)) {
      mode_want(v, s, modes[i].mode);
      return SL_HANDLED;
    }
  if (!strcmp(command, "refresh") && !s->inside && (s->mode == TEXT || s->mode == HEX)) {
    s->asked = s->whole = false;
    sl_err_clear(&s->err);
    sl_buf_clear(&s->bytes);
    return mode_set(s, s->mode, &err) ? (sl_view_say(v, SL_ROLE_bad, "%s", err.msg), SL_HANDLED) : SL_HANDLED;
  }
  if ((s->mode == TEXT || s->mode == HEX) && s->text)
    return sl_textw_command(s->text, command);
  return s->table && s->mode != IMAGE ? sl_tablew_command(s->table, command) : SL_IGNORED;
}

static void preview_crumb(struct sl_view *v, struct sl_buf *b)
{
  struct preview_state *s = sl_view_state(v);
  sl_buf_str(b, sl_buf_view(s->inside ? &s->title : &s->uri));
}

static void preview_count(struct sl_view *v, struct sl_buf *b)
{
  static const char *const names[] = {"rows", "profile", "text", "hex", "image", "members"};
  struct preview_state *s = sl_view_state(v);
  sl_buf_printf(b, "%s  ", names[s->mode]);
  if (s->table && (s->mode == ROWS || s->mode == PROFILE || s->mode == MEMBERS))
    sl_tablew_count(s->table, b);
}

static void preview_truth(struct sl_view *v, struct sl_buf *b)
{
  struct preview_state *s = sl_view_state(v);
  if (s->mode != TEXT && s->mode != HEX) {
    struct sl_pane *p = s->mode == IMAGE ? s->image : s->table ? sl_tablew_pane(s->table) : NULL;
    if (p)
      sl_pane_truth(p, b);
    return;
  }
  if (s->err.code && !s->bytes.n) {
    sl_buf_z(b, "nothing could be read");
    return;
  }
  sl_fmt_bytes(b, (int64_t)s->bytes.n);
  if (s->inside) {
    sl_buf_z(b, !s->whole ? " read so far" : s->cut ? " read, there is more of it" : " read, all of it");
  } else if (s->size > (int64_t)s->bytes.n) {
    sl_buf_z(b, " read, the first of ");
    sl_fmt_bytes(b, s->size);
  } else {
    sl_buf_z(b, s->whole ? " read, all of it" : " read so far");
  }
}

static bool preview_subject(struct sl_view *v, struct sl_subject *out)
{
  struct preview_state *s = sl_view_state(v);
  if (s->inside)
    return false;
  *out = (struct sl_subject){ .res = &sl_res_objects, .uri = sl_buf_view(&s->uri) };
  out->ref = (struct sl_ref){ SL_STR_NONE, SL_STR("objects"), out->uri };
  return true;
}

static void preview_cmdline(struct sl_view *v, struct sl_buf *b)
{
  struct preview_state *s = sl_view_state(v);
  if (s->mode == MEMBERS && s->table) {
    sl_tablew_cmdline(s->table, b);
    return;
  }
  sl_buf_z(b, s->inside ? "sql " : s->mode == PROFILE ? "profile " : s->mode == ROWS ? "head " : "cat ");
  sl_fmt_shell(b, sl_buf_view(&s->uri));
}

static const struct sl_bind preview_binds[] = {
  {"rows", "R", "its rows; of a picture its shades, of an archive its members"},
  {"profile", "P", "its columns: nulls, distinct, min, max, mean, quantiles"},
  {"text", "T", "its text"},
  {"hex", "X", "its bytes"},
  {"wrap", "W", "wrap long lines, or cut them"},
};

const struct sl_view_ops sl_view_preview = {
  .name = "preview",
  .title = "preview",
  .help = "What is in a file: rows and profile of Parquet, CSV and JSON, text, bytes in hex, images as shades, members of archives (Enter "
          "looks into one). Only as much is read as is shown. R, P, T and X choose another way to look.",
  .arg = "ADDRESS",
  .binds = preview_binds, .nbinds = sizeof preview_binds / sizeof preview_binds[0],
  .hints = "rows profile text hex find",
  .state_size = sizeof(struct preview_state),
  .open = preview_open,
  .close = preview_close,
  .draw = preview_draw,
  .command = preview_command,
  .key = NULL,
  .crumb = preview_crumb,
  .count = preview_count,
  .truth = preview_truth,
  .subject = preview_subject,
  .cmdline = preview_cmdline,
  .visible = NULL,
};
