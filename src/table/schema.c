/* table/schema.c: which columns a batch has: the resource's, then one backend's own; and the keys of its families.
 *
 * Names may come from data (SQL results), so everything is copied. Immutable once shared, so read anywhere. */
#include "base/mem.h"
#include "table/batch_int.h"

enum { SCHEMA_COLS_MAX = 4096, SCHEMA_TEXT_MAX = 64 << 10 };
static const uint32_t schema_magic = 0x31534c53u; /* "SLS1" */

struct sl_schema {
  uint32_t refs;
  struct sl_keys *keys;
  struct sl_arena arena;
  struct sl_col *cols;
  size_t ncols, ncommon;
  uint32_t *by_name;   /* column + 1, open addressing */
  size_t nslot;
  struct sl_str resource;
};

static int text_copy(struct sl_schema *s, const char *text, const char **out, struct sl_err *err)
{
  *out = NULL;
  if (!text)
    return SL_OK;
  size_t n = strlen(text);
  if (n > SCHEMA_TEXT_MAX)
    return sl_err_set(err, SL_ELIMIT, "a column's name or help of %zu bytes; %d is the limit", n, SCHEMA_TEXT_MAX);
  *out = sl_arena_strndup(&s->arena, text, n);
  return *out ? SL_OK : sl_err_nomem(err);
}

static int col_copy(struct sl_schema *s, const struct sl_col *from, struct sl_col *to, struct sl_err *err)
{
  if (!from->name || !sl_type_known(from->type))
    return sl_err_set(err, SL_EINTERNAL, "a column without a name or type");
  *to = *from;
  int rc = text_copy(s, from->name, &to->name, err);
  if (!rc)
    rc = text_copy(s, from->help, &to->help, err);
  if (!rc)
    rc = text_copy(s, from->unit, &to->unit, err);
  if (!rc)
    rc = text_copy(s, from->link, &to->link, err);
  return rc;
}

static void schema_index(struct sl_schema *s)
{
  for (size_t c = 0; c < s->ncols; c++) {
    struct sl_str name = sl_str(s->cols[c].name);
    size_t i = sl_str_hash(name) & (s->nslot - 1);
    while (s->by_name[i] && !sl_str_eqz(name, s->cols[s->by_name[i] - 1].name))
      i = (i + 1) & (s->nslot - 1);
    if (!s->by_name[i]) /* of two columns of one name the first is found by it */
      s->by_name[i] = (uint32_t)c + 1;
  }
}

static int schema_fill(struct sl_schema *s, const struct sl_col *common, size_t ncommon, const struct sl_col *own, size_t nown,
                       struct sl_err *err)
{
  s->cols = sl_arena_alloc(&s->arena, (ncommon + nown + 1) * sizeof *s->cols);
  for (s->nslot = 16; s->nslot < (ncommon + nown) * 2; s->nslot *= 2)
    ;
  s->by_name = sl_arena_alloc(&s->arena, s->nslot * sizeof *s->by_name);
  if (!s->cols || !s->by_name)
    return sl_err_nomem(err);
  s->ncommon = ncommon;
  for (size_t i = 0; i < ncommon + nown; i++, s->ncols++) {
    int rc = col_copy(s, i < ncommon ? &common[i] : &own[i - ncommon], &s->cols[i], err);
    if (rc)
      return rc;
  }
  schema_index(s);
  return SL_OK;
}

int schema_with_keys(struct sl_schema **out, struct sl_keys *keys, const struct sl_col *common, size_t ncommon, const struct sl_col *own,
                     size_t nown, struct sl_err *err)
{
  if (ncommon > SCHEMA_COLS_MAX || nown > SCHEMA_COLS_MAX - ncommon)
    return sl_err_set(err, SL_ELIMIT, "%zu columns; %d is the limit", ncommon + nown, SCHEMA_COLS_MAX);
  struct sl_schema *s = sl_calloc(1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  s->refs = 1;
  sl_arena_init(&s->arena, 0);
  s->resource = SL_STR("");
  int rc = SL_OK;
  if (keys)
    s->keys = sl_keys_ref(keys);
  else
    rc = sl_keys_open(&s->keys, err);
  if (!rc)
    rc = schema_fill(s, common, ncommon, own, nown, err);
  if (rc)
    sl_schema_unref(s);
  else
    *out = s;
  return rc;
}

int sl_schema_new(struct sl_schema **out, const struct sl_col *common, size_t ncommon, const struct sl_col *own, size_t nown,
                  struct sl_err *err)
{
  return schema_with_keys(out, NULL, common, ncommon, own, nown, err);
}

struct sl_schema *sl_schema_ref(struct sl_schema *s)
{
  __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
  return s;
}

void sl_schema_unref(struct sl_schema *s)
{
  if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
    return;
  sl_keys_unref(s->keys);
  sl_arena_free(&s->arena);
  sl_free(s);
}

int sl_schema_set_resource(struct sl_schema *s, struct sl_str resource, struct sl_err *err)
{
  char *copy = sl_arena_strndup(&s->arena, resource.n ? resource.p : "", resource.n);
  if (!copy)
    return sl_err_nomem(err);
  s->resource = sl_strn(copy, resource.n);
  return SL_OK;
}

struct sl_str sl_schema_resource(const struct sl_schema *s) { return s->resource; }
size_t sl_schema_count(const struct sl_schema *s) { return s->ncols; }
size_t sl_schema_common(const struct sl_schema *s) { return s->ncommon; }
const struct sl_col *sl_schema_col(const struct sl_schema *s, size_t i) { return i < s->ncols ? &s->cols[i] : NULL; }
struct sl_keys *sl_schema_keys(const struct sl_schema *s) { return s->keys; }

int sl_schema_find(const struct sl_schema *s, struct sl_str name)
{
  for (size_t i = sl_str_hash(name) & (s->nslot - 1); s->by_name[i]; i = (i + 1) & (s->nslot - 1))
    if (sl_str_eqz(name, s->cols[s->by_name[i] - 1].name))
      return (int)s->by_name[i] - 1;
  return -1;
}

bool sl_schema_same(const struct sl_schema *a, const struct sl_schema *b)
{
  if (a == b)
    return true;
  if (a->ncols != b->ncols)
    return false;
  for (size_t i = 0; i < a->ncols; i++)
    if (a->cols[i].type != b->cols[i].type || strcmp(a->cols[i].name, b->cols[i].name) != 0)
      return false;
  return true;
}

bool schema_secret(const struct sl_schema *s)
{
  for (size_t i = 0; i < s->ncols; i++)
    if (s->cols[i].flags & SL_COL_SECRET)
      return true;
  return false;
}

/* ---- encoded ---- */

static void put_text(struct sl_buf *b, const char *z)
{
  sl_buf_le(b, z != NULL, 1);
  if (z)
    sl_buf_lstr(b, sl_str(z));
}

int sl_schema_encode(struct sl_buf *out, const struct sl_schema *s, struct sl_err *err)
{
  sl_buf_le(out, schema_magic, 4);
  sl_buf_le(out, s->ncommon, 4);
  sl_buf_le(out, s->ncols, 4);
  sl_buf_lstr(out, s->resource);
  for (size_t i = 0; i < s->ncols; i++) {
    const struct sl_col *c = &s->cols[i];
    sl_buf_le(out, c->type, 1);
    sl_buf_le(out, c->flags, 4);
    put_text(out, c->name);
    put_text(out, c->help);
    put_text(out, c->unit);
    put_text(out, c->link);
  }
  return sl_buf_check(out, err);
}

/* A text of the encoding as a C string; NULL where there is none. Names with NULs cannot be, so they are bad. */
static const char *get_text(struct sl_rd *r, struct sl_arena *a)
{
  uint64_t there = sl_rd_le(r, 1);
  if (r->bad || !there)
    return NULL;
  struct sl_str s = sl_rd_lstr(r);
  if (there != 1 || s.n > SCHEMA_TEXT_MAX || (s.n && memchr(s.p, 0, s.n)))
    r->bad = true;
  const char *z = r->bad ? NULL : sl_arena_strndup(a, s.n ? s.p : "", s.n);
  if (!z)
    r->bad = true;
  return z;
}

static void get_col(struct sl_rd *r, struct sl_arena *a, struct sl_col *c)
{
  uint64_t type = sl_rd_le(r, 1);
  c->flags = (unsigned)sl_rd_le(r, 4);
  c->name = get_text(r, a);
  c->help = get_text(r, a);
  c->unit = get_text(r, a);
  c->link = get_text(r, a);
  if (!sl_type_known((enum sl_type)type) || !c->name)
    r->bad = true;
  else
    c->type = (enum sl_type)type;
}

int sl_schema_decode(struct sl_schema **out, struct sl_str bytes, struct sl_err *err)
{
  struct sl_rd r = sl_rd(bytes);
  struct sl_arena a;
  sl_arena_init(&a, 0);
  bool known = sl_rd_le(&r, 4) == schema_magic;
  size_t ncommon = (size_t)sl_rd_le(&r, 4), n = (size_t)sl_rd_le(&r, 4);
  struct sl_str resource = sl_rd_lstr(&r);
  if (!known || n > SCHEMA_COLS_MAX || ncommon > n)
    r.bad = true;
  struct sl_col *cols = r.bad ? NULL : sl_arena_alloc(&a, (n + 1) * sizeof *cols);
  for (size_t i = 0; cols && i < n && !r.bad; i++)
    get_col(&r, &a, &cols[i]);
  int rc = SL_OK;
  if (r.bad || !cols || r.p != r.end)
    rc = sl_err_set(err, SL_EPARSE, "a table's columns are encoded in a way that cannot be read");
  if (!rc)
    rc = sl_schema_new(out, cols, ncommon, cols + ncommon, n - ncommon, err);
  if (!rc && (rc = sl_schema_set_resource(*out, resource, err))) {
    sl_schema_unref(*out);
    *out = NULL;
  }
  sl_arena_free(&a);
  return rc;
}
