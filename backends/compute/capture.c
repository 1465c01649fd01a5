/* backends/compute/capture.c: from `capture:...` to a query: the words read, two queries asked, one after the other and their rows kept,
 * the third one written. */
#include "backend_compute/capture.h"

#include <string.h>

#include "base/fmt.h"
#include "model/scope.h"

enum { COLUMNS_MAX = 4000, KEY_MAX = 1000 };

struct compute_capture {
  struct compute *c;
  struct capture_ask ask;
  struct capture_found found;
  struct compute_prep *prep;
  struct compute_ask *work;
  bool shaped;                 /* the second query's turn has come */
  compute_captured *fn;
  void *user;
};

/* ---- what is asked ---- */

bool compute_capture_is(struct sl_str address) { return sl_str_starts(address, SL_STR("capture:")); }

static int take_word(struct capture_ask *a, const char *w, struct sl_err *err)
{
  static const char *const takes[] = { [CAPTURE_INPUTS] = "take=inputs", [CAPTURE_OUTPUTS] = "take=outputs", [CAPTURE_ALL] = "take=all" };
  bool truth = sl_str_starts(sl_str(w), SL_STR("truth=")), names = sl_str_starts(sl_str(w), SL_STR("names="));
  for (int i = CAPTURE_INPUTS; i <= CAPTURE_ALL; i++)
    if (!strcmp(w, takes[i])) {
      a->take = (enum capture_take)i;
      return SL_OK;
    }
  char **to = truth ? &a->truth : names ? &a->names : &a->from;
  if (*to || (to != &a->from && !w[6]))
    return sl_err_set(err, SL_EUSAGE, "%.80s: it is capture:FOLDER [truth=FOLDER] [names=FILE|a,b,c] [take=inputs|outputs|all]", w);
  *to = sl_strdup(w + (to == &a->from ? 0 : 6));
  return *to ? SL_OK : sl_err_nomem(err);
}

int capture_ask_parse(struct capture_ask *out, struct sl_str address, struct sl_err *err)
{
  struct sl_str rest = sl_str_from(address, strlen("capture:"));
  bool quoted;
  char *w;
  int rc;
  *out = (struct capture_ask){ .from = NULL };
  while (!(rc = sl_scope_word(&rest, &w, &quoted, err)) && w) {
    rc = take_word(out, w, err);
    sl_free(w);
    if (rc)
      break;
  }
  if (!rc && (!out->from || !*out->from))
    rc = sl_err_set(err, SL_EUSAGE, "capture: needs the folder that an endpoint's data was captured to");
  if (rc)
    capture_ask_free(out);
  return rc;
}

void capture_ask_free(struct capture_ask *a)
{
  sl_free(a->from);
  sl_free(a->truth);
  sl_free(a->names);
  *a = (struct capture_ask){ .from = NULL };
}

/* ---- what the first queries say ---- */

void capture_found_free(struct capture_found *f)
{
  for (int s = 0; s < CAPTURE_SIDES; s++) {
    for (size_t i = 0; i < f->n[s]; i++)
      sl_free(f->at[s][i].key);
    sl_free(f->at[s]);
  }
  for (size_t i = 0; i < f->names; i++)
    sl_free(f->name[i]);
  sl_free(f->name);
  sl_free(f->fraction);
  *f = (struct capture_found){ .names = 0 };
}

struct found_row { struct sl_str side, word; int64_t nth, n; bool keyed, whole, number; };

static int add_column(struct capture_found *f, int s, const struct found_row *r, struct sl_err *err)
{
  int rc = sl_grow((void **)&f->at[s], &f->cap[s], f->n[s] + 1, sizeof *f->at[s], COLUMNS_MAX, err);
  if (rc)
    return rc;
  struct capture_column *c = &f->at[s][f->n[s]];
  *c = (struct capture_column){ .whole = r->whole, .number = r->number, .n = (uint64_t)r->n };
  if (r->keyed && !(c->key = sl_strndup(r->word.p, r->word.n)))
    return sl_err_nomem(err);
  f->n[s]++;
  return SL_OK;
}

static int add_name(struct capture_found *f, const struct found_row *r, struct sl_err *err)
{
  int rc = sl_grow((void **)&f->name, &f->cap_names, f->names + 1, sizeof *f->name, COLUMNS_MAX, err);
  rc = rc ? rc : sl_grow((void **)&f->fraction, &f->cap_fraction, f->names + 1, sizeof *f->fraction, COLUMNS_MAX, err);
  if (rc)
    return rc;
  f->fraction[f->names] = r->number;
  f->name[f->names] = sl_strndup(r->word.n ? r->word.p : "", r->word.n);
  return f->name[f->names++] ? SL_OK : sl_err_nomem(err);
}

static int take_row(struct capture_found *f, const struct found_row *r, struct sl_err *err)
{
  static const struct { const char *name; size_t at; } counts[] = {
    { "events", offsetof(struct capture_found, events) }, { "repeated", offsetof(struct capture_found, repeated) },
    { "joined", offsetof(struct capture_found, joined) }, { "truths", offsetof(struct capture_found, truths) },
    { "truths repeated", offsetof(struct capture_found, truths_repeated) }, { "unused", offsetof(struct capture_found, unused) } };
  static const char *const sides[CAPTURE_SIDES] = { "i", "o", "t" }, *const lengths[CAPTURE_SIDES] = { "i length", "o length", "t length" };
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
    if (sl_str_eqz(r->side, counts[i].name))
      *(uint64_t *)(void *)((char *)f + counts[i].at) = (uint64_t)r->n;
  for (int s = 0; s < CAPTURE_SIDES; s++) {
    if (sl_str_eqz(r->side, lengths[s]) && (uint64_t)r->n > f->most[s]) {
      f->most[s] = (uint64_t)r->n;
      f->wide[s] = (size_t)r->nth;
    }
    if (sl_str_eqz(r->side, sides[s]))
      return r->word.n > KEY_MAX ? sl_err_set(err, SL_ELIMIT, "a captured name of %zu bytes", r->word.n) : add_column(f, s, r, err);
  }
  if (sl_str_eqz(r->side, "missed"))
    f->missed += r->n > 0 ? (uint64_t)r->n : 0;
  return sl_str_eqz(r->side, "name") ? add_name(f, r, err) : SL_OK;
}

/* Values by position and by name in one part: what fewer records have is refused in its line. */
static void choose(struct capture_found *f)
{
  for (int s = 0; s < CAPTURE_SIDES; s++) {
    uint64_t by[2] = { 0, 0 };
    size_t n = 0;
    for (size_t i = 0; i < f->n[s]; i++) {
      bool has = f->at[s][i].key != NULL;
      by[has] = f->at[s][i].n > by[has] ? f->at[s][i].n : by[has];
    }
    bool keyed = by[1] > by[0];
    for (size_t i = 0; i < f->n[s]; i++) {
      struct capture_column c = f->at[s][i];
      if (keyed ? c.key != NULL : !c.key && n < f->wide[s])
        f->at[s][n++] = c;
      else
        sl_free(c.key);
    }
    f->n[s] = n;
  }
}

static int take_rows(struct compute_capture *k, struct sl_batch *const *rows, size_t n, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t b = 0; !rc && b < n; b++)
    for (uint32_t row = 0; !rc && row < sl_batch_count(rows[b]); row++) {
      struct sl_val v[6];
      for (unsigned i = 0; i < 6; i++)
        v[i] = sl_batch_get(rows[b], row, i);
      struct found_row r = { .side = v[0].null ? SL_STR_NONE : v[0].u.s, .word = v[2].null ? SL_STR_NONE : v[2].u.s,
                             .nth = v[1].null ? 0 : v[1].u.i, .n = v[3].null ? 0 : v[3].u.i, .keyed = !v[2].null,
                             .whole = !v[4].null && v[4].u.b, .number = !v[5].null && v[5].u.b };
      rc = take_row(&k->found, &r, err);
    }
  if (!rc && k->found.missed)
    rc = sl_err_set(err, SL_ELIMIT, "%s: a file ends in a line without an end, longer than any is read", k->ask.from);
  if (!rc && !k->found.events)
    rc = sl_err_set(err, SL_ENOENT, "%s: no event was captured there", k->ask.from);
  if (!rc && k->ask.truth && !k->found.joined)
    rc = sl_err_set(err, SL_ENOENT, "none of %llu captured events has a ground truth in %s", (unsigned long long)k->found.events,
                    k->ask.truth);
  return rc;
}

static void put_said(struct sl_buf *b, const char *what, uint64_t n, const char *then)
{
  if (!n)
    return;
  sl_buf_printf(b, "; %s ", what);
  sl_fmt_count(b, (int64_t)n);
  sl_buf_z(b, then);
}

/* What the rows do not show. */
static void say(const struct compute_capture *k)
{
  const struct capture_found *f = &k->found;
  struct sl_buf b;
  sl_buf_init(&b, 4096);
  sl_buf_z(&b, "captured events: ");
  sl_fmt_count(&b, (int64_t)f->events);
  put_said(&b, "with an eventId that came before:", f->repeated, " (the first counts)");
  if (f->joined)
    put_said(&b, "without ground truth:", f->events - f->repeated - f->joined, " (left out)");
  put_said(&b, "ground truths with an eventId that came before:", f->truths_repeated, " (the first counts)");
  put_said(&b, "ground truths without an event:", f->unused, "");
  if (!b.failed)
    sl_ws_say(sl_backend_ws(k->c->b), sl_buf_zstr(&b));
  sl_buf_free(&b);
}

/* ---- from start to end ---- */

static void finish(struct compute_capture *k, int rc, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  rc = rc ? rc : capture_put_rows(&b, &k->ask, &k->found, err);
  if (!rc)
    say(k);
  k->fn(k->user, rc, sl_buf_view(&b), err);
  sl_buf_free(&b);
}

static void on_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err);

static int ask_next(struct compute_capture *k, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, 1 << 20);
  int rc = k->shaped ? capture_put_shape(&b, &k->ask, &k->found, err) : capture_put_count(&b, &k->ask, err);
  rc = rc ? rc : compute_prep(&k->prep, k->c, sl_buf_view(&b), on_prepped, k, err);
  sl_buf_free(&b);
  return rc;
}

static void on_counted(void *user, int rc, struct sl_batch *const *rows, size_t n, const struct sl_err *err)
{
  struct compute_capture *k = user;
  struct sl_err e = *err;
  bool more = !k->shaped;
  k->work = NULL;
  rc = rc ? rc : take_rows(k, rows, n, &e);
  k->shaped = true;
  if (!rc && more)
    rc = ask_next(k, &e);
  else if (!rc)
    choose(&k->found);
  if (rc || !more)
    finish(k, rc, &e);
}

static void on_prepped(void *user, int rc, const char *sql, const char *const *reads, const struct sl_err *err)
{
  struct compute_capture *k = user;
  struct sl_err e = *err;
  k->prep = NULL;
  rc = rc ? rc : compute_ask(&k->work, k->c, sql, reads, NULL, on_counted, k, &e);
  if (rc)
    finish(k, rc, &e);
}

int compute_capture(struct compute_capture **out, struct compute *c, struct sl_str address, compute_captured *fn, void *user,
                    struct sl_err *err)
{
  struct compute_capture *k = *out = sl_calloc(1, sizeof *k);
  if (!k)
    return sl_err_nomem(err);
  *k = (struct compute_capture){ .c = c, .fn = fn, .user = user };
  int rc = capture_ask_parse(&k->ask, address, err);
  rc = rc ? rc : ask_next(k, err);
  if (rc) {
    compute_capture_drop(k);
    *out = NULL;
  }
  return rc;
}

void compute_capture_drop(struct compute_capture *k)
{
  if (!k)
    return;
  compute_prep_drop(k->prep);
  compute_ask_drop(k->work);
  capture_ask_free(&k->ask);
  capture_found_free(&k->found);
  sl_free(k);
}
