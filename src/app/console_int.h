/* app/console_int.h: what the parts of the console share. */
#ifndef SL_APP_CONSOLE_INT_H
#define SL_APP_CONSOLE_INT_H

#include "app/session.h"
#include "ui/ui.h"

struct export;
struct console {
  struct sl_session s;
  struct sl_term *term;
  struct sl_ui *ui;
  const char **names;        /* of workspaces, NULL-ended */
  struct sl_buf names_text;
  char *switch_to;           /* asked for; done between two turns */
  bool quit, killed;
  sl_fdwatch input;
  sl_timer reload;
  int64_t file_time, file_size;
  uint64_t file_inode;
  struct export *exports;    /* under way */
};

/* reload.c */
int console_watch_file(struct console *c, struct sl_err *err) SL_NODISCARD;
void console_switch(struct console *c);      /* to c->switch_to; says why not */
int console_open_ws(struct console *c, struct sl_ws_conf *conf, struct sl_ws **out, struct sl_err *err) SL_NODISCARD;
/* export.c */
void console_export(void *user, const struct sl_query *q, const char *path);
void console_export_text(void *user, struct sl_str text, const char *path);
void console_exports_drop(struct console *c, const struct sl_ws *closed);

#endif
