/* judge/compare.c: see compare.h. Keys of parameters and metrics become items in a map; the runs' cells hang on them. Repeats only feed
 * sums:
 * for each group (parameters without seeds) and each metric that is compared: n, mean, sum of squares (Welford). */
#include "judge/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fmt.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

enum { CMP_MEMORY = 256 << 20, CMP_ITEMS = 200000, CMP_SUMS = 4 << 20, CMP_RULES = 4096 };

struct sums { uint64_t key; uint32_t item, n; double mean, m2; };
struct sl_compare {
  struct sl_arena mem;
  size_t runs;
  struct sl_str *name, *id;
  struct sl_cmp_item **item; size_t nitem, cap_item;
  struct sl_map index;                /* kind byte and name -> item */
  struct sl_map group;                /* parameters without seeds */
  struct sl_map at;                   /* group and item -> sums */
  struct sums *sums; size_t nsums, cap_sums;
  struct sl_str *rule; size_t nrule, cap_rule;
};

int sl_compare_new(struct sl_compare **out, size_t n, struct sl_err *err)
{
  if (n < 2 || n > SL_CMP_RUNS)
    return sl_err_set(err, SL_EUSAGE, "%zu run%s: name 2 to %d to compare", n, n == 1 ? "" : "s", SL_CMP_RUNS);
  struct sl_compare *c = sl_calloc(1, sizeof *c);
  if (!c)
    return sl_err_nomem(err);
  sl_arena_init(&c->mem, CMP_MEMORY);
  sl_map_init(&c->index);
  sl_map_init(&c->group);
  sl_map_init(&c->at);
  c->runs = n;
  c->name = sl_arena_alloc(&c->mem, n * sizeof *c->name);
  c->id = sl_arena_alloc(&c->mem, n * sizeof *c->id);
  if (!c->name || !c->id) {
    sl_compare_free(c);
    return sl_err_nomem(err);
  }
  *out = c;
  return SL_OK;
}

void sl_compare_free(struct sl_compare *c)
{
  if (!c)
    return;
  sl_map_free(&c->index);
  sl_map_free(&c->group);
  sl_map_free(&c->at);
  sl_free(c->item);
  sl_free(c->sums);
  sl_free(c->rule);
  sl_arena_free(&c->mem);
  sl_free(c);
}

/* ---- the runs ---- */

static int copy(struct sl_compare *c, struct sl_str s, struct sl_str *out, struct sl_err *err)
{
  char *p = sl_arena_strndup(&c->mem, s.p ? s.p : "", s.n);
  *out = sl_strn(p, s.n);
  return p ? SL_OK : sl_err_nomem(err);
}

static int key_of(struct sl_buf *b, enum sl_cmp_kind kind, struct sl_str name, struct sl_err *err)
{
  sl_buf_clear(b);
  sl_buf_ch(b, (char)('0' + (int)kind));
  sl_buf_str(b, name);
  return sl_buf_check(b, err);
}

static int item_at(struct sl_compare *c, enum sl_cmp_kind kind, struct sl_str name, struct sl_cmp_item **out, struct sl_err *err)
{
  struct sl_buf b;
  uint64_t found = 0;
  sl_buf_init(&b, 1 << 20);
  int rc = key_of(&b, kind, name, err);
  if (!rc && sl_map_get(&c->index, sl_buf_view(&b), &found)) {
    *out = c->item[found];
  } else if (!rc) {
    struct sl_cmp_item *it = sl_arena_alloc(&c->mem, sizeof *it);
    rc = sl_grow((void **)&c->item, &c->cap_item, c->nitem + 1, sizeof *c->item, CMP_ITEMS, err);
    if (!rc)
      rc = it && (it->cell = sl_arena_alloc(&c->mem, c->runs * sizeof *it->cell)) ? copy(c, name, &it->name, err) : sl_err_nomem(err);
    if (!rc)
      rc = sl_map_put(&c->index, sl_buf_view(&b), c->nitem, NULL, err);
    if (!rc) {
      it->kind = kind;
      it->spread = NAN;
      for (size_t i = 0; i < c->runs; i++)
        it->cell[i].mark = SL_CMP_NONE;
      c->item[c->nitem++] = it;
      *out = it;
    }
  }
  sl_buf_free(&b);
  return rc;
}

static int cell_put(struct sl_compare *c, size_t run, enum sl_cmp_kind kind, struct sl_str name, const struct sl_val *v, struct sl_err *err)
{
  struct sl_cmp_item *it = NULL;
  struct sl_buf text;
  int rc = item_at(c, kind, name, &it, err);
  if (rc)
    return rc;
  struct sl_cmp_cell *cell = &it->cell[run];
  cell->there = true;
  cell->number = v->type == SL_F64 || v->type == SL_FAMILY_F64;
  if (cell->number) {
    cell->num = v->u.f;
    return SL_OK;
  }
  sl_buf_init(&text, 1 << 20);
  sl_val_text(&text, v);
  rc = sl_buf_check(&text, err);
  if (!rc)
    rc = copy(c, sl_buf_view(&text), &cell->text, err);
  sl_buf_free(&text);
  return rc;
}

static int family_put(struct sl_compare *c, size_t run, enum sl_cmp_kind kind, const struct sl_batch *b, uint32_t row, const char *family,
                      struct sl_err *err)
{
  struct sl_schema *s = sl_batch_schema(b);
  int col = sl_schema_find(s, sl_str(family)), rc = SL_OK;
  struct sl_val v;
  for (uint32_t i = 0, key; col >= 0 && !rc && sl_batch_pair(b, row, (unsigned)col, i, &key, &v); i++)
    rc = cell_put(c, run, kind, sl_keys_name(sl_schema_keys(s), key), &v, err);
  return rc;
}

static struct sl_val cell_of(const struct sl_batch *b, uint32_t row, const char *col)
{
  int i = sl_schema_find(sl_batch_schema(b), sl_str(col));
  return i < 0 ? sl_null(SL_TEXT) : sl_batch_get(b, row, (unsigned)i);
}

/* What tells where a run came from, among its tags. */
static struct sl_val tag_of(const struct sl_batch *b, uint32_t row, const char *name)
{
  struct sl_schema *s = sl_batch_schema(b);
  int col = sl_schema_find(s, SL_STR("tags"));
  uint32_t key;
  if (col < 0 || !sl_keys_find(sl_schema_keys(s), sl_str(name), &key))
    return sl_null(SL_TEXT);
  return sl_batch_get_key(b, row, (unsigned)col, key);
}

int sl_compare_run(struct sl_compare *c, size_t i, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  static const char *const attributes[] = { "experiment", "state", "user", "duration_s" };
  static const struct { const char *name, *tag; } sources[] = { { "commit", "mlflow.source.git.commit" }, { "source",
      "mlflow.source.name" } };
  struct sl_val name = cell_of(b, row, "name");
  int rc = copy(c, sl_batch_id(b, row), &c->id[i], err);
  if (!rc)
    rc = copy(c, name.null || !name.u.s.n ? sl_batch_id(b, row) : name.u.s, &c->name[i], err);
  for (size_t k = 0; k < sizeof attributes / sizeof attributes[0] && !rc; k++) {
    struct sl_val v = cell_of(b, row, attributes[k]);
    if (!v.null)
      rc = cell_put(c, i, SL_CMP_ATTRIBUTE, sl_str(attributes[k]), &v, err);
  }
  for (size_t k = 0; k < sizeof sources / sizeof sources[0] && !rc; k++) {
    struct sl_val v = tag_of(b, row, sources[k].tag);
    if (!v.null)
      rc = cell_put(c, i, SL_CMP_ATTRIBUTE, sl_str(sources[k].name), &v, err);
  }
  if (!rc)
    rc = family_put(c, i, SL_CMP_PARAM, b, row, "params", err);
  return rc ? rc : family_put(c, i, SL_CMP_METRIC, b, row, "metrics", err);
}

/* ---- repeats ---- */

static bool is_seed(struct sl_str name)
{
  static const char *const words[] = { "seed", "random_state", "random_seed" };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    struct sl_str w = sl_str(words[i]);
    if (sl_str_ieq(name, w))
      return true;
    char before = name.n > w.n ? name.p[name.n - w.n - 1] : 0;
    if ((before == '_' || before == '.' || before == '-' || before == '/') && sl_str_ieq(sl_str_from(name, name.n - w.n), w))
      return true;
  }
  return false;
}

struct pair { struct sl_str key, value; };

static int by_key(const void *a, const void *b)
{
  return sl_str_cmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

/* The parameters without seeds as one text; *any false: there are none, so nothing says what it is a repeat of. */
static int signature(struct sl_buf *out, const struct sl_batch *b, uint32_t row, bool *any, struct sl_err *err)
{
  struct sl_schema *s = sl_batch_schema(b);
  int col = sl_schema_find(s, SL_STR("params")), rc = SL_OK;
  struct pair *pair = NULL;
  size_t n = 0, cap = 0;
  struct sl_val v;
  for (uint32_t i = 0, key; col >= 0 && !rc && sl_batch_pair(b, row, (unsigned)col, i, &key, &v); i++) {
    struct sl_str name = sl_keys_name(sl_schema_keys(s), key);
    if (v.null || is_seed(name))
      continue;
    rc = sl_grow((void **)&pair, &cap, n + 1, sizeof *pair, CMP_ITEMS, err);
    if (!rc)
      pair[n++] = (struct pair){ name, v.u.s };
  }
  if (!rc && n)
    qsort(pair, n, sizeof *pair, by_key);
  for (size_t i = 0; i < n && !rc; i++) {
    sl_buf_lstr(out, pair[i].key);
    sl_buf_lstr(out, pair[i].value);
  }
  *any = n > 0;
  sl_free(pair);
  return rc ? rc : sl_buf_check(out, err);
}

static int sum_add(struct sl_compare *c, uint64_t group, uint32_t item, double x, struct sl_err *err)
{
  uint64_t words[2] = { group, item }, at = 0;
  struct sl_str key = sl_strn((const char *)words, sizeof words);
  if (!sl_map_get(&c->at, key, &at)) {
    int rc = sl_grow((void **)&c->sums, &c->cap_sums, c->nsums + 1, sizeof *c->sums, CMP_SUMS, err);
    if (!rc)
      rc = sl_map_put(&c->at, key, c->nsums, NULL, err);
    if (rc)
      return rc;
    at = c->nsums++;
    c->sums[at] = (struct sums){ .key = group, .item = item };
  }
  struct sums *s = &c->sums[at];
  double d = x - s->mean;
  s->mean += d / ++s->n;
  s->m2 += d * (x - s->mean);
  return SL_OK;
}

int sl_compare_repeat(struct sl_compare *c, const struct sl_batch *b, uint32_t row, struct sl_err *err)
{
  struct sl_schema *s = sl_batch_schema(b);
  struct sl_val state = cell_of(b, row, "state"), v;
  int col = sl_schema_find(s, SL_STR("metrics"));
  struct sl_buf text;
  uint64_t group = 0, item;
  bool any = false;
  if (state.null || !sl_str_eqz(state.u.s, "ok") || col < 0)
    return SL_OK;
  sl_buf_init(&text, 4 << 20);
  int rc = signature(&text, b, row, &any, err);
  if (!rc && any && !sl_map_get(&c->group, sl_buf_view(&text), &group)) {
    group = sl_map_count(&c->group);
    rc = sl_map_put(&c->group, sl_buf_view(&text), group, NULL, err);
  }
  for (uint32_t i = 0, key; any && !rc && sl_batch_pair(b, row, (unsigned)col, i, &key, &v); i++) {
    if (v.null || !isfinite(v.u.f))
      continue;
    rc = key_of(&text, SL_CMP_METRIC, sl_keys_name(sl_schema_keys(s), key), err);
    if (!rc && sl_map_get(&c->index, sl_buf_view(&text), &item))
      rc = sum_add(c, group, (uint32_t)item, v.u.f, err);
  }
  sl_buf_free(&text);
  return rc;
}

/* ---- judging ---- */

double sl_compare_t975(uint32_t df)
{
  static const double table[] = { 12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604,
    2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452,
        2.0423 };
  if (!df)
    return NAN;
  if (df <= sizeof table / sizeof table[0])
    return table[df - 1];
  double z = 1.959963984540054, z3 = z * z * z, n = df;
  return z + (z3 + z) / (4 * n) + (5 * z3 * z * z + 16 * z3 + 3 * z) / (96 * n * n);
}

static bool has_word(struct sl_str name, const char *word)
{
  size_t n = strlen(word);
  for (size_t i = 0; i + n <= name.n; i++) {
    bool starts = i == 0 || !((name.p[i - 1] | 32) >= 'a' && (name.p[i - 1] | 32) <= 'z');
    bool ends = i + n == name.n || !((name.p[i + n] | 32) >= 'a' && (name.p[i + n] | 32) <= 'z');
    if (starts && ends && sl_str_ieq(sl_strn(name.p + i, n), sl_str(word)))
      return true;
  }
  return false;
}

static bool has_any(struct sl_str name, const char *const *words)
{
  for (; *words; words++)
    if (has_word(name, *words))
      return true;
  return false;
}

int sl_compare_direction(struct sl_str metric, bool *cost)
{
  static const char *const costs[] = { "seconds", "second", "time", "duration", "latency", "ms", "bytes", "memory", "size", NULL };
  static const char *const less[] = { "loss", "logloss", "error", "err", "mae", "mse", "rmse", "mape", "smape", "brier", "perplexity",
      "wer",
    "cer", "deviance", "crossentropy", "ece", "fpr", "fnr", NULL };
  static const char *const more[] = { "auc", "auroc", "auprc", "accuracy", "acc", "precision", "recall", "f", "r", "ap", "map", "ndcg",
    "bleu", "rouge", "score", "mcc", "kappa", "iou", "dice", "sensitivity", "specificity", "gini", "lift", NULL };
  *cost = has_any(metric, costs);
  if (*cost || has_any(metric, less))
    return -1;
  return has_any(metric, more) ? 1 : 0;
}

int sl_compare_curve_rank(struct sl_str metric)
{
  static const char *const best[] = { "val_loss", "val_logloss", "eval_loss", "test_loss", "loss" };
  for (int k = 0; k < (int)(sizeof best / sizeof best[0]); k++)
    if (sl_str_find(metric, sl_str(best[k])) >= 0)
      return 100 - k;
  return 0;
}

static enum sl_cmp_mark metric_mark(const struct sl_cmp_item *it, const struct sl_cmp_cell *base, const struct sl_cmp_cell *cell)
{
  bool cost;
  if (!base->there || !cell->there || !isfinite(base->num) || !isfinite(cell->num))
    return SL_CMP_NONE;
  double d = cell->num - base->num;
  if (d == 0)
    return SL_CMP_SAME;
  if (!it->df)
    return SL_CMP_UNSURE;
  if (fabs(d) <= sl_compare_t975(it->df) * it->spread * sqrt(2))
    return SL_CMP_NOISE;
  int way = sl_compare_direction(it->name, &cost);
  if (!way)
    return d > 0 ? SL_CMP_HIGHER : SL_CMP_LOWER;
  return (d > 0) == (way > 0) ? SL_CMP_BETTER : SL_CMP_WORSE;
}

static bool cell_same(const struct sl_cmp_cell *a, const struct sl_cmp_cell *b)
{
  if (a->there != b->there || !a->there)
    return a->there == b->there;
  if (a->number && b->number)
    return a->num == b->num || (isnan(a->num) && isnan(b->num));
  return a->number == b->number && sl_str_eq(a->text, b->text);
}

static void item_judge(struct sl_compare *c, struct sl_cmp_item *it)
{
  for (size_t i = 1; i < c->runs; i++) {
    it->differs |= !cell_same(&it->cell[0], &it->cell[i]);
    if (it->kind == SL_CMP_METRIC)
      it->cell[i].mark = metric_mark(it, &it->cell[0], &it->cell[i]);
  }
}

static void spreads(struct sl_compare *c)
{
  for (size_t i = 0; i < c->nsums; i++) {
    struct sl_cmp_item *it = c->item[c->sums[i].item];
    if (c->sums[i].n < 2)
      continue;
    it->spread = (isnan(it->spread) ? 0 : it->spread) + c->sums[i].m2;
    it->df += c->sums[i].n - 1;
    it->groups++;
  }
  for (size_t i = 0; i < c->nitem; i++)
    if (c->item[i]->df)
      c->item[i]->spread = sqrt(c->item[i]->spread / c->item[i]->df);
}

static int item_order(const void *a, const void *b)
{
  const struct sl_cmp_item *x = *(struct sl_cmp_item *const *)a, *y = *(struct sl_cmp_item *const *)b;
  if (x->kind != y->kind)
    return x->kind < y->kind ? -1 : 1;
  if (x->ruled != y->ruled)
    return x->ruled ? -1 : 1;
  if (x->tier != y->tier)
    return x->tier > y->tier ? -1 : 1;
  if (x->weight > y->weight || x->weight < y->weight)
    return x->weight > y->weight ? -1 : 1;
  return sl_str_cmp(x->name, y->name);
}

/* ---- what comes first among metrics ---- */

int sl_compare_rules(struct sl_compare *c, struct sl_str text, struct sl_err *err)
{
  int rc = sl_grow((void **)&c->rule, &c->cap_rule, c->nrule + 1, sizeof *c->rule, CMP_RULES, err);
  rc = rc ? rc : copy(c, text, &c->rule[c->nrule], err);
  c->nrule += !rc;
  return rc;
}

static bool name_byte(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

/* metrics.NAME, metrics."NAME" or metrics.`NAME`, of the champion too, and not as the beginning of a longer name. */
static bool rule_names(struct sl_str rule, struct sl_str name)
{
  struct sl_str head = SL_STR("metrics.");
  for (ptrdiff_t at; (at = sl_str_find(rule, head)) >= 0;) {
    rule = sl_str_from(rule, (size_t)at + head.n);
    char q = rule.n && (rule.p[0] == '"' || rule.p[0] == '`') ? rule.p[0] : 0;
    struct sl_str rest = sl_str_from(rule, q ? 1 : 0);
    if (name.n && sl_str_starts(rest, name) && (rest.n == name.n ? !q : q ? rest.p[name.n] == q : !name_byte(rest.p[name.n])))
      return true;
  }
  return false;
}

/* How much a cell differs from the baseline, in what repeats differ by; without repeats, in shares of the greater of both. */
static double cell_weight(const struct sl_cmp_item *it, const struct sl_cmp_cell *base, const struct sl_cmp_cell *cell)
{
  if (!base->there || !cell->there || !isfinite(base->num) || !isfinite(cell->num))
    return 0;
  double d = fabs(cell->num - base->num), scale = it->df ? it->spread : fmax(fabs(base->num), fabs(cell->num));
  return d > 0 ? d / scale : 0; /* repeats that never differ: infinity */
}

static int mark_tier(enum sl_cmp_mark m, bool cost)
{
  switch (m) {
  case SL_CMP_BETTER: case SL_CMP_WORSE: case SL_CMP_HIGHER: case SL_CMP_LOWER: return cost ? 1 : 4;
  case SL_CMP_UNSURE: return cost ? 1 : 3;
  case SL_CMP_NOISE: return cost ? 1 : 2;
  default: return 0;
  }
}

static void weigh(const struct sl_compare *c, struct sl_cmp_item *it)
{
  bool cost;
  (void)sl_compare_direction(it->name, &cost);
  for (size_t i = 0; i < c->nrule && !it->ruled; i++)
    it->ruled = rule_names(c->rule[i], it->name);
  it->tier = it->differs ? cost ? 1 : 2 : 0; /* somebody lacks it, or it is no number: a difference that nobody can measure */
  for (size_t i = 1; i < c->runs; i++) {
    int tier = mark_tier(it->cell[i].mark, cost);
    it->tier = tier > it->tier ? tier : it->tier;
    it->weight = fmax(it->weight, cell_weight(it, &it->cell[0], &it->cell[i]));
  }
}

/* Names of runs are anything, and often the same: then the id tells them apart. */
static int names_part(struct sl_compare *c, struct sl_err *err)
{
  struct sl_map seen;
  sl_map_init(&seen);
  int rc = SL_OK;
  for (size_t i = 0; i < c->runs && !rc; i++) {
    uint64_t n = 0;
    bool twice = sl_map_get(&seen, c->name[i], &n);
    rc = sl_map_put(&seen, c->name[i], twice ? 2 : 1, NULL, err);
  }
  for (size_t i = 0; i < c->runs && !rc; i++) {
    uint64_t n = 0;
    if (!sl_map_get(&seen, c->name[i], &n) || n < 2)
      continue;
    char *p = sl_arena_printf(&c->mem, "%.*s %.*s", SL_ARG(c->name[i]), SL_ARG(sl_str_head(c->id[i], 8)));
    rc = p ? SL_OK : sl_err_nomem(err);
    if (!rc)
      c->name[i] = sl_str(p);
  }
  sl_map_free(&seen);
  return rc;
}

int sl_compare_judge(struct sl_compare *c, struct sl_err *err)
{
  int rc = names_part(c, err);
  if (rc)
    return rc;
  spreads(c);
  for (size_t i = 0; i < c->nitem; i++) {
    item_judge(c, c->item[i]);
    if (c->item[i]->kind == SL_CMP_METRIC)
      weigh(c, c->item[i]);
  }
  if (c->nitem)
    qsort(c->item, c->nitem, sizeof(struct sl_cmp_item *), item_order);
  return SL_OK;
}

size_t sl_compare_items(const struct sl_compare *c) { return c->nitem; }
const struct sl_cmp_item *sl_compare_item(const struct sl_compare *c, size_t i) { return c->item[i]; }
size_t sl_compare_runs(const struct sl_compare *c) { return c->runs; }
struct sl_str sl_compare_name(const struct sl_compare *c, size_t run) { return c->name[run]; }

static size_t marked(const struct sl_compare *c, const struct sl_cmp_item *it, enum sl_cmp_mark mark, const char *word, struct sl_buf *out)
{
  size_t n = 0;
  for (size_t i = 1; i < c->runs; i++) {
    if (it->cell[i].mark != mark)
      continue;
    if (word && n < 8) {
      sl_buf_z(out, n ? ", " : out->n ? "; " : "");
      if (!n)
        sl_buf_printf(out, "%s: ", word);
      sl_buf_str(out, c->name[i]);
    }
    n++;
  }
  if (word && n > 8)
    sl_buf_printf(out, " and %zu more", n - 8);
  return n;
}

void sl_compare_verdict(const struct sl_compare *c, const struct sl_cmp_item *it, struct sl_buf *out)
{
  struct sl_buf words;
  if (it->kind != SL_CMP_METRIC || !it->differs) {
    sl_buf_z(out, it->differs ? "differs" : "same");
    return;
  }
  sl_buf_init(&words, 0);
  marked(c, it, SL_CMP_BETTER, "better", &words);
  marked(c, it, SL_CMP_WORSE, "worse", &words);
  marked(c, it, SL_CMP_HIGHER, "higher", &words);
  marked(c, it, SL_CMP_LOWER, "lower", &words);
  if (words.n)
    sl_buf_str(out, sl_buf_view(&words));
  else if (marked(c, it, SL_CMP_UNSURE, NULL, NULL))
    sl_buf_z(out, "no repeats to judge by");
  else if (marked(c, it, SL_CMP_NOISE, NULL, NULL))
    sl_buf_z(out, "no difference beyond repeats");
  else
    sl_buf_z(out, "differs");
  sl_buf_free(&words);
}
