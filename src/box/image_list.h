/* box/image_list.h: the pictures in a folder or an archive: which there are, which of them are taken, and their bytes one after the other;
 * private to this folder.
 *
 * Only names are kept. An archive is read twice, from its beginning each time: a list first, then the bytes in its own order; nothing of it
 * is written anywhere. A folder's pictures come by their paths' bytes. */
#ifndef SL_BOX_IMAGE_LIST_H
#define SL_BOX_IMAGE_LIST_H

#include "base/hash.h"
#include "box/inside.h"

enum { IMAGE_FILE_MAX = 64 << 20, IMAGE_FILES_MAX = 2 << 20, IMAGE_NO_GROUP = 0x7fffffff };

struct image_entry {
  size_t at; uint32_t n;       /* its path, in names */
  uint32_t group;              /* index in groups; IMAGE_NO_GROUP: it lies in no folder */
  uint32_t member;             /* of the archive: which one, from 0 */
};
struct archive;
struct image_list {
  char *root;                  /* absolute */
  bool packed;                 /* an archive */
  struct sl_buf names;
  struct image_entry *at; size_t n, cap;
  size_t all;                  /* before a sample was taken */
  struct sl_map groups;        /* first folder below the root -> how many pictures in all */
  uint64_t others;             /* files that are no pictures, links, what is hidden: left aside */
  char *other;                 /* the first of them */
  int dir;                     /* of a folder; -1 */
  struct archive *a; int fd; uint32_t member;    /* where the second reading of an archive stands */
};
/* root: a folder, or an archive by what it begins with. c: a sign of life while it looks. EPARSE for an archive that is damaged or holds
 * a path that leads out of it; ENOENT: no picture in it; ELIMIT. Yours to close, also after a failure. */
int image_list_open(struct image_list *l, struct sl_box_ctx *c, const char *root, struct sl_err *err) SL_NODISCARD;
/* n of them, spread over the groups as they are, at least one of each as far as n reaches: those whose paths' hashes are smallest,
 * so the same ones every time. n beyond all of them: all. */
int image_list_sample(struct image_list *l, size_t n, struct sl_err *err) SL_NODISCARD;
struct sl_str image_list_path(const struct image_list *l, size_t i);
struct sl_str image_list_group(const struct image_list *l, size_t i);      /* none */
/* The bytes of picture i, which is the next one (from 0). EPARSE, ELIMIT, EDENIED...: this one cannot be had, and *lost is false: go on;
 * or true: nothing more can be. */
int image_list_read(struct image_list *l, size_t i, struct sl_buf *to, bool *lost, struct sl_err *err) SL_NODISCARD;
void image_list_rewind(struct image_list *l);
void image_list_close(struct image_list *l);

#endif
