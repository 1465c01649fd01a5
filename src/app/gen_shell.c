/* app/gen_shell.c: completions for bash, zsh and fish, from the option table. Commands, options and words stand in the scripts; workspaces,
 * connections, resources and ids are asked for live: `sluice --complete KIND` (complete.c). */
#include "app/gen.h"
#include "app/opt.h"

static void opt_names(struct sl_buf *b, const struct sl_opt *o)
{
  if (o->letter)
    sl_buf_printf(b, " -%c", o->letter);
  if (strlen(o->name) > 1) {
    sl_buf_ch(b, ' ');
    sl_opt_put(b, o);
  }
}

/* In single quotes, for all three shells. */
static void quoted(struct sl_buf *b, const char *z)
{
  sl_buf_ch(b, '\'');
  for (; *z; z++)
    if (*z == '\'')
      sl_buf_z(b, "'\\''");
    else
      sl_buf_ch(b, *z);
  sl_buf_ch(b, '\'');
}

/* The arms of a `case` over the option before the cursor: what its value is. */
static void value_arms(struct sl_buf *b)
{
  for (size_t i = 0; i < SL_O_N; i++) {
    const struct sl_opt *o = &sl_opts[i];
    if (!o->arg)
      continue;
    struct sl_buf names;
    sl_buf_init(&names, 128);
    opt_names(&names, o);
    sl_buf_z(b, "    ");
    struct sl_str rest = sl_str_trim(sl_buf_view(&names)), w;
    for (bool more = false; rest.p && sl_str_cut(&rest, ' ', &w); more = true)
      sl_buf_printf(b, "%s%.*s", more ? "|" : "", SL_ARG(w));
    sl_buf_z(b, ") kind=");
    quoted(b, o->what ? o->what : "none");
    sl_buf_z(b, " ;;\n");
    sl_buf_free(&names);
  }
}

/* Sets `options` and `args` (the kinds of the arguments) for each command. */
static void command_arms(struct sl_buf *b)
{
  for (size_t i = 0; i < sl_ncmds; i++) {
    const struct sl_cmd *c = &sl_cmds[i];
    sl_buf_printf(b, "    %s) args=", c->name);
    quoted(b, c->what);
    sl_buf_z(b, " options=\"$options");
    for (size_t k = 0; k < SL_O_N; k++)
      if (!sl_opts[k].global && sl_cmd_takes(c, &sl_opts[k]))
        opt_names(b, &sl_opts[k]);
    sl_buf_z(b, "\" ;;\n");
  }
}

static void all_commands(struct sl_buf *b)
{
  for (size_t i = 0; i < sl_ncmds; i++)
    sl_buf_printf(b, "%s%s", i ? " " : "", sl_cmds[i].name);
}

static void global_options(struct sl_buf *b)
{
  for (size_t k = 0; k < SL_O_N; k++)
    if (sl_opts[k].global)
      opt_names(b, &sl_opts[k]);
}

static void value_options(struct sl_buf *b)
{
  for (size_t k = 0; k < SL_O_N; k++)
    if (sl_opts[k].arg)
      opt_names(b, &sl_opts[k]);
}

/* What both bash and zsh need to know, in the words that they share: from the words before the cursor ($line) to the command, its options,
 * the number of its arguments so far, and the kind of a value that an option waits for. */
static void shared_body(struct sl_buf *b)
{
  sl_buf_z(b, "  local options='");
  global_options(b);
  sl_buf_z(b, "' args='' cmd='' kind='' before='' word i n=0 ws=''\n"
              "  for word in \"${line[@]}\"; do\n    if [[ -n $before ]]; then\n"
              "      [[ $before == -w || $before == --workspace ]] && ws=$word\n      before=''\n      continue\n    fi\n"
              "    case \" $value_options \" in\n      *\" $word \"*) before=$word; continue ;;\n    esac\n"
              "    [[ $word == --workspace=* ]] && ws=${word#*=}\n    [[ $word == -* ]] && continue\n"
              "    if [[ -z $cmd ]]; then cmd=$word; else n=$((n + 1)); last=$word; [[ $n == 1 ]] && first=$word; fi\n  done\n"
              "  case $before in\n");
  value_arms(b);
  sl_buf_z(b, "  esac\n  case $cmd in\n");
  command_arms(b);
  sl_buf_z(b, "  esac\n");
}

static const char head_comment[] = "made by sluice --generate; do not edit";

void sl_gen_bash(struct sl_buf *b)
{
  sl_buf_printf(b, "# sluice.bash: %s\n_sluice()\n{\n  local cur=${COMP_WORDS[COMP_CWORD]} first='' last='' value_options='", head_comment);
  value_options(b);
  sl_buf_z(b, "'\n  local line=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n");
  shared_body(b);
  sl_buf_z(b, "  COMPREPLY=()\n"
    "  if [[ -z $kind && $cur == -* ]]; then\n    COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n    return\n  fi\n"
    "  if [[ -z $kind && -z $cmd ]]; then\n    COMPREPLY=($(compgen -W '");
  all_commands(b);
  sl_buf_z(b, "' -- \"$cur\"))\n    return\n  fi\n"
    "  if [[ -z $kind ]]; then\n    local kinds=($args)\n    i=$n\n    (( i >= ${#kinds[@]} )) && i=$((${#kinds[@]} - 1))\n"
    "    (( i < 0 )) && return\n    kind=${kinds[i]}\n  fi\n"
    "  case $kind in\n    none) ;;\n    file) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
    "    =*) COMPREPLY=($(compgen -W \"$(tr , ' ' <<<\"${kind#=}\")\" -- \"$cur\")) ;;\n"
    "    *) local IFS=$'\\n'\n"
    "       COMPREPLY=($(compgen -W \"$(command sluice ${ws:+-w \"$ws\"} --complete \"$kind\" \"$first\" 2>/dev/null)\" -- \"$cur\"))\n"
    "       if [[ $kind == uri ]]; then compopt -o filenames; COMPREPLY+=($(compgen -f -- \"$cur\")); fi\n"
    "       __ltrim_colon_completions \"$cur\" 2>/dev/null ;;\n  esac\n}\ncomplete -F _sluice sluice\n");
}

void sl_gen_zsh(struct sl_buf *b)
{
  sl_buf_printf(b, "#compdef sluice\n# _sluice: %s\n_sluice()\n{\n"
                   "  local cur=${words[CURRENT]} first='' last='' value_options='", head_comment);
  value_options(b);
  sl_buf_z(b, "'\n  local -a line\n  line=(\"${(@)words[2,CURRENT-1]}\")\n");
  shared_body(b);
  sl_buf_z(b, "  if [[ -z $kind && $cur == -* ]]; then\n    compadd -- ${=options}\n    return\n  fi\n"
    "  if [[ -z $kind && -z $cmd ]]; then\n    local -a commands\n    commands=(\n");
  for (size_t i = 0; i < sl_ncmds; i++) {
    struct sl_buf line;
    sl_buf_init(&line, 512);
    sl_buf_printf(&line, "%s:%s", sl_cmds[i].name, sl_cmds[i].help);
    sl_buf_z(b, "      ");
    quoted(b, sl_buf_zstr(&line));
    sl_buf_ch(b, '\n');
    sl_buf_free(&line);
  }
  sl_buf_z(b, "    )\n    _describe command commands\n    return\n  fi\n"
    "  if [[ -z $kind ]]; then\n    local -a kinds\n    kinds=(${=args})\n    i=$((n + 1))\n    (( i > $#kinds )) && i=$#kinds\n"
    "    (( i < 1 )) && return\n    kind=$kinds[i]\n  fi\n"
    "  case $kind in\n    none) ;;\n    file) _files ;;\n    =*) compadd -- ${=${${kind#=}//,/ }} ;;\n"
    "    *) local -a got\n       got=(\"${(@f)$(command sluice ${ws:+-w} ${ws:+\"$ws\"} --complete \"$kind\" \"$first\" 2>/dev/null)}\")\n"
    "       [[ -n $got ]] && compadd -- $got\n       [[ $kind == uri ]] && _files ;;\n  esac\n}\n_sluice \"$@\"\n");
}

static void fish_option(struct sl_buf *b, const struct sl_opt *o, const char *cmd)
{
  sl_buf_z(b, "complete -c sluice");
  if (cmd)
    sl_buf_printf(b, " -n '__fish_seen_subcommand_from %s'", cmd);
  if (o->letter)
    sl_buf_printf(b, " -s %c", o->letter);
  if (strlen(o->name) > 1) {
    struct sl_buf name;
    sl_buf_init(&name, 64);
    sl_opt_put(&name, o);
    sl_buf_printf(b, " -l %s", sl_buf_zstr(&name) + 2);
    sl_buf_free(&name);
  }
  if (o->arg && o->what && o->what[0] == '=') {
    sl_buf_z(b, " -x -a ");
    quoted(b, o->what + 1);
  } else if (o->arg && o->what && !strcmp(o->what, "file"))
    sl_buf_z(b, " -r");
  else if (o->arg && o->what)
    sl_buf_printf(b, " -x -a '(sluice --complete %s 2>/dev/null)'", o->what);
  else if (o->arg)
    sl_buf_z(b, " -x");
  sl_buf_z(b, " -d ");
  quoted(b, o->help);
  sl_buf_ch(b, '\n');
}

static void fish_arguments(struct sl_buf *b, const struct sl_cmd *c)
{
  struct sl_str rest = sl_str(c->what), w;
  while (rest.n && sl_str_cut(&rest, ' ', &w)) {
    if (!w.n || sl_str_eqz(w, "none"))
      continue;
    sl_buf_printf(b, "complete -c sluice -n '__fish_seen_subcommand_from %s'", c->name);
    if (w.p[0] == '=') {
      sl_buf_z(b, " -a '");
      for (size_t i = 1; i < w.n; i++)
        sl_buf_ch(b, w.p[i] == ',' ? ' ' : w.p[i]);
      sl_buf_z(b, "'\n");
    } else if (sl_str_eqz(w, "file"))
      sl_buf_z(b, " -F\n");
    else
      sl_buf_printf(b, "%s -a '(sluice --complete %.*s (commandline -opc)[3] 2>/dev/null)'\n", sl_str_eqz(w, "uri") ? " -F" : "",
                    SL_ARG(w));
  }
}

void sl_gen_fish(struct sl_buf *b)
{
  sl_buf_printf(b, "# sluice.fish: %s\ncomplete -c sluice -f\n", head_comment);
  for (size_t i = 0; i < SL_O_N; i++)
    if (sl_opts[i].global)
      fish_option(b, &sl_opts[i], NULL);
  for (size_t i = 0; i < sl_ncmds; i++) {
    sl_buf_printf(b, "complete -c sluice -n __fish_use_subcommand -a %s -d ", sl_cmds[i].name);
    quoted(b, sl_cmds[i].help);
    sl_buf_ch(b, '\n');
    fish_arguments(b, &sl_cmds[i]);
    for (size_t k = 0; k < SL_O_N; k++)
      if (!sl_opts[k].global && sl_cmd_takes(&sl_cmds[i], &sl_opts[k]))
        fish_option(b, &sl_opts[k], sl_cmds[i].name);
  }
}
