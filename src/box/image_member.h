/* box/image_member.h: what image_list.c and image_member.c share; private to the two. */
#ifndef SL_BOX_IMAGE_MEMBER_H
#define SL_BOX_IMAGE_MEMBER_H

#include "base/file.h"
#include "box/image_list.h"

enum image_named { IMAGE_IS, IMAGE_PERHAPS, IMAGE_HIDDEN };
enum image_named image_named(struct sl_str path);          /* PERHAPS: its first bytes decide */
bool image_begins(struct sl_str s);                        /* as JPEG or PNG does (their first bytes) */
/* A picture by its path (copied; member: of the archive); something that is none: counted, the first one kept for the message. ELIMIT: more
 * than IMAGE_FILES_MAX. */
int image_list_add(struct image_list *l, struct sl_str path, uint32_t member, struct sl_err *err) SL_NODISCARD;
int image_list_other(struct image_list *l, struct sl_str path, struct sl_err *err) SL_NODISCARD;

/* ---- image_member.c ---- */
int image_members(struct image_list *l, struct sl_box_ctx *c, struct sl_err *err) SL_NODISCARD;    /* all of an archive */
void image_members_close(struct image_list *l);

#endif
