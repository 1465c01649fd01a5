/* app/opt_help.c: --help, from the table: of everything, and of one command. At most 80 columns wide. */
#include "app/opt.h"

enum { HELP_WIDTH = 79, HELP_COLUMN = 24 };

void sl_wrap(struct sl_buf *b, struct sl_str text, size_t indent, size_t width)
{
  size_t at = indent;
  struct sl_str rest = text, word;
  bool first = true;
  while (rest.p && sl_str_cut(&rest, ' ', &word)) {
    if (!word.n)
      continue;
    if (!first && at + 1 + word.n > width) {
      sl_buf_ch(b, '\n');
      sl_buf_fill(b, ' ', indent);
      at = indent;
      first = true;
    }
    if (!first) {
      sl_buf_ch(b, ' ');
      at++;
    }
    sl_buf_str(b, word);
    at += word.n;
    first = false;
  }
  sl_buf_ch(b, '\n');
}

/* A name in the left column, its help beside it; or below it when the name is too long. */
static void entry(struct sl_buf *b, struct sl_str name, const char *help)
{
  sl_buf_z(b, "  ");
  sl_buf_str(b, name);
  if (name.n + 3 > HELP_COLUMN) {
    sl_buf_ch(b, '\n');
    sl_buf_fill(b, ' ', HELP_COLUMN);
  } else
    sl_buf_fill(b, ' ', HELP_COLUMN - name.n - 2);
  sl_wrap(b, sl_str(help), HELP_COLUMN, HELP_WIDTH);
}

static void option_entry(struct sl_buf *b, const struct sl_opt *o)
{
  struct sl_buf name;
  sl_buf_init(&name, 128);
  if (o->letter && strlen(o->name) > 1)
    sl_buf_printf(&name, "-%c, ", o->letter);
  sl_opt_put(&name, o);
  if (o->arg)
    sl_buf_printf(&name, " %s", o->arg);
  entry(b, sl_buf_view(&name), o->help);
  sl_buf_free(&name);
}

static void options_of(struct sl_buf *b, const struct sl_cmd *c)
{
  bool any = false;
  for (size_t i = 0; i < SL_O_N; i++) {
    const struct sl_opt *o = &sl_opts[i];
    if (c ? o->global || !sl_cmd_takes(c, o) : !o->global)
      continue;
    if (!any)
      sl_buf_z(b, c ? "\noptions:\n" : "\neverywhere, before or after the command:\n");
    any = true;
    option_entry(b, o);
  }
}

static void command_line(struct sl_buf *b, const struct sl_cmd *c)
{
  sl_buf_z(b, c->name);
  if (c->args[0])
    sl_buf_printf(b, " %s", c->args);
}

void sl_help_all(struct sl_buf *b)
{
  sl_buf_z(b, "usage: sluice [OPTION...] [COMMAND [ARGUMENT...]]\n\n"
              "A terminal console for data lakes and ML platforms; without a command, it opens.\n\ncommands:\n");
  struct sl_buf name;
  sl_buf_init(&name, 256);
  for (size_t i = 0; i < sl_ncmds; i++) {
    sl_buf_clear(&name);
    command_line(&name, &sl_cmds[i]);
    entry(b, sl_buf_view(&name), sl_cmds[i].help);
  }
  sl_buf_free(&name);
  options_of(b, NULL);
  sl_buf_z(b, "\nexit codes: 0 done, 1 failed, 2 usage or configuration, 3 nobody answered or\n"
              "credentials, 4 a check was breached, 5 partial (standard error says what is\n"
              "missing), 130 interrupted\n\n"
              "sluice COMMAND --help tells more about a command; man sluice, about everything.\n");
}

void sl_help_cmd(struct sl_buf *b, const struct sl_cmd *c)
{
  sl_buf_z(b, "usage: sluice ");
  command_line(b, c);
  if (c->options[0])
    sl_buf_z(b, " [OPTION...]");
  sl_buf_z(b, "\n\n");
  struct sl_str rest = sl_str(c->about), part;
  for (bool more = false; rest.p && sl_str_cut(&rest, '\n', &part); more = true) {
    if (more)
      sl_buf_ch(b, '\n');
    sl_wrap(b, part, 0, HELP_WIDTH);
  }
  options_of(b, c);
  sl_buf_z(b, "\nexamples:\n");
  rest = sl_str(c->examples);
  while (rest.p && sl_str_cut(&rest, '\n', &part)) {
    ptrdiff_t hash = sl_str_find(part, SL_STR(" # "));
    if (hash > 0)
      sl_buf_printf(b, "  %.*s\n      %.*s\n", SL_ARG(sl_str_head(part, (size_t)hash)), SL_ARG(sl_str_from(part, (size_t)hash + 3)));
  }
  sl_buf_z(b, "\nsluice --help lists the options that work everywhere.\n");
}
