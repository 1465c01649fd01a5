/* model/engine.h: where statistics are worked out: here (`local`), or in the SQL engine that has the data (`pushdown`). */
#ifndef SL_MODEL_ENGINE_H
#define SL_MODEL_ENGINE_H

#include "base/err.h"
#include "base/str.h"

extern const char *const sl_engines[];                     /* "local", "pushdown"; NULL-ended */
/* EUSAGE with the nearest. push may be NULL. */
int sl_engine_check(struct sl_str name, bool *push, struct sl_err *err) SL_NODISCARD;
/* A scope that may begin with engine=NAME: *rest is what follows it. */
int sl_engine_scope(struct sl_str scope, struct sl_str *rest, bool *push, struct sl_err *err) SL_NODISCARD;

#endif
