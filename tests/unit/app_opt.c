/* tests/unit/app_opt.c: the option table is sound, and argv is read as it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/gen.h"
#include "app/opt.h"

static struct sl_args args;
static struct sl_err err;

static int parse(const char *line)
{
  static char copy[1024];
  static char name[] = "sluice";
  char *argv[64] = { name };
  int argc = 1;
  snprintf(copy, sizeof copy, "%s", line);
  for (char *p = copy; *p;) {
    argv[argc++] = p;
    while (*p && *p != ' ')
      p++;
    if (*p)
      *p++ = 0;
  }
  err = (struct sl_err){ 0 };
  return sl_args_parse(&args, argc, argv, &err);
}

static void refused(const char *line, const char *words)
{
  assert_int_equal(parse(line), SL_EUSAGE);
  if (!strstr(err.msg, words))
    fail_msg("'%s': '%s' does not say '%s'", line, err.msg, words);
}

static void test_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < SL_O_N; i++) {
    const struct sl_opt *o = &sl_opts[i];
    assert_non_null(o->name);
    assert_true((o->kind == SL_OPT_FLAG) == (o->arg == NULL));
    bool taken = o->global;
    for (size_t k = 0; k < sl_ncmds; k++)
      taken = taken || sl_cmd_takes(&sl_cmds[k], o);
    if (!taken)
      fail_msg("no command takes --%s", o->name);
    for (size_t k = 0; k < i; k++) {
      assert_string_not_equal(o->name, sl_opts[k].name);
      assert_true(!o->letter || o->letter != sl_opts[k].letter);
    }
  }
  for (size_t k = 0; k < sl_ncmds; k++) {
    const struct sl_cmd *c = &sl_cmds[k];
    assert_true(c->help[0] && c->about[0]);
    struct sl_str rest = sl_str(c->options), w;
    while (rest.p && sl_str_cut(&rest, ' ', &w))
      if (w.n) {
        bool known = false;
        for (size_t i = 0; i < SL_O_N; i++)
          known = known || sl_str_eqz(w, sl_opts[i].name);
        if (!known)
          fail_msg("%s: no option %.*s in the table", c->name, SL_ARG(w));
      }
    rest = sl_str(c->examples);
    bool any = false;
    while (rest.p && sl_str_cut(&rest, '\n', &w))
      if (w.n) {
        any = true;
        assert_true(sl_str_starts(w, SL_STR("sluice ")));
        assert_true(sl_str_find(w, SL_STR(" # ")) > 0);
      }
    assert_true(any);
  }
}

static void test_places(void **state)
{
  (void)state;
  assert_int_equal(parse("-w demo info -o json"), SL_OK);
  assert_string_equal(args.cmd->name, "info");
  assert_string_equal(sl_args_text(&args, SL_O_workspace, ""), "demo");
  assert_string_equal(sl_args_text(&args, SL_O_output, ""), "json");
  assert_int_equal(parse("info --output=csv --workspace demo"), SL_OK);
  assert_string_equal(sl_args_text(&args, SL_O_output, ""), "csv");
  assert_int_equal(parse("-ojson info"), SL_OK);
  assert_string_equal(sl_args_text(&args, SL_O_output, ""), "json");
  assert_int_equal(parse("-o=json info"), SL_OK);
  assert_string_equal(sl_args_text(&args, SL_O_output, ""), "json");
  assert_int_equal(parse("info --columns -version"), SL_OK); /* a value may look like an option */
  assert_string_equal(sl_args_text(&args, SL_O_columns, ""), "-version");
  assert_int_equal(parse("-o csv info -o json"), SL_OK);
  assert_string_equal(sl_args_text(&args, SL_O_output, ""), "json");
  assert_int_equal(parse(""), SL_OK);
  assert_null(args.cmd);
  assert_int_equal(parse("info --help much too many words"), SL_OK);
  assert_true(sl_args_has(&args, SL_O_help));
}

static void test_refused(void **state)
{
  (void)state;
  refused("doctr", "did you mean doctor?");
  refused("xyzzy", "sluice --help");
  refused("info --colums x", "did you mean --columns?");
  refused("info --zzzzzzzz", "no option --zzzzzzzz");
  refused("info -Z", "no option -Z");
  refused("info --columns", "needs a value");
  refused("info -o", "needs a value");
  refused("info -o yaml", "table json ndjson csv");
  refused("info --version=1", "takes no value");
  refused("--columns a", "needs a command");
  refused("info spare", "'spare' is too much");
  refused("info -- --help", "'--help' is too much");
  refused("info ---help", "no option");
}

static void widest(const struct sl_buf *b)
{
  struct sl_str rest = sl_buf_view(b), line;
  while (rest.p && sl_str_cut(&rest, '\n', &line))
    if (line.n > 80)
      fail_msg("%zu columns: %.*s", line.n, SL_ARG(line));
}

static void test_help(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_help_all(&b);
  for (size_t k = 0; k < sl_ncmds; k++)
    assert_non_null(strstr(sl_buf_zstr(&b), sl_cmds[k].name));
  assert_non_null(strstr(sl_buf_zstr(&b), "-o, --output FORMAT"));
  widest(&b);
  for (size_t k = 0; k < sl_ncmds; k++) {
    sl_buf_clear(&b);
    sl_help_cmd(&b, &sl_cmds[k]);
    assert_non_null(strstr(sl_buf_zstr(&b), "examples:"));
    widest(&b);
  }
  sl_buf_free(&b);
}

static void test_generate(void **state)
{
  (void)state;
  static const char *const kinds[] = { "man", "bash", "zsh", "fish" };
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < 4; i++) {
    sl_buf_clear(&b);
    assert_int_equal(sl_generate(&b, kinds[i], &err), SL_OK);
    for (size_t k = 0; k < sl_ncmds; k++)
      if (!strstr(sl_buf_zstr(&b), sl_cmds[k].name))
        fail_msg("%s: nothing about %s", kinds[i], sl_cmds[k].name);
  }
  assert_int_equal(sl_generate(&b, "html", &err), SL_EUSAGE);
  sl_buf_free(&b);
}

static void test_wrap(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_wrap(&b, SL_STR("one two three four"), 2, 9);
  assert_string_equal(sl_buf_zstr(&b), "one two\n  three\n  four\n");
  sl_buf_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_table), cmocka_unit_test(test_places), cmocka_unit_test(test_refused),
    cmocka_unit_test(test_help), cmocka_unit_test(test_generate), cmocka_unit_test(test_wrap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
