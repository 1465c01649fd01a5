/* compute/monitor_json.h: what the readers of Model Monitor's files share: values by name, errors with their path; private to this folder.
 *
 * What is not known is skipped, what is used must be right: "statistics.json: features[3].name: a text must stand here". */
#ifndef SL_COMPUTE_MONITOR_JSON_H
#define SL_COMPUTE_MONITOR_JSON_H

#include "base/json.h"
#include "compute/monitor.h"

enum { MJ_PATH = 240 };

struct mj {
  struct sl_json_pull *p;
  struct sl_str rest, text;    /* not yet fed; of the token */
  const char *file;
  struct sl_err *err;          /* never NULL */
  struct sl_arena *mem;        /* what texts live in */
  char path[MJ_PATH];          /* of the value that is read */
  size_t items;                /* taken from arrays so far */
};

typedef int mj_take(struct mj *r, void *to);               /* reads one value, from its first token on */
struct mj_field { const char *name; mj_take *fn; };        /* the last one without a name */

int mj_bad(struct mj *r, const char *fmt, ...) SL_PRINTF(2, 3);                /* EPARSE with file and path */
enum sl_json_tok mj_next(struct mj *r);                                        /* feeds as it goes; BAD: r->err is set */
int mj_not_a(struct mj *r, enum sl_json_tok t, const char *what);              /* the error of a token that must not stand here */
int mj_skip(struct mj *r, void *to);                                           /* one value of any kind; to is not looked at: a mj_take */
size_t mj_enter(struct mj *r, const char *fmt, ...) SL_PRINTF(2, 3);           /* the path grows; back by mj_leave() */
void mj_leave(struct mj *r, size_t at);                                        /* at: what mj_enter() gave */
/* An object, or null; _from: its first token was taken. A name that is used twice is an error. */
int mj_fields(struct mj *r, const struct mj_field *f, void *to);
int mj_fields_from(struct mj *r, enum sl_json_tok t, const struct mj_field *f, void *to);
/* An object of any names, or null; each reads the value behind its name, which is gone then. */
int mj_each(struct mj *r, int (*each)(struct mj *r, struct sl_str key, void *to), void *to);
/* An array, or null; each reads an item from t on. _from: its first token was taken. ELIMIT: SL_MONITOR_ITEMS_MAX in all. */
int mj_items_from(struct mj *r, enum sl_json_tok t, int (*each)(struct mj *r, enum sl_json_tok t, void *to), void *to);
int mj_items(struct mj *r, int (*each)(struct mj *r, enum sl_json_tok t, void *to), void *to);
/* Copied into mem; a NUL in it is an error, as is null. */
int mj_text(struct mj *r, const char **out);
int mj_text_from(struct mj *r, enum sl_json_tok t, const char **out);
int mj_number(struct mj *r, double *out);                  /* "NaN" and the infinities as texts too; null: NaN */
int mj_number_from(struct mj *r, enum sl_json_tok t, double *out);
int mj_count_of(struct mj *r, double *out);                /* a whole number from 0 on */
int mj_share(struct mj *r, double *out);                   /* from 0 on */
/* One of several words in any case, by its place; true and false are 1 and 0. */
int mj_word_of(struct mj *r, const char *const *words, int *out);
int mj_type_of(struct mj *r, enum sl_monitor_type *out);
/* The whole of it: an object. r->mem must be set, the rest is made here; r->err is out's or one of its own. */
int mj_document(struct mj *r, const char *file, struct sl_str all, const struct mj_field *f, void *to, struct sl_err *err);

#endif
