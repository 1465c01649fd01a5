/* backends/local/objverb_int.h: the actions on files. */
#ifndef SL_LOCAL_OBJVERB_INT_H
#define SL_LOCAL_OBJVERB_INT_H

#include "backend_local/local_int.h"

/* Slots of the verbs: run; _look: reconcile, which only reads. */
int local_copy(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_copy_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_remove(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_remove_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_write(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;
int local_write_look(struct sl_req *r, const struct sl_call *c, struct sl_err *err) SL_NODISCARD;

#endif
