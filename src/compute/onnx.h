/* compute/onnx.h: what an ONNX file says of itself, read before a runtime sees it: versions, where its weights lie if not within, what it
 * calls its classes, what its writer noted. The graph itself is the runtime's affair.
 *
 * A file's bytes are untrusted: every length is checked, depth and counts are capped. Texts point into the bytes. [any] */
#ifndef SL_COMPUTE_ONNX_H
#define SL_COMPUTE_ONNX_H

#include "base/mem.h"
#include "base/str.h"

enum { SL_ONNX_EXTERNAL_MAX = 4096, SL_ONNX_CLASSES_MAX = 1 << 16, SL_ONNX_NOTES_MAX = 4096, SL_ONNX_DEPTH = 24 };

struct sl_onnx_classes { struct sl_str *text; int64_t *number; size_t n; };    /* one of both; n 0: not told, or told twice and not alike */
struct sl_onnx {
  int64_t ir;                            /* of the format */
  int64_t opset;                         /* of ONNX's own operators; 0: none told */
  struct sl_str producer, producer_version;
  struct sl_str *external; size_t nexternal, external_cap;     /* files with weights, each once: relative, never upwards */
  struct { struct sl_str key, value; } *note; size_t nnotes, notes_cap;        /* metadata_props */
  struct sl_onnx_classes classes;        /* of the step that makes maps of them, else of all classifiers if they agree */
  bool mapped;                           /* there is such a step */
};

/* EPARSE with file, byte and why; ELIMIT. Owns nothing after a failure. Borrows bytes. */
int sl_onnx_read(struct sl_onnx *out, struct sl_str bytes, const char *file, struct sl_err *err) SL_NODISCARD;
void sl_onnx_free(struct sl_onnx *o);
/* What was noted under key; none: no such. */
struct sl_str sl_onnx_note(const struct sl_onnx *o, const char *key);

#endif
