/* box/score_images.c: pictures block by block: their files are read one after the other, decoded and prepared by several threads, each into
 * its place of the model's input. One that cannot be read is a row without a prediction, counted and named: among ten thousand it must
 * not end the rest. */
#include "box/score_images.h"

#include <math.h>

#include "base/fmt.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "box/image_read.h"

enum { THREADS_MAX = 64, ROOM = 1 << 20 };

/* ---- the model ---- */

int score_images_model(struct score *s, struct ort_image *image, const struct ort_ask *a, struct sl_err *err)
{
  struct sl_image_names names = { .at = NULL };
  struct score_images *g = s->images = sl_calloc(1, sizeof *g);
  if (!g) {
    ort_image_free(image);
    return sl_err_nomem(err);
  }
  g->list.dir = g->list.fd = -1;
  g->m = image;
  int rc = images_page(s, g, a, &names, err);
  if (!rc)
    rc = ort_image_model(&s->m, image, g->w, g->h, &names, g->names_from, err);
  if (!s->m)
    ort_image_free(image);
  sl_image_names_free(&names);
  return rc;
}

void score_images_free(struct score *s)
{
  struct score_images *g = s->images;
  if (!g)
    return;
  image_list_close(&g->list);
  for (size_t i = 0; g->bytes && i < g->slots; i++)
    sl_buf_free(&g->bytes[i]);
  sl_free(g->bytes);
  sl_free(g->why);
  sl_free(g->first);
  sl_free(g);
  s->images = NULL;
}

/* ---- which pictures ---- */

static int take_list(struct score *s, struct score_images *g, struct sl_err *err)
{
  const char *root = json_string_value(json_object_get(s->args, "folder"));
  json_int_t n = json_integer_value(json_object_get(s->args, "sample"));
  if (!root)
    return sl_err_set(err, SL_EUSAGE, "the model takes pictures: its data is a folder or an archive of JPEG and PNG files");
  int rc = image_list_open(&g->list, s->c, root, err);
  return rc || n < 1 ? rc : image_list_sample(&g->list, (size_t)n, err);
}

static int only_folder(const struct score *s, const char *key, bool *wanted, struct sl_err *err)
{
  const char *v = json_string_value(json_object_get(s->args, key));
  *wanted = v != NULL;
  if (!v || !strcmp(v, "folder"))
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "--%s %.40s: of pictures only `folder` is known, the one that each lies in", key, v);
}

/* Their paths, then the label, then the groups, as those of a table stand. */
static int make_columns(struct score *s, struct sl_err *err)
{
  bool label, slice;
  int rc = only_folder(s, "label", &label, err);
  if (!rc)
    rc = only_folder(s, "slice", &slice, err);
  if (rc)
    return rc;
  s->label_at = label ? 1 : SIZE_MAX;
  s->slice_at = slice ? 1u + label : SIZE_MAX;
  s->f.at = sl_calloc(3, sizeof *s->f.at);
  if (!s->f.at)
    return sl_err_nomem(err);
  for (size_t i = 0; !rc && i < 1u + label + slice; i++) {
    rc = sl_column_init(&s->f.at[i], i ? "folder" : "path", i ? SL_COLUMN_DICT : SL_COLUMN_TEXT, err);
    s->f.n += !rc;
  }
  s->label = label && !rc ? &s->f.at[1] : NULL;
  s->slice = slice && !rc ? &s->f.at[s->slice_at] : NULL;
  return rc;
}

int score_images_open(struct score *s, struct sl_err *err)
{
  struct score_images *g = s->images;
  int rc = make_columns(s, err);
  if (!rc)
    rc = take_list(s, g, err);
  if (!rc && s->label && !sl_map_count(&g->list.groups))
    rc = sl_err_set(err, SL_EUSAGE, "--label folder: the pictures lie in no folders of their own");
  if (!rc && s->label)
    rc = images_names_of_folders(g, err);
  if (rc)
    return rc;
  g->slots = ort_image_facts(g->m).block;
  g->bytes = sl_calloc(g->slots, sizeof *g->bytes);
  g->why = sl_calloc(g->slots, sizeof *g->why);
  if (!g->bytes || !g->why)
    return sl_err_nomem(err);
  for (size_t i = 0; i < g->slots; i++)
    sl_buf_init(&g->bytes[i], (size_t)IMAGE_FILE_MAX + ROOM);
  return sl_model_bind(&s->bind, s->m, (const struct sl_column *const[]){ NULL }, err);
}

/* ---- a block ---- */

/* Bytes that are no UTF-8 are shown as such, so that a path is text everywhere. */
static int put_path(struct score *s, struct sl_str path, struct sl_err *err)
{
  struct sl_buf b;
  uint32_t cp;
  if (sl_utf8_valid(path))
    return sl_column_put_text(&s->f.at[0], path, err);
  sl_buf_init(&b, ROOM);
  while (path.n) {
    int n = sl_utf8_next(path, &cp);
    sl_buf_u8(&b, n > 0 ? cp : 0xfffd);
    path = sl_str_from(path, n > 0 ? (size_t)n : 1);
  }
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = sl_column_put_text(&s->f.at[0], sl_buf_view(&b), err);
  sl_buf_free(&b);
  return rc;
}

static int put_row(struct score *s, size_t i, struct sl_err *err)
{
  struct score_images *g = s->images;
  struct sl_str group = image_list_group(&g->list, i);
  int rc = put_path(s, image_list_path(&g->list, i), err);
  for (size_t k = 1; !rc && k < s->f.n; k++)
    rc = group.n ? sl_column_put_text(&s->f.at[k], group, err) : sl_column_put_null(&s->f.at[k], err);
  return rc;
}

struct crew { struct score_images *g; size_t n; atomic_size_t next; };

#define WHAT "the file"

static int prepare_one(struct score_images *g, size_t i, struct sl_err *err)
{
  const struct ort_image_facts f = ort_image_facts(g->m);
  size_t n = (size_t)3 * g->w * g->h;
  unsigned char *slot = ort_image_slot(g->m, i);
  float *to = f.bytes ? sl_realloc_array(NULL, n, sizeof *to) : (float *)(void *)slot;
  if (!to)
    return sl_err_nomem(err);
  int rc = sl_image_read_prep(&g->prep, sl_buf_view(&g->bytes[i]), WHAT, g->w, g->h, to, err);
  if (rc && sl_str_starts(sl_str(err->msg), SL_STR(WHAT ": "))) /* its path stands before it already */
    memmove(err->msg, err->msg + sizeof WHAT + 1, strlen(err->msg + sizeof WHAT + 1) + 1);
  for (size_t k = 0; f.bytes && !rc && k < n; k++)
    slot[k] = (unsigned char)to[k];
  if (f.bytes)
    sl_free(to);
  if (rc)
    memset(slot, 0, n * (f.bytes ? 1 : sizeof(float)));
  return rc;
}

static void *prepare_some(void *user)
{
  struct crew *c = user;
  size_t i;
  while ((i = atomic_fetch_add(&c->next, 1)) < c->n)
    if (c->g->why[i].code)
      memset(ort_image_slot(c->g->m, i), 0, (size_t)3 * c->g->w * c->g->h * (ort_image_facts(c->g->m).bytes ? 1 : sizeof(float)));
    else
      (void)!prepare_one(c->g, i, &c->g->why[i]);
  return NULL;
}

/* Which thread takes which picture makes no difference: each has its place. */
static void prepare_all(struct score *s, size_t n)
{
  struct crew c = { .g = s->images, .n = n };
  pthread_t id[THREADS_MAX];
  size_t want = n < s->threads ? n : s->threads, started = 0;
  while (started + 1 < want && started < THREADS_MAX && !pthread_create(&id[started], NULL, prepare_some, &c))
    started++;
  prepare_some(&c);
  for (size_t i = 0; i < started; i++)
    pthread_join(id[i], NULL);
}

int score_images_next(struct score *s, struct sl_err *err)
{
  struct score_images *g = s->images;
  size_t n = g->list.n - g->next < g->slots ? g->list.n - g->next : g->slots;
  bool lost = false;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < n; i++) {
    sl_err_clear(&g->why[i]);
    int got = image_list_read(&g->list, g->next + i, &g->bytes[i], &lost, &g->why[i]);
    if (got == SL_ENOMEM || lost) {
      if (err)
        *err = g->why[i];
      return got;
    }
    rc = put_row(s, g->next + i, err);
  }
  if (rc)
    return rc;
  prepare_all(s, n);
  for (size_t i = 0; i < n; i++)
    if (g->why[i].code == SL_ENOMEM)
      return sl_err_nomem(err);
  g->next += n;
  g->rows = n;
  ort_image_rows(g->m, n);
  return SL_OK;
}

static void note_first(struct score_images *g, struct sl_str path, const char *why)
{
  g->failed++;
  if (!g->first)
    g->first = sl_asprintf("%.*s: %s", SL_ARG(path), why);
}

/* At least how many are right: rows alone have no summary, and of very many classes nothing more is worked out. */
static void count_right(const struct score *s, struct score_images *g, size_t i)
{
  bool known;
  double label = sl_model_label_class(s->m, s->label, i, &known);
  if (!known || isnan(label))
    return;
  g->labelled++;
  g->right += ort_image_best(g->m, i) == (size_t)label;
}

void score_images_check(struct score *s)
{
  struct score_images *g = s->images;
  for (size_t i = 0; i < g->rows; i++) {
    if (!g->why[i].code && !ort_image_finite(g->m, i))
      sl_err_set(&g->why[i], SL_EPARSE, "the model's outputs for it are no numbers");
    if (g->why[i].code)
      note_first(g, sl_column_text(&s->f.at[0], i), g->why[i].msg);
    else if (s->label && !s->quality && ort_image_facts(g->m).width > 1)
      count_right(s, g, i);
  }
}

const char *score_images_why(const struct score *s, size_t r)
{
  return s->images && s->images->why[r].code ? s->images->why[r].msg : NULL;
}

double score_images_top(const struct score *s, size_t r)
{
  return score_images_why(s, r) ? (double)NAN : ort_image_top(s->images->m, r);
}

struct sl_str score_images_path(const struct score *s, uint64_t row)
{
  return row < s->images->list.n ? image_list_path(&s->images->list, (size_t)row) : SL_STR_NONE;
}

uint64_t score_images_failed(const struct score *s) { return s->images->failed; }
uint64_t score_images_others(const struct score *s) { return s->images->list.others; }

/* Two models read them one after the other. */
void score_images_progress(const struct score *s)
{
  size_t all = s->images->list.n, twice = s->aside || s->other;
  box_progress(s->c, s->row + (s->other ? all : 0), twice ? 2 * all : all);
}

/* ---- words ---- */

static void put_numbers(const struct score_images *g, struct sl_buf *b)
{
  const struct ort_image_facts f = ort_image_facts(g->m);
  if (f.numbers == ORT_IMAGE_LOGITS)
    sl_buf_z(b, "; probabilities: softmax of its outputs");
  else if (f.numbers == ORT_IMAGE_PROBABILITIES)
    sl_buf_z(b, "; probabilities: its outputs as they are");
  if (g->names_from[0])
    sl_buf_printf(b, "; classes: %s", g->names_from);
  else if (f.width > 1)
    sl_buf_z(b, "; classes: numbers, as nothing names them");
}

void score_images_words(const struct score *s, struct sl_buf *b)
{
  const struct score_images *g = s->images;
  const struct image_list *l = &g->list;
  sl_buf_printf(b, "%zu picture%s", l->n, l->n == 1 ? "" : "s");
  if (l->n < l->all)
    sl_buf_printf(b, ", a sample of %zu%s", l->all, sl_map_count(&l->groups) > 1 ? " spread over the folders" : "");
  sl_buf_z(b, ": ");
  sl_image_prep_words(b, &g->prep);
  sl_buf_printf(b, " (%s)", g->prep_from);
  put_numbers(g, b);
  if (g->labelled) {
    sl_buf_z(b, "; accuracy ");
    sl_fmt_sig(b, (double)g->right / (double)g->labelled, 4);
    sl_buf_printf(b, " over %llu", (unsigned long long)g->labelled);
  }
  if (g->labelled && ort_image_facts(g->m).width > SL_QUALITY_CLASSES_MAX)
    sl_buf_printf(b, ", of more than %d classes no other figure is worked out", SL_QUALITY_CLASSES_MAX);
  if (l->others)
    sl_buf_printf(b, "; left aside: %llu file%s that %s no JPEG or PNG (%.80s)", (unsigned long long)l->others, l->others == 1 ? "" : "s",
                  l->others == 1 ? "is" : "are", l->other);
}

int score_images_notes(struct score *s, struct sl_err *err)
{
  struct score_images *g = s->images;
  struct sl_buf b;
  sl_buf_init(&b, 16 << 10);
  score_images_words(s, &b);
  int rc = sl_buf_check(&b, err);
  if (!rc)
    rc = box_note(s->c, false, sl_buf_view(&b), err);
  sl_buf_clear(&b);
  if (!rc && g->failed) {
    sl_buf_printf(&b, "%llu of %zu pictures cannot be read: %s%s", (unsigned long long)g->failed, g->list.n, g->first ? g->first : "",
                  g->failed > 1 ? ", and others" : "");
    rc = sl_buf_check(&b, err);
    if (!rc)
      rc = box_note(s->c, true, sl_buf_view(&b), err);
  }
  sl_buf_free(&b);
  return rc;
}
