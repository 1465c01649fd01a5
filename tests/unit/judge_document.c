/* Documents: what stands in a text stays a text, in HTML and in Markdown. */
#include "judge/document.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char hostile[] = "<script>alert(\"1\")</script> & | `x` **b** [l](u)\n# h \x1b[31m";

static void fill(struct sl_document *d, struct sl_buf *out, bool html)
{
  static const char *const heads[] = { "name", "value" };
  sl_buf_init(out, 0);
  sl_document_begin(d, out, html, hostile);
  sl_document_verdict(d, sl_str(hostile));
  sl_document_code(d, sl_str(hostile));
  sl_document_table(d, heads, 2, 2);
  sl_document_cell(d, sl_str(hostile));
  sl_document_number(d, 0.25, 4);
  sl_document_cell(d, SL_STR("b"));
  sl_document_number(d, (double)NAN, 4);
  sl_document_table_end(d);
}

static void html(void **state)
{
  static const double x[] = { 0, 1 };
  struct sl_report_line line = { hostile, x, x, 2 };
  struct sl_document d;
  struct sl_buf out;
  (void)state;
  fill(&d, &out, true);
  assert_int_equal(sl_document_chart(&d, &(struct sl_report_chart){ hostile, hostile, &line, 1, false, false }, NULL), SL_OK);
  sl_document_end(&d);
  const char *z = sl_buf_zstr(&out);
  assert_null(strstr(z, "<script"));
  assert_null(strchr(z, '\x1b'));
  assert_non_null(strstr(z, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; | `x`"));
  assert_non_null(strstr(z, "<td class=\"n\">0.25</td></tr>\n<tr><td>b</td><td class=\"n\"></td></tr>\n</table>"));
  assert_non_null(strstr(z, "default-src 'none'"));
  assert_non_null(strstr(z, "<svg"));
  assert_string_equal(z + out.n - 16, "</body>\n</html>\n");
  sl_buf_free(&out);
}

static void markdown(void **state)
{
  struct sl_document d;
  struct sl_buf out;
  (void)state;
  fill(&d, &out, false);
  sl_document_end(&d);
  const char *z = sl_buf_zstr(&out);
  assert_null(strchr(z, '\x1b'));
  assert_non_null(strstr(z, "| \\<script\\>alert(\"1\")\\</script\\> \\& \\| \\`x\\` \\*\\*b\\*\\* \\[l\\](u)^J# h"));
  assert_non_null(strstr(z, "| name | value |\n|---|---:|\n"));
  assert_non_null(strstr(z, "\n    <script>"));    /* a line of code */
  assert_null(strstr(z, "\n# h"));
  sl_buf_free(&out);
}

static void kinds(void **state)
{
  bool is_html = false;
  (void)state;
  assert_int_equal(sl_document_kind("a.html", &is_html, NULL), SL_OK);
  assert_true(is_html);
  assert_int_equal(sl_document_kind("a.md", &is_html, NULL), SL_OK);
  assert_false(is_html);
  assert_int_equal(sl_document_kind("a.svg", &is_html, NULL), SL_EUSAGE);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(html), cmocka_unit_test(markdown), cmocka_unit_test(kinds) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
