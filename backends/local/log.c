/* backends/local/log.c: placeholder */
#include "backend_local/local_int.h"
const struct sl_serve local_log = { .res = &sl_res_log };
