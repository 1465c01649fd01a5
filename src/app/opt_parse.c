/* app/opt_parse.c: argv against the table. Options stand anywhere, before the command too; `--` ends them; an option has one meaning in
 * the whole program, so that its value can be told from the command before the command is known. */
#include "app/opt.h"

struct reader {
  struct sl_args *a;
  int argc, i;
  char *const *argv;
  enum sl_opt_id seen[SL_ARGS_MAX];   /* what was given, to be checked against the command at the end */
  size_t nseen;
};

static int unknown_option(struct sl_str name, struct sl_err *err)
{
  char shown[SL_O_N][24];
  const char *names[SL_O_N];
  for (size_t i = 0; i < SL_O_N; i++) {
    struct sl_buf b;
    sl_buf_init(&b, sizeof shown[i]);
    sl_opt_put(&b, &sl_opts[i]);
    struct sl_str s = sl_str_head(sl_buf_view(&b), sizeof shown[i] - 1);
    memcpy(shown[i], s.n ? s.p : "", s.n);
    shown[i][s.n] = 0;
    names[i] = shown[i];
    sl_buf_free(&b);
  }
  const char *near = sl_str_nearest(name, names, SL_O_N);
  return sl_err_set(err, SL_EUSAGE, "no option %.*s%s%s%s", SL_ARG(name), near ? "; did you mean " : " (sluice --help lists them)",
                    near ? near : "", near ? "?" : "");
}

static int check_value(const struct sl_opt *o, const char *val, struct sl_err *err)
{
  uint64_t n;
  struct sl_buf b;
  sl_buf_init(&b, 64);
  sl_opt_put(&b, o);
  int rc = SL_OK;
  if (o->kind == SL_OPT_COUNT && !sl_str_u64(sl_str(val), &n))
    rc = sl_err_set(err, SL_EUSAGE, "%s takes a whole number, not '%s'", sl_buf_zstr(&b), val);
  else if (o->what && o->what[0] == '=' && !sl_words_have(o->what + 1, sl_str(val)))
    rc = sl_err_set(err, SL_EUSAGE, "%s is one of: %s; not '%s'", sl_buf_zstr(&b), o->what + 1, val);
  sl_buf_free(&b);
  return rc;
}

/* --output says in which format; of a model, which of its outputs; of sketches and parts, into which file: the words tell them apart. */
static const struct sl_opt *meant(const struct sl_opt *o, const char *val)
{
  const struct sl_opt *outputs = &sl_opts[SL_O_outputs];
  if (o == &sl_opts[SL_O_output] && (sl_str_ends(sl_str(val), SL_STR(".sketch")) || sl_str_ends(sl_str(val), SL_STR(".partial"))))
    return &sl_opts[SL_O_out];
  return o == &sl_opts[SL_O_output] && sl_words_have(outputs->what + 1, sl_str(val)) ? outputs : o;
}

static int keep(struct reader *r, const struct sl_opt *o, const char *val, struct sl_err *err)
{
  o = meant(o, val);
  enum sl_opt_id id = (enum sl_opt_id)(o - sl_opts);
  int rc = check_value(o, val, err);
  if (rc)
    return rc;
  if (r->nseen < SL_ARGS_MAX)
    r->seen[r->nseen++] = id;
  r->a->val[id] = val;
  if (o->kind != SL_OPT_LIST)
    return SL_OK;
  if (r->a->nlist == SL_ARGS_LIST_MAX)
    return sl_err_set(err, SL_EUSAGE, "more than %d lists on one command line", SL_ARGS_LIST_MAX);
  r->a->list[r->a->nlist].opt = id;
  r->a->list[r->a->nlist++].val = val;
  return SL_OK;
}

/* The next word is the value, whatever it looks like: --sort -started. */
static int take_next(struct reader *r, const struct sl_opt *o, struct sl_str shown, struct sl_err *err)
{
  if (r->i + 1 >= r->argc)
    return sl_err_set(err, SL_EUSAGE, "%.*s needs a value: %s", SL_ARG(shown), o->arg);
  return keep(r, o, r->argv[++r->i], err);
}

static int read_long(struct reader *r, const char *word, struct sl_err *err)
{
  struct sl_str rest = sl_str(word + 2), name;
  if (!sl_str_cut(&rest, '=', &name))
    name = SL_STR("");
  struct sl_str shown = sl_strn(word, name.n + 2);
  const struct sl_opt *o = name.n > 1 ? sl_opt_find(name) : NULL;
  if (!o)
    return unknown_option(shown, err);
  if (o->kind == SL_OPT_FLAG && rest.p)
    return sl_err_set(err, SL_EUSAGE, "%.*s takes no value", SL_ARG(shown));
  if (o->kind == SL_OPT_FLAG)
    return keep(r, o, "", err);
  return rest.p ? keep(r, o, rest.p, err) : take_next(r, o, shown, err);
}

/* -w D, -wD, -fo json */
static int read_short(struct reader *r, const char *word, struct sl_err *err)
{
  for (const char *p = word + 1; *p; p++) {
    const char shown[3] = { '-', *p, 0 };
    const struct sl_opt *o = sl_opt_letter(*p);
    if (!o)
      return sl_err_set(err, SL_EUSAGE, "no option %s (sluice --help lists them)", shown);
    if (o->kind != SL_OPT_FLAG)
      return p[1] ? keep(r, o, p[1] == '=' ? p + 2 : p + 1, err) : take_next(r, o, sl_str(shown), err);
    int rc = keep(r, o, "", err);
    if (rc)
      return rc;
  }
  return SL_OK;
}

static int read_word(struct reader *r, const char *word, struct sl_err *err)
{
  if (!r->a->cmd) {
    r->a->cmd = sl_cmd_find(sl_str(word));
    if (r->a->cmd)
      return SL_OK;
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < sl_ncmds && n < 64; i++)
      names[n++] = sl_cmds[i].name;
    const char *near = sl_str_nearest(sl_str(word), names, n);
    return sl_err_set(err, SL_EUSAGE, "no command %s%s%s%s", word, near ? "; did you mean " : " (sluice --help lists them)",
                      near ? near : "", near ? "?" : "");
  }
  if (r->a->npos == SL_ARGS_MAX)
    return sl_err_set(err, SL_EUSAGE, "more than %d arguments", SL_ARGS_MAX);
  r->a->pos[r->a->npos++] = word;
  return SL_OK;
}

static int check_all(const struct reader *r, struct sl_err *err)
{
  const struct sl_cmd *c = r->a->cmd;
  for (size_t i = 0; i < r->nseen; i++) {
    const struct sl_opt *o = &sl_opts[r->seen[i]];
    if (sl_cmd_takes(c, o))
      continue;
    struct sl_buf b;
    sl_buf_init(&b, 64);
    sl_opt_put(&b, o);
    int rc = c ? sl_err_set(err, SL_EUSAGE, "%s takes no %s (sluice %s --help)", c->name, sl_buf_zstr(&b), c->name)
               : sl_err_set(err, SL_EUSAGE, "%s needs a command (sluice --help)", sl_buf_zstr(&b));
    sl_buf_free(&b);
    return rc;
  }
  if (!c || r->a->val[SL_O_help])
    return SL_OK;
  if (r->a->npos < (size_t)c->least)
    return sl_err_set(err, SL_EUSAGE, "%s needs %s (sluice %s --help)", c->name, c->args, c->name);
  if (c->most >= 0 && r->a->npos > (size_t)c->most)
    return sl_err_set(err, SL_EUSAGE, "%s: '%s' is too much; it takes %s (sluice %s --help)", c->name, r->a->pos[c->most],
                      c->args[0] ? c->args : "no arguments", c->name);
  return SL_OK;
}

int sl_args_parse(struct sl_args *out, int argc, char *const *argv, struct sl_err *err)
{
  static struct reader r; /* 16 KiB, once a process */
  memset(out, 0, sizeof *out);
  memset(&r, 0, sizeof r);
  r = (struct reader){ .a = out, .argc = argc, .argv = argv };
  bool ended = false;
  for (r.i = 1; r.i < argc; r.i++) {
    const char *word = argv[r.i];
    int rc;
    if (ended || word[0] != '-' || !word[1])
      rc = read_word(&r, word, err);
    else if (!strcmp(word, "--")) {
      ended = true;
      rc = SL_OK;
    } else
      rc = word[1] == '-' ? read_long(&r, word, err) : read_short(&r, word, err);
    if (rc)
      return rc;
  }
  return check_all(&r, err);
}

bool sl_args_has(const struct sl_args *a, enum sl_opt_id o) { return a->val[o] != NULL; }

const char *sl_args_text(const struct sl_args *a, enum sl_opt_id o, const char *dflt) { return a->val[o] ? a->val[o] : dflt; }

uint64_t sl_args_count(const struct sl_args *a, enum sl_opt_id o, uint64_t dflt)
{
  uint64_t n;
  return a->val[o] && sl_str_u64(sl_str(a->val[o]), &n) ? n : dflt;
}
