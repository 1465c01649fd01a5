/* Pickles: refused with words, or values that can be walked; and whatever model they hold walks any rows without reading outside. */
#include "compute/pickle.h"

#include "model.h"

/* Counted, since values may hold themselves. */
static void look(struct pk_doc *d, const struct pk *v, unsigned depth, size_t *left)
{
  char name[100];
  double f;
  int64_t i;
  if (!v || depth > 40 || !*left)
    return;
  --*left;
  (void)pk_class_name(v, name, sizeof name);
  (void)pk_get(v, "n_features_in_");
  (void)(pk_f64(v, &f) + pk_i64(v, &i) + pk_true(v));
  const struct npy *a = pk_array(v);
  for (size_t k = 0; a && k < a->n && k < 50; k++) {
    struct sl_str s;
    (void)(npy_f64(a, k) + (double)npy_i64(a, k));
    for (size_t n = 0; n < a->type.nfields; n++)
      (void)npy_field_f64(a, &a->type.fields[n], k);
    if (a->type.kind == 'U' || a->type.kind == 'S')
      (void)!npy_text(a, k, &d->arena, &s, NULL);
  }
  for (size_t k = 0; k < pk_count(v) && k < 1000; k++)
    look(d, pk_item(v, k), depth + 1, left);
  if (v->kind == PK_OBJECT) {
    look(d, v->u.o.args, depth + 1, left);
    look(d, v->u.o.state, depth + 1, left);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct pk_doc d;
  struct sl_err err = { 0 };
  size_t left = 5000;
  if (sl_pickle_read(&d, sl_strn((const char *)data, size), "model", &err)) {
    FUZZ_CHECK(err.code && sl_str_starts(sl_str(err.msg), SL_STR("model: byte ")));
    FUZZ_CHECK(!d.arena.head);
    return 0;
  }
  look(&d, d.root, 0, &left);
  pk_doc_free(&d);
  fuzz_model(data, size);
  return 0;
}
