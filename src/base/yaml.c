/* base/yaml.c: libyaml's events as a tree in an arena, every node with its place.
 *
 * Aliases share the node that they name; what they would be when written out is counted, so a bomb is refused before anybody walks it.
 * libyaml has no hook for memory: it allocates by itself, but only in proportion to the megabyte that we let in. */
#include "base/yaml.h"

#include <yaml.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"

enum { TEXT_MAX = 1 << 20, NODES_MAX = 200000, DEPTH_MAX = 64, ANCHORS_MAX = 1000, FEW_KEYS = 16 };

struct sl_yaml {
  struct sl_arena arena;
  char *file;
  struct sl_yaml_node *root;
};

/* A node with what it weighs when aliases are written out, and how deep it goes (a scalar: 1). */
struct yaml_built { struct sl_yaml_node *node; size_t weight; int height; };
struct yaml_anchor { char *name; struct yaml_built built; /* node NULL: still open */ };

struct yaml_ctx {
  struct sl_yaml *y;
  struct sl_str text;
  yaml_parser_t parser;
  struct sl_yaml_node **stack;   /* children of the containers that are open */
  size_t stack_n, stack_cap;
  struct yaml_anchor *anchors;
  size_t anchors_n, anchors_cap;
  struct sl_err *err;
};

static int fail_at(struct yaml_ctx *c, int code, size_t line, size_t column, const char *fmt, ...) SL_PRINTF(5, 6);
static int fail_at(struct yaml_ctx *c, int code, size_t line, size_t column, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  sl_err_vset(c->err, code, fmt, ap);
  va_end(ap);
  sl_err_prefix(c->err, "%s:%zu:%zu", c->y->file, line, column);
  return code;
}

static int fail_mark(struct yaml_ctx *c, int code, const yaml_mark_t *m, const char *what)
{
  return fail_at(c, code, m->line + 1, m->column + 1, "%s", what);
}

/* ---- the text itself ---- */

static void place_of(struct sl_str text, size_t at, size_t *line, size_t *column)
{
  *line = *column = 1;
  for (size_t i = 0; i < at && i < text.n; i++) {
    if (text.p[i] == '\n') {
      ++*line;
      *column = 1;
    } else if (((unsigned char)text.p[i] & 0xc0) != 0x80) {
      ++*column;
    }
  }
}

static int fail_byte(struct yaml_ctx *c, size_t at, const char *what)
{
  size_t line, column;
  place_of(c->text, at, &line, &column);
  return fail_at(c, SL_EPARSE, line, column, "%s", what);
}

static int check_text(struct yaml_ctx *c)
{
  uint32_t cp;
  if (c->text.n > TEXT_MAX)
    return sl_err_set(c->err, SL_ELIMIT, "%s: larger than 1 MiB", c->y->file);
  for (size_t i = 0; i < c->text.n;) {
    int n = sl_utf8_next(sl_str_from(c->text, i), &cp);
    if (n <= 0)
      return fail_byte(c, i, "invalid UTF-8");
    if ((cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || cp == 0x7f)
      return fail_byte(c, i, "a control character; write it as an escape in double quotes");
    i += (size_t)n;
  }
  return SL_OK;
}

static char byte_at(struct sl_str text, const yaml_mark_t *m)
{
  size_t line = 0, column = 0, i = 0;
  for (; i < text.n && line < m->line; i++)
    line += text.p[i] == '\n';
  for (; i < text.n && column < m->column; i++)
    column += i + 1 < text.n && ((unsigned char)text.p[i + 1] & 0xc0) != 0x80;
  return i < text.n ? text.p[i] : 0;
}

static int parser_failed(struct yaml_ctx *c)
{
  const yaml_parser_t *p = &c->parser;
  if (p->error == YAML_MEMORY_ERROR)
    return sl_err_nomem(c->err);
  if (p->error == YAML_READER_ERROR)
    return fail_byte(c, p->problem_offset, p->problem ? p->problem : "cannot be read");
  if (byte_at(c->text, &p->problem_mark) == '\t') /* the commonest mistake, and libyaml's words for it help nobody */
    return fail_mark(c, SL_EPARSE, &p->problem_mark, "a tab cannot stand here; indent with spaces");
  return fail_mark(c, SL_EPARSE, &p->problem_mark, p->problem ? p->problem : "no YAML");
}

static int next_event(struct yaml_ctx *c, yaml_event_t *ev)
{
  return yaml_parser_parse(&c->parser, ev) ? SL_OK : parser_failed(c);
}

/* ---- nodes ---- */

static int new_node(struct yaml_ctx *c, const yaml_event_t *ev, enum sl_yaml_kind kind, struct sl_yaml_node **out)
{
  struct sl_yaml_node *n = sl_arena_alloc(&c->y->arena, sizeof *n);
  *out = n;
  if (!n)
    return sl_err_nomem(c->err);
  n->kind = kind;
  n->line = (int)ev->start_mark.line + 1;
  n->column = (int)ev->start_mark.column + 1;
  return SL_OK;
}

/* "!" alone says "as text" and is allowed; a name is not. */
static int check_tag(struct yaml_ctx *c, const yaml_event_t *ev, const yaml_char_t *tag)
{
  if (!tag || !strcmp((const char *)tag, "!"))
    return SL_OK;
  return fail_at(c, SL_EPARSE, ev->start_mark.line + 1, ev->start_mark.column + 1, "tags are not used here: remove \"%.60s\"",
    (const char *)tag);
}

static struct yaml_anchor *find_anchor(struct yaml_ctx *c, const char *name)
{
  for (size_t i = c->anchors_n; i > 0; i--) /* the latest of that name */
    if (!strcmp(c->anchors[i - 1].name, name))
      return &c->anchors[i - 1];
  return NULL;
}

/* Notes an anchor as open; *index is where, or SIZE_MAX when there is none. */
static int open_anchor(struct yaml_ctx *c, const yaml_event_t *ev, const yaml_char_t *name, size_t *index)
{
  *index = SIZE_MAX;
  if (!name)
    return SL_OK;
  if (c->anchors_n == ANCHORS_MAX)
    return fail_mark(c, SL_ELIMIT, &ev->start_mark, "more than 1000 anchors");
  void *p = c->anchors;
  int rc = sl_grow(&p, &c->anchors_cap, c->anchors_n + 1, sizeof *c->anchors, ANCHORS_MAX, c->err);
  c->anchors = p;
  if (rc)
    return rc;
  char *copy = sl_arena_strndup(&c->y->arena, (const char *)name, strlen((const char *)name));
  if (!copy)
    return sl_err_nomem(c->err);
  *index = c->anchors_n++;
  c->anchors[*index] = (struct yaml_anchor){.name = copy};
  return SL_OK;
}

static int push(struct yaml_ctx *c, struct sl_yaml_node *n)
{
  void *p = c->stack;
  int rc = sl_grow(&p, &c->stack_cap, c->stack_n + 1, sizeof *c->stack, 2 * NODES_MAX + 2, c->err);
  c->stack = p;
  if (!rc)
    c->stack[c->stack_n++] = n;
  return rc;
}

static int build(struct yaml_ctx *c, yaml_event_t *ev, int depth, struct yaml_built *out);

static int build_scalar(struct yaml_ctx *c, const yaml_event_t *ev, struct yaml_built *out)
{
  struct sl_yaml_node *n;
  int rc = check_tag(c, ev, ev->data.scalar.tag);
  if (!rc)
    rc = new_node(c, ev, SL_YAML_SCALAR, &n);
  if (rc)
    return rc;
  char *copy = sl_arena_strndup(&c->y->arena, (const char *)ev->data.scalar.value, ev->data.scalar.length);
  if (!copy)
    return sl_err_nomem(c->err);
  n->text = sl_strn(copy, ev->data.scalar.length);
  n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || ev->data.scalar.tag;
  *out = (struct yaml_built){n, 1, 1};
  return SL_OK;
}

static int build_alias(struct yaml_ctx *c, const yaml_event_t *ev, struct yaml_built *out)
{
  const struct yaml_anchor *a = find_anchor(c, (const char *)ev->data.alias.anchor);
  if (!a)
    return fail_at(c, SL_EPARSE, ev->start_mark.line + 1, ev->start_mark.column + 1, "no anchor &%.60s stands before",
      (const char *)ev->data.alias.anchor);
  if (!a->built.node)
    return fail_mark(c, SL_EPARSE, &ev->start_mark, "an alias inside what it names");
  *out = a->built;
  return SL_OK;
}

/* Adds a child to its container's account: too deep or too much when written out is refused here. */
static int account(struct yaml_ctx *c, const yaml_event_t *ev, int depth, const struct yaml_built *child, struct yaml_built *sum)
{
  if (depth + child->height > DEPTH_MAX)
    return fail_mark(c, SL_ELIMIT, &ev->start_mark, "nested deeper than 64");
  sum->weight += child->weight;
  if (sum->height < child->height + 1)
    sum->height = child->height + 1;
  return sum->weight > NODES_MAX ? fail_mark(c, SL_ELIMIT, &ev->start_mark, "more than 200000 values once aliases are written out") : SL_OK;
}

/* Takes what was pushed since `base` as the container's items. */
static int take_items(struct yaml_ctx *c, size_t base, struct sl_yaml_node *n)
{
  size_t each = n->kind == SL_YAML_MAP ? 2 : 1, count = (c->stack_n - base) / each;
  n->items = sl_arena_alloc(&c->y->arena, (count + 1) * sizeof *n->items);
  n->keys = each == 2 ? sl_arena_alloc(&c->y->arena, (count + 1) * sizeof *n->keys) : NULL;
  if (!n->items || (each == 2 && !n->keys))
    return sl_err_nomem(c->err);
  for (size_t i = 0; i < count; i++) {
    if (each == 2)
      n->keys[i] = c->stack[base + 2 * i];
    n->items[i] = c->stack[base + each * i + each - 1];
  }
  n->n = count;
  c->stack_n = base;
  return SL_OK;
}

static int build_seq(struct yaml_ctx *c, const yaml_event_t *start, int depth, struct yaml_built *out)
{
  size_t base = c->stack_n;
  int rc = check_tag(c, start, start->data.sequence_start.tag);
  *out = (struct yaml_built){NULL, 1, 1};
  if (!rc)
    rc = new_node(c, start, SL_YAML_SEQ, &out->node);
  while (!rc) {
    yaml_event_t ev;
    struct yaml_built child;
    rc = next_event(c, &ev);
    if (rc)
      break;
    bool end = ev.type == YAML_SEQUENCE_END_EVENT;
    if (!end)
      rc = build(c, &ev, depth + 1, &child);
    if (!end && !rc)
      rc = account(c, &ev, depth, &child, out);
    if (!end && !rc)
      rc = push(c, child.node);
    yaml_event_delete(&ev);
    if (end)
      return take_items(c, base, out->node);
  }
  return rc;
}

static int twice(struct yaml_ctx *c, const struct sl_yaml_node *a, const struct sl_yaml_node *b)
{
  return fail_at(c, SL_EPARSE, (size_t)b->line, (size_t)b->column, "\"%.*s\" stands here twice; first in line %d",
    SL_ARG(sl_str_head(b->text, 60)),
    a->line);
}

/* Few keys are compared in pairs, many by a map: a megabyte of keys must not take minutes. */
static int check_twice(struct yaml_ctx *c, const struct sl_yaml_node *n)
{
  if (n->n <= FEW_KEYS) {
    for (size_t i = 1; i < n->n; i++)
      for (size_t j = 0; j < i; j++)
        if (sl_str_eq(n->keys[i]->text, n->keys[j]->text))
          return twice(c, n->keys[j], n->keys[i]);
    return SL_OK;
  }
  struct sl_map seen;
  int rc = SL_OK;
  sl_map_init(&seen);
  for (size_t i = 0; i < n->n && !rc; i++) {
    uint64_t at;
    size_t index;
    if (sl_map_get(&seen, n->keys[i]->text, &at))
      rc = twice(c, n->keys[at], n->keys[i]);
    else
      rc = sl_map_put(&seen, n->keys[i]->text, i, &index, c->err);
  }
  sl_map_free(&seen);
  return rc;
}

static int build_key(struct yaml_ctx *c, const yaml_event_t *ev, struct yaml_built *out)
{
  if (ev->type != YAML_SCALAR_EVENT || ev->data.scalar.anchor)
    return fail_mark(c, SL_EPARSE, &ev->start_mark, "a key must be plain text");
  if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !strcmp((const char *)ev->data.scalar.value, "<<"))
    return fail_mark(c, SL_EPARSE, &ev->start_mark, "merge keys are not used here: write the settings out");
  return build_scalar(c, ev, out);
}

static int build_map(struct yaml_ctx *c, const yaml_event_t *start, int depth, struct yaml_built *out)
{
  size_t base = c->stack_n;
  int rc = check_tag(c, start, start->data.mapping_start.tag);
  *out = (struct yaml_built){NULL, 1, 1};
  if (!rc)
    rc = new_node(c, start, SL_YAML_MAP, &out->node);
  for (bool key = true; !rc; key = !key) {
    yaml_event_t ev;
    struct yaml_built child;
    rc = next_event(c, &ev);
    if (rc)
      break;
    bool end = ev.type == YAML_MAPPING_END_EVENT;
    if (!end)
      rc = key ? build_key(c, &ev, &child) : build(c, &ev, depth + 1, &child);
    if (!end && !rc)
      rc = account(c, &ev, depth, &child, out);
    if (!end && !rc)
      rc = push(c, child.node);
    yaml_event_delete(&ev);
    if (end) {
      rc = take_items(c, base, out->node);
      return rc ? rc : check_twice(c, out->node);
    }
  }
  return rc;
}

static int build(struct yaml_ctx *c, yaml_event_t *ev, int depth, struct yaml_built *out)
{
  size_t anchor;
  if (depth > DEPTH_MAX)
    return fail_mark(c, SL_ELIMIT, &ev->start_mark, "nested deeper than 64");
  if (ev->type == YAML_ALIAS_EVENT)
    return build_alias(c, ev, out);
  const yaml_char_t *name = ev->type == YAML_SCALAR_EVENT ? ev->data.scalar.anchor :
    ev->type == YAML_SEQUENCE_START_EVENT ? ev->data.sequence_start.anchor : ev->data.mapping_start.anchor;
  int rc = open_anchor(c, ev, name, &anchor);
  if (rc)
    return rc;
  rc = ev->type == YAML_SCALAR_EVENT ? build_scalar(c, ev, out) :
    ev->type == YAML_SEQUENCE_START_EVENT ? build_seq(c, ev, depth, out) : build_map(c, ev, depth, out);
  if (!rc && anchor != SIZE_MAX)
    c->anchors[anchor].built = *out;
  return rc;
}

static int build_root(struct yaml_ctx *c, yaml_event_t *ev)
{
  struct yaml_built built;
  int rc = build(c, ev, 1, &built);
  if (!rc)
    c->y->root = built.node;
  return rc;
}

/* stream start, at most one document, stream end */
static int build_stream(struct yaml_ctx *c)
{
  bool document = false;
  for (;;) {
    yaml_event_t ev;
    int rc = next_event(c, &ev);
    if (rc)
      return rc;
    bool end = ev.type == YAML_STREAM_END_EVENT;
    if (ev.type == YAML_DOCUMENT_START_EVENT) {
      if (document)
        rc = fail_mark(c, SL_EPARSE, &ev.start_mark, "a second document; keep one in a file");
      else if (ev.data.document_start.tag_directives.start != ev.data.document_start.tag_directives.end)
        rc = fail_mark(c, SL_EPARSE, &ev.start_mark, "tags are not used here: remove %TAG");
      document = true;
    } else if (ev.type != YAML_STREAM_START_EVENT && ev.type != YAML_DOCUMENT_END_EVENT && !end) {
      rc = build_root(c, &ev);
    }
    yaml_event_delete(&ev);
    if (rc || end)
      return rc;
  }
}

static int parse(struct yaml_ctx *c)
{
  int rc = check_text(c);
  if (rc)
    return rc;
  if (!yaml_parser_initialize(&c->parser))
    return sl_err_nomem(c->err);
  yaml_parser_set_encoding(&c->parser, YAML_UTF8_ENCODING); /* else two bytes at the start could make it UTF-16 */
  yaml_parser_set_input_string(&c->parser, (const unsigned char *)(c->text.p ? c->text.p : ""), c->text.n);
  rc = build_stream(c);
  yaml_parser_delete(&c->parser);
  return rc;
}

int sl_yaml_parse(struct sl_yaml **out, struct sl_str text, const char *file, struct sl_err *err)
{
  struct sl_yaml *y = sl_calloc(1, sizeof *y);
  *out = NULL;
  if (!y)
    return sl_err_nomem(err);
  sl_arena_init(&y->arena, 0);
  y->file = sl_strdup(file ? file : "-");
  struct yaml_ctx c = {.y = y, .text = text, .err = err};
  int rc = y->file ? parse(&c) : sl_err_nomem(err);
  sl_free(c.stack);
  sl_free(c.anchors);
  if (rc)
    sl_yaml_free(y);
  else
    *out = y;
  return rc;
}

int sl_yaml_load(struct sl_yaml **out, const char *path, struct sl_err *err)
{
  struct sl_buf b;
  *out = NULL;
  sl_buf_init(&b, TEXT_MAX);
  int rc = sl_file_read(&b, path, TEXT_MAX, err);
  if (!rc)
    rc = sl_yaml_parse(out, sl_buf_view(&b), path, err);
  sl_buf_free(&b);
  return rc;
}

void sl_yaml_free(struct sl_yaml *y)
{
  if (!y)
    return;
  sl_arena_free(&y->arena);
  sl_free(y->file);
  sl_free(y);
}

/* ---- asking ---- */

const struct sl_yaml_node *sl_yaml_root(const struct sl_yaml *y) { return y->root; }
const char *sl_yaml_file(const struct sl_yaml *y) { return y->file; }

const struct sl_yaml_node *sl_yaml_get(const struct sl_yaml_node *map, const char *key)
{
  for (size_t i = 0; map && map->kind == SL_YAML_MAP && i < map->n; i++)
    if (sl_str_eqz(map->keys[i]->text, key))
      return map->items[i];
  return NULL;
}

static bool word_in(const struct sl_yaml_node *n, const char *const *words)
{
  if (n->kind != SL_YAML_SCALAR || n->quoted)
    return false;
  for (; *words; words++)
    if (sl_str_ieq(n->text, sl_str(*words)))
      return true;
  return false;
}

static const char *const null_words[] = {"", "~", "null", NULL};
static const char *const true_words[] = {"true", "yes", "on", NULL};
static const char *const false_words[] = {"false", "no", "off", NULL};

bool sl_yaml_is_null(const struct sl_yaml_node *n)
{
  return !n || word_in(n, null_words);
}

bool sl_yaml_bool(const struct sl_yaml_node *n, bool *out)
{
  if (!n || !(word_in(n, true_words) || word_in(n, false_words)))
    return false;
  *out = word_in(n, true_words);
  return true;
}

int sl_yaml_fail(const struct sl_yaml *y, const struct sl_yaml_node *n, struct sl_err *err, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  sl_err_vset(err, SL_ECONFIG, fmt, ap);
  va_end(ap);
  if (n)
    sl_err_prefix(err, "%s:%d:%d", y->file, n->line, n->column);
  else
    sl_err_prefix(err, "%s", y->file);
  return SL_ECONFIG;
}

/* Letters first, then letters, digits and harmless signs, and no word that YAML takes for something else. */
static bool plain_ok(struct sl_str s)
{
  const struct sl_yaml_node n = {.text = s};
  if (!s.n || word_in(&n, null_words) || word_in(&n, true_words) || word_in(&n, false_words) || sl_str_ieq(s, SL_STR("y")) ||
      sl_str_ieq(s, SL_STR("n")))
    return false;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i], low = (char)(c | 0x20);
    bool letter = (low >= 'a' && low <= 'z') || c == '_' || (c == '/' && s.n > 1);
    if (!letter && !(i && ((c >= '0' && c <= '9') || c == '-' || c == '.')))
      return false;
  }
  return true;
}

void sl_yaml_quote(struct sl_buf *b, struct sl_str s)
{
  if (plain_ok(s)) {
    sl_buf_str(b, s);
    return;
  }
  sl_buf_ch(b, '"');
  for (size_t i = 0; i < s.n;) {
    uint32_t cp;
    int n = sl_utf8_next(sl_str_from(s, i), &cp);
    i += n > 0 ? (size_t)n : 1;
    cp = n > 0 ? cp : 0xfffd; /* YAML has no way to hold a byte that is no text */
    if (cp == '"' || cp == '\\')
      sl_buf_printf(b, "\\%c", (char)cp);
    else if (cp == '\n' || cp == '\t')
      sl_buf_z(b, cp == '\n' ? "\\n" : "\\t");
    else if (sl_json_hidden(cp))
      sl_buf_printf(b, cp < 0x100 ? "\\x%02x" : cp < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)cp);
    else
      sl_buf_u8(b, cp);
  }
  sl_buf_ch(b, '"');
}
