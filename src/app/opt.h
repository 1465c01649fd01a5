/* app/opt.h: the one table of options and commands. Parsing, --help, the man pages, completions and the test that runs every example all
 * read it, so that none of them can say something else. A command stands in options.def only when it works. */
#ifndef SL_APP_OPT_H
#define SL_APP_OPT_H

#include "base/buf.h"

enum sl_opt_kind {
  SL_OPT_FLAG,
  SL_OPT_TEXT,   /* the last one counts */
  SL_OPT_COUNT,  /* a whole number from 0 */
  SL_OPT_LIST    /* may be given several times */
};

enum sl_opt_id {
#define GLOBAL(id, letter, kind, arg, what, help) SL_O_##id,
#define OPTION(id, letter, kind, arg, what, help) SL_O_##id,
#define COMMAND(id, args, least, most, what, options, help, about, examples)
#include "app/options.def"
#undef GLOBAL
#undef OPTION
#undef COMMAND
  SL_O_N
};

struct sl_opt {
  const char *name;      /* without the dashes */
  char letter;           /* 0: none */
  enum sl_opt_kind kind;
  const char *arg;       /* what its value is called; NULL for flags */
  const char *what;      /* how the value completes: "file", "resource", ..., "=one two" for words; NULL: not at all */
  const char *help;
  bool global;
};
extern const struct sl_opt sl_opts[SL_O_N];

struct sl_app;
struct sl_cmd {
  const char *name;
  const char *args;      /* "RESOURCE [SCOPE]" */
  int least, most;       /* arguments; most -1: any number */
  const char *what;      /* how the arguments complete, one word each, the last one repeats */
  const char *options;   /* names of the options that it takes beside the global ones */
  const char *help;      /* a few words */
  const char *about;     /* paragraphs */
  const char *examples;  /* lines "COMMAND LINE # what it does" */
  int (*run)(struct sl_app *a);
};
extern const struct sl_cmd sl_cmds[];
extern const size_t sl_ncmds;
const struct sl_cmd *sl_cmd_find(struct sl_str name);      /* by its whole name; NULL: none */
const struct sl_opt *sl_opt_find(struct sl_str name);      /* "filter" */
const struct sl_opt *sl_opt_letter(char letter);           /* 'o'; NULL, as above: none */
bool sl_cmd_takes(const struct sl_cmd *c, const struct sl_opt *o);  /* c NULL (the console): global ones only */
bool sl_words_have(const char *words, struct sl_str word);  /* separated by spaces */
void sl_opt_put(struct sl_buf *b, const struct sl_opt *o);  /* --no-input */

/* ---- a command line, read ---- */
enum { SL_ARGS_MAX = 4096, SL_ARGS_LIST_MAX = 256 };
struct sl_args {
  const struct sl_cmd *cmd;          /* NULL: none was named */
  const char *val[SL_O_N];           /* NULL: not given; flags: "" */
  struct { enum sl_opt_id opt; const char *val; } list[SL_ARGS_LIST_MAX];
  size_t nlist;
  const char *pos[SL_ARGS_MAX];
  size_t npos;
};
/* Borrows argv. EUSAGE says what is wrong and what was probably meant. */
int sl_args_parse(struct sl_args *out, int argc, char *const *argv, struct sl_err *err) SL_NODISCARD;
bool sl_args_has(const struct sl_args *a, enum sl_opt_id o);
const char *sl_args_text(const struct sl_args *a, enum sl_opt_id o, const char *dflt);
uint64_t sl_args_count(const struct sl_args *a, enum sl_opt_id o, uint64_t dflt);   /* checked when it was parsed */

/* ---- what is made from the table ---- */
void sl_help_all(struct sl_buf *b);
void sl_help_cmd(struct sl_buf *b, const struct sl_cmd *c);
void sl_wrap(struct sl_buf *b, struct sl_str text, size_t indent, size_t width);   /* text in lines; the first is not indented */

#endif
