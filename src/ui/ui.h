/* ui/ui.h: the frame: header, breadcrumb, body, line of truth, hint line; stack of views; palette, prompts, help, confirmation. */
#ifndef SL_UI_UI_H
#define SL_UI_UI_H

#include "ui/view.h"
#include "ui/widgets.h"

struct sl_ui_opts {
  struct sl_ws *ws;
  const struct sl_view_ops *const *views;    /* NULL-ended registry */
  const struct sl_person *person;
  struct sl_term *term;                      /* NULL: a grid only (tests) */
  int w, h;                                  /* with term NULL */
  const char *theme_dir;
  bool low_bandwidth;
  const char *const *workspaces;             /* names for :ws, NULL-ended */
  /* The program does what the ui may not: leave, open another workspace, write an export, run an editor. */
  void (*quit)(void *user);
  void (*switch_ws)(void *user, const char *name);
  /* Writes the rows of q to a file of the person's, by its ending; the program says on sl_ui_notice() how it went. NULL: no export. */
  void (*export_rows)(void *user, const struct sl_query *q, const char *path);
  void (*export_text)(void *user, struct sl_str text, const char *path);   /* the same with a document that a view made; copied */
  void *user;
};
/* Yours. o is copied; what it points to (workspace, terminal, person) stays the caller's and must live until close, which closes all
 * views. */
int sl_ui_open(struct sl_ui **out, const struct sl_ui_opts *o, struct sl_err *err) SL_NODISCARD;
void sl_ui_close(struct sl_ui *ui);
void sl_ui_ws(struct sl_ui *ui, struct sl_ws *ws);           /* another workspace: all views close, the overview opens */
void sl_ui_go(struct sl_ui *ui, const char *view, struct sl_str arg);   /* on top of the stack; an error is shown in the frame */
void sl_ui_run(struct sl_ui *ui, struct sl_str line);        /* as if typed after `:` */
void sl_ui_command_named(struct sl_ui *ui, const char *command);   /* as if its key was pressed */
/* A code of ui/term.h, and text in one piece: only where something is being typed, never as keys. */
void sl_ui_key(struct sl_ui *ui, int key);
void sl_ui_paste(struct sl_ui *ui, struct sl_str text);
void sl_ui_input(struct sl_ui *ui);                          /* reads what the terminal has */
void sl_ui_resize(struct sl_ui *ui, int w, int h);           /* in cells; with a terminal, its own size counts */
/* Paints when something is dirty, at most 30 times a second (a key paints at once): ms until it wants to be called again, -1: no wish. */
int sl_ui_paint(struct sl_ui *ui);
const struct sl_grid *sl_ui_grid(const struct sl_ui *ui);    /* as last painted */
bool sl_ui_dirty(const struct sl_ui *ui);
void sl_ui_notice(struct sl_ui *ui, enum sl_role role, struct sl_str text);   /* in the header until looked at: reload errors */
const struct sl_keymap *sl_ui_keymap(const struct sl_ui *ui);

#endif
