/* views/drift_int.h: what the parts of the drift view share. */
#ifndef SL_VIEWS_DRIFT_INT_H
#define SL_VIEWS_DRIFT_INT_H

#include "model/drift.h"
#include "ui/widgets.h"

enum { DRIFT_PSI, DRIFT_P, DRIFT_Q, DRIFT_JS, DRIFT_MONITOR, DRIFT_TESTS };
enum { DRIFT_BINS_MAX = 64, DRIFT_PARTS = 64, DRIFT_WIDE = 136 };   /* from there on a feature's tests stand beside its picture */

struct drift_feature {
  char name[64], note[64];
  uint64_t hash;                           /* of the name as it came */
  double test[DRIFT_TESTS], effect, chance;  /* NaN: not of this feature */
  bool own_p;                              /* the p is of the test that the profile chose; else of ks, as a second opinion */
  char by[32];                             /* what was chosen: "ks" */
  double by_statistic, by_threshold;
  bool judged, bad, monitor;
  int64_t n[2], missing[2];
  uint64_t first, rows;                    /* the row with the picture, and how many rows it has */
};

/* One feature in one partition: how far beyond its limit. */
enum drift_level { DRIFT_NOWHERE, DRIFT_FINE, DRIFT_NEAR, DRIFT_BEYOND, DRIFT_FAR, DRIFT_UNJUDGED, DRIFT_MISSING, DRIFT_UNREAD };
struct drift_cell { uint64_t row; uint8_t level; };
struct drift_strip { uint64_t hash; struct drift_cell cell[DRIFT_PARTS]; };

/* drift_past.c: the last partitions of the zone that the current data is from, each against the same baseline. */
struct drift_past {
  struct sl_pane *pane;                    /* NULL: the data is from no zone */
  char zone[64], home[64];                 /* home: the partition that the current data is, where it says one */
  struct drift_strip *strip;
  size_t n, cap, hint;
  uint64_t seen;                           /* rows that were taken */
  char part[DRIFT_PARTS][64];              /* the oldest first */
  uint8_t state[DRIFT_PARTS];              /* of the partition itself: DRIFT_MISSING, DRIFT_UNREAD */
  size_t nparts, at;                       /* at: the one that was chosen */
  bool chosen;                             /* by hand */
  struct sl_drift_past tally;
};
/* SL_OK also where there is no history: no zone's partitions, nobody who serves them. */
int drift_past_open(struct drift_past *p, struct sl_view *v, const struct sl_drift_ask *ask, struct sl_err *err) SL_NODISCARD;
void drift_past_close(struct drift_past *p);
bool drift_past_shown(const struct drift_past *p);         /* there is something to draw */
int drift_past_width(const struct drift_past *p, int w);   /* cells that a strip takes where a line has w */
void drift_past_head(const struct drift_past *p, struct sl_grid *g, struct sl_rect r);   /* the chosen partition, above its cell */
/* Its cells in r. under: the line lies under the cursor; the chosen cell stays as it is. */
void drift_past_draw(const struct drift_past *p, uint64_t hash, struct sl_grid *g, struct sl_rect r);
int drift_past_x(const struct drift_past *p, struct sl_rect r);     /* of the chosen cell */
/* Of the chosen cell: "2026-11-18: wasserstein 0.166, limit 0.1, 219 rows; drifted in 1 of 3, since 2026-11-18"; brief: no limit. */
void drift_past_words(const struct drift_past *p, uint64_t hash, bool brief, struct sl_buf *b);
void drift_past_verdict(const struct drift_past *p, struct sl_buf *b);                  /* in a line; nothing: not known yet */
void drift_past_move(struct drift_past *p, int by);
bool drift_past_uri(const struct drift_past *p, struct sl_buf *b);  /* lake:raw/dt=2026-11-18/ of the chosen one */

struct drift_state {
  struct sl_pane *pane;
  struct sl_buf title;
  struct sl_drift_ask ask;
  struct drift_feature *f;
  size_t n, cap, at, top;
  struct sl_drift_tally tally;
  size_t tested, found;                    /* features with a p-value; those that many tests at once leave */
  bool gathered, page, whole;              /* page: the feature alone; whole: the verdict alone */
  struct drift_past past;
};

/* drift_page.c: one feature: both histograms, its tests side by side, what became of its categories. r.h 6 at least. */
void drift_page_draw(struct drift_state *s, struct sl_grid *g, struct sl_rect r, bool tall);

/* What a cell holds; empty, NaN, 0 and no where it is null. */
static inline struct sl_str drift_text(struct sl_val v) { return v.null ? SL_STR("") : v.u.s; }
static inline double drift_f64(struct sl_val v) { return v.null ? (double)__builtin_nan("") : v.u.f; }
static inline int64_t drift_i64(struct sl_val v) { return v.null ? 0 : v.u.i; }
static inline bool drift_true(struct sl_val v) { return !v.null && v.u.b; }

#endif
