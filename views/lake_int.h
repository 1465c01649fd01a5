/* views/lake_int.h: what the lake view knows: days by zones, what is usual, and who wrote or failed to write. */
#ifndef SL_VIEWS_LAKE_INT_H
#define SL_VIEWS_LAKE_INT_H

#include "ui/widgets.h"

enum { LAKE_ZONES = 12, LAKE_DAYS = 4000 };

struct lake_cell { bool there; char state[12]; int64_t objects, bytes, rows; };     /* -1: unknown */
struct lake_day { char name[64]; struct lake_cell zone[LAKE_ZONES]; };
/* Rows of one Parquet zone, from the files' footers, asked once for what its storage does not know by itself. */
struct lake_count { struct sl_view *v; sl_watch id; int64_t asked; };
struct lake_known { char zone[40], part[64]; int64_t files, rows; };
struct lake_state {
  struct sl_pane *zones, *parts, *jobs, *runs;
  char zone[LAKE_ZONES][40], uri[LAKE_ZONES][256], zone_state[LAKE_ZONES][12];
  int64_t usual_rows[LAKE_ZONES], usual_bytes[LAKE_ZONES];                           /* medians; -1: too few to say */
  bool counted[LAKE_ZONES];                                                          /* rows are known of some */
  bool daily[LAKE_ZONES];                                                            /* there on most days: one may be on its way */
  size_t nzone, at_zone, left_zone;
  struct lake_day *day;
  size_t nday, cap, at, top;
  struct lake_count count[LAKE_ZONES];
  struct lake_known *known;
  size_t nknown, known_cap;
  int rows;
  char want[64], want_zone[40];   /* where the cursor goes when they arrive */
};

/* Its panes, and what was made of them; close also after a failure. Without jobs the lake is shown all the same. */
int lake_days_open(struct sl_view *v, struct sl_err *err) SL_NODISCARD;
void lake_days_close(struct sl_view *v);
struct sl_val lake_val(struct sl_pane *p, uint64_t i, const char *col, enum sl_type type);   /* null where it is of another type */
struct sl_str lake_text(struct sl_pane *p, uint64_t i, const char *col);                     /* empty where it is missing */
/* The last execution that was to write this zone for this partition: its row in the pane `runs`; false: none that is known. job: who
 * writes the zone, empty when nobody does. */
bool lake_run(const struct lake_state *s, const char *zone, const char *part, uint64_t *row, struct sl_str *job);
/* How much a partition differs from its zone's others, as a share; false: nothing to say. */
bool lake_change(const struct lake_state *s, size_t zone, const struct lake_cell *c, double *share);

#endif
