/* Pickles as data, opcode by opcode: which of the 256 do what, that none of them calls, that each cap holds and each refusal says where;
 * and arrays out of .npy files. Whole models are compared with scikit-learn's own answers in tests/peers/test_sklearn.py. */
#include "compute/pickle.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "compute/model.h"

/* A literal may hold NULs; an escape must not swallow what follows it, hence the pieces. */
#define BYTES(lit) SL_STR(lit)

static struct pk_doc read_ok(struct sl_str s)
{
  struct pk_doc d;
  struct sl_err err = { 0 };
  if (sl_pickle_read(&d, s, "m.pkl", &err))
    fail_msg("%s", err.msg);
  return d;
}

static void refused(struct sl_str s, int code, const char *words)
{
  struct pk_doc d;
  struct sl_err err = { 0 };
  assert_int_equal(sl_pickle_read(&d, s, "m.pkl", &err), code);
  assert_null(d.arena.head);
  if (!strstr(err.msg, words) || strncmp(err.msg, "m.pkl: byte ", 12) != 0)
    fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
}

static void values(void **state)
{
  (void)state;
  struct pk_doc d = read_ok(BYTES("\x80\x04(I1\nI01\nK\x05M\x02\x01J\xff\xff\xff\xff\x8a\x01\xffG\x3f\xf8\0\0\0\0\0\0Nt."));
  const struct pk *t = d.root;
  double f;
  int64_t i;
  static const int64_t want[] = { 1, 1, 5, 258, -1, -1 };
  assert_int_equal(pk_count(t), 8);
  for (size_t k = 0; k < 6; k++)
    assert_true(pk_i64(pk_item(t, k), &i) && i == want[k]);
  assert_true(pk_item(t, 1)->kind == PK_BOOL && pk_f64(pk_item(t, 6), &f) && f == 1.5 && pk_none(pk_item(t, 7)) && !pk_item(t, 8));
  pk_doc_free(&d);
  d = read_ok(BYTES("(Va\\u00e4\nX\x01\0\0\0xC\x01yt."));
  assert_true(sl_str_eqz(pk_text(pk_item(d.root, 0)), "a\303\244") && pk_item(d.root, 2)->kind == PK_BYTES);
  pk_doc_free(&d);
  d = read_ok(BYTES("}(Va\nI1\nVb\nI2\nVa\nI3\nu."));
  assert_true(pk_i64(pk_get(d.root, "a"), &i) && i == 3); /* the last one counts, as in Python */
  pk_doc_free(&d);
}

/* [x] where x is the list itself: read, and never walked without a count. */
static void cycles(void **state)
{
  (void)state;
  struct pk_doc d = read_ok(BYTES("\x80\x04]\x94h\0" "a."));
  assert_ptr_equal(pk_item(d.root, 0), d.root);
  pk_doc_free(&d);
}

/* Every byte as an opcode, over a name and arguments: the two that make something of a name refuse these; whatever else is read, no value
 * in it is a record of such a class. */
static void no_opcode_calls(void **state)
{
  static const char *const names[] = { "cos\nsystem\n", "cposix\nsystem\n", "c__builtin__\neval\n", "cbuiltins\nexec\n",
      "cbuiltins\ngetattr\n",
    "csubprocess\nPopen\n", "cnumpy\nload\n", "cnumpy.testing._private.utils\nrunstring\n", "cpickle\nloads\n", "cjoblib\nload\n",
    "coperator\nattrgetter\n", "ctypes\nFunctionType\n", "csklearn_evil\nrun\n", "cxgboostx.core\nBooster\n", "cmypackage\nMine\n" };
  struct sl_buf b;
  (void)state;
  sl_buf_init(&b, 0);
  for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
    for (unsigned op = 0; op < 256; op++) {
      struct pk_doc d;
      struct sl_err err = { 0 };
      sl_buf_clear(&b);
      sl_buf_z(&b, names[n]);
      sl_buf_z(&b, "(S'id'\nt");
      sl_buf_ch(&b, (char)op);
      sl_buf_ch(&b, '.');
      int rc = sl_pickle_read(&d, sl_buf_view(&b), "m.pkl", &err);
      bool would_call = op == 'R' || op == 0x81;
      if (would_call && rc != SL_EUNSUP)
        fail_msg("%02X over %s: %s", op, names[n], err.msg);
      if (!rc) {
        assert_int_not_equal(d.root->kind, PK_OBJECT);
        pk_doc_free(&d);
      }
    }
  sl_buf_free(&b);
}

static void refused_by_name(void **state)
{
  (void)state;
  refused(BYTES("cos\nsystem\n(S'id'\ntR."), SL_EUNSUP, "would call os.system");
  refused(BYTES("\x80\x04\x8c\x05posix\x8c\x06system\x93)\x81."), SL_EUNSUP, "holds posix.system");
  refused(BYTES("c__builtin__\ngetattr\n)R."), SL_EUNSUP, "byte 22: would call __builtin__.getattr");
  refused(BYTES("(S'x'\ntS'f'\n)R."), SL_EUNSUP, "no name of a known constructor");
  refused(BYTES("csklearn.x\nY\n)\x81" "cos\nsystem\nR."), SL_EUNSUP, "no name"); /* a record is nothing that can be called */
  refused(BYTES("P1\n."), SL_EUNSUP, "outside the file");
  refused(BYTES("NQ."), SL_EUNSUP, "outside the file");
  refused(BYTES("\x80\x02\x82\x01."), SL_EUNSUP, "an extension");
  refused(BYTES("\x80\x05\x97."), SL_EUNSUP, "from outside the file");
  refused(BYTES("(ios\nsystem\n."), SL_EUNSUP, "Python 2");
  refused(BYTES("\x80\x06N."), SL_EUNSUP, "protocol 6");
  refused(BYTES("\xee."), SL_EPARSE, "EE is no opcode");
  refused(BYTES("N}b."), SL_EUNSUP, "gives a state to what has none");
}

static void damaged(void **state)
{
  (void)state;
  refused(BYTES(""), SL_EPARSE, "ends in the middle");
  refused(BYTES("N"), SL_EPARSE, "ends in the middle");
  refused(BYTES("N.N"), SL_EPARSE, "more follows");
  refused(BYTES("NN."), SL_EPARSE, "something else on the stack");
  refused(BYTES("(N."), SL_EPARSE, "something else on the stack");
  refused(BYTES("."), SL_EPARSE, "the stack is empty");
  refused(BYTES("0."), SL_EPARSE, "the stack is empty");
  refused(BYTES("h\x05."), SL_EPARSE, "memo 5, which was not put");
  refused(BYTES("Nr\xff\xff\xff\x7f."), SL_ELIMIT, "memo 2147483647 before 0");
  refused(BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\x7f."), SL_EPARSE, "ends in the middle");
  refused(BYTES("\x95\xff\0\0\0\0\0\0\0."), SL_EPARSE, "a frame that is longer");
  refused(BYTES("(I1\nd."), SL_EPARSE, "a key without a value");
  refused(BYTES("NNa."), SL_EPARSE, "holds none of them");
  refused(BYTES("t."), SL_EPARSE, "no mark");
  refused(BYTES("I1x\n."), SL_EPARSE, "no whole number");
}

static void caps(void **state)
{
  struct sl_buf b;
  (void)state;
  sl_buf_init(&b, 0);
  sl_buf_fill(&b, '(', PK_MARKS_MAX + 1);
  refused(sl_buf_view(&b), SL_ELIMIT, "nested deeper");
  sl_buf_clear(&b);
  sl_buf_fill(&b, 'N', PK_STACK_MAX + 1);
  refused(sl_buf_view(&b), SL_ELIMIT, "values on the stack");
  sl_buf_free(&b);
}

#define ARRAY(shape, type, raw) \
  "\x80\x04" "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\x01" "btR(I1\n" shape \
  "cnumpy\ndtype\n(V" type "\nI00\nI01\ntR(I3\n" \
  "V<\nNNNI-1\nI-1\nI0\ntbI00\n" raw "tb."

static void arrays(void **state)
{
  double f;
  (void)state;
  struct pk_doc d = read_ok(BYTES(ARRAY("(I2\nt", "i2", "C\x04\x01\0\xff\xff")));
  const struct npy *a = pk_array(d.root);
  assert_true(a && a->n == 2 && npy_i64(a, 0) == 1 && npy_f64(a, 1) == -1);
  pk_doc_free(&d);
  d = read_ok(BYTES(ARRAY("(t", "f4", "C\x04\0\0\x80\x3f")));
  assert_true(pk_f64(d.root, &f) && f == 1);
  pk_doc_free(&d);
  refused(BYTES(ARRAY("(I3\nt", "i2", "C\x04\x01\0\xff\xff")), SL_EPARSE, "shape is not what it holds");
  refused(BYTES(ARRAY("(I-3\nt", "i2", "C\0")), SL_EPARSE, "of a shape that is none");
  refused(BYTES(ARRAY("(L4294967296L\nL4294967296L\nt", "f8", "C\0")), SL_EPARSE, "shape is not what it holds");
  refused(BYTES(ARRAY("(I2\nt", "c16", "C\0")), SL_EUNSUP, "numbers of type c16");
  refused(BYTES(ARRAY("(I2\nt", "O", "]")), SL_EPARSE, "shape is not what it holds");
}

#define NPY(head) "\x93NUMPY\x01\0\x48\0" head

static void npy_files(void **state)
{
  struct npy a;
  struct sl_arena mem;
  struct sl_err err = { 0 };
  (void)state;
  sl_arena_init(&mem, 0);
  struct sl_str s = BYTES(NPY("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }             \n") "\0\1\0\2\0\3\0\4");
  assert_int_equal(npy_read(&a, s, &mem, &err), SL_OK);
  assert_true(a.n == 4 && npy_i64(&a, 0) == 1 && npy_i64(&a, 1) == 3 && npy_i64(&a, 2) == 2 && npy_i64(&a, 3) == 4);
  s = BYTES(NPY("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }               \n") "12345678");
  assert_int_equal(npy_read(&a, s, &mem, &err), SL_EUNSUP);
  s = BYTES(NPY("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }              \n") "12345678");
  assert_int_equal(npy_read(&a, s, &mem, &err), SL_EPARSE);
  sl_arena_free(&mem);
}

/* A tree of three nodes in a file of a class that is not known, and in one that is, with a cycle in it. */
static void models(void **state)
{
  struct sl_model *m;
  struct sl_err err = { 0 };
  (void)state;
  assert_int_equal(sl_model_load(&m, BYTES("\x80\x04" "csklearn.svm._classes\nSVC\n)\x81}b."), "m.pkl", SL_MODEL_BOOSTER, &err), SL_EUNSUP);
  assert_string_equal(err.msg, "sklearn.svm._classes.SVC in m.pkl");
  err = (struct sl_err){ 0 };
  assert_int_equal(sl_model_load(&m, BYTES("\x80\x04]."), "m.pkl", SL_MODEL_BOOSTER, &err), SL_EUNSUP);
  assert_string_equal(err.msg, "something that is no estimator in m.pkl");
  err = (struct sl_err){ 0 };
  struct sl_str self = BYTES("\x80\x04" "csklearn.pipeline\nPipeline\n)\x81\x94}(Vsteps\n](Vme\nh\0\x86" "eub.");
  assert_int_equal(sl_model_load(&m, self, "m.pkl", SL_MODEL_BOOSTER, &err), SL_ELIMIT);
  assert_string_equal(err.msg, "m.pkl: estimators within estimators without end");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(values),
    cmocka_unit_test(cycles),
    cmocka_unit_test(no_opcode_calls),
    cmocka_unit_test(refused_by_name),
    cmocka_unit_test(damaged),
    cmocka_unit_test(caps),
    cmocka_unit_test(arrays),
    cmocka_unit_test(npy_files),
    cmocka_unit_test(models),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
