/* box/sketch_file.h: a data set as sketches: read from files of them, or made of a query; private to this folder. */
#ifndef SL_BOX_SKETCH_FILE_H
#define SL_BOX_SKETCH_FILE_H

#include "box/scan.h"

/* FROM 'x.sketch' (or 'x.partial': its outputs), perhaps with wildcards, and further ones behind UNION ALL: nothing that the engine
 * could read. */
bool sketch_file_is(struct sl_str sql);
/* Either way. Several files are merged. distinct false: as sl_sketch_new(), for a query. */
int sketch_file_load(struct sl_box_ctx *c, duck_conn conn, const char *sql, bool distinct, struct sl_sketches *out,
                     struct sl_err *err) SL_NODISCARD;

#endif
