/* box/ort.h: ONNX Runtime inside the box: found, loaded, its models as models of ours; private to this folder. */
#ifndef SL_BOX_ORT_H
#define SL_BOX_ORT_H

#include "box/inside.h"
#include "box/ort_abi.h"
#include "compute/image_page.h"
#include "compute/mlmodel.h"
#include "compute/onnx.h"

struct ort {
#define ORT_FIELD(slot, ret, name, args) ret (*name) args;
  ORT_CALLS(ORT_FIELD)
#undef ORT_FIELD
  ort_env env;                 /* NULL: there is none, and why says why */
  char why[256], version[24];
};

/* Before the box shuts itself in. A library that is not there is no error until a model needs it. */
int ort_load(struct sl_box_ctx *c, struct sl_err *err) SL_NODISCARD;
/* What a status says, in one line, as an error; OK where there is none. Releases it. */
int ort_check(const struct ort *o, ort_status s, struct sl_err *err);
/* From now on until ort_watch_end(): after so many seconds the run (NULL: a load) is told to stop; if it does not, the box ends with
 * words of what it was at. true: it was told. */
void ort_watch(struct sl_box_ctx *c, ort_run_options run, unsigned seconds, const char *what);
bool ort_watch_end(void);

/* ---- one tensor or sequence that goes in or comes out ---- */
enum { ORT_DIMS_MAX = 8 };
struct ort_port {
  char *name;
  int kind, type;              /* ORT_TENSOR and what it holds; others: what they are */
  size_t rank;
  int64_t dim[ORT_DIMS_MAX];   /* -1: any */
};
struct ort_session_of {        /* a loaded model, whatever goes through it */
  const struct ort *o;
  struct sl_box_ctx *c;
  const char *file;            /* for messages; borrowed */
  unsigned seconds;            /* that one run may take; 0: what is usual */
  ort_session s;
  ort_memory memory;
  ort_allocator allocator;
  struct ort_port *in, *out;
  const char **in_name, **out_name;
  size_t nin, nout;
  bool timed_out;
};
/* bytes: a file that sl_onnx_read() took; folder: where its weights lie, absolute, NULL where none are outside. What is not known of s
 * is zeroed first; yours to close, also after a failure. */
int ort_session_open(struct ort_session_of *s, struct sl_str bytes, const struct sl_onnx *facts, const char *folder, unsigned threads,
                     struct sl_err *err) SL_NODISCARD;
void ort_session_close(struct ort_session_of *s);
/* in: a value for each input; out: yours to release. */
int ort_session_run(struct ort_session_of *s, const ort_value *in, ort_value *out, struct sl_err *err) SL_NODISCARD;
/* "model.onnx: input x" before what err says. */
const char *ort_type_name(int type);

/* ---- a model over columns (ort_model.c) ---- */
struct ort_ask { struct sl_str bytes; const char *file, *folder; size_t signature; unsigned threads, seconds; };
/* signature: how many columns the model's page names, 0: none. A model of pictures comes as *image instead, which is not one of ours yet
 * (NULL: it is refused). */
struct ort_image;
int ort_model_load(struct sl_model **out, struct ort_image **image, struct sl_box_ctx *c, const struct ort_ask *a,
                   struct sl_err *err) SL_NODISCARD;

/* ---- a model of pictures (ort_image.c) ---- */
enum ort_image_numbers { ORT_IMAGE_UNTOLD, ORT_IMAGE_LOGITS, ORT_IMAGE_PROBABILITIES, ORT_IMAGE_PLAIN };   /* PLAIN: one a picture */
struct ort_image_facts {
  uint32_t w, h;               /* of its input; 0: any */
  bool nhwc, bytes;            /* channels last; uint8, else float */
  size_t block, width, names;  /* pictures at once; numbers a picture; of that many classes the names are known */
  enum ort_image_numbers numbers;      /* what they are: known after the first block */
};
bool ort_image_is(const struct ort_session_of *s);         /* an input has four dimensions */
/* Takes the session, also on failure (then it is closed). EUNSUP: another input or output than pictures and rows of numbers. */
int ort_image_open(struct ort_image **out, struct ort_session_of *s, const char *file, struct sl_err *err) SL_NODISCARD;
void ort_image_free(struct ort_image *m);                  /* of one that is no model yet */
struct ort_image_facts ort_image_facts(const struct ort_image *m);
/* A model over pictures of w x h: m is the model's on success. names are taken; from: where they stood. EPARSE: another number of them. */
int ort_image_model(struct sl_model **out, struct ort_image *m, uint32_t w, uint32_t h, struct sl_image_names *names, const char *from,
                    struct sl_err *err) SL_NODISCARD;
void ort_image_call(struct ort_image *m, struct sl_image_names *names);     /* taken if there are none yet and they are as many */
/* The next block: slots are filled (3 x w x h floats or bytes), then their number said, then sl_model_bind_rows(). */
void *ort_image_slot(struct ort_image *m, size_t row);
void ort_image_rows(struct ort_image *m, size_t n);
/* After it was predicted: are a picture's outputs numbers, and the largest probability (of PLAIN: the number). */
bool ort_image_finite(const struct ort_image *m, size_t row);
double ort_image_top(const struct ort_image *m, size_t row);
size_t ort_image_best(const struct ort_image *m, size_t row);       /* the predicted class */

#endif
