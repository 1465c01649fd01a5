/* base/json_int.h: what reading a document needs of jansson's memory; for base/json.c. */
#ifndef SL_BASE_JSON_INT_H
#define SL_BASE_JSON_INT_H

#include "base/json.h"

/* Around one json_loadb() of this thread, whose longest token has so many bytes. Where memory was refused meanwhile, what it answered is
 * worth nothing and must be given back before the end. */
int sl_json_mem_begin(size_t longest, struct sl_err *err) SL_NODISCARD;
bool sl_json_mem_refused(void);
void sl_json_mem_end(void);

#endif
