/* app/opt.c: the table of options.def as arrays, and finding one by its name. */
#include "app/opt.h"

#define COMMAND(id, args, least, most, what, options, help, about, examples)
#define GLOBAL(id, letter, kind, arg, what, help) [SL_O_##id] = { #id, letter, SL_OPT_##kind, arg, what, help, true },
#define OPTION(id, letter, kind, arg, what, help) [SL_O_##id] = { #id, letter, SL_OPT_##kind, arg, what, help, false },
const struct sl_opt sl_opts[SL_O_N] = {
#include "app/options.def"
};
#undef GLOBAL
#undef OPTION
#undef COMMAND

#define GLOBAL(id, letter, kind, arg, what, help)
#define OPTION(id, letter, kind, arg, what, help)
#define COMMAND(id, args, least, most, what, options, help, about, examples) int sl_cmd_##id(struct sl_app *a);
#include "app/options.def"
#undef COMMAND

#define COMMAND(id, args, least, most, what, options, help, about, examples) \
  { #id, args, least, most, what, options, help, about, examples, sl_cmd_##id },
const struct sl_cmd sl_cmds[] = {
#include "app/options.def"
};
const size_t sl_ncmds = sizeof sl_cmds / sizeof sl_cmds[0];

const struct sl_cmd *sl_cmd_find(struct sl_str name)
{
  for (size_t i = 0; i < sl_ncmds; i++)
    if (sl_str_eqz(name, sl_cmds[i].name))
      return &sl_cmds[i];
  return NULL;
}

/* Names are written with _ in the table, because they are C words there too, and with - everywhere else. */
static bool opt_is(const struct sl_opt *o, struct sl_str name)
{
  if (strlen(o->name) != name.n)
    return false;
  for (size_t i = 0; i < name.n; i++)
    if (name.p[i] != (o->name[i] == '_' ? '-' : o->name[i]))
      return false;
  return true;
}

const struct sl_opt *sl_opt_find(struct sl_str name)
{
  for (size_t i = 0; i < SL_O_N; i++)
    if (opt_is(&sl_opts[i], name))
      return &sl_opts[i];
  return NULL;
}

const struct sl_opt *sl_opt_letter(char letter)
{
  for (size_t i = 0; i < SL_O_N; i++)
    if (letter && sl_opts[i].letter == letter)
      return &sl_opts[i];
  return NULL;
}

bool sl_words_have(const char *words, struct sl_str word)
{
  struct sl_str rest = sl_str(words), w;
  while (rest.p && sl_str_cut(&rest, ' ', &w))
    if (w.n && sl_str_eq(w, word))
      return true;
  return false;
}

bool sl_cmd_takes(const struct sl_cmd *c, const struct sl_opt *o)
{
  return o->global || (c && sl_words_have(c->options, sl_str(o->name)));
}

void sl_opt_put(struct sl_buf *b, const struct sl_opt *o)
{
  sl_buf_z(b, strlen(o->name) == 1 ? "-" : "--");
  for (const char *p = o->name; *p; p++)
    sl_buf_ch(b, *p == '_' ? '-' : *p);
}
