/* YAML as a tree: places to the column, and everything that is refused. */
#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static struct sl_yaml *parse(const char *text)
{
  struct sl_yaml *y;
  struct sl_err err = {0};
  if (sl_yaml_parse(&y, sl_str(text), "f.yaml", &err))
    fail_msg("%s: %s", text, err.msg);
  return y;
}

static void place(const struct sl_yaml_node *n, int line, int column)
{
  assert_non_null(n);
  assert_int_equal(n->line, line);
  assert_int_equal(n->column, column);
}

static void places(void **state)
{
  (void)state;
  struct sl_yaml *y = parse("# head\nenvironment: prod\nconnections:\n  \xc3\xa9t\xc3\xa9:  {type: s3, auth: \"aws\"}\n"
    "list:\n- a\n- - b\n  - c: 1\nnone:\nlast: |\n  x\n");
  const struct sl_yaml_node *root = sl_yaml_root(y), *n;
  assert_int_equal(root->kind, SL_YAML_MAP);
  assert_int_equal(root->n, 5);
  place(root, 2, 1);
  place(sl_yaml_get(root, "environment"), 2, 14);
  assert_true(sl_str_eqz(sl_yaml_get(root, "environment")->text, "prod"));
  n = sl_yaml_get(root, "connections");
  place(n, 4, 3);
  place(n->keys[0], 4, 3);
  place(n->items[0], 4, 9); /* characters, not bytes */
  place(sl_yaml_get(n->items[0], "type"), 4, 16);
  place(n->items[0]->keys[1], 4, 20);
  place(sl_yaml_get(n->items[0], "auth"), 4, 26);
  assert_true(sl_yaml_get(n->items[0], "auth")->quoted);
  assert_false(sl_yaml_get(n->items[0], "type")->quoted);
  n = sl_yaml_get(root, "list");
  assert_int_equal(n->kind, SL_YAML_SEQ);
  place(n, 6, 1);
  place(n->items[0], 6, 3);
  place(n->items[1]->items[0], 7, 5);
  place(sl_yaml_get(n->items[1]->items[1], "c"), 8, 8);
  n = sl_yaml_get(root, "none");
  assert_int_equal(n->line, 9);
  assert_true(sl_yaml_is_null(n));
  assert_true(sl_str_eqz(sl_yaml_get(root, "last")->text, "x\n"));
  assert_null(sl_yaml_get(root, "nothing"));
  assert_null(sl_yaml_get(n, "x"));
  assert_string_equal(sl_yaml_file(y), "f.yaml");
  struct sl_err err;
  assert_int_equal(sl_yaml_fail(y, root->keys[1], &err, "no %s", "good"), SL_ECONFIG);
  assert_string_equal(err.msg, "f.yaml:3:1: no good");
  assert_int_equal(sl_yaml_fail(y, NULL, &err, "empty"), SL_ECONFIG);
  assert_string_equal(err.msg, "f.yaml: empty");
  sl_yaml_free(y);
}

static void scalars(void **state)
{
  (void)state;
  struct sl_yaml *y = parse("[null, ~, 'null', Yes, OFF, 'true', maybe, ! 12, {}, '']");
  const struct sl_yaml_node *s = sl_yaml_root(y);
  bool b = false;
  assert_true(sl_yaml_is_null(s->items[0]) && sl_yaml_is_null(s->items[1]) && sl_yaml_is_null(NULL));
  assert_false(sl_yaml_is_null(s->items[2]) || sl_yaml_is_null(s->items[8]) || sl_yaml_is_null(s->items[9]));
  assert_true(sl_yaml_bool(s->items[3], &b) && b);
  assert_true(sl_yaml_bool(s->items[4], &b) && !b);
  assert_false(sl_yaml_bool(s->items[5], &b) || sl_yaml_bool(s->items[6], &b) || sl_yaml_bool(s->items[8], &b) || sl_yaml_bool(NULL, &b));
  assert_true(s->items[7]->quoted); /* "!": as text */
  sl_yaml_free(y);
  static const char *const empty[] = {"", "\n", "# nothing\n", "   "};
  for (size_t i = 0; i < 4; i++) {
    y = parse(empty[i]);
    assert_null(sl_yaml_root(y));
    sl_yaml_free(y);
  }
  y = parse("\xef\xbb\xbf" "a: 1");
  assert_non_null(sl_yaml_get(sl_yaml_root(y), "a"));
  sl_yaml_free(y);
}

static void aliases(void **state)
{
  (void)state;
  struct sl_yaml *y = parse("a: &x {k: v}\nb: *x\nc: [*x, *x]\nd: &x 5\ne: *x\n");
  const struct sl_yaml_node *r = sl_yaml_root(y);
  assert_true(sl_str_eqz(sl_yaml_get(sl_yaml_get(r, "b"), "k")->text, "v"));
  assert_true(sl_str_eqz(sl_yaml_get(sl_yaml_get(r, "c")->items[1], "k")->text, "v"));
  assert_true(sl_str_eqz(sl_yaml_get(r, "e")->text, "5")); /* the latest of that name */
  sl_yaml_free(y);
}

static void refuses(void **state)
{
  (void)state;
  static const struct { const char *text, *want; } rows[] = {
    {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: \"a\" stands here twice; first in line 1"},
    {"x: {k: 1, 'k': 2}", "f.yaml:1:11: \"k\" stands here twice; first in line 1"},
    {"a:\n\tb: 1\n", "f.yaml:2:1: a tab cannot stand here; indent with spaces"},
    {"a:\n  b: 1\n\tc: 2\n", "f.yaml:3:1: a tab cannot stand here; indent with spaces"},
    {"a: \xc3\xa9\n  \xff: 1\n", "f.yaml:2:3: invalid UTF-8"}, {"a: \xed\xa0\x80", "f.yaml:1:4: invalid UTF-8"},
    {"a: \x1b[31m", "f.yaml:1:4: a control character; write it as an escape in double quotes"},
    {"a: !!str 5", "f.yaml:1:4: tags are not used here: remove \"tag:yaml.org,2002:str\""},
    {"a: !python/object:os.system []", "f.yaml:1:4: tags are not used here: remove \"!python/object:os.system\""},
    {"!x {a: 1}", "f.yaml:1:1: tags are not used here: remove \"!x\""},
    {"%TAG ! tag:x,2000:\n--- a", "f.yaml:1:1: tags are not used here: remove %TAG"},
    {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document; keep one in a file"},
    {"a: *x", "f.yaml:1:4: no anchor &x stands before"}, {"a: &x [1, *x]", "f.yaml:1:11: an alias inside what it names"},
    {"[a, b]: 1", "f.yaml:1:1: a key must be plain text"}, {"? {a: 1}\n: 2", "f.yaml:1:3: a key must be plain text"},
    {"a: &x {k: v}\nb:\n  <<: *x\n", "f.yaml:3:3: merge keys are not used here: write the settings out"},
    {"a: &x k\n*x : 1", "f.yaml:2:1: a key must be plain text"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct sl_yaml *y;
    struct sl_err err = {0};
    assert_int_equal(sl_yaml_parse(&y, sl_str(rows[i].text), "f.yaml", &err), SL_EPARSE);
    assert_null(y);
    assert_string_equal(err.msg, rows[i].want);
  }
  static const char *const broken[] = {"a: [1, 2", "a: 'x", "a: b: c", "{a: 1", "- a\nb: 1", "a: \"\\q\"", "]", "a: |x", "&", "*", "a: @x",
    "%YAML 3.0\n--- a"};
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    struct sl_yaml *y;
    struct sl_err err = {0};
    if (sl_yaml_parse(&y, sl_str(broken[i]), "f.yaml", &err) != SL_EPARSE)
      fail_msg("accepted: %s", broken[i]);
    assert_int_equal(strncmp(err.msg, "f.yaml:", 7), 0);
  }
  struct sl_yaml *y;
  assert_int_equal(sl_yaml_parse(&y, SL_STR("a: 1\0b: 2"), "f.yaml", NULL), SL_EPARSE);
  assert_int_equal(sl_yaml_parse(&y, SL_STR("\xff\xfe" "a\0:\0"), "f.yaml", NULL), SL_EPARSE); /* UTF-16 */
}

static int parse_buf(struct sl_buf *b, struct sl_err *err)
{
  struct sl_yaml *y;
  int rc = sl_yaml_parse(&y, sl_buf_view(b), "f.yaml", err);
  sl_yaml_free(y);
  return rc;
}

static void bombs(void **state)
{
  (void)state;
  struct sl_buf b;
  struct sl_err err;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
  for (int i = 1; i < 12; i++) /* nine to the twelfth */
    sl_buf_printf(&b, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
      i - 1, i - 1);
  assert_int_equal(parse_buf(&b, &err), SL_ELIMIT);
  sl_buf_clear(&b);
  sl_buf_z(&b, "a0: &a0 [x]\n");
  for (int i = 1; i < 70; i++) /* no larger, but deeper, by aliases alone */
    sl_buf_printf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
  assert_int_equal(parse_buf(&b, &err), SL_ELIMIT);
  sl_buf_clear(&b);
  for (int i = 0; i < 1001; i++)
    sl_buf_printf(&b, "k%d: &a%d x\n", i, i);
  assert_int_equal(parse_buf(&b, &err), SL_ELIMIT);
  assert_string_equal(err.msg, "f.yaml:1001:8: more than 1000 anchors");
  sl_buf_free(&b);
}

static void limits(void **state)
{
  (void)state;
  struct sl_buf b;
  struct sl_err err;
  sl_buf_init(&b, 2 << 20);
  for (int depth = 63; depth < 65; depth++) { /* brackets around one scalar: 64 levels are allowed */
    sl_buf_fill(&b, '[', (size_t)depth);
    sl_buf_z(&b, "x");
    sl_buf_fill(&b, ']', (size_t)depth);
    assert_int_equal(parse_buf(&b, &err), depth == 63 ? SL_OK : SL_ELIMIT);
    sl_buf_clear(&b);
  }
  sl_buf_fill(&b, '[', 1 << 20);
  assert_int_equal(parse_buf(&b, &err), SL_ELIMIT);
  assert_string_equal(err.msg, "f.yaml:1:65: nested deeper than 64");
  sl_buf_clear(&b);
  sl_buf_z(&b, "a: ");
  sl_buf_fill(&b, 'x', (1 << 20) - 3);
  assert_int_equal(parse_buf(&b, &err), SL_OK);
  sl_buf_ch(&b, 'x');
  assert_int_equal(parse_buf(&b, &err), SL_ELIMIT);
  assert_string_equal(err.msg, "f.yaml: larger than 1 MiB");
  sl_buf_clear(&b);
  for (int i = 0; i < 20000; i++)
    sl_buf_printf(&b, "key%d: 1\n", i);
  assert_int_equal(parse_buf(&b, &err), SL_OK);
  sl_buf_z(&b, "key7: 2\n");
  assert_int_equal(parse_buf(&b, &err), SL_EPARSE);
  assert_string_equal(err.msg, "f.yaml:20001:1: \"key7\" stands here twice; first in line 8");
  sl_buf_free(&b);
}

static void loads(void **state)
{
  (void)state;
  struct sl_yaml *y;
  struct sl_err err;
  char path[] = "base_yaml.XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  assert_int_equal(sl_file_write(path, SL_STR("a: 1\n"), 0600, NULL), SL_OK);
  assert_int_equal(sl_yaml_load(&y, path, NULL), SL_OK);
  assert_string_equal(sl_yaml_file(y), path);
  sl_yaml_free(y);
  unlink(path);
  assert_int_equal(sl_yaml_load(&y, path, &err), SL_ENOENT);
  assert_null(y);
}

static void quotes(void **state)
{
  (void)state;
  const struct sl_str rows[] = {SL_STR("plain"), SL_STR("models/readmission-2.x"), SL_STR(""), SL_STR("null"), SL_STR("Yes"),
    SL_STR("n"), SL_STR("12"),
    SL_STR("1e5"), SL_STR("2026-11-21"), SL_STR("a: b"), SL_STR("- x"), SL_STR("#no"), SL_STR("a #b"), SL_STR(" pad "), SL_STR("*x"),
      SL_STR("it's \"so\" \\ here"),
    SL_STR("two\nlines\t"), SL_STR("\x1b[31m"), SL_STR("\xc2\x9b\xe2\x80\xae\xf3\xa0\x80\x81"), SL_STR("\xc3\xa9\xf0\x9f\x98\x80"),
      SL_STR("a\0b"), SL_STR("<<"), SL_STR("~"),
    SL_STR("\xc2\x85\xe2\x80\xa8"), SL_STR("."), SL_STR("/"), SL_STR("-"), SL_STR("---")};
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sl_buf_z(&b, "k: ");
    sl_yaml_quote(&b, rows[i]);
    sl_buf_z(&b, "\n");
    struct sl_yaml *y = parse(sl_buf_zstr(&b));
    const struct sl_yaml_node *n = sl_yaml_get(sl_yaml_root(y), "k");
    if (!sl_str_eq(n->text, rows[i]) || sl_yaml_is_null(n))
      fail_msg("%s", sl_buf_zstr(&b));
    sl_yaml_free(y);
    sl_buf_clear(&b);
  }
  sl_yaml_quote(&b, SL_STR("a\xff"));
  assert_string_equal(sl_buf_zstr(&b), "\"a\xef\xbf\xbd\"");
  sl_buf_free(&b);
}

#if SL_FAULTS
/* Each allocation of ours fails once: an error each time, nothing left behind. */
static void running_out(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_buf_z(&b, "a: &x [1, {k: v}]\nb: *x\n");
  for (int i = 0; i < 40; i++)
    sl_buf_printf(&b, "key%d: %d\n", i, i);
  int64_t live = sl_alloc_live();
  long n = 0;
  int rc;
  do {
    sl_fault_alloc(n, 0);
    rc = parse_buf(&b, NULL);
    sl_fault_alloc(-1, 0);
    assert_true(rc == SL_OK || rc == SL_ENOMEM);
    assert_true(sl_alloc_live() == live);
  } while (rc && ++n < 1000);
  assert_true(n > 5 && n < 1000);
  sl_buf_free(&b);
}
#endif

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(places), cmocka_unit_test(scalars), cmocka_unit_test(aliases),
    cmocka_unit_test(refuses),
    cmocka_unit_test(bombs), cmocka_unit_test(limits), cmocka_unit_test(loads), cmocka_unit_test(quotes),
#if SL_FAULTS
    cmocka_unit_test(running_out),
#endif
 };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
