/* compute/sm_linear_read.c: SageMaker's linear learner: a zip of an MXNet symbol (a graph of operators, JSON) and its parameters.
 *
 * The graph is followed from its first output: one of a few ends (an identity, a sigmoid, a softmax) over one FullyConnected of the data.
 * Any other operator is refused by its name. */
#include "base/json.h"
#include "compute/sm_int.h"

enum { SYMBOL_NODES_MAX = 10000, CHAIN_MAX = 16 };

struct graph { const struct sl_model *m; struct sl_str file; const json_t *nodes; struct sl_err *err; };
struct layer { enum sm_head head; struct sl_str weight, bias; };

static int bad(const struct graph *g, int code, const char *why, struct sl_str word)
{
  return sl_err_set(g->err, code, "%s: %.*s: %s%.*s", g->m->file, SL_ARG(sl_str_head(g->file, 100)), why, SL_ARG(sl_str_head(word, 60)));
}

/* [node, output, version] as it stands in inputs and heads. NULL: no such node. */
static const json_t *node_at(const struct graph *g, const json_t *edge)
{
  const json_t *id = json_array_get(edge, 0);
  json_int_t i = json_is_integer(id) ? json_integer_value(id) : -1;
  const json_t *n = i >= 0 ? json_array_get(g->nodes, (size_t)i) : NULL;
  return json_is_object(n) ? n : NULL;
}

static const json_t *input(const struct graph *g, const json_t *node, size_t i)
{
  return node_at(g, json_array_get(json_object_get(node, "inputs"), i));
}

static struct sl_str attribute(const json_t *node, const char *key)
{
  static const char *const words[] = { "attrs", "attr", "param" };
  struct sl_str s = SL_STR_NONE;
  for (size_t i = 0; !s.p && i < sizeof words / sizeof words[0]; i++)
    s = sl_json_str(json_object_get(node, words[i]), key);
  return s;
}

static bool one_of(struct sl_str s, const char *const *list)
{
  while (*list && !sl_str_eqz(s, *list))
    list++;
  return *list != NULL;
}

static bool passes(struct sl_str op)
{
  static const char *const list[] = { "identity", "_copy", "BlockGrad", "Flatten", "LinearRegressionOutput", "MAERegressionOutput", NULL };
  return one_of(op, list);
}

static bool squashes(const json_t *node, struct sl_str op)
{
  static const char *const list[] = { "LogisticRegressionOutput", "sigmoid", NULL };
  return one_of(op, list) || (sl_str_eqz(op, "Activation") && sl_str_eqz(attribute(node, "act_type"), "sigmoid"));
}

static bool shares(struct sl_str op)
{
  static const char *const list[] = { "SoftmaxOutput", "softmax", "SoftmaxActivation", NULL };
  return one_of(op, list);
}

static int take_connected(const struct graph *g, const json_t *node, struct layer *l)
{
  bool plain = sl_str_ieq(attribute(node, "no_bias"), SL_STR("true")) || sl_str_eqz(attribute(node, "no_bias"), "1");
  const json_t *data = input(g, node, 0);
  l->weight = sl_json_str(input(g, node, 1), "name");
  l->bias = plain ? SL_STR_NONE : sl_json_str(input(g, node, 2), "name");
  for (size_t i = 0; data && i < CHAIN_MAX && passes(sl_json_str(data, "op")); i++)
    data = input(g, data, 0);
  if (!data || !l->weight.n || (!plain && !l->bias.n))
    return bad(g, SL_EPARSE, "a layer without its inputs", SL_STR(""));
  struct sl_str op = sl_json_str(data, "op");
  return sl_str_eqz(op, "null") ? SL_OK : bad(g, SL_EUNSUP, "not one layer over the data: ", op);
}

static int follow(const struct graph *g, const json_t *node, struct layer *l)
{
  *l = (struct layer){ .head = SM_VALUE };
  for (size_t i = 0; node && i < CHAIN_MAX; i++, node = input(g, node, 0)) {
    struct sl_str op = sl_json_str(node, "op");
    if (sl_str_eqz(op, "FullyConnected"))
      return take_connected(g, node, l);
    bool end = squashes(node, op) || shares(op);
    if ((!end && !passes(op)) || (end && l->head != SM_VALUE))
      return bad(g, SL_EUNSUP, "no linear learner: ", op);
    l->head = shares(op) ? SM_SOFTMAX : end ? SM_SIGMOID : l->head;
  }
  return bad(g, SL_EPARSE, "its first output leads nowhere", SL_STR(""));
}

static int read_symbol(const struct sl_model *m, const struct sl_model_part *p, json_t **root, struct layer *l, struct sl_err *err)
{
  struct graph g = { .m = m, .file = p->name, .err = err };
  int rc = sl_json_load(root, p->bytes, false, err);
  if (rc) {
    sl_err_prefix(err, "%s: %.*s", m->file, SL_ARG(sl_str_head(p->name, 100)));
    return rc;
  }
  g.nodes = json_object_get(*root, "nodes");
  if (!json_is_array(g.nodes) || json_array_size(g.nodes) > SYMBOL_NODES_MAX)
    return bad(&g, SL_EPARSE, "no symbol of MXNet", SL_STR(""));
  return follow(&g, node_at(&g, json_array_get(json_object_get(*root, "heads"), 0)), l);
}

/* "arg:NAME", as a module saves its parameters, or NAME. */
static const struct mx_array *parameter(const struct mx_file *f, struct sl_str name)
{
  for (size_t i = 0; i < f->n; i++) {
    struct sl_str s = f->at[i].name;
    if (sl_str_eq(sl_str_starts(s, SL_STR("arg:")) ? sl_str_from(s, 4) : s, name))
      return &f->at[i];
  }
  return NULL;
}

static int fill(struct sl_model *m, const struct layer *l, const struct mx_file *f, struct sl_err *err)
{
  const struct mx_array *w = parameter(f, l->weight), *b = l->bias.n ? parameter(f, l->bias) : NULL;
  struct sm *s;
  if (!w || w->dims != 2 || (l->bias.n && (!b || b->n != w->shape[0])))
    return sl_err_set(err, SL_EPARSE, "%s: its parameters do not fit its symbol (%.*s)", m->file, SL_ARG(sl_str_head(l->weight, 60)));
  int rc = sm_new(m, SM_LINEAR, w->shape[0], w->shape[1], &s, err);
  if (rc)
    return rc;
  s->head = l->head;
  m->classes = l->head == SM_SOFTMAX && s->k > 1 ? s->k : 0;
  sm_fill(s->at, w, s->k, s->d, false);
  if (b)
    sm_fill(s->add, b, 1, s->k, false);
  return SL_OK;
}

static const struct sl_model_part *part_ending(const struct sl_model_part *part, size_t n, const char *end, size_t *found)
{
  const struct sl_model_part *p = NULL;
  for (size_t i = *found = 0; i < n; i++)
    if (sl_str_ends(part[i].name, sl_str(end))) {
      p = p ? p : &part[i];
      ++*found;
    }
  return p;
}

bool sm_linear_is(const struct sl_model_part *part, size_t n)
{
  size_t found;
  return part_ending(part, n, "-symbol.json", &found) != NULL;
}

int sm_linear_read(struct sl_model *m, const struct sl_model_part *part, size_t n, struct sl_err *err)
{
  struct sl_arena arena;
  struct mx_file f;
  struct layer l = { .head = SM_VALUE };
  json_t *root = NULL;
  size_t symbols, sets;
  const struct sl_model_part *symbol = part_ending(part, n, "-symbol.json", &symbols), *set = part_ending(part, n, ".params", &sets);
  if (symbols != 1 || sets != 1)
    return sl_err_set(err, SL_EPARSE, "%s holds %zu symbols and %zu sets of parameters; one of each makes a model", m->file, symbols, sets);
  sl_arena_init(&arena, 0);
  int rc = read_symbol(m, symbol, &root, &l, err);
  if (!rc)
    rc = mx_read(&f, set->bytes, m->file, &arena, err);
  if (!rc)
    rc = fill(m, &l, &f, err);
  json_decref(root);
  sl_arena_free(&arena);
  return rc;
}
