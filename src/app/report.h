/* app/report.h: `--report FILE.html|.md` of score and drift: what was asked, when and by whom, over what (with digests), the
 * verdict, tables, charts. Rows are kept as they come; the file is written at the end, whole or not at all. */
#ifndef SL_APP_REPORT_H
#define SL_APP_REPORT_H

#include "app/session.h"
#include "judge/document.h"

struct report_rows { const char *path; bool html; struct sl_batch **b; size_t n, cap; int rc; };
struct report_row { const struct sl_batch *b; uint32_t row; };

/* --report, where it was given (path NULL: it was not). EUSAGE: no such ending, or options that leave rows out. */
int report_open(struct report_rows *r, const struct sl_app *a, struct sl_err *err) SL_NODISCARD;
void report_free(struct report_rows *r);
void report_keep(struct report_rows *r, const struct sl_batch *b);   /* counted; what goes wrong is said by report_save() */

/* In turn; false: that was the last. At first zeroed. */
bool report_next(const struct report_rows *r, struct report_row *at, size_t *batch);
struct sl_str report_text(const struct report_row *at, const char *col);      /* "": none */
double report_f64(const struct report_row *at, const char *col);              /* numbers of any kind; NaN: none */

/* The beginning of every report. input: role and address by turns, NULL-ended; command: of sluice, without the program. */
struct report_asked { const char *title, *command; const char *const *input; struct sl_str verdict; };
/* out: made here, freed by the caller also after a failure. save writes it: ELIMIT, and whatever the file system says. */
int report_begin(struct sl_document *d, struct sl_buf *out, const struct report_rows *r, struct sl_session *s,
                 const struct report_asked *asked, struct sl_err *err) SL_NODISCARD;
int report_save(const struct report_rows *r, struct sl_document *d, struct sl_err *err) SL_NODISCARD;

/* The rest, by what was asked. */
int report_score(struct sl_document *d, const struct report_rows *r, bool pair, struct sl_err *err) SL_NODISCARD;
int report_drift(struct sl_document *d, const struct report_rows *r, struct sl_err *err) SL_NODISCARD;
int report_drift_history(struct sl_document *d, const struct report_rows *r, struct sl_err *err) SL_NODISCARD;

#endif
