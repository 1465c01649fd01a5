/* views/artifacts_int.h: what the parts of the view `artifacts` share. */
#ifndef SL_VIEWS_ARTIFACTS_INT_H
#define SL_VIEWS_ARTIFACTS_INT_H

#include "judge/artifact.h"
#include "ui/widgets.h"
#include "views/some_runs.h"

enum { FILES_LINES = 200000 };
/* The answer's rows as lines: facts of the file, places in it, and how many that are the same were left out between them. */
enum files_kind { FILES_FACT, FILES_LISTED, FILES_VALUE, FILES_TEXT, FILES_SKIP };
struct files_line { enum files_kind kind; uint64_t row; uint64_t skipped; };
struct files_state {
  struct sl_pane *pane;
  struct some_runs runs;
  struct sl_buf path;                  /* empty: the files are listed */
  struct files_line *line; size_t nline, cap_line;
  uint64_t differ, total;              /* lines, values or files */
  size_t cursor, top, col, left, shift;
  bool all, image;
  struct { struct sl_pane *pane; int w, h; } pic[SL_ART_RUNS];
  struct sl_buf uri;                   /* of what the cursor is on */
};

/* A cell as text: of a JSON string its content. False: it is not there. */
bool files_cell(struct files_state *s, uint64_t row, size_t run, struct sl_buf *out);
bool files_same(struct files_state *s, uint64_t row);
struct sl_str files_run_name(const struct files_state *s, size_t run);
size_t files_shown(const struct files_state *s, int i);      /* the run in column i: the baseline, then from `left` on */
int files_columns(const struct files_state *s, int w);

/* views/artifacts_draw.c */
void files_draw(struct files_state *s, struct sl_grid *g, struct sl_rect r);
void files_names_draw(struct files_state *s, struct sl_grid *g, struct sl_rect r, int gutter);

/* views/artifacts_image.c */
void files_images_draw(struct sl_view *v, struct files_state *s, struct sl_grid *g, struct sl_rect r);
void files_images_close(struct files_state *s);

#endif
