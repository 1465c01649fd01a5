/* tests/unit/ui_treew.c: a document as a tree: what is drawn, what folds, what is found, how large ones are bounded. */
#include "base/json.h"
#include "ui/widgets.h"
#include "ui_view_stub.h"

static const char doc[] = "{\"name\":\"clean\",\"n\":41,\"ok\":false,\"none\":null,\"empty\":{},\"blank\":\"\","
                          "\"steps\":[{\"name\":\"ingest\",\"s\":0.5},{\"name\":\"Validate\",\"s\":1}]}";

static struct sl_treew *tree(const char *json)
{
  struct sl_treew *t;
  struct sl_err err = {0};
  assert_int_equal(sl_treew_open(&t, stub_view, &err), SL_OK);
  assert_int_equal(sl_treew_json(t, sl_str(json), &err), SL_OK);
  return t;
}

static void command(struct sl_treew *t, const char *words)
{
  struct sl_str rest = sl_str(words), w;
  while (sl_str_cut(&rest, ' ', &w)) {
    char name[32];
    snprintf(name, sizeof name, "%.*s", SL_ARG(w));
    assert_int_equal(sl_treew_command(t, name), SL_HANDLED);
  }
}

static void expect_at(struct sl_treew *t, const char *want_path, const char *want)
{
  struct sl_buf path;
  struct sl_str val;
  sl_buf_init(&path, 0);
  assert_true(sl_treew_at(t, &path, &val));
  assert_string_equal(sl_buf_zstr(&path), want_path);
  assert_true(sl_str_eqz(val, want));
  sl_buf_free(&path);
}

static void draws_and_folds(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(40, 16);
  struct sl_treew *t = tree(doc);
  sl_treew_draw(t, &g, sl_grid_all(&g));
  expect_picture(&g, "▾ {7}\n    name  clean\n    n  41\n    ok  false\n    none  null\n    empty  {0}\n    blank  \"\"\n"
                     "  ▾ steps  [2]\n    ▾ 1  {2}\n"
                     "        name  ingest\n        s  0.5\n    ▾ 2  {2}\n        name  Validate\n        s  1\n");
  command(t, "last left left");
  expect_at(t, "steps[1]", "");
  command(t, "left");
  expect_at(t, "steps", "");
  command(t, "left");
  assert_int_equal(sl_treew_lines(t), 8);
  sl_grid_clear(&g, sl_grid_all(&g));
  sl_treew_draw(t, &g, sl_grid_all(&g));
  expect_picture(&g, "▾ {7}\n    name  clean\n    n  41\n    ok  false\n    none  null\n    empty  {0}\n    blank  \"\"\n  ▸ steps  [2]\n");
  command(t, "enter right right");
  expect_at(t, "steps[0].name", "ingest");
  command(t, "down copy");
  assert_string_equal(stub.copied, "0.5");
  sl_treew_close(t);
  sl_grid_free(&g);
}

static void ascii_level(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(20, 3);
  struct sl_treew *t = tree("{\"a\":{\"b\":1}}");
  sl_grid_glyphs(SL_GLYPH_ASCII);
  command(t, "down left");
  sl_treew_draw(t, &g, sl_grid_all(&g));
  expect_roles(&g, "{dim:-} {dim:{1}}\n{cursor:  + a  {1}          }\n");
  sl_grid_glyphs(SL_GLYPH_BRAILLE);
  sl_treew_close(t);
  sl_grid_free(&g);
}

static void finds_in_folded_parts(void **state)
{
  (void)state;
  struct sl_treew *t = tree(doc);
  struct sl_grid g = grid_new(40, 16);
  command(t, "down down down down down down down left first find");
  assert_string_equal(stub.label, "find:");
  stub_type("validate");
  expect_at(t, "steps[1].name", "Validate");
  sl_treew_draw(t, &g, sl_grid_all(&g));
  command(t, "first");
  sl_treew_draw(t, &g, sl_grid_all(&g));
  struct sl_buf b;
  picture(&g, true, &b);
  assert_non_null(strstr(sl_buf_zstr(&b), "{match:Validate}"));
  sl_buf_free(&b);
  sl_treew_find(t, SL_STR("name"));
  expect_at(t, "name", "clean");
  command(t, "find-next");
  expect_at(t, "steps[0].name", "ingest");
  command(t, "find-prev find-prev");
  expect_at(t, "steps[1].name", "Validate");
  assert_non_null(strstr(stub.said, "again from the end"));
  sl_treew_find(t, SL_STR("NAME"));
  assert_non_null(strstr(stub.said, "not found: NAME"));
  command(t, "back");
  assert_int_equal(sl_treew_command(t, "back"), SL_IGNORED);
  assert_int_equal(sl_treew_command(t, "sort"), SL_IGNORED);
  sl_treew_close(t);
  sl_grid_free(&g);
}

static void long_text_opens(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(24, 8);
  struct sl_treew *t = tree("{\"t\":\"first line is rather long\\n\\tsecond\",\"u\":1}");
  command(t, "down enter");
  sl_treew_draw(t, &g, sl_grid_all(&g));
  expect_picture(&g, "▾ {2}\n    t  33 bytes\n    first line is rathe\n    r long\n            second\n    u  1\n");
  command(t, "down down down");
  expect_at(t, "t", "first line is rather long\n\tsecond");
  command(t, "left");
  assert_int_equal(sl_treew_lines(t), 3);
  sl_treew_close(t);
  sl_grid_free(&g);
}

static void refresh_keeps_the_place(void **state)
{
  (void)state;
  struct sl_treew *t = tree(doc);
  command(t, "last left left left left"); /* s -> steps[1], fold, -> steps, fold */
  assert_int_equal(sl_treew_lines(t), 8);
  assert_int_equal(sl_treew_json(t, sl_str(doc), NULL), SL_OK);
  assert_int_equal(sl_treew_lines(t), 8);
  expect_at(t, "steps", "");
  assert_int_equal(sl_treew_json(t, SL_STR("{\"new\":0,\"steps\":[]}"), NULL), SL_OK);
  expect_at(t, "steps", "");
  struct sl_err err = {0};
  assert_int_equal(sl_treew_json(t, SL_STR("]"), &err), SL_EPARSE); /* the old document stays */
  expect_at(t, "steps", "");
  sl_treew_close(t);
}

static void large_is_bounded(void **state)
{
  (void)state;
  struct sl_buf b;
  struct sl_grid g = grid_new(60, 5);
  struct sl_treew *t;
  sl_buf_init(&b, 32 << 20);
  sl_buf_z(&b, "[");
  for (int i = 0; i < 300000; i++)
    sl_buf_printf(&b, "%s{\"i\":%d}", i ? "," : "", i);
  sl_buf_z(&b, "]");
  assert_int_equal(sl_treew_open(&t, stub_view, NULL), SL_OK);
  assert_int_equal(sl_treew_json(t, sl_buf_view(&b), NULL), SL_OK);
  assert_int_equal(sl_treew_lines(t), 100001); /* an outline: 200,000 values are the root, 100,000 objects, 99,999 numbers */
  sl_treew_draw(t, &g, sl_grid_all(&g));
  expect_picture(&g, "▾ [100000]\n  ▸ 1  {1}\n  ▸ 2  {1}\n  ▸ 3  {1}\nonly the first 200000 values are shown\n");
  sl_buf_free(&b);
  sl_treew_close(t);
  sl_grid_free(&g);
}

static void broken_tail_is_told(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(60, 5);
  struct sl_treew *t = tree("{\"a\":1,\"b\":[1,2");
  sl_treew_draw(t, &g, sl_grid_all(&g));
  struct sl_buf b;
  picture(&g, false, &b);
  assert_non_null(strstr(sl_buf_zstr(&b), "    a  1\n"));
  assert_non_null(strstr(sl_buf_zstr(&b), "the rest cannot be read: "));
  sl_buf_free(&b);
  sl_treew_close(t);
  sl_grid_free(&g);
}

static void hostile_text_is_harmless(void **state)
{
  (void)state;
  struct sl_grid g = grid_new(31, 6);
  for (size_t i = 0; i < LEN(hostile); i++) {
    struct sl_str s = sl_strn(hostile[i].p, hostile[i].n);
    struct sl_buf b;
    struct sl_treew *t;
    sl_buf_init(&b, 0);
    struct sl_jw w = sl_jw(&b, false);
    sl_jw_obj(&w);
    sl_jw_key(&w, s);
    sl_jw_str(&w, s);
    sl_jw_end_obj(&w);
    assert_int_equal(sl_treew_open(&t, stub_view, NULL), SL_OK);
    assert_int_equal(sl_treew_json(t, sl_buf_view(&b), NULL), SL_OK);
    for (int open = 0; open < 2; open++) {
      sl_grid_clear(&g, sl_grid_all(&g));
      sl_treew_draw(t, &g, (struct sl_rect){1, 0, 29, 6});
      grid_is_clean(&g);
      command(t, "down enter");
    }
    sl_treew_close(t);
    sl_buf_free(&b);
  }
  sl_grid_free(&g);
}

static void memory_runs_out(void **state)
{
  (void)state;
  struct sl_treew *t = tree(doc);
  command(t, "down");
  for (long n = 0; n < 40; n++) {
    sl_fault_alloc(n, 0);
    int rc = sl_treew_json(t, sl_str(doc), NULL);
    sl_fault_alloc(-1, 0);
    assert_true(rc == SL_OK || rc == SL_ENOMEM);
    assert_int_equal(sl_treew_lines(t), 14); /* whole: the old one or the new one */
  }
  command(t, "first down");
  expect_at(t, "name", "clean");
  sl_treew_close(t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(draws_and_folds), cmocka_unit_test(ascii_level), cmocka_unit_test(finds_in_folded_parts),
    cmocka_unit_test(long_text_opens), cmocka_unit_test(refresh_keeps_the_place), cmocka_unit_test(large_is_bounded),
    cmocka_unit_test(broken_tail_is_told), cmocka_unit_test(hostile_text_is_harmless), cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
