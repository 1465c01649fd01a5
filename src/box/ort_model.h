/* box/ort_model.h: a loaded ONNX model over columns; private to the ort_*.c files. */
#ifndef SL_BOX_ORT_MODEL_H
#define SL_BOX_ORT_MODEL_H

#include "box/ort.h"

/* One numeric output for the present block. */
struct ort_numbers { int out; enum sl_column_type type; size_t width; void *at; };
struct ort_model {
  struct ort_session_of s;
  char *file;
  size_t *first, *width;       /* of each input: its first feature, and how many */
  size_t features;
  size_t fixed;                /* rows that a run must have; 0: any */
  size_t batch;                /* rows of the next run */
  uint64_t before;             /* rows of the blocks before this one */
  int label;                   /* the output that names a class; -1: none */
  struct ort_numbers prob, score;
  /* classes: known from the file, or met on the way (open) */
  bool open;
  enum sl_column_type class_type;
  struct sl_map names; struct sl_str *text; size_t ntext, text_cap;
  double *number; size_t nclasses;
  struct sl_arena kept;
  /* the present block */
  bool fresh;
  size_t rows, cap;
  int64_t *codes;
  /* the present run */
  void **in; size_t in_rows;   /* values of each input */
  struct sl_arena texts;
};

/* ---- ort_in.c: columns -> tensors ---- */
bool ort_takes(int type, const struct sl_column *c);
/* Rows from..from+n-1, the last one again until there are `rows`. */
int ort_fill(struct ort_model *m, const struct sl_column *const *col, size_t from, size_t n, size_t rows, ort_value *in,
             struct sl_err *err) SL_NODISCARD;
/* Zeros and empty texts, as many rows. */
int ort_fill_nothing(struct ort_model *m, size_t rows, ort_value *in, struct sl_err *err) SL_NODISCARD;
/* ---- ort_out.c: tensors -> values of the block ---- */
/* n of a run's rows to the block's rows from `at` on. */
int ort_take(struct ort_model *m, const ort_value *out, size_t at, size_t n, size_t rows, struct sl_err *err) SL_NODISCARD;
/* How wide an output is, by what came. */
int ort_width(const struct ort_model *m, ort_value v, size_t rows, size_t *width, struct sl_err *err) SL_NODISCARD;
int ort_add_class(struct ort_model *m, struct sl_str text, struct sl_err *err) SL_NODISCARD;

#endif
