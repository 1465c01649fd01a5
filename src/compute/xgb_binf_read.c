/* compute/xgb_binf_read.c: XGBoost's old binary form, which versions up to 3.0 read and those before 2.1 wrote where a file's name told no
 * other: records of fixed size, little endian, in the order in which the library held them in memory. */
#include "base/fmt.h"
#include "base/mem.h"
#include "compute/model_int.h"
#include "compute/xgb_doc.h"

enum { HEAD = 136, GBTREE = 160, GBLINEAR = 136, TREE = 148, NODE = 20, STAT = 16, ATTRIBUTES_MAX = 1 << 16 };

static int ended(struct xgb_doc *d)
{
  xgb_bad(d->r, "the file ends in the middle");
  return SL_EPARSE;
}

static const unsigned char *take(struct xgb_read *r, uint64_t n)
{
  if (n > (uint64_t)(r->end - r->p))
    return NULL;
  const char *at = r->p;
  r->p += n;
  return (const unsigned char *)at;
}

static uint32_t u32(const unsigned char *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }
static int32_t i32(const unsigned char *p) { return (int32_t)u32(p); }

static float f32(const unsigned char *p)
{
  uint32_t bits = u32(p);
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static bool u64(struct xgb_read *r, uint64_t *out)
{
  const unsigned char *p = take(r, 8);
  if (p)
    *out = u32(p) | (uint64_t)u32(p + 4) << 32;
  return p != NULL;
}

static int text(struct xgb_doc *d, struct sl_str *out)
{
  uint64_t n;
  const unsigned char *p = u64(d->r, &n) ? take(d->r, n) : NULL;
  if (!p)
    return ended(d);
  *out = sl_strn((const char *)p, (size_t)n);
  return SL_OK;
}

static int keep(struct xgb_doc *d, struct sl_buf *b)
{
  struct sl_str s;
  int rc = text(d, &s);
  if (!rc)
    sl_buf_str(b, s);
  return rc ? rc : sl_buf_check(b, d->r->err);
}

static int add_float(struct xgb_doc *d, float v, float **at, size_t *n, size_t *cap)
{
  int rc = sl_grow((void **)at, cap, *n + 1, sizeof **at, MODEL_NODES_MAX, d->r->err);
  if (!rc)
    (*at)[(*n)++] = v;
  return rc;
}

static int floats(struct xgb_doc *d, float **at, size_t *n, size_t *cap)
{
  uint64_t count;
  const unsigned char *p = u64(d->r, &count) && count < MODEL_NODES_MAX ? take(d->r, count * 4) : NULL;
  int rc = p ? SL_OK : ended(d);
  for (uint64_t i = 0; !rc && i < count; i++)
    rc = add_float(d, f32(p + i * 4), at, n, cap);
  return rc;
}

/* ---- trees ---- */

static int node(struct xgb_doc *d, const unsigned char *p)
{
  uint32_t index = u32(p + 12);
  bool leaf = i32(p + 4) == -1;
  int rc = xgb_doc_int(d, &d->left, i32(p + 4));
  if (!rc)
    rc = xgb_doc_int(d, &d->right, i32(p + 8));
  if (!rc)
    rc = xgb_doc_int(d, &d->feature, leaf ? 0 : index & 0x7fffffffu);
  if (!rc)
    rc = xgb_doc_int(d, &d->dflt, index >> 31);
  return rc ? rc : add_float(d, f32(p + 16), &d->cond.at, &d->cond.n, &d->cond.cap);
}

static int tree(struct xgb_doc *d)
{
  const unsigned char *head = take(d->r, TREE);
  if (!head)
    return ended(d);
  int32_t n = i32(head + 4);
  if (i32(head + 20) > 1) { /* versions from 2.0 write 1 */
    xgb_bad(d->r, "a tree whose leaves have several values");
    return SL_EPARSE;
  }
  const unsigned char *nodes = n > 0 ? take(d->r, (uint64_t)n * NODE) : NULL;
  if (!nodes || !take(d->r, (uint64_t)n * STAT))
    return ended(d);
  xgb_doc_begin(d);
  int rc = SL_OK;
  for (int32_t i = 0; !rc && i < n; i++)
    rc = node(d, nodes + (size_t)i * NODE);
  return rc ? rc : xgb_doc_add(d);
}

static int trees(struct xgb_doc *d)
{
  const unsigned char *head = take(d->r, GBTREE);
  if (!head || i32(head) < 0)
    return ended(d);
  int32_t n = i32(head);
  d->num_trees = n;
  d->num_parallel = i32(head + 4) > 1 ? i32(head + 4) : 1;
  int rc = SL_OK;
  for (int32_t i = 0; !rc && i < n; i++)
    rc = tree(d);
  const unsigned char *info = rc ? NULL : take(d->r, (uint64_t)n * 4);
  if (!rc && !info)
    rc = ended(d);
  for (int32_t i = 0; !rc && i < n; i++)
    rc = xgb_doc_int(d, &d->info, i32(info + (size_t)i * 4));
  if (rc || strcmp(sl_buf_zstr(&d->booster), "dart") != 0)
    return rc;
  d->x->dart = true;
  return n ? floats(d, &d->x->weight_drop, &d->x->nweight_drop, &d->x->weight_drop_cap) : SL_OK;
}

static int booster(struct xgb_doc *d)
{
  if (strcmp(sl_buf_zstr(&d->booster), "gblinear") != 0)
    return trees(d);
  return take(d->r, GBLINEAR) ? floats(d, &d->x->weights, &d->x->nweights, &d->x->weights_cap) : ended(d);
}

/* ---- the learner ---- */

static int attributes(struct xgb_doc *d)
{
  uint64_t n;
  int rc = u64(d->r, &n) && n < ATTRIBUTES_MAX ? SL_OK : ended(d);
  for (uint64_t i = 0; !rc && i < n; i++) {
    struct sl_str key, value;
    rc = text(d, &key);
    if (!rc)
      rc = text(d, &value);
    if (!rc && sl_str_eqz(key, "best_iteration") && !sl_str_i64(value, &d->best)) {
      xgb_bad(d->r, "best_iteration is no number");
      rc = SL_EPARSE;
    }
  }
  return rc;
}

static int learner(struct xgb_doc *d)
{
  struct sl_model *m = d->m;
  struct sl_buf version;
  if (sl_str_starts(sl_strn(d->r->p, (size_t)(d->r->end - d->r->p)), SL_STR("binf")))
    d->r->p += 4;
  const unsigned char *head = take(d->r, HEAD);
  if (!head)
    return ended(d);
  d->learner = true;
  d->num_feature = u32(head + 4);
  d->num_class = i32(head + 8);
  d->num_target = i32(head + 28);
  d->margin = !u32(head + 20);
  sl_buf_init(&version, sizeof m->version - 1);
  sl_buf_printf(&version, "%u.%u", u32(head + 20), u32(head + 24));
  memcpy(m->version, sl_buf_zstr(&version), version.n);
  sl_buf_free(&version);
  int rc = add_float(d, f32(head), &d->x->base, &d->x->nbase, &d->x->base_cap);
  if (!rc)
    rc = keep(d, &d->name);
  if (!rc)
    rc = keep(d, &d->booster);
  if (!rc)
    rc = booster(d);
  return !rc && i32(head + 12) ? attributes(d) : rc;
}

int xgb_binf_read(struct sl_model *m, struct sl_str bytes, struct sl_err *err)
{
  struct xgb_read r = { .m = m, .err = err, .from = bytes.p, .p = bytes.p, .end = bytes.p + bytes.n };
  struct xgb_doc d;
  int rc = xgb_doc_open(&d, &r);
  if (!rc)
    rc = learner(&d);
  return xgb_doc_close(&d, rc);
}
