/* table/group.c: which columns a grouping takes, and the columns that its groups have. See the header for what it means. */
#include "table/group_int.h"

const char *const group_stats[] = { "n", "mean", "sd", "min", "max", "nan", "infinite", "missing", NULL };

/* ---- names ---- */

static int name_copy(struct sl_group *g, struct sl_name *to, const struct sl_name *from, struct sl_err *err)
{
  const char *col = sl_arena_strndup(&g->arena, from->col.p, from->col.n);
  const char *key = from->key.p ? sl_arena_strndup(&g->arena, from->key.p, from->key.n) : NULL;
  if (!col || (from->key.p && !key))
    return sl_err_nomem(err);
  *to = (struct sl_name){ sl_strn(col, from->col.n), key ? sl_strn(key, from->key.n) : SL_STR_NONE };
  return SL_OK;
}

static bool name_is(const struct sl_name *a, const struct sl_name *b)
{
  return sl_str_eq(a->col, b->col) && !a->key.p == !b->key.p && sl_str_eq(a->key, b->key);
}

static bool number(enum sl_type t) { return t == SL_I64 || t == SL_F64; }

static int by_type_check(const struct sl_col *c, bool keyed, struct sl_err *err)
{
  if (type_is_family(c->type) && !keyed)
    return sl_err_set(err, SL_EUSAGE, "'%.80s' is many values; group by one: %.80s.KEY", c->name, c->name);
  if (c->flags & SL_COL_SECRET)
    return sl_err_set(err, SL_EUSAGE, "'%.80s' is a secret: rows cannot be grouped by it", c->name);
  if (c->type == SL_LIST || c->type == SL_JSON)
    return sl_err_set(err, SL_EUSAGE, "'%.80s' is %s: rows cannot be grouped by it", c->name, sl_type_name(c->type));
  return SL_OK;
}

static int by_add(struct sl_group *g, const struct sl_name *name, struct sl_err *err)
{
  struct name_at at = name_find(g->base, name);
  struct group_by *by = &g->by[g->nby];
  for (size_t i = 0; i < g->nby; i++)
    if (name_is(&g->by[i].name, name))
      return SL_OK;
  if (g->nby == GROUP_BY_MAX)
    return sl_err_set(err, SL_ELIMIT, "grouped by more than %d columns", GROUP_BY_MAX);
  if (name->key.p && sl_str_eqz(name->key, "*"))
    return sl_err_set(err, SL_EUSAGE, "'%.*s.*' is many values; group by one of its keys", SL_ARG(sl_str_head(name->col, 80)));
  *by = (struct group_by){ .out = 0 };
  int rc = at.kind == NAME_NONE ? name_unknown(g->base, name, err) : SL_OK;
  if (at.kind == NAME_REF || at.kind == NAME_CONN)
    rc = sl_err_set(err, SL_EUSAGE, "rows are not grouped by %s",
                    at.kind == NAME_REF ? "ref: it is one row's" : "connection: ask one with -c");
  if (!rc) {
    by->col = *sl_schema_col(g->base, (size_t)at.col);
    rc = by_type_check(&by->col, at.kind == NAME_KEY, err);
  }
  rc = rc ? rc : name_copy(g, &by->name, name, err);
  g->nby += !rc;
  return rc;
}

/* ---- values ---- */

static bool is_by(const struct sl_group *g, const struct sl_name *name)
{
  for (size_t i = 0; i < g->nby; i++)
    if (name_is(&g->by[i].name, name))
      return true;
  return false;
}

static int value_add(struct sl_group *g, const struct sl_name *name, struct sl_err *err)
{
  for (size_t i = 0; i < g->nvalue; i++)
    if (name_is(&g->value[i].name, name))
      return SL_OK;
  int rc = is_by(g, name) ? SL_EEXIST : sl_grow((void **)&g->value, &g->cap_value, g->nvalue + 1, sizeof *g->value, GROUP_VALUES_MAX, err);
  if (rc)
    return rc == SL_EEXIST ? SL_OK : rc;
  rc = name_copy(g, &g->value[g->nvalue].name, name, err);
  g->nvalue += !rc;
  return rc;
}

static int all_add(struct sl_group *g, struct sl_str family, struct sl_err *err)
{
  struct sl_name name = { family, SL_STR_NONE }, own;
  for (size_t i = 0; i < g->nall; i++)
    if (sl_str_eq(g->all[i].family, family))
      return SL_OK;
  if (g->nall == GROUP_ALL_MAX)
    return sl_err_set(err, SL_ELIMIT, "more than %d families of numbers", GROUP_ALL_MAX);
  int rc = name_copy(g, &own, &name, err);
  if (!rc)
    g->all[g->nall++].family = own.col;
  return rc;
}

/* "auc.mean" -> "auc": what stands before the last word, when that is one of ours. */
static bool stat_cut(struct sl_str key, struct sl_str *rest)
{
  for (size_t i = 0; i < STATS; i++) {
    struct sl_str word = sl_str(group_stats[i]);
    if (sl_str_eq(key, word)) {
      *rest = SL_STR_NONE;
      return true;
    }
    if (key.n > word.n + 1 && sl_str_ends(key, word) && key.p[key.n - word.n - 1] == '.') {
      *rest = sl_str_head(key, key.n - word.n - 1);
      return true;
    }
  }
  return false;
}

const char *sl_col_unit(const struct sl_col *c, struct sl_str key)
{
  static const int counts[] = { STAT_N, STAT_NAN, STAT_INFINITE, STAT_MISSING };
  for (size_t i = 0; c->flags & SL_COL_FIGURES && i < sizeof counts / sizeof counts[0]; i++) {
    struct sl_str word = sl_str(group_stats[counts[i]]);
    if (sl_str_ends(key, word) && (key.n == word.n || key.p[key.n - word.n - 1] == '.'))
      return NULL;
  }
  return c->unit;
}

static int no_mean(const struct sl_col *c, struct sl_err *err)
{
  return sl_err_set(err, SL_EUSAGE, "'%.80s' is %s: only numbers have a mean and a spread", c->name, sl_type_name(c->type));
}

static const char *count_name(const struct sl_schema *s)
{
  return sl_schema_find(s, SL_STR("n")) < 0 ? "n" : "rows";
}

/* The number that a wanted column is about. Columns of the groups themselves need none. */
static int value_named(struct sl_group *g, const struct sl_name *name, struct sl_err *err)
{
  int at = sl_schema_find(g->base, name->col);
  const struct sl_col *c = at < 0 ? NULL : sl_schema_col(g->base, (size_t)at);
  struct sl_str rest;
  struct sl_name plain = { name->col, SL_STR_NONE };
  bool own = !name->key.p && (sl_str_eqz(name->col, count_name(g->base)) || sl_str_eqz(name->col, "where") ||
                              sl_str_eqz(name->col, "connection") || sl_str_eqz(name->col, "ref"));
  if (own || is_by(g, name))
    return SL_OK;
  if (!c)
    return name_unknown(g->base, name, err);
  if (number(c->type) && (!name->key.p || (stat_cut(name->key, &rest) && !rest.p) || sl_str_eqz(name->key, "*")))
    return value_add(g, &plain, err);
  if (c->type != SL_FAMILY_F64)
    return no_mean(c, err);
  if (!name->key.p || sl_str_eqz(name->key, "*"))
    return all_add(g, name->col, err);
  struct sl_name key = { name->col, stat_cut(name->key, &rest) && rest.p ? rest : name->key };
  return value_add(g, &key, err);
}

static int values_all(struct sl_group *g, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; i < sl_schema_count(g->base) && !rc; i++) {
    const struct sl_col *c = sl_schema_col(g->base, i);
    struct sl_name name = { sl_str(c->name), SL_STR_NONE };
    if (c->flags & (SL_COL_SECRET | SL_COL_HIDDEN))
      continue;
    if (c->type == SL_FAMILY_F64)
      rc = all_add(g, name.col, err);
    else if (number(c->type))
      rc = value_add(g, &name, err);
  }
  return rc;
}

/* ---- the groups' own columns ---- */

struct cols { struct sl_col *c; size_t n, cap; };

static int col_put(struct cols *cs, const struct sl_col *c, unsigned *out, struct sl_err *err)
{
  for (size_t i = 0; i < cs->n; i++)
    if (!strcmp(cs->c[i].name, c->name)) {
      *out = (unsigned)i;
      return SL_OK;
    }
  int rc = sl_grow((void **)&cs->c, &cs->cap, cs->n + 1, sizeof *cs->c, 4096, err);
  if (rc)
    return rc;
  *out = (unsigned)cs->n;
  cs->c[cs->n] = *c;
  cs->c[cs->n].flags &= ~(unsigned)(SL_COL_HIDDEN | SL_COL_LIVE);
  cs->n++;
  return SL_OK;
}

static int col_number(struct sl_group *g, struct cols *cs, struct sl_str name, unsigned *out, struct sl_err *err)
{
  int at = sl_schema_find(g->base, name);
  struct sl_col c = *sl_schema_col(g->base, (size_t)at);
  c.type = SL_FAMILY_F64;
  c.flags |= SL_COL_FIGURES;
  c.link = NULL;
  int rc = col_put(cs, &c, out, err);
  if (!rc && cs->c[*out].type != SL_FAMILY_F64)
    rc = sl_err_set(err, SL_EUSAGE, "'%.80s' is grouped by: it has no mean beside that", c.name);
  return rc;
}

static int schema_make(struct sl_group *g, struct sl_err *err)
{
  struct cols cs = { .c = NULL };
  struct sl_col count = { .name = count_name(g->base), .help = "rows in the group", .type = SL_I64 };
  struct sl_col where = { .name = "where", .help = "the filter that finds its rows; none: no filter does", .type = SL_TEXT,
                          .flags = SL_COL_HIDDEN };
  int rc = SL_OK;
  for (size_t i = 0; i < g->nby && !rc; i++)
    rc = col_put(&cs, &g->by[i].col, &g->by[i].out, err);
  rc = rc ? rc : col_put(&cs, &count, &g->count, err);
  for (size_t i = 0; i < g->nvalue && !rc; i++)
    rc = col_number(g, &cs, g->value[i].name.col, &g->value[i].out, err);
  for (size_t i = 0; i < g->nall && !rc; i++)
    rc = col_number(g, &cs, g->all[i].family, &g->all[i].out, err);
  rc = rc ? rc : col_put(&cs, &where, &g->where, err);
  if (!rc)
    cs.c[g->where].flags |= SL_COL_HIDDEN;
  rc = rc ? rc : sl_schema_new(&g->out, cs.c, cs.n, NULL, 0, err);
  rc = rc ? rc : sl_schema_set_resource(g->out, SL_STR("groups"), err);
  sl_free(cs.c);
  return rc;
}

/* ---- open, close ---- */

int sl_group_new(struct sl_group **out, struct sl_schema *s, const struct sl_want *by, struct sl_want *values, struct sl_err *err)
{
  *out = NULL;
  struct sl_group *g = sl_calloc(1, sizeof *g);
  if (!g)
    return sl_err_nomem(err);
  g->refs = 1;
  sl_arena_init(&g->arena, 0);
  g->base = sl_schema_ref(s);
  g->want = values ? sl_want_ref(values) : NULL;
  int rc = by && sl_want_count(by) ? SL_OK : sl_err_set(err, SL_EUSAGE, "grouped by what? name columns, as in params.depth");
  for (size_t i = 0; !rc && i < sl_want_count(by); i++) {
    struct sl_name name = sl_want_name(by, i);
    rc = by_add(g, &name, err);
  }
  for (size_t i = 0; !rc && values && i < sl_want_count(values); i++) {
    struct sl_name name = sl_want_name(values, i);
    rc = value_named(g, &name, err);
  }
  if (!rc && !values)
    rc = values_all(g, err);
  rc = rc ? rc : schema_make(g, err);
  if (rc) {
    sl_group_unref(g);
    return rc;
  }
  *out = g;
  return SL_OK;
}

struct sl_group *sl_group_ref(struct sl_group *g)
{
  __atomic_add_fetch(&g->refs, 1, __ATOMIC_RELAXED);
  return g;
}

void sl_group_unref(struct sl_group *g)
{
  if (!g || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL))
    return;
  sl_schema_unref(g->base);
  sl_schema_unref(g->out);
  sl_want_unref(g->want);
  sl_free(g->value);
  sl_arena_free(&g->arena);
  sl_free(g);
}

struct sl_schema *sl_group_schema(struct sl_group *g) { return g->out; }
