/* base/secret_list.h: between secret.c, which knows the living secrets, and redact.c, which takes them out of text. Not for others. */
#ifndef SL_BASE_SECRET_LIST_H
#define SL_BASE_SECRET_LIST_H

#include "base/str.h"

/* The first place in text where a living secret of 6 bytes or more stands (the longest of those that begin there), and its length; text.n
 * and 0 when there is none. */
size_t sl_secret_find(struct sl_str text, size_t *length);

#endif
