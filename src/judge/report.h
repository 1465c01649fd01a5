/* judge/report.h: a comparison as a document for people: Markdown of its rows, SVG of its curves. Pure; texts from outside are escaped for
 * where they go. */
#ifndef SL_JUDGE_REPORT_H
#define SL_JUDGE_REPORT_H

#include "table/batch.h"

/* Markdown: rows of the resource differences, in the order of their kinds. Zeroed before the first; the last call is the end. */
struct sl_report { struct sl_buf *out; char kind[24]; uint64_t rows; };
/* Rows of whole batches, or one by one, into out, where failure sticks. */
void sl_report_rows(struct sl_report *r, const struct sl_batch *b);
void sl_report_row(struct sl_report *r, const struct sl_batch *b, uint32_t row);   /* one without kind or name is left out */
void sl_report_end(struct sl_report *r);   /* also says what the signs mean, or that nothing differs */

/* A text from outside, made harmless, on one line, and escaped for where it goes: between tags, in a Markdown cell; plain: not escaped. */
void sl_report_xml_text(struct sl_buf *out, struct sl_str s);
void sl_report_md_text(struct sl_buf *out, struct sl_str s);
void sl_report_plain_text(struct sl_buf *out, struct sl_str s);

/* SVG: curves on one pair of axes, a legend beside them (the first 24). NaN are gaps; with log, what is not above 0 too. points: a dot for
 * each point of a line that has more than two. */
struct sl_report_line { const char *name; const double *x, *y; size_t n; };
struct sl_report_chart { const char *title, *xlabel; const struct sl_report_line *line; size_t n; bool log, points; };
int sl_report_svg(struct sl_buf *out, const struct sl_report_chart *c, struct sl_err *err) SL_NODISCARD;   /* out's failure */

#endif
