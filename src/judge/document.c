/* judge/document.c: see the header. The page says by its policy that nothing is to be loaded or run, whatever a text in it holds. */
#include "judge/document.h"

#include <math.h>
#include <string.h>

#include "base/fmt.h"

static const char style[] =
  "body{font:15px/1.45 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#1a1a1a;background:#fff}"
  "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse;margin:.5em 0}"
  "th,td{padding:.2em .8em .2em 0;border-bottom:1px solid #ddd;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
  "th{font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}.v{font-size:1.1em;font-weight:600}"
  "pre{background:#f4f4f4;padding:.6em;white-space:pre-wrap;overflow-wrap:anywhere}svg{max-width:46em;height:auto;display:block}";

int sl_document_kind(const char *path, bool *html, struct sl_err *err)
{
  *html = sl_str_ends(sl_str(path), SL_STR(".html"));
  if (!*html && !sl_str_ends(sl_str(path), SL_STR(".md")))
    return sl_err_set(err, SL_EUSAGE, "--report %s: name a file that ends in .html or .md", path);
  return SL_OK;
}

static void put(struct sl_document *d, struct sl_str text)
{
  if (d->html)
    sl_report_xml_text(d->out, text);
  else
    sl_report_md_text(d->out, text);
}

void sl_document_begin(struct sl_document *d, struct sl_buf *out, bool html, const char *title)
{
  *d = (struct sl_document){ .out = out, .html = html };
  if (!html) {
    sl_buf_z(out, "# ");
    put(d, sl_str(title));
    sl_buf_z(out, "\n");
    return;
  }
  sl_buf_z(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
           "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
  put(d, sl_str(title));
  sl_buf_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
  put(d, sl_str(title));
  sl_buf_z(out, "</h1>\n");
}

static void block(struct sl_document *d, const char *open, const char *close, struct sl_str text)
{
  sl_buf_z(d->out, open);
  put(d, text);
  sl_buf_z(d->out, close);
}

void sl_document_heading(struct sl_document *d, const char *text)
{
  block(d, d->html ? "<h2>" : "\n## ", d->html ? "</h2>\n" : "\n", sl_str(text));
}

void sl_document_text(struct sl_document *d, struct sl_str text)
{
  block(d, d->html ? "<p>" : "\n", d->html ? "</p>\n" : "\n", text);
}

void sl_document_verdict(struct sl_document *d, struct sl_str text)
{
  block(d, d->html ? "<p class=\"v\">" : "\n**", d->html ? "</p>\n" : "**\n", text);
}

/* A line of its own with four blanks is code in Markdown: nothing in it is markup, so that it is made harmless but not escaped. */
void sl_document_code(struct sl_document *d, struct sl_str text)
{
  if (d->html) {
    block(d, "<pre>", "</pre>\n", text);
    return;
  }
  sl_buf_z(d->out, "\n    ");
  sl_report_plain_text(d->out, text);
  sl_buf_z(d->out, "\n");
}

void sl_document_table(struct sl_document *d, const char *const *heads, size_t columns, uint32_t right)
{
  d->columns = columns;
  d->cell = 0;
  d->right = right;
  sl_buf_z(d->out, d->html ? "<table>\n<tr>" : "\n|");
  for (size_t i = 0; i < columns; i++)
    block(d, !d->html ? " " : right >> i & 1 ? "<th class=\"n\">" : "<th>", d->html ? "</th>" : " |", sl_str(heads[i]));
  sl_buf_z(d->out, d->html ? "</tr>\n" : "\n|");
  for (size_t i = 0; !d->html && i < columns; i++)
    sl_buf_z(d->out, right >> i & 1 ? "---:|" : "---|");
  sl_buf_z(d->out, d->html ? "" : "\n");
}

void sl_document_cell(struct sl_document *d, struct sl_str text)
{
  bool number = d->right >> d->cell & 1;
  if (!d->cell)
    sl_buf_z(d->out, d->html ? "<tr>" : "|");
  block(d, !d->html ? " " : number ? "<td class=\"n\">" : "<td>", d->html ? "</td>" : " |", text);
  if (++d->cell < d->columns)
    return;
  d->cell = 0;
  sl_buf_z(d->out, d->html ? "</tr>\n" : "\n");
}

void sl_document_number(struct sl_document *d, double v, int digits)
{
  struct sl_buf b;
  sl_buf_init(&b, 64);
  if (!isnan(v))
    sl_fmt_sig(&b, v, digits);
  sl_document_cell(d, sl_buf_view(&b));
  if (b.failed && !d->out->failed) /* an empty cell would be a number that is not there */
    d->out->failed = b.failed;
  sl_buf_free(&b);
}

void sl_document_table_end(struct sl_document *d) { sl_buf_z(d->out, d->html ? "</table>\n" : ""); }

int sl_document_chart(struct sl_document *d, const struct sl_report_chart *c, struct sl_err *err)
{
  return d->html ? sl_report_svg(d->out, c, err) : SL_OK;
}

void sl_document_end(struct sl_document *d) { sl_buf_z(d->out, d->html ? "</body>\n</html>\n" : ""); }
