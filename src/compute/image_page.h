/* compute/image_page.h: what is told beside a model of pictures: how a picture is prepared, what the classes are called.
 *
 * Hugging Face's preprocessor_config.json and config.json, and lists of names. From outside: strict where a wrong reading would change
 * pixels or names, and whatever would need a step that is not known here is refused by its key. [any] */
#ifndef SL_COMPUTE_IMAGE_PAGE_H
#define SL_COMPUTE_IMAGE_PAGE_H

#include "base/buf.h"
#include "compute/image.h"

enum { SL_IMAGE_PAGE_MAX = 4 << 20, SL_IMAGE_NAMES_MAX = 1 << 16, SL_IMAGE_INPUT_MAX = 4096 };

/* preprocessor_config.json -> prep, NCHW. EPARSE: not JSON, or a value that cannot be; EUNSUP: a step that is not done here. where: for
 * messages. */
int sl_image_prep_read(struct sl_image_prep *out, struct sl_str json, const char *where, struct sl_err *err) SL_NODISCARD;
/* torchvision's preset for another input: the shorter side 256 x side / 224, then w x h of its middle; bytes: nothing is normalised. */
struct sl_image_prep sl_image_prep_preset(uint32_t w, uint32_t h, bool bytes);
/* "shorter side to 256 by bilinear, 224 x 224 of its middle, / 255, mean 0.485 0.456 0.406, std 0.229 0.224 0.225" */
void sl_image_prep_words(struct sl_buf *b, const struct sl_image_prep *p);

struct sl_image_names { struct sl_str *at; size_t n; char *text; };        /* owned; texts are NUL-ended, too */
/* {"0": "cat", "1": "dog"}, each number from 0 on once; ["cat", "dog"]; or, where it is no JSON, a name a line. */
int sl_image_names_read(struct sl_image_names *out, struct sl_str text, const char *where, struct sl_err *err) SL_NODISCARD;
/* A copy of names that are known: whatever they hold, nothing is read out of it. ELIMIT. */
int sl_image_names_of(struct sl_image_names *out, const struct sl_str *name, size_t n, const char *where, struct sl_err *err) SL_NODISCARD;
/* config.json's id2label, label_names or class_names; n 0: it has none. */
int sl_image_names_config(struct sl_image_names *out, struct sl_str json, const char *where, struct sl_err *err) SL_NODISCARD;
void sl_image_names_free(struct sl_image_names *n);

#endif
