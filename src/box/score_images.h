/* box/score_images.h: pictures as the data of a model; private to the score_images*.c files. */
#ifndef SL_BOX_SCORE_IMAGES_H
#define SL_BOX_SCORE_IMAGES_H

#include "box/image_list.h"
#include "box/ort.h"
#include "box/score_int.h"

enum { IMAGES_WHERE = 96 };

struct score_images {
  struct ort_image *m;         /* borrowed: s->m's, once there is one */
  struct sl_image_prep prep;
  char prep_from[IMAGES_WHERE], names_from[IMAGES_WHERE];
  uint32_t w, h;
  struct image_list list;
  size_t next;                 /* the list's next picture */
  struct sl_buf *bytes;        /* one a slot: the files of the present block */
  struct sl_err *why;          /* and why there is none, or no prediction */
  size_t slots, rows;          /* rows: of the present block, numbered from s->row */
  uint64_t failed;
  uint64_t labelled, right;    /* where no quality is worked out: predictions whose folder is a class, and those that name it */
  char *first;                 /* of them, and why */
};

/* How pictures are prepared and what classes are called, by what lies beside the model. */
int images_page(struct score *s, struct score_images *g, const struct ort_ask *a, struct sl_image_names *names,
                struct sl_err *err) SL_NODISCARD;
/* Without names from there, the folders' in their order, as ImageFolder numbers them, if they are as many as the classes. */
int images_names_of_folders(struct score_images *g, struct sl_err *err) SL_NODISCARD;

#endif
