/* box/monitor_data.h: a data set as Model Monitor's baselining sees it; private to this folder. */
#ifndef SL_BOX_MONITOR_DATA_H
#define SL_BOX_MONITOR_DATA_H

#include "box/duck.h"
#include "compute/monitor.h"

/* sql: one query. Texts of at most `values` different ones are counted value by value. out is yours to free, also after a failure. */
int monitor_data_read(struct sl_box_ctx *c, struct sl_str sql, size_t values, struct sl_monitor_stats *out,
                      struct sl_err *err) SL_NODISCARD;

#endif
