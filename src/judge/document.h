/* judge/document.h: a document for a ticket, piece by piece, as HTML that needs nothing beside itself (no script, no address) or as
 * Markdown. Every text may come from outside: it is made harmless and escaped for where it goes. Pure; the caller writes the file,
 * whole. */
#ifndef SL_JUDGE_DOCUMENT_H
#define SL_JUDGE_DOCUMENT_H

#include "judge/report.h"

struct sl_document { struct sl_buf *out; bool html; size_t columns, cell; uint32_t right; };
/* By the file's ending: .html, .md. EUSAGE: neither. */
int sl_document_kind(const char *path, bool *html, struct sl_err *err) SL_NODISCARD;
void sl_document_begin(struct sl_document *d, struct sl_buf *out, bool html, const char *title);
void sl_document_heading(struct sl_document *d, const char *text);
void sl_document_text(struct sl_document *d, struct sl_str text);              /* a paragraph */
void sl_document_verdict(struct sl_document *d, struct sl_str text);           /* the sentence that matters */
void sl_document_code(struct sl_document *d, struct sl_str text);              /* a command line */
/* heads: columns of them; right: bit i: column i holds numbers. Then cell after cell; a row ends by itself. */
void sl_document_table(struct sl_document *d, const char *const *heads, size_t columns, uint32_t right);
void sl_document_cell(struct sl_document *d, struct sl_str text);
void sl_document_number(struct sl_document *d, double v, int digits);          /* NaN: an empty cell */
void sl_document_table_end(struct sl_document *d);
/* HTML alone; Markdown has no charts of its own. */
int sl_document_chart(struct sl_document *d, const struct sl_report_chart *c, struct sl_err *err) SL_NODISCARD;
void sl_document_end(struct sl_document *d);

#endif
