/* box/drift_sketch.h: two data sets compared by what sketches keep of them; private to this folder. */
#ifndef SL_BOX_DRIFT_SKETCH_H
#define SL_BOX_DRIFT_SKETCH_H

#include "box/drift_row.h"
#include "box/sketch_file.h"

/* Rows of every feature of both into o, up to drift_rows_end(). Either query may name files of sketches. */
int drift_sketch_run(struct sl_box_ctx *c, duck_conn conn, const char *baseline, const char *current, struct drift_rows *o,
                     struct sl_err *err) SL_NODISCARD;
/* The same of sketches that are there: rows are held, and wait. */
int drift_sketch_compare(struct drift_rows *o, const struct sl_sketches *a, const struct sl_sketches *b, struct sl_err *err) SL_NODISCARD;

#endif
