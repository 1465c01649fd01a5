/* model/recorded.h: what was written down about the files of a version by whoever decides: evidence, valid statements. A registry's backend
 * asks, since it knows of neither; whoever knows answers. Nobody there: nothing was recorded. */
#ifndef SL_MODEL_RECORDED_H
#define SL_MODEL_RECORDED_H

#include "base/time.h"
#include "model/ws.h"

struct sl_backend;
struct sl_recorded {
  char digest[65];               /* hex SHA-256 of the files' manifest (model/manifest.h) */
  char how[16];                  /* statement, evidence */
  char by[64];                   /* who stated it; "" nobody in particular */
  sl_ms at;
};
struct sl_recorded_tag { struct sl_str key, value; };
struct sl_recorded_version { struct sl_str conn, model; int64_t version; const struct sl_recorded_tag *tag; size_t ntags; };
struct sl_recorded_ops {
  void *(*open)(struct sl_ws *w);                       /* [loop] what is needed to answer, of now; NULL: nothing is known */
  /* [any] Blocks: reads small files of ours, verifies signatures. false: nothing was recorded. */
  bool (*find)(void *held, const struct sl_recorded_version *v, struct sl_recorded *out);
  void (*close)(void *held);                            /* [any] */
};
/* From now on these are asked; constant. NULL: nothing is known any more. */
void sl_ws_recorded(struct sl_ws *w, const struct sl_recorded_ops *ops);

/* For a backend: a handle for one answer. NULL: nothing is known. Ask in a lane; close it anywhere. */
struct sl_recorder;
struct sl_recorder *sl_recorder_open(struct sl_backend *b);
bool sl_recorder_find(struct sl_recorder *k, const struct sl_recorded_version *v, struct sl_recorded *out);   /* k NULL: false */
void sl_recorder_close(struct sl_recorder *k);

#endif
