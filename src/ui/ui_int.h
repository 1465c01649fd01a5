/* ui/ui_int.h: inside the frame. Only files of this folder include it. */
#ifndef SL_UI_UI_INT_H
#define SL_UI_UI_INT_H

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ui/ui.h"

enum { SL_UI_DEPTH = 64, SL_UI_OVERLAYS = 8, SL_FRAME_MS = 33, SL_LINE_MAX = 8192 };

/* Something drawn over the view that takes all keys: prompt, palette, help, menu, confirmation. */
struct sl_overlay;
struct sl_overlay_ops {
  /* draw over the view; take a key; take a paste (NULL: pastes are refused); free o */
  void (*draw)(struct sl_overlay *o, struct sl_grid *g);
  void (*key)(struct sl_overlay *o, int key);
  void (*paste)(struct sl_overlay *o, struct sl_str text);
  void (*close)(struct sl_overlay *o);
};
struct sl_overlay { const struct sl_overlay_ops *ops; struct sl_ui *ui; };

struct sl_view {
  const struct sl_view_ops *ops;
  struct sl_ui *ui;
  void *state;
  struct sl_pane *panes;      /* list: for hiding, refreshing, pausing all at once, and the default line of truth */
  bool typing, dead, utc;
  char *arg;
};

struct sl_ui {
  struct sl_ui_opts o;
  struct sl_ws *ws;
  struct sl_keymap *keymap;
  struct sl_theme theme;
  bool light;                        /* what the terminal was thought to be when the theme was chosen */
  struct sl_grid grid;
  struct sl_view *stack[SL_UI_DEPTH];
  size_t depth;
  struct sl_overlay *over[SL_UI_OVERLAYS];
  size_t nover;
  struct sl_view *dead[SL_UI_DEPTH];   /* closed inside their own callback: freed at the next paint */
  size_t ndead;
  char msg[512];
  enum sl_role msg_role;
  char notice[512];
  enum sl_role notice_role;
  bool dirty, urgent, paused, utc, leaving;
  int64_t painted_at, interrupted_at;
  struct sl_show show;
};

/* ---- frame ---- */
struct sl_view *sl_ui_top(struct sl_ui *ui);
void sl_ui_dirty_now(struct sl_ui *ui);
void sl_ui_say(struct sl_ui *ui, enum sl_role role, const char *fmt, ...) SL_PRINTF(3, 4);
void sl_ui_say_err(struct sl_ui *ui, const struct sl_err *err);
int sl_ui_push(struct sl_ui *ui, const char *view, struct sl_str arg, struct sl_err *err);
void sl_ui_pop(struct sl_ui *ui);
void sl_ui_frame_draw(struct sl_ui *ui);
void sl_ui_command(struct sl_ui *ui, const char *command);
const struct sl_view_ops *sl_ui_view_find(struct sl_ui *ui, struct sl_str name);
void sl_ui_reap(struct sl_ui *ui);

/* ---- overlays ---- */
int sl_overlay_push(struct sl_ui *ui, struct sl_overlay *o);   /* too many: closes o, ELIMIT */
void sl_overlay_pop(struct sl_ui *ui);
void sl_overlay_clear(struct sl_ui *ui);
struct sl_rect sl_overlay_box(const struct sl_grid *g, int w, int h);

/* ---- one line being typed ---- */
struct sl_line { struct sl_buf text; size_t at; };
/* initial NULL: empty. At most SL_LINE_MAX bytes; more is not taken. */
void sl_line_init(struct sl_line *l, const char *initial);
void sl_line_free(struct sl_line *l);
bool sl_line_key(struct sl_line *l, int key);                  /* true: it was an editing key */
void sl_line_paste(struct sl_line *l, struct sl_str s);        /* line ends become spaces */
void sl_line_set(struct sl_line *l, struct sl_str s);          /* the cursor stands at its end */
/* Scrolled so that the cursor is seen, which becomes the terminal's. */
void sl_line_draw(const struct sl_line *l, struct sl_grid *g, int x, int y, int w);
const char *sl_line_text(const struct sl_line *l);   /* never NULL; until the next key */

/* done once: what was typed, or NULL (Esc, no room, no memory); perhaps inside this call. secret: drawn masked. */
void sl_prompt_open(struct sl_ui *ui, const char *label, const char *initial, bool secret, void (*done)(void *user, const char *text),
    void *user);
/* Closes the prompt of that done() whose user data is the one; done() does not come. Returns that data, NULL: there is none. */
void *sl_prompt_withdraw(struct sl_ui *ui, void (*done)(void *user, const char *text), bool (*is)(const void *user, uint64_t id),
    uint64_t id);
void sl_palette_open(struct sl_ui *ui, const char *initial);
void sl_help_open(struct sl_ui *ui);
void sl_confirm_open(struct sl_ui *ui, struct sl_plan **take);
struct sl_menu_item { const char *label, *detail, *off; };     /* off: why it cannot be chosen, NULL: it can */
void sl_menu_open(struct sl_ui *ui, const char *title, const struct sl_menu_item *items, size_t n, void (*chosen)(struct sl_ui *ui,
    void *user,
                  size_t i), void *user, void (*free_user)(void *user));   /* labels copied; number keys pick; free_user once, at the end */
/* Menus of what can be done to the row under the cursor (or the marked ones), and of where it leads; nothing: said in the frame. */
void sl_actions_open(struct sl_ui *ui);
void sl_links_open(struct sl_ui *ui);
/* The view of that resource's name, or its rows, with a row's ref as what it is about. */
void sl_ui_go_about(struct sl_ui *ui, const struct sl_resource *res, struct sl_str ref);

/* Fuzzy match: every character of pat in order; a score, higher is better; -1: no match. */
int sl_fuzzy(struct sl_str pat, struct sl_str text);

#endif
